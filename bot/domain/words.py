"""Words of titles, options and SKUs: folded, split and measured alike on both sides, for search and for matching."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"(?<=\w)['’`](?=\w)")
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")
_CHAIN = re.compile(r"(?:(?<![^\W_])([a-z]{2,4}) )?(?<![^\W_])([^\W_]+(?:[-/][^\W_]+)*)")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)*")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_LONGEST = 40
"""Characters of a word that are kept: no catalogue's word is longer, and some cells hold whole pages."""


def fold(text: str) -> str:
    """One form for comparing: no case, no accents, one width. Marks of other scripts than the European ones stay."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", plain))


def looks(sku: str) -> str:
    """What a person sees: letters and digits only, one case, composed, half width, O as 0, without leading zeros."""
    plain = unicodedata.normalize("NFKC", sku).upper()
    kept = "".join(c for c in plain if c.isalnum()).translate(_LOOK_ALIKE)
    return kept.lstrip("0") or kept


def gtin(text: str) -> str:
    """A barcode's digits without leading zeros, so that UPC-12, EAN-13 and GTIN-14 of one thing are equal; "" else."""
    plain = text.strip().strip("'").replace(" ", "").replace("-", "")
    return plain.lstrip("0") if 8 <= len(plain) <= 14 and plain.isascii() and plain.isdigit() else ""


def words(text: str) -> list[str]:
    """Folded words in their order: letters and digits; each wide (CJK) character is a word of its own."""
    return [part for word in _WORD.findall(_APOSTROPHE.sub("", fold(text))) for part in _narrow(word[:_LONGEST])]


def _narrow(word: str) -> Iterator[str]:
    if not _WIDE.search(word):
        yield _plain_number(word)
        return
    plain = ""
    for char in word:
        if _WIDE.match(char):
            if plain:
                yield plain
            plain = ""
            yield char
        else:
            plain += char
    if plain:
        yield plain


def _plain_number(word: str) -> str:
    """ "10,0", "10.0" and "v10" all say 10."""
    number = word[1:] if word[0] == "v" and word[1:2].isdigit() else word
    if not number[0].isdigit() or not _DECIMAL.fullmatch(number):
        return word
    whole, _, rest = number.replace(",", ".").partition(".")
    return f"{whole}.{rest}" if rest.strip("0.") else whole


def is_wide(text: str) -> bool:
    """Does it hold a wide (CJK) character, which is searched at any place?"""
    return bool(_WIDE.search(text))


@lru_cache(maxsize=4096)
def index_words(text: str) -> frozenset[str]:
    """The words under which a title is found: its words, and chains with digits ("KX-TG1033") also as one."""
    return frozenset(words(text)) | frozenset(codes(fold(text)))


def codes(folded: str) -> Iterator[str]:
    """Model numbers as one word: "KX-TG1033S", and what stands apart by a space ("MDR EX55/BLK", "SH 350")."""
    for before, chain in _CHAIN.findall(folded):
        joined = re.sub(r"[-/]", "", chain)[:_LONGEST]
        if not any(c.isdigit() for c in joined):
            continue
        if joined != chain and any(c.isalpha() for c in joined):
            yield joined
        if before and len(before) + len(joined) >= 5:
            yield before + joined


# --- measures, sizes, packs ------------------------------------------------------------------------------------------

_UNITS = {
    # unit → (base, factor): a number and its unit become one word, "0.15 L" and "150ml" the same
    "ml": ("ml", 1), "cl": ("ml", 10), "l": ("ml", 1000), "ltr": ("ml", 1000), "litre": ("ml", 1000),
    "liter": ("ml", 1000), "litres": ("ml", 1000), "liters": ("ml", 1000), "g": ("g", 1), "gr": ("g", 1),
    "gram": ("g", 1), "grams": ("g", 1), "kg": ("g", 1000), "mg": ("mg", 1), "mm": ("mm", 1), "cm": ("mm", 10),
    "m": ("mm", 1000), "meter": ("mm", 1000), "metre": ("mm", 1000), "in": ("inch", 1), "inch": ("inch", 1),
    "inches": ("inch", 1), "ft": ("inch", 12), "feet": ("inch", 12), "w": ("w", 1), "watt": ("w", 1),
    "watts": ("w", 1), "v": ("v", 1), "volt": ("v", 1), "mah": ("mah", 1), "ah": ("mah", 1000),
    "mb": ("mb", 1), "gb": ("mb", 1000), "tb": ("mb", 1000000), "hz": ("hz", 1), "khz": ("hz", 1000),
    "mhz": ("hz", 1000000), "ghz": ("hz", 1000000000), "mp": ("mp", 1), "megapixel": ("mp", 1), "oz": ("oz", 1),
    "lb": ("oz", 16), "lbs": ("oz", 16), "ct": ("pc", 1), "dpi": ("dpi", 1),
}  # fmt: skip
_MEASURE = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*(k)?\s*-?\s*(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?![\w])"
)
_DIMENSIONS = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*[x×*]\s*(\d+(?:[.,]\d+)?)\s*(mm|cm|m|in|inch|ft)?(?![\w])")


def measures(folded: str) -> tuple[set[str], str]:
    """Numbers with their units in base units ("150ml"), and the text without them."""
    found: set[str] = set()

    def take_two(match: "re.Match[str]") -> str:
        unit = match[3] or "cm"
        base, factor = _UNITS.get(unit, ("mm", 10))
        found.add("x".join(_number(part, factor) for part in match.group(1, 2)) + base)
        return " "

    def take(match: "re.Match[str]") -> str:
        base, factor = _UNITS[match[3]]
        found.add(_number(match[1], factor * (1000 if match[2] else 1)) + base)
        return " "

    return found, _MEASURE.sub(take, _DIMENSIONS.sub(take_two, folded))


def _number(text: str, factor: int = 1) -> str:
    return f"{float(text.replace(',', '.')) * factor:g}"


_PACKS = (
    re.compile(r"(?:pack|set|box|bundle|lot)\s+of\s+(\d{1,3})(?!\w)"),
    re.compile(r"(?<![\w.])(\d{1,3})\s*-?\s*(?:pk|pack|packs|pcs|pc|pieces|piece|count|ct|er[- ]?pack|units)(?!\w)"),
    re.compile(r"(?<![\w.])(\d{1,2})\s*[x×]\s*(?=[a-z]{3})"),
    re.compile(r"(?<=[a-z0-9])\s*[x×]\s*(\d{1,2})$"),
)
_PACK_IN_SKU = (
    re.compile(r"^(\d{1,2})x(?=[a-z0-9])"),
    re.compile(r"[-_/. ](?:x(\d{1,2})|(\d{1,2})x|(\d{1,2})pk|pk(\d{1,2})|(\d{1,2})pack|(\d{1,2})pcs?)$"),
)
_SINGLE = re.compile(r"(?<!\w)(?:single|1\s*-?\s*(?:pk|pack|pcs?|piece))(?!\w)")
_TWIN = re.compile(r"(?<!\w)(?:(twin|double|duo)\s*-?\s*pack|(triple|trio)\s*-?\s*pack)(?!\w)")


def pack_of(folded: str) -> tuple[int, str]:
    """How many pieces the text says, 1 when it says none, and the text without that."""
    if (twin := _TWIN.search(folded)) is not None:
        return (2 if twin[1] else 3), _TWIN.sub(" ", folded)
    for pattern in _PACKS:
        if (found := pattern.search(folded)) is not None:
            return max(1, int(found[1])), pattern.sub(" ", folded)
    return 1, _SINGLE.sub(" ", folded)


def pack_in_sku(sku: str) -> int:
    """The pack a SKU's affix tells: 3 for "3xABC" or "ABC-3PK", else 1."""
    folded = fold(sku.strip())
    for pattern in _PACK_IN_SKU:
        if (found := pattern.search(folded)) is not None:
            return max(1, int(next(group for group in found.groups() if group)))
    return 1


_SIZES = {
    "xxs": "xxs", "2xs": "xxs", "xs": "xs", "xsmall": "xs", "s": "s", "small": "s", "sml": "s", "m": "m", "med": "m",
    "medium": "m", "mid": "m", "l": "l", "large": "l", "lrg": "l", "xl": "xl", "xlarge": "xl", "1xl": "xl",
    "xxl": "xxl", "2xl": "xxl", "2x": "xxl", "xxlarge": "xxl", "xxxl": "xxxl", "3xl": "xxxl", "4xl": "4xl",
    "xxxxl": "4xl", "5xl": "5xl", "onesize": "one", "os": "one",
}  # fmt: skip
_EXTRA = re.compile(r"(?<!\w)(?:extra|x)[- ]+(extra[- ]+)?(small|large)(?!\w)")
_ONE_SIZE = re.compile(r"(?<!\w)(?:one|free)[- ]size(?!\w)")
_REGIONAL = re.compile(r"(?<!\w)(uk|us|eu)\s*-?\s*(\d{1,2}(?:\.5)?)(?:\s*[-/]\s*(\d{1,2}))?(?!\w)")
_REGIONAL_AFTER = re.compile(r"(?<!\w)(\d{1,2}(?:\.5)?)(?:\s*[-/]\s*(\d{1,2}))?\s*(uk|us|eu)(?!\w)")
_LETTER_AND_NUMBER = re.compile(r"(?<!\w)(x{0,3}[sl]|m|[2-5]xl)\s*/\s*(\d{1,2})(?!\w)")
_UK_LETTERS = {"4": "xs", "6": "xs", "8": "s", "10": "m", "12": "m", "14": "l", "16": "xl", "18": "xxl", "20": "xxl"}


def sizes(folded: str) -> tuple[set[str], str]:
    """Clothing sizes by their letter or as "uk 6", and the text without them."""
    found: set[str] = set()

    def extra(match: "re.Match[str]") -> str:
        found.add(("xx" if match[1] else "x") + match[2][0])
        return " "

    def regional(region: str, number: str, upper: str | None) -> str:
        found.add(f"{region}{number}")
        if region == "uk":
            found.update(_UK_LETTERS[one] for one in (number, upper) if one in _UK_LETTERS)
        return " "

    text = _ONE_SIZE.sub(" onesize ", _EXTRA.sub(extra, folded))
    text = _LETTER_AND_NUMBER.sub(lambda m: f" {m[1]} ", text)
    text = _REGIONAL.sub(lambda m: regional(m[1], m[2], m[3]), text)
    text = _REGIONAL_AFTER.sub(lambda m: regional(m[3], m[1], m[2]), text)
    rest: list[str] = []
    for word in words(text):
        if word in _SIZES:
            found.add(_SIZES[word])
        else:
            rest.append(word)
    return found, " ".join(rest)
