"""TikTok's signature, envelope, accounts and catalogue as bytes and JSON; orders are in `wire_orders.py`. No I/O."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.clients.jsons import read_json
from bot.clients.tiktok.shapes import AuthorisedShop, Subscription
from bot.domain.catalogue import Listing, ListingStatus, Stocked
from bot.domain.connections import Token, TokenKind
from bot.domain.values import ListingId, Money, ShopId

Json = Mapping[str, Any]


def sign(secret: str, path: str, query: Mapping[str, str], body: bytes | None, content_type: str) -> str:
    """Lower-case hex HMAC-SHA256 over the decoded query and the exact bytes of the body.

    Source: https://partner.tiktokshop.com/docv2/page/sign-your-api-request. Multipart bodies are left out.
    """
    pairs = sorted((key, value) for key, value in query.items() if key not in ("sign", "access_token"))
    message = (secret + path + "".join(key + value for key, value in pairs)).encode()
    if body and content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        message += body
    return hmac.new(secret.encode(), message + secret.encode(), hashlib.sha256).hexdigest()


def encode(body: Json | None) -> bytes | None:
    """The bytes that are signed and sent; an empty body is none at all (signers disagree about `{}`)."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() if body else None


def read_envelope(raw: bytes) -> tuple[int, str, str, Json] | None:
    """(code, message, request id, data) of an answer; None when it is no envelope."""
    try:
        answer = read_json(raw)
        if not isinstance(answer, dict):
            return None
        code = int(answer["code"])
    except (ValueError, KeyError, TypeError):
        return None
    data = answer.get("data")
    return code, text(answer, "message"), text(answer, "request_id"), data if isinstance(data, dict) else {}


def page_token(data: Json) -> str:
    """ "" after the last page."""
    return text(data, "next_page_token")


def total_count(data: Json) -> int:
    return whole(data.get("total_count"))


def partial_errors(data: Json) -> list[tuple[int, str, str]]:
    """(code, message, what it is about) of an answer that succeeded only in part; the innermost cause counts."""
    found: list[tuple[int, str, str]] = []
    for error in rows(data, "errors"):
        detail = nested(error, "detail")
        about = text(detail, "sku_id") or text(detail, "order_id")
        inner = rows(detail, "extra_errors")
        for cause in inner or [error]:
            place = text(cause, "warehouse_id")
            found.append((whole(cause.get("code")), text(cause, "message"), " ".join(filter(None, (about, place)))))
    return found


# readers of single fields: TikTok leaves fields out, sends null, and now and then an integer for an id


def text(source: Json, key: str) -> str:
    value = source.get(key)
    return "" if value is None else str(value).strip()


def whole(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def rows(source: Json, key: str) -> list[Json]:
    value = source.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def nested(source: Json, key: str) -> Json:
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def texts(source: Json, key: str) -> tuple[str, ...]:
    value = source.get(key)
    return tuple(str(part) for part in value) if isinstance(value, list) else ()


def moment(value: Any) -> datetime | None:
    """Unix seconds (number or text) → UTC; None for 0 and for nothing."""
    seconds = whole(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def seconds(at: datetime) -> int:
    return int(at.timestamp())


EPOCH = datetime.fromtimestamp(0, UTC)


# accounts


def parse_token(data: Json) -> Token:
    """`*_expire_in` are absolute Unix seconds. Raises KeyError without an access token."""
    return Token(
        kind=TokenKind.TIKTOK,
        access=str(data["access_token"]),
        expires_at=moment(data.get("access_token_expire_in")),
        refresh=text(data, "refresh_token"),
        refresh_expires_at=moment(data.get("refresh_token_expire_in")),
        scopes=texts(data, "granted_scopes"),
        owner=text(data, "open_id"),
    )


def parse_shops(data: Json) -> list[AuthorisedShop]:
    return [
        AuthorisedShop(
            id=ShopId(str(row["id"])),
            name=text(row, "name"),
            region=text(row, "region"),
            seller_type=text(row, "seller_type"),
            cipher=text(row, "cipher"),
        )
        for row in rows(data, "shops")
    ]


def parse_webhooks(data: Json) -> list[Subscription]:
    return [
        Subscription(text(row, "event_type"), text(row, "address"), moment(row.get("update_time")))
        for row in rows(data, "webhooks")
    ]


def webhook_body(event_type: str, address: str | None = None) -> Json:
    return {"event_type": event_type} | ({"address": address} if address else {})


# catalogue


def search_body(updated_from: datetime | None, updated_to: datetime | None) -> Json:
    """Both ends are inclusive for products."""
    body: dict[str, Any] = {}
    if updated_from is not None:
        body["update_time_ge"] = seconds(updated_from)
    if updated_to is not None:
        body["update_time_le"] = seconds(updated_to)
    return body


def parse_products(shop: ShopId, data: Json) -> list[Listing]:
    return [listing for row in rows(data, "products") for listing in parse_product(shop, row)]


def parse_product(shop: ShopId, product: Json) -> list[Listing]:
    """A product of search or detail → its SKUs. Only the detail tells the variation."""
    told = text(product, "status") or text(product, "product_status")
    status = ListingStatus(told) if told in ListingStatus.__members__ else ListingStatus.UNKNOWN
    combined = "COMBINED_PRODUCT" in texts(product, "product_types")
    return [
        Listing(
            id=ListingId(str(sku["id"])),
            gtin=text(nested(sku, "identifier_code"), "code"),
            shop_id=shop,
            product_id=text(product, "id"),
            title=text(product, "title"),
            variation=_variation(sku),
            seller_sku="" if sku.get("seller_sku") is None else str(sku["seller_sku"]),
            price=_price(nested(sku, "price")),
            stock=_stock(rows(sku, "inventory"), "quantity"),
            status=status,
            updated_at=moment(product.get("update_time")) or moment(product.get("create_time")) or EPOCH,
            is_combo=combined or bool(rows(sku, "combined_skus")),
        )
        for sku in rows(product, "skus")
        if sku.get("id")
    ]


def _variation(sku: Json) -> str:
    names = [text(row, "value_name") for row in rows(sku, "sales_attributes")]
    return ", ".join(name for name in names if name)


def _price(price: Json) -> Money | None:
    """The shelf price: `tax_exclusive_price` for local sellers (despite its name), else `sale_price`."""
    amount = text(price, "tax_exclusive_price") or text(price, "sale_price") or text(price, "amount")
    currency = text(price, "currency")
    try:
        return Money.parse(amount, currency) if amount and currency else None
    except ValueError:
        return None


def _stock(places: Sequence[Json], key: str) -> tuple[Stocked, ...]:
    return tuple(Stocked(text(row, "warehouse_id"), whole(row.get(key))) for row in places)


def stock_search_body(ids: Sequence[ListingId]) -> Json:
    return {"sku_ids": list(ids)}


def parse_stock(data: Json) -> dict[ListingId, tuple[Stocked, ...]]:
    """Available units per warehouse: what a stock update sets, committed units not included."""
    return {
        ListingId(str(sku["id"])): _stock(rows(sku, "warehouse_inventory"), "available_quantity")
        for product in rows(data, "inventory")
        for sku in rows(product, "skus")
        if sku.get("id")
    }


def set_stock_body(listing: ListingId, stock: Sequence[Stocked]) -> Json:
    places = [{"warehouse_id": part.warehouse_id, "quantity": part.quantity} for part in stock]
    return {"skus": [{"id": listing, "inventory": places}]}


def set_price_body(listing: ListingId, price: Money) -> Json:
    return {"skus": [{"id": listing, "price": {"amount": price.text(), "currency": price.currency}}]}
