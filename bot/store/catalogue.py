"""Listings: the TikTok half of the catalogue, and what its tables show."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update

from bot.domain.board import Blocked, Page, ProductCounts, ProductFilter, ProductRow
from bot.domain.catalogue import Listing, ListingStatus, Stocked, sku_key
from bot.domain.jobs import Upserted
from bot.domain.links import Link, LinkState
from bot.domain.values import ListingId, Money, ShopId, WorkspaceId
from bot.domain.words import fold
from bot.store.dialect import chunks, like, upsert, words_of
from bot.store.links import LINKS, Links
from bot.store.orders import Orders
from bot.store.shops import SHOPS, Shops, table_of
from bot.store.tables import ListingRow
from bot.store.variants import Variants

LISTINGS = table_of(ListingRow)
_DELETED = ListingStatus.DELETED.value
_ALIVE = (LinkState.ACTIVE.value, LinkState.BROKEN.value)


class Listings(Variants):
    """Both halves of the catalogue: listings here, variants in the base."""

    # --- writing -----------------------------------------------------------------------------------------------------

    def put_listings(self, listings: Sequence[Listing]) -> Upserted:
        """Write all, and say which were new or changed. A reading without variation names keeps the known ones."""
        new: list[str] = []
        changed: list[str] = []
        before: dict[str, Listing] = {}
        for part in chunks({listing.id: listing for listing in listings}.values()):
            old = self.listings([listing.id for listing in part])
            merged = [_merged(listing, old.get(listing.id)) for listing in part]
            new += [one.id for one in merged if one.id not in old]
            for one in merged:
                if one.id in old and _shown(one) != _shown(old[one.id]):
                    changed.append(one.id)
                    before[one.id] = old[one.id]
            upsert(self._connection, LISTINGS, [_row(one, self._now) for one in merged], ["id"])
        return Upserted(tuple(new), tuple(changed), before)

    def delete_listings(self, ids: Sequence[ListingId]) -> list[ListingId]:
        """Mark as deleted; those that were not yet."""
        gone: list[ListingId] = []
        for part in chunks(ids):
            alive = and_(LISTINGS.c.id.in_(part), LISTINGS.c.status != _DELETED)
            gone += [ListingId(row[0]) for row in self._connection.execute(select(LISTINGS.c.id).where(alive))]
            self._connection.execute(update(LISTINGS).where(alive).values(status=_DELETED))
        return gone

    def delete_listings_unseen(self, shop_id: ShopId, seen_before: datetime) -> list[ListingId]:
        """Mark as deleted what the reading that began at `seen_before` did not find."""
        query = select(LISTINGS.c.id).where(_unseen(shop_id, seen_before))
        return self.delete_listings([ListingId(row[0]) for row in self._connection.execute(query)])

    # --- one and many ------------------------------------------------------------------------------------------------

    def listing(self, listing_id: ListingId) -> Listing | None:
        return self.listings([listing_id]).get(listing_id)

    def listings(self, ids: Sequence[ListingId]) -> dict[ListingId, Listing]:
        found: dict[ListingId, Listing] = {}
        for part in chunks(dict.fromkeys(ids)):
            for one in self._listings(select(LISTINGS).where(LISTINGS.c.id.in_(part))):
                found[one.id] = one
        return found

    def listings_of_product(self, shop_id: ShopId, product_id: str) -> list[Listing]:
        wanted = (LISTINGS.c.shop_id == shop_id, LISTINGS.c.product_id == product_id)
        return self._listings(select(LISTINGS).where(*wanted).order_by(LISTINGS.c.id))

    def listing_ids(self, workspace: WorkspaceId, after: ListingId | None, limit: int) -> list[ListingId]:
        """Ids in their order, for passes over everything."""
        query = select(LISTINGS.c.id).join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id)
        query = query.where(SHOPS.c.workspace_id == workspace, LISTINGS.c.id > (after or ""))
        return [ListingId(row[0]) for row in self._connection.execute(query.order_by(LISTINGS.c.id).limit(limit))]

    def count_listings(self, shop_id: ShopId) -> int:
        return self._count(LISTINGS, LISTINGS.c.shop_id == shop_id, LISTINGS.c.status != _DELETED)

    def count_listings_unseen(self, shop_id: ShopId, seen_before: datetime) -> int:
        return self._count(LISTINGS, _unseen(shop_id, seen_before))

    def twins(self, listing: Listing) -> int:
        """Other listings of the shop, not deleted, with the same trimmed SKU; 0 without a SKU."""
        if not listing.sku:
            return 0
        wanted = (LISTINGS.c.shop_id == listing.shop_id, LISTINGS.c.sku == listing.sku, LISTINGS.c.id != listing.id)
        return self._count(LISTINGS, *wanted, LISTINGS.c.status != _DELETED)

    def shared_skus(self, shop_id: ShopId, skus: Sequence[str]) -> set[str]:
        """Those of these trimmed SKUs that several listings of the shop carry, deleted ones left out."""
        found: set[str] = set()
        for part in chunks(dict.fromkeys(sku for sku in skus if sku)):
            query = select(LISTINGS.c.sku).where(LISTINGS.c.shop_id == shop_id, LISTINGS.c.sku.in_(part))
            query = query.where(LISTINGS.c.status != _DELETED).group_by(LISTINGS.c.sku).having(func.count() > 1)
            found |= set(self._connection.execute(query).scalars())
        return found

    def listings_by_sku(self, workspace: WorkspaceId, sku: str) -> list[Listing]:
        """Listings, deleted ones left out, whose trimmed SKU is exactly this; none for an empty one."""
        key = sku_key(sku)
        if not key:
            return []
        shops = [shop.id for shop in Shops(self._connection).for_workspace(workspace)]
        wanted = (LISTINGS.c.shop_id.in_(shops), LISTINGS.c.sku == key, LISTINGS.c.status != _DELETED)
        return self._listings(select(LISTINGS).where(*wanted).order_by(LISTINGS.c.id))

    def listings_by_skus(self, workspace: WorkspaceId, skus: Sequence[str]) -> dict[str, list[Listing]]:
        """The same for many trimmed SKUs, by SKU."""
        found: dict[str, list[Listing]] = {}
        shops = [shop.id for shop in Shops(self._connection).for_workspace(workspace)]
        for part in chunks(dict.fromkeys(sku for sku in skus if sku)):
            wanted = (LISTINGS.c.shop_id.in_(shops), LISTINGS.c.sku.in_(part), LISTINGS.c.status != _DELETED)
            for one in self._listings(select(LISTINGS).where(*wanted).order_by(LISTINGS.c.id)):
                found.setdefault(one.sku, []).append(one)
        return found

    def find_listings(self, workspace: WorkspaceId, words: str, limit: int = 20) -> list[Listing]:
        """By SKU id, else by exact seller SKU, else by words in title, variation and SKU (any case)."""
        by_id = self.listing(ListingId(words.strip()))
        shops = {shop.id for shop in Shops(self._connection).for_workspace(workspace)}
        if by_id is not None and by_id.shop_id in shops:
            return [by_id]
        exact = self.listings_by_sku(workspace, words)
        if exact or not words.strip():
            return exact[:limit]
        wanted = [LISTINGS.c.shop_id.in_(shops), LISTINGS.c.status != _DELETED, *_has(words)]
        return self._listings(select(LISTINGS).where(and_(*wanted)).order_by(*_ORDER).limit(limit))

    # --- tables ------------------------------------------------------------------------------------------------------

    def products(
        self, workspace: WorkspaceId, filter: ProductFilter, words: str, offset: int, size: int
    ) -> Page[ProductRow]:
        """Those that block orders first, then by title. Every row is reachable; deleted listings are left out."""
        blocked = Orders(self._connection).blocked(workspace)
        wanted = and_(SHOPS.c.workspace_id == workspace, LISTINGS.c.status != _DELETED, *_has(words), *_in(filter))
        source = LISTINGS.join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id).outerjoin(
            LINKS, and_(LINKS.c.listing_id == LISTINGS.c.id, LINKS.c.state.in_(_ALIVE))
        )
        total = int(self._connection.execute(select(func.count()).select_from(source).where(wanted)).scalar() or 0)
        first = self._first(source, wanted, blocked)
        ids = first[offset : offset + size]
        rest = select(LISTINGS.c.id).select_from(source).where(wanted)
        if first:
            rest = rest.where(LISTINGS.c.id.notin_(first))
        rest = rest.order_by(*_ORDER).offset(max(0, offset - len(first))).limit(size - len(ids))
        if len(ids) < size:
            ids += [ListingId(row[0]) for row in self._connection.execute(rest)]
        return Page(self._product_rows(ids, blocked), total, offset, size)

    def _first(self, source: Any, wanted: Any, blocked: dict[ListingId, Blocked]) -> list[ListingId]:
        """The blocking listings among the wanted ones, most blocked value first."""
        found: set[ListingId] = set()
        for part in chunks(blocked):
            query = select(LISTINGS.c.id).select_from(source).where(wanted, LISTINGS.c.id.in_(part))
            found.update(ListingId(row[0]) for row in self._connection.execute(query))
        return sorted(found, key=lambda key: (-sum(m.amount for m in blocked[key].value), key))

    def _product_rows(self, ids: Sequence[ListingId], blocked: dict[ListingId, Blocked]) -> list[ProductRow]:
        listings, links = self.listings(ids), Links(self._connection).many(ids)
        alive: dict[ListingId, Link] = {k: v for k, v in links.items() if v.state is not LinkState.TOMBSTONE}
        variants = self.variants([link.variant_id for link in alive.values()])
        shops = {shop.id: shop for shop in Shops(self._connection).all()}
        rows: list[ProductRow] = []
        for key in ids:
            listing, link = listings[key], alive.get(key)
            variant = variants.get(link.variant_id) if link else None
            rows.append(ProductRow(listing, shops[listing.shop_id], link, variant, blocked.get(key)))
        return rows

    def pressing(self, workspace: WorkspaceId, limit: int) -> list[ProductRow]:
        """The unlinked listings that need a person most."""
        return list(self.products(workspace, ProductFilter.UNLINKED, "", 0, limit).rows)

    def counts(self, workspace: WorkspaceId) -> ProductCounts:
        """Listings that are not deleted: all, linked, unlinked, with a broken link."""
        source = LISTINGS.join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id).outerjoin(
            LINKS, and_(LINKS.c.listing_id == LISTINGS.c.id, LINKS.c.state.in_(_ALIVE))
        )
        query = select(LINKS.c.state, func.count()).select_from(source)
        query = query.where(SHOPS.c.workspace_id == workspace, LISTINGS.c.status != _DELETED).group_by(LINKS.c.state)
        found = {state: int(count) for state, count in self._connection.execute(query)}
        linked, broken = found.get(LinkState.ACTIVE.value, 0), found.get(LinkState.BROKEN.value, 0)
        return ProductCounts(sum(found.values()), linked, found.get(None, 0), broken)

    def _listings(self, query: Any) -> list[Listing]:
        return [_listing(row) for row in self._connection.execute(query).mappings()]


_ORDER = (LISTINGS.c.title, LISTINGS.c.variation, LISTINGS.c.id)


def _unseen(shop_id: ShopId, seen_before: datetime) -> Any:
    return and_(LISTINGS.c.shop_id == shop_id, LISTINGS.c.seen_at < seen_before, LISTINGS.c.status != _DELETED)


def _has(words: str) -> list[Any]:
    return [LISTINGS.c.hay.like(like(word), escape="\\") for word in words_of(words)]


def _in(filter: ProductFilter) -> list[Any]:
    wanted = {
        ProductFilter.LINKED: [LINKS.c.state == LinkState.ACTIVE.value],
        ProductFilter.BROKEN: [LINKS.c.state == LinkState.BROKEN.value],
        ProductFilter.UNLINKED: [LINKS.c.state.is_(None)],
    }
    return wanted.get(filter, [])


def _merged(new: Listing, old: Listing | None) -> Listing:
    if old is None or new.variation:
        return new
    return replace(new, variation=old.variation, is_combo=new.is_combo or old.is_combo, gtin=new.gtin or old.gtin)


def _shown(listing: Listing) -> tuple[Any, ...]:
    return (
        listing.seller_sku, listing.title, listing.variation, listing.price, listing.stock, listing.status,
        listing.product_id, listing.is_combo,
    )  # fmt: skip


def _row(listing: Listing, now: datetime) -> dict[str, Any]:
    return {
        "id": listing.id,
        "shop_id": listing.shop_id,
        "product_id": listing.product_id,
        "title": listing.title,
        "variation": listing.variation,
        "seller_sku": listing.seller_sku,
        "sku": listing.sku,
        "price": listing.price.amount if listing.price else None,
        "currency": listing.price.currency if listing.price else None,
        "stock": [[part.warehouse_id, part.quantity] for part in listing.stock],
        "status": listing.status.value,
        "updated_at": listing.updated_at,
        "is_combo": listing.is_combo,
        "hay": fold(f"{listing.title} {listing.variation} {listing.seller_sku}"),
        "seen_at": now,
        "gtin": listing.gtin,
    }


def _listing(row: Any) -> Listing:
    stock: Iterable[Any] = json.loads(row["stock"]) if isinstance(row["stock"], str) else row["stock"]
    price = row["price"]
    return Listing(
        id=ListingId(row["id"]),
        shop_id=ShopId(row["shop_id"]),
        product_id=row["product_id"],
        title=row["title"],
        variation=row["variation"],
        seller_sku=row["seller_sku"],
        price=None if price is None else Money(price, row["currency"]),
        stock=tuple(Stocked(warehouse, quantity) for warehouse, quantity in stock),
        status=ListingStatus(row["status"]),
        updated_at=row["updated_at"],
        is_combo=row["is_combo"],
        gtin=row["gtin"],
    )
