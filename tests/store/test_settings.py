"""Settings and their ledger entries, changed by many at once, on SQLite and on Postgres."""

import asyncio

import pytest

from bot.domain.ledger import Act
from bot.domain.settings import PUSH_ON_LINK
from bot.domain.values import Actor, ActorKind, WorkspaceId
from bot.store.db import Db
from bot.sync import settings

ONE = WorkspaceId("T1")
ANA = Actor(ActorKind.PERSON, "U1")


@pytest.mark.req("N4", "N20")
async def test_changes_of_one_setting_take_turns_and_all_stand(db: Db, other: Db) -> None:
    values = [{"kind": "users", "ids": [f"U{n}"]} for n in range(20)]
    places = [db, other] * 10
    done = await asyncio.gather(
        *(settings.change(p, ONE, "rights", v, ANA) for p, v in zip(places, values, strict=True))
    )
    assert None not in done
    facts = [entry.facts for entry in db.read_sync(lambda u: u.ledger.page(ONE, acts=[Act.SETTING_SET]))]
    assert [one["before"] for one in facts] == ['{"kind":"everyone"}', *(one["after"] for one in facts[:-1])]
    assert facts[-1]["after"] == settings.as_text(db.read_sync(lambda u: u.settings.get(ONE, "rights")))


async def test_the_same_change_by_two_at_once_is_made_once(db: Db, other: Db) -> None:
    done = await asyncio.gather(*(settings.change(place, ONE, PUSH_ON_LINK, False, ANA) for place in (db, other)))
    assert [one is None for one in done].count(True) == 1
    assert len(db.read_sync(lambda u: u.ledger.page(ONE))) == 1


async def test_nothing_is_written_when_nothing_changes_and_workspaces_are_apart(db: Db) -> None:
    assert await settings.change(db, ONE, PUSH_ON_LINK, True, ANA) is None
    assert db.read_sync(lambda u: u.settings.get(ONE, PUSH_ON_LINK, "unset")) == "unset"
    assert await settings.change(db, ONE, PUSH_ON_LINK, False, ANA) is not None
    assert db.read_sync(lambda u: settings.board(u, WorkspaceId("T2"))).push_on_link
    board = db.read_sync(lambda u: settings.board(u, ONE))
    assert (board.push_on_link, board.push_set and board.push_set.actor) == (False, ANA)
