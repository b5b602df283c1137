"""Undo: one person's last act is taken back whole, in one unit; what was sent outside goes back by a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain import rights
from bot.domain.catalogue import VariantStatus
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link, LinkState
from bot.domain.settings import DEFAULTS, as_text
from bot.domain.undo import (
    ITEM_KINDS,
    LINK_CHANGES,
    UNDO_WINDOW,
    UNDOABLE,
    StoodBefore,
    UndoPlan,
    UndoRefusal,
    UndoState,
    decide_undo,
    items_before,
    last_act,
    pushed_before,
    stood_before,
    took_by_rule,
)
from bot.domain.values import AUTO_LINK, Actor, WorkspaceId
from bot.store.db import Db, Taken, Unit
from bot.sync import linking

_LOOK_BACK = timedelta(days=1)  # an act that is older is not even said to be too old
_ALL = 1_000_000


@dataclass(frozen=True)
class Undone:
    """What was taken back; `links`: how many links of the rule went with a mode."""

    plan: UndoPlan
    links: int = 0


@dataclass(frozen=True)
class Refused:
    """Nothing changed."""

    reason: UndoRefusal
    entry: Entry | None = None


async def undo(db: Db, workspace: WorkspaceId, actor: Actor, entry_id: int | None = None) -> Undone | Refused:
    """Take this person's act back: the one given, or the last that still can be. Two clicks at once undo it once."""
    return await linking.settled(db, lambda u: _undo(u, workspace, actor, entry_id))


def wanted(u: Unit, workspace: WorkspaceId, actor: Actor, entry_id: int | None) -> Entry | None:
    """The entry that an undo would look at."""
    if entry_id is not None:
        return u.ledger.get(workspace, entry_id)
    acts = (*UNDOABLE, Act.UNDONE)
    since = u.now - _LOOK_BACK
    mine = u.ledger.page(workspace, acts=acts, actor_id=actor.id, since=since, newest_first=True)
    return last_act(mine)


def of_act(u: Unit, workspace: WorkspaceId, actor: Actor, *acts: Act) -> int | None:
    """This person's newest entry of these acts in the window: what the Undo button beside an answer carries."""
    since = u.now - UNDO_WINDOW
    found = u.ledger.page(workspace, acts=acts, actor_id=actor.id, since=since, newest_first=True, limit=1)
    return found[0].id if found else None


def is_of_rights(entry: Entry | None) -> bool:
    """Only admins take back who may link."""
    return entry is not None and entry.act is Act.SETTING_SET and entry.facts.get("name") == rights.SETTING


def _undo(u: Unit, workspace: WorkspaceId, actor: Actor, entry_id: int | None) -> Undone | Refused:
    entry = wanted(u, workspace, actor, entry_id)
    plan = decide_undo(entry, _later(u, workspace, entry), _state(u, workspace, actor, entry), u.now)
    if isinstance(plan, UndoRefusal):
        return Refused(plan, entry)
    if not u.inbox.first_time("undo", workspace, str(plan.entry.id), plan.entry.act):
        return Refused(UndoRefusal.ALREADY_UNDONE, entry)
    if plan.entry.act is Act.MODE_SET:
        return Undone(plan, _mode_back(u, workspace, plan, actor))
    if plan.entry.act is Act.SETTING_SET:
        u.settings.put(workspace, plan.entry.facts["name"], plan.setting)
        _record(u, workspace, plan.entry, actor, {"name": plan.entry.facts["name"]})
    else:
        _link_back(u, workspace, plan.entry, actor)
    return Undone(plan)


def _later(u: Unit, workspace: WorkspaceId, entry: Entry | None) -> list[Entry]:
    if entry is None or entry.act not in UNDOABLE:
        return []
    if entry.listing_id is not None:
        acts, ids = (*LINK_CHANGES, Act.UNDONE), [entry.listing_id]
        return u.ledger.page(workspace, acts=acts, listing_ids=ids, after_id=entry.id, limit=_ALL)
    return u.ledger.page(workspace, acts=(entry.act, Act.UNDONE), after_id=entry.id, limit=_ALL)


def _state(u: Unit, workspace: WorkspaceId, actor: Actor, entry: Entry | None) -> UndoState:
    """As it stands now; a setting's row is locked until the unit ends."""
    if entry is None or entry.act not in UNDOABLE:
        return UndoState(actor.id)
    if entry.act is Act.SETTING_SET:
        name = entry.facts["name"]
        return UndoState(actor.id, setting=as_text(u.settings.held(workspace, name, DEFAULTS.get(name))))
    if entry.act is Act.MODE_SET:
        shop = None if entry.shop_id is None else u.shops.get(entry.shop_id)
        ours = shop is not None and shop.workspace_id == workspace
        return UndoState(actor.id, mode=shop.mode if shop is not None and ours else None)
    link = None if entry.listing_id is None else u.links.get(entry.listing_id)
    before = stood_before(entry)
    variant = None if before is None else u.catalogue.variant(before.variant_id)
    gone = variant is None or variant.status is VariantStatus.DELETED
    return UndoState(actor.id, link, variant_gone=before is not None and gone)


def _record(u: Unit, workspace: WorkspaceId, entry: Entry, actor: Actor, facts: dict[str, str]) -> None:
    u.ledger.add(_undone_entry(u, workspace, entry, actor, facts))


def _undone_entry(u: Unit, workspace: WorkspaceId, entry: Entry, actor: Actor, facts: dict[str, str]) -> Entry:
    told = {"of": str(entry.id), "act": entry.act.value, **facts}
    return Entry(
        u.now, workspace, Act.UNDONE, actor, entry.shop_id, entry.store_id, entry.listing_id, entry.variant_id,
        facts=told,
    )  # fmt: skip


# --- links -----------------------------------------------------------------------------------------------------------


def _link_back(u: Unit, workspace: WorkspaceId, entry: Entry, actor: Actor) -> None:
    """The row, what counts as sent, and the alerts as they were; prices, stock and orders follow by jobs."""
    assert entry.listing_id is not None
    link, before = u.links.get(entry.listing_id), stood_before(entry)
    assert link is not None
    _row_back(u, link, before)
    u.pushes.restore(link.listing_id, pushed_before(entry))
    state = "" if before is None else before.state.value
    facts = {"state": state, "variant_sku": entry.facts.get("variant_sku", "")}
    _record(u, workspace, entry, actor, facts)
    _items_back(u, workspace, entry, actor)
    if state == LinkState.ACTIVE:
        u.jobs.add("push", link.listing_id, owner=link.shop_id)
        u.jobs.add_many("mirror", u.orders.stopped_by(link.listing_id), owner=link.shop_id)
    elif entry.act is Act.LINK:
        u.jobs.add("push_back", link.listing_id, owner=link.shop_id)
    u.jobs.add("prompt", link.shop_id, owner=workspace)


def _row_back(u: Unit, link: Link, before: StoodBefore | None) -> None:
    if before is None:
        done = u.links.remove(link)
    else:
        row = Link(
            link.listing_id, link.shop_id, before.variant_id, before.store_id, before.pack, before.state,
            before.origin, before.actor, u.now, link.version + 1,
        )  # fmt: skip
        done = u.links.save(row)
    if not done:
        raise Taken(f"link of {link.listing_id}")


def _items_back(u: Unit, workspace: WorkspaceId, entry: Entry, actor: Actor) -> None:
    assert entry.listing_id is not None
    listing = u.catalogue.listing(entry.listing_id)
    before = items_before(entry) if listing is not None and not listing.is_deleted else {}
    for kind in ITEM_KINDS:
        if kind in before:
            incident = u.incidents.reopen(workspace, kind, entry.listing_id, *before[kind])
            u.jobs.add("card", incident, owner=workspace)
        else:
            linking.close_items(u, workspace, (kind,), entry.listing_id, actor)


# --- mode ------------------------------------------------------------------------------------------------------------


def _mode_back(u: Unit, workspace: WorkspaceId, plan: UndoPlan, actor: Actor) -> int:
    """The mode, and the links that the rule made under it; then the rule looks again under the old mode."""
    entry = plan.entry
    assert entry.shop_id is not None
    u.shops.change(entry.shop_id, mode=plan.mode)
    made = _made_by_rule(u, workspace, entry)
    for one in made:
        _link_back(u, workspace, one, actor)
    _record(u, workspace, entry, actor, {"links": str(len(made)), "mode": plan.mode.value if plan.mode else ""})
    if plan.mode is None:
        _forget_told(u, workspace, entry, actor)
    u.jobs.add("match_all", workspace, owner=workspace)
    u.jobs.add("prompt", entry.shop_id, owner=workspace)
    return len(made)


def _made_by_rule(u: Unit, workspace: WorkspaceId, entry: Entry) -> Sequence[Entry]:
    """The newest LINK entry of each listing that the rule linked in this shop since, and that stands as made."""
    acts = (Act.LINK,)
    since = u.ledger.page(workspace, acts=acts, actor_id=AUTO_LINK.id, after_id=entry.id, limit=_ALL)
    newest = {one.listing_id: one for one in since if one.shop_id == entry.shop_id and one.listing_id is not None}
    links = u.links.many([key for key in newest if key is not None])
    return [one for key, one in newest.items() if key is not None and took_by_rule(one, links.get(key), AUTO_LINK)]


def _forget_told(u: Unit, workspace: WorkspaceId, entry: Entry, actor: Actor) -> None:
    """Without an answer no SKU is told as unlinked: close what was opened under the answer."""
    opened: dict[Any, bool] = {}
    for incident in u.incidents.open(workspace):
        for item in incident.open_items:
            if incident.kind is ITEM_KINDS[0]:
                opened[item.subject] = item.opened_at >= entry.at
    listings = u.catalogue.listings([subject for subject, since in opened.items() if since])
    for listing in listings.values():
        if listing.shop_id == entry.shop_id:
            linking.close_items(u, workspace, (ITEM_KINDS[0],), listing.id, actor)
