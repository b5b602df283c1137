"""The Shopify client over real HTTP: every method, every kind of failure, costs, look-ups, tokens."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.clients.errors import ApiError, Invalid, NotAuthorised, RateLimited, Unclear, Unreachable
from bot.clients.shopify.api import SCOPES, Shopify, missing_scopes
from bot.domain.values import OrderId, StoreId, VariantId
from bot.rehearsal.faults import Fault, FaultKind
from tests.clients.bench import STORE, Sh, draft_of, quick_pace, shopify_bench, usd

ORDER = OrderId("576461413038785752")


@pytest.fixture
async def sh() -> AsyncIterator[Sh]:
    async with shopify_bench() as made:
        yield made


def pass_time(sh: Sh, seconds: float) -> None:
    sh.clock.at += timedelta(seconds=seconds)


async def all_variants(sh: Sh) -> list[VariantId]:
    return [one.id async for page in sh.client.variants(STORE) for one in page]


# --- the catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.req("S7", "S28", "S29", "A9")
async def test_the_catalogue_is_read_whole_by_product_by_id_and_by_change(sh: Sh) -> None:
    (page,) = [page async for page in sh.client.variants(STORE)]
    first = next(one for one in page if one.sku == "APR-NVY-M")
    assert (first.price, first.available, first.barcode) == (usd("24.00"), 7, "401")
    assert sorted(first.tags) == ["kitchen", "linen"]
    assert "Aprons" in first.category
    assert {one.id for one in await sh.client.product_variants(STORE, sh.product)} == set(sh.variants)
    asked = [sh.variants[0], VariantId("gid://shopify/ProductVariant/404")]
    assert set(await sh.client.variants_by_id(STORE, asked)) == {sh.variants[0]}
    sh.clock.at += timedelta(hours=1)
    sh.fake.set_price(sh.variants[0], "25.00")
    changed = [
        one.id async for page in sh.client.variants_updated(STORE, sh.clock.at - timedelta(minutes=1)) for one in page
    ]
    assert set(changed) == set(sh.variants), "a product's variants change together"
    sh.fake.set_available(sh.variants[1], 40, None)
    figures = await sh.client.stock(STORE, [sh.item(0), sh.item(1), "gid://shopify/InventoryItem/404"])
    assert [figures[sh.item(n)].available for n in (0, 1)] == [7, 40]
    assert len(figures) == 2


@pytest.mark.req("S2", "S40")
@pytest.mark.parametrize("way", ["bulk", "bulk fails", "bulk is refused", "bulk file is lost"])
async def test_a_large_catalogue_arrives_whole_whichever_way(sh: Sh, way: str) -> None:
    sh.waits.each = lambda seconds: pass_time(sh, seconds)
    for number in range(60):
        rows = [{"sku": f"{number}-{n}", "price": "1.00", "options": {"N": str(n)}} for n in range(1 + number % 8)]
        sh.fake.add_product(STORE, f"P{number}", rows)
    expected = sorted(sh.fake.stores[STORE].variants)
    if way == "bulk fails":
        sh.fake.stores[STORE].bulk_failure = "INTERNAL_SERVER_ERROR"
    elif way == "bulk is refused":
        sh.fake.faults.add(Fault("bulkOperationRunQuery", FaultKind.RATE_LIMITED))
    elif way == "bulk file is lost":
        sh.fake.faults.add(Fault("bulk.file", FaultKind.SERVER_ERROR, times=None))
    if way == "bulk is refused":
        with pytest.raises(RateLimited):
            await all_variants(sh)
        return
    if way == "bulk file is lost":
        with pytest.raises(ApiError):
            await all_variants(sh)
        sh.fake.faults.clear()
    assert sorted(await all_variants(sh)) == expected


# --- orders ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("S31", "S32", "S33")
async def test_an_order_is_created_read_found_and_cancelled(sh: Sh) -> None:
    await sh.client.ensure_order_identifier(STORE)
    await sh.client.ensure_order_identifier(STORE)
    made = await sh.client.create_order(STORE, draft_of(sh.variants[0]))
    read = await sh.client.order(STORE, made.id)
    assert read is not None
    assert read == made == await sh.client.order(STORE, made.id.rpartition("/")[2])
    assert sh.fake.variant(sh.variants[0]).inventory_quantity == 5
    assert [one.id for one in await sh.client.find_orders(STORE, ORDER)] == [made.id]
    await sh.client.cancel_order(STORE, made.id, restock=True, note="TikTok")
    (there,) = sh.fake.orders(STORE)
    assert there.cancelled_at is not None
    assert sh.fake.variant(sh.variants[0]).inventory_quantity == 7


@pytest.mark.req("N9")
@pytest.mark.parametrize("name", ["gid://shopify/Order/404", "404", "", "x", "gid://shopify/Product/1", "１２"])
async def test_n9_what_names_no_order_is_none(sh: Sh, name: str) -> None:
    assert await sh.client.order(STORE, name) is None


@pytest.mark.req("S31", "N9")
@pytest.mark.parametrize("identified", [True, False])
async def test_s31_an_order_of_a_moment_ago_is_found_although_the_search_lags(sh: Sh, identified: bool) -> None:
    sh.fake.stores[STORE].search_lag = 30
    if identified:
        await sh.client.ensure_order_identifier(STORE)
    sh.fake.faults.add(Fault("orderCreate", FaultKind.TIMEOUT_AFTER_DONE))
    with pytest.raises(Unclear):
        await sh.client.create_order(STORE, draft_of(sh.variants[0]))
    assert len(await sh.client.find_orders(STORE, ORDER)) == 1
    if identified:
        sh.fake.stores[STORE].duplicate_custom_id = "refuse"  # its own documents leave open what else it may do
        with pytest.raises(Unclear) as taken:
            await sh.client.create_order(STORE, draft_of(sh.variants[0]))
        assert taken.value.code == "TAKEN", "a refusal that names our id field is no failure: the order is there"
        assert len(sh.fake.orders(STORE)) == 1


@pytest.mark.req("N9")
async def test_n9_a_longer_or_shorter_number_is_another_order(sh: Sh) -> None:
    for odd in (f"1{ORDER}", f"{ORDER}1", ORDER[:-1]):
        sh.fake.foreign_order(STORE, lines=[(sh.variants[0], 1)], note=f"order {odd}")
    assert await sh.client.find_orders(STORE, ORDER) == []
    with pytest.raises(Invalid):
        await sh.client.find_orders(STORE, OrderId("1 OR name:*"))


async def test_more_lines_than_a_page_are_all_read(sh: Sh) -> None:
    lines = [(sh.variants[n % 2], 1) for n in range(120)]
    there = sh.fake.foreign_order(STORE, lines=lines, source_identifier=ORDER)
    read = await sh.client.order(STORE, there.id)
    assert read is not None
    assert len(read.lines) == len(there.lines)


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.req("S31", "N16")
@pytest.mark.parametrize(
    ("kind", "error", "made"),
    [
        (FaultKind.TIMEOUT_BEFORE, Unclear, 0),
        (FaultKind.TIMEOUT_AFTER_DONE, Unclear, 1),
        (FaultKind.MALFORMED, Unclear, 1),
        (FaultKind.SERVER_ERROR, Unclear, 0),
        (FaultKind.UNAVAILABLE, Unclear, 0),
        (FaultKind.RATE_LIMITED, RateLimited, 0),
    ],
)
async def test_s31_a_create_is_sent_once_whatever_comes_back(
    sh: Sh, kind: FaultKind, error: type[ApiError], made: int
) -> None:
    sh.fake.faults.add(Fault("orderCreate", kind))
    with pytest.raises(error):
        await sh.client.create_order(STORE, draft_of(sh.variants[0]))
    assert len(sh.fake.orders(STORE)) == made


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_BEFORE, FaultKind.SERVER_ERROR, FaultKind.MALFORMED])
async def test_a_read_goes_again_and_is_given_up_in_the_end(sh: Sh, kind: FaultKind) -> None:
    sh.fake.faults.add(Fault("*", kind, times=3))
    assert (await sh.client.shop(STORE)).name == "Apron House"
    sh.fake.faults.add(Fault("*", kind, times=None))
    with pytest.raises(Unreachable):
        await sh.client.scopes(STORE)


async def test_what_shopify_refuses_is_invalid_with_its_field(sh: Sh) -> None:
    with pytest.raises(Invalid) as refused:
        await sh.client.create_order(STORE, draft_of(VariantId("gid://shopify/ProductVariant/404")))
    assert refused.value.field
    assert sh.fake.orders(STORE) == []


async def test_an_emptied_bucket_is_waited_for_and_nothing_is_lost(sh: Sh) -> None:
    sh.waits.each = lambda seconds: pass_time(sh, seconds)
    store = sh.fake.stores[STORE]
    store.bucket.maximum, store.bucket.restore_rate = 400.0, 50.0
    for number in range(40):
        made = await sh.client.create_order(STORE, draft_of(sh.variants[0], str(576461413038700000 + number)))
        assert made.id
    assert len(sh.fake.orders(STORE)) == 40


async def test_a_refused_token_is_renewed_once(sh: Sh) -> None:
    sh.tokens[STORE] = "shpat_dead"
    assert await sh.client.scopes(STORE)
    assert sh.renewed == [STORE]


async def test_a_removed_app_is_not_authorised(sh: Sh) -> None:
    sh.fake.uninstall(STORE)
    dead = Shopify(
        sh.http, client_id="rehearsal-shopify-app", client_secret="x", base_url=sh.url + "/{shop}", token=_dead,
        now=sh.clock, pace=quick_pace(sh.waits),
    )  # fmt: skip
    with pytest.raises(NotAuthorised):
        await dead.shop(STORE)


async def _dead(_store: StoreId, _refused: str) -> str:
    return "shpat_dead"


async def test_a_missing_scope_is_named(sh: Sh) -> None:
    assert missing_scopes(await sh.client.scopes(STORE)) == []
    sh.fake.set_scopes(STORE, ["read_products", "write_orders"])
    sh.tokens[STORE] = sh.fake.token(STORE)
    assert missing_scopes(await sh.client.scopes(STORE)) == ["read_inventory", "read_locations"]
    assert missing_scopes([]) == list(SCOPES)


@pytest.mark.parametrize("store", ["evil.com", "a.myshopify.com.evil.com", "../a.myshopify.com", "A B", ""])
async def test_only_a_store_s_own_domain_is_called(sh: Sh, store: str) -> None:
    before = len(sh.fake.calls)
    for call in (sh.client.shop(StoreId(store)), sh.client.grant(StoreId(store))):
        with pytest.raises(Invalid):
            await call
    assert len(sh.fake.calls) == before


# --- webhooks and tokens ---------------------------------------------------------------------------------------------


async def test_subscriptions_are_made_listed_and_ended(sh: Sh) -> None:
    made = await sh.client.subscribe(STORE, "ORDERS_CREATE", "https://bot.example/shopify/webhook")
    assert [(hook.topic, hook.uri) for hook in await sh.client.webhooks(STORE)] == [(made.topic, made.uri)]
    for _ in range(2):
        await sh.client.unsubscribe(STORE, made.id)
    assert await sh.client.webhooks(STORE) == []


async def test_the_three_ways_to_a_token(sh: Sh) -> None:
    granted = await sh.client.grant(STORE)
    assert granted.expires_at is not None
    assert not granted.refresh
    code = sh.fake.access.new_code(sh.fake.stores[STORE], frozenset(SCOPES), sh.clock.at)
    pair = await sh.client.exchange(STORE, code)
    fresh = await sh.client.refresh(STORE, pair)
    assert len({granted.access, pair.access, fresh.access}) == 3
    assert fresh.refresh
    with pytest.raises(NotAuthorised):
        await sh.client.exchange(STORE, code)
    sh.fake.stores[STORE].in_organisation = False
    with pytest.raises(NotAuthorised) as refused:
        await sh.client.grant(STORE)
    assert refused.value.code == "shop_not_permitted"


async def test_neither_errors_nor_logs_tell_a_secret(sh: Sh, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    granted = await sh.client.grant(STORE)
    told = ""
    for work in (sh.client.exchange(STORE, "wrong-code"), sh.client.order(STORE, "1")):
        try:
            await work
        except ApiError as error:
            told += f"{error} {error!r}"
    told += "\n".join(record.getMessage() for record in caplog.records)
    for secret in (granted.access, sh.tokens[STORE], "rehearsal-shopify-secret"):
        assert secret not in told
