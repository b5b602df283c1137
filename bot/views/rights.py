"""`/link rights`: who may link, the form that changes it, and the words for who may not."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.ledger import Entry
from bot.domain.rights import (
    MOST_USERS,
    FoundPolicy,
    PolicyProblem,
    RightRefusal,
    RightsKind,
    RightsPolicy,
    UserGroup,
    WrongPolicy,
)
from bot.views import texts
from bot.views.blocks import (
    Json,
    Message,
    actions,
    bold,
    button,
    code,
    context,
    esc,
    field_input,
    first,
    lines,
    modal,
    more,
    option,
    plain_text,
    section,
    value_of,
)
from bot.views.ids import Action, Block, Callback
from bot.views.picker import InputProblem

USAGE = (
    "Type `/link rights everyone`, `/link rights group @handle`, `/link rights channel #channel` "
    "or `/link rights users @ana @ben`."
)
ASK = "Ask a workspace admin. Type `/link rights` to see who may link."
NEVER = "Guests and people of other workspaces never may. Workspace admins always may, and only they change this."
LATER = "Who joins or leaves a group or channel is noticed within five minutes."

KINDS: Mapping[RightsKind, tuple[str, str]] = {
    RightsKind.EVERYONE: ("Everyone in this workspace", "except guests and people of other workspaces"),
    RightsKind.GROUP: ("Members of a user group", "choose it below"),
    RightsKind.CHANNEL: ("Members of a channel", "choose it below"),
    RightsKind.USERS: ("Only these people", "choose them below"),
}

PROBLEMS: Mapping[PolicyProblem, str] = {
    PolicyProblem.NO_PLAN: "This workspace has no user groups: they come with Slack's paid plans. "
    "Choose a channel or people instead.",
    PolicyProblem.NO_SCOPE: "Linkbot may not read this in Slack, because a scope is missing. "
    "Install the app again with the scopes of its manifest, then try again.",
    PolicyProblem.NO_SUCH_GROUP: "There is no active user group of that name. Look at its handle in Slack under "
    "People, then try again.",
    PolicyProblem.NO_SUCH_CHANNEL: "Linkbot does not see a channel of that name. If it is private, type "
    "`/invite @Linkbot` there first.",
    PolicyProblem.NO_SUCH_PERSON: "There is no person of that name in this workspace. Type the name as Slack shows it "
    "after @, in quotes if it has spaces.",
    PolicyProblem.SEVERAL_PEOPLE: "Several people have that name. Choose them with **Change** under `/link rights`.",
    PolicyProblem.TOO_MANY: f"At most {MOST_USERS} people can be named. Choose a user group or a channel instead.",
    PolicyProblem.SLACK_FAILED: "Slack did not answer this look-up, so nothing was changed. Try again in a minute.",
}

_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}")


def who(policy: RightsPolicy) -> str:
    """ "Members of <#C1> may link": without a full stop."""
    if policy.kind is RightsKind.GROUP:
        return f"Members of the user group {bold('@' + (policy.name or policy.ids[0]), 80)} may link"
    if policy.kind is RightsKind.CHANNEL:
        return f"Members of {channel(policy.ids[0])} may link"
    if policy.kind is RightsKind.USERS:
        shown, left = first(policy.ids, 25)
        named = ", ".join([*(texts.mention(one) for one in shown), *([more(left)] if left else [])])
        return f"Only {named} may link" if named else "Only workspace admins may link"
    return "Everyone in this workspace may link"


def channel(channel_id: str) -> str:
    """`<#C…>` for what looks like a channel id, else the escaped text."""
    return f"<#{channel_id}>" if _CHANNEL.fullmatch(channel_id) else esc(channel_id, 40)


def shown(policy: RightsPolicy, changed: Entry | None) -> Message:
    """The policy as it stands, who set it, and the way to change it."""
    said = f"*{who(policy)}.*"
    return Message(
        lines(f"{who(policy)}.", NEVER, set_by(changed)),
        [
            section(lines(said, NEVER)),
            actions(button("Change", Action.RIGHTS_CHANGE, about="Change who may link")),
            context(set_by(changed), LATER if policy.place else "", USAGE),
        ],
    )


def set_by(changed: Entry | None) -> str:
    """Who set it when."""
    if changed is None:
        return "Nobody changed this yet."
    return f"Set by {texts.mention(changed.actor.id)}, {texts.when(changed.at)}."


def saved(found: FoundPolicy, changed: bool) -> Message:
    """What holds now."""
    said = f"{who(found.policy)} {'from now on' if changed else 'already: nothing was changed'}."
    if found.people == 0:
        said = lines(said, "*Nobody is in there now, so only workspace admins may link.*")
    elif found.people is not None and found.policy.place is not None:
        verb = "That is" if found.people == 1 else "Those are"
        said = lines(said, f"{verb} {texts.plural(found.people, 'person', 'people')} now. {LATER}")
    return Message(said, [section(said), context(NEVER)])


def wrong(problem: WrongPolicy) -> str:
    """Why it was not set."""
    said = PROBLEMS[problem.problem].replace("**", "*")
    about = f"{code(problem.about, 80)}: " if problem.about else ""
    return f"{about}{said}"


def not_set(problem: WrongPolicy) -> Message:
    return Message(wrong(problem), [section(wrong(problem)), context("Nothing was changed.")])


def denied(refusal: RightRefusal, policy: RightsPolicy, trouble: str = "") -> str:
    """Why a person may not, what the policy is, and who can change it (U21). `trouble`: Slack's error code."""
    if refusal in (RightRefusal.GUEST, RightRefusal.STRANGER):
        return texts.no_right(refusal.value)
    if refusal is RightRefusal.UNKNOWN:
        reason = f" ({code(trouble, 40)})" if trouble else ""
        said = f"Slack did not say whether you may do this{reason}, so nothing was done. Try again in a minute."
        return f"{said} If it stays so, ask a workspace admin to look at `/link rights`."
    if refusal is RightRefusal.NOT_ADMIN:
        return f"Only workspace admins change who may link. Now: {_lower(who(policy))}. {ASK}"
    return f"You may look, but not link, unlink or change anything here. {who(policy)}. {ASK}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


# --- the form --------------------------------------------------------------------------------------------------------


def form(policy: RightsPolicy, no_groups: WrongPolicy | None = None, notice: str = "") -> Json:
    """The modal, set to `policy`. `no_groups`: why no user group can be chosen; `notice`: what went wrong before."""
    kinds = [kind for kind in RightsKind if kind is not RightsKind.GROUP or no_groups is None]
    options = {kind: option(KINDS[kind][0], kind.value, KINDS[kind][1]) for kind in kinds}
    radio: Json = {"type": "radio_buttons", "action_id": Action.RIGHTS_KIND.value, "options": list(options.values())}
    if policy.kind in options:
        radio["initial_option"] = options[policy.kind]
    blocks = [section(notice)] if notice else []
    blocks += [
        field_input("Who may link", radio, Block.RIGHTS_KIND.value),
        _group_block(policy, no_groups),
        field_input("Channel", _channel_menu(policy), Block.RIGHTS_CHANNEL.value, optional=True),
        field_input("People", _people_menu(policy), Block.RIGHTS_USERS.value, optional=True),
        context(NEVER),
    ]
    return modal("Who may link", blocks, callback=Callback.RIGHTS, submit="Save", close="Cancel")


def _group_block(policy: RightsPolicy, no_groups: WrongPolicy | None) -> Json:
    if no_groups is not None:
        return section(f"*User group:* {wrong(no_groups)}")
    menu: Json = {
        "type": "external_select",
        "action_id": Action.RIGHTS_GROUP.value,
        "min_query_length": 0,
        "placeholder": plain_text("Search user groups", 150),
    }
    if policy.kind is RightsKind.GROUP:
        menu["initial_option"] = option(f"@{policy.name}" if policy.name else policy.ids[0], policy.ids[0])
    return field_input("User group", menu, Block.RIGHTS_GROUP.value, optional=True)


def _channel_menu(policy: RightsPolicy) -> Json:
    menu: Json = {
        "type": "conversations_select",
        "action_id": Action.RIGHTS_CHANNEL.value,
        "placeholder": plain_text("Choose a channel", 150),
        "filter": {"include": ["public", "private"]},
    }
    return menu | ({"initial_conversation": policy.ids[0]} if policy.kind is RightsKind.CHANNEL else {})


def _people_menu(policy: RightsPolicy) -> Json:
    menu: Json = {
        "type": "multi_users_select",
        "action_id": Action.RIGHTS_USERS.value,
        "placeholder": plain_text("Choose people", 150),
        "max_selected_items": MOST_USERS,
    }
    return menu | ({"initial_users": list(policy.ids)} if policy.kind is RightsKind.USERS and policy.ids else {})


def saving() -> Json:
    """Between the submission and its result."""
    return modal("Who may link", [section("Saving…")], callback=Callback.NOTE)


def group_options(groups: Sequence[UserGroup], typed: str) -> Json:
    """The user groups whose handle or name holds what was typed."""
    wanted = typed.strip().removeprefix("@").casefold()
    fitting = [one for one in groups if wanted in one.handle.casefold() or wanted in one.name.casefold()]
    return {"options": [option(f"@{one.handle} · {one.name}", one.id) for one in fitting[:100]]}


def read(view: Mapping[str, Any]) -> RightsPolicy | InputProblem:
    """The submitted policy, or what is missing for its kind, at the input where it is missing."""
    values = view.get("state", {}).get("values", {})
    chosen = value_of(values, Block.RIGHTS_KIND, Action.RIGHTS_KIND).get("selected_option") or {}
    if chosen.get("value") not in set(RightsKind):
        return InputProblem(Block.RIGHTS_KIND.value, "Choose who may link.")
    kind = RightsKind(chosen["value"])
    if kind is RightsKind.EVERYONE:
        return RightsPolicy()
    if kind is RightsKind.GROUP:
        found = value_of(values, Block.RIGHTS_GROUP, Action.RIGHTS_GROUP).get("selected_option") or {}
        ids = [found.get("value")]
        problem = InputProblem(Block.RIGHTS_GROUP.value, "Choose the user group whose members may link.")
    elif kind is RightsKind.CHANNEL:
        ids = [value_of(values, Block.RIGHTS_CHANNEL, Action.RIGHTS_CHANNEL).get("selected_conversation")]
        problem = InputProblem(Block.RIGHTS_CHANNEL.value, "Choose the channel whose members may link.")
    else:
        ids = value_of(values, Block.RIGHTS_USERS, Action.RIGHTS_USERS).get("selected_users") or []
        problem = InputProblem(Block.RIGHTS_USERS.value, "Choose at least one person who may link.")
    given = tuple(str(one) for one in ids if one)
    return RightsPolicy(kind, given) if given else problem
