"""The job loop: results are recorded whatever one of them brings along, and a stop gives work back."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.app import trouble_of
from bot.clients.errors import Invalid, Unreachable
from bot.domain.jobs import Again, Job, JobKind
from bot.domain.retries import Trouble
from bot.store.db import Db
from bot.sync.runner import Runner
from tests.store.conftest import Clock

SHOP = "7495"


def runner(db: Db, clock: Clock, **kinds: JobKind) -> Runner:
    return Runner(db, kinds, trouble_of=trouble_of, now=clock, lease=timedelta(seconds=60), seed=1)


def ask(db: Db, *refs: str, kind: str = "push") -> None:
    db.run_sync(lambda u: [u.jobs.add(kind, ref, owner=SHOP) for ref in refs])


def counts(db: Db) -> dict[str, int]:
    return db.read_sync(lambda u: u.jobs.counts())


async def fine(job: Job) -> None:
    """Nothing to do."""


def breaks(*_: Any) -> None:
    raise RuntimeError("what follows from a parked job can fail too")


@pytest.mark.req("N16")
async def test_n16_one_job_whose_parking_fails_keeps_no_other_from_being_recorded(db: Db, clock: Clock) -> None:
    async def refused(job: Job) -> None:
        if job.ref == "bad":
            raise Invalid("no")

    made = runner(db, clock, push=JobKind(refused, on_park=breaks, cap=10))
    ask(db, "1", "2", "bad", "3")
    await made.run_due()
    assert counts(db) == {"done": 3, "parked": 1}
    (parked,) = db.read_sync(lambda u: u.jobs.parked([SHOP], 10))
    assert (parked.ref, parked.error) == ("bad", "what follows from it failed")


@pytest.mark.req("N16")
async def test_n16_trouble_is_told_once_to_who_has_to_know_it(db: Db, clock: Clock) -> None:
    told: list[tuple[str, Trouble]] = []

    async def bug(job: Job) -> None:
        raise KeyError("a bug of ours")

    made = runner(db, clock, push=JobKind(bug, on_park=lambda u, job, trouble, error: told.append((job.ref, trouble))))
    ask(db, "1")
    for _ in range(6):
        await made.run_due()
        clock.move(hours=1)
    assert told == [("1", Trouble.PROGRAM_ERROR)]


async def test_a_job_of_no_known_kind_is_parked_in_sight(db: Db, clock: Clock) -> None:
    ask(db, "1", kind="of another release")
    await runner(db, clock).run_due()
    assert counts(db) == {"parked": 1}


async def test_a_job_that_wants_to_run_again_does_at_its_time(db: Db, clock: Clock) -> None:
    ran: list[int] = []

    async def twice(job: Job) -> Again | None:
        ran.append(job.attempt)
        return Again(clock.at + timedelta(seconds=10)) if len(ran) == 1 else None

    made = runner(db, clock, push=JobKind(twice))
    ask(db, "1")
    await made.run_due()
    assert len(ran) == 1
    clock.move(seconds=10)
    await made.run_due()
    assert ran == [1, 1], "running again is no failed attempt"
    assert counts(db) == {"done": 1}


async def test_a_stop_gives_back_what_is_under_way_and_counts_no_attempt(db: Db, clock: Clock) -> None:
    begun = asyncio.Event()

    async def long(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    made = runner(db, clock, push=JobKind(long))
    ask(db, "1", "2")
    working = asyncio.create_task(made.run_forever())
    await begun.wait()
    await made.stop(grace=0)
    await working
    assert counts(db) == {"ready": 2}
    jobs = db.run_sync(lambda u: u.jobs.claim(9, timedelta(seconds=60), {}, {}))
    assert [job.attempt for job in jobs] == [1, 1]


async def test_an_outage_is_tried_ever_more_rarely_and_ends_in_sight(db: Db, clock: Clock) -> None:
    tries: list[float] = []
    start = clock.at

    async def down(job: Job) -> None:
        tries.append((clock.at - start).total_seconds())
        raise Unreachable("down")

    made = runner(db, clock, push=JobKind(down))
    ask(db, "1")
    for _ in range(400):
        await made.run_due()
        clock.move(seconds=30)
    assert counts(db) == {"parked": 1}
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) == 12
    assert gaps[-1] > 10 * gaps[0]
