"""The only place where parts are made and joined: settings in, a running Linkbot out."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import httpx
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot import handlers, slack, web
from bot.clients.errors import trouble_of as client_trouble
from bot.clients.http import Pace
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import Access, TikTok
from bot.config import Settings
from bot.domain.jobs import JobKind
from bot.domain.retries import Trouble
from bot.domain.values import ShopId, StoreId, WorkspaceId
from bot.handlers.connections import Connections
from bot.handlers.control import Control
from bot.handlers.guard import Guard
from bot.handlers.rights import Rights
from bot.handlers.webhooks import ShopifyHooks, TikTokHooks
from bot.notify import bulk as bulk_cards
from bot.notify import cards, digests
from bot.notify.poster import PostBusy, Poster, error_code
from bot.notify.reading import Reading
from bot.slack_files import SlackFiles
from bot.store.db import Db, Taken, Unit
from bot.sync import (
    bulk,
    catalogue,
    connect,
    control,
    explain,
    following,
    health,
    mirroring,
    pushing,
    pushing_back,
    schedule,
    suggesting,
)
from bot.sync.consents import Apps, Consenting
from bot.sync.runner import Runner
from bot.sync.tokens import Tokens
from bot.times import utc_now

log = logging.getLogger("linkbot")
Pacing = Callable[..., Pace]
HTTP_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
"""Shorter than the lease: no call outlives the right to record what came of it."""


@dataclass
class Linkbot:
    """Everything of one process. `start` runs what this process is for; `stop` lets running work end."""

    settings: Settings
    db: Db
    tiktok: TikTok
    shopify: Shopify
    bolt: AsyncApp
    runner: Runner
    scheduler: schedule.Scheduler
    web: Starlette
    guard: Guard
    http: httpx.AsyncClient
    _socket: AsyncSocketModeHandler | None = None
    _connecting: asyncio.Task[None] | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def start(self, *, work: bool = True, listen: bool = True) -> None:
        """`work`: scheduler and workers. `listen`: Slack over Socket Mode when an app token is set."""
        if work:
            self._tasks.append(asyncio.create_task(self.runner.run_forever()))
            self.scheduler.start()
        if listen and self.settings.slack_app_token is not None:
            app_token = self.settings.slack_app_token.get_secret_value()
            client = AsyncWebClient(token=app_token, base_url=self.settings.slack_base_url)
            self._socket = AsyncSocketModeHandler(self.bolt, app_token, web_client=client)
            # beside everything else: while Slack can't be reached, webhooks are heard and orders mirrored all the same
            self._connecting = asyncio.create_task(self._socket.connect_async())

    async def idle(self) -> None:
        """Wait until every answered Slack request has been worked off."""
        await self.guard.idle()

    async def stop(self) -> None:
        """Running jobs and requests get a few seconds to end; what does not end is taken up again at the next start."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._socket is not None:
            await self._socket.close_async()
        await self.scheduler.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), 5)
        await self.runner.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.aclose()
        await self.db.close()


def open_db(settings: Settings, now: Callable[[], datetime] = utc_now) -> Db:
    """The database of these settings. Not yet reached; `upgrade` does that."""
    return Db(settings.database_url, keys=settings.fernet_keys, now=now)


def build(
    settings: Settings, *, now: Callable[[], datetime] = utc_now, db: Db | None = None, pacing: Pacing = Pace
) -> Linkbot:
    """Join all parts. Makes no call and reads no row. Raises ConfigError when Slack is not configured.

    `pacing` makes the pace of each client, with the clock and the waiting that it goes by.
    """
    settings.require_slack()
    db = db or open_db(settings, now)
    http = httpx.AsyncClient(timeout=HTTP_TIMEOUT)
    tokens = Tokens(db, now)
    tiktok, shopify = _clients(settings, http, tokens, now, pacing)
    workspaces = slack.Workspaces(settings, db)
    poster = Poster(db, workspaces.client, now)
    reading = _reading(settings)
    kinds = _kinds(settings, db, tiktok, shopify, poster, reading) | _bulk_kinds(db, poster, workspaces)
    runner = Runner(db, kinds, trouble_of=trouble_of, now=now, lease=settings.lease)
    scheduler = schedule.Scheduler(db, schedule.rows(settings.poll_every), now)
    bolt = slack.bolt_app(settings, workspaces)
    fixed = {shop: token.get_secret_value() for shop, token in settings.shopify_admin_tokens.items()}
    connections = Connections(db, Consenting(db, tiktok, shopify, _apps(settings, fixed)))
    rights = Rights(db, (aiohttp.ClientError,))
    guard = Guard(bolt, db, rights)
    handlers.register(guard, db, connections, Control(db, settings.poll_seconds, settings.public_url), rights)
    app = web.application(settings, db, bolt, connections, _tiktok_hooks(settings, db), _shopify_hooks(settings, db))
    return Linkbot(settings, db, tiktok, shopify, bolt, runner, scheduler, app, guard, http)


def _secret(value: Any) -> str:
    return "" if value is None else value.get_secret_value()


def _clients(
    settings: Settings, http: httpx.AsyncClient, tokens: Tokens, now: Callable[[], datetime], pacing: Pacing
) -> tuple[TikTok, Shopify]:
    async def access(shop_id: ShopId, refused: str) -> Access:
        return await tokens.tiktok(tiktok, shop_id, refused)

    async def token(store_id: StoreId, refused: str) -> str:
        return await tokens.shopify(shopify, store_id, refused)

    tiktok = TikTok(
        http,
        app_key=settings.tiktok_app_key or "",
        app_secret=_secret(settings.tiktok_app_secret),
        base_url=settings.tiktok_base_url,
        auth_url=settings.tiktok_auth_url,
        access=access,
        now=now,
        pace=pacing(10.0),
    )
    shopify = Shopify(
        http,
        client_id=settings.shopify_client_id or "",
        client_secret=_secret(settings.shopify_client_secret),
        base_url=settings.shopify_base_url,
        version=settings.shopify_api_version,
        token=token,
        now=now,
        pace=pacing(40.0, most=80.0),
    )
    return tiktok, shopify


def _apps(settings: Settings, fixed: dict[str, str]) -> Apps:
    return Apps(
        tiktok_authorize=settings.tiktok_authorize,
        tiktok_service_id=settings.tiktok_service_id or "",
        public_url=settings.public_url,
        shopify_client_id=settings.shopify_client_id or "",
        shopify_client_secret=_secret(settings.shopify_client_secret),
        fixed_tokens=fixed,
    )


def _tiktok_hooks(settings: Settings, db: Db) -> TikTokHooks:
    return TikTokHooks(db, settings.tiktok_app_key or "", _secret(settings.tiktok_app_secret))


def _shopify_hooks(settings: Settings, db: Db) -> ShopifyHooks:
    secret = _secret(settings.shopify_client_secret)
    return ShopifyHooks(db, (secret,) if secret else ())


def _reading(settings: Settings) -> Reading:
    def channel(u: Unit, workspace: WorkspaceId) -> str | None:
        return settings.channel or u.settings.get(workspace, "channel") or None

    return Reading(
        channel=channel,
        product_rows=explain.product_rows,
        hints=suggesting.hints,
        sku_owners=explain.sku_owners,
        preview=control.preview,
        progress=catalogue.load_progress,
    )


def _kinds(
    settings: Settings, db: Db, tiktok: TikTok, shopify: Shopify, poster: Poster, reading: Reading
) -> dict[str, JobKind]:
    """Every kind of job: what runs it, how many of one lane at once, and whether it goes on once it is parked."""
    both: dict[str, Any] = {"db": db, "tiktok": tiktok}
    store: dict[str, Any] = {"db": db, "shopify": shopify}
    told: dict[str, Any] = {"db": db, "poster": poster, "reading": reading}
    three: dict[str, Any] = {**both, "shopify": shopify}
    url = settings.public_url
    return {
        "import_shop": JobKind(partial(catalogue.import_shop, **both), cap=1, keeps_trying=True),
        "import_store": JobKind(partial(catalogue.import_store, **store), cap=1, keeps_trying=True),
        "poll_products": JobKind(partial(catalogue.poll_products, **both), cap=1),
        "poll_orders": JobKind(partial(following.poll_orders, **both), cap=1),
        "poll_store": JobKind(partial(catalogue.poll_store, **store), cap=1),
        "poll_stock": JobKind(partial(catalogue.poll_stock, **store), cap=1),
        "product": JobKind(partial(catalogue.read_product, **both), cap=4, keeps_trying=True),
        "shopify_product": JobKind(partial(catalogue.read_shopify_product, **store), cap=4, keeps_trying=True),
        "shopify_stock": JobKind(partial(catalogue.read_stock, **store), cap=4, keeps_trying=True),
        "match_all": JobKind(partial(catalogue.match_all, db=db), cap=1),
        "push": JobKind(partial(pushing.push, **both), on_park=pushing.park_push, cap=8, keeps_trying=True),
        "push_back": JobKind(partial(pushing_back.push_back, **both), pushing_back.park_back, keeps_trying=True),
        "mirror": JobKind(
            partial(mirroring.mirror, **three, unclear_for=settings.unclear_after),
            on_park=mirroring.park_mirror,
            cap=16,
            keeps_trying=True,
        ),
        "cancel": JobKind(partial(following.cancel, **store), keeps_trying=True),
        "reference": JobKind(partial(following.reference, **three), cap=8, keeps_trying=True),
        "recheck": JobKind(partial(following.recheck, db=db), cap=1),
        "check_shop": JobKind(partial(connect.check_shop, **both, public_url=url), cap=1, keeps_trying=True),
        "check_store": JobKind(partial(connect.check_store, **store, public_url=url), cap=1, keeps_trying=True),
        "ignored": JobKind(partial(suggesting.wake, db=db), cap=1),
        "prune": JobKind(partial(schedule.prune, db=db), cap=1),
        "health": JobKind(partial(health.snapshot, db=db), cap=1),
        "card": JobKind(partial(cards.incident, **told), cap=2, keeps_trying=True),
        "prompt": JobKind(partial(cards.prompt, **told), cap=1, keeps_trying=True),
        "report": JobKind(partial(digests.report, **told), cap=1, keeps_trying=True),
    }


def _bulk_kinds(db: Db, poster: Poster, workspaces: slack.Workspaces) -> dict[str, JobKind]:
    files, client = SlackFiles(workspaces.client), workspaces.client
    told: dict[str, Any] = {"db": db, "poster": poster, "client": client, "share": files.share}
    return {
        "bulk": JobKind(partial(bulk.run, db=db, fetch=files.fetch), on_park=bulk.park, cap=2, keeps_trying=True),
        "bulk_card": JobKind(partial(bulk_cards.card, **told), cap=1, keeps_trying=True),
    }


def trouble_of(error: BaseException) -> tuple[Trouble, timedelta | None]:
    """What an error means for the next attempt, Slack's and our own included."""
    if isinstance(error, SlackApiError):
        return _slack_trouble(error)
    if isinstance(error, PostBusy | Taken):  # another worker is at it: look again in a moment
        return Trouble.RATE_LIMITED, timedelta(seconds=1 + random.random())
    if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
        return Trouble.UNREACHABLE, None
    return client_trouble(error)


_SLACK_TOKEN = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope")


def _slack_trouble(error: SlackApiError) -> tuple[Trouble, timedelta | None]:
    code = error_code(error)
    if code == "ratelimited" or error.response.status_code == 429:
        after = (error.response.headers or {}).get("Retry-After", "1")
        return Trouble.RATE_LIMITED, timedelta(seconds=float(after))
    if error.response.status_code >= 500 or code in ("internal_error", "fatal_error", "service_unavailable"):
        return Trouble.UNREACHABLE, None
    return (Trouble.NOT_AUTHORISED if code in _SLACK_TOKEN else Trouble.INVALID), None
