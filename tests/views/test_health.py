"""`/link health`: every part in words, the picture with its words, and what stands there without one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.board import Blocked
from bot.domain.health import CatalogueHealth, Point, score
from bot.views import chart, health
from bot.views.blocks import Message
from bot.views.ids import Action, unpack
from bot.views.uploads import PROBLEMS, Uploaded, UploadProblem
from tests.views.build import NOW, all_text, blocked, buttons, good_message, labels, money

ILL = CatalogueHealth(100, 61, 37, 2, 2, 12, blocked(), NOW - timedelta(days=90))
WELL = CatalogueHealth(100, 100, 0, 0, 0, 0, Blocked(0, ()), NOW)
TREND = (Point(NOW - timedelta(days=14), 55, 100), Point(NOW - timedelta(days=7), 58, 100), Point(NOW, 61, 100))
PICTURE = Uploaded("F000000001")


def shown(counted: CatalogueHealth = ILL, picture: Uploaded | UploadProblem = PICTURE) -> Message:
    return good_message(health.health(counted, score(counted), TREND, picture))


@pytest.mark.req("N24")
def test_n24_each_part_says_its_points_and_its_figures() -> None:
    told = all_text(shown())
    for part in (
        "Catalogue health: ", "100 TikTok SKUs · 61 linked · 37 unlinked · 2 broken links", "36 of 60 points",
        "61 % are linked, 37 are not", "2 unlinked are ambiguous", "2 links are broken", "12 linked SKUs were never sold since",
        "3 orders wait for a link, worth 124.00 USD + 80.00 GBP",
    ):  # fmt: skip
        assert part in told, part


@pytest.mark.req("N24")
def test_n24_a_whole_catalogue_has_no_button_and_says_so_in_words() -> None:
    message = shown(WELL)
    assert labels(message) == []
    for part in ("100 of 100", "No link is broken", "No order waits", "Every linked SKU was sold since"):
        assert part in all_text(message)


def test_n24_link_products_leads_to_the_unlinked_ones() -> None:
    [found] = buttons(shown())
    assert found["action_id"] == Action.LINK_PRODUCTS
    assert unpack(found["value"])["filter"] == "unlinked"


@pytest.mark.req("N24", "U35")
def test_u35_the_picture_s_figures_stand_in_its_words_and_in_the_fallback() -> None:
    message = shown()
    [image] = [block for block in message.blocks if block["type"] == "image"]
    assert image["slack_file"] == {"id": "F000000001"}
    assert image["alt_text"].endswith("11 Nov 55 %, 18 Nov 58 %, today 61 %.")
    assert "11 Nov 55 % → 18 Nov 58 % → today 61 %" in message.text


@pytest.mark.req("N24")
@pytest.mark.parametrize("problem", list(UploadProblem))
def test_n24_without_a_picture_the_reason_stands_in_blocks_and_fallback(problem: UploadProblem) -> None:
    message = shown(picture=problem)
    assert str(PROBLEMS[problem]) in message.text
    assert str(PROBLEMS[problem]) in all_text(message)
    assert not [block for block in message.blocks if block["type"] == "image"]


@pytest.mark.req("U31")
def test_u31_many_currencies_are_cut_honestly() -> None:
    sums = tuple(money("12345678.90", f"C{n:02}") for n in range(30))
    told = all_text(shown(replace(ILL, blocked=Blocked(9, sums))))
    assert "+18 more" in told


def test_before_the_first_import_there_is_nothing_to_judge() -> None:
    empty = replace(WELL, listings=0, linked=0)
    message = good_message(health.health(empty, score(empty), (), UploadProblem.NOT_READY))
    assert "/link connect tiktok" in message.text


def test_nothing_linked_yet_is_said() -> None:
    assert all_text(shown(replace(WELL, linked=0, unlinked=100))).count("Nothing is linked yet") == 2


def test_one_figure_is_no_trend_yet() -> None:
    assert health.trend_text(TREND[-1:]) == "today 61 %. Earlier weeks were not counted."


@pytest.mark.parametrize("percents", [(), (0,), (100,), (0, 50, 100), tuple(range(9)), (250, -3)])
def test_the_chart_is_a_png_of_its_size(percents: tuple[int, ...]) -> None:
    made = chart.png([("30 Nov", percent) for percent in percents])
    assert made.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert int.from_bytes(made[16:20]) == chart.WIDTH
    assert len(made) < 20_000


def test_the_chart_shows_the_figures() -> None:
    assert len({chart.png([("today", percent)]) for percent in range(101)}) == 101
    months = {
        chart.png([(f"1 {month}", 5)])
        for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    }
    assert len(months) == 12
    assert health.picture(TREND) == chart.png([("11 Nov", 55), ("18 Nov", 58), ("today", 61)])
