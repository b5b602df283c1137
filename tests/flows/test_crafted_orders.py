"""The crafted orders (tests/vectors) in TikTok's own shape, each through the whole mirror."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.rehearsal.seed import SHOP, SHOP_NAME, STORE, STORE_NAME
from tests.flows.world import Clock, World, open_world

CRAFTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "crafted_orders.json").read_text()
)
BEFORE = datetime.fromtimestamp(min(order["create_time"] for order in CRAFTED.values()) - 3600, UTC)
AFTER = datetime.fromtimestamp(max(order["update_time"] for order in CRAFTED.values()) + 60, UTC)

TEE, HAT = ("TEE-RED-M", 1), ("HAT-BLK", 1)
MIRRORED = ("mirrored", None)
OUTCOMES: dict[str, tuple[tuple[str, str | None], list[tuple[str, int]]]] = {
    # name → where it stands, and the (SKU, units) of its Shopify order
    "two_units_same_sku_plus_gift": (MIRRORED, [("TEE-RED-M", 2), HAT]),
    "on_hold_no_address": (("waiting", "on_hold"), []),
    "tiktok_shipping_masked": (MIRRORED, [TEE]),
    "fbt_masked": (("not_ours", "fulfilled_by_tiktok"), []),
    "sample_order_zero": (("not_ours", "sample"), []),
    "virtual_bundle": (MIRRORED, [TEE, ("HAT-BLK", 2)]),
    "blank_seller_sku": (MIRRORED, [TEE]),
}


def product(number: int, title: str, *skus: tuple[str, str, str]) -> dict[str, Any]:
    """`skus`: (id, seller SKU, price). In TikTok's shape, as far as the fake needs it."""
    return {
        "id": f"17295929697122072{number:02}",
        "title": title,
        "status": "ACTIVATE",
        "skus": [
            {
                "id": id,
                "seller_sku": sku,
                "price": {"currency": "USD", "tax_exclusive_price": price, "sale_price": price},
                "inventory": [{"warehouse_id": "7068517275539719942", "quantity": 50}],
            }
            for id, sku, price in skus
        ],
    }


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[World]:
    """Connected before the orders were made; the tee and the hat are linked by the rule, the bundle has no twin."""
    clock = Clock(BEFORE)
    world = await open_world(sqlite_url, clock=clock)
    world.tiktok.add_shop(SHOP, SHOP_NAME, warehouses=({"id": "7068517275539719942", "name": "Main"},))
    products = [
        product(8, "Cotton Tee", ("1729592969712207013", "TEE-RED-M", "19.99")),
        product(9, "Hat", ("1729592969712207014", "HAT-BLK", "9.00")),
        product(98, "Bundle", ("1729592969712207099", "BUNDLE-1", "35.00")),
    ]
    world.tiktok.load({"products": products})
    world.shopify.add_store(STORE, STORE_NAME, locations=("Main",))
    for sku, price in (("TEE-RED-M", "19.99"), ("HAT-BLK", "9.00")):
        world.shopify.add_product(STORE, sku, [{"sku": sku, "price": price, "stock": 50}])
    await world.connect()
    await world.answer()
    clock.at = AFTER
    yield world
    await world.stage.close()


def test_every_crafted_order_has_its_outcome() -> None:
    assert OUTCOMES.keys() == CRAFTED.keys()


@pytest.mark.req("S31", "S32", "S33", "N6", "N19")
@pytest.mark.parametrize("name", OUTCOMES)
async def test_s31_a_crafted_order_comes_out_as_it_should(shop: World, name: str) -> None:
    order, (stands, lines) = CRAFTED[name], OUTCOMES[name]
    shop.tiktok.load({"orders": [order]})
    await shop.settle()
    await shop.poll()
    assert shop.standing(order["id"]) == stands
    made = shop.shopify.orders_of(order["id"])
    assert len(made) == (1 if lines else 0)
    for there in made:
        assert sorted((line.sku, line.quantity) for line in there.lines) == sorted(lines)
        assert Decimal(str(there.total.shop)) == Decimal(order["payment"]["total_amount"])
        assert all(line.variant_id for line in there.lines)


@pytest.mark.req("S33")
async def test_s33_masked_text_is_put_nowhere_as_if_it_were_real(shop: World) -> None:
    order = CRAFTED["tiktok_shipping_masked"]
    shop.tiktok.load({"orders": [order]})
    await shop.poll()
    (there,) = shop.shopify.orders_of(order["id"])
    assert "*" not in str(there.shipping_address or "")


@pytest.mark.req("A11", "S33")
async def test_a11_the_order_on_hold_goes_when_its_hour_is_over_and_its_address_is_there(shop: World) -> None:
    order = CRAFTED["on_hold_no_address"]
    shop.tiktok.load({"orders": [order]})
    await shop.settle()
    address = CRAFTED["two_units_same_sku_plus_gift"]["recipient_address"]
    shop.tiktok.set_order(order["id"], recipient_address=address)
    shop.tiktok.advance(order["id"], "AWAITING_SHIPMENT")
    await shop.settle()
    assert shop.standing(order["id"]) == MIRRORED
    (there,) = shop.shopify.orders_of(order["id"])
    assert there.shipping_address["address1"] == address["address_line1"]
