"""Text from outside that no database or wire could take is mended where it comes in."""

import pytest

from bot.clients.jsons import read_json
from bot.clients.shopify import hooks as shopify_hooks
from bot.clients.tiktok import hooks as tiktok_hooks


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": "x\\u0000y"}', {"a": "x\ufffdy"}),
        (b'{"a": ["\\ud800", "\\uDFFFz"]}', {"a": ["\ufffd", "\ufffdz"]}),
        (b'{"\\ud83d\\ude00": "\\ud83d\\ude00 \\ud83d"}', {"😀": "😀 \ufffd"}),
        ('"plain"', "plain"),
        (b"\xef\xbb\xbf[1]", [1]),
    ],
)
def test_unfit_characters_become_the_replacement_and_nothing_else_changes(raw: bytes, value: object) -> None:
    assert read_json(raw) == value


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{", b'"\x00"', b"[" * 200_000, b'{"a": "\xed\xa0\x80"}'])
def test_what_is_no_json_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(raw)
    with pytest.raises(tiktok_hooks.MalformedHook):
        tiktok_hooks.parse(raw)
    with pytest.raises(shopify_hooks.MalformedHook):
        shopify_hooks.parse("products/update", "a.myshopify.com", "1", raw)
