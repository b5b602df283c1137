"""`/link history`: every act has a sentence, every page its place, and foreign text does no harm."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.domain.board import Page
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkRefusal
from bot.domain.pushes import PushReason
from bot.domain.values import Actor, ActorKind, ListingId, OrderId, Origin, VariantId
from bot.views import exports, history
from bot.views.blocks import Message
from bot.views.ids import Action, unpack
from tests.views.build import (
    ANA,
    HARM,
    LONG,
    LONG_SKU,
    all_text,
    buttons,
    entry,
    good_message,
    labels,
    long_row,
    page,
    pings,
    row,
    strings,
    variant,
)

FIRST = VariantId("gid://shopify/ProductVariant/1")
KNOWN = {FIRST: variant()}


def shown(entries: Sequence[Entry], **fields: Any) -> Message:
    return good_message(history.history(row(), page(entries, **fields), KNOWN))


def told(act: Act, **fields: Any) -> str:
    return history.said(entry(act, **fields), KNOWN)


@pytest.mark.req("U22")
@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("text", ["", HARM, LONG, LONG_SKU])
def test_u22_every_act_has_a_sentence_also_with_odd_facts(act: Act, text: str) -> None:
    names = ("detail", "field", "before", "after", "pack", "variant_sku", "was", "permalink", "linked", "listings")
    odd = entry(act, reason=text, facts=dict.fromkeys(names, text), order_id=OrderId(text) if text else None)
    for one in (odd, entry(act), entry(act, actor=Actor(ActorKind.PERSON, text or "U1", Origin.CLI))):
        said = history.said(one, {})
        assert said.strip()
        assert said.rstrip()[-1] in ".…" or one.facts
        message = good_message(history.history(row(), page([one]), {}))
        assert pings(message.text.replace("<@U1>", "")) == []
    assert set(history.SENTENCES) == set(Act)


@pytest.mark.req("U22")
@pytest.mark.parametrize(
    ("act", "fields", "expected"),
    [
        (Act.LINK, {"variant_id": FIRST, "facts": {"pack": "6"}}, "Linked to `HOOD-RED-M` · Hoodie · Red / M × 6."),
        (Act.LINK, {"facts": {"variant_sku": "OLD-1", "pack": "1"}}, "Linked to `OLD-1`."),
        (Act.UNLINK, {"variant_id": VariantId("gid://x/9"), "facts": {"was": "broken"}},
         "Unlinked from Shopify variant `9`. The link was broken."),
        (Act.LINK_BROKEN, {"variant_id": FIRST}, "Link broken: `HOOD-RED-M` · Hoodie · Red / M was deleted in Shopify."),
        (Act.LINK_MENDED, {"variant_id": FIRST}, "Link works again: `HOOD-RED-M` · Hoodie · Red / M is back in Shopify."),
        (Act.REFUSED, {"reason": LinkRefusal.ALREADY_LINKED}, "Refused: This TikTok SKU is linked already."),
        (Act.REFUSED, {"reason": "no_right_guest"},
         "Refused: Guests can look, but not link, unlink or change anything here. Ask a member of this workspace to do it."),
        (Act.PUSHED, {"facts": {"field": "price", "before": "12.00 USD", "after": "10.00 USD"}},
         "Price sent to TikTok: 12.00 USD → 10.00 USD."),
        (Act.PUSH_SKIPPED, {"reason": PushReason.SHOP_PAUSED}, "Not sent to TikTok: The shop is paused."),
        (Act.PARKED, {"reason": "push_refused", "facts": {"detail": "12052"}}, "TikTok refused the price or stock: 12052"),
    ],
)  # fmt: skip
def test_u22_what_was_done_is_said_with_its_figures(act: Act, fields: dict[str, Any], expected: str) -> None:
    assert told(act, **fields) == expected


@pytest.mark.req("U22")
@pytest.mark.parametrize("origin", list(Origin))
def test_u22_who_and_from_where(origin: Origin) -> None:
    where = history.ORIGINS[origin]
    assert f"by <@U0ANA> {where}" in history.entry_line(entry(Act.LINK, actor=Actor(ANA.kind, ANA.id, origin)), {})
    rule = Actor(ActorKind.RULE, "auto-link", origin)
    assert f"by the rule `auto-link`, {where}" in history.entry_line(entry(Act.LINK, actor=rule), {})
    assert f"by Linkbot {where}" in history.entry_line(entry(actor=Actor(ActorKind.SYSTEM, "x", origin)), {})


@pytest.mark.req("U22")
@pytest.mark.parametrize(
    ("link", "is_shown"),
    [
        ("https://rehearsal.slack.com/archives/C1/p1", True),
        ("https://x/?a=1&b=2", True),
        ("", False),
        ("http://x", False),
        ("javascript:alert(1)", False),
        ("https://x|<!channel>", False),
        ("https://x/ y", False),
        ("https://" + "x" * 600, False),
    ],
)
def test_u22_a_permalink_is_shown_when_it_is_one(link: str, is_shown: bool) -> None:
    assert ("|the message>" in history.entry_line(entry(Act.LINK, facts={"permalink": link}), {})) is is_shown


@pytest.mark.req("U22", "U31")
@pytest.mark.parametrize(
    ("offset", "rows", "expected"), [(0, 10, ["Next"]), (10, 10, ["Previous", "Next"]), (20, 3, ["Previous"])]
)
def test_u31_every_page_is_reachable(offset: int, rows: int, expected: list[str]) -> None:
    message = shown([entry(Act.PUSHED, n) for n in range(rows)], total=23, offset=offset)
    assert labels(message) == expected
    assert f"{offset + 1}–{offset + rows} of 23" in all_text(message)
    places = {one["action_id"]: unpack(one["value"]).number("offset") for one in buttons(message)}
    assert places.get(Action.HISTORY_NEXT, offset + 10) == offset + 10
    assert places.get(Action.HISTORY_PREVIOUS, offset - 10) == offset - 10


def test_a_full_page_of_the_longest_entries_fits() -> None:
    facts = {"detail": LONG, "before": LONG, "after": LONG, "variant_sku": LONG_SKU, "field": LONG}
    far = {FIRST: variant(title=LONG, options=LONG, sku=LONG_SKU)}
    for act in Act:
        entries = [entry(act, n, facts=facts, reason=LONG, variant_id=FIRST, order_id=OrderId("5")) for n in range(10)]
        good_message(history.history(long_row(), Page(entries, 999, 0, 10), far))


def test_nothing_has_happened_yet() -> None:
    assert "Nothing has happened" in shown([]).text


@pytest.mark.req("U31")
def test_u31_several_hits_are_a_short_list_that_says_when_it_is_cut() -> None:
    few = good_message(history.which([row(n) for n in range(3)], "hoodie"))
    assert labels(few) == ["History"] * 3
    assert "3 SKUs found" in few.text
    many = good_message(history.which([long_row(n) for n in range(11)], HARM))
    assert "More than 10 SKUs found" in many.text
    assert "There are more" in all_text(many)
    chosen = unpack(buttons(few)[1]["value"])
    assert ListingId(chosen["listing"]) == row(1).listing.id


@pytest.mark.parametrize("text", [HARM, LONG])
def test_foreign_text_in_lists_pings_nobody(text: str) -> None:
    rows = [row(n, title=text, variation=text, sku=text) for n in range(11)]
    from bot.domain.exports import Shape

    for message in (history.which(rows, text), exports.which(rows, text, Shape.CSV)):
        good_message(message)
        assert pings(message.text) == []
        assert all(pings(shown_) == [] for kind, shown_ in strings(message.blocks) if kind == "mrkdwn")
