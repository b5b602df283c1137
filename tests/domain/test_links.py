"""When a rule links, when a person may, and what is said about it."""

import pytest

from bot.domain.catalogue import Listing, ListingStatus, Variant, VariantStatus
from bot.domain.links import (
    MAX_PACK,
    Link,
    LinkMode,
    LinkRefusal,
    LinkState,
    LinkWarning,
    MakeLink,
    NoAutoLink,
    decide_auto_link,
    decide_link,
    match_by_sku,
)

from .build import OTHER_STORE, link, listing, money, variant

ONE = [variant()]
TWO = [variant(), variant(id="gid://shopify/ProductVariant/2", store_id=OTHER_STORE)]
ARCHIVED = variant(id="gid://shopify/ProductVariant/3", status=VariantStatus.ARCHIVED)
DELETED = variant(id="gid://shopify/ProductVariant/4", status=VariantStatus.DELETED)

AUTO_LINK = [
    # what it shows, listing, twins, variants, link, mode → outcome
    ("linked by its SKU", listing(), 0, ONE, None, LinkMode.AUTO, ONE[0]),
    ("white space around it is set aside", listing("\tTEE-1 \u00a0"), 0, ONE, None, LinkMode.AUTO, ONE[0]),
    ("and around the variant's", listing(), 0, [variant(" TEE-1\n")], None, LinkMode.AUTO, variant(" TEE-1\n")),
    ("not before the prompt is answered", listing(), 0, ONE, None, None, NoAutoLink.MODE_NOT_ANSWERED),
    ("not in manual mode", listing(), 0, ONE, None, LinkMode.MANUAL, NoAutoLink.MANUAL_MODE),
    ("not a deleted product", listing(status=ListingStatus.DELETED), 0, ONE, None, LinkMode.AUTO,
     NoAutoLink.LISTING_DELETED),
    ("a draft product too", listing(status=ListingStatus.DRAFT), 0, ONE, None, LinkMode.AUTO, ONE[0]),
    ("not twice", listing(), 0, ONE, link(), LinkMode.AUTO, NoAutoLink.ALREADY_LINKED),
    ("a broken link is a person's to mend", listing(), 0, ONE, link(state=LinkState.BROKEN), LinkMode.AUTO,
     NoAutoLink.ALREADY_LINKED),
    ("not what a person unlinked", listing(), 0, ONE, link(state=LinkState.TOMBSTONE), LinkMode.AUTO,
     NoAutoLink.UNLINKED_BY_PERSON),
    ("blank SKUs match nothing", listing("  "), 0, [variant(" ")], None, LinkMode.AUTO, NoAutoLink.NO_SKU),
    ("two listings own it", listing(), 1, ONE, None, LinkMode.AUTO, NoAutoLink.AMBIGUOUS_ON_TIKTOK),
    ("two variants own it, in two stores", listing(), 0, TWO, None, LinkMode.AUTO, NoAutoLink.AMBIGUOUS_ON_SHOPIFY),
    ("archived variants don't make it ambiguous", listing(), 0, [ARCHIVED, *ONE], None, LinkMode.AUTO, ONE[0]),
    ("nor deleted ones", listing(), 0, [*ONE, DELETED], None, LinkMode.AUTO, ONE[0]),
    ("and are not linked themselves", listing(), 0, [ARCHIVED, DELETED], None, LinkMode.AUTO, NoAutoLink.NO_MATCH),
    ("nothing has the SKU", listing(), 0, [], None, LinkMode.AUTO, NoAutoLink.NO_MATCH),
    ("case counts", listing("tee-1"), 0, ONE, None, LinkMode.AUTO, NoAutoLink.NO_MATCH),
]  # fmt: skip


@pytest.mark.req("S6", "S7", "S8", "S9", "S10", "S39", "A2", "A3")
@pytest.mark.parametrize(
    "mine, twins, variants, made, mode, outcome", [row[1:] for row in AUTO_LINK], ids=[row[0] for row in AUTO_LINK]
)
def test_s6_auto_link(
    mine: Listing,
    twins: int,
    variants: list[Variant],
    made: Link | None,
    mode: LinkMode | None,
    outcome: Variant | NoAutoLink,
) -> None:
    assert decide_auto_link(mine, twins, variants, made, mode) == outcome


def test_every_answer_of_the_rule_is_in_the_table() -> None:
    assert {row[-1] for row in AUTO_LINK if isinstance(row[-1], NoAutoLink)} == set(NoAutoLink)


def test_a2_ambiguity_outlasts_a_link_of_the_twin() -> None:
    # the twin is linked by hand, and still this one is not the only owner
    assert match_by_sku(listing(), twins=1, variants=ONE) is NoAutoLink.AMBIGUOUS_ON_TIKTOK


def test_s5_mode_is_asked_before_anything_else() -> None:
    gone = listing("", status=ListingStatus.DELETED)
    assert decide_auto_link(gone, 3, TWO, link(), None) is NoAutoLink.MODE_NOT_ANSWERED


BY_HAND = [
    ("a plain link", listing(), variant(), None, 1, 0, MakeLink(())),
    ("any SKU to any SKU", listing("A"), variant("B"), None, 1, 0, MakeLink(())),
    ("a pack", listing(), variant(), None, MAX_PACK, 0, MakeLink(())),
    ("over the tombstone", listing(), variant(), link(state=LinkState.TOMBSTONE), 1, 0, MakeLink(())),
    ("over a broken link", listing(), variant(), link(state=LinkState.BROKEN), 1, 0, MakeLink(())),
    ("not over an active link", listing(), variant(), link(), 1, 0, LinkRefusal.ALREADY_LINKED),
    ("the listing is unknown", None, variant(), None, 1, 0, LinkRefusal.LISTING_GONE),
    ("the listing was deleted", listing(status=ListingStatus.DELETED), variant(), None, 1, 0,
     LinkRefusal.LISTING_GONE),
    ("the variant is unknown", listing(), None, None, 1, 0, LinkRefusal.VARIANT_GONE),
    ("the variant was deleted", listing(), DELETED, None, 1, 0, LinkRefusal.VARIANT_GONE),
    ("no units", listing(), variant(), None, 0, 0, LinkRefusal.PACK_OUT_OF_RANGE),
    ("too many units", listing(), variant(), None, MAX_PACK + 1, 0, LinkRefusal.PACK_OUT_OF_RANGE),
    ("others sell it too", listing(), variant(), None, 1, 2, MakeLink((LinkWarning.SHARED_STOCK,))),
    ("another currency", listing(price=money("9", "GBP")), variant(), None, 1, 0,
     MakeLink((LinkWarning.CURRENCY_DIFFERS,))),
    ("no price known yet", listing(price=None), variant(), None, 1, 0, MakeLink(())),
    ("a draft", listing(), variant(status=VariantStatus.DRAFT), None, 1, 0, MakeLink((LinkWarning.DRAFT_PRODUCT,))),
    ("an archived one", listing(), ARCHIVED, None, 1, 0, MakeLink((LinkWarning.ARCHIVED_PRODUCT,))),
    ("untracked", listing(), variant(tracked=False), None, 1, 0, MakeLink((LinkWarning.STOCK_NOT_TRACKED,))),
    ("sells past zero", listing(), variant(sells_past_zero=True), None, 1, 0,
     MakeLink((LinkWarning.STOCK_NOT_TRACKED,))),
    ("several warnings, in their order", listing(price=money("9", "GBP")),
     variant(status=VariantStatus.DRAFT, available=None), None, 1, 1,
     MakeLink((LinkWarning.SHARED_STOCK, LinkWarning.CURRENCY_DIFFERS, LinkWarning.DRAFT_PRODUCT,
               LinkWarning.STOCK_NOT_TRACKED))),
]  # fmt: skip


@pytest.mark.req("S24", "A8")
@pytest.mark.parametrize(
    "mine, theirs, made, pack, sharing, outcome", [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND]
)
def test_s24_link_by_hand(
    mine: Listing | None,
    theirs: Variant | None,
    made: Link | None,
    pack: int,
    sharing: int,
    outcome: MakeLink | LinkRefusal,
) -> None:
    assert decide_link(mine, theirs, made, pack, sharing) == outcome


def test_every_warning_is_in_the_table() -> None:
    said = {warning for row in BY_HAND if isinstance(row[-1], MakeLink) for warning in row[-1].warnings}
    assert said == set(LinkWarning)
