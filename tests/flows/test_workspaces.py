"""Several workspaces by Slack's own OAuth: installed, heard, apart from each other, and removed."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from bot.domain.values import WorkspaceId
from tests.flows.shopfloor import open_shop
from tests.flows.world import World, open_world


@pytest.fixture
async def open_app(sqlite_url: str) -> AsyncIterator[World]:
    """No bot token in the settings: each workspace brings its own."""
    world = await open_world(
        sqlite_url, SLACK_BOT_TOKEN="", SLACK_CLIENT_ID="1111.2222", SLACK_CLIENT_SECRET="rehearsal-client-secret"
    )
    yield world
    await world.stage.close()


async def install(world: World, *, state: str | None = None, cookie: bool = True) -> int:
    """A person opens the install page, allows the app, and the browser comes back. The last answer's status."""
    async with httpx.AsyncClient(base_url=world.stage.bot_url, trust_env=False) as browser:
        page = await browser.get("/slack/install")
        address = re.search(r'href="(https://slack\.com/oauth/v2/authorize[^"]*)"', page.text)
        assert address is not None, page.text
        query = {name: values[0] for name, values in parse_qs(urlsplit(address[1].replace("&amp;", "&")).query).items()}
        back = urlsplit(world.slack.consent.allow(world.slack.world, query | {"state": state or query["state"]}))
        headers = {"cookie": page.headers["set-cookie"].partition(";")[0]} if cookie else {}
        return (await browser.get(f"/slack/oauth_redirect?{back.query}", headers=headers)).status_code


@pytest.mark.req("S1", "S4", "S24")
async def test_an_installed_workspace_works_like_the_only_one(open_app: World) -> None:
    assert await install(open_app) == 200
    floor = await open_shop(open_app)
    order_id = floor.buy(("TEE-S", 1))
    await open_app.settle()
    assert open_app.standing(order_id) == ("mirrored", None)
    await open_app.unlink("TEE-S")
    assert len(open_app.links()) == 2


@pytest.mark.parametrize("how", ["state of nobody", "no cookie"])
async def test_an_install_that_nobody_here_started_is_refused(open_app: World, how: str) -> None:
    forged = {"state of nobody": {"state": "forged"}, "no cookie": {"cookie": False}}[how]
    assert await install(open_app, **forged) >= 400
    with open_app.bot.db.locked() as connection:
        assert connection.execute(text("select count(*) from tokens")).scalar() == 0


async def test_before_the_install_nobody_is_served(open_app: World) -> None:
    await open_app.command(open_app.ana, "/link help")
    assert "reinstall this app" in open_app.told(open_app.ana)
    assert "/link products" not in open_app.told(open_app.ana)


@pytest.mark.req("S13")
async def test_another_workspace_sees_and_takes_nothing_of_the_first(open_app: World) -> None:
    assert await install(open_app) == 200
    await open_shop(open_app)
    db, second = open_app.bot.db, WorkspaceId("T0002")
    assert db.read_sync(lambda u: u.catalogue.counts(second)) == (0, 0, 0, 0)
    assert db.read_sync(lambda u: u.catalogue.find_listings(second, "TEE-S", 10)) == []
    assert db.read_sync(lambda u: u.shops.for_workspace(second)) == []
    assert db.read_sync(lambda u: u.ledger.page(second)) == []


async def test_a_workspace_that_removes_the_app_leaves_no_token(open_app: World) -> None:
    assert await install(open_app) == 200
    await open_app.slack.uninstall()
    await open_app.settle()
    assert open_app.read(lambda u: u.tokens.get("slack:T0001")) is None
