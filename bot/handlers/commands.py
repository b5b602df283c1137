"""The verbs of `/link`: rows of a table, from which help is printed."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.domain.values import Right
from bot.handlers.guard import Ask
from bot.handlers.words import Word, joined, split
from bot.views import products
from bot.views.help import HelpRow, help_message

log = logging.getLogger("linkbot.commands")
_NEAR = 72
"""Percent of equal letters from which a word is taken for a mistyped verb."""
Run = Callable[[Ask, list[Word]], Awaitable[None]]


@dataclass(frozen=True)
class Command:
    """One verb. `usage` is shown after `/link `."""

    verb: str
    run: Run
    usage: str
    meaning: str
    example: str
    right: Right = Right.READ


class Commands:
    """Splits the verb off and runs its row; words that are no verb are a SKU or a search."""

    def __init__(
        self,
        rows: Sequence[Command],
        bare: Callable[[Ask], Awaitable[None]],
        search: Callable[[Ask, list[Word]], Awaitable[bool]],
        refused: Callable[[Ask, Right], Awaitable[bool]],
    ) -> None:
        self._rows = {row.verb: row for row in rows}
        self._bare, self._search, self._refused = bare, search, refused

    async def run(self, ask: Ask) -> None:
        words = split(ask.text)
        if not words:
            await self._bare(ask)
        elif words[0].text.lower() == "help" and not words[0].quoted:
            await self.help(ask)
        elif (row := self._row(words[0])) is None:
            if not await self._search(ask, words):
                await self._unknown(ask, words)
        elif not await self._refused(ask, row.right):
            await row.run(ask, words[1:])

    def _row(self, word: Word) -> Command | None:
        return None if word.quoted else self._rows.get(word.text.lower())

    async def _unknown(self, ask: Ask, words: list[Word]) -> None:
        """No SKU is called that: a verb mistyped, or a SKU that is not known."""
        nearest = None if words[0].quoted else self._nearest(words[0].text)
        if nearest is not None:
            await self.help(ask, words[0].text, nearest)
        else:
            await ask.answer(products.nothing_found(joined(words)))

    def _nearest(self, word: str) -> str | None:
        found = process.extractOne(word.lower(), [*self._rows, "help"], scorer=fuzz.ratio, score_cutoff=_NEAR)
        return found[0] if found else None

    async def help(self, ask: Ask, unknown: str | None = None, nearest: str | None = None) -> None:
        """All verbs with examples; for unknown input with the nearest verb."""
        rows = [HelpRow(f"/link {row.usage}", row.meaning, row.example) for row in self._rows.values()]
        await ask.answer(help_message(rows, unknown, nearest))
