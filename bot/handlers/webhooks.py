"""Webhooks of TikTok Shop and Shopify: verify the raw bytes, one unit, 200. The news is only a hint."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from bot.clients.shopify import hooks as shopify_hooks
from bot.clients.tiktok import hooks as tiktok_hooks
from bot.domain.values import ShopId
from bot.store.db import Db, Unit
from bot.sync import connect, following

log = logging.getLogger("linkbot.webhooks")


@dataclass(frozen=True)
class TikTokHooks:
    """Endpoint `POST /tiktok/webhook`."""

    db: Db
    app_key: str
    app_secret: str

    async def __call__(self, request: Request) -> Response:
        raw = await request.body()
        if not tiktok_hooks.verify(raw, request.headers.get("authorization", ""), self.app_key, self.app_secret):
            return Response(status_code=401)
        try:
            hook = tiktok_hooks.parse(raw)
        except tiktok_hooks.MalformedHook:
            log.warning("a signed TikTok webhook could not be read; answered 200, polling covers it")
            return Response(status_code=200)
        await self.db.run(lambda u: take_tiktok(u, hook))
        return Response(status_code=200)


def take_tiktok(u: Unit, hook: tiktok_hooks.Hook) -> None:
    """Turn news into jobs, in the transaction that remembers having heard it."""
    shop_id = ShopId(hook.shop_id or "")
    if not u.inbox.first_time("tiktok", shop_id, hook.id, hook.kind.value):
        return
    shop = u.shops.get(shop_id)
    if shop is None:
        return
    kind = tiktok_hooks.HookKind
    if hook.order_id and hook.kind in (kind.ORDER, kind.ADDRESS, kind.PACKAGE, kind.CANCELLATION, kind.RETURN):
        u.jobs.add("mirror", hook.order_id, owner=shop_id)
    elif hook.product_id and hook.kind in (kind.PRODUCT, kind.STOCK) and not hook.is_own_echo:
        u.jobs.add("product", hook.product_id, owner=shop_id)
    elif hook.kind is kind.DEAUTHORISED:
        connect.lose_shop(u, shop_id, "deauthorised")


@dataclass(frozen=True)
class ShopifyHooks:
    """Endpoint `POST /shopify/webhook`. `secrets`: the client secret, and the old one for an hour after a rotation."""

    db: Db
    secrets: Sequence[str]

    async def __call__(self, request: Request) -> Response:
        raw = await request.body()
        headers = request.headers
        if not shopify_hooks.verify(raw, _either(headers, "hmac-sha256"), self.secrets):
            return Response(status_code=401)
        try:
            hook = shopify_hooks.parse(
                _either(headers, "topic"), _either(headers, "shop-domain"), _either(headers, "webhook-id"), raw
            )
        except shopify_hooks.MalformedHook:
            log.warning("a signed Shopify webhook could not be read; answered 200, polling covers it")
            return Response(status_code=200)
        await self.db.run(lambda u: take_shopify(u, hook))
        return Response(status_code=200)


def _either(headers: Headers, name: str) -> str:
    """Newer deliveries drop the `X-` prefix."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""


def take_shopify(u: Unit, hook: shopify_hooks.Hook) -> None:
    """Turn news into jobs, in the transaction that remembers having heard it."""
    store_id = hook.store_id
    if not u.inbox.first_time("shopify", store_id, hook.id, hook.kind.value):
        return
    store = u.stores.get(store_id)
    if store is None:
        return
    kind = shopify_hooks.HookKind
    if hook.product_id and hook.kind in (kind.PRODUCT, kind.PRODUCT_DELETED):
        u.jobs.add("shopify_product", hook.product_id, owner=store_id)
    elif hook.kind is kind.STOCK and hook.inventory_item_id:
        u.jobs.add("shopify_stock", hook.inventory_item_id, owner=store_id)
    elif hook.kind is kind.ORDER and hook.source_identifier:
        following.heard_of(u, hook.source_identifier)
    elif hook.kind is kind.UNINSTALLED:
        connect.lose_store(u, store_id, "uninstalled")
    elif hook.kind in (kind.REDACT_CUSTOMER, kind.REDACT_SHOP):
        connect.erase(u, store_id, whole_store=hook.kind is kind.REDACT_SHOP)
