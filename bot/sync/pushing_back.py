"""After an undone link, TikTok shows its old price and stock again: what the pushes since the link wrote over."""

from dataclasses import dataclass
from datetime import timedelta

from bot.clients.errors import Gone, Invalid
from bot.clients.tiktok.api import TikTok
from bot.domain.catalogue import Listing
from bot.domain.connections import Shop
from bot.domain.incidents import IncidentKind
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.pushes import Change, Field
from bot.domain.retries import Trouble
from bot.domain.stock import spread
from bot.domain.undo import money_of, price_back, stock_back
from bot.domain.values import LINKBOT, ListingId
from bot.store.db import Db, Unit
from bot.sync import linking
from bot.sync.pushing import EDITABLE, value_text

_LOOK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Back:
    """The undone link's pushes: the first value each wrote over, and the last each sent; "" for none."""

    shop: Shop
    listing: Listing
    undone: Entry
    price: tuple[str, str]
    stock: tuple[str, str]


async def push_back(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Write what stood there before. A repeat finds its own entries and writes nothing; a refusal parks the job."""
    listing_id = ListingId(job.ref)
    back = await db.run(lambda u: _gather(u, listing_id))
    if back is None:
        return
    refused: Invalid | None = None
    for step in (_stock_back, _price_back):
        try:
            await step(db, tiktok, back)
        except Invalid as error:
            refused = refused or error
        except Gone:
            await db.run(lambda u: u.jobs.add("product", back.listing.product_id, owner=back.shop.id))
            return
    if refused is not None:
        raise refused
    kinds = (IncidentKind.PUSH_STUCK,)
    await db.run(lambda u: linking.close_items(u, back.shop.workspace_id, kinds, listing_id, LINKBOT))


def _gather(u: Unit, listing_id: ListingId) -> Back | None:
    link, listing = u.links.get(listing_id), u.catalogue.listing(listing_id)
    shop = None if listing is None else u.shops.get(listing.shop_id)
    if listing is None or shop is None or (link is not None and link.is_active) or listing.status not in EDITABLE:
        return None
    undone = _undone(u, shop, listing_id)
    if undone is None:
        return None
    since, after = [Act.PUSHED], int(undone.facts["of"])
    pushes = u.ledger.page(shop.workspace_id, listing_ids=[listing_id], acts=since, after_id=after)
    price, stock = _range(pushes, Field.PRICE), _range(pushes, Field.STOCK)
    if not (price[1] or stock[1]):
        return None
    if shop.paused or not shop.is_live:
        due = u.now + _LOOK_AGAIN
        u.jobs.add("push_back", listing_id, owner=shop.id, once=f"push_back:{listing_id}:{due.isoformat()}", due=due)
        return None
    return Back(shop, listing, undone, price, stock)


def _undone(u: Unit, shop: Shop, listing_id: ListingId) -> Entry | None:
    """The undone link, if nothing came after it."""
    acts = (Act.LINK, Act.UNLINK, Act.UNDONE)
    last = u.ledger.page(shop.workspace_id, listing_ids=[listing_id], acts=acts, newest_first=True, limit=1)
    found = last[0] if last else None
    return found if found is not None and found.act is Act.UNDONE and found.facts.get("act") == Act.LINK else None


def _range(pushes: list[Entry], field: Field) -> tuple[str, str]:
    """("", "") also when this field went back already."""
    mine = [one.facts for one in pushes if one.facts.get("field") == field]
    if not mine or "undo" in mine[-1]:
        return "", ""
    return mine[0].get("before", ""), mine[-1].get("after", "")


async def _stock_back(db: Db, tiktok: TikTok, back: Back) -> None:
    before, sent = back.stock
    if not before or not sent:
        return
    listing = back.listing
    seen = (await tiktok.stock(back.shop.id, [listing.id])).get(listing.id, ())
    number = sum(part.quantity for part in seen)
    stock = stock_back(int(before), int(sent), number)
    if stock is None:
        return
    parts = spread(stock, seen or listing.stock, back.shop.warehouse_id)
    if parts and await _still_undone(db, back):
        await tiktok.set_stock(back.shop.id, listing.product_id, listing.id, parts)
        await db.run(lambda u: _record(u, back, Change(Field.STOCK, number, stock)))


async def _price_back(db: Db, tiktok: TikTok, back: Back) -> None:
    before, sent = money_of(back.price[0]), money_of(back.price[1])
    if before is None:
        return
    listing = back.listing
    rows = await tiktok.product(back.shop.id, listing.product_id)
    seen = next((row.price for row in rows if row.id == listing.id), None)
    price = price_back(before, sent, seen)
    if price is not None and await _still_undone(db, back):
        await tiktok.set_price(back.shop.id, listing.product_id, listing.id, price)
        await db.run(lambda u: _record(u, back, Change(Field.PRICE, seen, price)))


async def _still_undone(db: Db, back: Back) -> bool:
    """The last look before the call: linked again, paused or cut off since, nothing is written."""

    def look(u: Unit) -> bool:
        now = _gather(u, back.listing.id)
        return now is not None and now.undone.id == back.undone.id

    return await db.run(look)


def _record(u: Unit, back: Back, change: Change) -> None:
    facts = {"field": change.field.value, "before": value_text(change.before), "after": value_text(change.after)}
    facts["undo"] = str(back.undone.id)
    undone = back.undone
    u.ledger.add(
        Entry(
            u.now, undone.workspace_id, Act.PUSHED, LINKBOT, back.shop.id, undone.store_id, back.listing.id,
            undone.variant_id, facts=facts,
        )
    )  # fmt: skip


def park_back(u: Unit, job: Job, _: Trouble, detail: str) -> None:
    """A price or stock that TikTok refuses to take back stands in the channel."""
    listing = u.catalogue.listing(ListingId(job.ref))
    shop = None if listing is None else u.shops.get(listing.shop_id)
    if listing is None or shop is None:
        return
    facts = {"sku": listing.sku, "title": listing.title, "detail": detail[:300]}
    linking.touch(u, shop.workspace_id, IncidentKind.PUSH_STUCK, listing.id, "refused_by_tiktok", facts)
    told = {"detail": detail[:300]}
    said = Entry(
        u.now, shop.workspace_id, Act.PARKED, LINKBOT, shop.id, None, listing.id, reason="push_refused", facts=told
    )
    u.ledger.add(said)
