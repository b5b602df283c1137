"""Linking and unlinking in Slack: the picker, the confirmation, and `/link SKU`."""

from collections.abc import Sequence
from typing import Any

from bot.domain.board import LinkEffect, ProductRow, UnlinkEffect, VariantQuery, VariantRow
from bot.domain.catalogue import Variant
from bot.domain.ledger import Act
from bot.domain.links import LinkRefusal, LinkRequest
from bot.domain.matching import Suggestion
from bot.domain.values import ListingId, Right, VariantId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.home import Home
from bot.handlers.products import Products
from bot.handlers.typed import BadPack, Typed, pair
from bot.handlers.words import Word, joined
from bot.store.db import Db, Unit
from bot.sync import explain, linking, suggesting
from bot.views import candidates, found, outcomes, picker, products, texts, unlink
from bot.views.blocks import Message
from bot.views.ids import Action, Callback, unpack
from bot.views.plain import note_view

Json = dict[str, Any]


class Linking:
    """Parse, one call, one view."""

    def __init__(self, db: Db, table: Products, home: Home) -> None:
        self._db, self._table, self._home = db, table, home
        self._below: dict[str, Ask] = {}  # our view's id → the click that opened it

    def register(self, guard: Guard) -> None:
        guard.action(Action.LINK, self.open_clicked, Right.LINK, opens=True)
        for action_id in (
            Action.PICK_SEARCH, Action.PICK_CATEGORIES, Action.PICK_TAGS, Action.PICK_LIST, Action.PICK_PREVIOUS,
            Action.PICK_NEXT, Action.PICK_UNITS,
        ):  # fmt: skip
            guard.action(action_id, self.changed)
        guard.options(Action.PICK_SEARCH, self.search)
        guard.options(Action.PICK_CATEGORIES, self.categories)
        guard.options(Action.PICK_TAGS, self.tags)
        guard.submit(Callback.PICKER, _answer_picker, self.submit, Right.LINK)
        guard.action(Action.UNLINK, self.ask_unlink, Right.LINK, opens=True)
        guard.submit(Callback.UNLINK, _answer_unlink, self.unlink_submitted, Right.LINK)
        guard.action(Action.UNLINK_YES, self.unlink_clicked, Right.LINK)
        guard.action(Action.UNLINK_NO, self.unlink_cancelled)

    def commands(self) -> list[Command]:
        return [Command("unlink", self.unlink_typed, "unlink SKU", "end a link", "/link unlink TEE-RED-M", Right.LINK)]

    # --- /link words -------------------------------------------------------------------------------------------------

    async def words(self, ask: Ask, words: list[Word]) -> bool:
        """`/link SKU`, `/link words`, or a typed pair. False, and nothing said: no SKU is called that."""
        typed = await self._db.read(lambda u: pair(u, ask.workspace, words))
        if isinstance(typed, Typed):
            await self._open(ask, typed.listing_id, typed.variant_id, typed.pack)
        elif isinstance(typed, BadPack):
            await ask.answer(products.bad_pack(typed.text))
        else:
            return await self._search_typed(ask, joined(words))
        return True

    async def _search_typed(self, ask: Ask, text: str) -> bool:
        rows = await self._db.read(lambda u: explain.find_listings(u, ask.workspace, text))
        if not rows:
            return False
        if len(rows) > 1:
            await ask.answer(products.hits(rows, text))
        elif products.is_linked(rows[0]):
            await ask.answer(await self._card(rows[0]))
        else:
            await self._open(ask, rows[0].listing.id, None, 1)
        return True

    async def _card(self, row: ProductRow) -> Message:
        effect = await self._unlink_effect(row)
        return products.linked_card(row, effect.others_sharing, effect.group)

    async def card_view(self, row: ProductRow) -> Json:
        """The card of a linked SKU as a modal."""
        effect = await self._unlink_effect(row)
        return found.card(row, effect.others_sharing, effect.group)

    async def _unlink_effect(self, row: ProductRow) -> UnlinkEffect:
        link = row.link
        assert link is not None
        return await self._db.read(lambda u: explain.unlink_effect(u, link))

    # --- the picker --------------------------------------------------------------------------------------------------

    async def open_clicked(self, ask: Ask) -> None:
        await self._open(ask, ListingId(unpack(ask.value)["listing"]), None, 1)

    async def _open(self, ask: Ask, listing_id: ListingId, chosen: VariantId | None, pack: int) -> None:
        """The skeleton first, since the trigger lives three seconds; then the picker in its place."""
        opened = await ask.open(outcomes.loading())
        if opened is None:
            return
        self.remember_below(ask, opened["id"])
        await self.show(ask, opened, listing_id, chosen, pack)

    async def show(
        self, ask: Ask, opened: Json, listing_id: ListingId, chosen: VariantId | None = None, pack: int = 1
    ) -> None:
        """The picker in place of a view that is open."""
        form = picker.Form(listing_id, chosen=chosen, pack=pack)
        view = await self._db.read(lambda u: draw(u, ask, form))
        await ask.update(opened["id"], view, opened.get("hash"))

    def remember_below(self, ask: Ask, view_id: str) -> None:
        while len(self._below) >= 300:
            self._below.pop(next(iter(self._below)))
        self._below[view_id] = ask

    async def changed(self, ask: Ask) -> None:
        """Another choice, filter, page or pack size: the picker is drawn again with what it would do."""
        view = ask.body["view"]
        form = picker.look(view, ask.body["actions"][0])
        drawn = await self._db.read(lambda u: draw(u, ask, form))
        await ask.update(view["id"], drawn, view.get("hash"))

    async def search(self, ask: Ask) -> Json:
        form = picker.look(ask.body["view"])
        words = str(ask.body.get("value") or "")
        return await self._db.read(lambda u: _search(u, ask, form, words))

    async def categories(self, ask: Ask) -> Json:
        names = await self._db.read(lambda u: u.catalogue.categories(ask.workspace))
        return candidates.filter_options(names, str(ask.body.get("value") or ""))

    async def tags(self, ask: Ask) -> Json:
        names = await self._db.read(lambda u: u.catalogue.tags(ask.workspace))
        return candidates.filter_options(names, str(ask.body.get("value") or ""))

    async def submit(self, ask: Ask) -> None:
        view = ask.body["view"]
        request = picker.read(view)
        assert isinstance(request, LinkRequest)
        effect, passed = await self._db.read(
            lambda u: (_effect(u, request), suggesting.passed_over(u, ask.workspace, request))
        )
        done = await linking.link(self._db, ask.workspace, request, ask.actor)
        if passed is not None and isinstance(done, linking.Linked):
            listing, who = request.listing_id, ask.actor
            await self._db.run(lambda u: suggesting.rate(u, ask.workspace, listing, passed, who, good=False))
        row = await self._db.read(lambda u: explain.product_row(u, request.listing_id))
        await ask.update(view["id"], _result(done, row, effect))
        await self.refresh_below(ask)

    async def refresh_below(self, ask: Ask) -> None:
        """Where the modal was opened shows the new state: the table below it, the list in a message, App Home (S25)."""
        clicked = self._below.pop(ask.body["view"]["id"], None)
        view = None if clicked is None else clicked.view
        if view is not None and view.get("callback_id") == Callback.TABLE:
            await self._table.refresh(ask, view["id"], view)
        elif view is not None and view.get("callback_id") == Callback.FOUND:
            await self._refresh_found(ask, view)
        elif clicked is not None and view is None and clicked.value:
            await self._table.redraw(clicked)
        await self._home.publish(ask)

    async def _refresh_found(self, ask: Ask, view: Json) -> None:
        ids = found.read_hits(view)
        rows = await self._db.read(lambda u: explain.product_rows(u, ids))
        shown = [rows[key] for key in ids if key in rows]
        one = shown[0] if len(shown) == 1 else None
        drawn = await self.card_view(one) if one is not None and products.is_linked(one) else found.hits(shown)
        await ask.update(view["id"], drawn)

    def is_in_list(self, ask: Ask) -> bool:
        """Does the clicked button stand in a list of ours, that shows what came of the click?"""
        place = unpack(ask.value)
        return "list" in place.ids or "filter" in place.ids

    async def redraw_list(self, ask: Ask) -> None:
        """The list in which the button stands, after an act without a modal."""
        view = ask.view
        if view is not None and view.get("callback_id") == Callback.TABLE:
            await self._table.refresh(ask, view["id"], view)
        elif view is None:
            await self._table.redraw(ask)

    async def tell_beside(self, ask: Ask, message: Message) -> None:
        """To the person only; over a modal as a modal of its own."""
        if ask.view is not None:
            await ask.open(note_view(message))
        else:
            await ask.answer(message)

    # --- unlink ------------------------------------------------------------------------------------------------------

    async def ask_unlink(self, ask: Ask) -> None:
        """The first click only asks (S35)."""
        listing_id = ListingId(unpack(ask.value)["listing"])
        opened = await ask.open(outcomes.loading())
        if opened is None:
            return
        self.remember_below(ask, opened["id"])
        row, stops = await self._db.read(lambda u: _stops(u, listing_id))
        if row is None:
            view = outcomes.failed(str(texts.LINK_REFUSALS[LinkRefusal.LISTING_GONE]))
        elif stops is None:
            view = outcomes.failed(unlink.not_linked(row).text)
        else:
            view = unlink.confirm_modal(row, stops)
        await ask.update(opened["id"], view, opened.get("hash"))

    async def unlink_submitted(self, ask: Ask) -> None:
        view = ask.body["view"]
        listing_id = ListingId(unpack(view["private_metadata"])["listing"])
        done, row = await self._unlink(ask, listing_id)
        if row is not None:
            shown = unlink.done_modal(row, done.entry) if done else outcomes.failed(unlink.not_linked(row).text)
            await ask.update(view["id"], shown)
        await self.refresh_below(ask)

    async def unlink_typed(self, ask: Ask, words: list[Word]) -> None:
        text = joined(words)
        rows = await self._db.read(lambda u: explain.find_listings(u, ask.workspace, text)) if text else []
        if not rows:
            await ask.answer(products.nothing_found(text))
        elif len(rows) > 1:
            await ask.answer(products.hits(rows, text))
        else:
            row, stops = await self._db.read(lambda u: _stops(u, rows[0].listing.id))
            if row is not None:
                await ask.answer(unlink.not_linked(row) if stops is None else unlink.confirm_message(row, stops))

    async def unlink_clicked(self, ask: Ask) -> None:
        done, row = await self._unlink(ask, ListingId(unpack(ask.value)["listing"]))
        if row is not None:
            await ask.answer(unlink.done(row, done.entry) if done else unlink.not_linked(row), replace=True)

    async def _unlink(self, ask: Ask, listing_id: ListingId) -> tuple[linking.Unlinked | None, ProductRow | None]:
        done = await linking.unlink(self._db, ask.workspace, listing_id, ask.actor)
        row = await self._db.read(lambda u: explain.product_row(u, listing_id))
        return done if isinstance(done, linking.Unlinked) else None, row

    async def unlink_cancelled(self, ask: Ask) -> None:
        await ask.answer(unlink.cancelled(), replace=True)


# --- readings --------------------------------------------------------------------------------------------------------


def draw(u: Unit, ask: Ask, form: picker.Form) -> Json:
    """The picker as it should look for this form."""
    row = explain.product_row(u, form.listing_id)
    if row is None or row.shop.workspace_id != ask.workspace:
        return outcomes.failed("This TikTok SKU is not known here any more. Type `/link products` to see them all.")
    if products.is_linked(row):
        return outcomes.already_linked(row, row.link)
    page = u.catalogue.search_variants(ask.workspace, form.query, form.offset, picker.ROWS)
    chosen = _variant_row(u, form.chosen)
    effect = explain.link_effect(u, row, chosen.variant, form.pack) if chosen else None
    stores = {store.id: store for store in u.stores.for_workspace(ask.workspace)}
    return picker.open(
        picker.PickerState(
            row=row,
            page=page,
            suggestions=_suggestions(u, ask, row),
            stores=stores,
            query=form.query,
            chosen=chosen,
            pack=form.pack,
            effect=effect,
            categories=u.catalogue.categories(ask.workspace),
            tags=u.catalogue.tags(ask.workspace),
            notice=None,
            form=form,
            linked_skus=_linked_skus(u, page.rows),
        )
    )


def _variant_row(u: Unit, variant_id: VariantId | None) -> VariantRow | None:
    variant = u.catalogue.variant(variant_id) if variant_id else None
    rows = explain.variant_rows(u, [variant]) if variant else []
    return rows[0] if rows else None


def _suggestions(u: Unit, ask: Ask, row: ProductRow) -> list[Suggestion]:
    return explain.suggestions(u, ask.workspace, row.listing)


def _linked_skus(u: Unit, rows: Sequence[VariantRow]) -> dict[ListingId, str]:
    ids = [listing_id for row in rows for listing_id in row.linked_to]
    return {key: listing.sku or listing.title for key, listing in u.catalogue.listings(ids).items()}


def _search(u: Unit, ask: Ask, form: picker.Form, words: str) -> Json:
    query = VariantQuery(words, form.query.categories, form.query.tags)
    page = u.catalogue.search_variants(ask.workspace, query, 0, candidates.OPTIONS)
    row = explain.product_row(u, form.listing_id)
    groups: list[tuple[str, list[VariantRow]]] = []
    if row is not None and not words.strip():
        likely = explain.variant_rows(u, [one.variant for one in _suggestions(u, ask, row)])
        groups.append(("Suggested", likely))
        groups.append(("Recent", explain.variant_rows(u, _recent(u, ask))))
    groups.append(("All", list(page.rows)))
    names = _linked_skus(u, [one for _, rows in groups for one in rows])
    price = row.listing.price if row is not None else None
    return candidates.search_options(
        groups, page.total, currency=price.currency if price else "", linked_skus=names, is_more=page.is_more
    )


def _recent(u: Unit, ask: Ask) -> list[Variant]:
    """Variants that this person linked lately."""
    entries = u.ledger.page(ask.workspace, acts=[Act.LINK], limit=50, newest_first=True)
    ids = dict.fromkeys(e.variant_id for e in entries if e.actor.id == ask.user and e.variant_id)
    found = u.catalogue.variants(list(ids)[:5])
    return [found[key] for key in ids if key in found]


def _effect(u: Unit, request: LinkRequest) -> LinkEffect | None:
    row, variant = explain.product_row(u, request.listing_id), u.catalogue.variant(request.variant_id)
    return explain.link_effect(u, row, variant, request.pack) if row and variant else None


def _stops(u: Unit, listing_id: ListingId) -> tuple[ProductRow | None, UnlinkEffect | None]:
    row = explain.product_row(u, listing_id)
    if row is None or row.link is None:
        return row, None
    return row, explain.unlink_effect(u, row.link)


def _result(done: linking.Linked | linking.Refused, row: ProductRow | None, effect: LinkEffect | None) -> Json:
    if isinstance(done, linking.Linked) and row is not None:
        return outcomes.linked(row, effect, done.entry)
    if isinstance(done, linking.Refused) and row is not None and done.link is not None and done.link.is_active:
        return outcomes.already_linked(row, done.link)
    reason = done.reason if isinstance(done, linking.Refused) else LinkRefusal.LISTING_GONE
    return outcomes.failed(str(texts.LINK_REFUSALS[reason]))


def _answer_picker(view: Json) -> Json:
    request = picker.read(view)
    if isinstance(request, picker.InputProblem):
        return {"response_action": "errors", "errors": {request.block_id: request.text}}
    return {"response_action": "update", "view": outcomes.working()}


def _answer_unlink(view: Json) -> Json:
    return {"response_action": "update", "view": outcomes.working()}
