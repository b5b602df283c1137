"""A second opinion: the independent PyPI client `tiktok-shop-api` signs, calls the fake and parses what it sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.rehearsal.faults import utc_now
from bot.rehearsal.serving import serve
from bot.rehearsal.tiktok import FakeTikTok
from bot.rehearsal.tiktok_wire import sign
from tests.rehearsal.tiktok_bench import SHOP

peer = pytest.importorskip("tiktok_shop_api", reason="the peer client is a development dependency")


@pytest.fixture
async def world() -> AsyncIterator[tuple[FakeTikTok, Any, str]]:
    fake = FakeTikTok(now=utc_now)
    fake.add_shop(SHOP, "Harbour Tees US", cipher="GCP_+/= sign me")
    for n in range(5):
        skus = [
            {"seller_sku": f"S{n}", "price": "19.99", "stock": 9, "sales_attributes": [{"id": "1", "name": "Size"}]}
        ]
        fake.add_product(SHOP, f"Áo thun {n}", skus)
    served = await serve(fake.app)
    token = fake.connect(SHOP)["access_token"]
    cipher = fake.world.shops[SHOP].cipher
    client = peer.AsyncTikTokShop(fake.app_key, fake.app_secret, token, cipher, base_url=served.url)
    yield fake, client, served.url
    await client.aclose()
    await served.close()


def plain(model: Any) -> Any:
    """The response's `data`, as dicts; fails if the peer met a field it does not know on the top level."""
    told = model.to_dict()
    assert told["code"] == 0
    return told["data"]


async def test_peer_connects_and_refreshes(world):
    fake, _, url = world
    auth = peer.AsyncTikTokShopAuth(fake.app_key, fake.app_secret, service_id=fake.service_id, base_url=url)
    tokens = await auth.exchange_code(fake.code_for(SHOP))
    assert (tokens.open_id, tokens.seller_base_region) == (f"seller-{SHOP}", "US")
    again = await auth.refresh(tokens.refresh_token)
    assert again.refresh_token != tokens.refresh_token
    with pytest.raises(peer.TikTokShopError) as caught:
        await auth.refresh(tokens.refresh_token)
    assert caught.value.code == 36004004


async def test_peer_reads_shops_products_and_orders(world):
    fake, client, _ = world
    shops = plain(await client.authorization.get_authorized_shops())["shops"]
    assert [shop["cipher"] for shop in shops] == ["GCP_+/= sign me"]
    models = peer.generated.models
    seen, token = [], None
    while token != "":
        more = {"page_token": token} if token else {}
        told = plain(await client.products.search_products(body=models.SearchProductsRequest(), page_size=2, **more))
        seen += [product["title"] for product in told["products"]]
        token = told["next_page_token"]
    assert seen == [f"Áo thun {n}" for n in range(5)]
    product_id = next(iter(fake.world.products))
    detail = plain(await client.products.get_product(product_id))
    sku = detail["skus"][0]["id"]
    number = fake.place_order(SHOP, [(sku, 2)], tax="1.50", seller_discount="0.99")
    listed = plain(await client.orders.get_order_list(page_size=10))["orders"]
    assert [order["id"] for order in listed] == [number]
    order = plain(await client.orders.get_order_detail(ids=[number]))["orders"][0]
    assert order == plain(await client.orders.get_order_detail(ids=[number]))["orders"][0]
    assert (order["payment"]["total_amount"], len(order["line_items"])) == ("40.49", 2)
    stock = plain(await client.products.inventory_search(body=models.InventorySearchRequest(sku_ids=[sku])))
    assert stock["inventory"][0]["skus"][0]["total_available_quantity"] == 7
    assert plain(await client.logistics.get_warehouse_list())["warehouses"][0]["type"] == "SALES_WAREHOUSE"


async def test_peer_knows_every_field_that_is_sent(world):
    fake, client, _ = world
    product_id = next(iter(fake.world.products))
    sku = fake.world.products[product_id]["skus"][0]["id"]
    number = fake.place_order(SHOP, [(sku, 2)], tax="1.50")
    fake.cancel_order(fake.place_order(SHOP, [(sku, 1)]))
    fake.add_return(number)
    answers = [
        await client.authorization.get_authorized_shops(),
        await client.products.search_products(page_size=2),
        await client.products.get_product(product_id),
        await client.orders.get_order_list(page_size=10),
        await client.orders.get_order_detail(ids=[number]),
        await client.return_and_refund.search_cancellations(),
        await client.return_and_refund.search_returns(),
        await client.logistics.get_warehouse_list(),
    ]
    assert [found for answer in answers for found in strangers(answer, type(answer).__name__)] == []


def strangers(model: Any, at: str) -> list[str]:
    """Fields that the peer's models do not know, at any depth."""
    if isinstance(model, list):
        return [found for item in model for found in strangers(item, at)]
    found = [f"{at}.{name}" for name in getattr(model, "additional_properties", {})]
    for name in getattr(model, "__attrs_attrs__", ()):
        if name.name != "additional_properties":
            found += strangers(getattr(model, name.name), f"{at}.{name.name}")
    return found


async def test_peer_writes(world):
    fake, client, _ = world
    models = peer.generated.models
    product_id = next(iter(fake.world.products))
    sku = fake.world.products[product_id]["skus"][0]
    place = {"warehouse_id": sku["inventory"][0]["warehouse_id"], "quantity": 3}
    body = models.UpdateInventoryRequest.from_dict({"skus": [{"id": sku["id"], "inventory": [place]}]})
    assert (await client.products.update_inventory(product_id, body=body)).code == 0
    assert fake.stock(sku["id"]) == 3
    body = models.UpdateShopWebhookRequest.from_dict(
        {"event_type": "PACKAGE_UPDATE", "address": "https://bot.example/x"}
    )
    assert (await client.event.update_shop_webhook(body=body)).code == 0
    number = fake.place_order(SHOP, [(sku["id"], 1)])
    shipment = [{"tracking_number": "94001118992", "shipping_provider_id": "7117858858072016686"}]
    lines = [{"order_line_id": fake.order(number)["line_items"][0]["id"]}]
    told = {"order_line_list": lines, "shipping_info_list": shipment}
    body = models.MarkPackageAsShippedRequest.from_dict(told)
    assert (await client.fulfillment.mark_package_as_shipped(number, body=body)).code == 0
    assert fake.order(number)["status"] == "AWAITING_COLLECTION"


async def test_peer_is_refused_with_the_real_codes(world):
    fake, client, url = world
    stranger = client.with_shop(access_token="wrong")
    with pytest.raises(peer.TikTokShopError) as caught:
        await stranger.authorization.get_authorized_shops()
    assert (caught.value.code, caught.value.http_status) == (36009004, 401)
    fake.expire_token(SHOP)
    with pytest.raises(peer.TikTokShopError) as caught:
        await client.authorization.get_authorized_shops()
    assert caught.value.code == 105002
    assert caught.value.request_id
    liar = peer.AsyncTikTokShop(fake.app_key, "other secret", "t", "c", base_url=url)
    with pytest.raises(peer.TikTokShopError) as caught:
        await liar.authorization.get_authorized_shops()
    assert caught.value.code == 106001
    await asyncio.gather(stranger.aclose(), liar.aclose())


def test_peer_signs_as_the_fake_does():
    query = {"app_key": "k", "timestamp": "1", "page_token": "a+/=", "z": ""}
    for body in (None, b"{}", '{"a":"Áo"}'.encode()):
        theirs = peer.Signer.sign(
            app_secret="s", path="/p/1/q", query=list(query.items()), body=body, content_type="application/json"
        )
        assert theirs == sign("s", "/p/1/q", query, "application/json", body)


async def test_peer_parses_every_webhook(world):
    fake, _, _ = world
    fake.webhook_url = "http://127.0.0.1:9/"
    fake.outbox.app_events.add(71)
    product_id = next(iter(fake.world.products))
    sku = fake.world.products[product_id]["skus"][0]["id"]
    fake.edit_sku(sku, stock=2, seller_sku="new")
    number = fake.place_order(SHOP, [(sku, 2)])
    fake.set_order(number, recipient_address=dict(fake.order(number)["recipient_address"]))
    fake.sales.ship(
        number,
        fake.sales.pack(number, [fake.order(number)["line_items"][0]["id"]], "", "", status="TO_FULFILL"),
        "94001",
        "7117858858072016686",
        "USPS",
    )
    fake.cancel_order(number)
    fake.add_return(number)
    fake.add_sku(product_id, price="1")
    fake.add_product(SHOP, "New", [{"price": "1"}])
    fake.edit_product(product_id, status="PLATFORM_DEACTIVATED")
    fake.warn_expiry(SHOP)
    fake.deauthorise(SHOP)
    parsed = set()
    for hook in fake.outbox.waiting:
        raw, headers = fake.webhook_now(hook.raw)
        event = peer.Webhooks.verify_and_parse(
            app_key=fake.app_key, app_secret=fake.app_secret, raw_body=raw, signature=headers["Authorization"]
        )
        assert not isinstance(event, peer.UnknownWebhookEvent)
        assert strangers(event, type(event).__name__) == []
        parsed.add(event.type_)
    assert parsed == {1, 3, 4, 5, 6, 7, 11, 12, 15, 16, 27, 50, 71}
