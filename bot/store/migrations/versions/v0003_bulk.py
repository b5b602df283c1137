"""0003: bulk runs and the rows of their files."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _runs()
    _rows()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _runs() -> None:
    op.create_table(
        "bulk_runs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        _text("file_id"),
        _text("file_name"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        _text("channel"),
        _text("ts"),
        _number("rows"),
        _number("cursor"),
        _number("seen"),
        _number("done"),
        _text("digest"),
        _text("confirmed"),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text()),
        _text("detail"),
        sa.Column("told_at", UtcTime()),
        _text("filed"),
    )


def _rows() -> None:
    op.create_table(
        "bulk_rows",
        sa.Column("run_id", sa.String(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        _text("outcome"),
        sa.Column("listing_id", sa.Text()),
        sa.Column("variant_id", sa.Text()),
        sa.Column("pack", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
    )
    op.create_index("bulk_rows_by_state", "bulk_rows", ["run_id", "state", "outcome", "line"])
    op.create_index("bulk_rows_by_listing", "bulk_rows", ["run_id", "listing_id", "line"])
