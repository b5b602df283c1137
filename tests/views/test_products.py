"""The table, short lists and a SKU's card."""

import pytest

from bot.domain.board import ProductCounts, ProductFilter
from bot.domain.catalogue import ListingStatus
from bot.domain.links import LinkState
from bot.views import products
from bot.views.ids import Action, unpack
from tests.views.build import (
    all_text,
    blocked,
    buttons,
    good_message,
    good_view,
    labels,
    long_row,
    page,
    row,
    variant,
)

COUNTS = ProductCounts(60, 20, 38, 2)
TEN = [row(n, LinkState.ACTIVE if n % 2 else None, title=f"Product {n}") for n in range(10)]


@pytest.mark.req("S3", "S14", "S17")
def test_s17_each_row_has_link_or_unlink_and_never_both() -> None:
    shown = good_message(products.table_message(page(TEN, 60), ProductFilter.ALL, "", counts=COUNTS))
    rows = [block for block in shown.blocks if "accessory" in block]
    assert [block["accessory"]["text"]["text"] for block in rows] == ["Link", "Unlink"] * 5
    assert "Products from TikTok Shop" in all_text(shown)
    assert "1–10 of 60" in all_text(shown)


@pytest.mark.req("S3")
def test_s3_paging_reaches_the_last_row_and_ends_there() -> None:
    first = products.table_message(page(TEN, 60), ProductFilter.ALL, "", counts=COUNTS)
    assert [one for one in labels(first) if one in ("Previous", "Next")] == ["Next"]
    onward = next(one for one in buttons(first) if one["action_id"] == Action.TABLE_NEXT)
    assert products.read_table(onward).offset == 10
    last = products.table_message(page(TEN, 60, 50), ProductFilter.ALL, "", counts=COUNTS)
    assert [one for one in labels(last) if one in ("Previous", "Next")] == ["Previous"]
    assert "51–60 of 60" in all_text(last)


def test_filter_and_words_come_back_from_a_click() -> None:
    words = 'red "hoodie" \\ 😀'
    shown = products.table_message(page(TEN, 60), ProductFilter.UNLINKED, words, counts=COUNTS)
    onward = next(one for one in buttons(shown) if one["action_id"] == Action.TABLE_NEXT)
    assert products.read_table(onward) == products.TableRequest(ProductFilter.UNLINKED, words, 10)
    block = next(one for one in shown.blocks if one["type"] == "actions")
    menu = block["elements"][0]
    assert menu["initial_option"]["value"] == "unlinked"
    assert [one["text"]["text"] for one in menu["options"]] == [
        "All (60)",
        "Linked (20)",
        "Unlinked (38)",
        "Broken (2)",
    ]
    clicked = {"action_id": menu["action_id"], "block_id": block["block_id"], "selected_option": menu["options"][3]}
    assert products.read_table(clicked) == products.TableRequest(ProductFilter.BROKEN, words, 0)


@pytest.mark.req("S16")
def test_s16_the_modal_says_what_it_shows_so_that_it_can_be_drawn_again() -> None:
    view = good_view(products.table_modal(page(TEN, 60, 10), ProductFilter.UNLINKED, "tee", counts=COUNTS))
    assert products.read_table_modal(view) == products.TableRequest(ProductFilter.UNLINKED, "tee", 10)


@pytest.mark.req("S25", "S26")
@pytest.mark.parametrize(
    ("linked", "fields", "expected"),
    [
        (LinkState.ACTIVE, {}, "Shopify SKU: `HOOD-RED-M`"),
        (LinkState.ACTIVE, {"sku": ""}, "Shopify SKU: no SKU · Hoodie"),
        (LinkState.BROKEN, {}, "Shopify SKU: `HOOD-RED-M`"),
        (LinkState.TOMBSTONE, {}, "Not linked"),
        (None, {}, "Not linked"),
    ],
)
def test_s25_the_linked_sku_stands_in_the_row(linked: LinkState | None, fields: dict, expected: str) -> None:
    assert products.link_line(row(linked=linked, **fields)).startswith(expected)


def test_n19_pack_is_said() -> None:
    assert "`HOOD-RED-M` × 6" in products.link_line(row(linked=LinkState.ACTIVE, pack=6))


def test_broken_link_says_the_fix_and_offers_link() -> None:
    block = products.product(row(linked=LinkState.BROKEN))
    assert "*Link broken:*" in block["text"]["text"]
    assert block["accessory"]["text"]["text"] == "Link"
    assert unpack(block["accessory"]["value"])["listing"] == row().listing.id


def test_deleted_listing_has_no_button_and_its_status() -> None:
    block = products.product(row(status=ListingStatus.DELETED))
    assert "accessory" not in block
    assert "_deleted on TikTok_" in block["text"]["text"]


@pytest.mark.parametrize("linked", [None, LinkState.ACTIVE, LinkState.BROKEN])
def test_u31_longest_rows_fit(linked: LinkState | None) -> None:
    rows = [long_row(n, linked) for n in range(60)]
    words = "w" * 400
    shown = good_message(products.table_message(page(rows, 60), ProductFilter.ALL, words, counts=COUNTS))
    assert len([one for one in shown.blocks if "accessory" in one]) == 10
    good_view(products.table_modal(page(rows, 60), ProductFilter.ALL, words, counts=COUNTS))
    good_message(products.hits(rows, words))
    good_message(products.pressing(rows, 1000))
    good_message(products.linked_card(rows[0], 12))


@pytest.mark.parametrize("words", ["", "x"])
@pytest.mark.parametrize("filter", list(ProductFilter))
def test_empty_table_says_so(filter: ProductFilter, words: str) -> None:
    shown = good_message(products.table_message(page([]), filter, words, counts=ProductCounts(0, 0, 0, 0)))
    assert "0 of 0" in all_text(shown)
    assert "Next" not in labels(shown)


@pytest.mark.req("U2")
def test_u2_bare_link_lists_five_and_the_way_to_the_rest() -> None:
    rows = [row(n, blocked=blocked()) for n in range(5)]
    shown = good_message(products.pressing(rows, 42))
    assert labels(shown) == ["Link"] * 5 + ["Show all"]
    assert "42 TikTok SKUs are not linked." in shown.text
    assert "+37 more" in shown.text
    assert "Blocks 3 orders" in all_text(shown)


def test_one_unlinked_sku_looks_like_one() -> None:
    shown = good_message(products.pressing([row()], 1))
    assert "1 TikTok SKU is not linked." in shown.text
    assert labels(shown) == ["Link"]


def test_nothing_unlinked() -> None:
    shown = good_message(products.pressing([], 0))
    assert shown.text == "Every TikTok SKU is linked."


@pytest.mark.req("S34")
def test_s34_linked_card_has_unlink_and_who_linked_it() -> None:
    shown = good_message(products.linked_card(row(linked=LinkState.ACTIVE), 2))
    assert labels(shown) == ["Unlink"]
    assert "Linked by <@U0ANA>" in all_text(shown)
    assert "2 other TikTok SKUs linked to the same variant" in all_text(shown)


def test_nothing_found_names_what_was_searched() -> None:
    shown = good_message(products.nothing_found("<!channel>"))
    assert "`&lt;!channel&gt;`" in shown.text
    good_message(products.nothing_found(""))


def test_a_variant_without_title_is_still_a_row() -> None:
    assert products.product(row(title="", variation=""))["text"]["text"].startswith("*Untitled product*")
    assert variant().sku
