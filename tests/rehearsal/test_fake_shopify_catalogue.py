"""The fake Shopify's catalogue: search, paging, stock writes with their keys, bulk operations."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.shopify_search import compiled
from bot.rehearsal.shopify_world import SCOPES
from tests.rehearsal.shopify_desk import SHOP, START, Clock, Desk

FIELDS = {
    "": ["Linen apron", "APR-NVY-M"],
    "sku": "APR-NVY-M",
    "tag": ["New In", "sale"],
    "product_type": "Apron",
    "inventory_quantity": 7,
    "updated_at": START,
    "managed": True,
}


@pytest.mark.parametrize(
    "query, hit",
    [
        # text is tokenised and without case; no substrings; a star only at the end
        ("sku:apr-nvy-m", True),
        ("sku:APR", True),
        ("sku:nvy-m", True),
        ("sku:AP", False),
        ("sku:AP*", True),
        ("sku:*PR", False),
        (r"sku:APR\-NVY\-M", True),
        ("linen", True),
        ("inen", False),
        ('"apron linen"', False),
        ('"linen apron"', True),
        # tags whole
        ("tag:'New In'", True),
        ("tag:New", False),
        ("tag:sale,other", True),
        # operators
        ("linen tag:none", False),
        ("linen OR tag:none", True),
        ("linen or tag:none", False),
        ("-tag:sale", False),
        ("NOT tag:none", True),
        ("(tag:none OR sku:apr) product_type:apron", True),
        # comparisons; on times > is seen to behave like >=
        ("inventory_quantity:>=7", True),
        ("inventory_quantity:>7", False),
        ("inventory_quantity:<8", True),
        ("inventory_quantity:7", True),
        ("updated_at:>'2026-11-25T10:00:00Z'", True),
        ("updated_at:<'2026-11-25T10:00:00Z'", False),
        ("managed:true", True),
        # an unknown filter is ignored: everything comes back
        ("no_such_filter:abc", True),
        ("", True),
    ],
)
def test_s20_search_grammar(query: str, hit: bool) -> None:
    assert compiled(query)(FIELDS) is hit


@pytest.fixture
def desk() -> Desk:
    clock = Clock()
    fake = FakeShopify(now=clock)
    store = fake.add_store(SHOP, locations=["Main", "Annex"])
    main, annex = store.locations
    for number in range(12):
        stock = {main: number, annex: 1}
        variants = [{"sku": f"SKU-{number}", "price": "2.50", "stock": stock, "options": {"Size": "S"}}]
        fake.add_product(SHOP, f"Thing {number}", variants, tags=["odd" if number % 2 else "even"], product_type="T")
    return Desk(fake, clock)


PAGE = """query P($q: String, $first: Int, $after: String, $last: Int, $before: String, $reverse: Boolean) {
  productVariants(query: $q, first: $first, after: $after, last: $last, before: $before, reverse: $reverse) {
    nodes { sku price inventoryQuantity sellableOnlineQuantity availableForSale product { title tags }
      inventoryItem { tracked inventoryLevels(first: 5) { nodes { location { name }
        quantities(names: ["available", "on_hand", "committed"]) { name quantity } } } } }
    edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"""


async def test_s20_pages_follow_each_other(desk: Desk) -> None:
    found, after = [], None
    for _ in range(3):
        page = (await desk.ask(PAGE, first=5, after=after))["productVariants"]
        found += [node["sku"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert found == [f"SKU-{n}" for n in range(12)]
    assert page["pageInfo"]["hasNextPage"] is False
    assert page["pageInfo"]["hasPreviousPage"] is True
    back = (await desk.ask(PAGE, last=3))["productVariants"]
    assert [node["sku"] for node in back["nodes"]] == ["SKU-9", "SKU-10", "SKU-11"]
    turned = (await desk.ask(PAGE, first=1, reverse=True))["productVariants"]
    assert turned["nodes"][0]["sku"] == "SKU-11"


async def test_paging_without_a_size_or_with_too_large_a_one_is_an_error(desk: Desk) -> None:
    for given in ({}, {"first": 251}, {"first": 1, "after": "bm90aGluZw=="}):
        assert (
            await desk.raw(
                "query P($first: Int, $after: String) { products(first: $first, after: $after) { nodes { id } } }",
                **given,
            )
        )["errors"]


async def test_s20_stock_is_counted_over_active_locations(desk: Desk) -> None:
    node = (await desk.ask(PAGE, first=1, q="sku:SKU-11"))["productVariants"]["nodes"][0]
    assert (node["inventoryQuantity"], node["sellableOnlineQuantity"]) == (12, 12)
    assert node["inventoryItem"]["inventoryLevels"]["nodes"][0]["quantities"][0] == {
        "name": "available",
        "quantity": 11,
    }
    annex = list(desk.fake.stores[SHOP].locations.values())[1]
    annex.fulfills_online_orders = False
    node = (await desk.ask(PAGE, first=1, q="sku:SKU-11"))["productVariants"]["nodes"][0]
    assert (node["inventoryQuantity"], node["sellableOnlineQuantity"]) == (12, 11)


async def test_s20_lists_for_the_filters(desk: Desk) -> None:
    lists = await desk.ask(
        "{ productTags(first: 9) { nodes } productTypes(first: 9) { nodes } productsCount { count precision } }"
    )
    assert lists["productTags"]["nodes"] == ["even", "odd"]
    assert lists["productTypes"]["nodes"] == ["T"]
    assert lists["productsCount"] == {"count": 12, "precision": "EXACT"}
    capped = await desk.ask("{ productVariantsCount(limit: 5) { count precision } }")
    assert capped["productVariantsCount"] == {"count": 5, "precision": "AT_LEAST"}


async def test_deleted_things_are_null_and_foreign_ids_are_errors(desk: Desk) -> None:
    product = next(iter(desk.fake.stores[SHOP].products.values()))
    variant = product.variants[0].id
    desk.fake.delete_product(product.id)
    query = (
        "query N($p: ID!, $v: ID!) { product(id: $p) { id } productVariant(id: $v) { id } nodes(ids: [$p, $v]) { id } }"
    )
    gone = await desk.ask(query, p=product.id, v=variant)
    assert gone == {"product": None, "productVariant": None, "nodes": [None, None]}
    assert "Invalid global id" in (await desk.raw(query, p="12", v=variant))["errors"][0]["message"]


async def test_archived_products_keep_their_variants(desk: Desk) -> None:
    product = next(iter(desk.fake.stores[SHOP].products.values()))
    desk.fake.set_status(product.id, "ARCHIVED")
    query = "query V($q: String) { productVariants(first: 5, query: $q) { nodes { id availableForSale product { status } } } }"
    node = (await desk.ask(query, q="product_status:archived"))["productVariants"]["nodes"]
    assert [(one["availableForSale"], one["product"]["status"]) for one in node] == [(False, "ARCHIVED")]


SET = """mutation S($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { delta } } userErrors { code field message } } }"""
ADJUST = SET.replace("InventorySetQuantitiesInput", "InventoryAdjustQuantitiesInput").replace(
    "inventorySetQuantities", "inventoryAdjustQuantities"
)


def stock_row(desk: Desk, place: int = 3, **more: Any) -> dict[str, Any]:
    store = desk.fake.stores[SHOP]
    item = list(store.items.values())[place]
    return {"inventoryItemId": item.id, "locationId": next(iter(store.locations)), **more}


async def test_s30_stock_writes_want_a_key_and_the_old_quantity(desk: Desk) -> None:
    base = {"name": "available", "reason": "correction"}
    row = stock_row(desk, quantity=9, changeFromQuantity=3)
    bare = SET.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    assert "@idempotent" in (await desk.raw(bare, input={**base, "quantities": [row]}))["errors"][0]["message"]
    first = (await desk.ask(SET, input={**base, "quantities": [row]}, key="k"))["inventorySetQuantities"]
    again = (await desk.ask(SET, input={**base, "quantities": [row]}, key="k"))["inventorySetQuantities"]
    assert first["inventoryAdjustmentGroup"]["id"] == again["inventoryAdjustmentGroup"]["id"]
    other = {**base, "quantities": [stock_row(desk, quantity=8, changeFromQuantity=9)]}
    mixed = (await desk.ask(SET, input=other, key="k"))["inventorySetQuantities"]
    assert mixed["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    desk.clock.advance(86401)
    assert (await desk.ask(SET, input=other, key="k"))["inventorySetQuantities"]["userErrors"] == []


@pytest.mark.parametrize(
    "change, code",
    [
        ({"quantity": 5}, None),  # changeFromQuantity left out; the code is not in the schema's enum
        ({"quantity": 5, "changeFromQuantity": 99}, "CHANGE_FROM_QUANTITY_STALE"),
        ({"quantity": -1, "changeFromQuantity": None}, "INVALID_QUANTITY_NEGATIVE"),
        (
            {"quantity": 5, "changeFromQuantity": None, "inventoryItemId": "gid://shopify/InventoryItem/1"},
            "INVALID_INVENTORY_ITEM",
        ),
        ({"quantity": 5, "changeFromQuantity": None, "locationId": "gid://shopify/Location/1"}, "INVALID_LOCATION"),
    ],
)
async def test_stock_writes_are_refused_with_the_real_codes(desk: Desk, change: dict, code: str | None) -> None:
    given = {"name": "available", "reason": "correction", "quantities": [stock_row(desk) | change]}
    errors = (await desk.ask(SET, input=given, key="k"))["inventorySetQuantities"]["userErrors"]
    assert [error["code"] for error in errors] == [code]
    assert list(desk.fake.stores[SHOP].variants.values())[3].inventory_quantity == 4


async def test_adjusting_moves_by_the_difference_and_one_bad_row_stops_all(desk: Desk) -> None:
    rows = [stock_row(desk, 3, delta=-5, changeFromQuantity=None), stock_row(desk, 4, delta=1, changeFromQuantity=None)]
    given = {"name": "available", "reason": "correction", "changes": rows}
    assert (await desk.ask(ADJUST, input=given, key="a"))["inventoryAdjustQuantities"]["userErrors"] == []
    variants = list(desk.fake.stores[SHOP].variants.values())
    assert (variants[3].inventory_quantity, variants[4].inventory_quantity) == (-1, 6)
    rows[1]["changeFromQuantity"] = 77
    errors = (await desk.ask(ADJUST, input=given, key="b"))["inventoryAdjustQuantities"]["userErrors"]
    assert errors[0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    bad = given | {"reason": "because"}
    assert (await desk.ask(ADJUST, input=bad, key="c"))["inventoryAdjustQuantities"]["userErrors"][0][
        "code"
    ] == "INVALID_REASON"
    desk.fake.set_variant(variants[3].id, requires_components=True)
    rows[1]["changeFromQuantity"] = None
    errors = (await desk.ask(ADJUST, input=given, key="d"))["inventoryAdjustQuantities"]["userErrors"]
    assert errors[0]["code"] == "NON_MUTABLE_INVENTORY_ITEM"
    assert (variants[3].inventory_quantity, variants[4].inventory_quantity) == (-1, 6)


async def test_prices_change_for_one_product_per_call(desk: Desk) -> None:
    first, second = list(desk.fake.stores[SHOP].products.values())[:2]
    change = """mutation V($p: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $p, variants: $v) {
      productVariants { price } userErrors { code field } } }"""
    good = await desk.ask(change, p=first.id, v=[{"id": first.variants[0].id, "price": "3.10"}])
    assert good["productVariantsBulkUpdate"]["productVariants"] == [{"price": "3.10"}]
    bad = await desk.ask(change, p=first.id, v=[{"id": second.variants[0].id, "price": "3.10"}])
    assert bad["productVariantsBulkUpdate"]["userErrors"][0]["code"] == "PRODUCT_VARIANT_DOES_NOT_EXIST"


RUN = """mutation R($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id status url }
  userErrors { code field message } } }"""
LOOK = """query B($id: ID!) { bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount url partialDataUrl
  fileSize completedAt } }"""
CATALOGUE = """{ productVariants { edges { node { id sku price updatedAt product { id title status }
  inventoryItem { id tracked inventoryLevels { edges { node { id location { id }
    quantities(names: ["available"]) { name quantity } } } } } } } } }"""


async def finished(desk: Desk, query: str) -> dict[str, Any]:
    started = (await desk.ask(RUN, q=query))["bulkOperationRunQuery"]
    assert started["userErrors"] == []
    assert started["bulkOperation"]["status"] == "CREATED"
    assert (await desk.ask(LOOK, id=started["bulkOperation"]["id"]))["bulkOperation"]["status"] == "RUNNING"
    return (await desk.ask(LOOK, id=started["bulkOperation"]["id"]))["bulkOperation"]


@pytest.mark.parametrize("parent", ["variant", "item"])
async def test_s1_bulk_result_names_the_parents(desk: Desk, parent: str) -> None:
    desk.fake.stores[SHOP].bulk_parent = parent
    done = await finished(desk, CATALOGUE)
    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == ("COMPLETED", "36", "12")
    async with desk.client() as client:
        assert (await client.get(done["url"], headers={"X-Shopify-Access-Token": desk.token})).status_code == 400
        text = (await client.get(done["url"])).text
    assert len(text.encode()) == int(done["fileSize"])
    lines = [json.loads(line) for line in text.splitlines()]
    roots = [line for line in lines if "__parentId" not in line]
    assert [line["sku"] for line in roots] == [f"SKU-{n}" for n in range(12)]
    assert roots[0]["product"]["status"] == "ACTIVE"
    assert "inventoryLevels" not in roots[0]["inventoryItem"]
    above = roots[0]["id"] if parent == "variant" else roots[0]["inventoryItem"]["id"]
    below = [line for line in lines if line.get("__parentId") == above]
    assert [line["quantities"][0]["quantity"] for line in below] == [0, 1]
    desk.clock.advance(timedelta(days=8).total_seconds())
    async with desk.client() as client:
        assert (await client.get(done["url"])).status_code == 403


async def test_s1_bulk_without_rows_has_no_url_and_a_failed_one_has_its_part(desk: Desk) -> None:
    empty = await finished(desk, '{ products(query: "tag:none") { edges { node { id } } } }')
    assert (empty["status"], empty["url"], empty["objectCount"]) == ("COMPLETED", None, "0")
    desk.fake.stores[SHOP].bulk_failure = "TIMEOUT"
    failed = await finished(desk, "{ products { nodes { id } } }")
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "TIMEOUT", None)
    assert failed["partialDataUrl"]


async def test_bulk_five_at_a_time_and_only_what_bulk_allows(desk: Desk) -> None:
    desk.fake.stores[SHOP].bulk_polls = 9
    for _ in range(5):
        assert (await desk.ask(RUN, q=CATALOGUE))["bulkOperationRunQuery"]["userErrors"] == []
    sixth = (await desk.ask(RUN, q=CATALOGUE))["bulkOperationRunQuery"]
    assert sixth["userErrors"][0]["code"] == "LIMIT_REACHED"
    running = await desk.ask('{ bulkOperations(first: 9, query: "status:running") { nodes { id status } } }')
    assert {one["status"] for one in running["bulkOperations"]["nodes"]} == {"RUNNING"}
    cancel = "mutation C($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    one = running["bulkOperations"]["nodes"][0]["id"]
    assert (await desk.ask(cancel, id=one))["bulkOperationCancel"]["bulkOperation"]["status"] == "CANCELING"
    assert (await desk.ask(LOOK, id=one))["bulkOperation"]["status"] == "CANCELED"
    for query in (
        "{ shop { id } }",
        'query { node(id: "gid://shopify/Product/1") { id } products { edges { node { id } } } }',
        "{ products { edges { node { title variants { edges { node { id } } } } } } }",
        "{ products { edges { node { nope } } } }",
        "not graphql",
    ):
        refused = (await desk.ask(RUN, q=query))["bulkOperationRunQuery"]
        assert refused["userErrors"][0]["code"] == "INVALID", query


async def test_missing_scopes_are_denied_by_name(desk: Desk) -> None:
    scopes = frozenset(SCOPES) - {"read_orders", "write_orders"}
    desk.token = desk.fake.access.register(SHOP, scopes)
    body = await desk.raw("{ shop { name } orders(first: 1) { nodes { id } } }")
    assert body["data"] is None or body["data"].get("orders") is None
    assert body["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert "read_orders" in body["errors"][0]["message"]
    asked = await desk.ask("{ currentAppInstallation { accessScopes { handle } } }")
    assert {one["handle"] for one in asked["currentAppInstallation"]["accessScopes"]} == scopes
