"""TikTok's webhooks: bytes in, a value out. A hook is a hint; the order or product is read again before acting."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.clients.jsons import read_json
from bot.clients.tiktok.wire import Json, moment, nested, rows, text, texts, whole
from bot.clients.tiktok.wire_orders import parse_status
from bot.domain.orders import OrderStatus
from bot.domain.values import ListingId, OrderId, ShopId


class MalformedHook(ValueError):
    """The body is no JSON object."""


class HookKind(StrEnum):
    ORDER = "order"
    ADDRESS = "address"
    PACKAGE = "package"
    PRODUCT = "product"
    DEAUTHORISED = "deauthorised"
    EXPIRING = "expiring"  # the seller's consent ends within 30 days
    CANCELLATION = "cancellation"
    RETURN = "return"
    STOCK = "stock"
    OTHER = "other"


_KINDS = {
    1: HookKind.ORDER,
    2: HookKind.RETURN,
    3: HookKind.ADDRESS,
    4: HookKind.PACKAGE,
    5: HookKind.PRODUCT,
    6: HookKind.DEAUTHORISED,
    7: HookKind.EXPIRING,
    11: HookKind.CANCELLATION,
    12: HookKind.RETURN,
    15: HookKind.PRODUCT,
    16: HookKind.PRODUCT,
    27: HookKind.STOCK,
    37: HookKind.PRODUCT,
    42: HookKind.PRODUCT,
    50: HookKind.PRODUCT,
    64: HookKind.RETURN,
    65: HookKind.RETURN,
    67: HookKind.RETURN,
    68: HookKind.STOCK,
    71: HookKind.STOCK,
}


@dataclass(frozen=True)
class Hook:
    """`id`: for recognising a repetition. `is_own_echo`: nothing but the echo of our own stock update. Times UTC."""

    kind: HookKind
    id: str
    type: int | None = None
    shop_id: ShopId | None = None
    seller_id: str | None = None
    order_id: OrderId | None = None
    order_ids: tuple[OrderId, ...] = ()  # a package may hold several orders
    order_status: OrderStatus | None = None
    product_id: str | None = None
    sku_id: ListingId | None = None
    is_own_echo: bool = False
    sent_at: datetime | None = None
    expires_at: datetime | None = None


def verify(raw: bytes, authorization: str, app_key: str, app_secret: str) -> bool:
    """Is `authorization` the lower-case hex HMAC-SHA256 of app key + body? Not the signature of API requests.

    Source: https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview. It holds no time: repetitions are valid.
    """
    wanted = hmac.new(app_secret.encode(), app_key.encode() + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), (authorization or "").encode("utf-8", "replace"))


def parse(raw: bytes) -> Hook:
    """Any hook, known or not, with or without the usual envelope. Raises MalformedHook."""
    try:
        body = read_json(raw)
    except ValueError as error:
        raise MalformedHook("the body is not JSON") from error
    if not isinstance(body, dict):
        raise MalformedHook("the body is not an object")
    kind_number = whole(body["type"]) if "type" in body else None
    data = nested(body, "data") if "data" in body or "type" in body else body  # the seller-level one has no envelope
    kind = _KINDS.get(kind_number, HookKind.OTHER) if kind_number is not None else _bare_kind(data)
    order_id, order_ids = _orders(data)
    status = text(data, "order_status")
    return Hook(
        kind=kind,
        id=text(body, "tts_notification_id") or hashlib.sha256(raw).hexdigest(),
        type=kind_number,
        shop_id=_maybe(ShopId, text(body, "shop_id") or text(data, "shop_id")),
        seller_id=text(body, "seller_open_id") or text(data, "seller_id") or None,
        order_id=order_id,
        order_ids=order_ids,
        order_status=parse_status(status) if status else None,
        product_id=text(data, "product_id") or None,
        sku_id=_maybe(ListingId, text(data, "sku_id")),
        is_own_echo=kind is HookKind.STOCK and _echo(data),
        sent_at=moment(body.get("timestamp")) or _instant(text(data, "occurred_at")),
        expires_at=moment(data.get("expiration_time")),
    )


def _maybe(kind: Any, value: str) -> Any:
    return kind(value) if value else None


def _bare_kind(data: Json) -> HookKind:
    return HookKind.STOCK if data.get("event_id") and data.get("sku_id") else HookKind.OTHER


def _orders(data: Json) -> tuple[OrderId | None, tuple[OrderId, ...]]:
    named = text(data, "order_id")
    listed = [order for package in rows(data, "package_list") for order in texts(package, "order_id_list")]
    ids = tuple(OrderId(order) for order in dict.fromkeys([named, *listed]) if order)
    return (ids[0] if ids else None), ids


def _echo(data: Json) -> bool:
    sources = {text(change, "trigger_source") for change in rows(data, "change_detail")}
    return sources == {"api_sync"}


def _instant(told: str) -> datetime | None:
    """ISO-8601 with up to nine decimals, which Python can't read: cut to six."""
    if not told:
        return None
    head, dot, rest = told.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        told = f"{head}.{rest[:digits][:6]}{rest[digits:]}"
    try:
        found = datetime.fromisoformat(told.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
