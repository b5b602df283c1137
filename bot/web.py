"""The web endpoints of contract.md §4, and nothing else."""

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.config import Settings
from bot.handlers.connections import Connections
from bot.handlers.webhooks import ShopifyHooks, TikTokHooks
from bot.metrics import metrics_text
from bot.store.db import Db

log = logging.getLogger("linkbot.web")
MAX_BODY = 1024 * 1024
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class BodyLimit:
    """Bodies over 1 MiB get 413 before anything else is looked at; the rest is handed on whole."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        body, more, size = [], True, int(told) if told.isdigit() else 0
        while more and size <= MAX_BODY:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body.append(event.get("body", b""))
            size, more = max(size, sum(map(len, body))), event.get("more_body", False)
        if size > MAX_BODY:
            await Response(status_code=413)(scope, receive, send)
            return
        await self._app(scope, _replay(b"".join(body), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def application(
    settings: Settings,
    db: Db,
    bolt: AsyncApp,
    connections: Connections,
    tiktok: TikTokHooks,
    shopify: ShopifyHooks,
) -> Starlette:
    """The Starlette app. Bodies are limited for every path, unknown ones included."""
    slack = _slack_endpoint(settings, bolt)
    routes = [
        Route("/slack/events", slack, methods=["POST"]),
        Route("/tiktok/callback", connections.callback, methods=["GET"]),
        Route("/shopify/callback", connections.callback, methods=["GET"]),
        Route("/tiktok/webhook", _endpoint(tiktok), methods=["POST"]),
        Route("/shopify/webhook", _endpoint(shopify), methods=["POST"]),
        Route("/healthz", _healthz, methods=["GET"]),
        Route("/readyz", _readyz(db), methods=["GET"]),
        Route("/metrics", _metrics(db), methods=["GET"]),
    ]
    if settings.several_workspaces:
        handler = AsyncSlackRequestHandler(bolt)
        routes.append(Route("/slack/install", handler.handle, methods=["GET"]))
        routes.append(Route("/slack/oauth_redirect", handler.handle, methods=["GET"]))
    app = Starlette(routes=routes)
    app.add_middleware(BodyLimit)  # type: ignore[arg-type]
    return app


def _endpoint(hooks: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A function: Starlette would take a callable object for an ASGI app."""

    async def endpoint(request: Request) -> Response:
        return await hooks(request)

    return endpoint


def _slack_endpoint(settings: Settings, bolt: AsyncApp) -> Callable[[Request], Awaitable[Response]]:
    """Verified over the raw bytes before anything is parsed; Bolt checks once more.

    Bolt alone answers a timestamp that is no number with 500 and parses broken JSON before it verifies.
    """
    secret = settings.slack_signing_secret
    verifier = SignatureVerifier(secret.get_secret_value()) if secret else None
    handler = AsyncSlackRequestHandler(bolt)

    async def events(request: Request) -> Response:
        raw = await request.body()
        if verifier is None or not _is_signed(verifier, raw, request):
            return Response(status_code=401)
        try:
            return await handler.handle(request)
        except (json.JSONDecodeError, UnicodeDecodeError):
            return Response(status_code=400)

    return events


def _is_signed(verifier: SignatureVerifier, raw: bytes, request: Request) -> bool:
    try:
        return verifier.is_valid(
            body=raw,
            timestamp=request.headers.get("x-slack-request-timestamp", ""),
            signature=request.headers.get("x-slack-signature", ""),
        )
    except (ValueError, TypeError):
        return False


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _readyz(db: Db) -> Callable[[Request], Awaitable[Response]]:
    async def readyz(_: Request) -> Response:
        problems: list[str] = []
        try:
            await db.read(lambda u: u.jobs.counts())
            if db.current() != db.head():
                problems.append("the database schema is not current: run `linkbot db upgrade`")
            age = await db.read(lambda u: u.jobs.queue_age(u.now))
            if age is not None and age.total_seconds() > 300:
                problems.append(f"no worker took the oldest due job for {int(age.total_seconds())} s")
        except Exception:
            log.exception("readiness check failed")
            problems.append("the database can't be reached")
        return JSONResponse({"ready": not problems, "problems": problems}, status_code=503 if problems else 200)

    return readyz


def _metrics(db: Db) -> Callable[[Request], Awaitable[Response]]:
    async def metrics(_: Request) -> Response:
        return Response(await metrics_text(db), media_type="text/plain; version=0.0.4; charset=utf-8")

    return metrics
