"""Jobs per second of the real runner: a job of two steps, each a 5 ms call outside and one row in a transaction.

    python bench/jobs.py [--jobs 10000]

Floors: 1,000 jobs/s on SQLite, 800 on Postgres; one worker, 50 jobs at once, every request its own transaction.
"""

import argparse
import asyncio
import time
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet

from bench._tools import database, finish
from bot.app import trouble_of
from bot.domain.jobs import Job, JobKind
from bot.domain.values import WorkspaceId
from bot.store.db import Db
from bot.sync.runner import Runner
from bot.times import utc_now

FLOORS = {"sqlite": 1000, "postgres": 800}
CALL = 0.005  # seconds: an API call
TOGETHER = 20  # requests at once
IN_FLIGHT = 50
OWNER = WorkspaceId("T0001")


async def measure(url: str, jobs: int) -> dict[str, Any]:
    db = Db(url, keys=[Fernet.generate_key().decode()])
    await asyncio.to_thread(db.upgrade)

    async def run(job: Job) -> None:
        for step in (1, 2):
            await asyncio.sleep(CALL)
            await db.run(lambda u, step=step: u.settings.put(OWNER, job.ref, step))

    kinds = {"push": JobKind(run, cap=IN_FLIGHT)}
    runner = Runner(db, kinds, trouble_of=trouble_of, now=utc_now, lease=timedelta(seconds=60), in_flight=IN_FLIGHT)
    began = time.perf_counter()
    await _ask(db, jobs)
    asked = time.perf_counter()
    working = asyncio.create_task(runner.run_forever())
    while runner.jobs_run < jobs:  # noqa: ASYNC110 - the runner tells nobody
        await asyncio.sleep(0.01)
    ended = time.perf_counter()
    await runner.stop()
    await working
    done = await db.read(lambda u: u.jobs.counts())
    rows = await db.read(lambda u: sum(u.settings.get(OWNER, str(n)) == 2 for n in range(jobs)))
    await db.close()
    if done != {"done": jobs} or rows != jobs:
        raise AssertionError(f"{done} jobs and {rows} rows of {jobs}")
    return {"jobs_per_second": round(jobs / (ended - asked)), "requests_per_second": round(jobs / (asked - began))}


async def _ask(db: Db, jobs: int) -> None:
    waiting = iter(range(jobs))

    async def ask() -> None:
        for number in waiting:
            await db.run(lambda u, n=number: u.jobs.add("push", str(n), owner=OWNER))

    await asyncio.gather(*(ask() for _ in range(TOGETHER)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    jobs = parser.parse_args().jobs
    figures: dict[str, Any] = {"jobs": jobs, "floors": FLOORS}
    missed = []
    for kind, floor in FLOORS.items():
        with database(kind) as url:
            if url is None:
                figures[kind] = "skipped: no Postgres"
                continue
            figures[kind] = asyncio.run(measure(url, jobs))
        if figures[kind]["jobs_per_second"] < floor:
            missed.append(f"{kind}: {figures[kind]['jobs_per_second']} of {floor} jobs/s")
    finish("jobs", figures, missed)


if __name__ == "__main__":
    main()
