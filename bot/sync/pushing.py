"""Price and stock of one linked listing to TikTok: read both sides, decide, look at the link once more, write."""

from dataclasses import dataclass

from bot.clients.errors import Gone, Invalid
from bot.clients.tiktok.api import TikTok
from bot.domain.catalogue import Listing, ListingStatus, Stocked, Variant
from bot.domain.connections import Shop
from bot.domain.incidents import IncidentKind
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link
from bot.domain.prices import wanted_price
from bot.domain.pushes import Change, PushReason, decide_price_push, decide_stock_push
from bot.domain.retries import Trouble
from bot.domain.stock import spread, wanted_stock
from bot.domain.values import LINKBOT, ListingId, Money
from bot.store.db import Db, Unit
from bot.sync import linking

EDITABLE = frozenset(ListingStatus) - {
    ListingStatus.DELETED,
    ListingStatus.FREEZE,
    ListingStatus.PLATFORM_DEACTIVATED,
    ListingStatus.UNKNOWN,
}


@dataclass(frozen=True)
class Wanted:
    """What one linked listing should show, and what that was decided on."""

    shop: Shop
    link: Link
    listing: Listing
    price: Money | None
    stock: int | None
    pushed_price: Money | None


async def push(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Bring one listing's stock and price up to date (S28, S29). Absolute values: a repeat does no harm.

    Both are tried even when TikTok refuses one of them. Raises what TikTok's client raises; a refusal parks the job.
    """
    listing_id = ListingId(job.ref)
    wanted = await db.run(lambda u: _gather(u, listing_id))
    if wanted is None:
        return
    refused: Invalid | None = None
    for step in (_push_stock, _push_price):
        try:
            await step(db, tiktok, wanted)
        except Invalid as error:
            refused = refused or error
        except Gone:
            await db.run(lambda u: _gone(u, wanted))
            return
    if refused is not None:
        raise refused
    await db.run(lambda u: _clear_incident(u, wanted))


def _gather(u: Unit, listing_id: ListingId) -> Wanted | None:
    link, listing = u.links.get(listing_id), u.catalogue.listing(listing_id)
    if link is None or not link.is_active or listing is None:
        return None
    shop, variant, store = u.shops.get(link.shop_id), u.catalogue.variant(link.variant_id), u.stores.get(link.store_id)
    if shop is None or variant is None or store is None or not (shop.is_live and store.is_live) or shop.paused:
        return None  # reconnecting and resuming look at every link again
    if listing.status not in EDITABLE:
        return None
    pushed = u.pushes.get(listing_id)
    currency = listing.price.currency if listing.price else shop.currency or variant.price.currency
    price = wanted_price(variant, link.pack, currency)
    if price is None:
        _tell_currency(u, shop, link, currency, variant)
    stock = None if listing.is_combo else wanted_stock(variant, link.pack, u.orders.promised(variant.id))
    return Wanted(shop, link, listing, price, stock, pushed.price if pushed else None)


def _tell_currency(u: Unit, shop: Shop, link: Link, currency: str, variant: Variant) -> None:
    """One incident per shop and store, for prices and orders together (contract §6)."""
    subject = f"{shop.id}:{link.store_id}"
    if u.incidents.find_open(shop.workspace_id, IncidentKind.CURRENCY_MISMATCH, subject) is None:
        facts = {"shop": shop.name, "store": link.store_id, "shop_currency": currency}
        facts["store_currency"] = variant.price.currency
        linking.touch(u, shop.workspace_id, IncidentKind.CURRENCY_MISMATCH, subject, "currency_differs", facts)


async def _push_stock(db: Db, tiktok: TikTok, wanted: Wanted) -> None:
    if wanted.stock is None:
        return
    listing = wanted.listing
    seen = (await tiktok.stock(wanted.shop.id, [listing.id])).get(listing.id, ())
    change = decide_stock_push(wanted.stock, sum(part.quantity for part in seen))
    if isinstance(change, PushReason):
        await db.run(lambda u: u.pushes.record(listing.id, stock=wanted.stock))
        return
    parts: tuple[Stocked, ...] = spread(wanted.stock, seen or listing.stock, wanted.shop.warehouse_id)
    if not parts or not await _still_linked(db, wanted):
        return
    await tiktok.set_stock(wanted.shop.id, listing.product_id, listing.id, parts)
    await db.run(lambda u: _record(u, wanted, change))


async def _push_price(db: Db, tiktok: TikTok, wanted: Wanted) -> None:
    listing = wanted.listing
    if wanted.price is None or wanted.price == wanted.pushed_price:
        return
    rows = await tiktok.product(wanted.shop.id, listing.product_id)
    seen = next((row.price for row in rows if row.id == listing.id), None)
    change = decide_price_push(wanted.price, seen, wanted.pushed_price)
    if isinstance(change, PushReason):
        await db.run(lambda u: u.pushes.record(listing.id, price=wanted.price))
        return
    if not await _still_linked(db, wanted):
        return
    await tiktok.set_price(wanted.shop.id, listing.product_id, listing.id, wanted.price)
    await db.run(lambda u: _record(u, wanted, change))


async def _still_linked(db: Db, wanted: Wanted) -> bool:
    """The last look before the call: an unlink that committed until now stops the push (S36, S37)."""

    def look(u: Unit) -> bool:
        link, shop = u.links.get(wanted.listing.id), u.shops.get(wanted.shop.id)
        same = link is not None and link.is_active and link == wanted.link  # not only its version: an undo starts anew
        return same and shop is not None and shop.is_live and not shop.paused

    return await db.read(look)


def _record(u: Unit, wanted: Wanted, change: Change) -> None:
    listing = wanted.listing
    link = u.links.get(listing.id)
    if link is None or not link.is_active:  # ended during the call: when it was undone, this goes back too
        u.jobs.add("push_back", listing.id, owner=wanted.shop.id)
    elif isinstance(change.after, Money):
        u.pushes.record(listing.id, price=change.after)
    else:
        u.pushes.record(listing.id, stock=change.after)
    facts = {"field": change.field.value, "before": value_text(change.before), "after": value_text(change.after)}
    u.ledger.add(
        Entry(
            u.now, wanted.shop.workspace_id, Act.PUSHED, LINKBOT, wanted.shop.id, wanted.link.store_id, listing.id,
            wanted.link.variant_id, facts=facts,
        )
    )  # fmt: skip


def value_text(value: Money | int | None) -> str:
    if isinstance(value, Money):
        return f"{value.text()} {value.currency}"
    return "" if value is None else str(value)


def _gone(u: Unit, wanted: Wanted) -> None:
    """TikTok no longer has the SKU: read its product again, which takes it out of the catalogue."""
    u.jobs.add("product", wanted.listing.product_id, owner=wanted.shop.id)


def _clear_incident(u: Unit, wanted: Wanted) -> None:
    linking.close_items(u, wanted.shop.workspace_id, (IncidentKind.PUSH_STUCK,), wanted.listing.id, LINKBOT)


def park_push(u: Unit, job: Job, _: Trouble, detail: str) -> None:
    """A push that TikTok refuses stands in the channel until it works."""
    listing_id = ListingId(job.ref)
    link = u.links.get(listing_id)
    shop = None if link is None else u.shops.get(link.shop_id)
    listing = u.catalogue.listing(listing_id)
    if link is None or shop is None or listing is None or not link.is_active:
        return
    facts = {"sku": listing.sku, "title": listing.title, "detail": detail[:300]}
    linking.touch(u, shop.workspace_id, IncidentKind.PUSH_STUCK, listing_id, "refused_by_tiktok", facts)
    u.ledger.add(
        Entry(
            u.now, shop.workspace_id, Act.PARKED, LINKBOT, shop.id, link.store_id, listing_id, link.variant_id,
            reason="push_refused", facts={"detail": detail[:300]},
        )
    )  # fmt: skip
