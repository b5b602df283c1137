"""A typed pair: `/link TIKTOK-SKU SHOPIFY-SKU [xN]`."""

import re
from dataclasses import dataclass

from bot.domain.catalogue import sku_key
from bot.domain.links import MAX_PACK
from bot.domain.values import ListingId, VariantId, WorkspaceId
from bot.handlers.words import Word, pack_size
from bot.store.db import Unit

_LIKE_A_PACK = re.compile(r"[x×*]?\s*[-+]?[.,]?\d.*", re.IGNORECASE)


@dataclass(frozen=True)
class Typed:
    """The pair, understood."""

    listing_id: ListingId
    variant_id: VariantId
    pack: int


@dataclass(frozen=True)
class BadPack:
    """Both SKUs are known, the pack size is none."""

    text: str


def pair(u: Unit, workspace: WorkspaceId, words: list[Word]) -> Typed | BadPack | None:
    """A pair only if the first is exactly a TikTok SKU and the second exactly a Shopify SKU; otherwise words."""
    if len(words) not in (2, 3) or (len(words) == 3 and not _like_a_pack(words[2])):
        return None
    first, second = words[0].text, words[1].text
    listings = [x for x in u.catalogue.find_listings(workspace, first, 20) if x.id == first or x.sku == sku_key(first)]
    variants = u.catalogue.variants_by_sku(workspace, sku_key(second))
    if len(listings) != 1 or len(variants) != 1:
        return None
    pack = pack_size(words[2]) if len(words) == 3 else 1
    if pack is None or not 1 <= pack <= MAX_PACK:
        return BadPack(words[2].text)
    return Typed(listings[0].id, variants[0].id, pack)


def _like_a_pack(word: Word) -> bool:
    return not word.quoted and _LIKE_A_PACK.fullmatch(word.text) is not None
