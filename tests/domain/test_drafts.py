"""The Shopify order's money equals TikTok's to the cent, line by line, and its units are the linked ones."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from bot.domain.catalogue import Variant
from bot.domain.drafts import DraftLine, OrderDraft, draft_order
from bot.domain.links import Link
from bot.domain.orders import BundlePart, Order, OrderLine, Payment, Reason, Stop
from bot.domain.values import ListingId, Money, VariantId, minor_units, total

from .build import STORE, line, link, links, money, order, payment, variant

VariantMap = dict[VariantId, Variant]
VA, VB = VariantId("v-A"), VariantId("v-B")


def priced(**prices: str) -> VariantMap:
    return {VariantId(f"v-{key}"): variant(id=f"v-{key}", price=money(price)) for key, price in prices.items()}


def draft(it: Order, *made: Link, variants: VariantMap | None = None) -> OrderDraft:
    result = draft_order(it, STORE, links(*made), variants or {})
    assert isinstance(result, OrderDraft), result
    return result


def rows(result: OrderDraft) -> list[tuple[str, int, str]]:
    return [(row.variant_id, row.quantity, row.unit_price.text()) for row in result.lines]


def goods(lines: tuple[DraftLine, ...], currency: str) -> Money:
    return total([row.unit_price * row.quantity for row in lines], currency)


def test_s32_units_and_price_of_the_linked_variant() -> None:
    result = draft(order(line("A", 2, "16.99")), link("A"))
    assert rows(result) == [("v-A", 2, "16.99")]
    assert result.total == money("33.98")
    assert result.tags == ("tiktok-shop", "tts-576461413038785701")
    assert ("TikTok order", "576461413038785701") in result.attributes
    assert ("Ship by (UTC)", "2026-11-27 12:00") in result.attributes
    assert result.shipping == (("TikTok Shop shipping", money("0")),)
    assert result.taxes == ()
    assert not result.taxes_included


@pytest.mark.parametrize(
    "quantity, price, pack, expected",
    [
        (2, "54.00", 6, [("v-A", 12, "9.00")]),  # two packs of six: twelve at 9.00
        (1, "10.00", 3, [("v-A", 1, "3.34"), ("v-A", 2, "3.33")]),  # what does not divide stays exact
        (3, "0.00", 2, [("v-A", 6, "0.00")]),
        (7, "3.32", 1, [("v-A", 7, "3.32")]),
        (1, "0.02", 6, [("v-A", 2, "0.01"), ("v-A", 4, "0.00")]),
    ],
)
@pytest.mark.req("N19")
def test_n19_packs(quantity: int, price: str, pack: int, expected: list[tuple[str, int, str]]) -> None:
    it = order(line("A", quantity, price))
    result = draft(it, link("A", pack=pack))
    assert rows(result) == expected
    assert result.total == it.payment.total


def test_every_tiktok_line_stands_once_also_when_the_price_is_split() -> None:
    result = draft(order(line("A", 2, "5.00"), line("B", 1, "1.00")), link("A", pack=3), link("B"))
    told = Counter(one for row in result.lines for one in row.line_ids)
    assert told == {"A-0": 1, "A-1": 1, "B-0": 1}


def test_n19_a_bundle_becomes_its_parts_weighed_by_the_variants_prices() -> None:
    bundle = line("BUN", 2, "25.00", parts=(BundlePart(ListingId("A"), 1), BundlePart(ListingId("B"), 2)))
    result = draft(order(bundle), link("A"), link("B"), variants=priced(A="20.00", B="5.00"))
    # 50.00 over 2 × 20.00 and 4 × 5.00: 33.34 and 16.66 (the cent that does not divide goes to the first part)
    assert rows(result) == [("v-A", 2, "16.67"), ("v-B", 2, "4.17"), ("v-B", 2, "4.16")]
    assert result.total == money("50.00")


def test_n19_a_bundle_part_s_pack_counts() -> None:
    bundle = line("BUN", 1, "12.00", parts=(BundlePart(ListingId("A"), 2),))
    assert rows(draft(order(bundle), link("A", pack=3), variants=priced(A="9.00"))) == [("v-A", 6, "2.00")]


def test_n19_a_bundle_linked_itself_is_one_variant() -> None:
    bundle = line("BUN", 1, "12.00", parts=(BundlePart(ListingId("A"), 2),))
    assert rows(draft(order(bundle), link("BUN", "v-BUN"))) == [("v-BUN", 1, "12.00")]


def test_a_bundle_without_known_prices_is_split_evenly() -> None:
    bundle = line("BUN", 1, "9.01", parts=(BundlePart(ListingId("A"), 1), BundlePart(ListingId("B"), 1)))
    assert rows(draft(order(bundle), link("A"), link("B"))) == [("v-A", 1, "4.51"), ("v-B", 1, "4.50")]


def test_tax_on_top_is_the_marketplace_s() -> None:
    it = order(line("A", 2, "16.99"), payment=payment((line("A", 2, "16.99"),), tax="2.80"))
    result = draft(it, link("A"))
    assert result.total == money("36.78")
    assert not result.taxes_included
    (tax,) = result.taxes
    assert (tax.amount, tax.rate, tax.channel_liable) == (money("2.80"), Decimal("0.082401"), True)


def test_tax_inside_the_prices_is_the_seller_s() -> None:
    it = order(line("A", 1, "12.00"), payment=payment((line("A", 1, "12.00"),), tax="2.00", total="12.00"))
    result = draft(it, link("A"))
    assert result.total == money("12.00")
    assert result.taxes_included
    (tax,) = result.taxes
    assert (tax.amount, tax.rate, tax.channel_liable) == (money("2.00"), Decimal("0.200000"), False)


def test_tax_on_nothing_has_no_rate() -> None:
    it = order(line("A", 1, "0.00"), payment=payment((line("A", 1, "0.00"),), tax="0.50"))
    assert draft(it, link("A")).taxes[0].rate == 0


def test_shipping_and_fees_are_named_and_nothing_empty_is_shown() -> None:
    rows_ = (line("A", 1, "10.00"),)
    pay = replace(
        payment(rows_, shipping="4.99", total="15.27"),
        fees=(("Retail delivery fee", money("0.28")), ("Handling fee", money("0"))),
    )
    result = draft(order(*rows_, payment=pay), link("A"))
    assert result.shipping == (("TikTok Shop shipping", money("4.99")), ("Retail delivery fee", money("0.28")))
    assert result.total == money("15.27")


def test_properties_say_what_the_price_was_made_of() -> None:
    rows_ = line(
        "A",
        original_price=money("19.99"),
        unit_price=money("16.99"),
        seller_discount=money("2.00"),
        platform_discount=money("1.00"),
    )
    gift = line("B", price="0.00", seller_sku="", is_gift=True)
    first, second = draft(order(rows_, gift), link("A"), link("B")).lines
    assert first.properties == (
        ("TikTok SKU", "TEE-1"),
        ("Price before discounts", "19.99"),
        ("Seller discount", "2.00"),
        ("TikTok discount", "1.00"),
    )
    assert second.properties == (("TikTok SKU", "B"), ("Gift", "yes")), "without a SKU the listing's id is told"


def test_a_tiktok_label_is_named_and_a_missing_date_is_not() -> None:
    result = draft(order(line("A"), tiktok_ships=True, ship_by=None), link("A"))
    assert ("Ship with", "TikTok Shop label") in result.attributes
    assert "Ship by (UTC)" not in dict(result.attributes)


@pytest.mark.parametrize(
    "currency, price, quantity, pack, expected",
    [
        ("JPY", "2200", 1, 3, [("v-A", 1, "734"), ("v-A", 2, "733")]),
        ("JPY", "2200.00", 2, 1, [("v-A", 2, "2200")]),
        ("VND", "553169", 1, 2, [("v-A", 1, "276585"), ("v-A", 1, "276584")]),
        ("KWD", "1.000", 1, 3, [("v-A", 1, "0.334"), ("v-A", 2, "0.333")]),
    ],
)
def test_s33_currencies_without_and_with_three_decimals(
    currency: str, price: str, quantity: int, pack: int, expected: list[tuple[str, int, str]]
) -> None:
    it = order(line("A", quantity, price, currency))
    result = draft(it, link("A", pack=pack))
    assert rows(result) == expected
    assert result.total == it.payment.total


@pytest.mark.parametrize("off", ["0.01", "-0.01", "1.00"])
def test_a_cent_off_is_held_with_both_totals(off: str) -> None:
    pay = payment((line("A"),), tax="0.80")
    it = order(line("A"), payment=replace(pay, total=pay.total + money(off)))
    assert draft_order(it, STORE, links(link("A")), {}) == Stop(
        Reason.TOTALS_DIFFER, facts={"tiktok": it.payment.total.text(), "shopify": "10.80"}
    )


def test_the_draft_prints_nothing_of_the_buyer() -> None:
    shown = repr(draft(order(line("A"), buyer_message="ring at Elm Street"), link("A")))
    assert not [word for word in ("Jane", "Austin", "Elm Street") if word in shown]


@dataclass(frozen=True)
class Sale:
    """A random order whose sums are TikTok's own, or off by `off` steps."""

    order: Order
    links: tuple[Link, ...]
    variants: VariantMap
    units: Counter[str]  # Shopify units per variant
    off: int
    before_tax: Money


def _sale(dice: random.Random) -> Sale:
    currency = dice.choice(("USD", "GBP", "EUR", "JPY", "VND", "KWD"))
    made: dict[str, Link] = {}
    units: Counter[str] = Counter()
    rows_ = tuple(_line(dice, currency, number, made, units) for number in range(dice.randint(1, 5)))
    shipping, fee, tax = (_amount(dice, currency, 2000) * dice.choice((0, 1)) for _ in range(3))
    subtotal = total([row.unit_price * row.quantity for row in rows_], currency)
    before_tax = subtotal + shipping + fee
    included, off = dice.random() < 0.4, dice.choice((0, 0, 0, 0, -1, 1, 7))
    whole = before_tax if included else before_tax + tax
    pay = Payment(subtotal, shipping, tax, Money(whole.amount + off * whole.step, currency), (("Fee", fee),))
    variants = {
        one.variant_id: variant(id=one.variant_id, price=_amount(dice, currency, 9000))
        for one in made.values()
        if dice.random() < 0.9  # a variant that is not known weighs nothing
    }
    return Sale(order(*rows_, payment=pay), tuple(made.values()), variants, units, off, before_tax)


def _line(dice: random.Random, currency: str, number: int, made: dict[str, Link], units: Counter[str]) -> OrderLine:
    original = _amount(dice, currency, 20_000)
    unit = Money(original.amount - original.step * dice.randint(0, int(original.amount / original.step)), currency)
    base = line(f"L{number}", dice.randint(1, 7), "0", currency)
    parts = tuple(BundlePart(ListingId(f"L{number}P{i}"), dice.randint(1, 4)) for i in range(dice.choice((0, 0, 1, 3))))
    for listing_id, count in [(part.listing_id, part.count) for part in parts] or [(base.listing_id, 1)]:
        made[listing_id] = link(listing_id, pack=dice.choice((1, 1, 2, 3, 6, 12)))
        units[made[listing_id].variant_id] += base.quantity * count * made[listing_id].pack
    return replace(base, unit_price=unit, original_price=original, seller_discount=original - unit, parts=parts)


def _amount(dice: random.Random, currency: str, steps: int) -> Money:
    return Money(Decimal(dice.randint(0, steps)).scaleb(-minor_units(currency)), currency)


@pytest.mark.req("S33")
def test_s33_ten_thousand_orders_equal_tiktok_s_total_or_stop() -> None:
    dice = random.Random(20261125)
    outcomes: Counter[str] = Counter()
    for _ in range(10_000):
        sale = _sale(dice)
        pay = sale.order.payment
        result = draft_order(sale.order, STORE, links(*sale.links), sale.variants)
        if isinstance(result, Stop):
            outcomes["stopped"] += 1
            assert result.reason is Reason.TOTALS_DIFFER
            assert pay.total not in (sale.before_tax, sale.before_tax + pay.tax), "a right total was stopped"
            continue
        outcomes["drafted"] += 1
        taxes = total([tax.amount for tax in result.taxes], pay.currency)
        shopify = goods(result.lines, pay.currency) + total([fee for _, fee in result.shipping], pay.currency)
        assert (shopify if result.taxes_included else shopify + taxes) == result.total == pay.total
        assert all(row.unit_price.is_whole_steps and row.unit_price.amount >= 0 for row in result.lines)
        sold: Counter[str] = Counter()
        for row in result.lines:
            sold[row.variant_id] += row.quantity
        assert sold == sale.units
    assert outcomes["drafted"] > 5_000
    assert outcomes["stopped"] > 2_000
