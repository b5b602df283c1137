"""Every GraphQL text and every variable we build, against the real schema and the fake's subset of it."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    build_schema,
    get_variable_values,
    parse,
    validate,
)

from bot.clients.shopify import queries, wire_orders
from bot.clients.shopify.api import TOPICS
from tests.clients.bench import ADDRESS, draft_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    "real": ROOT / ".." / "shared" / "data" / "shopify" / "admin.graphql",
    "fake": ROOT / "bot" / "rehearsal" / "shopify_schema.graphql",
}
IDEMPOTENT = (  # run-time errors without the directive since 2026-04, though the schema allows it
    "inventoryActivate", "inventoryAdjustQuantities", "inventoryMoveQuantities", "inventorySetQuantities",
    "inventorySetOnHandQuantities", "refundCreate", "locationActivate", "locationDeactivate",
)  # fmt: skip


@cache
def schema(name: str) -> GraphQLSchema:
    if not SCHEMAS[name].is_file():
        pytest.skip("the real schema is not beside the project")
    return build_schema(SCHEMAS[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("which", list(SCHEMAS))
@pytest.mark.parametrize("name", list(queries.DOCUMENTS))
def test_documents_are_valid(which, name):
    document = parse(queries.DOCUMENTS[name])
    assert [error.message for error in validate(schema(which), document)] == []
    assert [note.message for note in validate(schema(which), document, [NoDeprecatedCustomRule])] == []


@pytest.mark.parametrize("name", list(queries.DOCUMENTS))
def test_mutations_that_need_a_key_carry_it(name):
    text = queries.DOCUMENTS[name]
    for mutation in IDEMPOTENT:
        for found in re.finditer(rf"\b{mutation}\b[^{{]*", text):
            assert "@idempotent(key:" in found[0], (name, mutation)


def test_the_lint_sees_a_missing_key():
    found = re.search(r"\brefundCreate\b[^{]*", "mutation { refundCreate(input: $i) { refund { id } } }")
    assert found is not None
    assert "@idempotent" not in found[0]


def create(**more: Any) -> dict[str, Any]:
    return dict(
        wire_orders.create_variables(
            draft_of("gid://shopify/ProductVariant/1", **more), with_phone=True, with_identifier=True
        )
    )


ID = "gid://shopify/Order/1"
VARIABLES: list[tuple[str, dict[str, Any]]] = [
    ("CREATE_ORDER", create()),
    ("CREATE_ORDER", create(address=None, paid_at=None, note="", taxes=())),
    ("CANCEL_ORDER", dict(wire_orders.cancel_variables(ID, True, "x" * 400))),
    ("CREATE_IDENTIFIER", dict(wire_orders.identifier_variables())),
    ("ORDERS_SEARCH", dict(wire_orders.search_variables("5764"))),
    ("ORDER_BY_IDENTIFIER", {"value": "5764"}),
    ("ORDER", {"id": ID, "after": None}),
    ("NEWEST_ORDERS", {"first": 50, "after": None}),
    ("BULK_START", {"query": queries.BULK_VARIANTS}),
    ("BULK_STATE", {"id": ID}),
    ("VARIANTS", {"first": 25, "after": None}),
    ("PRODUCTS_UPDATED", {"first": 5, "inner": 5, "query": "updated_at:>='2026-01-01T00:00:00Z'", "after": None}),
    ("PRODUCT_VARIANTS", {"id": ID, "first": 25, "after": None}),
    ("VARIANTS_BY_ID", {"ids": [ID]}),
    ("STOCK", {"ids": [ID]}),
    ("ITEM_LEVELS", {"id": ID, "after": None}),
    ("SUBSCRIPTIONS", {"after": None}),
    ("UNSUBSCRIBE", {"id": ID}),
    *[("SUBSCRIBE", {"topic": topic, "uri": "https://a.example/hooks"}) for topic in TOPICS],
]


def problems(which: str, name: str, variables: dict[str, Any]) -> list[str]:
    (operation,) = [d for d in parse(queries.DOCUMENTS[name]).definitions if isinstance(d, OperationDefinitionNode)]
    found = get_variable_values(schema(which), list(operation.variable_definitions), variables)
    unknown = set(variables) - {d.variable.name.value for d in operation.variable_definitions}
    return [error.message for error in found] if isinstance(found, list) else sorted(unknown)


@pytest.mark.parametrize("which", list(SCHEMAS))
@pytest.mark.parametrize("name, variables", VARIABLES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(VARIABLES)])
def test_variables_coerce(which, name, variables):
    assert problems(which, name, variables) == []


def test_the_check_sees_wrong_variables():
    wrong = create()
    wrong["order"] = wrong["order"] | {"shippingAddress": {"countryCode": "XX"}}
    wrong["options"] = {"inventoryBehavior": "BYPASS"}
    assert len(problems("fake", "CREATE_ORDER", wrong)) == 2
    assert problems("fake", "ORDER", {"id": ID, "first": 1}) == ["first"]


@pytest.mark.parametrize("name", [name for name in queries.DOCUMENTS if name not in ("BULK_VARIANTS",)])
def test_every_operation_with_variables_is_in_the_table(name):
    (operation,) = [d for d in parse(queries.DOCUMENTS[name]).definitions if isinstance(d, OperationDefinitionNode)]
    assert not operation.variable_definitions or name in {known for known, _ in VARIABLES}


# what the order says


@pytest.mark.req("S33")
def test_the_order_input_in_full():
    made = create()
    assert made["options"] == {
        "inventoryBehaviour": "DECREMENT_IGNORING_POLICY",
        "sendReceipt": False,
        "sendFulfillmentReceipt": False,
    }

    def bag(amount: str) -> dict:
        return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}

    assert made["order"] == {
        "currency": "USD",
        "sourceIdentifier": "576461413038785752",
        "lineItems": [
            {
                "variantId": "gid://shopify/ProductVariant/1",
                "quantity": 2,
                "priceSet": bag("17.95"),
                "requiresShipping": True,
                "properties": [{"name": "TikTok SKU", "value": "TEE-RED-M"}],
            }
        ],
        "shippingLines": [{"title": "TikTok Shop shipping", "priceSet": bag("4.99")}],
        "taxLines": [
            {"title": "Tax (TikTok Shop)", "rate": "0.075813", "priceSet": bag("3.10"), "channelLiable": True}
        ],
        "taxesIncluded": False,
        "tags": ["tiktok-shop", "tts-576461413038785752"],
        "customAttributes": [{"key": "TikTok order", "value": "576461413038785752"}],
        "transactions": [
            {
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "TikTok Shop",
                "amountSet": bag("43.99"),
                "processedAt": "2026-11-25T09:00:00Z",
            }
        ],
        "note": "Please leave at the door",
        "processedAt": "2026-11-25T09:00:00Z",
        "shippingAddress": {
            "firstName": "Jane",
            "lastName": "Sample",
            "address1": "1200 Sample Ave",
            "address2": "Apt 5",
            "city": "Austin",
            "provinceCode": "TX",
            "zip": "78701",
            "countryCode": "US",
            "phone": "+15125550142",
        },
        "metafields": [
            {"namespace": "$app:linkbot", "key": "tiktok_order_id", "type": "id", "value": "576461413038785752"}
        ],
    }


@pytest.mark.parametrize(
    "key", ["customer", "email", "phone", "fulfillmentStatus", "financialStatus", "name", "sourceName"]
)
def test_what_must_never_be_sent(key):
    assert key not in create()["order"]


def test_nothing_optional_is_sent_empty():
    made = create(address=None, note=" ", paid_at=None)["order"]
    assert not {"shippingAddress", "note", "processedAt"} & set(made)
    assert "processedAt" not in made["transactions"][0]


def test_a_free_order_has_no_payment():
    from bot.domain.values import Money

    assert "transactions" not in create(total=Money.zero("USD"))["order"]


def test_long_texts_are_cut_and_kept_in_the_note():
    from dataclasses import replace

    street = "Long Street " * 30
    made = create(address=replace(ADDRESS, lines=(street,)), note="n" * 4900)["order"]
    assert len(made["shippingAddress"]["address1"]) <= 255
    assert street.strip()[:90] in made["note"]
    assert len(made["note"]) <= 5000


def test_times_are_utc():
    made = create(paid_at=datetime(2026, 1, 1, 12, tzinfo=UTC))["order"]
    assert made["processedAt"] == "2026-01-01T12:00:00Z"
