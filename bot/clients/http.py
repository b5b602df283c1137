"""send(): one call with time-out, pace, safe repetition of reads, and every failure as an error of `errors.py`."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from bot.clients.errors import ApiError, RateLimited, Unclear, Unreachable, redact

T = TypeVar("T")
Wait = Callable[[float], Awaitable[None]]

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
READ_ATTEMPTS = 4
LONGEST_WAIT = 10.0  # seconds a call waits by itself; a longer pause is the runner's business
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass
class _Lane:
    rate: float
    tokens: float
    at: float


class Pace:
    """A token bucket per lane (shop and endpoint): halves its rate when refused, grows slowly while all goes well."""

    def __init__(
        self,
        per_second: float = 10.0,
        *,
        least: float = 0.2,
        most: float = 50.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self.per_second, self.least, self.most = per_second, least, most
        self.clock, self.wait = clock, wait
        self._lanes: dict[str, _Lane] = {}

    def rate(self, lane: str) -> float:
        """Calls per second that this lane may make now."""
        return self._lane(lane).rate

    async def turn(self, lane: str) -> None:
        """Waits until this lane may make a call."""
        held = self._lane(lane)
        moment = self.clock()
        held.tokens = min(max(1.0, held.rate / 2), held.tokens + (moment - held.at) * held.rate)
        held.at = moment
        held.tokens -= 1
        if held.tokens < 0:  # those who wait have taken their token already: the next one waits longer
            await self.wait(-held.tokens / held.rate)

    def refused(self, lane: str) -> None:
        """The service said: too fast."""
        held = self._lane(lane)
        held.rate = max(self.least, held.rate / 2)
        held.tokens = min(held.tokens, 0.0)

    def went_well(self, lane: str) -> None:
        held = self._lane(lane)
        held.rate = min(self.most, held.rate + 0.05)

    def _lane(self, lane: str) -> _Lane:
        if lane not in self._lanes:
            self._lanes[lane] = _Lane(self.per_second, max(1.0, self.per_second / 2), self.clock())
        return self._lanes[lane]


async def send(
    http: httpx.AsyncClient,
    build: Callable[[], httpx.Request],
    read: Callable[[httpx.Response], T],
    *,
    service: str,
    lane: str,
    pace: Pace,
    repeatable: bool,
) -> T:
    """Builds, sends and reads one call; a `repeatable` one up to four times, built anew each time.

    `read` turns the response into a value or raises an ApiError. Raises Unreachable, RateLimited, Unclear and
    whatever `read` raises; a write is never repeated here.
    """

    async def once() -> T:
        await pace.turn(lane)
        try:
            value = read(await exchange(http, build(), service=service, repeatable=repeatable))
        except RateLimited:
            pace.refused(lane)
            raise
        pace.went_well(lane)
        return value

    if not repeatable:
        return await once()
    retrying = AsyncRetrying(
        stop=stop_after_attempt(READ_ATTEMPTS),
        wait=_pause,
        retry=retry_if_exception(_worth_repeating),
        sleep=pace.wait,
        reraise=True,
    )
    return await retrying(once)


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, *, service: str, repeatable: bool
) -> httpx.Response:
    """The response, whatever its status. Lost before sending: Unreachable; lost afterwards: Unclear for a write."""
    try:
        return await http.send(request)
    except _NOT_SENT as error:
        raise Unreachable(f"no connection: {type(error).__name__}", service=service) from None
    except httpx.HTTPError as error:
        kind = Unreachable if repeatable else Unclear
        raise kind(f"no answer: {type(error).__name__}", service=service) from None


def check_status(response: httpx.Response, *, service: str, repeatable: bool, request_id: str = "") -> None:
    """Raises for the statuses that mean the same everywhere: 429, 430, and 5xx."""
    status = response.status_code
    if status in (429, 430):
        after = retry_after(response) or (timedelta(minutes=1) if status == 430 else None)
        raise RateLimited(f"HTTP {status}", str(status), request_id, service, after)
    if status >= 500:
        kind = Unreachable if repeatable else Unclear
        raise kind(f"HTTP {status}", str(status), request_id, service, retry_after(response))


def unreadable(response: httpx.Response, *, service: str, repeatable: bool, request_id: str = "") -> ApiError:
    """The error for a body that is not what it should be: a write may have been done all the same."""
    kind = Unreachable if repeatable else Unclear
    return kind(f"unreadable answer, HTTP {response.status_code}", str(response.status_code), request_id, service)


def retry_after(response: httpx.Response) -> timedelta | None:
    """Retry-After as seconds (decimals allowed, as Shopify sends them) or as an HTTP date."""
    told = response.headers.get("retry-after", "").strip()
    if not told:
        return None
    try:
        return timedelta(seconds=max(0.0, float(told)))
    except (ValueError, OverflowError):
        pass
    try:
        until = parsedate_to_datetime(told)
        sent = parsedate_to_datetime(response.headers["date"])
        return max(timedelta(0), until - sent)
    except (ValueError, TypeError, KeyError):
        return None


def _worth_repeating(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.after is None or error.after.total_seconds() <= LONGEST_WAIT
    return isinstance(error, Unreachable) and (error.after is None or error.after.total_seconds() <= LONGEST_WAIT)


def _pause(state: RetryCallState) -> float:
    """What the service asked for, at least a backoff of 0.5, 1, 2 s with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after.total_seconds() if isinstance(error, ApiError) and error.after else 0.0
    return max(asked, 0.5 * 2 ** (state.attempt_number - 1) * random.uniform(1, 1.2))


class _Redacting(logging.Filter):
    """httpx logs every URL; TikTok's token URLs carry the secret in their query."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


def guard_logs() -> None:
    """Keeps secrets out of the logs of httpx and httpcore. Safe to call often."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(kept, _Redacting) for kept in logger.filters):
        logger.addFilter(_Redacting())
    logging.getLogger("httpcore").setLevel(logging.INFO)  # its DEBUG lines show headers
