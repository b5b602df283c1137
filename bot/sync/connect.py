"""Connections: consent, tokens and their renewal, subscriptions, and how a connection ends."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.clients.errors import NotAuthorised
from bot.clients.shopify.api import TOPICS, Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.connections import CONSENT_LIFE, ConnectionState, Consent, Shop, Store, Token, TokenKind
from bot.domain.incidents import IncidentKind
from bot.domain.jobs import Job
from bot.domain.ledger import Act, Entry
from bot.domain.orders import Reason
from bot.domain.values import LINKBOT, Actor, ActorKind, Origin, ShopId, StoreId, UserId, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import catalogue, linking, standing

TIKTOK_EVENTS = (
    "ORDER_STATUS_CHANGE",
    "RECIPIENT_ADDRESS_UPDATE",
    "PACKAGE_UPDATE",
    "PRODUCT_STATUS_CHANGE",
    "PRODUCT_INFORMATION_CHANGE",
    "PRODUCT_CREATION",
    "PRODUCT_AUDIT_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
)


# --- consent ---------------------------------------------------------------------------------------------------------


async def start_consent(
    db: Db, workspace: WorkspaceId, user: UserId, channel: str, service: str, store_id: StoreId | None = None
) -> str:
    """A `state` for a consent page: single use, bound to the user, 10 minutes; only its hash is kept."""
    state = secrets.token_urlsafe(24)

    def add(u: Unit) -> None:
        consent = Consent(workspace, user, channel, service, store_id, u.now + CONSENT_LIFE)
        u.consents.add(_hashed(state), consent)

    await db.run(add)
    return state


async def take_consent(db: Db, state: str, service: str) -> Consent | None:
    """The consent that this state started; None when it is unknown, used, too old or for another service."""
    consent = await db.run(lambda u: u.consents.take(_hashed(state)))
    return consent if consent is not None and consent.service == service else None


def _hashed(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _person(consent: Consent) -> Actor:
    return Actor(ActorKind.PERSON, consent.user_id, Origin.SLACK)


async def finish_tiktok(db: Db, tiktok: TikTok, consent: Consent, code: str) -> list[Shop]:
    """Exchange the code, keep the token, connect every shop it covers, and start their imports.

    Raises what the client raises; a code is never tried twice. Raises Taken when a shop belongs to another workspace.
    """
    token = await tiktok.exchange(code)
    found = await tiktok.shops(token.access)
    key = f"tiktok:{token.owner}"

    def save(u: Unit) -> list[Shop]:
        u.tokens.put(key, token)
        _keep_channel(u, consent)
        return [_connect_shop(u, consent, key, x.id, x.name, x.region, x.cipher) for x in found]

    return await db.run(save)


def _keep_channel(u: Unit, consent: Consent) -> None:
    if not u.settings.get(consent.workspace_id, "channel"):
        u.settings.put(consent.workspace_id, "channel", consent.channel_id)


def _connect_shop(u: Unit, consent: Consent, key: str, shop_id: str, name: str, region: str, cipher: str) -> Shop:
    old = u.shops.get(ShopId(shop_id))
    fresh = Shop(
        ShopId(shop_id), consent.workspace_id, name, region, "", cipher, key, ConnectionState.CONNECTED, u.now
    )  # fmt: skip
    if old is not None and old.workspace_id == consent.workspace_id:
        # Orders of a lost connection are still ours; those of the time after a person ended it are not.
        since = u.now if old.state is ConnectionState.DISCONNECTED else old.connected_at
        fresh = replace(
            old, name=name, region=region, cipher=cipher, token_key=key, state=ConnectionState.CONNECTED,
            connected_at=since,
        )  # fmt: skip
    u.shops.save(fresh)
    _record_connected(u, consent, shop_id=fresh.id)
    u.jobs.add("import_shop", fresh.id, owner=fresh.id)
    u.jobs.add("check_shop", fresh.id, owner=fresh.id)
    standing.release(u, fresh.id, Reason.NOT_AUTHORISED, Reason.SHOP_PAUSED)
    push_all(u, fresh.workspace_id, shop_id=fresh.id)
    if fresh.imported_at is None:
        catalogue.save_progress(u, fresh.id, fresh.workspace_id, catalogue.Progress(0, finished=False))
    return fresh


def _record_connected(
    u: Unit, consent: Consent, shop_id: ShopId | None = None, store_id: StoreId | None = None
) -> None:
    u.ledger.add(Entry(u.now, consent.workspace_id, Act.CONNECTED, _person(consent), shop_id, store_id))
    subject = shop_id or store_id or ""
    linking.close_items(u, consent.workspace_id, (IncidentKind.CONNECTION_LOST,), subject, _person(consent))
    for owner in (shop_id, store_id):
        if owner is not None:
            u.jobs.resume(owner)


def push_all(u: Unit, workspace: WorkspaceId, shop_id: ShopId | None = None, store_id: StoreId | None = None) -> None:
    """Every link of a shop or store is looked at again, after a time in which nothing was pushed."""
    after = None
    while page := u.links.of_workspace(workspace, after, 1000):
        for link in page:
            if link.is_active and (link.shop_id == shop_id or link.store_id == store_id):
                u.jobs.add("push", link.listing_id, owner=link.shop_id)
        after = page[-1].listing_id


@dataclass(frozen=True)
class NeedsConsent:
    """The store is outside the app's organisation: a person must open Shopify's consent page."""


async def connect_store(db: Db, shopify: Shopify, consent: Consent, fixed: Mapping[str, str]) -> Store | NeedsConsent:
    """Connect at once, by an older app's fixed token or the client-credentials grant.

    Raises NotAuthorised when Shopify refuses for another reason than needing consent.
    """
    assert consent.store_id is not None
    store_id = consent.store_id
    if store_id in fixed:
        token = Token(TokenKind.SHOPIFY_FIXED, fixed[store_id], owner=store_id)
    else:
        try:
            token = await shopify.grant(store_id)
        except NotAuthorised as error:
            if error.code in ("shop_not_permitted", "app_not_installed"):
                return NeedsConsent()
            raise
    return await _finish_store(db, shopify, consent, store_id, token)


async def finish_shopify(db: Db, shopify: Shopify, consent: Consent, code: str) -> Store:
    """End of Shopify's consent page."""
    assert consent.store_id is not None
    token = await shopify.exchange(consent.store_id, code)
    return await _finish_store(db, shopify, consent, consent.store_id, token)


async def _finish_store(db: Db, shopify: Shopify, consent: Consent, store_id: StoreId, token: Token) -> Store:
    await db.run(lambda u: u.tokens.put(f"shopify:{store_id}", token))
    facts = await shopify.shop(store_id)

    def save(u: Unit) -> Store:
        old = u.stores.get(store_id)
        store = Store(
            store_id, consent.workspace_id, facts.name, facts.currency, ConnectionState.CONNECTED, u.now
        )  # fmt: skip
        if old is not None and old.workspace_id == consent.workspace_id:
            store = replace(old, name=facts.name, currency=facts.currency, state=ConnectionState.CONNECTED)
        u.stores.save(store)
        _keep_channel(u, consent)
        _record_connected(u, consent, store_id=store_id)
        u.jobs.add("import_store", store_id, owner=store_id)
        u.jobs.add("check_store", store_id, owner=store_id)
        for shop in u.shops.for_workspace(consent.workspace_id):
            standing.release(u, shop.id, Reason.NO_STORE, Reason.NOT_AUTHORISED)
        push_all(u, consent.workspace_id, store_id=store_id)
        return store

    return await db.run(save)


# --- upkeep ----------------------------------------------------------------------------------------------------------


async def check_shop(job: Job, *, db: Db, tiktok: TikTok, public_url: str | None) -> None:
    """Every subscription in place, the warehouse known; at connection and daily."""
    shop_id = ShopId(job.ref)
    shop = await db.read(lambda u: u.shops.get(shop_id))
    if shop is None or not shop.is_live:
        return
    warehouses = await tiktok.warehouses(shop_id)
    home = next((w.id for w in warehouses if w.is_default and w.sells), None)
    home = home or next((w.id for w in warehouses if w.sells), None)
    await db.run(lambda u: u.shops.change(shop_id, warehouse_id=home))
    if public_url:
        address = f"{public_url.rstrip('/')}/tiktok/webhook"
        there = {hook.event_type: hook.address for hook in await tiktok.webhooks(shop_id)}
        for event in TIKTOK_EVENTS:
            if there.get(event) != address:
                await tiktok.subscribe(shop_id, event, address)


async def check_store(job: Job, *, db: Db, shopify: Shopify, public_url: str | None) -> None:
    """The order-id metafield and every subscription in place; at connection and daily.

    Shopify deletes a subscription after eight failed deliveries, so what is missing is made again and said nowhere.
    """
    store_id = StoreId(job.ref)
    store = await db.read(lambda u: u.stores.get(store_id))
    if store is None or not store.is_live:
        return
    await shopify.ensure_order_identifier(store_id)
    if public_url:
        uri = f"{public_url.rstrip('/')}/shopify/webhook"
        there = {hook.topic for hook in await shopify.webhooks(store_id) if hook.uri == uri}
        for topic in TOPICS:
            if topic not in there:
                await shopify.subscribe(store_id, topic, uri)
    await db.run(lambda u: u.stores.change(store_id, webhooks_at=u.now))


# --- the end of a connection -----------------------------------------------------------------------------------------


def lose_shop(u: Unit, shop_id: ShopId, why: str) -> None:
    """The other side ended it: pushes and mirrors stop, the channel is told, links stay."""
    shop = u.shops.get(shop_id)
    if shop is None or shop.state is not ConnectionState.CONNECTED:
        return
    u.shops.change(shop_id, state=ConnectionState.LOST)
    _record_lost(u, shop.workspace_id, why, shop.name, shop_id=shop_id)


def lose_seller(u: Unit, token_key: str) -> None:
    """One grant may cover several shops: all of them are lost with it."""
    for shop in u.shops.all_live():
        if shop.token_key == token_key:
            lose_shop(u, shop.id, "refused")


def lose_store(u: Unit, store_id: StoreId, why: str) -> None:
    """As `lose_shop`, for a Shopify store."""
    store = u.stores.get(store_id)
    if store is None or store.state is not ConnectionState.CONNECTED:
        return
    u.stores.change(store_id, state=ConnectionState.LOST)
    _record_lost(u, store.workspace_id, why, store.name, store_id=store_id)


def _record_lost(
    u: Unit, workspace: WorkspaceId, why: str, name: str, shop_id: ShopId | None = None, store_id: StoreId | None = None
) -> None:
    u.ledger.add(Entry(u.now, workspace, Act.DISCONNECTED, LINKBOT, shop_id, store_id, reason=why))
    subject = str(shop_id or store_id)
    service = "tiktok" if shop_id else "shopify"
    linking.touch(u, workspace, IncidentKind.CONNECTION_LOST, subject, why, {"name": name, "service": service})


async def disconnect(db: Db, workspace: WorkspaceId, target: str, actor: Actor) -> Shop | Store | None:
    """A person ends a connection: pushes and mirrors stop, links and tombstones stay. None: nothing of that name."""

    def end(u: Unit) -> Shop | Store | None:
        shop = u.shops.get(ShopId(target))
        if shop is not None and shop.workspace_id == workspace:
            u.ledger.add(Entry(u.now, workspace, Act.DISCONNECTED, actor, shop.id, reason="by_person"))
            if not any(x.token_key == shop.token_key and x.id != shop.id and x.is_live for x in u.shops.all()):
                u.tokens.delete(shop.token_key)
            linking.close_items(u, workspace, (IncidentKind.CONNECTION_LOST,), shop.id, actor)
            return u.shops.change(shop.id, state=ConnectionState.DISCONNECTED)
        store = u.stores.get(StoreId(target))
        if store is None or store.workspace_id != workspace:
            return None
        u.ledger.add(Entry(u.now, workspace, Act.DISCONNECTED, actor, store_id=store.id, reason="by_person"))
        u.tokens.delete(f"shopify:{store.id}")
        linking.close_items(u, workspace, (IncidentKind.CONNECTION_LOST,), store.id, actor)
        return u.stores.change(store.id, state=ConnectionState.DISCONNECTED)

    return await db.run(end)


def erase(u: Unit, store_id: StoreId, whole_store: bool) -> None:
    """`customers/redact` and `shop/redact`: buyer data is never stored, so what is erased is the store's token."""
    store = u.stores.get(store_id)
    if store is None:
        return
    if whole_store:
        lose_store(u, store_id, "uninstalled")
        u.tokens.delete(f"shopify:{store_id}")
    kind = "shop" if whole_store else "customer"
    u.ledger.add(Entry(u.now, store.workspace_id, Act.ERASED, LINKBOT, store_id=store_id, facts={"scope": kind}))
