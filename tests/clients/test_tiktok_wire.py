"""TikTok's JSON → domain values: crafted orders, official samples, money, addresses, odd shapes."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.clients.tiktok import endpoints, wire, wire_orders, wire_shipping
from bot.domain.catalogue import ListingStatus
from bot.domain.orders import Order, OrderStatus
from bot.domain.values import ListingId, Money, OrderId, ShopId

ROOT = Path(__file__).resolve().parents[2]
CRAFTED = json.loads((ROOT / "tests" / "vectors" / "crafted_orders.json").read_text())
SAMPLES = ROOT / ".." / "shared" / "data" / "tiktok" / "samples"
SHOP = ShopId("7494")


def order(name: str, **change: object) -> Order:
    return wire_orders.parse_order(SHOP, CRAFTED[name] | change)


# the crafted orders


@pytest.mark.parametrize("name", list(CRAFTED))
def test_every_unit_is_kept_and_sums_agree(name):
    raw, parsed = CRAFTED[name], order(name)
    assert sorted(i for line in parsed.lines for i in line.line_ids) == sorted(line["id"] for line in raw["line_items"])
    assert all(line.quantity == len(line.line_ids) for line in parsed.lines)
    goods = sum((line.unit_price.amount * line.quantity for line in parsed.lines), Decimal(0))
    assert goods == parsed.payment.subtotal.amount == Decimal(raw["payment"]["sub_total"])
    fees = sum((fee.amount for _, fee in parsed.payment.fees), Decimal(0))
    pay = parsed.payment
    assert pay.subtotal.amount + pay.shipping.amount + pay.tax.amount + fees == pay.total.amount
    assert parsed.id == raw["id"]


def test_two_units_and_a_gift_are_two_lines():
    parsed = order("two_units_same_sku_plus_gift")
    assert sorted((line.quantity, line.is_gift) for line in parsed.lines) == [(1, True), (2, False)]
    assert parsed.status is OrderStatus.AWAITING_SHIPMENT
    assert parsed.address is not None
    assert (parsed.address.city, parsed.address.district("L1")) == ("Austin", "Texas")


def test_an_order_on_hold_has_no_address():
    parsed = order("on_hold_no_address")
    assert (parsed.address, parsed.status, parsed.was_on_hold) == (None, OrderStatus.ON_HOLD, True)


def test_who_ships_and_samples():
    assert order("tiktok_shipping_masked").tiktok_ships
    assert order("fbt_masked").by_tiktok
    assert order("sample_order_zero").is_sample
    assert order("sample_order_zero").payment.total == Money.zero("USD")
    assert not order("blank_seller_sku").by_tiktok
    assert any(line.seller_sku == "" for line in order("blank_seller_sku").lines)


def test_a_bundle_keeps_its_parts():
    (line,) = order("virtual_bundle").lines
    assert [(part.seller_sku, part.count) for part in line.parts] == [("TEE-RED-M", 1), ("HAT-BLK", 2)]


def test_masked_text_is_kept_as_sent():
    masked = order("tiktok_shipping_masked").address
    assert masked is not None
    assert "*" in masked.phone


# grouping


def line(id: str, **more: object) -> dict:
    base = {"id": id, "sku_id": "S", "sale_price": "5.00", "original_price": "6.00", "seller_discount": "1.00"}
    return base | {"platform_discount": "0", "is_gift": False, "display_status": "AWAITING_SHIPMENT"} | more


@pytest.mark.parametrize(
    "second, groups",
    [
        ({}, [2]),
        ({"sale_price": "5.0"}, [2]),  # the same amount
        ({"sale_price": "4.99"}, [1, 1]),
        ({"seller_discount": "2.00"}, [1, 1]),
        ({"platform_discount": "0.01"}, [1, 1]),
        ({"is_gift": True}, [1, 1]),
        ({"sku_id": "T"}, [1, 1]),
        ({"display_status": "IN_TRANSIT"}, [1, 1]),
        ({"display_status": "CANCELLED"}, [1]),  # must not be shipped
        ({"quantity": "3"}, [4]),  # undocumented, seen once
    ],
)
def test_grouping(second, groups):
    lines = wire_orders.parse_lines([line("1"), line("2", **second)], "USD")
    assert [one.quantity for one in lines] == groups


def test_a_cancelled_order_keeps_its_lines():
    gone = {"display_status": "CANCELLED"}
    assert wire_orders.parse_lines([line("1", **gone), line("2", **gone)], "USD")[0].line_ids == ("1", "2")


# money


def payment(**given: str):
    return wire_orders.parse_payment({"currency": "USD", **given}, "USD")


@pytest.mark.req("S33")
@pytest.mark.parametrize(
    "given, shipping, fees, kept",
    [
        ({"sub_total": "10", "shipping_fee": "3", "tax": "1", "total_amount": "14"}, "3.00", [], None),
        ({"sub_total": "10", "shipping_fee": "3", "tax": "1", "retail_delivery_fee": "0.28", "total_amount": "14.28"}, "3.00", ["Retail delivery fee"], None),
        ({"sub_total": "10", "shipping_fee": "3", "tax": "1", "total_amount": "13"}, "3.00", [], None),  # prices with tax
        # insurance and its tax are one amount
        ({"sub_total": "10", "item_insurance_fee": "1", "item_insurance_tax": "0.1", "total_amount": "11.1"}, "0.00", ["Item insurance"], None),
        # a fee that is told but not charged
        ({"sub_total": "10", "shipping_fee": "3", "handling_fee": "2", "total_amount": "13"}, "3.00", [], None),
        # a discount on the payment that the total does not show
        ({"sub_total": "10", "shipping_fee": "3", "payment_platform_discount": "2", "total_amount": "13"}, "3.00", [], "2.00"),
        ({"sub_total": "10", "shipping_fee": "3", "payment_platform_discount": "2", "total_amount": "11"}, "1.00", [], "2.00"),
        # larger than the shipping: stays visible as a difference
        ({"sub_total": "10", "shipping_fee": "1", "payment_platform_discount": "2", "total_amount": "9"}, "1.00", [], "2.00"),
    ],
)  # fmt: skip
def test_payment(given, shipping, fees, kept):
    found = payment(**given)
    assert found.shipping.text() == shipping
    assert [name for name, _ in found.fees] == fees
    assert (found.platform_payment_discount.text() if found.platform_payment_discount else None) == kept
    assert found.total.amount == Decimal(given["total_amount"])


def test_tax_is_composed_when_only_its_parts_are_told():
    assert payment(sub_total="1", product_tax="0.2", shipping_fee_tax="0.1", total_amount="1.3").tax.text() == "0.30"


def test_currencies_without_decimals():
    found = wire_orders.parse_payment({"sub_total": "553169", "total_amount": "553169"}, "VND")
    assert (found.total.text(), found.currency) == ("553169", "VND")


def test_an_amount_that_is_none_is_an_error():
    with pytest.raises(ValueError):
        payment(sub_total="a lot", total_amount="1")


# order details


@pytest.mark.parametrize(
    "change, digital",
    [({}, False), ({"shipping_type": "TIKTOK_DIGITAL"}, True), ({"order_type": "VIRTUAL_ORDER"}, True)],
)
def test_digital(change, digital):
    assert order("blank_seller_sku", **change).is_digital is digital


def test_ship_by():
    assert order("blank_seller_sku", rts_sla_time=1795824000).ship_by == datetime.fromtimestamp(1795824000, UTC)
    late = order("blank_seller_sku", rts_sla_time=0, shipping_due_time=1796083200)
    assert late.ship_by == datetime.fromtimestamp(1796083200, UTC)
    assert order("blank_seller_sku", rts_sla_time=None, shipping_due_time=None).ship_by is None


@pytest.mark.parametrize(
    "told, status", [("CANCEL", "CANCELLED"), ("ON_HOLD", "ON_HOLD"), ("BRAND_NEW", "UNKNOWN"), ("", "UNKNOWN")]
)
def test_statuses(told, status):
    assert wire_orders.parse_status(told) == status


@pytest.mark.parametrize(
    "address, there",
    [
        ({}, False),
        ({"name": "", "address_line1": "", "district_info": []}, False),
        ({"postal_code": "78701", "region_code": "US"}, False),
        ({"name": "Jane"}, True),
        ({"address_detail": "1 Main"}, True),
        ({"district_info": [{"address_level": "L3", "address_name": "Austin"}]}, True),
    ],
)
def test_when_there_is_an_address(address, there):
    assert (wire_orders.parse_address(address) is not None) is there


def test_the_british_post_town_is_the_town():
    found = wire_orders.parse_address(
        {"name": "J", "post_town": "Leeds", "district_info": [{"address_level": "L1", "address_name": "England"}]}
    )
    assert found is not None
    assert found.city == "Leeds"


# the catalogue


def test_a_product_becomes_a_listing_per_sku():
    product = {
        "id": 17, "title": "Tee", "status": "BRAND_NEW", "update_time": 1795478400, "product_types": ["COMBINED_PRODUCT"],
        "skus": [{"id": 18, "seller_sku": " A-1 ", "price": {"currency": "GBP", "sale_price": "12.5"}}, {"id": ""}],
    }  # fmt: skip
    (found,) = wire.parse_product(SHOP, product)
    assert (found.id, found.product_id, found.seller_sku, found.sku) == ("18", "17", " A-1 ", "A-1")
    assert (found.status, found.is_combo, found.price) == (ListingStatus.UNKNOWN, True, Money.parse("12.50", "GBP"))
    assert (found.stock, found.variation) == ((), "")


def test_local_sellers_price_wins():
    price = {"currency": "USD", "tax_exclusive_price": "10", "sale_price": "11"}
    (found,) = wire.parse_product(SHOP, {"id": "1", "skus": [{"id": "2", "price": price}]})
    assert found.price == Money.parse("10", "USD")


def test_partial_errors_name_the_innermost_cause():
    data = {
        "errors": [
            {
                "code": 12052990,
                "message": "Check failed",
                "detail": {"sku_id": "7", "extra_errors": [{"warehouse_id": "W", "code": 12052097, "message": "gone"}]},
            },
            {"code": "36020001", "message": "Invalid order_id", "detail": {"order_id": "5"}},
        ]
    }
    assert wire.partial_errors(data) == [(12052097, "gone", "7 W"), (36020001, "Invalid order_id", "5")]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"code":"x"}', b'{"message":"no code"}', b"<html>"])
def test_what_is_no_envelope(raw):
    assert wire.read_envelope(raw) is None


# the official samples, read in place


PARSERS = {
    "authorization__get-authorized-shops": (wire.parse_shops, lambda found: found[0].cipher),
    "event__get-shop-webhooks": (wire.parse_webhooks, lambda found: found[0].address),
    "products__search-products": (lambda data: wire.parse_products(SHOP, data), lambda found: found[0].price),
    "products__get-product": (lambda data: wire.parse_product(SHOP, data), lambda found: found[0].variation),
    "products__inventory-search": (wire.parse_stock, lambda found: next(iter(found.values()))[0].quantity),
    "products__update-inventory": (wire.partial_errors, lambda found: found[0][0] == 12052097),
    "orders__get-order-list": (lambda data: wire_orders.parse_orders(SHOP, data), lambda found: found[0].lines),
    "orders__get-order-detail": (lambda data: wire_orders.parse_orders(SHOP, data), lambda found: found[0].payment.total.amount),
    "orders__get-price-detail": (wire_orders.parse_price_detail, lambda found: found.lines),
    "orders__add-external-order-references": (wire.partial_errors, lambda found: found[0][0] == 36020001),
    "orders__get-external-order-references": (wire_orders.parse_references, lambda found: found[0].line_ids),
    "orders__search-order-by-external-order-reference": (wire_orders.parse_reference_search, lambda found: found[0][1].id),
    "logistics__get-warehouse-list": (wire_shipping.parse_warehouses, lambda found: found[0].sells),
    "logistics__get-warehouse-delivery-options": (wire_shipping.parse_delivery_options, lambda found: found[0].name),
    "logistics__get-shipping-providers": (wire_shipping.parse_providers, lambda found: found[0].name == "USPS"),
    "fulfillment__mark-package-as-shipped": (wire_shipping.parse_shipment, lambda found: found.warning and found.package_id),
    "fulfillment__search-package": (wire_shipping.parse_packages, lambda found: found[0].units),
    "fulfillment__get-package-detail": (wire_shipping.parse_package, lambda found: found.id and found.status == "PROCESSING"),
    "fulfillment__get-tracking": (wire_shipping.parse_tracking, lambda found: found[0].at.year == 2023),
    "return-and-refund__search-cancellations": (wire_shipping.parse_cancellations, lambda found: found[0].is_pending and found[0].deadline and found[0].refund),
    "return-and-refund__search-returns": (wire_shipping.parse_returns, lambda found: found[0].line_ids),
    "return-and-refund__cancel-order": (wire_shipping.parse_cancel, lambda found: all(found)),
}  # fmt: skip
EMPTY = {  # answered with an empty `data`
    "event__update-shop-webhook", "event__delete-shop-webhook", "products__update-price", "fulfillment__ship-package",
    "fulfillment__update-package-shipping-info", "return-and-refund__approve-cancellation",
    "return-and-refund__reject-cancellation",
}  # fmt: skip


def sample(name: str) -> dict:
    if not SAMPLES.is_dir():
        pytest.skip("the official samples are not beside the project")
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_official_samples_parse(name):
    parse, tells = PARSERS[name]
    envelope = wire.read_envelope(json.dumps(sample(name)["response_example"]).encode())
    assert envelope is not None
    assert envelope[0] == 0
    found = parse(envelope[3])
    assert found
    assert tells(found), found


def shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else "V" if part.isdigit() else part for part in path.split("/"))


def test_every_endpoint_has_its_sample():
    known = {(s["method"], shape(s["path"])) for s in map(sample, sorted(set(PARSERS) | EMPTY))}
    for endpoint in endpoints.ALL:
        assert (endpoint.method, shape(endpoint.path)) in known, endpoint.name


SUBSETS = [
    ("products__search-products", wire.search_body(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))),
    ("products__inventory-search", wire.stock_search_body([ListingId("1")])),
    ("products__update-inventory", wire.set_stock_body(ListingId("1"), [])),
    ("products__update-price", wire.set_price_body(ListingId("1"), Money.parse("9.99", "USD"))),
    ("orders__get-order-list", wire_orders.search_body(datetime(2026, 1, 1, tzinfo=UTC), None, OrderStatus.UNPAID)),
    ("orders__add-external-order-references", wire_orders.reference_body(OrderId("1"), "2", [("3", "4")])),
    ("event__update-shop-webhook", wire.webhook_body("ORDER_STATUS_CHANGE", "https://a.example")),
    ("event__delete-shop-webhook", wire.webhook_body("ORDER_STATUS_CHANGE")),
    ("fulfillment__mark-package-as-shipped", wire_shipping.mark_shipped_body(["1"], "2", "3")),
    ("fulfillment__ship-package", wire_shipping.ship_package_body("1", "2")),
    ("fulfillment__update-package-shipping-info", wire_shipping.tracking_body("1", "2")),
    ("return-and-refund__search-cancellations", wire_shipping.window_body(datetime(2026, 1, 1, tzinfo=UTC), None, [OrderId("1")])),
    ("return-and-refund__cancel-order", wire_shipping.cancel_body(OrderId("1"), "why", ["2"])),
    ("return-and-refund__reject-cancellation", wire_shipping.reject_body("why", "because")),
]  # fmt: skip


@pytest.mark.parametrize("name, body", SUBSETS, ids=[name for name, _ in SUBSETS])
def test_our_bodies_use_only_documented_fields_of_documented_types(name, body):
    check_subset(body, sample(name)["request_example_body"], name)


def check_subset(ours: object, theirs: object, at: str) -> None:
    assert type(ours) is type(theirs), at
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            assert key in theirs, f"{at}.{key}"
            check_subset(value, theirs[key], f"{at}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        for value in ours:
            check_subset(value, theirs[0], f"{at}[]")
