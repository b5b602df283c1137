"""A server that answers what a test tells it to, and notes what it was asked: for answers that no fake gives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.rehearsal.serving import serve


@dataclass(frozen=True)
class Reply:
    """`body`: bytes go out as they are, anything else as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """The replies in their order; the last one is given again and again."""

    replies: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def answer(self, request: Request) -> Response:
        headers, body = dict(request.headers), await request.body()
        self.asked.append(Asked(request.method, request.url.path, dict(request.query_params), headers, body))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply.body, bytes):
            return Response(reply.body, reply.status, reply.headers)
        return JSONResponse(reply.body, reply.status, reply.headers)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[Scripted]:
    made = Scripted()
    methods = ["GET", "POST", "PUT", "DELETE"]
    served = await serve(Starlette(routes=[Route("/{path:path}", made.answer, methods=methods)]))
    made.url = served.url
    yield made
    await served.close()
