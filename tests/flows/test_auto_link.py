"""Import, the one prompt, and the rule: which SKUs become one without a person, and which never do."""

import pytest

from bot.domain.ledger import Act
from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import open_shop
from tests.flows.world import TEAM, World

OTHER_STORE = "harbour-eu.myshopify.com"


def shelves(world: World, *, currency: str = "USD") -> None:
    world.tiktok.add_shop(SHOP, SHOP_NAME, currency=currency)
    world.shopify.add_store(STORE, STORE_NAME, currency=currency, locations=("Main",))


def tiktok(world: World, *skus: str, title: str = "Tee") -> list[str]:
    """A TikTok product with these seller SKUs; their ids."""
    made = world.tiktok.add_product(SHOP, title, [{"seller_sku": sku, "price": "9.00", "stock": 5} for sku in skus])
    return [sku["id"] for sku in world.tiktok.world.products[made]["skus"]]


def shopify(world: World, *skus: str, title: str = "Tee", store: str = STORE, barcode: str = "") -> list[str]:
    """A Shopify product with these SKUs; its variants' ids."""
    rows = [
        {"sku": sku, "price": "9.00", "stock": 5, "barcode": barcode, "options": {"Kind": f"{n}"}}
        for n, sku in enumerate(skus)
    ]
    return [variant.id for variant in world.shopify.add_product(store, title, rows).variants]


def known(world: World) -> list[str]:
    """TikTok SKU ids that the bot has imported, deleted ones aside."""
    ids = world.read(lambda u: u.catalogue.listing_ids(TEAM, None, 100_000))
    return sorted(key for key, one in world.read(lambda u: u.catalogue.listings(ids)).items() if not one.is_deleted)


@pytest.mark.req("S1", "S2", "S3")
async def test_s2_every_sku_of_every_page_and_status_is_imported(world: World) -> None:
    shelves(world)
    for number in range(250):  # three pages of 100
        tiktok(world, *[f"P{number}-{size}" for size in "SML"[: 1 + number % 3]], title=f"Product {number}")
    statuses = ("DRAFT", "PENDING", "FAILED", "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED", "FREEZE")
    products = list(world.tiktok.world.products)
    for product, status in zip(products, statuses, strict=False):
        world.tiktok.edit_product(product, status=status)
    gone = world.tiktok.world.products[products[-1]]
    world.tiktok.delete_product(gone["id"])
    await world.connect()
    alive = [sku["id"] for p in world.tiktok.world.products.values() if p["status"] != "DELETED" for sku in p["skus"]]
    assert known(world) == sorted(alive)
    await world.command(world.ana, "/link products")
    assert f"of {len(alive)}" in text_of(world.private(world.ana))


@pytest.mark.req("S4", "S5")
async def test_s4_the_prompt_has_two_choices_and_comes_once(world: World) -> None:
    floor = await open_two_tees(world)
    prompt = world.message("Link automatically")
    labels = [
        one["text"]["text"] for block in prompt["blocks"] for one in block.get("elements", []) if "action_id" in one
    ]
    assert labels == ["Link automatically", "Link by hand"]
    await world.restart()
    await world.poll()
    await world.connect()  # the same shop once more
    assert len(world.messages("Link automatically")) == 1
    assert world.links() == {}, "nothing is linked before a person has answered"
    await world.answer()
    assert set(world.links()) == set(floor)
    await world.connect()
    await world.restart()
    await world.poll()
    assert world.messages("Link automatically") == []


async def open_two_tees(world: World) -> list[str]:
    """Two equal SKUs on both sides, connected, unanswered; the TikTok SKU ids."""
    shelves(world)
    shopify(world, "A", "B")
    ids = tiktok(world, "A", "B")
    await world.connect()
    return ids


async def test_s6_sixty_of_a_hundred_equal_skus_are_linked(world: World) -> None:
    shelves(world)
    shopify(world, *[f"SKU-{n}" for n in range(60)], *[f"ELSE-{n}" for n in range(40)])
    for part in range(4):
        tiktok(world, *[f"SKU-{n}" for n in range(part * 25, part * 25 + 25)], title=f"Part {part}")
    await world.connect()
    prompt = text_of(world.message("Link automatically"))
    assert "60" in prompt, "the prompt says how many would be linked"
    await world.answer()
    assert len(world.links()) == 60
    assert len(world.acts(Act.LINK)) == 60
    assert {entry.actor.kind.value for entry in world.acts(Act.LINK)} == {"rule"}


@pytest.mark.req("S6", "A3", "S9", "S26")
@pytest.mark.parametrize(
    ("ours", "theirs", "links"),
    [
        ("TEE-1", "TEE-1", True),
        ("  TEE-1\t", "TEE-1 ", True),  # outer white space is trimmed
        ("tee-1", "TEE-1", False),
        ("TEE 1", "TEE-1", False),
        ("0123", "123", False),
        ("TEE-1", "TEE-l", False),
        ("TÉE-1", "TE\u0301E-1", False),  # same letter, other characters
        ("", "", False),
        ("   ", " ", False),
        ("%", "_", False),
    ],
)
async def test_a3_only_the_same_sku_after_trimming_is_the_same(
    world: World, ours: str, theirs: str, links: bool
) -> None:
    shelves(world)
    shopify(world, theirs, "OTHER", title="One and the same title", barcode="0123456789012")
    (sku_id,) = tiktok(world, ours, title="One and the same title")
    await world.connect()
    await world.answer()
    assert (sku_id in world.links()) is links
    assert len(world.links()) == int(links)


@pytest.mark.req("A2", "S13")
@pytest.mark.parametrize("where", ["shopify", "tiktok", "second store"])
async def test_a2_a_sku_with_two_owners_waits_for_a_person_who_sees_both(world: World, where: str) -> None:
    shelves(world)
    world.shopify.add_store(OTHER_STORE, "Harbour EU", locations=("Main",))
    shopify(world, "DUP", title="First tee")
    if where == "shopify":
        shopify(world, "DUP", title="Second tee")
    elif where == "second store":
        shopify(world, "DUP", title="Second tee", store=OTHER_STORE)
    else:
        tiktok(world, "DUP", title="Twin")
    (sku_id, *_) = tiktok(world, "DUP", "LONE")
    await world.connect()
    await world.answer()
    await world.wait(70)
    assert world.links() == {}
    alert = text_of(world.message("DUP"))
    if where != "tiktok":
        assert "First tee" in alert
        assert "Second tee" in alert
    if where == "second store":
        assert "Harbour EU" in alert
        chosen = world.shopify.stores[OTHER_STORE].variants
        await world.link("DUP", next(iter(chosen)))
        assert world.link_of(sku_id).store_id == OTHER_STORE, "the link keeps the store (S13)"


@pytest.mark.req("S7")
@pytest.mark.parametrize("how", ["new product", "new SKU", "found by the poll"])
async def test_s7_a_variant_that_becomes_equal_later_is_linked_by_itself(world: World, how: str) -> None:
    shelves(world)
    old = shopify(world, "OLD")
    (sku_id,) = tiktok(world, "X")
    await world.connect()
    await world.answer()
    assert world.links() == {}
    wanted = old[0]
    if how == "new SKU":
        world.shopify.set_variant(wanted, sku="X")
    else:
        world.clock.move(5)
        (wanted,) = shopify(world, "X", title="Made later")
    if how == "found by the poll":
        world.shopify.hooks.waiting.clear()
        await world.wait(31)
    await world.settle()
    assert world.links() == {sku_id: wanted}


@pytest.mark.req("S8")
@pytest.mark.parametrize("told", [True, False])
async def test_s8_a_product_new_on_tiktok_is_linked_on_arrival(world: World, told: bool) -> None:
    shelves(world)
    shopify(world, "NEW-1")
    tiktok(world, "A")
    await world.connect()
    await world.answer()
    world.clock.move(5)
    (sku_id,) = tiktok(world, "NEW-1", title="Just uploaded")
    if not told:
        world.tiktok.outbox.waiting.clear()
        await world.wait(31)
    await world.settle()
    assert sku_id in world.links()


@pytest.mark.req("S10", "S11")
async def test_s10_by_hand_means_by_hand(world: World) -> None:
    floor = await open_shop(world, linked=False)
    world.clock.move(5)
    world.shopify.add_product(STORE, "New", [{"sku": "NEW-1", "price": "1.00", "stock": 1}])
    world.tiktok.add_product(SHOP, "New", [{"seller_sku": "NEW-1", "price": "1.00", "stock": 1}])
    for _ in range(3):
        await world.settle()
        await world.poll()
    assert world.links() == {}
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert set(world.links()) == {floor.sku_ids["TEE-S"]}


@pytest.mark.req("S11", "S27")
async def test_s11_a_link_made_by_hand_is_never_replaced_by_the_rule(world: World) -> None:
    floor = await open_shop(world, linked=False)
    await world.link("TEE-S", floor.variants["TEE-L"].id)
    await world.command(world.ana, "/link mode auto")
    await world.ana.click(world.private(world.ana), "Link automatically")
    await world.settle()
    for _ in range(3):
        await world.poll()
        world.shopify.set_variant(floor.variants["TEE-S"].id, barcode="1")
        await world.settle()
    assert world.links()[floor.sku_ids["TEE-S"]] == floor.variants["TEE-L"].id
    assert len(world.links()) == 3


@pytest.mark.req("S12")
async def test_s12_the_variants_of_one_product_are_linked_one_by_one(world: World) -> None:
    floor = await open_shop(world, linked=False)
    await world.link("TEE-M", floor.variants["TEE-M"].id)
    assert world.links() == {floor.sku_ids["TEE-M"]: floor.variants["TEE-M"].id}


@pytest.mark.req("S39", "S34")
@pytest.mark.parametrize("by_hand", [False, True])
async def test_s39_what_a_person_unlinked_stays_so_until_a_person_links_it(world: World, by_hand: bool) -> None:
    floor = await open_shop(world, linked=not by_hand)
    sku_id = floor.sku_ids["TEE-S"]
    if by_hand:
        await world.link("TEE-S", floor.variants["TEE-S"].id)
        await world.command(world.ana, "/link mode auto")
        await world.ana.click(world.private(world.ana), "Link automatically")
        await world.settle()
    await world.unlink("TEE-S")
    for _ in range(10):
        world.clock.move(30)
        await world.poll()
        world.tiktok.edit_sku(sku_id, seller_sku="TEE-S")
        world.shopify.set_variant(floor.variants["TEE-S"].id, sku="TEE-S")
        await world.settle()
    await world.connect()
    assert world.link_of(sku_id) is None
    await world.link("TEE-S", floor.variants["TEE-S"].id)
    assert world.links()[sku_id] == floor.variants["TEE-S"].id


async def test_s6_archived_variants_and_deleted_products_never_count(world: World) -> None:
    shelves(world)
    archived = world.shopify.add_product(STORE, "Old", [{"sku": "X", "price": "1.00", "stock": 1}])
    world.shopify.set_status(archived.id, "ARCHIVED")
    (live,) = shopify(world, "X", title="Live")
    shopify(world, "Y", title="Y")
    (sku_id,) = tiktok(world, "X")
    (deleted,) = tiktok(world, "Y", title="Deleted")
    world.tiktok.delete_product(world.tiktok.world.sku_product[deleted])
    await world.connect()
    await world.answer()
    assert world.links() == {sku_id: live}


@pytest.mark.req("S2", "U28")
async def test_u28_an_import_and_its_prompt_are_one_message(world: World) -> None:
    shelves(world)
    for number in range(150):
        tiktok(world, f"P{number}", title=f"Product {number}")
    await world.connect()
    (only,) = world.messages()
    assert "150" in text_of(only)
    posts = [call for call in world.slack.calls if call.operation == "chat.postMessage"]
    assert len(posts) == 1
