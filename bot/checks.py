"""`linkbot check`: every connection and setting looked at, with a next step beside each red line."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.app import Linkbot, build, open_db
from bot.clients.errors import ApiError
from bot.clients.shopify.api import SCOPES as SHOPIFY_SCOPES
from bot.config import ConfigError, Settings
from bot.domain.connections import Shop, Store
from bot.manifest import SCOPES as SLACK_SCOPES
from bot.slack import web_client
from bot.store.db import DatabaseUnreachable, Db

TIKTOK_SCOPES = (
    "seller.authorization.info",
    "seller.shop.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.order.info",
    "seller.order.ext_ref.read",
    "seller.order.ext_ref.write",
    "seller.fulfillment.basic",
    "seller.logistics",
    "seller.return_refund.basic",
)


@dataclass(frozen=True)
class Line:
    """One thing looked at. `next` says what to do when it is not fine."""

    name: str
    is_fine: bool
    found: str
    next: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.is_fine, "found": self.found, "next": self.next}


def table(lines: list[Line]) -> str:
    """The lines for a terminal: what is wrong says so in words."""
    width = max(len(line.name) for line in lines)
    rows = []
    for line in lines:
        state = "ok   " if line.is_fine else "WRONG"
        rows.append(f"{state}  {line.name:<{width}}  {line.found}")
        if line.next:
            rows.append(f"       {'':<{width}}  → {line.next}")
    return "\n".join(rows)


async def check_all(settings: Settings) -> list[Line]:
    """Every line; what can't be looked at because of an earlier one is left out."""
    lines = _configuration(settings)
    db = open_db(settings)
    database, reached = await asyncio.to_thread(_database, db, settings)
    lines += database
    if settings.slack_bot_token is not None:
        lines.append(await _slack(settings))
    if not reached or not all(line.is_fine for line in lines[:1]):
        await db.close()
        return lines
    bot = build(settings, db=db)
    try:
        for shop in await db.read(lambda u: u.shops.all()):
            lines += await _shop(bot, shop)
        for store in await db.read(lambda u: u.stores.all()):
            lines += await _store(bot, store)
        lines.append(await _queue(db))
    finally:
        await bot.http.aclose()
        await db.close()
    return lines


def _configuration(settings: Settings) -> list[Line]:
    lines: list[Line] = []
    for name, need in (("slack settings", settings.require_slack), ("encryption key", settings.require_keys)):
        try:
            need()
            lines.append(Line(name, True, "set"))
        except ConfigError as error:
            lines.append(Line(name, False, "missing", str(error)))
    for name, is_set, where in (
        ("tiktok app", bool(settings.tiktok_app_key), "set TIKTOK_APP_KEY, TIKTOK_APP_SECRET and TIKTOK_SERVICE_ID"),
        ("shopify app", bool(settings.shopify_client_id or settings.shopify_admin_tokens),
         "set SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET"),
    ):  # fmt: skip
        lines.append(Line(name, is_set, "set" if is_set else "missing", "" if is_set else where))
    mode = settings.public_url or "none: Socket Mode and polling alone"
    lines.append(Line("public address", True, mode))
    return lines


def _database(db: Db, settings: Settings) -> tuple[list[Line], bool]:
    try:
        db.ping()
    except DatabaseUnreachable as error:
        return [Line("database", False, settings.database_label, str(error))], False
    has, needs = db.current(), db.head()
    fine = has == needs
    told = f"{settings.database_label}, schema {has or 'none'}"
    return [Line("database", fine, told, "" if fine else f"run `linkbot db upgrade` (needs {needs})")], fine


async def _slack(settings: Settings) -> Line:
    assert settings.slack_bot_token is not None
    client = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_base_url)
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return Line("slack token", False, str(error.response["error"]), "set SLACK_BOT_TOKEN to the app's bot token")
    except Exception as error:
        return Line("slack token", False, type(error).__name__, "is Slack reachable from this machine?")
    granted = {part.strip() for part in (answer.headers.get("x-oauth-scopes") or "").split(",") if part.strip()}
    missing = sorted(set(SLACK_SCOPES) - granted) if granted else []
    told = f"{answer['team']}, bot {answer['user']}" + (f", without {', '.join(missing)}" if missing else "")
    return Line(
        "slack token", not missing, told, "reinstall the app with the scopes of the manifest" if missing else ""
    )


async def _shop(bot: Linkbot, shop: Shop) -> list[Line]:
    name = f"tiktok shop {shop.name}"
    if not shop.is_live:
        return [Line(name, False, shop.state.value, "type `/link connect tiktok` in Slack")]
    token = await bot.db.read(lambda u: u.tokens.get(shop.token_key))
    missing = sorted(set(TIKTOK_SCOPES) - set(token.scopes)) if token and token.scopes else []
    lines = [await _reached(name, lambda: bot.tiktok.warehouses(shop.id), "type `/link connect tiktok` in Slack")]
    if missing:
        told = f"missing {', '.join(missing)}"
        lines.append(Line(f"{name}: scopes", False, told, "grant them in Partner Center, then connect again"))
    if bot.settings.public_url:
        lines.append(await _hooks(f"{name}: webhooks", lambda: bot.tiktok.webhooks(shop.id)))
    return lines


async def _store(bot: Linkbot, store: Store) -> list[Line]:
    name = f"shopify store {store.name}"
    again = f"type `/link connect shopify {store.id}` in Slack"
    if not store.is_live:
        return [Line(name, False, store.state.value, again)]
    lines = [await _reached(name, lambda: bot.shopify.shop(store.id), again)]
    try:
        missing = sorted(set(SHOPIFY_SCOPES) - await bot.shopify.scopes(store.id))
    except ApiError:
        return lines
    if missing:
        told = f"missing {', '.join(missing)}"
        lines.append(Line(f"{name}: scopes", False, told, "add them to the app's version and approve it in the store"))
    if bot.settings.public_url:
        lines.append(await _hooks(f"{name}: webhooks", lambda: bot.shopify.webhooks(store.id)))
    return lines


async def _reached(name: str, call: Callable[[], Awaitable[Any]], again: str) -> Line:
    try:
        await call()
    except ApiError as error:
        clock = "set this machine's clock by NTP" if "timestamp" in str(error).lower() else again
        return Line(name, False, str(error), clock)
    return Line(name, True, "reached")


async def _hooks(name: str, read: Callable[[], Awaitable[list[Any]]]) -> Line:
    try:
        count = len(await read())
    except ApiError as error:
        return Line(name, False, str(error), "")
    told = f"{count} subscribed"
    return Line(
        name, count > 0, told, "" if count else "is LINKBOT_PUBLIC_URL reachable? `linkbot serve` subscribes daily"
    )


async def _queue(db: Db) -> Line:
    age = await db.read(lambda u: u.jobs.queue_age(u.now))
    if age is None or age < timedelta(minutes=5):
        return Line("queue", True, "empty" if age is None else f"oldest due job {int(age.total_seconds())} s")
    told = f"oldest due job {int(age.total_seconds())} s"
    return Line("queue", False, told, "is `linkbot serve` or `linkbot work` running?")
