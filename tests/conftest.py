"""Databases for tests: every store test runs on SQLite and, where one can be had, on Postgres."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.store.db import Db
from tests import postgres

TEST_KEY = Fernet.generate_key().decode()


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
    with postgres.server() as found:
        if found is None:
            pytest.skip(postgres.NO_POSTGRES)
        yield found


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated, empty database on that server; tests copy it."""
    name = f"linkbot_template_{uuid.uuid4().hex[:8]}"
    postgres.execute(postgres_server, f"create database {name}")
    db = Db(postgres.address(postgres_server, name), keys=[TEST_KEY])
    db.upgrade()
    db.close_sync()
    return name


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
    with postgres.database(server, template) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for this runs once per database."""
    return str(request.getfixturevalue(f"{request.param}_url"))
