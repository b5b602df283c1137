""" "Products from TikTok Shop": the table with its filter and pages, short lists, and one SKU's card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.domain.board import LinkGroup, Page, ProductCounts, ProductFilter, ProductRow
from bot.domain.links import MAX_PACK, LinkOrigin, LinkState
from bot.domain.suggesting import Hint
from bot.domain.values import ListingId
from bot.views import suggestions, texts
from bot.views.blocks import (
    Json,
    Message,
    actions,
    bold,
    button,
    code,
    context,
    dots,
    esc,
    first,
    lines,
    modal,
    option,
    section,
    select,
)
from bot.views.groups import group_text
from bot.views.ids import BLOCK_ID_LIMIT, VALUE_LIMIT, Action, Block, Callback, Target, pack, shortened, unpack

TITLE = "Products from TikTok Shop"
MODAL_TITLE = "TikTok Shop products"  # a modal's title takes 24 characters; the full name stands in its first line
PRESSING, HITS = "pressing", "hits"
NOWHERE: Mapping[str, object] = MappingProxyType({})
Hints = Mapping[ListingId, Hint]
NO_HINTS: Hints = MappingProxyType({})
ROWS = 10
"""Rows a page."""
FILTERS = {
    ProductFilter.ALL: "All",
    ProductFilter.LINKED: "Linked",
    ProductFilter.UNLINKED: "Unlinked",
    ProductFilter.BROKEN: "Broken",
}


@dataclass(frozen=True)
class TableRequest:
    """What a click on the table's menu or paging asks for."""

    filter: ProductFilter
    words: str
    offset: int


def table(
    page: Page[ProductRow], filter: ProductFilter, words: str, *, counts: ProductCounts, hints: Hints = NO_HINTS
) -> list[Json]:
    """The table as blocks: every row with **Link** or **Unlink**, the filter, and the pages (S3, S17, S25)."""
    blocks = [section(_heading(words)), _filter_menu(filter, words, ProductCounts(*counts))]
    shown, _ = first(page.rows, ROWS)
    if not shown:
        blocks.append(section(_nothing(filter, words, page)))
    place = _place(filter, words, page.offset)
    for row in shown:
        blocks += product_blocks(row, place, hints.get(row.listing.id))
    blocks.append(context(span(page.offset, len(shown), page.total)))
    if (buttons := _paging(page, len(shown), filter, words)) is not None:
        blocks.append(buttons)
    return blocks


def table_message(
    page: Page[ProductRow], filter: ProductFilter, words: str, *, counts: ProductCounts, hints: Hints = NO_HINTS
) -> Message:
    """The table as an (ephemeral) message."""
    shown, _ = first(page.rows, ROWS)
    said = [f"{TITLE}: {FILTERS[filter].lower()}, {span(page.offset, len(shown), page.total)}"]
    return Message(lines(*said, *(_line(row) for row in shown)), table(page, filter, words, counts=counts, hints=hints))


def table_modal(
    page: Page[ProductRow], filter: ProductFilter, words: str, *, counts: ProductCounts, hints: Hints = NO_HINTS
) -> Json:
    """The table as a modal, where a click on **Link** opens the picker on top of it (S14, S16)."""
    metadata = pack(Target.TABLE, VALUE_LIMIT, **_place(filter, words, page.offset))
    blocks = table(page, filter, words, counts=counts, hints=hints)
    return modal(MODAL_TITLE, blocks, callback=Callback.TABLE, metadata=metadata)


def read_table(action: Mapping[str, Any]) -> TableRequest:
    """What the clicked element of the table asks for (an entry of a payload's `actions`). ValueError: not ours."""
    if chosen := action.get("selected_option"):
        words = unpack(action.get("block_id", "")).get("words")
        return TableRequest(ProductFilter(chosen["value"]), words, 0)
    asked = unpack(action.get("value") or "")
    return TableRequest(ProductFilter(asked.get("filter", "all")), asked.get("words"), asked.number("offset"))


def read_table_modal(view: Mapping[str, Any]) -> TableRequest:
    """What an open table modal shows, so that it can be drawn again after a link."""
    asked = unpack(view.get("private_metadata") or "")
    return TableRequest(ProductFilter(asked.get("filter", "all")), asked.get("words"), asked.number("offset"))


def _place(filter: ProductFilter, words: str, offset: int) -> dict[str, object]:
    return {"filter": filter, "words": words[:200], "offset": offset}


def product(row: ProductRow, place: Mapping[str, object] = NOWHERE) -> Json:
    """One row: **Link** when unlinked or broken, **Unlink** when linked, never both.

    `place`: the list it stands in, kept in the button, so that the list can be drawn again after the click (S25).
    """
    return section(row_text(row), link_button(row, place=place) or unlink_button(row, place))


def product_blocks(row: ProductRow, place: Mapping[str, object], hint: Hint | None) -> list[Json]:
    """A row with its suggestion; below it **Accept** and **Ignore**, or **Stop ignoring**."""
    block = product(row, place)
    if hint is None or is_linked(row):
        return [block]
    block["text"]["text"] = lines(block["text"]["text"], suggestions.said(hint))
    below = suggestions.row_buttons(row.listing.id, hint, _spoken(row), place)
    return [block, below] if below is not None else [block]


def row_text(row: ProductRow) -> str:
    facts = texts.listing_facts(row.listing, row.shop.name)
    return lines(texts.listing_name(row.listing), facts, link_line(row), texts.blocked(row.blocked))


def link_line(row: ProductRow) -> str:
    """ "Shopify SKU: `X`" of the linked variant, or "Not linked" (S25, S26)."""
    if row.link is None or row.link.state is LinkState.TOMBSTONE:
        return "Not linked"
    pack_size = f"× {row.link.pack}" if row.link.pack > 1 else ""
    if row.variant is None:
        named = texts.NO_SKU
    else:
        named = texts.sku(row.variant.sku)
        if named == texts.NO_SKU:
            named = dots(named, esc(row.variant.title, 80), esc(row.variant.options, 40))
    told = dots(f"Shopify SKU: {named} {pack_size}".rstrip(), esc(row.link.store_id, 80))
    broken = row.link.state is LinkState.BROKEN
    return told + ("\n*Link broken:* this Shopify variant was deleted. Link another one." if broken else "")


def is_linked(row: ProductRow) -> bool:
    return row.link is not None and row.link.is_active


def link_button(row: ProductRow, style: str | None = None, place: Mapping[str, object] = NOWHERE) -> Json | None:
    if is_linked(row) or row.listing.is_deleted:
        return None
    return button("Link", Action.LINK, listing_value(row.listing.id, place), style, about=f"Link {_spoken(row)}")


def unlink_button(row: ProductRow, place: Mapping[str, object] = NOWHERE) -> Json | None:
    if not is_linked(row):
        return None
    return button("Unlink", Action.UNLINK, listing_value(row.listing.id, place), about=f"Unlink {_spoken(row)}")


def listing_value(listing_id: ListingId, place: Mapping[str, object] = NOWHERE) -> str:
    return pack(Target.LISTING, VALUE_LIMIT, listing=listing_id, **place)


def pressing(rows: Sequence[ProductRow], total_unlinked: int, ignored: int = 0, hints: Hints = NO_HINTS) -> Message:
    """The answer to bare `/link`: the most pressing unlinked SKUs, ignored ones left out, and the way to the rest."""
    total_unlinked = max(0, total_unlinked - ignored)
    if not total_unlinked:
        said = "Every TikTok SKU is linked or ignored." if ignored else "Every TikTok SKU is linked."
        return Message(said, [section(said), actions(_show_all("Show all products", ProductFilter.ALL))])
    shown, _ = first(rows, 5)
    said = f"{texts.plural(total_unlinked, 'TikTok SKU is', 'TikTok SKUs are')} not linked."
    blocks = [section(f"*{said}*")]
    for row in shown:
        blocks += product_blocks(row, {"list": PRESSING}, hints.get(row.listing.id))
    if ignored:
        blocks.append(context(f"{ignored} more ignored: `/link products unlinked`"))
    rest = total_unlinked - len(shown)
    if rest > 0:
        blocks += [context(f"+{rest} more"), actions(_show_all("Show all", ProductFilter.UNLINKED))]
    return Message(lines(said, *(_line(row) for row in shown), f"+{rest} more" if rest > 0 else ""), blocks)


def hits(rows: Sequence[ProductRow], words: str) -> Message:
    """Several SKUs match what was typed."""
    shown, left = first(rows, ROWS)
    said = f"{texts.plural(len(rows), 'SKU')} found for {code(words, 80) or 'your words'}. Which one?"
    place = {"list": HITS, "words": words[:200]}
    blocks = [section(said), *(product(row, place) for row in shown)]
    if left:
        blocks.append(context(f"+{left} more. Add a word to narrow it down, or type `/link products WORDS`."))
    return Message(lines(said, *(_line(row) for row in shown), f"+{left} more" if left else ""), blocks)


def linked_card(row: ProductRow, others_sharing: int, group: LinkGroup | None = None) -> Message:
    """A linked SKU, its link and **Unlink**; of a shared variant the whole group (N18)."""
    said = f"{texts.listing_name(row.listing)} is linked."
    blocks = [section(lines(texts.listing_name(row.listing), texts.listing_facts(row.listing, row.shop.name)))]
    blocks.append(section(lines(link_line(row), _variant_line(row)), unlink_button(row) or link_button(row)))
    if group is not None:
        blocks.append(section(group_text(group)))
    blocks.append(context(_made(row), "" if group else _sharing(others_sharing)))
    return Message(lines(said, link_line(row)), blocks)


def nothing_found(words: str) -> Message:
    """No SKU matches what was typed."""
    said = f"No TikTok SKU found for {code(words, 80) or 'nothing'}."
    hint = "Search by TikTok SKU id, seller SKU, Shopify SKU or a part of the title, e.g. `/link TEE-RED-M` or "
    hint += "`/link red tee`. All verbs: `/link help`."
    return Message(
        f"{said} {hint}", [section(f"{said}\n{hint}"), actions(_show_all("Show all products", ProductFilter.ALL))]
    )


def bad_pack(typed: str) -> Message:
    """Both SKUs are known, the pack size is not one."""
    said = f"{code(typed, 40)} is no pack size. Write a whole number from 1 to {MAX_PACK} after an x, such as `x6`: "
    said += "one unit sold on TikTok then takes six units from Shopify's stock."
    return Message(said, [section(said), context("e.g. `/link MUG-6PK MUG x6`")])


def span(offset: int, shown: int, total: int) -> str:
    """ "11–20 of 240"."""
    if not total or not shown:
        return f"0 of {total}"
    return f"{offset + 1}–{offset + shown} of {total}" if shown > 1 else f"{offset + 1} of {total}"


def show_all(filter: ProductFilter = ProductFilter.UNLINKED, text: str = "Show all") -> Json:
    return _show_all(text, filter)


def _heading(words: str) -> str:
    return f"*{TITLE}*" + (f" · {code(words, 80)}" if words.strip() else "")


def _nothing(filter: ProductFilter, words: str, page: Page[ProductRow]) -> str:
    if page.total:
        return "Nothing on this page. Press Previous."
    if words.strip():
        return "No product matches these words with this filter."
    if filter is ProductFilter.ALL:
        return "No product has been imported yet. Type `/link connect tiktok` to connect a shop."
    return f"No product is {filter}."


def _filter_menu(filter: ProductFilter, words: str, counts: ProductCounts) -> Json:
    numbers = dict(zip(ProductFilter, counts, strict=True))
    options = {one: option(f"{label} ({numbers[one]})", one.value) for one, label in FILTERS.items()}
    menu = select(Action.TABLE_FILTER, list(options.values()), options[filter], "Filter")
    return actions(menu, block_id=pack(Block.TABLE, BLOCK_ID_LIMIT, words=shortened(words)))


def _paging(page: Page[ProductRow], shown: int, filter: ProductFilter, words: str) -> Json | None:
    def at(offset: int) -> str:
        return pack(Target.TABLE, VALUE_LIMIT, **_place(filter, words, offset))

    back = button("Previous", Action.TABLE_PREVIOUS, at(max(0, page.offset - ROWS))) if page.offset else None
    onward = button("Next", Action.TABLE_NEXT, at(page.offset + shown)) if page.offset + shown < page.total else None
    return actions(back, onward) if back or onward else None


def _show_all(text: str, filter: ProductFilter) -> Json:
    return button(text, Action.SHOW_ALL, pack(Target.TABLE, filter=filter, words="", offset=0))


def _line(row: ProductRow) -> str:
    return dots(
        texts.listing_name(row.listing, 80, 40), texts.sku(row.listing.seller_sku), link_line(row).split("\n")[0]
    )


def _spoken(row: ProductRow) -> str:
    return f"{texts.plain_sku(row.listing.seller_sku, 24)} {row.listing.title}"


def _variant_line(row: ProductRow) -> str:
    if row.variant is None:
        return ""
    stock = texts.units(row.variant.available, row.variant.tracked)
    return dots(bold(row.variant.title, 100), esc(row.variant.options, 60), texts.money(row.variant.price), stock)


def _made(row: ProductRow) -> str:
    if row.link is None:
        return ""
    who = texts.by(row.link.actor) if row.link.origin is LinkOrigin.HAND else "automatically"
    return f"Linked {who} {texts.when(row.link.changed_at)}"


def _sharing(others: int) -> str:
    return f"{texts.plural(others, 'other TikTok SKU')} linked to the same variant" if others else ""
