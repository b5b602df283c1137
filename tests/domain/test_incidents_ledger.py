"""Incidents gather for a minute; reports are folds of the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.incidents import GATHER, Incident, IncidentKind, Item, ItemState
from bot.domain.ledger import Act, Entry, Report, fold_report
from bot.domain.orders import STANDING, Reason, Standing
from bot.domain.values import LINKBOT, IncidentId, OrderId, WorkspaceId

from .build import ANNA, NOW

WORKSPACE = WorkspaceId("T1")
OPEN = Item("A", "no_match", ItemState.OPEN, NOW)
CLOSED = replace(OPEN, subject="B", state=ItemState.CLOSED, closed_at=NOW, closed_by=ANNA)


def incident(*items: Item) -> Incident:
    return Incident(IncidentId("1"), WORKSPACE, IncidentKind.UNLINKED, NOW, items)


@pytest.mark.parametrize(
    "later, joins",
    [(timedelta(0), True), (GATHER - timedelta(seconds=1), True), (GATHER, False), (timedelta(hours=1), False)],
)
def test_b1_an_alert_takes_in_what_arrives_within_the_minute(later: timedelta, joins: bool) -> None:
    assert incident(OPEN).takes_in(NOW + later) is joins


def test_b1_an_incident_is_closed_when_no_item_is_open() -> None:
    both = incident(OPEN, CLOSED)
    assert both.open_items == (OPEN,)
    assert not both.is_closed
    assert incident(CLOSED, CLOSED).is_closed


def entry(order_id: str, standing: Standing, reason: str | None = None, **facts: str) -> Entry:
    return Entry(NOW, WORKSPACE, Act.ORDER, LINKBOT, order_id=OrderId(order_id), standing=standing, reason=reason,
                 facts=facts)  # fmt: skip


def counts(report: Report) -> tuple[int, int, int]:
    return len(report.mirrored), len(report.held), len(report.failed)


@pytest.mark.req("B2")
def test_b2_each_order_counts_once_by_its_last_entry() -> None:
    report = fold_report(
        [
            entry("1", Standing.HELD, "unlinked_sku"),
            entry("2", Standing.MIRRORED),
            entry("1", Standing.MIRRORED, value="36.78 USD", shopify_name="#1001"),
            entry("3", Standing.ADOPTED),
            entry("4", Standing.PARKED, "refused_by_shopify"),
            entry("5", Standing.HELD, "broken_link"),
            entry("2", Standing.NOT_OURS, "cancelled"),
        ]
    )
    assert counts(report) == (2, 1, 1)
    assert report.adopted == 1
    first = report.mirrored[0]
    assert (first.order_id, first.value, first.shopify_name, first.reason) == ("1", "36.78 USD", "#1001", None)
    assert report.held[0].reason is Reason.BROKEN_LINK
    assert not report.is_empty


@pytest.mark.parametrize("reason", list(Reason))
def test_b2_waiting_and_not_ours_are_in_no_count(reason: Reason) -> None:
    report = fold_report([entry("1", STANDING[reason], reason.value)])
    expected = {Standing.HELD: (0, 1, 0), Standing.PARKED: (0, 0, 1)}.get(STANDING[reason], (0, 0, 0))
    assert counts(report) == expected
    assert report.is_empty is (expected == (0, 0, 0))


def test_b2_other_acts_and_orders_under_way_are_in_no_count() -> None:
    other = Entry(NOW, WORKSPACE, Act.REFERENCED, LINKBOT, order_id=OrderId("1"))
    assert fold_report([other, entry("2", Standing.SENDING)]).is_empty
    assert fold_report([]).is_empty


def test_a_reason_the_list_does_not_know_is_told_as_none() -> None:
    assert fold_report([entry("1", Standing.HELD, "from_an_older_version")]).held[0].reason is None
