"""What people do with suggestions: accept one or all sure ones, ignore, refuse; and how ignored listings come back."""

from collections.abc import Sequence

from bot.domain.board import ProductFilter, ProductRow
from bot.domain.catalogue import Listing
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkRequest, LinkState, NoAutoLink
from bot.domain.matching import Suggestion, Tier
from bot.domain.prices import wanted_price
from bot.domain.suggesting import Accepted, AcceptPlan, Hint, Ignored, IgnoreFor, Memory, Pair, UnignoreReason
from bot.domain.values import LINKBOT, Actor, ListingId, UserId, VariantId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import explain, ignoring, linking

MOST = 500
"""SKUs that one accept-all links."""
LOOKS = 2000
"""Unlinked SKUs that one accept-all looks at."""
_STEP = 25
_AMBIGUOUS = (NoAutoLink.AMBIGUOUS_ON_TIKTOK, NoAutoLink.AMBIGUOUS_ON_SHOPIFY)


# --- looking ---------------------------------------------------------------------------------------------------------


def is_ambiguous(u: Unit, workspace: WorkspaceId, listing: Listing) -> bool:
    """Several listings or variants carry its SKU: only a person may choose (A2)."""
    return linking.would_link(u, workspace, listing) in _AMBIGUOUS


def hints(u: Unit, workspace: WorkspaceId, ids: Sequence[ListingId]) -> dict[ListingId, Hint]:
    """What stands beside each unlinked listing of these."""
    ignored, memory = ignoring.all_of(u, workspace), explain.memory_of(u, workspace)
    linked = {key for key, link in u.links.many(list(ids)).items() if link.state is not LinkState.TOMBSTONE}
    found: dict[ListingId, Hint] = {}
    for key, listing in u.catalogue.listings([key for key in ids if key not in linked]).items():
        if not listing.is_deleted:
            found[key] = _hint(u, workspace, listing, ignored.get(key), memory)
    return found


def _hint(u: Unit, workspace: WorkspaceId, listing: Listing, ignored: Ignored | None, memory: Memory) -> Hint:
    if is_ambiguous(u, workspace, listing):
        return Hint(None, ignored, is_ambiguous=True)
    return Hint(_best(u, workspace, listing, memory) if ignored is None else None, ignored)


def _best(u: Unit, workspace: WorkspaceId, listing: Listing, memory: Memory) -> Suggestion | None:
    """The first suggestion that nobody refused for this listing."""
    no = memory.pairs.get(listing.id, frozenset())
    found = explain.suggestions(u, workspace, listing, memory=memory)
    return next((one for one in found if one.variant.id not in no), None)


def pressing(u: Unit, workspace: WorkspaceId, limit: int) -> tuple[list[ProductRow], int]:
    """The unlinked listings that need a person most and are not ignored; and how many are."""
    ignored = ignoring.all_of(u, workspace)
    rows = u.catalogue.pressing(workspace, limit + len(ignored))
    alive = [x for x in u.catalogue.listings(list(ignored)).values() if not x.is_deleted]
    return [row for row in rows if row.listing.id not in ignored][:limit], len(alive)


# --- one suggestion --------------------------------------------------------------------------------------------------


async def accept(
    db: Db, workspace: WorkspaceId, listing_id: ListingId, variant_id: VariantId, actor: Actor
) -> linking.Linked | linking.Refused | None:
    """One click, one link; None: the SKU became ambiguous meanwhile."""

    def has_changed(u: Unit) -> bool:
        listing, link = u.catalogue.listing(listing_id), u.links.get(listing_id)
        unlinked = link is None or not link.is_active
        return listing is not None and unlinked and is_ambiguous(u, workspace, listing)

    if await db.read(has_changed):
        await db.run(lambda u: render_again(u, workspace, listing_id))
        return None
    done = await linking.link(db, workspace, LinkRequest(listing_id, variant_id, 1), actor)
    if isinstance(done, linking.Refused):
        await db.run(lambda u: render_again(u, workspace, listing_id))
    return done


def render_again(u: Unit, workspace: WorkspaceId, listing_id: ListingId) -> None:
    """The messages about this listing say how it stands now."""
    for incident in u.incidents.of_subject(workspace, IncidentKind.UNLINKED, listing_id)[:3]:
        u.jobs.add("card", incident, owner=workspace)


def rate(
    u: Unit, workspace: WorkspaceId, listing_id: ListingId, variant_id: VariantId, actor: Actor, *, good: bool
) -> bool:
    """Remember what a person thinks of a suggestion (N1, U37). False: it is not ours or gone."""
    row, variant = explain.product_row(u, listing_id), u.catalogue.variant(variant_id)
    if row is None or variant is None or row.shop.workspace_id != workspace:
        return False
    listing = row.listing
    facts = {"sku": listing.sku, "variant_sku": variant.sku.strip()}
    act = Act.SUGGESTION_PRAISED if good else Act.SUGGESTION_REFUSED
    u.ledger.add(
        Entry(u.now, workspace, act, actor, listing.shop_id, variant.store_id, listing_id, variant_id, facts=facts)
    )
    render_again(u, workspace, listing_id)
    return True


def passed_over(u: Unit, workspace: WorkspaceId, request: LinkRequest) -> VariantId | None:
    """The suggestion that a person passes over with this choice; None: there was none, or it is the choice."""
    listing = u.catalogue.listing(request.listing_id)
    if listing is None or is_ambiguous(u, workspace, listing):
        return None
    best = _best(u, workspace, listing, explain.memory_of(u, workspace))
    is_other = best is not None and best.tier is not Tier.LOW and best.variant.id != request.variant_id
    return best.variant.id if best is not None and is_other else None


# --- ignoring --------------------------------------------------------------------------------------------------------


def ignore(u: Unit, workspace: WorkspaceId, listing_id: ListingId, how: IgnoreFor, actor: Actor) -> ProductRow | None:
    """No alert about it for a while. Orders that it blocks stay held and are said all the same. None: not possible."""
    row = explain.product_row(u, listing_id)
    if row is None or row.shop.workspace_id != workspace or row.link is not None:
        return None
    opened = u.incidents.find_open(workspace, IncidentKind.UNLINKED, listing_id)
    incident = None if opened is None else u.incidents.get(opened)
    items = () if incident is None else incident.open_items
    cause = next((item.cause for item in items if item.subject == listing_id), UnlinkedCause.NO_MATCH.value)
    ignored = Ignored(how, UserId(actor.id), u.now, ignoring.seen_now(u, workspace, row.listing), cause)
    hint = hints(u, workspace, [listing_id]).get(listing_id) if how is IgnoreFor.GOOD else None
    if hint is not None and hint.best is not None:
        rate(u, workspace, listing_id, hint.best.variant.id, actor, good=False)
    ignoring.put(u, workspace, listing_id, ignored)
    u.ledger.add(Entry(u.now, workspace, Act.IGNORED, actor, row.listing.shop_id, listing_id=listing_id, reason=how))
    if opened is not None:
        ends = ignored.ends.isoformat() if ignored.ends else ""
        facts = {"title": row.listing.title, "ignored": how.value, "ends": ends}
        linking.touch(u, workspace, IncidentKind.UNLINKED, listing_id, cause, facts)
        linking.close_items(u, workspace, (IncidentKind.UNLINKED,), listing_id, actor)
    return row


def unignore(u: Unit, workspace: WorkspaceId, listing_id: ListingId, actor: Actor, reason: UnignoreReason) -> bool:
    """Its alert comes back, unless it is linked or gone by now. False: it was not ignored."""
    ignored, row = ignoring.get(u, workspace, listing_id), explain.product_row(u, listing_id)
    if ignored is None or not ignoring.drop(u, workspace, listing_id):
        return False
    shop = row.listing.shop_id if row is not None else None
    u.ledger.add(Entry(u.now, workspace, Act.UNIGNORED, actor, shop, listing_id=listing_id, reason=reason))
    if row is not None and row.link is None and not row.listing.is_deleted:
        linking.touch(u, workspace, IncidentKind.UNLINKED, listing_id, ignored.cause)
    return True


async def wake(job: Job, *, db: Db) -> None:
    """Bring back what was ignored long enough or changed."""
    workspace = WorkspaceId(job.ref)

    def look(u: Unit) -> None:
        ignored = ignoring.all_of(u, workspace)
        listings = u.catalogue.listings(list(ignored))
        for key, one in ignored.items():
            listing = listings.get(key)
            seen = ignoring.seen_now(u, workspace, listing) if listing and one.how is IgnoreFor.CHANGE else one.seen
            if (reason := one.is_over(u.now, seen)) is not None:
                unignore(u, workspace, key, LINKBOT, reason)

    await db.run(look)


# --- all at once -----------------------------------------------------------------------------------------------------


async def plan(db: Db, workspace: WorkspaceId) -> AcceptPlan:
    """Every high suggestion of the first unlinked SKUs: nothing is written (N5)."""
    ids, unlinked = await db.read(lambda u: _unlinked(u, workspace))
    memory = await db.read(lambda u: explain.memory_of(u, workspace))
    pairs: list[Pair] = []
    looked = 0
    while looked < len(ids) and len(pairs) < MOST:
        part = ids[looked : looked + _STEP]
        pairs += await db.read(lambda u, part=part: _pairs(u, workspace, part, memory))
        looked += len(part)
    pairs = sorted(pairs[:MOST], key=lambda pair: (pair.suggestion.score, pair.listing.id))
    return AcceptPlan(pairs, looked, unlinked)


def _unlinked(u: Unit, workspace: WorkspaceId) -> tuple[list[ListingId], int]:
    ignored = ignoring.all_of(u, workspace)
    page = u.catalogue.products(workspace, ProductFilter.UNLINKED, "", 0, LOOKS + len(ignored))
    ids = [row.listing.id for row in page.rows if row.listing.id not in ignored]
    return ids[:LOOKS], page.total - len(page.rows) + len(ids)


def _pairs(u: Unit, workspace: WorkspaceId, ids: Sequence[ListingId], memory: Memory) -> list[Pair]:
    made: list[Pair] = []
    for listing in u.catalogue.listings(ids).values():
        best = _hint(u, workspace, listing, None, memory).best
        if best is not None and best.tier is Tier.HIGH:
            currency = listing.price.currency if listing.price else best.variant.price.currency
            made.append(Pair(listing, best, wanted_price(best.variant, 1, currency)))
    return made


async def apply(db: Db, workspace: WorkspaceId, digest: str, actor: Actor) -> Accepted | AcceptPlan:
    """Link exactly what was shown, one after the other; a plan that changed since is shown again instead."""
    fresh = await plan(db, workspace)
    if fresh.digest != digest or not fresh.pairs:
        return fresh
    linked = 0
    for pair in fresh.pairs:
        request = LinkRequest(pair.listing.id, pair.suggestion.variant.id, 1)
        linked += isinstance(await linking.link(db, workspace, request, actor), linking.Linked)
    return Accepted(linked, len(fresh.pairs) - linked)
