"""The rows of bulk runs: a file that somebody handed over, and each of its lines."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from bot.store.tables import METADATA
from bot.store.types import UtcTime


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


RUNS = Table(
    "bulk_runs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("actor", JSON, nullable=False),
    _text("file_id"),
    _text("file_name"),
    Column("state", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    _text("channel"),
    _text("ts"),
    _number("rows"),
    _number("cursor"),
    _number("seen"),
    _number("done"),
    _text("digest"),
    _text("confirmed"),
    Column("counts", JSON, nullable=False),
    Column("problem", Text, nullable=True),
    _text("detail"),
    Column("told_at", UtcTime, nullable=True),
    _text("filed"),
)
ROWS = Table(
    "bulk_rows",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("raw", JSON, nullable=False),
    _text("outcome"),
    Column("listing_id", Text, nullable=True),
    Column("variant_id", Text, nullable=True),
    Column("pack", Integer, nullable=True),
    Column("state", Text, nullable=False),
    Index("bulk_rows_by_state", "run_id", "state", "outcome", "line"),
    Index("bulk_rows_by_listing", "run_id", "listing_id", "line"),
)
