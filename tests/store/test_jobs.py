"""Durable work: asked for once, claimed by one, taken over after a death, never recorded by the late one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.jobs import Job
from bot.store.db import Db, Unit
from tests.store.conftest import Clock

LEASE = timedelta(seconds=60)
SHOP = "7495"


def ask(db: Db, ref: str = "1", kind: str = "push", **fields: Any) -> None:
    db.run_sync(lambda u: u.jobs.add(kind, ref, owner=fields.pop("owner", SHOP), **fields))


def claim(
    db: Db, limit: int = 100, caps: dict[str, int] | None = None, gaps: dict[str, float] | None = None
) -> list[Job]:
    return db.run_sync(lambda u: u.jobs.claim(limit, LEASE, caps or {"push": 1000}, gaps or {}))


def counts(db: Db) -> dict[str, int]:
    return db.read_sync(lambda u: u.jobs.counts())


def test_a_burst_of_requests_is_one_job_with_the_newest_payload(db: Db) -> None:
    for number in range(20):
        ask(db, payload={"n": number})
    (job,) = claim(db)
    assert (job.payload, job.attempt, job.rev) == ({"n": 19}, 1, 20)
    assert claim(db) == []


def test_what_is_asked_for_during_the_run_runs_again_afterwards(db: Db) -> None:
    ask(db)
    (job,) = claim(db)
    ask(db)
    assert claim(db) == [], "not beside the running one"
    assert db.run_sync(lambda u: u.jobs.finish(job))
    (again,) = claim(db)
    assert again.id == job.id
    db.run_sync(lambda u: u.jobs.finish_many([again]))
    assert claim(db) == []
    assert counts(db) == {"done": 1}


def test_a_done_job_that_is_asked_for_starts_afresh(db: Db, clock: Clock) -> None:
    ask(db)
    (job,) = claim(db)
    db.run_sync(lambda u: u.jobs.retry(job, u.now, "x"))
    (job,) = claim(db)
    assert job.attempt == 2
    db.run_sync(lambda u: u.jobs.finish(job))
    clock.move(hours=1)
    ask(db)
    (job,) = claim(db)
    assert (job.attempt, job.created_at) == (1, clock.at)


def test_a_waiting_job_becomes_due_no_later_than_asked_and_never_later(db: Db, clock: Clock) -> None:
    ask(db, hold=timedelta(seconds=30))
    assert claim(db) == []
    ask(db, hold=timedelta(seconds=50))
    clock.move(seconds=30)
    (job,) = claim(db)
    db.run_sync(lambda u: u.jobs.finish(job))
    ask(db, hold=timedelta(seconds=30))
    ask(db)
    assert len(claim(db)) == 1


def test_a_job_lives_and_dies_with_its_transaction(db: Db) -> None:
    def fails(u: Unit) -> None:
        u.jobs.add("push", "1", owner=SHOP)
        raise RuntimeError("the state it belongs to was not written")

    with pytest.raises(RuntimeError):
        db.run_sync(fails)
    assert counts(db) == {}


@pytest.mark.req("S31")
def test_two_workers_never_hold_the_same_job(db: Db, other: Db) -> None:
    for number in range(200):
        ask(db, str(number))
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda n: claim((db, other)[n % 2], 5), range(80)))
    ids = [job.id for part in parts for job in part]
    assert len(ids) == len(set(ids))
    while part := claim(db, 50):
        ids += [job.id for job in part]
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 200


def test_a_dead_worker_s_job_is_taken_over_when_its_lease_ends(db: Db, other: Db, clock: Clock) -> None:
    ask(db)
    claim(db)
    clock.move(seconds=59)
    assert claim(other) == []
    clock.move(seconds=1)
    (job,) = claim(other)
    assert job.attempt == 2


@pytest.mark.parametrize(
    "late",
    [
        lambda u, job: u.jobs.finish(job),
        lambda u, job: u.jobs.finish(job, u.now),
        lambda u, job: u.jobs.retry(job, u.now, "late"),
        lambda u, job: u.jobs.park(job, "late", None),
        lambda u, job: u.jobs.renew(job, LEASE),
        lambda u, job: bool(u.jobs.finish_many([job])),
    ],
    ids=["finish", "again", "retry", "park", "renew", "finish_many"],
)
def test_who_lost_the_lease_records_nothing(db: Db, other: Db, clock: Clock, late: Callable[[Unit, Job], bool]) -> None:
    ask(db)
    (old,) = claim(db)
    clock.move(seconds=61)
    (new,) = claim(other)
    assert db.run_sync(lambda u: late(u, old)) is False
    assert counts(db) == {"running": 1}
    assert other.run_sync(lambda u: u.jobs.finish(new))
    assert counts(db) == {"done": 1}


def test_a_renewed_lease_is_kept(db: Db, other: Db, clock: Clock) -> None:
    ask(db)
    (job,) = claim(db)
    clock.move(seconds=50)
    assert db.run_sync(lambda u: u.jobs.renew(job, LEASE))
    clock.move(seconds=50)
    assert claim(other) == []


def test_a_retry_counts_unless_it_was_not_the_job_s_fault(db: Db, clock: Clock) -> None:
    ask(db)
    (job,) = claim(db)
    db.run_sync(lambda u: u.jobs.retry(job, u.now + timedelta(seconds=5), "slow down", counts=False))
    assert claim(db) == []
    clock.move(seconds=5)
    (job,) = claim(db)
    assert job.attempt == 1
    db.run_sync(lambda u: u.jobs.retry(job, u.now, "failed"))
    assert claim(db)[0].attempt == 2


@pytest.mark.req("N16")
def test_n16_a_parked_job_is_in_sight_with_its_age_and_goes_on_when_asked(db: Db, clock: Clock) -> None:
    ask(db, "stuck")
    (job,) = claim(db)
    clock.move(minutes=5)
    db.run_sync(lambda u: u.jobs.park(job, "Shopify refused it", None))
    (parked,) = db.read_sync(lambda u: u.jobs.parked([SHOP], 10))
    assert (parked.ref, parked.error, parked.parked_at - parked.created_at) == (
        "stuck", "Shopify refused it", timedelta(minutes=5),
    )  # fmt: skip
    assert db.read_sync(lambda u: u.jobs.parked(["another"], 10)) == []
    clock.move(days=9)
    assert claim(db) == []
    ask(db, "stuck")
    assert claim(db)[0].attempt == 1


def test_a_parked_job_with_a_time_is_tried_again_by_itself(db: Db, clock: Clock) -> None:
    ask(db)
    (job,) = claim(db)
    db.run_sync(lambda u: u.jobs.park(job, "down", u.now + timedelta(hours=1)))
    assert claim(db) == []
    clock.move(hours=1)
    assert len(claim(db)) == 1


def test_a_lane_keeps_its_cap_its_pace_and_the_wait_it_was_asked_for(db: Db, clock: Clock) -> None:
    for number in range(10):
        ask(db, str(number))
        ask(db, str(number), kind="mirror")
    caps, gaps = {"push": 3, "mirror": 100}, {"mirror": 2.0}
    first = claim(db, caps=caps, gaps=gaps)
    assert sorted(job.kind for job in first).count("push") == 3
    assert claim(db, caps={"push": 3, "mirror": 0}) == [], "the cap counts what runs"
    db.run_sync(lambda u: u.jobs.finish_many([job for job in first if job.kind == "push"]))
    db.run_sync(lambda u: u.jobs.lane_wait(SHOP, "push", u.now + timedelta(seconds=30)))
    assert [job.kind for job in claim(db, caps=caps)] == []
    clock.move(seconds=30)
    assert [job.kind for job in claim(db, caps=caps)].count("push") == 3


def test_lanes_take_turns(db: Db) -> None:
    for number in range(6):
        ask(db, f"a{number}", owner="A")
        ask(db, f"b{number}", owner="B")
    owners = [claim(db, 2, {"push": 2})[0].owner for _ in range(2)]
    assert sorted(owners) == ["A", "B"]


def test_a_paused_shop_waits_in_place(db: Db) -> None:
    ask(db, owner="A")
    ask(db, "2", owner="B")
    db.run_sync(lambda u: u.jobs.pause("A"))
    assert [job.owner for job in claim(db)] == ["B"]
    db.run_sync(lambda u: u.jobs.resume("A"))
    assert [job.owner for job in claim(db)] == ["A"]


def test_a_slot_is_enqueued_once_however_many_schedulers_tick(db: Db, other: Db) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(
            threads.map(
                lambda n: (db, other)[n % 2].run_sync(lambda u: u.jobs.add_slot("poll", SHOP, SHOP, "09:00:30")),
                range(16),
            )
        )
    assert made.count(True) == 1
    assert db.run_sync(lambda u: u.jobs.add_slot("poll", SHOP, SHOP, "09:01:00"))


def test_the_queue_s_age_its_next_time_and_the_end_of_old_rows(db: Db, clock: Clock) -> None:
    assert db.read_sync(lambda u: (u.jobs.queue_age(u.now), u.jobs.next_due())) == (None, None)
    ask(db, hold=timedelta(seconds=10))
    assert db.read_sync(lambda u: (u.jobs.queue_age(u.now), u.jobs.next_due())) == (
        None,
        clock.at + timedelta(seconds=10),
    )
    clock.move(seconds=25)
    assert db.read_sync(lambda u: u.jobs.queue_age(u.now)) == timedelta(seconds=15)
    assert db.read_sync(lambda u: u.jobs.is_waiting(SHOP, "push"))
    (job,) = claim(db)
    db.run_sync(lambda u: u.jobs.finish(job))
    assert not db.read_sync(lambda u: u.jobs.is_waiting(SHOP, "push"))
    assert db.run_sync(lambda u: u.jobs.prune(clock.at)) == 0
    clock.move(days=1)
    assert db.run_sync(lambda u: u.jobs.prune(clock.at)) == 1
