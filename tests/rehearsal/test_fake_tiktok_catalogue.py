"""The fake TikTok Shop's products and webhook registrations: shapes, limits, refusals."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.rehearsal import tiktok_catalogue_api
from tests.rehearsal.tiktok_bench import OTHER, SHOP, Bench, bench

SEARCH, HOOKS = "/product/202502/products/search", "/event/202309/webhooks"
W1 = "7068517275539719942"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


async def search(tt: Bench, body: dict[str, Any] | None = None, size: int = 100, token: str = "") -> dict[str, Any]:
    query = {"page_size": str(size)} | ({"page_token": token} if token else {})
    return await tt.ok("POST", SEARCH, body or {}, query=query)


# search and detail


async def test_search_tells_products_with_skus_and_stock(tt):
    told = await search(tt)
    assert (told["total_count"], told["next_page_token"]) == (1, "")
    product = told["products"][0]
    assert (product["title"], product["status"]) == ("Cotton Tee", "ACTIVATE")
    assert product["skus"] == [
        {
            "id": tt.sku,
            "seller_sku": "TEE-RED-M",
            "price": {"currency": "USD", "tax_exclusive_price": "19.99", "sale_price": "19.99"},
            "inventory": [{"warehouse_id": W1, "quantity": 7}],
            "status_info": {"status": "NORMAL"},
        }
    ]


async def test_pages_end_with_an_empty_token(tt):
    made = {tt.product} | {tt.fake.add_product(SHOP, f"P{n}", [{"price": "1", "stock": 1}]) for n in range(6)}
    seen, token, pages = [], "", 0
    while True:
        told = await search(tt, size=3, token=token)
        seen += [p["id"] for p in told["products"]]
        pages += 1
        token = told["next_page_token"]
        if not token:
            break
    assert (pages, len(seen), set(seen)) == (3, 7, made)


@pytest.mark.parametrize("size", ["0", "101", "x", "", "-1"])
async def test_page_size_1_to_100(tt, size):
    assert await tt.code("POST", SEARCH, {}, query={"page_size": size}) == 12019109


async def test_page_token_of_another_search_is_refused(tt):
    tt.fake.add_product(SHOP, "P", [{"price": "1"}])
    token = (await search(tt, size=1))["next_page_token"]
    query = {"page_size": "1", "page_token": token}
    assert await tt.code("POST", SEARCH, {"status": "ACTIVATE"}, query=query) == 12019108
    assert await tt.code("POST", SEARCH, {}, query=query | {"page_token": "x"}) == 12019108


async def test_status_and_time_filters(tt):
    start = int(tt.clock().timestamp())
    tt.clock.forward(seconds=100)
    draft = tt.fake.add_product(SHOP, "Draft", [{"price": "1"}], status="DRAFT")
    assert [p["id"] for p in (await search(tt, {"status": "DRAFT"}))["products"]] == [draft]
    assert [p["id"] for p in (await search(tt, {"update_time_ge": start + 100}))["products"]] == [draft]
    assert [p["id"] for p in (await search(tt, {"update_time_le": start + 99}))["products"]] == [tt.product]
    assert (await search(tt, {"update_time_ge": start, "update_time_le": start + 100}))["total_count"] == 2  # inclusive
    assert [p["id"] for p in (await search(tt, {"create_time_le": start}))["products"]] == [tt.product]


async def test_filters_by_sku(tt):
    other = tt.fake.add_product(SHOP, "Cap", [{"seller_sku": "HAT", "price": "5"}])
    assert [p["id"] for p in (await search(tt, {"seller_skus": ["HAT"]}))["products"]] == [other]
    assert [p["id"] for p in (await search(tt, {"sku_ids": [tt.sku]}))["products"]] == [tt.product]


@pytest.mark.parametrize(
    "body, code",
    [
        ({"seller_skus": [str(n) for n in range(11)]}, 12019027),
        ({"sku_ids": [str(n) for n in range(11)]}, 12019087),
        ({"create_time_ge": 2, "create_time_le": 1}, 12019118),
        ({"update_time_ge": 2, "update_time_le": 1}, 12019119),
        ({"status": "LIVE"}, 36009004),
    ],
)
async def test_search_refusals(tt, body, code):
    assert await tt.code("POST", SEARCH, body, query={"page_size": "10"}) == code


async def test_no_result_beyond_the_cap(tt, monkeypatch):
    monkeypatch.setattr(tiktok_catalogue_api, "SEARCH_CAP", 4)
    for n in range(6):
        tt.fake.add_product(SHOP, f"P{n}", [{"price": "1"}])
    first = await search(tt, size=2)
    second = await search(tt, size=2, token=first["next_page_token"])
    query = {"page_size": "2", "page_token": second["next_page_token"]}
    assert await tt.code("POST", SEARCH, {}, query=query) == 12052180
    assert tiktok_catalogue_api.SEARCH_CAP == 4


async def test_shops_do_not_see_each_others_products(tt):
    foreign = tt.fake.add_product(OTHER, "Mug", [{"price": "9"}])
    assert (await search(tt))["total_count"] == 1
    assert await tt.code("GET", f"/product/202309/products/{foreign}") == 12052048
    assert await tt.code("GET", "/product/202309/products/17") == 12052032


async def test_detail_has_what_the_list_leaves_out(tt):
    attributes = [{"id": "100", "name": "Color", "value_id": "200", "value_name": "Red"}]
    code = {"code": "10000000000010", "type": "GTIN"}
    sku = {"seller_sku": "X", "price": "3", "sales_attributes": attributes, "identifier_code": code}
    product = tt.fake.add_product(SHOP, "Pin", [sku])
    detail = await tt.ok("GET", f"/product/202309/products/{product}")
    assert detail["skus"][0]["sales_attributes"] == attributes
    assert detail["skus"][0]["identifier_code"] == code
    listed = (await search(tt, {"seller_skus": ["X"]}))["products"][0]["skus"][0]
    assert "sales_attributes" not in listed
    assert "identifier_code" not in listed


async def test_deleted_product_and_sku(tt):
    second = tt.fake.add_sku(tt.product, seller_sku="TEE-RED-L", price="21.00", stock=2)
    assert len((await search(tt))["products"][0]["skus"]) == 2
    tt.fake.delete_sku(second)
    assert [sku["id"] for sku in (await search(tt))["products"][0]["skus"]] == [tt.sku]
    tt.fake.delete_product(tt.product)
    assert (await search(tt, {"status": "DELETED"}))["total_count"] == 1
    assert (await search(tt, {"status": "ACTIVATE"}))["total_count"] == 0


# on and off sale, categories


async def test_deactivate_and_activate_with_a_new_audit(tt):
    body = {"product_ids": [tt.product]}
    assert await tt.ok("POST", "/product/202309/products/deactivate", body) == {}
    assert tt.fake.world.products[tt.product]["status"] == "SELLER_DEACTIVATED"
    told = await tt.ok("POST", "/product/202309/products/deactivate", {"product_ids": [tt.product, "17"]})
    assert [e["code"] for e in told["errors"]] == [12052901, 12052032]
    assert await tt.ok("POST", "/product/202309/products/activate", body) == {}
    assert tt.fake.world.products[tt.product]["status"] == "PENDING"
    assert tt.fake.audit_products() == [tt.product]
    assert tt.fake.world.products[tt.product]["status"] == "ACTIVATE"


@pytest.mark.parametrize("act", ["activate", "deactivate"])
async def test_at_most_twenty_products(tt, act):
    path = f"/product/202309/products/{act}"
    assert await tt.code("POST", path, {"product_ids": [str(n) for n in range(21)]}) == 12019120
    assert await tt.code("POST", path, {}) == 12052910


async def test_categories_want_the_regions_version(tt):
    path = "/product/202309/categories"
    assert await tt.code("GET", path) == 12052217
    assert (await tt.ok("GET", path, query={"category_version": "v2"}))["categories"][1]["is_leaf"] is True


# seller, webhooks


async def test_seller_endpoints(tt):
    tt.fake.world.shops[SHOP].permissions.append("MANAGE_GLOBAL_PRODUCT")
    assert await tt.ok("GET", "/seller/202309/shops", cipher=None) == {"shops": [{"id": SHOP, "region": "US"}]}
    told = await tt.ok("GET", "/seller/202309/permissions", cipher=None)
    assert told == {"permissions": ["MANAGE_GLOBAL_PRODUCT"]}


async def test_webhook_registration(tt):
    body = {"event_type": "ORDER_STATUS_CHANGE", "address": "https://bot.example/hooks"}
    assert await tt.ok("PUT", HOOKS, body) == {}
    first = int(tt.clock().timestamp())
    tt.clock.forward(seconds=5)
    assert await tt.ok("PUT", HOOKS, body | {"address": "https://bot.example/other"}) == {}
    row = {"event_type": "ORDER_STATUS_CHANGE", "address": "https://bot.example/other"}
    row |= {"create_time": first, "update_time": first + 5}
    assert await tt.ok("GET", HOOKS) == {"webhooks": [row], "total_count": 1}
    for _ in range(2):  # deleting what is not there succeeds
        assert await tt.ok("DELETE", HOOKS, {"event_type": "ORDER_STATUS_CHANGE"}) == {}
    assert (await tt.ok("GET", HOOKS))["total_count"] == 0


@pytest.mark.parametrize("event", ["SKU_STATUS_CHANGE", "INVENTORY_STATUS_CHANGE", "order_status_change", "", None])
async def test_events_that_cannot_be_registered_per_shop(tt, event):
    assert await tt.code("PUT", HOOKS, {"event_type": event, "address": "https://bot.example/"}) == 36009004


@pytest.mark.parametrize(
    "address, code",
    [
        ("https://bot.example/hooks", 0),
        ("http://127.0.0.1:8080/hooks", 0),
        ("http://bot.example/hooks", 36009004),
        ("https://bot.example:8443/hooks", 36009004),
        ("https://93.184.216.34/hooks", 36009004),
        ("https://bot.example/" + "x" * 236, 36009004),
        ("https://bot.example:port/", 36009004),
        ("", 36009004),
        (7, 36009004),
    ],
)
async def test_webhook_addresses(tt, address, code):
    answer = (await tt.call("PUT", HOOKS, {"event_type": "PACKAGE_UPDATE", "address": address})).json()
    assert answer["code"] == code
    assert code == 0 or "body.address" in answer["message"]
