"""Counts over the whole catalogue of a workspace, for its health."""

from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from bot.domain.catalogue import ListingStatus, VariantStatus
from bot.domain.links import LinkState
from bot.domain.values import ListingId, WorkspaceId
from bot.store.catalogue import LISTINGS
from bot.store.links import LINKS
from bot.store.orders import UNITS
from bot.store.shops import SHOPS, STORES
from bot.store.variants import VARIANTS

_ALIVE = (LinkState.ACTIVE.value, LinkState.BROKEN.value)
_NOT_COUNTED = (VariantStatus.ARCHIVED.value, VariantStatus.DELETED.value)


class Census:
    """Listings that are deleted on TikTok are in no count."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def standing(self, workspace: WorkspaceId) -> list[ListingId]:
        """Every listing that is not deleted."""
        query = select(LISTINGS.c.id).join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id).where(_ours(workspace))
        return [ListingId(row[0]) for row in self._connection.execute(query)]

    def ambiguous(self, workspace: WorkspaceId) -> int:
        """Unlinked listings whose SKU stands twice: in their shop, or among the variants of the workspace's stores."""
        twins = (
            select(LISTINGS.c.shop_id, LISTINGS.c.sku)
            .where(LISTINGS.c.status != ListingStatus.DELETED.value, LISTINGS.c.sku != "")
            .group_by(LISTINGS.c.shop_id, LISTINGS.c.sku)
            .having(func.count() > 1)
            .subquery()
        )
        owners = (
            select(VARIANTS.c.sku)
            .join(STORES, STORES.c.id == VARIANTS.c.store_id)
            .where(STORES.c.workspace_id == workspace, VARIANTS.c.sku != "", VARIANTS.c.status.notin_(_NOT_COUNTED))
            .group_by(VARIANTS.c.sku)
            .having(func.count() > 1)
            .subquery()
        )
        source = (
            LISTINGS.join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id)
            .outerjoin(LINKS, and_(LINKS.c.listing_id == LISTINGS.c.id, LINKS.c.state.in_(_ALIVE)))
            .outerjoin(twins, and_(twins.c.shop_id == LISTINGS.c.shop_id, twins.c.sku == LISTINGS.c.sku))
            .outerjoin(owners, owners.c.sku == LISTINGS.c.sku)
        )
        twice = or_(twins.c.sku.is_not(None), owners.c.sku.is_not(None))
        return self._count(source, _ours(workspace), LINKS.c.listing_id.is_(None), twice)

    def never_sold(self, workspace: WorkspaceId) -> int:
        """Linked listings that stand in no order that was seen."""
        source = LISTINGS.join(SHOPS, SHOPS.c.id == LISTINGS.c.shop_id).join(LINKS, LINKS.c.listing_id == LISTINGS.c.id)
        sold = select(UNITS.c.order_id).where(UNITS.c.listing_id == LISTINGS.c.id).exists()
        return self._count(source, _ours(workspace), LINKS.c.state == LinkState.ACTIVE.value, ~sold)

    def _count(self, source: Any, *wanted: Any) -> int:
        query = select(func.count()).select_from(source).where(*wanted)
        return int(self._connection.execute(query).scalar() or 0)


def _ours(workspace: WorkspaceId) -> Any:
    return and_(SHOPS.c.workspace_id == workspace, LISTINGS.c.status != ListingStatus.DELETED.value)
