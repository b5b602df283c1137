"""The ledger: entries are added and read, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from bot.domain.ledger import Act, Entry
from bot.domain.orders import Standing
from bot.domain.values import Actor, ActorKind, ListingId, OrderId, Origin, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.shops import table_of
from bot.store.tables import EntryRow

LEDGER = table_of(EntryRow)
_ADD = LEDGER.insert()


class Ledger:
    """Append-only facts, in the order of their ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entry: Entry) -> int:
        """The new entry's id."""
        made = self._connection.execute(_ADD, _row(entry)).inserted_primary_key
        assert made is not None
        return int(made[0])

    def add_many(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._connection.execute(_ADD, [_row(entry) for entry in entries])

    def get(self, workspace: WorkspaceId, entry_id: int) -> Entry | None:
        query = select(LEDGER).where(LEDGER.c.id == entry_id, LEDGER.c.workspace_id == workspace)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _entry(row)

    def page(
        self,
        workspace: WorkspaceId | None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        order_id: OrderId | None = None,
        listing_ids: Sequence[ListingId] | None = None,
        acts: Sequence[Act] | None = None,
        actor_id: str | None = None,
        after_id: int | None = None,
        limit: int = 1000,
        newest_first: bool = False,
        offset: int = 0,
    ) -> list[Entry]:
        """Entries that meet every given condition, the first `offset` left out; `since` is included, `until` is not."""
        query = select(LEDGER)
        if workspace is not None:
            # reading on from an id goes along the primary key: an index by workspace would be sorted for every page
            whose = LEDGER.c.workspace_id if after_id is None else func.coalesce(LEDGER.c.workspace_id, "")
            query = query.where(whose == workspace)
        if since is not None:
            query = query.where(LEDGER.c.at >= since)
        if until is not None:
            query = query.where(LEDGER.c.at < until)
        if order_id is not None:
            query = query.where(LEDGER.c.order_id == order_id)
        if listing_ids is not None:
            query = query.where(LEDGER.c.listing_id.in_(list(listing_ids)))
        if acts is not None:
            query = query.where(LEDGER.c.act.in_([act.value for act in acts]))
        if actor_id is not None:
            query = query.where(LEDGER.c.actor_id == actor_id)
        if after_id is not None:
            query = query.where(LEDGER.c.id > after_id)
        order = LEDGER.c.id.desc() if newest_first else LEDGER.c.id
        return [
            _entry(row)
            for row in self._connection.execute(query.order_by(order).limit(limit).offset(offset)).mappings()
        ]

    def count(self, workspace: WorkspaceId, listing_id: ListingId) -> int:
        """Entries about one listing."""
        wanted = (LEDGER.c.workspace_id == workspace, LEDGER.c.listing_id == listing_id)
        return int(self._connection.execute(select(func.count()).select_from(LEDGER).where(*wanted)).scalar() or 0)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "workspace_id": entry.workspace_id,
        "act": entry.act.value,
        "actor_kind": entry.actor.kind.value,
        "actor_id": entry.actor.id,
        "actor_origin": entry.actor.origin.value,
        "shop_id": entry.shop_id,
        "store_id": entry.store_id,
        "listing_id": entry.listing_id,
        "variant_id": entry.variant_id,
        "order_id": entry.order_id,
        "standing": entry.standing.value if entry.standing else None,
        "reason": str(entry.reason) if entry.reason else None,
        "facts": dict(entry.facts),
    }


def _entry(row: Any) -> Entry:
    return Entry(
        at=row["at"],
        workspace_id=WorkspaceId(row["workspace_id"]),
        act=Act(row["act"]),
        actor=Actor(ActorKind(row["actor_kind"]), row["actor_id"], Origin(row["actor_origin"])),
        shop_id=ShopId(row["shop_id"]) if row["shop_id"] else None,
        store_id=StoreId(row["store_id"]) if row["store_id"] else None,
        listing_id=ListingId(row["listing_id"]) if row["listing_id"] else None,
        variant_id=VariantId(row["variant_id"]) if row["variant_id"] else None,
        order_id=OrderId(row["order_id"]) if row["order_id"] else None,
        standing=Standing(row["standing"]) if row["standing"] else None,
        reason=row["reason"],
        facts=row["facts"],
        id=row["id"],
    )
