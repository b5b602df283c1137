"""The parts of an order of the rehearsed Shopify: money, lines, payments, fulfilment orders, fulfilments, refunds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.rehearsal.shopify_world import Entity, Item, Level, Location, gid

if TYPE_CHECKING:
    from bot.rehearsal.shopify_orders import Order

ZERO = Decimal(0)
OPEN = ("OPEN", "IN_PROGRESS", "SCHEDULED", "ON_HOLD")


class Bag(NamedTuple):
    """One amount in the shop's currency and as presented to the buyer."""

    shop: Decimal = ZERO
    shown: Decimal = ZERO

    def plus(self, other: "Bag") -> "Bag":
        return Bag(self.shop + other.shop, self.shown + other.shown)

    def minus(self, other: "Bag") -> "Bag":
        return Bag(self.shop - other.shop, self.shown - other.shown)

    def times(self, factor: int | Decimal) -> "Bag":
        return Bag(self.shop * factor, self.shown * factor)


def total(bags: Iterable[Bag]) -> Bag:
    result = Bag()
    for bag in bags:
        result = result.plus(bag)
    return result


@dataclass(eq=False, repr=False)
class Tax:
    order: "Order"
    title: str
    rate: Decimal
    price: Bag
    channel_liable: bool | None = None

    @property
    def rate_percentage(self) -> float:
        return float(self.rate * 100)

    @property
    def price_set(self) -> dict[str, Any]:
        return self.order.money(self.price)


@dataclass(eq=False, repr=False)
class Line(Entity):
    id: str
    order: "Order"
    title: str
    quantity: int
    unit: Bag
    variant_id: str | None = None
    sku: str | None = None
    variant_title: str | None = None
    vendor: str | None = None
    requires_shipping: bool = False
    taxable: bool = True
    custom_attributes: list[dict[str, Any]] = field(default_factory=list)
    tax_lines: list[Tax] = field(default_factory=list)
    item: Item | None = None
    claims: dict[str, int] = field(default_factory=dict)  # location gid → units taken from its stock
    location: Location | None = None
    removed: int = 0  # refunded or cancelled units
    fulfilled: int = 0

    @property
    def name(self) -> str:
        return f"{self.title} - {self.variant_title}" if self.variant_title else self.title

    @property
    def current_quantity(self) -> int:
        return self.quantity - self.removed

    refundable_quantity = current_quantity

    @property
    def unfulfilled_quantity(self) -> int:
        return max(self.quantity - self.removed - self.fulfilled, 0)

    @property
    def fulfillable_quantity(self) -> int:
        return self.unfulfilled_quantity if self.requires_shipping else 0

    @property
    def non_fulfillable_quantity(self) -> int:
        return self.quantity - self.fulfillable_quantity

    @property
    def original_unit_price_set(self) -> dict[str, Any]:
        return self.order.money(self.unit)

    discounted_unit_price_set = original_unit_price_set

    @property
    def original_total_set(self) -> dict[str, Any]:
        return self.order.money(self.unit.times(self.quantity))

    discounted_total_set = original_total_set

    @property
    def total_discount_set(self) -> dict[str, Any]:
        return self.order.money(Bag())


@dataclass(eq=False, repr=False)
class Shipping:
    id: str
    order: "Order"
    title: str
    price: Bag
    code: str | None = None
    source: str | None = None
    tax_lines: list[Tax] = field(default_factory=list)

    @property
    def original_price_set(self) -> dict[str, Any]:
        return self.order.money(self.price)

    discounted_price_set = original_price_set


@dataclass(eq=False, repr=False)
class Payment(Entity):
    id: str
    order: "Order"
    kind: str
    status: str
    amount: Bag
    created_at: datetime
    processed_at: datetime
    gateway: str | None = None
    test: bool = False
    parent_transaction: "Payment | None" = None
    manual_payment_gateway: bool = False

    @property
    def amount_set(self) -> dict[str, Any]:
        return self.order.money(self.amount)


@dataclass(eq=False, repr=False)
class OrderPart(Entity):
    """`quantity` units of a line inside a fulfilment order or a fulfilment."""

    id: str
    line_item: Line
    quantity: int
    remaining_quantity: int

    @property
    def total_quantity(self) -> int:
        return self.quantity

    @property
    def sku(self) -> str | None:
        return self.line_item.sku

    @property
    def product_title(self) -> str:
        return self.line_item.title

    @property
    def inventory_item_id(self) -> str | None:
        return self.line_item.item.id if self.line_item.item else None


@dataclass(eq=False, repr=False)
class Hold(Entity):
    id: str
    reason: str
    reason_notes: str | None
    handle: str | None
    held_by_requesting_app: bool = True

    @property
    def display_reason(self) -> str:
        return self.reason.replace("_", " ").capitalize()


@dataclass(eq=False, repr=False)
class FulfillmentOrder(Entity):
    id: str
    order: "Order"
    location: Location
    lines: list[OrderPart]
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"
    request_status: str = "UNSUBMITTED"
    fulfillment_holds: list[Hold] = field(default_factory=list)
    fulfill_at: None = None

    @property
    def order_id(self) -> str:
        return self.order.id

    @property
    def order_name(self) -> str:
        return self.order.name

    @property
    def assigned_location(self) -> dict[str, Any]:
        return {"name": self.location.name, "location": self.location}

    @property
    def supported_actions(self) -> list[dict[str, str]]:
        names = {"OPEN": ("CREATE_FULFILLMENT", "HOLD", "MOVE"), "ON_HOLD": ("RELEASE_HOLD", "HOLD")}
        return [{"action": name} for name in names.get(self.status, ())]


@dataclass(eq=False, repr=False)
class Fulfillment(Entity):
    id: str
    order: "Order"
    name: str
    location: Location
    lines: list[OrderPart]
    created_at: datetime
    updated_at: datetime
    tracking: list[dict[str, Any]] = field(default_factory=list)
    status: str = "SUCCESS"
    delivered_at: datetime | None = None
    requires_shipping: bool = True

    @property
    def display_status(self) -> str:
        return "FULFILLED" if self.status == "SUCCESS" else "CANCELED"

    @property
    def total_quantity(self) -> int:
        return sum(part.quantity for part in self.lines)


@dataclass(eq=False, repr=False)
class RefundLine(Entity):
    id: str
    line_item: Line
    quantity: int
    restock_type: str
    restocked: bool
    location: Location | None
    subtotal: Bag

    @property
    def subtotal_set(self) -> dict[str, Any]:
        return self.line_item.order.money(self.subtotal)


@dataclass(eq=False, repr=False)
class Refund(Entity):
    id: str
    order: "Order"
    note: str | None
    created_at: datetime
    lines: list[RefundLine] = field(default_factory=list)
    paid: list[Payment] = field(default_factory=list)
    shipping: Bag = field(default_factory=Bag)

    @property
    def updated_at(self) -> datetime:
        return self.created_at

    @property
    def total_refunded_set(self) -> dict[str, Any]:
        return self.order.money(total(payment.amount for payment in self.paid))


@dataclass(eq=False, repr=False)
class Metafield(Entity):
    id: str
    namespace: str
    key: str
    value: str
    type: str
    created_at: datetime
    updated_at: datetime
    owner_type: str = "ORDER"


def restock(line: Line, units: int, location: Location | None, now: datetime, shipped: bool = False) -> list[Level]:
    """Gives up to `units` claimed units of the line back (to where they came from, or to `location`)."""
    changed: list[Level] = []
    if line.item is None:
        return changed
    for claimed, count in list(line.claims.items()):
        give = min(units, count)
        if give <= 0:
            continue
        line.claims[claimed] -= give
        units -= give
        origin = line.item.levels[claimed]
        if not shipped:  # shipped units are no longer committed
            origin.committed -= give
        target = line.item.levels.get(location.id, origin) if location else origin
        target.available += give
        target.updated_at = now
        changed.append(target)
    return changed


def new_part(line: Line, quantity: int, kind: str) -> OrderPart:
    return OrderPart(gid(kind), line, quantity, quantity)
