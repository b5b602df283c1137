"""When to try again, and when a person has to look: retry as a value."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Trouble(StrEnum):
    """What a failed attempt means for the next one; the error families of `clients/errors.py` map onto it."""

    UNREACHABLE = "unreachable"  # nothing was done: try later
    RATE_LIMITED = "rate_limited"  # try after the time the server named; not the job's fault
    UNCLEAR = "unclear"  # perhaps done: the next attempt looks first
    NOT_AUTHORISED = "not_authorised"  # a person must reconnect
    INVALID = "invalid"  # will be refused again as it stands
    PROGRAM_ERROR = "program_error"


@dataclass(frozen=True)
class RetryAt:
    at: datetime


@dataclass(frozen=True)
class Park:
    """Stop trying; the item stays visible with age and value until a person decides."""

    trouble: Trouble


MAX_ATTEMPTS = 12  # with the delays below: about an hour of a dead peer before a person is asked
_FIRST, _CAP = timedelta(seconds=2), timedelta(minutes=30)


def decide_retry(
    trouble: Trouble, attempt: int, now: datetime, jitter: float, retry_after: timedelta | None = None
) -> RetryAt | Park:
    """Retry or park after `attempt` attempts (counted from 1). `jitter` 0…1 spreads retries over ±20 %.

    A rate limit never parks: it waits as long as the server says, at least a second.
    """
    if trouble is Trouble.RATE_LIMITED:
        wait = max(retry_after or timedelta(0), backoff(min(attempt, 6)) / 2, timedelta(seconds=1))
        return RetryAt(now + wait * (1 + 0.2 * jitter))
    if trouble in (Trouble.INVALID, Trouble.NOT_AUTHORISED):
        return Park(trouble)
    if trouble is Trouble.PROGRAM_ERROR and attempt >= 3:
        return Park(trouble)
    if attempt >= MAX_ATTEMPTS:
        return Park(trouble)
    return RetryAt(now + max(retry_after or timedelta(0), backoff(attempt) * (0.8 + 0.4 * jitter)))


def backoff(attempt: int) -> timedelta:
    """2 s doubling to 30 min."""
    return min(_CAP, _FIRST * 2 ** min(attempt - 1, 20))  # the exponent is capped: timedelta overflows


def retry_parked(attempt: int) -> timedelta:
    """A parked order is still tried by itself, ever more rarely: an outage of a day ends without a person."""
    return min(timedelta(hours=1), timedelta(minutes=5) * max(1, attempt - MAX_ATTEMPTS + 1))
