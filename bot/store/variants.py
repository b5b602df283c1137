"""Variants: the Shopify half of the catalogue, and its search."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, update

from bot.domain.board import Page, VariantQuery, VariantRow
from bot.domain.catalogue import Listing, Variant, VariantStatus, sku_key
from bot.domain.connections import ConnectionState
from bot.domain.evidence import Rarity
from bot.domain.jobs import Upserted
from bot.domain.links import LinkState
from bot.domain.values import Money, StoreId, VariantId, WorkspaceId
from bot.store.dialect import chunks, upsert
from bot.store.links import LINKS, Links
from bot.store.search import FACETS, SEARCH, SearchIndex, facets
from bot.store.shops import STORES, Stores, table_of
from bot.store.tables import VariantRow as VariantTable

VARIANTS = table_of(VariantTable)
_DELETED = VariantStatus.DELETED.value
_ORDER = (VARIANTS.c.title, VARIANTS.c.options, VARIANTS.c.sku, VARIANTS.c.id)


class Variants:
    """Variants of all stores; a workspace sees those of the stores it has not disconnected."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now
        self._index = SearchIndex(connection)

    # --- writing -----------------------------------------------------------------------------------------------------

    def put_variants(self, variants: Sequence[Variant]) -> Upserted:
        """Write all, and say which were new or changed, with the old value of the changed ones."""
        new: list[str] = []
        before: dict[str, Variant] = {}
        for part in chunks({variant.id: variant for variant in variants}.values()):
            old = self.variants([variant.id for variant in part])
            new += [one.id for one in part if one.id not in old]
            before |= {one.id: old[one.id] for one in part if one.id in old and _shown(one) != _shown(old[one.id])}
            upsert(self._connection, VARIANTS, [_row(one, self._now) for one in part], ["id"])
            differing = [one for one in part if one.id not in old or _found_by(one) != _found_by(old[one.id])]
            self._index.put([one for one in differing if one.status is not VariantStatus.DELETED])
            self._index.drop([one.id for one in differing if one.status is VariantStatus.DELETED])
        return Upserted(tuple(new), tuple(before), before)

    def set_available(
        self, inventory_item_id: str, available: int | None, tracked: bool | None = None
    ) -> list[VariantId]:
        """New stock of an inventory item; the variants (several may share it) whose figures changed."""
        values: dict[str, Any] = {"available": available} | ({} if tracked is None else {"tracked": tracked})
        differs = [VARIANTS.c[name].is_distinct_from(value) for name, value in values.items()]
        wanted = and_(VARIANTS.c.inventory_item_id == inventory_item_id, or_(*differs))
        ids = [VariantId(row[0]) for row in self._connection.execute(select(VARIANTS.c.id).where(wanted))]
        if ids:
            self._connection.execute(update(VARIANTS).where(VARIANTS.c.id.in_(ids)).values(**values))
        return ids

    def delete_variants(self, ids: Sequence[VariantId]) -> list[VariantId]:
        """Mark as deleted; those that were not yet."""
        gone: list[VariantId] = []
        for part in chunks(ids):
            alive = and_(VARIANTS.c.id.in_(part), VARIANTS.c.status != _DELETED)
            gone += [VariantId(row[0]) for row in self._connection.execute(select(VARIANTS.c.id).where(alive))]
            self._connection.execute(update(VARIANTS).where(alive).values(status=_DELETED))
            self._index.drop(part)
        return gone

    def delete_variants_unseen(self, store_id: StoreId, seen_before: datetime) -> list[VariantId]:
        """Mark as deleted what the reading that began at `seen_before` did not find."""
        query = select(VARIANTS.c.id).where(_unseen(store_id, seen_before))
        return self.delete_variants([VariantId(row[0]) for row in self._connection.execute(query)])

    # --- one and many ------------------------------------------------------------------------------------------------

    def variant(self, variant_id: VariantId) -> Variant | None:
        return self.variants([variant_id]).get(variant_id)

    def variants(self, ids: Sequence[VariantId]) -> dict[VariantId, Variant]:
        found: dict[VariantId, Variant] = {}
        for part in chunks(dict.fromkeys(ids)):
            for one in self._variants(select(VARIANTS).where(VARIANTS.c.id.in_(part))):
                found[one.id] = one
        return found

    def variants_by_sku(self, workspace: WorkspaceId, sku: str) -> list[Variant]:
        """Variants, deleted ones left out, whose trimmed SKU is exactly this; none for an empty one."""
        key = sku_key(sku)
        if not key:
            return []
        wanted = (
            VARIANTS.c.sku == key,
            VARIANTS.c.store_id.in_(self._stores(workspace)),
            VARIANTS.c.status != _DELETED,
        )
        return self._variants(select(VARIANTS).where(*wanted).order_by(VARIANTS.c.id))

    def variants_by_skus(self, workspace: WorkspaceId, skus: Sequence[str]) -> dict[str, list[Variant]]:
        """The same for many trimmed SKUs, by SKU."""
        found: dict[str, list[Variant]] = {}
        stores = self._store_ids(workspace)
        for part in chunks(dict.fromkeys(sku for sku in skus if sku)):
            wanted = VARIANTS.c.sku.in_(part), VARIANTS.c.store_id.in_(stores), VARIANTS.c.status != _DELETED
            for one in self._variants(select(VARIANTS).where(*wanted).order_by(VARIANTS.c.id)):
                found.setdefault(sku_key(one.sku), []).append(one)
        return found

    def variants_by_item(self, inventory_item_id: str) -> list[Variant]:
        return self._variants(select(VARIANTS).where(VARIANTS.c.inventory_item_id == inventory_item_id))

    def variants_of_product(self, store_id: StoreId, product_id: str) -> list[Variant]:
        wanted = (VARIANTS.c.store_id == store_id, VARIANTS.c.product_id == product_id)
        return self._variants(select(VARIANTS).where(*wanted))

    def inventory_items(self, store_id: StoreId, linked_only: bool, after: str | None, limit: int) -> list[str]:
        """Inventory item ids in their order."""
        query = (
            select(VARIANTS.c.inventory_item_id)
            .distinct()
            .where(
                VARIANTS.c.store_id == store_id,
                VARIANTS.c.status != _DELETED,
                VARIANTS.c.inventory_item_id > (after or ""),
            )
        )
        if linked_only:
            active = LINKS.c.state == LinkState.ACTIVE.value
            query = query.where(exists().where(LINKS.c.variant_id == VARIANTS.c.id, active))
        query = query.order_by(VARIANTS.c.inventory_item_id).limit(limit)
        return [row[0] for row in self._connection.execute(query)]

    def count_variants(self, store_id: StoreId) -> int:
        return self._count(VARIANTS, VARIANTS.c.store_id == store_id, VARIANTS.c.status != _DELETED)

    def count_variants_unseen(self, store_id: StoreId, seen_before: datetime) -> int:
        return self._count(VARIANTS, _unseen(store_id, seen_before))

    # --- search ------------------------------------------------------------------------------------------------------

    def search_variants(self, workspace: WorkspaceId, query: VariantQuery, offset: int, size: int) -> Page[VariantRow]:
        """Without words a page of all, by title; with words the best hits. Filters OR inside, AND between."""
        stores = self._store_ids(workspace)
        if query.words.strip():
            found = self._index.search(stores, query, offset + size)
            hits = self.variants(found.ids)
            rows = [hits[key] for key in found.ids[offset:] if key in hits]
            return Page(self.variant_rows(rows), len(found.ids), offset, size, found.is_more)
        wanted = [VARIANTS.c.store_id.in_(stores), VARIANTS.c.status != _DELETED]
        narrowed = facets(query)
        if narrowed:
            wanted.append(VARIANTS.c.id.in_(select(SEARCH.c.variant_id).where(and_(*narrowed))))
        total = self._count(VARIANTS, *wanted)
        query_ = select(VARIANTS).where(and_(*wanted)).order_by(*_ORDER).offset(offset).limit(size)
        return Page(self.variant_rows(self._variants(query_)), total, offset, size)

    def variant_rows(self, variants: Sequence[Variant]) -> list[VariantRow]:
        """With their stores and the listings linked to each."""
        linked = Links(self._connection).of_variants([one.id for one in variants])
        stores = {store.id: store for store in Stores(self._connection).all()}
        return [
            VariantRow(one, stores[one.store_id], tuple(linked.get(one.id, ())))
            for one in variants
            if one.store_id in stores
        ]

    def candidates(self, workspace: WorkspaceId, listing: Listing) -> tuple[list[Variant], Rarity]:
        """Variants that `matching.suggest` should look at, and how telling their words are."""
        ids, rarity = self._index.candidates(self._store_ids(workspace), listing)
        found = self.variants(ids)
        return [found[key] for key in ids if key in found], rarity

    def categories(self, workspace: WorkspaceId) -> list[str]:
        query = select(SEARCH.c.category).distinct().where(SEARCH.c.store_id.in_(self._store_ids(workspace)))
        return sorted((row[0] for row in self._connection.execute(query) if row[0]), key=str.casefold)

    def tags(self, workspace: WorkspaceId) -> list[str]:
        mine = exists().where(SEARCH.c.number == FACETS.c.number, SEARCH.c.store_id.in_(self._store_ids(workspace)))
        query = select(FACETS.c.tag).distinct().where(mine)
        return sorted((row[0] for row in self._connection.execute(query)), key=str.casefold)

    # ------------------------------------------------------------------------------------------------------------------

    def _stores(self, workspace: WorkspaceId) -> Any:
        gone = ConnectionState.DISCONNECTED.value
        return select(STORES.c.id).where(STORES.c.workspace_id == workspace, STORES.c.state != gone)

    def _store_ids(self, workspace: WorkspaceId) -> list[StoreId]:
        return [StoreId(row[0]) for row in self._connection.execute(self._stores(workspace))]

    def _variants(self, query: Any) -> list[Variant]:
        return [_variant(row) for row in self._connection.execute(query).mappings()]

    def _count(self, table: Any, *wanted: Any) -> int:
        query = select(func.count()).select_from(table).where(and_(*wanted))
        return int(self._connection.execute(query).scalar() or 0)


def _unseen(store_id: StoreId, seen_before: datetime) -> Any:
    return and_(VARIANTS.c.store_id == store_id, VARIANTS.c.seen_at < seen_before, VARIANTS.c.status != _DELETED)


def _shown(variant: Variant) -> tuple[Any, ...]:
    return (
        variant.sku, variant.title, variant.options, variant.price, variant.available, variant.tracked,
        variant.sells_past_zero, variant.status, variant.category, variant.tags, variant.barcode,
        variant.inventory_item_id,
    )  # fmt: skip


def _found_by(variant: Variant) -> tuple[Any, ...]:
    return (
        variant.title, variant.options, variant.sku, variant.barcode, variant.category, variant.tags,
        variant.product_id, variant.status is VariantStatus.DELETED,
    )  # fmt: skip


def _row(variant: Variant, now: datetime) -> dict[str, Any]:
    return {
        "id": variant.id,
        "store_id": variant.store_id,
        "product_id": variant.product_id,
        "inventory_item_id": variant.inventory_item_id,
        "title": variant.title,
        "options": variant.options,
        "raw_sku": variant.sku,
        "sku": sku_key(variant.sku),
        "price": variant.price.amount,
        "currency": variant.price.currency,
        "available": variant.available,
        "tracked": variant.tracked,
        "sells_past_zero": variant.sells_past_zero,
        "status": variant.status.value,
        "updated_at": variant.updated_at,
        "barcode": variant.barcode,
        "category": variant.category,
        "tags": list(variant.tags),
        "seen_at": now,
    }


def _variant(row: Any) -> Variant:
    return Variant(
        id=VariantId(row["id"]),
        store_id=StoreId(row["store_id"]),
        product_id=row["product_id"],
        inventory_item_id=row["inventory_item_id"],
        title=row["title"],
        options=row["options"],
        sku=row["raw_sku"],
        price=Money(row["price"], row["currency"]),
        available=row["available"],
        tracked=row["tracked"],
        sells_past_zero=row["sells_past_zero"],
        status=VariantStatus(row["status"]),
        updated_at=row["updated_at"],
        barcode=row["barcode"],
        category=row["category"],
        tags=tuple(row["tags"]),
    )
