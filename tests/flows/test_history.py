"""`/link history SKU`: what people, rules and pushes did with one SKU, page by page."""

from datetime import UTC, datetime

import pytest

from bot.domain.ledger import Act, Entry
from bot.domain.values import Actor, ActorKind, ListingId, Origin
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.test_tables import labels
from tests.flows.world import TEAM, Json, World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


async def history(world: World, sku: str) -> Json:
    await world.command(world.ana, f"/link history {sku}")
    return world.private(world.ana)


@pytest.mark.req("U22")
async def test_u22_history_tells_who_did_what_from_where_newest_first(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M", world.ben)
    await world.link("TEE-M", floor.variants["TEE-L"].id, world.ana, pack=3)
    world.shopify.set_price(floor.variants["TEE-L"].id, "25.00")
    await world.settle()
    told = text_of(await history(world, "TEE-M"))
    expected = (
        "Price sent to TikTok:", "→ 75.00 USD", "Linked to `TEE-L`", "× 3", "by <@U1> in Slack",
        "Unlinked from `TEE-M`", "by <@U2> in Slack", "Linked to `TEE-M`", "by the rule `auto-link`",
    )  # fmt: skip
    places = [told.find(part) for part in expected]
    assert -1 not in places, (expected[places.index(-1)], told)
    steps = [told.index(part) for part in ("Linked to `TEE-L`", "Unlinked from `TEE-M`", "Linked to `TEE-M`")]
    assert steps == sorted(steps), "newest first"
    assert f"<!date^{int(world.clock.at.timestamp())}^" in told


@pytest.mark.req("U22", "U31")
async def test_u31_every_entry_is_reached_page_by_page_and_back(world: World, floor: Floor) -> None:
    listing = ListingId(floor.sku_ids["TEE-S"])
    clerk = Actor(ActorKind.PERSON, "U2", Origin.CLI)

    def write(u: object) -> None:
        for number in range(23):
            facts = {"field": "stock", "before": str(number), "after": f"now-{number:02}"}
            u.ledger.add(Entry(u.now, TEAM, Act.PUSHED, clerk, listing_id=listing, facts=facts))  # type: ignore[attr-defined]

    await world.bot.db.run(write)
    total = len(world.acts(listing=listing))
    shown, seen, pages = await history(world, "TEE-S"), "", 0
    while True:
        seen, pages = seen + text_of(shown), pages + 1
        if "Next" not in labels(shown):
            break
        await world.ana.click(shown, "Next")
        await world.slack_idle()
        shown = world.ana.sees(shown)
    assert pages == -(-total // 10)
    assert all(f"now-{number:02}" in seen for number in range(23))
    assert "on the command line" in seen
    assert f"of {total}" in text_of(shown)
    await world.ana.click(shown, "Previous")
    await world.slack_idle()
    assert "Next" in labels(world.ana.sees(shown))


@pytest.mark.req("U22")
async def test_u22_several_hits_are_a_short_list_and_none_is_said(world: World, floor: Floor) -> None:
    hits = await history(world, "tee")
    assert labels(hits) == ["History"] * 3
    await world.ana.click(hits, "History")
    await world.slack_idle()
    assert "Linked to" in text_of(world.private(world.ana))
    assert "No TikTok SKU found for `nothing-here`" in text_of(await history(world, "nothing-here"))
    assert "No TikTok SKU found" in text_of(await history(world, ""))


@pytest.mark.req("U22")
async def test_a_sku_of_another_workspace_has_no_history_here(world: World, floor: Floor) -> None:
    hits = await history(world, "tee")
    await world.bot.db.run(lambda u: u.shops.change(u.shops.all()[0].id, workspace_id="T9999"))
    await world.ana.click(hits, "History")
    await world.slack_idle()
    assert "No TikTok SKU found" in text_of(world.private(world.ana))


@pytest.mark.req("U22")
async def test_u22_a_refusal_and_its_message_stand_in_the_history(world: World, floor: Floor) -> None:
    listing, link = ListingId(floor.sku_ids["TEE-S"]), "https://rehearsal.slack.com/archives/C1/p1"
    ana = Actor(ActorKind.PERSON, "U1")
    at = datetime(2026, 11, 25, 9, tzinfo=UTC)
    facts = {"permalink": link}
    await world.bot.db.run(
        lambda u: u.ledger.add(
            Entry(at, TEAM, Act.REFUSED, ana, listing_id=listing, reason="already_linked", facts=facts)
        )
    )
    told = text_of(await history(world, "TEE-S"))
    assert "Refused: This TikTok SKU is linked already." in told
    assert f"<{link}|the message>" in told
