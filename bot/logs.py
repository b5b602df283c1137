"""Logging: JSON lines unless a person watches, quiet libraries, and nothing secret in any line."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

_NAMES = (
    "access_token|refresh_token|id_token|auth_code|authorization_code|app_secret|client_secret|signing_secret|"
    "x-tts-access-token|x-shopify-access-token|x-shopify-hmac-sha256|x-slack-signature|"
    "authorization|shop_cipher|cipher|password|passwd|secret|token|sign|signature|hmac"
)
_RULES = [
    (re.compile(r"(://[^:/@\s]+):[^@/\s]+@"), r"\1:***@"),
    (re.compile(r"(hooks\.slack\.com/\w+)/[\w/.-]+"), r"\1/***"),
    (re.compile(r"\b(xox[a-z]|xapp|xwfp)-[\w.%-]+", re.IGNORECASE), r"\1-***"),
    (re.compile(r"\b(shp[a-z]{2})_[\w-]+"), r"\1_***"),
    (re.compile(r"\b(TTP|ROW|GCP)_[\w-]{8,}"), r"\1_***"),
    (
        re.compile(
            rf"(?i)(?<![\w-])({_NAMES})(['\"]?\s*[=:]\s*+(?:b(?=['\"]))?+['\"]?+)(?:(?:bearer|basic)\s+)?+(?!\*)[^&\s\"',;}}\])]+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(?i)(?<![\w-])(code|state)=[\w.-]{16,}"), r"\1=***"),  # of a consent; an error's code is shorter
    (re.compile(r"(?<![\w/+-])[\w/+-]{43}=(?!=)"), "***"),  # a Fernet key, or a signature in base64
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[e-mail]"),
]
_QUIET = ("httpx", "httpcore", "hpack", "uvicorn.access", "slack_bolt", "slack_sdk", "apscheduler", "aiohttp",
          "alembic", "sqlalchemy", "asyncio", "tzlocal")  # fmt: skip
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def redact(text: str) -> str:
    """`text` without tokens, secrets, passwords, signatures and e-mail addresses."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


class JsonLine(logging.Formatter):
    """One JSON object a line; what a caller put in `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        extra = vars(record).keys() - _OWN
        row |= {name: redact(f"{name}={vars(record)[name]}")[len(name) + 1 :] for name in sorted(extra)}
        if record.exc_info:
            row["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(row, ensure_ascii=False)


class TextLine(logging.Formatter):
    """For a person at a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging to `stream` (stderr), JSON when it is no terminal. Replaces what was set up before.

    `level`: debug, info or warning. Libraries stay at warning (at debug: info, which holds no bodies).
    uvicorn must run with `log_config=None`, or it brings its own.
    """
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(TextLine() if out.isatty() else JsonLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # a server started before may have set its own
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)
