"""0002: what variants are found by: words, SKUs, barcodes, tags; and the text indexes of both databases."""

import json
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from bot.domain.words import fold, gtin, index_words, looks

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    exact = sa.Text(collation="C") if postgres else sa.Text()  # prefix ranges need the order of the code points
    _tables(exact)
    _fill(op.get_bind())
    if postgres:
        _trigrams_of_postgres()
    else:
        _trigrams_of_sqlite()
    op.drop_table("variant_tags")
    op.drop_index("variants_by_look", "variants")
    with op.batch_alter_table("variants") as variants:
        variants.drop_column("look")
        variants.drop_column("hay")
    with op.batch_alter_table("listings") as listings:
        listings.add_column(sa.Column("gtin", sa.Text(), nullable=False, server_default=""))


def _tables(exact: sa.Text) -> None:
    op.create_table(
        "variant_search",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("variant_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("code", exact, nullable=False),
        sa.Column("look", exact, nullable=False),
        sa.Column("look_back", exact, nullable=False),
        sa.Column("gtin", sa.Text(), nullable=False),
        sa.Column("hay", sa.Text(), nullable=False),
        sa.UniqueConstraint("variant_id", name="variant_search_variant"),
    )
    op.create_table(
        "variant_facets",
        sa.Column("tag", sa.Text(), primary_key=True),
        sa.Column("category", sa.Text(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "product_words",
        sa.Column("store_id", sa.Text(), primary_key=True),
        sa.Column("word", exact, primary_key=True),
        sa.Column("product_id", sa.Text(), primary_key=True),
    )


def _indexes() -> None:
    op.create_index("variant_search_code", "variant_search", ["store_id", "code"])
    op.create_index("variant_search_look", "variant_search", ["store_id", "look"])
    op.create_index("variant_search_back", "variant_search", ["store_id", "look_back"])
    op.create_index("variant_search_gtin", "variant_search", ["gtin"], sqlite_where=sa.text("gtin <> ''"),
                    postgresql_where=sa.text("gtin <> ''"))  # fmt: skip
    op.create_index("variant_search_category", "variant_search", ["category", "number"])
    op.create_index("variant_search_product", "variant_search", ["product_id"])
    op.create_index("variant_facets_number", "variant_facets", ["number"])
    op.create_index("product_words_product", "product_words", ["product_id"])


def _fill(connection: sa.Connection) -> None:
    """From the variants that stand, in steps: a million of them must not be in memory at once."""
    variants = sa.table("variants", *map(sa.column, _READ))
    search, facets, words = (
        sa.table(name, *map(sa.column, columns))
        for name, columns in (
            ("variant_search", _WRITTEN),
            ("variant_facets", ("tag", "category", "number")),
            ("product_words", ("store_id", "word", "product_id")),
        )
    )
    after, number = "", 0
    known: set[str] = set()
    while True:
        query = sa.select(variants).where(variants.c.id > after).order_by(variants.c.id).limit(5000)
        rows = connection.execute(query).mappings().all()
        if not rows:
            break
        after = rows[-1]["id"]
        alive = [row for row in rows if row["status"] != "DELETED"]
        made = [_search_row(row, number + index) for index, row in enumerate(alive, 1)]
        tagged = [
            {"tag": tag, "category": row["category"], "number": number + index}
            for index, row in enumerate(alive, 1)
            for tag in dict.fromkeys(_tags(row["tags"]))
        ]
        number += len(alive)
        products = {row["product_id"]: row for row in alive if row["product_id"] not in known}
        known |= products.keys()
        named = [
            {"store_id": row["store_id"], "word": word, "product_id": key}
            for key, row in products.items()
            for word in ("", *index_words(row["title"]))
        ]
        for table, new in ((search, made), (facets, tagged), (words, named)):
            if new:
                connection.execute(table.insert(), new)
    _indexes()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"alter sequence variant_search_number_seq restart with {number + 1}"))


_READ = ("id", "store_id", "product_id", "title", "options", "raw_sku", "sku", "category", "barcode", "status", "tags")
_WRITTEN = (
    "number", "variant_id", "store_id", "product_id", "category", "code", "look", "look_back", "gtin", "hay",
)  # fmt: skip


def _search_row(row: Any, number: int) -> dict[str, Any]:
    look = looks(row["sku"])
    return {
        "number": number,
        "variant_id": row["id"],
        "store_id": row["store_id"],
        "product_id": row["product_id"],
        "category": row["category"],
        "code": fold(row["sku"]),
        "look": look,
        "look_back": look[::-1],
        "gtin": gtin(row["barcode"]) or gtin(row["sku"]),
        "hay": fold(f"{row['title']} {row['options']} {row['raw_sku']}"),
    }


def _tags(value: Any) -> Iterable[str]:
    return json.loads(value) if isinstance(value, str) else value


def _trigrams_of_sqlite() -> None:
    op.execute(
        "create virtual table variant_fts using fts5(hay, content='variant_search', content_rowid='number',"
        " tokenize='trigram case_sensitive 1')"
    )
    op.execute("insert into variant_fts(variant_fts) values ('rebuild')")
    gone = "insert into variant_fts(variant_fts, rowid, hay) values ('delete', old.number, old.hay);"
    new = "insert into variant_fts(rowid, hay) values (new.number, new.hay);"
    op.execute(f"create trigger variant_fts_new after insert on variant_search begin {new} end")
    op.execute(f"create trigger variant_fts_gone after delete on variant_search begin {gone} end")
    op.execute(
        "create trigger variant_fts_changed after update of hay on variant_search when old.hay is not new.hay"
        f" begin {gone} {new} end"
    )


def _trigrams_of_postgres() -> None:
    """Where the extension may not be made, the same statements scan: slower, never wrong."""
    point = f"trgm_{uuid.uuid4().hex[:8]}"
    op.execute(f"savepoint {point}")
    try:
        op.execute("create extension if not exists pg_trgm")
        op.execute("create index variant_search_hay on variant_search using gin (hay gin_trgm_ops)")
    except DBAPIError:
        op.execute(f"rollback to savepoint {point}")
