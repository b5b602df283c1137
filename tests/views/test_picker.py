"""The SKU linking modal: its order, its options, and reading back what was chosen last."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.board import LinkEffect, VariantQuery
from bot.domain.catalogue import VariantStatus
from bot.domain.links import LinkRequest, LinkState, LinkWarning
from bot.domain.matching import MatchReason, Suggestion, Tier
from bot.domain.values import ListingId, StoreId, VariantId
from bot.views import picker
from bot.views.candidates import name_of
from bot.views.ids import Action, Block
from tests.views.build import (
    ANA,
    HARM,
    LONG,
    all_text,
    blocked,
    good_options,
    good_view,
    labels,
    link,
    listing,
    long_row,
    long_variant_row,
    money,
    page,
    row,
    state,
    store,
    variant,
    variant_row,
)

EFFECT = LinkEffect(money("24.00"), money("20.00"), 7, 9, blocked(), (LinkWarning.SHARED_STOCK,), True, True)


def gid(number: int) -> VariantId:
    return VariantId(f"gid://shopify/ProductVariant/{number}")


def block(view: dict, name: Block) -> dict:
    return next(one for one in view["blocks"] if one.get("block_id", "").split(".")[0] == name)


def sent(view: dict, search: Any = "same", listed: Any = "same", units: str = "1", **filters: list[str]) -> dict:
    """The view as Slack sends it back: state of every input, the drawn choice unless another one is given."""

    def single(element: dict, given: Any) -> dict:
        value = (element.get("initial_option") or {}).get("value") if given == "same" else given
        return {"type": element["type"], "selected_option": {"value": value} if value else None}

    values: dict[str, Any] = {}
    for one in view["blocks"]:
        element = one.get("element")
        if element is None:
            continue
        action = element["action_id"]
        if action == Action.PICK_SEARCH:
            told = single(element, search)
        elif action == Action.PICK_LIST:
            told = single(element, listed)
        elif action == Action.PICK_UNITS:
            told = {"type": "number_input", "value": units}
        else:
            names = filters.get(one["block_id"])
            options = element.get("initial_options", []) if names is None else [{"value": name} for name in names]
            told = {"type": element["type"], "selected_options": options}
        values[one["block_id"]] = {action: told}
    return view | {"state": {"values": values}}


# --- what it shows ---------------------------------------------------------------------------------------------------


@pytest.mark.req("S18", "S24")
def test_s24_title_submit_close_and_the_order_of_the_parts() -> None:
    view = good_view(picker.open(state()))
    assert (view["title"]["text"], view["submit"]["text"], view["close"]["text"]) == ("Link SKU", "Link SKU", "Cancel")
    parts = [one.get("block_id", "").split(".")[0] for one in view["blocks"]]
    assert [one for one in parts if one] == ["search", "categories", "tags", "list", "units"]
    assert "What will happen" in view["blocks"][-1]["text"]["text"]


@pytest.mark.req("S18")
def test_s18_the_tiktok_sku_is_named_on_top() -> None:
    top = picker.open(state())["blocks"][0]["text"]["text"]
    for part in ("*Hoodie*", "Red, M", "`HOOD-RED-M`", "24.00 USD", "7 in stock", "Glow Shop"):
        assert part in top


@pytest.mark.req("S19", "U3", "U34")
def test_s19_search_is_usable_empty_and_has_the_focus_once() -> None:
    search = block(picker.open(state()), Block.SEARCH)
    assert search["element"]["type"] == "external_select"
    assert search["element"]["min_query_length"] == 0
    assert search["element"]["focus_on_load"] is True
    assert search["dispatch_action"] is True
    later = picker.open(state(form=picker.Form(listing().id, lists=1)))
    assert "focus_on_load" not in block(later, Block.SEARCH)["element"]


@pytest.mark.req("S20")
def test_s20_the_list_is_paged() -> None:
    view = picker.open(state())
    radios = block(view, Block.LIST)["element"]
    assert radios["type"] == "radio_buttons"
    assert [one["value"] for one in radios["options"]] == [gid(n) for n in range(1, 8)]
    assert [one for one in labels(view) if one in ("Previous", "Next")] == ["Next"]
    assert "1–7 of 30" in all_text(view)
    last = good_view(picker.open(state(page=page([variant_row(29), variant_row(30)], 30, 28, 7))))
    assert [one for one in labels(last) if one in ("Previous", "Next")] == ["Previous"]
    assert "29–30 of 30" in all_text(last)


@pytest.mark.req("S21", "S22")
def test_s21_filters_are_multi_selects_that_keep_what_was_chosen() -> None:
    view = good_view(picker.open(state(query=VariantQuery("", ("Hoodies", "Tees"), ("summer",)))))
    for name, expected in ((Block.CATEGORIES, ["Hoodies", "Tees"]), (Block.TAGS, ["summer"])):
        element = block(view, name)["element"]
        assert element["type"] == "multi_external_select"
        assert [one["value"] for one in element["initial_options"]] == expected
        assert block(view, name)["dispatch_action"] is True


@pytest.mark.req("S26")
def test_s26_every_candidate_shows_its_sku_or_says_that_it_has_none() -> None:
    view = picker.open(state(page=page([variant_row(1, sku="A-1"), variant_row(2, sku=" ")])))
    shown = [one["text"]["text"] for one in block(view, Block.LIST)["element"]["options"]]
    assert shown == ["A-1 · Hoodie · Red / M", "no SKU · Hoodie · Red / M"]


@pytest.mark.parametrize(
    ("candidate", "mark"),
    [
        (variant_row(1, linked_to=["17"]), "linked to TEE-1"),
        (variant_row(1, linked_to=["17", "18", "19"]), "linked to TEE-1 +2 more"),
        (variant_row(1, linked_to=["18"]), "linked to 18"),
        (variant_row(1, status=VariantStatus.DRAFT), "draft"),
        (variant_row(1, status=VariantStatus.ARCHIVED), "archived"),
        (variant_row(1, price=money("20", "GBP")), "other currency (GBP)"),
        (variant_row(1, tracked=False), "stock not tracked"),
        (variant_row(1, available=None), "stock unknown"),
    ],
)
def test_marks_of_a_candidate(candidate: Any, mark: str) -> None:
    view = good_view(picker.open(state(page=page([candidate]), linked_skus={ListingId("17"): "TEE-1"})))
    option = block(view, Block.LIST)["element"]["options"][0]
    assert mark in option["description"]["text"]


@pytest.mark.req("S13")
def test_s13_the_store_is_named() -> None:
    other = variant_row(2, store_=store("Outlet"))
    options = block(picker.open(state(page=page([variant_row(1), other]))), Block.LIST)["element"]["options"]
    assert [
        ("Main store" in one["description"]["text"], "Outlet" in one["description"]["text"]) for one in options
    ] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.req("U5")
def test_u5_best_suggestions_come_first_with_their_reason_and_push_no_row_out() -> None:
    found = [Suggestion(variant(n, sku=f"S-{n}"), MatchReason.NEAR_SKU, Tier.MEDIUM, 0.8) for n in (40, 3, 41, 42)]
    options = block(good_view(picker.open(state(suggestions=found))), Block.LIST)["element"]["options"]
    assert [one["value"] for one in options] == [gid(n) for n in (40, 3, 41, 1, 2, 4, 5, 6, 7)]
    assert options[0]["description"]["text"].startswith("SKU nearly the same")
    second = picker.open(state(suggestions=found, page=page([variant_row(8)], 30, 7, 7)))
    assert [one["value"] for one in block(second, Block.LIST)["element"]["options"]] == [gid(8)]


@pytest.mark.req("S20")
def test_s20_a_full_page_of_ten_leaves_no_room_for_suggestions_but_loses_no_row() -> None:
    rows = [variant_row(n) for n in range(1, 11)]
    found = [Suggestion(variant(n), MatchReason.SAME_TITLE, Tier.MEDIUM, 0.5) for n in (40, 10)]
    options = block(good_view(picker.open(state(page=page(rows, 30), suggestions=found))), Block.LIST)["element"][
        "options"
    ]
    assert {one["value"] for one in options} == {gid(n) for n in range(1, 11)}
    assert options[0]["value"] == gid(10)


def test_suggestion_of_a_store_that_is_gone_is_left_out() -> None:
    found = [Suggestion(variant(40, store_id=StoreId("gone")), MatchReason.NEAR_SKU, Tier.MEDIUM, 0.8)]
    options = block(picker.open(state(suggestions=found)), Block.LIST)["element"]["options"]
    assert gid(40) not in [one["value"] for one in options]


@pytest.mark.req("A4", "N2")
def test_a4_what_will_happen_before_and_after() -> None:
    shown = all_text(good_view(picker.open(state(chosen=variant_row(3), effect=EFFECT, pack=6))))
    assert "Price on TikTok: 24.00 USD → 20.00 USD" in shown
    assert "Stock on TikTok: 7 → 9" in shown
    assert "Releases 3 orders, 124.00 USD + 80.00 GBP" in shown
    assert "they all offer the same stock" in shown
    assert "× 6" in shown


@pytest.mark.parametrize(
    "effect",
    [
        replace(EFFECT, pushes_price=False, pushes_stock=False),
        replace(EFFECT, price_after=None, stock_after=None),
        replace(EFFECT, price_after=money("24"), stock_after=7),
    ],
)
def test_what_does_not_change_is_said_to_stay(effect: LinkEffect) -> None:
    shown = all_text(picker.open(state(chosen=variant_row(3), effect=effect)))
    assert "Price on TikTok stays 24.00 USD" in shown
    assert "Stock on TikTok stays 7" in shown


def test_an_empty_list_says_why() -> None:
    assert "Nothing matches these filters" in all_text(
        good_view(picker.open(state(page=page([]), query=VariantQuery("", ("x",)))))
    )
    assert "No Shopify store is connected" in all_text(good_view(picker.open(state(page=page([]), stores={}))))
    assert "has been imported yet" in all_text(good_view(picker.open(state(page=page([])))))


def test_longest_inputs_fit() -> None:
    rows = [long_variant_row(n) for n in range(1, 11)]
    names = [LONG + str(n) for n in range(40)]
    full = state(
        row=long_row(), page=page(rows, 100_000, 99_000), chosen=long_variant_row(1), pack=1000, notice=HARM,
        effect=replace(EFFECT, warnings=tuple(LinkWarning)), query=VariantQuery("", tuple(names), tuple(names)),
        categories=names, tags=names, linked_skus={ListingId("1"): LONG},
    )  # fmt: skip
    good_view(picker.open(full))
    good_view(picker.linked(long_row(linked=LinkState.ACTIVE), EFFECT))
    good_view(picker.already_linked(long_row(linked=LinkState.ACTIVE), None))
    good_view(picker.loading())
    good_view(picker.working())
    good_view(picker.failed("It was deleted. Choose another one."))


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("U4")
def test_u4_groups_and_no_variant_twice() -> None:
    answer = good_options(
        picker.search_options(
            [("Suggested", [variant_row(1)]), ("Recent", []), ("All", [variant_row(1), variant_row(2)])]
        )
    )
    groups = [(one["label"]["text"], [x["value"] for x in one["options"]]) for one in answer["option_groups"]]
    assert groups == [("Suggested", [gid(1)]), ("All", [gid(2)])]


@pytest.mark.req("U31")
@pytest.mark.parametrize(("count", "total", "left"), [(99, 99, 0), (100, 100, 1), (99, 5000, 4901), (250, None, 151)])
def test_u31_more_than_a_hundred_is_said(count: int, total: int | None, left: int) -> None:
    answer = good_options(picker.search_options([("All", [long_variant_row(n) for n in range(count)])], total))
    options = answer["option_groups"][0]["options"]
    assert len(options) == min(count, 99) + bool(left)
    assert (options[-1]["text"]["text"].startswith(f"+{left} more")) == bool(left)


def test_no_results_is_a_legal_answer() -> None:
    assert good_options(picker.search_options([("All", [])])) == {"options": []}
    assert good_options(picker.filter_options([], "x")) == {"options": []}


@pytest.mark.req("S21", "S22")
def test_filter_names_are_found_by_any_part_in_any_case() -> None:
    answer = good_options(picker.filter_options(["Apparel > Hoodies", "Mugs", " "], "HOOD"))
    assert [one["value"] for one in answer["options"]] == ["Apparel > Hoodies"]
    many = good_options(picker.filter_options([f"{LONG} {n}" for n in range(300)], ""))
    assert len(many["options"]) == 100
    assert many["options"][-1]["value"] == picker.REFINE


def test_a_category_longer_than_an_option_value_is_found_again() -> None:
    names = [LONG + "a", LONG + "b", "Hash # in it"]
    values = [one["value"] for one in picker.filter_options(names, "")["options"]]
    assert [name_of(value, names) for value in values] == names
    view = sent(picker.open(state(query=VariantQuery("", (names[1],), ()))))
    assert picker.look(view, None, categories=names).query.categories == (names[1],)


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("S24")
@pytest.mark.parametrize(
    ("drawn", "search", "listed", "expected"),
    [
        (None, gid(3), "same", 3),  # chosen in the search only
        (None, "same", gid(2), 2),  # chosen in the list only
        (1, "same", "same", 1),  # the choice made for the person (`/link A B`) or drawn before
        (1, "same", gid(2), 2),  # the list changed last, the redraw has not arrived
        (1, gid(3), "same", 3),  # the search changed last, the redraw has not arrived
        (50, "same", "same", 50),  # chosen on another page: kept
    ],
)
def test_s24_the_last_choice_counts(drawn: int | None, search: Any, listed: Any, expected: int) -> None:
    view = picker.open(state(chosen=variant_row(drawn) if drawn else None))
    assert picker.read(sent(view, search, listed, "6")) == LinkRequest(listing().id, gid(expected), 6)


@pytest.mark.req("U6")
@pytest.mark.parametrize(
    ("drawn", "search", "listed"),
    [
        (None, "same", "same"),  # nothing chosen
        (1, None, "same"),  # the choice was taken back in the search
        (None, gid(3), gid(2)),  # two different choices, none drawn yet: never guess
        (None, picker.REFINE, "same"),  # "type more" chooses nothing
    ],
)
def test_u6_without_one_choice_there_is_an_inline_error_on_an_input(
    drawn: int | None, search: Any, listed: Any
) -> None:
    view = picker.open(state(chosen=variant_row(drawn) if drawn else None, form=picker.Form(listing().id, searches=4)))
    problem = picker.read(sent(view, search, listed))
    assert isinstance(problem, picker.InputProblem)
    inputs = {one["block_id"] for one in view["blocks"] if one["type"] == "input"}
    assert problem.block_id in inputs
    assert problem.block_id.startswith("search.")


@pytest.mark.req("U6", "N19")
@pytest.mark.parametrize("units", ["0", "1001", "-1", "x", "1.5", "٣", "9" * 5000])
def test_u6_wrong_units_are_an_inline_error(units: str) -> None:
    view = picker.open(state(chosen=variant_row(1)))
    problem = picker.read(sent(view, units=units))
    assert problem == picker.InputProblem("units", "Enter a whole number from 1 to 1000.")


@pytest.mark.parametrize("units", ["1", "6", "1000"])
def test_n19_units_in_range(units: str) -> None:
    assert picker.read(sent(picker.open(state(chosen=variant_row(1))), units=units)) == LinkRequest(
        listing().id, gid(1), int(units)
    )


def redraw(form: picker.Form, rows: range = range(1, 8)) -> dict:
    chosen = None if form.chosen is None else variant_row(int(form.chosen.rsplit("/", 1)[1]))
    shown = page([variant_row(n) for n in rows], 30, form.offset, 7)
    return good_view(picker.open(state(form=form, chosen=chosen, query=form.query, pack=form.pack, page=shown)))


def clicked(action: Action) -> dict:
    return {"action_id": action.value}


@pytest.mark.req("S20", "S24")
def test_a_choice_survives_paging_and_resets_the_other_input() -> None:
    view = picker.open(state())
    form = picker.look(sent(view, search=gid(3)), clicked(Action.PICK_SEARCH))
    assert (form.chosen, form.lists, form.searches) == (gid(3), 1, 0)
    view = redraw(form)
    assert block(view, Block.LIST)["element"]["initial_option"]["value"] == gid(3)
    form = picker.look(sent(view, listed=gid(5)), clicked(Action.PICK_LIST))
    assert (form.chosen, form.lists, form.searches) == (gid(5), 1, 1)
    view = redraw(form)
    assert block(view, Block.SEARCH)["block_id"] == "search.1"
    assert block(view, Block.SEARCH)["element"]["initial_option"]["value"] == gid(5)
    form = picker.look(sent(view), clicked(Action.PICK_NEXT))
    assert (form.chosen, form.offset) == (gid(5), 7)
    view = redraw(form, range(8, 15))
    assert "initial_option" not in block(view, Block.LIST)["element"]
    assert picker.read(sent(view)) == LinkRequest(listing().id, gid(5), 1)
    form = picker.look(sent(view), clicked(Action.PICK_PREVIOUS))
    assert (form.chosen, form.offset) == (gid(5), 0)


@pytest.mark.req("S23")
def test_s23_a_filter_starts_at_the_first_page_and_keeps_choice_and_units() -> None:
    form = picker.Form(listing().id, offset=14, chosen=gid(50))
    view = redraw(form, range(15, 22))
    form = picker.look(
        sent(view, units="6", categories=["Tees", picker.REFINE], tags=["x"]), clicked(Action.PICK_CATEGORIES)
    )
    assert form.query == VariantQuery("", ("Tees",), ("x",))
    assert (form.offset, form.chosen, form.pack) == (0, gid(50), 6)


def test_taking_the_choice_back_in_the_search_clears_it() -> None:
    view = picker.open(state(chosen=variant_row(1)))
    form = picker.look(sent(view, search=None), clicked(Action.PICK_SEARCH))
    assert form.chosen is None
    assert isinstance(picker.read(sent(redraw(form))), picker.InputProblem)


def test_the_option_that_only_asks_for_more_letters_keeps_the_choice_and_is_reset() -> None:
    view = picker.open(state(chosen=variant_row(1)))
    more = {"action_id": Action.PICK_SEARCH.value, "selected_option": {"value": picker.REFINE}}
    form = picker.look(sent(view, search=picker.REFINE), more)
    assert (form.chosen, form.searches) == (None if form.chosen is None else gid(1), 1)


def test_another_view_is_not_read_as_a_picker() -> None:
    with pytest.raises(ValueError, match="not"):
        picker.look({"private_metadata": '{"":"table"}'})
    with pytest.raises(ValueError, match="not"):
        picker.look({})


def test_after_the_act() -> None:
    done = good_view(picker.linked(row(linked=LinkState.ACTIVE), EFFECT))
    assert "submit" not in done
    assert "Shopify SKU: `HOOD-RED-M`" in all_text(done)
    assert "3 waiting orders go to Shopify now." in all_text(done)
    taken = good_view(picker.already_linked(row(linked=LinkState.ACTIVE), link(listing(), actor=ANA)))
    assert "is already linked by <@U0ANA>" in all_text(taken)
    assert "unlink it first" in all_text(taken)
