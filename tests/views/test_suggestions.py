"""Suggestions beside their SKUs, the question for how long to ignore, and the preview of accepting all."""

from datetime import timedelta

import pytest

from bot.domain.board import ProductCounts, ProductFilter
from bot.domain.incidents import UnlinkedCause
from bot.domain.matching import MatchDoubt, MatchReason, Suggestion, Tier
from bot.domain.suggesting import AcceptPlan, Hint, Ignored, IgnoreFor, Pair
from bot.domain.values import ListingId, UserId
from bot.views import accepting, cards, products, suggestions
from bot.views.ids import Action, Callback, unpack
from tests.views.build import (
    ANA,
    LONG,
    LONG_SKU,
    NOW,
    all_text,
    buttons,
    good_message,
    good_view,
    incident,
    item,
    labels,
    listing,
    long_row,
    money,
    page,
    row,
    rows_of,
    variant,
)

COUNTS = ProductCounts(60, 20, 38, 2)
BEST = Suggestion(variant(), MatchReason.SAME_SKU, Tier.HIGH, 9.0)
LONGEST = Suggestion(
    variant(title=LONG, options=LONG, sku=LONG_SKU), MatchReason.LEARNED, Tier.HIGH, 1.0, tuple(MatchDoubt), f"+{LONG_SKU}…", 1.0
)  # fmt: skip


def subject(number: int) -> ListingId:
    return row(number).listing.id


@pytest.mark.req("N1", "U5", "U20")
def test_n1_the_alert_carries_its_answer() -> None:
    one = incident(item(subject(1)))
    shown = good_message(cards.alert(one, rows_of(row(1)), {}, hints={subject(1): Hint(BEST)}))
    assert labels(shown)[:3] == ["Accept", "Other…", "Ignore"]
    assert "→ `HOOD-RED-M` Hoodie · Red / M · same SKU · high confidence" in all_text(shown)
    assert "→ `HOOD-RED-M`" in shown.text
    assert "Press Link" not in all_text(shown)
    accept, other, ignore = buttons(shown)[:3]
    assert dict(unpack(accept["value"]).ids) == {"listing": subject(1), "variant": BEST.variant.id}
    assert other["action_id"] == Action.LINK
    assert unpack(ignore["value"])["listing"] == subject(1)


@pytest.mark.req("N1", "A2")
def test_a2_without_a_suggestion_it_is_link_and_no_accept() -> None:
    one = incident(item(subject(1), UnlinkedCause.AMBIGUOUS))
    for hint in (Hint(None, None, is_ambiguous=True), Hint()):
        shown = good_message(cards.alert(one, rows_of(row(1)), {}, hints={subject(1): hint}))
        assert labels(shown) == ["Link", "Ignore"]
        assert "Press Link" in all_text(shown)


@pytest.mark.req("N1")
@pytest.mark.parametrize(
    ("learned", "said"), [(2.0, "people here linked such SKUs before"), (-8.0, "people here refused"), (0.0, "")]
)
def test_n1_the_line_says_reasons_doubts_and_what_people_taught(learned: float, said: str) -> None:
    one = Suggestion(
        variant(sku="ABC1"), MatchReason.NEAR_SKU, Tier.LOW, 1.0, (MatchDoubt.PRICE_FAR,), "+TT-…", learned
    )
    line = suggestions.line(one)
    assert "SKU equal without `TT-`" in line
    assert "low confidence: look twice · but the prices are far apart" in line
    assert said in line
    assert ("people here" in line) == bool(said)


@pytest.mark.req("N1")
def test_every_tier_and_doubt_has_words() -> None:
    assert set(suggestions.TIERS) == set(Tier)
    assert set(suggestions.DOUBTS) == set(MatchDoubt)
    assert set(accepting.CHOICES) == set(IgnoreFor)


@pytest.mark.req("N5", "U20")
def test_n5_accept_all_is_offered_from_two_sure_ones_on() -> None:
    one = incident(*(item(subject(n)) for n in range(3)))
    hints = {subject(n): Hint(BEST) for n in range(2)}
    assert "Accept all high…" in labels(cards.alert(one, rows_of(*(row(n) for n in range(3))), {}, hints=hints))
    del hints[subject(1)]
    assert "Accept all high…" not in labels(cards.alert(one, rows_of(*(row(n) for n in range(3))), {}, hints=hints))


@pytest.mark.req("U31", "U37")
def test_u31_the_longest_alert_and_table_with_suggestions_fit() -> None:
    rows = [long_row(n) for n in range(60)]
    hints = {one.listing.id: Hint(LONGEST) for one in rows}
    shown = good_message(
        cards.alert(incident(*(item(one.listing.id) for one in rows)), rows_of(*rows), {}, hints=hints)
    )
    assert sum(block["type"] == "context_actions" for block in shown.blocks) == 8
    good_message(cards.alert(incident(item(rows[0].listing.id)), rows_of(*rows), {}, hints=hints))
    good_message(products.table_message(page(rows, 60), ProductFilter.ALL, LONG, counts=COUNTS, hints=hints))
    good_view(products.table_modal(page(rows, 60), ProductFilter.ALL, LONG, counts=COUNTS, hints=hints))
    good_message(products.pressing(rows, 60, 3, hints))
    pairs = [Pair(listing(n, title=LONG, variation=LONG, sku=LONG_SKU), LONGEST, money("1")) for n in range(500)]
    good_message(accepting.preview(AcceptPlan(pairs, 2000, 99_999), stale=True))


@pytest.mark.req("S17", "U17")
def test_s17_a_row_keeps_link_and_an_ignored_one_says_until_when() -> None:
    ignored = Ignored(IgnoreFor.DAY, UserId("U0ANA"), NOW, "", "no_match")
    hints = {subject(1): Hint(BEST), subject(2): Hint(None, ignored)}
    shown = good_message(
        products.table_message(page([row(1), row(2)]), ProductFilter.UNLINKED, "", counts=COUNTS, hints=hints)
    )
    assert sorted(labels(shown)) == ["Accept", "Ignore", "Link", "Link", "Stop ignoring"]
    assert "_Ignored until <!date^" in all_text(shown)
    assert "by <@U0ANA>_" in all_text(shown)
    assert all(unpack(one["value"])["filter"] == "unlinked" for one in buttons(shown))


@pytest.mark.req("U17")
def test_u17_nothing_is_chosen_beforehand_and_for_good_asks_twice() -> None:
    view = good_view(accepting.ask_ignore(row(1)))
    radios = view["blocks"][1]["element"]
    assert "initial_option" not in radios
    assert [one["text"]["text"] for one in radios["options"]] == ["1 day", "7 days", "Until it changes", "For good"]
    assert accepting.answer_ignore(view)["response_action"] == "errors"
    good = view | {"state": {"values": {"ignore": {"ignore_for": {"selected_option": {"value": "good"}}}}}}
    second = good_view(accepting.answer_ignore(good)["view"])
    assert (second["callback_id"], second["submit"]["text"]) == (Callback.IGNORE_GOOD, "Ignore for good")
    assert accepting.read_listing(second) == subject(1)
    assert accepting.read_how(second) is IgnoreFor.GOOD


@pytest.mark.req("U17", "B1")
def test_an_ignored_item_is_not_told_as_linked() -> None:
    ends = (NOW + timedelta(days=1)).isoformat()
    one = incident(item(subject(1)), item(subject(2), closed_by=ANA, ignored="day", ends=ends))
    shown = good_message(cards.alert(one, rows_of(row(1), row(2)), {}))
    assert "ignored until <!date^" in all_text(shown)
    assert "linked by" not in all_text(shown)


@pytest.mark.req("N5")
def test_n5_the_preview_shows_the_least_sure_ten_prices_and_its_digest() -> None:
    pairs = [Pair(listing(n), BEST, money("21.00")) for n in range(12)]
    plan = AcceptPlan(pairs, 2000, 2400)
    shown = good_message(accepting.preview(plan))
    for part in ("12 SKUs would be linked", "12 prices", "+2 more", "Looked at 2000 of 2400", "at most 500"):
        assert part in all_text(shown)
    assert labels(shown) == ["Apply", "Cancel"]
    assert unpack(buttons(shown)[0]["value"])["digest"] == plan.digest
    assert labels(good_message(accepting.preview(AcceptPlan([], 3, 3)))) == []
