"""Cutting, escaping and the codec: the ground every view stands on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.blocks import bold, clean, clip, code, cut, esc, escape, more, one_line, utf16
from bot.views.ids import BLOCK_ID_LIMIT, Action, Block, Target, pack, shortened, unpack
from tests.views.build import HARM

TEXT = st.text(alphabet=st.characters(), max_size=400) | st.lists(
    st.sampled_from(
        ["<!channel>", "<@U1>", "*", "_", "~", "`", "&", "<", ">", "|", "😀", "שלום", "\u202e", "\n", "a", " "]
    )
).map("".join)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("exactly ten", 10, "exactly t…"),  # the ellipsis is inside the budget
        ("&&&&", 11, "&&…"),  # each & becomes 5 characters
        ("😀😀😀", 5, "😀😀…"),  # 2 units each, never half of one
        ("", 5, ""),
    ],
)
def test_u31_cut_counts_what_slack_counts(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(TEXT, st.integers(min_value=3, max_value=120))
@pytest.mark.req("U31")
def test_cut_text_stays_inside_its_budget_after_escaping(text: str, limit: int) -> None:
    assert utf16(escape(cut(text, limit))) <= limit


@given(TEXT, st.integers(min_value=8, max_value=120))
def test_foreign_text_never_formats_pings_or_overflows(text: str, limit: int) -> None:
    shown = esc(text, limit)
    assert utf16(shown) <= limit
    assert not re.search(r"[<>\n\r\u202a-\u202e]", shown)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert not re.search(r"(?<![A-Za-z0-9])[*_~`]|[*_~`](?![A-Za-z0-9])", shown)
    shown.encode("utf-8")  # no lone surrogate is left


@given(TEXT, st.integers(min_value=8, max_value=120))
def test_code_spans_hold_one_span_and_no_markup(text: str, limit: int) -> None:
    shown = code(text, limit)
    assert utf16(shown) <= limit
    assert shown == "" or (shown.count("`") == 2 and shown[0] == shown[-1] == "`")
    assert not re.search(r"[<>\n]", shown)


def test_a_sku_in_code_is_copied_as_it_is() -> None:
    assert code("HOOD_BLK_M") == "`HOOD_BLK_M`"
    assert esc("a_b and HOOD_BLK_M") == "a_b and HOOD_BLK_M"


def test_harmful_title_is_shown_as_text() -> None:
    shown = bold(HARM, 300)
    assert "&lt;!channel&gt; &lt;@U1&gt;" in shown
    assert shown.count("*") == 2
    assert "\u202e" not in shown
    assert bold("  ") == ""


@given(TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text, 75)


def test_composed_text_is_clipped_between_entities_and_mentions() -> None:
    assert clip("a &lt;b", 5) == "a…"
    assert clip("see <@U12345> now", 10) == "see…"
    assert clip("short", 10) == "short"


@pytest.mark.parametrize(("count", "expected"), [(0, ""), (1, "+1 more"), (37, "+37 more")])
def test_u31_more(count: int, expected: str) -> None:
    assert more(count) == expected


@given(st.dictionaries(st.sampled_from(["listing", "shop", "words"]), st.text(max_size=60)))
def test_packed_values_come_back(ids: dict[str, str]) -> None:
    packed = unpack(pack(Target.LISTING, **ids))
    assert packed.kind == Target.LISTING
    assert dict(packed.ids) == ids


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"listing":"1"}', "17"])
def test_a_value_that_is_not_ours_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a packed value"):
        unpack(text)


def test_too_much_for_a_button_is_an_error_not_a_cut() -> None:
    with pytest.raises(ValueError, match="needs"):
        pack(Target.TABLE, words="x" * 2000)


@given(st.text(max_size=400))
def test_search_words_fit_into_a_block_id(words: str) -> None:
    kept = shortened(words)
    assert words.startswith(kept)
    assert utf16(pack(Block.TABLE, BLOCK_ID_LIMIT, words=kept)) <= BLOCK_ID_LIMIT


def test_action_ids_are_unique_and_short() -> None:
    assert len({one.value for one in Action}) == len(list(Action))
    assert all(len(one.value) <= 255 for one in Action)
