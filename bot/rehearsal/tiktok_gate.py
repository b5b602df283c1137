"""The gateway of the fake TikTok Shop: every check a call passes before its endpoint sees it, in the real order."""

import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from bot.rehearsal.tiktok_auth import Grant, Tokens
from bot.rehearsal.tiktok_wire import Ask, Endpoint, Refusal, decoded_pairs, first_values, same, sign
from bot.rehearsal.tiktok_world import Shop

EARLY, LATE = 5 * 60, 30  # seconds a timestamp may lie behind and ahead of TikTok's clock
BODY_MOST = 10 * 1024 * 1024


@dataclass
class Limit:
    """A pace per (shop, operation). `answer`: "http" = 429 with Retry-After, "code" = 200 without it, "mixed"."""

    operation: str = "*"
    per_second: float = 50.0
    shop_id: str | None = None
    answer: str = "http"
    until: datetime | None = None
    refused: int = 0
    seen: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)


@dataclass
class Incoming:
    """A request as bytes: what the checks look at."""

    method: str
    path: str
    query_string: bytes
    headers: dict[str, str]
    body: bytes
    pairs: list[tuple[str, str]] = field(init=False)
    query: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.pairs = decoded_pairs(self.query_string)
        self.query = first_values(self.pairs)


class Gate:
    """Finds the endpoint and lets a call in, or raises the Refusal that the real gateway gives."""

    def __init__(
        self,
        key: str,
        secret: str,
        now: Callable[[], datetime],
        shops: dict[str, Shop],
        tokens: Tokens,
        endpoints: Sequence[Endpoint],
    ) -> None:
        self.key = key
        self.secret = secret
        self.now = now
        self.shops = shops
        self.tokens = tokens
        self.limits: list[Limit] = []
        self.retired: set[str] = set()  # templates that are gone: 36009014
        self.rows = [(endpoint, _pattern(endpoint.template)) for endpoint in endpoints]

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """The endpoint and its path parameters; refuses unknown paths, methods and versions."""
        hits = [(endpoint, found) for endpoint, pattern in self.rows if (found := pattern.fullmatch(path))]
        for endpoint, found in hits:
            if endpoint.method == method:
                if endpoint.template in self.retired:
                    raise Refusal(36009014, "The API version has been retired", 410)
                return endpoint, found.groupdict()
        if hits:
            raise Refusal(36009010, "Invalid method", 405)
        shape = re.sub(r"^(/\w+)/\d{6}/", r"\1/000000/", path)
        if any(_pattern(re.sub(r"/\d{6}/", "/000000/", e.template)).fullmatch(shape) for e, _ in self.rows):
            raise Refusal(36009014, "Invalid API version", 404)
        raise Refusal(36009009, "Invalid path", 404)

    def admit(self, incoming: Incoming, endpoint: Endpoint, params: dict[str, str]) -> tuple[Shop | Grant, Ask]:
        """App, clock, signature, token, scope, shop, body, pace: one after another."""
        query = incoming.query
        if query.get("app_key") != self.key:
            raise Refusal(36009004, "Invalid app_key", 400)
        self._check_time(query.get("timestamp", ""))
        wanted = sign(self.secret, incoming.path, query, incoming.headers.get("content-type"), incoming.body)
        if not same(query.get("sign", ""), wanted):
            raise Refusal(106001, "Invalid sign: the signature does not match", 401)
        grant = self.tokens.check(incoming.headers.get("x-tts-access-token"))
        if not set(endpoint.scopes) & set(grant.scopes):
            raise Refusal(105005, f"Access denied: the app lacks the scope {endpoint.scopes[0]}", 403)
        shop = self._shop(query, grant, endpoint)
        ask = Ask(params, query, self._body(incoming), endpoint.template.split("/")[2])
        if isinstance(shop, Shop) and not shop.active:
            raise Refusal(12052700, "The seller is inactive.")
        return shop, ask

    def _check_time(self, told: str) -> None:
        if not told.isdigit():
            raise Refusal(36009004, "Invalid timestamp: expected Unix seconds", 400)
        ahead = int(told) - self.now().timestamp()
        if not -EARLY <= ahead <= LATE:
            raise Refusal(36009004, "Invalid timestamp: expired, or ahead of the server's clock", 400)

    def _shop(self, query: dict[str, str], grant: Grant, endpoint: Endpoint) -> Shop | Grant:
        cipher = query.get("shop_cipher")
        if not endpoint.cipher:
            if cipher is not None:
                raise Refusal(36009004, "Unexpected identifier: shop_cipher", 400)
            return grant
        if not cipher:
            raise Refusal(106013, "The shop_cipher is missing", 400)
        shop = next((shop for shop in self.shops.values() if shop.cipher == cipher), None)
        if shop is None:
            raise Refusal(36009004, "Invalid shop_cipher", 400)
        if shop.seller != grant.seller:
            raise Refusal(36009004, "The access_token does not belong to this shop_cipher", 401)
        return shop

    @staticmethod
    def _body(incoming: Incoming) -> dict[str, Any]:
        if not incoming.body:
            return {}
        if len(incoming.body) > BODY_MOST:
            raise Refusal(36009021, "The request body is too large", 413)
        media = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            body = json.loads(incoming.body) if media == "application/json" else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refusal(36009023, "Invalid request format: expected a JSON object as application/json", 400)
        return body

    def pace(self, operation: str, shop: Shop | Grant) -> None:
        """Refuses the call when its shop is too fast for this operation; refused calls do not count."""
        moment = self.now()
        owner = shop.id if isinstance(shop, Shop) else shop.seller
        for limit in self.limits:
            over = limit.until is not None and moment >= limit.until
            if over or limit.shop_id not in (None, owner) or not fnmatchcase(operation, limit.operation):
                continue
            window = timedelta(seconds=max(1.0, 1.0 / limit.per_second))
            most = max(1, int(limit.per_second))
            calls = limit.seen.setdefault((owner, operation), deque())
            while calls and moment - calls[0] >= window:
                calls.popleft()
            if len(calls) >= most:
                limit.refused += 1
                raise _too_fast(limit, (calls[0] + window - moment).total_seconds())
            calls.append(moment)


def _too_fast(limit: Limit, wait: float) -> Refusal:
    text = "Request frequency exceeds the limit, please try again later"
    if limit.answer == "code" or (limit.answer == "mixed" and limit.refused % 2 == 0):
        return Refusal(36009002, text)
    return Refusal(36009002, text, 429, retry_after=max(1.0, wait))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
