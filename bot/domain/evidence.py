"""What speaks for and against a listing and a variant being one thing, as named numbers (0…1 unless told)."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import DamerauLevenshtein, LCSseq

from bot.domain import words as w
from bot.domain.colours import SHADES, TELLING_SHADES, families, is_colour
from bot.domain.sides import Option, Side, Title

_FIT = frozenset(
    {
        "pro", "max", "mini", "lite", "ultra", "kids", "junior", "petite", "tall", "maternity", "refill", "se", "air",
        "upgrade", "deluxe", "academic", "student", "enterprise", "spare", "replacement",
    }
)  # fmt: skip
"""Words that make another product of the same name."""
_MEN = frozenset(("men", "mens"))
_FOR = frozenset(("for", "compatible", "fits"))
_BUNDLE = re.compile(r"(?<!\w)(?:bundle|combo)")
_SINGLE = re.compile(r"single|1 ?p")
Evidence = Mapping[str, float]


class Rarity:
    """How telling a word is: 1 for one that hardly any product has, near 0 for one that most have.

    `counts`: in how many products each word stands, of `products`; words that are not in it stand in none.
    """

    def __init__(self, counts: Mapping[str, int], products: int) -> None:
        self._counts, self._products = counts, max(1, products)
        self._scale = math.log(1 + self._products)

    def of(self, word: str) -> float:
        count = self._counts.get(word)
        return 0.5 if not count else math.log(1 + self._products / count) / self._scale

    def knows(self, word: str) -> bool:
        return bool(self._counts.get(word))


def gather(mine: Side, theirs: Side, titles: Evidence, *, shared: bool) -> dict[str, float]:
    """All evidence about a listing (`mine`) and a variant. `titles`: `title_evidence` of the two.

    `shared`: one of their SKUs stands on several things.
    """
    found = {**_of_sku(mine, theirs, shared), **titles}
    found |= _of_numbers(mine, theirs)
    found |= _of_options(mine, theirs)
    found |= _of_kind(mine, theirs)
    return found | _of_price(mine, theirs)


# --- SKU and barcode -------------------------------------------------------------------------------------------------


def _of_sku(mine: Side, theirs: Side, shared: bool) -> dict[str, float]:
    damp = 0.3 if shared else 1.0
    a, b = mine.look, theirs.look
    within = sim = parts = prefix = 0.0
    if a and b:
        longest, shortest = max(len(a), len(b)), min(len(a), len(b))
        within = shortest / longest if shortest >= 4 and (a in b or b in a) else 0.0
        sim = 1 - DamerauLevenshtein.distance(a, b) / longest
        parts = _parts(mine.segments, theirs.segments)
        prefix = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), shortest) / longest
    both = mine.gtins and theirs.gtins
    return {
        "sku_equal": damp * float(bool(mine.sku) and mine.sku == theirs.sku),
        "sku_within": damp * within,
        "sku_sim": damp * max(0.0, sim - 0.4) / 0.6,
        "sku_parts": damp * max(0.0, parts - 0.3) / 0.7,
        "sku_prefix": prefix,
        "sku_none": float(not a or not b),
        "gtin_equal": float(bool(mine.gtins & theirs.gtins)),
        "gtin_differ": float(bool(both) and not mine.gtins & theirs.gtins),
        "sku_in_title": float(_is_in_title(mine, theirs) or _is_in_title(theirs, mine)),
    }


def _is_in_title(one: Side, other: Side) -> bool:
    return len(one.look) >= 5 and any(one.look == w.looks(code) for code in other.title.codes)


def _parts(mine: Sequence[str], theirs: Sequence[str]) -> float:
    """Share of segments that both have, in any order; abbreviated ones count less."""
    left, got = list(theirs), 0.0
    for part in sorted(mine, key=len, reverse=True):
        if part in left:
            left.remove(part)
            got += len(part)
            continue
        short = next(
            (x for x in left if min(len(x), len(part)) >= 2 and (x.startswith(part) or part.startswith(x))), None
        )
        if short is not None:
            left.remove(short)
            got += 0.7 * min(len(short), len(part))
    return got / max(1, sum(map(len, mine)), sum(map(len, theirs)))


# --- title -----------------------------------------------------------------------------------------------------------


def title_evidence(mine: Title, theirs: Title, rarity: Rarity) -> dict[str, float]:
    right, left = _share(theirs, mine, rarity), _share(mine, theirs, rarity)
    common = mine.set & theirs.set
    lost = [x for x in mine.set - theirs.set if rarity.knows(x) and not is_colour(x) and not _is_found(x, theirs)]
    missed = [x for x in theirs.set - mine.set if not _is_found(x, mine)]
    l_miss = min(1.0, sum(map(rarity.of, lost)) / 2)
    r_miss = min(1.0, sum(map(rarity.of, missed)) / 2)
    longest = max(1, min(len(mine.words), len(theirs.words)))
    return {
        "t_right": right,
        "t_left": left,
        "t_cos": math.sqrt(right * left),
        "t_exact": float(mine.set == theirs.set),
        "rarest": max(map(rarity.of, common), default=0.0),
        "first": float(bool(mine.words and theirs.words) and mine.words[0] == theirs.words[0]),
        "lcs": LCSseq.similarity(mine.words, theirs.words) / longest,
        "l_miss": l_miss,
        "r_miss": r_miss,
        "swap": min(l_miss, r_miss),
        "mens": float(bool(_MEN & theirs.set) and not _MEN & mine.set),
        "accessory": float(bool(_FOR & theirs.set) != bool(_FOR & mine.set)),
        "bundle": float(bool(_BUNDLE.search(" ".join(mine.words))) != bool(_BUNDLE.search(" ".join(theirs.words)))),
        **_of_codes(mine.models, theirs.models),
    }


def _share(one: Title, other: Title, rarity: Rarity) -> float:
    """How much of `one`'s name the other has, rare words weighing more."""
    got = whole = 0.0
    for word in one.set:
        weight = rarity.of(word)
        whole += weight
        if word in other.set or word in other.codes or word in other.pairs:
            got += weight
        elif len(word) >= 5 and _has_near(word, one, other):
            got += 0.8 * weight
    for a, b in pairwise(one.words):
        if a + b in other.set and a not in other.set and b not in other.set:
            got += rarity.of(a) + rarity.of(b)
    return min(1.0, got / whole) if whole else 0.0


def _alike(word: str, title: Title) -> Iterator[str]:
    """Longer words of a title that share the first or the last letter: typing errors seldom hit both ends."""
    yield from title.by_ends.get(word[0], ())
    yield from title.by_ends.get(f"-{word[-1]}", ())


def _has_near(word: str, one: Title, other: Title) -> bool:
    is_number = word.isdigit()
    has_digit = is_number or any(c.isdigit() for c in word)
    for theirs in _alike(word, other):
        if theirs in one.set:
            continue
        if abs(len(word) - len(theirs)) <= 2 and not (is_number and theirs.isdigit()) and _near(word, theirs):
            return True
        if has_digit and (word.startswith(theirs) or theirs.startswith(word)):
            return True
    return False


@lru_cache(maxsize=65536)
def _near(a: str, b: str) -> bool:
    """A typing error apart: one in short words, two in long ones."""
    shortest = min(len(a), len(b))
    most = 1 if shortest < 9 else 2
    return shortest >= 5 and abs(len(a) - len(b)) <= most and DamerauLevenshtein.distance(a, b, score_cutoff=2) <= most


def _is_found(word: str, title: Title) -> bool:
    if word in title.codes or word in title.pairs:
        return True
    if len(word) >= 5 and any(
        x.startswith(word) or word.startswith(x) or (abs(len(x) - len(word)) <= 2 and _near(word, x))
        for x in _alike(word, title)
        if x in title.set
    ):
        return True
    return len(word) >= 3 and word in title.long


def _of_codes(mine: Collection[str], theirs: Collection[str]) -> dict[str, float]:
    same, of_mine, of_theirs = 0.0, set[str](), set[str]()
    for a in mine:
        for b in theirs:
            kin = _kin(a, b)
            if kin:
                same = max(same, kin)
                of_mine.add(a)
                of_theirs.add(b)
    rest_mine = [a for a in mine if a not in of_mine and not any(a in b or b in a for b in of_theirs)]
    rest_theirs = [b for b in theirs if b not in of_theirs and not any(b in a or a in b for a in of_mine)]
    differ = float(bool(rest_mine and rest_theirs))
    return {"code_same": same, "code_differ": differ, "code_extra": min(1.0, len(rest_theirs) / 2)}


def _kin(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if a.startswith(b) or b.startswith(a):
        return 0.7
    return 0.4 if len(a) >= 6 and _near(a, b) else 0.0


# --- numbers, options, kind, price -----------------------------------------------------------------------------------

_UNIT = re.compile(r"[a-z]+$")
_DIGITS = re.compile(r"\d+")
_SHAPE = re.compile(r"[\d.x]+")


def _bare(measures: Collection[str]) -> set[str]:
    return {_UNIT.sub("", one) for one in measures}


def _of_numbers(mine: Side, theirs: Side) -> dict[str, float]:
    a, b = _bare(mine.title.numbers - mine.title.codes), _bare(theirs.title.numbers - theirs.title.codes)
    all_a, all_b = a | _all_numbers(mine), b | _all_numbers(theirs)
    only_a, only_b = a - all_b, b - all_a
    extra = (min(2, len(only_a)) + min(2, len(only_b))) / 4
    same = len(a & b) + 0.5 * len((a & all_b) - b) + 0.5 * len((b & all_a) - a)
    return {
        "num_same": min(3.0, same) / 3,
        "num_differ": extra if only_a and only_b else 0.0,
        "num_extra": extra,
    }


def _all_numbers(side: Side) -> set[str]:
    return _bare(side.all_options.measures) | {n for code in side.title.codes for n in _DIGITS.findall(code)}


def _of_options(mine: Side, theirs: Side) -> dict[str, float]:
    """`opt_match` −1…1 over the variant's options; conflicts and what the listing does not tell are counted."""
    marks: list[float] = []
    absent = size_conflicts = measure_conflicts = 0
    for option in theirs.options:
        mark = _option_mark(option, mine)
        if mark is None:
            continue
        if mark == 0.0:
            absent += 1
            continue
        marks.append(mark)
        if mark < 0:
            size_conflicts += bool(option.sizes and not option.words)
            measure_conflicts += bool(option.measures and not (option.sizes and not option.words))
    return {
        "opt_match": sum(marks) / max(1, len(marks) + absent),
        "opt_conflict": min(2.0, sum(mark < 0 for mark in marks)),
        "opt_absent": min(2.0, absent),
        "size_conflict": float(size_conflicts),
        "meas_conflict": float(measure_conflicts),
    }


def _option_mark(option: Option, mine: Side) -> float | None:
    """How one option value of the variant fits the listing; 0: the listing says nothing of it."""
    listed = mine.all_options
    if not option.text:
        return None
    if option.sizes and not option.words:
        known = listed.sizes or (_sizes_of(mine.title) if not listed.words else frozenset())
        return 0.0 if not known else 1.0 if known & option.sizes else -1.0
    if option.measures:
        known = listed.measures or mine.title.measures
        if known & option.measures or _bare(known) & _bare(option.measures):
            return 1.0
        alike = {_SHAPE.sub("", one) for one in known} & {_SHAPE.sub("", one) for one in option.measures}
        return -1.0 if alike else 0.0
    if option.pack > 1 or _SINGLE.search(option.text):
        pack = max(mine.title.pack, listed.pack)
        return (1.0 if pack > 1 else 0.6) if pack == option.pack else -1.0
    return _words_mark(option.words or option.sizes, listed.words, mine.title.set)


def _sizes_of(title: Title) -> frozenset[str]:
    return _sizes_in(" ".join(word for word in title.words if len(word) > 1))


@lru_cache(maxsize=512)
def _sizes_in(text: str) -> frozenset[str]:
    return frozenset(w.sizes(text)[0])


@lru_cache(maxsize=16384)
def _words_mark(value: frozenset[str], listed: frozenset[str], title: frozenset[str]) -> float | None:
    if not value:
        return None
    if listed:
        if value <= listed:
            return 1.0
        if value & listed:
            return 0.3 if (value ^ listed) & TELLING_SHADES else 0.8
        if any(_near(a, b) for a in value for b in listed):
            return 0.85
        mine, theirs = families(value), families(listed)
        if mine and theirs:
            return 0.5 if mine & theirs else -1.0
    if value <= title:
        return 0.7
    if not listed:
        return 0.0
    joined = "".join(sorted(value))
    alike = any(joined in x or x in joined for x in listed if len(x) >= 3 and len(joined) >= 3)
    return 0.7 if alike else -0.5


def _of_kind(mine: Side, theirs: Side) -> dict[str, float]:
    a, b = mine.title.set | mine.all_options.words, theirs.title.set | theirs.all_options.words
    hues_a, hues_b = _hues(a), _hues(b)
    gens_a, gens_b = mine.title.gens, theirs.title.gens
    one_only = 0.5 * float(bool(gens_a) != bool(gens_b))
    return {
        "pack_conflict": float(mine.pack != theirs.pack),
        "fit_conflict": min(2.0, len((a & _FIT) ^ (b & _FIT))),
        "gen_conflict": float(bool(gens_a and gens_b and not gens_a & gens_b)) + one_only,
        "hue_conflict": float(bool(hues_a and hues_b) and not families(hues_a) & families(hues_b)),
        "hue_extra": float(bool(hues_a) != bool(hues_b)),
    }


def _hues(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if is_colour(word) and word not in SHADES)


def _of_price(mine: Side, theirs: Side) -> dict[str, float]:
    if mine.price is None or theirs.price is None or mine.currency != theirs.currency:
        return {"price_equal": 0.0, "price_ratio": 0.0, "price_none": 1.0}
    ratio = abs(math.log(mine.price / theirs.price))
    return {"price_equal": float(ratio < 0.005), "price_ratio": min(ratio, 1.5), "price_none": 0.0}
