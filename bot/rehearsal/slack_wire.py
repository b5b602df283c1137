"""From Slack to the bot: signed HTTP or Socket Mode, 3 seconds to answer, events sent again when not taken."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.rehearsal.faults import Fault, FaultKind, Faults
from bot.rehearsal.slack_limits import Json
from bot.rehearsal.slack_socket import Sockets
from bot.rehearsal.slack_world import World

ANSWER_SECONDS = 3.0
RETRY_AFTER = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))


@dataclass
class Answer:
    """What the bot answered. `error`: how Slack names the failure (`operation_timeout`, `dispatch_failed`), else None.

    `errors` are the inline errors a modal shows; `sent` is False when Slack's own client held the request back.
    """

    status: int | None = None
    seconds: float = 0.0
    body: Any = None
    error: str | None = None
    errors: dict[str, str] | None = None
    sent: bool = True
    url: str | None = None  # the address a link button opened
    final: bool = False  # the bot asked for no retries (X-Slack-No-Retry)

    @property
    def ok(self) -> bool:
        return self.error is None and not self.errors and self.sent


@dataclass(frozen=True)
class Complaint:
    """Something a person in Slack would have noticed, or that Slack's client could not use."""

    at: datetime
    kind: str
    what: str
    detail: str = ""


@dataclass
class Waiting:
    """An event in the outbox: due at `due`, sent `tries` times so far."""

    payload: Json
    due: datetime
    tries: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        return f"events.{self.payload['event']['type']}"


class Wire:
    """`request_url` is where commands, events, interactivity and options go; connected sockets win over it."""

    def __init__(self, world: World, sockets: Sockets, faults: Faults, secret: str, request_url: str | None) -> None:
        self.world, self.sockets, self.faults, self.secret = world, sockets, faults, secret
        self.request_url = request_url
        self.signing_clock: Callable[[], float] = time.time  # the bot checks it against the real clock
        self._http: httpx.AsyncClient | None = None
        self.complaints: list[Complaint] = []
        self.answers: list[tuple[str, Answer]] = []
        self.outbox: list[Waiting] = []
        self._doubles: list[tuple[str, Json]] = []
        self.subscribed = {"app_home_opened", "member_joined_channel", "app_uninstalled", "tokens_revoked"}

    def complain(self, kind: str, what: str, detail: str = "") -> None:
        self.complaints.append(Complaint(self.world.now(), kind, what, detail))

    async def send(self, kind: str, name: str, payload: Json) -> Answer:
        """One command or interaction (`kind` as in Socket Mode: slash_commands, interactive), and its answer."""
        fault = self.faults.take(name)
        if fault is not None and fault.kind is FaultKind.HOOK_LOST:
            answer = Answer(error="operation_timeout")
        else:
            answer = await self._once(kind, payload, {})
            if fault is not None and fault.kind is FaultKind.HOOK_DOUBLED:
                self._doubles.append((kind, payload))
        self.answers.append((name, answer))
        if answer.error:
            self.complain(answer.error, name, f"status {answer.status}, {answer.seconds:.2f} s")
        return answer

    # events
    def emit(self, event: Json, *, due: datetime | None = None) -> None:
        """Puts an event into the outbox, if the app is subscribed to it."""
        if event["type"] not in self.subscribed:
            return
        now = self.world.now()
        who = {"team_id": self.world.team_id, "user_id": self.world.bot_user, "is_bot": True, "enterprise_id": None}
        payload = {
            "token": "verification",
            "team_id": self.world.team_id,
            "context_team_id": self.world.team_id,
            "api_app_id": self.world.app_id,
            "event": {**event, "event_ts": self.world.next_ts()},
            "type": "event_callback",
            "event_id": self.world.number("Ev"),
            "event_time": int(now.timestamp()),
            "is_ext_shared_channel": False,
            "authorizations": [{**who, "is_enterprise_install": False}],
        }
        waiting = Waiting(payload, due or now)
        fault = self.faults.take(waiting.name)
        self._disturb(waiting, fault)

    async def deliver(self) -> int:
        """Sends second deliveries and the due events, and returns how many.

        Events that were not taken come back at once, after 1 and after 5 minutes.
        """
        sent = len(self._doubles)
        while self._doubles:  # the answer to the first one counts, nobody waits for this one's
            await self._once(*self._doubles.pop(0), {})
        while due := [one for one in self.outbox if one.due <= self.world.now()]:
            waiting = due[0]
            self.outbox.remove(waiting)
            sent += 1
            await self._event(waiting)
        return sent

    async def _event(self, waiting: Waiting) -> None:
        headers = {}
        if waiting.tries:
            headers = {"X-Slack-Retry-Num": str(waiting.tries), "X-Slack-Retry-Reason": waiting.reason}
        answer = await self._once("events_api", waiting.payload, headers)
        self.answers.append((waiting.name, answer))
        if answer.error is None:
            return
        self.complain("event_not_taken", waiting.name, f"status {answer.status}, try {waiting.tries + 1}")
        if answer.final or waiting.tries >= len(RETRY_AFTER):
            return
        waiting.due = self.world.now() + RETRY_AFTER[waiting.tries]
        waiting.tries += 1
        waiting.reason = "http_timeout" if answer.error == "operation_timeout" else "http_error"
        self.outbox.append(waiting)

    def _disturb(self, waiting: Waiting, fault: Fault | None) -> None:
        if fault is None:
            self.outbox.append(waiting)
        elif fault.kind is FaultKind.HOOK_DOUBLED:
            self.outbox += [waiting, Waiting(waiting.payload, waiting.due)]
        elif fault.kind is FaultKind.HOOK_DELAYED:
            waiting.due += timedelta(seconds=fault.seconds)
            self.outbox.append(waiting)
        elif fault.kind is FaultKind.HOOK_REORDERED:
            self.outbox.insert(0, waiting)
        elif fault.kind is not FaultKind.HOOK_LOST:
            self.outbox.append(waiting)

    # the two ways
    async def _once(self, kind: str, payload: Json, headers: dict[str, str]) -> Answer:
        started = time.monotonic()
        if any(not one.closed for one in self.sockets.open):
            answer = await self._by_socket(kind, payload, headers)
        elif self.request_url:
            answer = await self._by_http(kind, payload, headers)
        else:
            answer = Answer(error="dispatch_failed")
        answer.seconds = time.monotonic() - started
        return answer

    async def _by_socket(self, kind: str, payload: Json, headers: dict[str, str]) -> Answer:
        envelope: Json = {
            "envelope_id": f"{self.world.token(8)}-{self.world.token(12)}",
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope["envelope_id"] = f"envelope-{payload['event_id']}"  # a repeated event keeps its envelope
            envelope |= {"retry_attempt": int(headers.get("X-Slack-Retry-Num", 0))}
            envelope |= {"retry_reason": headers.get("X-Slack-Retry-Reason", "")}
        taken, body = await self.sockets.deliver(envelope, ANSWER_SECONDS)
        if isinstance(body, dict) and set(body) == {"text"} and not body["text"]:
            body = None
        return Answer(body=body) if taken else Answer(error="operation_timeout")

    async def _by_http(self, kind: str, payload: Json, headers: dict[str, str]) -> Answer:
        if kind == "events_api":
            raw, content_type = json.dumps(payload), "application/json"
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            raw, content_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = {**self.signature(raw), "Content-Type": content_type, "User-Agent": "Slackbot 1.0", **headers}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await self._client().post(str(self.request_url), content=raw.encode(), headers=headers)
        except TimeoutError:
            return Answer(error="operation_timeout")
        except httpx.HTTPError as error:
            return Answer(error="dispatch_failed", body=type(error).__name__)
        return self._read(response)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            fresh = httpx.Limits(max_keepalive_connections=0)  # the bot may have been restarted between two requests
            self._http = httpx.AsyncClient(trust_env=False, timeout=None, limits=fresh)
        return self._http

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _read(self, response: httpx.Response) -> Answer:
        if not 200 <= response.status_code < 300:
            final = response.headers.get("x-slack-no-retry") == "1"
            return Answer(response.status_code, error="dispatch_failed", body=response.text, final=final)
        text = response.text
        if not text.strip():
            return Answer(response.status_code)
        if response.headers.get("content-type", "").startswith("application/json"):
            try:
                return Answer(response.status_code, body=response.json())
            except ValueError:
                return Answer(response.status_code, body=text, error="dispatch_failed")
        return Answer(response.status_code, body=text)

    def signature(self, raw: str) -> dict[str, str]:
        """The two headers with which Slack signs a body."""
        stamp = str(int(self.signing_clock()))
        digest = hmac.new(self.secret.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
