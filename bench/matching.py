"""Suggestions for every listing of LEFT.jsonl against a store with the variants of RIGHT.jsonl, through the database.

usage: matching.py LEFT.jsonl RIGHT.jsonl -o PREDICTIONS.jsonl [--postgres]
Fields as `facts/matching.md` §1 tells; each line of the answer has `left_id`, `candidates` and `ms`.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench._tools import database, percentile
from bot.domain.catalogue import Listing, ListingStatus, Variant, VariantStatus
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.values import ListingId, Money, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.db import Db
from bot.sync import explain

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP, STORE, TEAM = ShopId("shop"), StoreId("store.myshopify.com"), WorkspaceId("T1")


def rows(path: str) -> Iterator[dict[str, Any]]:
    with Path(path).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def money(row: dict[str, Any]) -> Money | None:
    return Money(Decimal(str(row["price"])), row.get("currency") or "USD") if row.get("price") else None


def listing(row: dict[str, Any]) -> Listing:
    return Listing(
        id=ListingId(row["left_id"]), shop_id=SHOP, product_id=row.get("product_id") or row["left_id"],
        title=row["title"], variation=", ".join(row.get("variation", {}).values()),
        seller_sku=row.get("seller_sku") or "", price=money(row), stock=(), status=ListingStatus.ACTIVATE,
        updated_at=NOW, gtin=row.get("gtin") or "",
    )  # fmt: skip


def variant(row: dict[str, Any]) -> Variant:
    options = [value for value in row.get("options", {}).values() if value != "Default Title"]
    return Variant(
        id=VariantId(row["right_id"]), store_id=STORE, product_id=row.get("product_id") or row["right_id"],
        inventory_item_id=row["right_id"], title=row["product_title"], options=" / ".join(options),
        sku=row.get("sku") or "", price=money(row) or Money(Decimal(0), row.get("currency") or "USD"), available=1,
        tracked=True, sells_past_zero=False, status=VariantStatus.ACTIVE, updated_at=NOW,
        barcode=row.get("barcode") or "", category=row.get("product_type") or "", tags=tuple(row.get("tags", ())),
    )  # fmt: skip


def fill(db: Db, left: str, right: str) -> None:
    def connect(u: Any) -> None:
        live = ConnectionState.CONNECTED
        u.shops.save(Shop(SHOP, TEAM, "Shop", "US", "USD", "cipher", "key", live, NOW))
        u.stores.save(Store(STORE, TEAM, "Store", "USD", live, NOW))

    db.run_sync(connect)
    for path, put in ((left, lambda u, part: u.catalogue.put_listings([listing(row) for row in part])),
                      (right, lambda u, part: u.catalogue.put_variants([variant(row) for row in part]))):  # fmt: skip
        part: list[dict[str, Any]] = []
        for row in rows(path):
            part.append(row)
            if len(part) == 2000:
                db.run_sync(lambda u, part=part, put=put: put(u, part))
                part = []
        db.run_sync(lambda u, part=part, put=put: put(u, part))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--most", type=int, default=0, help="only the first so many listings")
    args = parser.parse_args()
    with (
        database("postgres" if args.postgres else "sqlite") as url,
        Path(args.output).open("w", encoding="utf-8") as out,
    ):
        assert url is not None, "no Postgres here"
        db = Db(url, now=lambda: NOW)
        db.upgrade()
        fill(db, args.left, args.right)
        took: list[float] = []
        for index, row in enumerate(rows(args.left)):
            if args.most and index == args.most:
                break
            one = listing(row)
            started = time.perf_counter()
            found = db.read_sync(lambda u, one=one: explain.suggestions(u, TEAM, one, 10))
            took.append((time.perf_counter() - started) * 1000)
            candidates = [{"right_id": s.variant.id, "confidence": s.tier, "reason": s.reason} for s in found]
            out.write(json.dumps({"left_id": row["left_id"], "candidates": candidates, "ms": took[-1]}) + "\n")
        db.close_sync()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "listings": len(took),
        "p50_ms": percentile(took, 0.5),
        "p95_ms": percentile(took, 0.95),
        "peak_mib": peak,
    }
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
