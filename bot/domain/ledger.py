"""The ledger: append-only facts, the only source of counts; and the folds that turn them into reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.orders import Reason, Standing
from bot.domain.values import Actor, ListingId, OrderId, ShopId, StoreId, VariantId, WorkspaceId


class Act(StrEnum):
    """What happened. Every decision and every effect outside is one of these."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    IMPORTED = "imported"
    MODE_SET = "mode_set"
    LINK = "link"
    UNLINK = "unlink"
    LINK_BROKEN = "link_broken"
    LINK_MENDED = "link_mended"
    REFUSED = "refused"  # a person tried what they may not or what was no longer possible
    PUSHED = "pushed"
    PUSH_SKIPPED = "push_skipped"
    ORDER = "order"  # the order's standing changed; `standing` and `reason` say to what
    MIRROR_ASKED = "mirror_asked"  # a person pressed Mirror now
    REFERENCED = "referenced"  # our reference was written on the TikTok order
    CANCELLED = "cancelled"  # the mirrored Shopify order was cancelled because TikTok's was
    OVERSOLD = "oversold"
    PARKED = "parked"  # a job other than an order's needs a person
    PAUSED = "paused"
    RESUMED = "resumed"
    ERASED = "erased"  # buyer data deleted
    SETTING_SET = "setting_set"  # `facts`: name, and before and after as JSON text
    IGNORED = "ignored"  # a person wants no alert about a listing; reason: for how long
    UNIGNORED = "unignored"  # reason: a person, its time or a change ended it
    SUGGESTION_REFUSED = "suggestion_refused"  # a person said no to a pair; facts: sku, variant_sku
    SUGGESTION_PRAISED = "suggestion_praised"  # a person called a pair right; facts as above
    HEALTH = "health"  # the day's counts of the catalogue, for the trend
    UNDONE = "undone"  # `facts`: of (the entry's id) and act; for a link `state`, how it stands again


@dataclass(frozen=True)
class Entry:
    """One fact. `at` UTC. `facts` holds decimal text, ids and codes, never a buyer's name, address, phone or e-mail."""

    at: datetime
    workspace_id: WorkspaceId
    act: Act
    actor: Actor
    shop_id: ShopId | None = None
    store_id: StoreId | None = None
    listing_id: ListingId | None = None
    variant_id: VariantId | None = None
    order_id: OrderId | None = None
    standing: Standing | None = None
    reason: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    id: int | None = None  # given by the store, rising


@dataclass(frozen=True)
class ReportLine:
    """One order in a report. `value`: decimal text with currency, as the ledger tells it."""

    order_id: OrderId
    standing: Standing
    reason: Reason | None
    value: str
    shopify_name: str


@dataclass(frozen=True)
class Report:
    """What became of the orders of a window; each order once, by its last entry in it."""

    mirrored: tuple[ReportLine, ...]
    held: tuple[ReportLine, ...]
    failed: tuple[ReportLine, ...]

    @property
    def adopted(self) -> int:
        return sum(line.standing is Standing.ADOPTED for line in self.mirrored)

    @property
    def is_empty(self) -> bool:
        return not (self.mirrored or self.held or self.failed)


def fold_report(entries: Iterable[Entry]) -> Report:
    """Counts of a window from its ORDER entries in ledger order. Waiting and not-ours orders are in no count (B2)."""
    last: dict[OrderId, Entry] = {}
    for entry in entries:
        if entry.act is Act.ORDER and entry.order_id is not None:
            last[entry.order_id] = entry
    lines = [_line(entry) for entry in last.values()]
    return Report(
        mirrored=tuple(x for x in lines if x.standing in (Standing.MIRRORED, Standing.ADOPTED)),
        held=tuple(x for x in lines if x.standing is Standing.HELD),
        failed=tuple(x for x in lines if x.standing is Standing.PARKED),
    )


def _line(entry: Entry) -> ReportLine:
    assert entry.order_id is not None
    assert entry.standing is not None
    reason = Reason(entry.reason) if entry.reason in set(Reason) else None
    facts = entry.facts
    return ReportLine(entry.order_id, entry.standing, reason, facts.get("value", ""), facts.get("shopify_name", ""))
