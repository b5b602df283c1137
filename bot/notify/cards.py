"""Stored state → its one message: the first prompt with the import's progress, and incidents."""

from bot.domain.board import LinkPreview, ProductRow, VariantRow
from bot.domain.connections import Shop
from bot.domain.incidents import Incident, IncidentKind, UnlinkedCause
from bot.domain.jobs import Job
from bot.domain.ledger import Act
from bot.domain.links import LinkMode
from bot.domain.settings import last_of_shops
from bot.domain.values import ActorKind, IncidentId, ListingId, ShopId, WorkspaceId
from bot.notify.poster import Poster
from bot.notify.reading import Reading
from bot.store.db import Db, Unit
from bot.views import cards
from bot.views.blocks import Message

_SHOWN_CANDIDATES = 5


async def incident(job: Job, *, db: Db, poster: Poster, reading: Reading) -> None:
    """Bring an incident's message up to date with its row."""
    incident_id = IncidentId(job.ref)
    found = await db.read(lambda u: u.incidents.get(incident_id))
    if found is None:
        return
    channel = found.channel or await db.read(lambda u: reading.channel(u, found.workspace_id))
    if channel is None or (found.ts is None and found.is_closed):
        return  # nowhere to say it, or over before it was said
    message = await db.read(lambda u: _render(u, found, reading))
    place = await poster.show(found.workspace_id, f"incident:{incident_id}", channel, message)
    if found.ts is None:
        await db.run(lambda u: u.incidents.set_message(incident_id, *place))


def _render(u: Unit, found: Incident, reading: Reading) -> Message:
    if found.kind is not IncidentKind.UNLINKED:
        return cards.incident_card(found)
    ids = [ListingId(item.subject) for item in found.items]
    rows = reading.product_rows(u, ids)
    ambiguous = [i.subject for i in found.open_items if i.cause == UnlinkedCause.AMBIGUOUS]
    candidates: dict[ListingId, list[VariantRow]] = {}
    for key in ambiguous[:50]:
        row: ProductRow | None = rows.get(ListingId(key))
        if row is not None:
            candidates[row.listing.id] = reading.sku_owners(u, found.workspace_id, row.listing)[:_SHOWN_CANDIDATES]
    shown = [ListingId(item.subject) for item in cards.by_pressure(found, rows)[: cards.SHOWN]]
    return cards.alert(found, rows, candidates, hints=reading.hints(u, found.workspace_id, shown))


async def prompt(job: Job, *, db: Db, poster: Poster, reading: Reading) -> None:
    """The one message of a shop's set-up: import progress, then the prompt, then its answer (S4)."""
    shop_id = ShopId(job.ref)
    shop = await db.read(lambda u: u.shops.get(shop_id))
    if shop is None:
        return
    channel = await db.read(lambda u: reading.channel(u, shop.workspace_id))
    if channel is None:
        return
    message = await db.read(lambda u: _render_prompt(u, shop, reading))
    await poster.show(shop.workspace_id, f"prompt:{shop_id}", channel, message)


def _render_prompt(u: Unit, shop: Shop, reading: Reading) -> Message:
    progress = reading.progress(u, shop.id, shop.workspace_id)
    if shop.mode is not None:
        return cards.prompt_answered(shop, shop.mode, _answered_by(u, shop), _linked(u, shop.workspace_id))
    if not progress.finished or shop.imported_at is None:
        return cards.importing(shop, progress.done, False, progress.problem or None)
    preview: LinkPreview = reading.preview(u, shop.workspace_id, shop.id)
    return cards.prompt(shop, preview)


def _answered_by(u: Unit, shop: Shop) -> str:
    entries = u.ledger.page(shop.workspace_id, acts=[Act.MODE_SET, Act.UNDONE], limit=1000, newest_first=True)
    mine = last_of_shops(entries, Act.MODE_SET).get(shop.id)
    return mine.actor.id if mine is not None and mine.actor.kind is ActorKind.PERSON else ""


def _linked(u: Unit, workspace: WorkspaceId) -> int:
    return u.catalogue.counts(workspace)[1]


__all__ = ["LinkMode", "incident", "prompt"]
