"""Who may link, by signed requests against the fake Slack: every policy, its change, its refusals, and look-ups that fail."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain import rights
from bot.domain.ledger import Act, Entry
from bot.domain.rights import RightsKind, RightsPolicy
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack_client import Person, text_of
from tests.flows.shopfloor import open_shop
from tests.flows.world import CHANNEL, TEAM, World

WHO = "Type `/link rights` to see who may link."


@pytest.fixture
async def shop(world: World) -> World:
    """Three linked SKUs. Ana (U1) is admin, Ben and Chloe are members, Gus is a guest, Sam of another workspace."""
    await open_shop(world)
    world.slack.add_usergroup("S1", "linkers", ["U2", "U4"])
    world.slack.add_usergroup("S2", "drivers", ["U3"])
    return world


def policy(world: World) -> RightsPolicy:
    return rights.from_json(world.read(lambda u: u.settings.get(TEAM, rights.SETTING)))


def changes(world: World, name: str = "rights") -> list[Entry]:
    return [entry for entry in world.acts(Act.SETTING_SET) if entry.facts["name"] == name]


def refusals(world: World) -> list[tuple[str, str | None]]:
    return [(entry.actor.id, entry.reason) for entry in world.acts(Act.REFUSED)]


def asked(world: World, method: str) -> list[dict[str, Any]]:
    return [call.body | call.query for call in world.slack.calls if call.operation == method]


async def typed(world: World, who: Person, text: str) -> str:
    """What only this person is told after a command."""
    before = len(world.slack.ephemerals(who.id, CHANNEL))
    await world.command(who, text)
    return "\n".join(text_of(one) for one in world.slack.ephemerals(who.id, CHANNEL)[before:])


async def open_form(world: World, who: Person) -> dict[str, Any]:
    await world.command(who, "/link rights")
    await who.click(world.private(who), "Change")
    await world.slack_idle()
    return world.view(who)


async def submit(world: World, who: Person) -> dict[str, str]:
    answer = await who.submit(world.view(who))
    await world.slack_idle()
    return answer.errors or {}


async def may(world: World, who: Person) -> bool:
    """A write that needs the right: pause and resume, seen in the ledger."""
    before = len(refusals(world))
    await world.command(who, "/link pause")
    refused = len(refusals(world)) - before
    if not refused:
        await world.command(who, "/link resume")
    await world.settle()
    return not refused


# --- the default -----------------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U21")
async def test_n20_by_default_everyone_of_the_workspace_may_and_everyone_sees_that(shop: World) -> None:
    told = await typed(shop, shop.ben, "/link rights")
    assert "Everyone in this workspace may link." in told
    assert "Nobody changed this yet." in told
    assert await may(shop, shop.ana)
    assert await may(shop, shop.ben)
    assert not await may(shop, shop.person("U4"))
    assert not await may(shop, shop.person("U5"))
    assert refusals(shop) == [("U4", "no_right_guest"), ("U5", "no_right_stranger")]


@pytest.mark.req("N20", "U21", "U32")
@pytest.mark.parametrize(
    "text",
    [
        "/link unlink TEE-S",
        "/link mode manual",
        "/link pause",
        "/link sync",
        "/link disconnect harbour-tees.myshopify.com",
        "/link settings push_on_link off",
        "/link rights everyone",
    ],
)
async def test_a_guest_is_refused_every_write(shop: World, text: str) -> None:
    links, entries = shop.links(), len(shop.acts())
    told = await typed(shop, shop.person("U4"), text)
    await shop.settle()
    assert "Guests can look" in told
    assert refusals(shop) == [("U4", "no_right_guest")]
    assert len(shop.acts()) == entries + 1, "the refusal is all that happened"
    assert shop.links() == links


@pytest.mark.req("N20")
async def test_a_guest_may_look(shop: World) -> None:
    for text in ("/link products", "/link status", "/link rights", "/link settings", "/link help"):
        assert await typed(shop, shop.person("U4"), text)
    assert refusals(shop) == []


# --- a user group ----------------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U21", "N4")
async def test_n20_a_user_group_by_the_form(shop: World) -> None:
    view = await open_form(shop, shop.ana)
    await shop.ana.click(view, "rights_kind", "Members of a user group")
    await shop.ana.type_ahead(view, "rights_group", "@LINK")
    await shop.ana.select(view, "rights_group", "S1")
    await submit(shop, shop.ana)
    assert policy(shop) == RightsPolicy(RightsKind.GROUP, ("S1",), "linkers")
    assert "Members of the user group *@linkers* may link from now on." in text_of(shop.view(shop.ana))
    assert "Those are 2 people now." in text_of(shop.view(shop.ana))
    [entry] = changes(shop)
    assert entry.actor.id == "U1"
    assert entry.facts == {
        "name": "rights",
        "before": '{"kind":"everyone"}',
        "after": '{"ids":["S1"],"kind":"group","name":"linkers"}',
    }
    shown = shop.private(shop.ana)
    assert "Members of the user group *@linkers* may link" in text_of(shown), "the message below shows it at once"
    assert await may(shop, shop.ben)
    assert not await may(shop, shop.person("U3"))
    assert not await may(shop, shop.person("U4")), "a guest never may, in the group or not"
    assert await may(shop, shop.ana), "admins always may"
    assert refusals(shop) == [("U3", "no_right_not_in_group"), ("U4", "no_right_guest")]


@pytest.mark.req("N20", "U21")
async def test_n20_a_non_member_s_click_is_refused_told_and_entered(world: World) -> None:
    await open_shop(world, linked=False)
    world.slack.add_usergroup("S1", "linkers", ["U2"])
    await world.command(world.ana, "/link rights group @linkers")
    chloe = world.person("U3")
    await world.command(chloe, "/link products unlinked")
    message = world.private(chloe)
    await chloe.click(message, "Link", nth=0)
    await world.settle()
    assert world.slack.views_open("U3") == []
    told = text_of(world.private(chloe))
    assert "Members of the user group *@linkers* may link. Ask a workspace admin." in told
    assert told.endswith(WHO)
    [entry] = world.acts(Act.REFUSED)
    assert (entry.actor.id, entry.reason) == ("U3", "no_right_not_in_group")
    assert world.links() == {}


@pytest.mark.req("N20")
async def test_a_form_opened_before_the_change_is_refused_at_its_submission(world: World) -> None:
    await open_shop(world, linked=False)
    chloe = world.person("U3")
    await world.command(chloe, '/link "TEE-S"')
    variant = next(
        one for store in world.shopify.stores.values() for one in store.variants.values() if one.sku == "TEE-S"
    )
    await world.choose(chloe, world.view(chloe), variant.id)
    await world.command(world.ana, "/link rights users @ben")
    await chloe.submit(world.view(chloe))
    await world.settle()
    assert "Only <@U2> may link" in text_of(world.view(chloe))
    assert world.links() == {}
    assert refusals(world) == [("U3", "no_right_not_named")]


@pytest.mark.req("N20", "U21")
async def test_members_are_asked_for_once_in_five_minutes(shop: World) -> None:
    await shop.command(shop.ana, "/link rights group linkers")
    for _ in range(3):
        assert await may(shop, shop.ben)
    assert len(asked(shop, "usergroups.users.list")) == 1


@pytest.mark.req("U21", "U26")
@pytest.mark.parametrize(
    ("free", "said"), [(True, "come with Slack's paid plans"), (False, "a scope is missing")], ids=["plan", "scope"]
)
async def test_without_user_groups_the_form_says_so_and_channels_still_work(shop: World, free: bool, said: str) -> None:
    if free:
        shop.slack.world.is_paid = False
    else:
        shop.slack.world.scopes.remove("usergroups:read")
    view = await open_form(shop, shop.ana)
    assert said in text_of(view)
    assert not [block for block in view["blocks"] if block["block_id"] == "rights_group"]
    assert said in await typed(shop, shop.ana, "/link rights group @linkers")
    await shop.ana.click(view, "rights_kind", "Members of a channel")
    await shop.ana.select(view, "rights_channel", "C2")
    await submit(shop, shop.ana)
    assert policy(shop) == RightsPolicy(RightsKind.CHANNEL, ("C2",))


# --- a channel -------------------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U21")
async def test_n20_a_channel_s_members_page_by_page(shop: World) -> None:
    crowd = [f"U9{n:05d}" for n in range(2500)]
    shop.slack.add_channel("C7", "floor", members=[*crowd, "U2"])
    told = await typed(shop, shop.ana, "/link rights channel #floor")
    assert "Members of <#C7> may link from now on." in told
    assert "Those are 2501 people now." in told
    assert len(asked(shop, "conversations.members")) == 3
    assert await may(shop, shop.ben)
    assert not await may(shop, shop.person("U3"))
    assert refusals(shop) == [("U3", "no_right_not_in_channel")]


@pytest.mark.req("N20", "U26")
async def test_a_private_channel_without_the_bot_is_not_taken(shop: World) -> None:
    view = await open_form(shop, shop.ana)
    await shop.ana.click(view, "rights_kind", "Members of a channel")
    await shop.ana.select(view, "rights_channel", "C3")
    await submit(shop, shop.ana)
    again = shop.view(shop.ana)
    assert "`/invite @Linkbot`" in text_of(again)
    assert again["state"]["values"]["rights_channel"]["rights_channel"]["selected_conversation"] == "C3"
    assert policy(shop) == rights.EVERYONE
    await shop.slack.join("C3")
    await submit(shop, shop.ana)
    assert policy(shop) == RightsPolicy(RightsKind.CHANNEL, ("C3",))


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U21")
async def test_n20_named_people_by_the_form(shop: World) -> None:
    view = await open_form(shop, shop.ana)
    await shop.ana.click(view, "rights_kind", "Only these people")
    await shop.ana.select(view, "rights_users", ["U2", "U4"])
    await submit(shop, shop.ana)
    assert policy(shop) == RightsPolicy(RightsKind.USERS, ("U2", "U4"))
    assert await may(shop, shop.ben)
    assert not await may(shop, shop.person("U3"))
    assert not await may(shop, shop.person("U4"))
    assert refusals(shop) == [("U3", "no_right_not_named"), ("U4", "no_right_guest")]


@pytest.mark.req("U21")
async def test_a_kind_without_its_value_is_an_error_at_its_input(shop: World) -> None:
    view = await open_form(shop, shop.ana)
    for kind, block in (
        ("Members of a user group", "rights_group"),
        ("Members of a channel", "rights_channel"),
        ("Only these people", "rights_users"),
    ):
        await shop.ana.click(view, "rights_kind", kind)
        assert list(await submit(shop, shop.ana)) == [block]
    assert (policy(shop), changes(shop), shop.slack.complaints) == (rights.EVERYONE, [], [])


# --- only admins change it -------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U21")
async def test_n20_only_an_admin_changes_it(shop: World) -> None:
    await shop.command(shop.ben, "/link rights")
    await shop.ben.click(shop.private(shop.ben), "Change")
    await shop.slack_idle()
    assert shop.slack.views_open("U2") == []
    told = text_of(shop.private(shop.ben))
    assert "Only workspace admins change who may link. Now: everyone in this workspace may link." in told
    assert told.endswith(WHO)
    assert "Only workspace admins" in await typed(shop, shop.ben, "/link rights users @ben")
    assert refusals(shop) == [("U2", "no_right_not_admin")] * 2
    assert (policy(shop), changes(shop)) == (rights.EVERYONE, [])


@pytest.mark.req("N20")
async def test_an_owner_may_change_it_and_one_who_is_admin_no_longer_may_not(shop: World) -> None:
    shop.slack.world.users["U3"].is_owner = True
    assert "Only <@U2> may link from now on." in await typed(shop, shop.person("U3"), "/link rights users @ben")
    view = await open_form(shop, shop.ana)
    await shop.ana.click(view, "rights_kind", "Everyone in this workspace")
    shop.slack.world.users["U1"].is_admin = False
    await shop.restart()  # what was known of her is forgotten; else after five minutes
    await submit(shop, shop.ana)
    assert "Only workspace admins change who may link." in text_of(shop.view(shop.ana))
    assert policy(shop) == RightsPolicy(RightsKind.USERS, ("U2",))
    assert refusals(shop) == [("U1", "no_right_not_admin")]


@pytest.mark.req("N20", "N4")
async def test_the_same_again_writes_nothing_and_every_change_is_entered(shop: World) -> None:
    assert "already: nothing was changed" in await typed(shop, shop.ana, "/link rights everyone")
    assert changes(shop) == []
    for text in ("users @ben", "users @ben", "channel #general", "everyone"):
        await shop.command(shop.ana, f"/link rights {text}")
    told = [(entry.facts["before"], entry.facts["after"]) for entry in changes(shop)]
    assert len(told) == 3
    assert [before for before, _ in told[1:]] == [after for _, after in told[:-1]]
    assert told[0][0] == told[-1][1] == '{"kind":"everyone"}'
    assert "Set by <@U1>" in await typed(shop, shop.ben, "/link rights")


# --- typed -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("U21")
@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("everyone", rights.EVERYONE),
        ("group @linkers", RightsPolicy(RightsKind.GROUP, ("S1",), "linkers")),
        ("GROUP Linkers", RightsPolicy(RightsKind.GROUP, ("S1",), "linkers")),
        ("group <!subteam^S2|@drivers>", RightsPolicy(RightsKind.GROUP, ("S2",), "drivers")),
        ("channel #general", RightsPolicy(RightsKind.CHANNEL, ("C2",))),
        ("users @ben @chloe", RightsPolicy(RightsKind.USERS, ("U2", "U3"))),
        ("users @Ben, chloe @ben", RightsPolicy(RightsKind.USERS, ("U2", "U3"))),
    ],
)
async def test_typed_forms(shop: World, text: str, wanted: RightsPolicy, escaped: bool) -> None:
    shop.slack.acts.escapes_mentions = escaped
    told = await typed(shop, shop.ana, f"/link rights {text}")
    assert policy(shop) == wanted, told


@pytest.mark.req("U21", "U26")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody", "Type `/link rights everyone`"),
        ("group", "Type `/link rights everyone`"),
        ("group @a @b", "Type `/link rights everyone`"),
        ("everyone now", "Type `/link rights everyone`"),
        ("users", "Type `/link rights everyone`"),
        ("group @<!here>", "`@&lt;!here&gt;`: There is no active user group of that name."),
        ("channel #ops-private", "`#ops-private`: Linkbot does not see a channel of that name."),
        ("users @ben @nobody", "`@nobody`: There is no person of that name"),
        ("users @linkbot", "`@linkbot`: There is no person of that name"),
        ("users " + "@ben " * 51, "At most 50 people can be named."),
        ("users @twin", "`@twin`: Several people have that name."),
    ],
)
async def test_bad_input_changes_nothing_and_says_what_to_type(shop: World, text: str, said: str) -> None:
    for user in ("U71", "U72"):
        shop.slack.add_user(user, f"name-{user.lower()}").name = "twin"
    assert said in await typed(shop, shop.ana, f"/link rights {text}")
    assert (policy(shop), changes(shop)) == (rights.EVERYONE, [])


# --- look-ups that fail ----------------------------------------------------------------------------------------------


@pytest.mark.req("N20", "U26")
async def test_n20_a_look_up_that_fails_refuses_says_so_and_is_tried_again(shop: World) -> None:
    await shop.command(shop.ana, "/link rights group @linkers")
    await shop.restart()
    shop.slack.faults.add(Fault("usergroups.users.list", FaultKind.SERVER_ERROR, times=2))
    told = await typed(shop, shop.ben, "/link unlink TEE-S")
    assert "Slack did not say whether you may do this (`http_500`), so nothing was done." in told
    [entry] = shop.acts(Act.REFUSED)
    assert (entry.reason, entry.facts) == ("no_right_unknown", {"slack": "http_500"})
    assert len(shop.links()) == 3
    assert await may(shop, shop.ben), "the failure is not kept"


@pytest.mark.req("N20")
async def test_n20_when_the_group_is_gone_only_admins_may(shop: World) -> None:
    await shop.command(shop.ana, "/link rights group @linkers")
    await shop.restart()
    shop.slack.world.usergroups["S1"]["date_delete"] = 1
    assert not await may(shop, shop.ben)
    assert await may(shop, shop.ana)
    assert refusals(shop) == [("U2", "no_right_unknown")]
    assert "(`no_such_subteam`)" in shop.told(shop.ben)


@pytest.mark.req("N20")
async def test_n20_a_person_whom_slack_does_not_tell_about_is_refused(shop: World) -> None:
    await shop.restart()
    lost = shop.slack.faults.add(Fault("users.info", FaultKind.TIMEOUT_BEFORE, times=None))
    assert not await may(shop, shop.ana)
    shop.slack.faults.remove(lost)
    assert refusals(shop) == [("U1", "no_right_unknown")]
    assert await may(shop, shop.ana)


@pytest.mark.req("U26")
async def test_a_form_that_opens_too_late_says_so(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.command(shop.ana, "/link rights")
    monkeypatch.setattr("bot.rehearsal.slack_world.TRIGGER_LIFE", timedelta(seconds=-1))
    await shop.ana.click(shop.private(shop.ana), "Change")
    await shop.slack_idle()
    assert shop.slack.views_open("U1") == []
    assert "nothing was opened. Try again" in text_of(shop.private(shop.ana))


@pytest.mark.req("U26")
async def test_a_search_for_groups_that_fails_is_an_empty_menu(shop: World) -> None:
    view = await open_form(shop, shop.ana)
    assert (await shop.ana.type_ahead(view, "rights_group", "link")).labels == ["@linkers · Linkers"]
    await shop.restart()
    shop.slack.faults.add(Fault("usergroups.list", FaultKind.SERVER_ERROR, times=2))
    assert (await shop.ana.type_ahead(view, "rights_group", "link")).labels == []
    assert shop.slack.complaints == []
