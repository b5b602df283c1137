"""Answers lost, calls refused, workers side by side, stops in the middle: each order once in Shopify, and told once."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from bot.app import Linkbot, build, open_db
from bot.domain.ledger import Act
from bot.domain.links import LinkRequest
from bot.domain.values import Actor, ActorKind, ListingId, Origin, VariantId
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.seed import STORE
from bot.sync import linking
from tests.flows.shopfloor import SKUS, Floor, open_shop
from tests.flows.world import TEAM, World, open_world

UNCLEAR_SECONDS = 300  # the default of LINKBOT_UNCLEAR_SECONDS


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


def break_create(world: World, kind: FaultKind, **fields: object) -> None:
    world.shopify.faults.add(Fault("orderCreate", kind, **fields))


def entries(world: World, order_id: str) -> list[str]:
    return [entry.standing.value for entry in world.acts(Act.ORDER, order=order_id) if entry.standing]


@pytest.mark.req("S31", "N16")
@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_AFTER_DONE, FaultKind.MALFORMED])
async def test_s31_a_lost_answer_is_looked_for_and_found_within_half_a_minute(
    world: World, floor: Floor, kind: FaultKind
) -> None:
    break_create(world, kind)
    world.shopify.faults.add(Fault("webhook.orders/create", FaultKind.HOOK_LOST))
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    assert world.standing(order_id) == ("waiting", "unclear")
    for _ in range(3):
        await world.wait(10)
    assert world.standing(order_id) == ("mirrored", None)
    assert len(world.shopify_orders()) == 1
    assert entries(world, order_id) == ["waiting", "mirrored"]
    assert floor.in_stock("TEE-S") == 19


@pytest.mark.req("S31", "N16")
@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_BEFORE, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE])
async def test_s31_without_any_trace_it_is_sent_again_after_the_wait_and_no_sooner(
    world: World, floor: Floor, kind: FaultKind
) -> None:
    break_create(world, kind)
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    for _ in range(29):
        assert world.standing(order_id) == ("waiting", "unclear")
        assert world.shopify_orders() == []
        await world.wait(10)
    await world.wait(20)
    assert world.standing(order_id) == ("mirrored", None)
    assert len(world.shopify_orders()) == 1


@pytest.mark.req("S31")
async def test_s31_what_was_refused_was_not_made_and_goes_again_at_once(world: World, floor: Floor) -> None:
    break_create(world, FaultKind.RATE_LIMITED, times=3)
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    for _ in range(6):
        await world.wait(5)
    assert world.standing(order_id) == ("mirrored", None)
    assert len(world.shopify_orders()) == 1


@pytest.mark.req("S31", "N9")
async def test_s31_an_unclear_order_that_only_the_search_shows_is_found_when_its_index_is(
    world: World, floor: Floor
) -> None:
    """Sixty newer orders hide it from the newest ones; the search index lags behind."""
    break_create(world, FaultKind.TIMEOUT_AFTER_DONE)
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    for _ in range(60):
        world.shopify.foreign_order(STORE, lines=[(floor.variants["TEE-L"].id, 1)])
    for _ in range(6):
        await world.wait(10)
    assert world.standing(order_id) == ("mirrored", None)
    assert len([o for o in world.shopify_orders() if o.source_identifier == order_id]) == 1


@pytest.mark.req("S31")
async def test_s31_a_stop_in_the_middle_of_the_call_loses_and_doubles_nothing(world: World, floor: Floor) -> None:
    break_create(world, FaultKind.TIMEOUT_AFTER_DONE, seconds=30)
    order_id = floor.buy(("TEE-S", 1))
    running = asyncio.create_task(world.settle())
    while not world.shopify_orders():  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0)
    running.cancel()
    await world.bot.runner.stop(grace=0)
    await world.restart()
    await world.settle()
    for _ in range(3):
        await world.wait(10)
    assert world.standing(order_id) == ("mirrored", None)
    assert len(world.shopify_orders()) == 1
    assert floor.in_stock("TEE-S") == 19


@pytest.mark.req("S31", "B2")
async def test_b2_a_reference_that_tiktok_refuses_for_an_hour_neither_doubles_nor_hides_the_order(
    world: World, floor: Floor
) -> None:
    outage = world.tiktok.faults.add(Fault("external_orders.add", FaultKind.SERVER_ERROR, times=None))
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    assert world.standing(order_id) == ("mirrored", None)
    for _ in range(12):
        await world.wait(300)
    world.tiktok.faults.remove(outage)
    for _ in range(12):
        await world.wait(300)
    assert world.tiktok.reference(order_id) is not None
    assert len(world.shopify_orders()) == 1
    assert entries(world, order_id) == ["mirrored"]


@pytest.mark.req("N16", "S31")
async def test_n16_a_day_without_shopify_parks_every_order_in_sight_and_mirrors_them_afterwards(
    world: World, floor: Floor
) -> None:
    outage = world.shopify.faults.add(Fault("*", FaultKind.UNAVAILABLE, times=None))
    placed = [floor.buy((sku, 1)) for sku in SKUS]
    await world.settle()
    for _ in range(24):
        await world.wait(3600)
    assert {world.standing(order_id) for order_id in placed} == {("parked", "shopify_unreachable")}
    await world.command(world.ana, "/link orders failed")
    assert all(order_id in world.told(world.ana) for order_id in placed)
    world.shopify.faults.remove(outage)
    for _ in range(4):
        await world.wait(1800)
    assert {world.standing(order_id) for order_id in placed} == {("mirrored", None)}
    assert sorted(o.source_identifier for o in world.shopify_orders()) == sorted(placed)


# --- two whole bots on one Postgres ----------------------------------------------------------------------------------


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[tuple[World, Linkbot]]:
    world = await open_world(postgres_url)
    stage = world.stage
    second = build(stage.settings, now=world.clock, db=open_db(stage.settings, world.clock), pacing=stage.pacing)
    yield world, second
    await second.stop()
    await stage.close()


async def run_both(world: World, second: Linkbot) -> None:
    for _ in range(60):
        carried = await world.tiktok.deliver() + await world.shopify.deliver()
        await world.slack_idle()
        ran = await asyncio.gather(world.bot.runner.run_due(), second.runner.run_due())
        if not carried and not any(ran):
            return
    raise AssertionError("two bots do not come to rest")


@pytest.mark.postgres
@pytest.mark.req("S31", "S32", "B2", "P")
@pytest.mark.parametrize("seed", [1])
async def test_s31_two_workers_in_a_storm_double_and_lose_nothing(pair: tuple[World, Linkbot], seed: int) -> None:
    world, second = pair
    floor = await open_shop(world, stock=500)
    dice = random.Random(seed)
    print(f"seed {seed}")
    for kind, part in ((FaultKind.TIMEOUT_AFTER_DONE, 0.15), (FaultKind.TIMEOUT_BEFORE, 0.1)):
        break_create(world, kind, probability=part, times=None)
    placed: list[str] = []
    for _ in range(5):
        for _ in range(8):
            placed.append(floor.buy(*[(sku, dice.randint(1, 3)) for sku in dice.sample(SKUS, dice.randint(1, 3))]))
            for _ in range(dice.randint(0, 3)):
                world.tiktok.sales.tell_status(placed[-1])
        dice.shuffle(world.tiktok.outbox.waiting)
        await run_both(world, second)
        world.clock.move(dice.randint(1, 20))
        await second.scheduler.tick()
        await world.bot.scheduler.tick()
    world.shopify.faults.clear()
    for _ in range(UNCLEAR_SECONDS // 10 + 2):
        world.clock.move(10)
        await run_both(world, second)
    assert {world.standing(order_id) for order_id in placed} == {("mirrored", None)}
    assert sorted(o.source_identifier for o in world.shopify_orders()) == sorted(placed)
    told = [entry.order_id for entry in world.acts(Act.ORDER) if entry.standing == "mirrored"]
    assert sorted(told) == sorted(placed)
    for sku in SKUS:
        sold = sum(line.quantity for o in world.shopify_orders() for line in o.lines if line.sku == sku)
        assert floor.in_stock(sku) == floor.offered(sku) == 500 - sold


@pytest.mark.postgres
@pytest.mark.req("S24", "S35")
async def test_s24_on_postgres_a_race_of_two_bots_makes_one_link_and_one_unlink(pair: tuple[World, Linkbot]) -> None:
    """Fifty times over: each worker reads before the other has committed."""
    world, second = pair
    floor = await open_shop(world, linked=False)
    listing_id = ListingId(floor.sku_ids["TEE-S"])
    ana, ben = Actor(ActorKind.PERSON, "U1", Origin.SLACK), Actor(ActorKind.PERSON, "U2", Origin.SLACK)
    wanted = {ana.id: VariantId(floor.variants["TEE-S"].id), ben.id: VariantId(floor.variants["TEE-M"].id)}
    for _ in range(50):
        asked = [(world.bot.db, ana), (second.db, ben)]
        linked = await asyncio.gather(
            *(linking.link(db, TEAM, LinkRequest(listing_id, wanted[who.id], 1), who) for db, who in asked)
        )
        (won,) = [one for one in linked if isinstance(one, linking.Linked)]
        assert world.link_of(listing_id) == won.link
        ended = await asyncio.gather(*(linking.unlink(db, TEAM, listing_id, who) for db, who in asked))
        assert len([one for one in ended if isinstance(one, linking.Unlinked)]) == 1
    acts = [entry.act for entry in world.acts(Act.LINK, Act.UNLINK, listing=listing_id)]
    assert acts == [Act.LINK, Act.UNLINK] * 50
