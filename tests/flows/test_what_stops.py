"""What an unlink would stop, the link group, and typed forms."""

import pytest

from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import open_shop
from tests.flows.world import World


@pytest.mark.req("N3", "S35")
async def test_n3_the_preview_equals_what_then_happens(world: World) -> None:
    floor = await open_shop(world)
    floor.buy(("TEE-S", 3))
    await world.settle()
    waiting = floor.buy(("TEE-S", 2), status="ON_HOLD")
    await world.settle()
    await world.command(world.ana, '/link unlink "TEE-S"')
    told = text_of(world.private(world.ana))
    assert world.standing(waiting)[0] == "waiting"
    assert f"1 order, {floor.total(waiting)} USD, is on the way to Shopify" in told
    assert "In the last 30 days it sold 5 units in 2 orders." in told
    frozen = floor.offered("TEE-S"), floor.price("TEE-S")
    assert f"TikTok keeps {frozen[1]} USD and {frozen[0]} in stock" in told
    mirrored = len(world.shopify_orders())
    await world.ana.click(world.private(world.ana), "Unlink")
    await world.slack_idle()
    world.shopify.set_variant(floor.variants["TEE-S"].id, price="99.00")
    world.tiktok.advance(waiting, "AWAITING_SHIPMENT")
    await world.settle()
    await world.wait(3700)
    assert world.standing(waiting) == ("held", "unlinked_sku")
    assert (floor.offered("TEE-S"), floor.price("TEE-S")) == frozen
    assert len(world.shopify_orders()) == mirrored


@pytest.mark.req("N18", "A8", "N3")
async def test_n18_a_shared_variant_shows_its_group_in_picker_card_and_unlink(world: World) -> None:
    floor = await open_shop(world, linked=False)
    await world.link("TEE-S", floor.variants["TEE-M"].id)
    await world.link("TEE-L", floor.variants["TEE-M"].id, pack=6)
    await world.command(world.ana, "/link TEE-M TEE-M x2")
    picker = text_of(world.view(world.ana))
    assert "2 other TikTok SKUs share this Shopify stock" in picker
    assert "× 6 · offers 3 (18 units)" in picker
    assert "Together with this SKU they offer 58 units; Shopify has 20 available." in picker
    await world.command(world.ana, '/link "TEE-S"')
    card = text_of(world.private(world.ana))
    assert "1 other TikTok SKU shares this Shopify stock" in card
    assert "they offer 38 units; Shopify has 20 available" in card
    await world.command(world.ana, '/link unlink "TEE-S"')
    assert "1 other TikTok SKU stays linked to the same variant: `TEE-L`" in text_of(world.private(world.ana))
    assert world.slack.refusals == []


@pytest.mark.req("U34", "N19")
@pytest.mark.parametrize("typed", ["TEE-S TEE-L x6", '"TEE-S" "TEE-L" x6', "“TEE-S” TEE-L ×6", "TEE-S TEE-L X06"])
async def test_u34_a_typed_pair_presets_choice_and_pack(world: World, typed: str) -> None:
    floor = await open_shop(world, linked=False)
    await world.command(world.ana, f"/link {typed}")
    shown = text_of(world.view(world.ana))
    assert "× 6" in shown
    assert "Stock on TikTok: 20 → 3" in shown
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    link = world.link_of(floor.sku_ids["TEE-S"])
    assert link is not None
    assert (link.variant_id, link.pack) == (floor.variants["TEE-L"].id, 6)


@pytest.mark.req("U34", "N19")
@pytest.mark.parametrize("pack", ["x0", "x9999", "x1.5", "x-1", "6", "x99999", "x1e3"])
async def test_u34_a_bad_pack_is_named_instead_of_searched(world: World, pack: str) -> None:
    await open_shop(world, linked=False)
    await world.command(world.ana, f"/link TEE-S TEE-L {pack}")
    told = text_of(world.private(world.ana))
    assert f"`{pack}` is no pack size" in told
    assert "from 1 to 1000" in told
    assert world.slack.views_open("U1") == []


@pytest.mark.req("U1")
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("unlnk TEE-S", "Did you mean `/link unlink`?"),
        ("prodcts", "Did you mean `/link products`?"),
        ("hlp", "Did you mean `/link help`?"),
        ("no such words", "No TikTok SKU found for `no such words`"),
        ('"unlnk"', "No TikTok SKU found for `unlnk`"),
        ("TEE-S TEE-NO x0", "No TikTok SKU found for `TEE-S TEE-NO x0`"),
    ],
)
async def test_u1_unknown_input_is_answered_with_the_nearest_verb_or_a_way_on(
    world: World, typed: str, says: str
) -> None:
    await open_shop(world, linked=False)
    await world.command(world.ana, f"/link {typed}")
    told = text_of(world.private(world.ana))
    assert says in told
    assert "e.g. `/link" in told


@pytest.mark.req("U1")
async def test_u1_a_sku_that_looks_like_a_verb_is_still_found(world: World) -> None:
    await open_shop(world, linked=False, skus=("unlnk",))
    await world.command(world.ana, "/link unlnk")
    assert "unlnk" in text_of(world.view(world.ana))
