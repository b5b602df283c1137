"""Bulk link from a file: read, planned, shown, confirmed, planned again, applied; every step in a unit of its own."""

import io
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import BinaryIO

from bot.domain.bulk import (
    ASKING,
    MAX_BYTES,
    REFUSED_AS,
    UNDER_WAY,
    Decision,
    Digest,
    Fields,
    FileProblem,
    FileRefused,
    Outcome,
    Row,
    RowState,
    Run,
    RunState,
    decide_row,
    read_rows,
)
from bot.domain.jobs import Job
from bot.domain.links import LinkRequest
from bot.domain.retries import Trouble
from bot.domain.values import Actor, WorkspaceId
from bot.store.db import Db, Taken, Unit
from bot.sync import linking

Fetch = Callable[[WorkspaceId, str], Awaitable[BinaryIO]]
"""A file of Slack's by its id, as an open file. Raises FileRefused."""
PLAN_STEP, LINK_STEP, DIGEST_STEP = 500, 200, 5000
_TRIES = 5


class Asked(StrEnum):
    """What came of a click."""

    DONE = "done"
    STALE = "stale"  # the button is of an older preview
    UNDER_WAY = "under_way"
    ENDED = "ended"
    GONE = "gone"


# --- asked by a person -----------------------------------------------------------------------------------------------


async def start(db: Db, workspace: WorkspaceId, actor: Actor, file_id: str, file_name: str) -> Run:
    """Take a file on: the job reads and plans it, and its message tells how far it is."""

    def begin(u: Unit) -> Run:
        run = Run(secrets.token_hex(6), workspace, actor, file_id, file_name, RunState.READING, u.now)
        u.bulk.add(run)
        u.jobs.add("bulk", run.id, owner=workspace)
        _show(u, run)
        return run

    return await db.run(begin)


async def apply(db: Db, workspace: WorkspaceId, run_id: str, digest: str) -> Asked:
    """The person confirms this preview: it is planned once more and done if nothing changed (N5)."""

    def confirm(u: Unit) -> Asked:
        run = u.bulk.get(run_id)
        if run is None or run.workspace_id != workspace:
            return Asked.GONE
        if run.state in ASKING and run.digest != digest:
            return Asked.STALE
        if not _confirmed(u, run_id, digest):
            return Asked.UNDER_WAY if run.state in UNDER_WAY else Asked.ENDED
        u.jobs.add("bulk", run_id, owner=workspace)
        _show(u, run)
        return Asked.DONE

    return await db.run(confirm)


def _confirmed(u: Unit, run_id: str, digest: str) -> bool:
    return u.bulk.move(run_id, ASKING, state=RunState.PLANNING, confirmed=digest, cursor=0, seen=0)


async def cancel(db: Db, workspace: WorkspaceId, run_id: str) -> Asked:
    """Stop. Rows linked so far stay linked, the others stay as they are."""

    def end(u: Unit) -> Asked:
        run = u.bulk.get(run_id)
        if run is None or run.workspace_id != workspace:
            return Asked.GONE
        if not u.bulk.move(run_id, UNDER_WAY, state=RunState.CANCELLED):
            return Asked.ENDED
        _show(u, run)
        return Asked.DONE

    return await db.run(end)


def _show(u: Unit, run: Run) -> None:
    """Its message is rendered again; who does that keeps the pace."""
    if run.file_id:
        u.jobs.add("bulk_card", run.id, owner=run.workspace_id)


# --- the job ---------------------------------------------------------------------------------------------------------


async def run(job: Job, *, db: Db, fetch: Fetch) -> None:
    """Bring a run as far as it can go. Run again after a crash it goes on at the step that was not finished."""
    while True:
        found = await db.read(lambda u: u.bulk.get(job.ref))
        if found is None or not await advance(db, found, fetch):
            return


async def advance(db: Db, run: Run, fetch: Fetch | None = None) -> bool:
    """One state further; False when it waits for a person or has ended."""
    if run.state is RunState.READING and fetch is not None:
        await _take_file(db, run, fetch)
    elif run.state is RunState.PLANNING:
        await _plan(db, run.id)
    elif run.state is RunState.RUNNING:
        while await db.run(lambda u: _link_step(u, run.id)):
            pass
    else:
        return False
    return True


def park(u: Unit, job: Job, trouble: Trouble, _error: str) -> None:
    """The job is stuck. A file that can't be had ends its run; planning and linking are tried again."""
    run = u.bulk.get(job.ref)
    if run is None:
        return
    if run.state is RunState.READING and trouble is not Trouble.PROGRAM_ERROR:
        refuse(u, run, FileRefused(FileProblem.NOT_HANDED_OVER))
    else:
        u.bulk.move(run.id, UNDER_WAY, problem=FileProblem.STOPPED.value)
        _show(u, run)


# --- reading ---------------------------------------------------------------------------------------------------------


async def _take_file(db: Db, run: Run, fetch: Fetch) -> None:
    try:
        with await fetch(run.workspace_id, run.file_id) as file:
            await read_file(db, run, file)
    except FileRefused as refused:
        reason = refused
        await db.run(lambda u: refuse(u, run, reason))


async def read_file(db: Db, run: Run, file: BinaryIO) -> None:
    """Store the rows of a file in steps. Raises FileRefused."""
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        raise FileRefused(FileProblem.TOO_LARGE)
    file.seek(0)
    rows = read_rows(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
    while part := list(islice(rows, PLAN_STEP)):
        if not await db.run(lambda u, part=part: _take_rows(u, run, part)):
            return
    if not await db.run(lambda u: _end_reading(u, run)):
        raise FileRefused(FileProblem.EMPTY)


def _take_rows(u: Unit, run: Run, part: Sequence[Fields]) -> bool:
    if u.bulk.hold(run.id, RunState.READING) is None:
        return False
    u.bulk.add_rows(run.id, part)
    return True


def _end_reading(u: Unit, run: Run) -> bool:
    """True unless there was no row."""
    rows = u.bulk.count_rows(run.id)
    if rows and u.bulk.move(run.id, [RunState.READING], state=RunState.PLANNING, rows=rows):
        _show(u, run)
    return rows > 0


def refuse(u: Unit, run: Run, refused: FileRefused) -> None:
    """The file can't be read: none of its rows is kept."""
    values = {"problem": refused.problem.value, "detail": refused.detail}
    if u.bulk.move(run.id, [RunState.READING], state=RunState.REFUSED, **values):
        u.bulk.delete_rows(run.id)
        _show(u, run)


# --- planning --------------------------------------------------------------------------------------------------------


async def _plan(db: Db, run_id: str) -> None:
    while await db.run(lambda u: _plan_step(u, run_id)):
        pass
    await db.run(lambda u: _settle(u, run_id))
    digest, line = Digest(), 0
    while part := await db.read(lambda u, line=line: u.bulk.rows_after(run_id, line, DIGEST_STEP)):
        for row in part:
            digest.add(row.line, _decided(row))
        line = part[-1].line
    await db.run(lambda u: _end_plan(u, run_id, digest.text()))


def _plan_step(u: Unit, run_id: str) -> bool:
    """Decide the next rows; False when there is none."""
    run = u.bulk.hold(run_id, RunState.PLANNING)
    if run is None:
        return False
    rows = u.bulk.rows_after(run_id, run.cursor, PLAN_STEP)
    if not rows:
        return False
    known = u.bulk.known(run.workspace_id, [row.fields for row in rows])
    u.bulk.decide(run_id, [(row.line, decide_row(row.fields, known)) for row in rows])
    u.bulk.move(run_id, [RunState.PLANNING], cursor=rows[-1].line, seen=run.seen + len(rows))
    _show(u, run)
    return True


def _settle(u: Unit, run_id: str) -> None:
    if u.bulk.hold(run_id, RunState.PLANNING) is not None:
        u.bulk.settle_doubles(run_id)


def _decided(row: Row) -> Decision:
    return row.decision or Decision(Outcome.MISSING_COLUMN)


def _end_plan(u: Unit, run_id: str, digest: str) -> None:
    """A first plan waits for Apply; one that was confirmed goes on only if it is still the same (N5)."""
    run = u.bulk.hold(run_id, RunState.PLANNING)
    if run is None:
        return
    state = RunState.WAITING
    if run.confirmed:
        state = RunState.RUNNING if run.confirmed == digest else RunState.STALE
    u.bulk.move(run_id, [RunState.PLANNING], state=state, digest=digest, confirmed="", counts=u.bulk.counts(run_id))
    _show(u, run)


# --- applying --------------------------------------------------------------------------------------------------------


def _link_step(u: Unit, run_id: str) -> bool:
    """Link the next rows, each by the same decision as a link by hand. False when none is left or it was stopped."""
    run = u.bulk.hold(run_id, RunState.RUNNING)
    if run is None:
        return False
    rows = u.bulk.to_link(run_id, LINK_STEP)
    done = sum(_link_row(u, run, row) for row in rows)
    u.bulk.move(run_id, [RunState.RUNNING], done=run.done + done)
    if not rows:
        u.bulk.move(run_id, [RunState.RUNNING], state=RunState.DONE)
    _show(u, run)
    return bool(rows)


def _link_row(u: Unit, run: Run, row: Row) -> bool:
    """True when it was linked; the row's end is written in the same unit."""
    decision = _decided(row)
    if decision.listing_id is None or decision.variant_id is None or decision.pack is None:
        u.bulk.take(run.id, row.line, RowState.LEFT, Outcome.MISSING_COLUMN)
        return False
    request = LinkRequest(decision.listing_id, decision.variant_id, decision.pack)
    made = linking.link_here(u, run.workspace_id, request, run.actor)
    if isinstance(made, linking.Refused):
        u.bulk.take(run.id, row.line, RowState.LEFT, REFUSED_AS[made.reason])
        return False
    return u.bulk.take(run.id, row.line, RowState.DONE)


# --- without Slack ---------------------------------------------------------------------------------------------------


async def plan_here(db: Db, workspace: WorkspaceId, actor: Actor, file: BinaryIO, name: str) -> Run:
    """Read and plan a file in this process; no job and no message. Raises FileRefused."""

    def begin(u: Unit) -> Run:
        made = Run(secrets.token_hex(6), workspace, actor, "", name, RunState.READING, u.now)
        u.bulk.add(made)
        return made

    run = await db.run(begin)
    try:
        await read_file(db, run, file)
    except FileRefused:
        await db.run(lambda u: u.bulk.delete(run.id))
        raise
    return await _to_the_end(db, run.id)


async def apply_here(db: Db, run_id: str, digest: str) -> Run:
    """Apply exactly the plan of this digest; the run comes back as stale when it has changed."""
    await db.run(lambda u: _confirmed(u, run_id, digest))
    return await _to_the_end(db, run_id)


async def _to_the_end(db: Db, run_id: str) -> Run:
    tries = _TRIES
    while True:
        run = await db.read(lambda u: u.bulk.get(run_id))
        assert run is not None
        try:
            if not await advance(db, run):
                return run
        except Taken:  # another worker linked one of these at the same moment: the next look sees it
            tries -= 1
            if not tries:
                raise


def pages(read: Callable[[Callable[[Unit], list[Row]]], list[Row]], run_id: str) -> Iterator[Row]:
    """All rows of a run, read in steps."""
    line = 0
    while part := read(lambda u, line=line: u.bulk.rows_after(run_id, line, DIGEST_STEP)):
        yield from part
        line = part[-1].line
