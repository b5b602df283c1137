"""Link, unlink, and the rule that links equal SKUs: every way a link comes and goes."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.domain.catalogue import Listing, Variant
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.ledger import Act, Entry
from bot.domain.links import (
    Link,
    LinkMode,
    LinkOrigin,
    LinkRefusal,
    LinkRequest,
    LinkState,
    LinkWarning,
    NoAutoLink,
    decide_auto_link,
    decide_link,
    match_by_sku,
)
from bot.domain.prices import wanted_price
from bot.domain.undo import ITEM_KINDS, kept_facts, link_facts, unlink_facts
from bot.domain.values import AUTO_LINK, Actor, ListingId, Money, OrderId, ShopId, WorkspaceId
from bot.store.db import Db, Taken, Unit
from bot.sync import ignoring

T = TypeVar("T")
_COUNT_PACE = timedelta(seconds=3)
_LOOKS = 3

_CAUSES = {
    NoAutoLink.MANUAL_MODE: UnlinkedCause.MANUAL_MODE,
    NoAutoLink.NO_SKU: UnlinkedCause.NO_SKU,
    NoAutoLink.AMBIGUOUS_ON_TIKTOK: UnlinkedCause.AMBIGUOUS,
    NoAutoLink.AMBIGUOUS_ON_SHOPIFY: UnlinkedCause.AMBIGUOUS,
    NoAutoLink.NO_MATCH: UnlinkedCause.NO_MATCH,
    NoAutoLink.UNLINKED_BY_PERSON: UnlinkedCause.UNLINKED_BY_PERSON,
}


@dataclass(frozen=True)
class Linked:
    link: Link
    warnings: tuple[LinkWarning, ...]
    released: tuple[OrderId, ...]  # orders that the link set going again
    entry: int | None = None  # the ledger's, for Undo; None: it was done already


@dataclass(frozen=True)
class Unlinked:
    link: Link
    entry: int | None = None


@dataclass(frozen=True)
class Refused:
    """Nothing changed. `link`: what stands instead, with who made it."""

    reason: LinkRefusal
    link: Link | None = None


async def link(db: Db, workspace: WorkspaceId, request: LinkRequest, actor: Actor) -> Linked | Refused:
    """Link a listing by hand. A second, later request finds the first one's link and is refused with it."""
    return await settled(db, lambda u: link_here(u, workspace, request, actor))


async def settled(db: Db, act: Callable[[Unit], T]) -> T:
    """Again when another worker committed between our look and our row: a unique index decided, and we look anew."""
    for _ in range(_LOOKS - 1):
        with contextlib.suppress(Taken):
            return await db.run(act)
    return await db.run(act)


def link_here(u: Unit, workspace: WorkspaceId, request: LinkRequest, actor: Actor) -> Linked | Refused:
    """`link` inside a unit that holds more. Raises Taken when another worker was first: run the unit again."""
    listing = u.catalogue.listing(request.listing_id)
    variant = u.catalogue.variant(request.variant_id)
    existing = u.links.get(request.listing_id)
    sharing = 0 if variant is None else len([x for x in u.links.of_variant(variant.id) if x.is_active])
    decision = decide_link(listing, variant, existing, request.pack, sharing)
    if listing is not None and not _is_ours(u, workspace, listing, variant):
        decision = LinkRefusal.OTHER_WORKSPACE
    if isinstance(decision, LinkRefusal) or listing is None or variant is None:
        reason = decision if isinstance(decision, LinkRefusal) else LinkRefusal.LISTING_GONE
        if reason is LinkRefusal.ALREADY_LINKED and existing is not None and _is_repeat(existing, request, actor):
            return Linked(existing, (), ())
        _record_refusal(u, workspace, request.listing_id, reason, actor)
        return Refused(reason, existing)
    _show_count(u, workspace, listing.shop_id)
    hand, warnings = LinkOrigin.HAND, decision.warnings
    return make_link(u, workspace, existing, listing, variant, request.pack, hand, actor, warnings)


def _show_count(u: Unit, workspace: WorkspaceId, shop_id: ShopId) -> None:
    """The answered prompt says how many SKUs are linked."""
    u.jobs.add("prompt", shop_id, owner=workspace, hold=_COUNT_PACE)


def _is_repeat(existing: Link, request: LinkRequest, actor: Actor) -> bool:
    """The same person's same request again (a doubled submission): done already, not refused."""
    same = existing.variant_id == request.variant_id and existing.pack == request.pack
    return same and existing.actor.id == actor.id


def _is_ours(u: Unit, workspace: WorkspaceId, listing: Listing, variant: Variant | None) -> bool:
    shop = u.shops.get(listing.shop_id)
    store = None if variant is None else u.stores.get(variant.store_id)
    return (shop is None or shop.workspace_id == workspace) and (store is None or store.workspace_id == workspace)


def _record_refusal(u: Unit, workspace: WorkspaceId, listing_id: ListingId, reason: LinkRefusal, actor: Actor) -> None:
    u.ledger.add(Entry(u.now, workspace, Act.REFUSED, actor, listing_id=listing_id, reason=reason))


def make_link(
    u: Unit,
    workspace: WorkspaceId,
    old: Link | None,
    listing: Listing,
    variant: Variant,
    pack: int,
    origin: LinkOrigin,
    actor: Actor,
    warnings: tuple[LinkWarning, ...] = (),
) -> Linked:
    """Write the link with everything that follows from it: entry, push, released orders, closed alert.

    `old` is the row that was decided on, not one read again: on Postgres another worker may have committed a link
    since. Raises Taken then.
    """
    made = _new_link(u, old, listing, variant, pack, origin, actor)
    if old is None:
        u.links.add(made)
    elif not u.links.save(made):
        raise Taken(f"link of {listing.id}")
    kept = link_facts(old) | _kept(u, workspace, [listing.id])[listing.id]
    entry = u.ledger.add(_link_entry(u, workspace, made, listing, variant, warnings, kept))
    _plan_first_push(u, workspace, made, listing, variant)
    released = tuple(u.orders.stopped_by(listing.id))
    for order_id in released:
        u.jobs.add("mirror", order_id, owner=listing.shop_id)
    close_items(u, workspace, (IncidentKind.UNLINKED, IncidentKind.LINK_BROKEN), listing.id, actor)
    ignoring.drop(u, workspace, listing.id)
    return Linked(made, warnings, released, entry)


def _kept(u: Unit, workspace: WorkspaceId, ids: Sequence[ListingId]) -> dict[ListingId, dict[str, str]]:
    """What an undo brings back beside the link's row: read before the act changes it."""
    pushed, items = u.pushes.many(ids), u.incidents.open_of(workspace, ITEM_KINDS, ids)
    return {key: kept_facts(pushed.get(key), items.get(key, [])) for key in ids}


def _new_link(
    u: Unit, old: Link | None, listing: Listing, variant: Variant, pack: int, origin: LinkOrigin, actor: Actor
) -> Link:
    version = 1 if old is None else old.version + 1
    return Link(
        listing.id, listing.shop_id, variant.id, variant.store_id, pack, LinkState.ACTIVE, origin, actor, u.now, version
    )


def _link_entry(
    u: Unit,
    workspace: WorkspaceId,
    made: Link,
    listing: Listing,
    variant: Variant,
    warnings: tuple[LinkWarning, ...],
    kept: dict[str, str],
) -> Entry:
    facts = kept | {
        "pack": str(made.pack),
        "origin": made.origin.value,
        "sku": listing.sku,
        "variant_sku": variant.sku.strip(),
        "warnings": " ".join(warnings),
    }
    return Entry(
        u.now, workspace, Act.LINK, made.actor, made.shop_id, made.store_id, made.listing_id, made.variant_id,
        facts=facts,
    )  # fmt: skip


def _first_price(listing: Listing, variant: Variant, pack: int) -> Money | None:
    return wanted_price(variant, pack, listing.price.currency if listing.price else variant.price.currency)


def _plan_first_push(u: Unit, workspace: WorkspaceId, made: Link, listing: Listing, variant: Variant) -> None:
    """By hand, price and stock as they are go out (A4); by rule only the stock does.

    A rule's price is taken as sent, so that the next edit in Shopify is an edit and goes out.
    """
    u.pushes.forget(listing.id)
    price = _first_price(listing, variant, made.pack)
    on_link = u.settings.get(workspace, "push_on_link", True)
    if price is not None and (made.origin is LinkOrigin.AUTO or not on_link):
        u.pushes.record(listing.id, price=price)
    if on_link:
        u.jobs.add("push", listing.id, owner=listing.shop_id)


def close_items(
    u: Unit, workspace: WorkspaceId, kinds: Iterable[IncidentKind], subject: str, actor: Actor | None
) -> None:
    """Close what is open about this subject and have its message rendered again."""
    for kind in kinds:
        incident = u.incidents.close_item(workspace, kind, subject, actor)
        if incident is not None:
            u.jobs.add("card", incident, owner=workspace)


def touch(
    u: Unit, workspace: WorkspaceId, kind: IncidentKind, subject: str, cause: str, facts: dict[str, str] | None = None
) -> None:
    """Open (or update) an item and have its message rendered."""
    u.jobs.add("card", u.incidents.touch(workspace, kind, subject, cause, facts), owner=workspace)


async def unlink(db: Db, workspace: WorkspaceId, listing_id: ListingId, actor: Actor) -> Unlinked | Refused:
    """End a link at once (S36). The tombstone keeps the rule away until a person links again (S39)."""
    return await settled(db, lambda u: _unlink(u, workspace, listing_id, actor))


def _unlink(u: Unit, workspace: WorkspaceId, listing_id: ListingId, actor: Actor) -> Unlinked | Refused:
    old = u.links.get(listing_id)
    shop = None if old is None else u.shops.get(old.shop_id)
    if old is None or old.state is LinkState.TOMBSTONE or shop is None or shop.workspace_id != workspace:
        return Refused(LinkRefusal.NOT_LINKED, old)
    stone = Link(
        listing_id, old.shop_id, old.variant_id, old.store_id, old.pack, LinkState.TOMBSTONE, old.origin, actor, u.now,
        old.version + 1,
    )  # fmt: skip
    if not u.links.save(stone):
        return Refused(LinkRefusal.NOT_LINKED, u.links.get(listing_id))
    facts = unlink_facts(old) | _kept(u, workspace, [listing_id])[listing_id]
    said = Entry(
        u.now, workspace, Act.UNLINK, actor, old.shop_id, old.store_id, listing_id, old.variant_id, facts=facts
    )
    entry = u.ledger.add(said)
    u.pushes.forget(listing_id)
    _show_count(u, workspace, old.shop_id)
    close_items(u, workspace, (IncidentKind.LINK_BROKEN, IncidentKind.PUSH_STUCK), listing_id, actor)
    listing = u.catalogue.listing(listing_id)
    if listing is not None and not listing.is_deleted:
        touch(u, workspace, IncidentKind.UNLINKED, listing_id, UnlinkedCause.UNLINKED_BY_PERSON)
    return Unlinked(stone, entry)


def match_listing(u: Unit, workspace: WorkspaceId, mode: LinkMode | None, listing: Listing) -> Link | NoAutoLink:
    """Let the rule look at one listing: link it, or open its alert with the cause. Idempotent."""
    decision = _apply_rule(u, workspace, mode, listing)
    if isinstance(decision, Link):
        _show_count(u, workspace, listing.shop_id)
    elif decision in _CAUSES and not _is_told(u, workspace, listing.id, decision):
        touch(u, workspace, IncidentKind.UNLINKED, listing.id, _CAUSES[NoAutoLink(decision)])
    return decision


def match_all(u: Unit, workspace: WorkspaceId, mode: LinkMode | None, listings: Sequence[Listing]) -> int:
    """`match_listing` over many, read and written together, with one alert for all that stay unlinked.

    Returns the links made. Raises Taken when somebody linked one of them meanwhile: run it again.
    """
    existing = u.links.many([listing.id for listing in listings])
    open_ones = [x for x in listings if decide_auto_link(x, 0, (), existing.get(x.id), mode) is NoAutoLink.NO_MATCH]
    variants = u.catalogue.variants_by_skus(workspace, [x.sku for x in open_ones])
    shops = {x.shop_id for x in open_ones}
    shared = {shop: u.catalogue.shared_skus(shop, [x.sku for x in open_ones if x.shop_id == shop]) for shop in shops}
    pairs: list[tuple[Listing, Variant]] = []
    untold: list[tuple[str, str, dict[str, str] | None]] = []
    ignored = ignoring.all_of(u, workspace)
    for listing in listings:
        twins = int(listing.sku in shared.get(listing.shop_id, ()))
        found = decide_auto_link(listing, twins, variants.get(listing.sku, ()), existing.get(listing.id), mode)
        if isinstance(found, Variant):
            pairs.append((listing, found))
        elif found in _CAUSES and listing.id not in ignored and not _is_told(u, workspace, listing.id, found):
            untold.append((listing.id, _CAUSES[found], None))
    _make_auto_links(u, workspace, pairs)
    if untold:
        incident = u.incidents.touch_many(workspace, IncidentKind.UNLINKED, untold)
        u.jobs.add("card", incident, owner=workspace)
    return len(pairs)


def _make_auto_links(u: Unit, workspace: WorkspaceId, pairs: Sequence[tuple[Listing, Variant]]) -> None:
    """`make_link` for many first links by the rule: one statement per table instead of a dozen per link."""
    if not pairs:
        return
    made = [_new_link(u, None, x, v, 1, LinkOrigin.AUTO, AUTO_LINK) for x, v in pairs]
    kept = _kept(u, workspace, [listing.id for listing, _ in pairs])
    u.links.add_many(made)
    rows = zip(made, pairs, strict=True)
    u.ledger.add_many([_link_entry(u, workspace, link, x, v, (), kept[x.id]) for link, (x, v) in rows])
    u.pushes.start({x.id: _first_price(x, v, 1) for x, v in pairs})
    by_shop: dict[ShopId, list[ListingId]] = {}
    for listing, _ in pairs:
        by_shop.setdefault(listing.shop_id, []).append(listing.id)
    ids = [listing.id for listing, _ in pairs]
    if u.settings.get(workspace, "push_on_link", True):
        for shop, mine in by_shop.items():
            u.jobs.add_many("push", mine, owner=shop)
    for shop, mine in by_shop.items():
        u.jobs.add_many("mirror", u.orders.stopped_by_many(mine), owner=shop)
    ignoring.drop_linked(u, workspace, ids)
    for kind in (IncidentKind.UNLINKED, IncidentKind.LINK_BROKEN):
        for incident in u.incidents.close_many(workspace, kind, ids, AUTO_LINK):
            u.jobs.add("card", incident, owner=workspace)


def _apply_rule(u: Unit, workspace: WorkspaceId, mode: LinkMode | None, listing: Listing) -> Link | NoAutoLink:
    existing = u.links.get(listing.id)
    decision = decide_auto_link(listing, 0, (), existing, mode)
    if decision is NoAutoLink.NO_MATCH:  # all that is cheap to know allows it: now ask the catalogue
        variants = u.catalogue.variants_by_sku(workspace, listing.sku)
        decision = decide_auto_link(listing, u.catalogue.twins(listing), variants, existing, mode)
    if isinstance(decision, Variant):
        return make_link(u, workspace, existing, listing, decision, 1, LinkOrigin.AUTO, AUTO_LINK).link
    if decision is NoAutoLink.LISTING_DELETED:
        close_items(u, workspace, (IncidentKind.UNLINKED,), listing.id, None)
    return decision


def _is_told(u: Unit, workspace: WorkspaceId, listing_id: ListingId, decision: Link | NoAutoLink) -> bool:
    """An ignored listing wants no alert; and an unlink told its own when it happened, once and for all passes."""
    if ignoring.get(u, workspace, listing_id) is not None:
        return True
    if decision is not NoAutoLink.UNLINKED_BY_PERSON:
        return False
    return bool(u.incidents.of_subject(workspace, IncidentKind.UNLINKED, listing_id))


def would_link(u: Unit, workspace: WorkspaceId, listing: Listing) -> Variant | NoAutoLink:
    """What the rule would do if the answer were "automatically": for previews and explanations."""
    variants = u.catalogue.variants_by_sku(workspace, listing.sku) if listing.sku else []
    return match_by_sku(listing, u.catalogue.twins(listing), variants)


def rematch_sku(u: Unit, workspace: WorkspaceId, sku: str) -> None:
    """A variant took or gave up this SKU: listings that carry it may match now (S7)."""
    if not sku.strip():
        return
    for listing in u.catalogue.listings_by_sku(workspace, sku):
        shop = u.shops.get(listing.shop_id)
        if shop is not None:
            match_listing(u, workspace, shop.mode, listing)


def break_links(u: Unit, workspace: WorkspaceId, variant: Variant) -> None:
    """The variant is gone in Shopify: its links are broken, said, and never silently ended (A10)."""
    for old in u.links.of_variant(variant.id):
        if not old.is_active:
            continue
        broken = Link(
            old.listing_id, old.shop_id, old.variant_id, old.store_id, old.pack, LinkState.BROKEN, old.origin,
            old.actor, u.now, old.version + 1,
        )  # fmt: skip
        if u.links.save(broken):
            u.ledger.add(
                Entry(
                    u.now, workspace, Act.LINK_BROKEN, AUTO_LINK, old.shop_id, old.store_id, old.listing_id,
                    old.variant_id, facts={"variant_sku": variant.sku.strip()},
                )
            )  # fmt: skip
            facts = {"sku": variant.sku.strip(), "title": variant.title}
            touch(u, workspace, IncidentKind.LINK_BROKEN, old.listing_id, "variant_deleted", facts)
