"""The fake Shopify over real HTTP: tokens, consent, statuses, versions, cost, faults."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.serving import serve
from bot.rehearsal.shopify import FakeShopify
from tests.rehearsal.shopify_desk import CREATE, SHOP, Clock, Desk, order_input

AWAY = "elsewhere.myshopify.com"
NAME = "{ shop { name currencyCode myshopifyDomain taxesIncluded } }"
ID, SECRET = "app-1", "shpss_rehearsed"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    fake = FakeShopify(client_id=ID, client_secret=SECRET, now=clock)
    fake.add_store(SHOP, "Apron House")
    fake.add_store(AWAY, "Elsewhere", currency="GBP", taxes_included=True, in_organisation=False)
    fake.add_product(SHOP, "Apron", [{"sku": "A", "price": "24.00", "stock": 5}])
    served = await serve(fake.app)
    yield Desk(fake, clock, url=served.url)
    await served.close()


async def grant(desk: Desk, shop: str = SHOP, **given: str) -> tuple[int, dict]:
    given = {"client_id": ID, "client_secret": SECRET, **given}
    async with desk.client() as client:
        response = await client.post(f"/{shop}/admin/oauth/access_token", data=given)
    return response.status_code, response.json()


async def test_s32_client_credentials_last_a_day(desk: Desk) -> None:
    status, answer = await grant(desk, grant_type="client_credentials")
    assert (status, answer["expires_in"]) == (200, 86399)
    assert "refresh_token" not in answer
    assert "write_orders" in answer["scope"].split(",")
    desk.token = answer["access_token"]
    assert (await desk.ask(NAME))["shop"]["currencyCode"] == "USD"
    desk.clock.advance(86400)
    assert (await desk.post(NAME)).status_code == 401
    async with desk.client() as client:
        body = {"grant_type": "client_credentials", "client_id": ID, "client_secret": SECRET}
        assert (await client.post(f"/{SHOP}/admin/oauth/access_token", json=body)).status_code == 200


@pytest.mark.parametrize(
    "shop, given, status, code",
    [
        (SHOP, {"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        (SHOP, {"grant_type": "client_credentials", "client_id": "other"}, 401, "invalid_client"),
        (AWAY, {"grant_type": "client_credentials"}, 400, "shop_not_permitted"),
        (SHOP, {"grant_type": "refresh_token", "refresh_token": "none"}, 400, "invalid_grant"),
        (SHOP, {"code": "none"}, 400, "invalid_request"),
        (SHOP, {}, 400, "unsupported_grant_type"),
    ],
)
async def test_grants_are_refused_with_the_real_codes(
    desk: Desk, shop: str, given: dict, status: int, code: str
) -> None:
    answered, body = await grant(desk, shop, **given)
    assert (answered, body["error"]) == (status, code)


async def test_uninstalled_app_has_no_token_and_gets_none(desk: Desk) -> None:
    desk.fake.uninstall(SHOP)
    assert (await desk.post(NAME)).status_code == 401
    assert (await grant(desk, grant_type="client_credentials"))[1]["error"] == "app_not_installed"


async def consent(desk: Desk, **more: str) -> dict[str, str]:
    asked = {"client_id": ID, "scope": "read_products,read_orders", "redirect_uri": "https://bot.example/back"}
    async with desk.client() as client:
        response = await client.get(f"/{AWAY}/admin/oauth/authorize", params={**asked, "state": "s-1", **more})
    assert response.status_code == 302
    address = urlsplit(response.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://bot.example/back"
    return dict(parse_qsl(address.query))


async def test_consent_comes_back_signed(desk: Desk) -> None:
    back = await consent(desk)
    claimed = back.pop("hmac")
    message = "&".join(f"{key}={value}" for key, value in sorted(back.items()))
    assert hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest() == claimed
    assert (back["shop"], back["state"], set(back)) == (AWAY, "s-1", {"code", "host", "shop", "state", "timestamp"})


async def test_consent_page_asks_first_when_told_to(desk: Desk) -> None:
    desk.fake.asks_consent = True
    async with desk.client() as client:
        asked = {"client_id": ID, "redirect_uri": "https://bot.example/back", "state": "<s>"}
        page = await client.get(f"/{AWAY}/admin/oauth/authorize", params=asked)
        assert page.status_code == 200
        assert "Allow" in page.text
        assert "<s>" not in page.text
        stranger = await client.get(f"/{AWAY}/admin/oauth/authorize", params={**asked, "client_id": "x"})
        assert stranger.status_code == 400
    assert (await consent(desk, allow="1"))["code"]


async def test_expiring_pair_and_its_refresh(desk: Desk) -> None:
    back = await consent(desk)
    _, pair = await grant(desk, AWAY, code=back["code"], expiring="1")
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (3600, 7776000)
    assert set(pair["scope"].split(",")) == {"read_products", "read_orders"}
    assert (await grant(desk, AWAY, code=back["code"]))[1]["error"] == "invalid_request"  # a code works once
    desk.shop, desk.token = AWAY, pair["access_token"]
    assert (await desk.ask(NAME))["shop"]["taxesIncluded"] is True
    desk.clock.advance(3601)
    assert (await desk.post(NAME)).status_code == 401
    old = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    _, lost = await grant(desk, AWAY, **old)
    status, second = await grant(desk, AWAY, **old)  # the answer was lost: the old one still works
    assert (status, second["refresh_token"] != lost["refresh_token"]) == (200, True)
    desk.token = second["access_token"]
    assert (await desk.post(NAME)).status_code == 200
    assert (await grant(desk, AWAY, **old))[1]["error"] == "invalid_grant"  # the new pair was used
    desk.clock.advance(91 * 86400)
    late = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
    assert (await grant(desk, AWAY, **late))[1]["error"] == "invalid_grant"


async def test_a_code_without_expiring_gives_a_permanent_token(desk: Desk) -> None:
    _, answer = await grant(desk, AWAY, code=(await consent(desk))["code"])
    assert set(answer) == {"access_token", "scope"}
    desk.shop, desk.token = AWAY, answer["access_token"]
    desk.clock.advance(400 * 86400)
    assert (await desk.post(NAME)).status_code == 200


async def test_tokens_are_for_one_store(desk: Desk) -> None:
    desk.shop = AWAY
    assert (await desk.post(NAME)).status_code == 401
    desk.shop = "nobody.myshopify.com"
    assert (await desk.post(NAME)).status_code == 404


@pytest.mark.parametrize("status", [402, 403, 423, 430])
async def test_a_frozen_or_locked_store_answers_so_to_everything(desk: Desk, status: int) -> None:
    desk.fake.stores[SHOP].http_status = status
    response = await desk.post(NAME)
    assert response.status_code == status
    assert isinstance(response.json()["errors"], str)


async def test_an_unknown_version_falls_forward_in_silence(desk: Desk) -> None:
    assert (await desk.post(NAME)).headers["X-Shopify-API-Version"] == "2026-10"
    async with desk.client() as client:
        for asked, shown in (("2026-07", "2026-07"), ("2025-01", "2026-01"), ("nonsense", "2026-01")):
            path = f"/{SHOP}/admin/api/{asked}/graphql.json"
            response = await client.post(path, json={"query": NAME}, headers={"X-Shopify-Access-Token": desk.token})
            assert response.headers["X-Shopify-API-Version"] == shown


WIDE = "query W($n: Int!) { products(first: $n) { nodes { id variants(first: 3) { nodes { id inventoryItem { id } } } } } }"


async def test_cost_is_reserved_refunded_and_restored(desk: Desk) -> None:
    bucket = desk.fake.stores[SHOP].bucket
    bucket.maximum = bucket.level = 300
    bucket.restore = 50
    body = await desk.raw(WIDE, n=20)  # 2 + 20 × (1 + 2 + 3 × (1 + 1))
    cost = body["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (182, 2 + 1 + 2 + 2)
    status = {"maximumAvailable": 300.0, "currentlyAvailable": 293, "restoreRate": 50.0}
    assert cost["throttleStatus"] == status
    bucket.level = 10
    refused = await desk.raw(WIDE, n=20)
    assert "data" not in refused
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert refused["extensions"]["cost"]["actualQueryCost"] is None
    desk.clock.advance((182 - 10) / 50)
    assert "data" in await desk.raw(WIDE, n=20)
    desk.clock.advance(3600)
    assert (await desk.raw(NAME))["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 299


async def test_too_dear_a_query_is_refused_before_it_runs(desk: Desk) -> None:
    refused = await desk.raw(WIDE, n=200)
    assert refused["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert desk.fake.stores[SHOP].bucket.level == 2000


async def test_s31_a_throttled_mutation_was_not_done(desk: Desk) -> None:
    desk.fake.stores[SHOP].bucket.level = 3
    variant = next(iter(desk.fake.stores[SHOP].variants))
    body = await desk.raw(CREATE, order=order_input(variant), options=None)
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert desk.fake.orders(SHOP) == []
    assert desk.fake.calls[-1].code == "THROTTLED"
    assert desk.fake.calls[-1].operation == "orderCreate"


@pytest.mark.parametrize("query", ["{ shop { nope } }", "{ shop", "query A { shop { id } } query B { shop { id } }"])
async def test_a_wrong_document_costs_nothing(desk: Desk, query: str) -> None:
    body = await desk.raw(query)
    assert body["errors"]
    assert "data" not in body
    assert desk.fake.stores[SHOP].bucket.level == 2000


@pytest.mark.parametrize(
    "kind, orders", [(FaultKind.TIMEOUT_BEFORE, 0), (FaultKind.TIMEOUT_AFTER_DONE, 1)], ids=["before", "after"]
)
async def test_s31_timeouts_lie_before_or_after_the_effect(desk: Desk, kind: FaultKind, orders: int) -> None:
    desk.fake.faults.add(Fault("orderCreate", kind, nth=1))
    variant = next(iter(desk.fake.stores[SHOP].variants))
    with pytest.raises(httpx.TransportError):
        await desk.create(order_input(variant))
    assert len(desk.fake.orders(SHOP)) == orders
    assert (await desk.create(order_input(variant)))["userErrors"] == []


@pytest.mark.parametrize(
    "kind, status", [(FaultKind.RATE_LIMITED, 429), (FaultKind.SERVER_ERROR, 500), (FaultKind.UNAVAILABLE, 503)]
)
async def test_bad_statuses_come_before_the_effect(desk: Desk, kind: FaultKind, status: int) -> None:
    desk.fake.faults.add(Fault("orderCreate", kind, retry_after=2.5))
    variant = next(iter(desk.fake.stores[SHOP].variants))
    response = await desk.post(CREATE, order=order_input(variant), options=None)
    assert response.status_code == status
    assert status == 500 or response.headers["Retry-After"] == "2.5"
    assert desk.fake.orders(SHOP) == []


async def test_a_malformed_body_comes_after_the_effect(desk: Desk) -> None:
    desk.fake.faults.add(Fault("orderCreate", FaultKind.MALFORMED))
    variant = next(iter(desk.fake.stores[SHOP].variants))
    response = await desk.post(CREATE, order=order_input(variant), options=None)
    with pytest.raises(ValueError):
        response.json()
    assert len(desk.fake.orders(SHOP)) == 1


async def test_no_secret_shows_in_the_fakes_repr(desk: Desk) -> None:
    shown = repr(desk.fake) + repr(desk.fake.access) + repr(desk.fake.hooks) + repr(desk.fake.calls)
    assert SECRET not in shown
    assert desk.token not in shown


async def test_panel_shows_and_edits(desk: Desk) -> None:
    async with desk.client() as client:
        given = {"domain": SHOP, "title": "<b>Mug</b>", "variants": [{"sku": "M", "price": "9.50", "stock": 4}]}
        made = (await client.post("/panel/product", json=given)).json()
        variant = made["variants"][0]
        change = {"variant_id": variant, "price": "8.75", "available": 2, "sku": "M-2"}
        assert (await client.post("/panel/variant", json=change)).json() == {"ok": True}
        order = (await desk.create(order_input(variant, tiktok_id="5763")))["order"]
        fulfil = {"order_id": order["id"], "tracking_number": "155", "company": "DPD"}
        assert (await client.post("/panel/fulfil", json=fulfil)).json()["ok"] is True
        for path, bad in (
            ("variant", {"variant_id": "x", "price": "1"}),
            ("fulfil", fulfil),
            ("product", {"title": 1}),
        ):
            assert (await client.post(f"/panel/{path}", json=bad)).status_code == 400
        assert (await client.post("/panel/variant", json={"variant_id": variant, "price": "-1"})).status_code == 400
        shown = (await client.get("/panel/state")).json()["stores"][0]
        mug = shown["products"][1]
        assert mug["title"] == "<b>Mug</b>"
        assert mug["variants"] == [
            {"id": variant, "sku": "M-2", "title": "Default Title", "price": "8.75", "available": 2}
        ]
        assert (shown["orders"][0]["tiktok_id"], shown["orders"][0]["fulfillment_status"]) == ("5763", "FULFILLED")
        assert (await client.post("/panel/delete_variant", json={"variant_id": variant})).json() == {"ok": True}
