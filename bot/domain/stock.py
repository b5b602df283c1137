"""The stock a linked listing should offer."""

from bot.domain.catalogue import Stocked, Variant

MAX_OFFER = 99_999  # TikTok's documented upper end of a stock update


def wanted_stock(variant: Variant, pack: int, promised: int) -> int | None:
    """TikTok units to offer; None when the variant has no figure to push (untracked, sells past zero, unknown).

    `promised`: Shopify units (quantity × pack) of this variant in our orders that are not in Shopify yet, over every
    listing linked to it. TikTok has sold them already, so they are not offered again.
    """
    if not variant.has_stock_to_offer or variant.available is None:
        return None
    return max(0, min(MAX_OFFER, (variant.available - promised) // pack))


def spread(wanted: int, current: tuple[Stocked, ...], preferred: str | None) -> tuple[Stocked, ...]:
    """The quantities per warehouse of a stock update: every warehouse of the SKU is listed, as TikTok demands.

    All units stand in the preferred warehouse (else the one with most), 0 in the rest.
    """
    if not current:
        return ()
    ids = [part.warehouse_id for part in current]
    home = preferred if preferred in ids else max(current, key=lambda part: part.quantity).warehouse_id
    return tuple(Stocked(part, wanted if part == home else 0) for part in ids)
