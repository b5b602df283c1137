"""Typed words against SKUs and product names: what counts as a hit, which come first, and what a typing error meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein

from bot.domain.values import VariantId
from bot.domain.words import fold, is_wide


@dataclass(frozen=True)
class Hit:
    """A row of the search index. `code`: the folded SKU; `hay`: folded title, options and SKU."""

    variant_id: VariantId
    code: str
    hay: str


def typed(text: str) -> list[str]:
    """The folded words of a search."""
    return fold(text).split()


def is_short(word: str) -> bool:
    """One or two Latin characters: looked for at the start of words and SKUs only. CJK is looked for at any place."""
    return len(word) <= 2 and not is_wide(word) and word.isalnum()


def fits(hit: Hit, wanted: Sequence[str]) -> bool:
    """Does it have every word, at any place? One or two letters alone: at the start of a word or of the SKU."""
    if all(is_short(word) for word in wanted):
        return all(_starts(hit, word) for word in wanted)
    return all(word in hit.hay for word in wanted)


def _starts(hit: Hit, word: str) -> bool:
    at = hit.hay.find(word)
    while at >= 0:
        if at == 0 or not hit.hay[at - 1].isalnum():
            return True
        at = hit.hay.find(word, at + 1)
    return hit.code.startswith(word)


def rank(hits: Iterable[Hit], text: str) -> list[Hit]:
    """The exact SKU first, then SKUs and names that begin with what was typed, then words that do, then the rest."""
    whole = " ".join(typed(text))
    wanted = whole.split()

    def place(hit: Hit) -> tuple[object, ...]:
        if hit.code == whole:
            level = 0
        elif hit.code.startswith(whole):
            level = 1
        elif hit.hay.startswith(whole):
            level = 2
        else:
            level = 3 if all(_starts(hit, word) for word in wanted) else 4
        return level, hit.hay.find(whole) < 0, hit.hay, hit.variant_id

    return sorted(hits, key=place)


def meant(word: str, vocabulary: Iterable[str], limit: int = 3) -> list[str]:
    """Known words that the typed one may be with a typing error: one in short words, two in long ones."""
    most = 1 if len(word) < 7 else 2
    near = [
        (apart, known)
        for known in vocabulary
        if abs(len(known) - len(word)) <= most
        and 0 < (apart := DamerauLevenshtein.distance(word, known, score_cutoff=most)) <= most
    ]
    return [known for _, known in sorted(near)[:limit]]
