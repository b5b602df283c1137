"""Socket Mode: a WebSocket server on the loopback with hello, envelopes and acknowledgements.

It stands on aiohttp because the ASGI server of the rehearsal speaks no WebSocket.
"""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from bot.rehearsal.slack_limits import Json
from bot.rehearsal.slack_world import World

SOCKETS_MOST = 10


class Sockets:
    """The connections of the app; any one of them gets an envelope."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: list[web.WebSocketResponse] = []
        self.acks: dict[str, asyncio.Future[Any]] = {}
        self.sent = 0
        self._tickets: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._url = ""

    async def address(self) -> str:
        """A single-use address for one connection (`apps.connections.open`)."""
        if self._runner is None:
            app = web.Application()
            app.router.add_get("/link", self._connection)
            self._runner = web.AppRunner(app, handle_signals=False, access_log=None)
            await self._runner.setup()
            site = web.TCPSite(self._runner, "127.0.0.1", 0, shutdown_timeout=1)
            await site.start()
            host, port = self._runner.addresses[0][:2]
            self._url = f"ws://{host}:{port}/link"
        ticket = self.world.token(20)
        self._tickets.add(ticket)
        return f"{self._url}?ticket={ticket}&app_id={self.world.app_id}"

    async def deliver(self, envelope: Json, seconds: float) -> tuple[bool, Any]:
        """Sends to one connection and waits for the acknowledgement: (acknowledged, its payload)."""
        live = [one for one in self.open if not one.closed]
        if not live:
            return False, None
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.acks[envelope["envelope_id"]] = waiting
        try:
            await live[self.sent % len(live)].send_str(json.dumps(envelope))
            self.sent += 1
            async with asyncio.timeout(seconds):
                return True, await waiting
        except (TimeoutError, ConnectionError):
            return False, None
        finally:
            self.acks.pop(envelope["envelope_id"], None)

    async def hang_up(self, reason: str = "refresh_requested") -> None:
        """Ends every connection the way Slack does when it wants a new one."""
        for one in list(self.open):
            with contextlib.suppress(ConnectionError):
                await one.send_str(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {}}))
                await one.close()

    async def close(self) -> None:
        for one in list(self.open):
            await one.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _connection(self, request: web.Request) -> web.WebSocketResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="invalid ticket")
        self._tickets.discard(ticket)
        if len(self.open) >= SOCKETS_MOST:
            raise web.HTTPTooManyRequests(text="too_many_websockets")
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.open.append(socket)
        hello = {"type": "hello", "num_connections": len(self.open), "connection_info": {"app_id": self.world.app_id}}
        await socket.send_str(
            json.dumps(hello | {"debug_info": {"host": "rehearsal", "approximate_connection_time": 3600}})
        )
        self.world.changed()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledged(frame.data)
        finally:
            self.open.remove(socket)
            self.world.changed()
        return socket

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        waiting = self.acks.get(str(answer.get("envelope_id"))) if isinstance(answer, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.get("payload"))
