"""What the rows promise: exact money and times, one link, one claim, one post, a ledger that only grows, sealed tokens."""

import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.domain.connections import ConnectionState, Consent, Shop, Store, Token, TokenKind
from bot.domain.incidents import IncidentKind
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link, LinkMode, LinkOrigin, LinkState
from bot.domain.orders import Mirror, OrderStatus, Reason, Standing
from bot.domain.posts import PostState
from bot.domain.values import LINKBOT, ListingId, Money, OrderId, ShopId, StoreId, UserId, VariantId, WorkspaceId
from bot.store.db import Db, Taken, Unit
from bot.store.errors import NoEncryptionKey
from bot.store.tables import METADATA
from tests import postgres
from tests.conftest import TEST_KEY
from tests.domain.build import ANNA, listing
from tests.store.conftest import Clock

TEAM, SHOP = WorkspaceId("T1"), ShopId("7495")
NOW = datetime(2026, 11, 25, 9, 0, 0, 123457, tzinfo=UTC)


def mirror(order_id: str = "1", **fields: object) -> Mirror:
    made = Mirror(
        OrderId(order_id), SHOP, Standing.WAITING, Reason.UNPAID, Money(Decimal("9.99"), "USD"), NOW, None, NOW, NOW, (),
        status=OrderStatus.UNPAID, units={ListingId("L1"): 2},
    )  # fmt: skip
    return replace(made, **fields)


# --- exact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["0.1", "0.30", "19.99", "1234567890123.005", "0", "-3.10", "100000", "0.000001"])
def test_money_comes_back_as_it_went_in(db: Db, amount: str) -> None:
    db.run_sync(lambda u: u.orders.add(mirror(value=Money(Decimal(amount), "KWD"))))
    found = db.read_sync(lambda u: u.orders.get(OrderId("1")))
    assert found is not None
    assert (found.value.amount, str(found.value.amount), found.value.currency) == (Decimal(amount), amount, "KWD")


@pytest.mark.parametrize(
    "at", [NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(2399, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
           datetime(2026, 3, 29, 2, 30, tzinfo=UTC)],
)  # fmt: skip
def test_times_come_back_to_the_microsecond_in_utc(db: Db, at: datetime) -> None:
    db.run_sync(lambda u: u.orders.add(mirror(paid_at=at)))
    found = db.read_sync(lambda u: u.orders.get(OrderId("1")))
    assert found is not None
    assert (found.paid_at, found.paid_at.tzinfo if found.paid_at else None) == (at, UTC)


@pytest.mark.parametrize("odd", ['O\'Neil "x" %_\\', "😀 日本語", "a\nb\t", "; drop table links; --", ""])
def test_foreign_text_comes_back_as_it_went_in(db: Db, odd: str) -> None:
    db.run_sync(lambda u: u.catalogue.put_listings([listing(title=odd, seller_sku=odd, sku=odd.strip())]))
    (found,) = db.read_sync(lambda u: list(u.catalogue.listings([listing().id]).values()))
    assert (found.title, found.seller_sku) == (odd, odd)


# --- one of each -----------------------------------------------------------------------------------------------------


def link(listing_id: str = "L1", state: LinkState = LinkState.ACTIVE, version: int = 1, variant: str = "V1") -> Link:
    return Link(
        ListingId(listing_id), SHOP, VariantId(variant), StoreId("a.myshopify.com"), 1, state, LinkOrigin.HAND, ANNA, NOW,
        version,
    )  # fmt: skip


@pytest.mark.req("S24", "A8")
def test_s24_of_many_who_link_at_once_one_does(db: Db, other: Db) -> None:
    def attempt(number: int) -> bool:
        try:
            (db, other)[number % 2].run_sync(lambda u: u.links.add(link(variant=f"V{number}")))
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(attempt, range(16))).count(True) == 1


@pytest.mark.req("S31", "S36")
def test_s31_of_two_who_claim_an_order_one_does(db: Db, other: Db) -> None:
    db.run_sync(lambda u: u.orders.add(mirror()))
    claimed = mirror(standing=Standing.SENDING, reason=None, version=mirror().version + 1)
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: (db, other)[n % 2].run_sync(lambda u: u.orders.save(claimed)), range(16)))
    assert won.count(True) == 1
    with pytest.raises(Taken):
        db.run_sync(lambda u: u.orders.add(mirror()))


@pytest.mark.req("S24", "S34", "S39")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_s39_links_behave_as_their_model_says(db: Db, clock: Clock, seed: int) -> None:
    """A random walk of link, unlink, break and stale writes, beside a dictionary that does the same."""
    print(f"seed {seed}")
    dice, model = random.Random(seed), dict[str, Link]()
    for _ in range(300):
        clock.move(seconds=1)
        key = f"L{dice.randint(1, 5)}"
        old = model.get(key)
        version = (old.version if old else 0) + dice.choice([1, 1, 1, 0, 2])
        made = link(key, dice.choice(list(LinkState)), version, f"V{dice.randint(1, 3)}")
        if old is None and version == 1:
            db.run_sync(lambda u, m=made: u.links.add(m))
            model[key] = made
        elif old is None:
            assert not db.run_sync(lambda u, m=made: u.links.save(m))
        else:
            fits = version == old.version + 1
            assert db.run_sync(lambda u, m=made: u.links.save(m)) is fits
            with pytest.raises(Taken):
                db.run_sync(lambda u, m=made: u.links.add(m))
            if fits:
                model[key] = made
    assert db.read_sync(lambda u: u.links.many([ListingId(f"L{n}") for n in range(9)])) == model
    alive = {v: [k for k, one in model.items() if one.variant_id == v and one.is_active] for v in ("V1", "V2", "V3")}
    found = db.read_sync(lambda u: u.links.of_variants([VariantId(v) for v in alive]))
    assert {v: sorted(found.get(VariantId(v), [])) for v in alive} == {v: sorted(keys) for v, keys in alive.items()}


@pytest.mark.req("N15", "U22")
@pytest.mark.parametrize("change", ["update ledger set reason = 'x'", "delete from ledger"])
def test_u22_the_ledger_refuses_every_change(db: Db, change: str) -> None:
    db.run_sync(lambda u: u.ledger.add(Entry(NOW, TEAM, Act.IMPORTED, LINKBOT, SHOP, facts={"skus": "3"})))
    with pytest.raises((DBAPIError, Taken), match="append-only"):
        db.run_sync(lambda u: u.connection.execute(text(change)))
    assert [entry.facts for entry in db.read_sync(lambda u: u.ledger.page(TEAM))] == [{"skus": "3"}]


@pytest.mark.req("B1", "N13")
def test_b1_one_open_item_per_cause_and_subject(db: Db, other: Db) -> None:
    def touch(number: int) -> str:
        store = (db, other)[number % 2]
        for _ in range(5):
            try:
                return store.run_sync(lambda u: u.incidents.touch(TEAM, IncidentKind.UNLINKED, "L1", "no_match", {}))
            except Taken:
                continue
        raise AssertionError("taken five times over")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(touch, range(16)))) == 1


def test_of_two_who_post_one_does_and_the_other_learns_where(db: Db, other: Db, clock: Clock) -> None:
    with ThreadPoolExecutor(8) as threads:
        states = list(
            threads.map(
                lambda n: (db, other)[n % 2].run_sync(lambda u: u.posts.claim("report:1", "C1")).state, range(12)
            )
        )
    assert sorted(set(states)) == sorted({PostState.NEW, PostState.BUSY})
    assert states.count(PostState.NEW) == 1
    clock.move(seconds=61)
    assert db.run_sync(lambda u: u.posts.claim("report:1", "C1")).state is PostState.UNCLEAR
    db.run_sync(lambda u: u.posts.posted("report:1", "C1", "17.1", "d"))
    claim = db.run_sync(lambda u: u.posts.claim("report:1", "C1"))
    assert (claim.state, claim.ts) == (PostState.POSTED, "17.1")


def test_an_event_is_heard_once(db: Db, other: Db) -> None:
    with ThreadPoolExecutor(8) as threads:
        heard = list(
            threads.map(
                lambda n: (db, other)[n % 2].run_sync(lambda u: u.inbox.first_time("tiktok", SHOP, "e1", "order")),
                range(16),
            )
        )
    assert heard.count(True) == 1
    assert db.run_sync(lambda u: u.inbox.first_time("shopify", SHOP, "e1", "order"))


@pytest.mark.postgres
@pytest.mark.req("S36", "S37")
def test_s37_a_poll_that_ends_late_does_not_bring_a_lost_shop_back(postgres_url: str, clock: Clock) -> None:
    poll, hook = (Db(postgres_url, keys=[TEST_KEY], now=clock) for _ in range(2))
    shop = Shop(SHOP, TEAM, "Shop", "US", "USD", "c", "t", ConnectionState.CONNECTED, NOW)
    store = Store(StoreId("a.myshopify.com"), TEAM, "Store", "USD", ConnectionState.CONNECTED, NOW)
    poll.run_sync(lambda u: (u.shops.save(shop), u.stores.save(store)))

    def late(u: Unit) -> None:
        assert u.shops.get(shop.id) == shop
        hook.run_sync(lambda v: (v.shops.change(shop.id, state=ConnectionState.LOST),
                                 v.stores.change(store.id, state=ConnectionState.LOST)))  # fmt: skip
        u.shops.change(shop.id, products_seen_to=NOW, mode=LinkMode.AUTO)
        u.stores.change(store.id, stock_cycle=timedelta(seconds=12.5))

    poll.run_sync(late)
    ended = poll.read_sync(lambda u: (u.shops.get(shop.id), u.stores.get(store.id)))
    lost = ConnectionState.LOST
    assert ended == (
        replace(shop, state=lost, products_seen_to=NOW, mode=LinkMode.AUTO),
        replace(store, state=lost, stock_cycle=timedelta(seconds=12.5)),
    )
    for one in (poll, hook):
        one.close_sync()


# --- secrets ---------------------------------------------------------------------------------------------------------

TOKEN = Token(TokenKind.TIKTOK, "access-in-plain", NOW, "refresh-in-plain", NOW, ("a", "b"), "owner")


def test_tokens_are_sealed_on_disk_and_keys_can_be_changed(db_url: str, clock: Clock) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    first = Db(db_url, keys=[old], now=clock)
    first.run_sync(lambda u: u.tokens.put("tiktok:1", TOKEN))
    assert "in-plain" not in str(first.read_sync(lambda u: list(u.connection.execute(text("select * from tokens")))))
    first.close_sync()
    if db_url.startswith("sqlite"):
        folder = Path(db_url.removeprefix("sqlite:///")).parent
        assert b"in-plain" not in b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    both = Db(db_url, keys=[new, old], now=clock)
    assert both.read_sync(lambda u: u.tokens.get("tiktok:1")) == TOKEN
    both.run_sync(lambda u: u.tokens.put("tiktok:1", TOKEN))
    both.close_sync()
    only_new, none = Db(db_url, keys=[new], now=clock), Db(db_url, now=clock)
    assert only_new.read_sync(lambda u: u.tokens.get("tiktok:1")) == TOKEN
    with pytest.raises(NoEncryptionKey):
        none.read_sync(lambda u: u.tokens.get("tiktok:1"))
    stranger = Db(db_url, keys=[old], now=clock)
    with pytest.raises(InvalidToken):
        stranger.read_sync(lambda u: u.tokens.get("tiktok:1"))
    for one in (only_new, none, stranger):
        one.close_sync()


def test_one_renews_a_token_and_a_dead_one_does_not_block_for_ever(db: Db, other: Db, clock: Clock) -> None:
    db.run_sync(lambda u: u.tokens.put("k", TOKEN))
    lease = timedelta(seconds=30)
    with ThreadPoolExecutor(8) as threads:
        fences = list(
            threads.map(lambda n: (db, other)[n % 2].run_sync(lambda u: u.tokens.claim_refresh("k", lease)), range(8))
        )
    (fence,) = [one for one in fences if one]
    clock.move(seconds=31)
    later = other.run_sync(lambda u: u.tokens.claim_refresh("k", lease))
    assert later
    fresh = replace(TOKEN, access="newer")
    assert not db.run_sync(lambda u: u.tokens.put_refreshed("k", fresh, fence)), "too late: another one renews"
    assert other.run_sync(lambda u: u.tokens.put_refreshed("k", fresh, later))
    assert db.read_sync(lambda u: u.tokens.get("k")) == fresh


def test_a_consent_is_taken_once_and_not_when_old(db: Db, other: Db, clock: Clock) -> None:
    consent = Consent(TEAM, UserId("U1"), "C1", "tiktok", None, clock.at + timedelta(minutes=10))
    db.run_sync(lambda u: u.consents.add("h1", consent))
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: (db, other)[n % 2].run_sync(lambda u: u.consents.take("h1")), range(8)))
    assert [one for one in taken if one] == [consent]
    db.run_sync(lambda u: u.consents.add("h2", consent))
    clock.move(minutes=10)
    assert db.run_sync(lambda u: u.consents.take("h2")) is None


# --- migrations ------------------------------------------------------------------------------------------------------


def test_the_migrations_make_exactly_the_tables_of_the_code(db: Db) -> None:
    with db.locked() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), METADATA)
    known = ("alembic_version", "variant_fts", "variant_search_hay")  # the text indexes that only one database has
    assert [one for one in found if not any(name in str(one) for name in known)] == []
    assert db.current() == db.head()


def upgrade(url: str) -> None:
    db = Db(url, keys=[TEST_KEY])
    db.upgrade()
    db.close_sync()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_three_processes_that_start_at_once_migrate_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        check_three(f"sqlite:///{tmp_path / 'fresh.db'}")
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        check_three(url)


def check_three(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    crowd = [spawn.Process(target=upgrade, args=(url,)) for _ in range(3)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)
    assert [one.exitcode for one in crowd] == [0, 0, 0]
    db = Db(url, keys=[TEST_KEY])
    assert db.current() == db.head()
    db.close_sync()
