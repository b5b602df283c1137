"""Ids, money and actors: the smallest values every other room uses."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import NewType

ShopId = NewType("ShopId", str)
"""A TikTok shop's id."""
StoreId = NewType("StoreId", str)
"""A Shopify store's `….myshopify.com` domain."""
ListingId = NewType("ListingId", str)
"""A TikTok SKU id; TikTok gives it once over all shops."""
VariantId = NewType("VariantId", str)
"""A Shopify variant's gid; Shopify gives it once over all stores."""
OrderId = NewType("OrderId", str)
"""A TikTok order id."""
WorkspaceId = NewType("WorkspaceId", str)
"""A Slack workspace (team) id."""
UserId = NewType("UserId", str)
"""A Slack user id."""
IncidentId = NewType("IncidentId", str)

# ISO 4217 minor units where they are not two; TikTok sends VND, IDR, JPY without decimals.
_MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IDR": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3,
    "TND": 3,
}  # fmt: skip


def minor_units(currency: str) -> int:
    """Decimals this currency is paid in."""
    return _MINOR_UNITS.get(currency, 2)


@dataclass(frozen=True, order=True)
class Money:
    """An exact amount in major units of `currency` (ISO code). `Money("10.0")` equals `Money("10.00")`."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read decimal text such as "19.99". Raises ValueError when it is not a finite number."""
        try:
            amount = Decimal(text or "0")
        except InvalidOperation as error:
            raise ValueError(f"not an amount: {text!r}") from error
        if not amount.is_finite():
            raise ValueError(f"not an amount: {text!r}")
        return cls(amount, currency.upper())

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(Decimal(0), currency)

    @property
    def step(self) -> Decimal:
        """The smallest amount of this currency, e.g. 0.01."""
        return Decimal(1).scaleb(-minor_units(self.currency))

    def rounded(self) -> "Money":
        """Half up, to what the currency is paid in."""
        return Money(self.amount.quantize(self.step, ROUND_HALF_UP), self.currency)

    @property
    def is_whole_steps(self) -> bool:
        return self.rounded().amount == self.amount

    def text(self) -> str:
        """Decimal text with the currency's decimals ("2200" for JPY); more are kept when the amount has them."""
        return str(self.rounded().amount) if self.is_whole_steps else f"{self.amount.normalize():f}"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: int | Decimal) -> "Money":
        return Money(self.amount * factor, self.currency)

    def _same(self, other: "Money") -> None:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")


def total(parts: "list[Money] | tuple[Money, ...]", currency: str) -> Money:
    """Sum of amounts that are all in `currency`."""
    result = Money.zero(currency)
    for part in parts:
        result = result + part
    return result


def share(whole: Money, weights: list[Decimal]) -> list[Money]:
    """Split `whole` by weights so that the parts add up exactly, in whole steps of the currency.

    What does not divide goes, a step at a time, to the first parts. Equal parts when all weights are 0.
    """
    if not weights:
        return []
    if sum(weights) <= 0:
        weights = [Decimal(1)] * len(weights)
    step, heavy = whole.step, sum(weights)
    steps = [(whole.amount * weight / heavy) // step for weight in weights]
    left = whole.amount - sum(steps) * step
    parts = [count * step for count in steps]
    index = 0
    while left >= step:
        parts[index % len(parts)] += step
        left -= step
        index += 1
    parts[0] += left  # a rest below one step stays visible instead of being lost
    return [Money(part, whole.currency) for part in parts]


def per_unit(whole: Money, units: int) -> list[tuple[int, Money]]:
    """`units` pieces worth `whole` together, as at most two (count, unit price) rows that add up exactly.

    >>> [(n, m.text()) for n, m in per_unit(Money.parse("10.00", "USD"), 3)]
    [(1, '3.34'), (2, '3.33')]
    """
    if units < 1:
        raise ValueError("units must be at least 1")
    step = whole.step
    low = (whole.amount / units) // step * step
    extra, rest = divmod(whole.amount - low * units, step)
    more = int(extra)
    rows = [(more, Money(low + step, whole.currency)), (units - more, Money(low, whole.currency))]
    if rest:  # a sum finer than the currency's step: only an exact division can tell it
        return [(units, Money(whole.amount / units, whole.currency))]
    return [row for row in rows if row[0]]


class ActorKind(StrEnum):
    PERSON = "person"
    RULE = "rule"  # auto-link, push on edit: something a person switched on
    SYSTEM = "system"  # polls, webhooks, clean-up


class Origin(StrEnum):
    """Where an act came from."""

    SLACK = "slack"
    CLI = "cli"
    WEBHOOK = "webhook"
    POLL = "poll"
    JOB = "job"


@dataclass(frozen=True)
class Actor:
    """Who acted. `id` is a Slack user id for a person, else the rule's name."""

    kind: ActorKind
    id: str
    origin: Origin = Origin.SLACK


AUTO_LINK = Actor(ActorKind.RULE, "auto-link", Origin.JOB)
LINKBOT = Actor(ActorKind.SYSTEM, "linkbot", Origin.JOB)


class Right(StrEnum):
    """What an act needs of the person."""

    READ = "read"
    LINK = "link"
    ADMIN = "admin"  # only workspace admins and owners


def plain_id(gid: str) -> str:
    """The number in a Shopify global id, as Shopify's own pages, webhooks and other apps write it."""
    return gid.rpartition("/")[2]
