"""Links and what was last pushed for them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from bot.domain.links import Link, LinkOrigin, LinkState
from bot.domain.pushes import Pushed
from bot.domain.values import ListingId, Money, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.dialect import actor_json, actor_of, chunks, insert_new, upsert
from bot.store.errors import Taken
from bot.store.shops import SHOPS, table_of
from bot.store.tables import LinkRow, PushRow

LINKS, PUSHES = table_of(LinkRow), table_of(PushRow)
_PUSHED = select(PUSHES).where(PUSHES.c.listing_id == bindparam("listing"))
_ALIVE = (LinkState.ACTIVE.value, LinkState.BROKEN.value)


class Links:
    """One row per listing; its primary key lets one of two racing links win."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, listing_id: ListingId) -> Link | None:
        """In any state."""
        row = self._connection.execute(select(LINKS).where(LINKS.c.listing_id == listing_id)).mappings().first()
        return None if row is None else _link(row)

    def many(self, ids: Sequence[ListingId]) -> dict[ListingId, Link]:
        """In any state, by listing."""
        found: dict[ListingId, Link] = {}
        for part in chunks(dict.fromkeys(ids)):
            rows = self._connection.execute(select(LINKS).where(LINKS.c.listing_id.in_(part))).mappings()
            found.update((ListingId(row["listing_id"]), _link(row)) for row in rows)
        return found

    def of_variant(self, variant_id: VariantId) -> list[Link]:
        """Active and broken ones, oldest first."""
        query = select(LINKS).where(LINKS.c.variant_id == variant_id, LINKS.c.state.in_(_ALIVE))
        rows = self._connection.execute(query.order_by(LINKS.c.changed_at, LINKS.c.listing_id)).mappings()
        return [_link(row) for row in rows]

    def of_variants(self, ids: Sequence[VariantId]) -> dict[VariantId, list[ListingId]]:
        """Listings with an active link, by variant."""
        found: dict[VariantId, list[ListingId]] = {}
        for part in chunks(dict.fromkeys(ids)):
            query = select(LINKS.c.variant_id, LINKS.c.listing_id)
            query = query.where(LINKS.c.variant_id.in_(part), LINKS.c.state == LinkState.ACTIVE.value)
            for variant, listing in self._connection.execute(query.order_by(LINKS.c.changed_at)):
                found.setdefault(VariantId(variant), []).append(ListingId(listing))
        return found

    def of_workspace(self, workspace: WorkspaceId, after: ListingId | None, limit: int) -> list[Link]:
        """In any state, in the order of their ids."""
        query = select(LINKS).join(SHOPS, SHOPS.c.id == LINKS.c.shop_id).where(SHOPS.c.workspace_id == workspace)
        query = query.where(LINKS.c.listing_id > (after or "")).order_by(LINKS.c.listing_id).limit(limit)
        return [_link(row) for row in self._connection.execute(query).mappings()]

    def count(self, workspace: WorkspaceId, state: LinkState = LinkState.ACTIVE) -> int:
        query = select(func.count()).select_from(LINKS.join(SHOPS, SHOPS.c.id == LINKS.c.shop_id))
        query = query.where(SHOPS.c.workspace_id == workspace, LINKS.c.state == state.value)
        return int(self._connection.execute(query).scalar() or 0)

    def add(self, link: Link) -> None:
        """The first link of a listing. Raises Taken when a row stands."""
        if not insert_new(self._connection, LINKS, _row(link)):
            raise Taken(f"link of {link.listing_id}")

    def add_many(self, links: Sequence[Link]) -> None:
        """All or none; the unique index raises for one that somebody was faster with (told as Taken)."""
        if links:
            self._connection.execute(LINKS.insert(), [_row(link) for link in links])

    def remove(self, link: Link) -> bool:
        """Take the row away as it was read; False when somebody changed it meanwhile."""
        gone = delete(LINKS).where(LINKS.c.listing_id == link.listing_id, LINKS.c.version == link.version)
        return self._connection.execute(gone).rowcount == 1

    def save(self, link: Link) -> bool:
        """Replace the version before this one; False when somebody else changed it meanwhile."""
        query = update(LINKS).where(LINKS.c.listing_id == link.listing_id, LINKS.c.version == link.version - 1)
        return self._connection.execute(query.values(**_row(link))).rowcount == 1


def _row(link: Link) -> dict[str, Any]:
    return {
        "listing_id": link.listing_id,
        "shop_id": link.shop_id,
        "variant_id": link.variant_id,
        "store_id": link.store_id,
        "pack": link.pack,
        "state": link.state.value,
        "origin": link.origin.value,
        "actor": actor_json(link.actor),
        "changed_at": link.changed_at,
        "version": link.version,
    }


def _link(row: Any) -> Link:
    actor = actor_of(row["actor"])
    assert actor is not None
    return Link(
        listing_id=ListingId(row["listing_id"]),
        shop_id=ShopId(row["shop_id"]),
        variant_id=VariantId(row["variant_id"]),
        store_id=StoreId(row["store_id"]),
        pack=row["pack"],
        state=LinkState(row["state"]),
        origin=LinkOrigin(row["origin"]),
        actor=actor,
        changed_at=row["changed_at"],
        version=row["version"],
    )


class Pushes:
    """The last price and stock that were sent to TikTok for a listing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, listing_id: ListingId) -> Pushed | None:
        row = self._connection.execute(_PUSHED, {"listing": listing_id}).mappings().first()
        if row is None:
            return None
        price: Decimal | None = row["price"]
        return Pushed(None if price is None else Money(price, row["currency"]), row["stock"])

    def record(self, listing_id: ListingId, *, price: Money | None = None, stock: int | None = None) -> None:
        """Keep what is given; the other value stays."""
        old = self.get(listing_id) or Pushed()
        price, stock = price or old.price, old.stock if stock is None else stock
        row = {"listing_id": listing_id, "price": price.amount if price else None}
        row |= {"currency": price.currency if price else None, "stock": stock}
        upsert(self._connection, PUSHES, [row], ["listing_id"])

    def forget(self, listing_id: ListingId) -> None:
        self._connection.execute(delete(PUSHES).where(PUSHES.c.listing_id == listing_id))

    def restore(self, listing_id: ListingId, pushed: Pushed | None) -> None:
        """As it was kept."""
        self.forget(listing_id)
        if pushed is not None:
            self.record(listing_id, price=pushed.price, stock=pushed.stock)

    def many(self, ids: Sequence[ListingId]) -> dict[ListingId, Pushed]:
        found: dict[ListingId, Pushed] = {}
        for part in chunks(dict.fromkeys(ids)):
            for row in self._connection.execute(select(PUSHES).where(PUSHES.c.listing_id.in_(part))).mappings():
                price: Decimal | None = row["price"]
                money = None if price is None else Money(price, row["currency"])
                found[ListingId(row["listing_id"])] = Pushed(money, row["stock"])
        return found

    def start(self, prices: dict[ListingId, Money | None]) -> None:
        """Forget what was sent for these, but for the price that counts as sent already."""
        rows = [
            {"listing_id": key, "price": money.amount if money else None, "currency": money.currency if money else None,
             "stock": None}
            for key, money in prices.items()
        ]  # fmt: skip
        upsert(self._connection, PUSHES, rows, ["listing_id"])
