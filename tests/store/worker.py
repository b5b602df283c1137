"""A worker process for the crash tests: two-step jobs, each with a call outside and a row inside. Killed at will.

    python -m tests.store.worker DATABASE_URL CALLS_FILE

Waits for the first job, and ends by itself when none is left.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from bot.app import trouble_of
from bot.domain.jobs import Job, JobKind
from bot.domain.ledger import Act, Entry
from bot.domain.values import LINKBOT, ListingId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync.runner import Runner
from bot.times import utc_now
from tests.conftest import TEST_KEY

TEAM = WorkspaceId("T1")
LEASE = timedelta(seconds=1)


def effect(u: Unit, job: Job, step: int) -> None:
    """The step's row, unless it stands: the look that every job has before its act."""
    done = u.settings.get(TEAM, f"step:{job.ref}", 0)
    if done >= step:
        return
    u.settings.put(TEAM, f"step:{job.ref}", step)
    u.ledger.add(Entry(u.now, TEAM, Act.PUSHED, LINKBOT, listing_id=ListingId(job.ref), facts={"step": str(step)}))


async def work(url: str, calls: Path) -> None:
    db = Db(url, keys=[TEST_KEY])

    async def run(job: Job) -> None:
        for step in (1, 2):
            if await db.read(lambda u, s=step: u.settings.get(TEAM, f"step:{job.ref}", 0) >= s):
                continue
            with calls.open("a") as file:
                file.write(f"{job.ref} {step} {os.getpid()}\n")
            await asyncio.sleep(0.005)
            await db.run(lambda u, s=step: effect(u, job, s))

    runner = Runner(db, {"two": JobKind(run, cap=40)}, trouble_of=trouble_of, now=utc_now, lease=LEASE, in_flight=20)
    working = asyncio.create_task(runner.run_forever())
    while await db.read(lambda u: set(u.jobs.counts()) != {"done"}):  # noqa: ASYNC110 - other processes add and end jobs
        await asyncio.sleep(0.05)
    await runner.stop()
    await working
    await db.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
