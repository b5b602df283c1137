"""The fake TikTok Shop's orders, references, cancellations and returns."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.tiktok_bench import OTHER, SHOP, Bench, bench

SEARCH, DETAIL = "/order/202309/orders/search", "/order/202507/orders"
REFS = "/order/202406/orders"
CANCELS = "/return_refund/202309/cancellations"
SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


async def detail(tt: Bench, *ids: str) -> list[dict[str, Any]]:
    return (await tt.ok("GET", DETAIL, query={"ids": ",".join(ids)}))["orders"]


async def search(tt: Bench, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
    return await tt.ok("POST", SEARCH, body or {}, query={"page_size": "100"} | query)


def check_sums(order: dict[str, Any]) -> None:
    """The arithmetic of the documentation, on the order and on every line."""
    paid = {k: Decimal(v) for k, v in order["payment"].items() if k != "currency"}
    lines = order["line_items"]
    assert (
        paid["sub_total"] == paid["original_total_product_price"] - paid["seller_discount"] - paid["platform_discount"]
    )
    total = paid["sub_total"] + paid["shipping_fee"] + paid["tax"] + paid.get("retail_delivery_fee", Decimal(0))
    assert paid["total_amount"] == total
    for line in lines:
        off = Decimal(line["seller_discount"]) + Decimal(line["platform_discount"])
        assert Decimal(line["sale_price"]) == Decimal(line["original_price"]) - off
        assert "quantity" not in line
    for name, of_lines in (("sub_total", "sale_price"), ("seller_discount", "seller_discount")):
        assert paid[name] == sum(Decimal(line[of_lines]) for line in lines)
    taxes = [Decimal(part["tax_amount"]) for line in lines for part in line["item_tax"]]
    assert paid["product_tax"] == sum(taxes, Decimal(0))


# composing


async def test_one_line_per_unit_and_sums_to_the_cent(tt):
    cap = tt.fake.add_product(SHOP, "Cap", [{"seller_sku": "HAT", "price": "3.32", "stock": 9}])
    cap_sku = tt.fake.world.products[cap]["skus"][0]["id"]
    number = tt.fake.place_order(
        SHOP,
        [(tt.sku, 3), {"sku_id": cap_sku, "quantity": 1, "is_gift": True}, (cap_sku, 2)],
        seller_discount="10.00",
        platform_discount="1.01",
        tax="4.87",
        shipping="5.99",
        shipping_discount="2.00",
        shipping_tax="0.33",
        retail_delivery_fee="0.28",
    )
    order = (await detail(tt, number))[0]
    check_sums(order)
    assert len(order["line_items"]) == 6
    assert len({line["id"] for line in order["line_items"]}) == 6
    assert order["payment"]["total_amount"] == "65.07"
    gift = next(line for line in order["line_items"] if line["is_gift"])
    assert (gift["sale_price"], gift["gift_retail_price"]) == ("0.00", "3.32")
    assert all(number.isdigit() and len(number) == 18 for number in [order["id"], gift["id"]])


async def test_stock_is_committed_from_unpaid_on_and_given_back(tt):
    for status in ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"):
        number = tt.fake.place_order(SHOP, [(tt.sku, 2)], status)
        assert (tt.fake.stock(tt.sku), tt.fake.world.taken(tt.sku)) == (5, 2)
        tt.fake.cancel_order(number)
        assert (tt.fake.stock(tt.sku), tt.fake.world.taken(tt.sku)) == (7, 0)


async def test_no_more_than_there_is(tt):
    with pytest.raises(ValueError, match="only 7"):
        tt.fake.place_order(SHOP, [(tt.sku, 5), (tt.sku, 3)])
    assert (tt.fake.stock(tt.sku), tt.fake.sales.orders) == (7, {})


async def test_flow_shows_the_address_only_after_the_hold(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)], "UNPAID")
    for status in ("UNPAID", "ON_HOLD"):
        order = (await detail(tt, number))[0]
        assert order["status"] == status
        assert order["recipient_address"]["name"] == ""
        assert order["recipient_address"]["full_address"] == ""
        assert order["recipient_address"]["district_info"] == []
        tt.fake.advance(number)
    order = (await detail(tt, number))[0]
    assert (order["status"], order["recipient_address"]["name"]) == ("AWAITING_SHIPMENT", "Jane Sample")
    assert [line["display_status"] for line in order["line_items"]] == ["AWAITING_SHIPMENT"]
    assert tt.fake.stock(tt.sku) == 6


async def test_the_hold_ends_after_an_hour(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)], "ON_HOLD")
    tt.clock.forward(minutes=59)
    assert tt.fake.release_due() == []
    tt.clock.forward(minutes=1)
    assert tt.fake.release_due() == [number]
    assert tt.fake.order(number)["update_time"] == int(tt.clock().timestamp())


async def test_platform_shipping_masks_the_address(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)], shipping_type="TIKTOK")
    address = (await detail(tt, number))[0]["recipient_address"]
    assert (address["name"], address["phone_number"]) == ("J*** S***", "(+1)********42")
    assert "*" in address["full_address"]
    assert address["postal_code"] == "78701"


# search and detail


async def test_search_pages_sorts_and_filters(tt):
    numbers = []
    for _ in range(5):
        tt.clock.forward(seconds=10)
        numbers.append(tt.fake.place_order(SHOP, [(tt.sku, 1)]))
    last = int(tt.clock().timestamp())
    told = await search(tt, page_size="2", sort_field="update_time", sort_order="ASC")
    seen = told["orders"]
    while told["next_page_token"]:
        more = {"page_size": "2", "sort_field": "update_time", "sort_order": "ASC"}
        told = await search(tt, **more, page_token=told["next_page_token"])
        seen += told["orders"]
    assert [order["id"] for order in seen] == numbers
    assert [o["id"] for o in (await search(tt))["orders"]] == numbers[::-1]
    window = {"update_time_ge": last - 20, "update_time_lt": last}  # the upper end is not included
    assert [o["id"] for o in (await search(tt, window))["orders"]] == [numbers[3], numbers[2]]
    tt.fake.cancel_order(numbers[0])
    assert [o["id"] for o in (await search(tt, {"order_status": "CANCELLED"}))["orders"]] == [numbers[0]]
    assert (await search(tt, {"shipping_type": "TIKTOK"}))["total_count"] == 0
    assert (await search(tt, {"warehouse_ids": ["7068517275539719942"]}))["total_count"] == 5


@pytest.mark.parametrize(
    "body, query",
    [
        ({}, {}),
        ({}, {"page_size": "0"}),
        ({}, {"page_size": "101"}),
        ({}, {"page_size": "10", "page_token": "x"}),
        ({}, {"page_size": "10", "sort_field": "price"}),
        ({}, {"page_size": "10", "sort_order": "UP"}),
        ({"order_status": "CANCEL"}, {"page_size": "10"}),
        ({"update_time_ge": "1"}, {"page_size": "10"}),
    ],
)
async def test_search_refusals(tt, body, query):
    assert await tt.code("POST", SEARCH, body, query=query) == 36009004


async def test_bundle_parts_are_in_the_detail_only(tt):
    parts = [{"sku_id": tt.sku, "product_id": tt.product, "sku_count": 2, "seller_sku": "TEE-RED-M"}]
    bundle = tt.fake.add_product(SHOP, "Two tees", [{"price": "30", "stock": 5, "combined_skus": parts}])
    number = tt.fake.place_order(SHOP, [(tt.fake.world.products[bundle]["skus"][0]["id"], 1)])
    assert (await detail(tt, number))[0]["line_items"][0]["combined_listing_skus"] == parts
    assert "combined_listing_skus" not in (await search(tt))["orders"][0]["line_items"][0]
    assert tt.fake.stock(tt.sku) == 5  # the parts are committed too
    tt.fake.cancel_order(number)
    assert tt.fake.stock(tt.sku) == 7


async def test_detail_takes_fifty_ids_and_leaves_out_what_is_not_readable(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert await tt.code("GET", DETAIL) == 36009004
    assert await tt.code("GET", DETAIL, query={"ids": ",".join(str(n) for n in range(51))}) == 36009004
    assert [o["id"] for o in await detail(tt, number, number, "17")] == [number]
    tt.fake.sales.unreadable.add(number)
    assert await detail(tt, number) == []
    assert (await search(tt))["total_count"] == 0


async def test_orders_of_another_shop(tt):
    mug = tt.fake.add_product(OTHER, "Mug", [{"price": "9.00", "stock": 1}])
    foreign = tt.fake.place_order(OTHER, [(tt.fake.world.products[mug]["skus"][0]["id"], 1)])
    assert await tt.code("GET", DETAIL, query={"ids": foreign}) == 21008111
    assert await tt.code("GET", f"{REFS}/{foreign}/external_orders", query={"platform": "SHOPIFY"}) == 21008111
    assert await tt.code("GET", f"/order/202407/orders/{foreign}/price_detail") == 21008111
    with pytest.raises(ValueError, match="is not of shop"):
        tt.fake.place_order(SHOP, [(tt.fake.world.products[mug]["skus"][0]["id"], 1)])


async def test_price_detail_agrees_with_the_order(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)], tax="3.30", seller_discount="1.00")
    told = await tt.ok("GET", f"/order/202407/orders/{number}/price_detail")
    assert told["total"] == tt.fake.order(number)["payment"]["total_amount"] == "42.28"
    assert sum(Decimal(line["total"]) for line in told["line_items"]) == Decimal("42.28")


async def test_fixtures_go_in_as_they_are(tt):
    order = tt.fake.order(tt.fake.place_order(SHOP, [(tt.sku, 2)])) | {"id": "576461413038785799"}
    assert tt.fake.put_order(SHOP, order) == "576461413038785799"
    assert tt.fake.stock(tt.sku) == 5
    fields = {"status": "CANCELLED", "line_items.*.display_status": "CANCELLED"}
    tt.fake.set_order("576461413038785799", fields)
    told = (await detail(tt, "576461413038785799"))[0]
    assert (told["status"], {line["display_status"] for line in told["line_items"]}) == ("CANCELLED", {"CANCELLED"})


async def test_crafted_orders_and_cases_load(tt):
    if not SHARED.is_dir():
        pytest.skip("the shared facts folder does not stand beside the project")
    crafted = json.loads((SHARED / "data/tiktok/crafted_orders.json").read_text())
    for order in crafted.values():
        tt.fake.put_order(SHOP, order)
    told = await detail(tt, *[order["id"] for order in crafted.values()])
    assert [o["line_items"] for o in told] == [o["line_items"] for o in crafted.values()]
    given = json.loads((SHARED / "cases/C05-last-unit-sold-in-the-hold-hour.json").read_text())["given"]["tiktok"]
    tt.fake.world.shops.clear()
    tt.fake.load(given)
    assert tt.fake.world.shops[given["shops"][0]["id"]].cipher == "GCP_fixture_a"
    sku = given["products"][0]["skus"][0]["id"]
    assert (tt.fake.stock(sku), tt.fake.world.taken(sku)) == (0, 1)
    tt.fake.cancel_order(given["orders"][0]["id"])
    assert (tt.fake.stock(sku), tt.fake.world.taken(sku)) == (1, 0)


# external references


def reference(number: str, outer: str = "6001", **more: Any) -> dict[str, Any]:
    return {"id": number, "external_order": {"id": outer, "platform": "SHOPIFY"} | more}


async def test_references_are_written_read_and_found(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    path, own = f"{REFS}/{number}/external_orders", {"platform": "SHOPIFY"}
    assert await tt.ok("GET", path, query=own) == {"external_orders": []}
    lines = [{"id": "71", "origin_id": tt.fake.order(number)["line_items"][0]["id"]}]
    assert await tt.ok("POST", f"{REFS}/external_orders", {"orders": [reference(number, line_items=lines)]}) == {}
    told = {"id": "6001", "platform": "SHOPIFY", "line_items": lines}
    assert await tt.ok("GET", path, query=own) == {"external_orders": [told]}
    assert tt.fake.reference(number) == told
    found = await tt.ok("POST", f"{REFS}/external_order_search", query=own | {"external_order_id": "6001"})
    assert found == {"orders": [{"id": number, "external_order": told}]}
    await tt.ok("POST", f"{REFS}/external_orders", {"orders": [reference(number, "6002")]})
    assert [o["id"] for o in (await tt.ok("GET", path, query=own))["external_orders"]] == ["6002"]


async def test_reference_errors_are_told_per_order(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    bad_line = reference(number, line_items=[{"id": "1", "origin_id": "17"}])
    told = await tt.ok("POST", f"{REFS}/external_orders", {"orders": [reference("17"), bad_line]})
    assert [(e["code"], e["detail"]["order_id"]) for e in told["errors"]] == [(36020001, "17"), (36020001, number)]
    assert tt.fake.reference(number) is None
    both = {"orders": [reference("17"), reference(number)]}
    assert len((await tt.ok("POST", f"{REFS}/external_orders", both))["errors"]) == 1
    assert tt.fake.reference(number) is not None


async def test_reference_refusals(tt):
    add = f"{REFS}/external_orders"
    assert await tt.code("POST", add, {}) == 36009004
    assert await tt.code("POST", add, {"orders": [reference("1")] * 101}) == 36009004
    assert await tt.code("POST", add, {"orders": [reference("1", platform="SHOP")]}) == 36009004
    assert await tt.code("POST", add, {"orders": [{"id": "1", "external_order": {"platform": "SHOPIFY"}}]}) == 36009004
    assert await tt.code("GET", f"{REFS}/{tt.fake.place_order(SHOP, [(tt.sku, 1)])}/external_orders") == 36009004
    assert await tt.code("POST", f"{REFS}/external_order_search", query={"platform": "SHOPIFY"}) == 36009004


async def test_another_apps_reference(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    tt.fake.set_reference(number, "other-app-77")
    told = await tt.ok("GET", f"{REFS}/{number}/external_orders", query={"platform": "SHOPIFY"})
    assert told["external_orders"][0]["id"] == "other-app-77"


# cancellations and returns


async def test_buyers_cancel_is_found(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    cancel = tt.fake.cancel_order(number)
    for path in (f"{CANCELS}/search", "/return_refund/202602/cancellations/search"):
        told = await tt.ok("POST", path, {"order_ids": [number]}, query={"page_size": "10"})
        row = told["cancellations"][0]
        assert (row["cancel_id"], row["role"], row["should_replenish_stock"]) == (cancel, "BUYER", True)
        assert row["refund_amount"]["refund_total"] == "39.98"
        assert len(row["cancel_line_items"]) == 2
    order = (await detail(tt, number))[0]
    assert (order["status"], order["cancellation_initiator"]) == ("CANCELLED", "BUYER")


async def test_part_of_an_order_is_cancelled(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 3)])
    lines = [line["id"] for line in tt.fake.order(number)["line_items"]]
    tt.fake.cancel_order(number, line_ids=lines[:1])
    assert tt.fake.order(number)["status"] == "AWAITING_SHIPMENT"
    assert tt.fake.stock(tt.sku) == 5
    tt.fake.cancel_order(number)
    assert (tt.fake.order(number)["status"], tt.fake.stock(tt.sku)) == ("CANCELLED", 7)
    with pytest.raises(ValueError, match="CANCELLED"):
        tt.fake.cancel_order(number)


async def test_what_is_on_its_way_is_not_given_back(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    tt.fake.advance(number)
    cancel = tt.fake.cancel_order(number, by="SYSTEM")
    assert (tt.fake.order(number)["status"], tt.fake.stock(tt.sku)) == ("CANCELLED", 5)
    assert tt.fake.sales.cancellations[cancel]["should_replenish_stock"] is False
    delivered = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    tt.fake.advance(delivered, "DELIVERED")
    with pytest.raises(ValueError, match="DELIVERED"):
        tt.fake.cancel_order(delivered)


async def test_seller_cancels_by_the_api(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    body = {"order_id": number, "cancel_reason": "seller_cancel_reason_out_of_stock"}
    one = body | {"skus": [{"sku_id": tt.sku, "quantity": 1}]}
    assert (await tt.ok("POST", CANCELS, one))["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert (tt.fake.order(number)["status"], tt.fake.stock(tt.sku)) == ("AWAITING_SHIPMENT", 6)
    await tt.ok("POST", "/return_refund/202602/cancellations", body)
    assert (tt.fake.order(number)["status"], tt.fake.stock(tt.sku)) == ("CANCELLED", 7)
    assert tt.fake.order(number)["cancellation_initiator"] == "SELLER"


async def test_seller_cancel_refusals(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    lines = [line["id"] for line in tt.fake.order(number)["line_items"]]
    good = {"order_id": number, "cancel_reason": "seller_cancel_reason_out_of_stock"}
    for spoil, code in (
        ({"cancel_reason": None}, 25001001),
        ({"order_id": "17"}, 25020005),
        ({"cancel_reason": "just_so"}, 25001014),
        ({"cancel_reason": "seller_cancel_unpaid_reason_out_of_stock"}, 25001021),
        ({"cancel_reason": "seller_cancel_reason_wrong_price", "order_line_item_ids": lines[:1]}, 25005010),
        ({"skus": [{"sku_id": tt.sku, "quantity": 3}]}, 25005011),
        ({"order_line_item_ids": ["17"]}, 25005011),
    ):
        assert await tt.code("POST", CANCELS, good | spoil) == code
    tt.fake.advance(number, "IN_TRANSIT")
    assert await tt.code("POST", CANCELS, good) == 25001045
    tt.fake.advance(number, "COMPLETED")
    assert await tt.code("POST", CANCELS, good) == 25001051


async def test_cancel_request_is_approved_or_rejected(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    cancel = tt.fake.request_cancel(number)
    order = (await search(tt, {"is_buyer_request_cancel": True}))["orders"][0]
    assert (order["id"], order["status"]) == (number, "AWAITING_SHIPMENT")
    pending = await tt.ok("POST", f"{CANCELS}/search", {"cancel_status": ["CANCELLATION_REQUEST_PENDING"]})
    assert pending["cancellations"][0]["seller_next_action_response"][0]["action"] == "SELLER_RESPOND_BUYER_CANCEL"
    assert await tt.code("POST", f"{CANCELS}/{cancel}/reject", {}) == 25001001
    assert await tt.code("POST", f"{CANCELS}/17/approve") == 25007006
    reason = {"reject_reason": "seller_reject_apply_product_has_been_packed"}
    assert await tt.code("POST", f"{CANCELS}/{cancel}/reject", reason) == 0
    assert await tt.code("POST", f"{CANCELS}/{cancel}/reject", reason) == 25011011
    assert await tt.code("POST", f"{CANCELS}/{cancel}/approve") == 25011012
    assert tt.fake.order(number)["is_buyer_request_cancel"] is False
    again, key = tt.fake.request_cancel(number), {"idempotency_key": "k1"}
    assert await tt.code("POST", f"{CANCELS}/{again}/approve", query=key) == 0
    assert await tt.code("POST", f"{CANCELS}/{again}/approve", query=key) == 0
    assert (tt.fake.order(number)["status"], tt.fake.stock(tt.sku)) == ("CANCELLED", 7)


async def test_returns_are_found(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    tt.fake.advance(number, "DELIVERED")
    line = tt.fake.order(number)["line_items"][0]["id"]
    made = tt.fake.add_return(number, line_ids=[line])
    tt.clock.forward(seconds=9)
    tt.fake.change_return(made, "RETURN_OR_REFUND_REQUEST_COMPLETE")
    for version in ("202309", "202602"):
        body = {"return_status": ["RETURN_OR_REFUND_REQUEST_COMPLETE"]}
        told = await tt.ok("POST", f"/return_refund/{version}/returns/search", body)
        row = told["return_orders"][0]
        assert (row["return_id"], row["update_time"] - row["create_time"]) == (made, 9)
        assert [item["order_line_item_id"] for item in row["return_line_items"]] == [line]
