"""What the database connection goes through: groups with one commit, lost connections, prepared statements."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.domain.values import WorkspaceId
from bot.store.db import Db, Taken, Unit
from tests.conftest import TEST_KEY
from tests.postgres import execute

OWNER = WorkspaceId("T1")


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Db]:
    made = Db(db_url, keys=[TEST_KEY])
    yield made
    await made.close()


def put(name: str, fails: BaseException | None = None) -> object:
    def unit(u: Unit) -> str:
        u.settings.put(OWNER, name, 1)
        if fails is not None:
            raise fails
        return name

    return unit


async def test_units_that_wait_together_fail_alone(db: Db) -> None:
    """On SQLite they share a commit; one that raises takes nothing of the others with it."""
    asked = [put(str(n), ValueError(str(n)) if n % 3 == 0 else None) for n in range(60)]
    came = await asyncio.gather(*(db.run(unit) for unit in asked), return_exceptions=True)
    wanted = [str(n) for n in range(60) if n % 3]
    assert [one for one in came if isinstance(one, str)] == wanted
    assert [str(one) for one in came if isinstance(one, ValueError)] == [str(n) for n in range(0, 60, 3)]
    stands = await db.read(lambda u: [str(n) for n in range(60) if u.settings.get(OWNER, str(n)) == 1])
    assert stands == wanted


async def test_a_unique_row_that_stands_is_taken_for_one_and_no_trouble_for_the_rest(db: Db) -> None:
    def consent(u: Unit) -> None:
        u.connection.execute(text("insert into settings (workspace_id, name, value) values ('T1', 'once', '1')"))

    came = await asyncio.gather(*(db.run(consent) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in came if one is not None] == [Taken] * 9


async def test_a_unit_whose_caller_gave_up_does_no_harm(db: Db) -> None:
    tasks = [asyncio.create_task(db.run(put(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    came = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one for one in came if isinstance(one, str)] == [str(n) for n in range(1, 20, 2)]
    assert await db.run(put("after")) == "after"


@pytest.mark.postgres
async def test_connections_that_the_server_closed_are_opened_again(postgres_url: str, postgres_server: str) -> None:
    db = Db(postgres_url, keys=[TEST_KEY])
    name = postgres_url.rpartition("/")[2]
    for n in range(3):
        await asyncio.gather(*(db.run(put(f"{n}:{m}")) for m in range(20)))
        await db.read(lambda u: u.settings.get(OWNER, "x"))
        execute(postgres_server, f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    assert await db.read(lambda u: u.settings.get(OWNER, "2:19")) == 1
    await db.close()


@pytest.mark.postgres
async def test_statements_that_the_server_forgot_are_sent_in_full(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As behind an older PgBouncer: the server's side of a connection is not always the same one."""
    db = Db(postgres_url, keys=[TEST_KEY])
    for n in range(100):
        await db.run(put(str(n)))
    await asyncio.gather(*(db.run(lambda u: u.connection.exec_driver_sql("deallocate all").close()) for _ in range(40)))
    came = await asyncio.gather(*(db.run(put(f"then {n}")) for n in range(40)))
    assert came == [f"then {n}" for n in range(40)]
    assert "without them" in caplog.text
    await db.close()


async def test_a_closed_database_says_so_to_everybody(db_url: str) -> None:
    db = Db(db_url, keys=[TEST_KEY])
    await db.close()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(db.run(put("late")), 1)


@pytest.mark.req("S31")
async def test_a_committed_unit_is_not_run_again_because_nobody_could_be_woken(db: Db) -> None:
    """As in the last moments of a process, whose loop has ended."""
    ran: list[int] = []

    def unit(u: Unit, number: int) -> None:
        ran.append(number)
        u.jobs.add("push", str(number), owner="shop")

    def ended() -> None:
        raise RuntimeError("Event loop is closed")

    db.on_jobs = ended
    await asyncio.gather(*(db.run(lambda u, n=n: unit(u, n)) for n in range(5)))
    db.run_sync(lambda u: unit(u, 5))
    assert sorted(ran) == [0, 1, 2, 3, 4, 5]
    assert await db.read(lambda u: u.jobs.counts()) == {"ready": 6}
