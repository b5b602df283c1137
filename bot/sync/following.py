"""Around the mirror: polls that find orders, what follows once one is in Shopify, and what a person asks for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.orders import (
    IN_SHOPIFY,
    Mirror,
    Order,
    OrderStatus,
    Reason,
    Standing,
)
from bot.domain.values import LINKBOT, Actor, ListingId, OrderId, ShopId, WorkspaceId, plain_id
from bot.store.db import Db, Unit
from bot.sync import standing


def follow(u: Unit, mirror: Mirror, order: Order) -> None:
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
    """Write our reference on the TikTok order, so that every other app can see that it is mirrored.

    The job brings the Shopify lines as (line, variant), as they were told when the order was created.
    """
    mirror = await db.read(lambda u: u.orders.get(OrderId(job.ref)))
    if mirror is None or mirror.store_id is None or mirror.shopify_id is None or mirror.referenced:
        return
    lines = job.payload.get("lines")
    if lines is None:
        there = await shopify.order(mirror.store_id, mirror.shopify_id)
        lines = [] if there is None else standing.shopify_lines(there)
    order = await tiktok.order(mirror.shop_id, mirror.order_id)
    pairs = _pair_lines(order, lines, await db.read(lambda u: _variant_of(u, order)))
    await tiktok.add_reference(mirror.shop_id, mirror.order_id, plain_id(mirror.shopify_id), pairs)
    await db.run(lambda u: _record_referenced(u, mirror.order_id))


def _variant_of(u: Unit, order: Order) -> dict[ListingId, str]:
    ids = [line.listing_id for line in order.lines]
    return {key: link.variant_id for key, link in u.links.many(ids).items()}


def _pair_lines(order: Order, lines: Sequence[Sequence[str]], variants: dict[ListingId, str]) -> list[tuple[str, str]]:
    """(Shopify line, TikTok line) for every TikTok line whose variant the Shopify order carries."""
    line_of: dict[str, str] = {variant: line for line, variant in reversed(lines)}
    pairs: list[tuple[str, str]] = []
    for line in order.lines:
        target = line_of.get(variants.get(line.listing_id, ""))
        if target is not None:
            pairs += [(plain_id(target), line_id) for line_id in line.line_ids]
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


def _take_orders(u: Unit, shop_id: ShopId, page: Sequence[Order]) -> None:
    for order in page:
        known = u.orders.get(order.id)
        if known is None or known.status is not order.status:
            u.jobs.add("mirror", order.id, owner=shop_id)


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
