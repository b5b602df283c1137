"""Durable work: rows, lanes, leases. Uniqueness is an index; an ended lease simply makes a job due again."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, exists, func, or_, select, update

from bot.domain.jobs import Job, ParkedJob
from bot.store.dialect import insert, insert_new
from bot.store.shops import table_of
from bot.store.tables import JobRow, LaneRow
from bot.store.types import UtcTime

JOBS, LANES = table_of(JobRow), table_of(LaneRow)
LANES_A_CLAIM = 20
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# The statements that every job costs, built once.
_LANE = select(LANES.c.id).where(LANES.c.owner == bindparam("owner"), LANES.c.kind == bindparam("kind"))
_LANES_DUE = (
    select(LANES)
    .where(
        LANES.c.paused.is_(False),
        LANES.c.next_at <= bindparam("now"),
        exists().where(JOBS.c.lane_id == LANES.c.id, JOBS.c.due_at <= bindparam("now")),
    )
    .order_by(LANES.c.next_at, LANES.c.id)
    .limit(LANES_A_CLAIM)
    .with_for_update(skip_locked=True)
)
_RUNNING = (
    select(func.count())
    .select_from(JOBS)
    .where(JOBS.c.lane_id == bindparam("lane"), JOBS.c.lease.isnot(None), JOBS.c.due_at > bindparam("now"))
)
_DUE = (
    select(JOBS)
    .where(JOBS.c.lane_id == bindparam("lane"), JOBS.c.due_at <= bindparam("now"))
    .order_by(JOBS.c.due_at, JOBS.c.id)
    .limit(bindparam("room"))
    .with_for_update(skip_locked=True)
)
_LEASED = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"))
    .values(lease=bindparam("mark"), due_at=bindparam("until"), attempt=JOBS.c.attempt + 1)
)
_SERVED = update(LANES).where(LANES.c.id == bindparam("lane")).values(next_at=bindparam("at"))
_MOVED = JOBS.c.rev > bindparam("seen")
_DONE = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("job"), JOBS.c.lease == bindparam("mark"))
    .values(
        lease=None,
        attempt=0,
        error=None,
        due_at=case((_MOVED, bindparam("now", type_=UtcTime)), else_=None),
        state=case((_MOVED, "ready"), else_="done"),
        done_at=bindparam("now", type_=UtcTime),
    )
)


@cache
def _asked_for(dialect: str) -> Any:
    """A new job's row; a waiting one becomes due no later than asked, an idle one starts afresh."""
    statement = insert(dialect, JOBS)
    fresh = statement.excluded
    idle = and_(JOBS.c.lease.is_(None), or_(JOBS.c.due_at.is_(None), JOBS.c.state == "parked"))
    sooner = and_(JOBS.c.lease.is_(None), JOBS.c.due_at > fresh.due_at)
    changes = {
        "rev": JOBS.c.rev + 1,
        "due_at": case((or_(idle, sooner), fresh.due_at), else_=JOBS.c.due_at),
        "attempt": case((idle, 0), else_=JOBS.c.attempt),
        "created_at": case((idle, fresh.created_at), else_=JOBS.c.created_at),
        "state": case((idle, "ready"), else_=JOBS.c.state),
        "payload": fresh.payload,
    }
    return statement.on_conflict_do_update(index_elements=["once"], set_=changes)


class Jobs:
    """`add` belongs in the unit that makes the job necessary; `claim` and `finish` are the runner's."""

    def __init__(self, connection: Connection, now: datetime, wake: Callable[[], None]) -> None:
        self._connection, self._now, self._wake = connection, now, wake

    # --- asking for work ---------------------------------------------------------------------------------------------

    def add(
        self,
        kind: str,
        ref: str,
        *,
        owner: str = "",
        once: str | None = None,
        due: datetime | None = None,
        hold: timedelta = timedelta(0),
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask for this work. One row per `once` (default kind:ref): a burst of requests is one job.

        A waiting job becomes due no later than asked; a running one runs again afterwards; a done or parked one starts
        afresh.
        """
        at = due or self._now + hold
        row = self._row(kind, ref, owner, once or f"{kind}:{ref}", at, payload)
        self._connection.execute(_asked_for(self._connection.dialect.name), row)
        self._wake()

    def add_many(self, kind: str, refs: Sequence[str], *, owner: str) -> None:
        """`add` for many refs of one owner, due now."""
        if refs:
            lane = self._row(kind, refs[0], owner, "", self._now, None)
            rows = [lane | {"ref": ref, "once": f"{kind}:{ref}"} for ref in refs]
            self._connection.execute(_asked_for(self._connection.dialect.name), rows)
            self._wake()

    def add_slot(self, kind: str, ref: str, owner: str, slot: str) -> bool:
        """The scheduler's request: once per slot, on however many processes. True when this call made it."""
        made = insert_new(self._connection, JOBS, self._row(kind, ref, owner, f"{kind}:{ref}:{slot}", self._now, None))
        if made:
            self._wake()
        return made

    def _row(
        self, kind: str, ref: str, owner: str, once: str, due: datetime, payload: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        return {
            "once": once,
            "lane_id": self._lane(owner, kind),
            "owner": owner,
            "kind": kind,
            "ref": ref,
            "payload": dict(payload or {}),
            "state": "ready",
            "rev": 1,
            "due_at": due,
            "attempt": 0,
            "created_at": self._now,
        }

    def _lane(self, owner: str, kind: str) -> int:
        asked = {"owner": owner, "kind": kind}
        found = self._connection.execute(_LANE, asked).scalar()
        if found is None:
            insert_new(self._connection, LANES, {**asked, "paused": False, "next_at": _LONG_AGO})
            found = self._connection.execute(_LANE, asked).scalar()
        assert found is not None
        return int(found)

    # --- doing work --------------------------------------------------------------------------------------------------

    def claim(
        self, limit: int, lease: timedelta, caps: Mapping[str, int], gaps: Mapping[str, float], default_cap: int = 4
    ) -> list[Job]:
        """Up to `limit` due jobs, leased to the caller. Lanes give pace, cap and pause; their rows are locked.

        A job's due time is moved to the lease's end, so that a dead worker's jobs become due by themselves.
        """
        claimed: list[Job] = []
        for lane in list(self._connection.execute(_LANES_DUE, {"now": self._now}).mappings()):
            room = min(limit - len(claimed), caps.get(lane["kind"], default_cap) - self._running(lane["id"]))
            taken = self._take(lane["id"], room, lease) if room > 0 else []
            claimed += taken
            self._move_lane(lane, gaps.get(lane["kind"], 0.0) * len(taken))
            if len(claimed) >= limit:
                break
        return claimed

    def _running(self, lane_id: int) -> int:
        return int(self._connection.execute(_RUNNING, {"lane": lane_id, "now": self._now}).scalar() or 0)

    def _take(self, lane_id: int, room: int, lease: timedelta) -> list[Job]:
        due = {"lane": lane_id, "now": self._now, "room": room}
        rows = list(self._connection.execute(_DUE, due).mappings())
        if not rows:
            return []
        mark = secrets.token_hex(8)
        leased = [{"job": row["id"], "mark": mark, "until": self._now + lease} for row in rows]
        self._connection.execute(_LEASED, leased)
        return [_job(row, mark) for row in rows]

    def _move_lane(self, lane: Any, gap: float) -> None:
        """Keep the pace (GCRA), and let lanes take turns: the one served now goes behind the others."""
        at = max(lane["next_at"] + timedelta(seconds=gap), self._now) if gap else self._now
        self._connection.execute(_SERVED, {"lane": lane["id"], "at": at})

    def finish(self, job: Job, again: datetime | None = None) -> bool:
        """Done (or to run again at `again`). False when the lease is no longer ours: the result is not recorded."""
        if again is None:
            return self._changed(_DONE, {"job": job.id, "mark": job.lease, "seen": job.rev, "now": self._now})
        change = self._mine(job).values(
            lease=None, attempt=0, error=None, due_at=again, state="ready", done_at=self._now
        )
        return self._changed(change)

    def _changed(self, change: Any, row: dict[str, Any] | None = None) -> bool:
        return self._connection.execute(change, row).rowcount == 1

    def finish_many(self, jobs: Sequence[Job]) -> None:
        """`finish` for several done jobs in one statement."""
        if jobs:
            done = [{"job": job.id, "mark": job.lease, "seen": job.rev, "now": self._now} for job in jobs]
            self._connection.execute(_DONE, done)

    def retry(self, job: Job, due: datetime, error: str, *, counts: bool = True) -> bool:
        """Try again at `due`. `counts` False: the attempt was not the job's fault (rate limit, clean stop)."""
        attempt = job.attempt if counts else job.attempt - 1
        change = self._mine(job).values(lease=None, due_at=due, state="ready", error=error, attempt=attempt)
        return self._changed(change)

    def park(self, job: Job, error: str, due: datetime | None) -> bool:
        """Visible until a person decides; with `due` it is also tried again by itself."""
        change = self._mine(job).values(lease=None, due_at=due, state="parked", error=error, done_at=self._now)
        return self._changed(change)

    def renew(self, job: Job, lease: timedelta) -> bool:
        """A long step keeps its lease. False: it is lost."""
        return self._changed(self._mine(job).values(due_at=self._now + lease))

    def _mine(self, job: Job) -> Any:
        return update(JOBS).where(JOBS.c.id == job.id, JOBS.c.lease == job.lease)

    # --- lanes -------------------------------------------------------------------------------------------------------

    def lane_wait(self, owner: str, kind: str, until: datetime) -> None:
        """The other side asked this lane to wait."""
        lane = update(LANES).where(LANES.c.owner == owner, LANES.c.kind == kind, LANES.c.next_at < until)
        self._connection.execute(lane.values(next_at=until))

    def pause(self, owner: str) -> None:
        """No job of this owner starts until `resume`; rows wait in place."""
        self._connection.execute(update(LANES).where(LANES.c.owner == owner).values(paused=True))

    def resume(self, owner: str) -> None:
        self._connection.execute(update(LANES).where(LANES.c.owner == owner).values(paused=False))
        self._wake()

    # --- looking on --------------------------------------------------------------------------------------------------

    def parked(self, owners: Iterable[str] | None, limit: int) -> list[ParkedJob]:
        """Parked jobs, the oldest first."""
        query = select(JOBS).where(JOBS.c.state == "parked").order_by(JOBS.c.created_at).limit(limit)
        if owners is not None:
            query = query.where(JOBS.c.owner.in_(list(owners)))
        return [_parked(row) for row in self._connection.execute(query).mappings()]

    def queue_age(self, now: datetime) -> timedelta | None:
        """How long the oldest due and unclaimed job has waited; None when there is none."""
        free = or_(JOBS.c.lease.is_(None), JOBS.c.due_at <= now)
        query = select(func.min(JOBS.c.due_at)).join(LANES, LANES.c.id == JOBS.c.lane_id)
        query = query.where(JOBS.c.due_at <= now, LANES.c.paused.is_(False), free)
        oldest = self._connection.execute(query).scalar()
        return None if oldest is None else now - oldest

    def is_waiting(self, owner: str, kind: str) -> bool:
        """Is a job of this lane due, running or planned?"""
        query = select(JOBS.c.id).join(LANES, LANES.c.id == JOBS.c.lane_id)
        query = query.where(LANES.c.owner == owner, LANES.c.kind == kind, JOBS.c.due_at.isnot(None)).limit(1)
        return self._connection.execute(query).first() is not None

    def next_due(self) -> datetime | None:
        """When the next unpaused job is due."""
        query = select(func.min(JOBS.c.due_at)).join(LANES, LANES.c.id == JOBS.c.lane_id)
        return self._connection.execute(query.where(LANES.c.paused.is_(False))).scalar()

    def counts(self) -> dict[str, int]:
        """Jobs by state: ready, running, done, parked."""
        state = case((JOBS.c.lease.isnot(None), "running"), else_=JOBS.c.state)
        query = select(state, func.count()).group_by(state)
        return {name: int(count) for name, count in self._connection.execute(query)}

    def prune(self, done_before: datetime) -> int:
        query = delete(JOBS).where(JOBS.c.state == "done", JOBS.c.due_at.is_(None), JOBS.c.done_at < done_before)
        return self._connection.execute(query).rowcount


def _job(row: Any, lease: str) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        ref=row["ref"],
        owner=row["owner"],
        payload=row["payload"],
        attempt=row["attempt"] + 1,
        rev=row["rev"],
        lease=lease,
        created_at=row["created_at"],
    )


def _parked(row: Any) -> ParkedJob:
    return ParkedJob(
        id=row["id"],
        kind=row["kind"],
        ref=row["ref"],
        owner=row["owner"],
        attempt=row["attempt"],
        error=row["error"] or "",
        created_at=row["created_at"],
        parked_at=row["done_at"],
    )
