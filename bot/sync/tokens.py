"""Current tokens for the clients, renewed by one refresher per seller or store, over all processes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.clients.errors import NotAuthorised, Unreachable
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import Access, TikTok
from bot.domain.connections import Token, TokenKind
from bot.domain.values import ShopId, StoreId
from bot.store.db import Db
from bot.sync import connect

Renew = Callable[[Token], Awaitable[Token]]
_REFRESH_LEASE = timedelta(seconds=30)
_RENEW_AHEAD = timedelta(minutes=10)


class Tokens:
    """Gives clients their current token and renews it: one refresher per seller or store, over all processes."""

    def __init__(self, db: Db, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now
        self._locks: dict[str, asyncio.Lock] = {}

    async def tiktok(self, client: TikTok, shop_id: ShopId, refused: str) -> Access:
        """Access for a shop, by another token than the `refused` one.

        Raises NotAuthorised when the shop is not connected or the grant has ended.
        """
        shop = await self._db.read(lambda u: u.shops.get(shop_id))
        if shop is None or not shop.is_live:
            raise NotAuthorised("the TikTok shop is not connected", code="not_connected", service="tiktok")
        key = shop.token_key
        try:
            token = await self._current(key, refused, client.refresh, "tiktok")
        except NotAuthorised:
            await self._db.run(lambda u: connect.lose_seller(u, key))
            raise
        return Access(token.access, shop.cipher)

    async def shopify(self, client: Shopify, store_id: StoreId, refused: str) -> str:
        """Token for a store, other than the `refused` one. Raises NotAuthorised when there is none or it has ended."""

        async def again(old: Token) -> Token:
            if old.kind is TokenKind.SHOPIFY_GRANT:
                return await client.grant(store_id)
            if old.kind is TokenKind.SHOPIFY_CODE and old.refresh:
                return await client.refresh(store_id, old)
            raise NotAuthorised("the store's token was refused", code="token_refused", service="shopify")

        try:
            return (await self._current(f"shopify:{store_id}", refused, again, "shopify")).access
        except NotAuthorised:
            await self._db.run(lambda u: connect.lose_store(u, store_id, "refused"))
            raise

    async def _current(self, key: str, refused: str, again: Renew, service: str) -> Token:
        seen = await self._read(key, service)
        if seen.access != refused and not seen.is_stale(self._now(), _RENEW_AHEAD):
            return seen  # also when another one has renewed it since the refusal: a second renewal would end that one
        async with self._locks.setdefault(key, asyncio.Lock()):
            return await self._renew(key, seen, again, service)

    async def _renew(self, key: str, seen: Token, again: Renew, service: str) -> Token:
        for _ in range(50):  # another process may hold the claim: its new token appears within seconds
            now_there = await self._read(key, service)
            if now_there.access != seen.access:
                return now_there
            fence = await self._db.run(lambda u: u.tokens.claim_refresh(key, _REFRESH_LEASE))
            if fence is not None:
                return await self._refresh(key, seen, again, fence, service)
            await asyncio.sleep(0.2)
        raise Unreachable("the token is being renewed elsewhere", service=service)

    async def _refresh(self, key: str, seen: Token, again: Renew, fence: str, service: str) -> Token:
        try:
            held = await self._read(key, service)  # another process may have renewed it just before our claim
            fresh = held if held.access != seen.access else await again(held)
        except BaseException:
            await self._db.run(lambda u: u.tokens.release(key, fence))
            raise
        await self._db.run(lambda u: u.tokens.put_refreshed(key, fresh, fence))
        return fresh

    async def _read(self, key: str, service: str) -> Token:
        token = await self._db.read(lambda u: u.tokens.get(key))
        if token is None:
            raise NotAuthorised("not connected", code="not_connected", service=service)
        return token
