"""Counts over a catalogue and readings of the ledger, the same on both databases."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.catalogue import ListingStatus, VariantStatus
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.exports import Export
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkState
from bot.domain.orders import Mirror, OrderStatus, Reason, Standing
from bot.domain.values import LINKBOT, ListingId, Money, OrderId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import exports, health
from tests.domain.build import NOW, SHOP, STORE, link, listing, variant

TEAM, ELSEWHERE = WorkspaceId("T1"), WorkspaceId("T2")


def shop(workspace: WorkspaceId = TEAM, **fields: object) -> Shop:
    made = Shop(SHOP, workspace, "Glow", "US", "USD", "c", "k", ConnectionState.CONNECTED, NOW)
    return replace(made, **fields)


def order(order_id: str, reason: Reason, value: str, currency: str, *skus: str) -> Mirror:
    units = {ListingId(sku): 1 for sku in skus}
    return Mirror(
        OrderId(order_id), SHOP, Standing.HELD, reason, Money(Decimal(value), currency), NOW, None, NOW, NOW,
        tuple(units), status=OrderStatus.AWAITING_SHIPMENT, units=units,
    )  # fmt: skip


def fill(u: Unit) -> None:
    """A, B linked · C broken · D, E twins · F twice in Shopify · G no SKU, twice · H unlinked · X deleted, linked."""
    u.shops.save(shop())
    u.stores.save(Store(STORE, TEAM, "Harbour", "USD", ConnectionState.CONNECTED, NOW))
    skus = {"A": "a", "B": "b", "C": "c", "D": "twin", "E": "twin", "F": "f", "G": "", "G2": "", "H": "h"}
    u.catalogue.put_listings([listing(sku, key) for key, sku in skus.items()])
    u.catalogue.put_listings([listing("x", "X", status=ListingStatus.DELETED)])
    u.catalogue.put_variants(
        [
            variant("a", "v-A"), variant("b", "v-B"), variant("f", "v-F1"), variant("f", "v-F2"), variant("h", "v-H1"),
            variant("h", "v-H2", status=VariantStatus.ARCHIVED), variant("", "v-1"), variant("", "v-2"),
        ]
    )  # fmt: skip
    for key, state in (("A", LinkState.ACTIVE), ("B", LinkState.ACTIVE), ("C", LinkState.BROKEN),
                       ("H", LinkState.TOMBSTONE), ("X", LinkState.ACTIVE)):  # fmt: skip
        u.links.add(link(key, state=state))
        u.ledger.add(_linked(key))
    u.ledger.add(replace(_linked("C"), act=Act.LINK_BROKEN))
    u.ledger.add(replace(_linked("H"), act=Act.UNLINK))
    u.orders.add(order("1", Reason.UNLINKED_SKU, "10.00", "USD", "D", "F"))
    u.orders.add(order("2", Reason.BROKEN_LINK, "5.50", "GBP", "C", "A"))
    u.orders.add(order("3", Reason.TOTALS_DIFFER, "99.00", "USD", "A"))


def _linked(key: str) -> Entry:
    return Entry(NOW, TEAM, Act.LINK, LINKBOT, SHOP, STORE, ListingId(key), VariantId(f"v-{key}"))


@pytest.mark.req("N24")
def test_n24_every_count_is_right_and_equals_the_ledger(db: Db) -> None:
    db.run_sync(fill)
    counted = db.read_sync(lambda u: health.catalogue_health(u, TEAM))
    assert (counted.listings, counted.linked, counted.unlinked, counted.broken) == (9, 2, 6, 1)
    assert counted.ambiguous == 3, "D, E and F; a SKU that is only archived twice is not"
    assert counted.never_sold == 1, "B"
    assert counted.blocked.orders == 2, "an order that waits for two SKUs counts once, one that waits for more does not"
    assert [(money.text(), money.currency) for money in counted.blocked.value] == [("10.00", "USD"), ("5.50", "GBP")]
    assert counted.since == NOW
    told = db.read_sync(lambda u: health.links_told(u, TEAM))
    assert (told.linked, told.broken) == (counted.linked, counted.broken)


def test_another_workspace_sees_nothing(db: Db) -> None:
    db.run_sync(fill)
    counted = db.read_sync(lambda u: health.catalogue_health(u, ELSEWHERE))
    assert (counted.listings, counted.ambiguous, counted.never_sold, counted.blocked.orders) == (0, 0, 0, 0)
    assert db.read_sync(lambda u: list(exports.catalogue_rows(u, ELSEWHERE, Export.PRODUCTS))) == []
    assert db.read_sync(lambda u: list(exports.ledger_rows(u, ELSEWHERE))) == []


@pytest.mark.parametrize(
    ("export", "expected"),
    [(Export.LINKS, "A B C"), (Export.UNLINKED, "D E F G G2 H"), (Export.PRODUCTS, "A B C D E F G G2 H")],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_exports_hold_every_row_once_in_order(
    db: Db, export: Export, expected: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", size)
    db.run_sync(fill)
    rows = db.read_sync(lambda u: list(exports.catalogue_rows(u, TEAM, export)))
    assert " ".join(one.row.listing.id for one in rows) == expected
    assert all((one.made is None) == (one.row.link is None) for one in rows)


def test_the_ledger_is_read_on_from_an_id_and_by_offset(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    db.run_sync(fill)
    whole = db.read_sync(lambda u: u.ledger.page(TEAM))
    assert db.read_sync(lambda u: list(exports.ledger_rows(u, TEAM))) == whole
    of_c = [entry for entry in whole if entry.listing_id == "C"]
    c = ListingId("C")
    assert db.read_sync(lambda u: list(exports.ledger_rows(u, TEAM, c))) == of_c
    assert db.read_sync(lambda u: u.ledger.count(TEAM, c)) == 2
    assert db.read_sync(lambda u: u.ledger.page(TEAM, listing_ids=[c], offset=1, newest_first=True)) == of_c[:1]
