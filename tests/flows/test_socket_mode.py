"""Socket Mode: no public address at all, and everything works all the same; and several workspaces by OAuth."""

from collections.abc import AsyncIterator

import pytest

from bot.rehearsal.slack_client import text_of
from tests.flows.shopfloor import open_shop
from tests.flows.world import World, open_world


@pytest.fixture
async def socket(sqlite_url: str) -> AsyncIterator[World]:
    """The bot hears Slack over its socket; the web address that Slack had is gone."""
    world = await open_world(sqlite_url, SLACK_APP_TOKEN="xapp-rehearsal-app")
    world.slack.request_url = None
    yield world
    await world.stage.close()


@pytest.mark.req("S24", "B3", "S14")
async def test_a_command_a_click_a_menu_and_a_view_work_over_the_socket(socket: World) -> None:
    await socket.slack.until(lambda: socket.slack.wire.sockets.open)
    floor = await open_shop(socket, linked=False)
    shown = await socket.link("TEE-S", floor.variants["TEE-M"].id)
    assert shown["title"]["text"] == "Linked"
    await socket.unlink("TEE-S")
    assert socket.links() == {}
    await socket.ana.open_home()
    await socket.settle()
    assert "3 SKUs" in text_of(socket.slack.home("U1"))


@pytest.mark.req("S31")
async def test_while_slack_refuses_the_socket_orders_are_mirrored_all_the_same(sqlite_url: str) -> None:
    world = await open_world(sqlite_url, SLACK_APP_TOKEN="xapp-of-another-app")
    try:
        floor = await open_shop(world)
        order_id = floor.buy(("TEE-S", 1))
        await world.settle()
        assert world.standing(order_id) == ("mirrored", None)
    finally:
        await world.stage.close()


@pytest.mark.req("U27")
async def test_a_socket_that_slack_closes_is_opened_again(socket: World) -> None:
    await socket.slack.until(lambda: socket.slack.wire.sockets.open)
    await socket.command(socket.ana, "/link help")
    before = len(socket.slack.ephemerals("U1", "C1"))
    await socket.slack.wire.sockets.hang_up()
    await socket.slack.until(lambda: any(not one.closed for one in socket.slack.wire.sockets.open))
    await socket.command(socket.ana, "/link help")
    await socket.slack.until(lambda: len(socket.slack.ephemerals("U1", "C1")) > before)
