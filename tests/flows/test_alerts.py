"""Alerts about unlinked SKUs, and the end of a link: one living message, closed by itself, nothing without a yes."""

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.seed import SHOP, STORE
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


@pytest.mark.req("B1", "U8")
async def test_b1_a_new_unlinked_sku_raises_one_alert_that_says_who_linked_it_in_the_end(
    world: World, floor: Floor
) -> None:
    world.tiktok.add_product(SHOP, "Cap", [{"seller_sku": "CAP-1", "price": "5.00", "stock": 3}])
    await world.settle()
    for _ in range(3):
        await world.poll()
        await world.wait(60)
    (alert,) = world.messages("CAP-1")
    assert "No Shopify variant has this SKU" in text_of(alert)
    await world.ana.click(alert, "Link", near="CAP-1")
    await world.slack_idle()
    await world.choose(world.ana, world.view(world.ana), floor.variants["TEE-S"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await world.settle()
    await world.wait(5)
    (alert,) = world.messages("CAP-1")
    assert "inked by <@U1>" in text_of(alert)
    assert "Link" not in [e["text"]["text"] for b in alert["blocks"] for e in [b.get("accessory")] if e]


@pytest.mark.req("B1", "N13")
async def test_b1_the_first_import_makes_one_alert_for_all(world: World) -> None:
    skus = tuple(f"SKU-{n:03}" for n in range(120))
    floor = await open_shop(world, skus=skus, linked=False)
    floor.buy(("SKU-077", 1))
    await world.settle()
    await world.wait(70)
    found = world.messages("SKU-077")
    assert len(found) == 1
    assert "more" in text_of(found[0])
    assert "Show all" in str(found[0])
    assert len(world.messages()) <= 3, "prompt, alert, report"


@pytest.mark.req("B1", "S34", "S35")
async def test_b1_an_unlink_raises_one_alert_and_linking_again_closes_it(world: World, floor: Floor) -> None:
    await world.unlink("TEE-S")
    await world.wait(70)
    (alert,) = world.messages("TEE-S")
    assert "A person unlinked it" in text_of(alert)
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.wait(5)
    (alert,) = world.messages("TEE-S")
    assert "inked by <@U1>" in text_of(alert)


@pytest.mark.req("S35", "U17")
async def test_s35_unlinking_asks_first_and_cancel_keeps_the_link(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link unlink TEE-S")
    assert len(world.links()) == 3, "the first step only asks"
    await world.ana.click(world.private(world.ana), "Cancel")
    await world.slack_idle()
    assert len(world.links()) == 3
    assert world.acts(Act.UNLINK) == []


@pytest.mark.req("S35", "S34")
async def test_s35_unlinking_from_the_table_asks_in_a_modal(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link products linked")
    await world.ana.click(world.private(world.ana), "Unlink", near="TEE-S")
    await world.slack_idle()
    ask = world.view(world.ana)
    assert ask["submit"]["text"] == "Unlink"
    await world.ana.close(ask)
    assert len(world.links()) == 3
    await world.ana.click(world.private(world.ana), "Unlink", near="TEE-S")
    await world.slack_idle()
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    assert floor.sku_ids["TEE-S"] not in world.links()
    (entry,) = world.acts(Act.UNLINK)
    assert (entry.actor.kind.value, entry.actor.id) == ("person", "U1")


@pytest.mark.req("N2", "N3", "S35")
async def test_n3_the_question_says_what_the_unlink_stops(world: World, floor: Floor) -> None:
    floor.buy(("TEE-S", 2), status="ON_HOLD")
    await world.settle()
    await world.command(world.ana, "/link unlink TEE-S")
    asked = text_of(world.private(world.ana))
    assert "1 order" in asked
    assert "TikTok keeps 19.99 USD and 18 in stock" in asked  # two of 20 are sold and on hold


@pytest.mark.req("N2", "A5", "B1")
async def test_n2_the_alert_says_what_the_sku_blocks(world: World, floor: Floor) -> None:
    await world.unlink("TEE-S")
    for _ in range(3):
        floor.buy(("TEE-S", 1))
    await world.settle()
    await world.wait(70)
    alert = text_of(world.message("TEE-S"))
    assert "Blocks 3 orders, 59.97 USD, oldest ships by" in alert


@pytest.mark.req("A10", "B1", "N6")
async def test_a10_a_deleted_variant_breaks_its_link_alerts_and_holds_orders(world: World, floor: Floor) -> None:
    sku_id = floor.sku_ids["TEE-S"]
    world.shopify.delete_variant(floor.variants["TEE-S"].id)
    await world.settle()
    await world.wait(70)
    assert world.link_of(sku_id).state.value == "broken"
    assert "deleted" in text_of(world.message("TEE-S"))
    order_id = floor.buy(("TEE-S", 1))
    await world.settle()
    assert world.standing(order_id) == ("held", "broken_link")
    await world.link("TEE-S", floor.variants["TEE-M"].id)
    assert world.standing(order_id) == ("mirrored", None)


@pytest.mark.req("S4", "B1")
async def test_s4_the_answered_prompt_counts_links_made_and_ended_by_hand_too(world: World, floor: Floor) -> None:
    await world.unlink("TEE-S")
    await world.unlink("TEE-M")
    await world.wait(5)
    assert "1 SKU is linked" in world.message("links automatically")["text"]
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    await world.wait(5)
    assert "2 SKUs are linked" in world.message("links automatically")["text"]


@pytest.mark.req("S2", "A10")
async def test_a_bad_reading_is_no_mass_deletion(world: World) -> None:
    """Shopify answers an import with next to nothing: no link breaks because of it."""
    floor = await open_shop(world, skus=tuple(f"SKU-{n:02}" for n in range(40)))
    assert len(world.links()) == 40
    product = next(iter(world.shopify.stores[STORE].products.values()))
    kept, product.variants[:] = list(product.variants), product.variants[:1]
    await world.bot.db.run(lambda u: u.jobs.add("import_store", STORE, owner=STORE))
    await world.settle()
    product.variants[:] = kept
    assert len(world.links()) == 40
    assert floor.offered("SKU-07") == 20
