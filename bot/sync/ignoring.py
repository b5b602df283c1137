"""Listings that a person wants no alert about: a row of the settings each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.catalogue import Listing
from bot.domain.suggesting import Ignored, IgnoreFor, look_of
from bot.domain.values import ListingId, UserId, WorkspaceId
from bot.store.db import Unit

PREFIX = "ignored:"


def all_of(u: Unit, workspace: WorkspaceId) -> dict[ListingId, Ignored]:
    """Every ignored listing of a workspace."""
    return {ListingId(key): _read(value) for key, value in u.settings.named(workspace, PREFIX).items()}


def get(u: Unit, workspace: WorkspaceId, listing_id: ListingId) -> Ignored | None:
    value = u.settings.get(workspace, PREFIX + listing_id)
    return None if value is None else _read(value)


def put(u: Unit, workspace: WorkspaceId, listing_id: ListingId, ignored: Ignored) -> None:
    row = {
        "how": ignored.how.value, "by": ignored.by, "at": ignored.at.isoformat(), "seen": ignored.seen,
        "cause": ignored.cause,
    }  # fmt: skip
    u.settings.put(workspace, PREFIX + listing_id, row)


def drop(u: Unit, workspace: WorkspaceId, listing_id: ListingId) -> bool:
    """Was it ignored? Then it no longer is."""
    return u.settings.drop(workspace, PREFIX + listing_id)


def drop_linked(u: Unit, workspace: WorkspaceId, ids: Sequence[ListingId]) -> None:
    """Of these, which were linked just now, none is ignored any more."""
    for listing_id in set(ids) & set(all_of(u, workspace)):
        drop(u, workspace, listing_id)


def seen_now(u: Unit, workspace: WorkspaceId, listing: Listing) -> str:
    """How the listing and the owners of its SKU look now."""
    variants = u.catalogue.variants_by_sku(workspace, listing.sku) if listing.sku else []
    return look_of(listing, [v.id for v in variants if v.counts_for_auto], u.catalogue.twins(listing))


def holders(u: Unit) -> list[str]:
    """Workspaces where something is ignored."""
    return list(u.settings.holders(PREFIX))


def _read(value: Any) -> Ignored:
    at = datetime.fromisoformat(value["at"])
    return Ignored(IgnoreFor(value["how"]), UserId(value["by"]), at, value["seen"], value["cause"])
