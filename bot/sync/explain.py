"""Why an order or a SKU stands where it stands, the state of everything, and what a link would do: reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.board import Blocked, Health, LinkEffect, OrderRow, Page, ProductRow, Sold, UnlinkEffect, VariantRow
from bot.domain.catalogue import Listing, Variant, sku_key
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link, LinkState, NoAutoLink, decide_auto_link, link_warnings
from bot.domain.matching import Suggestion, suggest
from bot.domain.orders import Standing
from bot.domain.prices import wanted_price
from bot.domain.stock import wanted_stock
from bot.domain.suggesting import Memory, remember
from bot.domain.values import ListingId, Money, OrderId, VariantId, WorkspaceId
from bot.store.db import Unit
from bot.sync.groups import link_group, offered, priced

SOLD_DAYS = 30
"""How far the sales reach back that an unlink is shown with."""

_REMEMBERED = 500
"""Entries that teach; older ones are forgotten."""


@dataclass(frozen=True)
class WhySku:
    """A listing, its link or why it has none, who owns its SKU in Shopify, and what happened to it."""

    row: ProductRow
    decision: NoAutoLink | None  # None when it is linked
    candidates: Sequence[VariantRow]
    entries: Sequence[Entry]


def product_row(u: Unit, listing_id: ListingId) -> ProductRow | None:
    """One listing as the surfaces show it; None when unknown."""
    listing = u.catalogue.listing(listing_id)
    shop = None if listing is None else u.shops.get(listing.shop_id)
    if listing is None or shop is None:
        return None
    link = u.links.get(listing_id)
    link = None if link is None or link.state is LinkState.TOMBSTONE else link
    variant = None if link is None else u.catalogue.variant(link.variant_id)
    return ProductRow(listing, shop, link, variant, u.orders.blocked(shop.workspace_id).get(listing_id))


def product_rows(u: Unit, ids: Sequence[ListingId]) -> dict[ListingId, ProductRow]:
    """Many at once, with one reading of what is blocked."""
    shops = {shop.id: shop for shop in u.shops.all()}
    links = {k: v for k, v in u.links.many(list(ids)).items() if v.state is not LinkState.TOMBSTONE}
    variants = u.catalogue.variants([link.variant_id for link in links.values()])
    rows: dict[ListingId, ProductRow] = {}
    blocked: dict[WorkspaceId, dict[ListingId, Blocked]] = {}
    for key, listing in u.catalogue.listings(list(ids)).items():
        shop, link = shops.get(listing.shop_id), links.get(key)
        if shop is None:
            continue
        if shop.workspace_id not in blocked:
            blocked[shop.workspace_id] = dict(u.orders.blocked(shop.workspace_id))
        variant = None if link is None else variants.get(link.variant_id)
        rows[key] = ProductRow(listing, shop, link, variant, blocked[shop.workspace_id].get(key))
    return rows


def variant_rows(u: Unit, variants: Sequence[Variant]) -> list[VariantRow]:
    """Variants with their store and the listings linked to each."""
    rows: list[VariantRow] = []
    for variant in variants:
        store = u.stores.get(variant.store_id)
        if store is not None:
            linked = tuple(link.listing_id for link in u.links.of_variant(variant.id) if link.is_active)
            rows.append(VariantRow(variant, store, linked))
    return rows


def sku_owners(u: Unit, workspace: WorkspaceId, listing: Listing) -> list[VariantRow]:
    """The variants that carry the listing's SKU, archived ones left out."""
    if not listing.sku:
        return []
    owners = [v for v in u.catalogue.variants_by_sku(workspace, listing.sku) if v.counts_for_auto]
    return variant_rows(u, owners)


def find_listings(u: Unit, workspace: WorkspaceId, text: str, limit: int = 20) -> list[ProductRow]:
    """Listings that a typed SKU may mean: a TikTok SKU id, a seller SKU, the SKU of a linked variant, else words."""
    found = u.catalogue.find_listings(workspace, text, limit)
    exact = [x for x in found if x.id == text or (x.sku and x.sku == sku_key(text))]
    if not exact:
        linked = [
            link.listing_id
            for variant in u.catalogue.variants_by_sku(workspace, sku_key(text))
            for link in u.links.of_variant(variant.id)
        ]
        exact = list(u.catalogue.listings(linked).values())
    rows = product_rows(u, [listing.id for listing in exact or found])
    return list(rows.values())


def memory_of(u: Unit, workspace: WorkspaceId) -> Memory:
    """What people here accepted and refused lately (N1)."""
    links = u.ledger.page(workspace, acts=[Act.LINK], limit=_REMEMBERED, newest_first=True)
    said = [Act.SUGGESTION_REFUSED, Act.SUGGESTION_PRAISED]
    return remember([*links, *u.ledger.page(workspace, acts=said, limit=_REMEMBERED, newest_first=True)])


def suggestions(
    u: Unit, workspace: WorkspaceId, listing: Listing, limit: int = 5, *, memory: Memory | None = None
) -> list[Suggestion]:
    """The variants that the listing most likely is, best first (N1). `memory`: read already, where many are asked."""
    variants, rarity = u.catalogue.candidates(workspace, listing)
    counts = Counter(variant.sku.strip() for variant in variants if variant.counts_for_auto)
    shared = {sku for sku, count in counts.items() if sku and count > 1}
    if listing.sku and u.catalogue.twins(listing):
        shared.add(listing.sku)
    lessons = (memory or memory_of(u, workspace)).lessons(listing.id)
    return suggest(listing, variants, limit, rarity=rarity, shared_skus=frozenset(shared), lessons=lessons)


def why_sku(u: Unit, workspace: WorkspaceId, listing_id: ListingId) -> WhySku | None:
    """The decision path of one listing."""
    row = product_row(u, listing_id)
    if row is None or row.shop.workspace_id != workspace:
        return None
    decision = None
    if row.link is None:
        stored, listing = u.links.get(listing_id), row.listing
        variants = u.catalogue.variants_by_sku(workspace, listing.sku) if listing.sku else []
        found = decide_auto_link(listing, u.catalogue.twins(listing), variants, stored, row.shop.mode)
        decision = found if isinstance(found, NoAutoLink) else None
    entries = u.ledger.page(workspace, listing_ids=[listing_id], limit=20, newest_first=True)
    return WhySku(row, decision, sku_owners(u, workspace, row.listing), entries)


def sku_history(
    u: Unit, workspace: WorkspaceId, listing_id: ListingId, offset: int, size: int
) -> tuple[ProductRow, Page[Entry], dict[VariantId, Variant]] | None:
    """A page of what happened to one listing, newest first, and the variants it names; None: not of this workspace."""
    row = product_row(u, listing_id)
    if row is None or row.shop.workspace_id != workspace:
        return None
    ids = [listing_id]
    entries = u.ledger.page(workspace, listing_ids=ids, limit=size, offset=offset, newest_first=True)
    page = Page(entries, u.ledger.count(workspace, listing_id), offset, size)
    return row, page, u.catalogue.variants([entry.variant_id for entry in entries if entry.variant_id])


def why_order(
    u: Unit, workspace: WorkspaceId, order_id: OrderId
) -> tuple[OrderRow, Sequence[Entry], Sequence[ProductRow]] | None:
    """One order's standing, its entries, oldest first, and the SKUs its reason is about; None: never heard of."""
    mirror = u.orders.get(order_id)
    shop = None if mirror is None else u.shops.get(mirror.shop_id)
    if mirror is None or shop is None or shop.workspace_id != workspace:
        return None
    rows = list(product_rows(u, mirror.listings).values())
    return OrderRow(mirror, shop), u.ledger.page(workspace, order_id=order_id, limit=50), rows


def link_effect(u: Unit, row: ProductRow, variant: Variant, pack: int) -> LinkEffect:
    """What linking these two would change at TikTok and set free, figures before → after (A4)."""
    listing = row.listing
    currency = listing.price.currency if listing.price else variant.price.currency
    others = [x for x in u.links.of_variant(variant.id) if x.is_active and x.listing_id != listing.id]
    promised = u.orders.promised(variant.id) + _waiting_units(u, listing.id, pack)
    price = wanted_price(variant, pack, currency)
    stock = None if listing.is_combo else wanted_stock(variant, pack, promised)
    return LinkEffect(
        price_before=listing.price,
        price_after=price,
        stock_before=listing.quantity,
        stock_after=stock,
        released=row.blocked,
        warnings=link_warnings(listing, variant, len(others)),
        pushes_price=price is not None and price != listing.price,
        pushes_stock=stock is not None and stock != listing.quantity,
        group=link_group(u, variant, listing.id, (listing.quantity if stock is None else stock) * pack),
    )


def _waiting_units(u: Unit, listing_id: ListingId, pack: int) -> int:
    """Shopify units that the listing's own unmirrored orders will take once it is linked."""
    link = u.links.get(listing_id)
    return 0 if link is not None and link.is_active else u.orders.waiting_units(listing_id) * pack


def unlink_effect(u: Unit, link: Link) -> UnlinkEffect:
    """What an unlink stops and leaves."""
    listing, variant = u.catalogue.listing(link.listing_id), u.catalogue.variant(link.variant_id)
    stock, shop = offered(u, listing) if listing else 0, u.shops.get(link.shop_id)
    others = [x for x in u.links.of_variant(link.variant_id) if x.is_active and x.listing_id != link.listing_id]
    return UnlinkEffect(
        open_orders=u.orders.open_orders(link.listing_id),
        price=priced(u, listing, shop.workspace_id) if listing and shop else None,
        stock=stock,
        others_sharing=len(others),
        open_value=_sums(u.orders.open_values(link.listing_id)),
        sold=Sold(*u.orders.sold(link.listing_id, u.now - timedelta(days=SOLD_DAYS)), SOLD_DAYS),
        group=link_group(u, variant, link.listing_id, stock * link.pack) if variant else None,
    )


def health(u: Unit, workspace: WorkspaceId) -> Health:
    """Counts of links and orders, connections, and the age of the queue."""
    listings, linked, unlinked, broken = u.catalogue.counts(workspace)
    counts = u.orders.counts(workspace)
    return Health(
        listings=listings,
        linked=linked,
        unlinked=unlinked,
        broken=broken,
        held=counts.get(Standing.HELD, 0),
        parked=counts.get(Standing.PARKED, 0),
        held_value=_sums(u.orders.values(workspace, (Standing.HELD, Standing.PARKED))),
        queue_age=u.jobs.queue_age(u.now),
        shops=tuple(u.shops.for_workspace(workspace)),
        stores=tuple(u.stores.for_workspace(workspace)),
    )


def _sums(values: Sequence[Money]) -> tuple[Money, ...]:
    """One sum per currency, the biggest first."""
    sums: dict[str, Money] = {}
    for value in values:
        sums[value.currency] = sums.get(value.currency, Money.zero(value.currency)) + value
    return tuple(sorted(sums.values(), key=lambda money: -money.amount))
