"""Candidates in the menu and in the list carry the same marks, and what is left out is said as it is."""

from dataclasses import replace

import pytest

from bot.domain.board import LinkGroup, Sharer, Sold, UnlinkEffect
from bot.domain.catalogue import VariantStatus
from bot.domain.links import LinkState
from bot.domain.values import ListingId
from bot.views import found, groups, picker, products, unlink
from bot.views.candidates import search_options
from bot.views.ids import Block
from tests.views.build import (
    HARM,
    LONG,
    LONG_SKU,
    all_text,
    good_message,
    good_options,
    good_view,
    listing,
    long_row,
    long_variant_row,
    money,
    page,
    row,
    state,
    variant,
    variant_row,
)


def in_menu(one, **said) -> dict:
    return good_options(search_options([("All", [one])], currency="USD", **said))["option_groups"][0]["options"][0]


def in_list(one) -> dict:
    view = good_view(picker.open(state(page=page([one]))))
    block = next(each for each in view["blocks"] if each.get("block_id", "").startswith(Block.LIST))
    return block["element"]["options"][0]


@pytest.mark.req("S26", "S20")
@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({"sku": ""}, "no SKU"),
        ({"sku": "  "}, "no SKU"),
        ({"status": VariantStatus.DRAFT}, "draft"),
        ({"status": VariantStatus.ARCHIVED}, "archived"),
        ({"price": money("20.00", "GBP")}, "other currency (GBP)"),
    ],
)
def test_s26_marks_stand_in_the_menu_and_in_the_list(fields: dict, mark: str) -> None:
    one = variant_row(**fields)
    for shown in (in_menu(one), in_list(one)):
        assert mark.casefold() in str(shown).casefold()
    assert in_menu(one) == in_list(one)


@pytest.mark.req("S19", "U31")
@pytest.mark.parametrize(
    ("count", "total", "is_more", "says"),
    [
        (99, 99, True, "more than 99: type more of the SKU or name"),
        (120, 120, True, "more than 120: type more of the SKU or name"),
        (99, 130, False, "+31 more: type more of the SKU or name"),
        (99, 99, False, None),
    ],
)
def test_u31_a_search_with_more_than_was_counted_says_so(
    count: int, total: int, is_more: bool, says: str | None
) -> None:
    rows = [variant_row(number, sku=f"S-{number}") for number in range(count)]
    answer = good_options(search_options([("All", rows)], total, is_more=is_more))
    last = answer["option_groups"][-1]["options"][-1]["text"]["text"]
    assert last == says if says else last.startswith("S-98")


@pytest.mark.req("S21", "A9")
def test_a9_the_category_filter_says_what_a_category_is() -> None:
    view = picker.open(state())
    block = next(one for one in view["blocks"] if one.get("block_id") == Block.CATEGORIES)
    assert "product category, or the product type" in block["hint"]["text"]


def shared(count: int = 8, available: int | None = 9, long: bool = False) -> LinkGroup:
    texts = {"title": LONG, "variation": LONG, "sku": LONG_SKU} if long else {}
    return LinkGroup(
        tuple(Sharer(listing(n, **texts), LONG if long else "Glow", 2, 4) for n in range(count)), 9, available
    )


@pytest.mark.req("N18", "A8", "U31")
def test_n18_the_group_names_five_counts_the_rest_and_adds_up() -> None:
    told = groups.group_text(shared())
    assert told.count("× 2 · offers 4 (8 units)") == 5
    assert "+3 more" in told
    assert "they offer 73 units; Shopify has 9 available. Each offers the stock in full" in told
    assert "Each offers" not in groups.group_text(shared(1, 17))
    assert "Shopify counts no stock" in groups.group_text(shared(1, None))
    assert "Together with this SKU they offer 17 units; Shopify has -4 available. Each" in groups.group_text(
        shared(1, -4)
    )


@pytest.mark.req("N3", "S35")
def test_n3_the_confirmation_names_orders_value_sales_and_sharers() -> None:
    effect = UnlinkEffect(2, money("24.00"), 7, 8, (money("124.00"),), Sold(12, 5, 30), shared())
    told = all_text(good_message(unlink.confirm_message(row(linked=LinkState.ACTIVE), effect)))
    assert "2 orders, 124.00 USD, are on the way to Shopify with it now" in told
    assert "In the last 30 days it sold 12 units in 5 orders." in told
    assert "8 other TikTok SKUs stay linked to the same variant: `HOOD-RED-M` · Glow" in told
    assert "+3 more" in told
    quiet = replace(effect, sold=Sold(0, 0, 30), open_orders=1)
    told = all_text(good_view(unlink.confirm_modal(row(linked=LinkState.ACTIVE), quiet)))
    assert "it sold nothing" in told
    assert "1 order, 124.00 USD, is on the way" in told


@pytest.mark.req("U25", "U31", "U35")
def test_u25_the_longest_and_the_worst_fit() -> None:
    group = shared(30, long=True)
    linked = long_row(1, LinkState.ACTIVE)
    good_message(products.linked_card(linked, 30, group))
    good_view(found.card(linked, 30, group))
    good_view(found.hits([long_row(n) for n in range(19)], [long_variant_row().variant] * 9))
    good_view(found.question())
    many = found.hits([row(n) for n in range(1, 30)])
    assert "+9 more" in all_text(good_view(many))
    assert len(found.read_hits(many)) == 20
    assert found.read_hits(many)[0] == ListingId("1729000000000000001")
    none = all_text(good_view(found.nothing([HARM, LONG, *("w" * n for n in range(1, 40))], [variant()] * 9)))
    assert "+29 more" in none
    assert "+4 more" in none
    assert "It has no words" in all_text(good_view(found.nothing([])))
    assert "is no pack size" in good_message(products.bad_pack(HARM)).text
