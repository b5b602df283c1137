"""The fake Shopify's orderCreate and what follows it: defaults, totals, refusals, look-ups, cancels, fulfilments."""

import pytest

from bot.rehearsal.shopify import FakeShopify
from tests.rehearsal.shopify_desk import CREATE, SHOP, Clock, Desk, money, order_input, sale


@pytest.fixture
def desk() -> Desk:
    clock = Clock()
    fake = FakeShopify(now=clock)
    fake.add_store(SHOP, "Apron House", locations=["Main", "Annex"])
    variants = [{"sku": "APR-NVY-M", "price": "24.00", "stock": 5, "options": {"Size": "M"}}]
    fake.add_product(SHOP, "Linen apron", [*variants, {"sku": "APR-GRN-M", "price": "9.99", "stock": 0}])
    return Desk(fake, clock)


def variants(desk: Desk) -> list:
    return list(desk.fake.stores[SHOP].variants.values())


async def test_s31_order_create_is_not_idempotent_and_says_nothing(desk: Desk) -> None:
    first = await desk.create(order_input(variants(desk)[0].id, name="TTS-1"))
    second = await desk.create(order_input(variants(desk)[0].id, name="TTS-1"))
    assert first["userErrors"] == second["userErrors"] == []
    assert first["order"]["id"] != second["order"]["id"]
    assert first["order"]["name"] == second["order"]["name"] == "TTS-1"
    assert len(desk.fake.orders_of("576300000000000001")) == 2


async def test_s32_defaults_bypass_stock_no_shipping_and_the_variants_price(desk: Desk) -> None:
    variant = variants(desk)[0]
    given = {"lineItems": [{"variantId": variant.id, "quantity": 2}]}
    order = (await desk.create(given))["order"]
    line = order["lineItems"]["nodes"][0]
    assert line["requiresShipping"] is False
    assert line["originalUnitPriceSet"]["shopMoney"]["amount"] == "24.0"
    assert order["totalPriceSet"]["shopMoney"] == {"amount": "48.0", "currencyCode": "USD"}
    assert variant.inventory_quantity == 5
    assert order["displayFulfillmentStatus"] == "FULFILLMENT_NOT_REQUIRED"
    assert order["displayFinancialStatus"] == "PENDING"
    assert order["name"] == "#1001"


async def test_s32_ignoring_policy_takes_stock_below_zero(desk: Desk) -> None:
    variant = variants(desk)[0]
    payload = await desk.create(order_input(variant.id, 7), inventoryBehaviour="DECREMENT_IGNORING_POLICY")
    assert payload["userErrors"] == []
    assert variant.inventory_quantity == -2
    level = next(iter(variant.inventory_item.levels.values()))
    assert (level.available, level.committed) == (-2, 7)


async def test_s32_obeying_policy_refuses_without_stock_unless_selling_goes_on(desk: Desk) -> None:
    variant = variants(desk)[1]
    payload = await desk.create(order_input(variant.id), inventoryBehaviour="DECREMENT_OBEYING_POLICY")
    assert payload["order"] is None
    assert payload["userErrors"][0]["code"] == "INVENTORY_CLAIM_FAILED"
    assert desk.fake.orders(SHOP) == []
    desk.fake.set_variant(variant.id, policy="CONTINUE")
    payload = await desk.create(order_input(variant.id), inventoryBehaviour="DECREMENT_OBEYING_POLICY")
    assert payload["userErrors"] == []
    assert variant.inventory_quantity == -1


async def test_untracked_stock_is_not_taken(desk: Desk) -> None:
    variant = variants(desk)[0]
    desk.fake.set_variant(variant.id, tracked=False)
    await desk.create(order_input(variant.id, 2), inventoryBehaviour="DECREMENT_IGNORING_POLICY")
    assert variant.inventory_quantity == 5


TOTALS = [  # what the order says besides two units at 3.33 → total, tax, status with 10.00 paid
    ({}, "6.66", "0", "PAID"),
    ({"shippingLines": [{"title": "Post", "priceSet": money("4.50")}]}, "11.16", "0", "PARTIALLY_PAID"),
    ({"taxLines": [{"title": "VAT", "rate": "0.2", "priceSet": money("1.33")}]}, "7.99", "1.33", "PAID"),
    ({"taxLines": [{"title": "VAT", "rate": "0.2"}]}, "7.99", "1.33", "PAID"),
    ({"taxesIncluded": True, "taxLines": [{"title": "VAT", "rate": "0.2"}]}, "6.66", "1.11", "PAID"),
    ({"discountCode": {"itemFixedDiscountCode": {"code": "X", "amountSet": money("1.00")}}}, "5.66", "0", "PAID"),
    ({"discountCode": {"itemPercentageDiscountCode": {"code": "X", "percentage": 10}}}, "5.99", "0", "PAID"),
    (
        {
            "discountCode": {"freeShippingDiscountCode": {"code": "X"}},
            "shippingLines": [{"title": "Post", "priceSet": money("9.00")}],
        },
        "6.66",
        "0",
        "PAID",
    ),
]


@pytest.mark.parametrize("more, total, tax, status", TOTALS)
async def test_s33_total_is_units_less_discount_plus_shipping_plus_tax(
    desk: Desk, more: dict, total: str, tax: str, status: str
) -> None:
    given = order_input(variants(desk)[0].id, 2, transactions=[sale("10.00")], **more)
    given["lineItems"][0]["priceSet"] = money("3.33")
    order = (await desk.create(given))["order"]
    assert float(order["totalPriceSet"]["shopMoney"]["amount"]) == float(total)
    assert float(order["totalTaxSet"]["shopMoney"]["amount"]) == float(tax)
    assert order["displayFinancialStatus"] == status


async def test_s33_a_cent_short_is_partially_paid(desk: Desk) -> None:
    order = (await desk.create(order_input(variants(desk)[0].id, transactions=[sale("23.99")])))["order"]
    assert order["displayFinancialStatus"] == "PARTIALLY_PAID"
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == "0.01"


def lines(desk: Desk, **more: object) -> dict:
    return {"lineItems": [{"variantId": variants(desk)[0].id, "quantity": 1, **more}]}


REFUSED = [  # change of the input, field, part of the message
    (lambda d: lines(d, quantity=0), ["order", "lineItems", "0", "quantity"]),
    (lambda d: {"lineItems": []}, ["order", "lineItems"]),
    (lambda d: lines(d, variantId="gid://shopify/ProductVariant/404"), ["order", "lineItems", "0", "variantId"]),
    (lambda d: {"lineItems": [{"quantity": 1}]}, ["order", "lineItems", "0", "title"]),
    (lambda d: lines(d, priceSet=money("1.00", "GBP")), ["order", "lineItems", "0", "priceSet", "shopMoney"]),
    (lambda d: lines(d) | {"currency": "GBP"}, ["order", "currency"]),
    (
        lambda d: lines(d) | {"transactions": [sale("1", "EUR")]},
        ["order", "transactions", "0", "amountSet", "shopMoney"],
    ),
    (lambda d: lines(d) | {"tags": ["a,b"]}, ["order", "tags"]),
    (lambda d: lines(d) | {"tags": ["x" * 41]}, ["order", "tags"]),
    (lambda d: lines(d) | {"note": "x" * 5001}, ["order", "note"]),
    (lambda d: lines(d) | {"email": "nobody"}, ["order", "email"]),
    (lambda d: lines(d) | {"phone": "(+44)7***12"}, ["order", "phone"]),
    (lambda d: lines(d) | {"sourceName": "web"}, ["order", "sourceName"]),
    (
        lambda d: lines(d) | {"shippingAddress": {"phone": "(+1)20***34", "countryCode": "US"}},
        ["order", "shippingAddress", "phone"],
    ),
    (lambda d: lines(d) | {"shippingAddress": {"address1": "x" * 256}}, ["order", "shippingAddress", "address1"]),
    (
        lambda d: lines(d) | {"shippingAddress": {"countryCode": "US", "provinceCode": "ZZ"}},
        ["order", "shippingAddress", "provinceCode"],
    ),
    (
        lambda d: lines(d, taxLines=[{"title": "T", "rate": "0.1"}]) | {"taxLines": [{"title": "T", "rate": "0.1"}]},
        ["order", "taxLines"],
    ),
    (
        lambda d: lines(d, priceSet=money("1.00")) | {"presentmentCurrency": "GBP"},
        ["order", "lineItems", "0", "priceSet", "presentmentMoney"],
    ),
]


@pytest.mark.parametrize("make, field", REFUSED)
async def test_s33_bad_input_is_invalid_and_names_its_field(desk: Desk, make, field: list[str]) -> None:
    payload = await desk.create(make(desk))
    assert payload["order"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("INVALID", field)]
    assert desk.fake.orders(SHOP) == []


async def test_customer_by_two_ways_is_redundant(desk: Desk) -> None:
    known = {"customerId": "gid://shopify/Customer/1", "customer": {"toUpsert": {"email": "a@example.com"}}}
    payload = await desk.create(lines(desk) | known)
    assert payload["userErrors"][0]["code"] == "REDUNDANT_CUSTOMER_FIELDS"


ONE_OF = {"toAssociate": {"id": "gid://shopify/Customer/1"}, "toUpsert": {"email": "a@example.com"}}
WRONG_VARIABLES = [
    ({"lineItems": [], "customer": ONE_OF}, {}),
    ({"lineItems": [], "shippingAddress": {"countryCode": "XX"}}, {}),
    ({"lineItems": [], "lineItem": []}, {}),
    ({"lineItems": []}, {"inventoryBehavior": "BYPASS"}),
    ({"lineItems": [{"quantity": "2"}]}, {}),
    ({"lineItems": [], "processedAt": "yesterday"}, {}),
    ({"lineItems": [{"quantity": 1, "priceSet": money("ten")}]}, {}),
]


@pytest.mark.parametrize("order, options", WRONG_VARIABLES)
async def test_wrong_names_and_values_are_variable_errors(desk: Desk, order: dict, options: dict) -> None:
    body = await desk.raw(CREATE, order=order, options=options)
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


@pytest.mark.parametrize(
    "rule, address, ok",
    [
        ("lastName", {"firstName": "Ann"}, False),
        ("lastName", {"lastName": "Ann"}, True),
        ("E164", {"phone": "020 7946 0958", "countryCode": "GB"}, False),
        ("E164", {"phone": "+442079460958", "countryCode": "GB"}, True),
        ("zip", {"countryCode": "IE"}, False),
    ],
)
async def test_s33_stricter_stores_refuse_more(desk: Desk, rule: str, address: dict, ok: bool) -> None:
    desk.fake.stores[SHOP].requires = frozenset({rule})
    payload = await desk.create(lines(desk) | {"shippingAddress": address})
    assert (payload["userErrors"] == []) is ok


async def test_a_province_the_country_does_not_have_is_dropped(desk: Desk) -> None:
    await desk.create(lines(desk) | {"shippingAddress": {"countryCode": "SG", "provinceCode": "01", "city": "東京 🧵"}})
    asked = await desk.ask("{ orders(first: 1) { nodes { shippingAddress { city provinceCode countryCodeV2 } } } }")
    address = asked["orders"]["nodes"][0]["shippingAddress"]
    assert address == {"city": "東京 🧵", "provinceCode": None, "countryCodeV2": "SG"}


async def test_development_stores_take_five_orders_a_minute(desk: Desk) -> None:
    desk.fake.stores[SHOP].orders_per_minute = 5
    for _ in range(5):
        assert (await desk.create(lines(desk)))["userErrors"] == []
    assert "rate limit" in (await desk.create(lines(desk)))["userErrors"][0]["message"]
    desk.clock.advance(61)
    assert (await desk.create(lines(desk)))["userErrors"] == []


async def test_two_currencies_are_kept_apart(desk: Desk) -> None:
    both = {"shopMoney": {"amount": "30.00", "currencyCode": "USD"}}
    both["presentmentMoney"] = {"amount": "24.00", "currencyCode": "GBP"}
    given = lines(desk, priceSet=both) | {"currency": "USD", "presentmentCurrency": "GBP"}
    order = (await desk.create(given | {"transactions": [{"amountSet": both}]}))["order"]
    assert order["totalPriceSet"]["shopMoney"] == {"amount": "30.0", "currencyCode": "USD"}
    assert order["totalPriceSet"]["presentmentMoney"] == {"amount": "24.0", "currencyCode": "GBP"}
    assert order["displayFinancialStatus"] == "PAID"


FIND = "query F($q: String) { orders(first: 5, query: $q) { nodes { id } } }"
NEWEST = "{ orders(first: 5, sortKey: CREATED_AT, reverse: true) { nodes { id sourceIdentifier } } }"


async def test_s31_search_lags_and_the_newest_list_does_not(desk: Desk) -> None:
    desk.fake.stores[SHOP].search_lag = 20
    tags = ["tiktok-shop", "tts-5763"]
    made = (await desk.create(order_input(variants(desk)[0].id, tiktok_id="5763", tags=tags)))["order"]
    queries = ["source_identifier:'5763'", "tag:'tts-5763'", "name:'#1001'", "5763", "tag:tiktok-shop status:open"]
    for query in queries:
        assert (await desk.ask(FIND, q=query))["orders"]["nodes"] == []
    assert (await desk.ask(NEWEST))["orders"]["nodes"] == [{"id": made["id"], "sourceIdentifier": "5763"}]
    desk.clock.advance(21)
    for query in queries:
        assert (await desk.ask(FIND, q=query))["orders"]["nodes"] == [{"id": made["id"]}], query
    for query in ["source_identifier:'576'", "tag:tts", "name:'1002'", "763", "tag:'tts-5764'"]:
        assert (await desk.ask(FIND, q=query))["orders"]["nodes"] == [], query
    assert len((await desk.ask(FIND, q="no_such_filter:1"))["orders"]["nodes"]) == 1


async def test_s31_a_changed_tag_is_found_only_after_the_lag(desk: Desk) -> None:
    made = (await desk.create(order_input(variants(desk)[0].id)))["order"]
    desk.fake.stores[SHOP].search_lag = 20
    add = 'mutation T($id: ID!) { tagsAdd(id: $id, tags: ["late"]) { node { id } userErrors { message } } }'
    await desk.ask(add, id=made["id"])
    assert (await desk.ask(FIND, q="tag:late"))["orders"]["nodes"] == []
    assert len((await desk.ask(FIND, q="source_identifier:576300000000000001"))["orders"]["nodes"]) == 1
    desk.clock.advance(20)
    assert len((await desk.ask(FIND, q="tag:late"))["orders"]["nodes"]) == 1


DEFINE = """mutation D($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $d) {
  createdDefinition { id namespace key type { name } capabilities { uniqueValues { enabled } } }
  userErrors { code message } } }"""
BY_ID = """query B($v: String!) { orderByIdentifier(identifier: {customId: {namespace: "$app", key: "tiktok_order",
  value: $v}}) { id metafield(namespace: "$app", key: "tiktok_order") { value type } } }"""


async def test_s31_custom_id_finds_the_order_at_once_and_keeps_its_first_owner(desk: Desk) -> None:
    desk.fake.stores[SHOP].search_lag = 20
    assert (await desk.raw(BY_ID, v="5763"))["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    definition = {"name": "TikTok order", "key": "tiktok_order", "ownerType": "ORDER", "type": "id"}
    made = (await desk.ask(DEFINE, d=definition))["metafieldDefinitionCreate"]
    assert made["createdDefinition"]["capabilities"] == {"uniqueValues": {"enabled": True}}
    again = (await desk.ask(DEFINE, d=definition))["metafieldDefinitionCreate"]
    assert again["userErrors"][0]["code"] == "TAKEN"
    field = {"namespace": "$app", "key": "tiktok_order", "type": "id", "value": "5763"}
    first = (await desk.create(lines(desk) | {"metafields": [field]}))["order"]
    second = await desk.create(lines(desk) | {"metafields": [field]})
    assert second["userErrors"] == []
    found = (await desk.ask(BY_ID, v="5763"))["orderByIdentifier"]
    assert found == {"id": first["id"], "metafield": {"value": "5763", "type": "id"}}
    assert (await desk.ask(BY_ID, v="5764"))["orderByIdentifier"] is None
    desk.fake.stores[SHOP].duplicate_custom_id = "refuse"
    assert (await desk.create(lines(desk) | {"metafields": [field]}))["userErrors"][0]["code"] == "INVALID"


async def test_orders_older_than_sixty_days_are_not_shown(desk: Desk) -> None:
    made = (await desk.create(lines(desk)))["order"]
    desk.clock.advance(61 * 86400)
    assert (await desk.ask(NEWEST))["orders"]["nodes"] == []
    assert (await desk.ask("query O($id: ID!) { order(id: $id) { id } }", id=made["id"]))["order"] is None
    desk.token = desk.fake.access.register(SHOP, frozenset({"read_orders", "read_all_orders"}))
    assert len((await desk.ask(NEWEST))["orders"]["nodes"]) == 1


async def test_n9_orders_of_other_apps_can_be_found_by_what_they_carry(desk: Desk) -> None:
    desk.fake.foreign_order(SHOP, note="TikTok order 5763")
    desk.fake.foreign_order(SHOP, name="AS-5764-TT")
    desk.fake.foreign_order(SHOP, attributes={"tiktok_order_id": "5765"})
    for number in ("5763", "5764", "5765"):
        assert len((await desk.ask(FIND, q=number))["orders"]["nodes"]) == 1
    asked = await desk.ask("{ orders(first: 1) { nodes { app { name } sourceName } } }")
    assert asked["orders"]["nodes"][0]["app"]["name"] == "Another Connector"


CANCEL = """mutation C($id: ID!, $restock: Boolean!, $refund: OrderCancelRefundMethodInput, $note: String) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: $restock, refundMethod: $refund, notifyCustomer: false,
    staffNote: $note) { job { id done } jobResult { id done status errors { code } }
    orderCancelUserErrors { code field message } } }"""
STATE = """query S($id: ID!) { order(id: $id) { cancelledAt cancelReason displayFinancialStatus
  displayFulfillmentStatus tags note totalOutstandingSet { shopMoney { amount } }
  currentTotalPriceSet { shopMoney { amount } } } }"""
IGNORING = {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY"}


async def test_s38_cancel_restocks_and_refunds_once(desk: Desk) -> None:
    variant = variants(desk)[0]
    made = (await desk.create(order_input(variant.id, 2, transactions=[sale("48.00")]), **IGNORING))["order"]
    assert variant.inventory_quantity == 3
    desk.fake.stores[SHOP].cancel_delay = 5
    refund = {"originalPaymentMethodsRefund": True}
    asked = (await desk.ask(CANCEL, id=made["id"], restock=True, refund=refund))["orderCancel"]
    assert asked["orderCancelUserErrors"] == []
    assert asked["job"]["done"] is False
    assert asked["jobResult"]["status"] == "STARTED"
    assert (await desk.ask(STATE, id=made["id"]))["order"]["cancelledAt"] is None
    desk.clock.advance(6)
    node = "query J($id: ID!) { node(id: $id) { ... on OrderCancelJobResult { done status errors { code } } } }"
    result = (await desk.ask(node, id=asked["jobResult"]["id"]))["node"]
    assert result == {"done": True, "status": "SUCCEEDED", "errors": []}
    assert (await desk.ask("query J($id: ID!) { job(id: $id) { done } }", id=asked["job"]["id"]))["job"]["done"]
    state = (await desk.ask(STATE, id=made["id"]))["order"]
    assert (state["cancelReason"], state["displayFinancialStatus"]) == ("CUSTOMER", "REFUNDED")
    assert state["totalOutstandingSet"]["shopMoney"]["amount"] == "0.0"
    assert variant.inventory_quantity == 5
    again = (await desk.ask(CANCEL, id=made["id"], restock=True))["orderCancel"]
    assert again["orderCancelUserErrors"][0]["code"] == "INVALID"
    assert variant.inventory_quantity == 5


async def test_s38_cancel_refuses_what_is_unknown_or_too_long(desk: Desk) -> None:
    unknown = (await desk.ask(CANCEL, id="gid://shopify/Order/1", restock=True))["orderCancel"]
    assert unknown["orderCancelUserErrors"][0]["code"] == "NOT_FOUND"
    made = (await desk.create(lines(desk)))["order"]
    long = (await desk.ask(CANCEL, id=made["id"], restock=True, note="x" * 256))["orderCancel"]
    assert long["orderCancelUserErrors"][0]["code"] == "INVALID"


ROUTED = """query F($id: ID!) { order(id: $id) { displayFulfillmentStatus fulfillmentOrders(first: 5) { nodes { id status
  assignedLocation { name location { id } } fulfillmentHolds { id handle }
  lineItems(first: 5) { nodes { id remainingQuantity totalQuantity } } } }
  fulfillments(first: 5) { id status displayStatus trackingInfo(first: 5) { number company url }
    fulfillmentLineItems(first: 5) { nodes { quantity lineItem { sku variant { id } } } } location { id } } } }"""
SHIP = """mutation S($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id status } userErrors { field message } } }"""


async def test_fulfilment_orders_come_a_moment_later_and_only_for_lines_that_ship(desk: Desk) -> None:
    desk.fake.stores[SHOP].routing_delay = 3
    made = (await desk.create(order_input(variants(desk)[0].id, 2)))["order"]
    assert (await desk.ask(ROUTED, id=made["id"]))["order"]["fulfillmentOrders"]["nodes"] == []
    desk.clock.advance(3)
    order = (await desk.ask(ROUTED, id=made["id"]))["order"]
    assert order["fulfillmentOrders"]["nodes"][0]["assignedLocation"]["name"] == "Main"
    plain = (await desk.create(lines(desk)))["order"]
    desk.clock.advance(3)
    assert (await desk.ask(ROUTED, id=plain["id"]))["order"]["fulfillmentOrders"]["nodes"] == []


async def test_a_fulfilment_in_parts_shows_tracking_and_status(desk: Desk) -> None:
    variant = variants(desk)[0]
    made = (await desk.create(order_input(variant.id, 3), **IGNORING))["order"]
    routed = (await desk.ask(ROUTED, id=made["id"]))["order"]["fulfillmentOrders"]["nodes"][0]
    rows = [{"id": routed["lineItems"]["nodes"][0]["id"], "quantity": 1}]
    part = {"fulfillmentOrderId": routed["id"], "fulfillmentOrderLineItems": rows}
    info = {"number": "15501", "company": "DPD"}
    await desk.ask(SHIP, f={"lineItemsByFulfillmentOrder": [part], "trackingInfo": info})
    order = (await desk.ask(ROUTED, id=made["id"]))["order"]
    assert order["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert order["fulfillments"][0]["trackingInfo"] == [{"number": "15501", "company": "DPD", "url": None}]
    desk.fake.fulfil(made["id"], None)
    order = (await desk.ask(ROUTED, id=made["id"]))["order"]
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    assert [one["fulfillmentLineItems"]["nodes"][0]["quantity"] for one in order["fulfillments"]] == [1, 2]
    level = next(iter(variant.inventory_item.levels.values()))
    assert (level.available, level.committed) == (2, 0)
    refused = (await desk.ask(CANCEL, id=made["id"], restock=True))["orderCancel"]
    assert refused["orderCancelUserErrors"][0]["code"] == "INVALID"
    late = await desk.ask(SHIP, f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": routed["id"]}]})
    assert late["fulfillmentCreate"]["userErrors"] != []


HOLD = """mutation H($id: ID!, $h: FulfillmentOrderHoldInput!) { fulfillmentOrderHold(id: $id, fulfillmentHold: $h) {
  fulfillmentHold { id } fulfillmentOrder { status } userErrors { code } } }"""
RELEASE = """mutation R($id: ID!, $holds: [ID!]) { fulfillmentOrderReleaseHold(id: $id, holdIds: $holds) {
  fulfillmentOrder { status } userErrors { code } } }"""


async def test_a11_a_hold_stops_shipping_until_it_is_released(desk: Desk) -> None:
    made = (await desk.create(order_input(variants(desk)[0].id)))["order"]
    routed = (await desk.ask(ROUTED, id=made["id"]))["order"]["fulfillmentOrders"]["nodes"][0]
    hold = {"reason": "AWAITING_PAYMENT", "handle": "tiktok-hold", "reasonNotes": "TikTok's remorse hour"}
    held = (await desk.ask(HOLD, id=routed["id"], h=hold))["fulfillmentOrderHold"]
    assert held["fulfillmentOrder"]["status"] == "ON_HOLD"
    twice = (await desk.ask(HOLD, id=routed["id"], h=hold))["fulfillmentOrderHold"]
    assert twice["userErrors"][0]["code"] == "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
    rows = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": routed["id"]}]}
    assert (await desk.ask(SHIP, f=rows))["fulfillmentCreate"]["fulfillment"] is None
    for number in range(9):
        await desk.ask(HOLD, id=routed["id"], h={"reason": "OTHER", "handle": f"h{number}"})
    full = (await desk.ask(HOLD, id=routed["id"], h={"reason": "OTHER", "handle": "h10"}))["fulfillmentOrderHold"]
    assert full["userErrors"][0]["code"] == "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"
    one = await desk.ask(RELEASE, id=routed["id"], holds=[held["fulfillmentHold"]["id"]])
    assert one["fulfillmentOrderReleaseHold"]["fulfillmentOrder"]["status"] == "ON_HOLD"
    rest = (await desk.ask(RELEASE, id=routed["id"], holds=None))["fulfillmentOrderReleaseHold"]
    assert rest["fulfillmentOrder"]["status"] == "OPEN"
    unknown = (await desk.ask(RELEASE, id="gid://shopify/FulfillmentOrder/1"))["fulfillmentOrderReleaseHold"]
    assert unknown["userErrors"][0]["code"] == "FULFILLMENT_ORDER_NOT_FOUND"


REFUND = """mutation R($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {
  refund { id totalRefundedSet { shopMoney { amount } } refundLineItems(first: 5) { nodes { quantity restockType } } }
  order { displayFinancialStatus currentTotalPriceSet { shopMoney { amount } } } userErrors { field message } } }"""


async def test_refund_needs_its_key_and_counts_once(desk: Desk) -> None:
    variant = variants(desk)[0]
    made = (await desk.create(order_input(variant.id, 2, transactions=[sale("48.00")]), **IGNORING))["order"]
    line = made["lineItems"]["nodes"][0]["id"]
    payment = {"orderId": made["id"], "amount": "24.00", "kind": "REFUND", "gateway": "TikTok Shop"}
    given = {"orderId": made["id"], "transactions": [payment]}
    given["refundLineItems"] = [{"lineItemId": line, "quantity": 1, "restockType": "CANCEL"}]
    bare = REFUND.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    assert "@idempotent" in (await desk.raw(bare, input=given))["errors"][0]["message"]
    first = (await desk.ask(REFUND, input=given, key="k1"))["refundCreate"]
    second = (await desk.ask(REFUND, input=given, key="k1"))["refundCreate"]
    assert first["refund"]["id"] == second["refund"]["id"]
    assert first["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert first["order"]["currentTotalPriceSet"]["shopMoney"]["amount"] == "24.0"
    assert variant.inventory_quantity == 4
    other = (await desk.ask(REFUND, input=given | {"note": "x"}, key="k1"))["refundCreate"]
    assert other["userErrors"] != []
    over = given | {"transactions": [payment | {"amount": "30.00"}]}
    assert (await desk.ask(REFUND, input=over, key="k2"))["refundCreate"]["userErrors"] != []
    two = given | {"refundLineItems": [{"lineItemId": line, "quantity": 2}]}
    assert (await desk.ask(REFUND, input=two, key="k3"))["refundCreate"]["refund"] is None


async def test_update_overwrites_and_tags_add_up(desk: Desk) -> None:
    made = (await desk.create(lines(desk) | {"tags": ["One"], "note": "before"}))["order"]
    update = "mutation U($i: OrderInput!) { orderUpdate(input: $i) { order { note } userErrors { field message } } }"
    await desk.ask(update, i={"id": made["id"], "note": "after", "tags": ["Two"]})
    add = "mutation T($id: ID!, $t: [String!]!) { tagsAdd(id: $id, tags: $t) { userErrors { message } } }"
    await desk.ask(add, id=made["id"], t=["two", "Three"])
    remove = add.replace("tagsAdd", "tagsRemove")
    state = (await desk.ask(STATE, id=made["id"]))["order"]
    assert (state["note"], state["tags"]) == ("after", ["Three", "Two"])
    await desk.ask(remove, id=made["id"], t=["TWO"])
    assert (await desk.ask(STATE, id=made["id"]))["order"]["tags"] == ["Three"]
    bad = await desk.ask(update, i={"id": made["id"], "shippingAddress": {"phone": "***"}})
    assert bad["orderUpdate"]["userErrors"][0]["field"] == ["shippingAddress", "phone"]


async def test_mark_as_paid_only_with_a_balance(desk: Desk) -> None:
    made = (await desk.create(lines(desk)))["order"]
    mark = "mutation M($i: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $i) { userErrors { message } } }"
    assert (await desk.ask(mark, i={"id": made["id"]}))["orderMarkAsPaid"]["userErrors"] == []
    assert (await desk.ask(STATE, id=made["id"]))["order"]["displayFinancialStatus"] == "PAID"
    assert (await desk.ask(mark, i={"id": made["id"]}))["orderMarkAsPaid"]["userErrors"] != []


async def test_without_level_two_the_address_is_denied_and_the_rest_comes(desk: Desk) -> None:
    await desk.create(lines(desk) | {"shippingAddress": {"city": "Leeds", "countryCode": "GB"}})
    desk.fake.stores[SHOP].protected_data = False
    body = await desk.raw("{ orders(first: 1) { nodes { name shippingAddress { city } } } }")
    assert body["data"]["orders"]["nodes"] == [{"name": "#1001", "shippingAddress": None}]
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_a10_a_line_of_a_deleted_variant_stays_without_it(desk: Desk) -> None:
    variant = variants(desk)[0]
    made = (await desk.create(order_input(variant.id)))["order"]
    desk.fake.delete_variant(variant.id)
    asked = await desk.ask(
        "query O($id: ID!) { order(id: $id) { lineItems(first: 5) { nodes { sku variant { id } product { id } } } } }",
        id=made["id"],
    )
    assert asked["order"]["lineItems"]["nodes"] == [{"sku": "APR-NVY-M", "variant": None, "product": None}]
