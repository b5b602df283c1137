"""One TikTok order into Shopify, exactly once: read, decide, look, claim, create, record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clients.errors import ApiError, Invalid, NotAuthorised, NotReady, RateLimited, Unclear
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.drafts import OrderDraft, draft_order
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.jobs import Again, Job
from bot.domain.ledger import Act, Entry
from bot.domain.links import NoAutoLink
from bot.domain.orders import (
    IN_SHOPIFY,
    PROMISED,
    Create,
    Mirror,
    MirrorPolicy,
    Order,
    OrderStatus,
    Reason,
    ShopifyOrder,
    Standing,
    Stop,
    decide_mirror,
    needed_listings,
    units_of,
)
from bot.domain.retries import Trouble
from bot.domain.values import LINKBOT, Actor, ListingId, Money, OrderId, ShopId, StoreId, WorkspaceId
from bot.store.db import Db, Taken, Unit
from bot.sync import linking
from bot.sync.catalogue import push_variant

LOOK_EVERY = timedelta(seconds=10)
"""While an outcome is unclear: found within 30 s of becoming readable (contract §6)."""
_QUIET_ATTEMPTS = 4
"""A hiccup of a few seconds is no news; from this attempt on the order shows as parked while it is retried."""


@dataclass(frozen=True)
class Ready:
    """An order that may be sent: what to send, and the mirror row's version it was decided on."""

    order: Order
    mirror: Mirror
    draft: OrderDraft


async def mirror(job: Job, *, db: Db, tiktok: TikTok, shopify: Shopify, unclear_for: timedelta) -> Again | None:
    """Bring one order to where it belongs. Safe to run twice, late, or on two workers; raises what clients raise."""
    order_id, shop_id = OrderId(job.ref), ShopId(job.owner)
    try:
        return await _mirror(order_id, shop_id, db, tiktok, shopify, unclear_for)
    except NotReady:
        await db.run(lambda u: _record_not_ready(u, order_id, shop_id))
        raise
    except (Unclear, RateLimited):
        raise
    except ApiError as error:
        reason, detail = _reason(error), str(error)
        if job.attempt >= _QUIET_ATTEMPTS or isinstance(error, NotAuthorised | Invalid):
            await db.run(lambda u: record_parked(u, order_id, shop_id, reason, detail))
        raise


def _reason(error: ApiError) -> Reason:
    if isinstance(error, NotAuthorised):
        return Reason.NOT_AUTHORISED
    if isinstance(error, Invalid) and error.service == "shopify":
        return Reason.REFUSED_BY_SHOPIFY
    return Reason.SHOPIFY_UNREACHABLE if error.service == "shopify" else Reason.TIKTOK_UNREACHABLE


async def _mirror(
    order_id: OrderId, shop_id: ShopId, db: Db, tiktok: TikTok, shopify: Shopify, unclear_for: timedelta
) -> Again | None:
    known = await db.read(lambda u: u.orders.get(order_id))
    if known is not None and known.sent_at is not None and known.standing not in IN_SHOPIFY:
        again = await _settle_unclear(known, db, shopify, unclear_for)
        if again is not None:
            return again
    order = await tiktok.order(shop_id, order_id)
    step = await db.run(lambda u: _decide(u, order))
    if not isinstance(step, Ready):
        return None
    if await _adopt(step, db, tiktok, shopify):
        return None
    claimed = await db.run(lambda u: _claim(u, step))
    if claimed is None:  # something changed between the decision and now: decide again
        return Again(await db.read(lambda u: u.now))
    return await _create(claimed, step.draft, db, shopify)


# --- decide ----------------------------------------------------------------------------------------------------------


def _decide(u: Unit, order: Order) -> Ready | None:
    """Put the order's standing right; Ready when it may be sent. None when there is nothing to send."""
    shop = u.shops.get(order.shop_id)
    if shop is None:
        return None
    mirror = u.orders.get(order.id) or _new_mirror(u, order)
    if mirror.standing in IN_SHOPIFY:
        _follow(u, mirror, order)
        return None
    decision = _decision(u, order, mirror)
    if isinstance(decision, Stop):
        _record_stop(u, shop.workspace_id, mirror, order, decision)
        return None
    variants = u.catalogue.variants([link.variant_id for link in decision.links.values()])
    draft = draft_order(order, decision.store_id, decision.links, variants)
    if isinstance(draft, Stop):
        _record_stop(u, shop.workspace_id, mirror, order, draft)
        return None
    return Ready(order, mirror, draft)


def _decision(u: Unit, order: Order, mirror: Mirror) -> Create | Stop:
    shop = u.shops.get(order.shop_id)
    assert shop is not None
    if mirror.reason is Reason.IGNORED_BY_PERSON:
        return Stop(Reason.IGNORED_BY_PERSON)
    stores = [store for store in u.stores.for_workspace(shop.workspace_id) if store.is_live]
    policy = MirrorPolicy(
        shop.connected_at,
        shop.paused or not shop.is_live,
        {store.id: store.currency for store in stores},
        mirror.mirror_anyway,
    )
    ids = {line.listing_id for line in order.lines} | {p.listing_id for line in order.lines for p in line.parts}
    links = {key: link for key, link in u.links.many(list(ids)).items() if link.state != "tombstone"}
    return decide_mirror(order, links, policy)


def _new_mirror(u: Unit, order: Order) -> Mirror:
    """The claim row: written before anything is sent, one per order by its primary key."""
    mirror = Mirror(
        order.id, order.shop_id, Standing.WAITING, Reason.NOT_READABLE_YET, order.payment.total, order.paid_at,
        order.ship_by, u.now, u.now, (), status=order.status, units=units_of(order),
    )  # fmt: skip
    u.orders.add(mirror)
    _repush(u, mirror)
    return mirror


def _record_stop(u: Unit, workspace: WorkspaceId, mirror: Mirror, order: Order, stop: Stop) -> None:
    changed = (mirror.standing, mirror.reason, mirror.listings) != (stop.standing, stop.reason, stop.listings)
    fresh = _refresh(mirror, order)
    if not changed and fresh == mirror:
        return
    after = replace(
        fresh, standing=stop.standing, reason=stop.reason, listings=stop.listings, facts=dict(stop.facts),
        changed_at=u.now if changed else mirror.changed_at, version=mirror.version + 1,
    )  # fmt: skip
    if not u.orders.save(after):
        raise Taken(f"mirror of {order.id}")
    if changed:
        record_order(u, workspace, after)
        _raise_incidents(u, workspace, after, order, stop)
    if (mirror.standing in PROMISED) != (after.standing in PROMISED) or mirror.units != after.units:
        _repush(u, after)


def _refresh(mirror: Mirror, order: Order) -> Mirror:
    """The row with what the order says now."""
    return replace(
        mirror, value=order.payment.total, paid_at=order.paid_at, ship_by=order.ship_by, status=order.status,
        units=units_of(order),
    )  # fmt: skip


def record_order(u: Unit, workspace: WorkspaceId, mirror: Mirror) -> None:
    """The ledger entry of an order's standing, and the report that counts it."""
    facts = {"value": f"{mirror.value.text()} {mirror.value.currency}", **mirror.facts}
    if mirror.shopify_name:
        facts["shopify_name"] = mirror.shopify_name
    if mirror.listings:
        facts["listings"] = " ".join(mirror.listings)
    u.ledger.add(
        Entry(
            u.now, workspace, Act.ORDER, LINKBOT, mirror.shop_id, mirror.store_id, order_id=mirror.order_id,
            standing=mirror.standing, reason=mirror.reason, facts=facts,
        )
    )  # fmt: skip
    u.jobs.add("report", report_ref(workspace, u.now), owner=workspace, hold=timedelta(seconds=2))


def report_ref(workspace: WorkspaceId, at: datetime) -> str:
    """One living report per workspace and hour (UTC)."""
    return f"{workspace}:{at:%Y-%m-%dT%H}"


def _raise_incidents(u: Unit, workspace: WorkspaceId, mirror: Mirror, order: Order, stop: Stop) -> None:
    if stop.reason is Reason.UNLINKED_SKU:
        for listing_id in stop.listings:
            _tell_unlinked(u, workspace, mirror.shop_id, order, listing_id)
    elif stop.reason is Reason.CURRENCY_MISMATCH:
        links = u.links.many(list(needed_listings(order, {})))
        store_id = next((link.store_id for link in links.values()), "")
        subject = f"{mirror.shop_id}:{store_id}"
        facts = {"store": store_id, "shop_currency": stop.facts.get("order", "")}
        facts["store_currency"] = stop.facts.get("store", "")
        linking.touch(u, workspace, IncidentKind.CURRENCY_MISMATCH, subject, "currency_differs", facts)
    if stop.standing is not Standing.PARKED:
        linking.close_items(u, workspace, (IncidentKind.ORDERS_STUCK,), mirror.order_id, LINKBOT)


def _tell_unlinked(u: Unit, workspace: WorkspaceId, shop_id: ShopId, order: Order, listing_id: ListingId) -> None:
    """The SKU's alert shows what it blocks; a SKU that the catalogue does not know yet is read first."""
    listing = u.catalogue.listing(listing_id)
    product = _product_of(order, listing_id)
    if listing is None and product:
        u.jobs.add("product", product, owner=shop_id)
        return
    if (open_incident := u.incidents.find_open(workspace, IncidentKind.UNLINKED, listing_id)) is not None:
        u.jobs.add("card", open_incident, owner=workspace)
        return
    shop = u.shops.get(shop_id)
    if shop is None or shop.mode is None or listing is None:
        return  # the first alert waits for the answer to the prompt
    decision = linking.match_listing(u, workspace, shop.mode, listing)
    if decision is NoAutoLink.UNLINKED_BY_PERSON:
        linking.touch(u, workspace, IncidentKind.UNLINKED, listing_id, UnlinkedCause.UNLINKED_BY_PERSON)


def _product_of(order: Order, listing_id: ListingId) -> str:
    places = [(line.listing_id, line.product_id) for line in order.lines]
    places += [(part.listing_id, part.product_id) for line in order.lines for part in line.parts]
    return next((product for key, product in places if key == listing_id), "")


def _repush(u: Unit, mirror: Mirror) -> None:
    """What TikTok sold and Shopify does not know yet is not offered again, on any listing of the same variant."""
    for link in u.links.many(list(mirror.units)).values():
        if link.is_active:
            push_variant(u, link.variant_id)


def _record_not_ready(u: Unit, order_id: OrderId, shop_id: ShopId) -> None:
    """TikTok told of the order but does not show it yet."""
    shop = u.shops.get(shop_id)
    if shop is None or u.orders.get(order_id) is not None:
        return
    mirror = Mirror(
        order_id, shop_id, Standing.WAITING, Reason.NOT_READABLE_YET, Money.zero(shop.currency or "USD"), None, None,
        u.now, u.now, (),
    )  # fmt: skip
    u.orders.add(mirror)
    record_order(u, shop.workspace_id, mirror)


# --- look, claim, create ---------------------------------------------------------------------------------------------


async def _adopt(ready: Ready, db: Db, tiktok: TikTok, shopify: Shopify) -> bool:
    """Is it in Shopify already, made by us or by any other app (N9)? Then that order is the mirror."""
    store_id, order_id = ready.draft.store_id, ready.order.id
    found: Sequence[ShopifyOrder] = ()
    for reference in await tiktok.references(ready.order.shop_id, order_id):
        if (there := await shopify.order(store_id, reference.id)) is not None:
            found = [there]
    found = found or await shopify.find_orders(store_id, order_id)
    if not found:
        return False
    standing = Standing.ADOPTED if ready.mirror.sent_at is None else Standing.MIRRORED
    await db.run(lambda u: record_in_shopify(u, ready.mirror, found[0], store_id, standing))
    return True


def _claim(u: Unit, ready: Ready) -> Mirror | None:
    """The last look, and the commit before the call: links, shop and row must still be what was decided on."""
    shop, now = u.shops.get(ready.order.shop_id), u.orders.get(ready.order.id)
    if shop is None or now is None or now.version != ready.mirror.version or now.standing in IN_SHOPIFY:
        return None
    decision = _decision(u, ready.order, now)
    if isinstance(decision, Stop) or decision.store_id != ready.draft.store_id:
        return None
    variants = u.catalogue.variants([link.variant_id for link in decision.links.values()])
    if draft_order(ready.order, decision.store_id, decision.links, variants) != ready.draft:
        return None
    claimed = replace(
        _refresh(now, ready.order), standing=Standing.SENDING, reason=None, listings=(), facts={}, sent_at=u.now,
        store_id=ready.draft.store_id, changed_at=u.now, version=now.version + 1,
    )  # fmt: skip
    return claimed if u.orders.save(claimed) else None


async def _create(claimed: Mirror, draft: OrderDraft, db: Db, shopify: Shopify) -> Again | None:
    try:
        created = await _send(draft, shopify)
    except Unclear:
        return await db.run(lambda u: _record_unclear(u, claimed))
    except ApiError:  # refused or never sent: nothing was made, so the next attempt starts afresh
        await db.run(lambda u: _unclaim(u, claimed))
        raise
    await db.run(lambda u: record_in_shopify(u, claimed, created, draft.store_id, Standing.MIRRORED))
    return None


async def _send(draft: OrderDraft, shopify: Shopify) -> ShopifyOrder:
    try:
        return await shopify.create_order(draft.store_id, draft)
    except Invalid as error:
        if "phone" not in error.field.lower() and "phone" not in str(error).lower():
            raise
        return await shopify.create_order(draft.store_id, draft, with_phone=False)  # refused: nothing was made


def _unclaim(u: Unit, claimed: Mirror) -> None:
    u.orders.save(replace(claimed, sent_at=None, version=claimed.version + 1))


def _record_unclear(u: Unit, claimed: Mirror) -> Again:
    """The answer was lost: perhaps the order stands. It is looked for before anything is sent again."""
    shop = u.shops.get(claimed.shop_id)
    if claimed.reason is not Reason.UNCLEAR and shop is not None:
        after = replace(
            claimed, standing=Standing.WAITING, reason=Reason.UNCLEAR, changed_at=u.now, version=claimed.version + 1
        )
        if u.orders.save(after):
            record_order(u, shop.workspace_id, after)
    return Again(u.now + LOOK_EVERY / 5)


async def _settle_unclear(known: Mirror, db: Db, shopify: Shopify, unclear_for: timedelta) -> Again | None:
    """Find out what became of a create call whose answer we never recorded (time-out, crash).

    None: settled, either way; go on. Sent again only after `unclear_for` without any trace.
    """
    assert known.sent_at is not None
    if known.store_id is None:
        await db.run(lambda u: _unclaim(u, known))
        return None
    since = known.sent_at - timedelta(minutes=1)
    found = await shopify.find_orders(known.store_id, known.order_id, since=since)
    if found:
        store_id = known.store_id
        await db.run(lambda u: record_in_shopify(u, known, found[0], store_id, Standing.MIRRORED))
        return None
    now = await db.read(lambda u: u.now)
    if now < known.sent_at + unclear_for:
        await db.run(lambda u: _record_unclear(u, known))
        return Again(now + LOOK_EVERY)
    await db.run(lambda u: _unclaim(u, known))
    return None


# --- record ----------------------------------------------------------------------------------------------------------


def record_in_shopify(u: Unit, mirror: Mirror, there: ShopifyOrder, store_id: StoreId, standing: Standing) -> None:
    """The order stands in Shopify: row, entry, reference back at TikTok, alerts, stock."""
    shop = u.shops.get(mirror.shop_id)
    after = replace(
        mirror, standing=standing, reason=None, listings=(), facts={}, store_id=store_id, shopify_id=there.id,
        shopify_name=there.name, sent_at=None, changed_at=u.now, version=mirror.version + 1,
    )  # fmt: skip
    if shop is None or not u.orders.save(after):
        return  # another worker recorded it first
    record_order(u, shop.workspace_id, after)
    u.jobs.add("reference", mirror.order_id, owner=mirror.shop_id)
    linking.close_items(u, shop.workspace_id, (IncidentKind.ORDERS_STUCK,), mirror.order_id, LINKBOT)
    _repush(u, after)
    for variant in u.catalogue.variants([v for _, v, _ in there.lines if v is not None]).values():
        u.jobs.add("shopify_stock", variant.inventory_item_id, owner=store_id)  # also tells an oversold one
    for listing_id in mirror.listings:
        for incident in u.incidents.of_subject(shop.workspace_id, IncidentKind.UNLINKED, listing_id)[:1]:
            u.jobs.add("card", incident, owner=shop.workspace_id)


def record_parked(u: Unit, order_id: OrderId, shop_id: ShopId, reason: Reason, detail: str) -> None:
    """Stopped by trouble: visible with its reason until it works or a person decides."""
    shop, mirror = u.shops.get(shop_id), u.orders.get(order_id)
    if shop is None or (mirror is not None and mirror.standing in IN_SHOPIFY):
        return
    if mirror is None:
        _record_not_ready(u, order_id, shop_id)
        mirror = u.orders.get(order_id)
    if mirror is None or (mirror.standing is Standing.PARKED and mirror.reason is reason):
        return
    after = replace(
        mirror, standing=Standing.PARKED, reason=reason, listings=(), facts={"detail": detail[:300]},
        changed_at=u.now, version=mirror.version + 1,
    )  # fmt: skip
    if u.orders.save(after):
        record_order(u, shop.workspace_id, after)
        facts = {"reason": reason.value, "value": f"{after.value.text()} {after.value.currency}"}
        linking.touch(u, shop.workspace_id, IncidentKind.ORDERS_STUCK, order_id, reason.value, facts)


def park_mirror(u: Unit, job: Job, trouble: Trouble, detail: str) -> None:
    """The runner gave up for now. Trouble of the services was recorded with its reason; this is what is left."""
    if trouble is Trouble.PROGRAM_ERROR:
        record_parked(u, OrderId(job.ref), ShopId(job.owner), Reason.PROGRAM_ERROR, detail)


def _follow(u: Unit, mirror: Mirror, order: Order) -> None:
    """News about an order that is in Shopify already."""
    if mirror.status is order.status:
        return
    u.orders.save(replace(mirror, status=order.status, version=mirror.version + 1))
    if order.status is OrderStatus.CANCELLED and mirror.standing is Standing.MIRRORED:
        u.jobs.add("cancel", order.id, owner=mirror.shop_id)


async def cancel(job: Job, *, db: Db, shopify: Shopify) -> None:
    """Cancel the mirrored order because TikTok's was cancelled; units go back on the shelf. Looks before it acts."""
    mirror = await db.read(lambda u: u.orders.get(OrderId(job.ref)))
    if mirror is None or mirror.store_id is None or mirror.shopify_id is None:
        return
    there = await shopify.order(mirror.store_id, mirror.shopify_id)
    if there is not None and not there.cancelled:
        await shopify.cancel_order(
            mirror.store_id, mirror.shopify_id, restock=True, note=f"Cancelled on TikTok Shop ({mirror.order_id})"
        )
    await db.run(lambda u: _record_cancelled(u, mirror))


def _record_cancelled(u: Unit, mirror: Mirror) -> None:
    shop = u.shops.get(mirror.shop_id)
    if shop is None:
        return
    facts = {"shopify_name": mirror.shopify_name or ""}
    u.ledger.add(
        Entry(
            u.now, shop.workspace_id, Act.CANCELLED, LINKBOT, mirror.shop_id, mirror.store_id,
            order_id=mirror.order_id, facts=facts,
        )
    )  # fmt: skip


async def reference(job: Job, *, db: Db, tiktok: TikTok, shopify: Shopify) -> None:
    """Write our reference on the TikTok order, so that every other app can see that it is mirrored."""
    mirror = await db.read(lambda u: u.orders.get(OrderId(job.ref)))
    if mirror is None or mirror.store_id is None or mirror.shopify_id is None or mirror.referenced:
        return
    there = await shopify.order(mirror.store_id, mirror.shopify_id)
    order = await tiktok.order(mirror.shop_id, mirror.order_id)
    lines = [] if there is None else _pair_lines(order, there, await db.read(lambda u: _variant_of(u, order)))
    await tiktok.add_reference(mirror.shop_id, mirror.order_id, mirror.shopify_id, lines)
    await db.run(lambda u: _record_referenced(u, mirror.order_id))


def _variant_of(u: Unit, order: Order) -> dict[ListingId, str]:
    ids = [line.listing_id for line in order.lines]
    return {key: link.variant_id for key, link in u.links.many(ids).items()}


def _pair_lines(order: Order, there: ShopifyOrder, variants: dict[ListingId, str]) -> list[tuple[str, str]]:
    """(Shopify line, TikTok line) for every TikTok line whose variant the Shopify order carries."""
    line_of = {variant: line for line, variant, _ in reversed(there.lines) if variant is not None}
    pairs: list[tuple[str, str]] = []
    for line in order.lines:
        target = line_of.get(variants.get(line.listing_id, ""))  # type: ignore[call-overload]
        if target is not None:
            pairs += [(target, line_id) for line_id in line.line_ids]
    return pairs


def _record_referenced(u: Unit, order_id: OrderId) -> None:
    mirror = u.orders.get(order_id)
    shop = None if mirror is None else u.shops.get(mirror.shop_id)
    if mirror is None or shop is None or mirror.referenced:
        return
    if u.orders.save(replace(mirror, referenced=True, version=mirror.version + 1)):
        u.ledger.add(
            Entry(
                u.now, shop.workspace_id, Act.REFERENCED, LINKBOT, mirror.shop_id, mirror.store_id, order_id=order_id,
                facts={"shopify_id": mirror.shopify_id or ""},
            )
        )  # fmt: skip


async def mirror_anyway(db: Db, workspace: WorkspaceId, order_id: OrderId, actor: Actor) -> Mirror | None:
    """A person wants this order in Shopify now: what a rule kept out by age, sample or request no longer does.

    None: we know no such order.
    """

    def mark(u: Unit) -> Mirror | None:
        mirror = u.orders.get(order_id)
        shop = None if mirror is None else u.shops.get(mirror.shop_id)
        if mirror is None or shop is None or shop.workspace_id != workspace or mirror.standing in IN_SHOPIFY:
            return mirror if shop is not None and shop.workspace_id == workspace else None
        reason = None if mirror.reason is Reason.IGNORED_BY_PERSON else mirror.reason
        u.orders.save(replace(mirror, mirror_anyway=True, reason=reason, version=mirror.version + 1))
        u.ledger.add(Entry(u.now, workspace, Act.MIRROR_ASKED, actor, mirror.shop_id, order_id=order_id))
        u.jobs.add("mirror", order_id, owner=mirror.shop_id)
        return mirror

    return await db.run(mark)


async def poll_orders(job: Job, *, db: Db, tiktok: TikTok) -> None:
    """Every order whose status changed since the last poll gets its job: the net under lost webhooks."""
    shop_id = ShopId(job.ref)
    shop, now = await db.read(lambda u: (u.shops.get(shop_id), u.now))
    if shop is None or not shop.is_live or shop.imported_at is None:
        return
    since = (shop.orders_seen_to or shop.connected_at - timedelta(days=30)) - timedelta(minutes=5)
    async for page in tiktok.orders(shop_id, since):
        await db.run(lambda u, page=page: _take_orders(u, shop_id, page))
    await db.run(lambda u: u.shops.change(shop_id, orders_seen_to=now))


async def recheck(job: Job, *, db: Db) -> None:
    """Orders that wait for something TikTok does not announce (address, withdrawn request to cancel) are read again."""
    shop_id = ShopId(job.ref)
    reasons = (Reason.CANCEL_REQUESTED, Reason.ADDRESS_MISSING, Reason.ON_HOLD, Reason.UNPAID, Reason.NOT_READABLE_YET)

    def enqueue(u: Unit) -> None:
        for reason in reasons:
            for order_id in u.orders.with_reason(shop_id, reason, 200):
                u.jobs.add("mirror", order_id, owner=shop_id)

    await db.run(enqueue)


def heard_of(u: Unit, order_id: str) -> None:
    """Shopify told of an order that carries this TikTok id: an unclear create may be settled by it."""
    mirror = u.orders.get(OrderId(order_id))
    if mirror is not None and mirror.sent_at is not None:
        u.jobs.add("mirror", mirror.order_id, owner=mirror.shop_id)


def release(u: Unit, shop_id: ShopId, *reasons: Reason) -> None:
    """Orders stopped for these reasons go again: what stopped them has been mended."""
    for reason in reasons:
        for order_id in u.orders.with_reason(shop_id, reason, 10_000):
            u.jobs.add("mirror", order_id, owner=shop_id)


def _take_orders(u: Unit, shop_id: ShopId, page: Sequence[Order]) -> None:
    for order in page:
        known = u.orders.get(order.id)
        if known is None or known.status is not order.status:
            u.jobs.add("mirror", order.id, owner=shop_id)
