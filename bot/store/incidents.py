"""Incidents and their items; a partial unique index keeps one open item per subject."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select, update

from bot.domain.incidents import GATHER, Incident, IncidentKind, Item, ItemState
from bot.domain.values import Actor, IncidentId, WorkspaceId
from bot.store.dialect import actor_json, actor_of, chunks
from bot.store.shops import table_of
from bot.store.tables import IncidentItemRow, IncidentRow

INCIDENTS, ITEMS = table_of(IncidentRow), table_of(IncidentItemRow)
_OPEN = ItemState.OPEN.value


class Incidents:
    """One row per message, one per thing it is about."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    def touch(
        self, workspace: WorkspaceId, kind: IncidentKind, subject: str, cause: str, facts: Mapping[str, str] | None
    ) -> IncidentId:
        """Open an item, or bring the open one of this subject up to date. The incident it belongs to.

        A new item joins the newest incident of its kind for a minute; after that it gets one of its own.
        """
        return self.touch_many(workspace, kind, [(subject, cause, facts)])

    def touch_many(
        self,
        workspace: WorkspaceId,
        kind: IncidentKind,
        rows: Sequence[tuple[str, str, Mapping[str, str] | None]],
    ) -> IncidentId:
        """The same for many, in one incident. The incident of the last one."""
        standing = self._open_items(workspace, kind, [subject for subject, _, _ in rows])
        fresh = [row for row in rows if row[0] not in standing]
        incident = self._joinable(workspace, kind) if fresh else None
        if fresh and incident is None:
            incident = IncidentId(uuid.uuid4().hex)
            made = {"id": incident, "workspace_id": workspace, "kind": kind.value, "opened_at": self._now}
            self._connection.execute(INCIDENTS.insert().values(**made))
        for subject, cause, facts in rows:
            if subject in standing:
                item_id, known = standing[subject]
                change = update(ITEMS).where(ITEMS.c.id == item_id).values(cause=str(cause), facts=dict(facts or {}))
                self._connection.execute(change)
                incident = incident or known
        for part in chunks(fresh):
            self._connection.execute(ITEMS.insert(), [self._item(incident, workspace, kind, *row) for row in part])
        assert incident is not None
        return incident

    def _item(
        self,
        incident: IncidentId | None,
        workspace: WorkspaceId,
        kind: IncidentKind,
        subject: str,
        cause: str,
        facts: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        return {
            "incident_id": incident,
            "workspace_id": workspace,
            "kind": kind.value,
            "subject": subject,
            "cause": str(cause),
            "state": _OPEN,
            "opened_at": self._now,
            "facts": dict(facts or {}),
        }

    def _open_items(
        self, workspace: WorkspaceId, kind: IncidentKind, subjects: Iterable[str]
    ) -> dict[str, tuple[int, IncidentId]]:
        found: dict[str, tuple[int, IncidentId]] = {}
        for part in chunks(subjects):
            query = select(ITEMS.c.subject, ITEMS.c.id, ITEMS.c.incident_id).where(*_open_of(workspace, kind))
            for subject, item_id, incident in self._connection.execute(query.where(ITEMS.c.subject.in_(part))):
                found[subject] = (item_id, IncidentId(incident))
        return found

    def _joinable(self, workspace: WorkspaceId, kind: IncidentKind) -> IncidentId | None:
        query = select(INCIDENTS.c.id).where(
            INCIDENTS.c.workspace_id == workspace,
            INCIDENTS.c.kind == kind.value,
            INCIDENTS.c.opened_at > self._now - GATHER,
        )
        found = self._connection.execute(query.order_by(INCIDENTS.c.opened_at.desc()).limit(1)).scalar()
        return None if found is None else IncidentId(found)

    def close_item(
        self, workspace: WorkspaceId, kind: IncidentKind, subject: str, actor: Actor | None
    ) -> IncidentId | None:
        """Close the open item of this subject; its incident, or None when nothing was open."""
        found = self.find_open(workspace, kind, subject)
        if found is None:
            return None
        change = update(ITEMS).where(*_open_of(workspace, kind), ITEMS.c.subject == subject)
        closed = {"state": ItemState.CLOSED.value, "closed_at": self._now, "closed_by": actor_json(actor)}
        return found if self._connection.execute(change.values(**closed)).rowcount else None

    def close_many(
        self, workspace: WorkspaceId, kind: IncidentKind, subjects: Sequence[str], actor: Actor | None
    ) -> set[IncidentId]:
        """Close the open items of these subjects; the incidents they belong to."""
        found: set[IncidentId] = set()
        for part in chunks(subjects):
            wanted = (*_open_of(workspace, kind), ITEMS.c.subject.in_(part))
            found |= {IncidentId(x) for x in self._connection.execute(select(ITEMS.c.incident_id).where(*wanted)).scalars()}
            closed = {"state": ItemState.CLOSED.value, "closed_at": self._now, "closed_by": actor_json(actor)}
            self._connection.execute(update(ITEMS).where(*wanted).values(**closed))
        return found

    def find_open(self, workspace: WorkspaceId, kind: IncidentKind, subject: str) -> IncidentId | None:
        query = select(ITEMS.c.incident_id).where(*_open_of(workspace, kind), ITEMS.c.subject == subject)
        found = self._connection.execute(query).scalar()
        return None if found is None else IncidentId(found)

    def of_subject(self, workspace: WorkspaceId, kind: IncidentKind, subject: str) -> list[IncidentId]:
        """Incidents with an item of this subject, open or closed, newest first."""
        query = select(ITEMS.c.incident_id).where(ITEMS.c.subject == subject, ITEMS.c.workspace_id == workspace)
        query = query.where(ITEMS.c.kind == kind.value).order_by(ITEMS.c.id.desc())
        return list(dict.fromkeys(IncidentId(row[0]) for row in self._connection.execute(query)))

    def get(self, incident_id: IncidentId) -> Incident | None:
        row = self._connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == incident_id)).mappings().first()
        return None if row is None else self._incident(row)

    def open(self, workspace: WorkspaceId) -> list[Incident]:
        """Incidents with an open item, oldest first."""
        is_open = exists().where(ITEMS.c.incident_id == INCIDENTS.c.id, ITEMS.c.state == _OPEN)
        query = select(INCIDENTS).where(INCIDENTS.c.workspace_id == workspace, is_open)
        return [
            self._incident(row) for row in self._connection.execute(query.order_by(INCIDENTS.c.opened_at)).mappings()
        ]

    def _incident(self, row: Any) -> Incident:
        query = select(ITEMS).where(ITEMS.c.incident_id == row["id"]).order_by(ITEMS.c.id)
        items = tuple(_item_of(item) for item in self._connection.execute(query).mappings())
        return Incident(
            id=IncidentId(row["id"]),
            workspace_id=WorkspaceId(row["workspace_id"]),
            kind=IncidentKind(row["kind"]),
            opened_at=row["opened_at"],
            items=items,
            channel=row["channel"],
            ts=row["ts"],
        )

    def set_message(self, incident_id: IncidentId, channel: str, ts: str) -> None:
        change = update(INCIDENTS).where(INCIDENTS.c.id == incident_id).values(channel=channel, ts=ts)
        self._connection.execute(change)


def _open_of(workspace: WorkspaceId, kind: IncidentKind) -> tuple[Any, ...]:
    return ITEMS.c.workspace_id == workspace, ITEMS.c.kind == kind.value, ITEMS.c.state == _OPEN


def _item_of(row: Any) -> Item:
    return Item(
        subject=row["subject"],
        cause=row["cause"],
        state=ItemState(row["state"]),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=actor_of(row["closed_by"]),
        facts=row["facts"],
    )
