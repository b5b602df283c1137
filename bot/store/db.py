"""Engines, units and migrations: the few differences between SQLite and Postgres live here."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from bot.store.bulk import Bulk
from bot.store.catalogue import Listings
from bot.store.census import Census
from bot.store.errors import DatabaseUnreachable, Taken
from bot.store.grouping import GroupQueue, Outcome
from bot.store.incidents import Incidents
from bot.store.jobs import Jobs
from bot.store.ledger import Ledger
from bot.store.links import Links, Pushes
from bot.store.orders import Orders
from bot.store.settings import Inbox, Posts, Settings
from bot.store.shops import Shops, Stores
from bot.store.tokens import Consents, Tokens

log = logging.getLogger("linkbot.store")
T = TypeVar("T")
_TRIES = 5
_WRITERS = "linkbot-write"
_PREPARE_AFTER = 3
_PREPARED_WRONG = ("42P05", "26000", "0A000")  # stands already, is not known, cached plan out of date

__all__ = ["DatabaseUnreachable", "Db", "Taken", "Unit"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Unit:
    """One transaction with its repositories. `now` is the moment it began (UTC)."""

    def __init__(self, connection: Connection, now: datetime, fernet: MultiFernet | None) -> None:
        self.connection, self.now = connection, now
        self._fernet = fernet
        self.woken = False  # a job became due: workers are woken after the commit

    @cached_property
    def shops(self) -> Shops:
        return Shops(self.connection)

    @cached_property
    def stores(self) -> Stores:
        return Stores(self.connection)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.connection, self.now, self._fernet)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.connection, self.now)

    @cached_property
    def catalogue(self) -> Listings:
        return Listings(self.connection, self.now)

    @cached_property
    def links(self) -> Links:
        return Links(self.connection)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.connection)

    @cached_property
    def census(self) -> Census:
        return Census(self.connection)

    @cached_property
    def pushes(self) -> Pushes:
        return Pushes(self.connection)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.connection)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.connection, self.now, self._wake)

    @cached_property
    def incidents(self) -> Incidents:
        return Incidents(self.connection, self.now)

    @cached_property
    def posts(self) -> Posts:
        return Posts(self.connection, self.now)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.connection, self.now)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.connection)

    @cached_property
    def bulk(self) -> Bulk:
        return Bulk(self.connection, self.now)

    def _wake(self) -> None:
        self.woken = True


class Db:
    """`run` is one write transaction, `read` one reading; both take a plain function and return plain values.

    SQLite: one writer connection in one thread (BEGIN IMMEDIATE), readers beside it (WAL); what waits for the writer
    is committed together. Postgres: a pool and eight threads. `keys`: Fernet keys, newest first. `on_jobs` is called
    after a commit that made a job due, in its thread.
    """

    def __init__(
        self,
        url: str,
        *,
        keys: Sequence[str] = (),
        now: Callable[[], datetime] = _utc_now,
        sqlite_full: bool = True,
    ) -> None:
        self._url = _parsed(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._now = now
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None
        self.on_jobs: Callable[[], None] | None = None
        if self.is_sqlite:
            self._writer, self._reader = _sqlite_engines(self._url, sqlite_full)
            writers, readers = 1, 4
        else:
            self._writer = self._reader = _postgres_engine(self._url)
            self._prepares = True
            event.listen(self._writer, "do_connect", self._on_connect)
            writers, readers = 8, 8
        self._write_threads = ThreadPoolExecutor(writers, thread_name_prefix=_WRITERS)
        self._read_threads = ThreadPoolExecutor(readers, thread_name_prefix="linkbot-read")
        self._kept, self._all_kept = threading.local(), list[Connection]()
        self._queue = GroupQueue(self._write_threads, self._run_group) if self.is_sqlite else None

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """One write transaction, committed at the end of `fn`, rolled back when it raises. May run `fn` again."""
        if self._queue is not None:
            return await self._queue.ask(fn)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._write_threads, self.run_sync, fn)

    async def read(self, fn: Callable[[Unit], T]) -> T:
        """One reading transaction."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, self.read_sync, fn)

    def run_sync(self, fn: Callable[[Unit], T]) -> T:
        """As `run`, in this thread. Raises Taken for a unique row that stands already."""
        attempt = 1
        while True:
            ran = False
            try:
                with self._writing() as connection:
                    unit = self._unit(connection)
                    result = fn(unit)
                    ran = True
            except DBAPIError as error:
                # a commit whose answer is lost may stand: only what never came so far may run again
                lost = error.connection_invalidated and not ran
                if attempt == _TRIES or not (lost or _is_collision(error) or self._stops_preparing(error)):
                    raise _told(error) from None
                attempt += 1
                continue
            self._committed(woken=unit.woken)
            return result

    def read_sync(self, fn: Callable[[Unit], T]) -> T:
        """As `read`, in this thread."""
        attempt = 1
        while True:
            try:
                with self._reader.connect() as connection, connection.begin():
                    return fn(self._unit(connection))
            except DBAPIError as error:
                if attempt == _TRIES or not (error.connection_invalidated or self._stops_preparing(error)):
                    raise
                attempt += 1

    def _run_group(self, fns: Sequence[Callable[[Unit], Any]]) -> list[Outcome]:
        """SQLite: all of them with one commit, each in a savepoint of its own, so that one's failure is its own."""
        outcomes: list[Outcome] = []
        woken = False
        with self._writer.begin() as connection:
            raw: Any = connection.connection.driver_connection
            for fn in fns:
                raw.execute("SAVEPOINT unit")
                unit = self._unit(connection)
                try:
                    outcomes.append((fn(unit), None))
                    woken = woken or unit.woken
                except Exception as error:
                    raw.execute("ROLLBACK TO unit")
                    outcomes.append((None, _told(error)))
                raw.execute("RELEASE unit")
        self._committed(woken=woken)
        return outcomes

    def _committed(self, *, woken: bool) -> None:
        """Nothing that goes wrong here may look like a unit that failed: it would be run again."""
        if woken and self.on_jobs is not None:
            try:
                self.on_jobs()
            except RuntimeError:
                log.info("the workers' loop has ended; the job waits for the next one")

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A write transaction. Postgres: each thread of ours keeps its connection, a fifth of a unit's cost saved."""
        kept: Connection | None = getattr(self._kept, "connection", None)
        if kept is None or kept.closed:
            if self.is_sqlite or not threading.current_thread().name.startswith(_WRITERS):
                with self._writer.begin() as connection:
                    yield connection
                return
            self._kept.connection = kept = self._writer.connect()
            self._all_kept.append(kept)
        try:
            with kept.begin():
                yield kept
        except DBAPIError:
            kept.close()  # the next unit gets a sound one
            self._all_kept.remove(kept)
            raise

    def _stops_preparing(self, error: DBAPIError) -> bool:
        """Was it about a prepared statement? An older PgBouncer mixes them up, a migration outdates them.

        From now on none are used: a third slower and always right. Nothing was done, the unit may run again.
        """
        if getattr(error.orig, "sqlstate", None) not in _PREPARED_WRONG:
            return False
        log.warning("this Postgres address does not keep prepared statements; going on without them")
        self._prepares = False
        self._writer.dispose()
        return True

    def _on_connect(self, _dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
        options["prepare_threshold"] = _PREPARE_AFTER if self._prepares else None

    def _unit(self, connection: Connection) -> Unit:
        return Unit(connection, self._now(), self._fernet)

    def ping(self) -> None:
        """Raises DatabaseUnreachable, whose text names no password."""
        try:
            with self._writer.connect() as connection:
                connection.execute(text("select 1"))
        except (OperationalError, OSError) as error:
            where = self._url.render_as_string(hide_password=True)
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise DatabaseUnreachable(f"DATABASE_URL {where} can't be reached: {reason}") from None

    def upgrade(self) -> None:
        """Bring the schema up to date. Several processes may start this at once: one does it, the rest wait."""
        from bot.store.migrating import upgrade

        with self.locked() as connection:
            upgrade(connection)

    def current(self) -> str | None:
        """The schema's revision in the database; None before the first migration."""
        from bot.store.migrating import current

        with self._reader.connect() as connection:
            return current(connection)

    def head(self) -> str:
        """The revision that this version needs."""
        from bot.store.migrating import head

        return head()

    @contextmanager
    def locked(self) -> Iterator[Connection]:
        """A transaction that no other process's migration runs beside."""
        with self._writer.begin() as connection:
            if not self.is_sqlite:  # SQLite's BEGIN IMMEDIATE is the lock
                connection.execute(text("select pg_advisory_xact_lock(7471002)"))
            yield connection

    async def close(self) -> None:
        await asyncio.to_thread(self.close_sync)

    def close_sync(self) -> None:
        self._write_threads.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        for connection in self._all_kept:
            connection.close()
        self._writer.dispose()
        self._reader.dispose()


def _parsed(url: str) -> URL:
    parsed = make_url(url)
    if parsed.get_backend_name() in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _told(error: Exception) -> Exception:
    """Taken for a unique row that stands; anything else as it is."""
    return Taken(str(error.orig).splitlines()[0]) if isinstance(error, IntegrityError) else error


def _is_collision(error: DBAPIError) -> bool:
    """Serialisation failure or deadlock on Postgres: nothing was done, the unit may run again."""
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def _sqlite_engines(url: URL, full: bool) -> tuple[Engine, Engine]:
    in_memory = url.database in (None, "", ":memory:")
    if not in_memory:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    connect = {"check_same_thread": False, "timeout": 30, "isolation_level": None}
    writer = create_engine(url, poolclass=StaticPool if in_memory else QueuePool, connect_args=connect,
                           **({} if in_memory else {"pool_size": 1, "max_overflow": 0}))  # fmt: skip
    _tune(writer, "BEGIN IMMEDIATE", full, query_only=False)
    if in_memory:
        return writer, writer
    reader = create_engine(url, poolclass=QueuePool, pool_size=4, max_overflow=4, connect_args=connect)
    _tune(reader, "BEGIN", full, query_only=True)
    return writer, reader


def _tune(engine: Engine, begin: str, full: bool, *, query_only: bool) -> None:
    """The settings measured for a queue in SQLite: WAL, FULL for the writer, explicit BEGIN."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=30000")
        if not query_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=16,
        max_overflow=4,
        pool_recycle=1800,
        pool_reset_on_return=None,  # every transaction here ends by its own commit or rollback
        connect_args={
            "application_name": "linkbot",
            "options": "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=10000",
            "connect_timeout": 10,
        },
    )
