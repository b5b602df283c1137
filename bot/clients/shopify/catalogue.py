"""Shopify's variants and stock: the whole catalogue by bulk operation, the rest by pages."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import httpx

from bot.clients.errors import Invalid, Unreachable
from bot.clients.http import check_status
from bot.clients.shopify import queries, wire
from bot.clients.shopify.calls import SERVICE, Calls, payload_of
from bot.clients.shopify.shapes import BulkState, StockFigure
from bot.clients.shopify.wire import Json
from bot.domain.catalogue import Variant
from bot.domain.values import StoreId, VariantId

CHUNK = 1000  # variants per yielded list of the bulk result
_LEFT_TO_ORDERS = 0.5  # of the cost budget: readings never make an order wait
_PAGE, _PRODUCTS, _INNER, _ITEMS = 25, 5, 5, 30  # sizes that keep each query below 1000 points
_POLLS = (0.2, 0.4, 0.8, 1.6, 3.0, 5.0, 5.0)  # seconds; then 10 each
_MOST_POLLS = 400  # about an hour


class Catalogue(Calls):
    """Variants with prices in the store's currency. Every method raises the errors of `clients/errors.py`."""

    async def _currency_of(self, store: StoreId) -> str:
        if store not in self._currencies:
            self._currencies[store] = wire.parse_shop(await self._ask(store, queries.SHOP)).currency
        return self._currencies[store]

    async def variants(self, store: StoreId) -> AsyncIterator[list[Variant]]:
        """Every variant, 1000 at a time, by a bulk operation; by pages when Shopify refuses or fails it."""
        state = await self._run_bulk(store)
        if state is None:
            async for page in self._paged(store):
                yield page
        elif state.url:  # none at all: an empty catalogue
            async for chunk in self._download(store, state.url):
                yield chunk

    async def _run_bulk(self, store: StoreId) -> BulkState | None:
        """The finished operation, or None when pages have to do."""
        try:
            data = await self._change(store, queries.BULK_START, {"query": queries.BULK_VARIANTS})
        except Invalid:
            return None
        payload = payload_of(data, "bulkOperationRunQuery")
        if wire.user_errors(payload) or not payload.get("bulkOperation"):
            return None
        state = wire.parse_bulk(wire.nested(payload, "bulkOperation"))
        for turn in range(_MOST_POLLS):
            if not state.is_running:
                return state if state.status == "COMPLETED" else None
            await self._pace.wait(_POLLS[turn] if turn < len(_POLLS) else 10.0)
            told = await self._ask(store, queries.BULK_STATE, {"id": state.id})
            state = wire.parse_bulk(wire.nested(told, "bulkOperation"))
        raise Unreachable("the bulk operation does not end", "BULK_TIMEOUT", service=SERVICE)

    async def _download(self, store: StoreId, url: str) -> AsyncIterator[list[Variant]]:
        """The file is grouped by variant; levels that come apart from theirs make it be read again at the end."""
        currency = await self._currency_of(store)
        chunk: list[Variant] = []
        late: set[VariantId] = set()
        current: Json | None = None
        levels: list[Json] = []
        owners: dict[str, VariantId] = {}
        async for line in self._lines(url):
            parent = wire.text(line, "__parentId")
            if not parent:
                if current is not None:
                    chunk.append(wire.parse_variant(store, currency, current, levels))
                current, levels = line, []
                owners[wire.item_id(line)] = VariantId(wire.text(line, "id"))
                if len(chunk) >= CHUNK:
                    yield chunk
                    chunk = []
            elif current is not None and parent in (wire.text(current, "id"), wire.item_id(current)):
                levels.append(line)
            else:
                late.add(owners.get(parent, VariantId(parent)))
        if current is not None:
            chunk.append(wire.parse_variant(store, currency, current, levels))
        if chunk:
            yield chunk
        if late:
            yield list((await self.variants_by_id(store, sorted(late))).values())

    async def _lines(self, url: str) -> AsyncIterator[Json]:
        """Streamed from Google's storage, which must not see Shopify's token."""
        try:
            async with self._http.stream("GET", url) as response:
                check_status(response, service=SERVICE, repeatable=True)
                if response.status_code != 200:
                    raise Unreachable("no bulk result", str(response.status_code), service=SERVICE)
                async for raw in response.aiter_lines():
                    if (line := wire.bulk_line(raw)) is not None:
                        yield line
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"the bulk result broke off: {type(error).__name__}", service=SERVICE) from None

    async def _paged(self, store: StoreId) -> AsyncIterator[list[Variant]]:
        async for data in self._pages(store, queries.VARIANTS, "productVariants", {"first": _PAGE}):
            yield await self._complete(store, wire.nodes(data, "productVariants"))

    async def variants_updated(self, store: StoreId, since: datetime) -> AsyncIterator[list[Variant]]:
        """Variants of products changed since; a sale alone does not change a product. Windows should overlap."""
        asked = {"first": _PRODUCTS, "inner": _INNER, "query": f"updated_at:>='{wire.stamp(since)}'"}
        async for data in self._pages(store, queries.PRODUCTS_UPDATED, "products", asked, keep=_LEFT_TO_ORDERS):
            found: list[Variant] = []
            for product in wire.nodes(data, "products"):
                if wire.is_cut(product, "variants"):
                    found += await self.product_variants(store, wire.text(product, "id"))
                else:
                    found += await self._complete(store, wire.nodes(product, "variants"))
            yield found

    async def product_variants(self, store: StoreId, product_gid: str) -> list[Variant]:
        """All variants of one product; [] when it is gone."""
        found: list[Variant] = []
        after: str | None = None
        while True:
            asked = {"id": product_gid, "first": _PAGE, "after": after}
            product = wire.nested(await self._ask(store, queries.PRODUCT_VARIANTS, asked), "product")
            found += await self._complete(store, wire.nodes(product, "variants"))
            after = wire.next_cursor(product, "variants")
            if after is None:
                return found

    async def variants_by_id(self, store: StoreId, ids: Sequence[VariantId]) -> dict[VariantId, Variant]:
        """Those that exist; a deleted variant is simply not there."""
        found: dict[VariantId, Variant] = {}
        for start in range(0, len(ids), _PAGE):
            data = await self._ask(store, queries.VARIANTS_BY_ID, {"ids": list(ids[start : start + _PAGE])})
            kept = [node for node in wire.rows(data, "nodes") if node.get("id")]
            found |= {variant.id: variant for variant in await self._complete(store, kept)}
        return found

    async def _complete(self, store: StoreId, nodes: Sequence[Json]) -> list[Variant]:
        """Variants of these nodes; those stocked at more locations than a page holds get their levels apart."""
        currency = await self._currency_of(store) if nodes else ""
        found: list[Variant] = []
        for node in nodes:
            levels = await self._all_levels(store, wire.item_id(node)) if wire.levels_are_cut(node) else None
            found.append(wire.parse_variant(store, currency, node, levels))
        return found

    async def stock(self, store: StoreId, inventory_item_ids: Sequence[str]) -> dict[str, StockFigure]:
        """By inventory item; items that are gone are left out."""
        found: dict[str, StockFigure] = {}
        for start in range(0, len(inventory_item_ids), _ITEMS):
            asked = list(inventory_item_ids[start : start + _ITEMS])
            data = await self._ask(store, queries.STOCK, {"ids": asked}, keep=_LEFT_TO_ORDERS)
            for item in wire.rows(data, "nodes"):
                item_id = wire.text(item, "id")
                if not item_id:
                    continue
                cut = wire.is_cut(item, "inventoryLevels")
                found[item_id] = wire.parse_stock(item, await self._all_levels(store, item_id) if cut else None)
        return found

    async def _all_levels(self, store: StoreId, item_id: str) -> list[Json]:
        found: list[Json] = []
        after: str | None = None
        while True:
            data = await self._ask(store, queries.ITEM_LEVELS, {"id": item_id, "after": after})
            item = wire.nested(data, "inventoryItem")
            found += wire.nodes(item, "inventoryLevels")
            after = wire.next_cursor(item, "inventoryLevels")
            if after is None:
                return found
