"""Who is meant by the words of `/link rights …`, and whether a chosen group, channel or people are there in Slack."""

import re
from collections.abc import Sequence

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.rights import (
    MOST_USERS,
    FoundPolicy,
    PolicyProblem,
    RightsKind,
    RightsPolicy,
    UserGroup,
    WrongPolicy,
)
from bot.domain.values import WorkspaceId
from bot.handlers.rights import Rights, SlackFailed
from bot.handlers.words import Word

_ESCAPED = re.compile(r"<(?:@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>")
_PERSON, _CHANNEL = (re.compile(f"[{kind}][A-Z0-9]{{7,}}") for kind in ("UW", "CG"))
_PROBLEMS = {
    "plan_upgrade_required": PolicyProblem.NO_PLAN,
    "paid_teams_only": PolicyProblem.NO_PLAN,
    "missing_scope": PolicyProblem.NO_SCOPE,
    "no_such_subteam": PolicyProblem.NO_SUCH_GROUP,
    "channel_not_found": PolicyProblem.NO_SUCH_CHANNEL,
    "not_in_channel": PolicyProblem.NO_SUCH_CHANNEL,
    "method_not_supported_for_channel_type": PolicyProblem.NO_SUCH_CHANNEL,
}


class Naming:
    """Names into ids, asked of Slack."""

    def __init__(self, rights: Rights, client: AsyncWebClient, workspace: WorkspaceId) -> None:
        self._rights, self._client, self._workspace = rights, client, workspace

    async def typed(self, words: Sequence[Word]) -> FoundPolicy | WrongPolicy | None:
        """`everyone`, `group @handle`, `channel #name`, `users @a @b`. None: none of these."""
        kind, names = words[0].text.lower(), [word.text.strip(",") for word in words[1:]]
        try:
            if kind == RightsKind.EVERYONE and not names:
                return FoundPolicy(RightsPolicy())
            if kind == RightsKind.GROUP and len(names) == 1:
                return await self._group(names[0])
            if kind == RightsKind.CHANNEL and len(names) == 1:
                return await self._channel(names[0])
            if kind == RightsKind.USERS and names:
                return await self._people(names)
        except SlackFailed as failed:
            return problem_of(failed)
        return None

    async def chosen(self, policy: RightsPolicy) -> FoundPolicy | WrongPolicy:
        """A policy chosen by ids: is everything it names there, and can its members be read?"""
        try:
            if policy.kind is RightsKind.GROUP:
                return await self._group(policy.ids[0])
            if policy.kind is RightsKind.CHANNEL:
                return await self._inside(policy)
        except SlackFailed as failed:
            return problem_of(failed)
        if len(policy.ids) > MOST_USERS:
            return WrongPolicy(PolicyProblem.TOO_MANY)
        return FoundPolicy(policy, len(policy.ids) or None)

    async def _group(self, name: str) -> FoundPolicy | WrongPolicy:
        wanted = _id_in(name)
        for group in await self._rights.groups(self._client, self._workspace):
            if group.id == wanted or group.handle.casefold() == wanted.removeprefix("@").casefold():
                return await self._inside(_of_group(group))
        return WrongPolicy(PolicyProblem.NO_SUCH_GROUP, name)

    async def _channel(self, name: str) -> FoundPolicy | WrongPolicy:
        wanted = _id_in(name)
        if not _CHANNEL.fullmatch(wanted) and wanted == name:
            found = await self._rights.channel_named(self._client, name.removeprefix("#").lower())
            if found is None:
                return WrongPolicy(PolicyProblem.NO_SUCH_CHANNEL, name)
            wanted = found
        return await self._inside(RightsPolicy(RightsKind.CHANNEL, (wanted,)))

    async def _people(self, names: Sequence[str]) -> FoundPolicy | WrongPolicy:
        if len(names) > MOST_USERS:
            return WrongPolicy(PolicyProblem.TOO_MANY)
        asked = {_folded(name) for name in names if not _is_id(name)}
        known = await self._rights.people_named(self._client, asked) if asked else {}
        ids: list[str] = []
        for name in names:
            found = [_id_in(name)] if _is_id(name) else known[_folded(name)]
            if len(found) != 1:
                problem = PolicyProblem.SEVERAL_PEOPLE if found else PolicyProblem.NO_SUCH_PERSON
                return WrongPolicy(problem, name)
            ids += found
        unique = tuple(dict.fromkeys(ids))
        return FoundPolicy(RightsPolicy(RightsKind.USERS, unique), len(unique))

    async def _inside(self, policy: RightsPolicy) -> FoundPolicy:
        members = await self._rights.members(self._client, self._workspace, policy.kind, policy.ids[0])
        return FoundPolicy(policy, len(members))


def problem_of(failed: SlackFailed) -> WrongPolicy:
    """What Slack's error means for the person who sets a policy."""
    known = _PROBLEMS.get(failed.code)
    return WrongPolicy(PolicyProblem.SLACK_FAILED, failed.code) if known is None else WrongPolicy(known)


def _of_group(group: UserGroup) -> RightsPolicy:
    return RightsPolicy(RightsKind.GROUP, (group.id,), group.handle)


def _id_in(name: str) -> str:
    """The id in `<@U1|ana>`, as Slack writes what it recognised; else the name itself."""
    found = _ESCAPED.fullmatch(name)
    return found.group(1) if found else name


def _is_id(name: str) -> bool:
    return _id_in(name) != name or bool(_PERSON.fullmatch(name))


def _folded(name: str) -> str:
    return name.removeprefix("@").casefold()
