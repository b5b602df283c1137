"""**Undo**: its button, what was taken back in words, and why nothing was."""

import json
from collections.abc import Mapping

from bot.domain.board import ProductRow
from bot.domain.connections import Shop
from bot.domain.ledger import Act
from bot.domain.links import LinkMode, LinkState
from bot.domain.settings import PUSH_ON_LINK
from bot.domain.undo import UNDO_WINDOW, UndoPlan, UndoRefusal
from bot.views import texts
from bot.views.blocks import Json, Message, actions, bold, button, code, lines, section
from bot.views.ids import Action, Target, pack

_MINUTES = int(UNDO_WINDOW.total_seconds() // 60)

REFUSALS: Mapping[UndoRefusal, texts.Sentence] = {
    UndoRefusal.NOTHING_TO_UNDO: texts.Sentence(
        "There is nothing to undo.", "Undo takes back your own links, unlinks, modes and settings."
    ),
    UndoRefusal.WINDOW_OVER: texts.Sentence(
        f"This was more than {_MINUTES} minutes ago, so it can't be undone any more.", "Change it by hand."
    ),
    UndoRefusal.CHANGED_SINCE: texts.Sentence(
        "It was changed again since, so nothing was undone.", "Type `/link history SKU` or `/link settings` to see how."
    ),
    UndoRefusal.ALREADY_UNDONE: texts.Sentence("This was undone already.", "Nothing was changed."),
    UndoRefusal.NOT_YOURS: texts.Sentence("Somebody else did this, so only they can undo it.", "Nothing was changed."),
}

MODES: Mapping[LinkMode | None, str] = {
    LinkMode.AUTO: "links automatically again",
    LinkMode.MANUAL: "is linked by hand again",
    None: "has no answer again, so nothing is linked automatically",
}


def undo_button(entry_id: int | None) -> Json | None:
    """None where nothing was entered that could be taken back."""
    return None if entry_id is None else button("Undo", Action.UNDO, pack(Target.UNDO, entry=entry_id))


def undo_row(entry_id: int | None) -> list[Json]:
    """The button as a block of its own, or no block."""
    shown = undo_button(entry_id)
    return [] if shown is None else [actions(shown)]


def done(plan: UndoPlan, row: ProductRow | None, shop: Shop | None, links: int) -> Message:
    """What was taken back. `links`: those of the rule that went with a mode."""
    if plan.entry.act is Act.MODE_SET:
        said = _mode(plan, shop, links)
    elif plan.entry.act is Act.SETTING_SET:
        said = _setting(plan)
    else:
        said = _link(plan, row)
    return Message(said, [section(said)])


def refused(reason: UndoRefusal) -> Message:
    said = str(REFUSALS[reason])
    return Message(said, [section(said)])


def _link(plan: UndoPlan, row: ProductRow | None) -> str:
    name = "the TikTok SKU" if row is None else texts.listing_name(row.listing)
    before = plan.link
    if plan.entry.act is Act.UNLINK:
        stands = "Its link is broken, as it was." if before and before.state is LinkState.BROKEN else ""
        said = f"Undone: {name} is linked again, as it was." if not stands else f"Undone: the unlink of {name}."
        return lines(said, stands or "Prices and stock are synced again; orders that waited for it go on.")
    stands = {None: "not linked", LinkState.TOMBSTONE: "unlinked", LinkState.BROKEN: "linked to a deleted variant"}
    was = stands.get(before.state if before else None, "linked as before")
    return lines(
        f"Undone: the link of {name}. It is {was} again.",
        "Where Linkbot sent a price or stock for it, TikTok gets the old one back.",
    )


def _mode(plan: UndoPlan, shop: Shop | None, links: int) -> str:
    name = "The shop" if shop is None else bold(shop.name, 80)
    taken = f"{texts.plural(links, 'automatic link')} made since then {'was' if links == 1 else 'were'} taken back."
    return lines(f"Undone: {name} {MODES[plan.mode]}.", taken if links else "")


def _setting(plan: UndoPlan) -> str:
    if plan.entry.facts.get("name") == PUSH_ON_LINK:
        return f"Undone: push on link is *{'on' if plan.setting else 'off'}* again."
    if plan.entry.facts.get("name") == "rights":
        return "Undone: who may link is as it was before. Type `/link rights` to see it."
    shown = json.dumps(plan.setting, ensure_ascii=False)
    return f"Undone: {code(plan.entry.facts.get('name', ''), 40)} is {code(shown, 80)} again."
