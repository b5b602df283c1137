"""`/link import`: the modal that takes a file, the one message of a run, and the file with each row's result."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.domain.bulk import (
    ASKING,
    FILE_TYPES,
    MAX_BYTES,
    MAX_ROWS,
    UNDER_WAY,
    Column,
    FileProblem,
    Outcome,
    Row,
    RowState,
    Run,
    RunState,
    safe_cell,
)
from bot.domain.values import plain_id
from bot.views.blocks import (
    Json,
    Message,
    actions,
    button,
    code,
    context,
    dots,
    field_input,
    lines,
    modal,
    more,
    section,
    value_of,
)
from bot.views.ids import Action, Block, Callback, Target, pack
from bot.views.plain import note, note_view

SHOWN_PROBLEMS = 10
_MIB = MAX_BYTES // 1024 // 1024

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.LINK: "Will be linked.",
    Outcome.ALREADY_AS_WANTED: "Is linked like this already, or by an earlier row of this file.",
    Outcome.ALREADY_LINKED_ELSEWHERE: "The TikTok SKU is linked to another variant, or with another pack size. "
    "Unlink it first.",
    Outcome.UNKNOWN_TIKTOK_SKU: "No TikTok SKU has this id or seller SKU. Long ids get rounded by spreadsheets: keep "
    "the column as text.",
    Outcome.AMBIGUOUS_TIKTOK_SKU: "Several TikTok SKUs have this seller SKU. Give tiktok_sku_id or shop.",
    Outcome.UNKNOWN_VARIANT: "No Shopify variant has this id or SKU.",
    Outcome.AMBIGUOUS_VARIANT: "Several Shopify variants have this SKU. Give shopify_variant_id or store.",
    Outcome.BAD_PACK: "The pack size is not a whole number from 1 to 1000.",
    Outcome.MISSING_COLUMN: "The row does not name both a TikTok SKU and a Shopify variant.",
    Outcome.DOUBLED_IN_FILE: "The file links this TikTok SKU to different variants or pack sizes. Keep one row.",
    Outcome.VARIANT_DELETED: "The variant was deleted in Shopify.",
    Outcome.LISTING_DELETED: "The product was deleted in TikTok Shop.",
    Outcome.NOT_OURS: "It belongs to a shop or store that is not connected here.",
}
SHORT_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.LINK: "to be linked",
    Outcome.ALREADY_AS_WANTED: "already so",
    Outcome.ALREADY_LINKED_ELSEWHERE: "linked elsewhere",
    Outcome.UNKNOWN_TIKTOK_SKU: "unknown TikTok SKU",
    Outcome.AMBIGUOUS_TIKTOK_SKU: "ambiguous TikTok SKU",
    Outcome.UNKNOWN_VARIANT: "unknown variant",
    Outcome.AMBIGUOUS_VARIANT: "ambiguous variant",
    Outcome.BAD_PACK: "wrong pack size",
    Outcome.MISSING_COLUMN: "incomplete",
    Outcome.DOUBLED_IN_FILE: "contradicted in the file",
    Outcome.VARIANT_DELETED: "variant deleted",
    Outcome.LISTING_DELETED: "TikTok product deleted",
    Outcome.NOT_OURS: "not connected here",
}
PROBLEMS: Mapping[FileProblem, str] = {
    FileProblem.TOO_LARGE: f"The file is larger than {_MIB} MiB. Split it and import the parts.",
    FileProblem.TOO_MANY_ROWS: f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts.",
    FileProblem.NOT_UTF8: "The file is not UTF-8 text. Save it as “CSV UTF-8” and import it again.",
    FileProblem.NOT_CSV: "The file can't be read as CSV: a quotation mark is not closed, or stands in a wrong place.",
    FileProblem.NO_TIKTOK_COLUMN: "The first line names no column `tiktok_sku_id` or `seller_sku`.",
    FileProblem.NO_SHOPIFY_COLUMN: "The first line names no column `shopify_variant_id` or `shopify_sku`.",
    FileProblem.DOUBLED_COLUMN: "The first line names one column twice.",
    FileProblem.EMPTY: "The file has no rows.",
    FileProblem.NOT_HANDED_OVER: "Slack did not hand the file over: it was deleted, or the app lacks the scope "
    "`files:read`. An admin can reinstall Linkbot; then import the file again.",
    FileProblem.NOT_IN_SLACK: "The file is kept outside Slack. Upload the CSV itself.",
    FileProblem.STOPPED: "An error on our side stopped this import. It goes on by itself as soon as it can; nothing is "
    "linked twice.",
}


# --- the modal -------------------------------------------------------------------------------------------------------


def form() -> Json:
    element: Json = {
        "type": "file_input",
        "action_id": Action.BULK_FILE.value,
        "filetypes": list(FILE_TYPES),
        "max_files": 1,
    }
    told = lines(
        "The first line names the columns, in any order:",
        "• `tiktok_sku_id` or `seller_sku`: the TikTok SKU",
        "• `shopify_variant_id` or `shopify_sku`: the Shopify variant",
        "• if you like, `pack` (units per TikTok unit), `shop` and `store`",
        "Nothing is linked before you have seen what would happen and pressed *Apply*.",
    )
    limit = f"Comma, semicolon or tab; at most {_MIB} MiB and {MAX_ROWS:,} rows."
    blocks = [section(told), field_input("CSV file", element, Block.BULK_FILE, hint=limit)]
    return modal("Link from a CSV", blocks, callback=Callback.BULK, submit="Preview", close="Cancel")


def read(view: Mapping[str, Any]) -> tuple[str, str]:
    """(file id, name) of the chosen file. Raises ValueError with what is wrong with it."""
    files = value_of(view["state"]["values"], Block.BULK_FILE, Action.BULK_FILE).get("files") or []
    if len(files) != 1:
        raise ValueError("Choose one file.")
    file = files[0]
    name = str(file.get("name") or "file")
    if int(file.get("size") or 0) > MAX_BYTES:
        raise ValueError(PROBLEMS[FileProblem.TOO_LARGE])
    if name.rpartition(".")[2].casefold() not in FILE_TYPES:
        raise ValueError("Choose a file whose name ends in .csv, .tsv or .txt.")
    return str(file["id"]), name


def answer(view: Mapping[str, Any]) -> Json:
    """What the submission is answered with at once."""
    try:
        _, name = read(view)
    except ValueError as error:
        return {"response_action": "errors", "errors": {Block.BULK_FILE.value: str(error)}}
    told = f"Reading {code(name, 100)}. The preview comes as a direct message from Linkbot; nothing is linked before."
    return {"response_action": "update", "view": note_view(note(told))}


def where_to_look(run: Run | None) -> Message:
    told = "Choose the file in the window. The preview comes as a direct message from Linkbot."
    going = f"{code(run.file_name, 100)} is still under way: see there." if run is not None else ""
    return note(lines(told, going))


# --- the message -----------------------------------------------------------------------------------------------------


def card(run: Run, problems: Sequence[Row]) -> Message:
    """A run as it stands. `problems`: the first rows that can't be linked."""
    head = _headline(run)
    told = [f"*Import* {code(run.file_name, 100)}", head]
    if run.problem is not None:
        told.append(_problem(run))
    blocks = [section(lines(*told))]
    if run.state in (*ASKING, RunState.RUNNING, RunState.DONE, RunState.CANCELLED) and counted(run):
        blocks.append(context(counted(run)))
    listed = [_problem_line(row) for row in problems[:SHOWN_PROBLEMS]]
    if listed and run.state in (*ASKING, RunState.DONE):
        rest = more(_unlinkable(run) - len(listed))
        blocks.append(section(lines(*listed, dots(rest, "all rows are in the file in the thread") if rest else "")))
    if run.state in ASKING:
        blocks.append(context(f"Plan {code(run.digest)}: exactly this is done, or nothing if something changes."))
    if (buttons := _buttons(run)) is not None:
        blocks.append(buttons)
    return Message(lines(f"Import {code(run.file_name, 100)}", head, *listed[:3]), blocks)


def _headline(run: Run) -> str:
    left = run.links - run.done
    return {
        RunState.READING: "Reading the file…",
        RunState.PLANNING: f"{'Checking once more' if run.confirmed else 'Comparing with both catalogues'}: "
        f"{run.seen:,} of {run.rows:,} rows…",
        RunState.WAITING: preview(run),
        RunState.STALE: "Something changed since the preview, so it is stale and *nothing was linked*. Now: "
        + preview(run),
        RunState.RUNNING: f"Linking: {run.done:,} of {run.links:,} rows…",
        RunState.DONE: f"Done: *{run.done:,} linked*, {_fine(run):,} were already so, {_unlinkable(run):,} couldn't "
        "be. The result of each row is in the thread.",
        RunState.CANCELLED: f"Cancelled: {run.done:,} linked, {left:,} rows left undone."
        if run.done
        else "Cancelled: nothing was linked.",
        RunState.REFUSED: "Nothing was read.",
    }[run.state]


def preview(run: Run) -> str:
    """The three figures of a dry run."""
    return f"*{run.links:,} {'row' if run.links == 1 else 'rows'} will be linked*, {_fine(run):,} are already so, " + (
        f"{run.problems:,} can't."
    )


def counted(run: Run) -> str:
    """Rows by outcome; at the end the headline tells how many were linked."""
    ended = (Outcome.LINK,) if run.state not in ASKING else ()
    shown = {outcome: count for outcome, count in run.counts.items() if outcome not in ended}
    return dots(*(f"{count:,} {SHORT_OUTCOMES[outcome]}" for outcome, count in shown.items()))


def _fine(run: Run) -> int:
    return run.counts.get(Outcome.ALREADY_AS_WANTED, 0)


def _unlinkable(run: Run) -> int:
    """At the end also the rows that were no longer possible at their turn."""
    return run.problems + (run.links - run.done if run.state is RunState.DONE else 0)


def _problem(run: Run) -> str:
    return dots(problem(run.problem or FileProblem.STOPPED, run.detail))


def problem(kind: FileProblem, detail: str = "") -> str:
    """The sentence, with the line or the column that it is about."""
    named = {FileProblem.NOT_CSV: f" Line {code(detail)}.", FileProblem.DOUBLED_COLUMN: f" {code(detail)}."}
    return PROBLEMS[kind] + (named.get(kind, "") if detail else "")


def _problem_line(row: Row) -> str:
    fields = row.fields
    tiktok = fields[Column.TIKTOK_ID] or fields[Column.SELLER_SKU]
    shopify = fields[Column.VARIANT_ID] or fields[Column.VARIANT_SKU]
    told = " → ".join(code(one, 60) for one in (tiktok, plain_id(shopify)) if one)
    return f"Line {row.line}: {dots(told, sentence(row))}"


def sentence(row: Row) -> str:
    if row.decision is None:
        return "Not looked at."
    if row.state is RowState.DONE:
        return "Linked."
    return OUTCOMES[row.decision.outcome]


def _buttons(run: Run) -> Json | None:
    if run.state not in UNDER_WAY:
        return None
    value = pack(Target.BULK, run=run.id, digest=run.digest)
    go = button("Apply", Action.BULK_APPLY, value, style="primary") if run.state in ASKING and run.links else None
    return actions(go, button("Cancel", Action.BULK_CANCEL, value))


# --- the result ------------------------------------------------------------------------------------------------------

COLUMNS = (*(column.value for column in Column), "line", "result", "explanation")


def result_lines(rows: Iterable[Row]) -> Iterator[str]:
    """CSV text, line by line: the file's columns, then what came of each row. Can be imported again."""
    yield _csv(COLUMNS)
    for row in rows:
        cells = [safe_cell(row.fields[column]) for column in Column]
        yield _csv([*cells, str(row.line), result(row), sentence(row)])


def result(row: Row) -> str:
    if row.state is RowState.DONE:
        return "linked"
    return row.decision.outcome.value if row.decision else ""


def _csv(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
