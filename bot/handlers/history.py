"""`/link history SKU`."""

from bot.domain.values import ListingId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word, joined
from bot.store.db import Db
from bot.sync import explain
from bot.views import history, products
from bot.views.ids import Action, unpack


class History:
    """What the ledger knows of one SKU, a page at a time."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        guard.action(Action.HISTORY, self.turn)
        guard.action(Action.HISTORY_PREVIOUS, self.turn)
        guard.action(Action.HISTORY_NEXT, self.turn)

    def commands(self) -> list[Command]:
        example = "/link history TEE-RED-M"
        return [Command("history", self.typed, "history SKU", "who did what with a SKU, newest first", example)]

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        text = joined(words)
        most = history.ROWS + 1
        rows = await self._db.read(lambda u: explain.find_listings(u, ask.workspace, text, most)) if text else []
        if not rows:
            await ask.answer(products.nothing_found(text))
        elif len(rows) > 1:
            await ask.answer(history.which(rows, text))
        else:
            await self._show(ask, rows[0].listing.id, 0, replace=False)

    async def turn(self, ask: Ask) -> None:
        """Another page in place of this one; from a short list as a message of its own."""
        asked = unpack(ask.value)
        replace = ask.action_id != Action.HISTORY
        await self._show(ask, ListingId(asked["listing"]), asked.number("offset"), replace=replace)

    async def _show(self, ask: Ask, listing_id: ListingId, offset: int, replace: bool) -> None:
        found = await self._db.read(lambda u: explain.sku_history(u, ask.workspace, listing_id, offset, history.ROWS))
        message = products.nothing_found(listing_id) if found is None else history.history(*found)
        await ask.answer(message, replace=replace)
