"""Incidents: one cause that needs a person, its items, and what its one message says now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.values import Actor, IncidentId, WorkspaceId

GATHER = timedelta(minutes=1)
"""An alert goes out at once and takes in what arrives within the minute; the next cause after it gets its own."""


class IncidentKind(StrEnum):
    UNLINKED = "unlinked"  # items: listings
    OVERSOLD = "oversold"  # items: variants
    CURRENCY_MISMATCH = "currency_mismatch"  # item: shop and store
    CONNECTION_LOST = "connection_lost"  # item: shop or store
    ORDERS_STUCK = "orders_stuck"  # items: parked orders
    PUSH_STUCK = "push_stuck"  # items: listings whose price or stock TikTok refuses
    LINK_BROKEN = "link_broken"  # items: listings


class ItemState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class UnlinkedCause(StrEnum):
    """Why a listing has no link; the cause of an UNLINKED item."""

    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    NO_SKU = "no_sku"
    MANUAL_MODE = "manual_mode"
    UNLINKED_BY_PERSON = "unlinked_by_person"


@dataclass(frozen=True)
class Item:
    """One thing of an incident. `subject` is the id the incident's kind names. Times UTC."""

    subject: str
    cause: str
    state: ItemState
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: Actor | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Incident:
    """One cause, one message. `channel` and `ts` are None until the message stands in Slack; `items` oldest first."""

    id: IncidentId
    workspace_id: WorkspaceId
    kind: IncidentKind
    opened_at: datetime
    items: tuple[Item, ...]
    channel: str | None = None
    ts: str | None = None

    @property
    def open_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.state is ItemState.OPEN)

    @property
    def is_closed(self) -> bool:
        return not self.open_items

    def takes_in(self, now: datetime) -> bool:
        """May a new item of the same kind still join this message?"""
        return now < self.opened_at + GATHER
