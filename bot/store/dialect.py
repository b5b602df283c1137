"""Statements that both databases take, built in one place."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.domain.values import Actor, ActorKind, Origin

T = TypeVar("T")
CHUNK = 500


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite_insert(table) if connection.dialect.name == "sqlite" else postgres_insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Insert rows, or replace every other column of those that stand."""
    if not rows:
        return
    statement = insert(connection, table)
    names = [name for name in rows[0] if name not in keys]
    changes = {name: statement.excluded[name] for name in names}
    ending = statement.on_conflict_do_update(index_elements=list(keys), set_=changes)
    connection.execute(ending if names else statement.on_conflict_do_nothing(), list(rows))


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless a unique row stands already. True when it was inserted."""
    statement = insert(connection, table).on_conflict_do_nothing().values(**row)
    # without the option SQLAlchemy drops the count of an INSERT that returns its key, and every row looks old
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


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
    """Casefolded words, as `hay` columns hold them."""
    return text.casefold().split()


def actor_json(actor: Actor | None) -> dict[str, str] | None:
    return None if actor is None else {"kind": actor.kind.value, "id": actor.id, "origin": actor.origin.value}


def actor_of(value: Any) -> Actor | None:
    if value is None:
        return None
    read = json.loads(value) if isinstance(value, str) else value
    return Actor(ActorKind(read["kind"]), read["id"], Origin(read["origin"]))
