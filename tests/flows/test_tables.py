"""The product table, App Home, bare `/link`, help and status: what people see first, and the buttons in it."""

import pytest

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import Json, World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world)


def labels(node: Json) -> list[str]:
    """The labels of all buttons, in their order."""
    found: list[str] = []
    for block in node["blocks"]:
        elements = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
        found += [one["text"]["text"] for one in elements if one.get("type") == "button"]
    return found


async def home(world: World) -> Json:
    await world.ana.open_home()
    await world.settle()
    return world.slack.home("U1")


@pytest.mark.req("S3", "S17", "S25")
async def test_s17_unlinked_rows_have_link_and_linked_rows_unlink(world: World, floor: Floor) -> None:
    await world.unlink("TEE-M")
    await world.command(world.ana, "/link products")
    table = world.private(world.ana)
    assert (labels(table).count("Link"), labels(table).count("Unlink")) == (1, 2)
    for chosen, expected in (("linked", (0, 2)), ("unlinked", (1, 0)), ("broken", (0, 0))):
        await world.command(world.ana, f"/link products {chosen}")
        table = world.private(world.ana)
        assert (labels(table).count("Link"), labels(table).count("Unlink")) == expected


@pytest.mark.req("S3")
async def test_s3_paging_reaches_the_last_product(world: World) -> None:
    skus = tuple(f"SKU-{n:02}" for n in range(23))
    await open_shop(world, skus=skus, linked=False)
    await world.command(world.ana, "/link products")
    table, seen = world.private(world.ana), ""
    for _ in range(10):
        seen += text_of(table)
        if "Next" not in labels(table):
            break
        await world.ana.click(table, "Next")
        await world.slack_idle()
        table = world.ana.sees(table)
    assert all(sku in seen for sku in skus)
    assert "of 23" in seen


@pytest.mark.req("S14", "S15", "S16")
async def test_s15_the_banner_counts_what_is_unlinked_and_leads_to_it(world: World, floor: Floor) -> None:
    assert "Link products" not in labels(await home(world))
    for number, sku in enumerate(("TEE-S", "TEE-M"), 1):
        await world.unlink(sku)
        shown = await home(world)
        assert "Link products" in labels(shown)
        assert f"{number} SKU" in text_of(shown)
    await world.ana.click(shown, "Link products")
    await world.slack_idle()
    table = world.view(world.ana)
    assert "TEE-S" in text_of(table)
    assert "TEE-L" not in text_of(table)
    await world.ana.click(table, "Link", near="TEE-S")
    await world.slack_idle()
    assert world.view(world.ana)["title"]["text"] == "Link SKU"


@pytest.mark.req("S25", "U8")
async def test_s25_the_table_below_the_modal_shows_the_new_link_at_once(world: World, floor: Floor) -> None:
    await world.unlink("TEE-S")
    await world.unlink("TEE-M")
    await world.ana.click(await home(world), "Link products")
    await world.slack_idle()
    table = world.view(world.ana)
    await world.ana.click(table, "Link", near="TEE-S")
    await world.slack_idle()
    await world.choose(world.ana, world.view(world.ana), floor.variants["TEE-S"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await world.settle()
    assert "TEE-S" not in text_of(world.ana.sees(table))
    assert "1 SKU" in text_of(world.slack.home("U1"))


@pytest.mark.req("U2", "S14")
async def test_u2_bare_link_shows_the_most_pressing_first_and_the_way_to_the_rest(world: World) -> None:
    floor = await open_shop(world, linked=False, skus=tuple(f"SKU-{n}" for n in range(8)))
    floor.buy(("SKU-6", 1))
    for _ in range(2):
        floor.buy(("SKU-3", 2))
    await world.settle()
    await world.command(world.ana, "/link")
    shown = world.private(world.ana)
    assert labels(shown).count("Link") == 5
    lines = text_of(shown)
    assert lines.index("SKU-3") < lines.index("SKU-6") < lines.index("SKU-0")
    assert "Show all" in " ".join(labels(shown))


@pytest.mark.req("U1")
async def test_u1_help_lists_every_verb_and_each_example_is_understood(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link help")
    told = text_of(world.private(world.ana))
    verbs = [line.split()[1] for line in told.replace("`", "").splitlines() if line.startswith("/link ")]
    assert {"products", "unlink", "connect", "mode", "orders", "order", "why", "pause", "resume", "status"} <= set(
        verbs
    )
    await world.command(world.ana, "/link nosuchverb-or-sku")
    assert "nosuchverb-or-sku" in text_of(world.private(world.ana))


@pytest.mark.req("S1", "B3", "U34")
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("products", "Products from TikTok Shop"),
        ("TEE-S", "Unlink"),
        ("unlink TEE-S", "Unlink"),
        ("mode manual", "Link by hand"),
        ("orders", "order"),
        ("why sku TEE-S", "TEE-S"),
        ("status", "connected"),
        ("pause", "pause"),
        ("connect shopify harbour-tees.myshopify.com", "onnected"),
        ("disconnect tiktok", "Disconnect"),
        ("sync", "read"),
    ],
)
async def test_b3_every_verb_answers_in_slack_without_any_plan(
    world: World, floor: Floor, typed: str, says: str
) -> None:
    await world.command(world.ana, f"/link {typed}")
    assert says.lower() in (text_of(world.private(world.ana)) + str(world.private(world.ana))).lower()


@pytest.mark.req("U36")
async def test_u36_status_names_shop_store_and_what_is_wrong(world: World, floor: Floor) -> None:
    await world.command(world.ana, "/link status")
    told = text_of(world.private(world.ana))
    assert "Harbour Tees US" in told
    assert "connected" in told
    world.shopify.uninstall("harbour-tees.myshopify.com")
    await world.settle()
    await world.command(world.ana, "/link status")
    assert "connection lost" in text_of(world.private(world.ana))


@pytest.mark.req("U26", "U27")
async def test_u27_a_failing_answer_is_acknowledged_and_told_in_words_with_a_reference(
    world: World, floor: Floor
) -> None:
    world.slack.faults.add(Fault("views.open", FaultKind.SERVER_ERROR, times=9))
    answer = await world.ana.command("C1", "/link TEE-S")
    assert answer.error is None
    await world.unlink("TEE-S")
    answer = await world.ana.command("C1", "/link TEE-S")
    await world.slack_idle()
    assert answer.error is None
    told = world.told(world.ana)
    assert "That did not work" in told
    assert "Reference" in told


@pytest.mark.req("U32")
async def test_u32_a_rate_limit_of_slack_is_called_one(world: World, floor: Floor) -> None:
    await world.unlink("TEE-S")
    world.slack.faults.add(Fault("views.open", FaultKind.RATE_LIMITED, times=9, retry_after=0))
    await world.ana.command("C1", "/link TEE-S")
    await world.slack_idle()
    assert "slow down" in world.told(world.ana)


@pytest.mark.req("U21", "N20")
@pytest.mark.parametrize(("kind", "word"), [("is_restricted", "Guests"), ("is_stranger", "another workspace")])
async def test_n20_guests_and_strangers_look_and_change_nothing(
    world: World, floor: Floor, kind: str, word: str
) -> None:
    setattr(world.slack.world.user("U2"), kind, True)
    await world.command(world.ben, "/link products")
    assert "TEE-S" in world.told(world.ben)
    await world.command(world.ben, "/link unlink TEE-S")
    assert word in world.told(world.ben)
    assert len(world.links()) == 3
    refused = world.read(lambda u: u.ledger.page(None, limit=1000, newest_first=True))[0]
    assert (refused.act.value, refused.actor.id) == ("refused", "U2")


@pytest.mark.req("S25", "U8")
@pytest.mark.parametrize("typed", ["products unlinked", "", "Tee"], ids=["table", "bare", "hits"])
async def test_s25_the_list_in_a_message_shows_what_was_done_from_it(world: World, typed: str) -> None:
    floor = await open_shop(world, linked=False)
    await world.command(world.ana, f"/link {typed}".strip())
    table = world.private(world.ana)
    links = labels(table).count("Link")
    await world.ana.click(table, "Link", near="TEE-S")
    await world.slack_idle()
    await world.choose(world.ana, world.view(world.ana), floor.variants["TEE-S"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    shown = world.ana.sees(table)
    assert labels(shown).count("Link") == links - 1
    if typed == "Tee":
        await world.ana.click(shown, "Unlink", near="TEE-S")
        await world.slack_idle()
        await world.ana.submit(world.view(world.ana))
        await world.slack_idle()
        assert labels(world.ana.sees(table)).count("Link") == links
