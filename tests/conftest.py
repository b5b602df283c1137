"""Databases for tests: every store test runs on SQLite and, where one can be had, on Postgres."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bot.store.db import Db

TEST_KEY = Fernet.generate_key().decode()
NO_POSTGRES = "no Postgres: LINKBOT_TEST_POSTGRES is not set and Debian's postgresql programs are not installed"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bolt and our settings read the environment: nothing of this machine's may leak into a test."""
    for name in list(os.environ):
        if name.startswith(("SLACK_", "TIKTOK_", "SHOPIFY_", "DATABASE_URL")) or (
            name.startswith("LINKBOT_") and name != "LINKBOT_TEST_POSTGRES"
        ):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file; tests copy it."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    db = Db(f"sqlite:///{path}", keys=[TEST_KEY])
    db.upgrade()
    db.close_sync()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a Postgres server's maintenance database; skips where there is none."""
    given = os.environ.get("LINKBOT_TEST_POSTGRES")
    if given:
        yield given
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip(NO_POSTGRES)
    with tempfile.TemporaryDirectory(dir="/tmp" if os.geteuid() == 0 else None) as folder:
        yield from _own_server(found[-1].parent, Path(folder))


def _own_server(programs: Path, folder: Path) -> Iterator[str]:
    """Postgres refuses to run as root: its own user does it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    owner: list[str] = []
    if os.geteuid() == 0:
        owner = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    base, where = folder / "base", {"cwd": folder, "check": True, "capture_output": True}
    subprocess.run([*owner, programs / "initdb", "-D", base, "-U", "linkbot", "-A", "trust", "--no-sync"], **where)
    flags = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off"
    # no pipes: the server inherits them and would keep `run` waiting
    quiet = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    log = folder / "log"
    subprocess.run([*owner, programs / "pg_ctl", "-D", base, "-l", log, "-w", "-o", flags, "start"], **quiet)
    try:
        yield f"postgresql://linkbot@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*owner, programs / "pg_ctl", "-D", base, "-m", "immediate", "stop"], **quiet)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated, empty database on that server; tests copy it."""
    name = f"linkbot_template_{uuid.uuid4().hex[:8]}"
    _admin(postgres_server, f"create database {name}")
    db = Db(_with_database(postgres_server, name), keys=[TEST_KEY])
    db.upgrade()
    db.close_sync()
    return name


def _admin(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _with_database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite database with the current schema."""
    path = tmp_path / "linkbot.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh Postgres database with the current schema."""
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template")
    name = f"linkbot_{uuid.uuid4().hex[:12]}"
    _admin(server, f"create database {name} template {template}")
    yield _with_database(server, name)
    _admin(server, f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for this runs once per database."""
    return str(request.getfixturevalue(f"{request.param}_url"))
