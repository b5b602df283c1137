"""The SKU linking modal: what it shows, how one searches and pages in it, and that it links exactly once."""

import asyncio

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.world import Json, World


@pytest.fixture
async def floor(world: World) -> Floor:
    return await open_shop(world, linked=False)


@pytest.fixture
async def wide(world: World) -> World:
    """A TikTok SKU without a twin, and thirty variants of three categories and two tags."""
    world.tiktok.add_shop(SHOP, SHOP_NAME)
    world.shopify.add_store(STORE, STORE_NAME, locations=("Main",))
    world.tiktok.add_product(SHOP, "Lonely <!channel> & <b>", [{"seller_sku": "LONELY", "price": "9.00", "stock": 5}])
    for number in range(30):
        rows = [{"sku": f"V-{number:02}", "price": "9.00", "stock": number}]
        tags = ["even" if number % 2 == 0 else "odd"]
        kind = ("Hats", "Mugs", "Socks")[number % 3]
        world.shopify.add_product(STORE, f"{kind[:-1]} number {number:02}", rows, product_type=kind, tags=tags)
    world.shopify.add_product(STORE, "Sleeve", [{"sku": "", "price": "1.00", "stock": 5}])
    await world.connect()
    await world.answer("Link by hand")
    return world


async def opened(world: World, sku: str = "LONELY") -> Json:
    await world.command(world.ana, f'/link "{sku}"')
    return world.view(world.ana)


def listed(view: Json) -> list[str]:
    """What the list below the search offers."""
    return [
        option["text"]["text"]
        for block in view["blocks"]
        for element in [block.get("element") or {}, *block.get("elements", [])]
        if element.get("type") == "radio_buttons"
        for option in element["options"]
    ]


@pytest.mark.req("S18", "U7")
async def test_s18_the_modal_opens_at_once_and_names_the_sku(world: World, floor: Floor) -> None:
    view = await opened(world, "TEE-S")
    shown = text_of(view)
    assert (view["title"]["text"], view["submit"]["text"], view["close"]["text"]) == ("Link SKU", "Link SKU", "Cancel")
    for fact in ("Tee", "TEE-S", "19.99 USD", "20 in stock", SHOP_NAME):
        assert fact in shown
    first = [call for call in world.slack.calls if call.operation == "views.open"][-1]
    assert "TEE-S" not in str(first.body), "a skeleton before anything is read"


@pytest.mark.req("S19", "U4")
@pytest.mark.parametrize(("typed", "finds"), [("v-07", "V-07"), ("NUMBER 07", "V-07"), ("ug number 13", "V-13")])
async def test_s19_the_search_finds_part_of_a_sku_or_of_a_title(wide: World, typed: str, finds: str) -> None:
    view = await opened(wide)
    menu = await wide.ana.type_ahead(view, "pick_search", typed)
    assert len(menu.labels) == 1
    assert finds in menu.labels[0]


@pytest.mark.req("S19")
@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", '"', "no such thing", "😀", "' OR 1=1 --"])
async def test_s19_odd_characters_mean_themselves(wide: World, typed: str) -> None:
    view = await opened(wide)
    assert (await wide.ana.type_ahead(view, "pick_search", typed)).labels == []


@pytest.mark.req("S20", "S40")
async def test_s20_the_list_is_there_without_a_search_and_paging_reaches_every_variant(wide: World) -> None:
    view = await opened(wide)
    seen: list[str] = []
    for _ in range(10):
        page = listed(view)
        assert page
        assert not set(page) & set(seen)
        seen += page
        if "Next" not in str([one.get("text") for block in view["blocks"] for one in block.get("elements", [])]):
            break
        await wide.ana.click(view, "Next")
        await wide.slack_idle()
        view = wide.view(wide.ana)
    assert {f"V-{n:02}" for n in range(30)} <= {word for text in seen for word in text.split()}
    assert any("no SKU" in text for text in seen), "S26: a variant without SKU says so"


@pytest.mark.req("S21", "S22", "S23")
@pytest.mark.parametrize(
    ("categories", "tags", "typed", "numbers"),
    [
        (["Hats"], [], "", [n for n in range(30) if n % 3 == 0]),
        (["Hats", "Mugs"], [], "", [n for n in range(30) if n % 3 != 2]),
        ([], ["odd"], "", [n for n in range(30) if n % 2 == 1]),
        (["Hats", "Mugs"], ["odd"], "", [n for n in range(30) if n % 3 != 2 and n % 2 == 1]),
        (["Hats", "Mugs"], ["odd"], "v-1", [n for n in range(10, 20) if n % 3 != 2 and n % 2 == 1]),
    ],
)
async def test_s23_filters_join_with_or_inside_and_with_and_between(
    wide: World, categories: list[str], tags: list[str], typed: str, numbers: list[int]
) -> None:
    view = await opened(wide)
    for action, chosen in (("pick_categories", categories), ("pick_tags", tags)):
        if chosen:
            await wide.ana.select(view, action, chosen)
            await wide.slack_idle()
            view = wide.view(wide.ana)
    menu = await wide.ana.type_ahead(view, "pick_search", typed)
    found = {word for label in menu.labels for word in label.split() if word.startswith("V-")}
    assert found == {f"V-{n:02}" for n in numbers}


@pytest.mark.req("S24", "S25")
async def test_s24_submitting_links_once_and_the_table_shows_the_shopify_sku(world: World, floor: Floor) -> None:
    shown = await world.link("TEE-S", floor.variants["TEE-L"].id)
    assert shown["title"]["text"] == "Linked"
    for _ in range(2):  # at once, and after a restart
        await world.command(world.ana, "/link products linked")
        table = text_of(world.private(world.ana))
        assert "TEE-L" in table
        assert "TEE-M" not in table
        await world.restart()
    assert len(world.acts(Act.LINK)) == 1


@pytest.mark.req("S24", "S40")
async def test_s24_a_submission_that_slack_sends_twice_links_once(world: World, floor: Floor) -> None:
    view = await opened(world, "TEE-S")
    await world.choose(world.ana, view, floor.variants["TEE-S"].id)
    world.slack.faults.add(Fault("interactive.view_submission", FaultKind.HOOK_DOUBLED, nth=1))
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    await world.settle()
    assert len(world.acts(Act.LINK)) == 1
    assert world.view(world.ana)["title"]["text"] == "Linked"


@pytest.mark.req("S24")
async def test_s24_of_two_people_the_second_is_told_who_was_first(world: World, floor: Floor) -> None:
    views = {}
    for who, sku in ((world.ana, "TEE-S"), (world.ben, "TEE-M")):
        await world.command(who, '/link "TEE-S"')
        await world.choose(who, world.view(who), floor.variants[sku].id)
        views[who.id] = world.view(who)
    await asyncio.gather(world.ana.submit(views["U1"]), world.ben.submit(views["U2"]))
    await world.slack_idle()
    titles = sorted(world.view(who)["title"]["text"] for who in (world.ana, world.ben))
    assert titles == ["Already linked", "Linked"]
    assert len(world.acts(Act.LINK)) == 1
    winner = world.acts(Act.LINK)[0].actor.id
    loser = world.ben if winner == world.ana.id else world.ana
    assert f"<@{winner}>" in text_of(world.view(loser))


@pytest.mark.req("S24", "U6")
async def test_u6_nothing_chosen_is_said_at_its_field(world: World, floor: Floor) -> None:
    view = await opened(world, "TEE-S")
    answer = await world.ana.submit(view)
    assert answer.errors
    assert world.links() == {}


@pytest.mark.req("U6", "N19")
@pytest.mark.parametrize("units", ["0", "-1", "six", "1.5", "1001", "1e3"])
async def test_u6_units_that_are_no_whole_number_are_said_at_their_field(
    world: World, floor: Floor, units: str
) -> None:
    view = await opened(world, "TEE-S")
    await world.choose(world.ana, view, floor.variants["TEE-S"].id)
    view = world.view(world.ana)
    await world.ana.fill(view, "units", units)
    await world.slack_idle()
    answer = await world.ana.submit(world.view(world.ana))
    assert list(answer.errors or {}) == ["units"]
    assert world.links() == {}


@pytest.mark.req("S40", "S34", "S35")
async def test_s40_after_an_unlink_the_old_and_every_other_variant_can_be_chosen(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-M"].id)
    await world.unlink("TEE-S")
    view = await opened(world, "TEE-S")
    menu = await world.ana.type_ahead(view, "pick_search", "")
    for sku in ("TEE-S", "TEE-M", "TEE-L"):
        assert any(sku in label for label in menu.labels)
    await world.choose(world.ana, view, floor.variants["TEE-L"].id)
    await world.ana.submit(world.view(world.ana))
    await world.slack_idle()
    assert list(world.links().values()) == [floor.variants["TEE-L"].id]


@pytest.mark.req("U34", "N19", "A4")
async def test_u34_a_typed_pair_opens_the_modal_with_the_choice_made(world: World, floor: Floor) -> None:
    world.shopify.set_price(floor.variants["TEE-M"].id, "5.00")
    await world.settle()
    await world.command(world.ana, "/link TEE-S TEE-M x3")
    view = world.view(world.ana)
    shown = text_of(view)
    assert "19.99 USD" in shown
    assert "15.00 USD" in shown, "three units at 5.00: the price before → after"
    await world.ana.submit(view)
    await world.slack_idle()
    await world.settle()
    assert (floor.price("TEE-S"), floor.offered("TEE-S")) == ("15.00", 6)


@pytest.mark.req("A8")
async def test_a8_a_variant_that_is_taken_already_is_marked_and_warned_about(world: World, floor: Floor) -> None:
    await world.link("TEE-S", floor.variants["TEE-L"].id)
    await world.command(world.ben, "/link TEE-M TEE-L")
    assert "they all offer the same stock" in text_of(world.view(world.ben))


def mrkdwn(node: object) -> list[str]:
    """Every text that Slack would read as its mark-up."""
    if isinstance(node, list):
        return [text for one in node for text in mrkdwn(one)]
    if not isinstance(node, dict):
        return []
    own = [str(node["text"])] if node.get("type") == "mrkdwn" else []
    return own + [text for one in node.values() for text in mrkdwn(one)]


@pytest.mark.req("B1", "N1")
async def test_foreign_text_is_text_wherever_it_is_shown(wide: World) -> None:
    """A product named `<!channel> & <b>` pings nobody: in the alert, the modal, the tables and the cards."""
    await wide.wait(70)
    view = await opened(wide)
    await wide.command(wide.ana, "/link products")
    await wide.command(wide.ana, "/link")
    places = [*wide.messages("LONELY"), view, *wide.slack.ephemerals("U1", "C1")]
    assert len(places) >= 4
    for place in places:
        assert "<!channel>" not in place.get("text", "")
        assert not [text for text in mrkdwn(place) if "<!channel>" in text]
    assert "&lt;!channel&gt; &amp; &lt;b&gt;" in str(wide.message("LONELY"))
