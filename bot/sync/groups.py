"""The TikTok SKUs that sell one Shopify variant's stock together; reads only."""

from bot.domain.board import LinkGroup, Sharer
from bot.domain.catalogue import Listing, Variant
from bot.domain.ledger import Act
from bot.domain.pushes import Field
from bot.domain.values import ListingId, Money, WorkspaceId
from bot.store.db import Unit


def offered(u: Unit, listing: Listing) -> int:
    """What TikTok offers as far as we know: the last look of a push is newer than the catalogue's row."""
    pushed = u.pushes.get(listing.id)
    return listing.quantity if pushed is None or pushed.stock is None else pushed.stock


def priced(u: Unit, listing: Listing, workspace: WorkspaceId) -> Money | None:
    """The price on TikTok: the one we sent, unless the product was changed there and read again since."""
    pushed = u.pushes.get(listing.id)
    if pushed is None or pushed.price is None or pushed.price == listing.price:
        return listing.price
    entries = u.ledger.page(workspace, acts=[Act.PUSHED], listing_ids=[listing.id], limit=10, newest_first=True)
    sent = next((entry.at for entry in entries if entry.facts.get("field") == Field.PRICE.value), None)
    return pushed.price if sent is not None and sent >= listing.updated_at else listing.price


def link_group(u: Unit, variant: Variant, of: ListingId, own: int) -> LinkGroup | None:
    """The others linked to the variant, beside the listing that offers `own` Shopify units; None without others."""
    links = [link for link in u.links.of_variant(variant.id) if link.is_active and link.listing_id != of]
    listings = u.catalogue.listings([link.listing_id for link in links])
    shops = {shop.id: shop for shop in u.shops.all()}
    others = [
        Sharer(listings[link.listing_id], shops[link.shop_id].name, link.pack, offered(u, listings[link.listing_id]))
        for link in links
        if link.listing_id in listings and link.shop_id in shops
    ]
    available = variant.available if variant.has_stock_to_offer else None
    return LinkGroup(tuple(others), own, available) if others else None
