"""`linkbot import`: the dry run of a file and, with its digest, the act; as JSON and as text."""

import getpass
from pathlib import Path
from typing import Any

from bot.domain.bulk import FINE, FileRefused, Run, RunState
from bot.domain.connections import ConnectionState
from bot.domain.values import Actor, ActorKind, Origin, WorkspaceId
from bot.store.db import Db, Unit
from bot.sync import bulk as runs
from bot.views import bulk

Told = dict[str, Any]
SHOWN = 20


class FileUnusable(Exception):
    """The file can't be imported; the text is one line."""


async def import_file(db: Db, path: Path, *, workspace: str | None, digest: str | None) -> Told:
    """Plan the file; with `digest`, apply it if the plan is still that one. Raises FileUnusable."""
    team = _workspace(await db.read(_workspaces), workspace)
    actor = Actor(ActorKind.PERSON, getpass.getuser(), Origin.CLI)
    try:
        with path.open("rb") as file:
            run = await runs.plan_here(db, team, actor, file, path.name)
    except FileRefused as refused:
        raise FileUnusable(f"{path}: {bulk.problem(refused.problem, refused.detail)}") from None
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror or error}") from None
    is_stale = digest is not None and digest != run.digest
    if digest is not None and not is_stale:
        run = await runs.apply_here(db, run.id, digest)
        is_stale = run.state is RunState.STALE
    told = await db.read(lambda u: _told(u, run, is_stale=is_stale))
    await db.run(lambda u: u.bulk.delete(run.id))
    return told


def _workspaces(u: Unit) -> list[WorkspaceId]:
    live = [x for x in (*u.shops.all(), *u.stores.all()) if x.state is not ConnectionState.DISCONNECTED]
    return sorted({one.workspace_id for one in live})


def _workspace(known: list[WorkspaceId], wanted: str | None) -> WorkspaceId:
    if wanted is not None and wanted in known:
        return WorkspaceId(wanted)
    if not known:
        raise FileUnusable("no shop or store is connected yet: type /link connect in Slack")
    if wanted is not None or len(known) > 1:
        raise FileUnusable(f"--workspace must be one of {', '.join(known)}")
    return known[0]


def _told(u: Unit, run: Run, *, is_stale: bool) -> Told:
    rows = u.bulk.problem_rows(run.id, SHOWN)
    return {
        "file": run.file_name,
        "state": RunState.STALE.value if is_stale else run.state.value,
        "digest": run.digest,
        "rows": run.rows,
        "to_link": run.links,
        "linked": run.done,
        "counts": {outcome.value: count for outcome, count in run.counts.items()},
        "problems": [{"line": row.line, "result": bulk.result(row), "explanation": bulk.sentence(row)} for row in rows],
        "more_problems": max(0, run.problems - len(rows)),
    }


def is_fine(told: Told) -> bool:
    """Nothing is stale, and every row is or will be as the file wants it."""
    fine = {outcome.value for outcome in FINE}
    return told["state"] != RunState.STALE.value and not told["problems"] and set(told["counts"]) <= fine


def as_text(told: Told) -> str:
    counts = " · ".join(f"{count} {name}" for name, count in told["counts"].items())
    rows = [f"line {one['line']}: {one['result']}: {one['explanation']}" for one in told["problems"]]
    rows += [f"+{told['more_problems']} more"] if told["more_problems"] else []
    last = {
        RunState.STALE.value: f"stale: nothing was linked; the plan is now {told['digest']}",
        RunState.DONE.value: f"{told['linked']} linked",
    }.get(told["state"], f"nothing was linked; to do exactly this: --apply --digest {told['digest']}")
    return "\n".join([f"{told['rows']} rows: {counts}", *rows, last])
