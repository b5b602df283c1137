"""The rule over 100,000 listings against 100,000 variants with equal SKUs, ledger included. Floor: 20 s on SQLite."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench._tools import database, finish
from bot.domain.catalogue import Listing, ListingStatus, Variant, VariantStatus
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.jobs import Job
from bot.domain.links import LinkMode
from bot.domain.values import ListingId, Money, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.db import Db
from bot.sync import catalogue

COUNT, FLOOR = 100_000, 20.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP, STORE, TEAM = ShopId("shop"), StoreId("store.myshopify.com"), WorkspaceId("T1")


def fill(u: Any, first: int, last: int) -> None:
    price = Money(Decimal("9.90"), "USD")
    u.catalogue.put_listings([
        Listing(ListingId(f"1729{n:012d}"), SHOP, f"p{n // 10}", f"Tea towel {n // 10}", f"No. {n % 10}", f"TT-{n}",
                price, (), ListingStatus.ACTIVATE, NOW)
        for n in range(first, last)
    ])  # fmt: skip
    u.catalogue.put_variants([
        Variant(VariantId(f"gid://shopify/ProductVariant/{n}"), STORE, f"gid://shopify/Product/{n // 10}", f"i{n}",
                f"Tea towel {n // 10}", f"No. {n % 10}", f"TT-{n}", price, 5, True, False, VariantStatus.ACTIVE, NOW)
        for n in range(first, last)
    ])  # fmt: skip


async def main() -> None:
    with database("sqlite") as url:
        assert url is not None
        db = Db(url, now=lambda: NOW)
        db.upgrade()
        auto = Shop(SHOP, TEAM, "Shop", "US", "USD", "c", "k", ConnectionState.CONNECTED, NOW, mode=LinkMode.AUTO)
        db.run_sync(lambda u: u.shops.save(auto))
        db.run_sync(lambda u: u.stores.save(Store(STORE, TEAM, "Store", "USD", ConnectionState.CONNECTED, NOW)))
        started = time.perf_counter()
        for first in range(0, COUNT, 2000):
            db.run_sync(lambda u, first=first: fill(u, first, first + 2000))
        filled = time.perf_counter() - started
        job = Job(1, "match_all", TEAM, TEAM, {}, 1, 1, "lease", NOW)
        started = time.perf_counter()
        await catalogue.match_all(job, db=db)
        took = time.perf_counter() - started
        links = db.read_sync(lambda u: u.catalogue.counts(TEAM).linked)
        entries = db.read_sync(lambda u: len(u.ledger.page(TEAM, limit=2 * COUNT)))
        await db.close()
    missed = [text for text, wrong in (
        (f"{took:.1f} s for {COUNT} links, floor {FLOOR} s", took > FLOOR),
        (f"{links} links, {entries} entries", links != COUNT or entries != COUNT),
    ) if wrong]  # fmt: skip
    finish("linking", {"links": links, "seconds": round(took, 1), "import_seconds": round(filled, 1)}, missed)


if __name__ == "__main__":
    asyncio.run(main())
