"""`/link rights` and `/link settings`: messages, forms and what is read out of them."""

import json
from enum import StrEnum
from typing import Any

import pytest

from bot.domain.board import LinkPreview
from bot.domain.ledger import Act
from bot.domain.links import LinkMode
from bot.domain.rights import (
    EVERYONE,
    MOST_USERS,
    NOBODY,
    FoundPolicy,
    PolicyProblem,
    RightRefusal,
    RightsKind,
    RightsPolicy,
    UserGroup,
    WrongPolicy,
)
from bot.domain.settings import SettingsBoard, ShopSettings
from bot.views import rights, settings
from bot.views.ids import Action, Block, Callback, unpack
from bot.views.picker import InputProblem
from tests.views.build import (
    ANA,
    HARM,
    LONG,
    all_text,
    buttons,
    entry,
    good_message,
    good_options,
    good_view,
    labels,
    pings,
    shop,
)

GROUP = RightsPolicy(RightsKind.GROUP, ("S1",), "linkers")
CHANNEL = RightsPolicy(RightsKind.CHANNEL, ("C0123",))
USERS = RightsPolicy(RightsKind.USERS, ("U0ANA",))
MANY = RightsPolicy(RightsKind.USERS, tuple(f"U{n:010d}" for n in range(MOST_USERS)))
SET = entry(Act.SETTING_SET, actor=ANA, facts={"name": "rights"})
POLICIES = [EVERYONE, GROUP, CHANNEL, USERS, MANY, NOBODY]
PREVIEW = LinkPreview(10, 4, 1, 2, 0, 0)


# --- who may link ----------------------------------------------------------------------------------------------------


@pytest.mark.req("U21")
@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (EVERYONE, "Everyone in this workspace may link"),
        (GROUP, "Members of the user group *@linkers* may link"),
        (CHANNEL, "Members of <#C0123> may link"),
        (USERS, "Only <@U0ANA> may link"),
        (NOBODY, "Only workspace admins may link"),
        (RightsPolicy(RightsKind.CHANNEL, ("<!here>",)), "Members of &lt;!here&gt; may link"),
    ],
)
def test_u21_the_policy_in_words(policy: RightsPolicy, said: str) -> None:
    shown = good_message(rights.shown(policy, SET))
    assert shown.text.startswith(f"{said}.")
    assert said in all_text(shown)
    assert "Guests and people of other workspaces never may." in all_text(shown)
    assert "Set by <@U0ANA>, <!date" in all_text(shown)
    assert labels(shown) == ["Change"]
    assert buttons(shown)[0]["action_id"] == Action.RIGHTS_CHANGE


def test_without_a_change_nobody_is_named() -> None:
    assert "Nobody changed this yet." in all_text(good_message(rights.shown(EVERYONE, None)))
    assert "within five minutes" in all_text(rights.shown(GROUP, None))
    assert "within five minutes" not in all_text(rights.shown(USERS, None))
    assert "+25 more" in rights.shown(MANY, None).text


def test_a_group_s_handle_pings_nobody() -> None:
    policy = RightsPolicy(RightsKind.GROUP, ("S1",), HARM)
    for said in (rights.shown(policy, None).text, rights.denied(RightRefusal.NOT_IN_GROUP, policy)):
        assert pings(said) == []


@pytest.mark.req("U21", "U26")
@pytest.mark.parametrize("refusal", list(RightRefusal))
@pytest.mark.parametrize("policy", POLICIES)
def test_u21_every_denial_says_who_can_help(refusal: RightRefusal, policy: RightsPolicy) -> None:
    said = rights.denied(refusal, policy, "fatal_error")
    assert "!" not in said.replace("<!date", "")
    if refusal in (RightRefusal.GUEST, RightRefusal.STRANGER):
        assert said.endswith("Ask a member of this workspace to do it.")
    elif refusal is RightRefusal.UNKNOWN:
        assert "(`fatal_error`), so nothing was done" in said
        assert "`/link rights`" in said
    else:
        assert said.endswith("Ask a workspace admin. Type `/link rights` to see who may link.")
        assert rights.who(policy)[1:] in said


def test_unknown_without_a_code() -> None:
    assert "()" not in rights.denied(RightRefusal.UNKNOWN, EVERYONE)


@pytest.mark.req("U26")
@pytest.mark.parametrize(
    ("kind", "sentences"), [(PolicyProblem, dict(rights.PROBLEMS)), (RightsKind, {k: v[0] for k, v in rights.KINDS.items()})]
)  # fmt: skip
def test_every_member_has_words(kind: type[StrEnum], sentences: dict[Any, str]) -> None:
    assert set(sentences) == set(kind)
    assert all(said.strip() and len(said) <= 300 for said in sentences.values())


@pytest.mark.parametrize("problem", list(PolicyProblem))
def test_a_problem_is_told_with_its_name_escaped(problem: PolicyProblem) -> None:
    shown = good_message(rights.not_set(WrongPolicy(problem, "<!channel>")))
    assert shown.text.startswith("`&lt;!channel&gt;`: ")
    assert "Nothing was changed." in all_text(shown)
    assert "**" not in all_text(shown)


@pytest.mark.parametrize(
    ("found", "changed", "said"),
    [
        (FoundPolicy(EVERYONE), True, "Everyone in this workspace may link from now on."),
        (FoundPolicy(EVERYONE), False, "may link already: nothing was changed."),
        (FoundPolicy(GROUP, 3), True, "Those are 3 people now."),
        (FoundPolicy(CHANNEL, 1), True, "That is 1 person now."),
        (FoundPolicy(GROUP, 0), True, "Nobody is in there now, so only workspace admins may link."),
    ],
)
def test_what_was_saved_is_said(found: FoundPolicy, changed: bool, said: str) -> None:
    assert said in good_message(rights.saved(found, changed)).text


# --- the form --------------------------------------------------------------------------------------------------------


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def filled(**values: Any) -> dict[str, Any]:
    """A submitted form: kind, group, channel, users."""
    kind = values.get("kind")
    state = {
        Block.RIGHTS_KIND: {Action.RIGHTS_KIND: {"selected_option": {"value": kind} if kind else None}},
        Block.RIGHTS_GROUP: {Action.RIGHTS_GROUP: {"selected_option": values.get("group")}},
        Block.RIGHTS_CHANNEL: {Action.RIGHTS_CHANNEL: {"selected_conversation": values.get("channel")}},
        Block.RIGHTS_USERS: {Action.RIGHTS_USERS: {"selected_users": values.get("users", [])}},
    }
    return json.loads(json.dumps({"state": {"values": state}}))


@pytest.mark.req("U21")
@pytest.mark.parametrize("policy", POLICIES)
def test_the_form_shows_what_holds(policy: RightsPolicy) -> None:
    view = good_view(rights.form(policy))
    assert (view["submit"]["text"], view["callback_id"]) == ("Save", Callback.RIGHTS)
    blocks = inputs(view)
    radio = blocks[Block.RIGHTS_KIND]["element"]
    assert [one["value"] for one in radio["options"]] == list(RightsKind)
    assert radio["initial_option"]["value"] == policy.kind
    assert [blocks[name]["optional"] for name in blocks] == [False, True, True, True]
    group, channel, users = (blocks[name]["element"] for name in list(blocks)[1:])
    assert ("initial_option" in group) == (policy.kind is RightsKind.GROUP)
    assert channel.get("initial_conversation") == (policy.ids[0] if policy.kind is RightsKind.CHANNEL else None)
    assert users.get("initial_users", []) == (list(policy.ids) if policy.kind is RightsKind.USERS else [])


@pytest.mark.req("U21", "U26")
@pytest.mark.parametrize("problem", [PolicyProblem.NO_PLAN, PolicyProblem.NO_SCOPE])
def test_without_user_groups_the_form_says_why_and_offers_none(problem: PolicyProblem) -> None:
    for policy in POLICIES:
        view = good_view(rights.form(policy, WrongPolicy(problem), notice="It was not saved."))
        assert rights.PROBLEMS[problem].split(".")[0] in all_text(view)
        assert Block.RIGHTS_GROUP not in inputs(view)
        radio = inputs(view)[Block.RIGHTS_KIND]["element"]
        assert RightsKind.GROUP not in [one["value"] for one in radio["options"]]
        assert ("initial_option" in radio) == (policy.kind is not RightsKind.GROUP), "nothing wider is chosen by itself"
        assert all_text(view).startswith("It was not saved.")


@pytest.mark.req("U21")
@pytest.mark.parametrize(
    ("values", "read"),
    [
        ({"kind": "everyone", "channel": "C1"}, EVERYONE),
        ({"kind": "group", "group": {"value": "S1"}}, RightsPolicy(RightsKind.GROUP, ("S1",))),
        ({"kind": "channel", "channel": "C1", "users": ["U1"]}, RightsPolicy(RightsKind.CHANNEL, ("C1",))),
        ({"kind": "users", "users": ["U1", "U2"]}, RightsPolicy(RightsKind.USERS, ("U1", "U2"))),
        ({}, Block.RIGHTS_KIND),
        ({"kind": "all"}, Block.RIGHTS_KIND),
        ({"kind": "group", "channel": "C1"}, Block.RIGHTS_GROUP),
        ({"kind": "channel", "users": ["U1"]}, Block.RIGHTS_CHANNEL),
        ({"kind": "users", "channel": "C1"}, Block.RIGHTS_USERS),
    ],
)
def test_the_form_is_read_or_the_missing_value_is_named(values: dict[str, Any], read: RightsPolicy | Block) -> None:
    found = rights.read(filled(**values))
    if isinstance(read, Block):
        assert isinstance(found, InputProblem)
        assert found.block_id == read
        assert found.text.startswith("Choose")
    else:
        assert found == read


@pytest.mark.parametrize(
    ("typed", "handles"), [("", 100), ("@team-7", 11), ("GROUP 12", 11), ("nothing", 0), ("  team-149 ", 1)]
)
def test_user_groups_are_searched_by_handle_and_name(typed: str, handles: int) -> None:
    groups = [UserGroup(f"S{n}", f"team-{n}", f"Group {n}") for n in range(150)]
    assert len(good_options(rights.group_options(groups, typed))["options"]) == handles


def test_longest_names_fit() -> None:
    good_options(rights.group_options([UserGroup("S1", LONG, LONG), UserGroup("S2", HARM, "")], ""))
    good_view(rights.form(RightsPolicy(RightsKind.GROUP, ("S1",), LONG)))
    good_message(rights.shown(RightsPolicy(RightsKind.GROUP, ("S1",), LONG), SET))
    good_view(rights.saving())


# --- settings --------------------------------------------------------------------------------------------------------


def board(*shops: ShopSettings, on: bool = True) -> SettingsBoard:
    return SettingsBoard(on, SET, shops)


@pytest.mark.req("A4")
def test_a4_settings_say_their_value_and_who_set_it() -> None:
    first = ShopSettings(shop(mode=LinkMode.AUTO, paused=True), SET, None)
    shown = good_message(settings.shown(board(first, on=False)))
    told = all_text(shown)
    for part in (
        "*Push on link* (`push_on_link`): *off*. A new link sends nothing",
        "Set by <@U0ANA>, <!date",
        "TikTok shop *Glow Shop*",
        "Link automatically. Set by <@U0ANA>",
        "Paused. Nobody changed this.",
        "`/link settings push_on_link on|off`",
    ):
        assert part in told
    assert labels(shown) == ["Change", "Change"]
    assert [unpack(one["value"])["shop"] for one in buttons(shown)] == ["", first.shop.id]
    assert "No answer yet" in settings.shown(board(ShopSettings(shop(mode=None)))).text


def test_many_shops_with_the_longest_names_fit() -> None:
    shown = good_message(settings.shown(board(*[ShopSettings(shop(LONG), SET, SET)] * 40)))
    assert "+25 more" in all_text(shown)
    good_view(settings.saved(board(*[ShopSettings(shop(LONG), SET, SET)] * 40), True))
    good_view(settings.saving())
    good_view(settings.gone())
    good_view(settings.shop_form(shop(HARM), PREVIEW))
    assert pings(settings.shown(board(ShopSettings(shop(HARM)))).text) == []


def answered(view: dict[str, Any], **chosen: str | None) -> dict[str, Any]:
    """The form as submitted: each radio group as chosen, or as it was shown."""
    values: dict[str, Any] = {}
    for name, block in inputs(view).items():
        shown = block["element"].get("initial_option")
        value = chosen.get(name, shown["value"] if shown else None)
        values[name] = {block["element"]["action_id"]: {"selected_option": {"value": value} if value else None}}
    return {"private_metadata": view["private_metadata"], "state": {"values": values}}


@pytest.mark.req("A4")
def test_only_what_was_changed_in_the_form_is_written() -> None:
    pushes = good_view(settings.workspace_form(True))
    assert settings.read(answered(pushes)) == settings.Choice(None)
    assert settings.read(answered(pushes, setting_push="off")) == settings.Choice(None, push_on_link=False)
    assert settings.read(answered(settings.workspace_form(False), setting_push="on")).push_on_link is True
    one = shop(mode=LinkMode.MANUAL)
    form = good_view(settings.shop_form(one, PREVIEW))
    assert "4 of 10 SKUs would be linked" in all_text(form)
    assert settings.read(answered(form)) == settings.Choice(one.id)
    assert settings.read(answered(form, setting_mode="auto", setting_paused="on")) == settings.Choice(
        one.id, mode=LinkMode.AUTO, paused=True
    )
    unanswered = good_view(settings.shop_form(shop(mode=None), PREVIEW))
    assert settings.read(answered(unanswered)) == settings.Choice(one.id)


def test_push_on_link_in_a_sentence() -> None:
    assert settings.pushed(False, True).startswith("Push on link is *off*.")
    assert settings.pushed(True, False).endswith("Nothing was changed.")
