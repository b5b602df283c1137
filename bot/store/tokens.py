"""Credentials, encrypted at rest, with one renewer at a time; and consents that are used once."""

import json
import secrets
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import MultiFernet
from sqlalchemy import Connection, delete, or_, select, update

from bot.domain.connections import Consent, Token, TokenKind
from bot.store.dialect import upsert
from bot.store.errors import NoEncryptionKey
from bot.store.shops import table_of
from bot.store.tables import ConsentRow, TokenRow

TOKENS, CONSENTS = table_of(TokenRow), table_of(ConsentRow)


class Tokens:
    """One encrypted blob per key, e.g. "tiktok:<open id>", "shopify:<domain>", "slack:<team>"."""

    def __init__(self, connection: Connection, now: datetime, fernet: MultiFernet | None) -> None:
        self._connection, self._now, self._fernet = connection, now, fernet

    def get(self, key: str) -> Token | None:
        """Raises NoEncryptionKey when there is a token and no key to read it."""
        blob = self._connection.execute(select(TOKENS.c.blob).where(TOKENS.c.key == key)).scalar()
        return None if blob is None else self._read(blob)

    def put(self, key: str, token: Token) -> None:
        """Raises NoEncryptionKey."""
        row = {"key": key, "blob": self._write(token), "fence": None, "fence_until": None}
        upsert(self._connection, TOKENS, [row], ["key"])

    def delete(self, key: str) -> None:
        self._connection.execute(delete(TOKENS).where(TOKENS.c.key == key))

    def claim_refresh(self, key: str, lease: timedelta) -> str | None:
        """A fence when this caller may renew the token now; None while another one does."""
        fence = secrets.token_hex(8)
        free = or_(TOKENS.c.fence.is_(None), TOKENS.c.fence_until <= self._now)
        claim = update(TOKENS).where(TOKENS.c.key == key, free).values(fence=fence, fence_until=self._now + lease)
        return fence if self._connection.execute(claim).rowcount == 1 else None

    def put_refreshed(self, key: str, token: Token, fence: str) -> bool:
        """Both new tokens in one write, if the fence still holds; the claim ends with it."""
        change = update(TOKENS).where(TOKENS.c.key == key, TOKENS.c.fence == fence)
        done = self._connection.execute(change.values(blob=self._write(token), fence=None, fence_until=None))
        return done.rowcount == 1

    def release(self, key: str, fence: str) -> None:
        change = update(TOKENS).where(TOKENS.c.key == key, TOKENS.c.fence == fence)
        self._connection.execute(change.values(fence=None, fence_until=None))

    def _write(self, token: Token) -> str:
        if self._fernet is None:
            raise NoEncryptionKey
        plain: dict[str, Any] = asdict(token) | {"kind": token.kind.value}
        for name in ("expires_at", "refresh_expires_at"):
            plain[name] = plain[name].timestamp() if plain[name] is not None else None
        return self._fernet.encrypt(json.dumps(plain).encode()).decode()

    def _read(self, blob: str) -> Token:
        if self._fernet is None:
            raise NoEncryptionKey
        plain: dict[str, Any] = json.loads(self._fernet.decrypt(blob.encode()))
        for name in ("expires_at", "refresh_expires_at"):
            plain[name] = datetime.fromtimestamp(plain[name], UTC) if plain[name] is not None else None
        return Token(**plain | {"kind": TokenKind(plain["kind"]), "scopes": tuple(plain["scopes"])})


class Consents:
    """Started consents by the hash of their `state`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    def add(self, state_hash: str, consent: Consent) -> None:
        self._connection.execute(delete(CONSENTS).where(CONSENTS.c.expires_at <= self._now))
        self._connection.execute(CONSENTS.insert().values(state_hash=state_hash, **asdict(consent)))

    def take(self, state_hash: str) -> Consent | None:
        """Used up by this call; None when unknown, used before or too old."""
        row = self._connection.execute(select(CONSENTS).where(CONSENTS.c.state_hash == state_hash)).mappings().first()
        if row is None:
            return None
        gone = self._connection.execute(delete(CONSENTS).where(CONSENTS.c.state_hash == state_hash)).rowcount
        if gone != 1 or row["expires_at"] <= self._now:
            return None
        return Consent(**{name: value for name, value in row.items() if name != "state_hash"})
