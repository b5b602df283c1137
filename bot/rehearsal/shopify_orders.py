"""An order of the rehearsed Shopify: what it is worth, what is paid and shipped, what the search index knows of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.rehearsal.shopify_order_parts import (
    Bag,
    Fulfillment,
    FulfillmentOrder,
    Line,
    Metafield,
    Payment,
    Refund,
    Shipping,
    Tax,
    total,
)
from bot.rehearsal.shopify_search import words
from bot.rehearsal.shopify_world import Entity, Store, plain


@dataclass(eq=False, repr=False)
class Order(Entity):
    """An order as created; `total`, `tax`, `subtotal` and `discount` are what Shopify computed then."""

    id: str
    store: Store
    name: str
    number: int
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    currency_code: str
    presentment_currency_code: str
    taxes_included: bool = False
    lines: list[Line] = field(default_factory=list)
    shipping: list[Shipping] = field(default_factory=list)
    tax_lines: list[Tax] = field(default_factory=list)
    transactions: list[Payment] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    fulfilment_orders: list[FulfillmentOrder] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    metafields: list[Metafield] = field(default_factory=list)
    total: Bag = field(default_factory=Bag)
    tax: Bag = field(default_factory=Bag)
    subtotal: Bag = field(default_factory=Bag)
    discount: Bag = field(default_factory=Bag)
    discount_code: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_attributes: list[dict[str, Any]] = field(default_factory=list)
    note: str | None = None
    email: str | None = None
    phone: str | None = None
    po_number: str | None = None
    source_name: str | None = None
    source_identifier: str | None = None
    registered_source_url: str | None = None
    shipping_address: dict[str, Any] | None = None
    billing_address: dict[str, Any] | None = None
    test: bool = False
    app: dict[str, str] | None = None
    forced_status: str | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    cancellation: dict[str, Any] | None = None
    closed_at: datetime | None = None
    inventory_behaviour: str = "BYPASS"
    confirmed: bool = True
    edited: bool = False
    return_status: str = "NO_RETURN"
    indexed: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def money(self, bag: Bag) -> dict[str, Any]:
        return {
            "shop_money": {"amount": plain(bag.shop), "currency_code": self.currency_code},
            "presentment_money": {"amount": plain(bag.shown), "currency_code": self.presentment_currency_code},
        }

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    @property
    def requires_shipping(self) -> bool:
        return any(line.requires_shipping for line in self.lines)

    @property
    def shipping_line(self) -> Shipping | None:
        return self.shipping[0] if self.shipping else None

    @property
    def discount_codes(self) -> list[str]:
        return [self.discount_code] if self.discount_code else []

    @property
    def fulfillments_count(self) -> dict[str, Any]:
        return {"count": len(self.fulfillments), "precision": "EXACT"}

    @property
    def subtotal_line_items_quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def current_subtotal_line_items_quantity(self) -> int:
        return sum(line.current_quantity for line in self.lines)

    def _paid(self, *kinds: str) -> Bag:
        return total(one.amount for one in self.transactions if one.status == "SUCCESS" and one.kind in kinds)

    @property
    def received(self) -> Bag:
        return self._paid("SALE", "CAPTURE")

    @property
    def refunded(self) -> Bag:
        return self._paid("REFUND")

    @property
    def current_subtotal(self) -> Bag:
        if self.cancelled_at:
            return Bag()
        return self.subtotal.minus(total(line.unit.times(line.removed) for line in self.lines))

    @property
    def current_total(self) -> Bag:
        if self.cancelled_at:
            return Bag()
        gone = total(line.unit.times(line.removed) for line in self.lines)
        return self.total.minus(gone).minus(total(refund.shipping for refund in self.refunds))

    @property
    def outstanding(self) -> Bag:
        return self.current_total.minus(self.received.minus(self.refunded))

    @property
    def display_financial_status(self) -> str:
        received, refunded = self.received.shop, self.refunded.shop
        if refunded > 0:
            return "REFUNDED" if refunded >= received else "PARTIALLY_REFUNDED"
        if received > 0:
            return "PAID" if received >= self.total.shop else "PARTIALLY_PAID"
        if self.cancelled_at:
            return "VOIDED"
        if self.forced_status:
            return self.forced_status
        if self._paid("AUTHORIZATION").shop > 0:
            return "AUTHORIZED"
        return "PAID" if self.total.shop == 0 else "PENDING"

    @property
    def fully_paid(self) -> bool:
        return self.outstanding.shop <= 0

    @property
    def unpaid(self) -> bool:
        return self.received.shop == 0 and self.total.shop > 0

    @property
    def can_mark_as_paid(self) -> bool:
        return self.cancelled_at is None and self.outstanding.shop > 0

    @property
    def display_fulfillment_status(self) -> str:
        done = sum(line.fulfilled for line in self.lines)
        left = sum(line.fulfillable_quantity for line in self.lines)
        if done:
            return "PARTIALLY_FULFILLED" if left else "FULFILLED"
        if not self.requires_shipping:
            return "FULFILLMENT_NOT_REQUIRED"
        return "ON_HOLD" if any(one.status == "ON_HOLD" for one in self.fulfilment_orders) else "UNFULFILLED"

    def __getattr__(self, name: str) -> Any:
        """The many `…_set` money fields, each from one amount of this order."""
        amount = _MONEY_FIELDS.get(name)
        if amount is None:
            raise AttributeError(name)
        return self.money(amount(self))

    def touch(self, now: datetime) -> None:
        """Marks a change; the search index learns of it `search_lag` seconds later."""
        self.updated_at = now
        self.indexed.append((now + timedelta(seconds=self.store.search_lag), self._document()))
        self.indexed = self.indexed[-3:]
        for word in self._words():
            self.store.order_words.setdefault(word, {})[self.id] = self

    def _words(self) -> set[str]:
        shown = [self.name, self.email or "", self.note or "", self.source_identifier or "", *self.tags]
        shown += [text for one in self.custom_attributes for text in (one["key"], one["value"] or "")]
        shown += [text for line in self.lines for text in (line.title, line.sku or "")]
        return {word for text in shown for word in words(text)}

    def searchable(self, now: datetime) -> dict[str, Any] | None:
        """What the search index knows at `now`; None before it has heard of the order."""
        for visible, document in reversed(self.indexed):
            if visible <= now:
                return document
        return None

    def _document(self) -> dict[str, Any]:
        free = {
            "name": [self.name],
            "email": [self.email or ""],
            "tags": list(self.tags),
            "note": [self.note or ""],
            "source_identifier": [self.source_identifier or ""],
            "attributes": [one["value"] or "" for one in self.custom_attributes],
            "lines": [text for line in self.lines for text in (line.title, line.sku or "")],
        }
        return {
            "": [text for name in self.store.free_text for text in free[name]],
            "id": self.legacy_resource_id,
            "name": self.name,
            "tag": list(self.tags),
            "email": self.email or "",
            "source_identifier": self.source_identifier or "",
            "source_name": self.source_name or "",
            "sku": [line.sku or "" for line in self.lines],
            "financial_status": self.display_financial_status,
            "fulfillment_status": self.display_fulfillment_status,
            "status": "cancelled" if self.cancelled_at else "open",
            "test": self.test,
            "created_at": self.created_at,
            "processed_at": self.processed_at,
            "updated_at": self.updated_at,
        }


_MONEY_FIELDS = {
    "subtotal_price_set": lambda order: order.subtotal,
    "current_subtotal_price_set": lambda order: order.current_subtotal,
    "total_price_set": lambda order: order.total,
    "original_total_price_set": lambda order: order.total,
    "current_total_price_set": lambda order: order.current_total,
    "total_tax_set": lambda order: order.tax,
    "current_total_tax_set": lambda order: Bag() if order.cancelled_at else order.tax,
    "total_discounts_set": lambda order: order.discount,
    "current_total_discounts_set": lambda order: Bag() if order.cancelled_at else order.discount,
    "total_shipping_price_set": lambda order: total(one.price for one in order.shipping),
    "total_outstanding_set": lambda order: order.outstanding,
    "total_received_set": lambda order: order.received,
    "total_refunded_set": lambda order: order.refunded,
    "net_payment_set": lambda order: order.received.minus(order.refunded),
}
