"""The SKUs of a workspace that a chat message names, each exactly; reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.board import ProductRow
from bot.domain.catalogue import Variant
from bot.domain.values import ListingId, WorkspaceId
from bot.store.db import Unit
from bot.sync.explain import product_rows


@dataclass(frozen=True)
class Mentioned:
    """TikTok SKUs in the order in which they were named; `unused`: Shopify variants that no TikTok SKU is linked to."""

    rows: Sequence[ProductRow]
    unused: Sequence[Variant]


def find_mentioned(u: Unit, workspace: WorkspaceId, keys: Sequence[str]) -> Mentioned:
    """A key is a TikTok SKU id or a seller SKU, else the SKU of Shopify variants: then what is linked to them."""
    shops = {shop.id for shop in u.shops.for_workspace(workspace)}
    by_id = u.catalogue.listings([ListingId(key) for key in keys if key.isascii() and key.isdigit()])
    by_sku = u.catalogue.listings_by_skus(workspace, keys)
    variants = u.catalogue.variants_by_skus(workspace, [key for key in keys if key not in by_sku])
    linked = u.links.of_variants([one.id for found in variants.values() for one in found])
    ids, unused = dict[ListingId, None](), list[Variant]()
    for key in keys:
        one = by_id.get(ListingId(key))
        if one is not None and one.shop_id in shops and not one.is_deleted:
            ids[one.id] = None
        ids |= dict.fromkeys(listing.id for listing in by_sku.get(key, ()))
        for variant in variants.get(key, ()):
            ids |= dict.fromkeys(linked.get(variant.id, ()))
            unused += [] if linked.get(variant.id) else [variant]
    rows = product_rows(u, list(ids))
    return Mentioned([rows[key] for key in ids if key in rows], unused)
