"""TikTok warehouses, carriers, packages, cancellations and returns as JSON. No I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

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
from bot.clients.tiktok.wire import EPOCH, Json, moment, nested, rows, seconds, text, texts, whole
from bot.domain.values import ListingId, Money, OrderId


def parse_warehouses(data: Json) -> list[Warehouse]:
    return [
        Warehouse(
            id=text(row, "id"),
            name=text(row, "name"),
            status=text(row, "effect_status"),
            kind=text(row, "type"),
            is_default=bool(row.get("is_default")),
            region=text(nested(row, "address"), "region_code"),
        )
        for row in rows(data, "warehouses")
    ]


def parse_delivery_options(data: Json) -> list[DeliveryOption]:
    return [
        DeliveryOption(text(row, "id"), text(row, "name"), text(row, "type")) for row in rows(data, "delivery_options")
    ]


def parse_providers(data: Json) -> list[ShippingProvider]:
    return [ShippingProvider(text(row, "id"), text(row, "name")) for row in rows(data, "shipping_providers")]


def mark_shipped_body(line_ids: Sequence[str], tracking_number: str, provider_id: str) -> Json:
    return {"order_line_item_ids": list(line_ids), **tracking_body(tracking_number, provider_id)}


def tracking_body(tracking_number: str, provider_id: str) -> Json:
    return {"tracking_number": tracking_number, "shipping_provider_id": provider_id}


def ship_package_body(tracking_number: str, provider_id: str) -> Json:
    return {"self_shipment": tracking_body(tracking_number, provider_id)}


def parse_shipment(data: Json) -> Shipment:
    return Shipment(
        package_id=text(data, "package_id"),
        line_ids=texts(data, "order_line_item_ids"),
        warning=text(nested(data, "warning"), "message"),
    )


def parse_packages(data: Json) -> list[Package]:
    return [parse_package(row) for row in rows(data, "packages")]


def parse_package(row: Json) -> Package:
    """Of search (`id`, `status`) or detail (`package_id`, `package_status`)."""
    orders = rows(row, "orders")
    units = tuple(
        (ListingId(text(sku, "id")), max(1, whole(sku.get("quantity"))))
        for order in orders
        for sku in rows(order, "skus")
    )
    return Package(
        id=text(row, "package_id") or text(row, "id"),
        status=text(row, "package_status") or text(row, "status"),
        order_ids=tuple(OrderId(text(order, "id")) for order in orders),
        line_ids=texts(row, "order_line_item_ids"),
        tracking_number=text(row, "tracking_number"),
        provider_id=text(row, "shipping_provider_id"),
        provider_name=text(row, "shipping_provider_name"),
        units=units,
        updated_at=moment(row.get("update_time")),
    )


def parse_tracking(data: Json) -> list[TrackingEvent]:
    return [
        TrackingEvent(text(row, "description"), EPOCH + timedelta(milliseconds=whole(row.get("update_time_millis"))))
        for row in rows(data, "tracking")
    ]


# cancellations and returns


def window_body(updated_from: datetime, updated_to: datetime | None, order_ids: Sequence[OrderId] = ()) -> Json:
    body: dict[str, Any] = {"update_time_ge": seconds(updated_from)}
    if updated_to is not None:
        body["update_time_lt"] = seconds(updated_to)
    if order_ids:
        body["order_ids"] = list(order_ids)
    return body


def package_search_body(updated_from: datetime, updated_to: datetime | None) -> Json:
    return window_body(updated_from, updated_to)


def parse_cancellations(data: Json) -> list[Cancellation]:
    return [_cancellation(row) for row in rows(data, "cancellations")]


def _cancellation(row: Json) -> Cancellation:
    asked = [moment(step.get("deadline")) for step in rows(row, "seller_next_action_response")]
    deadlines = [at for at in asked if at is not None]
    restock = row.get("should_replenish_stock")
    return Cancellation(
        id=text(row, "cancel_id"),
        order_id=OrderId(text(row, "order_id")),
        kind=text(row, "cancel_type"),
        status=text(row, "cancel_status"),
        role=text(row, "role"),
        reason=text(row, "cancel_reason"),
        reason_text=text(row, "cancel_reason_text"),
        refund=_refund(nested(row, "refund_amount")),
        line_ids=_line_ids(rows(row, "cancel_line_items")),
        deadline=min(deadlines, default=None),
        restock=restock if isinstance(restock, bool) else None,
        created_at=moment(row.get("create_time")),
        updated_at=moment(row.get("update_time")),
    )


def parse_returns(data: Json) -> list[Return]:
    return [
        Return(
            id=text(row, "return_id"),
            order_id=OrderId(text(row, "order_id")),
            kind=text(row, "return_type"),
            status=text(row, "return_status"),
            role=text(row, "role"),
            reason=text(row, "return_reason"),
            reason_text=text(row, "return_reason_text"),
            refund=_refund(nested(row, "refund_amount")),
            line_ids=_line_ids(rows(row, "return_line_items")),
            tracking_number=text(row, "return_tracking_number"),
            created_at=moment(row.get("create_time")),
            updated_at=moment(row.get("update_time")),
        )
        for row in rows(data, "return_orders")
    ]


def _line_ids(lines: Sequence[Json]) -> tuple[str, ...]:
    return tuple(text(line, "order_line_item_id") for line in lines if line.get("order_line_item_id"))


def _refund(amount: Json) -> Money | None:
    told, currency = text(amount, "refund_total"), text(amount, "currency")
    try:
        return Money.parse(told, currency) if told and currency else None
    except ValueError:
        return None


def cancel_body(order_id: OrderId, reason: str, line_ids: Sequence[str]) -> Json:
    body: dict[str, Any] = {"order_id": order_id, "cancel_reason": reason}
    return body | ({"order_line_item_ids": list(line_ids)} if line_ids else {})


def parse_cancel(data: Json) -> tuple[str, str]:
    """(cancel id, its status)."""
    return text(data, "cancel_id"), text(data, "cancel_status")


def reject_body(reason: str, comment: str) -> Json:
    return {"reject_reason": reason} | ({"comment": comment} if comment else {})
