"""Shops and stores that workspaces connected."""

from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Connection, select, update

from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.links import LinkMode
from bot.domain.values import ShopId, StoreId, WorkspaceId
from bot.store.dialect import upsert
from bot.store.errors import Taken
from bot.store.tables import ShopRow, SQLModel, StoreRow


def table_of(row: type[SQLModel]) -> Any:
    return cast(Any, row).__table__


SHOPS, STORES = table_of(ShopRow), table_of(StoreRow)


class Shops:
    """One row per TikTok shop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, shop_id: ShopId) -> Shop | None:
        row = self._connection.execute(select(SHOPS).where(SHOPS.c.id == shop_id)).mappings().first()
        return None if row is None else _shop(row)

    def for_workspace(self, workspace: WorkspaceId) -> list[Shop]:
        query = select(SHOPS).where(SHOPS.c.workspace_id == workspace).order_by(SHOPS.c.connected_at, SHOPS.c.id)
        return [_shop(row) for row in self._connection.execute(query).mappings()]

    def all(self) -> list[Shop]:
        query = select(SHOPS).order_by(SHOPS.c.connected_at, SHOPS.c.id)
        return [_shop(row) for row in self._connection.execute(query).mappings()]

    def all_live(self) -> list[Shop]:
        return [shop for shop in self.all() if shop.is_live]

    def save(self, shop: Shop) -> None:
        """Write the whole row. Raises Taken when the shop is another workspace's, unless that one disconnected it."""
        _keep_to_one(self.get(shop.id), shop)
        upsert(self._connection, SHOPS, [_plain(asdict(shop))], ["id"])

    def change(self, shop_id: ShopId, **fields: Any) -> Shop:
        """Set these columns and no other: another worker may change the rest. Raises KeyError without such a shop."""
        self._connection.execute(update(SHOPS).where(SHOPS.c.id == shop_id).values(**_plain(fields)))
        if (changed := self.get(shop_id)) is None:
            raise KeyError(shop_id)
        return changed


class Stores:
    """One row per Shopify store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, store_id: StoreId) -> Store | None:
        row = self._connection.execute(select(STORES).where(STORES.c.id == store_id)).mappings().first()
        return None if row is None else _store(row)

    def for_workspace(self, workspace: WorkspaceId) -> list[Store]:
        query = select(STORES).where(STORES.c.workspace_id == workspace).order_by(STORES.c.connected_at, STORES.c.id)
        return [_store(row) for row in self._connection.execute(query).mappings()]

    def all(self) -> list[Store]:
        query = select(STORES).order_by(STORES.c.connected_at, STORES.c.id)
        return [_store(row) for row in self._connection.execute(query).mappings()]

    def all_live(self) -> list[Store]:
        return [store for store in self.all() if store.is_live]

    def save(self, store: Store) -> None:
        """As `Shops.save`."""
        _keep_to_one(self.get(store.id), store)
        upsert(self._connection, STORES, [_plain(asdict(store))], ["id"])

    def change(self, store_id: StoreId, **fields: Any) -> Store:
        """As `Shops.change`."""
        self._connection.execute(update(STORES).where(STORES.c.id == store_id).values(**_plain(fields)))
        if (changed := self.get(store_id)) is None:
            raise KeyError(store_id)
        return changed


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Values as their columns hold them."""
    spans = {name: value.total_seconds() for name, value in fields.items() if isinstance(value, timedelta)}
    return fields | {name: value.value for name, value in fields.items() if isinstance(value, StrEnum)} | spans


def _keep_to_one(old: Shop | Store | None, new: Shop | Store) -> None:
    if old is None or old.workspace_id == new.workspace_id or old.state is ConnectionState.DISCONNECTED:
        return
    raise Taken(f"{new.id} belongs to another workspace")


def _shop(row: Any) -> Shop:
    mode = row["mode"]
    return Shop(**dict(row) | {"state": ConnectionState(row["state"]), "mode": LinkMode(mode) if mode else None})


def _store(row: Any) -> Store:
    cycle = row["stock_cycle"]
    given = {"state": ConnectionState(row["state"]), "stock_cycle": None if cycle is None else timedelta(seconds=cycle)}
    return Store(**dict(row) | given)
