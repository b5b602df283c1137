"""Statements that both databases take, built in one place."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.domain.values import Actor, ActorKind, Origin
from bot.domain.words import fold

T = TypeVar("T")
CHUNK = 500


# Building a statement costs more than running it: each is built once and run with its row.


@cache
def insert(dialect: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite_insert(table) if dialect == "sqlite" else postgres_insert(table)


@cache
def _insert_new(dialect: str, table: Table) -> Any:
    return insert(dialect, table).on_conflict_do_nothing()


@cache
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], others: tuple[str, ...]) -> Any:
    statement = insert(dialect, table)
    if not others:
        return statement.on_conflict_do_nothing()
    changes = {name: statement.excluded[name] for name in others}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Insert rows, or replace every other column of those that stand."""
    if rows:
        others = tuple(name for name in rows[0] if name not in keys)
        connection.execute(_upsert(connection.dialect.name, table, tuple(keys), others), list(rows))


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless a unique row stands already. True when it was inserted."""
    # without the option SQLAlchemy drops the count of an INSERT that returns its key, and every row looks old
    options = {"preserve_rowcount": True}
    return connection.execute(_insert_new(connection.dialect.name, table), row, execution_options=options).rowcount == 1


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterable[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def like(word: str) -> str:
    """A pattern that finds `word` anywhere, its `%`, `_` and `\\` meaning themselves (escape character `\\`)."""
    for char in ("\\", "%", "_"):
        word = word.replace(char, f"\\{char}")
    return f"%{word}%"


def words_of(text: str) -> list[str]:
    """Folded words, as `hay` columns hold them."""
    return fold(text).split()


def actor_json(actor: Actor | None) -> dict[str, str] | None:
    return None if actor is None else {"kind": actor.kind.value, "id": actor.id, "origin": actor.origin.value}


def actor_of(value: Any) -> Actor | None:
    if value is None:
        return None
    read = json.loads(value) if isinstance(value, str) else value
    return Actor(ActorKind(read["kind"]), read["id"], Origin(read["origin"]))
