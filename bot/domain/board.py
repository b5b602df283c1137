"""What surfaces show: read models that the store fills and the views render."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from bot.domain.catalogue import Listing, Variant
from bot.domain.connections import Shop, Store
from bot.domain.links import Link, LinkWarning
from bot.domain.orders import Mirror
from bot.domain.values import ListingId, Money

T = TypeVar("T")


@dataclass(frozen=True)
class Blocked:
    """Orders that wait for one listing. `value`: one sum per currency, biggest first."""

    orders: int
    value: tuple[Money, ...]
    oldest_ship_by: datetime | None = None


@dataclass(frozen=True)
class ProductRow:
    """A row of "Products from TikTok Shop". `variant` is the linked one (also of a broken link)."""

    listing: Listing
    shop: Shop
    link: Link | None = None  # active or broken; a tombstone counts as unlinked
    variant: Variant | None = None
    blocked: Blocked | None = None


class ProductFilter(StrEnum):
    ALL = "all"
    LINKED = "linked"
    UNLINKED = "unlinked"
    BROKEN = "broken"


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows `offset`… of `total`; `is_more`: of a search, there are more than `total` tells."""

    rows: Sequence[T]
    total: int
    offset: int
    size: int
    is_more: bool = False

    @property
    def has_more(self) -> bool:
        return self.offset + len(self.rows) < self.total


@dataclass(frozen=True)
class VariantQuery:
    """Search of the picker: every word in title or SKU (any case); categories and tags OR inside, AND between."""

    words: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class VariantRow:
    """A candidate. `linked_to`: listings already linked to it."""

    variant: Variant
    store: Store
    linked_to: tuple[ListingId, ...] = ()


@dataclass(frozen=True)
class OrderRow:
    mirror: Mirror
    shop: Shop


@dataclass(frozen=True)
class Health:
    """What App Home and status say. Ages are measured at reading."""

    listings: int
    linked: int
    unlinked: int
    broken: int
    held: int
    parked: int
    held_value: tuple[Money, ...]
    queue_age: timedelta | None  # age of the oldest job that is due and not taken
    shops: tuple[Shop, ...] = ()
    stores: tuple[Store, ...] = ()


@dataclass(frozen=True)
class Sharer:
    """A TikTok SKU that is linked to the variant in question."""

    listing: Listing
    shop: str
    pack: int
    offers: int  # TikTok units

    @property
    def units(self) -> int:
        """Shopify units that it offers now."""
        return self.offers * self.pack


@dataclass(frozen=True)
class LinkGroup:
    """The others of a shared variant. `own`: Shopify units that the SKU looked at offers; `available` None: unknown."""

    others: tuple[Sharer, ...]
    own: int
    available: int | None

    @property
    def offered(self) -> int:
        return self.own + sum(one.units for one in self.others)


@dataclass(frozen=True)
class Sold:
    """What a listing sold in the last `days`."""

    units: int
    orders: int
    days: int


@dataclass(frozen=True)
class LinkEffect:
    """What a link would do, shown before the act. `price_after`, `stock_after` None: no such figure is sent."""

    price_before: Money | None
    price_after: Money | None
    stock_before: int
    stock_after: int | None
    released: Blocked | None  # orders that wait for this listing
    warnings: tuple[LinkWarning, ...]
    pushes_price: bool
    pushes_stock: bool
    group: LinkGroup | None = None


@dataclass(frozen=True)
class UnlinkEffect:
    """What an unlink would stop. `price` and `stock`: what TikTok shows now and keeps."""

    open_orders: int  # orders not in Shopify yet that contain the listing
    price: Money | None
    stock: int
    others_sharing: int  # other TikTok SKUs linked to the same variant
    open_value: tuple[Money, ...] = ()  # of those orders, one sum per currency
    sold: Sold | None = None
    group: LinkGroup | None = None


@dataclass(frozen=True)
class LinkPreview:
    """What "automatically" would do for a shop: links made, prices and stocks sent, and what stays unlinked."""

    listings: int
    links: int
    prices: int
    stocks: int
    ambiguous: int
    no_match: int


class ProductCounts(NamedTuple):
    """Listings of a workspace that are not deleted; unlinked = neither active nor broken link."""

    listings: int
    linked: int
    unlinked: int
    broken: int
