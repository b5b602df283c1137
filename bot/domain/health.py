"""The health of a workspace's catalogue: what is counted, the score with its parts, and the weekly trend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.board import Blocked
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkState
from bot.domain.values import ListingId

WEEKS = 8


@dataclass(frozen=True)
class CatalogueHealth:
    """Counts at one moment. `ambiguous`: of the unlinked ones. `never_sold`: of the linked ones, since `since`."""

    listings: int
    linked: int
    unlinked: int
    ambiguous: int
    broken: int
    never_sold: int
    blocked: Blocked  # orders that wait for a link, each once
    since: datetime | None  # when the first shop was connected


class Aspect(StrEnum):
    """What the score judges, with the points each can give: 100 together."""

    LINKED = "linked"  # SKUs that are linked
    CLEAR = "clear"  # SKUs that are not ambiguous
    SOUND = "sound"  # links that are not broken
    SOLD = "sold"  # linked SKUs that were sold
    FLOWING = "flowing"  # a point less for each order that waits for a link


POINTS = {Aspect.LINKED: 60, Aspect.CLEAR: 10, Aspect.SOUND: 15, Aspect.SOLD: 5, Aspect.FLOWING: 10}


@dataclass(frozen=True)
class Part:
    """Points of one aspect. Rounded down, so that full points mean that nothing is left to do."""

    aspect: Aspect
    points: int
    of: int


@dataclass(frozen=True)
class Score:
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        """0–100: the parts add up to it exactly."""
        return sum(part.points for part in self.parts)


def score(health: CatalogueHealth) -> Score | None:
    """How well the catalogue stands; None while there is nothing to judge."""
    if not health.listings:
        return None
    shares = {
        Aspect.LINKED: (health.linked, health.listings),
        Aspect.CLEAR: (health.listings - health.ambiguous, health.listings),
        Aspect.SOUND: (health.linked, health.linked + health.broken),
        Aspect.SOLD: (health.linked - health.never_sold, health.linked),
        Aspect.FLOWING: (max(0, POINTS[Aspect.FLOWING] - health.blocked.orders), POINTS[Aspect.FLOWING]),
    }
    return Score(tuple(Part(aspect, _share(*shares[aspect], of), of) for aspect, of in POINTS.items()))


def _share(good: int, whole: int, points: int) -> int:
    return points * good // whole if whole else 0  # without a single link there is nothing sound or sold


@dataclass(frozen=True)
class Point:
    """Linked SKUs of all at one moment."""

    at: datetime
    linked: int
    listings: int

    @property
    def percent(self) -> int:
        """Rounded down: 100 only when all are linked."""
        return 100 * self.linked // self.listings if self.listings else 0


def trend(snapshots: Iterable[Entry], health: CatalogueHealth, now: datetime) -> tuple[Point, ...]:
    """The last snapshot of each of the eight weeks before this one (they end on Sundays, UTC), then now.

    A week without a snapshot, or without a SKU, has no point.
    """
    this_week, last = _week(now), dict[datetime, Point]()
    for entry in snapshots:
        week = _week(entry.at)
        point = _point(entry)
        in_sight = this_week - timedelta(weeks=WEEKS) <= week < this_week
        if point is not None and in_sight and (week not in last or last[week].at <= point.at):
            last[week] = point
    points = [last[week] for week in sorted(last)]
    return (*points, Point(now, health.linked, health.listings)) if health.listings else tuple(points)


def trend_since(now: datetime) -> datetime:
    """The oldest moment that `trend` looks at."""
    return _week(now) - timedelta(weeks=WEEKS)


def _week(at: datetime) -> datetime:
    """The Monday on which the week of `at` began."""
    return datetime(at.year, at.month, at.day, tzinfo=at.tzinfo) - timedelta(days=at.weekday())


def _point(entry: Entry) -> Point | None:
    try:
        linked, listings = int(entry.facts["linked"]), int(entry.facts["listings"])
    except (KeyError, ValueError):
        return None
    return Point(entry.at, linked, listings) if listings else None


def snapshot_facts(health: CatalogueHealth, links: "LinkCounts") -> dict[str, str]:
    """What the day's entry keeps; `links` as the ledger tells them."""
    return {
        "listings": str(health.listings),
        "linked": str(links.linked),
        "broken": str(links.broken),
        "ambiguous": str(health.ambiguous),
        "never_sold": str(health.never_sold),
    }


@dataclass(frozen=True)
class LinkCounts:
    linked: int
    broken: int


LINK_ACTS: Sequence[Act] = (Act.LINK, Act.UNLINK, Act.LINK_BROKEN, Act.LINK_MENDED, Act.UNDONE)
_STATES = {
    Act.LINK: LinkState.ACTIVE,
    Act.LINK_MENDED: LinkState.ACTIVE,
    Act.LINK_BROKEN: LinkState.BROKEN,
    Act.UNLINK: LinkState.TOMBSTONE,
}


def fold_links(entries: Iterable[Entry]) -> dict[ListingId, LinkState]:
    """How every link stands after these entries, in ledger order: the ledger alone says it."""
    states: dict[ListingId, LinkState] = {}
    for entry in entries:
        if entry.act in _STATES and entry.listing_id is not None:
            states[entry.listing_id] = _STATES[entry.act]
        elif entry.act is Act.UNDONE and entry.listing_id is not None:
            states.pop(entry.listing_id, None)
            if entry.facts.get("state"):
                states[entry.listing_id] = LinkState(entry.facts["state"])
    return states


def count_links(states: dict[ListingId, LinkState], standing: Iterable[ListingId]) -> LinkCounts:
    """Linked and broken ones among the listings that stand: a listing deleted on TikTok counts nowhere."""
    found = [states.get(listing) for listing in standing]
    return LinkCounts(found.count(LinkState.ACTIVE), found.count(LinkState.BROKEN))
