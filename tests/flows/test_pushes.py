"""Price and stock edits in Shopify reach TikTok Shop, only there, only while linked, and only what changed."""

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


def pushes(world: World) -> list[str]:
    """What the bot wrote at TikTok: the operations, in order."""
    return [c.operation for c in world.tiktok.calls if c.operation in ("inventory.update", "prices.update")]


@pytest.mark.req("S28", "B4")
async def test_s28_a_new_price_reaches_the_linked_sku_and_no_other(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    for sku in ("TEE-S", "TEE-M"):
        world.shopify.set_price(floor.variants[sku].id, "12.00")
    await world.settle()
    assert (floor.price("TEE-S"), floor.price("TEE-M"), floor.price("TEE-L")) == ("12.00", "19.99", "19.99")
    assert [(e.facts["before"], e.facts["after"]) for e in world.acts(Act.PUSHED, listing=floor.sku_ids["TEE-S"])] == [
        ("19.99 USD", "12.00 USD")
    ]


@pytest.mark.req("S29", "B4")
async def test_s29_new_stock_reaches_the_linked_sku_and_no_other(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    for sku in ("TEE-S", "TEE-M"):
        world.shopify.set_available(floor.variants[sku].id, 5)
    await world.settle()
    assert (floor.offered("TEE-S"), floor.offered("TEE-M"), floor.offered("TEE-L")) == (5, 20, 20)


@pytest.mark.req("S29")
async def test_s29_nothing_left_is_really_sent_as_nothing(world: World, floor: Floor) -> None:
    world.shopify.set_available(floor.variants["TEE-S"].id, 0)
    world.shopify.set_available(floor.variants["TEE-M"].id, -4)
    await world.settle()
    assert (floor.offered("TEE-S"), floor.offered("TEE-M")) == (0, 0)


@pytest.mark.req("S28", "S29", "P")
async def test_s28_edits_that_no_webhook_told_are_found_within_a_minute(world: World, floor: Floor) -> None:
    world.shopify.set_price(floor.variants["TEE-S"].id, "21.00")
    world.shopify.set_available(floor.variants["TEE-S"].id, 3)
    world.shopify.hooks.waiting.clear()
    await world.settle()
    assert floor.offered("TEE-S") == 20
    for _ in range(3):
        await world.wait(19)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("21.00", 3)


@pytest.mark.req("S28", "S29")
async def test_s29_ten_edits_in_a_moment_are_one_call_with_the_newest_number(world: World, floor: Floor) -> None:
    before = len(pushes(world))
    for number in range(10, 0, -1):
        world.shopify.set_available(floor.variants["TEE-S"].id, number)
    await world.settle()
    assert floor.offered("TEE-S") == 1
    assert pushes(world)[before:] == ["inventory.update"]


@pytest.mark.req("S27", "S28", "S29")
async def test_s27_the_link_decides_where_an_edit_goes(world: World) -> None:
    floor = await open_shop(world, linked=False)
    await world.link("TEE-S", floor.variants["TEE-L"].id)
    world.shopify.set_available(floor.variants["TEE-L"].id, 4)
    world.shopify.set_available(floor.variants["TEE-S"].id, 9)
    world.shopify.set_price(floor.variants["TEE-L"].id, "7.77")
    await world.settle()
    assert (floor.offered("TEE-S"), floor.offered("TEE-L")) == (4, 20)
    assert (floor.price("TEE-S"), floor.price("TEE-L")) == ("7.77", "19.99")


@pytest.mark.req("S30")
async def test_s30_an_edit_at_tiktok_changes_nothing_in_shopify(world: World, floor: Floor) -> None:
    writes = [c.operation for c in world.shopify.calls]
    world.tiktok.edit_sku(floor.sku_ids["TEE-S"], price="3.00", stock=99)
    await world.settle()
    await world.poll()
    await world.wait(3600)
    assert (str(floor.variants["TEE-S"].price), floor.in_stock("TEE-S")) == ("19.99", 20)
    fresh = {c.operation for c in world.shopify.calls[len(writes) :]}
    assert not [name for name in fresh if "Set" in name or "Update" in name or "Adjust" in name], fresh


@pytest.mark.req("S29", "S30")
async def test_s29_stock_that_somebody_set_at_tiktok_is_put_right_and_a_price_is_left_alone(
    world: World, floor: Floor
) -> None:
    world.tiktok.edit_sku(floor.sku_ids["TEE-S"], price="3.00", stock=99)
    world.shopify.set_available(floor.variants["TEE-S"].id, 8)
    await world.settle()
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("3.00", 8)
    world.shopify.set_price(floor.variants["TEE-S"].id, "25.00")
    await world.settle()
    assert floor.price("TEE-S") == "25.00"


async def unlink(world: World, floor: Floor) -> None:
    await world.command(world.ana, '/link unlink "TEE-S"')
    await world.ana.click(world.private(world.ana), "Unlink")
    await world.slack_idle()


@pytest.mark.req("S36", "S37")
async def test_s36_a_push_that_waits_is_dropped_by_the_unlink(world: World, floor: Floor) -> None:
    before = len(pushes(world))
    world.shopify.set_available(floor.variants["TEE-S"].id, 5)
    world.shopify.set_price(floor.variants["TEE-S"].id, "5.00")
    await world.shopify.deliver()  # told and noted, not yet carried
    await unlink(world, floor)
    await world.settle()
    assert pushes(world)[before:] == []
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("19.99", 20)


@pytest.mark.req("S37")
async def test_s37_no_edit_after_the_unlink_reaches_tiktok(world: World, floor: Floor) -> None:
    await unlink(world, floor)
    await world.settle()
    before = len(pushes(world))
    world.shopify.set_available(floor.variants["TEE-S"].id, 5)
    world.shopify.set_price(floor.variants["TEE-S"].id, "5.00")
    await world.settle()
    await world.poll()
    await world.wait(3600)
    assert pushes(world)[before:] == []
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("5.00", 5)


@pytest.mark.req("A4", "S28", "S29")
async def test_a4_a_link_made_by_hand_sends_price_and_stock_and_the_rule_sends_stock_only(world: World) -> None:
    floor = await open_shop(world, linked=False)
    for sku in ("TEE-S", "TEE-M"):
        world.shopify.set_price(floor.variants[sku].id, "30.00")
        world.shopify.set_available(floor.variants[sku].id, 6)
    await world.settle()
    assert pushes(world) == []
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("30.00", 6)
    await world.command(world.ana, "/link mode auto")
    await world.ana.click(world.private(world.ana), "Link automatically")
    await world.settle()
    assert (floor.price("TEE-M"), floor.offered("TEE-M")) == ("19.99", 6)


@pytest.mark.req("B4", "N16")
async def test_b4_a_price_that_a_promotion_locks_stands_in_the_channel_and_goes_when_it_ends(
    world: World, floor: Floor
) -> None:
    world.tiktok.lock_price(floor.sku_ids["TEE-S"])
    world.shopify.set_price(floor.variants["TEE-S"].id, "12.00")
    world.shopify.set_available(floor.variants["TEE-S"].id, 24)
    await world.settle()
    await world.wait(10)
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("19.99", 24), "stock goes though the price may not"
    assert len(world.messages("TEE-S")) == 1
    world.tiktok.unlock(floor.sku_ids["TEE-S"])
    for _ in range(8):
        await world.wait(3600)
    assert floor.price("TEE-S") == "12.00"
    assert len(world.messages("TEE-S")) == 1


@pytest.mark.req("S29")
@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER_DONE, FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR]
)
async def test_s29_a_push_whose_answer_is_lost_or_refused_arrives_all_the_same(
    world: World, floor: Floor, kind: FaultKind
) -> None:
    world.tiktok.faults.add(Fault("inventory.update", kind, times=2))
    world.shopify.set_available(floor.variants["TEE-S"].id, 5)
    await world.settle()
    for _ in range(6):
        await world.wait(30)
    assert floor.offered("TEE-S") == 5


@pytest.mark.req("S29")
@pytest.mark.parametrize(
    "change", [{"tracked": False}, {"inventory_policy": "CONTINUE"}], ids=["untracked", "continue_selling"]
)
async def test_s29_stock_that_shopify_does_not_count_is_not_sent(
    world: World, floor: Floor, change: dict[str, object]
) -> None:
    world.shopify.set_variant(floor.variants["TEE-S"].id, **change)
    world.shopify.set_available(floor.variants["TEE-S"].id, 3)
    await world.settle()
    assert floor.offered("TEE-S") == 20


@pytest.mark.req("S29")
async def test_s29_every_warehouse_is_listed_and_their_sum_is_what_shopify_has(world: World) -> None:
    world.tiktok.add_shop(SHOP, SHOP_NAME, warehouses=("East", "West", "North"))
    world.shopify.add_store(STORE, STORE_NAME, locations=("Main",))
    world.tiktok.add_product(SHOP, "Mug", [{"seller_sku": "MUG", "price": "9.00", "stock": 2}])
    (variant,) = world.shopify.add_product(STORE, "Mug", [{"sku": "MUG", "price": "9.00", "stock": 30}]).variants
    await world.connect()
    await world.answer()
    floor = Floor(world)
    assert floor.offered("MUG") == 30
    world.shopify.set_available(variant.id, 11)
    await world.settle()
    assert floor.offered("MUG") == 11
    (sku,) = world.calls("inventory.update")[-1].body["skus"]
    assert len(sku["inventory"]) == 3


@pytest.mark.req("S13", "S28")
async def test_s28_no_price_goes_out_in_another_currency_but_stock_does(world: World) -> None:
    floor = await open_shop(world, currency="EUR")
    world.shopify.set_price(floor.variants["TEE-S"].id, "12.00")
    world.shopify.set_available(floor.variants["TEE-S"].id, 5)
    await world.settle()
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("19.99", 5)
    await world.wait(10)
    assert len(world.messages("urrenc")) == 1


@pytest.mark.req("A8", "S29")
async def test_a8_two_skus_on_one_variant_both_follow_it(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    await world.link("TEE-M", floor.variants["TEE-S"].id, pack=2)
    world.shopify.set_available(floor.variants["TEE-S"].id, 9)
    await world.settle()
    assert (floor.offered("TEE-S"), floor.offered("TEE-M")) == (9, 4)
    floor.buy(("TEE-M", 2))
    await world.settle()
    assert floor.in_stock("TEE-S") == 5
    assert (floor.offered("TEE-S"), floor.offered("TEE-M")) == (5, 2)
