"""Tokens of the rehearsed Shopify: client credentials, the authorization code grant, expiring pairs, legacy tokens.

Source: https://shopify.dev/docs/apps/build/authentication-authorization
"""

import base64
import hashlib
import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from bot.rehearsal.shopify_world import Store

CLIENT_CREDENTIALS_LIFE = timedelta(seconds=86399)
ACCESS_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(days=90)
CODE_LIFE = timedelta(minutes=10)


@dataclass
class Token:
    domain: str
    scopes: frozenset[str]
    expires_at: datetime | None = None  # None: never (a token of an older custom app)
    replaces: list[str] = field(default_factory=list)  # refresh tokens that end when this pair is first used


@dataclass
class Code:
    domain: str
    scopes: frozenset[str]
    expires_at: datetime


class Refused(Exception):
    """A grant that is refused, with its OAuth error code and HTTP status."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.status = code, status


class Access:
    """All tokens of the app, for every store."""

    def __init__(self, client_id: str, client_secret: str, seed: int) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.random = random.Random(f"shopify tokens {seed}")
        self.tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, Token] = {}
        self.codes: dict[str, Code] = {}

    def __repr__(self) -> str:
        return f"Access({len(self.tokens)} tokens)"

    def _text(self, prefix: str) -> str:
        return f"{prefix}_{self.random.randbytes(16).hex()}"

    def register(self, domain: str, scopes: frozenset[str], token: str | None = None) -> str:
        """A permanent token, as an older custom app has."""
        text = token or self._text("shpat")
        self.tokens[text] = Token(domain, scopes)
        return text

    def use(self, text: str, domain: str, now: datetime) -> Token | None:
        """The token, when it is good for this store now; its first use ends the refresh token it replaced."""
        token = self.tokens.get(text)
        if token is None or token.domain != domain or (token.expires_at and token.expires_at <= now):
            return None
        self._first_use(token)
        return token

    def _first_use(self, token: Token) -> None:
        for old in token.replaces:
            self.refresh_tokens.pop(old, None)
        token.replaces.clear()

    def kill(self, domain: str) -> None:
        """Uninstalled: no token of the store is worth anything."""
        self.tokens = {text: one for text, one in self.tokens.items() if one.domain != domain}
        self.refresh_tokens = {text: one for text, one in self.refresh_tokens.items() if one.domain != domain}
        self.codes = {text: one for text, one in self.codes.items() if one.domain != domain}

    def expire(self, domain: str) -> None:
        """Every access token of the store is bad from now on; refresh tokens live."""
        self.tokens = {text: one for text, one in self.tokens.items() if one.domain != domain}

    def grant(self, store: Store, given: Mapping[str, str], now: datetime) -> dict[str, object]:
        """The answer of the token endpoint. Raises Refused."""
        right = hmac.compare_digest(given.get("client_secret", ""), self.client_secret)
        if given.get("client_id") != self.client_id or not right:
            raise Refused("invalid_client", "Client authentication failed.", 401)
        kind = given.get("grant_type")
        if kind == "client_credentials":
            return self._client_credentials(store, now)
        if kind == "refresh_token":
            return self._refresh(store, given, now)
        if given.get("code"):
            return self._exchange(store, given, now)
        raise Refused("unsupported_grant_type", "The grant type is not supported.")

    def _client_credentials(self, store: Store, now: datetime) -> dict[str, object]:
        if not store.in_organisation:
            raise Refused("shop_not_permitted", "Client credentials cannot be performed on this shop.")
        if not store.installed:
            raise Refused("app_not_installed", "The application is not installed on this shop.")
        text = self._text("shpat")
        self.tokens[text] = Token(store.domain, frozenset(store.scopes), now + CLIENT_CREDENTIALS_LIFE)
        life = int(CLIENT_CREDENTIALS_LIFE.total_seconds())
        return {"access_token": text, "scope": ",".join(sorted(store.scopes)), "expires_in": life}

    def new_code(self, store: Store, scopes: frozenset[str], now: datetime) -> str:
        text = self.random.randbytes(16).hex()
        self.codes[text] = Code(store.domain, scopes, now + CODE_LIFE)
        return text

    def _exchange(self, store: Store, given: Mapping[str, str], now: datetime) -> dict[str, object]:
        code = self.codes.pop(given["code"], None)
        if code is None or code.domain != store.domain or code.expires_at <= now:
            raise Refused("invalid_request", "The authorization code was not found or was already used")
        store.installed = True
        store.scopes = sorted(code.scopes)
        if str(given.get("expiring", "")) == "1":
            return self._pair(store, code.scopes, now, [])
        return {"access_token": self.register(store.domain, code.scopes), "scope": ",".join(store.scopes)}

    def _pair(self, store: Store, scopes: frozenset[str], now: datetime, replaces: list[str]) -> dict[str, object]:
        access, refresh = self._text("shpat"), self._text("shprt")
        self.tokens[access] = Token(store.domain, scopes, now + ACCESS_LIFE, list(replaces))
        self.refresh_tokens[refresh] = Token(store.domain, scopes, now + REFRESH_LIFE, list(replaces))
        return {
            "access_token": access,
            "scope": ",".join(sorted(scopes)),
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": refresh,
            "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }

    def _refresh(self, store: Store, given: Mapping[str, str], now: datetime) -> dict[str, object]:
        text = given.get("refresh_token", "")
        token = self.refresh_tokens.get(text)
        if token is None or token.domain != store.domain or (token.expires_at and token.expires_at <= now):
            raise Refused("invalid_grant", "The refresh token is invalid or has expired.")
        self._first_use(token)
        return self._pair(store, frozenset(store.scopes) & token.scopes, now, [text])

    def callback(self, redirect_uri: str, domain: str, code: str, state: str, now: datetime) -> str:
        """The address to which the browser is sent back, with Shopify's hex HMAC over the sorted parameters."""
        host = base64.b64encode(f"admin.shopify.com/store/{domain.split('.')[0]}".encode()).decode().rstrip("=")
        given = {"code": code, "host": host, "shop": domain, "state": state, "timestamp": str(int(now.timestamp()))}
        message = "&".join(f"{key}={value}" for key, value in sorted(given.items()))
        given["hmac"] = hmac.new(self.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(given)}"
