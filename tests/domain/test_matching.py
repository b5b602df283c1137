"""Look-alike SKUs: the rule links only equal texts; the rest is a suggestion with its reason."""

from enum import Enum, auto

import pytest

from bot.domain.links import NoAutoLink, match_by_sku
from bot.domain.matching import MatchReason, suggest
from bot.domain.words import looks

from .build import listing, variant


class Expect(Enum):
    LINKED = auto()
    SUGGESTED = auto()
    NOT_LINKED = auto()  # a suggestion is fine, and so is none
    NOTHING = auto()  # nothing to go by


LONG = "P" * 255
PAIRS = [
    ("the same", "MUG-1", "MUG-1", Expect.LINKED),
    ("a space behind", "MUG-2 ", "MUG-2", Expect.LINKED),
    ("a tab before, a no-break space behind", "\tMUG-3", "MUG-3\u00a0", Expect.LINKED),
    ("case", "MUG-4", "mug-4", Expect.SUGGESTED),
    ("two spaces inside", "MUG 5", "MUG  5", Expect.SUGGESTED),
    ("leading zeros", "000417", "417", Expect.SUGGESTED),
    ("0 and O", "C0P-6", "COP-6", Expect.SUGGESTED),
    ("1, I and l", "M1L-7", "MIl-7", Expect.SUGGESTED),
    ("a number's trailing zero", "70.250", "70.25", Expect.SUGGESTED),
    ("a number written with an exponent", "2E4", "20000", Expect.NOT_LINKED),
    ("composed and decomposed letters", "THÉ-9", "THE\u0301-9", Expect.SUGGESTED),
    ("full-width letters", "ＭＵＧ-10", "MUG-10", Expect.SUGGESTED),
    ("another hyphen", "MUG\u201111", "MUG-11", Expect.SUGGESTED),
    ("no hyphen", "MUG12", "MUG-12", Expect.SUGGESTED),
    ("a zero-width space", "MUG-13\u200b", "MUG-13", Expect.SUGGESTED),
    ("the same emoji", "☕-14", "☕-14", Expect.LINKED),
    ("an emoji with a joiner", "👩\u200d🍳-15", "👩🍳-15", Expect.NOT_LINKED),
    ("sharp s", "GROSS-16", "GROß-16", Expect.NOT_LINKED),
    ("Cyrillic letters", "\u041cUG-17", "MUG-17", Expect.NOT_LINKED),
    ("both empty", "", "", Expect.NOTHING),
    ("blank and empty", "   ", "", Expect.NOTHING),
    ("a word for nothing", "null", "", Expect.NOTHING),
    ("255 characters", LONG, LONG, Expect.LINKED),
    ("the 255th differs", LONG[:-1] + "X", LONG, Expect.NOT_LINKED),
    ("a spreadsheet's apostrophe", "'18", "18", Expect.NOT_LINKED),
    ("two letters swapped", "MUG-GREEN-19", "MUG-GERENN-19", Expect.NOT_LINKED),
    ("one letter off", "MUG-RED-20", "MUG-REDD-20", Expect.SUGGESTED),
]


OTHERWISE_STRANGE = {"title": "Quite another thing", "options": ""}
"""Nothing but the SKU speaks for the pair."""


@pytest.mark.req("A3", "S6", "S9", "S26")
@pytest.mark.parametrize("tiktok, shopify, expect", [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS])
def test_a3_look_alikes(tiktok: str, shopify: str, expect: Expect) -> None:
    mine, theirs = listing(tiktok, title="Mug", variation=""), variant(shopify, **OTHERWISE_STRANGE)
    linked = match_by_sku(mine, 0, [theirs])
    assert (linked == theirs) is (expect is Expect.LINKED)
    if expect is not Expect.LINKED:
        assert linked in (NoAutoLink.NO_MATCH, NoAutoLink.NO_SKU)
    offered = [one.variant for one in suggest(mine, [theirs])]
    if expect in (Expect.SUGGESTED, Expect.LINKED):
        assert offered == [theirs]
    if expect is Expect.NOTHING:
        assert offered == []


@pytest.mark.parametrize(
    "tiktok, shopify, reason",
    [
        ("MUG-1", " MUG-1", MatchReason.SAME_SKU),
        ("MUG-1", "mug1", MatchReason.LOOKS_LIKE_SKU),
        ("MUG-12", "MUG-13", MatchReason.NEAR_SKU),
        ("MUG-BLUE-12", "MUG-BLEU-13", MatchReason.NEAR_SKU),  # two apart, and long enough
        ("MUG-1", "MUG-234", None),
        ("AB1", "AB2", None),  # too short to be near
        ("MUGS-12", "MUGS-34", None),  # two apart, and short
    ],
)
def test_why_a_variant_is_suggested(tiktok: str, shopify: str, reason: MatchReason | None) -> None:
    mine, theirs = listing(tiktok, title="Mug", variation=""), variant(shopify, **OTHERWISE_STRANGE)
    assert [one.reason for one in suggest(mine, [theirs])] == ([reason] if reason else [])


def test_a_title_speaks_where_the_sku_is_silent() -> None:
    mine = listing("", title="Enamel Mug", variation="Red")
    same = variant("", title="Enamel mug", options="Red")
    (found,) = suggest(mine, [same, variant("X", id="v2", title="Garden hose", options="20 m")])
    assert (found.variant, found.reason) == (same, MatchReason.SAME_TITLE)


def test_the_best_come_first_and_ties_have_an_order() -> None:
    mine = listing("MUG-100", title="Mug", variation="")
    by_id = {
        id: variant(sku, id=id, **OTHERWISE_STRANGE)
        for id, sku in (("d", "MUG-101"), ("c", "MUG-101"), ("a", "MUG-100"), ("b", "mug 100"))
    }
    assert [one.variant.id for one in suggest(mine, by_id.values())] == ["a", "b", "c", "d"]
    assert [one.variant.id for one in suggest(mine, by_id.values(), limit=2)] == ["a", "b"]
    assert suggest(mine, []) == []


@pytest.mark.parametrize("sku, seen", [("0-0", "00"), ("", ""), ("--", ""), ("00A", "A"), ("Oil", "11")])
def test_what_a_person_sees_of_a_sku(sku: str, seen: str) -> None:
    assert looks(sku) == seen
