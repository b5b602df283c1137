"""Shipping, cancellations and returns at TikTok: a method per endpoint."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from bot.clients.tiktok import endpoints as at
from bot.clients.tiktok import wire_shipping as wire
from bot.clients.tiktok.calls import Calls
from bot.clients.tiktok.shapes import (
    Cancellation,
    DeliveryOption,
    Package,
    Return,
    Shipment,
    ShippingProvider,
    TrackingEvent,
    Warehouse,
)
from bot.domain.values import OrderId, ShopId

_OLDEST_FIRST = {"sort_field": "update_time", "sort_order": "ASC"}


class Aftersales(Calls):
    """What happens to an order after it was mirrored. Every method raises the errors of `clients/errors.py`."""

    async def warehouses(self, shop: ShopId) -> list[Warehouse]:
        return wire.parse_warehouses(await self._call(at.WAREHOUSES, shop))

    async def delivery_options(self, shop: ShopId, warehouse_id: str) -> list[DeliveryOption]:
        data = await self._call(at.DELIVERY_OPTIONS, shop, ids={"warehouse_id": warehouse_id})
        return wire.parse_delivery_options(data)

    async def shipping_providers(self, shop: ShopId, delivery_option_id: str) -> list[ShippingProvider]:
        """Carriers the seller may name; refused (21008117) for an option that TikTok delivers itself."""
        data = await self._call(at.PROVIDERS, shop, ids={"delivery_option_id": delivery_option_id})
        return wire.parse_providers(data)

    async def mark_shipped(
        self, shop: ShopId, order_id: OrderId, line_ids: Sequence[str], tracking_number: str, provider_id: str
    ) -> Shipment:
        """US, UK, EU, JP: makes the package. Not idempotent; codes.ALREADY_SHIPPED means re-read, it is done."""
        body = wire.mark_shipped_body(line_ids, tracking_number, provider_id)
        return wire.parse_shipment(await self._call(at.MARK_SHIPPED, shop, ids={"order_id": order_id}, body=body))

    async def ship_package(self, shop: ShopId, package_id: str, tracking_number: str, provider_id: str) -> None:
        """South-East Asia, Latin America: the package exists from the payment on."""
        body = wire.ship_package_body(tracking_number, provider_id)
        await self._call(at.SHIP_PACKAGE, shop, ids={"package_id": package_id}, body=body)

    async def update_shipping(self, shop: ShopId, package_id: str, tracking_number: str, provider_id: str) -> None:
        """Corrects tracking; the US allow it for 72 hours and only a few times."""
        body = wire.tracking_body(tracking_number, provider_id)
        await self._call(at.UPDATE_SHIPPING, shop, ids={"package_id": package_id}, body=body)

    async def packages(
        self, shop: ShopId, updated_from: datetime, updated_to: datetime | None = None
    ) -> AsyncIterator[list[Package]]:
        body = wire.package_search_body(updated_from, updated_to)
        query = {"sort_field": "update_time", "sort_order": "ASC"}
        async for data in self._pages(at.PACKAGE_SEARCH, shop, size=50, query=query, body=body):
            yield wire.parse_packages(data)

    async def package(self, shop: ShopId, package_id: str) -> Package:
        return wire.parse_package(await self._call(at.PACKAGE, shop, ids={"package_id": package_id}))

    async def tracking(self, shop: ShopId, order_id: OrderId) -> list[TrackingEvent]:
        return wire.parse_tracking(await self._call(at.TRACKING, shop, ids={"order_id": order_id}))

    async def cancellations(
        self,
        shop: ShopId,
        updated_from: datetime,
        updated_to: datetime | None = None,
        *,
        order_ids: Sequence[OrderId] = (),
    ) -> AsyncIterator[list[Cancellation]]:
        body = wire.window_body(updated_from, updated_to, order_ids)
        async for data in self._pages(at.CANCEL_SEARCH, shop, size=50, query=_OLDEST_FIRST, body=body):
            yield wire.parse_cancellations(data)

    async def cancel(
        self, shop: ShopId, order_id: OrderId, reason: str, line_ids: Sequence[str] = ()
    ) -> tuple[str, str]:
        """(cancel id, its status). `reason` depends on market and status; single lines only in the US and UK."""
        return wire.parse_cancel(await self._call(at.CANCEL, shop, body=wire.cancel_body(order_id, reason, line_ids)))

    async def approve_cancellation(self, shop: ShopId, cancel_id: str, *, key: str) -> None:
        """`key`: the same for every repetition of this answer."""
        await self._call(at.APPROVE_CANCEL, shop, ids={"cancel_id": cancel_id}, query={"idempotency_key": key})

    async def reject_cancellation(
        self, shop: ShopId, cancel_id: str, reason: str, comment: str = "", *, key: str
    ) -> None:
        body = wire.reject_body(reason, comment)
        query = {"idempotency_key": key}
        await self._call(at.REJECT_CANCEL, shop, ids={"cancel_id": cancel_id}, query=query, body=body)

    async def returns(
        self,
        shop: ShopId,
        updated_from: datetime,
        updated_to: datetime | None = None,
        *,
        order_ids: Sequence[OrderId] = (),
    ) -> AsyncIterator[list[Return]]:
        body = wire.window_body(updated_from, updated_to, order_ids)
        async for data in self._pages(at.RETURN_SEARCH, shop, size=50, query=_OLDEST_FIRST, body=body):
            yield wire.parse_returns(data)
