"""One database per test, on SQLite and on Postgres, with a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.db import Db
from tests.conftest import TEST_KEY


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(db_url: str, clock: Clock) -> Iterator[Db]:
    made = Db(db_url, keys=[TEST_KEY], now=clock)
    yield made
    made.close_sync()


@pytest.fixture
def other(db_url: str, clock: Clock) -> Iterator[Db]:
    """The same database, as another process sees it."""
    made = Db(db_url, keys=[TEST_KEY], now=clock)
    yield made
    made.close_sync()
