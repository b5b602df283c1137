"""What a linked listing should offer, at which price, and whether to tell TikTok."""

import pytest

from bot.domain.catalogue import Stocked, Variant
from bot.domain.prices import wanted_price
from bot.domain.pushes import Change, Field, PushReason, decide_price_push, decide_stock_push
from bot.domain.stock import MAX_OFFER, spread, wanted_stock
from bot.domain.values import Money

from .build import money, variant


@pytest.mark.req("S29", "N17", "N19")
@pytest.mark.parametrize(
    "it, pack, promised, offered",
    [
        (variant(available=10), 1, 0, 10),
        (variant(available=25), 6, 0, 4),  # 25 in stock, a pack of six: four
        (variant(available=25), 6, 2, 3),
        (variant(available=1), 1, 1, 0),  # the last one is sold in the hold hour
        (variant(available=1), 1, 5, 0),  # oversold: nothing, never less
        (variant(available=-3), 1, 0, 0),
        (variant(available=-3), 6, 0, 0),
        (variant(available=0), 1, 0, 0),
        (variant(available=500_000), 1, 0, MAX_OFFER),
        (variant(available=500_000), 2, 0, MAX_OFFER),
        (variant(available=None), 1, 0, None),  # unknown is not 0
        (variant(tracked=False), 1, 0, None),
        (variant(sells_past_zero=True), 1, 0, None),
    ],
)
def test_s29_stock_to_offer(it: Variant, pack: int, promised: int, offered: int | None) -> None:
    assert wanted_stock(it, pack, promised) == offered


@pytest.mark.parametrize(
    "current, preferred, written",
    [
        ((), None, ()),
        ((Stocked("W1", 7),), None, (Stocked("W1", 5),)),
        ((Stocked("W1", 1), Stocked("W2", 9)), None, (Stocked("W1", 0), Stocked("W2", 5))),  # where most stands
        ((Stocked("W1", 1), Stocked("W2", 9)), "W1", (Stocked("W1", 5), Stocked("W2", 0))),
        ((Stocked("W1", 1), Stocked("W2", 9)), "W9", (Stocked("W1", 0), Stocked("W2", 5))),  # not of this SKU
        ((Stocked("W1", 0), Stocked("W2", 0)), None, (Stocked("W1", 5), Stocked("W2", 0))),
    ],
)
def test_every_warehouse_of_the_sku_is_listed(
    current: tuple[Stocked, ...], preferred: str | None, written: tuple[Stocked, ...]
) -> None:
    assert spread(5, current, preferred) == written


@pytest.mark.req("S28")
@pytest.mark.parametrize(
    "price, pack, currency, wanted",
    [
        (money("24.00"), 1, "USD", money("24.00")),
        (money("24.00"), 6, "USD", money("144.00")),
        (money("3.335"), 1, "USD", money("3.34")),
        (money("2200.00", "JPY"), 1, "JPY", money("2200", "JPY")),  # a store tells yen with two decimals
        (money("24.00"), 1, "GBP", None),  # never the same number in another currency
        (money("24.00"), 1, "", None),  # the shop's currency is not known yet
    ],
)
def test_s28_price_to_show(price: Money, pack: int, currency: str, wanted: Money | None) -> None:
    assert wanted_price(variant(price=price), pack, currency) == wanted


TEN, NINE, EIGHT = money("10"), money("9"), money("8")


@pytest.mark.parametrize(
    "wanted, seen, pushed, outcome",
    [
        (TEN, NINE, None, Change(Field.PRICE, NINE, TEN)),
        (TEN, NINE, NINE, Change(Field.PRICE, NINE, TEN)),
        (TEN, EIGHT, NINE, Change(Field.PRICE, EIGHT, TEN)),  # both changed: Shopify leads
        (TEN, None, None, Change(Field.PRICE, None, TEN)),
        (TEN, TEN, None, PushReason.NOTHING_TO_DO),
        (TEN, money("10.00"), NINE, PushReason.NOTHING_TO_DO),
        (TEN, NINE, TEN, PushReason.NOTHING_TO_DO),  # only TikTok's changed: somebody set it there (S30)
        (None, NINE, NINE, PushReason.CURRENCY_DIFFERS),
    ],
)
def test_s28_price_push(
    wanted: Money | None, seen: Money | None, pushed: Money | None, outcome: Change | PushReason
) -> None:
    assert decide_price_push(wanted, seen, pushed) == outcome


@pytest.mark.parametrize(
    "wanted, seen, outcome",
    [
        (4, 7, Change(Field.STOCK, 7, 4)),
        (7, 4, Change(Field.STOCK, 4, 7)),
        (0, 1, Change(Field.STOCK, 1, 0)),
        (7, 7, PushReason.NOTHING_TO_DO),
        (0, 0, PushReason.NOTHING_TO_DO),
        (None, 7, PushReason.NO_STOCK_FIGURE),
    ],
)
def test_s29_stock_push(wanted: int | None, seen: int, outcome: Change | PushReason) -> None:
    assert decide_stock_push(wanted, seen) == outcome
