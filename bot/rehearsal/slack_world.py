"""The one workspace that the fake Slack holds in memory: people, channels, messages, views, and what may still be used
(triggers, response URLs, message pace)."""

import asyncio
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.rehearsal.slack_limits import Json, elements_of
from bot.rehearsal.slack_values import first_state

SCOPES = [
    "commands",
    "chat:write",
    "chat:write.public",
    "users:read",
    "usergroups:read",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:history",
    "groups:read",
    "im:read",
    "im:write",
    "mpim:read",
    "mpim:write",
    "files:read",
    "files:write",
    "links:read",
    "links:write",
    "team:read",
]
TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5


class Refused(Exception):
    """Slack's `ok: false`: an error code, more keys of the answer, and the HTTP status (429 when rate limited)."""

    def __init__(self, code: str, *, status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(code)
        self.code, self.status, self.headers, self.more = code, status, headers or {}, more


@dataclass
class User:
    id: str
    name: str
    real_name: str
    team_id: str
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False  # guest
    is_ultra_restricted: bool = False  # guest of a single channel
    is_stranger: bool = False  # of another workspace, through Slack Connect
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Europe/London"


@dataclass
class Channel:
    id: str
    name: str
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    topic: str = ""
    members: list[str] = field(default_factory=list)
    messages: list["Message"] = field(default_factory=list)


@dataclass
class Message:
    """`body` is the message as Slack's JSON; `seen_by` the one person who sees an ephemeral one."""

    channel: str
    body: Json
    seen_by: str | None = None
    chosen: dict[str, Json] = field(default_factory=dict)  # state.values by person

    @property
    def ts(self) -> str:
        return self.body["ts"]


@dataclass
class View:
    """`body` is the view as Slack's JSON with `state`, `hash`, ids; `errors` what the person sees at the inputs."""

    user: str
    body: Json
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.body["id"]


@dataclass
class Trigger:
    user: str
    issued: datetime
    view: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    channel: str
    user: str
    issued: datetime
    message: Message | None = None
    used: int = 0


class World:
    """All state. Every change ends in `changed()`, which wakes whoever waits (`until`, the page's event stream)."""

    def __init__(self, now: Callable[[], datetime], seed: int = 0) -> None:
        self.now = now
        self.team_id, self.team_name, self.domain = "T0001", "Rehearsal Ltd", "rehearsal"
        self.app_id, self.bot_id, self.bot_user = "A0001", "B0001", "UBOT01"
        self.base_url = ""  # of the fake itself; learnt from the first request
        self.scopes: list[str] = list(SCOPES)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, Json] = {}
        self.is_paid = True  # user groups come with the paid plans
        self.views: dict[str, View] = {}  # open modals, oldest first
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.files: dict[str, Json] = {}
        self.files_late = 0  # how often a fresh file is not ready yet: Slack looks through it after the upload
        self.notices: dict[str, list[str]] = {}
        self.revoked: str | None = None  # error of every call once the token is worthless
        self.message_burst: int | None = 5  # messages at once per channel, then 1 a second; None: no limit
        self.pace: dict[str, tuple[float, datetime]] = {}
        self.changes = 0
        self._random = random.Random(seed)
        self._counters: dict[str, int] = {}
        self._last_ts = 0
        self._waiting: set[asyncio.Event] = set()

    # ids and time
    def number(self, prefix: str) -> str:
        self._counters[prefix] = self._counters.get(prefix, 0) + 1
        return f"{prefix}{self._counters[prefix]:04d}"

    def token(self, length: int = 8) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))

    def next_ts(self) -> str:
        """A message timestamp: unique in the workspace and never falling, also when the clock stands."""
        self._last_ts = max(self._last_ts + 1, int(self.now().timestamp() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # change
    def changed(self) -> None:
        self.changes += 1
        for event in self._waiting:
            event.set()

    def watch(self) -> asyncio.Event:
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        self._waiting.discard(event)

    def notice(self, user: str, text: str) -> None:
        """What Slack itself tells a person, such as a command that failed."""
        self.notices.setdefault(user, []).append(text)
        self.changed()

    # people and channels
    def user(self, user: str | None) -> User:
        if user not in self.users:
            raise Refused("user_not_found")
        return self.users[user]

    def im_of(self, user: str) -> Channel:
        """The direct message channel between the bot and a person, made when missing."""
        for channel in self.channels.values():
            if channel.is_im and user in channel.members:
                return channel
        channel = Channel(self.number("D"), user, is_private=True, is_im=True, members=[user, self.bot_user])
        self.channels[channel.id] = channel
        return channel

    def visible(self, channel: str | None) -> Channel:
        """A channel the bot may know of; a private one it is not in does not exist for it."""
        found = self.channels.get(channel or "")
        if found is None or (found.is_private and self.bot_user not in found.members):
            raise Refused("channel_not_found")
        return found

    def postable(self, channel: str | None) -> Channel:
        """The channel a message goes to (an id, or a person's id for their direct messages)."""
        if channel in self.users and channel != self.bot_user:
            return self.im_of(channel)
        named = [one.id for one in self.channels.values() if channel == f"#{one.name}"]
        found = self.visible(named[0] if named else channel)
        if found.is_archived:
            raise Refused("is_archived")
        if self.bot_user not in found.members and "chat:write.public" not in self.scopes:
            raise Refused("not_in_channel")
        return found

    # files
    def refuse_unknown_files(self, blocks: Any) -> None:
        """Raises Refused unless every `slack_file` of an image is a picture that was uploaded and looked through."""
        for number, block in enumerate(blocks or []):
            wanted = block.get("slack_file") if isinstance(block, dict) else None
            if wanted is not None and not self._shows(wanted):
                told = f"invalid slack file [json-pointer:/blocks/{number}/slack_file]"
                raise Refused("invalid_blocks", errors=[told], response_metadata={"messages": [f"[ERROR] {told}"]})

    def _shows(self, wanted: Json) -> bool:
        named = (wanted.get("id"), wanted.get("url"))
        held = next((one for one in self.files.values() if one["id"] in named or one.get("url_private") in named), None)
        if held is None or not held.get("title") or held["content"] is None:
            return False
        if held["late"] > 0:
            held["late"] -= 1
            return False
        return held["name"].rpartition(".")[2].lower() in ("png", "jpg", "jpeg", "gif")

    # messages
    def message(self, channel: str, ts: str | None) -> Message | None:
        held = self.channels[channel].messages if channel in self.channels else []
        return next((message for message in held if message.ts == ts), None)

    def add_message(self, channel: str, body: Json, seen_by: str | None = None) -> Message:
        body = {"type": "message", **body, "ts": self.next_ts(), "team": self.team_id}
        if body.get("blocks"):
            body["blocks"] = self.with_ids(body["blocks"])
        message = Message(channel, body, seen_by)
        self.channels[channel].messages.append(message)
        self.changed()
        return message

    def by_bot(self, body: Json) -> Json:
        return {"user": self.bot_user, "bot_id": self.bot_id, "app_id": self.app_id, **body}

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """A copy of the blocks with the block_ids and action_ids that Slack makes up where none are given."""
        blocks = deepcopy(blocks)
        for block in blocks:
            block.setdefault("block_id", self.token(5))
        for block, element in elements_of(blocks):
            block.setdefault("block_id", self.token(5))
            element.setdefault("action_id", self.token(5))
        return blocks

    def keep_pace(self, channel: str) -> None:
        """One message a second per channel after a burst. Raises Refused `ratelimited` (429, Retry-After)."""
        if self.message_burst is None:
            return
        left, at = self.pace.get(channel, (float(self.message_burst), self.now()))
        left = min(float(self.message_burst), left + max(0.0, (self.now() - at).total_seconds()))
        if left < 1:
            self.pace[channel] = (left, self.now())
            raise Refused("ratelimited", status=429, headers={"Retry-After": "1"})
        self.pace[channel] = (left - 1, self.now())

    # views
    def stack(self, user: str) -> list[View]:
        """The modals a person has open, topmost last."""
        return [view for view in self.views.values() if view.user == user]

    def new_view(self, user: str, given: Json, *, on: View | None = None) -> View:
        view_id = self.number("V")
        body = {
            "id": view_id,
            "team_id": self.team_id,
            "app_id": self.app_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
            "previous_view_id": on.id if on else None,
            "root_view_id": on.body["root_view_id"] if on else view_id,
        }
        view = View(user, body)
        self.fill_view(view, given)
        return view

    def fill_view(self, view: View, given: Json) -> None:
        """Puts new content into a view: new hash, the state kept where ids stay equal, no errors."""
        kept = (view.body.get("state") or {}).get("values")
        blocks = self.with_ids(given["blocks"])
        empty = {"private_metadata": "", "callback_id": "", "external_id": "", "title": None, "submit": None}
        empty |= {"close": None, "clear_on_close": False, "notify_on_close": False}
        view.body |= empty | {key: value for key, value in given.items() if value is not None} | {"blocks": blocks}
        view.body["state"] = {"values": first_state(blocks, kept)}
        view.body["hash"] = f"{self.next_ts().split('.')[0]}.{self.token(8)}"
        view.errors = {}
        self.changed()

    # things that can be used up
    def new_trigger(self, user: str, view: str | None = None) -> str:
        key = f"{len(self.triggers) + 1}.{self.team_id}.{self.token(16)}"
        self.triggers[key] = Trigger(user, self.now(), view)
        return key

    def use_trigger(self, key: str | None) -> Trigger:
        """Raises Refused: unknown, older than 3 s, or used before."""
        trigger = self.triggers.get(key or "")
        if trigger is None:
            raise Refused("invalid_trigger_id" if key else "invalid_arguments")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.now() - trigger.issued > TRIGGER_LIFE:
            raise Refused("expired_trigger_id")
        return trigger

    def new_response_url(self, channel: str, user: str, message: Message | None = None) -> str:
        if not self.base_url:
            raise RuntimeError("the fake does not know its address yet: use serve() or set url")
        key = self.token(24)
        self.response_urls[key] = ResponseUrl(channel, user, self.now(), message)
        return f"{self.base_url}/response/{key}"

    def use_response_url(self, key: str) -> ResponseUrl:
        """Raises Refused (404): unknown or older than 30 minutes, or used 5 times."""
        found = self.response_urls.get(key)
        if found is None or self.now() - found.issued > RESPONSE_LIFE:
            raise Refused("expired_url", status=404)
        if found.used >= RESPONSE_USES:
            raise Refused("used_url", status=404)
        found.used += 1
        return found
