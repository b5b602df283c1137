"""What a message may name: every way in which people write a SKU down."""

import pytest

from bot.domain.mentions import MOST, mentions

pytestmark = pytest.mark.req("U25")


@pytest.mark.parametrize(
    ("text", "sku"),
    [
        ("link TEE-S please", "TEE-S"),
        ("TEE-S, TEE-M.", "TEE-M"),
        ("*TEE-S*", "TEE-S"),
        ("(TEE-S)", "TEE-S"),
        ("`TEE-S`", "TEE-S"),
        ("sku:TEE-S;qty=2", "TEE-S"),
        ("A&amp;B-1", "A&B-1"),
        ("1729592969712400006", "1729592969712400006"),
        ("<https://shop.example/x|TEE-S>", "TEE-S"),
        ("<#C1|TEE-S>", "TEE-S"),
        ("`TEE  5`", "TEE  5"),
        ("where is TEE 5 now", "TEE 5"),
        ("“RED TEE 5”", "RED TEE 5"),
        ("a b LARGE RED TEE 5 c", "RED TEE 5"),
        ("size/RED/M", "size/RED/M"),
        ("SKU*", "SKU*"),
        ("line\nTEE-S\nline", "TEE-S"),
        ("日本-1", "日本-1"),
    ],
)
def test_found(text: str, sku: str) -> None:
    assert sku in mentions([text]).keys


@pytest.mark.parametrize("text", ["", "  ", "!!! ... ---", "<@U123>", "<!channel>", "<!date^1^{date}|today>", "a"])
def test_nothing_to_look_up(text: str) -> None:
    assert mentions([text]).keys == ()


def test_order_is_kept_doubles_are_not_and_a_long_text_is_cut() -> None:
    assert mentions(["B-1 A-1 B-1", "C-1"]).words == ("B-1", "A-1", "C-1")
    long = mentions([" ".join(f"W{n}" for n in range(5000))])
    assert len(long.words) == MOST
    assert len(long.phrases) == MOST
    assert mentions(["x" * 300]).words == ()
