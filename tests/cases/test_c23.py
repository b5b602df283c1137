"""C23, its linking views: nothing too long for Slack, no SKU out of reach, and what is left out is counted."""

import re
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from bot.rehearsal.slack_client import text_of
from tests.cases.harness import Play, opened
from tests.cases.reading import load
from tests.flows.world import CHANNEL

pytestmark = pytest.mark.req("U31", "S26", "S20", "U25")


@pytest.fixture
async def played(sqlite_url: str) -> AsyncIterator[Play]:
    case = load("C23", "own")
    tiktok, shopify = case.given["tiktok"], case.given["shopify"]
    tiktok["products"] = repeated(tiktok["products"][0])
    shopify["products"][0]["variants"] = repeated(shopify["products"][0]["variants"][0])
    shopify["products"][0]["variants"][0]["sku"] = ""
    async with opened(case, sqlite_url) as made:
        yield made


def repeated(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """`$repeat`: the item so many times, numbers stepped and texts formatted at their dotted places."""
    told, made = entry["$repeat"], []
    for number in range(told["count"]):
        item = deepcopy(told["item"])
        for place, step in told["step"].items():
            holder, key = _at(item, place)
            holder[key] = str(int(holder[key]) + step * number)
        for place, text in told["format"].items():
            holder, key = _at(item, place)
            holder[key] = text.format(i=number)
        made.append(item)
    return made


def _at(item: Any, place: str) -> tuple[Any, Any]:
    *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in path:
        item = item[part]
    return item, last


async def test_u31_the_picker_reaches_all_150_and_says_no_sku(played: Play) -> None:
    world, who = played.world, played.world.ana
    await world.command(who, f"/link {played.seller_sku('1729592969713000001')}")
    seen = set[str]()
    while True:
        view = world.view(who)
        for block in view["blocks"]:
            seen |= {one["value"] for one in (block.get("element") or {}).get("options", [])}
        if "Next" not in text_of(view):
            break
        await who.click(view, "Next")
        await world.slack_idle()
    assert len(seen) == 150
    menu = await who.type_ahead(world.view(who), "pick_search", "")
    assert len(menu.all) <= 100
    assert re.search(r"\+\d+ more: type more of the SKU or name", menu.labels[-1])
    assert any("no SKU" in label for label in menu.labels)
    menu = await who.type_ahead(world.view(who), "pick_search", "long")
    assert len(menu.all) <= 100
    assert "more" in menu.labels[-1]
    assert world.slack.refusals == []
    assert world.slack.complaints == []


async def test_u31_a_message_that_names_forty_skus_lists_twenty_and_counts_the_rest(played: Play) -> None:
    world, who = played.world, played.world.ana
    ids = [product["skus"][0]["id"] for product in played.case.given["tiktok"]["products"]][:40]
    said = await world.ben.say(CHANNEL, " ".join(ids))
    await who.shortcut("link_from_message", said)
    await world.slack_idle()
    shown = text_of(world.view(who))
    assert "40 SKUs found" in shown
    assert "+20 more" in shown
    assert sum("accessory" in block for block in world.view(who)["blocks"]) == 20
    assert world.slack.refusals == []


async def test_u31_card_group_and_unlink_of_the_longest_names_fit(played: Play) -> None:
    world, who = played.world, played.world.ana
    ids = [product["skus"][0]["id"] for product in played.case.given["tiktok"]["products"]][:9]
    variant = played.case.given["shopify"]["products"][0]["variants"][1]["id"]
    for sku_id in ids:
        await world.link(sku_id, variant)
    await world.command(who, f"/link {ids[0]}")
    card = text_of(world.private(who))
    assert "8 other TikTok SKUs share this Shopify stock" in card
    assert "+3 more" in card
    await world.command(who, f"/link unlink {ids[0]}")
    assert "8 other TikTok SKUs stay linked" in text_of(world.private(who))
    assert world.slack.refusals == []
