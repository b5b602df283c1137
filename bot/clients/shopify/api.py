"""Shopify: the store, orders, webhooks; variants and stock are in `catalogue.py`, tokens in `calls.py`."""

import re
from collections.abc import Sequence
from datetime import datetime

from bot.clients.errors import Invalid, Unclear
from bot.clients.shopify import queries, wire, wire_orders
from bot.clients.shopify.calls import SERVICE, payload_of, refuse_user_errors
from bot.clients.shopify.catalogue import Catalogue
from bot.clients.shopify.shapes import StockFigure, StoreFacts, Subscription
from bot.clients.shopify.wire import Json
from bot.domain.drafts import OrderDraft
from bot.domain.orders import ShopifyOrder
from bot.domain.values import OrderId, StoreId

__all__ = ["SCOPES", "TOPICS", "Shopify", "StockFigure", "StoreFacts", "Subscription"]

TOPICS = (
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "INVENTORY_LEVELS_UPDATE",
    "INVENTORY_LEVELS_CONNECT",
    "INVENTORY_LEVELS_DISCONNECT",
    "INVENTORY_ITEMS_UPDATE",
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "APP_UNINSTALLED",
    "APP_SCOPES_UPDATE",
)
"""What we subscribe to per store. The privacy topics of public apps stand in the app's configuration."""
SCOPES = ("read_products", "read_inventory", "read_locations", "read_orders", "write_orders")
_ABSENT = re.compile("not exist|not found|could not find", re.I)
_NEWEST, _NEWEST_PAGES = 50, 10
_ORDER_GID = "gid://shopify/Order/"
_LATEST = 10  # looked through before every creation; deeper only when an outcome is unclear


class Shopify(Catalogue):
    """All of Shopify we use. Every method raises the errors of `clients/errors.py`."""

    # the store

    async def shop(self, store: StoreId) -> StoreFacts:
        return wire.parse_shop(await self._ask(store, queries.SHOP))

    async def scopes(self, store: StoreId) -> set[str]:
        """What the token may do; compare with SCOPES."""
        return wire.parse_scopes(await self._ask(store, queries.SCOPES))

    # orders

    async def find_orders(
        self, store: StoreId, order_id: OrderId, *, newest: bool = True, since: datetime | None = None
    ) -> list[ShopifyOrder]:
        """Every Shopify order that carries this TikTok order id, whoever wrote it (exact words only).

        Looks by our id field (no index in between), by search (its index lags), and, with `newest`, through the
        newest orders (back to `since`, at most 500), which shows one that was created a moment ago.
        """
        if not order_id.isdigit():
            raise Invalid("a TikTok order id is a number", service=SERVICE, field="order_id")
        found: dict[str, ShopifyOrder] = {}
        for node in await self._candidates(store, order_id, newest, since):
            order = wire_orders.parse_order(node)
            if order.id and order.id not in found and order.names(order_id):
                found[order.id] = order
        whole = [await self.order(store, gid) for gid in found]
        return [order for order in whole if order is not None]

    async def _candidates(self, store: StoreId, order_id: OrderId, newest: bool, since: datetime | None) -> list[Json]:
        nodes: list[Json] = []
        if await self._has_identifier(store):
            data = await self._ask(store, queries.ORDER_BY_IDENTIFIER, {"value": order_id})
            nodes += [node] if (node := wire.nested(data, "orderByIdentifier")) else []
        data = await self._ask(store, queries.ORDERS_SEARCH, wire_orders.search_variables(order_id))
        nodes += [node for alias in ("source", "tag", "name", "words") for node in wire.nodes(data, alias)]
        if newest:
            nodes += await self._newest(store, since)
        return nodes

    async def _newest(self, store: StoreId, since: datetime | None) -> list[Json]:
        """Without a query string, so that no index stands between; only one page when `since` is not told."""
        found: list[Json] = []
        after: str | None = None
        for _ in range(_NEWEST_PAGES if since else 1):
            data = await self._ask(
                store, queries.NEWEST_ORDERS, {"first": _NEWEST if since else _LATEST, "after": after}
            )
            page = wire.nodes(data, "orders")
            found += page
            after = wire.next_cursor(data, "orders")
            oldest = wire.instant(page[-1].get("createdAt")) if page else None
            if after is None or since is None or (oldest is not None and oldest < since):
                break
        return found

    async def create_order(self, store: StoreId, draft: OrderDraft, *, with_phone: bool = True) -> ShopifyOrder:
        """Creates it, once: the caller looks before and never repeats after Unclear without looking.

        Invalid with "phone" in `field` or message: nothing was created, try once with_phone=False. RateLimited:
        nothing was created. Unclear: perhaps created.
        """
        identified = await self._has_identifier(store)
        asked = wire_orders.create_variables(draft, with_phone=with_phone, with_identifier=identified)
        payload = payload_of(await self._change(store, queries.CREATE_ORDER, asked), "orderCreate")
        errors = wire.user_errors(payload)
        if any("metafields" in error.field and "taken" in error.message for error in errors):
            raise Unclear("an order with this TikTok id exists", "TAKEN", service=SERVICE)
        refuse_user_errors(errors)
        node = wire.nested(payload, "order")
        if not node.get("id"):
            raise Unclear("an answer without the order", service=SERVICE)
        return wire_orders.parse_order(node, await self._lines_of(store, node))

    async def order(self, store: StoreId, order_id: str) -> ShopifyOrder | None:
        """The order with all its lines; None when it is gone or older than the token may see.

        `order_id`: global or plain, as other apps note it; what is neither names no order.
        """
        plain = order_id.removeprefix(_ORDER_GID)
        if not plain.isdecimal():
            return None
        gid = f"{_ORDER_GID}{plain}"
        node = wire.nested(await self._ask(store, queries.ORDER, {"id": gid, "after": None}), "order")
        if not node.get("id"):
            return None
        return wire_orders.parse_order(node, await self._lines_of(store, node))

    async def _lines_of(self, store: StoreId, node: Json) -> list[Json]:
        lines = wire.nodes(node, "lineItems")
        after = wire.next_cursor(node, "lineItems")
        while after is not None:
            asked = {"id": wire.text(node, "id"), "after": after}
            page = wire.nested(await self._ask(store, queries.ORDER, asked), "order")
            lines += wire.nodes(page, "lineItems")
            after = wire.next_cursor(page, "lineItems")
        return lines

    async def cancel_order(self, store: StoreId, gid: str, *, restock: bool, note: str) -> None:
        """Starts the cancellation; nobody is notified. Its outcome comes as orders/cancelled or by reading again."""
        asked = wire_orders.cancel_variables(gid, restock, note)
        payload = payload_of(await self._change(store, queries.CANCEL_ORDER, asked), "orderCancel")
        refuse_user_errors(wire.user_errors(payload, "orderCancelUserErrors"))

    async def ensure_order_identifier(self, store: StoreId) -> None:
        """Our id field on orders, whose values Shopify keeps unique. Safe to call often."""
        if await self._has_identifier(store):
            return
        data = await self._change(store, queries.CREATE_IDENTIFIER, wire_orders.identifier_variables())
        errors = wire.user_errors(payload_of(data, "metafieldDefinitionCreate"))
        refuse_user_errors([error for error in errors if error.code != "TAKEN"])
        self._identified[store] = True

    async def _has_identifier(self, store: StoreId) -> bool:
        """Asked once per store and process, unless the field was missing."""
        if not self._identified.get(store):
            data = await self._ask(store, queries.IDENTIFIER_DEFINITION)
            self._identified[store] = bool(wire.nodes(data, "metafieldDefinitions"))
        return self._identified[store]

    # webhooks

    async def webhooks(self, store: StoreId) -> list[Subscription]:
        found: list[Subscription] = []
        async for data in self._pages(store, queries.SUBSCRIPTIONS, "webhookSubscriptions", {}):
            found += [wire.parse_subscription(row) for row in wire.nodes(data, "webhookSubscriptions")]
        return found

    async def subscribe(self, store: StoreId, topic: str, uri: str) -> Subscription:
        data = await self._change(store, queries.SUBSCRIBE, {"topic": topic, "uri": uri})
        payload = payload_of(data, "webhookSubscriptionCreate")
        refuse_user_errors(wire.user_errors(payload))
        return wire.parse_subscription(wire.nested(payload, "webhookSubscription"))

    async def unsubscribe(self, store: StoreId, id: str) -> None:
        """Also succeeds when there is none."""
        data = await self._change(store, queries.UNSUBSCRIBE, {"id": id})
        errors = wire.user_errors(payload_of(data, "webhookSubscriptionDelete"))
        refuse_user_errors([error for error in errors if not _ABSENT.search(error.message)])


def missing_scopes(granted: Sequence[str] | set[str]) -> list[str]:
    """Scopes we need and don't have; a write scope includes its read scope."""
    held = set(granted)
    held |= {f"read_{scope.removeprefix('write_')}" for scope in held if scope.startswith("write_")}
    return [scope for scope in SCOPES if scope not in held]
