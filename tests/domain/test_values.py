"""Money is exact, splits add up, ids and actors are plain."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.values import Money, minor_units, per_unit, share, total

from .build import money

CURRENCIES = ("USD", "GBP", "JPY", "VND", "KWD")
fast = settings(max_examples=150, deadline=None, database=None, derandomize=True)


@st.composite
def amounts(draw: st.DrawFn) -> Money:
    currency = draw(st.sampled_from(CURRENCIES))
    return Money(Decimal(draw(st.integers(0, 10**9))).scaleb(-minor_units(currency)), currency)


@pytest.mark.parametrize("currency, decimals", [("USD", 2), ("VND", 0), ("JPY", 0), ("IDR", 0), ("KWD", 3), ("XYZ", 2)])
def test_decimals_of_a_currency(currency: str, decimals: int) -> None:
    assert minor_units(currency) == decimals
    assert Money.zero(currency).step == Decimal(1).scaleb(-decimals)


@pytest.mark.parametrize(
    "text, currency, shown",
    [
        ("19.99", "USD", "19.99"),
        ("10", "usd", "10.00"),
        ("10.0", "USD", "10.00"),
        ("", "USD", "0.00"),
        ("553169", "VND", "553169"),
        ("2200.00", "JPY", "2200"),  # a store tells yen with two decimals; they are not a hundredfold
        ("1.5", "KWD", "1.500"),
        ("3.335", "USD", "3.335"),  # finer than a cent stays visible
        ("1E+3", "USD", "1000.00"),
        ("-4.00", "USD", "-4.00"),
    ],
)
def test_s33_money_is_read_and_told_exactly(text: str, currency: str, shown: str) -> None:
    assert money(text, currency).text() == shown
    assert money(text, currency).currency == currency.upper()


@pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1,5", " ", "10 USD"])
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money(text)


def test_equal_amounts_are_equal_and_hash_alike() -> None:
    assert money("10.0") == money("10.00")
    assert len({money("10.0"), money("10.00"), money("10", "EUR")}) == 2


@pytest.mark.parametrize("text, rounded", [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01")])
def test_rounding_is_half_up(text: str, rounded: str) -> None:
    assert money(text).rounded() == money(rounded)
    assert not money(text).is_whole_steps


def test_currencies_do_not_mix() -> None:
    for mix in (lambda: money("1") + money("1", "EUR"), lambda: money("1") - money("1", "EUR")):
        with pytest.raises(ValueError, match="do not add up"):
            mix()
    with pytest.raises(ValueError, match="do not add up"):
        total([money("1", "EUR")], "USD")


def test_sums_and_products() -> None:
    assert money("1.10") + money("2.20") - money("0.30") == money("3.00")
    assert money("3.33") * 3 == money("9.99")
    assert money("10.00") * Decimal("0.5") == money("5.00")
    assert total([], "JPY") == money("0", "JPY")


@pytest.mark.parametrize(
    "whole, weights, parts",
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("10.00", ["2", "1"], ["6.67", "3.33"]),
        ("0.01", ["1", "1"], ["0.01", "0.00"]),
        ("0.00", ["1", "2"], ["0.00", "0.00"]),
        ("9.00", ["0", "0"], ["4.50", "4.50"]),  # nothing to weigh by: equal parts
        ("9.00", ["0", "5"], ["0.00", "9.00"]),
        ("5.00", ["7"], ["5.00"]),
        ("5.00", [], []),
        ("1.005", ["1", "1"], ["0.505", "0.50"]),  # the rest below a cent is kept, not lost
    ],
)
def test_a_sum_is_shared_by_weight(whole: str, weights: list[str], parts: list[str]) -> None:
    assert share(money(whole), [Decimal(w) for w in weights]) == [money(p) for p in parts]


@fast
@given(amounts(), st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_shares_add_up_in_whole_steps_and_lie_within_a_step_of_their_due(whole: Money, weights: list[int]) -> None:
    parts = share(whole, [Decimal(w) for w in weights])
    assert total(parts, whole.currency) == whole
    assert all(part.is_whole_steps and part.amount >= 0 for part in parts)
    heavy = sum(weights)
    for part, weight in zip(parts, weights):
        due = whole.amount * weight / heavy if heavy else whole.amount / len(weights)
        assert abs(part.amount - due) <= whole.step * 2


@pytest.mark.parametrize(
    "whole, units, rows",
    [
        ("10.00", 3, [(1, "3.34"), (2, "3.33")]),
        ("10.00", 2, [(2, "5.00")]),
        ("0.00", 6, [(6, "0.00")]),
        ("0.02", 3, [(2, "0.01"), (1, "0.00")]),
        ("54.00", 12, [(12, "4.50")]),
        ("1.005", 3, [(3, "0.335")]),  # finer than a cent: only an exact division tells it
    ],
)
def test_unit_prices_of_a_sum(whole: str, units: int, rows: list[tuple[int, str]]) -> None:
    assert per_unit(money(whole), units) == [(count, money(price)) for count, price in rows]


def test_no_units_no_price() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        per_unit(money("1"), 0)


@fast
@given(amounts(), st.integers(1, 500))
def test_unit_prices_add_up_and_differ_by_one_step_at_most(whole: Money, units: int) -> None:
    rows = per_unit(whole, units)
    assert sum(count for count, _ in rows) == units
    assert total([price * count for count, price in rows], whole.currency) == whole
    assert len(rows) <= 2
    assert all(price.is_whole_steps for _, price in rows)
    assert rows[0][1].amount - rows[-1][1].amount in (0, whole.step)
