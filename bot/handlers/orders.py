"""Orders in Slack: lists, one order's card, why it stands where it stands, and Mirror now."""

from collections.abc import Sequence

from bot.domain.orders import IN_SHOPIFY, Reason, Standing
from bot.domain.values import ListingId, OrderId, Right
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word, joined
from bot.store.db import Db
from bot.sync import explain, following
from bot.views import orders, products
from bot.views.ids import Action, unpack
from bot.views.plain import note

_SETS = {
    "held": (Standing.HELD,),
    "failed": (Standing.PARKED,),
    "mirrored": (Standing.MIRRORED, Standing.ADOPTED),
}


class Orders:
    """Reads, and the one act of a person on an order."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        guard.action(Action.MIRROR_NOW, self.mirror_now, Right.LINK)
        guard.action(Action.WHY_ORDER, self.why_clicked)
        guard.action(Action.ORDERS_PREVIOUS, self.turn)
        guard.action(Action.ORDERS_NEXT, self.turn)

    def commands(self) -> list[Command]:
        usage = "orders [held|failed|mirrored] [words]"
        return [
            Command("orders", self.list_typed, usage, "orders and where they stand", "/link orders held"),
            Command("order", self.card_typed, "order ID", "one order", "/link order 576461413038785701"),
            Command(
                "why", self.why_typed, "why order ID | why sku SKU", "why it stands where it stands",
                "/link why order 576461413038785701",
            ),
        ]  # fmt: skip

    async def list_typed(self, ask: Ask, words: list[Word]) -> None:
        first = words[0].text.lower() if words and not words[0].quoted else ""
        standings: Sequence[Standing] | None = _SETS.get(first)
        rest = joined(words[1:] if standings else words)
        await self._show(ask, standings, rest, 0, replace=False)

    async def turn(self, ask: Ask) -> None:
        asked = unpack(ask.value)
        standings = [Standing(name) for name in asked.get("standings").split()] or None
        await self._show(ask, standings, asked.get("words"), asked.number("offset"), replace=True)

    async def _show(
        self, ask: Ask, standings: Sequence[Standing] | None, words: str, offset: int, replace: bool
    ) -> None:
        page = await self._db.read(lambda u: u.orders.page(ask.workspace, standings, words, offset, orders.ROWS))
        await ask.answer(orders.orders_list(page, standings, words), replace=replace)

    async def card_typed(self, ask: Ask, words: list[Word]) -> None:
        await self._card(ask, joined(words), why=False)

    async def why_typed(self, ask: Ask, words: list[Word]) -> None:
        what = words[0].text.lower() if words else ""
        if what == "sku" and len(words) > 1:
            await self._why_sku(ask, joined(words[1:]))
        elif what == "order" and len(words) > 1:
            await self._card(ask, joined(words[1:]), why=True)
        else:
            await ask.answer(note("Type `/link why order ID` or `/link why sku SKU`."))

    async def why_clicked(self, ask: Ask) -> None:
        await self._card(ask, unpack(ask.value)["order"], why=True)

    async def _card(self, ask: Ask, order_id: str, why: bool) -> None:
        found = await self._db.read(lambda u: explain.why_order(u, ask.workspace, OrderId(order_id)))
        if found is None:
            await ask.answer(orders.unknown(order_id))
            return
        await ask.answer((orders.why_order if why else orders.order_card)(*found))

    async def _why_sku(self, ask: Ask, text: str) -> None:
        rows = await self._db.read(lambda u: explain.find_listings(u, ask.workspace, text))
        if not rows:
            await ask.answer(products.nothing_found(text))
            return
        if len(rows) > 1:
            await ask.answer(products.hits(rows, text))
            return
        listing_id: ListingId = rows[0].listing.id
        why = await self._db.read(lambda u: explain.why_sku(u, ask.workspace, listing_id))
        if why is not None:
            await ask.answer(orders.why_sku(why.row, why.decision, why.entries, why.candidates))

    async def mirror_now(self, ask: Ask) -> None:
        order_id = OrderId(unpack(ask.value)["order"])
        mirror = await following.mirror_anyway(self._db, ask.workspace, order_id, ask.actor)
        if mirror is None:
            await ask.answer(orders.unknown(order_id))
        elif mirror.standing in IN_SHOPIFY:
            await self._card(ask, order_id, why=False)
        elif mirror.reason in (Reason.UNLINKED_SKU, Reason.BROKEN_LINK) and mirror.listings:
            listing_ids = list(mirror.listings)
            rows = await self._db.read(lambda u: list(explain.product_rows(u, listing_ids).values()))
            await ask.answer(orders.link_first(order_id, rows))
        else:
            await ask.answer(orders.on_its_way(order_id))
