"""Suggestions in Slack: accepted with one click, ignored for a while, refused and remembered, accepted all at once."""

import json
from typing import Any

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.seed import SHOP, STORE
from bot.rehearsal.slack_client import NotThere, text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import World

Json = dict[str, Any]


@pytest.fixture
async def floor(world: World) -> Floor:
    """TEE-S, TEE-M and TEE-L stand on both sides, nothing is linked: three sure suggestions."""
    made = await open_shop(world, linked=False)
    await world.wait(70)
    return made


def alert(world: World) -> Json:
    return world.message("not linked")


def labels(message: Json) -> list[str]:
    return [e["text"]["text"] for b in message["blocks"] for e in b.get("elements", []) if e.get("type") == "button"]


async def press(world: World, where: Json, label: str, **how: Any) -> None:
    await world.ana.click(where, label, **how)
    await world.slack_idle()


async def ignore(world: World, sku: str, how: str) -> None:
    await press(world, alert(world), "Ignore", near=sku)
    await world.ana.select(world.view(world.ana), "ignore_for", how)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    if how == "For good":
        assert world.acts(Act.IGNORED) == [], "it asks once more"
        await world.ana.submit(world.view(world.ana))
        await world.slack_idle()
    await world.settle()
    await world.wait(5)


@pytest.mark.req("N1", "U5", "B1")
async def test_n1_accept_is_one_click_and_one_link(world: World, floor: Floor) -> None:
    said = text_of(alert(world))
    assert "→ `TEE-S` Tee · TEE-S · same SKU · high confidence" in said
    assert {"Accept", "Other…", "Ignore"} <= set(labels(alert(world)))
    await press(world, alert(world), "Accept", near="`TEE-S`")
    assert world.links() == {floor.sku_ids["TEE-S"]: floor.variants["TEE-S"].id}
    (entry,) = world.acts(Act.LINK)
    assert (entry.actor.id, entry.facts["origin"], entry.facts["pack"]) == ("U1", "hand", "1")
    await world.settle()
    await world.wait(5)
    assert "linked by <@U1>" in text_of(alert(world))


@pytest.mark.req("N1")
async def test_n1_a_double_click_is_one_link(world: World, floor: Floor) -> None:
    seen = alert(world)
    await world.ana.click(seen, "Accept", near="`TEE-S`", stale=True)
    await world.ana.click(seen, "Accept", near="`TEE-S`", stale=True)
    await world.slack_idle()
    assert len(world.links()) == 1
    assert len(world.acts(Act.LINK)) == 1


@pytest.mark.req("N1", "B1")
async def test_n1_a_lost_race_says_who_was_faster(world: World, floor: Floor) -> None:
    seen = alert(world)
    await world.link("TEE-S", floor.variants["TEE-M"].id, who=world.ben)
    await press(world, seen, "Accept", near="`TEE-S`", stale=True)
    assert "already linked by <@U2>" in text_of(world.private(world.ana))
    assert world.links()[floor.sku_ids["TEE-S"]] == floor.variants["TEE-M"].id


@pytest.mark.req("N1")
async def test_n1_a_variant_that_vanished_is_said(world: World, floor: Floor) -> None:
    seen = alert(world)
    world.shopify.delete_variant(floor.variants["TEE-S"].id)
    await world.settle()
    await press(world, seen, "Accept", near="`TEE-S`", stale=True)
    assert world.links() == {}
    assert text_of(world.private(world.ana)).strip()


@pytest.mark.req("A2", "N1")
async def test_a2_an_ambiguous_sku_has_no_accept(world: World, floor: Floor) -> None:
    seen = alert(world)
    world.shopify.add_product(STORE, "Other tee", [{"sku": "TEE-S", "price": "9.00", "stock": 1}])
    await world.settle()
    await world.wait(70)
    await world.command(world.ana, "/link products unlinked")
    with pytest.raises(NotThere):
        await world.ana.click(world.private(world.ana), "Accept", near="`TEE-S`")
    await press(world, seen, "Accept", near="`TEE-S`", stale=True)
    assert "Several products share this SKU" in text_of(world.private(world.ana))
    assert world.links() == {}


@pytest.mark.req("N1", "S17")
async def test_n1_accept_in_the_table_draws_it_again(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link products unlinked")
    shown = world.private(world.ana)
    assert [b["accessory"]["text"]["text"] for b in shown["blocks"] if "accessory" in b] == ["Link"] * 3
    await press(world, shown, "Accept", near="`TEE-S`")
    assert list(world.links()) == [floor.sku_ids["TEE-S"]]
    assert "TEE-S" not in text_of(world.private(world.ana))


@pytest.mark.req("N1", "S16")
async def test_n1_accept_and_ignore_in_the_table_modal(world: World, floor: Floor) -> None:
    home = await world.ana.open_home()
    await world.slack_idle()
    home = world.ana.sees(home or {"type": "home"})
    await press(world, home, "Link products")
    table = world.view(world.ana)
    await press(world, table, "Accept", near="`TEE-S`")
    assert list(world.links()) == [floor.sku_ids["TEE-S"]]
    await press(world, world.view(world.ana), "Ignore", near="`TEE-M`")
    await world.ana.select(world.view(world.ana), "ignore_for", "7 days")
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    assert "Ignored until" in text_of(world.slack.views_open("U1")[0])


@pytest.mark.req("U17", "N1", "B1")
async def test_u17_ignored_for_a_day_it_leaves_and_comes_back(world: World, floor: Floor) -> None:
    await ignore(world, "`TEE-S`", "1 day")
    assert "ignored until" in text_of(alert(world))
    await world.command(world.ana, "/link")
    assert "`TEE-S`" not in text_of(world.private(world.ana))
    assert "2 TikTok SKUs are not linked" in text_of(world.private(world.ana))
    await world.command(world.ana, "/link products unlinked")
    assert "by <@U1>" in text_of(world.private(world.ana))
    before = len(world.messages())
    await world.wait(3600)
    assert world.acts(Act.UNIGNORED) == []
    await world.wait(24 * 3600)
    (entry,) = world.acts(Act.UNIGNORED)
    assert entry.reason == "time_over"
    assert len(world.messages()) > before
    assert "`TEE-S`" in text_of(world.messages()[-1])


@pytest.mark.req("U17", "N1")
async def test_u17_ignored_until_it_changes(world: World, floor: Floor) -> None:
    await ignore(world, "`TEE-S`", "Until it changes")
    await world.wait(10 * 24 * 3600)
    assert world.acts(Act.UNIGNORED) == []
    world.shopify.add_product(STORE, "Other tee", [{"sku": "TEE-S", "price": "9.00", "stock": 1}])
    await world.settle()
    await world.wait(70)
    (entry,) = world.acts(Act.UNIGNORED)
    assert entry.reason == "changed"


@pytest.mark.req("U17", "N1")
async def test_u17_for_good_asks_again_and_stop_ignoring_ends_it(world: World, floor: Floor) -> None:
    await ignore(world, "`TEE-S`", "For good")
    await world.wait(400 * 24 * 3600)
    assert world.acts(Act.UNIGNORED) == []
    (no,) = world.acts(Act.SUGGESTION_REFUSED)
    assert no.facts == {"sku": "TEE-S", "variant_sku": "TEE-S"}
    await world.command(world.ana, "/link products unlinked")
    await press(world, world.private(world.ana), "Stop ignoring", near="`TEE-S`")
    (entry,) = world.acts(Act.UNIGNORED)
    assert (entry.reason, entry.actor.id) == ("person", "U1")
    with pytest.raises(NotThere):
        await world.ana.click(world.private(world.ana), "Stop ignoring")
    await world.settle()
    assert "`TEE-S`" in text_of(world.messages()[-1])


@pytest.mark.req("U17", "S38")
async def test_ignoring_never_hides_a_blocked_order(world: World, floor: Floor) -> None:
    await ignore(world, "`TEE-S`", "For good")
    order = floor.buy(("TEE-S", 1))
    await world.settle()
    assert world.standing(order) == ("held", "unlinked_sku")
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert world.standing(order) == ("mirrored", None)
    await world.unlink("TEE-S")
    await world.wait(70)
    assert world.messages("A person unlinked it"), "a link ends the ignoring"


@pytest.mark.req("N1")
async def test_n1_people_s_choices_move_the_ranking_and_it_says_so(world: World, floor: Floor) -> None:
    for name in ("ALPHA", "BRAVO"):
        world.tiktok.add_product(SHOP, f"{name} mug", [{"seller_sku": f"TT-{name}", "price": "5.00", "stock": 3}])
        world.shopify.add_product(STORE, f"{name} mug", [{"sku": name, "price": "5.00", "stock": 3}])
    await world.settle()
    await world.wait(70)
    assert "people here linked" not in text_of(world.message("TT-BRAVO"))
    await press(world, world.message("TT-ALPHA"), "Accept", near="TT-ALPHA")
    await world.command(world.ana, "/link products TT-BRAVO")
    shown = text_of(world.private(world.ana))
    assert "SKU equal without `TT-`" in shown
    assert "people here linked such SKUs before" in shown


@pytest.mark.req("N1", "U37")
async def test_u37_a_thumb_down_takes_the_suggestion_away(world: World, floor: Floor) -> None:
    seen = alert(world)
    block = next(b for b in seen["blocks"] if b["type"] == "context_actions")
    (element,) = block["elements"]
    value = element["negative_button"]["value"]
    where = {"type": "message", "channel": seen["channel"], "ts": seen["ts"]}
    await world.ana.acts.act("U1", where, block["block_id"], element["action_id"], {"value": value})
    await world.slack_idle()
    (entry,) = world.acts(Act.SUGGESTION_REFUSED)
    assert json.loads(value)["variant"] == entry.variant_id
    await world.settle()
    await world.wait(5)
    assert value not in str(alert(world)["blocks"])


@pytest.mark.req("N1")
async def test_n1_another_choice_than_the_suggestion_is_remembered(world: World, floor: Floor) -> None:
    await press(world, alert(world), "Other…", near="`TEE-S`")
    await world.choose(world.ana, world.view(world.ana), floor.variants["TEE-L"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    (entry,) = world.acts(Act.SUGGESTION_REFUSED)
    assert entry.variant_id == floor.variants["TEE-S"].id


@pytest.mark.req("N5", "U20")
async def test_n5_accept_all_links_exactly_what_was_shown(world: World, floor: Floor) -> None:
    await press(world, alert(world), "Accept all high…")
    shown = world.private(world.ana)
    assert "3 SKUs would be linked" in text_of(shown)
    assert world.links() == {}, "only shown"
    await press(world, shown, "Apply")
    assert world.links() == {floor.sku_ids[s]: floor.variants[s].id for s in ("TEE-S", "TEE-M", "TEE-L")}
    assert {entry.actor.id for entry in world.acts(Act.LINK)} == {"U1"}
    assert "3 SKUs are linked" in text_of(world.private(world.ana))


@pytest.mark.req("N5")
async def test_n5_a_stale_preview_links_nothing_and_shows_the_new_one(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link accept")
    shown = world.private(world.ana)
    await world.link("TEE-S", floor.variants["TEE-S"].id, who=world.ben)
    await press(world, shown, "Apply")
    assert len(world.links()) == 1
    told = text_of(world.private(world.ana))
    assert "nothing was linked" in told
    assert "2 SKUs would be linked" in told
    await press(world, world.private(world.ana), "Apply")
    assert len(world.links()) == 3


@pytest.mark.req("N5")
async def test_n5_cancel_links_nothing(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link accept")
    await press(world, world.private(world.ana), "Cancel")
    assert world.links() == {}


@pytest.mark.req("N1", "N5")
async def test_a_guest_is_refused(world: World, floor: Floor) -> None:
    world.slack.world.user("U2").is_restricted = True
    await world.ben.click(alert(world), "Accept", near="`TEE-S`")
    await world.slack_idle()
    await world.command(world.ben, "/link accept")
    assert world.links() == {}
    assert len(world.acts(Act.REFUSED)) == 2
