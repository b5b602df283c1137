"""Shopify's bucket of points per store: what a call will cost and how long to wait for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.clients.shopify.wire import Cost


@dataclass
class _Bucket:
    available: float
    maximum: float
    restore_rate: float
    at: float


class Costs:
    """Follows the numbers in the answers; nothing is assumed before the first one. `clock` in seconds, monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._known: dict[str, float] = {}  # query text → points it asks for
        self._under_way: dict[str, float] = {}  # points of calls that were not answered yet

    def wait_for(self, store: str, query: str, keep: float = 0.0) -> float:
        """Seconds until the bucket holds what this query asked for last time.

        `keep`: the share of the bucket that is left to others; background readings use half of it at most.
        """
        bucket = self._buckets.get(store)
        if bucket is None or bucket.restore_rate <= 0:
            return 0.0
        left = bucket.available + (self._clock() - bucket.at) * bucket.restore_rate - self._under_way.get(store, 0.0)
        wanted = min(self._known.get(query, 0.0) + keep * bucket.maximum, bucket.maximum)
        missing = wanted - min(left, bucket.maximum)
        return max(0.0, missing / bucket.restore_rate)

    @contextmanager
    def reserved(self, store: str, query: str) -> Iterator[None]:
        """The points of a call that waits or is under way: others count them as spent."""
        points = self._known.get(query, 0.0)
        self._under_way[store] = self._under_way.get(store, 0.0) + points
        try:
            yield
        finally:
            self._under_way[store] -= points

    def note(self, store: str, query: str, cost: Cost | None) -> None:
        if cost is None:
            return
        self._known[query] = cost.requested
        self._buckets[store] = _Bucket(cost.available, cost.maximum, cost.restore_rate, self._clock())


def throttle_wait(cost: Cost | None) -> float:
    """Seconds that a THROTTLED answer asks for."""
    if cost is None or cost.restore_rate <= 0:
        return 1.0
    return max(0.1, (cost.requested - cost.available) / cost.restore_rate)
