"""Connections: how they begin, how they end, what stands still meanwhile and what works again afterwards."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.scenes import consent_address
from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, build, open_shop
from tests.flows.world import World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


async def disconnect_shop(world: World) -> None:
    await world.command(world.ana, f"/link disconnect {SHOP}")
    await world.ana.click(world.private(world.ana), "Disconnect")
    await world.slack_idle()


async def disconnect_store(world: World) -> None:
    await world.command(world.ana, f"/link disconnect {STORE}")
    await world.ana.click(world.private(world.ana), "Disconnect")
    await world.slack_idle()


async def uninstall(world: World) -> None:
    world.shopify.uninstall(STORE)


async def deauthorise(world: World) -> None:
    world.tiktok.deauthorise(SHOP)


@pytest.mark.req("S37", "S39", "N16")
@pytest.mark.parametrize("end", [disconnect_shop, disconnect_store, uninstall, deauthorise])
async def test_an_ended_connection_stops_everything_keeps_links_and_works_again(
    world: World, floor: Floor, end: Callable[[World], Awaitable[None]]
) -> None:
    await world.unlink("TEE-L")
    await end(world)
    await world.settle()
    created, pushed = len(world.calls("orderCreate")), len(world.calls("inventory.update"))
    order_id = floor.buy(("TEE-S", 1))
    world.shopify.set_available(floor.variants["TEE-M"].id, 3)
    world.shopify.set_price(floor.variants["TEE-M"].id, "3.00")
    await world.settle()
    await world.poll()
    await world.wait(120)
    assert len(world.calls("orderCreate")) == created
    assert len(world.calls("inventory.update")) == pushed
    assert floor.price("TEE-M") == "19.99"
    assert len(world.links()) == 2, "links stay"
    if end in (uninstall, deauthorise):
        assert len(world.messages("ended the connection")) == 1
    else:
        assert len(world.acts(Act.DISCONNECTED)) == 1
    if end is uninstall:
        world.shopify.stores[STORE].installed = True
    if end is not disconnect_shop:  # an order of the time after a person ended the shop's connection is not ours
        await world.connect()
        for _ in range(4):
            await world.wait(600)
        assert world.standing(order_id) == ("mirrored", None)
    else:
        await world.connect()
        await world.wait(60)
        late = floor.buy(("TEE-S", 1))
        await world.settle()
        assert world.standing(late) == ("mirrored", None)
    assert (floor.price("TEE-M"), floor.offered("TEE-M")) == ("3.00", 3)
    assert world.link_of(floor.sku_ids["TEE-L"]) is None, "the tombstone stays too"


async def start(world: World) -> str:
    await world.command(world.ana, "/link connect tiktok")
    address = consent_address(world.stage)
    assert address is not None
    return address


async def callback(world: World, **query: str) -> int:
    where = "&".join(f"{name}={value}" for name, value in query.items())
    return await world.stage.consent(f"{world.stage.bot_url}/tiktok/callback?{where}")


@pytest.mark.req("S2", "U26")
async def test_a_consent_counts_once_and_for_ten_minutes(world: World) -> None:
    build(world)
    state = parse_qs(urlsplit(await start(world)).query)["state"][0]
    code = world.tiktok.code_for(SHOP)
    world.clock.move(601)
    assert await callback(world, code=code, state=state) >= 400
    state = parse_qs(urlsplit(await start(world)).query)["state"][0]
    assert await callback(world, code=code, state="guessed") >= 400
    assert world.read(lambda u: u.shops.all()) == []
    assert await callback(world, code=code, state=state) == 200
    assert len(world.read(lambda u: u.shops.all())) == 1
    assert await callback(world, code=world.tiktok.code_for(SHOP), state=state) >= 400


@pytest.mark.req("U26")
async def test_a_seller_who_says_no_changes_nothing(world: World) -> None:
    build(world)
    world.tiktok.consent.mode = "deny"
    await world.stage.consent(await start(world))
    await world.settle()
    assert world.read(lambda u: u.shops.all()) == []


@pytest.mark.req("U26")
@pytest.mark.parametrize("name", ["evil.com", "a.b.myshopify.com", "../x", "x.myshopify.com.evil.com", "🙂"])
async def test_only_a_myshopify_domain_is_ever_called(world: World, name: str) -> None:
    build(world)
    before = len(world.shopify.calls)
    await world.command(world.ana, f"/link connect shopify {name}")
    assert "my-store.myshopify.com" in world.told(world.ana)
    assert len(world.shopify.calls) == before


@pytest.mark.req("S13", "U26")
async def test_a_store_outside_the_organisation_is_connected_through_shopify_s_page(world: World) -> None:
    world.tiktok.add_shop(SHOP, SHOP_NAME)
    world.shopify.add_store(STORE, STORE_NAME, locations=("Main",), in_organisation=False)
    await world.command(world.ana, f"/link connect shopify {STORE}")
    (address,) = [
        element["url"]
        for block in world.private(world.ana)["blocks"]
        for element in block.get("elements", [])
        if "/admin/oauth/authorize" in element.get("url", "")
    ]
    world.shopify.asks_consent = False
    assert await world.stage.consent(address.replace("state=", "state=x")) >= 400, "another state is refused"
    assert world.read(lambda u: u.stores.all()) == []
    assert await world.stage.consent(address) == 200
    await world.settle()
    assert [store.name for store in world.read(lambda u: u.stores.all())] == [STORE_NAME]
    assert await world.stage.consent(address) >= 400, "the state was used"


async def test_connecting_twice_doubles_nothing(world: World, floor: Floor) -> None:
    await world.connect()
    await world.settle()
    assert len(world.read(lambda u: u.shops.all())) == 1
    assert len(world.read(lambda u: u.stores.all())) == 1
    topics = [one.topic for one in world.shopify.stores[STORE].subscriptions.values()]
    assert len(topics) == len(set(topics))
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    assert len(world.shopify.orders_of(order_id)) == 1


@pytest.mark.req("N16")
async def test_a_lost_subscription_is_made_again_within_a_day(world: World, floor: Floor) -> None:
    subscriptions = world.shopify.stores[STORE].subscriptions
    before = sorted(one.topic for one in subscriptions.values())
    subscriptions.clear()
    await world.wait(24 * 3600 + 60)
    assert sorted(one.topic for one in subscriptions.values()) == before


async def test_an_expired_token_is_renewed_once_for_all_who_wait(world: World, floor: Floor) -> None:
    world.tiktok.expire_token(SHOP)
    placed = [floor.buy(("TEE-S", 1)) for _ in range(6)]
    before = len(world.calls("token.refresh"))
    await world.settle()
    assert {world.standing(order_id) for order_id in placed} == {("mirrored", None)}
    assert len(world.calls("token.refresh")) - before <= 1


@pytest.mark.req("S13")
async def test_a_second_shop_of_another_seller_is_connected_beside_the_first(world: World) -> None:
    build(world)
    world.tiktok.add_shop("7495001000000000002", "Second shop")
    world.tiktok.add_product("7495001000000000002", "Cap", [{"seller_sku": "CAP", "price": "5.00", "stock": 1}])
    world.shopify.add_product(STORE, "Cap", [{"sku": "CAP", "price": "5.00", "stock": 1}])
    await world.connect()
    assert len(world.messages("Link automatically")) == 2, "each shop has its own prompt"
    await world.command(world.ana, "/link status")
    told = text_of(world.private(world.ana))
    assert SHOP_NAME in told
    assert "Second shop" in told
    assert STORE_NAME in told
