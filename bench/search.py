"""Search over 1,000,000 variants on both databases: typed words with two filters, one and two characters, building.

Floors: p95 50 ms for 3–12 characters with a category and a tag, 100 ms for one or two characters, the index built in
5 minutes, 300 MB. `--variants N` for a smaller catalogue.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from alembic import command

from bench._tools import database, finish, percentile
from bot.domain.board import VariantQuery
from bot.domain.connections import ConnectionState, Store
from bot.domain.values import StoreId, WorkspaceId
from bot.store.db import Db

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STORE, TEAM = StoreId("store.myshopify.com"), WorkspaceId("T1")
SEED = 20261125
SYLLABLES = (
    "ka", "lo", "mi", "ren", "tu", "vel", "sa", "no", "ri", "dan", "po", "li", "me", "gor", "ta", "fen", "wi",
    "bra", "sto", "cle"
)  # fmt: skip
COLOURS = ["Red", "Blue", "Green", "Black", "White", "Sand", "Olive", "Navy", "Rose", "Grey"]
SIZES = ("XS", "S", "M", "L", "XL")


def names(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4))).title() for _ in range(count)]


def variants(count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Rows of the table as an import leaves them: products of up to fifty variants."""
    words = names(rng, 4000)
    for n in range(count):
        if n % 50 == 0:
            title = " ".join(rng.choice(words) for _ in range(rng.randint(3, 6)))
            category, tags = f"Category {rng.randrange(30)}", rng.sample(range(200), 4)
        colour, size = COLOURS[n % 10], SIZES[n // 10 % 5]
        yield {
            "id": f"gid://shopify/ProductVariant/{n:09d}", "store_id": STORE,
            "product_id": f"gid://shopify/Product/{n // 50:09d}", "inventory_item_id": f"i{n}", "title": title,
            "options": f"{colour} / {size}", "raw_sku": f"{title[:3].upper()}-{n}-{colour[:3].upper()}-{size}",
            "sku": f"{title[:3].upper()}-{n}-{colour[:3].upper()}-{size}", "look": "", "price": Decimal("9.90"),
            "currency": "USD", "available": 3, "tracked": True, "sells_past_zero": False, "status": "ACTIVE",
            "updated_at": NOW, "barcode": f"4{n:012d}", "category": category, "tags": [f"tag {t}" for t in tags],
            "hay": "", "seen_at": NOW,
        }  # fmt: skip


def measure(kind: str, count: int) -> dict[str, Any] | None:
    from sqlalchemy import column, table

    from bot.store.migrating import _config
    from bot.store.shops import table_of
    from bot.store.tables import VariantRow

    rng = random.Random(SEED)
    with database(kind) as url:
        if url is None:
            return None
        db = Db(url, now=lambda: NOW)
        with db.locked() as connection:
            command.upgrade(_config(connection), "0001")
        known = table_of(VariantRow)
        loose = table("variants", *(column(name, known.c[name].type if name in known.c else None)
                                    for name in next(variants(1, random.Random(1)))))  # fmt: skip
        part: list[dict[str, Any]] = []
        for row in variants(count, rng):
            part.append(row)
            if len(part) == 20_000:
                with db.locked() as connection:
                    connection.execute(loose.insert(), part)
                part = []
        started = time.perf_counter()
        db.upgrade()
        built = time.perf_counter() - started
        db.run_sync(lambda u: u.stores.save(Store(STORE, TEAM, "Store", "USD", ConnectionState.CONNECTED, NOW)))
        figures = {"build_seconds": round(built, 1)} | asked(db, rng, count)
        db.close_sync()
    return figures


def asked(db: Db, rng: random.Random, count: int) -> dict[str, Any]:
    words = names(random.Random(SEED), 4000)
    took: dict[str, list[float]] = {"words": [], "short": [], "plain": []}
    for n in range(300):
        whole = rng.choice(words).lower() if n % 3 else f"{rng.choice(words)[:3]}-{rng.randrange(count)}"
        text = whole[: rng.randint(3, 12)]
        facets = (f"Category {rng.randrange(30)}",), (f"tag {rng.randrange(200)}",)
        for name, query in (
            ("words", VariantQuery(text, *facets)),
            ("short", VariantQuery(whole[: rng.randint(1, 2)], *(facets if n % 2 else ((), ())))),
            ("plain", VariantQuery(text)),
        ):
            started = time.perf_counter()
            db.read_sync(lambda u, query=query: u.catalogue.search_variants(TEAM, query, 0, 99))
            took[name].append((time.perf_counter() - started) * 1000)
    return {f"{name}_p95_ms": round(percentile(values, 0.95), 1) for name, values in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--variants", type=int, default=1_000_000)
    count = parser.parse_args().variants
    figures: dict[str, Any] = {"variants": count, "seed": SEED}
    missed: list[str] = []
    for kind in ("sqlite", "postgres"):
        found = measure(kind, count)
        figures[kind] = found or "no Postgres here"
        for name, most in (("words_p95_ms", 50), ("short_p95_ms", 100), ("build_seconds", 300)):
            if found and found[name] > most:
                missed.append(f"{kind}: {name} {found[name]}, floor {most}")
    figures["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if figures["peak_mib"] > 300:
        missed.append(f"{figures['peak_mib']} MiB, floor 300")
    finish("search", figures, missed)


if __name__ == "__main__":
    main()
