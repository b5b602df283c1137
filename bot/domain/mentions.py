"""What in a chat message may be a SKU: its words and short phrases, as they stand. Nothing is guessed here."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST = 400
"""Words of a message that are looked up, and as many phrases; a longer message is cut."""
LONGEST = 255
_MARKUP = re.compile(r"<([^<>]*)>")
_SPANS = re.compile(r'`([^`\n]+)`|"([^"\n]+)"|“([^”\n]+)”|«([^»\n]+)»|„([^“”\n]+)[“”]')
_EDGES = ".,;:!?()[]{}<>\"'`*_~“”„«»…·•|="
_JOINTS = re.compile(r"[=:,;|()\[\]{}<>\"“”„«»`]+")
_PHRASE = 3


@dataclass(frozen=True)
class Mentions:
    """`words` as a person would name them; `phrases`: neighbours, for SKUs with spaces. Each once, in their order."""

    words: tuple[str, ...]
    phrases: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.words, *self.phrases)))


def mentions(texts: Iterable[str]) -> Mentions:
    """Everything in these texts that may be a SKU or a TikTok SKU id.

    >>> mentions(["please link *TEE-RED-M*, thanks"]).words
    ('please', 'link', 'TEE-RED-M', 'thanks')
    """
    words, phrases = dict[str, None](), dict[str, None]()
    for text in texts:
        plain = html.unescape(_MARKUP.sub(_shown, text))
        for found in _SPANS.findall(plain):
            phrases |= dict.fromkeys(part.strip() for part in found if _telling(part))
        for line in plain.splitlines():
            parts = line.split()
            for part in parts:
                words |= dict.fromkeys(_forms(part))
            phrases |= dict.fromkeys(_neighbours(parts))
    return Mentions(tuple(words)[:MOST], tuple(one for one in phrases if one not in words)[:MOST])


def _shown(markup: re.Match[str]) -> str:
    """What a person sees of Slack's `<…>`: the label of an address or channel; nothing of people and dates."""
    inner = markup[1]
    address, _, label = inner.partition("|")
    if inner.startswith(("@", "!")):
        return " "
    return f" {label or address} " if not inner.startswith("#") else f" {label} "


def _forms(part: str) -> Iterator[str]:
    """A word without its punctuation, then as typed, then its parts around `=`, `:` and the like."""
    bare = part.strip(_EDGES)
    for one in (bare, part, *(piece.strip(_EDGES) for piece in _JOINTS.split(part))):
        if _telling(one):
            yield one


def _neighbours(parts: list[str]) -> Iterator[str]:
    for size in range(2, _PHRASE + 1):
        for start in range(len(parts) - size + 1):
            phrase = " ".join(parts[start : start + size])
            yield from (one for one in (phrase.strip(_EDGES), phrase) if _telling(one))


def _telling(text: str) -> bool:
    return 1 < len(text.strip()) <= LONGEST and any(char.isalnum() for char in text)
