"""Endpoints of the fake TikTok Shop for the seller's account: authorised shops, permissions, webhook registrations."""

import re
from typing import Any
from urllib.parse import urlsplit

from bot.rehearsal.tiktok_auth import Grant
from bot.rehearsal.tiktok_hooks import PER_SHOP
from bot.rehearsal.tiktok_sales import Books
from bot.rehearsal.tiktok_wire import Ask, Endpoint, Refusal
from bot.rehearsal.tiktok_world import Shop


def authorized_shops(books: Books, grant: Grant, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    names = ("id", "name", "region", "seller_type", "cipher", "code")
    return {"shops": [{n: getattr(shop, n) for n in names} for shop in books.tokens.shops_of(grant)]}


def seller_shops(books: Books, grant: Grant, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    return {"shops": [{"id": s.id, "region": s.region} for s in books.tokens.shops_of(grant) if s.active]}


def seller_permissions(books: Books, grant: Grant, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    return {"permissions": sorted({p for shop in books.tokens.shops_of(grant) for p in shop.permissions})}


def _event(ask: Ask) -> str:
    event = ask.body.get("event_type")
    if not event:
        raise Refusal(36009004, "param body.event_type is missing", 400)
    if event not in PER_SHOP:
        raise Refusal(36009004, "param body.event_type is invalid", 400)
    return event


def set_webhook(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """HTTPS and a domain name without port, as the real one wants; plain HTTP only to this very machine."""
    event, address = _event(ask), ask.body.get("address")
    if not address:
        raise Refusal(36009004, "param body.address is missing", 400)
    parts = urlsplit(address) if isinstance(address, str) and len(address) <= 255 else None
    host = (parts.hostname or "") if parts else ""
    local = parts is not None and parts.scheme == "http" and host in ("127.0.0.1", "localhost")
    try:
        public = parts is not None and parts.scheme == "https" and parts.port is None
    except ValueError:
        public = False
    if not local and not (public and "." in host and not re.fullmatch(r"[\d.]+", host)):
        raise Refusal(36009004, "param body.address is invalid", 400)
    moment, old = books.world.stamp(), books.outbox.registered.setdefault(shop.id, {}).get(event)
    made = old["create_time"] if old else moment
    row = {"event_type": event, "address": address, "create_time": made, "update_time": moment}
    books.outbox.registered[shop.id][event] = row
    return {}


def list_webhooks(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    found = list(books.outbox.registered.get(shop.id, {}).values())
    return {"webhooks": found, "total_count": len(found)}


def delete_webhook(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Succeeds even when there is none."""
    books.outbox.registered.get(shop.id, {}).pop(_event(ask), None)
    return {}


INFO = ("seller.authorization.info",)
ENDPOINTS = (
    Endpoint("GET", "/authorization/202309/shops", "shops.authorized", INFO, authorized_shops, False),
    Endpoint("GET", "/seller/202309/shops", "seller.shops", ("seller.shop.info",), seller_shops, False),
    Endpoint(
        "GET", "/seller/202309/permissions", "seller.permissions", ("seller.shop.info",), seller_permissions, False
    ),
    Endpoint("PUT", "/event/202309/webhooks", "webhooks.set", INFO, set_webhook),
    Endpoint("GET", "/event/202309/webhooks", "webhooks.list", INFO, list_webhooks),
    Endpoint("DELETE", "/event/202309/webhooks", "webhooks.delete", INFO, delete_webhook),
)
