"""Small state: settings per workspace, what was heard, and claims on Slack messages."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.domain.posts import PostClaim, PostState
from bot.domain.values import WorkspaceId
from bot.store.dialect import insert_new, upsert
from bot.store.shops import SHOPS, STORES, table_of
from bot.store.tables import InboxRow, PostRow, SettingRow

SETTINGS, INBOX, POSTS = table_of(SettingRow), table_of(InboxRow), table_of(PostRow)
POSTING = timedelta(seconds=60)
"""How long a claimed post may be under way before its outcome counts as unclear."""


class Settings:
    """Values by workspace and name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, workspace: WorkspaceId, name: str, default: Any = None) -> Any:
        query = select(SETTINGS.c.value).where(SETTINGS.c.workspace_id == workspace, SETTINGS.c.name == name)
        row = self._connection.execute(query).first()
        return default if row is None else row[0]

    def held(self, workspace: WorkspaceId, name: str, default: Any) -> Any:
        """The value, its row locked until this unit ends: changes of one setting take turns, each sees the one before.

        A setting that nobody set is written with its default first, so that there is a row to lock.
        """
        insert_new(self._connection, SETTINGS, {"workspace_id": workspace, "name": name, "value": default})
        row = select(SETTINGS.c.value).where(SETTINGS.c.workspace_id == workspace, SETTINGS.c.name == name)
        return self._connection.execute(row.with_for_update()).scalar_one()

    def put(self, workspace: WorkspaceId, name: str, value: Any) -> None:
        row = {"workspace_id": workspace, "name": name, "value": value}
        upsert(self._connection, SETTINGS, [row], ["workspace_id", "name"])

    def named(self, workspace: WorkspaceId, prefix: str) -> dict[str, Any]:
        """Every value whose name begins with `prefix` (of plain letters), by the rest of its name."""
        query = select(SETTINGS.c.name, SETTINGS.c.value).where(SETTINGS.c.workspace_id == workspace)
        found = self._connection.execute(query.where(SETTINGS.c.name.like(f"{prefix}%")))
        return {str(name).removeprefix(prefix): value for name, value in found}

    def drop(self, workspace: WorkspaceId, name: str) -> bool:
        """Was there such a value? Then it is gone."""
        wanted = (SETTINGS.c.workspace_id == workspace, SETTINGS.c.name == name)
        return self._connection.execute(delete(SETTINGS).where(*wanted)).rowcount == 1

    def holders(self, prefix: str) -> list[WorkspaceId]:
        """Workspaces with a value whose name begins with `prefix`."""
        query = select(SETTINGS.c.workspace_id).where(SETTINGS.c.name.like(f"{prefix}%")).distinct()
        return sorted(WorkspaceId(name) for name in self._connection.execute(query).scalars())

    def workspaces(self) -> list[WorkspaceId]:
        """Every workspace that connected a shop or a store."""
        shops = self._connection.execute(select(SHOPS.c.workspace_id).distinct()).scalars()
        stores = self._connection.execute(select(STORES.c.workspace_id).distinct()).scalars()
        return sorted({WorkspaceId(name) for name in (*shops, *stores)})


class Inbox:
    """Events by (source, owner, event id): each is taken once."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    def first_time(self, source: str, owner: str, event_id: str, topic: str) -> bool:
        row = {"source": source, "owner": owner, "event_id": event_id, "topic": topic, "received_at": self._now}
        return insert_new(self._connection, INBOX, row)

    def prune(self, before: datetime) -> int:
        return self._connection.execute(delete(INBOX).where(INBOX.c.received_at < before)).rowcount


class Posts:
    """Claims: a row is written before Slack is called."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    def claim(self, key: str, channel: str) -> PostClaim:
        """Claim the key, or say how it stands; an unclear claim is taken over by the asker."""
        row = {"key": key, "channel": channel, "ts": None, "digest": "", "claimed_at": self._now}
        if insert_new(self._connection, POSTS, row):
            return PostClaim(PostState.NEW)
        found = self._connection.execute(select(POSTS).where(POSTS.c.key == key)).mappings().first()
        assert found is not None
        if found["ts"] is not None:
            return PostClaim(PostState.POSTED, found["channel"], found["ts"], found["digest"])
        if found["claimed_at"] > self._now - POSTING:
            return PostClaim(PostState.BUSY)
        mine = update(POSTS).where(POSTS.c.key == key, POSTS.c.claimed_at == found["claimed_at"], POSTS.c.ts.is_(None))
        taken = self._connection.execute(mine.values(claimed_at=self._now)).rowcount == 1
        return PostClaim(PostState.UNCLEAR if taken else PostState.BUSY)

    def posted(self, key: str, channel: str, ts: str, digest: str) -> None:
        change = update(POSTS).where(POSTS.c.key == key).values(channel=channel, ts=ts, digest=digest)
        self._connection.execute(change)

    def set_digest(self, key: str, digest: str) -> None:
        self._connection.execute(update(POSTS).where(POSTS.c.key == key).values(digest=digest))

    def get(self, key: str) -> PostClaim | None:
        row = self._connection.execute(select(POSTS).where(POSTS.c.key == key)).mappings().first()
        if row is None or row["ts"] is None:
            return None
        return PostClaim(PostState.POSTED, row["channel"], row["ts"], row["digest"])

    def forget(self, key: str) -> None:
        self._connection.execute(delete(POSTS).where(POSTS.c.key == key))
