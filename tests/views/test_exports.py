"""Exports: columns, cells that no spreadsheet runs, and the three shapes."""

import csv
import io
import json

import pytest

from bot.domain.exports import Export, ExportRow, Shape
from bot.domain.ledger import Act
from bot.domain.links import LinkState
from bot.views import exports
from bot.views.uploads import PROBLEMS, UploadProblem
from tests.views.build import ANA, HARM, NOW, entry, good_message, row


def text_of(rows: list[exports.Row], export: Export = Export.PRODUCTS, shape: Shape = Shape.CSV) -> str:
    return "".join(exports.written(rows, exports.columns(export), shape))


def read(rows: list[exports.Row]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(rows), newline="")))


@pytest.mark.req("U22", "U31")
def test_a_link_s_row_holds_what_an_importer_reads() -> None:
    made = entry(Act.LINK, -90, actor=ANA)
    [found] = read([exports.catalogue_row(ExportRow(row(1, LinkState.ACTIVE, pack=6), made))])
    assert tuple(found) == exports.CATALOGUE_COLUMNS
    assert found["tiktok_sku_id"].isdigit()
    assert (found["shopify_variant_id"], found["pack"], found["state"]) == ("1", "6", "linked")
    assert (found["linked_by"], found["linked_at"]) == ("U0ANA", made.at.isoformat())
    assert (found["shop"], found["store"], found["seller_sku"]) == ("Glow Shop", "main.myshopify.com", "HOOD-RED-M")


def test_unlinked_and_broken_rows() -> None:
    [free] = read([exports.catalogue_row(ExportRow(row()))])
    assert free["state"] == "unlinked"
    assert not any(
        free[name] for name in ("store", "shopify_sku", "shopify_variant_id", "pack", "linked_by", "linked_at")
    )
    [broken] = read([exports.catalogue_row(ExportRow(row(1, LinkState.BROKEN)))])
    assert (broken["state"], broken["linked_by"]) == ("broken", "U0ANA")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_a_spreadsheet_would_run_are_made_text(start: str) -> None:
    [found] = read([exports.catalogue_row(ExportRow(row(title=f"{start}cmd|' /C calc'!A0")))])
    assert found["title"].startswith(f"'{start}")


@pytest.mark.parametrize("text", [HARM, 'a,"b"\nc', "naïve 漢字", "'quoted", ""])
def test_other_cells_come_back_as_they_were(text: str) -> None:
    [found] = read([exports.catalogue_row(ExportRow(row(title=text)))])
    assert found["title"] == text


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_shapes_hold_the_same_rows(count: int) -> None:
    rows = [exports.entry_row(entry(Act.LINK, n, facts={"pack": "2"})) for n in range(count)]
    assert json.loads(text_of(rows, Export.LEDGER, Shape.JSON)) == rows
    assert [json.loads(line) for line in text_of(rows, Export.LEDGER, Shape.JSONL).splitlines()] == rows
    told = list(csv.DictReader(io.StringIO(text_of(rows, Export.LEDGER), newline="")))
    assert [json.loads(one["facts"]) for one in told] == [one["facts"] for one in rows]


@pytest.mark.parametrize("export", list(Export))
def test_what_is_said_around_the_file(export: Export) -> None:
    assert "240 rows, in your messages with Linkbot" in good_message(exports.sent(export, 240)).text
    assert "nothing to export" in good_message(exports.empty(export)).text
    for problem in UploadProblem:
        assert str(PROBLEMS[problem]) in good_message(exports.not_sent(export, 1, problem)).text
    assert exports.file_name(export, Shape.CSV, NOW) == f"linkbot-{export}-2026-11-25.csv"
    assert "1 row, as it was" in exports.comment(export, 1, NOW)
    assert export.value in exports.USAGE
