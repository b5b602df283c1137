"""Claim → run → finish, retry or park: the one loop behind all durable work."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.errors import ApiError
from bot.domain.jobs import Again, Job, JobKind
from bot.domain.retries import Park, RetryAt, Trouble, decide_retry, retry_parked
from bot.store.db import Db, Unit

log = logging.getLogger("linkbot.jobs")
TroubleOf = Callable[[BaseException], tuple[Trouble, timedelta | None]]
_IDLE = 0.5
"""Seconds between looks when nothing woke us: other hosts add jobs too."""
_CROWD, _GATHER = 16, 0.002
"""With so many running, the others that end within this time (seconds) are recorded by the same transaction."""


@dataclass(frozen=True)
class _Result:
    """What came of one run; recorded in one transaction with what follows from it."""

    job: Job
    again: datetime | None = None
    retry: RetryAt | None = None
    park: Park | None = None
    trouble: Trouble | None = None
    after: timedelta | None = None
    error: str = ""
    given_back: bool = False

    @property
    def is_done(self) -> bool:
        return not (self.again or self.retry or self.park or self.given_back)


def _result_of(task: "asyncio.Task[_Result]", job: Job) -> _Result:
    """A task that was cancelled before its first step has none of its own."""
    return _Result(job, given_back=True) if task.cancelled() else task.result()


def _wake(loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(awake.set)


class Runner:
    """Runs due jobs, `in_flight` at once. Any number of runners may share a database; leases and fences keep order."""

    def __init__(
        self,
        db: Db,
        kinds: Mapping[str, JobKind],
        *,
        trouble_of: TroubleOf,
        now: Callable[[], datetime],
        lease: timedelta,
        in_flight: int = 50,
        seed: int | None = None,
    ) -> None:
        self._db, self._kinds, self._trouble_of = db, kinds, trouble_of
        self._now, self._lease, self._in_flight = now, lease, in_flight
        self._caps = {name: kind.cap for name, kind in kinds.items()}
        self._gaps = {name: kind.gap for name, kind in kinds.items()}
        self._dice = random.Random(seed)
        self._running: dict[asyncio.Task[_Result], Job] = {}
        self._stopping = False
        self._exchanging = asyncio.Lock()
        self._awake = asyncio.Event()
        self.jobs_run = 0

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def run_forever(self) -> None:
        """Until `stop`. Trouble with the database itself is waited out."""
        loop = asyncio.get_running_loop()
        self._db.on_jobs = lambda: _wake(loop, self._awake)
        renewing = asyncio.create_task(self._renew_leases())
        try:
            while not self._stopping:
                try:
                    await self._turn()
                except Exception:
                    log.exception("a turn of the job loop failed; the next one follows")
                    await asyncio.sleep(_IDLE)
        finally:
            renewing.cancel()

    async def _turn(self) -> None:
        if await self._exchange() and self._room > 0:
            await asyncio.sleep(0)  # more may be due: look again at once
            return
        woken = asyncio.create_task(self._awake.wait())
        waiting = [*self._running] if self._room <= 0 else [woken, *self._running]
        await asyncio.wait(waiting, timeout=_IDLE, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        self._awake.clear()
        if len(self._running) >= _CROWD:
            await asyncio.sleep(_GATHER)

    @property
    def _room(self) -> int:
        return self._in_flight - len(self._running)

    async def _exchange(self) -> int:
        """One transaction: what ended is recorded, and what is due is claimed in its place. How many started."""
        async with self._exchanging:  # `stop` and the loop may both be at it
            ended = [task for task in self._running if task.done()]
            room = self._room + len(ended) if not self._stopping else 0
            if not ended and room <= 0:
                return 0
            results = [_result_of(task, self._running[task]) for task in ended]
            jobs = await self._carry_over(results, room)
            for task in ended:
                del self._running[task]
            self.jobs_run += len(ended)
            for job in jobs:
                self._running[asyncio.create_task(self._run(job))] = job
            return len(jobs)

    async def _carry_over(self, results: list[_Result], room: int) -> list[Job]:
        def both(u: Unit) -> list[Job]:
            self._record(u, results)
            return u.jobs.claim(room, self._lease, self._caps, self._gaps) if room > 0 else []

        try:
            return await self._db.run(both)
        except Exception:
            if not results:
                raise
            log.exception("the results of %s jobs could not be recorded together", len(results))
        for result in results:
            await self._record_alone(result)
        return []

    async def _record_alone(self, result: _Result) -> None:
        """Nothing that one job brings along may keep the others from being recorded."""
        try:
            await self._db.run(lambda u: self._record(u, [result]))
        except Exception:
            log.exception("what follows from job %s %s failed; it is parked", result.job.kind, result.job.ref)
            await self._db.run(lambda u: u.jobs.park(result.job, "what follows from it failed", None))

    async def stop(self, grace: float = 5.0) -> None:
        """No new jobs; running ones get `grace` seconds, then their leases are given back."""
        self._stopping = True
        self._awake.set()
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            await self._exchange()

    async def run_due(self) -> int:
        """Run until nothing is due without the clock moving. How many jobs ran."""
        before = self.jobs_run
        while await self._exchange() or self._running:
            if self._running:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return self.jobs_run - before

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            jobs = list(self._running.values())
            try:
                await self._db.run(lambda u, jobs=jobs: [u.jobs.renew(job, self._lease) for job in jobs])
            except Exception:
                log.exception("leases could not be renewed; the next try follows")

    # --- one job -----------------------------------------------------------------------------------------------------

    async def _run(self, job: Job) -> _Result:
        kind = self._kinds.get(job.kind)
        if kind is None:
            return _Result(job, park=Park(Trouble.PROGRAM_ERROR), trouble=Trouble.PROGRAM_ERROR,
                           error=f"nothing runs jobs of kind {job.kind}")  # fmt: skip
        try:
            outcome = await kind.run(job)
        except asyncio.CancelledError:
            return _Result(job, given_back=True)
        except Exception as error:
            return self._failed(job, error)
        return _Result(job, again=outcome.at if isinstance(outcome, Again) else None)

    def _failed(self, job: Job, error: Exception) -> _Result:
        trouble, after = self._trouble_of(error)
        told = f"{type(error).__name__}: {error}" if isinstance(error, ApiError) else type(error).__name__
        if trouble is Trouble.PROGRAM_ERROR:
            log.error("job %s %s failed", job.kind, job.ref, exc_info=error)
        else:
            log.info("job %s %s: %s", job.kind, job.ref, told)
        decision = decide_retry(trouble, job.attempt, self._now(), self._dice.random(), after)
        if isinstance(decision, RetryAt):
            return _Result(job, retry=decision, trouble=trouble, after=after, error=told)
        return _Result(job, park=decision, trouble=trouble, error=told)

    def _record(self, u: Unit, results: list[_Result]) -> None:
        u.jobs.finish_many([result.job for result in results if result.is_done])
        for result in results:
            job = result.job
            if result.given_back:
                u.jobs.retry(job, u.now, "", counts=False)
            elif result.again is not None:
                u.jobs.finish(job, result.again)
            elif result.retry is not None:
                u.jobs.retry(job, result.retry.at, result.error)
                if result.trouble is Trouble.RATE_LIMITED:
                    u.jobs.lane_wait(job.owner, job.kind, u.now + (result.after or timedelta(seconds=1)))
            elif result.park is not None:
                self._park(u, result)

    def _park(self, u: Unit, result: _Result) -> None:
        job, kind = result.job, self._kinds.get(result.job.kind)
        keeps = kind is not None and kind.keeps_trying
        is_ours = u.jobs.park(job, result.error, u.now + retry_parked(job.attempt) if keeps else None)
        log.warning("job %s %s is parked: %s", job.kind, job.ref, result.error)
        if is_ours and kind is not None and kind.on_park is not None and result.park is not None:
            kind.on_park(u, job, result.park.trouble, result.error)
