"""A bulk run's one message, to the person who gave the file: rendered from its row, with the result in its thread."""

import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, BinaryIO, cast

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.bulk import ASKING, Run, RunState
from bot.domain.jobs import Again, Job
from bot.domain.values import WorkspaceId
from bot.notify.poster import Poster
from bot.store.db import Db, Unit
from bot.views import bulk
from bot.views.blocks import Message

Share = Callable[[WorkspaceId, str, str, str, BinaryIO], Awaitable[None]]
"""Shares a file: workspace, channel, thread, file name, content."""
Client = Callable[[WorkspaceId], Awaitable[AsyncWebClient]]
PACE = timedelta(seconds=3)
_STEP = 2000
_IN_MEMORY = 1024 * 1024


async def card(job: Job, *, db: Db, poster: Poster, client: Client, share: Share) -> Again | None:
    """Bring the message up to date, at most once in three seconds (U28)."""
    run, now = await db.read(lambda u: (u.bulk.get(job.ref), u.now))
    if run is None or not run.file_id:
        return None
    if run.told_at is not None and now < run.told_at + PACE:
        return Again(run.told_at + PACE)
    run, message = await db.read(lambda u, seen=run: _render_now(u, u.bulk.get(seen.id) or seen))
    channel = run.channel or await _direct(await client(run.workspace_id), run.actor.id)
    place = await poster.show(run.workspace_id, f"bulk:{run.id}", channel, message)
    await db.run(lambda u: u.bulk.set_message(run.id, *place))
    mark = f"{run.state.value} {run.digest}"
    if _has_result(run) and run.filed != mark:
        await _share_result(db, share, run, place)
        await db.run(lambda u: u.bulk.set_filed(run.id, mark))
    return None


def _render_now(u: Unit, run: Run) -> tuple[Run, Message]:
    shows = run.state in (*ASKING, RunState.DONE)
    return run, bulk.card(run, u.bulk.problem_rows(run.id, bulk.SHOWN_PROBLEMS) if shows else [])


async def _direct(client: AsyncWebClient, user: str) -> str:
    answer = await client.conversations_open(users=user)
    channel: Any = answer["channel"]
    return str(channel["id"])


def _has_result(run: Run) -> bool:
    """A preview whose problems do not fit into the message, and every end of what was begun."""
    if run.state in ASKING:
        return run.problems > bulk.SHOWN_PROBLEMS
    return run.state is RunState.DONE or (run.state is RunState.CANCELLED and run.done > 0)


async def _share_result(db: Db, share: Share, run: Run, place: tuple[str, str]) -> None:
    """The file is written in steps, beyond a small size on disk: a run of any length takes little memory."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        line = 0
        file.writelines(part.encode() for part in ["\ufeff", *bulk.result_lines([])])
        while rows := await db.read(lambda u, line=line: u.bulk.rows_after(run.id, line, _STEP)):
            told = bulk.result_lines(rows)
            next(told)  # the header stands already
            file.writelines(part.encode() for part in told)
            line = rows[-1].line
        file.seek(0)
        kind = "preview" if run.state in ASKING else "result"
        stem = run.file_name.rpartition(".")[0] or run.file_name
        await share(run.workspace_id, place[0], place[1], f"{stem[:100]}-{kind}.csv", cast(BinaryIO, file))
