"""Shopify's bucket of points per store: what a call will cost and how long to wait for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
        self._asked: dict[str, float] = {}  # query text → points it must find in the bucket
        self._spent: dict[str, float] = {}  # query text → points it really took last time
        self._under_way: dict[str, float] = {}  # points of calls that were not answered yet

    def wait_for(self, store: str, query: str, keep: float = 0.0) -> float:
        """Seconds until the bucket holds what this query asked for last time.

        `keep`: the share of the bucket that is left to others; background readings use half of it at most.
        """
        bucket = self._buckets.get(store)
        if bucket is None or bucket.restore_rate <= 0:
            return 0.0
        left = bucket.available + (self._clock() - bucket.at) * bucket.restore_rate - self._under_way.get(store, 0.0)
        wanted = min(self._asked.get(query, 0.0) + keep * bucket.maximum, bucket.maximum)
        missing = wanted - min(left, bucket.maximum)
        return max(0.0, missing / bucket.restore_rate)

    def waiting(self, store: str, query: str) -> AbstractContextManager[None]:
        """While a call waits for its turn: those behind it count what it will have taken."""
        return self._held(store, self._spent.get(query, 0.0))

    def sending(self, store: str, query: str) -> AbstractContextManager[None]:
        """While a call is under way: Shopify holds back all that it asked for until it has answered."""
        return self._held(store, self._asked.get(query, 0.0))

    @contextmanager
    def _held(self, store: str, points: float) -> Iterator[None]:
        self._under_way[store] = self._under_way.get(store, 0.0) + points
        try:
            yield
        finally:
            self._under_way[store] -= points

    def note(self, store: str, query: str, cost: Cost | None) -> None:
        if cost is None:
            return
        self._asked[query] = cost.requested
        self._spent[query] = cost.requested if cost.actual is None else cost.actual
        self._buckets[store] = _Bucket(cost.available, cost.maximum, cost.restore_rate, self._clock())


def throttle_wait(cost: Cost | None) -> float:
    """Seconds that a THROTTLED answer asks for."""
    if cost is None or cost.restore_rate <= 0:
        return 1.0
    return max(0.1, (cost.requested - cost.available) / cost.restore_rate)
