"""The score's parts, the weekly trend, and links folded from the ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.board import Blocked
from bot.domain.health import (
    POINTS,
    WEEKS,
    Aspect,
    CatalogueHealth,
    LinkCounts,
    Point,
    count_links,
    fold_links,
    score,
    snapshot_facts,
    trend,
    trend_since,
)
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkState
from bot.domain.values import LINKBOT, ListingId, WorkspaceId

WEDNESDAY = datetime(2026, 11, 25, 9, tzinfo=UTC)
NOTHING = Blocked(0, ())
WHOLE = CatalogueHealth(100, 100, 0, 0, 0, 0, NOTHING, WEDNESDAY)


def points(health: CatalogueHealth) -> dict[str, int]:
    judged = score(health)
    assert judged is not None
    assert judged.points == sum(part.points for part in judged.parts)
    assert 0 <= judged.points <= 100
    return {part.aspect.value: part.points for part in judged.parts} | {"all": judged.points}


def test_n24_the_weights_are_a_hundred_points_and_name_every_aspect() -> None:
    assert sum(POINTS.values()) == 100
    assert set(POINTS) == set(Aspect)


@pytest.mark.req("N24")
@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (WHOLE, {"all": 100}),
        (replace(WHOLE, linked=99, unlinked=1), {"linked": 59, "all": 99}),  # 59.4 rounded down
        (replace(WHOLE, linked=50, unlinked=50, ambiguous=25), {"linked": 30, "clear": 7, "sound": 15}),
        (replace(WHOLE, linked=75, broken=25), {"linked": 45, "sound": 11}),
        (replace(WHOLE, never_sold=100), {"sold": 0, "all": 95}),
        (replace(WHOLE, blocked=Blocked(3, ())), {"flowing": 7, "all": 97}),
        (replace(WHOLE, blocked=Blocked(400, ())), {"flowing": 0, "all": 90}),
        (replace(WHOLE, linked=0, unlinked=100), {"linked": 0, "sound": 0, "sold": 0, "clear": 10, "all": 20}),
        (replace(WHOLE, linked=0, broken=100), {"sound": 0, "all": 20}),
    ],
)
def test_n24_points_of_each_aspect(health: CatalogueHealth, expected: dict[str, int]) -> None:
    found = points(health)
    assert {name: found[name] for name in expected} == expected


def test_n24_a_hundred_points_only_when_nothing_is_left_to_do() -> None:
    big = CatalogueHealth(100_000, 99_999, 1, 0, 0, 0, NOTHING, None)
    assert points(big)["all"] == 99


def test_n24_without_a_sku_there_is_no_score() -> None:
    assert score(replace(WHOLE, listings=0, linked=0)) is None


# --- the trend -------------------------------------------------------------------------------------------------------


def snapshot(days_ago: int, count: int, **facts: str) -> Entry:
    told = {"linked": str(count), "listings": "100"} | facts
    return Entry(WEDNESDAY - timedelta(days=days_ago), WorkspaceId("T1"), Act.HEALTH, LINKBOT, facts=told)


@pytest.mark.req("N24")
def test_n24_the_trend_takes_the_last_snapshot_of_each_week_and_now() -> None:
    entries = [snapshot(days, 90 - days) for days in range(69, 0, -1)]
    found = trend(entries, WHOLE, WEDNESDAY)
    assert len(found) == WEEKS + 1
    assert [point.at.weekday() for point in found[:-1]] == [6] * WEEKS, "Sundays"
    assert [point.percent for point in found] == [90 - days for days in range(52, 2, -7)] + [100]
    assert all(point.at >= trend_since(WEDNESDAY) for point in found)


def test_n24_weeks_without_a_snapshot_have_no_point_and_this_week_is_only_now() -> None:
    found = trend([snapshot(30, 10), snapshot(1, 99), snapshot(400, 1)], WHOLE, WEDNESDAY)
    assert [point.percent for point in found] == [10, 100]
    assert trend([], WHOLE, WEDNESDAY) == (Point(WEDNESDAY, 100, 100),)
    assert trend([], replace(WHOLE, listings=0), WEDNESDAY) == ()


@pytest.mark.parametrize("facts", [{"linked": "many"}, {"listings": ""}, {"listings": "0"}])
def test_n24_an_unreadable_or_empty_snapshot_is_no_point(facts: dict[str, str]) -> None:
    assert len(trend([snapshot(9, 5, **facts)], WHOLE, WEDNESDAY)) == 1


def test_n24_percents_are_rounded_down() -> None:
    assert Point(WEDNESDAY, 999, 1000).percent == 99
    assert Point(WEDNESDAY, 0, 0).percent == 0


# --- the ledger ------------------------------------------------------------------------------------------------------


def told(*steps: tuple[Act, str]) -> list[Entry]:
    return [Entry(WEDNESDAY, WorkspaceId("T1"), act, LINKBOT, listing_id=ListingId(name)) for act, name in steps]


@pytest.mark.req("N24", "U22")
def test_n24_the_last_link_act_of_a_listing_says_how_it_stands() -> None:
    states = fold_links(
        told(
            (Act.LINK, "A"), (Act.LINK, "B"), (Act.LINK_BROKEN, "B"), (Act.LINK, "C"), (Act.UNLINK, "C"),
            (Act.LINK, "D"), (Act.LINK_BROKEN, "D"), (Act.LINK_MENDED, "D"), (Act.PUSHED, "E"), (Act.REFUSED, "A"),
            (Act.LINK, "F"),
        )
    )  # fmt: skip
    assert states == {
        "A": LinkState.ACTIVE, "B": LinkState.BROKEN, "C": LinkState.TOMBSTONE, "D": LinkState.ACTIVE,
        "F": LinkState.ACTIVE,
    }  # fmt: skip
    standing = [ListingId(name) for name in "ABCDE"]
    assert count_links(states, standing) == LinkCounts(linked=2, broken=1), "F was deleted on TikTok"
    assert snapshot_facts(WHOLE, LinkCounts(2, 1)) == {
        "listings": "100", "linked": "2", "broken": "1", "ambiguous": "0", "never_sold": "0",
    }  # fmt: skip
