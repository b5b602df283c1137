"""`/link undo` and **Undo**: take one's own last act back."""

from bot.domain.ledger import Entry
from bot.domain.values import Right
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.home import Home
from bot.handlers.words import Word
from bot.store.db import Db, Unit
from bot.sync import explain, undoing
from bot.views import undo
from bot.views.blocks import Message
from bot.views.ids import Action, unpack
from bot.views.plain import note_view


class Undoing:
    """Parse, one call, one view."""

    def __init__(self, db: Db, guard: Guard, home: Home) -> None:
        self._db, self._refused, self._home = db, guard.refused, home

    def register(self, guard: Guard) -> None:
        guard.action(Action.UNDO, self.clicked, Right.LINK)

    def commands(self) -> list[Command]:
        return [Command("undo", self.typed, "undo", "take your last act back", "/link undo", Right.LINK)]

    async def typed(self, ask: Ask, _: list[Word]) -> None:
        """The last act that this person did and did not take back yet."""
        message = await self._undo(ask, None)
        if message is not None:
            await ask.answer(message)

    async def clicked(self, ask: Ask) -> None:
        """In the modal it stands in, or in place of the message with the button."""
        message = await self._undo(ask, unpack(ask.value).number("entry", -1))
        if message is None:
            return
        if ask.view is not None and ask.view.get("type") == "modal":
            await ask.update(ask.view["id"], note_view(message))
        else:
            await ask.answer(message, replace=True)

    async def _undo(self, ask: Ask, entry_id: int | None) -> Message | None:
        """None: refused for a lack of rights, and told."""
        entry = await self._db.read(lambda u: undoing.wanted(u, ask.workspace, ask.actor, entry_id))
        if undoing.is_of_rights(entry) and await self._refused(ask, Right.ADMIN):
            return None
        done = await undoing.undo(self._db, ask.workspace, ask.actor, entry.id if entry else entry_id)
        if isinstance(done, undoing.Refused):
            return undo.refused(done.reason)
        message = await self._db.read(lambda u: _told(u, done, done.plan.entry))
        await self._home.publish(ask)
        return message


def _told(u: Unit, done: undoing.Undone, entry: Entry) -> Message:
    row = None if entry.listing_id is None else explain.product_row(u, entry.listing_id)
    shop = None if entry.shop_id is None else u.shops.get(entry.shop_id)
    return undo.done(done.plan, row, shop, done.links)
