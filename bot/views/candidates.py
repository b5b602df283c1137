"""A Shopify variant as an option of a menu or list, and the answers of the searchable menus (at most 100 options)."""

import hashlib
from collections.abc import Mapping, Sequence

from bot.domain.board import VariantRow
from bot.domain.catalogue import Variant
from bot.domain.values import ListingId, VariantId
from bot.views import texts
from bot.views.blocks import Json, cut, dots, escape, first, more, one_line, option, plain_text, utf16
from bot.views.ids import OPTION_LIMIT

OPTIONS = 99
"""Options of a searchable menu; one more place is kept for saying that there are more."""
REFINE = "refine"
"""Value of the option that only says "type more of it"; it chooses nothing."""


def search_options(
    groups: Sequence[tuple[str, Sequence[VariantRow]]],
    total: int | None = None,
    *,
    currency: str = "",
    linked_skus: Mapping[ListingId, str] | None = None,
    is_more: bool = False,
) -> Json:
    """The searchable menu's answer: (label, rows) groups such as Suggested, Recent, All.

    A variant stands in its first group only. `total`: how many match in all, so that the rest is said;
    `is_more`: there are more than that, nobody counted how many.
    """
    seen, made = set[VariantId](), list[Json]()
    for label, rows in groups:
        fresh = [row for row in rows if not (row.variant.id in seen or seen.add(row.variant.id))]
        kept, _ = first(fresh, OPTIONS - sum(len(group["options"]) for group in made))
        if kept:
            options = [variant_option(row, linked_skus, currency=currency) for row in kept]
            made.append({"label": plain_text(label, OPTION_LIMIT), "options": options})
    shown = sum(len(group["options"]) for group in made)
    left = max(len(seen), total or 0) - shown
    if made and is_more:
        found = max(len(seen), total or 0)
        made[-1]["options"].append(option(f"more than {found}: type more of the SKU or name", REFINE))
    elif made and left > 0:
        made[-1]["options"].append(option(f"+{left} more: type more of the SKU or name", REFINE))
    return {"option_groups": made} if made else {"options": []}


def filter_options(names: Sequence[str], query: str) -> Json:
    """Options of the Category and Tags menus: names that contain what was typed, in any case."""
    wanted = query.strip().casefold()
    fitting = [name for name in names if name.strip() and wanted in name.casefold()]
    kept, left = first(fitting, OPTIONS)
    options = [name_option(name) for name in kept]
    if left:
        options.append(option(f"+{left} more: type more of the name", REFINE))
    return {"options": options}


def variant_option(
    row: VariantRow, linked_skus: Mapping[ListingId, str] | None = None, why: str = "", currency: str = ""
) -> Json:
    """A candidate: SKU · title · options, below it what tells it apart. `currency`: the listing's, to mark others."""
    variant = row.variant
    marks = dots(why, linked_to(row, linked_skus or {}), _marks(variant, currency))
    figures = dots(texts.money(variant.price), texts.units(variant.available, variant.tracked))
    place = dots(one_line(row.store.name or row.store.id, 24), one_line(variant.category, 24))
    return option(_short_name(variant), option_value(variant.id), dots(marks, figures, place))


def option_value(variant_id: VariantId) -> str:
    """The gid itself: `gid://shopify/ProductVariant/…` stays under 75 characters."""
    return str(variant_id)


def variant_of(value: str | None) -> VariantId | None:
    """The variant an option stands for; None for the "type more" option and for nothing."""
    return VariantId(value) if value and value.startswith("gid://") else None


def name_option(name: str) -> Json:
    """A category or tag; a name too long for a value is told by its digest (`name_of` finds it again)."""
    return option(name, _name_value(name))


def name_of(value: str, names: Sequence[str]) -> str:
    """The category or tag behind an option's value."""
    return next((name for name in names if _name_value(name) == value), value) if "#" in value else value


def _name_value(name: str) -> str:
    if utf16(name) <= OPTION_LIMIT:
        return name
    return f"{name[:24]}#{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _short_name(variant: Variant) -> str:
    """SKU · title · options in an option's 75 characters: the title gives way first."""
    sku, options = texts.plain_sku(variant.sku, 32), one_line(variant.options, 18)
    room = OPTION_LIMIT - utf16(escape(dots(sku, options))) - 3
    return dots(sku, one_line(variant.title, max(8, room)), options)


def _marks(variant: Variant, currency: str) -> str:
    state = texts.VARIANT_STATES[variant.status]
    other = f"other currency ({one_line(variant.price.currency, 8)})"
    return dots(state, other if currency and variant.price.currency != currency else "")


def linked_to(row: VariantRow, names: Mapping[ListingId, str]) -> str:
    """ "linked to HOOD-M +2 more", plain text; "" when it is free."""
    if not row.linked_to:
        return ""
    one, rest = row.linked_to[0], len(row.linked_to) - 1
    return f"linked to {cut(one_line(names.get(one) or one, 24), 24)}" + (f" {more(rest)}" if rest else "")
