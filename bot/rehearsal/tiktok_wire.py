"""What TikTok's gateway agrees on with its callers: signatures, envelopes' refusals, money text, page tokens.

Written from the documentation alone, apart from the product's own client: a second opinion on every byte.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import unquote_plus

WHOLE_CURRENCIES = frozenset({"VND", "IDR", "JPY", "KRW", "CLP"})  # told without decimals


class Refusal(Exception):
    """TikTok's no: its code and message, and the HTTP status it comes with (200 for most)."""

    def __init__(self, code: int, message: str, status: int = 200, retry_after: float | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


@dataclass
class Ask:
    """One accepted request, read: path parameters, decoded query, JSON body."""

    params: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Endpoint:
    """One row of the API table. `scopes`: any one of them opens it; `run(world, shop, ask)` returns `data`."""

    method: str
    template: str
    operation: str
    scopes: tuple[str, ...]
    run: Callable[[Any, Any, Ask], Any]
    cipher: bool = True


def decoded_pairs(query_string: bytes) -> list[tuple[str, str]]:
    """The query as the server sees it: percent signs undone, `+` a space, empty values kept."""
    pairs = []
    for part in query_string.decode("latin-1").split("&"):
        if part:
            key, _, value = part.partition("=")
            pairs.append((unquote_plus(key), unquote_plus(value)))
    return pairs


def first_values(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One value per key, the first one: so does TikTok's own signer; lists are joined with commas."""
    values: dict[str, str] = {}
    for key, value in pairs:
        values.setdefault(key, value)
    return values


def sign(secret: str, path: str, query: Mapping[str, str], content_type: str | None, body: bytes | None) -> str:
    """The request signature, lower-case hex, over the exact bytes of the body (left out when it is multipart)."""
    text = path + "".join(k + query[k] for k in sorted(query) if k not in ("sign", "access_token"))
    message = text.encode()
    media = (content_type or "").partition(";")[0].strip().lower()
    if body and media != "multipart/form-data":
        message += body
    wrapped = secret.encode() + message + secret.encode()
    return hmac.new(secret.encode(), wrapped, hashlib.sha256).hexdigest()


def hook_signature(key: str, secret: str, raw: bytes) -> str:
    """The webhook signature of the `Authorization` header, lower-case hex over app key and raw body."""
    return hmac.new(secret.encode(), key.encode() + raw, hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def money(amount: Decimal | str | int, currency: str) -> str:
    """Decimal text in major units: two places, or none where the currency has none."""
    step = Decimal(1) if currency in WHOLE_CURRENCIES else Decimal("0.01")
    return format(Decimal(str(amount)).quantize(step, ROUND_HALF_UP), "f")


def spread(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A total divided by weight, to the smallest coin; the parts add up to the total again."""
    step = Decimal(1) if currency in WHOLE_CURRENCIES else Decimal("0.01")
    coins = int((total / step).to_integral_value(ROUND_HALF_UP))
    whole_weight = sum(weights, Decimal(0))
    exact = [coins * weight / whole_weight if whole_weight else Decimal(0) for weight in weights]
    parts = [int(share) for share in exact]
    by_rest = sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])
    for n in by_rest[: coins - sum(parts)]:
        parts[n] += 1
    return [part * step for part in parts]


class Ids:
    """Digit strings as long as TikTok's; every kind counts by itself."""

    STARTS = {
        "product": 1729592969712210000,
        "sku": 1729592969712310000,
        "order": 576461413038800000,
        "line": 577086512123800000,
        "package": 1152321127278700000,
        "cancel": 4035318504086700000,
        "return": 4035318504096700000,
        "warehouse": 7068517275539800000,
        "notification": 7380066284010100000,
    }

    def __init__(self) -> None:
        self.given: dict[str, int] = {}

    def next(self, kind: str) -> str:
        self.given[kind] = self.given.get(kind, 0) + 1
        return str(self.STARTS[kind] + self.given[kind])


def page_token(offset: int, filters: Any) -> str:
    """An opaque token; it always holds `+`, `/` and `=`, as the real ones may."""
    text = json.dumps([offset, _print(filters)]).encode()
    text += b" " * ((1 - len(text)) % 3)  # leaves one byte over: two signs of equality at the end
    return base64.b64encode(b"\xfb\xef\xff" + text).decode()


def read_page_token(token: str, filters: Any) -> int | None:
    """The offset in the token, or None when it is none of ours or belongs to another search."""
    try:
        offset, mark = json.loads(base64.b64decode(token.encode("ascii"), validate=True)[3:])
    except (ValueError, UnicodeError, TypeError):
        return None
    return offset if mark == _print(filters) and isinstance(offset, int) else None


def _print(filters: Any) -> str:
    return hashlib.sha256(json.dumps(filters, sort_keys=True).encode()).hexdigest()[:12]


def page(rows: list[Any], ask: Ask, *, most: int, bad_size: Refusal, bad_token: Refusal) -> tuple[list[Any], str, int]:
    """One page of the rows, the token of the next one (empty at the end) and where it began."""
    size = ask.query.get("page_size", "")
    if not size.isdigit() or not 1 <= int(size) <= most:
        raise bad_size
    filters = [ask.body, ask.query.get("sort_field", ""), ask.query.get("sort_order", "")]
    token = ask.query.get("page_token", "")
    start = read_page_token(token, filters) if token else 0
    if start is None:
        raise bad_token
    end = start + int(size)
    return rows[start:end], page_token(end, filters) if end < len(rows) else "", start


def whole(body: Mapping[str, Any], key: str) -> int | None:
    """A whole number of a body, or None when absent; a wrong type is refused as the gateway does."""
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal(36009004, f"param body.{key} is invalid: expected int", 400)
    return value


def texts(body: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts of a body, empty when absent."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refusal(36009004, f"param body.{key} is invalid: expected []string", 400)
    return value


def rows(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects of a body, empty when absent."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refusal(36009004, f"param body.{key} is invalid: expected []object", 400)
    return value
