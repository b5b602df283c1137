"""Order list, order card, and the answers to "why"."""

import pytest

from bot.domain.ledger import Act
from bot.domain.links import LinkState, NoAutoLink
from bot.domain.orders import STANDING, Reason, Standing
from bot.domain.pushes import PushReason
from bot.views import orders, texts
from bot.views.ids import Action, unpack
from tests.views.build import (
    ANA,
    HARM,
    LONG,
    all_text,
    blocked,
    buttons,
    entry,
    good_message,
    labels,
    listing,
    long_row,
    long_variant_row,
    order,
    page,
    row,
    variant_row,
)

MENDABLE = {Reason.BEFORE_CONNECTION, Reason.SAMPLE, Reason.IGNORED_BY_PERSON}


@pytest.mark.req("N6")
@pytest.mark.parametrize("reason", list(Reason))
def test_n6_every_reason_with_its_fix_and_the_right_button(reason: Reason) -> None:
    shown = good_message(orders.why_order(order(reason, listings=()), []))
    assert texts.REASONS[reason].what in shown.text
    may = STANDING[reason] in (Standing.HELD, Standing.PARKED) or reason in MENDABLE
    assert ("Mirror now" in labels(shown)) == may
    if may:
        button = next(one for one in buttons(shown) if one["action_id"] == Action.MIRROR_NOW)
        assert unpack(button["value"])["order"] == "576461413038785701"


@pytest.mark.parametrize("standing", [Standing.MIRRORED, Standing.ADOPTED, Standing.SENDING])
def test_an_order_without_reason(standing: Standing) -> None:
    shown = good_message(orders.order_card(order(None, standing, shopify_name="#1001"), []))
    assert "#1001" in shown.text
    assert labels(shown) == []


@pytest.mark.req("N6")
def test_n6_unlinked_sku_stands_with_its_link_button() -> None:
    shown = good_message(orders.why_order(order(), [], [row()]))
    assert labels(shown) == ["Link", "Mirror now"]
    assert "*Hoodie*" in all_text(shown)
    unknown = good_message(orders.why_order(order(), []))
    assert labels(unknown) == ["Link", "Mirror now"]
    assert unpack(buttons(unknown)[0]["value"])["listing"] == listing().id


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            Reason.TOTALS_DIFFER,
            {"tiktok": "12.00", "shopify": "12.01"},
            "TikTok: 12.00 USD · Shopify would compute: 12.01 USD",
        ),
        (Reason.CURRENCY_MISMATCH, {"order": "GBP", "store": "USD"}, "Order: GBP · store: USD"),
        (Reason.UNLINKED_SKU, {"stores": "a.myshopify.com b.myshopify.com"}, "linked to a.myshopify.com and b.myshop"),
        (Reason.REFUSED_BY_SHOPIFY, {"detail": "<!channel> no"}, "The answer was: &lt;!channel&gt; no"),
    ],
)
def test_the_figures_of_a_reason(reason: Reason, facts: dict[str, str], said: str) -> None:
    assert said in orders.order_card(order(reason, facts=facts), []).text


@pytest.mark.req("U22")
def test_history_is_newest_first_and_counted() -> None:
    entries = [
        entry(Act.LINK, 1, actor=ANA, facts={"variant_sku": "A-1"}),
        entry(Act.PUSHED, 2, facts={"field": "price", "before": "12.00", "after": "10.00"}),
        entry(Act.PUSH_SKIPPED, 3, reason=PushReason.CURRENCY_DIFFERS),
        entry(Act.ORDER, 4, standing=Standing.HELD, reason=Reason.UNLINKED_SKU),
    ]
    told = all_text(orders.order_card(order(), entries))
    parts = [
        "held · unlinked SKU",
        "Shop and store use different currencies",
        "price sent to TikTok: 12.00 → 10.00",
        "linked · A-1 · by <@U0ANA>",
    ]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)
    assert "+12 more" in all_text(
        orders.order_card(order(), [entry(minutes=n, standing=Standing.HELD) for n in range(20)])
    )


@pytest.mark.parametrize("act", list(Act))
def test_every_act_has_a_line_also_with_odd_facts(act: Act) -> None:
    facts = dict.fromkeys(("before", "after", "field", "variant_sku", "detail", "shopify_name"), HARM)
    assert "<!channel>" not in orders.entry_line(entry(act, reason=HARM, facts=facts))
    assert orders.entry_line(entry(act))


def test_list_pages_and_reasons() -> None:
    rows = [order(), order(None, Standing.MIRRORED)] * 5
    shown = good_message(orders.orders_list(page(rows, 31, 10), [Standing.HELD], "57 <b>"))
    assert labels(shown) == ["Why"] * 5 + ["Previous", "Next"]
    assert "11–20 of 31" in all_text(shown)
    onward = unpack(buttons(shown)[-1]["value"])
    assert (onward["standings"], onward["words"], onward.number("offset")) == ("held", "57 <b>", 20)
    none = good_message(orders.orders_list(page([]), None))
    assert "None." in all_text(none)


@pytest.mark.req("N6")
@pytest.mark.parametrize("decision", [None, HARM, *NoAutoLink])
@pytest.mark.parametrize("linked", [None, LinkState.ACTIVE, LinkState.BROKEN, LinkState.TOMBSTONE])
def test_n6_why_a_sku(decision: NoAutoLink | str | None, linked: LinkState | None) -> None:
    shown = good_message(orders.why_sku(row(linked=linked, blocked=blocked()), decision, [], [variant_row(1)]))
    assert labels(shown) == (["Unlink"] if linked is LinkState.ACTIVE else ["Link"])
    assert "Main store" in all_text(shown)


def test_longest_inputs_fit() -> None:
    facts = {"detail": LONG, "tiktok": LONG, "shopify": LONG}
    entries = [entry(Act.PARKED, n, facts=facts) for n in range(50)]
    far = order(facts=facts, listings=tuple(f"{n:020}" for n in range(50)), shopify_name=LONG)
    good_message(orders.why_order(far, entries, [long_row(n) for n in range(50)]))
    good_message(orders.orders_list(page([far] * 60, 60), list(Standing), LONG))
    good_message(orders.why_sku(long_row(), LONG, entries, [long_variant_row(n) for n in range(50)]))
    good_message(orders.link_first(LONG, [long_row(n) for n in range(50)]))


def test_short_answers() -> None:
    assert "No TikTok order `17`" in good_message(orders.unknown("17")).text
    good_message(orders.unknown(""))
    assert labels(good_message(orders.link_first("17", [row()]))) == ["Link"]
    assert labels(good_message(orders.on_its_way("17"))) == []
