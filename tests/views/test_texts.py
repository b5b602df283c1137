"""Every member of every enum that a person may meet has its sentence."""

from datetime import timedelta
from enum import StrEnum

import pytest

from bot.domain.catalogue import ListingStatus, VariantStatus
from bot.domain.connections import ConnectionState
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.ledger import Act
from bot.domain.links import LinkRefusal, LinkWarning, NoAutoLink
from bot.domain.matching import MatchReason
from bot.domain.orders import STANDING, Reason, Standing
from bot.domain.pushes import PushReason
from bot.domain.retries import Trouble
from bot.domain.values import Money
from bot.views import orders, texts
from tests.views.build import ANA, NOW, RULE, blocked, money

SENTENCES: list[tuple[type[StrEnum], dict]] = [
    (Reason, dict(texts.REASONS)),
    (Reason, dict(texts.SHORT_REASONS)),
    (Standing, dict(texts.STANDINGS)),
    (NoAutoLink, dict(texts.NO_AUTO_LINK)),
    (LinkWarning, dict(texts.LINK_WARNINGS)),
    (LinkRefusal, dict(texts.LINK_REFUSALS)),
    (UnlinkedCause, dict(texts.UNLINKED_CAUSES)),
    (IncidentKind, dict(texts.INCIDENTS)),
    (PushReason, dict(texts.PUSH_REASONS)),
    (Trouble, dict(texts.TROUBLES)),
    (ConnectionState, dict(texts.CONNECTIONS)),
    (MatchReason, dict(texts.MATCH_REASONS)),
    (Act, dict(orders.ACTS)),
]


@pytest.mark.req("U26")
@pytest.mark.parametrize(("kind", "sentences"), SENTENCES)
def test_every_member_has_words(kind: type[StrEnum], sentences: dict) -> None:
    assert set(kind) == set(sentences)
    for sentence in sentences.values():
        said = str(sentence)
        assert said.strip()
        assert "!" not in said
        assert len(said) <= 300


def test_live_states_need_no_word_and_all_others_have_one() -> None:
    assert [one for one in ListingStatus if not texts.LISTING_STATES[one]] == [ListingStatus.ACTIVATE]
    assert [one for one in VariantStatus if not texts.VARIANT_STATES[one]] == [VariantStatus.ACTIVE]


@pytest.mark.req("U26")
@pytest.mark.parametrize("reason", [one for one in Reason if STANDING[one] in (Standing.HELD, Standing.PARKED)])
def test_what_a_person_must_mend_says_what_to_do_next(reason: Reason) -> None:
    assert texts.REASONS[reason].next
    assert "Nothing to do" not in texts.REASONS[reason].next


def test_unknown_reason_codes_are_shown_and_harmless() -> None:
    assert "&lt;!channel&gt;" in str(texts.reason("<!channel>"))
    assert texts.reason("unpaid") == texts.REASONS[Reason.UNPAID]


def test_errors_carry_the_reference() -> None:
    assert "`ab12`" in texts.failed("ab12")
    assert "Reference" not in texts.failed(None)
    assert "slow down" in texts.failed("ab12", "ratelimited")


@pytest.mark.req("U32")
@pytest.mark.parametrize("reason", ["guest", "stranger", "another"])
def test_a_refusal_says_who_may(reason: str) -> None:
    assert texts.no_right(reason).endswith("Ask a member of this workspace to do it.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (money("124"), "124.00 USD"),
        (money("2200", "JPY"), "2200 JPY"),
        (Money.parse("1.005", "USD"), "1.005 USD"),
        (None, "no price"),
    ],
)
def test_money_is_written_one_way(value: Money | None, expected: str) -> None:
    assert texts.money(value) == expected


def test_currencies_are_never_added() -> None:
    assert texts.sums([money("124"), money("80", "GBP")]) == "124.00 USD + 80.00 GBP"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (86_400, "1 day"), (200_000, "2 days")],
)
def test_ages(seconds: int, expected: str) -> None:
    assert texts.age(timedelta(seconds=seconds)) == expected


@pytest.mark.req("U30")
def test_times_are_in_the_readers_zone_with_a_fallback() -> None:
    assert texts.when(NOW) == f"<!date^{int(NOW.timestamp())}^{{date_short_pretty}} {{time}}|25 Nov 2026 09:00 UTC>"


def test_blocked_orders_in_words() -> None:
    assert texts.blocked(None) == ""
    assert texts.blocked(blocked(0)) == ""
    assert texts.blocked(blocked(1)).startswith("Blocks 1 order, 124.00 USD + 80.00 GBP, ships by <!date")
    assert "oldest ships by" in texts.blocked(blocked(3))


@pytest.mark.req("S26")
@pytest.mark.parametrize("sku", ["", "  ", "\u200b"])
def test_s26_a_missing_sku_is_said(sku: str) -> None:
    assert texts.sku(sku) == texts.plain_sku(sku) == "no SKU"


def test_who_acted() -> None:
    assert texts.by(ANA) == "by <@U0ANA>"
    assert texts.by(RULE) == "automatically"
    assert texts.mention("<!channel>") == "&lt;!channel&gt;"
