"""C01, in full: one sale told many times, by four workers on one database, before and after a restart."""

import pytest

from tests.cases.checks import hold, run
from tests.cases.harness import Play

pytestmark = pytest.mark.req("S31", "S32", "B2", "P")


async def test_s31_one_sale_told_many_times_is_one_order(play: Play) -> None:
    await run(play)


async def test_s31_told_all_over_again_after_the_restart_nothing_moves(play: Play) -> None:
    await run(play)
    calls = len(play.world.calls("orderCreate")), len(play.world.calls("external_orders.add"))
    for hook in play.case.hooks * 2:
        await play.step(hook)
    await play.world.poll()
    await hold(play, play.case.then)
    assert calls == (1, 1)
    assert (len(play.world.calls("orderCreate")), len(play.world.calls("external_orders.add"))) == calls
