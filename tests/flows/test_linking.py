"""Links: by rule, by hand, one SKU at a time, and their end."""

import pytest

from tests.flows.world import World


@pytest.mark.req("S2", "S4", "S5", "S6", "S9")
async def test_s6_automatic_links_every_equal_sku_and_only_after_the_answer(seeded: World) -> None:
    expected = seeded.stage.expected
    assert expected is not None
    assert len(seeded.messages("Link automatically")) == 1
    await seeded.poll()
    assert seeded.links() == {}
    await seeded.answer()
    assert len(seeded.links()) == expected.equal


async def test_s24_submit_links_once(seeded: World) -> None:
    variant = next(
        v.id
        for p in seeded.shopify.stores["harbour-tees.myshopify.com"].products.values()
        for v in p.variants
        if v.sku == "SOCK-GRY"
    )
    shown = await seeded.link("sock-gry", variant)
    assert shown["title"]["text"] == "Linked"
    assert list(seeded.links().values()) == [variant]
    await seeded.unlink("sock-gry")
    assert seeded.links() == {}
