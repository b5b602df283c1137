"""Workers that die at any moment, and two that work side by side: every job ends, every row is written once."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.ledger import Act
from bot.store.db import Db
from tests.conftest import TEST_KEY
from tests.store.worker import TEAM

ROOT = Path(__file__).resolve().parents[2]
JOBS = 240


def start(url: str, calls: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.store.worker", url, str(calls)], cwd=ROOT)


@pytest.fixture
def asked(db_url: str) -> str:
    db = Db(db_url, keys=[TEST_KEY])
    add(db)
    db.close_sync()
    return db_url


def add(db: Db) -> None:
    db.run_sync(lambda u: [u.jobs.add("two", str(n), owner="shop") for n in range(JOBS)])


def check(url: str, calls: Path) -> Counter[str]:
    """Every job done, every step's row once; the calls outside by job and step."""
    db = Db(url, keys=[TEST_KEY])
    assert db.read_sync(lambda u: u.jobs.counts()) == {"done": JOBS}
    entries = db.read_sync(lambda u: u.ledger.page(TEAM, acts=[Act.PUSHED], limit=10 * JOBS))
    db.close_sync()
    rows = Counter((entry.listing_id, entry.facts["step"]) for entry in entries)
    assert rows == Counter({(str(n), step): 1 for n in range(JOBS) for step in ("1", "2")})
    return Counter(line.rpartition(" ")[0] for line in calls.read_text().splitlines())


@pytest.mark.req("S31", "N16")
def test_n16_kills_at_any_moment_lose_no_job_and_double_no_row(asked: str, tmp_path: Path) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    dice, calls, kills = random.Random(seed), tmp_path / "calls", 0
    calls.touch()
    for _ in range(4):
        worker = start(asked, calls)
        seen = len(calls.read_text().splitlines()) + dice.randint(10, 90)
        while len(calls.read_text().splitlines()) < seen and worker.poll() is None:
            time.sleep(0.001)  # another process works: its file tells how far it is
        kills += worker.poll() is None
        worker.kill()
        worker.wait()
    assert kills >= 3, "the worker died in the middle of its work"
    assert start(asked, calls).wait(60) == 0
    repeated = [call for call, times in check(asked, calls).items() if times > 1]
    assert len(repeated) <= 4 * 20, "only what was under way at a kill is called again"


@pytest.mark.postgres
@pytest.mark.req("S31")
def test_s31_two_processes_on_postgres_do_each_step_once(postgres_url: str, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    workers = [start(postgres_url, calls) for _ in range(2)]
    name = postgres_url.rpartition("/")[2]
    up = f"select count(distinct client_port) from pg_stat_activity where datname = '{name}'"
    db = Db(postgres_url, keys=[TEST_KEY])
    while db.read_sync(lambda u: u.connection.exec_driver_sql(up).scalar()) < 3:
        time.sleep(0.01)  # two processes start
    add(db)
    db.close_sync()
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert set(check(postgres_url, calls).values()) == {1}, "not even a call outside is made twice"
    by_worker = Counter(line.split()[2] for line in calls.read_text().splitlines())
    assert len(by_worker) == 2, "both worked"
