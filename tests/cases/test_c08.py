"""C08, its packs: a pack of six linked by hand, floor division in the preview, six times the units in the order."""

from collections.abc import AsyncIterator

import pytest

from bot.rehearsal.slack_client import text_of
from tests.cases.harness import Play, opened
from tests.cases.reading import load

pytestmark = pytest.mark.req("N19", "A8", "N18")
PACK, SINGLE, MUG = "1729592969712400006", "1729592969712403001", "gid://shopify/ProductVariant/401"
ORDER = "576461413038786010"


@pytest.fixture
async def played(sqlite_url: str) -> AsyncIterator[Play]:
    async with opened(load("C08", "own"), sqlite_url) as made:
        yield made


async def test_n19_the_preview_divides_down_and_that_is_what_is_offered_and_ordered(played: Play) -> None:
    world = played.world
    await world.poll()
    assert world.standing(ORDER) == ("held", "unlinked_sku")
    await world.command(world.ana, "/link MUG-6PK MUG x6")
    shown = text_of(world.view(world.ana))
    assert "Price on TikTok: 50.00 USD → 54.00 USD" in shown
    assert "Stock on TikTok: 1 → 2" in shown, "25 less the 12 that the waiting order takes, divided by six"
    assert "Releases 1 order, 108.00 USD" in shown
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await world.settle()
    (order,) = world.shopify.orders_of(ORDER)
    assert [(line.variant_id, line.quantity) for line in order.lines] == [(MUG, 12)]
    assert f"{order.lines[0].unit.shop:.2f}" == "9.00"
    assert world.shopify.variant(MUG).inventory_quantity == 13
    assert world.tiktok.stock(PACK) == 2


async def test_a8_the_single_mug_on_the_same_stock_shows_the_pack_and_the_sum(played: Play) -> None:
    world = played.world
    await world.poll()
    await world.link("MUG-6PK", MUG, pack=6)
    await world.command(world.ana, "/link MUG-1 MUG")
    shown = text_of(world.view(world.ana))
    assert "1 other TikTok SKU shares this Shopify stock" in shown
    assert "`MUG-6PK`" in shown
    assert "× 6 · offers 2 (12 units)" in shown
    assert "Together with this SKU they offer 25 units; Shopify has 13 available." in shown
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await world.settle()
    assert world.tiktok.stock(SINGLE) == 13
    assert set(world.links()) == {PACK, SINGLE}
    await world.command(world.ana, "/link unlink MUG-6PK")
    told = text_of(world.private(world.ana))
    assert "1 other TikTok SKU stays linked to the same variant: `MUG-1`" in told
    assert "In the last 30 days it sold 2 units in 1 order." in told
    await world.ana.click(world.private(world.ana), "Unlink")
    await world.slack_idle()
    await world.settle()
    assert world.tiktok.stock(PACK) == 2, "what it offered stays"
    assert set(world.links()) == {SINGLE}
