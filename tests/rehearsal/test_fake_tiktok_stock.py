"""The fake TikTok Shop's stock and prices: reads, writes, refusals."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rehearsal.tiktok_bench import OTHER, SHOP, Bench, bench

SEARCH = "/product/202502/products/search"
W1 = "7068517275539719942"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


def stock(product: str) -> str:
    return f"/product/202309/products/{product}/inventory/update"


def prices(product: str) -> str:
    return f"/product/202309/products/{product}/prices/update"


def shares(sku: str, *places: tuple[str, Any]) -> dict[str, Any]:
    return {"skus": [{"id": sku, "inventory": [{"warehouse_id": w, "quantity": q} for w, q in places]}]}


def price(sku: str, amount: Any, currency: str = "USD", **more: Any) -> dict[str, Any]:
    return {"skus": [{"id": sku, "price": {"amount": amount, "currency": currency} | more}]}


async def search(tt: Bench, body: dict[str, Any] | None = None, size: int = 100, token: str = "") -> dict[str, Any]:
    query = {"page_size": str(size)} | ({"page_token": token} if token else {})
    return await tt.ok("POST", SEARCH, body or {}, query=query)


# stock


async def test_stock_search_by_sku_and_product(tt):
    tt.fake.place_order(SHOP, [(tt.sku, 2)], "UNPAID")
    for body in ({"sku_ids": [tt.sku]}, {"product_ids": [tt.product]}, {"sku_ids": [tt.sku], "product_ids": ["1"]}):
        told = (await tt.ok("POST", "/product/202309/inventory/search", body))["inventory"]
        sku = told[0]["skus"][0]
        assert told[0]["product_id"] == tt.product
        assert (sku["total_available_quantity"], sku["total_committed_quantity"]) == (5, 2)
        place = {"warehouse_id": W1, "available_quantity": 5, "committed_quantity": 2}
        assert sku["warehouse_inventory"] == [place]


@pytest.mark.parametrize(
    "body, code",
    [
        ({"product_ids": ["1"] * 101}, 12019120),
        ({"sku_ids": ["1"] * 601}, 12019015),
        ({}, 12019008),
    ],
)
async def test_stock_search_limits(tt, body, code):
    assert await tt.code("POST", "/product/202309/inventory/search", body) == code


async def test_stock_update_sets_available_and_leaves_committed(tt):
    tt.fake.place_order(SHOP, [(tt.sku, 2)])
    assert await tt.ok("POST", stock(tt.product), shares(tt.sku, (W1, 40))) == {}
    assert (tt.fake.stock(tt.sku), tt.fake.world.taken(tt.sku)) == (40, 2)
    assert await tt.ok("POST", stock(tt.product), shares(tt.sku, (W1, 0))) == {}
    assert [n for _, sku, n in tt.fake.world.quantities if sku == tt.sku] == [7, 6, 5, 40, 0]


async def test_warehouse_may_be_left_out_with_one_only(tt):
    assert await tt.code("POST", stock(tt.product), {"skus": [{"id": tt.sku, "inventory": [{"quantity": 3}]}]}) == 0
    assert tt.fake.stock(tt.sku) == 3


async def two_places(tt: Bench) -> tuple[str, str]:
    tt.fake.world.shops[SHOP].warehouses.append(tt.fake.world.shops[SHOP].warehouses[0] | {"id": "70002"})
    product = tt.fake.add_product(SHOP, "Two", [{"price": "1", "stock": {W1: 1, "70002": 2}}])
    return product, tt.fake.world.products[product]["skus"][0]["id"]


async def test_every_warehouse_must_be_listed(tt):
    product, sku = await two_places(tt)
    assert await tt.code("POST", stock(product), shares(sku, (W1, 5))) == 12019028
    assert tt.fake.stock(sku) == 3
    assert await tt.code("POST", stock(product), shares(sku, (W1, 5), ("70002", 6))) == 0
    assert tt.fake.stock(sku) == 11


async def test_no_warehouse_may_be_added(tt):
    await two_places(tt)
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 5), ("70002", 1))) == 12052533
    told = await tt.ok("POST", stock(tt.product), shares(tt.sku, (W1, 5), ("70009", 1)))
    assert [e["code"] for e in told["errors"][0]["detail"]["extra_errors"]] == [12052097]
    assert tt.fake.stock(tt.sku) == 7


@pytest.mark.parametrize("quantity, code", [(100_000, 12052055), (-1, 12019024), ("5", 12019024), (1.5, 12019024)])
async def test_stock_range_is_told_inside_a_success(tt, quantity, code):
    answer = (await tt.call("POST", stock(tt.product), shares(tt.sku, (W1, quantity)))).json()
    assert answer["code"] == 0
    error = answer["data"]["errors"][0]
    assert (error["code"], error["detail"]["sku_id"]) == (12052990, tt.sku)
    assert [(e["warehouse_id"], e["code"]) for e in error["detail"]["extra_errors"]] == [(W1, code)]
    assert tt.fake.stock(tt.sku) == 7


async def test_documented_minimum_of_one_can_be_asked_for(tt):
    tt.fake.world.stock_range = (1, 99_999)
    told = await tt.ok("POST", stock(tt.product), shares(tt.sku, (W1, 0)))
    assert told["errors"][0]["detail"]["extra_errors"][0]["code"] == 12052055


async def test_disabled_warehouse(tt):
    tt.fake.world.shops[SHOP].warehouses[0]["effect_status"] = "DISABLED"
    told = await tt.ok("POST", stock(tt.product), shares(tt.sku, (W1, 1)))
    assert told["errors"][0]["detail"]["extra_errors"][0]["code"] == 12052531


async def test_partial_failure_writes_the_good_skus(tt):
    second = tt.fake.add_sku(
        tt.product, seller_sku="B", price="1", stock=1, combined_skus=[{"sku_id": tt.sku, "sku_count": 2}]
    )
    body = {"skus": shares(tt.sku, (W1, 9))["skus"] + shares(second, (W1, 9))["skus"]}
    told = await tt.ok("POST", stock(tt.product), body)
    assert [(e["code"], e["detail"]["sku_id"]) for e in told["errors"]] == [(12052850, second)]
    assert (tt.fake.stock(tt.sku), tt.fake.stock(second)) == (9, 1)


@pytest.mark.parametrize(
    "body, code",
    [
        ({}, 12052902),
        ({"skus": []}, 12052902),
        ({"skus": [{"inventory": []}]}, 12052036),
        ({"skus": [{"id": "1"}, {"id": "1"}]}, 12052553),
        ({"skus": [{"id": str(n)} for n in range(101)]}, 12052050),
        (shares("17", (W1, 1)), 12052556),
    ],
)
async def test_stock_update_refusals(tt, body, code):
    assert await tt.code("POST", stock(tt.product), body) == code


async def test_stock_update_without_places(tt):
    assert await tt.code("POST", stock(tt.product), {"skus": [{"id": tt.sku, "inventory": []}]}) == 12019022


@pytest.mark.parametrize("status, code", [("SELLER_DEACTIVATED", 0), ("DELETED", 12052901), ("FREEZE", 12052901)])
async def test_stock_update_by_product_status(tt, status, code):
    tt.fake.edit_product(tt.product, status=status)
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 1))) == code


async def test_stock_that_is_not_ours_to_write(tt):
    tt.fake.world.auto_allocated.add(tt.sku)
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 1))) == 12052037
    tt.fake.world.auto_allocated.clear()
    tt.fake.edit_product(tt.product, global_listing_policy={"inventory_type": "SHARED"})
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 1))) == 12052921
    foreign = tt.fake.add_product(OTHER, "Mug", [{"price": "9"}])
    assert await tt.code("POST", stock(foreign), shares("1", (W1, 1))) == 12052048


async def test_promotion_locks_price_and_lower_stock(tt):
    tt.fake.lock_price(tt.sku)
    assert await tt.code("POST", prices(tt.product), price(tt.sku, "9.99")) == 12052038
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 6))) == 12052393
    assert await tt.code("POST", stock(tt.product), shares(tt.sku, (W1, 8))) == 0
    tt.fake.lock_price(tt.sku, 12019045)
    assert await tt.code("POST", prices(tt.product), price(tt.sku, "9.99")) == 12019045
    tt.fake.unlock(tt.sku)
    assert await tt.code("POST", prices(tt.product), price(tt.sku, "9.99")) == 0


# prices


async def test_price_update(tt):
    tt.clock.forward(seconds=10)
    assert await tt.ok("POST", prices(tt.product), price(tt.sku, "12.50")) == {}
    product = (await search(tt))["products"][0]
    assert product["skus"][0]["price"] == {"currency": "USD", "tax_exclusive_price": "12.50", "sale_price": "12.50"}
    assert product["update_time"] == int(tt.clock().timestamp())


@pytest.mark.parametrize(
    "amount, code",
    [
        (12.5, 12052012),
        (None, 12052012),
        ("12,50", 12052012),
        ("1e3", 12052012),
        ("12.505", 12052012),
        ("NaN", 12052012),
        ("0", 12052073),
        ("-1", 12052073),
        ("50000.01", 12052570),
    ],
)
async def test_price_text(tt, amount, code):
    assert await tt.code("POST", prices(tt.product), price(tt.sku, amount)) == code
    assert tt.fake.world.sku(tt.sku)["price"]["sale_price"] == "19.99"


async def test_price_refusals(tt):
    assert await tt.code("POST", prices(tt.product), price(tt.sku, "1.00", "GBP")) == 12052084
    assert await tt.code("POST", prices(tt.product), price("17", "1.00")) == 12052557
    assert await tt.code("POST", prices(tt.product), {"skus": [{"id": tt.sku}]}) == 12052910
    tt.fake.edit_product(tt.product, status="SELLER_DEACTIVATED")
    assert await tt.code("POST", prices(tt.product), price(tt.sku, "1.00")) == 12052901


async def test_one_bad_price_refuses_the_whole_call(tt):
    body = {"skus": price(tt.sku, "5.00")["skus"] + price("17", "5.00")["skus"]}
    assert await tt.code("POST", prices(tt.product), body) == 12052557
    assert tt.fake.world.sku(tt.sku)["price"]["sale_price"] == "19.99"


async def test_price_without_decimals_where_the_currency_has_none(tt):
    shop = tt.fake.add_shop("7495001000000000009", "Hanoi", "VN", "VND", seller=f"seller-{SHOP}")
    product = tt.fake.add_product(shop.id, "Pho", [{"price": "553169", "stock": 1}])
    sku = tt.fake.world.products[product]["skus"][0]
    assert sku["price"]["sale_price"] == "553169"
    for amount, code in (("600000", 0), ("600000.00", 12052012)):
        assert await tt.code("POST", prices(product), price(sku["id"], amount, "VND"), cipher=shop.cipher) == code


async def test_japan_wants_a_sale_price_and_only_the_us_a_list_price(tt):
    shop = tt.fake.add_shop("7495001000000000008", "Osaka", "JP", "JPY", seller=f"seller-{SHOP}")
    product = tt.fake.add_product(shop.id, "Tea", [{"price": "500", "stock": 1}])
    sku = tt.fake.world.products[product]["skus"][0]["id"]
    assert await tt.code("POST", prices(product), price(sku, "600", "JPY"), cipher=shop.cipher) == 12052424
    body = price(sku, "600", "JPY", sale_price="660")
    assert await tt.code("POST", prices(product), body, cipher=shop.cipher) == 0
    body["skus"][0]["list_price"] = {"amount": "900", "currency": "JPY"}
    assert await tt.code("POST", prices(product), body, cipher=shop.cipher) == 12052376


async def test_bundle_may_not_cost_more_than_its_parts(tt):
    parts = [{"sku_id": tt.sku, "product_id": tt.product, "sku_count": 2, "seller_sku": "TEE-RED-M"}]
    bundle = tt.fake.add_product(SHOP, "Two tees", [{"price": "30", "stock": 5, "combined_skus": parts}])
    sku = tt.fake.world.products[bundle]["skus"][0]["id"]
    assert await tt.code("POST", prices(bundle), price(sku, "39.99")) == 12052861
    assert await tt.code("POST", prices(bundle), price(sku, "39.98")) == 0
