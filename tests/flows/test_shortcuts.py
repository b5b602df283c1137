"""The global and the message shortcut: every way they end, and what a message may name."""

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.seed import STORE
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import CHANNEL, World

GLOBAL, MESSAGE = "link_sku", "link_from_message"
pytestmark = pytest.mark.req("U3", "U25")


@pytest.fixture
async def floor(world: World) -> Floor:
    """Three SKUs that nothing is linked to."""
    return await open_shop(world, linked=False)


async def find(world: World, typed: str) -> dict:
    await world.ana.shortcut(GLOBAL)
    await world.slack_idle()
    await world.ana.fill(world.view(world.ana), "find", typed)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    return world.view(world.ana)


async def from_message(world: World, text: str) -> dict:
    said = await world.ben.say(CHANNEL, text)
    await world.ana.shortcut(MESSAGE, said)
    await world.slack_idle()
    return world.view(world.ana)


async def submit_choice(world: World, variant: str) -> None:
    await world.choose(world.ana, world.view(world.ana), variant)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()


@pytest.mark.parametrize("typed", ["TEE-S", '"TEE-S"', "TEE-S TEE-M x6"])
async def test_u3_the_global_shortcut_leads_to_the_picker_and_to_a_link(world: World, floor: Floor, typed: str) -> None:
    view = await find(world, typed)
    assert view["submit"]["text"] == "Link SKU"
    assert "TEE-S" in text_of(view)
    if "x6" in typed:
        assert "× 6" in text_of(view)
        assert "20 → 3" in text_of(view)
    await submit_choice(world, floor.variants["TEE-M"].id)
    assert world.links() == {floor.sku_ids["TEE-S"]: floor.variants["TEE-M"].id}
    assert world.slack.complaints == []


async def test_u3_words_with_several_hits_give_the_list_and_nothing_says_so(world: World, floor: Floor) -> None:
    assert text_of(await find(world, "tee")).count("TEE-") >= 3
    assert "No TikTok SKU found" in text_of(await find(world, "no such thing"))
    assert "no pack size" in text_of(await find(world, "TEE-S TEE-M x0"))
    assert world.slack.refusals == []


async def test_u6_an_empty_question_is_said_at_its_field(world: World, floor: Floor) -> None:
    await world.ana.shortcut(GLOBAL)
    await world.slack_idle()
    view = world.view(world.ana)
    await world.ana.fill(view, "find", "  ")
    assert list((await world.ana.submit(view)).errors or {}) == ["find"]


@pytest.mark.parametrize(
    "text",
    ["please link TEE-S", "*TEE-S*, thanks!", "`TEE-S`", "sku=TEE-S", "“TEE-S”?", "see <https://x.example|TEE-S>"],
)
async def test_u25_the_only_sku_of_a_message_opens_its_picker(world: World, floor: Floor, text: str) -> None:
    view = await from_message(world, text)
    assert view["submit"]["text"] == "Link SKU"
    await submit_choice(world, floor.variants["TEE-S"].id)
    assert list(world.links()) == [floor.sku_ids["TEE-S"]]


async def test_u25_a_sku_id_counts_and_a_linked_one_shows_its_card_with_unlink(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    view = await from_message(world, f"what about {floor.sku_ids['TEE-S']}?")
    assert "is linked" in str(view) or "Shopify SKU: `TEE-S`" in text_of(view)
    await world.ana.click(view, "Unlink")
    await world.slack_idle()
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    assert world.links() == {}
    assert len(world.acts(Act.UNLINK)) == 1
    below = world.slack.views_open("U1")[-2]
    assert "Not linked" in text_of(below), "the view below shows the new state"


async def test_u25_several_skus_give_a_list_that_follows_the_links_made_from_it(world: World, floor: Floor) -> None:
    view = await from_message(world, "TEE-M and TEE-S are not TEE-XXL")
    shown = text_of(view)
    assert shown.index("TEE-M") < shown.index("TEE-S")
    assert "TEE-L" not in shown
    await world.ana.click(view, "Link", near="TEE-M")
    await world.slack_idle()
    await submit_choice(world, floor.variants["TEE-M"].id)
    below = world.slack.views_open("U1")[-2]
    labels = [block["accessory"]["text"]["text"] for block in below["blocks"] if "accessory" in block]
    assert labels == ["Unlink", "Link"]
    assert world.slack.refusals == []


async def test_u25_the_bots_own_blocks_are_read_too(world: World, floor: Floor) -> None:
    body = {"text": "see below", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "• `TEE-L` waits"}}]}
    said = world.slack.world.add_message(CHANNEL, world.slack.world.by_bot(body))
    await world.ana.shortcut(MESSAGE, said.body | {"channel": CHANNEL})
    await world.slack_idle()
    assert "TEE-L" in text_of(world.view(world.ana))
    assert world.view(world.ana)["submit"]["text"] == "Link SKU"


@pytest.mark.parametrize("text", ["nothing here & <b>", "tee-s in lower case", "@ana", "x " * 1500])
async def test_u25_none_says_so_with_the_words_it_tried(world: World, floor: Floor, text: str) -> None:
    view = await from_message(world, text)
    assert "No TikTok SKU is named in this message" in text_of(view)
    if "tee-s" in text:
        assert "`tee-s`" in text_of(view)
    assert world.slack.refusals == []


async def test_u25_a_shopify_sku_that_no_tiktok_sku_uses_is_said(world: World, floor: Floor) -> None:
    world.shopify.add_product(STORE, "Cap", [{"sku": "CAP 1", "price": "5.00", "stock": 3}])
    await world.settle()
    await world.poll()
    view = await from_message(world, "where is CAP 1?")
    assert "In Shopify, with no TikTok SKU linked to it" in text_of(view)
    assert "CAP 1" in text_of(view)
