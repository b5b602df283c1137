"""Each case: our own copy on every database, the shared file on SQLite."""

from collections.abc import AsyncIterator

import pytest

from tests.cases.harness import Play, opened
from tests.cases.reading import load

SOURCES = [
    pytest.param("own", "sqlite", id="own-sqlite"),
    pytest.param("own", "postgres", id="own-postgres", marks=pytest.mark.postgres),
    pytest.param("shared", "sqlite", id="shared-sqlite"),
]


@pytest.fixture
async def play(request: pytest.FixtureRequest, source: str, database: str) -> AsyncIterator[Play]:
    """The case the test's module is named after, its world standing at the case's `now`."""
    name = request.module.__name__.rpartition("_")[2].upper()
    case = load(name, source)
    async with opened(case, str(request.getfixturevalue(f"{database}_url"))) as made:
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "play" in metafunc.fixturenames:
        metafunc.parametrize("source, database", SOURCES)
