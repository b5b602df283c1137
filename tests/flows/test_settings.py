"""`/link settings`: what is set, who set it, its change by the form and typed, and what the change does."""

import asyncio
from typing import Any

import pytest

from bot.domain.ledger import Act, Entry
from bot.domain.settings import PUSH_ON_LINK
from bot.domain.values import Actor, ActorKind, ShopId
from bot.rehearsal.seed import SHOP, SHOP_NAME
from bot.rehearsal.slack_client import Person, text_of
from bot.sync import settings
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import CHANNEL, TEAM, World


@pytest.fixture
async def floor(world: World) -> Floor:
    """Three SKUs on each side, linked by hand only."""
    return await open_shop(world, linked=False)


def push_on_link(world: World) -> bool:
    return world.read(lambda u: u.settings.get(TEAM, PUSH_ON_LINK, True))


def changes(world: World) -> list[tuple[str, str, str]]:
    entries: list[Entry] = world.acts(Act.SETTING_SET)
    return [(entry.actor.id, entry.facts["before"], entry.facts["after"]) for entry in entries]


async def typed(world: World, who: Person, text: str) -> str:
    before = len(world.slack.ephemerals(who.id, CHANNEL))
    await world.command(who, text)
    return "\n".join(text_of(one) for one in world.slack.ephemerals(who.id, CHANNEL)[before:])


async def open_form(world: World, who: Person, near: str = "Push on link") -> dict[str, Any]:
    await world.command(who, "/link settings")
    await who.click(world.private(who), "Change", near=near)
    await world.slack_idle()
    return world.view(who)


async def save(world: World, who: Person) -> str:
    await who.submit(world.view(who))
    await world.slack_idle()
    return text_of(world.view(who))


@pytest.mark.req("U21", "A4")
async def test_settings_show_values_and_who_set_them(world: World, floor: Floor) -> None:
    told = await typed(world, world.ben, "/link settings")
    for part in (
        "*Push on link* (`push_on_link`): *on*.",
        f"TikTok shop *{SHOP_NAME}*",
        "Link by hand. Set by <@U1>",
        "Running. Nobody changed this.",
    ):
        assert part in told
    await world.command(world.ben, "/link settings push_on_link off")
    await world.command(world.ben, "/link pause")
    told = await typed(world, world.ana, f"/link settings {SHOP_NAME}")
    assert "(`push_on_link`): *off*." in told
    assert "Paused. Set by <@U2>" in told
    assert "Which shop?" in await typed(world, world.ana, "/link settings early_mirror")


@pytest.mark.req("A4", "N4")
async def test_a4_push_on_link_by_the_form_is_obeyed(world: World, floor: Floor) -> None:
    view = await open_form(world, world.ana)
    await world.ana.click(view, "setting_push", "Off")
    assert "Push on link is *off*." in await save(world, world.ana)
    assert "(`push_on_link`): *off*." in text_of(world.private(world.ana)), "the message below shows it at once"
    assert changes(world) == [("U1", "true", "false")]
    for sku in ("TEE-S", "TEE-M"):
        world.shopify.set_available(floor.variants[sku].id, 7)
    await world.settle()
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert (len(world.links()), floor.offered("TEE-S")) == (1, 20), "nothing is sent by the link"
    world.shopify.set_available(floor.variants["TEE-S"].id, 6)
    await world.settle()
    assert floor.offered("TEE-S") == 6, "the next edit is"
    await world.command(world.ana, "/link settings push_on_link on")
    await world.link("TEE-M", floor.variants["TEE-M"].id)
    assert floor.offered("TEE-M") == 7


@pytest.mark.req("A4", "N4")
async def test_typed_and_the_same_again_writes_nothing(world: World, floor: Floor) -> None:
    assert "Nothing was changed." in await typed(world, world.ana, "/link settings push_on_link on")
    assert "Push on link is *off*." in await typed(world, world.ana, "/link settings PUSH_ON_LINK off")
    assert "Nothing was changed." in await typed(world, world.ben, "/link settings push_on_link off")
    assert "Push on link is *on*." in await typed(world, world.ben, "/link settings push_on_link on")
    assert changes(world) == [("U1", "true", "false"), ("U2", "false", "true")]


@pytest.mark.parametrize("text", ["", "maybe", "on off"])
async def test_bad_input_says_what_to_type(world: World, floor: Floor, text: str) -> None:
    told = await typed(world, world.ana, f"/link settings push_on_link {text}")
    assert "Type `/link settings push_on_link on`" in told
    assert changes(world) == []


@pytest.mark.req("A4")
async def test_a_shop_s_form_changes_its_answer_and_pauses_it(world: World, floor: Floor) -> None:
    view = await open_form(world, world.ana, SHOP_NAME)
    assert "3 of 3 SKUs would be linked" in text_of(view)
    await world.ana.click(view, "setting_mode", "Link automatically")
    await world.ana.click(view, "setting_paused", "Paused")
    told = await save(world, world.ana)
    assert "Link automatically. Set by <@U1>" in told
    assert "Paused. Set by <@U1>" in told
    await world.settle()
    assert len(world.links()) == 3
    assert [entry.act for entry in world.acts(Act.MODE_SET, Act.PAUSED)] == [Act.MODE_SET, Act.MODE_SET, Act.PAUSED]
    view = await open_form(world, world.ana, SHOP_NAME)
    await world.ana.click(view, "setting_paused", "Running")
    assert "Running. Set by <@U1>" in await save(world, world.ana)
    assert world.acts(Act.RESUMED)[0].shop_id == SHOP


async def test_a_form_writes_only_what_was_changed_in_it(world: World, floor: Floor) -> None:
    view = await open_form(world, world.ben, SHOP_NAME)
    await world.command(world.ana, "/link pause")
    await world.ben.click(view, "setting_mode", "Link automatically")
    assert "Paused. Set by <@U1>" in await save(world, world.ben), "Ana's pause stays"
    assert world.acts(Act.RESUMED) == []
    view = await open_form(world, world.ben)
    assert "Nothing was changed." in await save(world, world.ben)


async def test_a_shop_that_is_gone_is_said(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link settings")
    shown = world.private(world.ana)
    await world.bot.db.run(lambda u: u.shops.change(ShopId(SHOP), workspace_id="T9999"))
    await world.ana.click(shown, "Change", near=SHOP_NAME)
    await world.slack_idle()
    assert "not connected here any more" in text_of(world.view(world.ana))


@pytest.mark.req("U21", "N20")
async def test_n20_who_may_not_link_changes_no_setting(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link rights users @ana")
    entries = len(world.acts())
    assert "Only <@U1> may link" in await typed(world, world.ben, "/link settings push_on_link off")
    await world.command(world.ben, "/link settings")
    await world.ben.click(world.private(world.ben), "Change", near="Push on link")
    await world.slack_idle()
    assert world.slack.views_open("U2") == []
    assert "Only <@U1> may link" in text_of(world.private(world.ben))
    assert [entry.reason for entry in world.acts()[entries:]] == ["no_right_not_named"] * 2
    assert push_on_link(world)


@pytest.mark.req("N4")
async def test_two_people_at_once_the_last_wins_and_both_stand(world: World, floor: Floor) -> None:
    both = [Actor(ActorKind.PERSON, user) for user in ("U1", "U2")]
    values = ({"kind": "users", "ids": ["U1"]}, {"kind": "users", "ids": ["U2"]})
    db = world.bot.db
    await asyncio.gather(*(settings.change(db, TEAM, "rights", v, a) for v, a in zip(values, both, strict=True)))
    first, second = world.acts(Act.SETTING_SET)
    assert second.facts["before"] == first.facts["after"], "each saw the one before"
    assert second.facts["after"] == settings.as_text(world.read(lambda u: u.settings.get(TEAM, "rights")))
    assert {first.actor.id, second.actor.id} == {"U1", "U2"}


async def test_there_is_no_other_setting(world: World) -> None:
    with pytest.raises(KeyError):
        await settings.change(world.bot.db, TEAM, "quiet_hours", True, Actor(ActorKind.PERSON, "U1"))
