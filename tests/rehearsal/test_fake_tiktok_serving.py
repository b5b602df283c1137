"""The loopback server that the fakes run on."""

import asyncio
import contextlib
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.rehearsal.faults import Dropped
from bot.rehearsal.serving import serve


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


def app(**more: object) -> Starlette:
    return Starlette(routes=[Route("/", hello), Route("/drop", lambda request: Dropped())], **more)


async def test_serves_until_closed_and_frees_the_port():
    served = await serve(app())
    assert served.url == f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        assert (await http.get(served.url)).text == "hello"
        await served.close()
        with pytest.raises(httpx.ConnectError):
            await http.get(served.url)
        again = await serve(app(), port=served.port)
        assert (await http.get(again.url)).text == "hello"
        await again.close()


async def test_a_taken_port_is_an_error():
    served = await serve(app())
    with pytest.raises(OSError, match="in use"):
        await serve(app(), port=served.port)
    await served.close()


async def test_lifespan_runs_and_its_failure_is_told():
    seen = []

    @contextlib.asynccontextmanager
    async def good(app):
        seen.append("up")
        yield
        seen.append("down")

    served = await serve(app(lifespan=good))
    await served.close()
    assert seen == ["up", "down"]

    @contextlib.asynccontextmanager
    async def bad(app):
        raise ValueError("no")
        yield

    with pytest.raises(RuntimeError, match="lifespan"):
        await serve(app(lifespan=bad))


async def test_answers_are_not_held_back_by_the_network():
    """Twenty small round trips on one connection: with Nagle's wait each would take 40 ms."""
    served = await serve(app())
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, verify=False) as http:
        await http.get("/")
        spans = []
        for _ in range(20):
            start = time.perf_counter()
            await http.get("/")
            spans.append(time.perf_counter() - start)
    await served.close()
    assert min(spans) < 0.03


async def test_dropped_connections_leave_the_server_well():
    served = await serve(app())
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, verify=False) as http:
        dropped = await asyncio.gather(*(http.get("/drop") for _ in range(5)), return_exceptions=True)
        assert [type(error) for error in dropped] == [httpx.RemoteProtocolError] * 5
        assert (await http.get("/")).text == "hello"
    await served.close()


async def test_dropped_without_a_server_is_a_reset():
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url="http://fake", verify=False) as http:
        with pytest.raises(ConnectionResetError):
            await http.get("/drop")
