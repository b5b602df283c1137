"""Jobs: durable work as values, and what a run of one may answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.retries import Trouble


@dataclass(frozen=True)
class Job:
    """A claimed job. `owner` is a shop, store or workspace: its lane is (owner, kind). `lease` fences the result."""

    id: int
    kind: str
    ref: str
    owner: str
    payload: Mapping[str, Any]
    attempt: int  # counted from 1, at the claim
    rev: int  # rises with every request for the job; a rise during the run means: run again
    lease: str
    created_at: datetime


@dataclass(frozen=True)
class Again:
    """Not done yet, and nothing went wrong: run again at this time (UTC)."""

    at: datetime


@dataclass(frozen=True)
class ParkedJob:
    """A job that needs a person, with the error that ended its tries."""

    id: int
    kind: str
    ref: str
    owner: str
    attempt: int
    error: str
    created_at: datetime
    parked_at: datetime


@dataclass(frozen=True)
class JobKind:
    """What runs a kind of job. `on_park` gets the store's open unit, the job, the trouble and the error's text.

    `cap`: how many of one lane run at once. `gap`: seconds between two starts of one lane. `keeps_trying`: a parked job
    stays visible and is still tried, ever more rarely.
    """

    run: Callable[[Job], Awaitable[Again | None]]
    on_park: Callable[[Any, Job, Trouble, str], None] | None = None
    keeps_trying: bool = False
    cap: int = 4
    gap: float = 0.0


@dataclass(frozen=True)
class Upserted:
    """What a bulk write found: ids never seen before, and ids whose shown values changed."""

    new: tuple[Any, ...] = ()
    changed: tuple[Any, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the old value of each changed id
