"""Any text a shop, a buyer or another app wrote: it pings nobody, formats nothing, and breaks no limit."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.domain.board import LinkEffect, ProductCounts, ProductFilter, ProductRow, UnlinkEffect, VariantRow
from bot.domain.incidents import IncidentKind, UnlinkedCause
from bot.domain.ledger import Act, Report, ReportLine
from bot.domain.links import LinkMode, LinkState, LinkWarning
from bot.domain.matching import MatchDoubt, MatchReason, Suggestion, Tier
from bot.domain.orders import Reason, Standing
from bot.domain.rights import RightRefusal, RightsKind, RightsPolicy, UserGroup
from bot.domain.settings import SettingsBoard, ShopSettings
from bot.domain.suggesting import AcceptPlan, Hint, Ignored, IgnoreFor, Pair
from bot.domain.values import ListingId, OrderId, StoreId, UserId
from bot.views import (
    accepting,
    cards,
    connect,
    home,
    orders,
    picker,
    plain,
    products,
    reports,
    rights,
    status,
    texts,
    unlink,
)
from bot.views import settings as settings_view
from bot.views.blocks import Message
from tests.views.build import (
    NOW,
    blocked,
    entry,
    good_message,
    good_options,
    good_view,
    incident,
    item,
    link,
    listing,
    money,
    order,
    page,
    pings,
    rows_of,
    shop,
    state,
    store,
    strings,
    variant,
)
from tests.views.test_surfaces import HEALTH

PIECES = [
    "<!channel>", "<!here>", "<@U1>", "<#C1>", "<!subteam^S1>", "<https://evil.example|Order>", "&lt;!channel&gt;", "*",
    "_", "~", "`", "```", "&", "<", ">", "|", "😀", "👩‍👩‍👧", "שלום", "مرحبا", "\u202e", "\u2066", "\u200b", "\n", "\r\n", "\x00", "\ud800",
    " ", "a", "A-1", '"', "\\", "\u2028",
]  # fmt: skip
HARMFUL = st.lists(st.sampled_from(PIECES), max_size=400).map(lambda parts: "".join(parts)[:400])
TEXT = HARMFUL | st.text(alphabet=st.characters(), max_size=400)


def everything(text: str) -> tuple[list[Message], list[dict[str, Any]], list[dict[str, Any]]]:
    """Every view with this text in every place that others may fill: messages, views, option lists."""
    of = listing(title=text, variation=text, sku=text)
    far = variant(title=text, options=text, sku=text, category=text, tags=(text,))
    there, here = store(text), shop(text, currency=text)
    candidate = VariantRow(far, there, (ListingId("1"),))
    free = ProductRow(of, here, None, None, blocked())
    linked = ProductRow(of, here, link(of), far, blocked())
    broken = ProductRow(of, here, link(of, LinkState.BROKEN), far, None)
    rows, counts = [free, linked, broken], ProductCounts(3, 1, 1, 1)
    effect = LinkEffect(money("1"), money("2"), 1, 2, blocked(), tuple(LinkWarning), True, True)
    facts = dict.fromkeys(
        (
            "detail",
            "tiktok",
            "shopify",
            "sku",
            "title",
            "value",
            "shop",
            "store",
            "name",
            "shop_currency",
            "variant_sku",
            "available",
        ),
        text,
    )
    told = [entry(act, 1, reason=text, facts=facts) for act in Act]
    stuck = order(Reason.TOTALS_DIFFER, facts=facts, shopify_name=text)
    line = ReportLine(OrderId("5764"), Standing.HELD, Reason.UNLINKED_SKU, text, text)
    one = item(of.id, UnlinkedCause.AMBIGUOUS, **facts)
    both = incident(one, item("2", text, **facts))
    health = replace_places(here, there)
    picked = state(
        row=free, page=page([candidate]), chosen=candidate, effect=effect, notice=None, categories=[text], tags=[text],
        suggestions=[Suggestion(far, MatchReason.NEAR_SKU, Tier.MEDIUM, 0.9)], stores={StoreId(there.id): there},
        linked_skus={ListingId("1"): text},
    )  # fmt: skip
    best = Suggestion(far, MatchReason.NEAR_SKU, Tier.HIGH, 0.9, tuple(MatchDoubt), f"+{text}…", 1.0)
    hint, gone = Hint(best), Hint(None, Ignored(IgnoreFor.DAY, UserId(text), NOW, text, text))
    grouped = RightsPolicy(RightsKind.GROUP, ("S1",), text)
    messages = [
        products.table_message(page(rows), ProductFilter.ALL, text, counts=counts),
        products.pressing(rows, 9), products.hits(rows, text), products.linked_card(linked, 1), products.nothing_found(text),
        cards.importing(here, 1, False, text), cards.prompt_answered(here, LinkMode.AUTO, text, 1),
        cards.alert(incident(one), rows_of(free), {of.id: [candidate]}), cards.alert(both, rows_of(free), {}),
        cards.alert(both, rows_of(free), {}, hints={of.id: hint}), accepting.linked(linked, effect),
        accepting.preview(AcceptPlan([Pair(of, best, money("2"))], 1, 2), stale=True),
        products.pressing(rows, 9, 1, {of.id: hint}), accepting.unignored(free),
        products.table_message(page(rows), ProductFilter.ALL, text, counts=counts, hints={of.id: gone}),
        orders.order_card(stuck, told), orders.why_order(order(), told, rows), orders.orders_list(page([stuck], 40), None, text),
        orders.why_sku(broken, text, told, [candidate]), orders.unknown(text), orders.link_first(text, rows),
        reports.report(Report((line,), (line,), (line,)), NOW, NOW), status.status(health, NOW, 30, text, [text]),
        status.switched([here], True), connect.connected(here), connect.disconnect_confirm(there, 1),
        connect.refused("tiktok", text, text), connect.mode_set(here, LinkMode.AUTO),
        unlink.confirm_message(linked, UnlinkEffect(1, money("1"), 1, 1)), unlink.done(free), unlink.not_linked(free),
        plain.refused("It was refused.", text), rights.shown(grouped, None),
        plain.note(rights.denied(RightRefusal.NOT_IN_GROUP, grouped, text)),
        settings_view.shown(SettingsBoard(True, None, (ShopSettings(here),))),
        *(cards.incident_card(incident(item("5", text, **facts), kind=kind)) for kind in IncidentKind),
    ]  # fmt: skip
    views = [
        picker.open(picked), picker.linked(linked, effect), picker.already_linked(linked, None),
        products.table_modal(page(rows), ProductFilter.ALL, text, counts=counts), home.home(health, rows),
        unlink.confirm_modal(linked, UnlinkEffect(1, money("1"), 1, 1)), connect.told_view(connect.Told(True, text)),
        rights.form(grouped),
    ]  # fmt: skip
    lists = [
        picker.search_options([("All", [candidate])]), picker.filter_options([text], ""),
        rights.group_options([UserGroup("S1", text, text)], ""),
    ]  # fmt: skip
    return messages, views, lists


def replace_places(here: Any, there: Any) -> Any:
    return type(HEALTH)(**vars(HEALTH) | {"shops": (here,), "stores": (there,)})


def check(text: str) -> None:
    messages, views, lists = everything(text)
    for message in messages:
        good_message(message)
        assert pings(message.text) == []
    for view in views:
        good_view(view)
    for options in lists:
        good_options(options)
    for kind, shown in strings([message.blocks for message in messages] + views + lists):
        if kind == "mrkdwn":
            assert pings(shown) == []
            assert "\u202e" not in shown
            assert shown.replace("\u2068", "").replace("\u2069", "").encode("utf-8")
        else:
            assert "\n" not in shown


@pytest.mark.req("U26", "U31", "U35")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT)
def test_no_foreign_text_pings_or_overflows(text: str) -> None:
    assume(texts.mention(text) != f"<@{text}>")  # an actor's id comes from Slack itself: a mention is right there
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<!channel>",
        "<!channel> & <b>",
        "😀" * 400,
        "&" * 400,
        "<" * 400,
        "`" * 400,
        "*" * 400,
        "א" * 400,
        "\ud800",
    ],
)
def test_the_worst_texts(text: str) -> None:
    check(text)


def test_the_check_itself_sees_a_ping() -> None:
    assert pings("hello <!channel>") == ["<!channel>"]
    assert pings("<@U0ANA> at <!date^1^{time}|1 Jan>") == []
    assert pings("<@U0EVIL>") == ["<@U0EVIL>"]
