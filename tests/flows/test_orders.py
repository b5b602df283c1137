"""TikTok orders into Shopify: which, with what, and what the channel says about the rest."""

from decimal import Decimal

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.seed import STORE
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


async def test_s31_each_order_becomes_one_shopify_order_however_often_it_is_told(world: World, floor: Floor) -> None:
    placed = [floor.buy(("TEE-S", 1)), floor.buy(("TEE-M", 2), ("TEE-L", 1))]
    for order_id in placed:
        for _ in range(4):
            world.tiktok.sales.tell_status(order_id)
    await world.settle()
    await world.poll()
    assert sorted(o.source_identifier for o in world.shopify_orders()) == sorted(placed)
    assert [world.standing(order_id) for order_id in placed] == [("mirrored", None)] * 2


async def test_s32_lines_use_the_linked_variant_and_stock_falls_once(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 2), tax="1.23", shipping="4.99")
    await world.settle()
    (order,) = world.shopify.orders_of(order_id)
    assert [(line.variant_id, line.quantity) for line in order.lines] == [(floor.variants["TEE-S"].id, 2)]
    assert all(line.requires_shipping for line in order.lines)
    assert floor.in_stock("TEE-S") == 18
    assert floor.offered("TEE-S") == 18
    assert f"{order.total.shop:.2f}" == floor.total(order_id)


async def test_s33_the_order_carries_what_fulfilment_needs(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 1), shipping="4.99")
    await world.settle()
    (order,) = world.shopify.orders_of(order_id)
    told = world.tiktok.order(order_id)["recipient_address"]
    address = order.shipping_address
    assert (address["address1"], address["zip"]) == (told["address_line1"], told["postal_code"])
    assert address["last_name"] == told["last_name"]
    assert f"tts-{order_id}" in order.tags
    assert order_id in [value["value"] for value in order.custom_attributes]
    reference = world.tiktok.reference(order_id)
    assert reference is not None
    assert reference["id"] == order.id.rpartition("/")[2]
    assert len(reference["line_items"]) == 1


async def test_s27_the_link_decides_not_the_text_of_the_sku(world: World) -> None:
    floor = await open_shop(world, linked=False)
    await world.link("TEE-S", floor.variants["TEE-L"].id)
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    (order,) = world.shopify.orders_of(order_id)
    assert [line.sku for line in order.lines] == ["TEE-L"]
    assert floor.in_stock("TEE-L") == 19


@pytest.mark.req("S38", "A1", "N6")
async def test_s38_one_unlinked_line_holds_the_whole_order_and_says_so(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    order_id = floor.buy(("TEE-S", 1), ("TEE-M", 1))
    await world.settle()
    assert world.standing(order_id) == ("held", "unlinked_sku")
    assert world.shopify_orders() == []
    entries = world.acts(Act.ORDER, order=order_id)
    assert [(e.standing.value, e.reason) for e in entries] == [("held", "unlinked_sku")]
    await world.wait(3)
    assert world.report() == "0 mirrored · 1 held · 0 failed"


@pytest.mark.req("A5", "N2", "B2")
async def test_a5_linking_releases_what_waited_for_it(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    waiting = [floor.buy(("TEE-M", 1)) for _ in range(3)]
    await world.settle()
    await world.link("TEE-M", floor.variants["TEE-M"].id)
    assert [world.standing(order_id) for order_id in waiting] == [("mirrored", None)] * 3
    await world.wait(3)
    assert world.report().startswith("3 mirrored · 0 held · 0 failed")


@pytest.mark.req("A6", "S36")
async def test_a6_unlinking_before_the_mirror_ran_holds_the_order(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 1))  # told, not yet carried
    await world.command(world.ana, '/link unlink "TEE-S"')
    await world.ana.click(world.private(world.ana), "Unlink")
    await world.slack_idle()
    await world.settle()
    assert world.standing(order_id) == ("held", "unlinked_sku")


@pytest.mark.req("A7")
async def test_a7_a_cancellation_still_flows_after_an_unlink(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 2))
    await world.settle()
    await world.unlink("TEE-S")
    world.tiktok.cancel_order(order_id)
    await world.settle()
    (order,) = world.shopify.orders_of(order_id)
    assert order.cancelled_at is not None
    assert floor.in_stock("TEE-S") == 20
    world.tiktok.sales.tell_status(order_id)
    await world.settle()
    assert len(world.acts(Act.CANCELLED, order=order_id)) == 1


@pytest.mark.req("A11")
async def test_a11_an_order_on_hold_waits_and_its_units_are_not_offered_again(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 5), status="ON_HOLD")
    await world.settle()
    assert world.standing(order_id) == ("waiting", "on_hold")
    world.shopify.set_available(floor.variants["TEE-S"].id, 30)
    await world.settle()
    assert floor.offered("TEE-S") == 25
    world.tiktok.advance(order_id, "AWAITING_SHIPMENT")
    await world.settle()
    assert world.standing(order_id) == ("mirrored", None)
    assert floor.offered("TEE-S") == floor.in_stock("TEE-S") == 25


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({"status": "UNPAID"}, ("waiting", "unpaid")),
        ({"is_sample_order": True}, ("not_ours", "sample")),
        ({"fulfillment_type": "FULFILLMENT_BY_TIKTOK"}, ("not_ours", "fulfilled_by_tiktok")),
        ({"is_buyer_request_cancel": True}, ("held", "cancel_requested")),
        ({"paid_time": 1700000000, "create_time": 1700000000}, ("not_ours", "before_connection")),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, dict) else value[1],
)
@pytest.mark.req("N6", "S38")
async def test_n6_each_order_that_stays_out_has_its_one_reason(
    world: World, floor: Floor, fields: dict[str, object], stands: tuple[str, str]
) -> None:
    order_id = floor.buy(("TEE-S", 1), **fields)
    await world.settle()
    assert world.standing(order_id) == stands
    assert world.shopify_orders() == []


async def test_n6_no_street_and_no_city_holds_the_order_until_there_is_one(world: World, floor: Floor) -> None:
    empty = {"full_address": "", "address_line1": "", "address_detail": "", "district_info": [], "region_code": "US"}
    order_id = floor.buy(("TEE-S", 1), address=empty)
    await world.settle()
    assert world.standing(order_id) == ("held", "address_missing")
    world.tiktok.set_order(order_id, recipient_address=dict(empty, address_line1="1 Quay", full_address="1 Quay"))
    await world.settle()
    assert world.standing(order_id) == ("mirrored", None)


@pytest.mark.req("S13", "N6")
async def test_n6_another_currency_holds_the_order_and_raises_one_incident(world: World) -> None:
    floor = await open_shop(world, currency="EUR")
    first, second = floor.buy(("TEE-S", 1)), floor.buy(("TEE-M", 1))
    await world.settle()
    assert {world.standing(first), world.standing(second)} == {("held", "currency_mismatch")}
    assert len(world.messages("currenc")) == 1
    assert world.calls("prices.update") == []


@pytest.mark.req("N9")
@pytest.mark.parametrize(
    "mark",
    [{"source_identifier": "{}"}, {"tags": ("TikTok", "{}")}, {"note": "TikTok order {}"}, {"name": "TTS{}"},
     {"attributes": {"TikTok Order ID": "{}"}}],
    ids=lambda mark: next(iter(mark)),
)  # fmt: skip
async def test_n9_an_order_of_another_app_is_adopted(world: World, floor: Floor, mark: dict[str, object]) -> None:
    order_id = floor.buy(("TEE-S", 1))

    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, tuple):
            return tuple(filled(one) for one in value)
        return str(value).format(order_id)

    lines = [(floor.variants["TEE-S"].id, 1)]
    world.shopify.foreign_order(STORE, lines=lines, **{key: filled(value) for key, value in mark.items()})
    world.clock.move(120)  # beyond the search index's lag
    await world.settle()
    assert len(world.shopify_orders()) == 1
    assert world.standing(order_id) == ("adopted", None)
    await world.wait(3)
    assert "1 adopted" in str(world.message(" mirrored · "))
    assert world.report().startswith("1 mirrored")


@pytest.mark.req("N9")
async def test_n9_a_longer_number_is_no_trace_of_the_order(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 1))
    world.shopify.foreign_order(STORE, lines=[(floor.variants["TEE-L"].id, 1)], note=f"ref 9{order_id}7")
    world.clock.move(120)
    await world.settle()
    assert world.standing(order_id) == ("mirrored", None)
    assert len(world.shopify_orders()) == 2


@pytest.mark.req("B2")
async def test_b2_the_report_counts_what_the_ledger_says_in_one_message(world: World, floor: Floor) -> None:
    await world.unlink("TEE-L")
    seven = [floor.buy(("TEE-S", 1)) for _ in range(7)]
    two = [floor.buy(("TEE-L", 1)) for _ in range(2)]
    await world.settle()
    await world.wait(3)
    assert world.report() == "7 mirrored · 2 held · 0 failed"
    message = world.message(" mirrored · ")
    shown = str(message)
    assert all(order_id in shown or "more" in shown for order_id in two)
    assert len(world.messages(" mirrored · ")) == 1
    ledger = [(e.order_id, e.standing.value) for e in world.acts(Act.ORDER)]
    assert sum(standing == "mirrored" for _, standing in ledger) == 7
    assert {order for order, standing in ledger if standing == "held"} == set(two)
    assert {order for order, standing in ledger if standing == "mirrored"} == set(seven)


@pytest.mark.req("B2")
async def test_b2_nothing_new_no_message(world: World, floor: Floor) -> None:
    floor.buy(("TEE-S", 1))
    await world.settle()
    await world.wait(3)
    before = len(world.messages())
    await world.wait(3 * 3600)
    await world.wait(3 * 3600)
    assert len(world.messages()) == before


@pytest.mark.req("N19")
async def test_n19_a_pack_of_six_takes_six_units_and_offers_a_sixth(world: World) -> None:
    floor = await open_shop(world, linked=False, stock=25)
    await world.link("TEE-S", floor.variants["TEE-M"].id, pack=6)
    await world.settle()
    assert floor.offered("TEE-S") == 4
    order_id = floor.buy(("TEE-S", 2))
    await world.settle()
    (order,) = world.shopify.orders_of(order_id)
    assert [(line.sku, line.quantity) for line in order.lines] == [("TEE-M", 12)]
    assert f"{order.total.shop:.2f}" == floor.total(order_id)
    assert floor.in_stock("TEE-M") == 13
    assert floor.offered("TEE-S") == 2


async def test_s31_an_oversold_order_is_created_all_the_same_and_told_once(world: World, floor: Floor) -> None:
    world.shopify.set_available(floor.variants["TEE-S"].id, 1)
    first, second = floor.buy(("TEE-S", 1)), floor.buy(("TEE-S", 2))
    await world.settle()
    await world.wait(10)
    await world.wait(60)
    assert [world.standing(first), world.standing(second)] == [("mirrored", None)] * 2
    assert floor.in_stock("TEE-S") == -2
    assert floor.offered("TEE-S") == 0
    assert len(world.messages("versold")) == 1


async def test_s31_an_order_that_no_webhook_told_is_found_by_the_poll(world: World, floor: Floor) -> None:
    order_id = floor.buy(("TEE-S", 1))
    world.tiktok.outbox.waiting.clear()
    await world.settle()
    assert world.shopify_orders() == []
    await world.wait(31)
    assert world.standing(order_id) == ("mirrored", None)


async def test_s31_gifts_discounts_taxes_and_fees_add_up_to_the_cent(world: World, floor: Floor) -> None:
    placed = [
        floor.buy(("TEE-S", 3), seller_discount="1.00", platform_discount="0.01", tax="1.37", shipping="5.99"),
        floor.buy(("TEE-S", 7), ("TEE-M", 1), seller_discount="3.32", shipping="4.99", shipping_discount="4.99"),
        floor.buy(("TEE-L", 1), retail_delivery_fee="0.28", shipping="3.00", shipping_tax="0.19"),
    ]
    await world.settle()
    for order_id in placed:
        (order,) = world.shopify.orders_of(order_id)
        assert Decimal(str(order.total.shop)) == Decimal(floor.total(order_id))


async def test_s38_mirror_now_on_an_unlinked_line_opens_nothing_by_itself(world: World, floor: Floor) -> None:
    """An order card can be opened and explains itself; nothing happens without a click."""
    await world.unlink("TEE-S")
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    await world.command(world.ana, f"/link order {order_id}")
    assert order_id in world.told(world.ana)
    await world.command(world.ana, f"/link why order {order_id}")
    assert "TEE-S" in world.told(world.ana)
    assert world.shopify_orders() == []


@pytest.mark.req("N9")
@pytest.mark.parametrize("form", ["gid://shopify/Order/{}", "{}"])
async def test_n9_a_reference_written_by_another_app_is_followed(world: World, floor: Floor, form: str) -> None:
    there = world.shopify.foreign_order(STORE, lines=[(floor.variants["TEE-S"].id, 1)])
    order_id = floor.buy(("TEE-S", 1))
    world.tiktok.set_reference(order_id, form.format(there.id.rpartition("/")[2]))
    await world.settle()
    assert world.standing(order_id) == ("adopted", None)
    assert len(world.shopify_orders()) == 1


@pytest.mark.req("N9")
@pytest.mark.parametrize("outer", ["other-app-77", "12345"])
async def test_n9_a_reference_to_nothing_we_can_find_stops_nothing(world: World, floor: Floor, outer: str) -> None:
    order_id = floor.buy(("TEE-S", 1))
    world.tiktok.set_reference(order_id, outer)
    await world.settle()
    assert world.standing(order_id) == ("mirrored", None)
