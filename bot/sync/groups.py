"""The TikTok SKUs that sell one Shopify variant's stock together; reads only."""

from bot.domain.board import LinkGroup, Sharer
from bot.domain.catalogue import Variant
from bot.domain.values import ListingId
from bot.store.db import Unit


def link_group(u: Unit, variant: Variant, of: ListingId, own: int) -> LinkGroup | None:
    """The others linked to the variant, beside the listing that offers `own` Shopify units; None without others."""
    links = [link for link in u.links.of_variant(variant.id) if link.is_active and link.listing_id != of]
    listings = u.catalogue.listings([link.listing_id for link in links])
    shops = {shop.id: shop for shop in u.shops.all()}
    others = [
        Sharer(listings[link.listing_id], shops[link.shop_id].name, link.pack)
        for link in links
        if link.listing_id in listings and link.shop_id in shops
    ]
    available = variant.available if variant.has_stock_to_offer else None
    return LinkGroup(tuple(others), own, available) if others else None
