"""Random acts on links, on both databases: never two links, tombstones respected, the ledger tells the same."""

import random

import pytest

from bot.domain.catalogue import VariantStatus
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.health import fold_links
from bot.domain.links import LinkMode, LinkRequest, LinkState
from bot.domain.values import Actor, ActorKind, ListingId, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import catalogue, linking, undoing
from tests.domain.build import NOW, listing, variant
from tests.store.conftest import Clock

TEAM, SHOP, STORE = WorkspaceId("T1"), ShopId("shop-1"), StoreId("one.myshopify.com")
SKUS = [f"SKU-{n}" for n in range(8)]
ANA, BEN = Actor(ActorKind.PERSON, "U1"), Actor(ActorKind.PERSON, "U2")


def mine(number: int, sku: str) -> object:
    return listing(sku, id=f"17290000000000{number:04d}", shop_id=SHOP, product_id=f"p{number}")


def theirs(number: int, sku: str, status: VariantStatus = VariantStatus.ACTIVE) -> object:
    gid = f"gid://shopify/ProductVariant/{number}"
    return variant(sku, id=gid, store_id=STORE, product_id=f"P{number}", inventory_item_id=f"i{number}", status=status)


def fill(u: Unit) -> None:
    live = ConnectionState.CONNECTED
    u.shops.save(Shop(SHOP, TEAM, "Shop", "US", "USD", "c", "k", live, NOW, mode=LinkMode.AUTO, imported_at=NOW))
    u.stores.save(Store(STORE, TEAM, "Store", "USD", live, NOW, imported_at=NOW))
    u.catalogue.put_listings([mine(n, sku) for n, sku in enumerate(SKUS)])  # pyright: ignore[reportArgumentType]
    u.catalogue.put_variants([theirs(n, sku) for n, sku in enumerate(SKUS)])  # pyright: ignore[reportArgumentType]


@pytest.mark.req("S24", "S34", "S39", "A10", "N4", "N15")
async def test_random_acts_keep_links_and_ledger_one(db: Db, clock: Clock) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    dice = random.Random(seed)
    db.run_sync(fill)
    stones: set[ListingId] = set()
    for step in range(120):
        clock.move(seconds=dice.choice((1, 30, 700)))
        number, actor = dice.randrange(len(SKUS)), dice.choice((ANA, BEN))
        key = ListingId(f"17290000000000{number:04d}")
        act = dice.choice(("link", "unlink", "undo", "auto", "auto", "delete", "re-sku", "back"))
        if act == "link":
            gid = VariantId(f"gid://shopify/ProductVariant/{dice.randrange(len(SKUS))}")
            if isinstance(
                await linking.link(db, TEAM, LinkRequest(key, gid, dice.choice((1, 6))), actor), linking.Linked
            ):
                stones.discard(key)
        elif act == "unlink":
            if isinstance(await linking.unlink(db, TEAM, key, actor), linking.Unlinked):
                stones.add(key)
        elif act == "undo":
            await undoing.undo(db, TEAM, actor)
            stones = {one for one, state in stored(db).items() if state is LinkState.TOMBSTONE}
        elif act == "auto":
            await db.run(lambda u: passes(u))
        else:
            status = VariantStatus.DELETED if act == "delete" else VariantStatus.ACTIVE
            sku = dice.choice(SKUS) if act == "re-sku" else SKUS[number]
            one = theirs(number, sku, status)
            await db.run(lambda u, one=one: catalogue.take_variants(u, STORE, [one]))  # pyright: ignore[reportArgumentType]
        states = stored(db)
        assert {k for k in stones if states.get(k) is not LinkState.TOMBSTONE} == set(), (seed, step, act)
        assert states == told(db), (seed, step, act)


def passes(u: Unit) -> None:
    """The rule over everything, as `match_all` does it."""
    everything = u.catalogue.listings(u.catalogue.listing_ids(TEAM, None, 100))
    linking.match_all(u, TEAM, LinkMode.AUTO, list(everything.values()))


def stored(db: Db) -> dict[ListingId, LinkState]:
    return {link.listing_id: link.state for link in db.read_sync(lambda u: u.links.of_workspace(TEAM, None, 1000))}


def told(db: Db) -> dict[ListingId, LinkState]:
    return fold_links(db.read_sync(lambda u: u.ledger.page(TEAM, limit=10_000)))


@pytest.mark.req("S6")
def test_a_second_pass_of_the_rule_adds_nothing(db: Db) -> None:
    db.run_sync(fill)
    db.run_sync(lambda u: passes(u))
    assert len(stored(db)) == len(SKUS)
    db.run_sync(lambda u: passes(u))
    assert len(stored(db)) == len(SKUS)
