"""The shortcuts' modals: the question for a SKU, and what a message or a search names, with **Link** and **Unlink**."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.board import LinkGroup, ProductRow
from bot.domain.catalogue import Variant
from bot.domain.values import ListingId
from bot.views import products, texts
from bot.views.blocks import Json, code, context, field_input, first, lines, modal, more, plain_text, section, value_of
from bot.views.ids import METADATA_LIMIT, Action, Block, Callback, Target, pack, unpack
from bot.views.outcomes import TITLE

SHOWN, WORDS = 20, 12


def question(words: str = "") -> Json:
    """ "Link a SKU": one field."""
    element: Json = {
        "type": "plain_text_input",
        "action_id": Action.FIND.value,
        "max_length": 300,
        "focus_on_load": True,
        "placeholder": plain_text("TEE-RED-M", 150),
    }
    if words:
        element["initial_value"] = words
    hint = "A TikTok SKU id, a seller SKU, a Shopify SKU, or words of the title."
    field = field_input("Which SKU?", element, Block.FIND.value, hint=hint)
    return modal(TITLE, [field], callback=Callback.FIND, submit="Find", close="Cancel")


def read_question(view: Mapping[str, Any]) -> str:
    """What was typed; "" when nothing was."""
    return str(value_of(view.get("state", {}).get("values", {}), Block.FIND, Action.FIND).get("value") or "").strip()


def hits(rows: Sequence[ProductRow], unused: Sequence[Variant] = ()) -> Json:
    """Several SKUs, each with its button. It can be drawn again from what it carries (`read_hits`)."""
    shown, left = first(rows, SHOWN)
    blocks = [section(f"*{texts.plural(len(rows), 'SKU')} found.*"), *(products.product(row) for row in shown)]
    if left:
        blocks.append(context(f"{more(left)}. Type `/link products WORDS` to see the rest."))
    return _found([*blocks, *_unused(unused)], shown)


def card(row: ProductRow, others_sharing: int, group: LinkGroup | None) -> Json:
    """One SKU that is linked, with **Unlink**."""
    return _found(products.linked_card(row, others_sharing, group).blocks, [row])


def read_hits(view: Mapping[str, Any]) -> list[ListingId]:
    """The SKUs in an open list or card."""
    return [ListingId(one) for one in unpack(view.get("private_metadata") or "").get("listings").split()]


def nothing(words: Sequence[str], unused: Sequence[Variant] = (), *, message: bool = True) -> Json:
    """No TikTok SKU: which words were tried, and what to do instead."""
    shown, left = first(words, WORDS)
    said = "No TikTok SKU is named in this message." if message else "No TikTok SKU found."
    tried = " ".join(code(one, 60) for one in shown)
    blocks = [section(lines(f"*{said}*", f"Tried: {tried} {more(left)}".rstrip() if tried else "It has no words."))]
    blocks += _unused(unused)
    how = "In a message only whole SKUs count, in the same upper and lower case." if message else ""
    blocks.append(context(lines(how, "`/link words` searches titles too; `/link products` shows every SKU.")))
    return modal(TITLE, blocks, callback=Callback.NOTE)


def _unused(variants: Sequence[Variant]) -> list[Json]:
    if not variants:
        return []
    shown, left = first(variants, 5)
    named = [f"• {texts.variant_name(one)}" for one in shown]
    return [section(lines("*In Shopify, with no TikTok SKU linked to it:*", *named, more(left)))]


def _found(blocks: Sequence[Json], rows: Sequence[ProductRow]) -> Json:
    metadata = pack(Target.FOUND, METADATA_LIMIT, listings=" ".join(row.listing.id for row in rows))
    return modal(TITLE, blocks, callback=Callback.FOUND, metadata=metadata)
