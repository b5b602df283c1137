"""Undo: `/link undo` and the button, for links, unlinks, modes and settings; the state after equals the one before."""

import json
import random
from hashlib import sha256
from typing import Any

import pytest

from bot.domain.ledger import Act
from bot.domain.links import LinkState
from bot.domain.values import Actor, ActorKind, ListingId
from bot.rehearsal.seed import SHOP
from bot.rehearsal.slack_client import Person, text_of
from bot.sync import undoing
from tests.flows.shopfloor import SKUS, Floor, build, open_shop
from tests.flows.world import CHANNEL, TEAM, World

WINDOW = 600


@pytest.fixture
async def floor(world: World) -> Floor:
    """Three SKUs on each side, linked by hand only."""
    return await open_shop(world, linked=False)


def state(world: World) -> str:
    """Links, open items, settings and modes: what an undo has to bring back."""

    def look(u: Any) -> dict[str, Any]:
        links = u.links.of_workspace(TEAM, None, 1000)
        items = [(i.kind, x.subject, x.cause, dict(x.facts)) for i in u.incidents.open(TEAM) for x in i.open_items]
        return {
            "links": [[x.listing_id, x.variant_id, x.pack, x.state, x.origin, x.actor.id] for x in links],
            "items": sorted(map(json.dumps, items)),
            "settings": [
                u.settings.get(TEAM, "push_on_link", True),
                u.settings.get(TEAM, "rights", {"kind": "everyone"}),
            ],
            "modes": [shop.mode for shop in u.shops.for_workspace(TEAM)],
        }

    return json.dumps(world.read(look), sort_keys=True)


def digest(world: World) -> str:
    return sha256(state(world).encode()).hexdigest()


async def typed(world: World, who: Person, text: str = "/link undo") -> str:
    before = len(world.slack.ephemerals(who.id, CHANNEL))
    await world.command(who, text)
    await world.settle()
    return "\n".join(text_of(one) for one in world.slack.ephemerals(who.id, CHANNEL)[before:])


async def press(world: World, who: Person, shown: Any) -> None:
    await who.click(shown, "Undo")
    await world.slack_idle()
    await world.settle()


def row(world: World, floor: Floor, sku: str = "TEE-S") -> Any:
    return world.read(lambda u: u.links.get(ListingId(floor.sku_ids[sku])))


def reprice(world: World, floor: Floor, sku: str, price: str, stock: int) -> None:
    variant = floor.variants[sku].id
    world.shopify.set_price(variant, price)
    world.shopify.set_available(variant, stock)


@pytest.mark.req("N4", "U18")
async def test_link_then_undo_by_the_modal_s_button(world: World, floor: Floor) -> None:
    reprice(world, floor, "TEE-S", "25.00", 7)
    await world.settle()
    before = state(world)
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("25.00", 7)
    await press(world, world.ana, world.view(world.ana))
    assert "Undone: the link of" in text_of(world.view(world.ana))
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("19.99", 20)
    assert state(world) == before
    assert row(world, floor) is None
    [undone] = world.acts(Act.UNDONE)
    assert (undone.actor.id, undone.facts["act"]) == ("U1", "link")
    writes = len(world.acts(Act.PUSHED))
    await world.bot.db.run(lambda u: u.jobs.add("push_back", floor.sku_ids["TEE-S"], owner=SHOP))
    await world.settle()
    assert len(world.acts(Act.PUSHED)) == writes, "a repeat writes nothing"
    assert "Undone: the link to" in await typed(world, world.ana, "/link history TEE-S")


@pytest.mark.req("N4", "U18")
async def test_what_tiktok_sold_meanwhile_is_not_offered_again(world: World, floor: Floor) -> None:
    reprice(world, floor, "TEE-S", "19.99", 7)
    await world.settle()
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert floor.offered("TEE-S") == 7
    floor.buy(("TEE-S", 1))
    assert floor.offered("TEE-S") == 6
    await typed(world, world.ana)
    assert floor.offered("TEE-S") == 19


@pytest.mark.req("N4", "U18")
async def test_an_undo_before_the_push_ran_sends_nothing(world: World, floor: Floor) -> None:
    reprice(world, floor, "TEE-S", "25.00", 7)
    await world.settle()
    await world.command(world.ana, '/link "TEE-S"')
    await world.choose(world.ana, world.view(world.ana), floor.variants["TEE-S"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await typed(world, world.ana)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("19.99", 20)
    assert world.acts(Act.PUSHED) == []


@pytest.mark.req("N4", "U18", "S39")
async def test_unlink_then_undo_releases_what_waited(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id, pack=2)
    await world.unlink("TEE-S")
    order = floor.buy(("TEE-S", 1))
    await world.settle()
    assert world.standing(order) == ("held", "unlinked_sku")
    assert "orders that waited for it go on" in await typed(world, world.ana)
    assert world.standing(order)[0] == "mirrored"


@pytest.mark.req("N4", "U18", "S39")
async def test_unlink_then_undo_by_the_message_s_button(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id, pack=2)
    before = state(world)
    await world.unlink("TEE-S")
    assert state(world) != before
    await press(world, world.ana, world.private(world.ana))
    assert "is linked again, as it was" in text_of(world.private(world.ana))
    assert state(world) == before
    assert (row(world, floor).pack, row(world, floor).actor.id) == (2, "U1")
    world.shopify.set_available(floor.variants["TEE-S"].id, 8)
    await world.settle()
    assert floor.offered("TEE-S") == 4, "the link is at work again"


@pytest.mark.req("N4", "U18", "S39")
async def test_relink_then_undo_gives_the_tombstone_back(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.unlink("TEE-S")
    before = state(world)
    await world.link("TEE-S", floor.variants["TEE-M"].id, pack=3)
    assert "It is unlinked again." in await typed(world, world.ana)
    assert state(world) == before
    await typed(world, world.ana, "/link mode auto")
    await world.ana.click(world.private(world.ana), "Link automatically")
    await world.settle()
    assert row(world, floor).state is LinkState.TOMBSTONE, "the rule keeps away from it"


@pytest.mark.req("N4", "U18")
async def test_each_undo_takes_one_act_back(world: World, floor: Floor) -> None:
    before = state(world)
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.unlink("TEE-S")
    assert "is linked again" in await typed(world, world.ana)
    assert "It is not linked again." in await typed(world, world.ana)
    assert "There is nothing to undo." not in await typed(world, world.ana), "the answer to the prompt was hers too"
    assert world.read(lambda u: u.shops.get(SHOP)).mode is None
    assert "There is nothing to undo." in await typed(world, world.ana)
    assert before != state(world)


@pytest.mark.req("N4", "U18")
@pytest.mark.parametrize("first", [False, True])
async def test_mode_auto_then_undo(world: World, first: bool) -> None:
    """The rule's links go with the mode, without tombstones; one that a person made stays."""
    build(world)
    await world.connect()
    floor = Floor(world)
    reprice(world, floor, "TEE-M", "19.99", 5)
    await world.settle()
    if not first:
        await world.answer("Link by hand")
        await world.link("TEE-S", floor.variants["TEE-S"].id)
        await world.wait(WINDOW + 1)
    before = state(world)
    await world.command(world.ana, "/link mode auto")
    await world.ana.click(world.private(world.ana), "Link automatically")
    await world.settle()
    assert (len(world.links()), floor.offered("TEE-M")) == (3, 5)
    await press(world, world.ana, world.private(world.ana))
    assert "taken back" in text_of(world.private(world.ana))
    assert list(world.links()) == ([] if first else [floor.sku_ids["TEE-S"]])
    assert floor.offered("TEE-M") == 20
    assert state(world) == before


@pytest.mark.req("N4", "U18")
async def test_setting_and_rights_then_undo(world: World, floor: Floor) -> None:
    before = state(world)
    await typed(world, world.ana, "/link settings push_on_link off")
    await press(world, world.ana, world.private(world.ana))
    assert "push on link is *on* again" in text_of(world.private(world.ana))
    assert state(world) == before
    assert "Nobody changed this." in await typed(world, world.ana, "/link settings")
    await typed(world, world.ana, "/link rights users @ben")
    assert state(world) != before
    await press(world, world.ana, world.private(world.ana))
    assert "who may link is as it was" in text_of(world.private(world.ana))
    assert state(world) == before


@pytest.mark.req("N4", "U18")
async def test_the_window_is_over(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    shown, before = world.view(world.ana), state(world)
    await world.wait(WINDOW + 1)
    await press(world, world.ana, shown)
    assert "more than 10 minutes ago" in text_of(world.view(world.ana))
    assert "more than 10 minutes ago" in await typed(world, world.ana)
    assert state(world) == before


@pytest.mark.req("N4", "U18")
async def test_somebody_else_changed_it_since(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.unlink("TEE-S", world.ben)
    before = state(world)
    assert "changed again since" in await typed(world, world.ana)
    assert state(world) == before
    entry = world.acts(Act.LINK)[-1]
    ben = Actor(ActorKind.PERSON, "U2")
    done = await undoing.undo(world.bot.db, TEAM, ben, entry.id)
    assert isinstance(done, undoing.Refused)
    assert done.reason == "not_yours"


@pytest.mark.req("N4", "U18")
async def test_a_double_click_undoes_once(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.unlink("TEE-S")
    shown = world.private(world.ana)
    await world.ana.click(shown, "Undo")
    await world.ana.click(shown, "Undo")
    await world.slack_idle()
    await world.settle()
    assert len(world.acts(Act.UNDONE)) == 1
    assert row(world, floor).is_active
    told = world.told(world.ana)  # whichever of the two answers came last
    assert "was undone already" in told or "Undone" in told


@pytest.mark.req("N4", "U18", "N20")
async def test_a_guest_is_refused(world: World, floor: Floor) -> None:
    assert "Guests can look" in await typed(world, world.person("U4"))
    assert [entry.reason for entry in world.acts(Act.REFUSED)] == ["no_right_guest"]


@pytest.mark.req("N4", "U18")
@pytest.mark.parametrize("run", range(2))
async def test_state_after_undo_is_the_state_before(world: World, floor: Floor, run: int) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    dice = random.Random(seed)
    for _ in range(8):
        sku = dice.choice(SKUS)
        found = row(world, floor, sku)
        before = digest(world)
        kind = dice.choice(["link", "mode", "setting"])
        if kind == "mode":
            mode = "auto" if world.read(lambda u: u.shops.get(SHOP)).mode == "manual" else "manual"
            await typed(world, world.ana, f"/link mode {mode}")
            await world.ana.click(
                world.private(world.ana), {"auto": "Link automatically", "manual": "Link by hand"}[mode]
            )
            await world.settle()
        elif kind == "setting":
            on = world.read(lambda u: u.settings.get(TEAM, "push_on_link", True))
            await typed(world, world.ana, f"/link settings push_on_link {'off' if on else 'on'}")
        elif found is not None and found.is_active:
            await world.unlink(sku)
        else:
            await world.link(sku, floor.variants[dice.choice(SKUS)].id, pack=dice.randint(1, 3))
        assert digest(world) != before
        if dice.random() < 0.6:
            await typed(world, world.ana)
            assert digest(world) == before, (seed, kind, sku)
