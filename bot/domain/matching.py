"""Suggestions: which variants a listing may belong to, how sure that is, and why. Never a link by itself (S9).

Two steps: a score ranks the candidates, then a gate says how far the first one can be trusted. The weights of both were
fitted on four labelled sets at once (`bench/matching.py`); none is about a brand, a shop or a row.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.catalogue import Listing, Variant
from bot.domain.evidence import Evidence, Rarity, gather, title_evidence
from bot.domain.sides import Side, side_of_listing, side_of_variant
from bot.domain.values import VariantId


class MatchReason(StrEnum):
    """The strongest evidence, said beside the suggestion."""

    SAME_SKU = "same_sku"
    LOOKS_LIKE_SKU = "looks_like_sku"  # equal once case, width, spaces, zeros and look-alikes are set aside
    NEAR_SKU = "near_sku"
    SAME_BARCODE = "same_barcode"
    SAME_MODEL = "same_model"  # a model number stands on both sides
    SAME_TITLE = "same_title"
    LEARNED = "learned"  # people linked such pairs before


class MatchDoubt(StrEnum):
    """What speaks against it."""

    OPTION_DIFFERS = "option_differs"
    PACK_DIFFERS = "pack_differs"
    MODEL_DIFFERS = "model_differs"
    BARCODE_DIFFERS = "barcode_differs"
    PRICE_FAR = "price_far"
    SHARED_SKU = "shared_sku"  # the SKU stands on several listings or variants


class Tier(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Suggestion:
    variant: Variant
    reason: MatchReason
    tier: Tier
    score: float  # only to rank
    doubts: tuple[MatchDoubt, ...] = ()
    affix: str = ""  # what was set aside of the SKU, for "SKU equal without TT-"
    learned: float = 0.0  # how far people's earlier choices moved it up or down


@dataclass(frozen=True)
class Lessons:
    """What people did with suggestions: affixes of SKUs that they accepted or refused, and refused variants."""

    accepted: Mapping[str, int] = field(default_factory=dict[str, int])
    refused: Mapping[str, int] = field(default_factory=dict[str, int])
    refused_pairs: frozenset[VariantId] = frozenset()


NO_LESSONS = Lessons()
_WEIGHTS = {
    "sku_equal": -3.08, "sku_within": 2.85, "sku_sim": 3.12, "sku_parts": 3.23, "sku_prefix": 1.06, "sku_none": 1.62,
    "gtin_equal": 3.54, "gtin_differ": -0.84, "t_right": 3.76, "t_left": 4.51, "t_cos": 3.33, "code_same": 5.38,
    "code_differ": -0.65, "num_same": 1.52, "num_differ": -2.04, "opt_match": 5.26, "opt_conflict": 0.21,
    "opt_absent": -0.67, "size_conflict": -0.78, "meas_conflict": -1.18, "pack_conflict": -1.28, "fit_conflict": -1.2,
    "price_equal": 1.4, "price_ratio": -3.04, "price_none": -1.68, "sku_in_title": 2.28, "bundle": 1.24,
    "t_exact": 0.44, "num_extra": -0.35, "rarest": 2.2, "first": 0.35, "l_miss": -2.45, "r_miss": -0.14, "swap": -0.13,
    "mens": -1.1, "hue_conflict": -2.27, "hue_extra": -1.07, "code_extra": -0.28, "accessory": 0.86,
}  # fmt: skip
"""`sku_equal` weighs less than nothing because an equal SKU has all of `within`, `sim` and `parts` already."""
_GATE = {
    "": -5.41, "score": 1.57, "margin": 2.44, "other": 1.57, "opt_match": -0.62, "opt_conflict": 0.33, "opt_absent":
    0.51, "conflicts": -0.9, "t_right": 2.33, "t_left": -0.54, "t_cos": -0.04, "code_same": -0.58, "code_differ":
    -0.9, "gtin_equal": 1.81, "sku_any": -0.23, "sku_none": 0.79, "price_equal": -0.16, "price_ratio": -1.19,
    "num_differ": -1.75, "num_same": 0.46, "num_extra": 0.05, "rarest": 2.15, "sku_in_title": 1.02, "evidence": 1.2,
    "fit_conflict": 0.69, "pack_conflict": -0.48, "gen_conflict": 0.59, "bundle": 0.68, "gtin_differ": -0.5,
    "t_exact": -0.12, "lcs": -0.27, "lone": -0.8, "l_miss": -0.02, "r_miss": 0.54, "swap": -0.56, "mens": -0.57,
    "margin_cos": 0.25, "margin_score": 0.14, "other_cos": -1.6, "conflict_sku": -0.3,
}  # fmt: skip
_HIGH, _MEDIUM = 0.9511, 0.6
_NO_RIVAL = 6.0
_SAME_SKU = 8.0
"""One SKU on one listing and one variant outweighs everything else."""


def suggest(
    listing: Listing,
    candidates: Iterable[Variant],
    limit: int = 5,
    *,
    rarity: Rarity | None = None,
    shared_skus: frozenset[str] = frozenset(),
    lessons: Lessons = NO_LESSONS,
) -> list[Suggestion]:
    """The best candidates, best first; only the first can be `high`. Nothing that fits: an empty list.

    `shared_skus`: SKUs that stand on several listings or several variants.
    """
    mine, rarity = side_of_listing(listing), rarity or Rarity({}, 1)
    found: list[tuple[float, Variant, Evidence]] = []
    titles: dict[str, dict[str, float]] = {}
    for variant in candidates:
        theirs = side_of_variant(variant)
        if variant.title not in titles:
            titles[variant.title] = title_evidence(mine.title, theirs.title, rarity)
        shared = mine.sku in shared_skus or theirs.sku in shared_skus
        evidence = gather(mine, theirs, titles[variant.title], shared=shared)
        own = _SAME_SKU if mine.sku and mine.sku == theirs.sku and not shared else 0.0
        found.append((own + _score(evidence) + _lesson(mine, theirs, variant, lessons), variant, evidence))
    found.sort(key=lambda one: (-one[0], one[1].sku, one[1].id))
    first = _trust(found)
    made: list[Suggestion] = []
    for score, variant, evidence in found:
        if len(made) == limit:
            break
        tier = _tier(first, found[0][0] - score, evidence, mine, is_first=score == found[0][0] and not made)
        if tier is None:
            continue
        theirs = side_of_variant(variant)
        reason = _reason(mine, theirs, evidence)
        doubts = _doubts(mine, theirs, evidence, shared_skus)
        learned = _lesson(mine, theirs, variant, lessons)
        affix = affix_of(mine.sku, theirs.sku)
        made.append(Suggestion(variant, reason, tier, score, doubts, affix, learned))
    return made


def _score(evidence: Evidence) -> float:
    return sum(weight * evidence[name] for name, weight in _WEIGHTS.items())


def _lesson(mine: Side, theirs: Side, variant: Variant, lessons: Lessons) -> float:
    """People's clicks move a suggestion by at most what one strong signal weighs."""
    if variant.id in lessons.refused_pairs:
        return -8.0
    affix = affix_of(mine.sku, theirs.sku)
    if not affix:
        return 0.0
    return 1.0 * min(3, lessons.accepted.get(affix, 0)) - 1.0 * min(3, lessons.refused.get(affix, 0))


def affix_of(mine: str, theirs: str) -> str:
    """What one SKU has more than the other, at one end: "+TT-" for TT-ABC over ABC; "" when that is not so."""
    if mine == theirs or min(len(mine), len(theirs)) < 4:
        return ""
    longer, shorter, sign = (mine, theirs, "+") if len(mine) > len(theirs) else (theirs, mine, "-")
    upper, inner = longer.upper(), shorter.upper()
    if upper.endswith(inner):
        return f"{sign}{upper[: len(upper) - len(inner)]}…"
    return f"{sign}…{upper[len(inner) :]}" if upper.startswith(inner) else ""


def _trust(found: Sequence[tuple[float, Variant, Evidence]]) -> float:
    """How far the first candidate can be trusted, 0…1."""
    if not found:
        return 0.0
    score, variant, e = found[0]
    margin = score - found[1][0] if len(found) > 1 else _NO_RIVAL
    rivals = [other for other, one, _ in found[1:] if one.product_id != variant.product_id]
    other = score - rivals[0] if rivals else _NO_RIVAL
    sku = max(e["sku_equal"], e["sku_within"], e["sku_sim"], e["sku_parts"])
    names = (
        "opt_conflict",
        "size_conflict",
        "meas_conflict",
        "pack_conflict",
        "fit_conflict",
        "gen_conflict",
        "bundle",
    )
    conflicts = min(2.0, sum(e[name] for name in names))
    signs = (sku > 0.75, e["gtin_equal"], e["t_cos"] > 0.75, e["opt_match"] > 0.6, e["code_same"] > 0.9)
    facts = dict(e)
    facts |= {
        "": 1.0,
        "score": score / 10,
        "margin": min(margin, 5.0) / 5,
        "other": min(other, 5.0) / 5,
        "conflicts": conflicts,
        "sku_any": sku,
        "evidence": (sum(map(float, signs)) + e["price_equal"]) / 3,
        "lone": float(margin >= 5),
    }
    facts |= {
        "margin_cos": facts["margin"] * e["t_cos"],
        "margin_score": facts["margin"] * facts["score"],
        "other_cos": facts["other"] * e["t_cos"],
        "conflict_sku": conflicts * sku,
    }
    return 1 / (1 + math.exp(-sum(weight * facts[name] for name, weight in _GATE.items())))


def _tier(trust: float, behind: float, evidence: Evidence, mine: Side, *, is_first: bool) -> Tier | None:
    """None: nothing of it fits, it is not worth showing."""
    some = max(evidence["sku_within"], evidence["sku_sim"], evidence["sku_parts"], evidence["gtin_equal"])
    if max(some, evidence["code_same"], evidence["sku_equal"]) < 0.55 and evidence["t_cos"] < 0.15:
        return None
    if is_first and trust >= _HIGH:
        return Tier.HIGH
    if (is_first and trust >= _MEDIUM) or (not is_first and behind < 1.0 and mine.title.words):
        return Tier.MEDIUM
    return Tier.LOW


def _reason(mine: Side, theirs: Side, e: Evidence) -> MatchReason:
    if mine.sku and mine.sku == theirs.sku:
        return MatchReason.SAME_SKU
    if mine.look and mine.look == theirs.look:
        return MatchReason.LOOKS_LIKE_SKU
    if e["gtin_equal"]:
        return MatchReason.SAME_BARCODE
    if max(e["sku_within"], e["sku_sim"], e["sku_parts"]) >= 0.6:
        return MatchReason.NEAR_SKU
    return MatchReason.SAME_MODEL if e["code_same"] >= 0.9 or e["sku_in_title"] else MatchReason.SAME_TITLE


def _doubts(mine: Side, theirs: Side, e: Evidence, shared_skus: frozenset[str]) -> tuple[MatchDoubt, ...]:
    checks = {
        MatchDoubt.OPTION_DIFFERS: e["opt_conflict"] > 0 or e["hue_conflict"] > 0,
        MatchDoubt.PACK_DIFFERS: e["pack_conflict"] > 0,
        MatchDoubt.MODEL_DIFFERS: e["fit_conflict"] > 0 or e["gen_conflict"] >= 1 or e["code_differ"] > 0,
        MatchDoubt.BARCODE_DIFFERS: e["gtin_differ"] > 0,
        MatchDoubt.PRICE_FAR: e["price_ratio"] > 0.53,  # a factor of 1.7: often a pack
        MatchDoubt.SHARED_SKU: bool(mine.sku) and mine.sku == theirs.sku and mine.sku in shared_skus,
    }
    return tuple(doubt for doubt, holds in checks.items() if holds)
