"""The stage: all fakes, the real bot against them over loopback HTTP, and the page that shows it."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.routing import Mount

from bot import manifest
from bot.app import Linkbot, Pacing, build, open_db
from bot.clients.http import Pace
from bot.config import Settings
from bot.rehearsal.faults import Fault, FaultKind, Faults, utc_now
from bot.rehearsal.page_server import page_routes
from bot.rehearsal.seed import Expected, seed_world
from bot.rehearsal.serving import Served, serve
from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.slack import FakeSlack
from bot.rehearsal.tiktok import FakeTikTok

_HOOK_EVERY = 0.25


@dataclass
class Stage:
    """What is running. `bot` is the real one; `expected` what the seeded catalogues add up to."""

    tiktok: FakeTikTok
    shopify: FakeShopify
    slack: FakeSlack
    settings: Settings
    expected: Expected | None
    pacing: Pacing
    bot: Linkbot | None = None
    page: Served | None = None
    bot_url: str = ""
    _served: list[Served] = field(default_factory=list[Served])
    _carrier: asyncio.Task[None] | None = None

    @property
    def running(self) -> Linkbot:
        assert self.bot is not None
        return self.bot

    async def start_bot(self, *, work: bool = True) -> Linkbot:
        """Build the bot on the stage's settings and let it listen where Slack and the webhooks already point."""
        db = open_db(self.settings, self.tiktok.now)
        await asyncio.to_thread(db.upgrade)
        self.bot = build(self.settings, now=self.tiktok.now, db=db, pacing=self.pacing)
        port = int(self.bot_url.rpartition(":")[2])
        self._served.append(await serve(self.bot.web, port=port))
        await self.bot.start(work=work)
        return self.bot

    async def stop_bot(self) -> None:
        """As a restart would: the server and the workers end, the database stays."""
        await self._served.pop().close()
        await self.running.stop()
        self.bot = None

    def carry_webhooks(self) -> None:
        """From now on both shops deliver their webhooks by themselves, as they happen."""
        self._carrier = asyncio.create_task(self._carry())

    async def _carry(self) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self.tiktok.deliver()
                await self.shopify.deliver()
            await asyncio.sleep(_HOOK_EVERY)

    async def consent(self, address: str) -> int:
        """A seller or merchant opens the consent page and allows; the browser ends at the bot. Its answer's status."""
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            return (await browser.get(address)).status_code

    async def close(self) -> None:
        if self._carrier is not None:
            self._carrier.cancel()
        if self.bot is not None:
            await self.stop_bot()
        for served in reversed(self._served):
            await served.close()
        if self.page is not None:
            await self.page.close()
        await self.slack.close()


def _install(slack: FakeSlack) -> None:
    """The app as the manifest describes it: events, scopes, commands. And a user group, for `/link rights`."""
    told = manifest.render()
    slack.wire.subscribed = set(told["settings"]["event_subscriptions"]["bot_events"])
    slack.acts.escapes_mentions = told["features"]["slash_commands"][0]["should_escape"]
    slack.world.scopes = list(told["oauth_config"]["scopes"]["bot"])
    slack.add_usergroup("S0001", "warehouse", ["U2", "U3"])


async def open_stage(
    *,
    database_url: str,
    seed: int = 0,
    faults: str = "none",
    seeded: bool = True,
    now: Callable[[], datetime] = utc_now,
    pacing: Pacing = Pace,
    **environment: str,
) -> Stage:
    """Start the fakes and make the bot's settings; `start_bot` does the rest. `environment` overrides settings."""
    tiktok = FakeTikTok(now=now, faults=Faults(seed), seed=seed)
    shopify = FakeShopify(now=now, faults=Faults(seed + 1), seed=seed)
    slack = FakeSlack(now=now, faults=Faults(seed))
    served = [await serve(tiktok.app), await serve(shopify.app)]
    slack_served = await slack.serve()
    expected = seed_world(tiktok, shopify, seed) if seeded else None
    bot_url = f"http://127.0.0.1:{_free_port()}"
    slack.request_url = f"{bot_url}/slack/events"
    _install(slack)
    tiktok.redirect_url = f"{bot_url}/tiktok/callback"
    tiktok.webhook_url = f"{bot_url}/tiktok/webhook"
    settings = Settings.load(
        {
            "DATABASE_URL": database_url,
            "LINKBOT_PUBLIC_URL": bot_url,
            "LINKBOT_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "LINKBOT_CHANNEL": "C1",
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.wire.secret,
            "SLACK_BASE_URL": f"{slack_served.url}/api/",
            "TIKTOK_APP_KEY": tiktok.app_key,
            "TIKTOK_APP_SECRET": tiktok.app_secret,
            "TIKTOK_SERVICE_ID": tiktok.service_id,
            "TIKTOK_BASE_URL": served[0].url,
            "TIKTOK_AUTH_URL": served[0].url,
            "TIKTOK_AUTHORIZE_URL": f"{served[0].url}/open/authorize",
            "SHOPIFY_CLIENT_ID": shopify.access.client_id,
            "SHOPIFY_CLIENT_SECRET": shopify.access.client_secret,
            "SHOPIFY_BASE_URL": f"{served[1].url}/{{shop}}",
            **environment,
        }
    )
    for fake in (tiktok, shopify):
        _add_faults(fake.faults, faults)
    served.append(slack_served)
    return Stage(tiktok, shopify, slack, settings, expected, pacing, bot_url=bot_url, _served=served)


def _free_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _add_faults(faults: Faults, level: str) -> None:
    """`some`: a bad day. `storm`: a bad night. Both shops alike; nothing here may lose or double an order."""
    share = {"none": 0.0, "some": 0.03, "storm": 0.15}[level]
    kinds = (
        FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE, FaultKind.TIMEOUT_BEFORE,
        FaultKind.TIMEOUT_AFTER_DONE, FaultKind.HOOK_LOST, FaultKind.HOOK_DOUBLED, FaultKind.HOOK_DELAYED,
    )  # fmt: skip
    for kind in kinds if share else ():
        faults.add(Fault("*", kind, probability=share / len(kinds) * 2, times=None, seconds=random.Random(0).random()))


async def serve_page(stage: Stage, port: int) -> Served:
    """The page with the fakes' panels and the fake Slack under one address."""
    routes = [
        *page_routes(),
        Mount("/slack", stage.slack.app),
        Mount("/tiktok", stage.tiktok.app),
        Mount("/shopify", stage.shopify.app),
    ]
    stage.page = await serve(Starlette(routes=routes), port=port)
    return stage.page


def database_at(path: Path) -> str:
    return f"sqlite:///{path}"
