"""Serves an ASGI app on the loopback from inside the running event loop, and lets a fake drop a connection."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.rehearsal.faults import DROP


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to whoever runs the loop


@dataclass
class Served:
    """A server that accepts connections at `url` until `close()`."""

    host: str
    port: int
    server: uvicorn.Server
    task: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def close(self) -> None:
        """Ends it: open requests get two seconds, then their connections are cut."""
        self.server.should_exit = True
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
    """Starts serving and returns once connections are accepted. Port 0: a free one. Raises OSError if it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    config = uvicorn.Config(
        droppable(app),
        log_level="error",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        interface="asgi3",
        timeout_graceful_shutdown=2,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        if task.done():
            sock.close()
            task.result()
            raise RuntimeError("the app did not start: its lifespan failed")
        await asyncio.sleep(0.005)
    return Served(host, sock.getsockname()[1], server, task)
