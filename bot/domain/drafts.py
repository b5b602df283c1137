"""From a TikTok order and its links to the exact Shopify order: lines, money to the cent, address, note, tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.catalogue import Variant
from bot.domain.links import Link
from bot.domain.orders import Address, Order, OrderLine, Reason, Stop
from bot.domain.values import ListingId, Money, StoreId, VariantId, per_unit, share, total


@dataclass(frozen=True)
class DraftLine:
    """`quantity` Shopify units at `unit_price`; `line_ids` are the TikTok lines it stands for."""

    variant_id: VariantId
    quantity: int
    unit_price: Money
    line_ids: tuple[str, ...]
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DraftTax:
    title: str
    amount: Money
    rate: Decimal
    channel_liable: bool


@dataclass(frozen=True)
class OrderDraft:
    """Everything orderCreate needs. All money in the store's currency. `total` is the sum Shopify will compute."""

    order_id: str
    store_id: StoreId
    lines: tuple[DraftLine, ...]
    shipping: tuple[tuple[str, Money], ...]
    taxes: tuple[DraftTax, ...]
    taxes_included: bool
    total: Money
    paid_at: datetime | None
    address: Address | None = field(repr=False)
    note: str = field(repr=False)
    attributes: tuple[tuple[str, str], ...] = field(repr=False)
    tags: tuple[str, ...]


def draft_order(
    order: Order, store_id: StoreId, links: Mapping[ListingId, Link], variants: Mapping[VariantId, Variant]
) -> OrderDraft | Stop:
    """The Shopify order whose total equals TikTok's `total_amount` to the cent, or Stop(TOTALS_DIFFER) with both.

    `variants` are the linked ones: their prices weigh the parts of a bundle.
    """
    lines = tuple(draft for line in order.lines for draft in _lines(line, links, variants))
    pay = order.payment
    goods = total([line.unit_price * line.quantity for line in lines], pay.currency)
    shipping = (("TikTok Shop shipping", pay.shipping), *pay.fees)
    before_tax = goods + total([amount for _, amount in shipping], pay.currency)
    included = before_tax == pay.total
    computed = before_tax if included else before_tax + pay.tax
    if computed != pay.total:
        return Stop(Reason.TOTALS_DIFFER, facts={"tiktok": pay.total.text(), "shopify": computed.text()})
    return OrderDraft(
        order_id=order.id,
        store_id=store_id,
        lines=lines,
        shipping=tuple((title, amount) for title, amount in shipping if amount.amount or title == shipping[0][0]),
        taxes=_taxes(pay.tax, before_tax, included),
        taxes_included=included and bool(pay.tax.amount),
        total=computed,
        paid_at=order.paid_at,
        address=order.address,
        note=order.buyer_message,
        attributes=_attributes(order),
        tags=("tiktok-shop", f"tts-{order.id}"),
    )


def _lines(line: OrderLine, links: Mapping[ListingId, Link], variants: Mapping[VariantId, Variant]) -> list[DraftLine]:
    whole = line.unit_price * line.quantity
    if line.listing_id in links:
        link = links[line.listing_id]
        return _priced(link.variant_id, line.quantity * link.pack, whole, line)
    units = [line.quantity * part.count * links[part.listing_id].pack for part in line.parts]
    chosen = [links[part.listing_id].variant_id for part in line.parts]
    weights = [
        variants[v].price.amount * n if v in variants else Decimal(0) for v, n in zip(chosen, units, strict=True)
    ]
    parts = share(whole, weights)
    rows = zip(chosen, units, parts, strict=True)
    return [draft for variant, count, part in rows for draft in _priced(variant, count, part, line)]


def _priced(variant_id: VariantId, units: int, whole: Money, line: OrderLine) -> list[DraftLine]:
    """One row where the price divides, else two that differ by one step, so that the sum stays exact."""
    properties = _properties(line)
    rows = per_unit(whole, units)
    drafts: list[DraftLine] = []
    for index, (count, price) in enumerate(rows):
        ids = line.line_ids if index == 0 else ()
        drafts.append(DraftLine(variant_id, count, price, ids, properties))
    return drafts


def _properties(line: OrderLine) -> tuple[tuple[str, str], ...]:
    rows = [("TikTok SKU", line.seller_sku or line.listing_id)]
    if line.original_price != line.unit_price:
        rows.append(("Price before discounts", line.original_price.text()))
    if line.seller_discount.amount:
        rows.append(("Seller discount", line.seller_discount.text()))
    if line.platform_discount.amount:
        rows.append(("TikTok discount", line.platform_discount.text()))
    if line.is_gift:
        rows.append(("Gift", "yes"))
    return tuple(rows)


def _taxes(tax: Money, before_tax: Money, included: bool) -> tuple[DraftTax, ...]:
    if not tax.amount:
        return ()
    base = before_tax.amount - (tax.amount if included else 0)
    rate = (tax.amount / base).quantize(Decimal("0.000001")) if base > 0 else Decimal(0)
    # In the US the marketplace collects and pays the tax; elsewhere the price contains the seller's own.
    return (DraftTax("Tax (TikTok Shop)", tax, rate, channel_liable=not included),)


def _attributes(order: Order) -> tuple[tuple[str, str], ...]:
    rows = [("TikTok order", str(order.id)), ("TikTok shop", str(order.shop_id))]
    if order.tiktok_ships:
        rows.append(("Ship with", "TikTok Shop label"))
    if order.ship_by:
        rows.append(("Ship by (UTC)", order.ship_by.strftime("%Y-%m-%d %H:%M")))
    return tuple(rows)
