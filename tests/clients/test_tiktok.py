"""The TikTok client over real HTTP: every method, every kind of failure, paging, pace, and what it never tells."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.clients.errors import ApiError, Gone, Invalid, NotAuthorised, NotReady, RateLimited, Unclear, Unreachable
from bot.clients.http import Pace
from bot.clients.tiktok import codes
from bot.clients.tiktok.api import Access, TikTok
from bot.domain.catalogue import Stocked
from bot.domain.orders import OrderStatus
from bot.domain.values import ListingId, Money, OrderId, ShopId
from bot.rehearsal.faults import Fault, FaultKind
from tests.clients.bench import OTHER, SHOP, START, Tt, quick_pace, tiktok_bench

USPS = "7117858858072016686"
DAY_AGO = START - timedelta(days=1)


@pytest.fixture
async def tt() -> AsyncIterator[Tt]:
    async with tiktok_bench() as made:
        yield made


def buy(tt: Tt, units: int = 1, **fields: object) -> OrderId:
    return OrderId(tt.fake.place_order(SHOP, [(tt.sku, units)], **fields))


# --- every method ----------------------------------------------------------------------------------------------------


@pytest.mark.req("S2", "S28", "S29")
async def test_products_stock_and_prices_are_read_and_written(tt: Tt) -> None:
    sku = ListingId(tt.sku)
    pages = [page async for page in tt.client.listings(SHOP)]
    assert [(one.id, one.sku, one.price) for one in pages[0]] == [(sku, "TEE-RED-M", Money.parse("19.99", "USD"))]
    (detail,) = await tt.client.product(SHOP, tt.product)
    assert detail.variation == "Red, M"
    (held,) = (await tt.client.stock(SHOP, [sku, ListingId("404")]))[sku]
    await tt.client.set_stock(SHOP, tt.product, sku, [Stocked(held.warehouse_id, 3)])
    await tt.client.set_price(SHOP, tt.product, sku, Money.parse("21.00", "USD"))
    assert tt.fake.stock(tt.sku) == 3
    assert tt.fake.world.sku(tt.sku)["price"]["tax_exclusive_price"] == "21.00"
    with pytest.raises(Gone):
        await tt.client.product(SHOP, "1729000000000000404")


@pytest.mark.req("S31", "N9")
async def test_orders_and_references_are_read_and_written(tt: Tt) -> None:
    order_id = buy(tt, 2, tax="1.00")
    (page,) = [page async for page in tt.client.orders(SHOP, DAY_AGO)]
    assert [order.id for order in page] == [order_id]
    assert [p async for p in tt.client.orders(SHOP, DAY_AGO, status=OrderStatus.CANCELLED) if p] == []
    order = await tt.client.order(SHOP, order_id)
    assert order.payment.total == Money.parse("40.98", "USD")
    assert (await tt.client.price_detail(SHOP, order_id)).order.payment == order.payment.total
    assert await tt.client.references(SHOP, order_id) == []
    line_ids = order.lines[0].line_ids
    for gid in ("11", "12"):  # the second overwrites the first
        await tt.client.add_reference(SHOP, order_id, gid, [("91", line_ids[0]), ("91", line_ids[1])])
    (reference,) = await tt.client.references(SHOP, order_id)
    assert (reference.id, len(reference.line_ids)) == ("12", 2)
    assert [found for found, _ in await tt.client.orders_of_reference(SHOP, "12")] == [order_id]
    with pytest.raises(NotReady):
        await tt.client.order(SHOP, OrderId("576461413038700404"))


async def test_parcels_carriers_and_warehouses(tt: Tt) -> None:
    order_id = buy(tt)
    (home,) = await tt.client.warehouses(SHOP)
    assert home.sells
    option = (await tt.client.delivery_options(SHOP, home.id))[0]
    providers = await tt.client.shipping_providers(SHOP, option.id)
    assert USPS in [one.id for one in providers]
    line_ids = (await tt.client.order(SHOP, order_id)).lines[0].line_ids
    shipped = await tt.client.mark_shipped(SHOP, order_id, line_ids, "9400111899223100001", USPS)
    assert shipped.line_ids == line_ids
    with pytest.raises(Invalid) as again:
        await tt.client.mark_shipped(SHOP, order_id, line_ids, "9400111899223100002", USPS)
    assert again.value.code in codes.ALREADY_SHIPPED
    package = await tt.client.package(SHOP, shipped.package_id)
    assert package.tracking_number == "9400111899223100001"
    assert [one.id for page in [p async for p in tt.client.packages(SHOP, DAY_AGO)] for one in page] == [package.id]
    await tt.client.update_shipping(SHOP, shipped.package_id, "9400111899223100009", USPS)
    assert (await tt.client.package(SHOP, shipped.package_id)).tracking_number == "9400111899223100009"
    assert isinstance(await tt.client.tracking(SHOP, order_id), list)


@pytest.mark.req("A7")
async def test_cancellations_and_returns(tt: Tt) -> None:
    asked, gone = buy(tt), buy(tt)
    tt.fake.sales.request_cancel(asked)
    (pending,) = [one async for page in tt.client.cancellations(SHOP, DAY_AGO, order_ids=[asked]) for one in page]
    assert pending.is_pending
    await tt.client.reject_cancellation(SHOP, pending.id, "seller_reject_apply_product_has_been_packed", key="k1")
    tt.fake.sales.request_cancel(asked)
    latest = [
        one
        async for page in tt.client.cancellations(SHOP, DAY_AGO, order_ids=[asked])
        for one in page
        if one.is_pending
    ]
    await tt.client.approve_cancellation(SHOP, latest[0].id, key="k2")
    assert tt.fake.order(asked)["status"] == "CANCELLED"
    cancel_id, _ = await tt.client.cancel(SHOP, gone, "seller_cancel_reason_out_of_stock")
    assert cancel_id
    assert tt.fake.order(gone)["status"] == "CANCELLED"
    assert [one async for page in tt.client.returns(SHOP, DAY_AGO) for one in page] == []


async def test_tokens_shops_and_webhooks(tt: Tt) -> None:
    token = await tt.client.exchange(tt.fake.code_for(SHOP))
    fresh = await tt.client.refresh(token)
    assert fresh.access != token.access
    with pytest.raises(NotAuthorised):
        await tt.client.refresh(token)  # the old refresh token is dead
    assert [shop.id for shop in await tt.client.shops(fresh.access)] == [SHOP]
    tt.tokens[SHOP] = fresh.access
    await tt.client.subscribe(SHOP, "ORDER_STATUS_CHANGE", "https://bot.example/tiktok/webhook")
    assert [hook.event_type for hook in await tt.client.webhooks(SHOP)] == ["ORDER_STATUS_CHANGE"]
    for _ in range(2):
        await tt.client.unsubscribe(SHOP, "ORDER_STATUS_CHANGE")
    assert await tt.client.webhooks(SHOP) == []


# --- paging ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("S2", "S3")
async def test_s2_pages_are_read_to_the_last(tt: Tt) -> None:
    for number in range(230):
        tt.fake.add_product(SHOP, f"P{number}", [{"seller_sku": f"P-{number}", "price": "1.00", "stock": 1}])
    ids = [one.id async for page in tt.client.listings(SHOP) for one in page]
    assert len(ids) == len(set(ids)) == 231
    orders = {buy(tt) for _ in range(7)} | {
        OrderId(tt.fake.place_order(SHOP, [(tt.fake.world.products[p]["skus"][0]["id"], 1)]))
        for p in list(tt.fake.world.products)[1:101]
    }
    seen = [order.id async for page in tt.client.orders(SHOP, DAY_AGO) for order in page]
    assert sorted(seen) == sorted(orders)


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.req("N16")
@pytest.mark.parametrize(
    ("kind", "write", "read"),
    [
        (FaultKind.TIMEOUT_BEFORE, Unclear, None),
        (FaultKind.TIMEOUT_AFTER_DONE, Unclear, None),
        (FaultKind.SERVER_ERROR, Unclear, None),
        (FaultKind.UNAVAILABLE, Unclear, None),
        (FaultKind.MALFORMED, Unclear, None),
        (FaultKind.RATE_LIMITED, RateLimited, None),
    ],
)
async def test_a_failed_write_is_never_repeated_and_a_failed_read_is(
    tt: Tt, kind: FaultKind, write: type[ApiError], read: None
) -> None:
    tt.fake.faults.add(Fault("inventory.update", kind))
    with pytest.raises(write):
        await tt.client.set_stock(
            SHOP, tt.product, ListingId(tt.sku), [Stocked(tt.fake.world.shops[SHOP].warehouses[0]["id"], 3)]
        )
    assert tt.count("inventory.update") <= 1
    tt.fake.faults.add(Fault("inventory.search", kind, times=3))
    assert await tt.client.stock(SHOP, [ListingId(tt.sku)])
    assert len(tt.waits.waited) >= 3, "it waited between the tries"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.TIMEOUT_BEFORE, Unreachable),
        (FaultKind.UNAVAILABLE, Unreachable),
        (FaultKind.RATE_LIMITED, RateLimited),
    ],
)
async def test_a_read_that_keeps_failing_is_given_up_with_its_own_error(
    tt: Tt, kind: FaultKind, error: type[ApiError]
) -> None:
    tt.fake.faults.add(Fault("orders.*", kind, times=None))
    with pytest.raises(error):
        await tt.client.order(SHOP, OrderId("1"))


async def test_a_machine_that_is_not_there_is_unreachable_also_for_a_write(tt: Tt) -> None:
    tt.client._base_url = "http://127.0.0.1:9"
    with pytest.raises(Unreachable):
        await tt.client.set_price(SHOP, tt.product, ListingId(tt.sku), Money.parse("1.00", "USD"))


async def test_an_expired_token_is_renewed_once_and_the_call_goes_again(tt: Tt) -> None:
    tt.fake.expire_token(SHOP)
    assert await tt.client.warehouses(SHOP)
    assert tt.renewed == [SHOP]


async def test_a_token_that_stays_refused_is_told_after_one_renewal(tt: Tt) -> None:
    asked: list[bool] = []

    async def dead(_shop: ShopId, refused: str) -> Access:
        asked.append(refused)
        return Access("dead", tt.fake.world.shops[SHOP].cipher)

    client = TikTok(
        tt.http, app_key=tt.fake.app_key, app_secret=tt.fake.app_secret, base_url=tt.url, auth_url=tt.url, access=dead,
        now=tt.clock, pace=quick_pace(tt.waits),
    )  # fmt: skip
    with pytest.raises(NotAuthorised):
        await client.warehouses(SHOP)
    assert asked == ["", "dead"]


async def test_a_shop_of_another_seller_is_refused(tt: Tt) -> None:
    order_id = buy(tt)
    with pytest.raises(ApiError):
        await tt.client.order(OTHER, order_id)


@pytest.mark.parametrize("field", ["locked price", "negative stock", "foreign warehouse", "other currency"])
async def test_what_tiktok_refuses_is_invalid_with_its_code(tt: Tt, field: str) -> None:
    sku, place = ListingId(tt.sku), tt.fake.world.shops[SHOP].warehouses[0]["id"]
    tt.fake.lock_price(tt.sku)
    calls = {
        "locked price": lambda: tt.client.set_price(SHOP, tt.product, sku, Money.parse("5.00", "USD")),
        "negative stock": lambda: tt.client.set_stock(SHOP, tt.product, sku, [Stocked(place, -1)]),
        "foreign warehouse": lambda: tt.client.set_stock(SHOP, tt.product, sku, [Stocked("404", 1)]),
        "other currency": lambda: tt.client.set_price(SHOP, tt.product, sku, Money.parse("5.00", "GBP")),
    }
    with pytest.raises((Invalid, Gone)) as refused:
        await calls[field]()
    assert refused.value.code.isdigit()
    if field == "locked price":
        assert refused.value.code in codes.PROMOTION


async def test_each_attempt_has_a_new_time_and_signature(tt: Tt) -> None:
    seen: list[httpx.QueryParams] = []

    async def note(request: httpx.Request) -> None:
        seen.append(request.url.params)
        tt.clock.at += timedelta(seconds=7)

    tt.http.event_hooks["request"].append(note)
    tt.fake.faults.add(Fault("warehouses*", FaultKind.SERVER_ERROR, times=2))
    await tt.client.warehouses(SHOP)
    assert len(seen) == 3
    assert len({params["timestamp"] for params in seen}) == len({params["sign"] for params in seen}) == 3


async def test_neither_errors_nor_logs_tell_a_secret(tt: Tt, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = await tt.client.exchange(tt.fake.code_for(SHOP))
    told = ""
    for work in (tt.client.refresh(token), tt.client.refresh(token), tt.client.order(SHOP, OrderId("404"))):
        try:
            await work
        except ApiError as error:
            told += f"{error} {error!r}"
    told += "\n".join(record.getMessage() for record in caplog.records)
    for secret in (tt.fake.app_secret, token.access, token.refresh, tt.tokens[SHOP]):
        assert secret not in told


async def test_a_refusal_for_speed_halves_the_pace_and_success_wins_it_back() -> None:
    now, waited = [0.0], list[float]()

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    pace = Pace(8.0, most=10.0, clock=lambda: now[0], wait=wait)
    for _ in range(4):
        await pace.turn("a")
    assert waited == [], "a burst is free"
    await pace.turn("a")
    assert waited == [0.125]
    pace.refused("a")
    assert (pace.rate("a"), pace.rate("b")) == (4.0, 8.0), "a lane's own affair"
    for _ in range(1000):
        pace.went_well("a")
    assert pace.rate("a") == 10.0
    for _ in range(20):
        pace.refused("a")
    assert pace.rate("a") == 0.2, "never quite still"
