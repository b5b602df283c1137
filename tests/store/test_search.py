"""The search index on both databases: odd characters, short words, typing errors, filters, and upkeep."""

import pytest

from bot.domain.board import VariantQuery
from bot.domain.catalogue import Variant, VariantStatus
from bot.domain.connections import ConnectionState, Store
from bot.domain.values import StoreId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from tests.domain.build import NOW, variant

TEAM, STORE = WorkspaceId("T1"), StoreId("one.myshopify.com")
ROWS = {
    "mug": variant("MUG-100%", title="Enamel Mug_5", options="Red", store_id=STORE),
    "crepe": variant("CRÊ-1", title="Crêpe Étoile", options="", store_id=STORE),
    "quote": variant('Q"1', title='Say "hello" it\'s', options="", store_id=STORE),
    "emoji": variant("EMO-1", title="Party 🎉 set", options="", store_id=STORE),
    "cjk": variant("JP-7", title="日本製マグカップ", options="", store_id=STORE),
    "bare": variant("", title="No SKU hoodie", options="Blue / M", store_id=STORE),
}


@pytest.fixture(autouse=True)
def filled(db: Db) -> None:
    def fill(u: Unit) -> None:
        u.stores.save(Store(STORE, TEAM, "One", "USD", ConnectionState.CONNECTED, NOW))
        u.stores.save(
            Store(StoreId("two.myshopify.com"), WorkspaceId("T2"), "Two", "USD", ConnectionState.CONNECTED, NOW)
        )
        u.catalogue.put_variants([named(key, one) for key, one in ROWS.items()])

    db.run_sync(fill)


def named(key: str, one: Variant, **changes: object) -> Variant:
    from dataclasses import replace

    mine = {"id": VariantId(f"gid://shopify/ProductVariant/{key}"), "product_id": f"p-{key}", "inventory_item_id": key}
    return replace(one, **(mine | changes))  # pyright: ignore[reportArgumentType]


def found(db: Db, words: str, team: WorkspaceId = TEAM, **filters: tuple[str, ...]) -> set[str]:
    query = VariantQuery(words, **filters)
    page = db.read_sync(lambda u: u.catalogue.search_variants(team, query, 0, 99))
    return {row.variant.id.rpartition("/")[2] for row in page.rows}


@pytest.mark.req("S19", "S20", "S23")
@pytest.mark.parametrize(
    "words, keys",
    [
        ("mug", {"mug"}),
        ("MUG_5", {"mug"}),
        ("e%l", set()),  # no wildcard
        ("m_g", set()),
        ("100%", {"mug"}),
        ("mug 100", {"mug"}),
        ("ug 100", {"mug"}),  # beside a longer word also inside one
        ("crepe", {"crepe"}),
        ("ÉTOILE", {"crepe"}),
        ('"hello"', {"quote"}),
        ("it's", {"quote"}),
        ("'; drop table variants", set()),
        ("🎉", {"emoji"}),
        ("本", {"cjk"}),
        ("本製", {"cjk"}),
        ("マグカ", {"cjk"}),
        ("m", {"mug"}),  # one letter: the start of a word or a SKU
        ("jp", {"cjk"}),
        ("ug", set()),
        ("hoodei", {"bare"}),  # a typing error
        ("enamle", {"mug"}),
        ("zzzzqqq", set()),
        ("   ", set(ROWS)),
    ],
)
def test_s19_words_find_what_they_should(db: Db, words: str, keys: set[str]) -> None:
    assert found(db, words) == keys


@pytest.mark.req("S13")
def test_another_workspace_finds_nothing_of_it(db: Db) -> None:
    assert found(db, "mug", WorkspaceId("T2")) == set()


@pytest.mark.req("S21", "S22", "S23")
def test_filters_and_words_meet(db: Db) -> None:
    tagged = named("tagged", ROWS["mug"], tags=("Gift", "Red"), category="Mugs", sku="MUG-7")
    db.run_sync(lambda u: u.catalogue.put_variants([tagged]))
    assert found(db, "mug", tags=("Gift", "None")) == {"tagged"}
    assert found(db, "mug", categories=("Mugs",), tags=("Red",)) == {"tagged"}
    assert found(db, "mug", categories=("Hats",), tags=("Red",)) == set()
    assert found(db, "m", categories=("Mugs",)) == {"tagged"}
    assert found(db, "", tags=("Gift",)) == {"tagged"}


@pytest.mark.req("S19", "A10")
def test_one_reading_sets_it_right(db: Db) -> None:
    """Renamed, another SKU, moved, archived, deleted, back again: right after each."""
    one = named("mug", ROWS["mug"])
    for changes, words, there in (
        ({"title": "Steel cup"}, "enamel", False),
        ({"title": "Steel cup"}, "steel", True),
        ({"sku": "CUP-9"}, "cup-9", True),
        ({"sku": "CUP-9"}, "100%", False),
        ({"product_id": "p-other", "title": "Steel cup"}, "st", True),
        ({"status": VariantStatus.ARCHIVED}, "mug_5", True),
        ({"status": VariantStatus.DELETED}, "mug_5", False),
        ({}, "mug_5", True),
    ):
        changed = named("mug", ROWS["mug"], **changes)
        db.run_sync(lambda u, changed=changed: u.catalogue.put_variants([changed]))
        assert ("mug" in found(db, words)) is there, (changes, words)
    db.run_sync(lambda u: u.catalogue.delete_variants([one.id]))
    assert found(db, "mug_5") == set()


@pytest.mark.req("S19")
def test_the_exact_sku_comes_first(db: Db) -> None:
    rows = [named(f"n{n}", ROWS["mug"], sku=f"MUG-1{n}", title=f"A mug-1 {n}") for n in range(30)]
    rows.append(named("exact", ROWS["mug"], sku="MUG-1", title="Zebra"))
    db.run_sync(lambda u: u.catalogue.put_variants(rows))
    page = db.read_sync(lambda u: u.catalogue.search_variants(TEAM, VariantQuery("mug-1"), 0, 5))
    assert page.rows[0].variant.sku == "MUG-1"
    assert page.is_more


@pytest.mark.req("S19", "S20")
def test_a_short_word_beside_a_common_one_is_not_lost_behind_the_limit(db: Db) -> None:
    rows = [named(f"n{n:04}", ROWS["bare"], title="Cotton tee", sku=f"TEE-{n}") for n in range(700)]
    rows.append(named("zz", ROWS["bare"], title="Cotton tee qx", sku="TEE-X"))
    db.run_sync(lambda u: u.catalogue.put_variants(rows))
    assert found(db, "cotton qx") == {"zz"}
    assert found(db, "qx") == {"zz"}
