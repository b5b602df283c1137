"""The clock at the edge; everything inside gets `now` handed in."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
