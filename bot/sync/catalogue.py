"""Import and upkeep of both catalogues: what is new, changed or gone, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.errors import Gone
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.catalogue import Listing, Variant, VariantStatus
from bot.domain.incidents import IncidentKind
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkMode
from bot.domain.values import LINKBOT, ListingId, ShopId, StoreId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import linking

OVERLAP = timedelta(minutes=5)
"""Polls read again what the last one may have missed: update times are not exact on either side."""
_CARD_PACE = timedelta(seconds=3)
_PASS_SIZE = 500
MASS_LOSS = 20
"""A complete reading that misses more rows than this, and more than half, is a bad reading, not a mass deletion."""


@dataclass(frozen=True)
class Progress:
    """How far an import is; kept in settings so that its message is a rendering of stored state."""

    done: int
    finished: bool
    problem: str = ""


def save_progress(u: Unit, shop_id: ShopId, workspace: WorkspaceId, progress: Progress) -> None:
    value = {"done": progress.done, "finished": progress.finished, "problem": progress.problem}
    u.settings.put(workspace, f"import:{shop_id}", value)
    u.jobs.add("prompt", shop_id, owner=workspace, hold=timedelta(0) if progress.finished else _CARD_PACE)


def load_progress(u: Unit, shop_id: ShopId, workspace: WorkspaceId) -> Progress:
    value = u.settings.get(workspace, f"import:{shop_id}") or {}
    return Progress(int(value.get("done", 0)), bool(value.get("finished")), str(value.get("problem", "")))


async def import_shop(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Read every product and SKU of a TikTok shop (S2). Run again after a crash it starts over and doubles nothing."""
    shop_id = ShopId(job.ref)
    started, done = await db.run(lambda u: (u.now, 0))
    async for page in tiktok.listings(shop_id):
        done += len(page)
        await db.run(lambda u, page=page, done=done: _take_page(u, shop_id, page, done))
    await db.run(lambda u: _finish_import(u, shop_id, started, done))


def _take_page(u: Unit, shop_id: ShopId, page: Sequence[Listing], done: int) -> None:
    shop = u.shops.get(shop_id)
    if shop is None:
        return
    take_listings(u, shop_id, page)
    if not shop.currency and (priced := next((x.price for x in page if x.price), None)):
        u.shops.change(shop_id, currency=priced.currency)
    if shop.mode is None or not shop.imported_at:
        save_progress(u, shop_id, shop.workspace_id, Progress(done, finished=False))


def _finish_import(u: Unit, shop_id: ShopId, started: datetime, done: int) -> None:
    shop = u.shops.get(shop_id)
    if shop is None:
        return
    problem = ""
    missing, known = u.catalogue.count_listings_unseen(shop_id, started), u.catalogue.count_listings(shop_id)
    if missing > MASS_LOSS and missing * 2 > known:
        problem = f"{missing} of {known} known SKUs were not in TikTok's answer; they are kept."
    else:
        _drop_listings(u, shop.workspace_id, u.catalogue.delete_listings_unseen(shop_id, started))
    u.shops.change(shop_id, imported_at=u.now, products_seen_to=started)
    u.ledger.add(
        Entry(u.now, shop.workspace_id, Act.IMPORTED, LINKBOT, shop_id, facts={"skus": str(done), "problem": problem})
    )
    save_progress(u, shop_id, shop.workspace_id, Progress(done, finished=True, problem=problem))
    if shop.mode is not None:
        u.jobs.add("match_all", shop.workspace_id, owner=shop.workspace_id)


def _drop_listings(u: Unit, workspace: WorkspaceId, gone: Sequence[ListingId]) -> None:
    for listing_id, listing in u.catalogue.listings(list(gone)).items():
        linking.close_items(u, workspace, (IncidentKind.UNLINKED,), listing_id, None)
        linking.rematch_sku(u, workspace, listing.sku)  # its twin may be unique now


def take_listings(u: Unit, shop_id: ShopId, page: Sequence[Listing]) -> None:
    """Store listings and do what new and changed ones ask for; matching waits until the shop was imported."""
    shop = u.shops.get(shop_id)
    if shop is None:
        return
    before = u.catalogue.listings([listing.id for listing in page])
    seen = u.catalogue.put_listings(list(page))
    now_known = u.catalogue.listings([*seen.new, *seen.changed])
    for product_id in _products_to_read(page, before):
        u.jobs.add("product", product_id, owner=shop_id)
    if shop.imported_at is None:
        return
    for listing_id in (*seen.new, *seen.changed):
        listing, old = now_known.get(listing_id), before.get(listing_id)
        if listing is None:
            continue
        if old is None or old.sku != listing.sku or old.is_deleted != listing.is_deleted:
            linking.match_listing(u, shop.workspace_id, shop.mode, listing)
            for sku in {listing.sku, old.sku if old else ""}:
                linking.rematch_sku(u, shop.workspace_id, sku)
        if old is None:
            for order_id in u.orders.stopped_by(listing_id):
                u.jobs.add("mirror", order_id, owner=shop_id)


def _products_to_read(page: Sequence[Listing], before: dict[ListingId, Listing]) -> list[str]:
    """Products new to us: only their detail tells the variations, and whether they are combined ones."""
    return sorted({x.product_id for x in page if not x.variation and x.id not in before and not x.is_deleted})


async def poll_products(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Read what changed since the last poll: the net under lost product webhooks (S8)."""
    shop_id = ShopId(job.ref)
    shop, now = await db.read(lambda u: (u.shops.get(shop_id), u.now))
    if shop is None or not shop.is_live or shop.products_seen_to is None:
        return
    async for page in tiktok.listings(shop_id, updated_from=shop.products_seen_to - OVERLAP):
        await db.run(lambda u, page=page: take_listings(u, shop_id, page))
    await db.run(lambda u: u.shops.change(shop_id, products_seen_to=now))


async def read_product(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Read one TikTok product in full; SKUs that it no longer has are gone."""
    shop_id, product_id = ShopId(job.owner), job.ref
    try:
        listings = await tiktok.product(shop_id, product_id)
    except Gone:
        listings = []
    await db.run(lambda u: _take_product(u, shop_id, product_id, listings))


def _take_product(u: Unit, shop_id: ShopId, product_id: str, listings: Sequence[Listing]) -> None:
    shop = u.shops.get(shop_id)
    if shop is None:
        return
    take_listings(u, shop_id, listings)
    kept = {listing.id for listing in listings}
    gone = [x.id for x in u.catalogue.listings_of_product(shop_id, product_id) if x.id not in kept and not x.is_deleted]
    u.catalogue.delete_listings(gone)
    _drop_listings(u, shop.workspace_id, gone)


async def match_all(job: Job, *, db: Db) -> None:
    """The rule over every listing of the workspace, in steps; one alert for what stays unlinked (S6, B1)."""
    workspace = WorkspaceId(job.ref)
    after: ListingId | None = None
    while True:
        after = await db.run(lambda u, after=after: _match_step(u, workspace, after))
        if after is None:
            break
    await db.run(lambda u: _show_answers(u, workspace))


def _show_answers(u: Unit, workspace: WorkspaceId) -> None:
    """The answered prompts say how many SKUs are linked now."""
    for shop in u.shops.for_workspace(workspace):
        if shop.mode is not None:
            u.jobs.add("prompt", shop.id, owner=workspace)


def _match_step(u: Unit, workspace: WorkspaceId, after: ListingId | None) -> ListingId | None:
    ids = u.catalogue.listing_ids(workspace, after, _PASS_SIZE)
    listings = u.catalogue.listings(ids)
    shops = {shop.id: shop for shop in u.shops.for_workspace(workspace)}
    for mode in (LinkMode.AUTO, LinkMode.MANUAL):
        mine = [x for x in listings.values() if x.shop_id in shops and shops[x.shop_id].mode is mode]
        linking.match_all(u, workspace, mode, [x for x in mine if not x.is_deleted])
    return ids[-1] if len(ids) == _PASS_SIZE else None


# --- Shopify ---------------------------------------------------------------------------------------------------------


async def import_store(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Read every variant of a Shopify store."""
    store_id = StoreId(job.ref)
    started, done = await db.run(lambda u: (u.now, 0))
    async for page in shopify.variants(store_id):
        done += len(page)
        await db.run(lambda u, page=page: take_variants(u, store_id, page))
    await db.run(lambda u: _finish_store(u, store_id, started, done))


def _finish_store(u: Unit, store_id: StoreId, started: datetime, done: int) -> None:
    store = u.stores.get(store_id)
    if store is None:
        return
    missing, known = u.catalogue.count_variants_unseen(store_id, started), u.catalogue.count_variants(store_id)
    kept = missing > MASS_LOSS and missing * 2 > known
    if not kept:
        _drop_variants(u, store.workspace_id, u.catalogue.delete_variants_unseen(store_id, started))
    u.stores.change(store_id, imported_at=u.now, products_seen_to=started)
    facts = {"variants": str(done), "kept_missing": str(missing if kept else 0)}
    u.ledger.add(Entry(u.now, store.workspace_id, Act.IMPORTED, LINKBOT, store_id=store_id, facts=facts))
    u.jobs.add("match_all", store.workspace_id, owner=store.workspace_id)
    for shop in u.shops.for_workspace(store.workspace_id):
        if shop.mode is None and shop.imported_at:
            u.jobs.add("prompt", shop.id, owner=store.workspace_id)  # what the prompt promises has changed


def take_variants(u: Unit, store_id: StoreId, page: Sequence[Variant]) -> None:
    """Store variants: new SKUs may match (S7), changed prices and stocks go out, deleted ones break links."""
    store = u.stores.get(store_id)
    if store is None:
        return
    seen = u.catalogue.put_variants(list(page))
    if store.imported_at is None:
        return  # the import ends with one pass over everything
    changed = {*seen.new, *seen.changed}
    for variant in (variant for variant in page if variant.id in changed):
        old = seen.before.get(variant.id)
        _follow_variant(u, store.workspace_id, old, variant)


def _follow_variant(u: Unit, workspace: WorkspaceId, old: Variant | None, new: Variant) -> None:
    if old is None or old.sku != new.sku or old.counts_for_auto != new.counts_for_auto:
        for sku in {new.sku.strip(), old.sku.strip() if old else ""}:
            linking.rematch_sku(u, workspace, sku)
    if old is not None and _offer(old) != _offer(new):
        push_variant(u, new.id)
    if old is not None and new.status is VariantStatus.DELETED:
        linking.break_links(u, workspace, new)


def _offer(variant: Variant) -> tuple[object, ...]:
    return variant.price, variant.available, variant.has_stock_to_offer


def push_variant(u: Unit, variant_id: VariantId) -> None:
    """Every listing that sells this variant is looked at again."""
    for link in u.links.of_variant(variant_id):
        if link.is_active:
            u.jobs.add("push", link.listing_id, owner=link.shop_id)


def _drop_variants(u: Unit, workspace: WorkspaceId, gone: Sequence[VariantId]) -> None:
    for variant in u.catalogue.variants(list(gone)).values():
        linking.break_links(u, workspace, variant)
        linking.rematch_sku(u, workspace, variant.sku)


async def poll_store(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Read products updated since the last poll: the net under lost product webhooks."""
    store_id = StoreId(job.ref)
    store, now = await db.read(lambda u: (u.stores.get(store_id), u.now))
    if store is None or not store.is_live or store.products_seen_to is None:
        return
    async for page in shopify.variants_updated(store_id, store.products_seen_to - OVERLAP):
        await db.run(lambda u, page=page: take_variants(u, store_id, page))
    await db.run(lambda u: u.stores.change(store_id, products_seen_to=now))


async def read_shopify_product(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Read one Shopify product in full; variants that it no longer has are deleted."""
    store_id, product_id = StoreId(job.owner), job.ref
    variants = await shopify.product_variants(store_id, product_id)
    await db.run(lambda u: _take_shopify_product(u, store_id, product_id, variants))


def _take_shopify_product(u: Unit, store_id: StoreId, product_id: str, variants: Sequence[Variant]) -> None:
    store = u.stores.get(store_id)
    if store is None:
        return
    take_variants(u, store_id, variants)
    kept = {variant.id for variant in variants}
    known = u.catalogue.variants_of_product(store_id, product_id)
    gone = [v.id for v in known if v.id not in kept and v.status is not VariantStatus.DELETED]
    _drop_variants(u, store.workspace_id, u.catalogue.delete_variants(gone))


async def poll_stock(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Read the stock of all linked variants of a store: the net under lost stock webhooks.

    The shopify client paces itself on half the cost budget; the time one round took stands in the store's row.
    """
    store_id = StoreId(job.ref)
    store, started = await db.read(lambda u: (u.stores.get(store_id), u.now))
    if store is None or not store.is_live:
        return
    after: str | None = None
    while True:
        items = await db.read(lambda u, after=after: u.catalogue.inventory_items(store_id, True, after, 100))
        if not items:
            break
        await _read_stock(db, shopify, store_id, items)
        after = items[-1]
    await db.run(lambda u: u.stores.change(store_id, stock_cycle=u.now - started))


async def read_stock(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Read one inventory item again after news of it: the news is a hint, the reading counts."""
    await _read_stock(db, shopify, StoreId(job.owner), [job.ref])


async def _read_stock(db: Db, shopify: Shopify, store_id: StoreId, items: Sequence[str]) -> None:
    figures = await shopify.stock(store_id, items)
    await db.run(lambda u: _take_stock(u, store_id, {k: (v.available, v.tracked) for k, v in figures.items()}))


def _take_stock(u: Unit, store_id: StoreId, figures: dict[str, tuple[int | None, bool]]) -> None:
    store = u.stores.get(store_id)
    if store is None:
        return
    for item, (available, tracked) in figures.items():
        for variant_id in u.catalogue.set_available(item, available, tracked):
            push_variant(u, variant_id)
        for variant in u.catalogue.variants_by_item(item):
            _follow_oversold(u, store.workspace_id, variant)


def _follow_oversold(u: Unit, workspace: WorkspaceId, variant: Variant) -> None:
    """Below zero after TikTok orders: said once; back above it, closed."""
    short = variant.available is not None and variant.available < 0 and not variant.sells_past_zero
    if not short:
        linking.close_items(u, workspace, (IncidentKind.OVERSOLD,), variant.id, LINKBOT)
        return
    if u.incidents.find_open(workspace, IncidentKind.OVERSOLD, variant.id) or not u.links.of_variant(variant.id):
        return
    facts = {"sku": variant.sku.strip(), "title": variant.title, "available": str(variant.available)}
    linking.touch(u, workspace, IncidentKind.OVERSOLD, variant.id, "below_zero", facts)
    u.ledger.add(
        Entry(u.now, workspace, Act.OVERSOLD, LINKBOT, store_id=variant.store_id, variant_id=variant.id, facts=facts)
    )
