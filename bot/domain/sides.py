"""A listing or a variant taken apart, as far as matching looks at it: name, options, SKU, barcode, price."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from bot.domain import words as w
from bot.domain.catalogue import Listing, Variant
from bot.domain.values import Money

_GEN = re.compile(r"(?<!\w)(?:gen(?:eration)?|version|vers|ver|v|mk|mark)\s*\.?\s*(\d+(?:\.\d+)?)(?!\w)")
_NTH_GEN = re.compile(r"(?<!\w)(\d+)(?:st|nd|rd|th)\s*gen(?:eration)?(?!\w)")
_INCH = re.compile(r"(?<=\d)'(?!\w)|(?<=\d)\"")
_SEGMENT = re.compile(r"[A-Z]+|\d+")
_NO_MODEL = re.compile(r"\d+[xp]|\d{1,2}(st|nd|rd|th)?\w{0,6}line|(19|20)\d\d\w*")


@dataclass(frozen=True)
class Title:
    """A product's name, taken apart."""

    words: tuple[str, ...]
    set: frozenset[str]
    codes: frozenset[str]  # model numbers
    numbers: frozenset[str]  # numbers and measures
    measures: frozenset[str]
    pack: int
    gens: frozenset[str]
    pairs: frozenset[str]  # two words in a row, written as one
    models: frozenset[str]  # the codes that are surely model numbers
    long: str  # words of six letters and more, for words inside words
    by_ends: Mapping[str, Sequence[str]]  # longer words and codes, by their first and by their last letter


@dataclass(frozen=True)
class Option:
    """One option value, or all of a listing's variation."""

    words: frozenset[str]
    sizes: frozenset[str]
    measures: frozenset[str]
    pack: int
    text: str


@dataclass(frozen=True)
class Side:
    """A listing or a variant as far as matching looks at it. `price` in major units of `currency`."""

    title: Title
    options: tuple[Option, ...]
    all_options: Option
    sku: str
    look: str
    segments: tuple[str, ...]
    gtins: frozenset[str]
    price: float | None
    currency: str
    pack_in_sku: int

    @property
    def pack(self) -> int:
        return max(self.title.pack, self.all_options.pack, self.pack_in_sku)


def side_of_listing(listing: Listing) -> Side:
    price = listing.price
    values = tuple(part for part in re.split(r"\s*[,/]\s*", listing.variation) if part)
    return _side(listing.title, values, listing.variation, listing.sku, listing.gtin, price)


def side_of_variant(variant: Variant) -> Side:
    values = tuple(part for part in variant.options.split(" / ") if part and part != "Default Title")
    return _side(variant.title, values, ", ".join(values), variant.sku.strip(), variant.barcode, variant.price)


@lru_cache(maxsize=1024)
def _side(title: str, values: tuple[str, ...], options: str, sku: str, barcode: str, price: Money | None) -> Side:
    amount = price.amount if price is not None else None
    return Side(
        title=title_of(title),
        options=tuple(option_of(value) for value in values),
        all_options=option_of(options),
        sku=sku,
        look=w.looks(sku),
        segments=tuple(s for part in re.split(r"[^0-9A-Za-z]+", sku.upper()) for s in _SEGMENT.findall(part)),
        gtins=frozenset(code for code in (w.gtin(barcode), w.gtin(sku)) if code),
        price=None if amount is None or amount <= 0 else float(amount),
        currency=price.currency if price is not None else "",
        pack_in_sku=w.pack_in_sku(sku),
    )


@lru_cache(maxsize=2048)
def title_of(text: str) -> Title:
    folded = _INCH.sub(" inch", w.fold(text[:300]))
    gens = frozenset((*_GEN.findall(folded), *_NTH_GEN.findall(folded)))
    pack, rest = w.pack_of(folded)
    measures, rest = w.measures(rest)
    words = tuple(w.words(rest))
    codes = {*w.codes(folded), *(word for word in words if _is_code(word))}
    numbers = {word for word in words if word.replace(".", "", 1).isdigit() and len(word) < 5}
    pairs = frozenset(a + b for a, b in pairwise(words))
    by_ends: dict[str, list[str]] = {}
    for word in {*words, *codes}:
        if len(word) >= 5:
            for end in (word[0], f"-{word[-1]}"):
                by_ends.setdefault(end, []).append(word)
    return Title(
        words, frozenset(words), frozenset(codes), frozenset(numbers | measures), frozenset(measures), pack, gens,
        pairs, frozenset(code for code in codes if _is_model(code)),
        " ".join(word for word in words if len(word) >= 6), by_ends,
    )  # fmt: skip


def _is_code(word: str) -> bool:
    if word.isdigit():
        return len(word) >= 5
    return len(word) >= 4 and any(c.isdigit() for c in word) and any(c.isalpha() for c in word)


@lru_cache(maxsize=4096)
def _is_model(code: str) -> bool:
    return len(code) >= 5 and sum(c.isdigit() for c in code) >= 2 and not _NO_MODEL.fullmatch(code)


@lru_cache(maxsize=2048)
def option_of(text: str) -> Option:
    folded = w.fold(text[:200])
    pack, rest = w.pack_of(folded)
    measures, rest = w.measures(rest)
    sizes, rest = w.sizes(rest)
    words = frozenset(word for word in w.words(rest) if word not in ("default", "title"))
    return Option(words, frozenset(sizes), frozenset(measures), pack, folded)
