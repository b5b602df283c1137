"""Near equals: variants that a listing may belong to, with the reason, for the picker. Never a link by itself (S9)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from bot.domain.catalogue import Listing, Variant


class MatchReason(StrEnum):
    SAME_SKU = "same_sku"
    LOOKS_LIKE_SKU = "looks_like_sku"  # equal once case, width, spaces, zeros and look-alikes are set aside
    NEAR_SKU = "near_sku"  # one or two characters apart
    SAME_TITLE = "same_title"


@dataclass(frozen=True)
class Suggestion:
    variant: Variant
    reason: MatchReason
    score: float  # 0…1, only to rank


_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def looks(sku: str) -> str:
    """What a person sees: letters and digits only, one case, composed, half width, O as 0, without leading zeros."""
    plain = unicodedata.normalize("NFKC", sku).upper()
    kept = "".join(c for c in plain if c.isalnum()).translate(_LOOK_ALIKE)
    return kept.lstrip("0") or kept


def suggest(listing: Listing, candidates: Iterable[Variant], limit: int = 5) -> list[Suggestion]:
    """The best candidates, best first. Variants without SKU are suggested by title only."""
    found = [s for variant in candidates if (s := _score(listing, variant)) is not None]
    found.sort(key=lambda s: (-s.score, s.variant.sku, s.variant.id))
    return found[:limit]


def _score(listing: Listing, variant: Variant) -> Suggestion | None:
    mine, theirs = listing.sku, variant.sku.strip()
    if mine and theirs:
        if mine == theirs:
            return Suggestion(variant, MatchReason.SAME_SKU, 1.0)
        a, b = looks(mine), looks(theirs)
        if a and a == b:
            return Suggestion(variant, MatchReason.LOOKS_LIKE_SKU, 0.95)
        if min(len(a), len(b)) >= 4:
            apart = DamerauLevenshtein.distance(a, b, score_cutoff=2)
            if apart <= 1 or (apart == 2 and min(len(a), len(b)) >= 8):
                return Suggestion(variant, MatchReason.NEAR_SKU, 0.9 - 0.1 * apart)
    title = fuzz.token_set_ratio(f"{listing.title} {listing.variation}".lower(), _name(variant))
    return Suggestion(variant, MatchReason.SAME_TITLE, title / 200) if title >= 80 else None


def _name(variant: Variant) -> str:
    return f"{variant.title} {variant.options}".lower()
