"""The order report says what the ledger says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ledger import Report, ReportLine, fold_report
from bot.domain.orders import STANDING, Reason, Standing
from bot.domain.values import OrderId
from bot.views import reports
from tests.views.build import LONG, NOW, all_text, entry, good_message, labels, money

HOUR = timedelta(hours=1)


def line(
    number: int, standing: Standing, reason: Reason | None = None, value: str = "12.00 USD", name: str = ""
) -> ReportLine:
    return ReportLine(OrderId(str(5764_0000 + number)), standing, reason, value, name)


def shown(report: Report) -> str:
    return good_message(reports.report(report, NOW, NOW + HOUR)).text


SEVEN = (*tuple(line(n, Standing.MIRRORED, name=f"#10{n}") for n in range(6)), line(6, Standing.ADOPTED))
HELD = (line(7, Standing.HELD, Reason.UNLINKED_SKU), line(8, Standing.HELD, Reason.UNLINKED_SKU, "20.00 GBP"))
FAILED = (line(9, Standing.PARKED, Reason.REFUSED_BY_SHOPIFY),)


@pytest.mark.req("B2")
def test_b2_counts_reasons_value_and_ids() -> None:
    message = good_message(reports.report(Report(SEVEN, HELD, FAILED), NOW, NOW + HOUR))
    assert message.text.startswith("7 mirrored · 2 held · 1 failed (1 adopted)")
    for part in (
        "Blocked: 24.00 USD + 20.00 GBP",
        "*Held, unlinked SKU: 2*",
        "`57640007` (12.00 USD), `57640008` (20.00 GBP)",
        "*Failed, refused by Shopify: 1*",
        "`57640009`",
        "*Mirrored: 7*",
        "`57640000` → #100",
        "`57640006` (adopted)",
    ):
        assert part in message.text
        assert part in all_text(message)
    assert "the order then goes on by itself" in message.text
    assert "<!date" in all_text(message)
    assert labels(message) == []


@pytest.mark.req("B2")
def test_b2_every_count_is_said_also_when_it_is_nought() -> None:
    assert shown(Report(SEVEN[:1], (), ())).startswith("1 mirrored · 0 held · 0 failed")
    assert "Blocked" not in shown(Report(SEVEN[:1], (), ()))


@pytest.mark.req("B2")
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([None, *Reason])), max_size=60))
def test_b2_the_headline_equals_the_fold_of_the_ledger(events: list[tuple[int, Reason | None]]) -> None:
    entries = [
        entry(minutes=n, order_id=OrderId(str(order)), standing=STANDING[r] if r else Standing.MIRRORED, reason=r)
        for n, (order, r) in enumerate(events)
    ]
    last = {order: STANDING[r] if r else Standing.MIRRORED for order, r in events}
    counts = [list(last.values()).count(one) for one in (Standing.MIRRORED, Standing.HELD, Standing.PARKED)]
    said = reports.headline(fold_report(entries))
    assert said == "{} mirrored · {} held · {} failed".format(*counts)


@pytest.mark.req("U31")
def test_u31_many_orders_and_reasons_fit_and_are_counted() -> None:
    stuck = [one for one in Reason if STANDING[one] in (Standing.HELD, Standing.PARKED)]
    lines = [
        ReportLine(OrderId(f"{n:030}"), STANDING[stuck[n % len(stuck)]], stuck[n % len(stuck)], LONG, LONG)
        for n in range(600)
    ]
    held = tuple(one for one in lines if one.standing is Standing.HELD)
    failed = tuple(one for one in lines if one.standing is Standing.PARKED)
    mirrored = tuple(line(n, Standing.MIRRORED, name=LONG) for n in range(500))
    text = all_text(good_message(reports.report(Report(mirrored, held, failed), NOW, NOW + HOUR)))
    assert f"500 mirrored · {len(held)} held · {len(failed)} failed" in text
    assert "+490 more" in text


@pytest.mark.parametrize("value", ["", "x", "12.00", "NaN USD", "12.00 USD"])
def test_values_that_are_missing_add_nothing(value: str) -> None:
    sums = reports.blocked_value([line(1, Standing.HELD, Reason.UNPAID, value), line(2, Standing.HELD, Reason.UNPAID)])
    assert sums[0] == money("24.00" if value == "12.00 USD" else "12.00")
    assert len(sums) == 1


def test_a_line_without_a_known_reason_is_still_listed() -> None:
    assert "*Held, no reason recorded: 1*" in shown(Report((), (line(1, Standing.HELD),), ()))
