"""The health of a catalogue as it stands, and the day's entry from which its trend is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.domain.health import (
    LINK_ACTS,
    CatalogueHealth,
    LinkCounts,
    Point,
    count_links,
    fold_links,
    snapshot_facts,
    trend,
    trend_since,
)
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.values import LINKBOT, WorkspaceId
from bot.store.db import Db, Unit

PAGE = 1000


@dataclass(frozen=True)
class Reading:
    """The counts of now and the points of the last weeks."""

    health: CatalogueHealth
    trend: Sequence[Point]


def catalogue_health(u: Unit, workspace: WorkspaceId) -> CatalogueHealth:
    """What is counted, from the tables as they stand."""
    listings, linked, unlinked, broken = u.catalogue.counts(workspace)
    return CatalogueHealth(
        listings=listings,
        linked=linked,
        unlinked=unlinked,
        ambiguous=u.census.ambiguous(workspace),
        broken=broken,
        never_sold=u.census.never_sold(workspace),
        blocked=u.orders.all_blocked(workspace),
        since=min((shop.connected_at for shop in u.shops.for_workspace(workspace)), default=None),
    )


def reading(u: Unit, workspace: WorkspaceId) -> Reading:
    health = catalogue_health(u, workspace)
    snapshots = u.ledger.page(workspace, acts=[Act.HEALTH], since=trend_since(u.now))
    return Reading(health, trend(snapshots, health, u.now))


def entries(u: Unit, workspace: WorkspaceId, acts: Sequence[Act] | None = None) -> Iterator[Entry]:
    """The ledger from its beginning, a page at a time."""
    after: int | None = 0
    while page := u.ledger.page(workspace, acts=acts, after_id=after, limit=PAGE):
        yield from page
        after = page[-1].id


def links_told(u: Unit, workspace: WorkspaceId) -> LinkCounts:
    """Linked and broken SKUs as the ledger alone tells them."""
    return count_links(fold_links(entries(u, workspace, LINK_ACTS)), u.census.standing(workspace))


async def snapshot(job: Job, *, db: Db) -> None:
    """The day's entry of one workspace: once a day, however often this runs."""
    workspace = WorkspaceId(job.ref)
    facts = await db.read(lambda u: snapshot_facts(catalogue_health(u, workspace), links_told(u, workspace)))

    def write(u: Unit) -> None:
        today = u.now.replace(hour=0, minute=0, second=0, microsecond=0)
        if not u.ledger.page(workspace, acts=[Act.HEALTH], since=today, limit=1):
            u.ledger.add(Entry(u.now, workspace, Act.HEALTH, LINKBOT, facts=facts))

    await db.run(write)
