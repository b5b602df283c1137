"""What TikTok answers besides domain values: shops, references, parcels, cancellations, returns. Times UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.domain.values import ListingId, Money, OrderId, ShopId


@dataclass(frozen=True)
class Access:
    """What a call needs to act for one shop."""

    token: str = field(repr=False)
    cipher: str = field(repr=False, default="")


@dataclass(frozen=True)
class AuthorisedShop:
    id: ShopId
    name: str
    region: str
    seller_type: str  # LOCAL or CROSS_BORDER
    cipher: str = field(repr=False)


@dataclass(frozen=True)
class Subscription:
    event_type: str
    address: str
    updated_at: datetime | None = None


@dataclass(frozen=True)
class ExternalReference:
    """Another system's order that claims to be the mirror. `line_ids`: (its line, TikTok's line)."""

    platform: str
    id: str
    line_ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PricePart:
    """Amounts of an order or of one line, in the order's currency. `rate`: of the tax, None when not told."""

    id: str
    total: Money
    payment: Money
    list_price: Money
    sale_price: Money
    seller_deduction: Money
    platform_deduction: Money
    tax: Money
    net: Money
    rate: Decimal | None = None


@dataclass(frozen=True)
class PriceDetail:
    order: PricePart
    shipping: Money
    lines: tuple[PricePart, ...]


@dataclass(frozen=True)
class Warehouse:
    id: str
    name: str
    status: str
    kind: str
    is_default: bool
    region: str

    @property
    def sells(self) -> bool:
        """Stock can be offered from it."""
        return self.status == "ENABLED" and self.kind == "SALES_WAREHOUSE"


@dataclass(frozen=True)
class DeliveryOption:
    id: str
    name: str
    kind: str


@dataclass(frozen=True)
class ShippingProvider:
    id: str
    name: str


@dataclass(frozen=True)
class Shipment:
    """The package that marking as shipped made; `warning` is for a person."""

    package_id: str
    line_ids: tuple[str, ...]
    warning: str = ""


@dataclass(frozen=True)
class Package:
    id: str
    status: str
    order_ids: tuple[OrderId, ...]
    line_ids: tuple[str, ...]
    tracking_number: str
    provider_id: str
    provider_name: str
    units: tuple[tuple[ListingId, int], ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True)
class TrackingEvent:
    text: str
    at: datetime


@dataclass(frozen=True)
class Cancellation:
    """A request to cancel, or a done one. `deadline`: by when the seller must answer, None when nothing is asked."""

    id: str
    order_id: OrderId
    kind: str
    status: str
    role: str
    reason: str
    reason_text: str
    refund: Money | None
    line_ids: tuple[str, ...]
    deadline: datetime | None
    restock: bool | None
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def is_pending(self) -> bool:
        return self.status == "CANCELLATION_REQUEST_PENDING"


@dataclass(frozen=True)
class Return:
    id: str
    order_id: OrderId
    kind: str
    status: str
    role: str
    reason: str
    reason_text: str
    refund: Money | None
    line_ids: tuple[str, ...]
    tracking_number: str
    created_at: datetime | None
    updated_at: datetime | None


class CancelStatus(StrEnum):
    PENDING = "CANCELLATION_REQUEST_PENDING"
    SUCCESS = "CANCELLATION_REQUEST_SUCCESS"
    CANCEL = "CANCELLATION_REQUEST_CANCEL"
    COMPLETE = "CANCELLATION_REQUEST_COMPLETE"
