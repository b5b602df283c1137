"""Links between listings and variants: what a link is and when one may be made, by rule or by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.catalogue import Listing, Variant, VariantStatus
from bot.domain.values import Actor, ListingId, ShopId, StoreId, VariantId


class LinkState(StrEnum):
    ACTIVE = "active"
    BROKEN = "broken"  # the variant was deleted in Shopify (A10)
    TOMBSTONE = "tombstone"  # unlinked by a person: auto-link skips the listing (S39)


class LinkOrigin(StrEnum):
    AUTO = "auto"
    HAND = "hand"


class LinkMode(StrEnum):
    """A shop's answer to the first prompt; a shop without an answer has None and nothing is linked (S5)."""

    AUTO = "auto"
    MANUAL = "manual"


@dataclass(frozen=True)
class Link:
    """Listing → variant × pack. `pack`: one TikTok unit is that many Shopify units. `version` rises at each change."""

    listing_id: ListingId
    shop_id: ShopId
    variant_id: VariantId
    store_id: StoreId
    pack: int
    state: LinkState
    origin: LinkOrigin
    actor: Actor  # who made the link, or who unlinked it
    changed_at: datetime
    version: int = 1

    @property
    def is_active(self) -> bool:
        return self.state is LinkState.ACTIVE


class NoAutoLink(StrEnum):
    """Why the rule made no link."""

    MODE_NOT_ANSWERED = "mode_not_answered"
    MANUAL_MODE = "manual_mode"
    LISTING_DELETED = "listing_deleted"
    ALREADY_LINKED = "already_linked"
    UNLINKED_BY_PERSON = "unlinked_by_person"
    NO_SKU = "no_sku"
    AMBIGUOUS_ON_TIKTOK = "ambiguous_on_tiktok"
    AMBIGUOUS_ON_SHOPIFY = "ambiguous_on_shopify"
    NO_MATCH = "no_match"


def decide_auto_link(
    listing: Listing, twins: int, variants: Sequence[Variant], link: Link | None, mode: LinkMode | None
) -> Variant | NoAutoLink:
    """The variant this listing is linked to by rule, or why none (S5–S11, A2, A3, S39).

    `twins`: other listings of the same shop, not deleted, with the same trimmed SKU. `variants`: those of every
    connected store of the workspace with the same trimmed SKU. A SKU stays ambiguous also after one twin is linked.
    """
    if mode is None:
        return NoAutoLink.MODE_NOT_ANSWERED
    if listing.is_deleted:
        return NoAutoLink.LISTING_DELETED
    if link is not None:
        tombstone = link.state is LinkState.TOMBSTONE
        return NoAutoLink.UNLINKED_BY_PERSON if tombstone else NoAutoLink.ALREADY_LINKED
    if mode is LinkMode.MANUAL:
        return NoAutoLink.MANUAL_MODE
    return match_by_sku(listing, twins, variants)


def match_by_sku(listing: Listing, twins: int, variants: Sequence[Variant]) -> Variant | NoAutoLink:
    """The only variant that owns the listing's SKU, or why there is none; mode and links are not asked."""
    if not listing.sku:
        return NoAutoLink.NO_SKU
    if twins:
        return NoAutoLink.AMBIGUOUS_ON_TIKTOK
    owners = [v for v in variants if v.counts_for_auto and v.sku.strip() == listing.sku]
    if not owners:
        return NoAutoLink.NO_MATCH
    return owners[0] if len(owners) == 1 else NoAutoLink.AMBIGUOUS_ON_SHOPIFY


class LinkWarning(StrEnum):
    """Said before and after the act; none of them forbids it."""

    SHARED_STOCK = "shared_stock"  # other TikTok SKUs sell the same variant (A8)
    CURRENCY_DIFFERS = "currency_differs"
    DRAFT_PRODUCT = "draft_product"
    ARCHIVED_PRODUCT = "archived_product"
    STOCK_NOT_TRACKED = "stock_not_tracked"


class LinkRefusal(StrEnum):
    ALREADY_LINKED = "already_linked"
    LISTING_GONE = "listing_gone"
    VARIANT_GONE = "variant_gone"
    PACK_OUT_OF_RANGE = "pack_out_of_range"
    OTHER_WORKSPACE = "other_workspace"
    NOT_LINKED = "not_linked"


MAX_PACK = 1000


@dataclass(frozen=True)
class LinkRequest:
    """What a person asked for in the modal."""

    listing_id: ListingId
    variant_id: VariantId
    pack: int = 1


@dataclass(frozen=True)
class MakeLink:
    warnings: tuple[LinkWarning, ...]


def decide_link(
    listing: Listing | None, variant: Variant | None, link: Link | None, pack: int, sharing: int
) -> MakeLink | LinkRefusal:
    """May a person link these two? `sharing`: other active links to the same variant."""
    if listing is None or listing.is_deleted:
        return LinkRefusal.LISTING_GONE
    if variant is None or variant.status is VariantStatus.DELETED:
        return LinkRefusal.VARIANT_GONE
    if link is not None and link.is_active:
        return LinkRefusal.ALREADY_LINKED
    if not 1 <= pack <= MAX_PACK:
        return LinkRefusal.PACK_OUT_OF_RANGE
    return MakeLink(link_warnings(listing, variant, sharing))


def link_warnings(listing: Listing, variant: Variant, sharing: int) -> tuple[LinkWarning, ...]:
    checks = {
        LinkWarning.SHARED_STOCK: sharing > 0,
        LinkWarning.CURRENCY_DIFFERS: listing.price is not None and listing.price.currency != variant.price.currency,
        LinkWarning.DRAFT_PRODUCT: variant.status is VariantStatus.DRAFT,
        LinkWarning.ARCHIVED_PRODUCT: variant.status is VariantStatus.ARCHIVED,
        LinkWarning.STOCK_NOT_TRACKED: not variant.has_stock_to_offer,
    }
    return tuple(warning for warning, holds in checks.items() if holds)
