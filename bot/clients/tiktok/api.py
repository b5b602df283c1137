"""TikTok Shop: tokens, shops, catalogue, orders, references, webhooks; a method per endpoint."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from bot.clients.errors import Gone, NotReady, Unclear
from bot.clients.tiktok import endpoints as at
from bot.clients.tiktok import wire, wire_orders
from bot.clients.tiktok.aftersales import Aftersales
from bot.clients.tiktok.calls import refuse_partial
from bot.clients.tiktok.codes import SERVICE
from bot.clients.tiktok.shapes import Access, AuthorisedShop, ExternalReference, PriceDetail, Subscription
from bot.domain.catalogue import Listing, Stocked
from bot.domain.connections import Token
from bot.domain.orders import Order, OrderStatus
from bot.domain.values import ListingId, Money, OrderId, ShopId

__all__ = ["Access", "AuthorisedShop", "ExternalReference", "PriceDetail", "Subscription", "TikTok"]

SEARCH_WINDOW = 10_000  # a product search shows no more (12052180)
_STOCK_IDS = 600
_EVER = wire.EPOCH
EVENTS = (
    "ORDER_STATUS_CHANGE",
    "RECIPIENT_ADDRESS_UPDATE",
    "PACKAGE_UPDATE",
    "PRODUCT_STATUS_CHANGE",
    "PRODUCT_INFORMATION_CHANGE",
    "PRODUCT_CREATION",
    "PRODUCT_AUDIT_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
)
"""What we subscribe to per shop; stock events come only by the app-level setting in Partner Center."""
SCOPES = (
    "seller.authorization.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.order.info",
    "seller.order.ext_ref.read",
    "seller.order.ext_ref.write",
    "seller.logistics",
)


class TikTok(Aftersales):
    """All of TikTok we use. Every method raises the errors of `clients/errors.py`."""

    # tokens and accounts

    async def exchange(self, code: str) -> Token:
        """The seller's consent → tokens. `code` lives 30 minutes and works once."""
        return _token(await self._ask_token("get", {"auth_code": code, "grant_type": "authorized_code"}))

    async def refresh(self, token: Token) -> Token:
        """A new pair: keep both in one write, the old refresh token is dead."""
        query = {"refresh_token": token.refresh, "grant_type": "refresh_token"}
        return _token(await self._ask_token("refresh", query))

    async def shops(self, access_token: str) -> list[AuthorisedShop]:
        """The shops this token may act for."""
        data = await self._send(at.SHOPS, Access(access_token), "shops", None, None, None)
        return wire.parse_shops(data)

    async def webhooks(self, shop: ShopId) -> list[Subscription]:
        return wire.parse_webhooks(await self._call(at.WEBHOOKS, shop))

    async def subscribe(self, shop: ShopId, event_type: str, address: str) -> None:
        """Sets or replaces the address of one event."""
        await self._call(at.SUBSCRIBE, shop, body=wire.webhook_body(event_type, address))

    async def unsubscribe(self, shop: ShopId, event_type: str) -> None:
        """Also succeeds when there is none."""
        await self._call(at.UNSUBSCRIBE, shop, body=wire.webhook_body(event_type))

    # catalogue

    async def listings(self, shop: ShopId, *, updated_from: datetime | None = None) -> AsyncIterator[list[Listing]]:
        """All SKUs page by page, without deleted ones; with `updated_from` all that changed since, deleted ones too.

        Variations are "" here: only `product` tells them. More than 10,000 products are read by windows of time.
        """
        end = self._now() + timedelta(days=1)
        async for page in self._listings(shop, updated_from, None, end):
            yield [listing for listing in page if updated_from is not None or not listing.is_deleted]

    async def _listings(
        self, shop: ShopId, start: datetime | None, stop: datetime | None, end: datetime
    ) -> AsyncIterator[list[Listing]]:
        low, high = start or _EVER, stop or end
        pages = self._pages(at.PRODUCT_SEARCH, shop, size=100, body=wire.search_body(start, stop))
        async for data in pages:
            if wire.total_count(data) <= SEARCH_WINDOW or high - low <= timedelta(seconds=1):
                yield wire.parse_products(shop, data)
                continue
            middle = low + timedelta(seconds=(wire.seconds(high) - wire.seconds(low)) // 2)
            async for page in self._listings(shop, low, middle, end):
                yield page
            async for page in self._listings(shop, middle + timedelta(seconds=1), high, end):
                yield page
            return

    async def product(self, shop: ShopId, product_id: str) -> list[Listing]:
        """The SKUs of one product, with variations. Gone when it does not exist or is another seller's."""
        data = await self._call(at.PRODUCT, shop, ids={"product_id": product_id})
        if not data:
            raise Gone("no such product", service=SERVICE)
        return wire.parse_product(shop, data)

    async def stock(self, shop: ShopId, ids: Sequence[ListingId]) -> dict[ListingId, tuple[Stocked, ...]]:
        """Available units per warehouse; SKUs that are gone are left out."""
        found: dict[ListingId, tuple[Stocked, ...]] = {}
        for start in range(0, len(ids), _STOCK_IDS):
            body = wire.stock_search_body(ids[start : start + _STOCK_IDS])
            found |= wire.parse_stock(await self._call(at.STOCK_SEARCH, shop, body=body))
        return found

    async def set_stock(self, shop: ShopId, product_id: str, listing_id: ListingId, stock: Sequence[Stocked]) -> None:
        """Sets the available units; every warehouse of the SKU must be listed. Invalid, Gone, … with TikTok's code."""
        body = wire.set_stock_body(listing_id, stock)
        refuse_partial(await self._call(at.SET_STOCK, shop, ids={"product_id": product_id}, body=body))

    async def set_price(self, shop: ShopId, product_id: str, listing_id: ListingId, price: Money) -> None:
        """Sets the shelf price. Refused while a promotion runs (codes.PROMOTION)."""
        body = wire.set_price_body(listing_id, price)
        refuse_partial(await self._call(at.SET_PRICE, shop, ids={"product_id": product_id}, body=body))

    # orders

    async def orders(
        self,
        shop: ShopId,
        updated_from: datetime,
        updated_to: datetime | None = None,
        *,
        status: OrderStatus | None = None,
    ) -> AsyncIterator[list[Order]]:
        """Orders by time of change, oldest first. Parts of bundles are only in `order`; windows should overlap."""
        query = {"sort_field": "update_time", "sort_order": "ASC"}
        body = wire_orders.search_body(updated_from, updated_to, status)
        async for data in self._pages(at.ORDER_SEARCH, shop, size=50, query=query, body=body):
            yield wire_orders.parse_orders(shop, data)

    async def order(self, shop: ShopId, order_id: OrderId) -> Order:
        """The whole order. NotReady while TikTok doesn't show it yet; Gone when it is another seller's."""
        found = wire_orders.parse_orders(shop, await self._call(at.ORDERS, shop, query={"ids": order_id}))
        for order in found:
            if order.id == order_id:
                return order
        raise NotReady("the order is not readable yet", service=SERVICE)

    async def price_detail(self, shop: ShopId, order_id: OrderId) -> PriceDetail:
        return wire_orders.parse_price_detail(await self._call(at.PRICE_DETAIL, shop, ids={"order_id": order_id}))

    async def references(self, shop: ShopId, order_id: OrderId) -> list[ExternalReference]:
        """Shopify orders that any app noted as the mirror of this one."""
        query = {"platform": wire_orders.PLATFORM}
        data = await self._call(at.REFERENCES, shop, ids={"order_id": order_id}, query=query)
        return wire_orders.parse_references(data)

    async def add_reference(
        self, shop: ShopId, order_id: OrderId, shopify_id: str, lines: Sequence[tuple[str, str]]
    ) -> None:
        """Notes the mirror; calling again overwrites. `lines`: (Shopify line id, TikTok line id)."""
        body = wire_orders.reference_body(order_id, shopify_id, lines)
        refuse_partial(await self._call(at.ADD_REFERENCES, shop, body=body))

    async def orders_of_reference(self, shop: ShopId, shopify_id: str) -> list[tuple[OrderId, ExternalReference]]:
        """The TikTok orders that name this Shopify order."""
        query = {"platform": wire_orders.PLATFORM, "external_order_id": shopify_id}
        return wire_orders.parse_reference_search(await self._call(at.REFERENCE_SEARCH, shop, query=query))


def _token(data: wire.Json, parse: Callable[[wire.Json], Token] = wire.parse_token) -> Token:
    try:
        return parse(data)
    except KeyError:
        raise Unclear("an answer without a token", service=SERVICE) from None
