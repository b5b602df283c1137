"""The subset schema is Shopify's own, every field of it can be read, and the resolvers name only what it holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, build_schema, get_named_type, is_leaf_type, validate_schema

from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.shopify_graphql import SCHEMA, load_schema
from bot.rehearsal.shopify_mutations import MUTATIONS
from bot.rehearsal.shopify_queries import RESOLVERS
from tests.rehearsal.shopify_desk import SHOP, Clock, Desk, order_input, sale

FULL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "shopify" / "admin.graphql"


def text_of(kind: Any) -> dict[str, Any]:
    """What must be equal in both schemas: field types, arguments with defaults; enums and inputs whole."""
    if isinstance(kind, GraphQLEnumType):
        return dict.fromkeys(kind.values, "value")
    if isinstance(kind, GraphQLInputObjectType):
        return {name: (str(one.type), one.default_value) for name, one in kind.fields.items()}
    fields = getattr(kind, "fields", {})
    return {
        name: (str(one.type), {arg: (str(a.type), a.default_value) for arg, a in one.args.items()})
        for name, one in fields.items()
    }


def test_the_subset_equals_shopifys_schema() -> None:
    if not FULL.exists():
        pytest.skip("the full schema is not beside the project (../shared/data/shopify/admin.graphql)")
    full, own = build_schema(FULL.read_text(encoding="utf-8")), build_schema(SCHEMA.read_text(encoding="utf-8"))
    assert {d.name for d in full.directives} == {d.name for d in own.directives}
    for name, kind in own.type_map.items():
        if name.startswith("__"):
            continue
        theirs, ours = text_of(full.type_map[name]), text_of(kind)
        assert {field: theirs.get(field) for field in ours} == ours, name
        if isinstance(kind, (GraphQLEnumType, GraphQLInputObjectType)):
            assert ours.keys() == theirs.keys(), name


def test_the_subset_is_valid_and_every_act_is_in_it() -> None:
    schema = load_schema()
    assert validate_schema(schema) == []
    assert schema.mutation_type is not None
    assert set(MUTATIONS) == set(schema.mutation_type.fields)
    roots = {name.split(".")[1] for name in RESOLVERS if name.startswith("QueryRoot.")}
    assert schema.query_type is not None
    assert roots | {"currentAppInstallation", "shop"} == set(schema.query_type.fields)


def selection(kind: Any, depth: int, seen: tuple[str, ...] = ()) -> str:
    """All fields of a type, a few levels down, with the arguments that they cannot do without."""
    parts: list[str] = ["__typename"]
    for name, one in getattr(kind, "fields", {}).items():
        target = get_named_type(one.type)
        args = {"first": "first: 3"} if "first" in one.args else {}
        args |= {"names": 'names: ["available", "on_hand"]'} if "names" in one.args else {}
        args |= {"context": "context: {country: GB}"} if name == "contextualPricing" else {}
        args |= {"key": 'key: "k"'} if name == "metafield" else {}
        args |= {"locationId": 'locationId: "gid://shopify/Location/1"'} if "locationId" in one.args else {}
        shown = f"({', '.join(args.values())})" if args else ""
        if is_leaf_type(target):
            parts.append(name + shown)
        elif depth and target.name not in seen and hasattr(target, "fields"):
            parts.append(f"{name}{shown} {{ {selection(target, depth - 1, (*seen, kind.name))} }}")
    return " ".join(parts)


def every_root(schema: Any, ids: dict[str, str]) -> Iterator[str]:
    args = {
        "nodes": f'(ids: ["{ids["product"]}"])',
        "orderByIdentifier": f'(identifier: {{id: "{ids["order"]}"}})',
        "metafieldDefinitions": "(first: 3, ownerType: ORDER)",
    }
    for name, field in schema.query_type.fields.items():
        target = get_named_type(field.type)
        given = args.get(name) or (f'(id: "{ids.get(name, ids["order"])}")' if "id" in field.args else "")
        given = given or ("(first: 3)" if "first" in field.args else "")
        yield f"{{ {name}{given} {{ {selection(target, 4)} }} }}"


async def test_every_field_can_be_read() -> None:
    clock = Clock()
    fake = FakeShopify(now=clock)
    fake.add_store(SHOP).bucket.restore = 1e9
    spec = {"sku": "A", "price": "5.00", "stock": 9, "options": {"Size": "M"}, "barcode": "1"}
    product = fake.add_product(SHOP, "Apron", [spec], category="Home > Aprons", tags=["a"], product_type="Apron")
    desk = Desk(fake, clock)
    fake.subscribe(SHOP, "orders/create", "https://bot.example/hook")
    given = order_input(product.variants[0].id, 2, transactions=[sale("10.00")], shippingAddress={"city": "Leeds"})
    given |= {"shippingLines": [{"title": "Post", "priceSet": sale("0")["amountSet"]}], "tags": ["x"]}
    given |= {"taxLines": [{"title": "VAT", "rate": "0.2"}], "taxesIncluded": True}
    given |= {"metafields": [{"namespace": "$app", "key": "k", "value": "v", "type": "id"}]}
    made = (await desk.create(given, inventoryBehaviour="DECREMENT_IGNORING_POLICY"))["order"]
    fake.fulfil(made["id"], "155", "DPD")
    order = fake.orders(SHOP)[0]
    run = 'mutation { bulkOperationRunQuery(query: "{ products { edges { node { id } } } }") { bulkOperation { id } } }'
    bulk = (await desk.ask(run))["bulkOperationRunQuery"]["bulkOperation"]["id"]
    ids = {"order": made["id"], "product": product.id, "productVariant": product.variants[0].id, "bulkOperation": bulk}
    ids |= {"node": product.id, "fulfillmentOrder": order.fulfilment_orders[0].id}
    ids |= {"inventoryItem": product.variants[0].inventory_item.id, "location": next(iter(fake.stores[SHOP].locations))}
    ids["inventoryLevel"] = next(iter(product.variants[0].inventory_item.levels.values())).id
    read = 0
    for query in every_root(load_schema(), ids):
        body = await desk.raw(query)
        if [one["extensions"]["code"] for one in body.get("errors", []) if "extensions" in one] == [
            "MAX_COST_EXCEEDED"
        ]:
            body = await desk.raw(query.replace("first: 3", "first: 1"))
        assert "errors" not in body, (query[:80], body["errors"])
        read += 1
    assert read == len(load_schema().query_type.fields)  # type: ignore[union-attr]
