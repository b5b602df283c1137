"""Exports: what a file may hold, and a row of the catalogue as it is exported."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.board import ProductRow
from bot.domain.ledger import Entry


class Export(StrEnum):
    LINKS = "links"  # TikTok SKUs with a link, also a broken one
    UNLINKED = "unlinked"
    PRODUCTS = "products"  # all
    LEDGER = "ledger"
    HISTORY = "history"  # the ledger of one SKU


CATALOGUE = (Export.LINKS, Export.UNLINKED, Export.PRODUCTS)


class Shape(StrEnum):
    CSV = "csv"
    JSON = "json"  # one array
    JSONL = "jsonl"  # one object a line


@dataclass(frozen=True)
class ExportRow:
    """A TikTok SKU and, when it is linked, the entry that linked it."""

    row: ProductRow
    made: Entry | None = None
