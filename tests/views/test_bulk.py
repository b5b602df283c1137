"""The modal of an import, its one message in every state, and its result file: within Slack's limits, always."""

import csv
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.bulk import (
    ASKING,
    MAX_BYTES,
    Column,
    Decision,
    Fields,
    FileProblem,
    Outcome,
    Row,
    RowState,
    Run,
    RunState,
)
from bot.domain.values import Actor, ActorKind, WorkspaceId
from bot.rehearsal.slack_client import text_of
from bot.rehearsal.slack_limits import breaches_of_message, breaches_of_view
from bot.views import bulk

LONG = "<!channel> *&" + "x" * 3000
RUN = Run(
    "a1b2c3d4e5f6", WorkspaceId("T1"), Actor(ActorKind.PERSON, "U1"), "F1", "links.csv", RunState.WAITING,
    datetime(2026, 11, 25, 9, 0, tzinfo=UTC), rows=9, seen=4, digest="0123456789abcdef",
    counts={Outcome.LINK: 5, Outcome.ALREADY_AS_WANTED: 2, Outcome.BAD_PACK: 2},
)  # fmt: skip
PROBLEM = Row(Fields(7, {Column.SELLER_SKU: "A", Column.VARIANT_ID: "8", Column.PACK: "0"}), Decision(Outcome.BAD_PACK))


def labels(run: Run, *rows: Row) -> list[str]:
    blocks = bulk.card(run, rows).blocks
    return [e["text"]["text"] for b in blocks if b["type"] == "actions" for e in b["elements"]]


def test_the_modal_is_one_that_slack_opens() -> None:
    assert breaches_of_view(bulk.form()) == []


@pytest.mark.req("U29", "U31")
@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("problem", [None, *FileProblem])
@pytest.mark.parametrize("name", ["links.csv", LONG], ids=["short", "long"])
def test_u31_every_state_fits_and_pings_nobody(state: RunState, problem: FileProblem | None, name: str) -> None:
    row = Row(Fields(7, {Column.SELLER_SKU: LONG, Column.VARIANT_SKU: LONG}), Decision(Outcome.UNKNOWN_TIKTOK_SKU))
    counts = dict.fromkeys(Outcome, 99_999)
    run = replace(RUN, state=state, problem=problem, detail=name, file_name=name, counts=counts)
    message = bulk.card(run, [row] * bulk.SHOWN_PROBLEMS)
    assert breaches_of_message({"text": message.text, "blocks": message.blocks}) == []
    assert "<!channel>" not in message.text + text_of(message.blocks)


@pytest.mark.req("U28", "N5")
@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (RunState.READING, ["Cancel"]),
        (RunState.PLANNING, ["Cancel"]),
        (RunState.WAITING, ["Apply", "Cancel"]),
        (RunState.STALE, ["Apply", "Cancel"]),
        (RunState.RUNNING, ["Cancel"]),
        (RunState.DONE, []),
        (RunState.CANCELLED, []),
        (RunState.REFUSED, []),
    ],
)
def test_u28_each_state_has_its_buttons(state: RunState, buttons: list[str]) -> None:
    assert labels(replace(RUN, state=state), PROBLEM) == buttons
    if state in ASKING:
        assert labels(replace(RUN, state=state, counts={Outcome.BAD_PACK: 9}), PROBLEM) == ["Cancel"]


@pytest.mark.req("U31")
def test_u31_what_is_left_out_is_said() -> None:
    run = replace(RUN, counts={Outcome.LINK: 5, Outcome.BAD_PACK: 37})
    assert "+27 more" in text_of(bulk.card(run, [PROBLEM] * 10).blocks)
    assert "more" not in text_of(bulk.card(RUN, [PROBLEM] * 2).blocks)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"id": "F1", "name": "a.CSV", "size": MAX_BYTES}, None),
        ({"id": "F1", "name": "a.csv", "size": MAX_BYTES + 1}, "larger than 20 MiB"),
        ({"id": "F1", "name": "a.xlsx", "size": 9}, ".csv"),
        (None, "one file"),
    ],
)
def test_a_chosen_file_is_judged_in_the_modal(file: dict | None, says: str | None) -> None:
    view = {"state": {"values": {"bulk_file": {"bulk_file": {"type": "file_input", "files": [file] if file else []}}}}}
    answer = bulk.answer(view)
    if says is None:
        assert breaches_of_view(answer["view"]) == []
    else:
        assert says in answer["errors"]["bulk_file"]


def test_the_result_tells_each_row_and_runs_no_formula() -> None:
    linked = Row(Fields(2, {Column.SELLER_SKU: '=cmd("x")'}), Decision(Outcome.LINK), RowState.DONE)
    left = Row(Fields(3, {}), Decision(Outcome.VARIANT_DELETED), RowState.LEFT)
    rows = list(csv.DictReader(bulk.result_lines([linked, left, PROBLEM])))
    assert [row["result"] for row in rows] == ["linked", "variant_deleted", "bad_pack"]
    assert rows[0]["seller_sku"] == '\'=cmd("x")'
    assert rows[0]["explanation"] == "Linked."
