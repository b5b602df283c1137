"""`/link export` and `linkbot export`: a file for one person, whole, and with the ledger's own counts."""

import csv
import io
import json
from pathlib import Path

import pytest

from bot.domain.values import ListingId
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack_client import text_of
from bot.sync import exports
from tests.flows.shopfloor import Floor, open_shop
from tests.flows.test_cli import Run, linkbot
from tests.flows.world import Json, World, open_world

__all__ = ["linkbot"]


@pytest.fixture
async def floor(world: World) -> Floor:
    made = await open_shop(world, skus=("TEE-S", "TEE-M", "=TEE-L"))
    await world.unlink("TEE-M")
    return made


async def export(world: World, words: str) -> str:
    await world.command(world.ana, f"/link export {words}")
    return text_of(world.private(world.ana))


def files(world: World) -> list[tuple[Json, str]]:
    """(file, content) of everything in Ana's messages with the bot."""
    found = [file for message in world.slack.messages(world.slack.dm("U1")) for file in message.get("files", [])]
    return [(file, world.slack.world.files[file["id"]]["content"].decode("utf-8")) for file in found]


def rows(world: World) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files(world)[-1][1], newline="")))


@pytest.mark.req("U22", "U31")
async def test_links_go_into_the_person_s_messages_and_nowhere_else(world: World, floor: Floor) -> None:
    before = len(world.messages())
    assert "2 rows, in your messages with Linkbot" in await export(world, "links")
    found = {row["tiktok_sku_id"]: row for row in rows(world)}
    assert {key: row["shopify_variant_id"] for key, row in found.items()} == {
        key: gid.rpartition("/")[2] for key, gid in world.links().items()
    }
    assert {row["seller_sku"] for row in found.values()} == {"TEE-S", "'=TEE-L"}
    assert {row["linked_by"] for row in found.values()} == {"auto-link"}
    assert all(row["pack"] == "1" and row["state"] == "linked" and row["linked_at"] for row in found.values())
    assert len(world.messages()) == before, "nobody else sees it"
    assert not world.slack.messages(world.slack.dm("U2"))


@pytest.mark.req("U22", "U31")
async def test_every_kind_in_both_shapes(world: World, floor: Floor) -> None:
    assert "1 row," in await export(world, "unlinked")
    assert [row["tiktok_sku_id"] for row in rows(world)] == [floor.sku_ids["TEE-M"]]
    assert "3 rows," in await export(world, "products json")
    assert {row["state"] for row in json.loads(files(world)[-1][1])} == {"linked", "unlinked"}
    await export(world, "ledger")
    assert [row["id"] for row in rows(world)] == [str(entry.id) for entry in world.acts()]
    await export(world, "history TEE-M json")
    listing = floor.sku_ids["TEE-M"]
    told = json.loads(files(world)[-1][1])
    assert [row["act"] for row in told] == [entry.act.value for entry in world.acts(listing=listing)]
    assert [file["name"] for file, _ in files(world)] == [
        "linkbot-unlinked-2026-11-25.csv", "linkbot-products-2026-11-25.json", "linkbot-ledger-2026-11-25.csv",
        "linkbot-history-2026-11-25.json",
    ]  # fmt: skip


@pytest.mark.req("U31")
async def test_nothing_is_lost_between_the_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 7)
    await open_shop(world, skus=tuple(f"SKU-{n:02}" for n in range(23)))
    assert "23 rows," in await export(world, "links")
    assert len({row["tiktok_sku_id"] for row in rows(world)}) == 23
    gone = ListingId(rows(world)[0]["tiktok_sku_id"])
    await world.bot.db.run(lambda u: u.catalogue.delete_listings([gone]))
    await export(world, "links")
    assert gone not in {row["tiktok_sku_id"] for row in rows(world)}
    await export(world, "ledger")
    assert len(rows(world)) == len(world.acts())


async def test_wrong_words_are_told_the_right_ones(world: World, floor: Floor) -> None:
    for words in ("", "everything", "history", "links xlsx", "links csv json"):
        assert "Type `/link export links|unlinked|products|ledger" in await export(world, words), words
    assert "Several SKUs match `tee`" in await export(world, "history tee")
    assert f"`/link export history {floor.sku_ids['TEE-S']} csv`" in await export(world, "history tee")
    assert "No TikTok SKU found" in await export(world, "history nothing-here")
    assert not files(world)


async def test_nothing_to_export_makes_no_file(world: World) -> None:
    assert "nothing to export" in await export(world, "links")
    assert not world.slack.world.files


@pytest.mark.req("U32")
@pytest.mark.parametrize("trouble", ["files:write", "im:write", "slack"])
async def test_a_file_that_slack_does_not_take_is_said_with_the_reason(
    world: World, floor: Floor, trouble: str
) -> None:
    if trouble == "slack":
        world.slack.faults.add(Fault("files.completeUploadExternal", FaultKind.SERVER_ERROR, times=5))
    else:
        world.slack.world.scopes = [one for one in world.slack.world.scopes if trouble not in one]  # mpim: too
    told = await export(world, "links")
    assert "The export of links (2 rows) could not be sent" in told
    assert ("`files:write` and `im:write`" in told) == (trouble != "slack")
    assert not files(world)


@pytest.mark.parametrize("user", ["U4", "U5"])
async def test_guests_and_strangers_get_no_file(world: World, floor: Floor, user: str) -> None:
    person = world.person(user)
    await world.command(person, "/link export ledger")
    assert "Ask a member of this workspace" in text_of(world.private(person))
    assert not world.slack.world.files


async def test_the_command_line_exports_the_same_rows(sqlite_url: str, linkbot: Run, tmp_path: Path) -> None:
    world = await open_world(sqlite_url)
    try:
        await open_shop(world)
        await world.unlink("TEE-M")
        await export(world, "links")
        in_slack = files(world)[-1][1]
    finally:
        await world.stage.close()
    environment = {"DATABASE_URL": sqlite_url}
    code, out, _ = linkbot("export", "links", **environment)
    assert (code, out.replace("\r\n", "\n")) == (0, in_slack.replace("\r\n", "\n"))
    assert linkbot("export", "unlinked", "-o", str(tmp_path / "free.csv"))[:2] == (0, "")
    assert "TEE-M" in (tmp_path / "free.csv").read_text(encoding="utf-8")
    told = [json.loads(line) for line in linkbot("export", "products", "--format", "jsonl")[1].splitlines()]
    assert told == json.loads(linkbot("export", "products", "--json")[1])
    assert len(told) == 3
    assert linkbot("export", "everything")[0] == 2
    assert linkbot("export", "links", "-o", str(tmp_path / "no" / "where.csv"))[0] == 2
