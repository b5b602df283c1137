"""Whether an order goes into Shopify, and the one reason why not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.links import Link, LinkState
from bot.domain.orders import (
    ENDED,
    IN_SHOPIFY,
    PROMISED,
    STANDING,
    BundlePart,
    Create,
    MirrorPolicy,
    Order,
    OrderStatus,
    Reason,
    ShopifyOrder,
    Standing,
    Stop,
    decide_mirror,
    masked,
    needed_listings,
    units_of,
    without_buyer,
)
from bot.domain.values import ListingId, OrderId, VariantId

from .build import CONNECTED, NOWHERE, OTHER_STORE, PLACE, STORE, line, link, links, order, policy

OLD = CONNECTED - timedelta(hours=5)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BUNDLE = line("BUN", parts=(BundlePart(ListingId("A"), 2), BundlePart(ListingId("B"), 1)))
GONE = link("A", state=LinkState.BROKEN)
IN_OTHER = link("B", store_id=OTHER_STORE)
BOTH_STORES = policy(store_currencies={STORE: "USD", OTHER_STORE: "USD"})
POUNDS = order(line(currency="GBP"))
LINKED = (link("A"),)


TWO_STORES = Stop(Reason.UNLINKED_SKU, (ListingId("B"),), {"stores": "harbour-eu.myshopify.com harbour.myshopify.com"})


def _stop(reason: Reason, *listings: str) -> Stop:
    return Stop(reason, tuple(ListingId(one) for one in listings))


DECISIONS: list[tuple[str, Order, tuple[Link, ...], MirrorPolicy, Create | Stop]] = [
    ("ready", order(), LINKED, policy(), Create(STORE, links(link("A")))),
    ("only the links it needs", order(), (link("A"), link("Z")), policy(), Create(STORE, links(link("A")))),
    ("into the store of its links", order(line("B")), (IN_OTHER,), BOTH_STORES, Create(OTHER_STORE, links(IN_OTHER))),
    # what the order is
    ("cancelled", order(status=OrderStatus.CANCELLED), LINKED, policy(), _stop(Reason.CANCELLED)),
    ("cancelled, though not ours", order(status=OrderStatus.CANCELLED, by_tiktok=True), LINKED, policy(),
     _stop(Reason.CANCELLED)),
    ("unpaid", order(status=OrderStatus.UNPAID, paid_at=None), LINKED, policy(), _stop(Reason.UNPAID)),
    ("a status TikTok added", order(status=OrderStatus.UNKNOWN), LINKED, policy(), _stop(Reason.NOT_READABLE_YET)),
    # ours or not
    ("TikTok ships it from its own stock", order(by_tiktok=True), LINKED, policy(),
     _stop(Reason.FULFILLED_BY_TIKTOK)),
    ("digital goods", order(is_digital=True), LINKED, policy(), _stop(Reason.NOTHING_TO_SHIP)),
    ("no lines", replace(order(), lines=()), LINKED, policy(), _stop(Reason.NOTHING_TO_SHIP)),
    ("a sample", order(is_sample=True), LINKED, policy(), _stop(Reason.SAMPLE)),
    ("a sample, sent on by a person", order(is_sample=True), LINKED, policy(mirror_anyway=True),
     Create(STORE, links(link("A")))),
    ("shipped already", order(status=OrderStatus.AWAITING_COLLECTION), LINKED, policy(),
     _stop(Reason.ALREADY_SHIPPED)),
    ("shipped in part", order(status=OrderStatus.PARTIALLY_SHIPPING), LINKED, policy(), _stop(Reason.ALREADY_SHIPPED)),
    ("on its way", order(status=OrderStatus.IN_TRANSIT), LINKED, policy(), _stop(Reason.ALREADY_SHIPPED)),
    ("delivered", order(status=OrderStatus.DELIVERED), LINKED, policy(), _stop(Reason.ALREADY_SHIPPED)),
    ("completed", order(status=OrderStatus.COMPLETED), LINKED, policy(), _stop(Reason.ALREADY_SHIPPED)),
    ("shipped, and no click helps", order(status=OrderStatus.IN_TRANSIT), LINKED, policy(mirror_anyway=True),
     _stop(Reason.ALREADY_SHIPPED)),
    # what a person can mend
    ("in the remorse hour", order(status=OrderStatus.ON_HOLD, address=None), LINKED, policy(), _stop(Reason.ON_HOLD)),
    ("the shop is paused", order(), LINKED, policy(paused=True), _stop(Reason.SHOP_PAUSED)),
    ("no store yet", order(), LINKED, policy(store_currencies={}), _stop(Reason.NO_STORE)),
    ("the buyer asks to cancel", order(cancel_requested=True), LINKED, policy(), _stop(Reason.CANCEL_REQUESTED)),
    ("the buyer asks, a person decides", order(cancel_requested=True), LINKED, policy(mirror_anyway=True),
     Create(STORE, links(link("A")))),
    ("nothing is linked", order(), (), policy(), _stop(Reason.UNLINKED_SKU, "A")),
    ("one of two is unlinked", order(line("A"), line("B")), LINKED, policy(), _stop(Reason.UNLINKED_SKU, "B")),
    ("unlinked goes before broken", order(line("A"), line("B")), (GONE,), policy(), _stop(Reason.UNLINKED_SKU, "B")),
    ("a broken link", order(), (GONE,), policy(), _stop(Reason.BROKEN_LINK, "A")),
    ("a bundle by its parts", order(BUNDLE), (link("A"), link("B")), policy(),
     Create(STORE, links(link("A"), link("B")))),
    ("a bundle linked itself", order(BUNDLE), (link("BUN"),), policy(), Create(STORE, links(link("BUN")))),
    ("a bundle's unlinked part is named", order(BUNDLE), (link("A"),), policy(), _stop(Reason.UNLINKED_SKU, "B")),
    ("a bundle's broken link is not passed by", order(BUNDLE), (link("BUN", state=LinkState.BROKEN), *LINKED),
     policy(), _stop(Reason.BROKEN_LINK, "BUN")),
    ("its store was disconnected", order(line("B")), (IN_OTHER,), policy(), _stop(Reason.NO_STORE, "B")),
    ("links into two stores", order(line("A"), line("B")), (link("A"), IN_OTHER), BOTH_STORES,
     TWO_STORES),
    ("links into two stores: the few are named", order(line("B"), line("A"), line("C")),
     (IN_OTHER, link("A"), link("C")), BOTH_STORES, TWO_STORES),
    ("another currency", POUNDS, LINKED, policy(),
     Stop(Reason.CURRENCY_MISMATCH, facts={"order": "GBP", "store": "USD"})),
    ("no address at all", order(address=None), LINKED, policy(), _stop(Reason.ADDRESS_MISSING)),
    ("neither street nor city", order(address=NOWHERE), LINKED, policy(), _stop(Reason.ADDRESS_MISSING)),
    ("a city is enough", order(address=replace(NOWHERE, districts=(("L2", "Leeds"),))), LINKED, policy(),
     Create(STORE, links(link("A")))),
    ("a street is enough", order(address=replace(NOWHERE, lines=("1 Road",))), LINKED, policy(),
     Create(STORE, links(link("A")))),
    ("masked text never holds", order(address=replace(PLACE, name="J***", lines=("12** S***",), phone="***")), LINKED,
     policy(), Create(STORE, links(link("A")))),
    ("no name, phone or post code never holds",
     order(address=replace(PLACE, name="", first_name="", last_name="", phone="", postal_code="")), LINKED, policy(),
     Create(STORE, links(link("A")))),
]  # fmt: skip

ELSEWHERE = {
    # given by the use cases, which know what this function can't: a person's wish, the sums, an outcome of a call
    Reason.BEFORE_CONNECTION,  # the next test
    Reason.UNCLEAR,
    Reason.TOTALS_DIFFER,
    Reason.APPROVAL_PENDING,
    Reason.IGNORED_BY_PERSON,
    Reason.REFUSED_BY_SHOPIFY,
    Reason.SHOPIFY_UNREACHABLE,
    Reason.TIKTOK_UNREACHABLE,
    Reason.NOT_AUTHORISED,
    Reason.PROGRAM_ERROR,
}


@pytest.mark.req("S31", "S38", "A1", "A11")
@pytest.mark.parametrize("it, made, rules, outcome", [row[1:] for row in DECISIONS], ids=[row[0] for row in DECISIONS])
def test_s31_decide_mirror(it: Order, made: tuple[Link, ...], rules: MirrorPolicy, outcome: Create | Stop) -> None:
    assert decide_mirror(it, links(*made), rules) == outcome


def test_every_reason_of_the_decision_is_in_the_table() -> None:
    told = {row[-1].reason for row in DECISIONS if isinstance(row[-1], Stop)}
    assert told == set(Reason) - ELSEWHERE


@pytest.mark.parametrize(
    "it, ours",
    [
        (order(paid_at=CONNECTED), True),
        (order(paid_at=CONNECTED - SECOND, was_on_hold=False), False),
        (order(paid_at=OLD), False),
        (order(paid_at=CONNECTED - HOUR), True),  # its remorse hour ended at the connection: it was ON_HOLD until then
        (order(paid_at=CONNECTED - HOUR - SECOND), False),
        (order(paid_at=CONNECTED - SECOND), True),
        (order(created_at=OLD, paid_at=CONNECTED + SECOND), True),  # UNPAID at connection
        (order(created_at=OLD, paid_at=None), False),  # cash on delivery, accepted before
        (order(created_at=CONNECTED, paid_at=None), True),
    ],
    ids=lambda value: "" if isinstance(value, Order) else str(value),
)
def test_before_connection_is_judged_by_payment(it: Order, ours: bool) -> None:
    decision = decide_mirror(it, links(*LINKED), policy())
    assert (decision == _stop(Reason.BEFORE_CONNECTION)) is not ours
    assert isinstance(decide_mirror(it, links(*LINKED), policy(mirror_anyway=True)), Create), "Mirror now takes it"


def test_an_order_on_hold_at_connection_is_ours_however_old() -> None:
    waiting = order(status=OrderStatus.ON_HOLD, paid_at=OLD, address=None)
    assert decide_mirror(waiting, links(*LINKED), policy()) == _stop(Reason.ON_HOLD)


def test_every_reason_has_one_standing() -> None:
    assert set(STANDING) == set(Reason)
    assert {STANDING[reason] for reason in Reason} == {
        Standing.WAITING,
        Standing.HELD,
        Standing.NOT_OURS,
        Standing.PARKED,
    }
    assert Stop(Reason.UNCLEAR).standing is Standing.WAITING
    assert Stop(Reason.PROGRAM_ERROR).standing is Standing.PARKED


@pytest.mark.parametrize(
    "group, codes",
    [
        (Standing.WAITING, "unpaid on_hold not_readable_yet unclear"),
        (
            Standing.HELD,
            "unlinked_sku broken_link currency_mismatch totals_differ address_missing cancel_requested "
            "approval_pending shop_paused no_store",
        ),
        (
            Standing.NOT_OURS,
            "before_connection cancelled fulfilled_by_tiktok sample nothing_to_ship already_shipped ignored_by_person",
        ),
        (
            Standing.PARKED,
            "refused_by_shopify shopify_unreachable tiktok_unreachable not_authorised program_error",
        ),
    ],
)
def test_the_codes_people_rely_on(group: Standing, codes: str) -> None:
    assert {reason.value for reason in Reason if STANDING[reason] is group} == set(codes.split())


def test_groups_of_standings() -> None:
    assert not IN_SHOPIFY & PROMISED
    assert set(Standing) - IN_SHOPIFY - PROMISED == {Standing.NOT_OURS}, "orders that are not ours are not subtracted"
    assert {OrderStatus.COMPLETED, OrderStatus.CANCELLED} == ENDED


def test_n19_units_count_a_bundle_and_its_parts() -> None:
    two_bundles = replace(BUNDLE, quantity=2)
    assert units_of(order(two_bundles, line("A", 3))) == {"BUN": 2, "A": 7, "B": 2}


def test_needed_listings_are_named_once_in_order() -> None:
    twice = order(line("B"), BUNDLE, line("B"))
    assert needed_listings(twice, {}) == ("B", "A")
    assert needed_listings(twice, links(link("BUN"))) == ("B", "BUN")


def test_buyers_leave_no_trace_in_what_is_kept_or_printed() -> None:
    it = order(buyer_message="leave at 12 Elm Street")
    kept = without_buyer(it)
    assert (kept.address, kept.buyer_message) == (None, "")
    assert kept.lines == it.lines
    assert not [word for word in ("Jane", "Elm Street", "5125550142", "Sample Ave") if word in repr(it)]


@pytest.mark.parametrize(
    "districts, city",
    [
        (PLACE.districts, "Austin"),
        ((("L0", "UK"), ("L1", "England"), ("L2", "Leeds")), "Leeds"),
        ((("L0", "SG"), ("L1", "Singapore")), "Singapore"),
        ((("L0", "SG"),), ""),
    ],
)
def test_the_city_is_the_finest_named_district(districts: tuple[tuple[str, str], ...], city: str) -> None:
    place = replace(PLACE, districts=districts)
    assert place.city == city
    assert place.district("L9") == ""


def test_masked_text_is_known_by_its_stars() -> None:
    assert masked("J*** S")
    assert not masked("Jane")


TIKTOK_ID = OrderId("576461413038785701")


@pytest.mark.parametrize(
    "fields, found",
    [
        ({"source_identifier": TIKTOK_ID}, True),
        ({"tags": ("tts-576461413038785701", "vip")}, True),
        ({"name": "#TTS576461413038785701"}, True),
        ({"note": "TikTok Order: 576461413038785701, gift"}, True),
        ({"attributes": (("TikTok order", "576461413038785701"),)}, True),
        ({"tiktok_id": "576461413038785701"}, True),
        ({"note": "1576461413038785701"}, False),  # part of a longer number
        ({"note": "57646141303878570 1"}, False),
        ({"attributes": (("576461413038785701", "x"),)}, False),  # a name is no value
        ({}, False),
    ],
)
def test_n9_an_order_of_another_app_is_known_by_the_exact_id(fields: dict[str, object], found: bool) -> None:
    bare = ShopifyOrder(id="gid://shopify/Order/1", name="#1001", source_identifier="", tags=())
    theirs = replace(bare, lines=(("gid://shopify/LineItem/1", VariantId("v"), 1),), **fields)
    assert theirs.names(TIKTOK_ID) is found
