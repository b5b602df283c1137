"""The fake TikTok Shop's packages, tracking, carriers and warehouses."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rehearsal.tiktok_bench import SHOP, Bench, bench

DETAIL = "/order/202507/orders"
USPS = "7117858858072016686"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


async def detail(tt: Bench, *ids: str) -> list[dict[str, Any]]:
    return (await tt.ok("GET", DETAIL, query={"ids": ",".join(ids)}))["orders"]


def packages(number: str, version: str = "202309") -> str:
    return f"/fulfillment/{version}/orders/{number}/packages"


def shipment(tracking: Any = "9400111899223100001", provider: Any = USPS, **more: Any) -> dict[str, Any]:
    return {"tracking_number": tracking, "shipping_provider_id": provider} | more


async def test_mark_shipped_whole_and_once(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    told = await tt.ok("POST", packages(number), shipment())
    order = (await detail(tt, number))[0]
    assert told["order_line_item_ids"] == [line["id"] for line in order["line_items"]]
    assert (order["status"], order["packages"]) == ("AWAITING_COLLECTION", [{"id": told["package_id"]}])
    assert {line["tracking_number"] for line in order["line_items"]} == {"9400111899223100001"}
    assert (tt.fake.stock(tt.sku), tt.fake.world.taken(tt.sku)) == (5, 0)
    assert await tt.code("POST", packages(number), shipment("9400111899223100002")) == 21011006


async def test_mark_shipped_in_parts_with_both_bodies(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    first, second = [line["id"] for line in tt.fake.order(number)["line_items"]]
    await tt.ok("POST", packages(number), shipment(order_line_item_ids=[first]))
    assert tt.fake.order(number)["status"] == "PARTIALLY_SHIPPING"
    again = shipment("9400111899223100002", order_line_item_ids=[first])
    assert await tt.code("POST", packages(number), again) == 21011020
    new = {"order_line_list": [{"order_line_id": second}], "shipping_info_list": [shipment("9400111899223100002")]}
    assert await tt.code("POST", packages(number, "202610"), shipment("9400111899223100002")) == 21001001
    assert (await tt.ok("POST", packages(number, "202610"), new))["order_line_item_ids"] == [second]
    assert tt.fake.order(number)["status"] == "AWAITING_COLLECTION"


@pytest.mark.parametrize(
    "body, code",
    [
        ({}, 21001001),
        (shipment(None), 21001001),
        (shipment("94 001"), 21004012),
        (shipment(provider="1"), 21011022),
        (shipment("94"), 21011022),
        (shipment(order_line_item_ids=["17"]), 21011029),
    ],
)
async def test_mark_shipped_refusals(tt, body, code):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert await tt.code("POST", packages(number), body) == code


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"status": "ON_HOLD"}, 21011044),
        ({"status": "UNPAID"}, 21011003),
        ({"status": "CANCELLED"}, 21011042),
        ({"fulfillment_type": "FULFILLMENT_BY_TIKTOK"}, 21008025),
        ({"shipping_type": "TIKTOK"}, 21011004),
        ({"is_buyer_request_cancel": True}, 21011007),
    ],
)
async def test_orders_that_may_not_be_shipped(tt, fields, code):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    tt.fake.set_order(number, fields)
    assert await tt.code("POST", packages(number), shipment()) == code


async def test_tracking_numbers_are_used_once(tt):
    one, two = tt.fake.place_order(SHOP, [(tt.sku, 2)]), tt.fake.place_order(SHOP, [(tt.sku, 1)])
    first, second = [line["id"] for line in tt.fake.order(one)["line_items"]]
    await tt.ok("POST", packages(one), shipment(order_line_item_ids=[first]))
    assert await tt.code("POST", packages(one), shipment(order_line_item_ids=[second])) == 21011025
    assert await tt.code("POST", packages(two), shipment()) == 21034012
    assert await tt.code("POST", packages("17"), shipment("9400111899223100003")) == 21008111


async def test_packages_are_found_and_corrected(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    package = (await tt.ok("POST", packages(number), shipment()))["package_id"]
    found = await tt.ok("POST", "/fulfillment/202309/packages/search", {}, query={"page_size": "50"})
    assert (found["packages"][0]["id"], found["packages"][0]["orders"][0]["skus"][0]["quantity"]) == (package, 2)
    assert await tt.code("POST", "/fulfillment/202309/packages/search", {}, query={"page_size": "51"}) == 36009004
    told = await tt.ok("GET", f"/fulfillment/202309/packages/{package}")
    assert (told["package_status"], told["shipping_provider_name"]) == ("PROCESSING", "USPS")
    fix = f"/fulfillment/202309/packages/{package}/shipping_info/update"
    assert await tt.code("POST", fix, shipment("9400111899223100002")) == 0
    assert await tt.code("POST", f"/fulfillment/202309/orders/{number}/shipping_info/update", shipment("94001118")) == 0
    assert tt.fake.order(number)["line_items"][0]["tracking_number"] == "94001118"
    new = {"shipping_info_list": [shipment("9400111899223100004")]}
    assert await tt.code("POST", fix.replace("202309", "202610"), new) == 0
    assert await tt.code("POST", fix, shipment("9400111899223100005")) == 21011052
    events = await tt.ok("GET", f"/fulfillment/202309/orders/{number}/tracking")
    assert events["tracking"][0]["update_time_millis"] == int(tt.clock().timestamp()) * 1000
    tt.clock.forward(hours=73)
    tt.token = tt.fake.connect(SHOP)["access_token"]
    assert await tt.code("POST", fix, shipment("9400111899223100006")) == 21011050
    assert await tt.code("GET", "/fulfillment/202309/packages/17") == 21011028


async def test_asia_ships_the_package_that_is_there(tt):
    shop = tt.fake.add_shop("7495001000000000009", "KL", "MY", "MYR", seller=f"seller-{SHOP}")
    product = tt.fake.add_product(shop.id, "Kopi", [{"price": "12.00", "stock": 5}])
    number = tt.fake.place_order(shop.id, [(tt.fake.world.products[product]["skus"][0]["id"], 1)], "ON_HOLD")
    assert tt.fake.order(number)["packages"] == []
    tt.fake.advance(number)
    package = tt.fake.order(number)["packages"][0]["id"]
    own, path = (
        {"self_shipment": shipment("MY12345678", "6841743441349706241")},
        f"/fulfillment/202309/packages/{package}/ship",
    )
    assert await tt.code("POST", packages(number), shipment(), cipher=shop.cipher) == 21008106
    assert await tt.code("POST", path, {}, cipher=shop.cipher) == 21001001
    assert await tt.code("POST", path, own) == 21011028  # through another shop
    assert await tt.code("POST", path, own, cipher=shop.cipher) == 0
    assert tt.fake.order(number)["status"] == "AWAITING_COLLECTION"
    assert await tt.code("POST", path, own, cipher=shop.cipher) == 21008099


async def test_warehouses_delivery_options_and_carriers(tt):
    warehouses = (await tt.ok("GET", "/logistics/202309/warehouses"))["warehouses"]
    assert [(w["id"], w["type"], w["effect_status"], w["is_default"]) for w in warehouses] == [
        ("7068517275539719942", "SALES_WAREHOUSE", "ENABLED", True)
    ]
    options = await tt.ok("GET", f"/logistics/202309/warehouses/{warehouses[0]['id']}/delivery_options")
    own, platform = [option["id"] for option in options["delivery_options"]]
    providers = f"/logistics/202309/delivery_options/{own}/shipping_providers"
    assert {"id": USPS, "name": "USPS"} in (await tt.ok("GET", providers))["shipping_providers"]
    assert await tt.code("GET", providers.replace(own, platform)) == 21008117
    assert await tt.code("GET", providers.replace(own, "17")) == 21008116
    assert await tt.code("GET", "/logistics/202309/warehouses/17/delivery_options") == 11005004
