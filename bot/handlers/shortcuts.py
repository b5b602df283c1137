"""The global shortcut "Link a SKU" and the message shortcut "Link SKU from this message" (U3, U25)."""

from collections.abc import Iterator
from typing import Any

from bot.domain.mentions import mentions
from bot.domain.values import Right
from bot.handlers.guard import Ask, Guard
from bot.handlers.link import Linking
from bot.handlers.typed import BadPack, Typed, pair
from bot.handlers.words import joined, split
from bot.store.db import Db
from bot.sync import explain
from bot.sync.mentions import Mentioned, find_mentioned
from bot.views import found, outcomes, products
from bot.views.ids import Block, Callback, Shortcut

Json = dict[str, Any]


class Shortcuts:
    """Open at once, look up, and put the picker, the card or the list in its place."""

    def __init__(self, db: Db, linking: Linking) -> None:
        self._db, self._linking = db, linking

    def register(self, guard: Guard) -> None:
        guard.shortcut(Shortcut.LINK_SKU, self.ask_words)
        guard.shortcut(Shortcut.LINK_FROM_MESSAGE, self.from_message)
        guard.submit(Callback.FIND, _answer, self.find, Right.READ)

    async def ask_words(self, ask: Ask) -> None:
        await ask.open(found.question())

    async def from_message(self, ask: Ask) -> None:
        """Which SKUs the message names; the message itself is not kept."""
        opened = await ask.open(outcomes.loading())
        if opened is None:
            return
        named = mentions(_texts(ask.body.get("message") or {}))
        told = await self._db.read(lambda u: find_mentioned(u, ask.workspace, named.keys))
        if told.rows:
            await self._show(ask, opened, told)
        else:
            await ask.update(opened["id"], found.nothing(named.words, told.unused), opened.get("hash"))

    async def find(self, ask: Ask) -> None:
        """What was typed into the global shortcut's field: the same as after `/link`."""
        view = ask.body["view"]
        text = found.read_question(view)
        words = split(text)
        typed = await self._db.read(lambda u: pair(u, ask.workspace, words))
        if isinstance(typed, Typed):
            await self._linking.show(ask, {"id": view["id"]}, typed.listing_id, typed.variant_id, typed.pack)
            return
        if isinstance(typed, BadPack):
            await ask.update(view["id"], outcomes.failed(products.bad_pack(typed.text).text))
            return
        plain = joined(words)
        rows = await self._db.read(lambda u: explain.find_listings(u, ask.workspace, plain)) if plain else []
        if rows:
            await self._show(ask, {"id": view["id"]}, Mentioned(rows, ()))
        else:
            await ask.update(view["id"], found.nothing([plain] if plain else [], message=False))

    async def _show(self, ask: Ask, opened: Json, told: Mentioned) -> None:
        """In place of an open view: the picker of the only SKU, its card, or the list."""
        only = told.rows[0] if len(told.rows) == 1 and not told.unused else None
        if only is not None and not products.is_linked(only):
            await self._linking.show(ask, opened, only.listing.id)
        elif only is not None:
            await ask.update(opened["id"], await self._linking.card_view(only), opened.get("hash"))
        else:
            await ask.update(opened["id"], found.hits(told.rows, told.unused), opened.get("hash"))


def _answer(view: Json) -> Json:
    if not found.read_question(view):
        return {"response_action": "errors", "errors": {Block.FIND.value: "Type a SKU or a part of the title."}}
    return {"response_action": "update", "view": outcomes.working()}


def _texts(message: Json) -> Iterator[str]:
    """Everything a person reads in a message: its text, blocks and attachments."""
    yield str(message.get("text") or "")
    yield from _inside([message.get("blocks"), message.get("attachments")])


def _inside(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _inside(part)
    elif isinstance(node, dict):
        for key, part in node.items():
            if isinstance(part, str):
                if key in ("text", "title", "pretext", "value") and node.get("type") != "button":
                    yield part
            elif key not in ("accessory", "element", "elements") or node.get("type") != "actions":
                yield from _inside(part)
