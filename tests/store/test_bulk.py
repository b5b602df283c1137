"""Rows of bulk runs: stored once, moved once, settled together, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.domain.bulk import Column, Decision, Fields, Outcome, RowState, Run, RunState
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.values import ListingId, StoreId, UserId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from tests.conftest import TEST_KEY
from tests.domain.build import ANNA, NOW, SHOP, STORE, link, listing, variant
from tests.store.conftest import Clock

TEAM = WorkspaceId("T1")


def connected(url: str) -> Db:
    """A database with one shop and one store."""
    db = Db(url, keys=[TEST_KEY])
    db.run_sync(_connect)
    return db


def _connect(u: Unit) -> None:
    shop = Shop(SHOP, TEAM, "North", "US", "USD", "c", "k", ConnectionState.CONNECTED, NOW)
    u.shops.save(shop)
    u.stores.save(Store(STORE, TEAM, "North", "USD", ConnectionState.CONNECTED, NOW))


def run(state: RunState = RunState.READING) -> Run:
    return Run("r1", TEAM, ANNA, "F1", "links.csv", state, NOW)


def fields(line: int, **values: str) -> Fields:
    return Fields(line, {Column(name): value for name, value in values.items()})


def test_a_run_comes_back_as_it_went_in(db: Db) -> None:
    db.run_sync(lambda u: u.bulk.add(run()))
    assert db.read_sync(lambda u: u.bulk.get("r1")) == run()
    assert db.read_sync(lambda u: u.bulk.under_way(TEAM, UserId(ANNA.id))) == run()
    assert db.read_sync(lambda u: u.bulk.under_way(TEAM, UserId("U9"))) is None
    counts = {Outcome.LINK: 3, Outcome.BAD_PACK: 1}
    assert db.run_sync(
        lambda u: u.bulk.move("r1", [RunState.READING], state=RunState.WAITING, counts=counts, digest="d")
    )
    found = db.read_sync(lambda u: u.bulk.get("r1"))
    assert found is not None
    assert (found.links, found.problems, found.digest, found.state) == (3, 1, "d", RunState.WAITING)


@pytest.mark.req("N5")
def test_n5_of_many_who_move_a_run_one_does(db: Db, other: Db) -> None:
    db.run_sync(lambda u: u.bulk.add(run(RunState.WAITING)))

    def press(number: int) -> bool:
        mine = (db, other)[number % 2]
        return mine.run_sync(lambda u: u.bulk.move("r1", [RunState.WAITING], state=RunState.PLANNING))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(press, range(16))) == 1


def test_lines_read_twice_stand_once(db: Db) -> None:
    rows = [fields(line, seller_sku=f"A{line}", shopify_sku="' odd \U0001f600") for line in range(2, 1200)]
    db.run_sync(lambda u: u.bulk.add(run()))
    for _ in range(2):
        db.run_sync(lambda u: u.bulk.add_rows("r1", rows))
    assert db.read_sync(lambda u: u.bulk.count_rows("r1")) == len(rows)
    assert [row.fields for row in db.read_sync(lambda u: u.bulk.rows_after("r1", 1, 5000))] == rows
    assert [row.line for row in db.read_sync(lambda u: u.bulk.rows_after("r1", 7, 3))] == [8, 9, 10]


@pytest.mark.req("U29")
def test_u29_rows_of_one_sku_are_settled_together(db: Db) -> None:
    def decision(outcome: Outcome, listing_id: str, variant_id: str = "v", pack: int | None = 1) -> Decision:
        return Decision(outcome, ListingId(listing_id), VariantId(variant_id), pack)

    link, so, bad, twice = Outcome.LINK, Outcome.ALREADY_AS_WANTED, Outcome.BAD_PACK, Outcome.DOUBLED_IN_FILE
    cases = [
        (decision(link, "A"), link),
        (decision(link, "A"), so),  # the same again
        (decision(link, "B", "v1"), twice),
        (decision(link, "B", "v2"), twice),
        (decision(link, "C", pack=1), twice),
        (decision(link, "C", pack=2), twice),
        (decision(so, "D"), so),
        (decision(so, "D"), so),
        (decision(so, "E", "v1"), twice),  # as it is, and otherwise
        (decision(Outcome.ALREADY_LINKED_ELSEWHERE, "E", "v2"), twice),
        (decision(link, "F"), link),
        (Decision(bad, None), bad),
        (Decision(Outcome.UNKNOWN_VARIANT, ListingId("F")), Outcome.UNKNOWN_VARIANT),
    ]
    db.run_sync(lambda u: u.bulk.add(run()))
    db.run_sync(lambda u: u.bulk.add_rows("r1", [fields(line, seller_sku="x") for line in range(len(cases))]))
    db.run_sync(lambda u: u.bulk.decide("r1", [(line, before) for line, (before, _) in enumerate(cases)]))
    for _ in range(2):  # after a crash it is done again
        db.run_sync(lambda u: u.bulk.settle_doubles("r1"))
        rows = db.read_sync(lambda u: u.bulk.rows_after("r1", -1, 100))
        assert [row.decision.outcome if row.decision else None for row in rows] == [after for _, after in cases]
    counts = db.read_sync(lambda u: u.bulk.counts("r1"))
    assert (counts[link], counts[so], counts[twice]) == (2, 3, 6)


@pytest.mark.req("U29", "N16")
def test_n16_a_row_ends_once(db: Db, other: Db) -> None:
    db.run_sync(lambda u: u.bulk.add(run()))
    db.run_sync(lambda u: u.bulk.add_rows("r1", [fields(1), fields(2)]))
    db.run_sync(lambda u: u.bulk.decide("r1", [(1, Decision(Outcome.LINK)), (2, Decision(Outcome.LINK))]))
    assert db.run_sync(lambda u: u.bulk.take("r1", 1, RowState.DONE))
    assert not other.run_sync(lambda u: u.bulk.take("r1", 1, RowState.DONE))
    assert [row.line for row in db.read_sync(lambda u: u.bulk.to_link("r1", 9))] == [2]
    assert db.run_sync(lambda u: u.bulk.take("r1", 2, RowState.LEFT, Outcome.VARIANT_DELETED))
    assert [row.line for row in db.read_sync(lambda u: u.bulk.problem_rows("r1", 9))] == [2]


def test_what_both_catalogues_hold_is_read_for_many_rows_at_once(db_url: str) -> None:
    db = connected(db_url)
    db.run_sync(lambda u: u.catalogue.put_listings([listing("A", "1"), listing("A", "2"), listing("B ", "3")]))
    foreign = variant("V", "gid://shopify/ProductVariant/9", store_id=StoreId("foreign.myshopify.com"))
    db.run_sync(lambda u: u.catalogue.put_variants([variant("V"), foreign]))
    db.run_sync(lambda u: u.links.add(link("3", "v")))
    rows = [
        fields(1, seller_sku="A", shopify_sku="V"),
        fields(2, tiktok_sku_id="3", shopify_variant_id="9"),
        fields(3, seller_sku="B"),
    ]
    known = db.read_sync(lambda u: u.bulk.known(TEAM, rows))
    assert {key: [one.id for one in found] for key, found in known.listings.items()} == {
        "sku A": ["1", "2"], "id 3": ["3"], "sku B": ["3"],
    }  # fmt: skip
    assert [one.store_id for one in known.variants["sku V"]] == [STORE], "a SKU is looked up in our stores only"
    assert [one.store_id for one in known.variants["id gid://shopify/ProductVariant/9"]] == [foreign.store_id]
    assert set(known.links) == {"3"}
    assert (known.shops, known.stores) == ({SHOP: "North"}, {STORE: "North"})
    db.close_sync()


def test_old_runs_are_forgotten_with_their_rows(db: Db, clock: Clock) -> None:
    db.run_sync(lambda u: u.bulk.add(run()))
    db.run_sync(lambda u: u.bulk.add_rows("r1", [fields(1)]))
    assert db.run_sync(lambda u: u.bulk.prune(NOW)) == 0
    clock.move(days=40)
    assert db.run_sync(lambda u: u.bulk.prune(u.now)) == 1
    assert db.read_sync(lambda u: (u.bulk.get("r1"), u.bulk.count_rows("r1"))) == (None, 0)
