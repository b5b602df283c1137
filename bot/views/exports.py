"""Exports as CSV or JSON: columns, rows, and the text they make. And what is said around them in Slack.

A cell that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, tab or CR) gets a leading
apostrophe. Ids are digits and never need one: `tiktok_sku_id`, `shopify_variant_id` and `pack` can be read back.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.domain.board import ProductRow
from bot.domain.exports import CATALOGUE, Export, ExportRow, Shape
from bot.domain.ledger import Entry
from bot.domain.values import plain_id
from bot.views import texts
from bot.views.blocks import Message, code, first, lines, section
from bot.views.uploads import PROBLEMS, UploadProblem

Row = dict[str, Any]
CATALOGUE_COLUMNS = (
    "shop", "tiktok_sku_id", "seller_sku", "title", "variation", "store", "shopify_sku", "shopify_variant_id", "pack",
    "state", "linked_by", "linked_at",
)  # fmt: skip
LEDGER_COLUMNS = (
    "id", "at", "workspace", "act", "actor", "origin", "shop", "store", "sku_id", "variant", "order", "standing",
    "reason", "facts",
)  # fmt: skip
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
USAGE = "Type `/link export links|unlinked|products|ledger [csv|json]` or `/link export history SKU [csv|json]`."


def columns(export: Export) -> Sequence[str]:
    return CATALOGUE_COLUMNS if export in CATALOGUE else LEDGER_COLUMNS


def catalogue_row(exported: ExportRow) -> Row:
    """One TikTok SKU; what belongs to a link is empty without one."""
    listing, link, variant, made = exported.row.listing, exported.row.link, exported.row.variant, exported.made
    row: Row = dict.fromkeys(CATALOGUE_COLUMNS, "")
    row |= {
        "shop": exported.row.shop.name,
        "tiktok_sku_id": listing.id,
        "seller_sku": listing.seller_sku,
        "title": listing.title,
        "variation": listing.variation,
        "state": "unlinked",
    }
    if link is None:
        return row
    return row | {
        "store": link.store_id,
        "shopify_sku": variant.sku if variant else "",
        "shopify_variant_id": plain_id(link.variant_id),
        "pack": link.pack,
        "state": "linked" if link.is_active else "broken",
        "linked_by": (made.actor if made else link.actor).id,
        "linked_at": (made.at if made else link.changed_at).isoformat(),
    }


def entry_row(entry: Entry) -> Row:
    """One ledger entry; `at` is ISO 8601 in UTC."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "workspace": entry.workspace_id,
        "act": entry.act.value,
        "actor": entry.actor.id,
        "origin": entry.actor.origin.value,
        "shop": entry.shop_id,
        "store": entry.store_id,
        "sku_id": entry.listing_id,
        "variant": entry.variant_id,
        "order": entry.order_id,
        "standing": entry.standing.value if entry.standing else None,
        "reason": entry.reason,
        "facts": dict(entry.facts),
    }


def written(rows: Iterable[Row], names: Sequence[str], shape: Shape) -> Iterator[str]:
    """The file's text, a row at a time. CSV holds nested values as JSON."""
    if shape is Shape.CSV:
        line = csv.writer(_Line())
        yield line.writerow(names)
        for row in rows:
            yield line.writerow([_cell(row[name]) for name in names])
    elif shape is Shape.JSONL:
        for row in rows:
            yield json.dumps(row) + "\n"
    else:
        between = "[\n"
        for row in rows:
            yield between + json.dumps(row)
            between = ",\n"
        yield "[]\n" if between == "[\n" else "\n]\n"


class _Line:
    """What `csv.writer` writes to: it hands each line back."""

    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUN_BY_SPREADSHEETS) else value


# --- in Slack --------------------------------------------------------------------------------------------------------


def file_name(export: Export, shape: Shape, now: datetime) -> str:
    return f"linkbot-{export}-{now:%Y-%m-%d}.{shape}"


def comment(export: Export, rows: int, now: datetime) -> str:
    """What stands beside the file."""
    return f"Export of {_named(export)}: {texts.plural(rows, 'row')}, as it was {texts.when(now)}."


def sent(export: Export, rows: int) -> Message:
    said = f"Export of {_named(export)}: {texts.plural(rows, 'row')}, in your messages with Linkbot."
    return Message(said, [section(said)])


def empty(export: Export) -> Message:
    said = f"Export of {_named(export)}: there is nothing to export, so no file was made."
    return Message(said, [section(said)])


def not_sent(export: Export, rows: int, problem: UploadProblem) -> Message:
    said = f"The export of {_named(export)} ({texts.plural(rows, 'row')}) could not be sent: {PROBLEMS[problem]}"
    return Message(said, [section(said)])


def which(rows: Sequence[ProductRow], words: str, shape: Shape) -> Message:
    """Several SKUs match: what to type for each."""
    shown, left = first(rows, 10)
    said = f"Several SKUs match {code(words, 80)}. Type one of these:"
    told = [f"{_typed(row, shape)} {texts.listing_name(row.listing, 60, 40)}" for row in shown]
    rest = "There are more: add a word, or type the TikTok SKU id." if left else ""
    return Message(lines(said, *told, rest), [section(said), *(section(line) for line in (*told, rest) if line)])


def _typed(row: ProductRow, shape: Shape) -> str:
    return code(f"/link export history {row.listing.id} {shape}", 80)


def _named(export: Export) -> str:
    return {Export.LEDGER: "the ledger", Export.HISTORY: "the history"}.get(export, f"{export}")
