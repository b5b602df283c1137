"""`/link export`: a file into the person's messages with Linkbot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.domain.board import ProductRow
from bot.domain.exports import CATALOGUE, Export, Shape
from bot.domain.values import ListingId, Right, WorkspaceId
from bot.handlers import files
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word, joined
from bot.store.db import Db, Unit
from bot.sync import explain, exports
from bot.views import exports as view
from bot.views import products
from bot.views.plain import note

_SHAPES = (Shape.CSV, Shape.JSON)


@dataclass(frozen=True)
class Wanted:
    """What was typed. `sku`: of a history."""

    export: Export
    shape: Shape
    sku: str = ""


class Exports:
    """Members only: a file leaves Slack more easily than a table."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        """Typed only."""

    def commands(self) -> list[Command]:
        usage = "export links|unlinked|products|ledger|history SKU [csv|json]"
        return [Command("export", self.typed, usage, "a file for you alone", "/link export links csv", Right.LINK)]

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        wanted = read(words)
        if wanted is None:
            await ask.answer(note(view.USAGE))
        elif wanted.export is Export.HISTORY:
            await self._history(ask, wanted)
        else:
            await self._send(ask, wanted, None)

    async def _history(self, ask: Ask, wanted: Wanted) -> None:
        rows: Sequence[ProductRow] = await self._db.read(
            lambda u: explain.find_listings(u, ask.workspace, wanted.sku, 11)
        )
        if not rows:
            await ask.answer(products.nothing_found(wanted.sku))
        elif len(rows) > 1:
            await ask.answer(view.which(rows, wanted.sku, wanted.shape))
        else:
            await self._send(ask, wanted, rows[0].listing.id)

    async def _send(self, ask: Ask, wanted: Wanted, listing_id: ListingId | None) -> None:
        """Written from one reading, row by row, into a file that is gone afterwards."""
        export = wanted.export
        with TemporaryDirectory(prefix="linkbot-export-") as folder:
            path = Path(folder) / "export"
            count, now = await self._db.read(lambda u: (write(u, ask.workspace, wanted, listing_id, path), u.now))
            if not count:
                await ask.answer(view.empty(export))
                return
            name, comment = view.file_name(export, wanted.shape, now), view.comment(export, count, now)
            problem = await files.send_file(ask, path, name, comment)
        await ask.answer(view.sent(export, count) if problem is None else view.not_sent(export, count, problem))


def read(words: list[Word]) -> Wanted | None:
    """`links csv`, `history SKU json`; None when it is none of that."""
    if not words or words[0].text.lower() not in set(Export):
        return None
    export, rest, shape = Export(words[0].text.lower()), words[1:], Shape.CSV
    if rest and not rest[-1].quoted and rest[-1].text.lower() in _SHAPES:
        shape, rest = Shape(rest[-1].text.lower()), rest[:-1]
    if bool(rest) != (export is Export.HISTORY):
        return None
    return Wanted(export, shape, joined(rest))


def write(u: Unit, workspace: WorkspaceId, wanted: Wanted, listing_id: ListingId | None, path: Path) -> int:
    """The rows that were written. UTF-8 without a mark."""
    count = 0

    def rows() -> Iterator[view.Row]:
        nonlocal count
        if wanted.export in CATALOGUE:
            found = map(view.catalogue_row, exports.catalogue_rows(u, workspace, wanted.export))
        else:
            found = map(view.entry_row, exports.ledger_rows(u, workspace, listing_id))
        for row in found:
            count += 1
            yield row

    with path.open("w", encoding="utf-8", newline="") as out:
        out.writelines(view.written(rows(), view.columns(wanted.export), wanted.shape))
    return count
