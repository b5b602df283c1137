"""Webhooks of the fake Shopify: signatures by vector, topics per edit, retries, loss, the subscription's end."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.serving import serve
from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.shopify_hooks import signature, topic_name
from bot.rehearsal.shopify_world import SCOPES, Variant
from tests.rehearsal.shopify_desk import SHOP, Clock, Desk, order_input

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "shopify_webhooks.json"
SECRET = "shpss_rehearsed"


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"], ids=lambda v: v["name"])
def test_n23_signature_vectors(vector: dict[str, Any]) -> None:
    ours = signature(vector["secret"], vector["raw_body"].encode())
    assert hmac.compare_digest(ours.encode(), vector["hmac_base64"].encode()) is vector["valid"]


@pytest.mark.parametrize(
    "name, topic",
    [
        ("PRODUCTS_UPDATE", "products/update"),
        ("INVENTORY_LEVELS_UPDATE", "inventory_levels/update"),
        ("BULK_OPERATIONS_FINISH", "bulk_operations/finish"),
        ("APP_UNINSTALLED", "app/uninstalled"),
        ("APP_SCOPES_UPDATE", "app/scopes_update"),
        ("ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
        ("FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE", "fulfillment_orders/order_routing_complete"),
        ("CUSTOMERS_DATA_REQUEST", "customers/data_request"),
    ],
)
def test_topic_names(name: str, topic: str) -> None:
    assert topic_name(name) == topic


@dataclass
class Listener:
    """A bot's webhook address: keeps what comes and answers `status`."""

    url: str = ""
    status: int = 200
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.got.append((await request.body(), dict(request.headers)))
        return Response(status_code=self.status)

    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for _, headers in self.got]

    def body(self, place: int = -1) -> dict[str, Any]:
        return json.loads(self.got[place][0])


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    one = Listener()
    served = await serve(Starlette(routes=[Route("/hook", one.take, methods=["POST"])]))
    one.url = f"{served.url}/hook"
    yield one
    await served.close()


TOPICS = ["products/create", "products/update", "products/delete", "inventory_levels/update", "inventory_items/update"]
TOPICS += ["orders/create", "orders/updated", "orders/cancelled", "fulfillments/create", "fulfillments/update"]
TOPICS += ["refunds/create", "bulk_operations/finish", "app/uninstalled", "app/scopes_update"]


@pytest.fixture
def desk(listener: Listener) -> Desk:
    clock = Clock()
    fake = FakeShopify(client_secret=SECRET, now=clock)
    fake.add_store(SHOP, "Apron House")
    fake.add_product(SHOP, "Apron", [{"sku": "A", "price": "24.00", "stock": 5}])
    for topic in TOPICS:
        fake.subscribe(SHOP, topic, listener.url)
    return Desk(fake, clock)


def first(desk: Desk) -> Variant:
    return next(iter(desk.fake.stores[SHOP].variants.values()))


async def test_s28_a_price_edit_is_products_update_with_all_headers(desk: Desk, listener: Listener) -> None:
    desk.fake.set_price(first(desk).id, "19.50")
    assert await desk.fake.deliver() == 1
    raw, headers = listener.got[0]
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert headers["x-shopify-topic"] == "products/update"
    assert headers["x-shopify-shop-domain"] == SHOP
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-triggered-at"] == "2026-11-25T10:00:00Z"
    assert {"x-shopify-webhook-id", "x-shopify-event-id"} <= set(headers)
    body = listener.body()
    assert body["variants"][0]["price"] == "19.50"
    assert body["admin_graphql_api_id"] == first(desk).product.id
    assert body["variant_gids"][0]["admin_graphql_api_id"] == first(desk).id


async def test_s29_a_stock_edit_is_not_a_product_update(desk: Desk, listener: Listener) -> None:
    desk.fake.set_available(first(desk).id, 3)
    await desk.fake.deliver()
    assert listener.topics() == ["inventory_levels/update"]
    body = listener.body()
    assert body["available"] == 3
    assert f"/{body['inventory_item_id']}" in first(desk).inventory_item.id
    assert "variant_id" not in body


async def test_s29_an_order_that_takes_stock_tells_both_and_a_bypass_only_one(desk: Desk, listener: Listener) -> None:
    await desk.create(order_input(first(desk).id, 2), inventoryBehaviour="DECREMENT_IGNORING_POLICY")
    await desk.fake.deliver()
    assert listener.topics() == ["orders/create", "inventory_levels/update"]
    assert listener.body(0)["source_identifier"] == "576300000000000001"
    assert listener.body(1)["available"] == 3
    listener.got.clear()
    await desk.create(order_input(first(desk).id, 2))
    await desk.fake.deliver()
    assert listener.topics() == ["orders/create"]


async def test_each_edit_sends_its_topics(desk: Desk, listener: Listener) -> None:
    fake = desk.fake
    fake.set_variant(first(desk).id, sku="B")
    made = fake.add_product(SHOP, "Mug", [{"sku": "M", "stock": 2}])
    fake.set_status(made.id, "DRAFT")
    fake.delete_variant(made.variants[0].id)
    fake.delete_product(made.id)
    fake.set_scopes(SHOP, ["read_products"])
    await fake.deliver()
    expected = ["inventory_items/update", "products/update", "products/create", "products/update", "products/update"]
    assert listener.topics() == [*expected, "products/delete", "app/scopes_update"]
    listener.got.clear()
    order = fake.foreign_order(SHOP, lines=[(first(desk).id, 1)])
    shipped = fake.fulfil(order.id, None, "DPD")
    fake.edit_tracking(shipped.id, number="155", company="DPD")
    await fake.deliver()
    assert listener.topics() == [
        "orders/create", "inventory_levels/update", "fulfillments/create", "orders/updated",
        "fulfillments/update", "orders/updated",
    ]  # fmt: skip
    assert listener.body(2)["tracking_number"] is None
    assert listener.body(4)["tracking_number"] == "155"


async def test_uninstalling_says_so_once_and_stops_everything(desk: Desk, listener: Listener) -> None:
    desk.fake.uninstall(SHOP)
    desk.fake.set_price(first(desk).id, "1")
    await desk.fake.deliver()
    assert listener.topics() == ["app/uninstalled"]
    assert listener.body()["myshopify_domain"] == SHOP


async def test_bulk_finish_is_told_even_when_nobody_polls(desk: Desk, listener: Listener) -> None:
    run = 'mutation { bulkOperationRunQuery(query: "{ products { edges { node { id } } } }") { bulkOperation { id } } }'
    id = (await desk.ask(run))["bulkOperationRunQuery"]["bulkOperation"]["id"]
    assert await desk.fake.deliver() == 0
    desk.clock.advance(30)
    assert await desk.fake.deliver() == 1
    assert listener.body() | {"created_at": 0, "completed_at": 0} == {
        "admin_graphql_api_id": id, "status": "completed", "error_code": None, "type": "query",
        "created_at": 0, "completed_at": 0,
    }  # fmt: skip


async def test_retries_keep_body_and_id_and_the_eighth_failure_ends_the_subscription(
    desk: Desk, listener: Listener
) -> None:
    listener.status = 500
    desk.fake.set_price(first(desk).id, "2.00")
    assert await desk.fake.deliver() == 0
    assert await desk.fake.deliver() == 0  # not due yet
    assert len(listener.got) == 1
    for _ in range(7):
        desk.clock.advance(4500)
        await desk.fake.deliver()
    assert len(listener.got) == 8
    assert len({raw for raw, _ in listener.got}) == 1
    assert len({headers["x-shopify-webhook-id"] for _, headers in listener.got}) == 1
    left = {one.topic for one in desk.fake.stores[SHOP].subscriptions.values()}
    assert "PRODUCTS_UPDATE" not in left
    assert len(left) == len(TOPICS) - 1
    listener.status = 200
    desk.fake.set_price(first(desk).id, "3.00")
    assert "3.00" not in [json.loads(hook.raw)["variants"][0]["price"] for hook in desk.fake.hooks.waiting]


async def test_a_success_in_between_saves_the_subscription(desk: Desk, listener: Listener) -> None:
    for status in (500, 500, 302, 200):
        listener.status = status
        desk.fake.set_price(first(desk).id, f"{status}")
        await desk.fake.deliver()
    subscription = next(one for one in desk.fake.stores[SHOP].subscriptions.values() if one.topic == "PRODUCTS_UPDATE")
    assert subscription.failures == 0


@pytest.mark.parametrize(
    "kind, expected",
    [
        (FaultKind.HOOK_LOST, ["2", "3"]),
        (FaultKind.HOOK_DOUBLED, ["1", "1", "2", "3"]),
        (FaultKind.HOOK_REORDERED, ["2", "3", "1"]),
        (FaultKind.HOOK_DELAYED, ["2", "3"]),
    ],
)
async def test_p_faults_lose_double_delay_and_reorder(
    desk: Desk, listener: Listener, kind: FaultKind, expected: list[str]
) -> None:
    desk.fake.faults.add(Fault("webhook.products/update", kind, nth=1, seconds=90))
    for price in "123":
        desk.fake.set_price(first(desk).id, price)
    await desk.fake.deliver()
    assert [listener.body(n)["variants"][0]["price"] for n in range(len(listener.got))] == expected
    if kind is FaultKind.HOOK_DOUBLED:
        assert len({headers["x-shopify-webhook-id"] for _, headers in listener.got}) == 3
    if kind is FaultKind.HOOK_DELAYED:
        desk.clock.advance(90)
        await desk.fake.deliver()
        assert listener.body()["variants"][0]["price"] == "1"


SUBSCRIBE = """mutation S($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) {
    webhookSubscription { id topic uri format includeFields name apiVersion { handle } } userErrors { field message } } }"""


async def test_subscribing_by_api_is_unique_scoped_and_https(desk: Desk, listener: Listener) -> None:
    store = desk.fake.stores[SHOP]
    store.subscriptions.clear()
    given = {"uri": "https://bot.example/shopify/webhook", "format": "JSON", "name": "linkbot"}
    made = (await desk.ask(SUBSCRIBE, t="PRODUCTS_UPDATE", w=given))["webhookSubscriptionCreate"]
    assert made["userErrors"] == []
    again = (await desk.ask(SUBSCRIBE, t="PRODUCTS_UPDATE", w=given))["webhookSubscriptionCreate"]
    assert "already been taken" in again["userErrors"][0]["message"]
    plain = (await desk.ask(SUBSCRIBE, t="ORDERS_CREATE", w={"uri": "http://bot.example/"}))[
        "webhookSubscriptionCreate"
    ]
    assert plain["webhookSubscription"] is None
    listing = "query L($t: [WebhookSubscriptionTopic!]) { webhookSubscriptions(first: 9, topics: $t) { nodes { id topic uri } } }"
    assert len((await desk.ask(listing, t=["PRODUCTS_UPDATE"]))["webhookSubscriptions"]["nodes"]) == 1
    assert (await desk.ask(listing, t=["ORDERS_CREATE"]))["webhookSubscriptions"]["nodes"] == []
    desk.fake.hooks.hosts["https://bot.example/shopify/webhook"] = listener.url
    desk.fake.set_price(first(desk).id, "5")
    assert await desk.fake.deliver() == 1
    assert listener.got[0][1]["x-shopify-name"] == "linkbot"
    delete = "mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }"
    id = made["webhookSubscription"]["id"]
    assert (await desk.ask(delete, id=id))["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == id
    assert (await desk.ask(delete, id=id))["webhookSubscriptionDelete"]["userErrors"] != []
    desk.token = desk.fake.access.register(SHOP, frozenset(SCOPES) - {"read_fulfillments"})
    denied = (await desk.ask(SUBSCRIBE, t="FULFILLMENTS_CREATE", w=given))["webhookSubscriptionCreate"]
    assert "cannot create" in denied["userErrors"][0]["message"]


async def test_filters_and_field_lists_trim_what_is_sent(desk: Desk, listener: Listener) -> None:
    desk.fake.stores[SHOP].subscriptions.clear()
    more = {"filter": "variants.price:>=10", "include_fields": ["id", "updated_at", "variants.price"]}
    desk.fake.subscribe(SHOP, "products/update", listener.url, **more)
    desk.fake.set_price(first(desk).id, "9.99")
    desk.fake.set_price(first(desk).id, "10.00")
    assert await desk.fake.deliver() == 1
    assert set(listener.body()) == {"id", "updated_at", "variants"}


async def test_one_event_has_one_event_id_across_subscriptions(desk: Desk, listener: Listener) -> None:
    desk.fake.subscribe(SHOP, "products/update", listener.url, name="second")
    desk.fake.set_price(first(desk).id, "7")
    assert await desk.fake.deliver() == 2
    assert len({headers["x-shopify-event-id"] for _, headers in listener.got}) == 1
    assert len({headers["x-shopify-webhook-id"] for _, headers in listener.got}) == 2


def test_webhook_now_signs_any_bytes(desk: Desk) -> None:
    raw, headers = desk.fake.webhook_now(SHOP, "shop/redact", {"shop_id": 1, "shop_domain": SHOP, "note": "東京"})
    assert headers["X-Shopify-Hmac-Sha256"] == signature(SECRET, raw)
    assert "東京".encode() in raw
    assert desk.fake.webhook_now(SHOP, "x/y", b"")[0] == b""


async def test_many_variants_are_cut_in_the_payload_and_named_by_gid(desk: Desk, listener: Listener) -> None:
    variants = [{"sku": f"V{n}", "options": {"N": str(n)}} for n in range(120)]
    desk.fake.add_product(SHOP, "Wide", variants)
    await desk.fake.deliver()
    assert (len(listener.body()["variants"]), len(listener.body()["variant_gids"])) == (100, 120)
