"""Serves an ASGI app on the loopback from inside the running event loop, and lets a fake drop a connection."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.rehearsal.faults import DROP

GRACE = 2.0  # seconds that open requests get at the end


class _Quiet(uvicorn.Server):
    """Leaves signals alone and ends at once: uvicorn's own ends wait tenths of a second, which tests pay per server."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.closing = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as failed:  # uvicorn would end the whole process
            raise RuntimeError("the app did not start: its lifespan failed") from failed

    async def main_loop(self) -> None:
        while not self.closing.is_set():
            await self.on_tick(0)  # refreshes the Date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        busy = self.server_state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while busy.connections or busy.tasks:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
        for task in list(busy.tasks):
            task.cancel()
        await self.lifespan.shutdown()


@dataclass
class Served:
    """A server that accepts connections at `url` until `close()`."""

    host: str
    port: int
    server: _Quiet
    task: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def close(self) -> None:
        """Ends it: open requests get two seconds, then their work is cancelled."""
        self.server.closing.set()
        await self.task


def droppable(app: ASGIApp) -> ASGIApp:
    """Gives the app, in its scope, the means to abort the connection it is answering."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            scope[DROP] = transport.abort
        await app(scope, receive, send)

    return wrapped


async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Served:
    """Starts serving and returns once connections are accepted. Port 0: a free one.

    Raises OSError when the port is taken, RuntimeError when the app's lifespan fails.
    """
    # With the protocol named asyncio switches Nagle's wait off; without it every answer takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    config = uvicorn.Config(
        droppable(app),
        log_config=None,
        log_level="error",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        interface="asgi3",
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        if task.done():
            sock.close()
            task.result()
            raise RuntimeError("the server ended before it began")
        await asyncio.sleep(0.002)
    return Served(host, sock.getsockname()[1], server, task)
