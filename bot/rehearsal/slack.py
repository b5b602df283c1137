"""A fake Slack on the loopback: Web API, response URLs, Socket Mode, OAuth page, and the people who use the bot.

It refuses what Slack refuses, with Slack's codes, and keeps what was refused (`refusals`, `complaints`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.rehearsal import slack_chat as chat
from bot.rehearsal import slack_directory as directory
from bot.rehearsal import slack_files as files
from bot.rehearsal.faults import Call, FaultKind, Faults, answer_after, answer_before, utc_now
from bot.rehearsal.serving import Served, serve
from bot.rehearsal.slack_acts import Acts
from bot.rehearsal.slack_client import Person, text_of
from bot.rehearsal.slack_limits import Json
from bot.rehearsal.slack_methods import METHODS, arguments, unfolded
from bot.rehearsal.slack_page import Page, shown_view
from bot.rehearsal.slack_socket import Sockets
from bot.rehearsal.slack_wire import Answer, Complaint, Wire
from bot.rehearsal.slack_world import Channel, Refused, User, World


@dataclass(frozen=True)
class Refusal:
    """A call the fake refused: its arguments without the token, the code, and the JSON pointers of broken limits."""

    method: str
    error: str
    args: Json
    messages: list[str]
    at: datetime


class FakeSlack:
    """One workspace with an admin (U1), two members (U2, U3), a guest (U4) and a Slack Connect stranger (U5).

    C1 `#tiktok-shop` has the bot in it, C2 `#general` (public) and C3 `#ops-private` have not. Call `serve()` (or serve
    `.app` and set `url`), point the bot at `<url>/api/`, set `request_url` to the bot's one Slack endpoint (or let it
    connect by Socket Mode).
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        faults: Faults | None = None,
        signing_secret: str = "rehearsal-signing-secret",
        bot_token: str = "xoxb-rehearsal-bot",
        app_token: str = "xapp-rehearsal-app",
        client_id: str = "1111.2222",
        client_secret: str = "rehearsal-client-secret",
        request_url: str | None = None,
    ) -> None:
        self.now = now
        self.faults = faults or Faults()
        self.world = World(now)
        self.bot_token, self.app_token = bot_token, app_token
        self.consent = directory.Consent(client_id, client_secret, {})
        self.sockets = Sockets(self.world)
        self.wire = Wire(self.world, self.sockets, self.faults, signing_secret, request_url)
        self.acts = Acts(self.world, self.wire)
        self.page = Page(self.world, self.acts)
        self.calls: list[Call] = []
        self.refusals: list[Refusal] = []
        self._settle()
        self.app = self._app()

    # the world
    def _settle(self) -> None:
        team = self.world.team_id
        self.add_user("U1", "ana", "Ana Admin", is_admin=True)
        self.add_user("U2", "ben", "Ben Baker")
        self.add_user("U3", "chloe", "Chloe Clerk")
        self.add_user("U4", "gus", "Gus Guest", is_restricted=True)
        self.add_user("U5", "sam", "Sam Stranger", is_stranger=True, team_id="T0002")
        self.world.users[self.world.bot_user] = User(self.world.bot_user, "linkbot", "Linkbot", team, is_bot=True)
        self.add_channel("C1", "tiktok-shop", members=["U1", "U2", "U3", "U4", "U5"], bot=True, is_ext_shared=True)
        self.add_channel("C2", "general", members=["U1", "U2", "U3"])
        self.add_channel("C3", "ops-private", members=["U1", "U2"], is_private=True)

    def add_user(self, user: str, name: str, real_name: str = "", **flags: Any) -> User:
        """A new person, by default a full member of the team (flags as in `User`)."""
        flags.setdefault("team_id", self.world.team_id)
        self.world.users[user] = User(user, name, real_name or name.title(), **flags)
        self.world.changed()
        return self.world.users[user]

    def add_channel(
        self, channel: str, name: str, *, members: list[str] | None = None, bot: bool = False, **flags: Any
    ) -> Channel:
        """A new channel (flags as in `Channel`); `bot`: the bot is in it."""
        inside = [*(members or []), *([self.world.bot_user] if bot else [])]
        self.world.channels[channel] = Channel(channel, name, members=inside, **flags)
        self.world.changed()
        return self.world.channels[channel]

    def add_usergroup(self, group: str, handle: str, users: list[str]) -> None:
        told = {"id": group, "team_id": self.world.team_id, "handle": handle, "name": handle.title(), "date_delete": 0}
        self.world.usergroups[group] = {**told, "users": list(users), "user_count": len(users)}
        self.world.changed()

    async def join(self, channel: str, user: str | None = None) -> None:
        """A person (default: the bot, invited) becomes a member; the bot hears of it."""
        user = user or self.world.bot_user
        self.world.channels[channel].members.append(user)
        kind = "G" if self.world.channels[channel].is_private else "C"
        event = {"type": "member_joined_channel", "user": user, "channel": channel, "channel_type": kind}
        self.wire.emit(event | {"team": self.world.team_id})
        self.world.changed()
        await self.wire.deliver()

    async def uninstall(self) -> None:
        """The app is removed: its token is worthless, and the bot hears `tokens_revoked` and `app_uninstalled`."""
        self.world.revoked = "account_inactive"
        self.wire.emit({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.world.bot_user]}})
        self.wire.emit({"type": "app_uninstalled"})
        await self.wire.deliver()

    # looking on
    def person(self, user: str) -> Person:
        return Person(self.acts, user)

    def messages(self, channel: str, *, thread: str | None = None) -> list[Json]:
        """The messages all members see, oldest first; replies of a thread only with its `thread`."""
        shown = [one for one in self.world.channels[channel].messages if not one.seen_by]
        return [deepcopy(one.body) | {"channel": channel} for one in shown if one.body.get("thread_ts") == thread]

    def ephemerals(self, user: str, channel: str) -> list[Json]:
        """The messages only this person sees, oldest first."""
        shown = [one for one in self.world.channels[channel].messages if one.seen_by == user]
        return [deepcopy(one.body) | {"channel": channel} for one in shown]

    def views_open(self, user: str) -> list[Json]:
        """The person's stack of modals, topmost last, each with its inline `errors`."""
        return [shown_view(view) for view in self.world.stack(user)]

    def home(self, user: str) -> Json | None:
        return shown_view(self.world.homes[user]) if user in self.world.homes else None

    def dm(self, user: str) -> str:
        """The id of the direct message channel between the bot and a person."""
        return self.world.im_of(user).id

    def notices(self, user: str) -> list[str]:
        """What Slack itself told the person (a command that failed, a lost connection)."""
        return list(self.world.notices.get(user, []))

    def find_text(self, text: str, *, user: str | None = None) -> list[Json]:
        """Every message, ephemeral, open modal and home view in which the text stands; of one person's, if given."""
        found: list[Json] = []
        for channel in self.world.channels.values():
            for one in channel.messages:
                if user is None or one.seen_by in (None, user):
                    found.append(deepcopy(one.body) | {"channel": channel.id})
        for view in [*self.world.views.values(), *self.world.homes.values()]:
            if user in (None, view.user):
                found.append(shown_view(view))
        return [one for one in found if text in text_of(one)]

    @property
    def complaints(self) -> list[Complaint]:
        """What people in Slack would have noticed: time-outs, unhandled requests, unusable answers."""
        return self.wire.complaints

    @property
    def answers(self) -> list[tuple[str, Answer]]:
        """Every answer of the bot to a delivery, with its status and time."""
        return self.wire.answers

    @property
    def url(self) -> str:
        """Where the fake itself answers, without a slash at the end; learnt from the first call when not set."""
        return self.world.base_url

    @url.setter
    def url(self, url: str) -> None:
        self.world.base_url = url.rstrip("/")

    async def serve(self, port: int = 0) -> Served:
        """Serves the fake on the loopback and sets `url`."""
        served = await serve(self.app, port=port)
        self.url = served.url
        return served

    @property
    def request_url(self) -> str | None:
        return self.wire.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self.wire.request_url = url

    async def deliver(self) -> int:
        """Sends the events that are due; returns how many deliveries were tried."""
        return await self.wire.deliver()

    async def until(self, holds: Callable[[], Any], seconds: float = 5.0) -> Any:
        """Waits for the bot's doing to show: looks again after each change. Returns what `holds` returned (truthy).

        Raises TimeoutError, naming nothing: assert on the world afterwards to see what is there instead.
        """
        woken = self.world.watch()
        try:
            async with asyncio.timeout(seconds):
                while not (found := holds()):
                    await woken.wait()
                    woken.clear()
                return found
        finally:
            self.world.unwatch(woken)

    async def close(self) -> None:
        """Ends the WebSocket server, the page's event streams and the connections to the bot."""
        self.page.end()
        await self.wire.close()
        await self.sockets.close()

    # the server
    def _app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            yield
            await self.close()

        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/api/{method}", self._api, methods=both),
                Route("/response/{key}", self._response_url, methods=["POST"]),
                Route("/upload/{file}/{ticket}", self._upload, methods=["POST"]),
                Route("/files/{file}", self._file),
                Route("/oauth/v2/authorize", self._authorize),
                Route("/oauth/v2/allow", self._allow),
                *self.page.routes(),
            ],
            lifespan=lifespan,
        )

    async def _api(self, request: Request) -> Response:
        method = request.path_params["method"]
        args = await arguments(request)
        self._learn_address(request)
        fault = self.faults.take(method)
        early = answer_before(fault)
        if early is not None:
            if fault is not None and fault.kind is FaultKind.RATE_LIMITED:
                retry = {"Retry-After": f"{fault.retry_after:g}"}
                early = JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers=retry)
            self._record(method, request, args, early.status_code, fault.kind.value if fault else None)
            return early
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or args.pop("token", "")
        args.pop("token", None)
        try:
            body, status, headers = await self._done(method, args, token, request), 200, {}
            answer: Json = {"ok": True, **body}
        except Refused as refused:
            answer = {"ok": False, "error": refused.code, **refused.more}
            status, headers = refused.status, refused.headers
            told = refused.more.get("response_metadata", {}).get("messages", [])
            self.refusals.append(Refusal(method, refused.code, args, told, self.now()))
        self._record(method, request, args, status, answer.get("error"))
        scopes = {"x-oauth-scopes": ",".join(self.world.scopes)} if token == self.bot_token else {}
        return answer_after(fault, JSONResponse(answer, status, headers=headers | scopes))

    async def _done(self, method: str, args: Json, token: str, request: Request) -> Json:
        if method == "oauth.v2.access":
            authorization = request.headers.get("authorization", "")
            return self.consent.exchange(self.world, args, authorization, self.bot_token)
        if not token:
            raise Refused("not_authed")
        if method == "apps.connections.open":
            if token != self.app_token:
                raise Refused("not_allowed_token_type" if token == self.bot_token else "invalid_auth")
            return {"url": await self.sockets.address()}
        if token == self.app_token and method == "auth.test":
            return {"app_name": "Linkbot", "app_id": self.world.app_id}
        if token == self.app_token:
            raise Refused("not_allowed_token_type")
        if token != self.bot_token:
            raise Refused("invalid_auth")
        if self.world.revoked:
            raise Refused(self.world.revoked)
        if method not in METHODS:
            raise Refused("unknown_method", req_method=method)
        function, scopes = METHODS[method]
        if scopes and not set(scopes.split(",")) & set(self.world.scopes):
            raise Refused("missing_scope", needed=scopes, provided=",".join(self.world.scopes))
        return function(self.world, unfolded(args))

    def _record(self, operation: str, request: Request, args: Json, status: int, code: str | None) -> None:
        query = {key: value for key, value in request.query_params.items() if key != "token"}
        self.calls.append(Call(operation, deepcopy(args), query, status, code, self.now()))

    def _learn_address(self, request: Request) -> None:
        if not self.world.base_url:
            self.world.base_url = str(request.url).split("/api/")[0]

    async def _response_url(self, request: Request) -> Response:
        fault = self.faults.take("response_url")
        early = answer_before(fault)
        if early is not None:
            return early
        body: Json = {}
        try:
            body = json.loads(await request.body())
            chat.respond(self.world, request.path_params["key"], body)
            error, status = None, 200
        except Refused as refused:
            error, status = refused.code, refused.status
            told = refused.more.get("response_metadata", {}).get("messages", [])
            self.refusals.append(Refusal("response_url", refused.code, body, told, self.now()))
        except ValueError:
            error, status = "invalid_payload", 400
        self._record("response_url", request, body, status, error)
        if status == 200:
            return answer_after(fault, PlainTextResponse("ok"))
        return answer_after(fault, JSONResponse({"ok": False, "error": error}, status))

    async def _upload(self, request: Request) -> Response:
        early = answer_before(self.faults.take("upload"))
        return early if early is not None else await files.take_upload(self.world, request)

    async def _file(self, request: Request) -> Response:
        return files.give_file(self.world, request, self.bot_token)

    async def _authorize(self, request: Request) -> Response:
        return HTMLResponse(self.consent.page(dict(request.query_params)))

    async def _allow(self, request: Request) -> Response:
        return RedirectResponse(self.consent.allow(self.world, dict(request.query_params)), 302)
