"""Webhook payloads in the shapes of the old REST resources, which Shopify keeps for webhooks."""

from typing import Any

from bot.rehearsal.shopify_order_parts import Fulfillment, Refund
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Level, Product, Variant, iso, number_of

CUT = 100  # the REST-style list of variants ends here; variant_gids names them all


def product(given: Product) -> dict[str, Any]:
    return {
        "id": number_of(given.id),
        "admin_graphql_api_id": given.id,
        "title": given.title,
        "handle": given.handle,
        "status": given.status.lower(),
        "product_type": given.product_type,
        "vendor": given.vendor,
        "tags": ", ".join(given.tags),
        "created_at": iso(given.created_at),
        "updated_at": iso(given.updated_at),
        "variants": [variant(one) for one in given.variants[:CUT]],
        "variant_gids": [{"admin_graphql_api_id": v.id, "updated_at": iso(v.updated_at)} for v in given.variants],
    }


def variant(given: Variant) -> dict[str, Any]:
    return {
        "id": number_of(given.id),
        "admin_graphql_api_id": given.id,
        "product_id": number_of(given.product.id),
        "title": given.title,
        "sku": given.sku,
        "price": given.price,
        "compare_at_price": given.compare_at_price,
        "inventory_item_id": number_of(given.inventory_item.id),
        "inventory_policy": given.inventory_policy.lower(),
        "inventory_quantity": given.inventory_quantity,
        "barcode": given.barcode,
        "position": given.position,
        "updated_at": iso(given.updated_at),
    }


def level(given: Level) -> dict[str, Any]:
    return {
        "inventory_item_id": number_of(given.item.id),
        "location_id": number_of(given.location.id),
        "available": given.available if given.item.tracked else None,
        "updated_at": iso(given.updated_at),
        "admin_graphql_api_id": given.id,
    }


def item(given: Variant) -> dict[str, Any]:
    return {
        "id": number_of(given.inventory_item.id),
        "admin_graphql_api_id": given.inventory_item.id,
        "sku": given.sku,
        "tracked": given.inventory_item.tracked,
        "cost": None,
        "requires_shipping": given.inventory_item.requires_shipping,
        "updated_at": iso(given.inventory_item.updated_at),
    }


def fulfillment(given: Fulfillment) -> dict[str, Any]:
    tracking = given.tracking
    return {
        "id": number_of(given.id),
        "admin_graphql_api_id": given.id,
        "order_id": number_of(given.order.id),
        "name": given.name,
        "status": given.status.lower(),
        "tracking_company": tracking[0]["company"] if tracking else None,
        "tracking_number": tracking[0]["number"] if tracking else None,
        "tracking_numbers": [one["number"] for one in tracking if one["number"]],
        "tracking_urls": [one["url"] for one in tracking if one["url"]],
        "location_id": number_of(given.location.id),
        "line_items": [_fulfilled(one.line_item, one.quantity) for one in given.lines],
        "created_at": iso(given.created_at),
        "updated_at": iso(given.updated_at),
    }


def _fulfilled(line: Any, quantity: int) -> dict[str, Any]:
    return {
        "id": number_of(line.id),
        "variant_id": number_of(line.variant_id) if line.variant_id else None,
        "sku": line.sku,
        "quantity": quantity,
    }


def refund(given: Refund) -> dict[str, Any]:
    return {
        "id": number_of(given.id),
        "admin_graphql_api_id": given.id,
        "order_id": number_of(given.order.id),
        "note": given.note,
        "restock": any(line.restocked for line in given.lines),
        "created_at": iso(given.created_at),
        "refund_line_items": [
            {
                "id": number_of(line.id),
                "line_item_id": number_of(line.line_item.id),
                "quantity": line.quantity,
                "restock_type": line.restock_type.lower(),
                "location_id": number_of(line.location.id) if line.location else None,
                "subtotal": str(line.subtotal.shop),
            }
            for line in given.lines
        ],
        "transactions": [{"id": number_of(t.id), "kind": "refund", "amount": str(t.amount.shop)} for t in given.paid],
    }


def order(given: Order) -> dict[str, Any]:
    status = given.display_fulfillment_status
    return {
        "id": number_of(given.id),
        "admin_graphql_api_id": given.id,
        "name": given.name,
        "order_number": given.number,
        "source_name": given.source_name,
        "source_identifier": given.source_identifier,
        "tags": ", ".join(given.tags),
        "note": given.note,
        "note_attributes": [{"name": one["key"], "value": one["value"]} for one in given.custom_attributes],
        "email": given.email or "",
        "currency": given.currency_code,
        "presentment_currency": given.presentment_currency_code,
        "total_price": str(given.total.shop),
        "financial_status": given.display_financial_status.lower(),
        "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(status),
        "cancelled_at": iso(given.cancelled_at),
        "cancel_reason": given.cancel_reason.lower() if given.cancel_reason else None,
        "test": given.test,
        "created_at": iso(given.created_at),
        "processed_at": iso(given.processed_at),
        "updated_at": iso(given.updated_at),
        "line_items": [
            _fulfilled(line, line.quantity)
            | {"price": str(line.unit.shop), "title": line.title, "fulfillable_quantity": line.fulfillable_quantity}
            for line in given.lines
        ],
        "fulfillments": [fulfillment(one) for one in given.fulfillments],
        "refunds": [refund(one) for one in given.refunds],
    }
