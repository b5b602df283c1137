"""One TikTok call: what each answer means, when it goes again, how its pace is kept, which secrets stay inside."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.clients.errors import (
    ApiError,
    Gone,
    Invalid,
    NotAuthorised,
    RateLimited,
    Refused,
    Unclear,
    Unreachable,
)
from bot.clients.http import READ_ATTEMPTS, Pace, retry_after
from bot.clients.tiktok import codes
from bot.clients.tiktok.api import Access, TikTok
from bot.domain.catalogue import Stocked
from bot.domain.connections import Token, TokenKind
from bot.domain.values import ListingId, Money, ShopId
from tests.clients.bench import OTHER, SHOP, START, W1, Clock, Tt, Waits, quick_pace, tiktok_bench
from tests.clients.scripted import Reply, Scripted, scripted_server

PAIR = Token(TokenKind.TIKTOK, "TTP_access", None, "TTP_refresh")
OK = Reply({"code": 0, "message": "Success", "request_id": "R0", "data": {"warehouses": []}})


def told(code: Any, message: str = "", status: int = 200, retry: str = "", data: Any = None) -> Reply:
    headers = {"Retry-After": retry} if retry else {}
    return Reply({"code": code, "message": message, "request_id": "R1", "data": data}, status, headers)


@pytest.fixture
async def tt() -> AsyncIterator[Tt]:
    async with tiktok_bench() as made:
        yield made


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted_server() as made:
        yield made


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def client(server: Scripted, waits: Waits) -> AsyncIterator[TikTok]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        yield client_of(http, server.url, waits)


def client_of(http: httpx.AsyncClient, url: str, waits: Waits, **more: Any) -> TikTok:
    async def access(_shop: ShopId, refused: str) -> Access:
        return Access("TTP_new" if refused else "TTP_old", "cipher-1")

    given = {"app_key": "key", "app_secret": "s3cret", "base_url": url, "auth_url": url, "access": access}
    return TikTok(http, **given | {"now": Clock(), "pace": quick_pace(waits)} | more)


async def write(client: TikTok) -> None:
    await client.set_price(SHOP, "1", ListingId("2"), Money.parse("1.00", "USD"))


# --- codes -----------------------------------------------------------------------------------------------------------

CODES = [  # code, message, error of a read, of a write
    (105002, "Expired credentials", NotAuthorised, NotAuthorised),
    (101000, "invalid", NotAuthorised, NotAuthorised),
    (105005, "scope", NotAuthorised, NotAuthorised),
    (36004004, "invalid", NotAuthorised, NotAuthorised),
    (12019114, "inactive", NotAuthorised, NotAuthorised),
    (12009014, "no permission", NotAuthorised, NotAuthorised),
    (12052700, "inactive", NotAuthorised, NotAuthorised),
    (106001, "Invalid sign", Invalid, Invalid),
    (106013, "cipher missing", Invalid, Invalid),
    (36009002, "too fast", RateLimited, RateLimited),
    (36009003, "Internal", Unreachable, Unclear),
    (36009007, "Internal", Unreachable, Unclear),
    (12001000, "Internal", Unreachable, Unclear),
    (11001031, "System process error", Unreachable, Unclear),
    (21001008, "Internal", Unreachable, Unclear),
    (10037004, "Internal", Unreachable, Unclear),
    (36009033, "IP", Refused, Refused),
    (36009009, "path", Invalid, Invalid),
    (36009014, "version retired", Invalid, Invalid),
    (21008111, "not this seller's", Gone, Gone),
    (12052048, "not listed in your shop", Gone, Gone),
    (12052012, "Incorrect price format", Invalid, Invalid),
    (99999999, "never seen before", Invalid, Invalid),
    (36009004, "Invalid access_token in header", NotAuthorised, NotAuthorised),
    (36009004, "Invalid timestamp", Invalid, Invalid),
    (36009004, "Unexpected identifier: shop_cipher", Invalid, Invalid),
    (36009004, "param body.status is invalid", Invalid, Invalid),
]


@pytest.mark.parametrize(("code", "message", "read", "wrote"), CODES, ids=[f"{c[0]} {c[1][:20]}" for c in CODES])
def test_each_code_means_one_error(code: int, message: str, read: type[ApiError], wrote: type[ApiError]) -> None:
    assert type(codes.error_of(code, message, "R", repeatable=True)) is read
    assert type(codes.error_of(code, message, "R", repeatable=False)) is wrote


@pytest.mark.parametrize(
    ("code", "message", "cured"),
    [
        (105002, "", True),
        (101000, "", True),
        (36004004, "", True),
        (36009004, "Invalid access_token", True),
        (105005, "", False),
        (12052700, "", False),
        (36009004, "Invalid timestamp", False),
    ],
)
def test_only_a_refused_token_is_worth_a_new_one(code: int, message: str, cured: bool) -> None:
    assert codes.wants_new_token(codes.error_of(code, message, "R", repeatable=True)) is cured


@pytest.mark.req("N16")
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "error", "sent"),
    [
        (105005, NotAuthorised, 1),
        (21008111, Gone, 1),
        (12052012, Invalid, 1),
        (36009033, Refused, 1),
        (36009002, RateLimited, READ_ATTEMPTS),
        (12001000, Unreachable, READ_ATTEMPTS),
    ],
)
async def test_a_read_tells_the_code_and_request_and_repeats_only_what_may_pass(
    server: Scripted, client: TikTok, status: int, code: int, error: type[ApiError], sent: int
) -> None:
    server.will(told(code, "refused so", status))
    with pytest.raises(error) as refused:
        await client.warehouses(SHOP)
    assert (type(refused.value), refused.value.code, refused.value.request_id) == (error, str(code), "R1")
    assert str(refused.value) == f"refused so (TikTok, {code}, request R1)"
    assert len(server.asked) == sent


@pytest.mark.req("N16")
@pytest.mark.parametrize("code", [105005, 21008111, 12052012, 36009002, 12001000])
async def test_a_refused_write_is_sent_once(server: Scripted, client: TikTok, code: int) -> None:
    server.will(told(code, "no"))
    with pytest.raises(ApiError):
        await write(client)
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [{"code": "0"}, {"code": 0, "data": None}, {"code": 0, "data": []}, {"code": 0.0}])
async def test_an_answer_without_data_is_an_empty_one(server: Scripted, client: TikTok, body: dict[str, Any]) -> None:
    server.will(Reply(body))
    assert await client.warehouses(SHOP) == []


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b'{"code":0,"data":{"', b'{"message":"hm"}'])
@pytest.mark.parametrize("status", [200, 404])
async def test_an_unreadable_answer_may_hide_a_done_write(
    server: Scripted, client: TikTok, body: bytes, status: int
) -> None:
    server.will(Reply(body, status, {"x-tt-logid": "L7"}))
    with pytest.raises(Unclear) as wrote:
        await write(client)
    assert wrote.value.request_id == "L7"
    with pytest.raises(Unreachable):
        await client.warehouses(SHOP)
    assert len(server.asked) == 1 + READ_ATTEMPTS


@pytest.mark.parametrize("code", [0, 12052012])
async def test_success_is_told_by_the_code_and_a_broken_server_by_its_status(
    server: Scripted, client: TikTok, code: int
) -> None:
    server.will(told(code, "hm", 500))
    if code == 0:
        await write(client)
    else:
        with pytest.raises(Unclear):
            await write(client)


# --- waiting ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("S28", "N16")
@pytest.mark.parametrize(
    ("first", "least"),
    [
        (told(36009002, "slow", 429, "3"), 3.0),
        (Reply(b"", 429, {"Retry-After": "3"}), 3.0),
        (told(36009002, "slow", 200, "3"), 3.0),
        (told(36009002, "slow", 429), 0.5),
        (told(36009002, "slow"), 0.5),
        (Reply(b"", 429, {"Retry-After": "soon"}), 0.5),
        (Reply(b"busy", 503, {"Retry-After": "4"}), 4.0),
        (Reply(b"busy", 502), 0.5),
    ],
)
async def test_a_read_waits_as_long_as_it_is_asked_to_and_a_little_by_itself(
    server: Scripted, client: TikTok, waits: Waits, first: Reply, least: float
) -> None:
    server.will(first, OK)
    assert await client.warehouses(SHOP) == []
    assert len(server.asked) == 2
    assert least <= sum(waits.waited) <= least * 1.2


@pytest.mark.req("S28")
@pytest.mark.parametrize("call", ["read", "write"])
@pytest.mark.parametrize("reply", [told(36009002, "slow", 429, "60"), told(36009002, "slow", 200, "60")])
async def test_a_long_pause_is_handed_to_the_caller(
    server: Scripted, client: TikTok, waits: Waits, call: str, reply: Reply
) -> None:
    server.will(reply)
    with pytest.raises(RateLimited) as refused:
        await (client.warehouses(SHOP) if call == "read" else write(client))
    assert refused.value.after == timedelta(minutes=1)
    assert (len(server.asked), waits.waited) == (1, [])


DATED = {"Date": "Wed, 25 Nov 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2.0"}, 2),
        ({"Retry-After": "-5"}, 0),
        (DATED | {"Retry-After": "Wed, 25 Nov 2026 09:02:00 GMT"}, 120),
        (DATED | {"Retry-After": "Wed, 25 Nov 2026 08:00:00 GMT"}, 0),
        ({"Retry-After": "Wed, 25 Nov 2026 09:02:00 GMT"}, None),
        (DATED | {"Retry-After": "tomorrow"}, None),
        ({"Retry-After": "1e999"}, None),
        ({}, None),
    ],
)
def test_a_pause_is_told_in_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    found = retry_after(httpx.Response(429, headers=headers))
    assert (None if found is None else found.total_seconds()) == seconds


async def test_pauses_between_tries_grow(server: Scripted, client: TikTok, waits: Waits) -> None:
    server.will(Reply(b"busy", 503))
    with pytest.raises(Unreachable):
        await client.warehouses(SHOP)
    assert [0.5 * 2**n <= pause <= 0.6 * 2**n for n, pause in enumerate(waits.waited)] == [True] * (READ_ATTEMPTS - 1)


@pytest.mark.req("S28")
@pytest.mark.parametrize("answer", ["http", "code", "mixed"])
async def test_the_pace_settles_below_tiktok_s_limit_and_other_shops_keep_theirs(tt: Tt, answer: str) -> None:
    tt.fake.limit("warehouses.list", 2.0, shop_id=SHOP, answer=answer)

    def clock() -> float:
        return tt.clock.at.timestamp()

    tt.waits.each = lambda seconds: move(tt.clock, seconds)
    pace = Pace(8.0, clock=clock, wait=tt.waits)
    client = TikTok(
        tt.http, app_key=tt.fake.app_key, app_secret=tt.fake.app_secret, base_url=tt.url, auth_url=tt.url,
        access=lambda shop, refused: own(tt, shop), now=tt.clock, pace=pace,
    )  # fmt: skip
    for _ in range(60):
        assert await client.warehouses(SHOP)
    assert tt.count("warehouses.list") < 60 + 15, "few calls were refused"
    assert pace.rate(f"{SHOP}:warehouses") < 4.5
    assert (pace.rate(f"{OTHER}:warehouses"), pace.rate(f"{SHOP}:orders.detail")) == (8.0, 8.0)


def move(clock: Clock, seconds: float) -> None:
    clock.at += timedelta(seconds=seconds)


async def own(tt: Tt, shop: ShopId) -> Access:
    return Access(tt.tokens[shop], tt.fake.world.shops[shop].cipher)


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["expired", "unknown"])
async def test_a_write_refused_for_its_token_goes_again_and_takes_effect_once(tt: Tt, how: str) -> None:
    if how == "expired":
        tt.fake.expire_token(SHOP)
    else:
        tt.tokens[SHOP] = "TTP_unknown"
    await tt.client.set_stock(SHOP, tt.product, ListingId(tt.sku), [Stocked(W1, 3)])
    assert [call.code for call in tt.fake.calls if call.operation == "inventory.update"][1:] == [0]
    assert (tt.renewed, tt.fake.stock(tt.sku)) == ([SHOP], 3)


async def test_the_second_try_carries_the_new_token(server: Scripted, client: TikTok) -> None:
    server.will(told(105002, "expired", 401), told(105002, "expired", 401))
    with pytest.raises(NotAuthorised):
        await write(client)
    assert [one.headers["x-tts-access-token"] for one in server.asked] == ["TTP_old", "TTP_new"]


async def test_a_missing_scope_and_a_seller_who_left_are_for_a_person(tt: Tt) -> None:
    tt.fake.granted_scopes = ("seller.order.info",)
    tt.tokens[SHOP] = tt.fake.connect(SHOP)["access_token"]
    with pytest.raises(NotAuthorised) as refused:
        await tt.client.warehouses(SHOP)
    assert (refused.value.code, tt.renewed) == ("105005", [])
    tt.fake.deauthorise(OTHER)
    tt.tokens[OTHER] = "TTP_dead"
    client = TikTok(
        tt.http, app_key=tt.fake.app_key, app_secret=tt.fake.app_secret, base_url=tt.url, auth_url=tt.url,
        access=lambda shop, refused: own(tt, shop), now=tt.clock, pace=quick_pace(tt.waits),
    )  # fmt: skip
    with pytest.raises(NotAuthorised):
        await client.warehouses(OTHER)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (told(36004004, "invalid auth code"), NotAuthorised, "36004004"),
        (told(36009004, "app_key or app_secret is invalid"), NotAuthorised, "36009004"),
        (told(12345, "something new"), NotAuthorised, "12345"),
        (told(36009003, "Internal", 500), Unclear, "500"),
        (told(36009002, "slow", 429, "2"), RateLimited, "429"),
        (Reply(b"<html>", 200), Unclear, "200"),
        (told(0, "ok", data={"open_id": "x"}), Unclear, ""),
    ],
)
async def test_a_token_is_asked_for_once_because_a_code_works_once(
    server: Scripted, client: TikTok, reply: Reply, error: type[ApiError], code: str
) -> None:
    for call in (client.exchange("TTP_code"), client.refresh(PAIR)):
        server.will(reply)
        with pytest.raises(error) as refused:
            await call
        assert refused.value.code == code
    assert [one.path for one in server.asked] == ["/api/v2/token/get", "/api/v2/token/refresh"]


async def test_a_token_s_ends_are_moments_and_its_scopes_are_kept(tt: Tt) -> None:
    token = await tt.client.exchange(tt.fake.code_for(SHOP))
    assert (token.kind, token.expires_at) == (TokenKind.TIKTOK, START + timedelta(days=7))
    assert token.refresh_expires_at == START + timedelta(days=365)
    assert {"seller.product.basic", "seller.order.info"} <= set(token.scopes)
    assert token.owner == tt.fake.world.shops[SHOP].seller
    assert token.expires_at.tzinfo is UTC


# --- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["../orders", "1/2", "", "1?x=1", "a b", "1\n"])
async def test_what_is_no_id_never_becomes_part_of_a_path(server: Scripted, client: TikTok, odd: str) -> None:
    with pytest.raises(Invalid) as refused:
        await client.product(SHOP, odd)
    assert (refused.value.field, server.asked) == ("product_id", [])


async def test_a_newer_version_can_be_set_per_endpoint(server: Scripted, waits: Waits) -> None:
    server.will(OK)
    async with httpx.AsyncClient(trust_env=False) as http:
        client = client_of(http, server.url, waits, versions={"warehouses": "202701"})
        await client.warehouses(SHOP)
        await client.webhooks(SHOP)
    assert [one.path for one in server.asked] == ["/logistics/202701/warehouses", "/event/202309/webhooks"]


async def test_a_call_is_json_with_key_time_cipher_and_token(server: Scripted, client: TikTok) -> None:
    server.will(OK)
    await write(client)
    await client.shops("TTP_seller")
    price, shops = server.asked
    assert set(price.query) == {"app_key", "timestamp", "shop_cipher", "sign"}
    assert price.query["timestamp"] == str(int(datetime.timestamp(START)))
    assert price.headers["content-type"] == "application/json"
    assert json.loads(price.body) == {"skus": [{"id": "2", "price": {"amount": "1.00", "currency": "USD"}}]}
    assert "shop_cipher" not in shops.query, "a call that is about no shop names none"
    assert shops.headers["x-tts-access-token"] == "TTP_seller"


@pytest.mark.parametrize(("secret", "late", "code"), [("wrong", 0, "106001"), ("", 3600, "36009004")])
async def test_a_wrong_secret_or_clock_is_told_at_once(tt: Tt, secret: str, late: int, code: str) -> None:
    moment = START - timedelta(seconds=late)
    client = TikTok(
        tt.http, app_key=tt.fake.app_key, app_secret=secret or tt.fake.app_secret, base_url=tt.url, auth_url=tt.url,
        access=lambda shop, refused: own(tt, shop), now=lambda: moment, pace=quick_pace(tt.waits),
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await client.warehouses(SHOP)
    assert (refused.value.code, tt.count("warehouses.list")) == (code, 1)


# --- pages -----------------------------------------------------------------------------------------------------------


def page(token: str, count: int = 1) -> Reply:
    products = [{"id": "1", "title": "T", "skus": [{"id": "2"}]}]
    return told(0, data={"total_count": count, "next_page_token": token, "products": products})


async def test_pages_are_asked_for_only_as_they_are_wanted(server: Scripted, client: TikTok) -> None:
    server.will(page("a"), page("b"), page(""))
    async for _ in client.listings(SHOP):
        break
    assert len(server.asked) == 1


async def test_each_page_names_the_token_of_the_one_before(server: Scripted, client: TikTok) -> None:
    server.will(page("a"), page("b"), page(""))
    assert len([one async for one in client.listings(SHOP)]) == 3
    assert [one.query.get("page_token") for one in server.asked] == [None, "a", "b"]


async def test_a_page_token_that_comes_back_again_ends_the_pages(server: Scripted, client: TikTok) -> None:
    server.will(page("a"))
    assert len([one async for one in client.listings(SHOP)]) == 2


async def test_a_page_that_fails_is_asked_for_again_and_none_is_lost(server: Scripted, client: TikTok) -> None:
    server.will(page("a"), Reply(b"busy", 503), told(36009002, "slow"), page("b"), page(""))
    assert len([one async for one in client.listings(SHOP)]) == 3
    assert [one.query.get("page_token") for one in server.asked] == [None, "a", "a", "a", "b"]


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("N1")
async def test_what_tiktok_echoes_of_us_and_buyers_is_not_told_on(server: Scripted, client: TikTok) -> None:
    echo = (
        "bad call: access_token=TTP_old&sign=abc123 app_secret: s3cret x-tts-access-token: TTP_new "
        "shop_cipher=cipher-1 buyer jane@example.com (+1)5125550142"
    )
    server.will(told(12052012, echo))
    with pytest.raises(Invalid) as refused:
        await write(client)
    shown = f"{refused.value} {refused.value!r} {refused.value.message}"
    for secret in ("TTP_", "abc123", "s3cret", "cipher-1", "jane@", "5550142"):
        assert secret not in shown


@pytest.mark.req("N1")
async def test_no_log_line_shows_a_secret_at_any_level(
    server: Scripted, client: TikTok, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = {"access_token": "TTP_fresh", "refresh_token": "TTP_next"}
    server.will(told(0, data=tokens))
    fresh = await client.exchange("TTP_code")
    await client.refresh(fresh)
    server.will(OK)
    await client.warehouses(SHOP)
    lines = "\n".join(record.getMessage() for record in caplog.records)
    assert "/api/v2/token/get" in lines, "the calls themselves are logged"
    sign = server.asked[-1].query["sign"]
    for secret in ("TTP_", "s3cret", "cipher-1", sign):
        assert secret not in lines
    assert "TTP_" not in f"{fresh!r} {Access('TTP_x', 'cipher-1')!r}"
