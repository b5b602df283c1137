"""The fake TikTok Shop's gateway: signatures, tokens, and every refusal before an endpoint is reached."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.rehearsal.tiktok_wire import hook_signature, money, page_token, read_page_token, sign, spread
from tests.rehearsal.tiktok_bench import OTHER, SHOP, Bench, bench

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
SIGNING = json.loads((VECTORS / "tiktok_signing.json").read_text())
HOOKS = json.loads((VECTORS / "tiktok_webhooks.json").read_text())
SHOPS, SEARCH = "/authorization/202309/shops", "/product/202502/products/search"
DETAIL = "/order/202507/orders"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


@pytest.mark.parametrize("vector", SIGNING, ids=[v["name"] for v in SIGNING])
def test_signing_vectors(vector):
    body = None if vector["body"] is None else vector["body"].encode()
    made = sign(vector["app_secret"], vector["path"], vector["query"], vector["content_type"], body)
    assert made == vector["sign"]


@pytest.mark.parametrize("vector", HOOKS, ids=[v["name"] for v in HOOKS])
def test_webhook_vectors(vector):
    made = hook_signature(vector["app_key"], vector["app_secret"], vector["raw_body"].encode())
    assert (made == vector["authorization"]) is vector["valid"]


def test_parts_of_a_total_add_up():
    parts = spread(Decimal("10.00"), [Decimal(1)] * 3, "USD")
    assert sum(parts) == Decimal("10.00")
    assert sorted(parts) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]
    assert spread(Decimal(100), [Decimal(1), Decimal(2)], "VND") == [Decimal(33), Decimal(67)]
    assert (money("5", "USD"), money("553169", "VND")) == ("5.00", "553169")


@pytest.mark.parametrize("offset", [0, 20, 100, 9900, 123456])
def test_page_tokens_hold_the_signs_that_break_careless_clients(offset):
    token = page_token(offset, [{"status": "ALL"}])
    assert {"+", "/", "="} <= set(token)
    assert read_page_token(token, [{"status": "ALL"}]) == offset
    assert read_page_token(token, [{"status": "DRAFT"}]) is None
    assert read_page_token("nonsense", []) is None


# refusals, one by one


async def test_good_call_and_its_envelope(tt):
    answer = await tt.call("GET", SHOPS, cipher=None)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"code", "message", "request_id", "data"}
    assert body["data"]["shops"] == [
        {
            "id": SHOP,
            "name": "Harbour Tees US",
            "region": "US",
            "seller_type": "LOCAL",
            "cipher": tt.fake.world.shops[SHOP].cipher,
            "code": "USLC000001",
        }
    ]
    assert [(c.operation, c.status, c.code, c.at) for c in tt.fake.calls] == [("shops.authorized", 200, 0, tt.clock())]


@pytest.mark.parametrize(
    "method, path, code, status",
    [
        ("GET", "/authorization/202309/shop", 36009009, 404),
        ("GET", "/", 36009009, 404),
        ("DELETE", SHOPS, 36009010, 405),
        ("GET", SEARCH, 36009010, 405),
        ("POST", "/product/202212/products/search", 36009014, 404),
    ],
)
async def test_unknown_path_method_version(tt, method, path, code, status):
    answer = await tt.call(method, path)
    assert (answer.json()["code"], answer.status_code) == (code, status)


async def test_retired_version(tt):
    tt.fake.gate.retired.add("/order/202309/orders")
    assert await tt.code("GET", "/order/202309/orders", query={"ids": "1"}) == 36009014
    assert await tt.code("GET", DETAIL, query={"ids": "1"}) == 0


async def test_app_key(tt):
    answer = (await tt.call("GET", SHOPS, cipher=None, wrong={"app_key": "other"})).json()
    assert answer["code"] == 36009004
    assert "app_key" in answer["message"]


@pytest.mark.parametrize("ahead, code", [(-300, 0), (-301, 36009004), (30, 0), (31, 36009004)])
async def test_timestamp_window(tt, ahead, code):
    answer = (await tt.call("GET", SHOPS, cipher=None, ahead=ahead)).json()
    assert answer["code"] == code
    assert code == 0 or "timestamp" in answer["message"]


async def test_timestamp_missing(tt):
    answer = (await tt.call("GET", SHOPS, cipher=None, leave=("timestamp",))).json()
    assert (answer["code"], "timestamp" in answer["message"]) == (36009004, True)


async def test_signature_is_over_the_exact_bytes(tt):
    good = b'{ "status":  "ALL" }'
    assert await tt.code("POST", SEARCH, raw=good, query={"page_size": "10"}) == 0
    for spoil in ({"sign": "0" * 64}, {"page_size": "11"}):
        answer = await tt.call("POST", SEARCH, raw=good, query={"page_size": "10"}, wrong=spoil)
        assert (answer.json()["code"], answer.status_code) == (106001, 401)
    assert await tt.code("POST", SEARCH, raw=good, query={"page_size": "10"}, leave=("sign",)) == 106001


async def test_changed_body_breaks_the_signature(tt):
    path, query = SEARCH, {"app_key": tt.fake.app_key, "timestamp": str(int(tt.clock().timestamp())), "page_size": "5"}
    query["shop_cipher"] = tt.fake.world.shops[SHOP].cipher
    query["sign"] = sign(tt.fake.app_secret, path, query, "application/json", b'{"status": "ALL"}')
    headers = {"x-tts-access-token": tt.token, "content-type": "application/json"}
    answer = await tt.http.post(path, params=query, content=b'{"status":"ALL"}', headers=headers)
    assert answer.json()["code"] == 106001


async def test_repeated_query_keys_count_once(tt):
    """`ids=1&ids=2` is no list: the first one is signed and read; who signs both is refused."""
    order = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    query = {"app_key": tt.fake.app_key, "timestamp": str(int(tt.clock().timestamp()))}
    query["shop_cipher"] = tt.fake.world.shops[SHOP].cipher
    signed = sign(tt.fake.app_secret, DETAIL, query | {"ids": order + "9"}, "application/json", b"")
    pairs = [*query.items(), ("ids", order), ("ids", "9"), ("sign", signed)]
    answer = await tt.http.get(DETAIL, params=pairs, headers={"x-tts-access-token": tt.token})
    assert answer.json()["code"] == 106001


async def test_order_of_the_checks(tt):
    """App key before clock before signature before token before scope before cipher."""
    everything = {"app_key": "x", "sign": "x"}
    answer = (await tt.call("POST", SEARCH, ahead=99, token="x", cipher=None, wrong=everything)).json()
    assert "app_key" in answer["message"]
    answer = (await tt.call("POST", SEARCH, ahead=99, token="x", cipher=None, wrong={"sign": "x"})).json()
    assert "timestamp" in answer["message"]
    assert await tt.code("POST", SEARCH, token="x", cipher=None, wrong={"sign": "x"}) == 106001
    assert "access_token" in (await tt.call("POST", SEARCH, token="x", cipher=None)).json()["message"]
    assert await tt.code("POST", SEARCH, cipher=None) == 106013
    assert await tt.code("POST", SEARCH, {}) == 12019109


@pytest.mark.parametrize("token", [None, "", "garbage"])
async def test_token_missing_or_unknown(tt, token):
    answer = await tt.call("GET", SHOPS, cipher=None, token=token)
    assert (answer.json()["code"], answer.status_code) == (36009004, 401)
    assert "access_token" in answer.json()["message"]


async def test_token_lives_seven_days(tt):
    tt.clock.forward(days=6, hours=23)
    assert await tt.code("GET", SHOPS, cipher=None) == 0
    tt.clock.forward(hours=2)
    assert await tt.code("GET", SHOPS, cipher=None) == 105002


async def test_expire_token(tt):
    tt.fake.expire_token(SHOP)
    assert await tt.code("GET", SHOPS, cipher=None) == 105002


async def test_scope_missing(tt):
    tt.fake.granted_scopes = ("seller.authorization.info",)
    tt.token = tt.fake.connect(SHOP)["access_token"]
    assert await tt.code("GET", SHOPS, cipher=None) == 0
    answer = await tt.call("POST", SEARCH, {}, query={"page_size": "10"})
    assert answer.json()["code"] == 105005
    assert "seller.product.basic" in answer.json()["message"]


@pytest.mark.parametrize("path", [SHOPS, "/seller/202309/shops", "/seller/202309/permissions"])
async def test_cipher_must_not_be_there(tt, path):
    answer = (await tt.call("GET", path)).json()
    assert answer["code"] == 36009004
    assert "Unexpected identifier" in answer["message"]
    assert await tt.code("GET", path, cipher=None) == 0


async def test_cipher_missing_wrong_or_of_another_seller(tt):
    assert await tt.code("GET", "/logistics/202309/warehouses", cipher=None) == 106013
    assert await tt.code("GET", "/logistics/202309/warehouses", cipher="") == 106013
    assert await tt.code("GET", "/logistics/202309/warehouses", cipher="nobody's") == 36009004
    answer = (await tt.call("GET", "/logistics/202309/warehouses", cipher=tt.fake.world.shops[OTHER].cipher)).json()
    assert (answer["code"], "access_token" in answer["message"]) == (36009004, True)


@pytest.mark.parametrize("raw", [b"[]", b"{", b"\xff", b'"text"'])
async def test_body_must_be_an_object(tt, raw):
    assert await tt.code("POST", SEARCH, raw=raw, query={"page_size": "10"}) == 36009023


async def test_body_must_be_json_by_its_header(tt):
    assert await tt.code("POST", SEARCH, raw=b"{}", media="text/plain", query={"page_size": "10"}) == 36009023


@pytest.mark.parametrize("body, at", [({"update_time_ge": "1"}, "update_time_ge"), ({"sku_ids": "1"}, "sku_ids")])
async def test_wrong_types_name_the_parameter(tt, body, at):
    answer = (await tt.call("POST", SEARCH, body, query={"page_size": "10"})).json()
    assert answer["code"] == 36009004
    assert f"body.{at}" in answer["message"]


async def test_inactive_seller(tt):
    tt.fake.world.shops[SHOP].active = False
    assert await tt.code("GET", "/logistics/202309/warehouses") == 12052700


async def test_rate_limit_per_shop_and_endpoint(tt):
    tt.fake.limit("products.*", 2)
    answers = [await tt.call("POST", SEARCH, {}, query={"page_size": "1"}) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == 36009002
    assert answers[2].headers["retry-after"] == "1"
    assert await tt.code("GET", "/logistics/202309/warehouses") == 0
    assert await tt.code("GET", f"/product/202309/products/{tt.product}") == 0  # another endpoint, another count
    tt.clock.forward(seconds=1)
    assert await tt.code("POST", SEARCH, {}, query={"page_size": "1"}) == 0


async def test_rate_limit_told_two_ways_and_only_for_a_while(tt):
    tt.fake.limit("warehouses.list", 1, answer="mixed", seconds=60)
    seen = []
    for _ in range(3):
        answer = await tt.call("GET", "/logistics/202309/warehouses")
        seen.append((answer.status_code, answer.json()["code"], "retry-after" in answer.headers))
    assert seen == [(200, 0, False), (429, 36009002, True), (200, 36009002, False)]
    tt.clock.forward(seconds=61)
    assert [await tt.code("GET", "/logistics/202309/warehouses") for _ in range(3)] == [0, 0, 0]


async def test_calls_keep_no_secret(tt):
    await tt.call("GET", SHOPS, cipher=None)
    await tt.http.get("/api/v2/token/get", params={"app_secret": "s3cret", "auth_code": "c0de"})
    assert "s3cret" not in repr(tt.fake.calls)
    assert "c0de" not in repr(tt.fake.calls)
    assert all("sign" not in call.query for call in tt.fake.calls)
    assert tt.fake.app_secret not in repr(tt.fake)


# consent and tokens


def _token(tt: Bench, kind: str, **query: str) -> dict[str, str]:
    grant = "authorized_code" if kind == "get" else "refresh_token"
    return {"app_key": tt.fake.app_key, "app_secret": tt.fake.app_secret, "grant_type": grant} | query


async def test_consent_page_allows_and_denies(tt):
    tt.fake.redirect_url = "https://bot.example/oauth/tiktok/callback"
    asked = await tt.http.get("/open/authorize", params={"service_id": tt.fake.service_id, "state": "a b&c"})
    assert asked.status_code == 200
    assert "Harbour Tees US (US)" in asked.text
    query = {"service_id": tt.fake.service_id, "state": "a b&c", "seller": f"seller-{SHOP}"}
    allowed = await tt.http.get("/open/authorize/allow", params=query)
    assert allowed.status_code == 302
    back = allowed.next_request.url
    assert (back.host, back.path, back.params["state"]) == ("bot.example", "/oauth/tiktok/callback", "a b&c")
    denied = await tt.http.get("/open/authorize/deny", params=query)
    assert dict(denied.next_request.url.params) == {"code": "null", "error": "auth_denied", "state": "a b&c"}
    assert (await tt.http.get("/open/authorize", params={"service_id": "other"})).status_code == 400


async def test_app_store_install_has_no_state(tt):
    tt.fake.redirect_url = "https://bot.example/back"
    tt.fake.consent.mode = "allow"
    back = (await tt.http.get("/open/authorize", params={"service_id": tt.fake.service_id})).next_request.url
    assert "state" not in back.params
    tt.fake.consent.mode = "deny"
    back = (await tt.http.get("/open/authorize", params={"service_id": tt.fake.service_id})).next_request.url
    assert back.params["error"] == "auth_denied"


async def test_code_is_single_use_and_lives_thirty_minutes(tt):
    code = tt.fake.code_for(OTHER)
    first = (await tt.http.get("/api/v2/token/get", params=_token(tt, "get", auth_code=code))).json()
    assert first["code"] == 0
    again = (await tt.http.get("/api/v2/token/get", params=_token(tt, "get", auth_code=code))).json()
    assert (again["code"], again["data"]) == (36004004, None)
    late = tt.fake.code_for(OTHER)
    tt.clock.forward(minutes=30)
    assert (await tt.http.get("/api/v2/token/get", params=_token(tt, "get", auth_code=late))).json()["code"] == 36004004


async def test_token_answer_has_absolute_times(tt):
    query = _token(tt, "get", auth_code=tt.fake.code_for(OTHER))
    told = (await tt.http.get("/api/v2/token/get", params=query)).json()["data"]
    assert told["access_token_expire_in"] == int(tt.clock().timestamp()) + 7 * 86_400
    assert told["refresh_token_expire_in"] == int(tt.clock().timestamp()) + 365 * 86_400
    assert (told["seller_base_region"], told["user_type"], told["seller_name"]) == ("GB", 0, "Harbour Tees UK")
    assert "seller.order.info" in told["granted_scopes"]


async def test_refresh_gives_two_new_tokens_and_kills_the_old_refresh_token(tt):
    first = tt.fake.connect(SHOP)
    query = _token(tt, "refresh", refresh_token=first["refresh_token"])
    second = (await tt.http.get("/api/v2/token/refresh", params=query)).json()["data"]
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert (await tt.http.get("/api/v2/token/refresh", params=query)).json()["code"] == 36004004
    assert await tt.code("GET", SHOPS, cipher=None, token=second["access_token"]) == 0
    third = _token(tt, "refresh", refresh_token=second["refresh_token"])
    assert (await tt.http.get("/api/v2/token/refresh", params=third)).json()["code"] == 0


@pytest.mark.parametrize("spoil", [{"app_secret": "x"}, {"app_key": "x"}, {"grant_type": "authorization_code"}])
async def test_token_get_refuses_another_app(tt, spoil):
    query = _token(tt, "get", auth_code=tt.fake.code_for(SHOP)) | spoil
    assert (await tt.http.get("/api/v2/token/get", params=query)).json()["code"] == 36009004


async def test_deauthorised_seller(tt):
    refresh = tt.fake.tokens.grants[f"seller-{SHOP}"].refresh
    tt.fake.deauthorise(SHOP)
    assert await tt.code("GET", SHOPS, cipher=None) == 101000
    query = _token(tt, "refresh", refresh_token=refresh)
    assert (await tt.http.get("/api/v2/token/refresh", params=query)).json()["code"] == 36004004
    tt.token = tt.fake.connect(SHOP)["access_token"]
    assert await tt.code("GET", SHOPS, cipher=None) == 0


async def test_one_token_covers_the_shops_of_one_seller(tt):
    tt.fake.add_shop("7495001000000000003", "Second", seller=f"seller-{SHOP}")
    told = await tt.ok("GET", SHOPS, cipher=None)
    assert [shop["name"] for shop in told["shops"]] == ["Harbour Tees US", "Second"]
    cipher = tt.fake.world.shops["7495001000000000003"].cipher
    assert await tt.code("GET", "/logistics/202309/warehouses", cipher=cipher) == 0
