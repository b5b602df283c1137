"""A Postgres server of our own for tests and benches, from the programs of Debian's package."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

NO_POSTGRES = "no Postgres: LINKBOT_TEST_POSTGRES is not set and Debian's postgresql programs are not installed"
UNSAFE = "-c fsync=off -c synchronous_commit=off"  # for tests: nothing here outlives the machine


def programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def server(settings: str = UNSAFE) -> Iterator[str | None]:
    """The address of a server's maintenance database: the given one, else our own; None where there is neither."""
    given, folder = os.environ.get("LINKBOT_TEST_POSTGRES"), programs()
    if given or folder is None:
        yield given
        return
    with tempfile.TemporaryDirectory(dir="/tmp" if os.geteuid() == 0 else None) as place:
        with _own(folder, Path(place), settings) as address:
            yield address


@contextmanager
def _own(programs: Path, place: Path, settings: str) -> Iterator[str]:
    """Postgres refuses to run as root: its own user does it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    owner: list[str] = []
    if os.geteuid() == 0:
        owner = ["runuser", "-u", "postgres", "--"]
        shutil.chown(place, "postgres")
    base, where = place / "base", {"cwd": place, "check": True, "capture_output": True}
    subprocess.run([*owner, programs / "initdb", "-D", base, "-U", "linkbot", "-A", "trust", "--no-sync"], **where)
    flags = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 {settings}"
    # no pipes: the server inherits them and would keep `run` waiting
    quiet = {"cwd": place, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*owner, programs / "pg_ctl", "-D", base, "-l", place / "log", "-w", "-o", flags, "start"], **quiet)
    try:
        yield f"postgresql://linkbot@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*owner, programs / "pg_ctl", "-D", base, "-m", "immediate", "stop"], **quiet)


def execute(server: str, statement: str) -> None:
    """Outside of any transaction, on the maintenance database."""
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def database(server: str, template: str = "template1") -> Iterator[str]:
    """A fresh database of a server, dropped at the end."""
    name = f"linkbot_{uuid.uuid4().hex[:12]}"
    execute(server, f"create database {name} template {template}")
    try:
        yield address(server, name)
    finally:
        execute(server, f"drop database {name} with (force)")


def address(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
