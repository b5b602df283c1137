"""What stands beside an unlinked SKU: its suggestion, what people taught, for how long it is ignored, and a batch."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.catalogue import Listing
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkOrigin
from bot.domain.matching import Lessons, Suggestion, affix_of
from bot.domain.values import ListingId, Money, UserId, VariantId


class IgnoreFor(StrEnum):
    """How long a listing is left alone."""

    DAY = "day"
    WEEK = "week"
    CHANGE = "change"
    GOOD = "good"


class UnignoreReason(StrEnum):
    PERSON = "person"
    TIME_OVER = "time_over"
    CHANGED = "changed"
    LINKED = "linked"


_TIMES = {IgnoreFor.DAY: timedelta(days=1), IgnoreFor.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class Ignored:
    """A listing that a person wants no alert about. `seen`: how it looked then; `cause`: why it was alerted."""

    how: IgnoreFor
    by: UserId
    at: datetime
    seen: str
    cause: str

    @property
    def ends(self) -> datetime | None:
        return self.at + _TIMES[self.how] if self.how in _TIMES else None

    def is_over(self, now: datetime, seen: str) -> UnignoreReason | None:
        """Why it comes back now; None: it stays ignored."""
        if self.ends is not None and now >= self.ends:
            return UnignoreReason.TIME_OVER
        return UnignoreReason.CHANGED if self.how is IgnoreFor.CHANGE and seen != self.seen else None


def look_of(listing: Listing, owners: Iterable[VariantId], twins: int) -> str:
    """What "until it changes" watches: title, option, SKU, price, status, in stock or not, and equal SKUs."""
    price = "" if listing.price is None else f"{listing.price.text()} {listing.price.currency}"
    parts = [
        listing.title, listing.variation, listing.sku, price, listing.status.value, str(listing.quantity > 0),
        str(twins), *sorted(owners),
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True)
class Hint:
    """What is known about one unlinked listing. An ambiguous SKU has no `best`: only a person may choose there."""

    best: Suggestion | None = None
    ignored: Ignored | None = None
    is_ambiguous: bool = False


@dataclass(frozen=True)
class Memory:
    """What the people of a workspace accepted and refused."""

    accepted: Mapping[str, int] = field(default_factory=dict[str, int])
    refused: Mapping[str, int] = field(default_factory=dict[str, int])
    pairs: Mapping[ListingId, frozenset[VariantId]] = field(default_factory=dict[ListingId, frozenset[VariantId]])

    def lessons(self, listing_id: ListingId) -> Lessons:
        return Lessons(self.accepted, self.refused, self.pairs.get(listing_id, frozenset()))


def remember(entries: Iterable[Entry]) -> Memory:
    """From LINK (by hand), SUGGESTION_PRAISED and SUGGESTION_REFUSED entries; each pair teaches once."""
    accepted, refused = Counter[str](), Counter[str]()
    pairs: dict[ListingId, set[VariantId]] = {}
    told: set[tuple[object, ...]] = set()
    for entry in entries:
        is_no = entry.act is Act.SUGGESTION_REFUSED
        if entry.act is Act.LINK and entry.facts.get("origin") != LinkOrigin.HAND:
            continue
        if is_no and entry.listing_id and entry.variant_id:
            pairs.setdefault(entry.listing_id, set()).add(entry.variant_id)
        key = (is_no, entry.listing_id, entry.variant_id)
        affix = affix_of(entry.facts.get("sku", ""), entry.facts.get("variant_sku", ""))
        if affix and key not in told:
            told.add(key)
            (refused if is_no else accepted)[affix] += 1
    return Memory(accepted, refused, {key: frozenset(found) for key, found in pairs.items()})


@dataclass(frozen=True)
class Pair:
    """One link that accepting all would make."""

    listing: Listing
    suggestion: Suggestion
    price_after: Money | None  # None: the price stays

    @property
    def changes_price(self) -> bool:
        return self.price_after is not None and self.price_after != self.listing.price


@dataclass(frozen=True)
class AcceptPlan:
    """Every pair with a high suggestion, the least sure first. `looked` of `unlinked` SKUs were looked at."""

    pairs: Sequence[Pair]
    looked: int
    unlinked: int

    @property
    def digest(self) -> str:
        rows = sorted(f"{pair.listing.id}\x1f{pair.suggestion.variant.id}" for pair in self.pairs)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


@dataclass(frozen=True)
class Accepted:
    """What became of an applied plan."""

    linked: int
    refused: int
