"""The `linkbot` commands: exit codes, one line instead of tracebacks, JSON on stdout, and the story's arithmetic."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bot.__main__ import main
from bot.checks import check_all
from bot.rehearsal.scenes import Story, Told, connect_all, until
from bot.rehearsal.seed import SHOP, STORE
from bot.rehearsal.stage import database_at, open_stage
from tests.flows.shopfloor import open_shop
from tests.flows.world import World, open_world

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def linkbot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`linkbot ARGS` in this process: (exit code, stdout, stderr). No `.env` and nothing of this machine is read."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["linkbot", *args])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.parametrize(
    ("args", "environment", "names"),
    [
        (["nonsense"], {}, "nonsense"),
        (["ledger", "--since", "yesterday"], {}, "since"),
        (["serve"], {}, "SLACK_"),
        (["work"], {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, "DATABASE_URL"),
        (["serve", "--no-work"], {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, "DATABASE_URL"),
        (["serve"], {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"}, "DATABASE_URL"),
        (["db", "current"], {"LINKBOT_POLL_SECONDS": "soon"}, "LINKBOT_POLL_SECONDS"),
        (["why", "order", "1"], {}, "linkbot db upgrade"),
        (["check"], {"LINKBOT_ENCRYPTION_KEY": "short"}, "LINKBOT_ENCRYPTION_KEY"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_wrong_use_ends_with_2_and_one_line_that_names_it(
    linkbot: Run, args: list[str], environment: dict[str, str], names: str
) -> None:
    code, out, err = linkbot(*args, **environment)
    assert code == 2
    assert names in err
    assert "Traceback" not in err
    assert "hush" not in err + out
    assert out == ""


def test_a_fresh_database_is_brought_up_to_date(linkbot: Run) -> None:
    assert linkbot("db", "current")[0] == 1
    assert linkbot("db", "upgrade")[0] == 0
    code, out, _ = linkbot("db", "current", "--json")
    assert (code, json.loads(out)["is_current"]) == (0, True)
    assert linkbot("db", "upgrade")[0] == 0, "a second time does nothing"


def test_the_manifest_is_yaml_or_json_with_the_addresses_filled_in(linkbot: Run) -> None:
    assert yaml.safe_load(linkbot("manifest")[1])["settings"]["socket_mode_enabled"] is True
    told = json.loads(linkbot("manifest", "--url", "https://bot.example", "--json")[1])
    assert told["features"]["slash_commands"][0]["url"] == "https://bot.example/slack/events"
    assert told["settings"]["socket_mode_enabled"] is False


def test_a_new_key_is_one_that_is_taken(linkbot: Run) -> None:
    key = linkbot("check", "--new-key")[1].strip()
    code, _, err = linkbot("db", "upgrade", LINKBOT_ENCRYPTION_KEY=key)
    assert (code, err) == (0, "")


async def with_orders(url: str) -> tuple[World, str, str]:
    world = await open_world(url)
    floor = await open_shop(world)
    await world.unlink("TEE-M")
    mirrored, held = floor.buy(("TEE-S", 1)), floor.buy(("TEE-M", 1))
    await world.settle()
    return world, mirrored, held


@pytest.mark.req("N6", "U22")
async def test_n6_why_and_ledger_tell_on_the_command_line_what_slack_tells(sqlite_url: str, linkbot: Run) -> None:
    world, mirrored, held = await with_orders(sqlite_url)
    try:
        await world.command(world.ana, f"/link why order {held}")
        in_slack = world.told(world.ana)
    finally:
        await world.stage.close()
    environment = {"DATABASE_URL": sqlite_url}
    code, out, _ = linkbot("why", "order", held, "--json", **environment)
    told = json.loads(out)
    assert code == 0
    assert "unlinked_sku" in out
    assert held in str(told)
    assert "A SKU in it is not linked" in linkbot("why", "order", held)[1]
    assert "A SKU in it is not linked" in in_slack
    assert linkbot("why", "sku", "TEE-M")[0] == 0
    assert linkbot("why", "order", "404")[0] == 1
    rows = [json.loads(line) for line in linkbot("ledger", "--order", mirrored)[1].splitlines()]
    assert [row["standing"] for row in rows if row["act"] == "order"] == ["mirrored"]
    assert linkbot("ledger", "--format", "csv")[1].count("\n") > 5
    assert len(json.loads(linkbot("ledger", "--json", "--sku", "TEE-M")[1])) >= 2


@pytest.mark.req("U36")
async def test_u36_check_is_green_when_all_is_well_and_names_the_next_step_when_not(tmp_path: Path) -> None:
    stage = await open_stage(database_url=database_at(tmp_path / "check.db"))
    try:
        await stage.start_bot()
        await connect_all(stage)
        for owner, kind in ((SHOP, "check_shop"), (STORE, "check_store"), (SHOP, "import_shop")):
            await until(lambda o=owner, k=kind: not stage.running.db.read_sync(lambda u: u.jobs.is_waiting(o, k)))
        assert [line for line in await check_all(stage.settings) if not line.is_fine] == []
        stage.shopify.uninstall(STORE)
        broken = [line for line in await check_all(stage.settings) if not line.is_fine]
        assert broken
        assert all(line.next for line in broken)
    finally:
        await stage.close()


# --- the story -------------------------------------------------------------------------------------------------------


@pytest.mark.req("N23", "B3")
def test_n23_the_story_ends_well_within_a_minute_and_needs_no_account(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--story", "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["ok"]) == (0, True), ran.stdout + ran.stderr[-2000:]
    assert time.monotonic() - began < 60
    assert len(told["counts"]) >= 15
    assert all(count["ok"] and count["seen"] == count["expected"] for count in told["counts"])


class Tampered(Story):
    """Somebody puts an order into Shopify that no TikTok order stands for."""

    async def tell(self) -> None:
        await self.set_up()
        await self.link_by_hand()
        await self.sell()
        self.stage.shopify.foreign_order(STORE, lines=[(self.variant("MUG-WHT"), 1)])
        await self.report()


@pytest.mark.req("N23")
async def test_n23_one_order_too_many_and_the_story_is_wrong(tmp_path: Path) -> None:
    stage = await open_stage(database_url=database_at(tmp_path / "story.db"), LINKBOT_POLL_SECONDS="2")
    told = Told(0)
    try:
        await stage.start_bot()
        stage.carry_webhooks()
        await Tampered(stage, told, patience=4.0).tell()
    finally:
        await stage.close()
    assert [count.name for count in told.counts if not count.is_right] == ["orders in Shopify"]
    assert not told.is_right
    assert told.as_json()["ok"] is False
