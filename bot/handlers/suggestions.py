"""Accept, ignore, stop ignoring, rate; and `/link accept` for all sure suggestions at once."""

from typing import Any

from bot.domain.board import LinkEffect
from bot.domain.links import LinkRefusal
from bot.domain.suggesting import AcceptPlan, UnignoreReason
from bot.domain.values import ListingId, Right, VariantId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.link import Linking
from bot.handlers.words import Word
from bot.store.db import Db, Unit
from bot.sync import explain, linking, suggesting
from bot.views import accepting, outcomes, texts
from bot.views.blocks import Message
from bot.views.ids import Action, Callback, unpack
from bot.views.plain import loading, note

Json = dict[str, Any]


class Suggestions:
    """What the buttons beside a suggestion do. The server reads anew at every click."""

    def __init__(self, db: Db, linking_: Linking) -> None:
        self._db, self._linking = db, linking_

    def register(self, guard: Guard) -> None:
        guard.action(Action.ACCEPT, self.accept, Right.LINK)
        guard.action(Action.RATE, self.rate, Right.LINK)
        guard.action(Action.IGNORE, self.ask_ignore, Right.LINK, opens=True)
        guard.action(Action.IGNORE_FOR, self.nothing)
        guard.action(Action.UNIGNORE, self.unignore, Right.LINK)
        guard.submit(Callback.IGNORE, accepting.answer_ignore, self.ignored_chosen, Right.LINK)
        guard.submit(Callback.IGNORE_GOOD, accepting.answer_good, self.ignore, Right.LINK)
        guard.action(Action.ACCEPT_ALL, self.preview, Right.LINK)
        guard.action(Action.ACCEPT_APPLY, self.apply, Right.LINK)
        guard.action(Action.ACCEPT_CANCEL, self.cancel)

    def commands(self) -> list[Command]:
        return [
            Command(
                "accept", self.typed, "accept", "link every SKU whose suggestion is sure, after a preview",
                "/link accept", Right.LINK,
            )
        ]  # fmt: skip

    async def nothing(self, ask: Ask) -> None:
        """A choice in the form counts when it is submitted."""

    # --- one ---------------------------------------------------------------------------------------------------------

    async def accept(self, ask: Ask) -> None:
        value = unpack(ask.value)
        listing_id, variant_id = ListingId(value["listing"]), VariantId(value["variant"])
        effect = await self._db.read(lambda u: _effect(u, listing_id, variant_id))
        done = await suggesting.accept(self._db, ask.workspace, listing_id, variant_id, ask.actor)
        row = await self._db.read(lambda u: explain.product_row(u, listing_id))
        is_done, in_list = isinstance(done, linking.Linked), self._linking.is_in_list(ask)
        if done is None:
            told: Message | None = accepting.AMBIGUOUS
        elif isinstance(done, linking.Linked):
            told = accepting.linked(row, effect) if row is not None else None
        elif row is not None and done.link is not None and done.link.is_active:
            told = accepting.already_linked(row, done.link)
        else:
            told = note(str(texts.LINK_REFUSALS[done.reason]))
        if told is not None and not (is_done and in_list):
            await self._linking.tell_beside(ask, told)
        await self._linking.redraw_list(ask)

    async def rate(self, ask: Ask) -> None:
        value = unpack(ask.value)
        listing_id, variant_id, good = ListingId(value["listing"]), VariantId(value["variant"]), value["good"] == "yes"
        known = await self._db.run(
            lambda u: suggesting.rate(u, ask.workspace, listing_id, variant_id, ask.actor, good=good)
        )
        await ask.answer(accepting.RATED if known else accepting.GONE)

    async def ask_ignore(self, ask: Ask) -> None:
        listing_id = ListingId(unpack(ask.value)["listing"])
        opened = await ask.open(loading())
        if opened is None:
            return
        self._linking.remember_below(ask, opened["id"])
        row = await self._db.read(lambda u: explain.product_row(u, listing_id))
        if row is None or row.shop.workspace_id != ask.workspace:
            view = outcomes.failed(str(texts.LINK_REFUSALS[LinkRefusal.LISTING_GONE]))
        else:
            view = outcomes.already_linked(row, row.link) if row.link is not None else accepting.ask_ignore(row)
        await ask.update(opened["id"], view, opened.get("hash"))

    async def ignored_chosen(self, ask: Ask) -> None:
        """ "For good" was answered with the second question, and is done when that is submitted."""
        if accepting.answer_ignore(ask.body["view"])["view"].get("callback_id") != Callback.IGNORE_GOOD:
            await self.ignore(ask)

    async def ignore(self, ask: Ask) -> None:
        view = ask.body["view"]
        listing_id, how = accepting.read_listing(view), accepting.read_how(view)
        assert how is not None
        row = await self._db.run(lambda u: suggesting.ignore(u, ask.workspace, listing_id, how, ask.actor))
        await ask.update(view["id"], accepting.not_ignored() if row is None else accepting.ignored(row, how))
        await self._linking.refresh_below(ask)

    async def unignore(self, ask: Ask) -> None:
        listing_id, by = ListingId(unpack(ask.value)["listing"]), UnignoreReason.PERSON
        await self._db.run(lambda u: suggesting.unignore(u, ask.workspace, listing_id, ask.actor, by))
        await self._linking.redraw_list(ask)

    # --- all ---------------------------------------------------------------------------------------------------------

    async def typed(self, ask: Ask, _: list[Word]) -> None:
        await self.preview(ask)

    async def preview(self, ask: Ask) -> None:
        await ask.answer(accepting.preview(await suggesting.plan(self._db, ask.workspace)))

    async def apply(self, ask: Ask) -> None:
        digest = unpack(ask.value)["digest"]
        await ask.answer(accepting.applying(), replace=True)
        done = await suggesting.apply(self._db, ask.workspace, digest, ask.actor)
        shown = accepting.preview(done, stale=True) if isinstance(done, AcceptPlan) else accepting.applied(done)
        await ask.answer(shown, replace=True)

    async def cancel(self, ask: Ask) -> None:
        await ask.answer(accepting.CANCELLED, replace=True)


def _effect(u: Unit, listing_id: ListingId, variant_id: VariantId) -> LinkEffect | None:
    row, variant = explain.product_row(u, listing_id), u.catalogue.variant(variant_id)
    return explain.link_effect(u, row, variant, 1) if row is not None and variant is not None else None
