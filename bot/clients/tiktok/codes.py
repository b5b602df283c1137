"""TikTok's error codes → the error of `clients/errors.py` and what to do. Source: Partner Center, 2025-12…2026-09."""

from dataclasses import dataclass
from datetime import timedelta

from bot.clients.errors import (
    ApiError,
    Gone,
    Invalid,
    NotAuthorised,
    RateLimited,
    Refused,
    Service,
    Unclear,
    Unreachable,
)

SERVICE = Service.TIKTOK


@dataclass(frozen=True)
class Rule:
    """`renew`: a fresh access token may cure it (once)."""

    error: type[ApiError]
    do: str
    renew: bool = False


_TOKEN = Rule(NotAuthorised, "refresh the token once, then reconnect", renew=True)
_SCOPE = Rule(NotAuthorised, "reconnect with the scope")
_STOPPED = Rule(NotAuthorised, "the seller is inactive or may not do this: stop for the shop")
_SIGNATURE = Rule(Invalid, "signature or clock: compare this machine's time")
_CIPHER = Rule(Invalid, "shop cipher missing or not wanted: a bug")
_FAST = Rule(RateLimited, "wait")
_SERVER = Rule(Unreachable, "TikTok's own failure: try later")
_PROTOCOL = Rule(Invalid, "path, method, version, size or format: a bug")
_GONE = Rule(Gone, "not there, or not this seller's: drop")
_VALUE = Rule(Invalid, "the value is refused: park")

_SERVER_SIDE = (
    36009003, 36009007, 12001000, 12052881, 10002014, 10002015, 10037002, 10037003, 10037004, 11001027, 11001031,
    11006005, 11006026, 21001003, 21001008, 21001011, 21001043, 21001055, 21008300, 21022029, 21022030, 21042001,
    21042076,
)  # fmt: skip

RULES: dict[int, Rule] = {
    **dict.fromkeys((105002, 101000, 36004004), _TOKEN),
    105005: _SCOPE,
    106001: _SIGNATURE,
    106013: _CIPHER,
    36009002: _FAST,
    36009033: Rule(Refused, "this machine's address is not on the app's IP list: tell the operator"),
    **dict.fromkeys((12019114, 12009014, 12052700), _STOPPED),
    **dict.fromkeys(_SERVER_SIDE, _SERVER),
    **dict.fromkeys((36009009, 36009010, 36009014, 36009021, 36009022, 36009023), _PROTOCOL),
    **dict.fromkeys(
        (21008111, 12052048, 12052032, 12052260, 12019150, 12052556, 12052557, 21011028, 25007006, 25020005), _GONE
    ),
}

SHARED = 36009004  # about a dozen failures share it: only the message tells them apart
_BY_MESSAGE: tuple[tuple[str, Rule], ...] = (
    ("access_token", _TOKEN),
    ("timestamp", _SIGNATURE),
    ("signature", _SIGNATURE),
    ("unexpected identifier", _CIPHER),
    ("shop_cipher", _CIPHER),
)

ALREADY_SHIPPED = frozenset({"21008099", "21011006", "21011020", "21042056"})
"""Re-read the package and take it as done."""
NOT_EDITABLE = frozenset({"12052850", "12052921"})
"""Stock of a combined product, or shared with another shop."""
PROMOTION = frozenset({"12052038", "12019045", "12052376", "12052393"})
"""Price or stock is locked by a running promotion."""
QUANTITY_RANGE = frozenset({"12052055", "12019024"})


def rule_of(code: int, message: str) -> Rule:
    """What this failure means. Unknown codes are refusals of a value."""
    if code == SHARED:
        lower = message.lower()
        return next((rule for word, rule in _BY_MESSAGE if word in lower), _VALUE)
    return RULES.get(code, _VALUE)


def error_of(
    code: int,
    message: str,
    request_id: str,
    *,
    repeatable: bool,
    after: timedelta | None = None,
    field: str = "",
) -> ApiError:
    """The error for TikTok's answer; a server-side failure of a write is Unclear, never Unreachable."""
    kind = rule_of(code, message).error
    if kind is Unreachable and not repeatable:
        kind = Unclear
    if kind is Invalid:
        return Invalid(message, str(code), request_id, SERVICE, after, field=field)
    return kind(message, str(code), request_id, SERVICE, after)


def wants_new_token(error: BaseException) -> bool:
    """Is it a refused token that a refresh may cure?"""
    if not isinstance(error, NotAuthorised) or not error.code.isdigit():
        return False
    return rule_of(int(error.code), error.message).renew
