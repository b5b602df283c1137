"""One TikTok order into Shopify, exactly once: read, decide, look, claim, create, record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clients.errors import ApiError, Invalid, NotAuthorised, NotReady, RateLimited, Service, Unclear
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.drafts import OrderDraft, draft_order
from bot.domain.jobs import Again, Job
from bot.domain.orders import (
    IN_SHOPIFY,
    Create,
    Mirror,
    MirrorPolicy,
    Order,
    Reason,
    ShopifyOrder,
    Standing,
    Stop,
    decide_mirror,
)
from bot.domain.retries import Trouble
from bot.domain.values import OrderId, ShopId, StoreId
from bot.store.db import Db, Unit
from bot.sync import following, standing

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
        await db.run(lambda u: standing.record_not_ready(u, order_id, shop_id))
        raise
    except (Unclear, RateLimited):
        raise
    except ApiError as error:
        reason, detail = _reason(error), str(error)
        if job.attempt >= _QUIET_ATTEMPTS or isinstance(error, NotAuthorised | Invalid):
            await db.run(lambda u: standing.record_parked(u, order_id, shop_id, reason, detail))
        raise


def _reason(error: ApiError) -> Reason:
    if isinstance(error, NotAuthorised):
        return Reason.NOT_AUTHORISED
    if isinstance(error, Invalid) and error.service == Service.SHOPIFY:
        return Reason.REFUSED_BY_SHOPIFY
    return Reason.SHOPIFY_UNREACHABLE if error.service == Service.SHOPIFY else Reason.TIKTOK_UNREACHABLE


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
    mirror = u.orders.get(order.id) or standing.new_mirror(u, order)
    if mirror.standing in IN_SHOPIFY:
        following.follow(u, mirror, order)
        return None
    decision = _decision(u, order, mirror)
    if isinstance(decision, Stop):
        standing.record_stop(u, shop.workspace_id, mirror, order, decision)
        return None
    variants = u.catalogue.variants([link.variant_id for link in decision.links.values()])
    draft = draft_order(order, decision.store_id, decision.links, variants)
    if isinstance(draft, Stop):
        standing.record_stop(u, shop.workspace_id, mirror, order, draft)
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


# --- look, claim, create ---------------------------------------------------------------------------------------------


async def _adopt(ready: Ready, db: Db, tiktok: TikTok, shopify: Shopify) -> bool:
    """Is it in Shopify already, made by us or by any other app (N9)? Then that order is the mirror."""
    store_id, order_id = ready.draft.store_id, ready.order.id
    found: Sequence[ShopifyOrder] = ()
    if references := await tiktok.references(ready.order.shop_id, order_id):
        for place in await db.read(lambda u: _stores_of(u, ready)):
            for reference in references:
                if not found and (there := await shopify.order(place, reference.id)) is not None:
                    found, store_id = [there], place
    found = found or await shopify.find_orders(store_id, order_id)
    if not found:
        return False
    how = Standing.ADOPTED if ready.mirror.sent_at is None else Standing.MIRRORED
    await db.run(lambda u: standing.record_in_shopify(u, ready.mirror, found[0], store_id, how))
    return True


def _stores_of(u: Unit, ready: Ready) -> list[StoreId]:
    """All connected stores of the workspace, the order's own first: a reference does not say which it means."""
    shop, own = u.shops.get(ready.order.shop_id), ready.draft.store_id
    stores = [] if shop is None else [store.id for store in u.stores.for_workspace(shop.workspace_id) if store.is_live]
    return [own, *(store for store in stores if store != own)]


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
        standing.refreshed(now, ready.order), standing=Standing.SENDING, reason=None, listings=(), facts={},
        sent_at=u.now, store_id=ready.draft.store_id, changed_at=u.now, version=now.version + 1,
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
    await db.run(lambda u: standing.record_in_shopify(u, claimed, created, draft.store_id, Standing.MIRRORED))
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
            standing.record_order(u, shop.workspace_id, after)
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
        await db.run(lambda u: standing.record_in_shopify(u, known, found[0], store_id, Standing.MIRRORED))
        return None
    now = await db.read(lambda u: u.now)
    if now < known.sent_at + unclear_for:
        await db.run(lambda u: _record_unclear(u, known))
        return Again(now + LOOK_EVERY)
    await db.run(lambda u: _unclaim(u, known))
    return None


def park_mirror(u: Unit, job: Job, trouble: Trouble, detail: str) -> None:
    """The runner gave up for now. Trouble of the services was recorded with its reason; this is what is left."""
    if trouble is Trouble.PROGRAM_ERROR:
        standing.record_parked(u, OrderId(job.ref), ShopId(job.owner), Reason.PROGRAM_ERROR, detail)
