"""What exports read: the catalogue and the ledger from end to end, a thousand rows at a time."""

from collections.abc import Iterator, Sequence

from bot.domain.board import ProductRow
from bot.domain.exports import Export, ExportRow
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkState
from bot.domain.values import ListingId, WorkspaceId
from bot.store.db import Unit

PAGE = 1000


def catalogue_rows(u: Unit, workspace: WorkspaceId, export: Export) -> Iterator[ExportRow]:
    """TikTok SKUs in the order of their ids; those deleted on TikTok are left out."""
    after: ListingId | None = None
    while ids := u.catalogue.listing_ids(workspace, after, PAGE):
        yield from _rows(u, ids, export)
        after = ids[-1]


def _rows(u: Unit, ids: Sequence[ListingId], export: Export) -> Iterator[ExportRow]:
    shops = {shop.id: shop for shop in u.shops.all()}
    links = {k: v for k, v in u.links.many(ids).items() if v.state is not LinkState.TOMBSTONE}
    variants = u.catalogue.variants([link.variant_id for link in links.values()])
    made = _made(u, list(links)) if export is not Export.UNLINKED else {}
    listings = u.catalogue.listings(ids)
    for key in ids:
        listing, link = listings[key], links.get(key)
        if listing.is_deleted or not _belongs(export, link is not None):
            continue
        variant = variants.get(link.variant_id) if link else None
        yield ExportRow(ProductRow(listing, shops[listing.shop_id], link, variant), made.get(listing.id))


def _belongs(export: Export, linked: bool) -> bool:
    return {Export.LINKS: linked, Export.UNLINKED: not linked}.get(export, True)


def _made(u: Unit, ids: Sequence[ListingId]) -> dict[ListingId, Entry]:
    """The newest entry that linked each."""
    entries = u.ledger.page(None, listing_ids=ids, acts=[Act.LINK], limit=1_000_000)
    return {entry.listing_id: entry for entry in entries if entry.listing_id is not None}


def ledger_rows(u: Unit, workspace: WorkspaceId, listing_id: ListingId | None = None) -> Iterator[Entry]:
    """Oldest first; of one listing, or all."""
    ids = None if listing_id is None else [listing_id]
    after: int | None = 0
    while page := u.ledger.page(workspace, listing_ids=ids, after_id=after, limit=PAGE):
        yield from page
        after = page[-1].id
