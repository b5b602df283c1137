"""What can go wrong with an outside service, sorted by what the caller may do.

ApiError
├ Unreachable     nothing was done: try later
├ RateLimited     nothing was done: try after `after`
├ Unclear         perhaps done: look before repeating
├ NotReady        it exists but can't be read yet: try later
└ Refused         will be refused again as it stands
  ├ NotAuthorised   a person must reconnect (or grant a scope)
  ├ Gone            the thing is not there any more
  └ Invalid         park it, show code and request id
"""

import re
from datetime import timedelta
from enum import StrEnum

from bot.domain.retries import Trouble

_SECRET = re.compile(
    r"(?i)\b(access_token|refresh_token|app_secret|client_secret|auth_code|code|sign|hmac|shop_cipher|"
    r"x-tts-access-token|x-shopify-access-token)(\"?\s*[=:]\s*\"?)[^\s&\"',}]+"
)
_TOKEN = re.compile(r"\b(?:shp[a-z]{2}_|TTP_|xox[a-z]-)[\w-]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?:\(\+\d{1,3}\)|\+\d)[\d\s()*-]{5,}")


def redact(text: str) -> str:
    """The text without tokens, secrets in query strings, e-mail addresses and telephone numbers; at most 300 long."""
    text = _SECRET.sub(lambda found: f"{found[1]}{found[2]}…", text)
    for pattern in (_TOKEN, _EMAIL, _PHONE):
        text = pattern.sub("…", text)
    return text if len(text) <= 300 else f"{text[:299]}…"


class Service(StrEnum):
    """Whose error it is, as people are told."""

    TIKTOK = "TikTok"
    SHOPIFY = "Shopify"


class ApiError(Exception):
    """An outside service failed or refused. `message` is redacted; `request_id` is what its support asks for."""

    def __init__(
        self, message: str, code: str = "", request_id: str = "", service: str = "", after: timedelta | None = None
    ) -> None:
        self.message = redact(message)
        self.code = code
        self.request_id = request_id
        self.service = service
        self.after = after
        super().__init__(self.message)

    def __str__(self) -> str:
        marks = [self.service, self.code, f"request {self.request_id}" if self.request_id else ""]
        told = ", ".join(mark for mark in marks if mark)
        return f"{self.message} ({told})" if told else self.message


class Unreachable(ApiError):
    """The service did not do it: no connection, or a read that failed."""


class RateLimited(ApiError):
    """Too fast; not done. `after`: what the service asked for, None when it did not say."""


class Unclear(ApiError):
    """A write whose answer was lost or unreadable: perhaps it is done."""


class NotReady(ApiError):
    """The service knows it but can't show it yet."""


class Refused(ApiError):
    """The service understood and said no."""


class NotAuthorised(Refused):
    """Token, scope or account: a person must reconnect."""


class Gone(Refused):
    """What the call is about does not exist, or is not this seller's."""


class Invalid(Refused):
    """A value is not accepted. `field` is the service's path to it, dotted; "" when it named none."""

    def __init__(
        self,
        message: str,
        code: str = "",
        request_id: str = "",
        service: str = "",
        after: timedelta | None = None,
        *,
        field: str = "",
    ) -> None:
        super().__init__(message, code, request_id, service, after)
        self.field = field


_TROUBLES: tuple[tuple[type[ApiError], Trouble], ...] = (
    (RateLimited, Trouble.RATE_LIMITED),
    (Unclear, Trouble.UNCLEAR),
    (Unreachable, Trouble.UNREACHABLE),
    (NotReady, Trouble.UNREACHABLE),
    (NotAuthorised, Trouble.NOT_AUTHORISED),
    (Refused, Trouble.INVALID),
)


def trouble_of(error: BaseException) -> tuple[Trouble, timedelta | None]:
    """What this error means for the next attempt, and how long the service asked to wait.

    Anything that is not an ApiError is a bug of ours: PROGRAM_ERROR.
    """
    for kind, trouble in _TROUBLES:
        if isinstance(error, kind):
            return trouble, error.after
    return Trouble.PROGRAM_ERROR, None
