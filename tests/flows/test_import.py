"""Bulk link from a CSV: the file in the modal, the preview in the direct message, Apply, the result of each row."""

import csv
import io
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.bulk import MAX_BYTES, Outcome, RunState
from bot.domain.ledger import Act
from bot.domain.links import LinkOrigin
from bot.domain.values import ListingId
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack_client import Person, text_of
from bot.sync import bulk, linking
from tests.flows.test_cli import Run, linkbot
from tests.flows.world import TEAM, World, open_world
from tests.store.test_bulk import connected

__all__ = ["linkbot"]
Json = dict[str, Any]
SHOP, STORE = "7495000000000000001", "north.myshopify.com"


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[World]:
    """A shop and a store with twelve SKUs of different names on both sides, connected; nothing is linked."""
    world = await stocked(sqlite_url, 12)
    yield world
    await world.stage.close()


async def stocked(url: str, skus: int) -> World:
    world = await open_world(url)
    world.tiktok.add_shop(SHOP, "North", region="US", currency="USD")
    world.shopify.add_store(STORE, "North", currency="USD", locations=("Main",))
    for start in range(0, skus, 100):
        part = range(start, min(skus, start + 100))
        world.tiktok.add_product(
            SHOP, f"Tee {start}", [{"seller_sku": f"T-{n}", "price": "10.00", "stock": 5} for n in part]
        )
        rows = [{"sku": f"S-{n}", "price": "12.00", "stock": 9, "options": {"Size": str(n)}} for n in part]
        world.shopify.add_product(STORE, f"Tee {start}", rows)
    await world.connect()
    return world


def sku_id(world: World, seller_sku: str) -> str:
    return next(
        s["id"] for p in world.tiktok.world.products.values() for s in p["skus"] if s["seller_sku"] == seller_sku
    )


def variant(world: World, sku: str) -> Any:
    return next(v for p in world.shopify.stores[STORE].products.values() for v in p.variants if v.sku == sku)


def text(*rows: str, head: str = "seller_sku,shopify_sku,pack") -> bytes:
    return "\r\n".join([head, *rows, ""]).encode()


async def hand_over(world: World, content: bytes, name: str = "links.csv", who: Person | None = None) -> Any:
    who = who or world.ana
    await world.command(who, "/link import")
    view = world.view(who)
    assert view["callback_id"] == "bulk"
    await who.attach(view, "CSV file", name, content)
    answer = await who.submit(world.view(who))
    await world.slack_idle()
    return answer


async def settle(world: World) -> None:
    """Jobs run, and the message catches up with its pace."""
    await world.settle()
    world.clock.move(4)
    await world.settle()


def card(world: World, who: Person | None = None) -> Json:
    found = [m for m in world.slack.messages(world.slack.dm((who or world.ana).id)) if "Import" in m["text"]]
    assert len(found) == 1, [m["text"] for m in found]
    return found[0]


def told(world: World) -> str:
    return text_of(card(world))


def results(world: World) -> list[dict[str, str]]:
    """The newest file in the thread."""
    replies = world.slack.messages(world.slack.dm("U1"), thread=card(world)["ts"])
    content = world.slack.world.files[replies[-1]["files"][0]["id"]]["content"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


async def press(world: World, label: str, where: Json | None = None, *, stale: bool = False) -> None:
    await world.ana.click(where or card(world), label, stale=stale)
    await world.slack_idle()


@pytest.mark.req("U29", "N5", "U28")
async def test_u29_a_csv_is_shown_first_and_applied_as_shown(shop: World) -> None:
    await hand_over(shop, text("T-0,S-0,", "T-1,S-1,6", "nope,S-2,"))
    assert "direct message" in text_of(shop.view(shop.ana))
    assert "direct message" in shop.told(shop.ana)
    await settle(shop)
    assert "2 rows will be linked" in told(shop)
    assert "0 are already so, 1 can't" in told(shop)
    assert "Line 4:" in told(shop)
    assert shop.links() == {}
    await press(shop, "Apply")
    await settle(shop)
    assert "2 linked" in told(shop)
    assert shop.links() == {sku_id(shop, f"T-{n}"): variant(shop, f"S-{n}").id for n in (0, 1)}
    link = shop.link_of(sku_id(shop, "T-1"))
    assert link is not None
    assert (link.pack, link.origin, link.actor.id) == (6, LinkOrigin.HAND, "U1")
    assert [e.actor.id for e in shop.acts(Act.LINK)] == ["U1", "U1"]
    assert [row["result"] for row in results(shop)] == ["linked", "linked", Outcome.UNKNOWN_TIKTOK_SKU]
    assert [row["line"] for row in results(shop)] == ["2", "3", "4"]
    assert shop.slack.refusals == []
    assert shop.slack.complaints == []


@pytest.mark.req("U29")
async def test_u29_every_outcome_has_its_row(shop: World) -> None:
    ids = {n: sku_id(shop, f"T-{n}") for n in range(12)}
    await shop.link("T-0", variant(shop, "S-0").id)
    await shop.link("T-1", variant(shop, "S-1").id)
    shop.tiktok.add_product(SHOP, "Twins", [{"seller_sku": "TWIN", "price": "1.00", "stock": 1}] * 2)
    twins = [{"sku": "TWIN", "price": "1.00", "stock": 1, "options": {"Size": s}} for s in "AB"]
    shop.shopify.add_product(STORE, "Twins", twins)
    gone = variant(shop, "S-3").id
    await shop.poll()
    await shop.bot.db.run(lambda u: u.catalogue.delete_listings([ListingId(ids[2])]))
    await shop.bot.db.run(lambda u: u.catalogue.delete_variants([gone]))
    await other_workspace(shop)
    rows = {
        f"{ids[4]},,S-4,,": Outcome.LINK,
        f"{ids[0]},,S-0,,": Outcome.ALREADY_AS_WANTED,
        ",T-1,S-2,,": Outcome.ALREADY_LINKED_ELSEWHERE,
        ",none,S-2,,": Outcome.UNKNOWN_TIKTOK_SKU,
        ",TWIN,S-2,,": Outcome.AMBIGUOUS_TIKTOK_SKU,
        ",T-5,none,,": Outcome.UNKNOWN_VARIANT,
        ",T-6,TWIN,,": Outcome.AMBIGUOUS_VARIANT,
        ",T-7,S-7,,0": Outcome.BAD_PACK,
        ",T-8,,,": Outcome.MISSING_COLUMN,
        ",T-9,S-9,,": Outcome.DOUBLED_IN_FILE,
        ",T-9,S-10,,": Outcome.DOUBLED_IN_FILE,
        f",T-10,,{gone.rpartition('/')[2]},": Outcome.VARIANT_DELETED,
        f"{ids[2]},,S-2,,": Outcome.LISTING_DELETED,
        "9999,,S-2,,": Outcome.NOT_OURS,
    }
    assert set(rows.values()) == set(Outcome)
    await hand_over(shop, text(*rows, head="TikTok SKU ID,Seller SKU,Variant SKU,Shopify_Variant_ID,Units"))
    await settle(shop)
    assert "1 row will be linked" in told(shop)
    assert "+2 more" in told(shop), "ten of twelve problems, and the file in the thread"
    assert [row["result"] for row in results(shop)] == [outcome.value for outcome in rows.values()]
    await press(shop, "Apply")
    await settle(shop)
    assert sorted(shop.links()) == sorted([ids[0], ids[1], ids[4]])


async def other_workspace(world: World) -> None:
    """A SKU of a shop that another workspace has."""
    from dataclasses import replace

    def add(u: Any) -> None:
        shop = u.shops.all()[0]
        u.shops.save(replace(shop, id="8888", workspace_id="T9"))
        listing = u.catalogue.listing(u.catalogue.listing_ids(TEAM, None, 1)[0])
        u.catalogue.put_listings([replace(listing, id="9999", shop_id="8888", seller_sku="X")])

    await world.bot.db.run(add)


@pytest.mark.req("N5")
async def test_n5_a_plan_that_changed_is_refused_and_shown_anew(shop: World) -> None:
    await hand_over(shop, text("T-0,S-0,", "T-1,S-1,"))
    await settle(shop)
    old = card(shop)
    await shop.link("T-1", variant(shop, "S-2").id)
    await press(shop, "Apply")
    await settle(shop)
    assert "stale" in told(shop)
    assert "1 row will be linked" in told(shop)
    assert shop.link_of(sku_id(shop, "T-0")) is None
    await press(shop, "Apply", old, stale=True)
    assert "stale" in shop.slack.ephemerals("U1", shop.slack.dm("U1"))[-1]["text"]
    await settle(shop)
    assert shop.link_of(sku_id(shop, "T-0")) is None
    await press(shop, "Apply")
    await settle(shop)
    assert len(shop.links()) == 2
    link = shop.link_of(sku_id(shop, "T-1"))
    assert link is not None
    assert link.variant_id == variant(shop, "S-2").id


@pytest.mark.req("N5", "U28")
async def test_a_doubled_click_applies_once(shop: World) -> None:
    await hand_over(shop, text("T-0,S-0,"))
    await settle(shop)
    seen = card(shop)
    await press(shop, "Apply", seen)
    await press(shop, "Apply", seen, stale=True)
    await settle(shop)
    await press(shop, "Apply", seen, stale=True)
    await press(shop, "Cancel", seen, stale=True)
    await settle(shop)
    assert len(shop.acts(Act.LINK)) == 1
    assert "1 linked" in told(shop)
    notes = [m["text"] for m in shop.slack.ephemerals("U1", shop.slack.dm("U1"))]
    assert [("under way" in one, "has ended" in one) for one in notes] == [(True, False), (False, True), (False, True)]


@pytest.mark.req("U28")
async def test_u28_cancel_while_it_runs_leaves_the_rest_undone(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LINK_STEP", 2)
    await hand_over(shop, text(*(f"T-{n},S-{n}," for n in range(10))))
    await settle(shop)
    cancelled: list[bool] = []
    real = linking.link_here

    def link_here(u: Any, *args: Any) -> Any:
        made = real(u, *args)
        if len(u.links.of_workspace(TEAM, None, 100)) == 3:  # in the middle of the second step
            cancelled.append(u.bulk.move(run_id(shop), [RunState.RUNNING], state=RunState.CANCELLED))
        return made

    monkeypatch.setattr(linking, "link_here", link_here)
    await press(shop, "Apply")
    await settle(shop)
    assert cancelled == [True]
    assert len(shop.links()) == 4
    assert len(shop.acts(Act.LINK)) == 4


def run_id(world: World) -> str:
    button = next(
        e for b in card(world)["blocks"] for e in b.get("elements", []) if e.get("action_id") == "bulk_cancel"
    )
    return str(json.loads(button["value"])["run"])


@pytest.mark.req("U28")
async def test_u28_cancel_of_a_preview_links_nothing(shop: World) -> None:
    await hand_over(shop, text("T-0,S-0,"))
    await settle(shop)
    await press(shop, "Cancel")
    await settle(shop)
    assert "nothing was linked" in told(shop)
    assert "Apply" not in told(shop)
    assert shop.links() == {}


@pytest.mark.req("U28")
async def test_u28_cancel_tells_how_many_were_done(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LINK_STEP", 3)
    await hand_over(shop, text(*(f"T-{n},S-{n}," for n in range(10))))
    await settle(shop)
    run = run_id(shop)
    await bulk.apply(shop.bot.db, TEAM, run, shop.read(lambda u: u.bulk.get(run)).digest)
    await bulk.advance(shop.bot.db, shop.read(lambda u: u.bulk.get(run)))
    assert await shop.bot.db.run(lambda u: bulk._link_step(u, run))
    await press(shop, "Cancel")
    await settle(shop)
    assert "3 linked, 7 rows left undone" in told(shop)
    assert len(shop.links()) == 3
    assert [row["result"] for row in results(shop)] == ["linked"] * 3 + ["link"] * 7


@pytest.mark.req("N16", "U29")
async def test_n16_a_crash_in_the_middle_goes_on_where_it_stopped(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LINK_STEP", 2)
    monkeypatch.setattr(bulk, "PLAN_STEP", 3)
    died: list[str] = []

    def dying(name: str, at: int) -> None:
        real, calls = getattr(bulk, name), []

        def step(*args: Any) -> Any:
            done = real(*args)  # the unit's work is done, and lost with it
            calls.append(1)
            if len(calls) == at:
                died.append(name)
                raise OSError("the process died")
            return done

        monkeypatch.setattr(bulk, name, step)

    for name, at in (("_take_rows", 2), ("_plan_step", 3), ("_link_step", 3)):
        dying(name, at)
    await hand_over(shop, text(*(f"T-{n},S-{n}," for n in range(10))))
    for _ in range(3):
        await settle(shop)
    assert "10 rows will be linked" in told(shop)
    await press(shop, "Apply")
    for _ in range(3):
        await settle(shop)
    assert died == ["_take_rows", "_plan_step", "_link_step"]
    assert "10 linked" in told(shop)
    assert len(shop.links()) == len(shop.acts(Act.LINK)) == 10


@pytest.mark.req("U28")
async def test_u28_the_message_is_edited_at_most_once_in_three_seconds(shop: World) -> None:
    await hand_over(shop, text(*(f"T-{n},S-{n}," for n in range(10))))
    for _ in range(20):
        await shop.settle()
        shop.clock.move(0.5)
    await press(shop, "Apply")
    for _ in range(20):
        await shop.settle()
        shop.clock.move(0.5)
    place = shop.slack.dm("U1")
    edits = [
        c.at
        for c in shop.slack.calls
        if c.operation in ("chat.postMessage", "chat.update") and c.body.get("channel") == place
    ]
    assert len(edits) >= 3
    assert min((b - a).total_seconds() for a, b in pairwise(edits)) >= 3


@pytest.mark.req("U21")
async def test_a_guest_imports_nothing(shop: World) -> None:
    guest = shop.person("U4")
    await shop.command(guest, "/link import")
    assert shop.slack.views_open("U4") == []
    assert "guest" in shop.told(guest).lower()


@pytest.mark.req("U29", "U26")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n1,2\n", "names no column `tiktok_sku_id`"),
        (b"seller_sku,b\n1,2\n", "names no column `shopify_variant_id`"),
        (b"seller_sku,shopify_sku\n", "no rows"),
        ("seller_sku,shopify_sku\nä,b\n".encode("latin-1"), "not UTF-8"),
        (b'seller_sku,shopify_sku\nA,"b\n', "can't be read as CSV"),
        (b"seller_sku,shopify_sku\n" + b"a,b\n" * 100_001, "more than 100,000 rows"),
    ],
    ids=["tiktok", "shopify", "empty", "latin", "quote", "rows"],
)
async def test_u26_a_wrong_file_is_refused_in_words(shop: World, content: bytes, says: str) -> None:
    await hand_over(shop, content)
    await settle(shop)
    assert says in told(shop)
    assert "Apply" not in told(shop)
    assert shop.read(lambda u: u.connection.exec_driver_sql("select count(*) from bulk_rows").scalar()) == 0


@pytest.mark.req("U26")
async def test_u26_what_the_modal_itself_can_see_is_said_in_it(shop: World) -> None:
    answer = await hand_over(shop, b"x" * (MAX_BYTES + 1))
    assert "larger than 20 MiB" in answer.errors["bulk_file"]
    await shop.ana.close(shop.view(shop.ana))
    answer = await hand_over(shop, b"x", "photo.png")
    assert answer.errors
    await settle(shop)
    assert shop.slack.messages(shop.slack.dm("U1")) == []


@pytest.mark.req("U26")
async def test_u26_a_file_that_slack_does_not_hand_over_is_told(shop: World) -> None:
    real = shop.slack.world.scopes[:]
    await hand_over(shop, text("T-0,S-0,"))
    shop.slack.world.scopes.remove("files:read")
    await settle(shop)
    assert "files:read" in told(shop)
    shop.slack.world.scopes[:] = real


@pytest.mark.req("U29")
async def test_a_token_goes_to_slack_alone(shop: World) -> None:
    await shop.command(shop.ana, "/link import")
    await shop.ana.attach(shop.view(shop.ana), "CSV file", "links.csv", text("T-0,S-0,"))
    (held,) = shop.slack.world.files.values()
    held["url_private"] = held["url_private_download"] = "https://drive.example/links.csv"
    await shop.ana.submit(shop.view(shop.ana))
    await shop.slack_idle()
    await settle(shop)
    assert "outside Slack" in told(shop)


@pytest.mark.req("U29")
async def test_slack_s_bad_moments_are_waited_out(shop: World) -> None:
    for operation in ("files.info", "files.getUploadURLExternal", "chat.postMessage"):
        shop.slack.faults.add(Fault(operation, FaultKind.SERVER_ERROR, times=3))
    await hand_over(shop, text("T-0,S-0,"))
    for _ in range(8):
        await settle(shop)
    await press(shop, "Apply")
    for _ in range(12):
        await settle(shop)
    assert "1 linked" in told(shop)
    assert [row["result"] for row in results(shop)] == ["linked"]


@pytest.mark.req("U29", "N5", "N19")
async def test_u29_five_thousand_rows(sqlite_url: str) -> None:
    world = await stocked(sqlite_url, 2500)
    rows = [f"T-{n},S-{n},2" for n in range(2500)] + [f"none-{n},S-1," for n in range(2500)]
    await hand_over(world, text(*rows))
    await settle(world)
    assert "2,500 rows will be linked" in told(world)
    assert "2,500 can't" in told(world)
    await press(world, "Apply")
    await settle(world)
    assert "2,500 linked" in told(world)
    assert len(world.links()) == len(world.acts(Act.LINK)) == 2500
    assert len(results(world)) == 5000
    await world.stage.close()


# --- command line ----------------------------------------------------------------------------------------------------


@pytest.mark.req("U29", "N5")
async def test_u29_on_the_command_line(shop: World, linkbot: Run, tmp_path: Any) -> None:
    import asyncio

    url = shop.stage.settings.database_url
    file = tmp_path / "links.csv"
    file.write_bytes(b"\xef\xbb\xbf" + text("T-0;S-0;", "T-1;S-1;3", head="Seller SKU;Shopify SKU;Pack"))
    ran = lambda *args: asyncio.to_thread(linkbot, "import", *args, DATABASE_URL=url)  # noqa: E731
    code, out, _ = await ran(str(file), "--json")
    plan = json.loads(out)
    assert (code, plan["to_link"], plan["linked"], shop.links()) == (0, 2, 0, {})
    assert (await ran(str(file), "--apply", "--digest", "0123"))[0] == 1
    assert shop.links() == {}
    code, out, _ = await ran(str(file), "--apply", "--digest", plan["digest"])
    assert code == 0
    assert "2 linked" in out
    assert len(shop.links()) == 2
    entries = shop.acts(Act.LINK)
    assert {(e.actor.kind, e.actor.origin) for e in entries} == {("person", "cli")}
    code, out, _ = await ran(str(file), "--apply", "--digest", plan["digest"])
    assert code == 1
    assert "stale" in out


@pytest.mark.parametrize(
    ("content", "args", "says"),
    [
        (None, [], "links.csv"),
        (b"a,b\n1,2\n", [], "names no column"),
        (text("A,B,"), ["--apply"], "--digest"),
        (text("A,B,"), ["--workspace", "T9"], "connected"),
    ],
    ids=["missing", "header", "apply", "workspace"],
)
def test_wrong_use_is_one_line_and_2(
    linkbot: Run, sqlite_url: str, tmp_path: Any, content: bytes | None, args: list[str], says: str
) -> None:
    file = tmp_path / "links.csv"
    if content is not None:
        file.write_bytes(content)
    db = connected(sqlite_url) if says != "connected" else None
    code, out, err = linkbot("import", str(file), *args, DATABASE_URL=sqlite_url)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert (
        db is None
        or db.read_sync(lambda u: u.connection.exec_driver_sql("select count(*) from bulk_runs").scalar()) == 0
    )
