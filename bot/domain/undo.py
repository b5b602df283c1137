"""Undo: which act of a person can be taken back, what stood before it, and what goes back to TikTok."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.incidents import IncidentKind, Item
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link, LinkMode, LinkOrigin, LinkState
from bot.domain.pushes import Pushed
from bot.domain.values import Actor, ActorKind, Money, Origin, StoreId, VariantId

UNDO_WINDOW = timedelta(minutes=10)
"""How long after an act its person may take it back (N4)."""

UNDOABLE = (Act.LINK, Act.UNLINK, Act.MODE_SET, Act.SETTING_SET)
LINK_CHANGES = (Act.LINK, Act.UNLINK, Act.LINK_BROKEN, Act.LINK_MENDED)
ITEM_KINDS = (IncidentKind.UNLINKED, IncidentKind.LINK_BROKEN, IncidentKind.PUSH_STUCK)
"""Items about a listing that a link or an unlink opens or closes."""


class UndoRefusal(StrEnum):
    """Why nothing was taken back."""

    NOTHING_TO_UNDO = "nothing_to_undo"
    WINDOW_OVER = "window_over"
    CHANGED_SINCE = "changed_since"  # the link, mode or setting is not what the act made of it any more
    ALREADY_UNDONE = "already_undone"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True)
class StoodBefore:
    """A link's row as it stood before an act, but for its version and time."""

    state: LinkState
    variant_id: VariantId
    store_id: StoreId
    pack: int
    origin: LinkOrigin
    actor: Actor


@dataclass(frozen=True)
class UndoState:
    """What stands now where the entry acted. `setting`: JSON text. `variant_gone`: of the link that would come back."""

    asker: str
    link: Link | None = None
    mode: LinkMode | None = None
    setting: str = ""
    variant_gone: bool = False


@dataclass(frozen=True)
class UndoPlan:
    """Take this entry back: the link's row, the mode or the setting becomes what it was."""

    entry: Entry
    link: StoodBefore | None = None
    mode: LinkMode | None = None
    setting: Any = None


def decide_undo(entry: Entry | None, later: Sequence[Entry], state: UndoState, now: datetime) -> UndoPlan | UndoRefusal:
    """May `entry` be taken back? `later`: entries after it about the same listing, shop or settings, in any order."""
    if entry is None or entry.act not in UNDOABLE:
        return UndoRefusal.NOTHING_TO_UNDO
    if entry.actor.kind is not ActorKind.PERSON or entry.actor.id != state.asker:
        return UndoRefusal.NOT_YOURS
    taken_back = undone_ids(later)
    if str(entry.id) in taken_back:
        return UndoRefusal.ALREADY_UNDONE
    if now - entry.at > UNDO_WINDOW:
        return UndoRefusal.WINDOW_OVER
    before = stood_before(entry)
    touched = any(_touches(one, entry) for one in later if str(one.id) not in taken_back)
    dead = before is not None and before.state is LinkState.ACTIVE and state.variant_gone
    if touched or dead or not _stands_as_made(entry, state):
        return UndoRefusal.CHANGED_SINCE
    mode = entry.facts.get("was") if entry.act is Act.MODE_SET else None
    setting = json.loads(entry.facts["before"]) if entry.act is Act.SETTING_SET else None
    return UndoPlan(entry, before, LinkMode(mode) if mode else None, setting)


def undone_ids(entries: Iterable[Entry]) -> set[str]:
    """Ids of the entries that these entries took back."""
    return {entry.facts.get("of", "") for entry in entries if entry.act is Act.UNDONE}


def last_act(newest_first: Sequence[Entry]) -> Entry | None:
    """The newest of one person's acts that can be undone and was not."""
    taken_back = undone_ids(newest_first)
    return next((e for e in newest_first if e.act in UNDOABLE and str(e.id) not in taken_back), None)


def _touches(later: Entry, entry: Entry) -> bool:
    if entry.act is Act.MODE_SET:
        return later.act is Act.MODE_SET and later.shop_id == entry.shop_id
    if entry.act is Act.SETTING_SET:
        return later.act is Act.SETTING_SET and later.facts.get("name") == entry.facts.get("name")
    return later.act in LINK_CHANGES and later.listing_id == entry.listing_id


def _stands_as_made(entry: Entry, state: UndoState) -> bool:
    if entry.act is Act.MODE_SET:
        return state.mode is not None and state.mode.value == entry.facts.get("mode")
    if entry.act is Act.SETTING_SET:
        return state.setting == entry.facts.get("after")
    made = LinkState.ACTIVE if entry.act is Act.LINK else LinkState.TOMBSTONE
    link = state.link
    return link is not None and link.state is made and link.variant_id == entry.variant_id


def took_by_rule(entry: Entry, link: Link | None, rule: Actor) -> bool:
    """Did the rule make this link with this entry, and does it stand unchanged?"""
    if entry.act is not Act.LINK or entry.actor.id != rule.id or link is None:
        return False
    same = link.origin is LinkOrigin.AUTO and link.actor.id == rule.id and link.variant_id == entry.variant_id
    return link.is_active and same


# --- what an act keeps of the state before it ------------------------------------------------------------------------


def link_facts(old: Link | None) -> dict[str, str]:
    """For a LINK entry: the row that stood before."""
    if old is None:
        return {}
    return {
        "before_state": old.state.value,
        "before_variant": old.variant_id,
        "before_store": old.store_id,
        "before_pack": str(old.pack),
        "before_origin": old.origin.value,
        "before_actor": _actor_text(old.actor),
    }


def unlink_facts(old: Link) -> dict[str, str]:
    """For an UNLINK entry, which itself names variant and store."""
    made_by = _actor_text(old.actor)
    return {"pack": str(old.pack), "was": old.state.value, "origin": old.origin.value, "made_by": made_by}


def kept_facts(pushed: Pushed | None, items: Sequence[tuple[IncidentKind, Item]]) -> dict[str, str]:
    """What was pushed last and which items stood open."""
    facts: dict[str, str] = {}
    if pushed is not None and pushed.price is not None:
        facts["before_price"] = f"{pushed.price.amount} {pushed.price.currency}"
    if pushed is not None and pushed.stock is not None:
        facts["before_stock"] = str(pushed.stock)
    if items:
        rows = [[kind.value, item.cause, dict(item.facts)] for kind, item in items]
        facts["before_items"] = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
    return facts


def stood_before(entry: Entry) -> StoodBefore | None:
    """The link's row before this LINK or UNLINK; None: there was none."""
    facts = entry.facts
    if entry.act is Act.LINK and "before_state" in facts:
        return StoodBefore(
            LinkState(facts["before_state"]), VariantId(facts["before_variant"]), StoreId(facts["before_store"]),
            int(facts["before_pack"]), LinkOrigin(facts["before_origin"]), _actor(facts["before_actor"]),
        )  # fmt: skip
    if entry.act is Act.UNLINK and entry.variant_id is not None and entry.store_id is not None:
        made_by = _actor(facts["made_by"]) if "made_by" in facts else entry.actor
        return StoodBefore(
            LinkState(facts.get("was", LinkState.ACTIVE)), entry.variant_id, entry.store_id,
            int(facts.get("pack", "1")), LinkOrigin(facts.get("origin", LinkOrigin.HAND)), made_by,
        )  # fmt: skip
    return None


def pushed_before(entry: Entry) -> Pushed | None:
    """What counted as sent last before this LINK or UNLINK."""
    price, stock = entry.facts.get("before_price", ""), entry.facts.get("before_stock", "")
    if not price and not stock:
        return None
    return Pushed(money_of(price), int(stock) if stock else None)


def items_before(entry: Entry) -> dict[IncidentKind, tuple[str, Mapping[str, str]]]:
    """Open items about the listing before this LINK or UNLINK: cause and facts by kind."""
    rows = json.loads(entry.facts.get("before_items", "[]"))
    return {IncidentKind(kind): (str(cause), facts) for kind, cause, facts in rows}


def _actor_text(actor: Actor) -> str:
    return json.dumps([actor.kind.value, actor.id, actor.origin.value], separators=(",", ":"), ensure_ascii=False)


def _actor(text: str) -> Actor:
    kind, name, origin = json.loads(text)
    return Actor(ActorKind(kind), name, Origin(origin))


def money_of(text: str) -> Money | None:
    """ "19.99 USD", as entries tell it."""
    amount, _, currency = text.partition(" ")
    return Money.parse(amount, currency) if amount and currency else None


# --- what goes back to TikTok ----------------------------------------------------------------------------------------


def price_back(before: Money | None, sent: Money | None, seen: Money | None) -> Money | None:
    """The price to write again; None: leave it, somebody set another one there since, or it stands already."""
    return before if before is not None and seen == sent and seen != before else None


def stock_back(before: int | None, sent: int | None, seen: int) -> int | None:
    """The stock to write again, less what TikTok sold since we sent ours; None: leave it.

    A number beyond the one we sent, or one back at the old level, was set by somebody (or by us, before a crash).
    """
    if before is None or sent is None or seen > sent or seen <= before < sent:
        return None
    back = max(0, before - (sent - seen))
    return None if back == seen else back
