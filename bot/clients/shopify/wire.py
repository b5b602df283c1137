"""Shopify's JSON: the answer's envelope and costs, store facts, variants, stock, bulk lines, webhooks. No I/O."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clients.jsons import read_json
from bot.clients.shopify.shapes import BulkState, StockFigure, StoreFacts, Subscription, UserError
from bot.domain.catalogue import Variant, VariantStatus
from bot.domain.connections import Token, TokenKind
from bot.domain.values import Money, StoreId, VariantId

Json = Mapping[str, Any]
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Cost:
    """Points: asked for, left in the bucket, its size, what comes back per second, and what the call took.

    `actual` is None when the call was refused.
    """

    requested: float
    available: float
    maximum: float
    restore_rate: float
    actual: float | None = None


@dataclass(frozen=True)
class Answer:
    """A GraphQL answer. `errors`: (code, message) of the top level."""

    data: Json
    errors: tuple[tuple[str, str], ...]
    cost: Cost | None


def encode(query: str, variables: Json) -> bytes:
    """Explicit nulls are kept: for some inputs they differ from a left-out field."""
    return json.dumps({"query": query, "variables": variables}, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(raw: bytes) -> Answer | None:
    """None when it is no GraphQL answer. `errors` may be a list, a text or an object."""
    try:
        body = read_json(raw)
    except ValueError:
        return None
    if not isinstance(body, dict) or not ("data" in body or "errors" in body):
        return None
    data = body.get("data")
    return Answer(data if isinstance(data, dict) else {}, _errors(body.get("errors")), _cost(body))


def read_object(raw: bytes) -> Json:
    """The JSON object of these bytes; {} when they hold none."""
    try:
        body = read_json(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _errors(errors: Any) -> tuple[tuple[str, str], ...]:
    if not errors:
        return ()
    if not isinstance(errors, list):
        return (("", errors if isinstance(errors, str) else json.dumps(errors)),)
    found = []
    for error in errors:
        if isinstance(error, dict):
            found.append((text(nested(error, "extensions"), "code"), text(error, "message")))
        else:
            found.append(("", str(error)))
    return tuple(found)


def _cost(body: Json) -> Cost | None:
    cost = nested(nested(body, "extensions"), "cost")
    status = nested(cost, "throttleStatus")
    try:
        return Cost(
            float(cost["requestedQueryCost"]),
            float(status["currentlyAvailable"]),
            float(status["maximumAvailable"]),
            float(status["restoreRate"]),
            None if (actual := cost.get("actualQueryCost")) is None else float(actual),
        )
    except (KeyError, TypeError, ValueError):
        return None


def user_errors(payload: Json, key: str = "userErrors") -> list[UserError]:
    return [
        UserError(text(row, "code"), ".".join(str(part) for part in row.get("field") or []), text(row, "message"))
        for row in rows(payload, key)
    ]


# readers of single fields


def text(source: Json, key: str) -> str:
    value = source.get(key)
    return "" if value is None else str(value)


def rows(source: Json, key: str) -> list[Json]:
    value = source.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def nested(source: Json, *keys: str) -> Json:
    for key in keys:
        value = source.get(key)
        source = value if isinstance(value, dict) else {}
    return source


def nodes(source: Json, key: str) -> list[Json]:
    """The nodes of a connection, whether asked for as `nodes` or as `edges`."""
    connection = nested(source, key)
    return rows(connection, "nodes") or [nested(edge, "node") for edge in rows(connection, "edges")]


def next_cursor(source: Json, key: str) -> str | None:
    """The cursor of the next page; None after the last."""
    page = nested(source, key, "pageInfo")
    return text(page, "endCursor") or None if page.get("hasNextPage") else None


def is_cut(source: Json, key: str) -> bool:
    return bool(nested(source, key, "pageInfo").get("hasNextPage"))


def instant(told: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(told).replace("Z", "+00:00")) if told else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found else None


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# tokens and the store


def grant_form(client_id: str, client_secret: str, **more: str) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": client_secret, **more}


def parse_token(body: Json, kind: TokenKind, store: StoreId, now: datetime) -> Token:
    """Raises KeyError without an access token."""
    return Token(
        kind=kind,
        access=str(body["access_token"]),
        expires_at=_later(now, body.get("expires_in")),
        refresh=text(body, "refresh_token"),
        refresh_expires_at=_later(now, body.get("refresh_token_expires_in")),
        scopes=tuple(scope.strip() for scope in text(body, "scope").split(",") if scope.strip()),
        owner=store,
    )


def _later(now: datetime, seconds: Any) -> datetime | None:
    try:
        return now + timedelta(seconds=float(seconds)) if seconds else None
    except (TypeError, ValueError):
        return None


def parse_shop(data: Json) -> StoreFacts:
    shop = nested(data, "shop")
    return StoreFacts(
        name=text(shop, "name"),
        currency=text(shop, "currencyCode"),
        taxes_included=bool(shop.get("taxesIncluded")),
        domain=text(shop, "myshopifyDomain"),
    )


def parse_scopes(data: Json) -> set[str]:
    return {text(row, "handle") for row in rows(nested(data, "currentAppInstallation"), "accessScopes")}


# variants and stock


def parse_variant(store: StoreId, currency: str, node: Json, levels: Sequence[Json] | None = None) -> Variant:
    """`levels`: of a bulk result, where they come as lines of their own. Raises ValueError for a price that is none."""
    product, item = nested(node, "product"), nested(node, "inventoryItem")
    status = text(product, "status")
    category = text(nested(product, "category"), "name") or text(product, "productType")
    return Variant(
        id=VariantId(text(node, "id")),
        store_id=store,
        product_id=text(product, "id"),
        inventory_item_id=text(item, "id"),
        title=text(product, "title"),
        options=_options(rows(node, "selectedOptions")),
        sku=text(node, "sku"),
        price=Money.parse(text(node, "price"), currency),
        available=available(nodes(item, "inventoryLevels") if levels is None else levels),
        tracked=bool(item.get("tracked")),
        sells_past_zero=text(node, "inventoryPolicy") == "CONTINUE",
        status=VariantStatus(status) if status in VariantStatus.__members__ else VariantStatus.ACTIVE,
        updated_at=max(instant(node.get("updatedAt")) or EPOCH, instant(product.get("updatedAt")) or EPOCH),
        barcode=text(node, "barcode"),
        category=category,
        tags=tuple(str(tag) for tag in product.get("tags") or []),
    )


def _options(options: Sequence[Json]) -> str:
    """Shopify gives a product without options one called Title with the value Default Title."""
    pairs = [(text(row, "name"), text(row, "value")) for row in options]
    if pairs == [("Title", "Default Title")]:
        return ""
    return " / ".join(value for _, value in pairs if value)


def available(levels: Iterable[Json]) -> int | None:
    """Sum over active levels at active locations that fulfil online orders; None when there is no such level."""
    figures = [_quantity(level) for level in levels if _counts(level)]
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _counts(level: Json) -> bool:
    location = nested(level, "location")
    active = level.get("isActive") is not False and location.get("isActive") is not False
    return active and location.get("fulfillsOnlineOrders") is not False


def _quantity(level: Json) -> int | None:
    for row in rows(level, "quantities"):
        if row.get("name") == "available" and row.get("quantity") is not None:
            return int(row["quantity"])
    return None


def item_id(variant: Json) -> str:
    return text(nested(variant, "inventoryItem"), "id")


def levels_are_cut(variant: Json) -> bool:
    return is_cut(nested(variant, "inventoryItem"), "inventoryLevels")


def parse_stock(item: Json, levels: Sequence[Json] | None = None) -> StockFigure:
    found = nodes(item, "inventoryLevels") if levels is None else levels
    return StockFigure(available(found), bool(item.get("tracked")))


# bulk


def bulk_line(raw: str) -> Json | None:
    """One line of the result; None for a blank one. Raises ValueError for a broken one."""
    if not raw.strip():
        return None
    line = read_json(raw)
    if not isinstance(line, dict):
        raise ValueError("not an object")
    return line


def parse_bulk(operation: Json) -> BulkState:
    return BulkState(
        id=text(operation, "id"),
        status=text(operation, "status"),
        url=text(operation, "url") or None,
        error_code=text(operation, "errorCode") or None,
    )


# webhooks


def parse_subscription(row: Json) -> Subscription:
    return Subscription(text(row, "id"), text(row, "topic"), text(row, "uri"))
