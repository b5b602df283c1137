"""`/link import`: the modal, the file that was chosen, Apply and Cancel."""

from bot.domain.values import Right
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word
from bot.store.db import Db
from bot.sync import bulk as runs
from bot.views import bulk
from bot.views.ids import Action, Callback, unpack
from bot.views.plain import note

_TOLD = {
    runs.Asked.STALE: "This preview is stale. The message shows the new one: press *Apply* there.",
    runs.Asked.UNDER_WAY: "It is under way already.",
    runs.Asked.ENDED: "This import has ended.",
    runs.Asked.GONE: "This import is not known any more. Type `/link import` to begin again.",
}


class Bulk:
    """Bulk link from a file."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        guard.submit(Callback.BULK, bulk.answer, self.submitted, Right.LINK)
        guard.action(Action.BULK_APPLY, self.apply, Right.LINK)
        guard.action(Action.BULK_CANCEL, self.cancel, Right.LINK)

    def commands(self) -> list[Command]:
        return [
            Command(
                "import", self.open, "import", "link many SKUs from a CSV, after a preview", "/link import", Right.LINK
            )
        ]

    async def open(self, ask: Ask, _: list[Word]) -> None:
        await ask.open(bulk.form())
        going = await self._db.read(lambda u: u.bulk.under_way(ask.workspace, ask.user))
        await ask.answer(bulk.where_to_look(going))

    async def submitted(self, ask: Ask) -> None:
        file_id, name = bulk.read(ask.view or {})
        await runs.start(self._db, ask.workspace, ask.actor, file_id, name)

    async def apply(self, ask: Ask) -> None:
        value = unpack(ask.value)
        await self._tell(ask, await runs.apply(self._db, ask.workspace, value["run"], value["digest"]))

    async def cancel(self, ask: Ask) -> None:
        await self._tell(ask, await runs.cancel(self._db, ask.workspace, unpack(ask.value)["run"]))

    async def _tell(self, ask: Ask, came: runs.Asked) -> None:
        """What was done shows in the message itself."""
        if came in _TOLD:
            await ask.answer(note(_TOLD[came]))
