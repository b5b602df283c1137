"""The `linkbot` commands of contract.md §2."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot import __version__
from bot.config import ConfigError, Settings
from bot.store.db import DatabaseUnreachable

EXIT_PROBLEM, EXIT_USAGE = 1, 2
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="linkbot")
def cli() -> None:
    """Link TikTok Shop SKUs to Shopify variants and mirror orders, from inside Slack."""


@cli.command()
@click.option("--port", default=4390, show_default=True, help="Where the page listens.")
@click.option("--seed", default=0, help="Seed of everything that is drawn by chance.")
@click.option("--faults", type=click.Choice(["none", "some", "storm"]), default="none", show_default=True)
@click.option("--keep", type=click.Path(dir_okay=False), help="Keep the rehearsal's database in this SQLite file.")
@click.option("--story", is_flag=True, help="Play the whole story without a browser, check its counts, end.")
@_json
def demo(port: int, seed: int, faults: str, keep: str | None, story: bool, as_json: bool) -> None:
    """The real bot against built-in fake TikTok Shop, Shopify and Slack servers, with a web page to click in."""
    from bot.rehearsal import scenes

    logs_on_stderr("warning")
    if story:
        told = asyncio.run(scenes.play(seed=seed, faults=faults, keep=keep))
        click.echo(json.dumps(told.as_json(), indent=2) if as_json else told.as_text())
        sys.exit(0 if told.is_right else EXIT_PROBLEM)
    asyncio.run(scenes.show(port=port, seed=seed, faults=faults, keep=keep))


@cli.command()
@click.option("--no-work", is_flag=True, help="Web and Slack only; `linkbot work` runs the jobs (needs Postgres).")
def serve(no_work: bool) -> None:
    """Web endpoints, Slack, scheduler and workers in one process."""
    settings = _settings()
    settings.require_slack()
    if no_work:
        _need_postgres(settings)
    asyncio.run(_serve(settings, work=not no_work, listen=True))


@cli.command()
def work() -> None:
    """Scheduler and workers only, beside `linkbot serve --no-work` (needs Postgres)."""
    settings = _settings()
    settings.require_slack()
    _need_postgres(settings)
    asyncio.run(_serve(settings, work=True, listen=False))


def _need_postgres(settings: Settings) -> None:
    if settings.is_sqlite:
        raise ConfigError("DATABASE_URL", "names a SQLite file, which one process alone may use")


async def _serve(settings: Settings, *, work: bool, listen: bool) -> None:
    from bot.serving import run

    await run(settings, work=work, listen=listen)


@cli.command()
@click.option("--new-key", is_flag=True, help="Print a fresh LINKBOT_ENCRYPTION_KEY and end.")
@_json
def check(new_key: bool, as_json: bool) -> None:
    """Self-diagnosis: configuration, database, Slack, every shop and store, webhooks, clock, queue."""
    if new_key:
        from cryptography.fernet import Fernet

        click.echo(Fernet.generate_key().decode())
        return
    from bot.checks import check_all, table

    lines = asyncio.run(check_all(_settings()))
    click.echo(json.dumps([line.as_json() for line in lines], indent=2) if as_json else table(lines))
    sys.exit(0 if all(line.is_fine for line in lines) else EXIT_PROBLEM)


@cli.group()
def why() -> None:
    """Why an order or a SKU stands where it stands."""


@why.command("order")
@click.argument("order_id")
@_json
def why_order(order_id: str, as_json: bool) -> None:
    """The decision path of one order."""
    from bot.reports import order_path

    _answer(lambda u: order_path(u, order_id), as_json, f"no order {order_id} is known here")


@why.command("sku")
@click.argument("text")
@_json
def why_sku(text: str, as_json: bool) -> None:
    """The decision path of each SKU that TEXT may mean."""
    from bot.reports import sku_paths

    _answer(lambda u: sku_paths(u, text), as_json, f"no TikTok SKU found for {text!r}")


def _answer(read: Callable[[Any], Any], as_json: bool, missing: str) -> None:
    from bot.reports import as_text

    found = _read(read)
    if not found:
        click.echo(json.dumps(None) if as_json else missing, err=not as_json)
        sys.exit(EXIT_PROBLEM)
    click.echo(json.dumps(found, indent=2) if as_json else as_text(found))


@cli.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="UTC.")
@click.option("--order", "order_id", help="Only this TikTok order.")
@click.option("--sku", help="Only this SKU.")
@click.option("--format", "shape", type=click.Choice(["csv", "jsonl"]), default="jsonl", show_default=True)
@_json
def ledger(since: datetime | None, order_id: str | None, sku: str | None, shape: str, as_json: bool) -> None:
    """The audit log, oldest entry first."""
    from bot.reports import ledger_rows, write_rows

    at = since.replace(tzinfo=UTC) if since else None
    rows = _read(lambda u: ledger_rows(u, since=at, order_id=order_id, sku=sku))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        write_rows(rows, shape, sys.stdout)


@cli.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--apply", "applies", is_flag=True, help="Link exactly what the dry run with --digest showed.")
@click.option("--digest", help="The digest that the dry run printed.")
@click.option("--workspace", help="The Slack workspace's id, where several are connected.")
@_json
def import_links(file: Path, applies: bool, digest: str | None, workspace: str | None, as_json: bool) -> None:
    """Bulk link from a CSV. Shows what would happen; links nothing without --apply and the digest of that."""
    from bot.imports import FileUnusable, as_text, import_file, is_fine

    if applies != (digest is not None):
        raise click.UsageError("--apply and --digest go together: the dry run prints the digest")
    database = _migrated()
    try:
        told = asyncio.run(import_file(database, file, workspace=workspace, digest=digest))
    except FileUnusable as error:
        raise click.UsageError(str(error)) from None
    finally:
        database.close_sync()
    click.echo(json.dumps(told, indent=2) if as_json else as_text(told))
    sys.exit(0 if is_fine(told) else EXIT_PROBLEM)


@cli.command()
@click.argument("what", type=click.Choice(["links", "unlinked", "products"]))
@click.option("--format", "shape", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Into this file, not to stdout.")
@_json
def export(what: str, shape: str, output: str | None, as_json: bool) -> None:
    """TikTok SKUs and their links, as `/link export` gives them."""
    from bot.domain.exports import Export, Shape
    from bot.reports import write_export

    wanted = Shape.JSON if as_json else Shape(shape)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as kept:
        _read(lambda u: write_export(u, Export(what), wanted, kept))
        kept.seek(0)
        if output is None:
            shutil.copyfileobj(kept, sys.stdout)
            return
        try:
            with Path(output).open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(kept, out)
        except OSError as error:
            raise click.FileError(output, error.strerror) from None


@cli.command()
@click.option("--url", help="The https address that Slack reaches; without it Socket Mode.")
@_json
def manifest(url: str | None, as_json: bool) -> None:
    """The Slack app manifest with the request URLs filled in."""
    from bot import manifest as slack_manifest

    told = json.dumps(slack_manifest.render(url), indent=2) + "\n" if as_json else slack_manifest.as_yaml(url)
    click.echo(told, nl=False)


@cli.group()
def db() -> None:
    """Migrations."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    database = _database()
    database.upgrade()
    click.echo(f"schema {database.current()}")


@db.command()
@_json
def current(as_json: bool) -> None:
    """The schema the database has, and the one this version needs."""
    database = _database()
    has, needs = database.current(), database.head()
    told = {"current": has, "head": needs, "is_current": has == needs}
    click.echo(json.dumps(told) if as_json else f"current {has or 'none'}, needed {needs}")
    sys.exit(0 if has == needs else EXIT_PROBLEM)


def _settings() -> Settings:
    settings = Settings.load()
    logs_on_stderr(settings.log)
    return settings


def _database() -> Any:
    from bot.app import open_db

    database = open_db(_settings())
    database.ping()
    return database


def _read(fn: Callable[[Any], Any]) -> Any:
    return _migrated().read_sync(fn)


def _migrated() -> Any:
    database = _database()
    if database.current() != database.head():
        raise ConfigError("DATABASE_URL", "names a database without the current schema: run `linkbot db upgrade`")
    return database


def logs_on_stderr(level: str) -> None:
    from bot.logs import set_up

    set_up(level)


def main() -> None:
    """Exit 2 with one line, never a traceback, for wrong usage or configuration."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        sys.exit(EXIT_PROBLEM)
    except (ConfigError, DatabaseUnreachable) as error:
        click.echo(f"linkbot: {error}", err=True)
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
