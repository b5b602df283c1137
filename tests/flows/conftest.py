"""Worlds for flow tests: empty (the test builds its catalogue), or the seeded rehearsal shop."""

from collections.abc import AsyncIterator

import pytest

from tests.flows.world import World, open_world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """Nothing connected, no product, no store."""
    made = await open_world(sqlite_url)
    yield made
    await made.stage.close()


@pytest.fixture
async def seeded(sqlite_url: str) -> AsyncIterator[World]:
    """The rehearsal's shop and store, connected and imported; the prompt waits for its answer."""
    made = await open_world(sqlite_url, seeded=True)
    await made.connect()
    yield made
    await made.stage.close()
