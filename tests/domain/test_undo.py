"""What can be taken back, why not, and what goes back to TikTok."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.incidents import IncidentKind, Item, ItemState
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkMode, LinkOrigin, LinkState
from bot.domain.pushes import Pushed
from bot.domain.undo import (
    UNDO_WINDOW,
    StoodBefore,
    UndoPlan,
    UndoRefusal,
    UndoState,
    decide_undo,
    items_before,
    kept_facts,
    last_act,
    link_facts,
    price_back,
    pushed_before,
    stock_back,
    stood_before,
    took_by_rule,
    unlink_facts,
)
from bot.domain.values import AUTO_LINK, Actor, ActorKind, ListingId, ShopId, WorkspaceId
from bot.views.undo import REFUSALS

from .build import ANNA, NOW, SHOP, STORE, link, money

TEAM, A = WorkspaceId("T1"), ListingId("A")
BEN = Actor(ActorKind.PERSON, "U02BEN")
STONE = link(state=LinkState.TOMBSTONE, pack=3, origin=LinkOrigin.AUTO, actor=BEN)


def entry(act: Act, id: int, actor: Actor = ANNA, **facts: str) -> Entry:
    about: dict[str, Any] = {}
    if act in (Act.LINK, Act.UNLINK, Act.LINK_BROKEN):
        about = {"store_id": STORE, "listing_id": A, "variant_id": link().variant_id}
    return Entry(NOW, TEAM, act, actor, shop_id=SHOP, facts=facts, id=id, **about)


LINKED = entry(Act.LINK, 7)
RELINKED = entry(Act.LINK, 7, **link_facts(STONE))
UNLINKED = entry(Act.UNLINK, 7, **unlink_facts(link()))
MODE = entry(Act.MODE_SET, 7, mode="auto", was="manual")
FIRST_MODE = entry(Act.MODE_SET, 7, mode="auto", was="")
SETTING = entry(Act.SETTING_SET, 7, name="push_on_link", before="true", after="false")
BEFORE = StoodBefore(LinkState.TOMBSTONE, STONE.variant_id, STONE.store_id, 3, LinkOrigin.AUTO, BEN)
HELD = StoodBefore(LinkState.ACTIVE, link().variant_id, STORE, 1, LinkOrigin.HAND, ANNA)
ANA = UndoState(ANNA.id)
ON, OFF = replace(ANA, link=link()), replace(ANA, link=STONE)
UNDONE_8 = entry(Act.UNDONE, 9, of="8")

CASES = [
    # what it shows, entry, later entries, state, seconds later → outcome
    ("nothing was done", None, [], ANA, 0, UndoRefusal.NOTHING_TO_UNDO),
    ("a pause is not undone", entry(Act.PAUSED, 7), [], ANA, 0, UndoRefusal.NOTHING_TO_UNDO),
    ("an undo is not undone", entry(Act.UNDONE, 7), [], ANA, 0, UndoRefusal.NOTHING_TO_UNDO),
    ("a link", LINKED, [], ON, 0, UndoPlan(LINKED)),
    ("at the window's end", LINKED, [], ON, UNDO_WINDOW.total_seconds(), UndoPlan(LINKED)),
    ("a second later", LINKED, [], ON, UNDO_WINDOW.total_seconds() + 1, UndoRefusal.WINDOW_OVER),
    ("a link over a tombstone", RELINKED, [], ON, 0, UndoPlan(RELINKED, BEFORE)),
    ("somebody else's", entry(Act.LINK, 7, BEN), [], ON, 0, UndoRefusal.NOT_YOURS),
    ("a rule's", entry(Act.LINK, 7, AUTO_LINK), [], ON, 0, UndoRefusal.NOT_YOURS),
    ("done already", LINKED, [entry(Act.UNDONE, 8, of="7")], ANA, 0, UndoRefusal.ALREADY_UNDONE),
    ("done already, told also later", LINKED, [entry(Act.UNDONE, 8, of="7")], ANA, 9999, UndoRefusal.ALREADY_UNDONE),
    ("unlinked since", LINKED, [entry(Act.UNLINK, 8, BEN)], OFF, 0, UndoRefusal.CHANGED_SINCE),
    ("that unlink was undone", LINKED, [entry(Act.UNLINK, 8), UNDONE_8], ON, 0, UndoPlan(LINKED)),
    ("broken since", LINKED, [entry(Act.LINK_BROKEN, 8)], ON, 0, UndoRefusal.CHANGED_SINCE),
    ("the row is gone", LINKED, [], ANA, 0, UndoRefusal.CHANGED_SINCE),
    ("another variant", LINKED, [], replace(ANA, link=link("A", "v-9")), 0, UndoRefusal.CHANGED_SINCE),
    ("an unlink", UNLINKED, [], OFF, 0, UndoPlan(UNLINKED, HELD)),
    ("linked again since", UNLINKED, [entry(Act.LINK, 8)], ON, 0, UndoRefusal.CHANGED_SINCE),
    ("its variant is gone", UNLINKED, [], replace(OFF, variant_gone=True), 0, UndoRefusal.CHANGED_SINCE),
    ("a mode", MODE, [], replace(ANA, mode=LinkMode.AUTO), 0, UndoPlan(MODE, mode=LinkMode.MANUAL)),
    ("the first answer", FIRST_MODE, [], replace(ANA, mode=LinkMode.AUTO), 0, UndoPlan(FIRST_MODE)),
    ("a mode changed since", MODE, [], replace(ANA, mode=LinkMode.MANUAL), 0, UndoRefusal.CHANGED_SINCE),
    ("changed there and back", MODE, [entry(Act.MODE_SET, 8, BEN, mode="auto")], replace(ANA, mode=LinkMode.AUTO), 0,
     UndoRefusal.CHANGED_SINCE),
    ("another shop's mode", MODE, [replace(entry(Act.MODE_SET, 8), shop_id=ShopId("2"))],
     replace(ANA, mode=LinkMode.AUTO), 0, UndoPlan(MODE, mode=LinkMode.MANUAL)),
    ("a setting", SETTING, [], replace(ANA, setting="false"), 0, UndoPlan(SETTING, setting=True)),
    ("a setting changed since", SETTING, [], replace(ANA, setting="true"), 0, UndoRefusal.CHANGED_SINCE),
    ("another setting", SETTING, [entry(Act.SETTING_SET, 8, BEN, name="rights")], replace(ANA, setting="false"), 0,
     UndoPlan(SETTING, setting=True)),
]  # fmt: skip


@pytest.mark.req("N4", "U18")
@pytest.mark.parametrize(("shows", "acted", "later", "state", "seconds", "outcome"), CASES, ids=[c[0] for c in CASES])
def test_decide_undo(
    shows: str, acted: Entry | None, later: list[Entry], state: UndoState, seconds: float, outcome: object
) -> None:
    assert decide_undo(acted, later, state, NOW + timedelta(seconds=seconds)) == outcome


@pytest.mark.req("N4")
@pytest.mark.parametrize("reason", UndoRefusal)
def test_every_refusal_has_a_sentence(reason: UndoRefusal) -> None:
    assert REFUSALS[reason].what.endswith(".")
    assert REFUSALS[reason].next.endswith(".")


def test_the_last_act_skips_what_was_undone() -> None:
    assert last_act([UNDONE_8, entry(Act.UNLINK, 8), LINKED]) == LINKED
    assert last_act([entry(Act.UNDONE, 8, of="7"), LINKED]) is None
    assert last_act([]) is None


def test_an_entry_keeps_what_stood_before() -> None:
    item = Item("A", "no_match", ItemState.OPEN, NOW, facts={"sku": 'a"b'})
    kept = kept_facts(Pushed(money("19.90"), 7), [(IncidentKind.UNLINKED, item)])
    told = entry(Act.LINK, 1, **kept, **link_facts(STONE))
    assert stood_before(told) == BEFORE
    assert pushed_before(told) == Pushed(money("19.90"), 7)
    assert items_before(told) == {IncidentKind.UNLINKED: ("no_match", {"sku": 'a"b'})}
    assert (stood_before(LINKED), pushed_before(LINKED), items_before(LINKED)) == (None, None, {})


def test_what_the_rule_made_is_known() -> None:
    made, by_rule = entry(Act.LINK, 8, AUTO_LINK), link(origin=LinkOrigin.AUTO, actor=AUTO_LINK)
    assert took_by_rule(made, by_rule, AUTO_LINK)
    assert not took_by_rule(made, link(), AUTO_LINK), "linked by hand since"
    assert not took_by_rule(made, replace(by_rule, state=LinkState.BROKEN), AUTO_LINK)
    assert not took_by_rule(made, None, AUTO_LINK)
    assert not took_by_rule(LINKED, by_rule, AUTO_LINK)


@pytest.mark.req("N4")
@pytest.mark.parametrize(
    ("before", "sent", "seen", "back"),
    [
        (20, 7, 7, 20),
        (20, 7, 6, 19),  # one sold since
        (20, 7, 0, 13),
        (20, 7, 8, None),  # somebody raised it, or it went back before a crash
        (5, 50, 47, 2),
        (5, 50, 5, None),
        (5, 50, 49, 4),
        (None, 7, 7, None),
        (20, None, 7, None),
    ],
)
def test_stock_back(before: int | None, sent: int | None, seen: int, back: int | None) -> None:
    assert stock_back(before, sent, seen) == back


@pytest.mark.req("N4")
def test_price_back() -> None:
    old, sent, other = money("19.99"), money("24.00"), money("30.00")
    assert price_back(old, sent, sent) == old
    assert price_back(old, sent, other) is None, "somebody set another one"
    assert price_back(old, sent, old) is None
    assert price_back(None, sent, sent) is None
