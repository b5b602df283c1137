"""What stands in the channel: prompt, alerts, incidents."""

import pytest

from bot.domain.board import LinkPreview
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.links import LinkMode
from bot.domain.orders import Reason
from bot.domain.values import ListingId
from bot.views import cards
from bot.views.ids import Action, unpack
from tests.views.build import (
    ANA,
    HARM,
    LONG,
    RULE,
    all_text,
    blocked,
    buttons,
    good_message,
    incident,
    item,
    labels,
    long_row,
    long_variant_row,
    row,
    rows_of,
    shop,
    store,
    variant_row,
)

PREVIEW = LinkPreview(listings=100, links=60, prices=0, stocks=41, ambiguous=3, no_match=37)


def subject(number: int) -> str:
    return str(row(number).listing.id)


@pytest.mark.req("S4", "S5")
def test_s4_the_prompt_has_exactly_the_two_answers() -> None:
    shown = good_message(cards.prompt(shop(), PREVIEW))
    assert labels(shown) == ["Link automatically", "Link by hand"]
    assert {unpack(one["value"])["shop"] for one in buttons(shown)} == {shop().id}
    for part in ("60 of 100 SKUs", "0 prices and 41 stocks", "3 ambiguous and 37 without a match", "nothing is linked"):
        assert part in shown.text


@pytest.mark.req("S4")
@pytest.mark.parametrize(("mode", "said"), [(LinkMode.AUTO, "60 SKUs are linked"), (LinkMode.MANUAL, "by hand")])
def test_s4_an_answered_prompt_has_no_buttons_and_says_who(mode: LinkMode, said: str) -> None:
    shown = good_message(cards.prompt_answered(shop(), mode, "U0ANA", 60))
    assert labels(shown) == []
    assert said in shown.text
    assert ", chosen by <@U0ANA>." in shown.text
    assert "chosen" not in cards.prompt_answered(shop(), mode, "", 60).text


@pytest.mark.parametrize(("done", "finished", "said"), [(1, False, "1 SKU so far"), (2400, True, "Imported 2400 SKUs")])
def test_import_progress(done: int, finished: bool, said: str) -> None:
    shown = good_message(cards.importing(shop(), done, finished, None))
    assert said in shown.text
    assert "*Note:* 3 of 9 are missing" in all_text(cards.importing(shop(), done, finished, "3 of 9 are missing"))


@pytest.mark.req("B1")
def test_b1_a_single_sku_looks_like_a_single_alert() -> None:
    shown = good_message(cards.alert(incident(item(subject(1))), rows_of(row(1, blocked=blocked())), {}))
    assert len(shown.blocks) == 1
    assert labels(shown) == ["Link"]
    assert unpack(buttons(shown)[0]["value"])["listing"] == subject(1)
    for part in ("A TikTok SKU is not linked", "*Hoodie*", "No Shopify variant has this SKU.", "Blocks 3 orders"):
        assert part in all_text(shown)
        assert part in shown.text


@pytest.mark.req("B1", "U31")
def test_b1_many_skus_the_most_pressing_first_and_the_rest_counted() -> None:
    rows = [row(n, title=f"P{n}", blocked=blocked(n, f"{n}00") if n % 2 else None) for n in range(45)]
    shown = good_message(cards.alert(incident(*(item(subject(n)) for n in range(45))), rows_of(*rows), {}))
    assert labels(shown) == ["Link"] * 8 + ["Show all"]
    listed = [unpack(one["value"])["listing"] for one in buttons(shown)[:8]]
    assert listed == [subject(n) for n in (43, 41, 39, 37, 35, 33, 31, 29)]
    assert "+37 more" in all_text(shown)
    assert "45 TikTok SKUs are not linked." in shown.text
    show = unpack(buttons(shown)[-1]["value"])
    assert (show.kind, show["filter"]) == ("table", "unlinked")


@pytest.mark.req("A2", "S13")
def test_a2_ambiguous_sku_names_its_candidates_and_stores() -> None:
    found = [variant_row(n, store_=store(f"Store {n}")) for n in range(1, 6)]
    one = incident(item(subject(1), UnlinkedCause.AMBIGUOUS))
    shown = good_message(cards.alert(one, rows_of(row(1)), {ListingId(subject(1)): found}))
    for part in ("Several products share this SKU.", "Store 1", "Store 3", "+2 more"):
        assert part in all_text(shown)
    assert labels(shown) == ["Link"]
    plain = cards.alert(incident(item(subject(1), "no_match")), rows_of(row(1)), {ListingId(subject(1)): found})
    assert "Store 1" not in all_text(plain)


@pytest.mark.req("B1")
@pytest.mark.parametrize("cause", list(UnlinkedCause))
def test_b1_every_cause_has_its_sentence(cause: UnlinkedCause) -> None:
    shown = cards.alert(incident(item(subject(1), cause)), rows_of(row(1)), {})
    assert "Press Link" in all_text(shown)


@pytest.mark.req("B1", "U8")
def test_b1_closed_items_stay_visible_with_who() -> None:
    one = incident(
        item(subject(1)),
        item(subject(2), closed_by=ANA),
        item(subject(3), closed_by=RULE),
        item(subject(4), closed=True),
    )
    shown = good_message(cards.alert(one, rows_of(*(row(n) for n in range(1, 5))), {}))
    assert labels(shown) == ["Link"]
    assert "1 TikTok SKU is not linked." in shown.text
    for part in ("✓ *Hoodie* · `HOOD-RED-M` linked by <@U0ANA>", "linked automatically", "no longer on TikTok"):
        assert part in all_text(shown)


@pytest.mark.req("B1")
@pytest.mark.parametrize("count", [1, 3, 200])
def test_b1_all_linked_closes_the_message(count: int) -> None:
    one = incident(*(item(subject(n), closed_by=ANA) for n in range(count)))
    shown = good_message(cards.alert(one, rows_of(*(long_row(n) for n in range(count))), {}))
    assert labels(shown) == []
    assert len(shown.blocks) == 1
    assert "linked by <@U0ANA>" in shown.text
    assert (f"All {count} SKUs are settled." in shown.text) == (count > 1)


def test_alert_of_a_listing_that_is_unknown_by_now() -> None:
    shown = good_message(cards.alert(incident(item(subject(1)), item(subject(2), title=HARM)), {}, {}))
    assert f"TikTok SKU `{subject(1)}`" in all_text(shown)


@pytest.mark.req("U31")
def test_u31_longest_alert_fits() -> None:
    items = [item(subject(n), UnlinkedCause.AMBIGUOUS) for n in range(60)]
    items += [item(subject(n), closed_by=ANA) for n in range(60, 120)]
    rows = rows_of(*(long_row(n) for n in range(120)))
    found = {key: [long_variant_row(n) for n in range(9)] for key in rows}
    good_message(cards.alert(incident(*items), rows, found))
    good_message(cards.alert(incident(items[0]), rows, found))
    good_message(cards.prompt(shop(LONG), PREVIEW))
    good_message(cards.importing(shop(LONG), 10**9, False, LONG * 9))


FACTS = {
    IncidentKind.OVERSOLD: ("gid://shopify/ProductVariant/1", "below_zero", {"sku": "A-1", "title": "Mug", "available": "-2"}),
    IncidentKind.CURRENCY_MISMATCH: (
        "7000001:main.myshopify.com", "currency_differs",
        {"shop": "Glow", "store": "main.myshopify.com", "shop_currency": "GBP", "store_currency": "USD"},
    ),
    IncidentKind.CONNECTION_LOST: ("7000001", "deauthorised", {"name": "Glow", "service": "tiktok"}),
    IncidentKind.ORDERS_STUCK: ("5764", Reason.REFUSED_BY_SHOPIFY, {"value": "12.00 USD", "detail": "no such variant"}),
    IncidentKind.PUSH_STUCK: ("1729", "refused_by_tiktok", {"sku": "A-1", "title": "Mug", "detail": "12052850 locked"}),
    IncidentKind.LINK_BROKEN: ("1729", "variant_deleted", {"sku": "A-1", "title": "Mug"}),
}  # fmt: skip
EXPECTED = {
    IncidentKind.OVERSOLD: (["*Oversold*", "`A-1`", "-2 available", "cancel an order"], []),
    IncidentKind.CURRENCY_MISMATCH: (["Glow sells in GBP", "in USD", "no price is sent"], []),
    IncidentKind.CONNECTION_LOST: (["TikTok shop *Glow*", "`/link connect tiktok`", "links are kept"], []),
    IncidentKind.ORDERS_STUCK: (["`5764`", "12.00 USD", "Shopify refused it.", "no such variant"], ["Mirror now"]),
    IncidentKind.PUSH_STUCK: (["*Mug*", "12052850 locked", "still shows the old price or stock"], []),
    IncidentKind.LINK_BROKEN: (["*Mug*", "was deleted", "choose another variant"], ["Link"]),
}


@pytest.mark.req("N16", "U26")
@pytest.mark.parametrize("kind", list(FACTS))
def test_each_incident_says_what_happened_and_what_to_do(kind: IncidentKind) -> None:
    key, cause, facts = FACTS[kind]
    shown = good_message(cards.incident_card(incident(item(key, cause, **facts), kind=kind)))
    parts, offered = EXPECTED[kind]
    for part in parts:
        assert part in all_text(shown)
        assert part in shown.text
    assert labels(shown) == offered
    assert len(shown.blocks) == 1


@pytest.mark.parametrize("kind", list(FACTS))
def test_incidents_with_many_items_without_facts_and_closed(kind: IncidentKind) -> None:
    long = dict.fromkeys(("sku", "title", "detail", "value", "shop", "store", "name", "available"), LONG)
    many = good_message(cards.incident_card(incident(*(item(f"{n}", **long) for n in range(60)), kind=kind)))
    assert "+52 more" in all_text(many)
    good_message(cards.incident_card(incident(item("5", HARM), kind=kind)))
    over = good_message(
        cards.incident_card(incident(*(item(f"{n}", closed_by=ANA, **long) for n in range(60)), kind=kind))
    )
    assert labels(over) == []
    assert over.text.startswith("✓ ")


def test_mirror_now_of_a_stuck_order_carries_the_order() -> None:
    shown = cards.incident_card(incident(item("5764", Reason.PROGRAM_ERROR), kind=IncidentKind.ORDERS_STUCK))
    button = buttons(shown)[0]
    assert button["action_id"] == Action.MIRROR_NOW
    assert unpack(button["value"])["order"] == "5764"
