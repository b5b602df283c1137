""" "Products from TikTok Shop": the table as a message or a modal, and bare `/link`."""

from bot.domain.board import Page, ProductCounts, ProductFilter, ProductRow
from bot.domain.suggesting import Hint
from bot.domain.values import ListingId, Right
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word, joined
from bot.store.db import Db, Unit
from bot.sync import explain, suggesting
from bot.views import products
from bot.views.blocks import Message
from bot.views.ids import Action, unpack
from bot.views.plain import loading


class Products:
    """The table wherever it stands: every click draws it again from the database."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        guard.action(Action.LINK_PRODUCTS, self.open_unlinked, opens=True)
        guard.action(Action.SHOW_ALL, self.turn)
        for action_id in (Action.TABLE_FILTER, Action.TABLE_PREVIOUS, Action.TABLE_NEXT):
            guard.action(action_id, self.turn)

    def commands(self) -> list[Command]:
        return [
            Command(
                "products", self.typed, "products [linked|unlinked|broken] [words]", "all products of TikTok Shop",
                "/link products unlinked hoodie", Right.READ,
            )
        ]  # fmt: skip

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        chosen, rest = ProductFilter.ALL, words
        if words and not words[0].quoted and words[0].text.lower() in set(ProductFilter):
            chosen, rest = ProductFilter(words[0].text.lower()), words[1:]
        page, counts, hints = await self._read(ask, chosen, joined(rest), 0)
        await ask.answer(products.table_message(page, chosen, joined(rest), counts=counts, hints=hints))

    async def bare(self, ask: Ask) -> None:
        """The five most pressing unlinked SKUs."""
        await ask.answer(await self._pressing(ask))

    async def _pressing(self, ask: Ask) -> Message:
        def read(u: Unit) -> Message:
            rows, ignored = suggesting.pressing(u, ask.workspace, 5)
            found = suggesting.hints(u, ask.workspace, [row.listing.id for row in rows])
            return products.pressing(rows, ProductCounts(*u.catalogue.counts(ask.workspace)).unlinked, ignored, found)

        return await self._db.read(read)

    async def redraw(self, clicked: Ask) -> None:
        """The list in whose message this click was, as it is now; other messages are rendered by their own jobs."""
        place = unpack(clicked.value)
        words = place.get("words")
        if place.get("list") == products.PRESSING:
            message = await self._pressing(clicked)
        elif place.get("list") == products.HITS:
            rows = await self._db.read(lambda u: explain.find_listings(u, clicked.workspace, words))
            message = products.hits(rows, words)
        elif "filter" in place.ids:
            chosen = ProductFilter(place["filter"])
            page, counts, hints = await self._read(clicked, chosen, words, place.number("offset"))
            message = products.table_message(page, chosen, words, counts=counts, hints=hints)
        else:
            return
        await clicked.answer(message, replace=True)

    async def open_unlinked(self, ask: Ask) -> None:
        """The banner's button: the table, set to unlinked (S16). Pushed over a modal, opened otherwise."""
        opened = await ask.open(loading())
        if opened is None:
            return
        page, counts, hints = await self._read(ask, ProductFilter.UNLINKED, "", 0)
        view = products.table_modal(page, ProductFilter.UNLINKED, "", counts=counts, hints=hints)
        await ask.update(opened["id"], view, opened.get("hash"))

    async def turn(self, ask: Ask) -> None:
        """Another page or filter: in its modal, or in place of its message; from an alert as a message of one's own."""
        asked = products.read_table(ask.body["actions"][0])
        page, counts, hints = await self._read(ask, asked.filter, asked.words, asked.offset)
        view = ask.view
        if view is not None and view.get("type") == "modal":
            modal = products.table_modal(page, asked.filter, asked.words, counts=counts, hints=hints)
            await ask.update(view["id"], modal)
            return
        message = products.table_message(page, asked.filter, asked.words, counts=counts, hints=hints)
        await ask.answer(message, replace=ask.action_id != Action.SHOW_ALL)

    async def refresh(self, ask: Ask, view_id: str, view: dict[str, object]) -> None:
        """Draw an open table modal again after a link or unlink made on top of it."""
        asked = products.read_table_modal(view)
        page, counts, hints = await self._read(ask, asked.filter, asked.words, asked.offset)
        await ask.update(view_id, products.table_modal(page, asked.filter, asked.words, counts=counts, hints=hints))

    async def _read(
        self, ask: Ask, chosen: ProductFilter, words: str, offset: int
    ) -> tuple[Page[ProductRow], ProductCounts, dict[ListingId, Hint]]:
        def read(u: Unit) -> tuple[Page[ProductRow], ProductCounts, dict[ListingId, Hint]]:
            page = u.catalogue.products(ask.workspace, chosen, words, offset, products.ROWS)
            hints = suggesting.hints(u, ask.workspace, [row.listing.id for row in page.rows])
            return page, ProductCounts(*u.catalogue.counts(ask.workspace)), hints

        return await self._db.read(read)
