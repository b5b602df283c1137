"""Consent and tokens of the fake TikTok Shop: single-use codes, expiring access tokens, rotating refresh tokens."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.rehearsal.tiktok_wire import Refusal, same
from bot.rehearsal.tiktok_world import Shop

ALL_SCOPES = (
    "seller.authorization.info",
    "seller.shop.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.order.info",
    "seller.order.ext_ref.read",
    "seller.order.ext_ref.write",
    "seller.fulfillment.basic",
    "seller.logistics",
    "seller.return_refund.basic",
)
CODE_LIFE = timedelta(minutes=30)
ACCESS_LIFE = timedelta(days=7)
GRANT_LIFE = timedelta(days=365)


@dataclass
class Grant:
    """A seller's consent and its present tokens."""

    seller: str
    scopes: tuple[str, ...]
    until: datetime
    refresh: str = ""
    alive: bool = True


@dataclass
class Access:
    """One access token: whose it is and until when."""

    grant: Grant
    until: datetime


class Tokens:
    """Codes, grants and tokens by value; every token names its seller's grant."""

    def __init__(self, key: str, secret: str, now: Callable[[], datetime], shops: dict[str, Shop]) -> None:
        self.key = key
        self.secret = secret
        self.now = now
        self.shops = shops
        self.scopes: tuple[str, ...] = ALL_SCOPES  # what the app is granted at the next consent
        self.codes: dict[str, tuple[str, datetime]] = {}
        self.grants: dict[str, Grant] = {}
        self.access: dict[str, Access] = {}

    def code_for(self, seller: str) -> str:
        """A new authorisation code for a consenting seller: single use, 30 minutes."""
        code = "TTP_" + secrets.token_urlsafe(24)
        self.codes[code] = (seller, self.now() + CODE_LIFE)
        return code

    def exchange(self, query: dict[str, str]) -> dict[str, Any]:
        """`/api/v2/token/get`."""
        self._check_app(query, "authorized_code")
        seller, until = self.codes.pop(query.get("auth_code", ""), ("", self.now()))
        if not seller or until <= self.now():
            raise Refusal(36004004, "invalid auth code")
        return self.consent(seller)

    def consent(self, seller: str) -> dict[str, Any]:
        """A fresh grant with its first pair of tokens; an older refresh token of the seller dies."""
        self.grants[seller] = Grant(seller, tuple(self.scopes), self.now() + GRANT_LIFE)
        return self._issue(self.grants[seller])

    def refresh(self, query: dict[str, str]) -> dict[str, Any]:
        """`/api/v2/token/refresh`: both tokens are new, the old refresh token is dead at once."""
        self._check_app(query, "refresh_token")
        token = query.get("refresh_token", "")
        grant = next((g for g in self.grants.values() if g.alive and token and same(g.refresh, token)), None)
        if grant is None:
            raise Refusal(36004004, "invalid refresh token")
        if grant.until <= self.now():
            raise Refusal(36004004, "refresh token expired, ask the seller to authorize again")
        return self._issue(grant)

    def _check_app(self, query: dict[str, str], grant_type: str) -> None:
        if query.get("grant_type") != grant_type:
            raise Refusal(36009004, f"grant_type is invalid, expected {grant_type}")
        if query.get("app_key") != self.key or not same(query.get("app_secret", ""), self.secret):
            raise Refusal(36009004, "app_key or app_secret is invalid")

    def _issue(self, grant: Grant) -> dict[str, Any]:
        until = self.now() + ACCESS_LIFE
        token = "TTP_" + secrets.token_urlsafe(32)
        grant.refresh = "TTP_" + secrets.token_urlsafe(32)
        self.access[token] = Access(grant, until)
        shops = self.shops_of(grant)
        return {
            "access_token": token,
            "access_token_expire_in": int(until.timestamp()),
            "refresh_token": grant.refresh,
            "refresh_token_expire_in": int(grant.until.timestamp()),
            "open_id": grant.seller,
            "seller_name": shops[0].name if shops else grant.seller,
            "seller_base_region": shops[0].region if shops else "US",
            "user_type": 0,
            "granted_scopes": list(grant.scopes),
        }

    def shops_of(self, grant: Grant) -> list[Shop]:
        return [shop for shop in self.shops.values() if shop.seller == grant.seller]

    def connected(self, shop_id: str) -> bool:
        """Whether the shop's seller has granted this app access."""
        shop = self.shops.get(shop_id)
        grant = self.grants.get(shop.seller) if shop else None
        return grant is not None and grant.alive

    def expire(self, seller: str) -> None:
        """Ends the seller's access tokens now; the refresh token stays good."""
        for held in self.access.values():
            if held.grant.seller == seller:
                held.until = self.now()

    def revoke(self, seller: str) -> None:
        """The seller took the app off: every token is dead."""
        if seller in self.grants:
            self.grants[seller].alive = False
        for held in self.access.values():
            if held.grant.seller == seller:
                held.grant.alive = False

    def check(self, token: str | None) -> Grant:
        """The grant behind the header's token, or the refusal the gateway gives."""
        if not token:
            raise Refusal(36009004, "Invalid access_token: header x-tts-access-token is missing", 401)
        held = self.access.get(token)
        if held is None:
            raise Refusal(36009004, "Invalid access_token in header x-tts-access-token", 401)
        if not held.grant.alive:
            raise Refusal(101000, "The access_token is invalid: the seller has cancelled the authorization", 401)
        if held.until <= self.now():
            raise Refusal(105002, "Expired credentials. The access_token has expired, refresh it", 401)
        return held.grant
