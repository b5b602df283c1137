"""Listings (TikTok SKUs) and Variants (Shopify): what a catalogue row is, and how its SKU is compared."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.values import ListingId, Money, ShopId, StoreId, VariantId


def sku_key(sku: str) -> str:
    """The one form in which SKUs are compared for an automatic link: trimmed with `str.strip()`, nothing else (A3).

    Empty means "no SKU" and never matches anything (S26).
    """
    return sku.strip()


class ListingStatus(StrEnum):
    """Status of the TikTok product (tiktok.md §4.1)."""

    ACTIVATE = "ACTIVATE"
    DRAFT = "DRAFT"
    PENDING = "PENDING"
    FAILED = "FAILED"
    SELLER_DEACTIVATED = "SELLER_DEACTIVATED"
    PLATFORM_DEACTIVATED = "PLATFORM_DEACTIVATED"
    FREEZE = "FREEZE"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"  # a status TikTok added later: shown, never a reason to fail


@dataclass(frozen=True)
class Stocked:
    """Units of a listing in one TikTok warehouse."""

    warehouse_id: str
    quantity: int


@dataclass(frozen=True)
class Listing:
    """One TikTok SKU of one shop. `price` in the shop's currency, as the buyer sees it; times UTC."""

    id: ListingId
    shop_id: ShopId
    product_id: str
    title: str
    variation: str  # "Red, M"; "" for a product without options
    seller_sku: str  # as typed in Seller Center, untrimmed; "" when blank
    price: Money | None
    stock: tuple[Stocked, ...]
    status: ListingStatus
    updated_at: datetime
    gtin: str = ""  # the barcode of the SKU, where TikTok tells one
    is_combo: bool = False  # stock of a combined product is derived and refused by TikTok (12052850)

    @property
    def sku(self) -> str:
        return sku_key(self.seller_sku)

    @property
    def quantity(self) -> int:
        return sum(part.quantity for part in self.stock)

    @property
    def is_deleted(self) -> bool:
        return self.status is ListingStatus.DELETED


class VariantStatus(StrEnum):
    """Status of the Shopify product; DELETED is ours (Shopify answers null)."""

    ACTIVE = "ACTIVE"
    DRAFT = "DRAFT"
    ARCHIVED = "ARCHIVED"
    UNLISTED = "UNLISTED"
    DELETED = "DELETED"


@dataclass(frozen=True)
class Variant:
    """One Shopify variant of one store. `price` in the store's currency; `available` summed over active locations.

    `available` is None when no level is known, which is not 0. `category` is Shopify's product category, else the
    product type (A9).
    """

    id: VariantId
    store_id: StoreId
    product_id: str
    inventory_item_id: str
    title: str  # the product's title
    options: str  # "Red / M"; "" for a product without options
    sku: str  # untrimmed; "" when the variant has none
    price: Money
    available: int | None
    tracked: bool
    sells_past_zero: bool  # inventoryPolicy CONTINUE
    status: VariantStatus
    updated_at: datetime
    barcode: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()

    @property
    def has_stock_to_offer(self) -> bool:
        """False for untracked variants and those that sell past zero: no figure of theirs may be pushed uncapped."""
        return self.tracked and not self.sells_past_zero and self.available is not None

    @property
    def counts_for_auto(self) -> bool:
        """Archived and deleted variants neither match nor make a SKU ambiguous."""
        return self.status not in (VariantStatus.ARCHIVED, VariantStatus.DELETED)
