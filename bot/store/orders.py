"""Mirrors: one row per TikTok order, what it contains, and which listings stop it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from bot.domain.board import Blocked, OrderRow, Page
from bot.domain.links import LinkState
from bot.domain.orders import PROMISED, Mirror, OrderStatus, Reason, Standing
from bot.domain.values import ListingId, Money, OrderId, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.dialect import chunks, insert_new, like
from bot.store.errors import Taken
from bot.store.links import LINKS
from bot.store.shops import SHOPS, Shops, table_of
from bot.store.tables import OrderRow as OrderTable
from bot.store.tables import OrderStopRow, OrderUnitRow

ORDERS, UNITS, STOPS = table_of(OrderTable), table_of(OrderUnitRow), table_of(OrderStopRow)
_PROMISED = [standing.value for standing in PROMISED]
_BLOCKING = (Reason.UNLINKED_SKU.value, Reason.BROKEN_LINK.value)


class Orders:
    """All changes are conditional on the version read before; the primary key is the claim."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, order_id: OrderId) -> Mirror | None:
        found = self._mirrors(select(ORDERS).where(ORDERS.c.order_id == order_id))
        return found[0] if found else None

    def add(self, mirror: Mirror) -> None:
        """Raises Taken when the order has a row."""
        if not insert_new(self._connection, ORDERS, _row(mirror)):
            raise Taken(f"order {mirror.order_id}")
        self._write_parts(mirror)

    def save(self, mirror: Mirror) -> bool:
        """Replace the version before this one; False when somebody else changed it meanwhile."""
        query = update(ORDERS).where(ORDERS.c.order_id == mirror.order_id, ORDERS.c.version == mirror.version - 1)
        if self._connection.execute(query.values(**_row(mirror))).rowcount != 1:
            return False
        for table in (UNITS, STOPS):
            self._connection.execute(delete(table).where(table.c.order_id == mirror.order_id))
        self._write_parts(mirror)
        return True

    def _write_parts(self, mirror: Mirror) -> None:
        units = [
            {"order_id": mirror.order_id, "listing_id": key, "quantity": count} for key, count in mirror.units.items()
        ]
        stops = [{"order_id": mirror.order_id, "listing_id": key} for key in dict.fromkeys(mirror.listings)]
        for table, rows in ((UNITS, units), (STOPS, stops)):
            if rows:
                self._connection.execute(table.insert(), rows)

    # --- readings ----------------------------------------------------------------------------------------------------

    def stopped_by(self, listing_id: ListingId) -> list[OrderId]:
        """Held orders that wait for this listing's link, oldest first."""
        query = select(ORDERS.c.order_id).join(STOPS, STOPS.c.order_id == ORDERS.c.order_id)
        query = query.where(STOPS.c.listing_id == listing_id, _held_for_link()).order_by(ORDERS.c.seen_at)
        return [OrderId(row[0]) for row in self._connection.execute(query)]

    def stopped_by_many(self, ids: Sequence[ListingId]) -> list[OrderId]:
        """The same for many listings, each order once."""
        found: dict[OrderId, None] = {}
        for part in chunks(ids):
            query = select(ORDERS.c.order_id).join(STOPS, STOPS.c.order_id == ORDERS.c.order_id)
            query = query.where(STOPS.c.listing_id.in_(part), _held_for_link()).order_by(ORDERS.c.seen_at)
            found |= dict.fromkeys(OrderId(row[0]) for row in self._connection.execute(query))
        return list(found)

    def with_reason(self, shop_id: ShopId | None, reason: Reason, limit: int) -> list[OrderId]:
        query = select(ORDERS.c.order_id).where(ORDERS.c.reason == reason.value)
        if shop_id is not None:
            query = query.where(ORDERS.c.shop_id == shop_id)
        return [OrderId(row[0]) for row in self._connection.execute(query.order_by(ORDERS.c.seen_at).limit(limit))]

    def promised(self, variant_id: VariantId) -> int:
        """Shopify units of a variant in orders that TikTok sold and Shopify does not know, over all linked listings."""
        query = select(func.sum(UNITS.c.quantity * LINKS.c.pack)).select_from(
            LINKS.join(UNITS, UNITS.c.listing_id == LINKS.c.listing_id).join(
                ORDERS, ORDERS.c.order_id == UNITS.c.order_id
            )
        )
        active = LINKS.c.state == LinkState.ACTIVE.value
        query = query.where(LINKS.c.variant_id == variant_id, active, ORDERS.c.standing.in_(_PROMISED))
        return int(self._connection.execute(query).scalar() or 0)

    def waiting_units(self, listing_id: ListingId) -> int:
        """TikTok units of a listing in orders that are not in Shopify yet."""
        query = select(func.sum(UNITS.c.quantity)).join(ORDERS, ORDERS.c.order_id == UNITS.c.order_id)
        query = query.where(UNITS.c.listing_id == listing_id, ORDERS.c.standing.in_(_PROMISED))
        return int(self._connection.execute(query).scalar() or 0)

    def open_orders(self, listing_id: ListingId) -> int:
        """Orders with this listing that are not in Shopify yet."""
        query = select(func.count()).select_from(UNITS.join(ORDERS, ORDERS.c.order_id == UNITS.c.order_id))
        query = query.where(UNITS.c.listing_id == listing_id, ORDERS.c.standing.in_(_PROMISED))
        return int(self._connection.execute(query).scalar() or 0)

    def open_values(self, listing_id: ListingId) -> list[Money]:
        """The value of each of them."""
        query = select(ORDERS.c.value, ORDERS.c.currency).join(UNITS, UNITS.c.order_id == ORDERS.c.order_id)
        query = query.where(UNITS.c.listing_id == listing_id, ORDERS.c.standing.in_(_PROMISED))
        return [Money(value, currency) for value, currency in self._connection.execute(query)]

    def sold(self, listing_id: ListingId, since: datetime) -> tuple[int, int]:
        """(units, orders) of a listing paid since then; cancelled orders are no sale."""
        query = select(func.sum(UNITS.c.quantity), func.count()).join(ORDERS, ORDERS.c.order_id == UNITS.c.order_id)
        query = query.where(UNITS.c.listing_id == listing_id, ORDERS.c.status != OrderStatus.CANCELLED.value)
        row = self._connection.execute(query.where(ORDERS.c.paid_at >= since)).one()
        return int(row[0] or 0), int(row[1])

    def blocked(self, workspace: WorkspaceId) -> dict[ListingId, Blocked]:
        """What waits for each listing; an order that waits for two counts at both."""
        query = select(STOPS.c.listing_id, ORDERS.c.value, ORDERS.c.currency, ORDERS.c.ship_by)
        query = query.join(ORDERS, ORDERS.c.order_id == STOPS.c.order_id).join(SHOPS, SHOPS.c.id == ORDERS.c.shop_id)
        query = query.where(SHOPS.c.workspace_id == workspace, _held_for_link())
        waiting: dict[ListingId, list[tuple[Money, datetime | None]]] = {}
        for listing, value, currency, ship_by in self._connection.execute(query):
            waiting.setdefault(ListingId(listing), []).append((Money(value, currency), ship_by))
        return {listing: _blocked(rows) for listing, rows in waiting.items()}

    def all_blocked(self, workspace: WorkspaceId) -> Blocked:
        """Every order that waits for a link, once."""
        query = select(ORDERS.c.value, ORDERS.c.currency, ORDERS.c.ship_by).join(SHOPS, SHOPS.c.id == ORDERS.c.shop_id)
        rows = self._connection.execute(query.where(SHOPS.c.workspace_id == workspace, _held_for_link()))
        return _blocked([(Money(value, currency), ship_by) for value, currency, ship_by in rows])

    def page(
        self, workspace: WorkspaceId, standings: Sequence[Standing] | None, words: str, offset: int, size: int
    ) -> Page[OrderRow]:
        """Newest change first. Words are looked for in the order id, Shopify's name, and the reason."""
        wanted = [SHOPS.c.workspace_id == workspace]
        if standings:
            wanted.append(ORDERS.c.standing.in_([standing.value for standing in standings]))
        for word in words.split():
            places = (ORDERS.c.order_id, ORDERS.c.shopify_name, ORDERS.c.reason)
            wanted.append(or_(*(func.lower(place).like(like(word.lower()), escape="\\") for place in places)))
        source = ORDERS.join(SHOPS, SHOPS.c.id == ORDERS.c.shop_id)
        total = self._connection.execute(select(func.count()).select_from(source).where(and_(*wanted))).scalar() or 0
        query = select(ORDERS).select_from(source).where(and_(*wanted))
        query = query.order_by(ORDERS.c.changed_at.desc(), ORDERS.c.order_id.desc()).offset(offset).limit(size)
        shops = {shop.id: shop for shop in Shops(self._connection).for_workspace(workspace)}
        rows = [OrderRow(mirror, shops[mirror.shop_id]) for mirror in self._mirrors(query)]
        return Page(rows, int(total), offset, size)

    def counts(self, workspace: WorkspaceId) -> dict[Standing, int]:
        query = select(ORDERS.c.standing, func.count()).join(SHOPS, SHOPS.c.id == ORDERS.c.shop_id)
        query = query.where(SHOPS.c.workspace_id == workspace).group_by(ORDERS.c.standing)
        return {Standing(standing): int(count) for standing, count in self._connection.execute(query)}

    def values(self, workspace: WorkspaceId, standings: Sequence[Standing]) -> list[Money]:
        """The value of every order in these standings."""
        query = select(ORDERS.c.value, ORDERS.c.currency).join(SHOPS, SHOPS.c.id == ORDERS.c.shop_id)
        wanted = [standing.value for standing in standings]
        query = query.where(SHOPS.c.workspace_id == workspace, ORDERS.c.standing.in_(wanted))
        return [Money(value, currency) for value, currency in self._connection.execute(query)]

    def _mirrors(self, query: Any) -> list[Mirror]:
        rows = list(self._connection.execute(query).mappings())
        ids = [row["order_id"] for row in rows]
        units, stops = self._units(ids), self._stops(ids)
        return [_mirror(row, units.get(row["order_id"], {}), stops.get(row["order_id"], ())) for row in rows]

    def _units(self, ids: Sequence[str]) -> dict[str, dict[ListingId, int]]:
        found: dict[str, dict[ListingId, int]] = {}
        for part in chunks(ids):
            query = select(UNITS).where(UNITS.c.order_id.in_(part)).order_by(UNITS.c.order_id, UNITS.c.listing_id)
            for row in self._connection.execute(query).mappings():
                found.setdefault(row["order_id"], {})[ListingId(row["listing_id"])] = row["quantity"]
        return found

    def _stops(self, ids: Sequence[str]) -> dict[str, tuple[ListingId, ...]]:
        found: dict[str, tuple[ListingId, ...]] = {}
        for part in chunks(ids):
            query = select(STOPS).where(STOPS.c.order_id.in_(part)).order_by(STOPS.c.order_id, STOPS.c.listing_id)
            for row in self._connection.execute(query).mappings():
                found[row["order_id"]] = (*found.get(row["order_id"], ()), ListingId(row["listing_id"]))
        return found


def _held_for_link() -> Any:
    return and_(ORDERS.c.standing == Standing.HELD.value, ORDERS.c.reason.in_(_BLOCKING))


def _blocked(rows: Iterable[tuple[Money, datetime | None]]) -> Blocked:
    rows = list(rows)
    sums: dict[str, Money] = {}
    for money, _ in rows:
        sums[money.currency] = sums.get(money.currency, Money.zero(money.currency)) + money
    ship_by = [at for _, at in rows if at is not None]
    return Blocked(len(rows), tuple(sorted(sums.values(), key=lambda m: -m.amount)), min(ship_by, default=None))


def _row(mirror: Mirror) -> dict[str, Any]:
    return {
        "order_id": mirror.order_id,
        "shop_id": mirror.shop_id,
        "standing": mirror.standing.value,
        "reason": mirror.reason.value if mirror.reason else None,
        "value": mirror.value.amount,
        "currency": mirror.value.currency,
        "paid_at": mirror.paid_at,
        "ship_by": mirror.ship_by,
        "seen_at": mirror.seen_at,
        "changed_at": mirror.changed_at,
        "store_id": mirror.store_id,
        "shopify_id": mirror.shopify_id,
        "shopify_name": mirror.shopify_name,
        "status": mirror.status.value,
        "referenced": mirror.referenced,
        "mirror_anyway": mirror.mirror_anyway,
        "sent_at": mirror.sent_at,
        "facts": dict(mirror.facts),
        "version": mirror.version,
    }


def _mirror(row: Any, units: dict[ListingId, int], stops: tuple[ListingId, ...]) -> Mirror:
    return Mirror(
        order_id=OrderId(row["order_id"]),
        shop_id=ShopId(row["shop_id"]),
        standing=Standing(row["standing"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        value=Money(row["value"], row["currency"]),
        paid_at=row["paid_at"],
        ship_by=row["ship_by"],
        seen_at=row["seen_at"],
        changed_at=row["changed_at"],
        listings=stops,
        store_id=StoreId(row["store_id"]) if row["store_id"] else None,
        shopify_id=row["shopify_id"],
        shopify_name=row["shopify_name"],
        status=OrderStatus(row["status"]),
        referenced=row["referenced"],
        mirror_anyway=row["mirror_anyway"],
        sent_at=row["sent_at"],
        facts=row["facts"],
        units=units,
        version=row["version"],
    )
