"""Bulk link from a file: what is read, what each row is decided to be, and the digest."""

import csv

import pytest

from bot.domain.bulk import (
    MAX_ROWS,
    REFUSED_AS,
    Column,
    Decision,
    Digest,
    Fields,
    FileProblem,
    FileRefused,
    Known,
    Outcome,
    by_id,
    by_sku,
    decide_row,
    read_rows,
    safe_cell,
)
from bot.domain.catalogue import ListingStatus, VariantStatus
from bot.domain.links import LinkRefusal, LinkState
from bot.domain.values import ListingId, ShopId, StoreId
from bot.views import bulk as views
from tests.domain.build import OTHER_STORE, SHOP, STORE, link, listing, variant


def rows(text: str) -> list[tuple[int, dict[str, str]]]:
    return [
        (row.line, {column.value: value for column, value in row.values.items()})
        for row in read_rows(text.splitlines(keepends=True))
    ]


@pytest.mark.req("U29")
@pytest.mark.parametrize(
    ("text", "read"),
    [
        # the delimiter is the one under which the first line names most columns
        ("seller_sku,shopify_sku\nA,B\n", [(2, {"seller_sku": "A", "shopify_sku": "B"})]),
        ("seller_sku;shopify_sku\nA,1;B\n", [(2, {"seller_sku": "A,1", "shopify_sku": "B"})]),
        ("seller_sku\tshopify_sku\r\nA\tB\r\n", [(2, {"seller_sku": "A", "shopify_sku": "B"})]),
        # names in any case, with spaces or underscores, under their aliases; other columns are left out
        ("TikTok SKU ID,Title,Variant SKU,UNITS\n1,x,B,6\n", [(2, {"tiktok_sku_id": "1", "shopify_sku": "B", "pack": "6"})]),
        ("Sku Id,shopify_variant_id,Store,Shop\n1,2,s,t\n",
         [(2, {"tiktok_sku_id": "1", "shopify_variant_id": "2", "store": "s", "shop": "t"})]),
        ("tiktok sku,variant_id\nA,2\n", [(2, {"seller_sku": "A", "shopify_variant_id": "2"})]),
        # with a byte order mark; trimmed; the spreadsheet's apostrophe dropped; empty cells and short rows
        ("\ufeffseller_sku,shopify_sku\n ' =A , B\n", [(2, {"seller_sku": "=A", "shopify_sku": "B"})]),
        ("seller_sku,shopify_sku,pack\nA\n, ,\n", [(2, {"seller_sku": "A"})]),
        # lines are those of the file: empty ones before, a quoted one of two lines between
        ('\nseller_sku,shopify_sku\n"A\nB",C\nD,E\n',
         [(3, {"seller_sku": "A\nB", "shopify_sku": "C"}), (5, {"seller_sku": "D", "shopify_sku": "E"})]),
    ],
)  # fmt: skip
def test_u29_a_file_is_read_as_spreadsheets_write_it(text: str, read: list[tuple[int, dict[str, str]]]) -> None:
    assert rows(text) == read


@pytest.mark.req("U29")
def test_u29_empty_lines_are_no_rows_and_lines_stay_right() -> None:
    assert rows("seller_sku,shopify_sku\nA,B\n\n\nC,D\n") == [
        (2, {"seller_sku": "A", "shopify_sku": "B"}),
        (5, {"seller_sku": "C", "shopify_sku": "D"}),
    ]


@pytest.mark.parametrize(
    ("text", "problem", "detail"),
    [
        ("", FileProblem.EMPTY, ""),
        ("\n\n", FileProblem.EMPTY, ""),
        ("a,b\n", FileProblem.NO_TIKTOK_COLUMN, ""),
        ("seller_sku,pack\n", FileProblem.NO_SHOPIFY_COLUMN, ""),
        ("sku_id,tiktok_sku_id,shopify_sku\n", FileProblem.DOUBLED_COLUMN, "tiktok_sku_id"),
        ('seller_sku,shopify_sku\nA,B\nC,"D\n', FileProblem.NOT_CSV, "3"),
        ("seller_sku,shopify_sku\n" + "A" * (csv.field_size_limit() + 1) + ",B\n", FileProblem.NOT_CSV, "2"),
        ("seller_sku,shopify_sku\n" + "A,B\n" * (MAX_ROWS + 1), FileProblem.TOO_MANY_ROWS, ""),
    ],
    ids=lambda value: value if isinstance(value, FileProblem) else "",
)
def test_what_can_t_be_read_has_one_reason(text: str, problem: FileProblem, detail: str) -> None:
    with pytest.raises(FileRefused) as refused:
        rows(text)
    assert (refused.value.problem, refused.value.detail) == (problem, detail)


def test_rows_come_one_at_a_time() -> None:
    def endless():
        yield "seller_sku,shopify_sku\n"
        while True:
            yield "A,B\n"

    assert next(read_rows(endless())).line == 2


# --- decisions -------------------------------------------------------------------------------------------------------

A, B = listing("A", "1"), listing("B", "2", status=ListingStatus.DELETED)
TWINS = [listing("T", "3"), listing("T", "4", shop_id=ShopId("second"))]
ALIEN = listing("X", "9", shop_id=ShopId("alien"))
V, GONE = (
    variant("V", "gid://shopify/ProductVariant/1"),
    variant("G", "gid://shopify/ProductVariant/2", status=VariantStatus.DELETED),
)
PAIR = [
    variant("P", "gid://shopify/ProductVariant/3"),
    variant("P", "gid://shopify/ProductVariant/4", store_id=OTHER_STORE),
]
FOREIGN = variant("F", "gid://shopify/ProductVariant/9", store_id=StoreId("foreign.myshopify.com"))
KNOWN = Known(
    shops={SHOP: "North", ShopId("second"): "South"},
    stores={STORE: "Harbour", OTHER_STORE: "Harbour EU"},
    listings={by_id(one.id): [one] for one in (A, B, *TWINS, ALIEN)}
    | {by_sku("A"): [A], by_sku("B"): [B], by_sku("T"): TWINS},
    variants={by_id(one.id): [one] for one in (V, GONE, *PAIR, FOREIGN)}
    | {by_sku("V"): [V], by_sku("G"): [GONE], by_sku("P"): PAIR},
    links={},
)


def row(tiktok_sku_id: str = "", shopify_sku: str = "", **values: str) -> Fields:
    given = {"tiktok_sku_id": tiktok_sku_id, "shopify_sku": shopify_sku, **values}
    return Fields(2, {Column(name): value for name, value in given.items() if value})


@pytest.mark.req("U29", "N19", "A2")
@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (row("1", "V"), Outcome.LINK),
        (row("1", shopify_variant_id="1"), Outcome.LINK),  # a plain number is a variant's id
        (row("1", shopify_variant_id="gid://shopify/ProductVariant/1"), Outcome.LINK),
        (row("", "V", seller_sku="A"), Outcome.LINK),
        (row("1", "V", seller_sku="nonsense"), Outcome.LINK),  # an id goes before a SKU
        (row("", "V"), Outcome.MISSING_COLUMN),
        (row("1", ""), Outcome.MISSING_COLUMN),
        (row("1", "V", pack="1000"), Outcome.LINK),
        (row("1", "V", pack="0"), Outcome.BAD_PACK),
        (row("1", "V", pack="1001"), Outcome.BAD_PACK),
        (row("1", "V", pack="2.5"), Outcome.BAD_PACK),
        (row("1", "V", pack="-1"), Outcome.BAD_PACK),
        (row("1", "V", pack="²"), Outcome.BAD_PACK),
        (row("7", "V"), Outcome.UNKNOWN_TIKTOK_SKU),
        (row("", "V", seller_sku="a"), Outcome.UNKNOWN_TIKTOK_SKU),  # exactly: no case is folded
        (row("1", "V", shop="South"), Outcome.UNKNOWN_TIKTOK_SKU),
        (row("1", "V", shop="north"), Outcome.LINK),
        (row("1", "V", shop=SHOP), Outcome.LINK),
        (row("2", "V"), Outcome.LISTING_DELETED),
        (row("", "V", seller_sku="B"), Outcome.LISTING_DELETED),
        (row("", "V", seller_sku="T"), Outcome.AMBIGUOUS_TIKTOK_SKU),
        (row("", "V", seller_sku="T", shop="South"), Outcome.LINK),
        (row("9", "V"), Outcome.NOT_OURS),
        (row("1", "nope"), Outcome.UNKNOWN_VARIANT),
        (row("1", "V", store="Harbour EU"), Outcome.UNKNOWN_VARIANT),
        (row("1", shopify_variant_id="2"), Outcome.VARIANT_DELETED),
        (row("1", "G"), Outcome.VARIANT_DELETED),
        (row("1", "P"), Outcome.AMBIGUOUS_VARIANT),
        (row("1", "P", store="harbour-eu"), Outcome.LINK),
        (row("1", "P", store="HARBOUR-EU.myshopify.com"), Outcome.LINK),
        (row("1", shopify_variant_id="9"), Outcome.NOT_OURS),
    ],
)
def test_u29_each_row_has_one_outcome(given: Fields, outcome: Outcome) -> None:
    assert decide_row(given, KNOWN).outcome is outcome


@pytest.mark.req("U29", "S39")
@pytest.mark.parametrize(
    ("fields", "pack", "outcome"),
    [
        ({}, "", Outcome.ALREADY_AS_WANTED),
        ({}, "2", Outcome.ALREADY_LINKED_ELSEWHERE),  # another pack is another link
        ({"variant_id": "gid://shopify/ProductVariant/3"}, "", Outcome.ALREADY_LINKED_ELSEWHERE),
        ({"state": LinkState.BROKEN}, "", Outcome.LINK),
        ({"state": LinkState.TOMBSTONE}, "", Outcome.LINK),  # linking again by hand
    ],
)
def test_u29_a_link_that_stands_decides(fields: dict, pack: str, outcome: Outcome) -> None:
    standing = link("1", **({"variant_id": V.id} | fields))
    known = Known(KNOWN.shops, KNOWN.stores, KNOWN.listings, KNOWN.variants, {ListingId("1"): standing})
    assert decide_row(row("1", "V", pack=pack), known).outcome is outcome


def test_every_refusal_of_a_link_has_its_outcome() -> None:
    assert set(REFUSED_AS) == set(LinkRefusal) - {LinkRefusal.NOT_LINKED}


@pytest.mark.req("N5")
def test_n5_the_digest_is_of_every_row_and_of_their_order() -> None:
    def digest(*decisions: tuple[int, Decision]) -> str:
        made = Digest()
        for line, decision in decisions:
            made.add(line, decision)
        return made.text()

    one = Decision(Outcome.LINK, A.id, V.id, 1)
    others = [
        Decision(Outcome.ALREADY_AS_WANTED, A.id, V.id, 1),
        Decision(Outcome.LINK, B.id, V.id, 1),
        Decision(Outcome.LINK, A.id, GONE.id, 1),
        Decision(Outcome.LINK, A.id, V.id, 2),
    ]
    assert digest((2, one)) == digest((2, one))
    seen = {digest((2, one)), digest((3, one)), digest((2, one), (3, one)), *(digest((2, other)) for other in others)}
    assert len(seen) == 7


@pytest.mark.req("U26")
def test_u26_every_outcome_and_problem_has_its_sentence() -> None:
    assert set(views.OUTCOMES) == set(views.SHORT_OUTCOMES) == set(Outcome)
    assert set(views.PROBLEMS) == set(FileProblem)
    for told in (*views.OUTCOMES.values(), *views.PROBLEMS.values()):
        assert told.endswith(".")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "plain", "'quoted", ""])
def test_a_result_can_be_imported_again(text: str) -> None:
    cell = safe_cell(text)
    assert cell[:1] not in tuple("=+-@")
    back = list(read_rows(["seller_sku,shopify_sku\n", f'"{cell}",B\n']))
    assert back[0][Column.SELLER_SKU] == text
