"""What a person switches: the answer to the first prompt, pause and resume, and "read everything again"."""

from bot.domain.board import LinkPreview
from bot.domain.catalogue import Variant
from bot.domain.connections import Shop
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkMode, NoAutoLink
from bot.domain.orders import Reason
from bot.domain.stock import wanted_stock
from bot.domain.values import Actor, ListingId, ShopId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import linking, standing
from bot.sync.connect import push_all


async def set_mode(db: Db, workspace: WorkspaceId, shop_id: ShopId, mode: LinkMode, actor: Actor) -> Shop | None:
    """The answer to the prompt, or a later change of it. The rule then looks at every SKU. None: not our shop.

    A second answer equal to the first changes nothing and is not entered again.
    """

    def save(u: Unit) -> Shop | None:
        shop = u.shops.get(shop_id)
        if shop is None or shop.workspace_id != workspace:
            return None
        if shop.mode is not mode:
            was = shop.mode.value if shop.mode else ""
            facts = {"mode": mode.value, "was": was}
            u.ledger.add(Entry(u.now, workspace, Act.MODE_SET, actor, shop_id, facts=facts))
            shop = u.shops.change(shop_id, mode=mode)
            u.jobs.add("match_all", workspace, owner=workspace)
        u.jobs.add("prompt", shop_id, owner=workspace)
        return shop

    return await db.run(save)


def preview(u: Unit, workspace: WorkspaceId, shop_id: ShopId) -> LinkPreview:
    """What "Link automatically" would do now: links made, and stocks at TikTok that would change."""
    listings = links = stocks = ambiguous = no_match = 0
    after: ListingId | None = None
    while ids := u.catalogue.listing_ids(workspace, after, 1000):
        states = u.links.many(ids)
        for listing in u.catalogue.listings(ids).values():
            if listing.shop_id != shop_id or listing.is_deleted:
                continue
            listings += 1
            if listing.id in states:
                continue
            found = linking.would_link(u, workspace, listing)
            if isinstance(found, Variant):
                links += 1
                offer = wanted_stock(found, 1, u.orders.promised(found.id))
                stocks += offer is not None and offer != listing.quantity and not listing.is_combo
            else:
                ambiguous += found in (NoAutoLink.AMBIGUOUS_ON_SHOPIFY, NoAutoLink.AMBIGUOUS_ON_TIKTOK)
                no_match += found in (NoAutoLink.NO_MATCH, NoAutoLink.NO_SKU)
        after = ids[-1]
    return LinkPreview(
        listings=listings, links=links, prices=0, stocks=stocks, ambiguous=ambiguous, no_match=no_match
    )  # fmt: skip


async def pause(db: Db, workspace: WorkspaceId, shop_id: ShopId | None, actor: Actor) -> list[Shop]:
    """Stop pushes and mirrors of one shop, or of all. Orders that arrive are held with `shop_paused`."""
    return await db.run(lambda u: _set_paused(u, workspace, shop_id, True, actor))


async def resume(db: Db, workspace: WorkspaceId, shop_id: ShopId | None, actor: Actor) -> list[Shop]:
    """Go on: held orders are released and every link is looked at again."""
    return await db.run(lambda u: _set_paused(u, workspace, shop_id, False, actor))


def _set_paused(u: Unit, workspace: WorkspaceId, shop_id: ShopId | None, paused: bool, actor: Actor) -> list[Shop]:
    changed: list[Shop] = []
    for shop in u.shops.for_workspace(workspace):
        if (shop_id is not None and shop.id != shop_id) or shop.paused == paused:
            continue
        changed.append(u.shops.change(shop.id, paused=paused))
        u.ledger.add(Entry(u.now, workspace, Act.PAUSED if paused else Act.RESUMED, actor, shop.id))
        if not paused:
            standing.release(u, shop.id, Reason.SHOP_PAUSED)
            push_all(u, workspace, shop_id=shop.id)
    return changed


async def read_again(db: Db, workspace: WorkspaceId) -> tuple[int, int]:
    """Read both catalogues and the orders again now. Returns (shops, stores) asked."""

    def enqueue(u: Unit) -> tuple[int, int]:
        shops = [shop for shop in u.shops.for_workspace(workspace) if shop.is_live]
        stores = [store for store in u.stores.for_workspace(workspace) if store.is_live]
        for shop in shops:
            u.jobs.add("import_shop", shop.id, owner=shop.id)
            u.jobs.add("poll_orders", shop.id, owner=shop.id)
        for store in stores:
            u.jobs.add("import_store", store.id, owner=store.id)
            u.jobs.add("poll_stock", store.id, owner=store.id)
        return len(shops), len(stores)

    return await db.run(enqueue)
