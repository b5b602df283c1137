"""Signatures and webhooks of both services, by vectors that other implementations agreed on."""

import hashlib
import hmac
import importlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.clients.shopify import hooks as shopify_hooks
from bot.clients.tiktok import hooks as tiktok_hooks
from bot.clients.tiktok.wire import encode, sign
from bot.domain.orders import OrderStatus

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
SIGNING = json.loads((VECTORS / "tiktok_signing.json").read_text())
TIKTOK_HOOKS = json.loads((VECTORS / "tiktok_webhooks.json").read_text())
SHOPIFY_HOOKS = json.loads((VECTORS / "shopify_webhooks.json").read_text())["vectors"]


def test_no_vector_is_missing():
    assert (len(SIGNING), len(TIKTOK_HOOKS)) == (13, 12)
    assert len(SHOPIFY_HOOKS) >= 10


@pytest.mark.parametrize("vector", SIGNING, ids=[v["name"] for v in SIGNING])
def test_signing_vectors(vector):
    body = None if vector["body"] is None else vector["body"].encode()
    made = sign(vector["app_secret"], vector["path"], vector["query"], body, vector["content_type"])
    assert made == vector["sign"]


@pytest.mark.parametrize("vector", TIKTOK_HOOKS, ids=[v["name"] for v in TIKTOK_HOOKS])
def test_tiktok_webhook_vectors(vector):
    told = tiktok_hooks.verify(
        vector["raw_body"].encode(), vector["authorization"], vector["app_key"], vector["app_secret"]
    )
    assert told is vector["valid"]


@pytest.mark.parametrize("vector", SHOPIFY_HOOKS, ids=[v["name"] for v in SHOPIFY_HOOKS])
def test_shopify_webhook_vectors(vector):
    secrets = [vector["secret"]] if "secret" in vector else vector["secrets"]
    assert shopify_hooks.verify(vector["raw_body"].encode(), vector["hmac_base64"], secrets) is vector["valid"]


def test_both_secrets_are_tried_after_a_rotation():
    good = next(v for v in SHOPIFY_HOOKS if v["valid"] and v["raw_body"])
    raw = good["raw_body"].encode()
    assert shopify_hooks.verify(raw, good["hmac_base64"], ["new-secret", good["secret"]])
    assert not shopify_hooks.verify(raw, good["hmac_base64"], ["new-secret", ""])
    assert not shopify_hooks.verify(raw, "", [good["secret"]])
    assert not shopify_hooks.verify(raw, "Ü\udcff", [good["secret"]])


async def test_the_independent_client_signs_alike():
    """tiktok-shop-api sends our calls; the signature it computes is the one we compute for the same bytes."""
    peer = pytest.importorskip("tiktok_shop_api", reason="the peer client is a development dependency")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"code": 0, "message": "Success", "request_id": "1", "data": {}})

    client = peer.AsyncTikTokShop(
        "6a2k9vq1r8u3b", "secret-0123", "TTP_token", "GCP_+/= sign", transport=httpx.MockTransport(answer)
    )
    models = importlib.import_module("tiktok_shop_api.generated.models")
    await client.authorization.get_authorized_shops()
    await client.products.search_products(
        page_size=100, page_token="a+b/c==", body=models.SearchProductsRequest(seller_skus=["A-1"])
    )
    await client.orders.get_order_detail(ids=["576461413038785752"])
    await client.aclose()
    assert len(seen) == 3
    for request in seen:
        query = dict(request.url.params)
        body, media = request.content or None, request.headers.get("content-type", "application/json")
        assert query["sign"] == sign("secret-0123", request.url.path, query, body, media), request.url.path


def test_what_is_signed_is_what_is_sent():
    assert encode({"a": "Ünï", "b": [1]}) == '{"a":"Ünï","b":[1]}'.encode()
    assert encode({}) is None
    assert encode(None) is None
    body = b"--x\r\nboundary"
    assert sign("s", "/p", {}, body, "multipart/form-data; boundary=x") == sign("s", "/p", {}, None, "")
    assert sign("s", "/p", {"sign": "1", "access_token": "2"}, None, "") == sign("s", "/p", {}, None, "")


# TikTok's hooks as values


def hook(kind: int, data: dict, **more: object) -> tiktok_hooks.Hook:
    body = {"type": kind, "tts_notification_id": "77", "shop_id": "7494", "timestamp": 1795478400, "data": data}
    return tiktok_hooks.parse(json.dumps(body | more).encode())


@pytest.mark.parametrize(
    "kind, expected",
    [
        (1, "order"), (3, "address"), (4, "package"), (5, "product"), (6, "deauthorised"), (7, "expiring"),
        (11, "cancellation"), (12, "return"), (15, "product"), (16, "product"), (27, "stock"), (50, "product"),
        (64, "return"), (71, "stock"), (13, "other"), (9999, "other"),
    ],
)  # fmt: skip
def test_kinds(kind, expected):
    assert hook(kind, {}).kind == expected


def test_an_order_hook():
    told = hook(1, {"order_id": "5764", "order_status": "CANCEL", "is_on_hold_order": True})
    assert (told.id, told.shop_id, told.order_id) == ("77", "7494", "5764")
    assert told.order_status is OrderStatus.CANCELLED
    assert told.sent_at == datetime.fromtimestamp(1795478400, UTC)
    assert hook(1, {"order_status": "NEW_ONE"}).order_status is OrderStatus.UNKNOWN


def test_numbers_become_text_and_packages_name_all_orders():
    assert hook(5, {"product_id": 1729592969712207008}).product_id == "1729592969712207008"
    told = hook(4, {"package_list": [{"order_id_list": ["1", "2"]}, {"order_id_list": ["2", "3"]}]})
    assert (told.order_id, told.order_ids) == ("1", ("1", "2", "3"))


def test_a_hook_without_notification_id_is_known_by_its_bytes():
    raw = b'{"type":3,"shop_id":"7494","timestamp":1,"data":{"order_id":"5"}}'
    first, again, other = tiktok_hooks.parse(raw), tiktok_hooks.parse(raw), tiktok_hooks.parse(raw + b" ")
    assert first.id == again.id == hashlib.sha256(raw).hexdigest() != other.id


def test_the_stock_event_without_an_envelope():
    body = {
        "event_id": "e1", "seller_id": "s9", "product_id": 17, "sku_id": 18, "occurred_at": "2026-05-01T10:00:00.123456789Z",
        "change_detail": [{"trigger_source": "api_sync"}],
    }  # fmt: skip
    told = tiktok_hooks.parse(json.dumps(body).encode())
    assert (told.kind, told.seller_id, told.product_id, told.sku_id) == ("stock", "s9", "17", "18")
    assert told.is_own_echo
    assert told.sent_at == datetime(2026, 5, 1, 10, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    "sources, echo",
    [(["api_sync"], True), (["api_sync", "api_sync"], True), (["api_sync", "order_created"], False), ([], False)],
)
def test_only_nothing_but_our_own_update_is_an_echo(sources, echo):
    told = hook(71, {"sku_id": "1", "change_detail": [{"trigger_source": one} for one in sources]})
    assert told.is_own_echo is echo


def test_expiry_is_a_text():
    assert hook(7, {"expiration_time": "1795478400"}).expires_at == datetime.fromtimestamp(1795478400, UTC)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1", b'"x"', b"\xff\xfe", b"null"])
def test_malformed_hooks(raw):
    with pytest.raises(tiktok_hooks.MalformedHook):
        tiktok_hooks.parse(raw)
    with pytest.raises(shopify_hooks.MalformedHook):
        shopify_hooks.parse("products/update", "a.myshopify.com", "1", raw)


@pytest.mark.parametrize(
    "raw", [b'{"type":null}', b'{"type":"x","data":[]}', b'{"data":null}', b'{"type":1,"data":{"order_id":null}}']
)
def test_odd_hooks_are_still_hooks(raw):
    assert tiktok_hooks.parse(raw).order_id is None


# Shopify's hooks as values


@pytest.mark.parametrize(
    "topic, body, kind, field, value",
    [
        ("products/update", {"id": 1, "admin_graphql_api_id": "gid://shopify/Product/1"}, "product", "product_id", "gid://shopify/Product/1"),
        ("products/delete", {"id": 1}, "product_deleted", "product_id", "gid://shopify/Product/1"),
        ("inventory_levels/update", {"inventory_item_id": 3, "available": 7, "admin_graphql_api_id": "gid://shopify/InventoryLevel/9?inventory_item_id=3"}, "stock", "inventory_item_id", "gid://shopify/InventoryItem/3"),
        ("inventory_items/update", {"id": 3}, "stock", "inventory_item_id", "gid://shopify/InventoryItem/3"),
        ("orders/create", {"id": 5, "source_identifier": "5764"}, "order", "source_identifier", "5764"),
        ("orders/cancelled", {"id": 5, "cancelled_at": "2026-11-25T10:00:00Z"}, "order", "cancelled", True),
        ("orders/edited", {"order_edit": {"order_id": 5}}, "order", "order_id", "gid://shopify/Order/5"),
        ("app/uninstalled", {"id": 8, "myshopify_domain": "a.myshopify.com"}, "uninstalled", "product_id", None),
        ("app/scopes_update", {"current": ["read_products"]}, "scopes", "scopes", ("read_products",)),
        ("customers/redact", {"orders_to_redact": [5, 6]}, "redact_customer", "order_gids", ("gid://shopify/Order/5", "gid://shopify/Order/6")),
        ("customers/data_request", {"orders_requested": [5]}, "data_request", "order_gids", ("gid://shopify/Order/5",)),
        ("shop/redact", {"shop_domain": "a.myshopify.com"}, "redact_shop", "store_id", "a.myshopify.com"),
        ("themes/publish", {"id": 1}, "other", "product_id", None),
    ],
)  # fmt: skip
def test_shopify_hooks(topic, body, kind, field, value):
    told = shopify_hooks.parse(topic, "A.myshopify.com", "w1", json.dumps(body).encode())
    assert (told.kind, told.id, told.store_id) == (kind, "w1", "a.myshopify.com")
    assert getattr(told, field) == value


def callback(secret: str = "hush", **change: str) -> dict[str, str]:
    query = {"code": "c&1", "host": "aG9z", "shop": "a.myshopify.com", "state": "s", "timestamp": "1795478400"} | change
    message = "&".join(f"{k}={v}" for k, v in sorted(query.items()))
    return query | {"hmac": hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest(), "signature": "old"}


def test_the_consent_callback():
    now = datetime.fromtimestamp(1795478400, UTC)
    assert shopify_hooks.verify_callback(callback(), "hush", now)
    assert shopify_hooks.verify_callback(callback(), "hush", now + timedelta(seconds=90))
    assert not shopify_hooks.verify_callback(callback(), "hush", now + timedelta(seconds=91))
    assert not shopify_hooks.verify_callback(callback(), "other", now)
    assert not shopify_hooks.verify_callback(callback() | {"shop": "b.myshopify.com"}, "hush", now)
    assert not shopify_hooks.verify_callback(callback(timestamp="soon"), "hush", now)
    assert not shopify_hooks.verify_callback({}, "hush", now)


@pytest.mark.parametrize(
    "shop", ["a.myshopify.com.evil.example", "evil.example", "-a.myshopify.com", "a.myshopify.com/x", "A.myshopify.com"]
)
def test_a_callback_of_no_store_is_refused_though_signed(shop):
    now = datetime.fromtimestamp(1795478400, UTC)
    assert not shopify_hooks.verify_callback(callback(shop=shop), "hush", now)
    assert not shopify_hooks.is_store_domain(shop)
