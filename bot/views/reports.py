"""The order report: counts that equal the ledger, with reasons, blocked value and order ids (B2)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.domain.ledger import Report, ReportLine
from bot.domain.orders import Reason, Standing
from bot.domain.values import Money
from bot.views import texts
from bot.views.blocks import Message, code, context, dots, esc, first, lines, more, section

IDS = 10
"""Order ids named per reason, fewer when there are many reasons; the rest is counted."""


def report(
    report: Report, since: datetime, until: datetime, values: Mapping[str, Money] | Sequence[Money] | None = None
) -> Message:
    """ "7 mirrored · 2 held · 1 failed" for a window. `values`: what held and failed orders are worth."""
    counts = headline(report)
    stuck = [*report.held, *report.failed]
    given = list(values.values()) if isinstance(values, Mapping) else list(values or blocked_value(stuck))
    worth = f"Blocked: {texts.sums(given)}" if given and stuck else ""
    told = [*_by_reason("Held", report.held), *_by_reason("Failed", report.failed), _mirrored(report)]
    told = [text for text in told if text]
    blocks = [section(lines(f"*{counts}*", worth)), *(section(text) for text in told), context(_window(since, until))]
    return Message(lines(counts, worth, *told), blocks)


def blocked_value(orders: Sequence[ReportLine]) -> list[Money]:
    """What these orders are worth, one sum per currency, biggest first; read from their lines ("124.00 USD")."""
    sums: dict[str, Money] = {}
    for line in orders:
        amount, _, currency = line.value.partition(" ")
        try:
            money = Money.parse(amount, currency)
        except ValueError:
            continue  # an entry without a value adds nothing
        if currency:
            sums[money.currency] = sums.get(money.currency, Money.zero(money.currency)) + money
    return sorted(sums.values(), key=lambda money: money.amount, reverse=True)


def headline(report: Report) -> str:
    """The three counts, always all three; adopted orders are among the mirrored and said beside them."""
    parts = [f"{len(report.mirrored)} mirrored", f"{len(report.held)} held", f"{len(report.failed)} failed"]
    return dots(*parts) + (f" ({report.adopted} adopted)" if report.adopted else "")


def _by_reason(word: str, orders: Sequence[ReportLine]) -> list[str]:
    """A paragraph per reason: what it is, what to do, which orders; most orders first."""
    groups: dict[Reason | None, list[ReportLine]] = {}
    for line in orders:
        groups.setdefault(line.reason, []).append(line)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [_group(word, reason, group, IDS if len(ordered) <= 4 else 3) for reason, group in ordered]


def _group(word: str, reason: Reason | None, orders: Sequence[ReportLine], ids: int) -> str:
    sentence = texts.reason(reason)
    short = texts.SHORT_REASONS[reason] if reason else "no reason recorded"
    shown, left = first(orders, ids)
    named = [code(line.order_id, 32) + _worth(line) for line in shown]
    return lines(
        f"*{word}, {short}: {len(orders)}*", f"{sentence}" if reason else "", ", ".join([*named, *_rest(left)])
    )


def _worth(line: ReportLine) -> str:
    return f" ({esc(line.value, 32)})" if line.value else ""


def _mirrored(report: Report) -> str:
    if not report.mirrored:
        return ""
    shown, left = first(report.mirrored, IDS)
    named = [
        code(line.order_id, 32)
        + (f" → {esc(line.shopify_name, 32)}" if line.shopify_name else "")
        + (" (adopted)" if line.standing is Standing.ADOPTED else "")
        for line in shown
    ]
    return lines(f"*Mirrored: {len(report.mirrored)}*", ", ".join([*named, *_rest(left)]))


def _rest(left: int) -> list[str]:
    return [more(left)] if left else []


def _window(since: datetime, until: datetime) -> str:
    """From its first to its last minute; the clock stands once in UTC for readers without Slack's help."""
    end = until.astimezone(UTC)
    return f"Orders from {texts.when(since)} to {texts.when(end)}. Details: `/link orders`"
