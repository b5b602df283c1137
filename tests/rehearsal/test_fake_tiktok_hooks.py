"""Webhooks of the fake TikTok Shop, its faults, and the panel of the demo page."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.rehearsal.faults import Fault, FaultKind, Faults
from bot.rehearsal.tiktok_hooks import PER_SHOP
from bot.rehearsal.tiktok_wire import hook_signature
from tests.rehearsal.tiktok_bench import OTHER, SHOP, Bench, hooked_bench

SEARCH = "/order/202309/orders/search"


@pytest.fixture
async def tt() -> AsyncIterator[Bench]:
    async with hooked_bench() as made:
        yield made


async def heard(tt: Bench) -> list[tuple[int, dict]]:
    await tt.fake.deliver()
    found = [(body["type"], body["data"]) for body, _, _ in tt.heard]
    tt.heard.clear()
    return found


# who is told what


async def test_order_status_is_told_signed(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)], "ON_HOLD")
    assert tt.heard == []
    assert await tt.fake.deliver() == 1
    body, headers, raw = tt.heard[0]
    assert headers["authorization"] == hook_signature(tt.fake.app_key, tt.fake.app_secret, raw)
    told = {"order_id": number, "order_status": "ON_HOLD", "is_on_hold_order": True}
    assert body["data"] == told | {"update_time": int(tt.clock().timestamp())}
    assert (body["type"], body["shop_id"], body["timestamp"]) == (1, SHOP, int(tt.clock().timestamp()))
    assert body["tts_notification_id"].isdigit()
    assert await tt.fake.deliver() == 0


async def test_cancel_is_spelled_otherwise_in_webhooks(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    await heard(tt)
    tt.fake.cancel_order(number)
    by_type = dict(await heard(tt))
    assert by_type[1]["order_status"] == "CANCEL"
    assert tt.fake.order(number)["status"] == "CANCELLED"
    assert by_type[11]["cancel_status"] == "CANCELLATION_REQUEST_COMPLETE"
    assert by_type[11]["cancellations_role"] == "BUYER"


async def test_cancel_request_and_its_rejection(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    await heard(tt)
    cancel = tt.fake.request_cancel(number)
    told = await heard(tt)
    assert [(n, d["cancel_status"]) for n, d in told] == [(11, "CANCELLATION_REQUEST_PENDING")]
    tt.fake.sales.answer_cancel(cancel, approve=False)
    assert (await heard(tt))[0][1]["cancel_status"] == "CANCELLATION_REQUEST_CANCELLED"


async def test_address_change_has_no_notification_id_and_moves_no_update_time(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    await heard(tt)
    before = tt.fake.order(number)["update_time"]
    tt.clock.forward(seconds=60)
    address = tt.fake.order(number)["recipient_address"] | {"address_line2": "Apt 6"}
    tt.fake.set_order(number, recipient_address=address)
    await tt.fake.deliver()
    body = tt.heard[0][0]
    assert (body["type"], body["data"]["order_id"]) == (3, number)
    assert "tts_notification_id" not in body
    assert (tt.fake.order(number)["update_time"], tt.fake.order(number)["has_updated_recipient_address"]) == (
        before,
        True,
    )


async def test_silent_edits(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    await heard(tt)
    tt.fake.set_order(number, {"status": "IN_TRANSIT"}, tell=False)
    assert await heard(tt) == []


async def test_products(tt):
    product = tt.fake.add_product(SHOP, "Cap", [{"seller_sku": "HAT", "price": "5.00", "stock": 3}])
    assert await heard(tt) == [
        (16, {"product_id": int(product), "product_types": [], "update_time": int(tt.clock().timestamp())})
    ]
    sku = tt.fake.world.products[product]["skus"][0]["id"]
    tt.fake.edit_sku(sku, price="6.00")
    assert await heard(tt) == []  # neither price nor stock is told by type 15
    tt.fake.edit_sku(sku, seller_sku="HAT-2")
    assert [n for n, _ in await heard(tt)] == [15]
    tt.fake.edit_product(product, title="Hat")
    assert (await heard(tt))[0][1]["changed_fields"] == ["title"]
    second = tt.fake.add_sku(product, seller_sku="B", price="1")
    assert [(n, d["skus"][0]["status"]) for n, d in await heard(tt)] == [(50, "CREATED")]
    tt.fake.delete_sku(second)
    assert [(n, d["skus"][0]["status"]) for n, d in await heard(tt)] == [(50, "DELETED")]
    tt.fake.edit_product(product, status="SELLER_DEACTIVATED")
    told = await heard(tt)
    assert [(n, d["product_id"]) for n, d in told] == [(5, int(product))]  # a JSON integer here


async def test_sold_out_and_every_stock_change_when_asked_for(tt):
    tt.fake.edit_sku(tt.sku, stock=1)
    assert await heard(tt) == []
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert [n for n, _ in await heard(tt)] == [27, 1]
    tt.fake.outbox.app_events.add(71)
    tt.fake.edit_sku(tt.sku, stock=4)
    number, told = (await heard(tt))[0]
    assert (number, told["change_detail"][0]["trigger_source"]) == (71, "manual_adjustment")
    assert told["quantity_snapshot_after_change"]["total_available_quantity"] == 4
    assert told["quantity_snapshot_after_change"]["total_committed_quantity"] == 1
    assert len(told["occurred_at"].partition(".")[2]) == len("123456789Z")
    body = {"skus": [{"id": tt.sku, "inventory": [{"quantity": 2}]}]}
    assert await tt.code("POST", f"/product/202309/products/{tt.product}/inventory/update", body) == 0
    assert (await heard(tt))[0][1]["change_detail"][0]["trigger_source"] == "api_sync"


async def test_partial_shipment_returns_and_expiry(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 2)])
    await heard(tt)
    line = tt.fake.order(number)["line_items"][0]["id"]
    body = {
        "order_line_item_ids": [line],
        "tracking_number": "940011189",
        "shipping_provider_id": "7117858858072016686",
    }
    package = (await tt.ok("POST", f"/fulfillment/202309/orders/{number}/packages", body))["package_id"]
    told = dict(await heard(tt))
    assert told[1]["order_status"] == "PARTIALLY_SHIPPING"
    assert told[4]["package_list"] == [{"package_id": package, "order_id_list": [number]}]
    made = tt.fake.add_return(number, kind="REFUND")
    assert [(n, d["return_id"], d["return_type"]) for n, d in await heard(tt)] == [(12, made, "REFUND")]
    tt.fake.warn_expiry(SHOP)
    number, data = (await heard(tt))[0]
    assert (number, isinstance(data["expiration_time"], str)) == (7, True)


async def test_deauthorisation_is_the_last_one_told(tt):
    tt.fake.deauthorise(SHOP)
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert [n for n, _ in await heard(tt)] == [6]


async def test_a_shop_that_never_consented_is_silent(tt):
    tt.fake.add_product(OTHER, "Mug", [{"price": "9"}])
    assert await heard(tt) == []


async def test_registered_address_goes_first(tt):
    tt.fake.outbox.hosts["https://bot.example"] = tt.fake.webhook_url.removesuffix("/hooks/tiktok")
    tt.fake.webhook_url = "http://127.0.0.1:9/nobody"
    body = {"event_type": "ORDER_STATUS_CHANGE", "address": "https://bot.example/hooks/tiktok"}
    await tt.ok("PUT", "/event/202309/webhooks", body)
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert [n for n, _ in await heard(tt)] == [1]
    assert len(PER_SHOP) == 17


async def test_nobody_listens_nothing_waits(tt):
    tt.fake.webhook_url = None
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert tt.fake.outbox.waiting == []


@pytest.mark.parametrize("body", [{"type": 999, "x": "é"}, '{ "type":1 }', b"not json"])
async def test_webhook_now_signs_any_body(tt, body):
    raw, headers = tt.fake.webhook_now(body)
    assert headers["Authorization"] == hook_signature(tt.fake.app_key, tt.fake.app_secret, raw)
    if isinstance(body, dict):
        assert json.loads(raw) == body
    else:
        assert raw == (body if isinstance(body, bytes) else body.encode())


# delivery


async def test_retries_after_2_minutes_30_minutes_3_and_12_hours_then_dropped(tt):
    tt.hook_status = 500
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert await tt.fake.deliver() == 0
    for wait in (2 * 60, 30 * 60, 3 * 3600, 12 * 3600):
        count = len(tt.heard)
        tt.clock.forward(seconds=wait - 1)
        await tt.fake.deliver()
        assert len(tt.heard) == count
        tt.clock.forward(seconds=1)
        await tt.fake.deliver()
        assert len(tt.heard) == count + 1
    assert tt.fake.outbox.waiting == []
    assert len(tt.fake.outbox.dropped) == 1
    assert len({raw for _, _, raw in tt.heard}) == 1  # the same bytes every time


async def test_rejected_signature_counts_as_answered(tt):
    tt.hook_status = 401
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert await tt.fake.deliver() == 1
    assert tt.fake.outbox.waiting == []


async def test_unreachable_app_is_tried_again(tt):
    good, tt.fake.webhook_url = tt.fake.webhook_url, "http://127.0.0.1:9/"
    tt.fake.place_order(SHOP, [(tt.sku, 1)])
    assert await tt.fake.deliver() == 0
    assert [hook.tries for hook in tt.fake.outbox.waiting] == [1]
    assert good != tt.fake.webhook_url


@pytest.mark.parametrize(
    "kind, at_once, later",
    [
        (FaultKind.HOOK_LOST, [2], []),
        (FaultKind.HOOK_DOUBLED, [1, 1, 2], []),
        (FaultKind.HOOK_DELAYED, [2], [1]),
        (FaultKind.HOOK_REORDERED, [2, 1], []),
    ],
)
async def test_webhook_faults(tt, kind, at_once, later):
    tt.fake.faults.add(Fault("webhook.order_status_change", kind, nth=1, seconds=90))
    orders = [tt.fake.place_order(SHOP, [(tt.sku, 1)]) for _ in range(2)]

    async def told() -> list[int]:
        return [orders.index(data["order_id"]) + 1 for _, data in await heard(tt)]

    assert await told() == at_once
    tt.clock.forward(seconds=89)
    assert await told() == []
    tt.clock.forward(seconds=1)
    assert await told() == later


# faults of the API


async def test_dropped_before_and_after_the_work(tt):
    number = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    body = {"orders": [{"id": number, "external_order": {"id": "6001", "platform": "SHOPIFY"}}]}
    tt.fake.faults.add(Fault("external_orders.add", FaultKind.TIMEOUT_BEFORE))
    with pytest.raises(httpx.RemoteProtocolError):
        await tt.call("POST", "/order/202406/orders/external_orders", body)
    assert tt.fake.reference(number) is None
    tt.fake.faults.add(Fault("external_orders.add", FaultKind.TIMEOUT_AFTER_DONE))
    with pytest.raises(httpx.RemoteProtocolError):
        await tt.call("POST", "/order/202406/orders/external_orders", body)
    assert tt.fake.reference(number) is not None
    assert await tt.code("POST", "/order/202406/orders/external_orders", body) == 0
    assert [call.status for call in tt.fake.calls] == [599, 599, 200]


async def test_a_slow_answer_lets_the_client_give_up(tt):
    tt.fake.faults.add(Fault("orders.search", FaultKind.TIMEOUT_BEFORE, seconds=30))
    tt.http.timeout = httpx.Timeout(0.05)
    with pytest.raises(httpx.ReadTimeout):
        await tt.call("POST", SEARCH, {}, query={"page_size": "1"})


@pytest.mark.parametrize(
    "kind, status, code",
    [(FaultKind.RATE_LIMITED, 429, 36009002), (FaultKind.SERVER_ERROR, 500, 36009003)],
)
async def test_refusing_faults(tt, kind, status, code):
    tt.fake.faults.add(Fault("orders.*", kind, retry_after=7))
    answer = await tt.call("POST", SEARCH, {}, query={"page_size": "1"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert await tt.code("POST", SEARCH, {}, query={"page_size": "1"}) == 0


async def test_unavailable_and_malformed(tt):
    tt.fake.faults.add(Fault("orders.search", FaultKind.UNAVAILABLE, nth=1))
    tt.fake.faults.add(Fault("orders.search", FaultKind.MALFORMED, nth=2))
    assert (await tt.call("POST", SEARCH, {}, query={"page_size": "1"})).status_code == 503
    answer = await tt.call("POST", SEARCH, {}, query={"page_size": "1"})
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_refresh_lost_after_it_was_done(tt):
    """The worst one: the old refresh token is dead and the new one never arrived."""
    query = {"app_key": tt.fake.app_key, "app_secret": tt.fake.app_secret, "grant_type": "refresh_token"}
    query["refresh_token"] = tt.fake.tokens.grants[f"seller-{SHOP}"].refresh
    tt.fake.faults.add(Fault("token.refresh", FaultKind.TIMEOUT_AFTER_DONE))
    with pytest.raises(httpx.RemoteProtocolError):
        await tt.http.get("/api/v2/token/refresh", params=query)
    assert (await tt.http.get("/api/v2/token/refresh", params=query)).json()["code"] == 36004004


def test_faults_are_deterministic_and_counted():
    def run(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("orders.*", FaultKind.SERVER_ERROR, probability=0.3, times=None))
        return [faults.take("orders.create") is not None for _ in range(50)]

    assert run(4) == run(4)
    assert run(4) != run(5)
    assert 5 < sum(run(4)) < 30
    faults = Faults()
    faults.add(Fault("orders.create", FaultKind.SERVER_ERROR, nth=2))
    faults.add(Fault("orders.*", FaultKind.MALFORMED, times=2))
    kinds = [fault.kind if (fault := faults.take("orders.create")) else None for _ in range(4)]
    assert kinds == [FaultKind.MALFORMED, FaultKind.SERVER_ERROR, FaultKind.MALFORMED, None]
    assert faults.take("products.search") is None
    kept = faults.add(Fault("*", FaultKind.MALFORMED, times=None))
    assert faults.take("anything") is kept
    faults.remove(kept)
    assert faults.take("anything") is None


# the panel


async def panel(tt: Bench, name: str, body: dict) -> httpx.Response:
    answer = await tt.http.post(f"/panel/{name}", json=body)
    await asyncio.gather(*tt.fake.tasks)
    return answer


async def test_panel_state(tt):
    tt.fake.place_order(SHOP, [(tt.sku, 2)], tax="1.00")
    state = (await tt.http.get("/panel/state")).json()
    assert [(s["id"], s["connected"]) for s in state["shops"]] == [(SHOP, True), (OTHER, False)]
    sku = state["products"][0]["skus"][0]
    assert (sku["id"], sku["seller_sku"], sku["price"], sku["stock"]) == (tt.sku, "TEE-RED-M", "19.99", 5)
    order = state["orders"][0]
    assert (order["status"], order["total"], order["lines"][0]["quantity"]) == ("AWAITING_SHIPMENT", "40.98", 2)
    for _ in range(3):
        tt.fake.edit_sku(tt.sku, stock=99)
        for _ in range(11):
            newest = tt.fake.place_order(SHOP, [(tt.sku, 1)])
    state = (await tt.http.get("/panel/state")).json()
    assert (len(state["orders"]), state["orders"][0]["id"]) == (30, newest)


async def test_panel_edits_are_told_at_once(tt):
    body = {"shop_id": SHOP, "lines": [{"sku_id": tt.sku, "quantity": 2}], "status": "ON_HOLD"}
    number = (await panel(tt, "order", body)).json()["order_id"]
    assert (await panel(tt, "release", {"order_id": number})).json()["status"] == "AWAITING_SHIPMENT"
    assert (await panel(tt, "cancel", {"order_id": number})).status_code == 200
    edit = {"sku_id": tt.sku, "price": "20.5", "stock": 3, "seller_sku": "TEE"}
    assert (await panel(tt, "sku", edit)).status_code == 200
    sku = tt.fake.world.sku(tt.sku)
    assert (sku["price"]["sale_price"], tt.fake.stock(tt.sku), sku["seller_sku"]) == ("20.50", 3, "TEE")
    body = {"shop_id": SHOP, "title": "Cap", "skus": [{"seller_sku": "HAT", "price": "5", "stock": 1}]}
    product = (await panel(tt, "product", body)).json()["product_id"]
    assert tt.fake.world.products[product]["skus"][0]["seller_sku"] == "HAT"
    told = [(body["type"], body["data"].get("order_status")) for body, _, _ in tt.heard]
    assert told == [(1, "ON_HOLD"), (1, "AWAITING_SHIPMENT"), (1, "CANCEL"), (11, None), (15, None), (16, None)]


@pytest.mark.parametrize(
    "name, body, status",
    [
        ("order", {"shop_id": SHOP, "lines": [{"sku_id": "17"}]}, 404),
        ("order", {"shop_id": SHOP, "lines": []}, 409),
        ("order", {"shop_id": SHOP, "lines": [{"sku_id": "own", "quantity": 8}]}, 409),
        ("order", {"shop_id": SHOP, "lines": [{"sku_id": "own"}], "status": "COMPLETED"}, 409),
        ("cancel", {"order_id": "17"}, 404),
        ("release", {}, 404),
        ("sku", {"sku_id": "own", "price": "much"}, 409),
        ("product", {"shop_id": SHOP, "title": " ", "skus": [{"price": "1"}]}, 409),
        ("sku", [], 409),
    ],
)
async def test_panel_refusals(tt, name, body, status):
    body = json.loads(json.dumps(body).replace('"own"', f'"{tt.sku}"'))
    answer = await panel(tt, name, body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert tt.fake.sales.orders == {}
