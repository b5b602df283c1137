"""The SKU linking modal (contract §5.1): `open` draws it, `look` and `read` take back what a person chose in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.board import LinkEffect, Page, ProductRow, VariantQuery, VariantRow
from bot.domain.catalogue import Variant
from bot.domain.connections import Store
from bot.domain.links import MAX_PACK, LinkRequest
from bot.domain.matching import Suggestion
from bot.domain.values import ListingId, StoreId, VariantId
from bot.views import texts
from bot.views.blocks import (
    Json,
    actions,
    button,
    context,
    divider,
    dots,
    esc,
    field_input,
    lines,
    modal,
    plain_text,
    section,
    value_of,
)
from bot.views.candidates import OPTIONS as OPTIONS
from bot.views.candidates import REFINE, linked_to, name_of, name_option, option_value, variant_of, variant_option
from bot.views.candidates import filter_options as filter_options
from bot.views.candidates import search_options as search_options
from bot.views.groups import group_text
from bot.views.ids import METADATA_LIMIT, Action, Block, Callback, Target, pack, unpack
from bot.views.outcomes import TITLE, figures
from bot.views.outcomes import already_linked as already_linked
from bot.views.outcomes import failed as failed
from bot.views.outcomes import linked as linked
from bot.views.outcomes import loading as loading
from bot.views.outcomes import working as working
from bot.views.products import row_text, span

ROWS = 7
"""Candidates a page of the list; with the suggestions on the first page they stay within Slack's ten."""
SUGGESTED = 3


@dataclass(frozen=True)
class Form:
    """Where an open picker stands. `searches` and `lists` count resets: a new block id makes Slack forget an input."""

    listing_id: ListingId
    offset: int = 0
    chosen: VariantId | None = None
    query: VariantQuery = field(default_factory=VariantQuery)
    pack: int = 1
    searches: int = 0
    lists: int = 0


@dataclass(frozen=True)
class PickerState:
    """What the picker shows. `page` starts at the form's offset; `linked_skus`: for the marks "linked to …"."""

    row: ProductRow
    page: Page[VariantRow]
    suggestions: Sequence[Suggestion]
    stores: Mapping[StoreId, Store]
    query: VariantQuery
    chosen: VariantRow | None
    pack: int
    effect: LinkEffect | None
    categories: Sequence[str]
    tags: Sequence[str]
    notice: str | None
    form: Form | None = None
    linked_skus: Mapping[ListingId, str] = field(default_factory=dict[ListingId, str])


@dataclass(frozen=True)
class InputProblem:
    """An inline error: the input's block id and what is wrong with it (U6)."""

    block_id: str
    text: str


# --- drawing ---------------------------------------------------------------------------------------------------------


def open(state: PickerState) -> Json:
    """The modal as it should look now, for `views.open` and `views.update` alike."""
    form = state.form or Form(state.row.listing.id)
    form = replace(form, offset=state.page.offset, chosen=state.chosen.variant.id if state.chosen else None)
    blocks = [
        section(row_text(state.row)),
        *([context(state.notice)] if state.notice else []),
        _search(state, form),
        _filter("Category", Block.CATEGORIES, Action.PICK_CATEGORIES, state.query.categories, state.categories),
        _filter("Tags", Block.TAGS, Action.PICK_TAGS, state.query.tags, state.tags),
        *_list(state, form),
        _units(state.pack),
        divider(),
        *_effect(state),
    ]
    metadata = pack(
        Target.PICKER,
        METADATA_LIMIT,
        listing=form.listing_id,
        offset=form.offset,
        chosen=form.chosen or "",
        searches=form.searches,
        lists=form.lists,
    )
    return modal(TITLE, blocks, callback=Callback.PICKER, submit="Link SKU", close="Cancel", metadata=metadata)


def _search(state: PickerState, form: Form) -> Json:
    menu: Json = {
        "type": "external_select",
        "action_id": Action.PICK_SEARCH.value,
        "placeholder": plain_text("Type a Shopify SKU or product name", 150),
        "min_query_length": 0,
    }
    if state.chosen is not None:
        menu["initial_option"] = _option(state, state.chosen)
    if not form.searches and not form.lists:
        menu["focus_on_load"] = True  # only at first: later it would take the cursor away from where the person is
    block_id = f"{Block.SEARCH}.{form.searches}"
    return field_input("Search Shopify SKU or product name", menu, block_id, optional=True, dispatch=True)


def _filter(label: str, block: Block, action: Action, chosen: Sequence[str], names: Sequence[str]) -> Json:
    menu: Json = {
        "type": "multi_external_select",
        "action_id": action.value,
        "placeholder": plain_text(f"Any of {len(names)}" if names else "None in your stores", 150),
        "min_query_length": 0,
        "max_selected_items": 20,
    }
    kept = [name_option(name) for name in dict.fromkeys(chosen)][:20]
    if kept:
        menu["initial_options"] = kept
    hint = "Shopify's product category, or the product type where there is none." if block is Block.CATEGORIES else None
    return field_input(label, menu, block.value, optional=True, dispatch=True, hint=hint)


def _list(state: PickerState, form: Form) -> list[Json]:
    options = _candidates(state)
    if not options:
        return [section(f"*Or pick from the list*\n{_empty(state)}"), *_paging(state.page)]
    radios: Json = {"type": "radio_buttons", "action_id": Action.PICK_LIST.value, "options": options}
    chosen = option_value(state.chosen.variant.id) if state.chosen else ""
    initial = next((one for one in options if one["value"] == chosen), None)
    if initial is not None:
        radios["initial_option"] = initial
    block_id = f"{Block.LIST}.{form.lists}"
    block = field_input("Or pick from the list", radios, block_id, optional=True, dispatch=True)
    return [block, *_paging(state.page)]


def _candidates(state: PickerState) -> list[Json]:
    """The page's rows, never one less; before them, on the first page, the best suggestions with their reason."""
    rows = {row.variant.id: row for row in state.page.rows}
    kept, made = state.page.rows[:10], dict[VariantId, Json]()
    filtered = state.query.words or state.query.categories or state.query.tags
    if not state.page.offset and not filtered:
        for one in state.suggestions[:SUGGESTED]:
            row = rows.get(one.variant.id) or _row(state, one.variant)
            others = sum(other.variant.id not in (*made, one.variant.id) for other in kept)
            if row is not None and len(made) + others < 10:
                made[one.variant.id] = _option(state, row, texts.MATCH_REASONS[one.reason])
    for row in kept:
        made.setdefault(row.variant.id, _option(state, row))
    return list(made.values())[:10]


def _option(state: PickerState, row: VariantRow, why: str = "") -> Json:
    price = state.row.listing.price
    return variant_option(row, state.linked_skus, why, price.currency if price else "")


def _row(state: PickerState, variant: Variant) -> VariantRow | None:
    """A suggestion that is not on this page; None when its store is no longer connected."""
    if state.chosen is not None and state.chosen.variant.id == variant.id:
        return state.chosen
    store = state.stores.get(variant.store_id)
    return VariantRow(variant, store) if store else None


def _empty(state: PickerState) -> str:
    if not state.stores:
        return "No Shopify store is connected. Type `/link connect shopify STORE` first."
    if state.query.categories or state.query.tags or state.query.words:
        return "Nothing matches these filters. Clear one of them to see more."
    return "No Shopify product has been imported yet. Try again when the import is done."


def _paging(page: Page[VariantRow]) -> list[Json]:
    shown = len(page.rows)
    back = button("Previous", Action.PICK_PREVIOUS) if page.offset else None
    onward = button("Next", Action.PICK_NEXT) if page.offset + shown < page.total else None
    told = [context(span(page.offset, shown, page.total))] if page.total else []
    return [*([actions(back, onward)] if back or onward else []), *told]


def _units(count: int) -> Json:
    element: Json = {
        "type": "number_input",
        "action_id": Action.PICK_UNITS.value,
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": str(MAX_PACK),
        "initial_value": str(min(MAX_PACK, max(1, count))),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    hint = "6 means: one unit sold on TikTok takes six units from Shopify's stock."
    return field_input("Units per TikTok unit", element, Block.UNITS.value, dispatch=True, hint=hint)


def _effect(state: PickerState) -> list[Json]:
    if state.chosen is None:
        return [section("*What will happen*\nChoose a Shopify SKU to see it here.")]
    row = state.chosen
    marks = linked_to(row, state.linked_skus)
    pack_size = f"× {state.pack}" if state.pack > 1 else ""
    taken = f"already {esc(marks, 80)}" if marks else ""
    name = dots(texts.variant_name(row.variant, row.store.name or row.store.id), pack_size, taken)
    told = ["*What will happen*", f"It is linked to {name}"]
    if state.effect is None:
        return [section(lines(*told))]
    told += figures(state.effect)
    told.append(texts.blocked(state.effect.released, "Releases"))
    blocks = [section(lines(*told))]
    if state.effect.group is not None:
        blocks.append(section(group_text(state.effect.group)))
    if state.effect.warnings:
        blocks.append(context(*(f"*Note:* {texts.LINK_WARNINGS[one]}" for one in state.effect.warnings)))
    return blocks


# --- reading ---------------------------------------------------------------------------------------------------------


def look(
    view: Mapping[str, Any],
    action: Mapping[str, Any] | None = None,
    categories: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Form:
    """What an open picker holds after a click or change; `action`: the entry of the payload's `actions`.

    Paging moves by a page; another filter starts at the first. `categories` and `tags`: all there are, to find those
    with a name longer than an option's value. Raises ValueError when the view is not a picker.
    """
    form = _form(view)
    query = form.query
    found = [
        tuple(name_of(one, names) for one in c) for c, names in ((query.categories, categories), (query.tags, tags))
    ]
    form = replace(form, query=VariantQuery(query.words, found[0], found[1]))
    done = (action or {}).get("action_id")
    if done == Action.PICK_SEARCH and ((action or {}).get("selected_option") or {}).get("value") == REFINE:
        return replace(form, searches=form.searches + 1)  # it chose nothing: the search is shown as it was
    form = replace(form, chosen=_chosen(view, form, done))
    if done == Action.PICK_PREVIOUS:
        return replace(form, offset=max(0, form.offset - ROWS), lists=form.lists + 1)
    if done == Action.PICK_NEXT:
        return replace(form, offset=form.offset + ROWS, lists=form.lists + 1)
    if done in (Action.PICK_CATEGORIES, Action.PICK_TAGS):
        return replace(form, offset=0, lists=form.lists + 1)
    if done == Action.PICK_SEARCH:
        return replace(form, lists=form.lists + 1)
    if done == Action.PICK_LIST:
        return replace(form, searches=form.searches + 1)
    return form


def read(view: Mapping[str, Any]) -> LinkRequest | InputProblem:
    """The submitted picker: what is to be linked, or the inline error."""
    form = _form(view)
    values = view.get("state", {}).get("values", {})
    count = value_of(values, Block.UNITS, Action.PICK_UNITS).get("value") or str(form.pack)
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:6]) <= MAX_PACK):
        return InputProblem(Block.UNITS.value, f"Enter a whole number from 1 to {MAX_PACK}.")
    search, listed = _selected(view, Block.SEARCH), _selected(view, Block.LIST)
    changed = {one.value for one in (search, listed) if one is not None and one.value not in (None, form.chosen)}
    if len(changed) > 1:
        return InputProblem(_search_block(view), "Search and list name two different products. Choose one again.")
    chosen = changed.pop() if changed else _kept(search, form)
    if chosen is None:
        return InputProblem(_search_block(view), "Choose a Shopify SKU here or from the list below.")
    return LinkRequest(form.listing_id, chosen, int(count))


@dataclass(frozen=True)
class _Selected:
    """A menu's state: what is chosen, and whether it once was and was emptied."""

    value: VariantId | None
    emptied: bool


def _form(view: Mapping[str, Any]) -> Form:
    kept = unpack(view.get("private_metadata") or "")
    if kept.kind != Target.PICKER:
        raise ValueError("not the picker")
    values = view.get("state", {}).get("values", {})
    count = value_of(values, Block.UNITS, Action.PICK_UNITS).get("value") or "1"
    names = [
        tuple(
            str(one["value"])
            for one in value_of(values, block, action).get("selected_options") or ()
            if one["value"] != REFINE
        )
        for block, action in ((Block.CATEGORIES, Action.PICK_CATEGORIES), (Block.TAGS, Action.PICK_TAGS))
    ]
    return Form(
        listing_id=ListingId(kept["listing"]),
        offset=kept.number("offset"),
        chosen=variant_of(kept.get("chosen")),
        query=VariantQuery("", names[0], names[1]),
        pack=min(MAX_PACK, max(1, int(count[:6]))) if count.isascii() and count.isdigit() else 1,
        searches=kept.number("searches"),
        lists=kept.number("lists"),
    )


def _chosen(view: Mapping[str, Any], form: Form, done: str | None) -> VariantId | None:
    """The last choice made: that of the input just changed, else the one kept (its change may not be drawn yet)."""
    search, listed = _selected(view, Block.SEARCH), _selected(view, Block.LIST)
    if done == Action.PICK_SEARCH and search is not None:
        return search.value
    if done == Action.PICK_LIST and listed is not None:
        return listed.value or form.chosen
    for one in (listed, search):
        if one is not None and one.value not in (None, form.chosen):
            return one.value
    return _kept(search, form)


def _kept(search: _Selected | None, form: Form) -> VariantId | None:
    return None if search is not None and search.emptied else form.chosen


def _selected(view: Mapping[str, Any], block: Block) -> _Selected | None:
    """State of the search or the list, whatever number its block id carries now; None when it is not there."""
    action = Action.PICK_SEARCH if block is Block.SEARCH else Action.PICK_LIST
    for block_id, elements in view.get("state", {}).get("values", {}).items():
        if block_id.startswith(f"{block}.") and action in elements:
            value = variant_of((elements[action].get("selected_option") or {}).get("value"))
            return _Selected(value, value is None and _had_initial(view, block_id))
    return None


def _had_initial(view: Mapping[str, Any], block_id: str) -> bool:
    blocks = (one for one in view.get("blocks", ()) if one.get("block_id") == block_id)
    return any("initial_option" in (one.get("element") or {}) for one in blocks)


def _search_block(view: Mapping[str, Any]) -> str:
    """Where a missing choice is shown: the search, under its present block id."""
    ids = [one.get("block_id", "") for one in view.get("blocks", ())]
    ids += view.get("state", {}).get("values", {})
    return next((one for one in ids if one.startswith(f"{Block.SEARCH}.")), f"{Block.SEARCH}.0")
