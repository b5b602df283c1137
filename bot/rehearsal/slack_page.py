"""`/client/*`: the fake Slack's own client API, for the page that shows it."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.rehearsal.slack_acts import Acts, NotThere
from bot.rehearsal.slack_files import add_file
from bot.rehearsal.slack_limits import Json
from bot.rehearsal.slack_wire import Answer
from bot.rehearsal.slack_world import Channel, Message, Refused, View, World

KEEP_ALIVE_SECONDS = 15.0
FILES = "/slack/client/file"  # where the page's own server shows this one's files


class Page:
    """Answers what one user sees (`state`), says when it changed (`events`), and takes their acts."""

    def __init__(self, world: World, acts: Acts) -> None:
        self.world, self.acts = world, acts
        self.ending = False

    def routes(self) -> list[Route]:
        posts = {
            "command": self.command,
            "action": self.action,
            "options": self.options,
            "submit": self.submit,
            "close": self.close,
            "home": self.home,
            "shortcut": self.shortcut,
            "message": self.message,
            "file": self.file,
        }
        return [
            Route("/client/state", self.state),
            Route("/client/events", self.events),
            Route("/client/file/{file}", self.download),
            *(Route(f"/client/{name}", self._posted(act), methods=["POST"]) for name, act in posts.items()),
        ]

    def end(self) -> None:
        """Ends the event streams, so that the server can stop."""
        self.ending = True
        self.world.changed()

    async def state(self, request: Request) -> Response:
        user = request.query_params.get("user") or next(iter(self.world.users))
        if user not in self.world.users:
            return JSONResponse({"ok": False, "error": "user_not_found"}, 404)
        return JSONResponse(seen_by(self.world, user))

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self) -> AsyncIterator[str]:
        woken = self.world.watch()
        try:
            yield f'data: {{"type":"changed","n":{self.world.changes}}}\n\n'
            while not self.ending:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        await woken.wait()
                except TimeoutError:
                    yield ": keep-alive\n\n"
                    continue
                woken.clear()
                if not self.ending:
                    yield f'data: {{"type":"changed","n":{self.world.changes}}}\n\n'
        finally:
            self.world.unwatch(woken)

    # acts
    async def command(self, given: Json) -> Json:
        return _told(await self.acts.command(given["user"], given["channel"], given["text"]))

    async def action(self, given: Json) -> Json:
        element = given.get("element") or {}
        where = given["container"]
        return _told(await self.acts.act(given["user"], where, given["block_id"], given["action_id"], element))

    async def options(self, given: Json) -> Json:
        where, query = given["container"], given.get("value") or ""
        return await self.acts.suggest(given["user"], where, given["block_id"], given["action_id"], query)

    async def submit(self, given: Json) -> Json:
        return _told(await self.acts.submit(given["user"], given["view_id"], given.get("values")))

    async def close(self, given: Json) -> Json:
        whole = bool(given.get("whole"))
        return _told(await self.acts.close(given["user"], given["view_id"], whole=whole))

    async def home(self, given: Json) -> Json:
        await self.acts.home(given["user"])
        return {"ok": True}

    async def shortcut(self, given: Json) -> Json:
        channel, ts = given.get("channel"), given.get("ts")
        return _told(await self.acts.shortcut(given["user"], given["callback_id"], channel, ts))

    async def message(self, given: Json) -> Json:
        if given["text"].startswith("/"):
            return await self.command(given)
        await self.acts.message(given["user"], given["channel"], given["text"])
        return {"ok": True}

    async def file(self, given: Json) -> Json:
        return {"ok": True, "file": add_file(self.world, given["user"], given["name"], given["content"].encode())}

    async def download(self, request: Request) -> Response:
        """A person opens a file in their client, which is signed in."""
        held = self.world.files.get(request.path_params["file"])
        if held is None or held["content"] is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        kind = mimetypes.guess_type(held["name"])[0] or "application/octet-stream"
        way = "inline" if kind == "image/png" else "attachment"
        headers = {"Content-Disposition": f'{way}; filename="{held["name"]}"', "X-Content-Type-Options": "nosniff"}
        return Response(held["content"], media_type=kind, headers=headers)

    def _posted(self, act: Callable[[Json], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse(await act(await request.json()))
            except (KeyError, ValueError, TypeError, AttributeError):
                return JSONResponse({"ok": False, "error": "invalid_arguments"}, 400)
            except (NotThere, Refused) as refused:
                return JSONResponse({"ok": False, "error": str(refused)}, 404)

        return endpoint


def seen_by(world: World, user: str) -> Json:
    """Everything one user's client shows."""
    me = world.users[user]
    rooms = [one for one in world.channels.values() if user in one.members or not (one.is_private or me.is_restricted)]
    people = ("id", "name", "real_name", "is_admin", "is_restricted", "is_stranger", "is_bot")
    home = world.homes.get(user)
    return {
        "team": {"id": world.team_id, "name": world.team_name, "domain": world.domain},
        "user": user,
        "users": [{key: getattr(one, key) for key in people} for one in world.users.values()],
        "usergroups": [{"id": one["id"], "handle": one["handle"]} for one in world.usergroups.values()],
        "channels": [_channel(world, one) for one in rooms],
        "messages": {one.id: _messages(one, user) for one in rooms},
        "views": [shown_view(view) for view in world.stack(user)],
        "home": shown_view(home) if home else None,
        "notices": [{"text": text} for text in world.notices.get(user, [])],
    }


def shown_view(view: View) -> Json:
    """A view as the client holds it: Slack's JSON and the inline errors."""
    return deepcopy(view.body) | {"errors": dict(view.errors)}


def _channel(world: World, one: Channel) -> Json:
    name = "Linkbot" if one.is_im else one.name
    flags = {"is_private": one.is_private, "is_im": one.is_im, "has_bot": world.bot_user in one.members}
    return {"id": one.id, "name": name, "topic": one.topic, **flags}


def _messages(place: Channel, user: str) -> list[Json]:
    return [_message(place, one) for one in place.messages if one.seen_by in (None, user)]


def _message(place: Channel, message: Message) -> Json:
    kept = ("ts", "thread_ts", "user", "text", "blocks", "edited", "files", "attachments")
    shown = {key: deepcopy(message.body[key]) for key in kept if key in message.body}
    for block in shown.get("blocks", []):
        if block.get("slack_file", {}).get("id"):
            block["image_url"] = f"{FILES}/{block['slack_file']['id']}"
    for file in shown.get("files", []):
        file["url_private"] = file["url_private_download"] = f"{FILES}/{file['id']}"
    if message.seen_by:
        shown["ephemeral"] = True
    replies = sum(1 for one in place.messages if one.body.get("thread_ts") == message.ts and not one.seen_by)
    if replies:
        shown["reply_count"] = replies
    return shown


def _told(answer: Answer) -> Json:
    told: Json = {"ok": answer.error is None and not answer.errors}
    for key in ("error", "errors", "url"):
        if getattr(answer, key):
            told[key] = getattr(answer, key)
    return told
