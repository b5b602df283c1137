"""Retry as a value: when next, and when a person is asked."""

from datetime import timedelta

import pytest

from bot.domain.retries import MAX_ATTEMPTS, Park, RetryAt, Trouble, backoff, decide_retry, retry_parked

from .build import NOW


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@pytest.mark.parametrize(
    "trouble, attempt, jitter, retry_after, outcome",
    [
        # half of the jitter range is the plain delay
        (Trouble.UNREACHABLE, 1, 0.5, None, RetryAt(NOW + seconds(2))),
        (Trouble.UNREACHABLE, 4, 0.5, None, RetryAt(NOW + seconds(16))),
        (Trouble.UNREACHABLE, 1, 0.0, None, RetryAt(NOW + seconds(1.6))),
        (Trouble.UNREACHABLE, 1, 1.0, None, RetryAt(NOW + seconds(2.4))),
        # what the server asks for is kept
        (Trouble.UNREACHABLE, 1, 0.5, seconds(60), RetryAt(NOW + seconds(60))),
        (Trouble.UNCLEAR, 2, 0.5, None, RetryAt(NOW + seconds(4))),
        (Trouble.UNREACHABLE, MAX_ATTEMPTS - 1, 0.5, None, RetryAt(NOW + timedelta(minutes=30))),
        (Trouble.UNREACHABLE, MAX_ATTEMPTS, 0.5, None, Park(Trouble.UNREACHABLE)),
        (Trouble.UNCLEAR, MAX_ATTEMPTS, 0.5, None, Park(Trouble.UNCLEAR)),
        # a rate limit is nobody's fault and never parks
        (Trouble.RATE_LIMITED, 1, 0.0, None, RetryAt(NOW + seconds(1))),
        (Trouble.RATE_LIMITED, 1, 0.0, seconds(30), RetryAt(NOW + seconds(30))),
        (Trouble.RATE_LIMITED, 1, 1.0, seconds(30), RetryAt(NOW + seconds(36))),
        (Trouble.RATE_LIMITED, 500, 0.0, None, RetryAt(NOW + seconds(32))),
        # these will be refused again
        (Trouble.INVALID, 1, 0.5, None, Park(Trouble.INVALID)),
        (Trouble.NOT_AUTHORISED, 1, 0.5, None, Park(Trouble.NOT_AUTHORISED)),
        # a bug gets three chances: perhaps the facts change meanwhile
        (Trouble.PROGRAM_ERROR, 2, 0.5, None, RetryAt(NOW + seconds(4))),
        (Trouble.PROGRAM_ERROR, 3, 0.5, None, Park(Trouble.PROGRAM_ERROR)),
    ],
)
def test_n7_decide_retry(
    trouble: Trouble, attempt: int, jitter: float, retry_after: timedelta | None, outcome: RetryAt | Park
) -> None:
    assert decide_retry(trouble, attempt, NOW, jitter, retry_after) == outcome


def test_delays_double_up_to_half_an_hour_and_never_overflow() -> None:
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 10, 11)] == [2, 4, 8, 1024, 1800]
    assert backoff(10_000) == timedelta(minutes=30)
    waited = sum((backoff(n) for n in range(1, MAX_ATTEMPTS)), timedelta(0))
    assert timedelta(minutes=55) < waited < timedelta(minutes=70), "about an hour before a person is asked"


def test_parked_orders_are_tried_ever_more_rarely() -> None:
    minutes = [retry_parked(MAX_ATTEMPTS + n) / timedelta(minutes=1) for n in (0, 1, 5, 11, 50)]
    assert minutes == [5, 10, 30, 60, 60]
    assert retry_parked(1) == timedelta(minutes=5)
