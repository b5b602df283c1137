"""TikTok orders as JSON: lines grouped, money, address, price detail, external references. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.clients.tiktok.shapes import ExternalReference, PriceDetail, PricePart
from bot.clients.tiktok.wire import EPOCH, Json, moment, nested, rows, seconds, text, whole
from bot.domain.orders import Address, BundlePart, Order, OrderLine, OrderStatus, Payment
from bot.domain.values import ListingId, Money, OrderId, ShopId, total

PLATFORM = "SHOPIFY"
_FEES = (  # extra amounts that some markets add to the total
    ("Retail delivery fee", ("retail_delivery_fee",)),
    ("Small order fee", ("small_order_fee",)),
    ("Buyer service fee", ("buyer_service_fee",)),
    ("Handling fee", ("handling_fee",)),
    ("Item insurance", ("item_insurance_fee", "item_insurance_tax")),
)
_ADDRESS_LINES = ("address_line1", "address_line2", "address_line3", "address_line4")


def search_body(updated_from: datetime, updated_to: datetime | None, status: OrderStatus | None) -> Json:
    """`_ge` is inclusive, `_lt` is not."""
    body: dict[str, Any] = {"update_time_ge": seconds(updated_from)}
    if updated_to is not None:
        body["update_time_lt"] = seconds(updated_to)
    if status is not None:
        body["order_status"] = status.value
    return body


def parse_orders(shop: ShopId, data: Json) -> list[Order]:
    return [parse_order(shop, row) for row in rows(data, "orders")]


def parse_status(told: str) -> OrderStatus:
    """Webhooks spell it CANCEL, the API CANCELLED."""
    if told == "CANCEL":
        return OrderStatus.CANCELLED
    return OrderStatus(told) if told in OrderStatus.__members__ else OrderStatus.UNKNOWN


def parse_order(shop: ShopId, order: Json) -> Order:
    """Raises ValueError when an amount is no number."""
    payment = parse_payment(nested(order, "payment"), _currency(order))
    created = moment(order.get("create_time")) or EPOCH
    return Order(
        id=OrderId(str(order["id"])),
        shop_id=shop,
        status=parse_status(text(order, "status")),
        created_at=created,
        paid_at=moment(order.get("paid_time")),
        updated_at=moment(order.get("update_time")) or created,
        ship_by=moment(order.get("rts_sla_time")) or moment(order.get("shipping_due_time")),
        lines=parse_lines(rows(order, "line_items"), payment.currency),
        payment=payment,
        address=parse_address(nested(order, "recipient_address")),
        buyer_message=text(order, "buyer_message"),
        by_tiktok=text(order, "fulfillment_type") == "FULFILLMENT_BY_TIKTOK",
        tiktok_ships=text(order, "shipping_type") == "TIKTOK",
        is_sample=bool(order.get("is_sample_order")),
        is_digital=text(order, "shipping_type") == "TIKTOK_DIGITAL" or text(order, "order_type") == "VIRTUAL_ORDER",
        cancel_requested=bool(order.get("is_buyer_request_cancel")),
        was_on_hold=order.get("is_on_hold_order") is not False,
    )


def _currency(order: Json) -> str:
    told = text(nested(order, "payment"), "currency")
    return told or next((text(line, "currency") for line in rows(order, "line_items") if line.get("currency")), "")


def parse_lines(lines: Sequence[Json], currency: str) -> tuple[OrderLine, ...]:
    """One line per unit at TikTok → one per (SKU, price, discounts, gift, status).

    Units cancelled out of an order that goes on are left out: they must not be shipped.
    """
    groups: dict[tuple[Any, ...], list[Json]] = {}
    kept = [line for line in lines if text(line, "display_status") != "CANCELLED"] or lines
    for line in kept:
        key = (
            text(line, "sku_id"),
            *(_amount(line, name, currency).amount for name in ("sale_price", "seller_discount", "platform_discount")),
            bool(line.get("is_gift")),
            text(line, "display_status"),
        )
        groups.setdefault(key, []).append(line)
    return tuple(_line(same, currency) for same in groups.values())


def _line(same: Sequence[Json], currency: str) -> OrderLine:
    first = same[0]
    return OrderLine(
        listing_id=ListingId(text(first, "sku_id")),
        title=text(first, "product_name"),
        variation=text(first, "sku_name"),
        seller_sku=text(first, "seller_sku"),
        quantity=sum(max(1, whole(line.get("quantity"))) for line in same),
        unit_price=_amount(first, "sale_price", currency),
        original_price=_amount(first, "original_price", currency),
        seller_discount=_amount(first, "seller_discount", currency),
        platform_discount=_amount(first, "platform_discount", currency),
        line_ids=tuple(text(line, "id") for line in same),
        is_gift=bool(first.get("is_gift")),
        parts=tuple(_part(row) for row in rows(first, "combined_listing_skus")),
        product_id=text(first, "product_id"),
    )


def _part(row: Json) -> BundlePart:
    return BundlePart(
        listing_id=ListingId(text(row, "sku_id")),
        count=max(1, whole(row.get("sku_count"))),
        seller_sku=text(row, "seller_sku"),
        product_id=text(row, "product_id"),
    )


def _amount(source: Json, key: str, currency: str) -> Money:
    return Money.parse(text(source, key) or "0", currency)


def parse_payment(pay: Json, currency: str) -> Payment:
    """total_amount = sub_total + shipping_fee + taxes + fees; which parts a market adds is seen from the sum."""
    subtotal, shipping = _amount(pay, "sub_total", currency), _amount(pay, "shipping_fee", currency)
    paid = _amount(pay, "total_amount", currency)
    if text(pay, "tax"):
        tax = _amount(pay, "tax", currency)
    else:
        tax = _amount(pay, "product_tax", currency) + _amount(pay, "shipping_fee_tax", currency)
    fees = [(name, total([_amount(pay, key, currency) for key in keys], currency)) for name, keys in _FEES]
    fees = [(name, fee) for name, fee in fees if fee.amount]
    discount = _amount(pay, "payment_platform_discount", currency)
    extra = total([fee for _, fee in fees], currency)

    def adds_up(rest: Money) -> bool:
        return paid in (rest, rest + tax)

    if fees and not adds_up(subtotal + shipping + extra) and adds_up(subtotal + shipping):
        fees, extra = [], Money.zero(currency)  # told, but not charged to the buyer
    whole_sum = subtotal + shipping + extra
    counts = discount.amount and not adds_up(whole_sum) and adds_up(whole_sum - discount)
    if counts and discount.amount <= shipping.amount:  # Shopify takes no negative line: it lowers the shipping price
        shipping = shipping - discount
    return Payment(subtotal, shipping, tax, paid, tuple(fees), discount if discount.amount else None)


def parse_address(address: Json) -> Address | None:
    """None before TikTok releases it: no street, no town and no name were sent."""
    lines = tuple(line for line in (text(address, key) for key in _ADDRESS_LINES) if line)
    districts = [
        (text(row, "address_level"), text(row, "address_name"))
        for row in rows(address, "district_info")
        if text(row, "address_name")
    ]
    post_town = text(address, "post_town")
    if post_town and all(level != "L3" for level, _ in districts):
        districts.append(("L3", post_town))
    detail = text(address, "address_detail")
    found = Address(
        name=text(address, "name"),
        first_name=text(address, "first_name"),
        last_name=text(address, "last_name"),
        phone=text(address, "phone_number"),
        lines=lines or ((detail,) if detail else ()),
        full=text(address, "full_address"),
        districts=tuple(districts),
        postal_code=text(address, "postal_code"),
        region=text(address, "region_code").upper(),
    )
    named = found.name or found.first_name or found.last_name
    return found if found.lines or found.city or named else None


# price detail


def parse_price_detail(data: Json) -> PriceDetail:
    currency = text(data, "currency")
    return PriceDetail(
        order=_price_part(data, "", currency),
        shipping=_amount(data, "shipping_sale_price", currency),
        lines=tuple(
            _price_part(row, text(row, "id"), text(row, "currency") or currency) for row in rows(data, "line_items")
        ),
    )


def _price_part(row: Json, of: str, currency: str) -> PricePart:
    return PricePart(
        id=of,
        total=_amount(row, "total", currency),
        payment=_amount(row, "payment", currency),
        list_price=_amount(row, "sku_list_price", currency),
        sale_price=_amount(row, "sku_sale_price", currency),
        seller_deduction=_amount(row, "subtotal_deduction_seller", currency),
        platform_deduction=_amount(row, "subtotal_deduction_platform", currency),
        tax=_amount(row, "tax_amount", currency),
        net=_amount(row, "net_price_amount", currency),
        rate=_rate(text(row, "tax_rate")),
    )


def _rate(told: str) -> Decimal | None:
    try:
        return Decimal(told) if told else None
    except InvalidOperation:
        return None


# external references


def reference_body(order_id: OrderId, outer_id: str, lines: Sequence[tuple[str, str]]) -> Json:
    """`lines`: (Shopify line, TikTok line)."""
    pairs = [{"id": ours, "origin_id": theirs} for ours, theirs in lines]
    outer = {"id": outer_id, "platform": PLATFORM} | ({"line_items": pairs} if pairs else {})
    return {"orders": [{"id": order_id, "external_order": outer}]}


def parse_references(data: Json) -> list[ExternalReference]:
    return [_reference(row) for row in rows(data, "external_orders")]


def parse_reference_search(data: Json) -> list[tuple[OrderId, ExternalReference]]:
    return [(OrderId(text(row, "id")), _reference(nested(row, "external_order"))) for row in rows(data, "orders")]


def _reference(row: Json) -> ExternalReference:
    pairs = tuple((text(line, "id"), text(line, "origin_id")) for line in rows(row, "line_items"))
    return ExternalReference(text(row, "platform"), text(row, "id"), pairs)
