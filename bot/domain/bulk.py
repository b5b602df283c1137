"""Bulk link from a file: what a row says, what it will do, and the digest of all rows together (U29, N5)."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.catalogue import Listing, Variant, VariantStatus, sku_key
from bot.domain.links import MAX_PACK, Link, LinkRefusal, decide_link
from bot.domain.values import Actor, ListingId, ShopId, StoreId, VariantId, WorkspaceId

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
FILE_TYPES = ("csv", "tsv", "txt")
_GID = "gid://shopify/ProductVariant/"
_DELIMITERS = (",", ";", "\t")


class Outcome(StrEnum):
    """What a row of the file will do, or why it does nothing."""

    LINK = "link"
    ALREADY_AS_WANTED = "already_as_wanted"  # linked like this, or by an earlier row of the file
    ALREADY_LINKED_ELSEWHERE = "already_linked_elsewhere"
    UNKNOWN_TIKTOK_SKU = "unknown_tiktok_sku"
    AMBIGUOUS_TIKTOK_SKU = "ambiguous_tiktok_sku"
    UNKNOWN_VARIANT = "unknown_variant"
    AMBIGUOUS_VARIANT = "ambiguous_variant"
    BAD_PACK = "bad_pack"
    MISSING_COLUMN = "missing_column"  # the row leaves one of its two sides empty
    DOUBLED_IN_FILE = "doubled_in_file"  # one TikTok SKU, several targets
    VARIANT_DELETED = "variant_deleted"
    LISTING_DELETED = "listing_deleted"
    NOT_OURS = "not_ours"  # of a shop or store that is not connected here


FINE = (Outcome.LINK, Outcome.ALREADY_AS_WANTED)
RESOLVED = (*FINE, Outcome.ALREADY_LINKED_ELSEWHERE)
"""Rows that name one listing and one variant: only they can contradict each other."""

REFUSED_AS = {
    LinkRefusal.ALREADY_LINKED: Outcome.ALREADY_LINKED_ELSEWHERE,
    LinkRefusal.LISTING_GONE: Outcome.LISTING_DELETED,
    LinkRefusal.VARIANT_GONE: Outcome.VARIANT_DELETED,
    LinkRefusal.PACK_OUT_OF_RANGE: Outcome.BAD_PACK,
    LinkRefusal.OTHER_WORKSPACE: Outcome.NOT_OURS,
}


class FileProblem(StrEnum):
    """Why a file is not read at all."""

    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    NOT_UTF8 = "not_utf8"
    NOT_CSV = "not_csv"  # `detail`: the line
    NO_TIKTOK_COLUMN = "no_tiktok_column"
    NO_SHOPIFY_COLUMN = "no_shopify_column"
    DOUBLED_COLUMN = "doubled_column"  # `detail`: its name
    EMPTY = "empty"
    NOT_HANDED_OVER = "not_handed_over"  # deleted in Slack, or the app lacks files:read
    NOT_IN_SLACK = "not_in_slack"  # a file of Google Drive and the like
    STOPPED = "stopped"  # our own fault: the job is parked and tried again


class FileRefused(Exception):
    """The file can't be read."""

    def __init__(self, problem: FileProblem, detail: str = "") -> None:
        super().__init__(problem.value, detail)
        self.problem, self.detail = problem, detail


class Column(StrEnum):
    TIKTOK_ID = "tiktok_sku_id"
    SELLER_SKU = "seller_sku"
    VARIANT_ID = "shopify_variant_id"
    VARIANT_SKU = "shopify_sku"
    STORE = "store"
    SHOP = "shop"
    PACK = "pack"


_ALIASES = {
    "tiktok_sku_id": Column.TIKTOK_ID,
    "sku_id": Column.TIKTOK_ID,
    "seller_sku": Column.SELLER_SKU,
    "tiktok_sku": Column.SELLER_SKU,
    "shopify_variant_id": Column.VARIANT_ID,
    "variant_id": Column.VARIANT_ID,
    "shopify_sku": Column.VARIANT_SKU,
    "variant_sku": Column.VARIANT_SKU,
    "store": Column.STORE,
    "shopify_store": Column.STORE,
    "shop": Column.SHOP,
    "tiktok_shop": Column.SHOP,
    "pack": Column.PACK,
    "units": Column.PACK,
}


@dataclass(frozen=True)
class Fields:
    """One row as the file says it, trimmed. `line`: where it begins in the file, counted from 1."""

    line: int
    values: Mapping[Column, str]

    def __getitem__(self, column: Column) -> str:
        return self.values.get(column, "")


# --- reading ---------------------------------------------------------------------------------------------------------


def read_rows(lines: Iterable[str]) -> Iterator[Fields]:
    """The rows of a CSV, TSV or semicolon text, one at a time; empty ones are left out. Raises FileRefused."""
    counted = _Counted(lines)
    try:
        header = next((line for line in counted if line.strip()), "")
        delimiter = max(_DELIMITERS, key=lambda one: (len(_columns(header, one)), -_DELIMITERS.index(one)))
        columns = _checked(header, _columns(header, delimiter))
        for number, (begins, cells) in enumerate(_records(counted, delimiter), 1):
            if number > MAX_ROWS:
                raise FileRefused(FileProblem.TOO_MANY_ROWS)
            values = {column: _cell(cells[at]) for at, column in columns.items() if at < len(cells)}
            yield Fields(begins, {column: value for column, value in values.items() if value})
    except UnicodeDecodeError:
        raise FileRefused(FileProblem.NOT_UTF8) from None


class _Counted:
    """Lines, with the number of the last one that was taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.line = iter(lines), 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.line += 1
        return line.removeprefix("\ufeff") if self.line == 1 else line


def _records(lines: _Counted, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records in which anything stands, each with the line it begins at: a quoted cell may hold several lines."""
    begins = lines.line + 1
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = lines.line + 1
    except csv.Error:
        raise FileRefused(FileProblem.NOT_CSV, str(lines.line)) from None


def _columns(header: str, delimiter: str) -> dict[int, Column]:
    """Place → column, of those that mean something to us."""
    names = next(csv.reader([header], delimiter=delimiter), list[str]())
    found = {at: _ALIASES.get("_".join(name.casefold().replace("_", " ").split())) for at, name in enumerate(names)}
    return {at: column for at, column in found.items() if column is not None}


def _checked(header: str, columns: Mapping[int, Column]) -> Mapping[int, Column]:
    given = list(columns.values())
    if not header.strip():
        raise FileRefused(FileProblem.EMPTY)
    if twice := next((column for column in given if given.count(column) > 1), None):
        raise FileRefused(FileProblem.DOUBLED_COLUMN, twice.value)
    if not {Column.TIKTOK_ID, Column.SELLER_SKU} & set(given):
        raise FileRefused(FileProblem.NO_TIKTOK_COLUMN)
    if not {Column.VARIANT_ID, Column.VARIANT_SKU} & set(given):
        raise FileRefused(FileProblem.NO_SHOPIFY_COLUMN)
    return columns


def _cell(text: str) -> str:
    """Trimmed, without the apostrophe by which spreadsheets protect text."""
    return text.strip().removeprefix("'").strip()


def safe_cell(text: str) -> str:
    """For a file of ours: a spreadsheet takes it as text. `_cell` undoes it."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r'") else text


# --- deciding --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What both catalogues hold about some rows, deleted ones and those of others included.

    `shops` and `stores`: names of those that this workspace has connected.
    """

    shops: Mapping[ShopId, str]
    stores: Mapping[StoreId, str]
    listings: Mapping[str, Sequence[Listing]]  # by id and by trimmed SKU; see `by_id`, `by_sku`
    variants: Mapping[str, Sequence[Variant]]
    links: Mapping[ListingId, Link]


def by_id(text: str) -> str:
    return f"id {text}"


def by_sku(text: str) -> str:
    return f"sku {text}"


@dataclass(frozen=True)
class Decision:
    outcome: Outcome
    listing_id: ListingId | None = None
    variant_id: VariantId | None = None
    pack: int | None = None


def keys_of(row: Fields) -> tuple[str, str]:
    """Under which keys `Known` has the row's two sides; "" for a side that the row does not name. An id goes first."""
    return (
        _key(row[Column.TIKTOK_ID], row[Column.SELLER_SKU]),
        _key(variant_gid(row[Column.VARIANT_ID]), row[Column.VARIANT_SKU]),
    )


def _key(identity: str, sku: str) -> str:
    return by_id(identity) if identity else by_sku(sku_key(sku)) if sku_key(sku) else ""


def variant_gid(text: str) -> str:
    """A plain number is a variant's id as Shopify's pages and exports show it."""
    return f"{_GID}{text}" if text.isascii() and text.isdigit() else text


def decide_row(row: Fields, known: Known) -> Decision:
    """What this row will do, looked at alone: whether another row contradicts it is asked of all rows together."""
    tiktok, shopify = keys_of(row)
    if not tiktok or not shopify:
        return Decision(Outcome.MISSING_COLUMN)
    pack = _pack(row[Column.PACK])
    if pack is None:
        return Decision(Outcome.BAD_PACK)
    listing = _listing(row, known, known.listings.get(tiktok, ()))
    if isinstance(listing, Outcome):
        return Decision(listing)
    variant = _variant(row, known, known.variants.get(shopify, ()))
    if isinstance(variant, Outcome):
        return Decision(variant, listing.id)
    return Decision(_linked(listing, variant, known.links.get(listing.id), pack), listing.id, variant.id, pack)


def _pack(text: str) -> int | None:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    return int(text) if 1 <= int(text) <= MAX_PACK else None


def _listing(row: Fields, known: Known, found: Sequence[Listing]) -> Listing | Outcome:
    ours = [one for one in found if one.shop_id in known.shops]
    mine = [one for one in ours if _is_named(row[Column.SHOP], one.shop_id, known.shops[one.shop_id])]
    alive = [one for one in mine if not one.is_deleted]
    if len(alive) == 1:
        return alive[0]
    if alive:
        return Outcome.AMBIGUOUS_TIKTOK_SKU
    if mine:
        return Outcome.LISTING_DELETED
    return Outcome.NOT_OURS if found and not ours and row[Column.TIKTOK_ID] else Outcome.UNKNOWN_TIKTOK_SKU


def _variant(row: Fields, known: Known, found: Sequence[Variant]) -> Variant | Outcome:
    ours = [one for one in found if one.store_id in known.stores]
    mine = [one for one in ours if _is_named(row[Column.STORE], one.store_id, known.stores[one.store_id])]
    alive = [one for one in mine if one.status is not VariantStatus.DELETED]
    if len(alive) == 1:
        return alive[0]
    if alive:
        return Outcome.AMBIGUOUS_VARIANT
    if mine:
        return Outcome.VARIANT_DELETED
    return Outcome.NOT_OURS if found and not ours and row[Column.VARIANT_ID] else Outcome.UNKNOWN_VARIANT


def _is_named(wanted: str, identity: str, name: str) -> bool:
    """A shop by its id or name, a store by its domain with or without the ending; "" means any."""
    return wanted.casefold() in ("", identity.casefold(), identity.partition(".")[0].casefold(), name.casefold())


def _linked(listing: Listing, variant: Variant, link: Link | None, pack: int) -> Outcome:
    if link is not None and link.is_active and (link.variant_id, link.pack) == (variant.id, pack):
        return Outcome.ALREADY_AS_WANTED
    decision = decide_link(listing, variant, link, pack, sharing=0)
    return REFUSED_AS[decision] if isinstance(decision, LinkRefusal) else Outcome.LINK


# --- a run -----------------------------------------------------------------------------------------------------------


class RunState(StrEnum):
    READING = "reading"  # the file comes in
    PLANNING = "planning"
    WAITING = "waiting"  # for Apply
    STALE = "stale"  # Apply was pressed and the plan had changed: waiting with the new one
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # the file, with its problem


ASKING = (RunState.WAITING, RunState.STALE)
ENDED = (RunState.DONE, RunState.CANCELLED, RunState.REFUSED)
UNDER_WAY = tuple(state for state in RunState if state not in ENDED)


class RowState(StrEnum):
    OPEN = "open"
    DONE = "done"  # linked by this run
    LEFT = "left"  # it was to be linked, and at its turn that was no longer possible


@dataclass(frozen=True)
class Run:
    """One file of one person. `cursor`: the last line that was planned. `confirmed`: the digest that Apply carried."""

    id: str
    workspace_id: WorkspaceId
    actor: Actor
    file_id: str
    file_name: str
    state: RunState
    created_at: datetime
    channel: str = ""
    ts: str = ""
    rows: int = 0
    cursor: int = 0
    seen: int = 0  # rows planned so far
    done: int = 0  # rows linked so far
    digest: str = ""
    confirmed: str = ""
    counts: Mapping[Outcome, int] = field(default_factory=dict[Outcome, int])
    problem: FileProblem | None = None
    detail: str = ""
    told_at: datetime | None = None  # the last edit of its message
    filed: str = ""  # for which state and digest the result file was shared

    @property
    def links(self) -> int:
        return self.counts.get(Outcome.LINK, 0)

    @property
    def problems(self) -> int:
        return sum(count for outcome, count in self.counts.items() if outcome not in FINE)


@dataclass(frozen=True)
class Row:
    """A stored row with what was decided of it."""

    fields: Fields
    decision: Decision | None
    state: RowState = RowState.OPEN

    @property
    def line(self) -> int:
        return self.fields.line


class Digest:
    """Of all rows in their order: two plans with one digest do the same."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, line: int, decision: Decision) -> None:
        parts = (decision.outcome.value, decision.listing_id or "", decision.variant_id or "", decision.pack or "")
        self._hash.update(("\x1f".join(map(str, (line, *parts))) + "\n").encode())

    def text(self) -> str:
        return self._hash.hexdigest()[:16]
