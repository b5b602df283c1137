"""The order report: one living message for each hour in which something happened, its counts from the ledger."""

from datetime import UTC, datetime, timedelta

from bot.domain.jobs import Job
from bot.domain.ledger import Act, fold_report
from bot.domain.values import WorkspaceId
from bot.notify.poster import Poster
from bot.notify.reading import Reading
from bot.store.db import Db
from bot.views import reports

HOUR = timedelta(hours=1)


async def report(job: Job, *, db: Db, poster: Poster, reading: Reading) -> None:
    """Bring the report of the hour that `job.ref` names ("workspace:2026-11-25T09", UTC) up to date (B2)."""
    workspace, since = _window(job.ref)
    entries = await db.read(
        lambda u: u.ledger.page(workspace, since=since, until=since + HOUR, acts=[Act.ORDER], limit=1_000_000)
    )
    folded = fold_report(entries)
    channel = await db.read(lambda u: reading.channel(u, workspace))
    if folded.is_empty or channel is None:
        return
    message = reports.report(folded, since, since + HOUR)
    await poster.show(workspace, f"report:{job.ref}", channel, message)


def _window(ref: str) -> tuple[WorkspaceId, datetime]:
    workspace, _, hour = ref.partition(":")
    return WorkspaceId(workspace), datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
