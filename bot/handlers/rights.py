"""What Slack knows of people, for the rights: who is a guest or an admin, and who is in a group or channel."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain import rights
from bot.domain.rights import Person, RightRefusal, RightsKind, RightsPolicy, UserGroup, decide_right
from bot.domain.values import Right, UserId, WorkspaceId
from bot.store.db import Db

T = TypeVar("T")
log = logging.getLogger("linkbot.rights")
_LIFE = 300.0  # seconds; Slack allows 20 look-ups of a group a minute
_PAGE = 999  # the most that Slack gives at once
_CHANNELS = "public_channel,private_channel"


class SlackFailed(Exception):
    """Slack refused a look-up or did not answer it; `code` is its error code, or what happened to the request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Verdict:
    """`refusal` None: may. `trouble`: Slack's error code when a look-up failed."""

    refusal: RightRefusal | None
    policy: RightsPolicy
    trouble: str = ""


class _Kept(Generic[T]):
    """Answers that are asked for again after five minutes. Failures are not kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._answers: dict[tuple[str, ...], tuple[float, T]] = {}

    async def get(self, key: tuple[str, ...], ask: Callable[[], Awaitable[T]]) -> T:
        seen = self._answers.get(key)
        if seen is not None and self._clock() - seen[0] < _LIFE:
            return seen[1]
        answer = await ask()
        self._answers[key] = (self._clock(), answer)
        return answer


class Rights:
    """Who may write, by the workspace's policy. What Slack said of people is believed for five minutes."""

    def __init__(
        self, db: Db, lost: tuple[type[Exception], ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`lost`: what the Slack client raises when a request gets no answer."""
        self._db, self._lost = db, (OSError, TimeoutError, *lost)
        self._people = _Kept[Person](clock)
        self._members = _Kept[frozenset[str]](clock)
        self._groups = _Kept[tuple[UserGroup, ...]](clock)

    async def verdict(
        self, client: AsyncWebClient, workspace: WorkspaceId, user: UserId, right: Right, *, foreign: bool
    ) -> Verdict:
        """May this person use the right? `foreign`: the request itself says they are of another workspace.

        When Slack can't be asked the answer is no: writes fail closed.
        """
        policy = rights.from_json(await self._db.read(lambda u: u.settings.get(workspace, rights.SETTING)))
        if foreign:
            return Verdict(decide_right(policy, Person(user, is_stranger=True), right), policy)
        person = None
        try:
            person = await self._person(client, workspace, user)
            place = policy.place
            if place is not None and decide_right(policy, person, right) is RightRefusal.UNKNOWN:
                inside = await self.members(client, workspace, policy.kind, place)
                person = replace(person, is_member=user in inside)
        except SlackFailed as failed:
            log.warning("who may link could not be looked up: %s", failed.code)
            return Verdict(decide_right(policy, person, right), policy, failed.code)
        return Verdict(decide_right(policy, person, right), policy)

    async def _person(self, client: AsyncWebClient, workspace: WorkspaceId, user: UserId) -> Person:
        async def ask() -> Person:
            answer = await self._told(client.users_info(user=user))
            told: Mapping[str, Any] = answer["user"] or {}
            return Person(
                user,
                is_guest=bool(told.get("is_restricted") or told.get("is_ultra_restricted")),
                is_stranger=bool(told.get("is_stranger")),
                is_admin=bool(told.get("is_admin") or told.get("is_owner") or told.get("is_primary_owner")),
            )

        return await self._people.get((workspace, user), ask)

    async def members(
        self, client: AsyncWebClient, workspace: WorkspaceId, kind: RightsKind, place: str
    ) -> frozenset[str]:
        """User ids of a group or channel. Raises SlackFailed."""

        async def ask() -> frozenset[str]:
            if kind is RightsKind.GROUP:
                answer = await self._told(client.usergroups_users_list(usergroup=place))
                return frozenset(answer["users"] or [])
            found: set[str] = set()
            async for page in self._pages(
                lambda at: client.conversations_members(channel=place, limit=_PAGE, cursor=at)
            ):
                found.update(page["members"])
            return frozenset(found)

        return await self._members.get((workspace, kind, place), ask)

    async def groups(self, client: AsyncWebClient, workspace: WorkspaceId) -> tuple[UserGroup, ...]:
        """The workspace's user groups by handle. Raises SlackFailed, also when its plan has none."""

        async def ask() -> tuple[UserGroup, ...]:
            answer = await self._told(client.usergroups_list())
            told: list[Mapping[str, Any]] = answer["usergroups"] or []
            groups = (UserGroup(one["id"], one.get("handle") or "", one.get("name") or "") for one in told)
            return tuple(sorted(groups, key=lambda group: group.handle.casefold()))

        return await self._groups.get((workspace,), ask)

    async def channel_named(self, client: AsyncWebClient, name: str) -> str | None:
        """The id of a channel that the bot can see. Raises SlackFailed."""

        def ask(at: str | None) -> Awaitable[Any]:
            return client.conversations_list(types=_CHANNELS, exclude_archived=True, limit=_PAGE, cursor=at)

        async for page in self._pages(ask):
            for channel in page["channels"]:
                if channel.get("name") == name:
                    return str(channel["id"])
        return None

    async def people_named(self, client: AsyncWebClient, names: set[str]) -> dict[str, list[str]]:
        """User ids by the lower-case name asked for: of its owner, else of all who are displayed so."""
        owners: dict[str, list[str]] = {}
        displayed: dict[str, list[str]] = {}
        async for page in self._pages(lambda at: client.users_list(limit=_PAGE, cursor=at)):
            for person in page["members"]:
                if person.get("deleted") or person.get("is_bot"):
                    continue
                shown = ((person.get("profile") or {}).get("display_name") or "").casefold()
                owners.setdefault(str(person.get("name") or "").casefold(), []).append(person["id"])
                displayed.setdefault(shown, []).append(person["id"])
        return {name: owners.get(name) or displayed.get(name) or [] for name in names}

    async def _pages(self, ask: Callable[[str | None], Awaitable[Any]]) -> AsyncIterator[Any]:
        """Every page of a list that Slack gives by cursor."""
        cursor: str | None = None
        while True:
            page = await self._told(ask(cursor))
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    async def _told(self, call: Awaitable[Any]) -> Any:
        """Slack's answer. Raises SlackFailed."""
        try:
            return await call
        except SlackApiError as error:
            raise SlackFailed(slack_code(error)) from error
        except self._lost as error:
            raise SlackFailed(type(error).__name__) from error


def slack_code(error: SlackApiError) -> str:
    """Slack's error code; the HTTP status where the answer was no JSON (a server error, a proxy's page)."""
    told: Any = getattr(error.response, "data", error.response)
    status = getattr(error.response, "status_code", "")
    return str(told.get("error") or "") if isinstance(told, dict) else f"http_{status}"
