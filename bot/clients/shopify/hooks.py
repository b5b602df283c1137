"""Shopify's webhooks and the consent's callback: bytes in, a value out. A hook is a hint; things are read again."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.clients.jsons import read_json
from bot.clients.shopify.calls import DOMAIN
from bot.clients.shopify.wire import Json, instant, nested, text
from bot.domain.values import StoreId


class MalformedHook(ValueError):
    """The body is no JSON object."""


class HookKind(StrEnum):
    PRODUCT = "product"
    PRODUCT_DELETED = "product_deleted"
    STOCK = "stock"
    ORDER = "order"
    UNINSTALLED = "uninstalled"
    SCOPES = "scopes"
    REDACT_CUSTOMER = "redact_customer"
    REDACT_SHOP = "redact_shop"
    DATA_REQUEST = "data_request"
    OTHER = "other"


_KINDS = {
    "products/create": HookKind.PRODUCT,
    "products/update": HookKind.PRODUCT,
    "products/delete": HookKind.PRODUCT_DELETED,
    "inventory_levels/update": HookKind.STOCK,
    "inventory_levels/connect": HookKind.STOCK,
    "inventory_levels/disconnect": HookKind.STOCK,
    "inventory_items/update": HookKind.STOCK,
    "inventory_items/delete": HookKind.STOCK,
    "orders/create": HookKind.ORDER,
    "orders/updated": HookKind.ORDER,
    "orders/cancelled": HookKind.ORDER,
    "orders/edited": HookKind.ORDER,
    "orders/delete": HookKind.ORDER,
    "app/uninstalled": HookKind.UNINSTALLED,
    "app/scopes_update": HookKind.SCOPES,
    "customers/redact": HookKind.REDACT_CUSTOMER,
    "customers/data_request": HookKind.DATA_REQUEST,
    "shop/redact": HookKind.REDACT_SHOP,
}
CALLBACK_LIFE = timedelta(seconds=90)


@dataclass(frozen=True)
class Hook:
    """`id`: X-Shopify-Webhook-Id, the same on repetitions. Ids are gids. Times UTC.

    `source_identifier`: of an order, the TikTok order id when we made it. `order_gids`: of a redaction.
    """

    kind: HookKind
    id: str
    topic: str
    store_id: StoreId
    product_id: str | None = None
    inventory_item_id: str | None = None
    order_id: str | None = None
    source_identifier: str = ""
    cancelled: bool = False
    scopes: tuple[str, ...] = ()
    order_gids: tuple[str, ...] = ()
    updated_at: datetime | None = None


def verify(raw: bytes, hmac_header: str, secrets: Sequence[str]) -> bool:
    """Is the header the base64 HMAC-SHA256 of the raw body by one of these secrets?

    After a rotation Shopify may sign with the old secret for an hour: pass both.
    Source: https://shopify.dev/docs/apps/build/webhooks.
    """
    given = (hmac_header or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()), given)
        for secret in secrets
        if secret
    ]
    return any(matches)


def parse(topic: str, shop: str, webhook_id: str, raw: bytes) -> Hook:
    """Any hook, of a known topic or not. Raises MalformedHook."""
    try:
        body = read_json(raw)
    except ValueError as error:
        raise MalformedHook("the body is not JSON") from error
    if not isinstance(body, dict):
        raise MalformedHook("the body is not an object")
    topic = topic.strip().lower()
    kind = _KINDS.get(topic, HookKind.OTHER)
    is_product, is_order = kind in (HookKind.PRODUCT, HookKind.PRODUCT_DELETED), kind is HookKind.ORDER
    return Hook(
        kind=kind,
        id=webhook_id or hashlib.sha256(topic.encode() + raw).hexdigest(),
        topic=topic,
        store_id=StoreId((shop or text(body, "shop_domain") or text(body, "myshopify_domain")).strip().lower()),
        product_id=_gid("Product", body, "id") if is_product else None,
        inventory_item_id=_item(topic, body) if kind is HookKind.STOCK else None,
        order_id=_order(body) if is_order else None,
        source_identifier=text(body, "source_identifier") if is_order else "",
        cancelled=is_order and bool(body.get("cancelled_at")),
        scopes=_scopes(body) if kind is HookKind.SCOPES else (),
        order_gids=tuple(f"gid://shopify/Order/{one}" for one in _orders(body)),
        updated_at=instant(body.get("updated_at")),
    )


def _gid(kind: str, body: Json, key: str) -> str | None:
    own = text(body, "admin_graphql_api_id")
    if key == "id" and own.startswith(f"gid://shopify/{kind}/"):
        return own
    number = text(body, key)
    return f"gid://shopify/{kind}/{number}" if number.isdigit() else None


def _item(topic: str, body: Json) -> str | None:
    return _gid("InventoryItem", body, "id" if topic.startswith("inventory_items/") else "inventory_item_id")


def _order(body: Json) -> str | None:
    """orders/edited wraps the order."""
    return _gid("Order", body, "id") or _gid("Order", nested(body, "order_edit"), "order_id")


def _scopes(body: Json) -> tuple[str, ...]:
    current = body.get("current")
    return tuple(str(scope) for scope in current) if isinstance(current, list) else ()


def _orders(body: Json) -> list[Any]:
    found = body.get("orders_to_redact") or body.get("orders_requested") or []
    return found if isinstance(found, list) else []


def verify_callback(query: Mapping[str, str], secret: str, now: datetime) -> bool:
    """Is this a callback that Shopify made at most 90 seconds ago, for a myshopify.com store? `state` is not checked.

    Hex HMAC-SHA256 over all parameters but `hmac` and `signature`, sorted, as `k=v&…` after decoding.
    """
    pairs = sorted((key, value) for key, value in query.items() if key not in ("hmac", "signature"))
    message = "&".join(f"{key}={value}" for key, value in pairs)
    wanted = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), query.get("hmac", "").encode("utf-8", "replace")):
        return False
    stamp = query.get("timestamp", "")
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > CALLBACK_LIFE.total_seconds():
        return False
    return DOMAIN.fullmatch(query.get("shop", "")) is not None


def is_store_domain(text: str) -> bool:
    """A permanent `….myshopify.com` domain, fit to become part of an address."""
    return DOMAIN.fullmatch(text) is not None
