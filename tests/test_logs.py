"""Log lines: their form, and that no secret survives in one."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import redact, set_up


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


KEY = "A" * 20 + "b-_9" + "C" * 19 + "="


@pytest.mark.parametrize(
    "text, secret",
    [
        ("token xoxb-12-34-AbC failed", "12-34-AbC"),
        ("app token xapp-1-A2-99-ff", "A2-99-ff"),
        ("refresh xoxe-1-My0xLi", "My0xLi"),
        ("store answered shpat_0123abcd", "0123abcd"),
        ("secret shpss_0123abcd", "0123abcd"),
        ("GET /api/v2/token/get?app_key=k1&app_secret=s3cr3t&auth_code=TTP_abc123abc", "s3cr3t"),
        ("GET /api/v2/token/get?app_key=k1&app_secret=s3cr3t&auth_code=abc123abc", "abc123abc"),
        ("?access_token=zzz999&x=1", "zzz999"),
        ('{"access_token": "zzz999", "a": 1}', "zzz999"),
        ("{'refresh_token': 'zzz999'}", "zzz999"),
        ("{b'x-tts-access-token': b'zzz999'}", "zzz999"),
        ("X-Shopify-Access-Token: zzz999", "zzz999"),
        ("x-slack-signature=v0=ab12cd", "ab12cd"),
        ("Authorization: Bearer zzz999", "zzz999"),
        ("'authorization': 'Basic zzz999=='", "zzz999"),
        ("GET /shopify/callback?code=abcdef0123456789abcdef&state=x", "abcdef0123456789abcdef"),
        ("?shop_cipher=GCP_abcdefgh99&sign=deadbeef", "deadbeef"),
        ("cipher GCP_abcdefgh99", "abcdefgh99"),
        ("postgresql://linkbot:hunter2@db/linkbot", "hunter2"),
        ("posting to https://hooks.slack.com/commands/T1/2/zzz999", "zzz999"),
        (f"LINKBOT_ENCRYPTION_KEY is {KEY}", KEY),
        ("buyer jane.sample@example.com wrote", "jane.sample"),
    ],
)
def test_p_secrets_are_taken_out(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "***" in redact(text) or "[e-mail]" in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 576461413038785701 held: unlinked_sku",
        "Mirrored 7 orders in 1.2 s, #1001",
        "gid://shopify/ProductVariant/45 is gone (code 12052048, request 20261125AB)",
        "code=12052048 state=active",
        "http://127.0.0.1:4390/tiktok/webhook answered 200",
    ],
)
def test_what_people_need_stays(text: str) -> None:
    assert redact(text) == text


def written(stream: io.StringIO, level: str = "info") -> logging.Logger:
    set_up(level, stream)
    return logging.getLogger("bot.sync.runner")


def test_json_lines_when_nobody_watches() -> None:
    stream = io.StringIO()
    log = written(stream)
    try:
        raise ValueError("refused with xoxb-1-secret")
    except ValueError:
        log.exception("job %s failed for %s", "mirror", "shpat_secret", extra={"order": "5764", "token": "abc"})
    (line,) = stream.getvalue().splitlines()
    row = json.loads(line)
    assert row["message"] == "job mirror failed for shpat_***"
    assert (row["level"], row["logger"], row["order"], row["token"]) == ("error", "bot.sync.runner", "5764", "***")
    assert row["at"].endswith("+00:00")
    assert "ValueError: refused with xoxb-***" in row["error"]
    assert "secret" not in line


def test_text_at_a_terminal() -> None:
    stream = Terminal()
    written(stream).warning("queue is %s s old, app_secret=abc", 90)
    line = stream.getvalue()
    assert "WARNING bot.sync.runner: queue is 90 s old, app_secret=***" in line
    assert not line.startswith("{")


@pytest.mark.parametrize("level, shown", [("debug", 3), ("info", 2), ("warning", 1)])
def test_level(level: str, shown: int) -> None:
    stream = io.StringIO()
    log = written(stream, level)
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert len(stream.getvalue().splitlines()) == shown


def test_libraries_stay_quiet_and_nothing_is_said_twice() -> None:
    stream = io.StringIO()
    written(stream)
    written(stream)
    logging.getLogger("httpx").info("HTTP Request: GET https://x?app_secret=s")
    logging.getLogger("uvicorn.access").info("127.0.0.1 - GET /healthz")
    logging.getLogger("uvicorn.error").info("started")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["started"]
