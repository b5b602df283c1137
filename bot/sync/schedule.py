"""Periodic work: a table, and a clock that only enqueues, with the time slot as the unique key."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.domain.jobs import Job
from bot.store.db import Db, Unit
from bot.sync import ignoring

log = logging.getLogger("linkbot.schedule")


@dataclass(frozen=True)
class Periodic:
    """`kind` for each owner, every so often."""

    kind: str
    every: timedelta
    owners: Callable[[Unit], list[str]]


def shops(u: Unit) -> list[str]:
    return [shop.id for shop in u.shops.all_live()]


def stores(u: Unit) -> list[str]:
    return [store.id for store in u.stores.all_live()]


def workspaces(u: Unit) -> list[str]:
    return list(u.settings.workspaces())


def everyone(_: Unit) -> list[str]:
    return ["all"]


def rows(poll: timedelta) -> list[Periodic]:
    """All periodic work. `poll`: LINKBOT_POLL_SECONDS, the net under lost webhooks."""
    return [
        Periodic("poll_orders", poll, shops),
        Periodic("poll_products", poll, shops),
        Periodic("poll_store", poll, stores),
        Periodic("poll_stock", poll, stores),
        Periodic("recheck", timedelta(minutes=10), shops),
        Periodic("ignored", timedelta(minutes=1), ignoring.holders),
        Periodic("check_shop", timedelta(days=1), shops),
        Periodic("check_store", timedelta(days=1), stores),
        Periodic("prune", timedelta(days=1), everyone),
        Periodic("health", timedelta(days=1), workspaces),
    ]


class Scheduler:
    """Every process may run one: the slot's key makes each piece of work happen once."""

    def __init__(self, db: Db, table: Sequence[Periodic], now: Callable[[], datetime]) -> None:
        self._db, self._table, self._now = db, table, now
        self._ticker = AsyncIOScheduler(timezone="UTC")
        self._last: dict[str, str] = {}
        self._lock = asyncio.Lock()

    def start(self) -> None:
        """Tick once a second from now on."""
        every = {"trigger": "interval", "seconds": 1, "max_instances": 1, "coalesce": True, "misfire_grace_time": 30}
        self._ticker.add_job(self._tick_safely, **every)
        self._ticker.start()

    async def stop(self) -> None:
        if self._ticker.running:
            self._ticker.shutdown(wait=False)

    async def _tick_safely(self) -> None:
        try:
            await self.tick()
        except Exception:
            log.exception("could not enqueue periodic work; the next tick tries again")

    async def tick(self) -> int:
        """Enqueue what this moment's slots ask for and no process has enqueued yet. How many jobs."""
        async with self._lock:
            due = [(row, self._slot(row)) for row in self._table]
            due = [(row, slot) for row, slot in due if self._last.get(row.kind) != slot]
            if not due:
                return 0
            made = await self._db.run(lambda u: sum(self._enqueue(u, row, slot) for row, slot in due))
            self._last |= {row.kind: slot for row, slot in due}
            return made

    def _slot(self, row: Periodic) -> str:
        return str(int(self._now().timestamp() // row.every.total_seconds()))

    def _enqueue(self, u: Unit, row: Periodic, slot: str) -> int:
        """A slot's job is not added while one of an earlier slot still waits: polls do not pile up."""
        made = 0
        for owner in row.owners(u):
            if not u.jobs.is_waiting(owner, row.kind):
                made += u.jobs.add_slot(row.kind, owner, owner, slot)
        return made


async def prune(_: Job, *, db: Db) -> None:
    """Finished jobs and bulk runs after 30 days, remembered events after 14."""

    def clean(u: Unit) -> None:
        u.jobs.prune(u.now - timedelta(days=30))
        u.bulk.prune(u.now - timedelta(days=30))
        u.inbox.prune(u.now - timedelta(days=14))

    await db.run(clean)
