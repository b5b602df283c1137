"""What a person typed, as words: quotes, phone keyboards and Slack's escapes undone."""

import html
import re
from dataclasses import dataclass

_SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "\u00a0": " "})
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_PACK = re.compile(r"[x×](\d{1,4})", re.IGNORECASE)


@dataclass(frozen=True)
class Word:
    text: str
    quoted: bool = False


def split(text: str) -> list[Word]:
    """Words of a command. A quoted one keeps its spaces and is never a verb.

    >>> [w.text for w in split('unlink “TEE 5”')]
    ['unlink', 'TEE 5']
    """
    plain = html.unescape(text).translate(_SMART)
    return [
        Word(match.group(1), True) if match.group(1) is not None else Word(match.group(2))
        for match in _WORD.finditer(plain)
    ]


def pack_size(word: Word) -> int | None:
    """`x6` → 6; None when the word is no pack size."""
    found = None if word.quoted else _PACK.fullmatch(word.text)
    return int(found.group(1)) if found else None


def joined(words: list[Word]) -> str:
    return " ".join(word.text for word in words)
