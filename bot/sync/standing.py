"""Where an order stands: the row, its ledger entry, and every alert, report and push that follow from a change."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.ledger import Act, Entry
from bot.domain.links import NoAutoLink
from bot.domain.orders import (
    IN_SHOPIFY,
    PROMISED,
    Mirror,
    Order,
    Reason,
    ShopifyOrder,
    Standing,
    Stop,
    needed_listings,
    units_of,
)
from bot.domain.values import LINKBOT, ListingId, Money, OrderId, ShopId, StoreId, WorkspaceId
from bot.store.db import Taken, Unit
from bot.sync import linking
from bot.sync.catalogue import push_variant


def new_mirror(u: Unit, order: Order) -> Mirror:
    """The claim row: written before anything is sent, one per order by its primary key."""
    mirror = Mirror(
        order.id, order.shop_id, Standing.WAITING, Reason.NOT_READABLE_YET, order.payment.total, order.paid_at,
        order.ship_by, u.now, u.now, (), status=order.status, units=units_of(order),
    )  # fmt: skip
    u.orders.add(mirror)
    repush(u, mirror)
    return mirror


def record_stop(u: Unit, workspace: WorkspaceId, mirror: Mirror, order: Order, stop: Stop) -> None:
    changed = (mirror.standing, mirror.reason, mirror.listings) != (stop.standing, stop.reason, stop.listings)
    fresh = refreshed(mirror, order)
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
        repush(u, after)


def refreshed(mirror: Mirror, order: Order) -> Mirror:
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


def repush(u: Unit, mirror: Mirror) -> None:
    """What TikTok sold and Shopify does not know yet is not offered again, on any listing of the same variant."""
    for link in u.links.many(list(mirror.units)).values():
        if link.is_active:
            push_variant(u, link.variant_id)


def record_not_ready(u: Unit, order_id: OrderId, shop_id: ShopId) -> None:
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
    u.jobs.add("reference", mirror.order_id, owner=mirror.shop_id, payload={"lines": shopify_lines(there)})
    linking.close_items(u, shop.workspace_id, (IncidentKind.ORDERS_STUCK,), mirror.order_id, LINKBOT)
    repush(u, after)
    for variant in u.catalogue.variants([v for _, v, _ in there.lines if v is not None]).values():
        # also tells an oversold one; the store's own webhook, where it comes, makes it due sooner
        u.jobs.add("shopify_stock", variant.inventory_item_id, owner=store_id, hold=timedelta(seconds=5))
    for listing_id in mirror.listings:
        for incident in u.incidents.of_subject(shop.workspace_id, IncidentKind.UNLINKED, listing_id)[:1]:
            u.jobs.add("card", incident, owner=shop.workspace_id)


def shopify_lines(there: ShopifyOrder) -> list[list[str]]:
    """[line gid, variant gid] of every line that has a variant: the form that a job's payload can carry."""
    return [[line, variant] for line, variant, _ in there.lines if variant is not None]


def record_parked(u: Unit, order_id: OrderId, shop_id: ShopId, reason: Reason, detail: str) -> None:
    """Stopped by trouble: visible with its reason until it works or a person decides."""
    shop, mirror = u.shops.get(shop_id), u.orders.get(order_id)
    if shop is None or (mirror is not None and mirror.standing in IN_SHOPIFY):
        return
    if mirror is None:
        record_not_ready(u, order_id, shop_id)
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


def release(u: Unit, shop_id: ShopId, *reasons: Reason) -> None:
    """Orders stopped for these reasons go again: what stopped them has been mended."""
    for reason in reasons:
        for order_id in u.orders.with_reason(shop_id, reason, 10_000):
            u.jobs.add("mirror", order_id, owner=shop_id)
