"""Bulk runs and their rows: written in steps, changed only from the state that was seen."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update

from bot.domain.bulk import (
    FINE,
    RESOLVED,
    UNDER_WAY,
    Column,
    Decision,
    Fields,
    FileProblem,
    Known,
    Outcome,
    Row,
    RowState,
    Run,
    RunState,
    by_id,
    by_sku,
    keys_of,
)
from bot.domain.catalogue import Listing, Variant, sku_key
from bot.domain.connections import ConnectionState
from bot.domain.values import ListingId, UserId, VariantId, WorkspaceId
from bot.store.bulk_tables import ROWS, RUNS
from bot.store.catalogue import LISTINGS, Listings
from bot.store.dialect import actor_json, actor_of, insert
from bot.store.links import Links
from bot.store.shops import Shops, Stores
from bot.store.variants import VARIANTS

_TO_LINK = and_(
    ROWS.c.run_id == bindparam("run"), ROWS.c.state == RowState.OPEN.value, ROWS.c.outcome == Outcome.LINK.value
)
_FINE = tuple(one.value for one in FINE)
_RESOLVED = tuple(one.value for one in RESOLVED)


class Bulk:
    """A run is changed by `move`, which says from which states: of two who try, one does."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now

    # --- runs --------------------------------------------------------------------------------------------------------

    def add(self, run: Run) -> None:
        row = {
            "id": run.id,
            "workspace_id": run.workspace_id,
            "actor": actor_json(run.actor),
            "file_id": run.file_id,
            "file_name": run.file_name,
            "state": run.state.value,
            "created_at": run.created_at,
            "counts": {},
        }
        self._connection.execute(RUNS.insert(), row)

    def get(self, run_id: str) -> Run | None:
        row = self._connection.execute(select(RUNS).where(RUNS.c.id == run_id)).mappings().first()
        return None if row is None else _run(row)

    def under_way(self, workspace: WorkspaceId, user: UserId) -> Run | None:
        """The newest run of this person that has not ended."""
        query = select(RUNS).where(RUNS.c.workspace_id == workspace, RUNS.c.state.in_([s.value for s in UNDER_WAY]))
        runs = [_run(row) for row in self._connection.execute(query.order_by(RUNS.c.created_at.desc())).mappings()]
        return next((run for run in runs if run.actor.id == user), None)

    def move(self, run_id: str, states: Sequence[RunState], **values: Any) -> bool:
        """Change a run that is in one of these states; False when it is in another by now."""
        if "state" in values:
            values["state"] = values["state"].value
        if "counts" in values:
            values["counts"] = {outcome.value: count for outcome, count in values["counts"].items()}
        query = update(RUNS).where(RUNS.c.id == run_id, RUNS.c.state.in_([state.value for state in states]))
        return self._connection.execute(query.values(**values)).rowcount == 1

    def hold(self, run_id: str, state: RunState) -> Run | None:
        """The run, locked until the unit ends, if it is in this state."""
        is_held = self.move(run_id, [state], problem=None, detail="")
        return self.get(run_id) if is_held else None

    def set_message(self, run_id: str, channel: str, ts: str) -> None:
        self._connection.execute(
            update(RUNS).where(RUNS.c.id == run_id).values(channel=channel, ts=ts, told_at=self._now)
        )

    def set_filed(self, run_id: str, filed: str) -> None:
        self._connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(filed=filed))

    def delete(self, run_id: str) -> None:
        self.delete_rows(run_id)
        self._connection.execute(delete(RUNS).where(RUNS.c.id == run_id))

    def prune(self, before: datetime) -> int:
        """Forget runs that began before; the ledger keeps the links they made."""
        old = [row[0] for row in self._connection.execute(select(RUNS.c.id).where(RUNS.c.created_at < before))]
        for run_id in old:
            self.delete(run_id)
        return len(old)

    # --- rows --------------------------------------------------------------------------------------------------------

    def add_rows(self, run_id: str, rows: Iterable[Fields]) -> None:
        """Write these lines; those that stand (read before a crash) stay."""
        made = [
            {
                "run_id": run_id,
                "line": row.line,
                "raw": {column.value: value for column, value in row.values.items()},
                "state": RowState.OPEN.value,
            }
            for row in rows
        ]
        if made:
            self._connection.execute(insert(self._connection.dialect.name, ROWS).on_conflict_do_nothing(), made)

    def delete_rows(self, run_id: str) -> None:
        self._connection.execute(delete(ROWS).where(ROWS.c.run_id == run_id))

    def count_rows(self, run_id: str) -> int:
        query = select(func.count()).select_from(ROWS).where(ROWS.c.run_id == run_id)
        return int(self._connection.execute(query).scalar() or 0)

    def rows_after(self, run_id: str, line: int, limit: int) -> list[Row]:
        query = select(ROWS).where(ROWS.c.run_id == run_id, ROWS.c.line > line).order_by(ROWS.c.line).limit(limit)
        return [_row(row) for row in self._connection.execute(query).mappings()]

    def to_link(self, run_id: str, limit: int) -> list[Row]:
        """Rows that wait to be linked, in the order of their lines."""
        query = select(ROWS).where(_TO_LINK).order_by(ROWS.c.line).limit(limit)
        return [_row(row) for row in self._connection.execute(query, {"run": run_id}).mappings()]

    def problem_rows(self, run_id: str, limit: int) -> list[Row]:
        """The first rows that can't be linked."""
        wrong = or_(ROWS.c.outcome.notin_(_FINE), ROWS.c.state == RowState.LEFT.value)
        query = select(ROWS).where(ROWS.c.run_id == run_id, ROWS.c.outcome != "", wrong)
        return [_row(row) for row in self._connection.execute(query.order_by(ROWS.c.line).limit(limit)).mappings()]

    def decide(self, run_id: str, decisions: Sequence[tuple[int, Decision]]) -> None:
        """Write what was planned of these lines."""
        if not decisions:
            return
        query = update(ROWS).where(ROWS.c.run_id == run_id, ROWS.c.line == bindparam("at_line"))
        query = query.values(
            outcome=bindparam("as_outcome"),
            listing_id=bindparam("of_listing"),
            variant_id=bindparam("to_variant"),
            pack=bindparam("as_pack"),
        )
        rows = [
            {
                "at_line": line,
                "as_outcome": one.outcome.value,
                "of_listing": one.listing_id,
                "to_variant": one.variant_id,
                "as_pack": one.pack,
            }
            for line, one in decisions
        ]
        self._connection.execute(query, rows)

    def settle_doubles(self, run_id: str) -> None:
        """One TikTok SKU with several targets: none of its rows counts. With one target: the first of them does."""
        mine = (ROWS.c.run_id == run_id, ROWS.c.outcome.in_(_RESOLVED))
        differ = or_(
            func.min(ROWS.c.variant_id) != func.max(ROWS.c.variant_id), func.min(ROWS.c.pack) != func.max(ROWS.c.pack)
        )
        contradicted = select(ROWS.c.listing_id).where(*mine).group_by(ROWS.c.listing_id).having(differ)
        query = update(ROWS).where(*mine, ROWS.c.listing_id.in_(contradicted))
        self._connection.execute(query.values(outcome=Outcome.DOUBLED_IN_FILE.value))
        firsts = select(func.min(ROWS.c.line)).where(*mine).group_by(ROWS.c.listing_id)
        again = update(ROWS).where(ROWS.c.run_id == run_id, ROWS.c.outcome == Outcome.LINK.value)
        again = again.where(ROWS.c.line.notin_(firsts)).values(outcome=Outcome.ALREADY_AS_WANTED.value)
        self._connection.execute(again)

    def take(self, run_id: str, line: int, state: RowState, outcome: Outcome = Outcome.LINK) -> bool:
        """End an open row; False when it has ended already."""
        query = update(ROWS).where(_TO_LINK, ROWS.c.line == bindparam("at_line"))
        query = query.values(state=state.value, outcome=outcome.value)
        return self._connection.execute(query, {"run": run_id, "at_line": line}).rowcount == 1

    def counts(self, run_id: str) -> dict[Outcome, int]:
        query = select(ROWS.c.outcome, func.count()).where(ROWS.c.run_id == run_id, ROWS.c.outcome != "")
        found = {Outcome(outcome): int(n) for outcome, n in self._connection.execute(query.group_by(ROWS.c.outcome))}
        return {outcome: found[outcome] for outcome in Outcome if outcome in found}

    # --- what the catalogues hold about some rows --------------------------------------------------------------------

    def known(self, workspace: WorkspaceId, rows: Sequence[Fields]) -> Known:
        gone = ConnectionState.DISCONNECTED
        shops = {s.id: s.name for s in Shops(self._connection).for_workspace(workspace) if s.state is not gone}
        stores = {s.id: s.name for s in Stores(self._connection).for_workspace(workspace) if s.state is not gone}
        keys = [keys_of(row) for row in rows]
        listings = self._listings({one for one, _ in keys if one}, list(shops))
        variants = self._variants({one for _, one in keys if one}, list(stores))
        ids = list({listing.id for found in listings.values() for listing in found})
        return Known(shops, stores, listings, variants, Links(self._connection).many(ids))

    def _listings(self, keys: set[str], shops: list[str]) -> dict[str, list[Listing]]:
        ids, skus = _split(keys)
        wanted = or_(
            LISTINGS.c.id.in_(sorted(ids)), and_(LISTINGS.c.shop_id.in_(shops), LISTINGS.c.sku.in_(sorted(skus)))
        )
        found = [
            row[0] for row in self._connection.execute(select(LISTINGS.c.id).where(wanted).order_by(LISTINGS.c.id))
        ]
        named: dict[str, list[Listing]] = {}
        for one in Listings(self._connection, self._now).listings([ListingId(key) for key in found]).values():
            names = {by_id(one.id)} | ({by_sku(one.sku)} if one.shop_id in shops else set())
            for key in names & keys:
                named.setdefault(key, []).append(one)
        return named

    def _variants(self, keys: set[str], stores: list[str]) -> dict[str, list[Variant]]:
        ids, skus = _split(keys)
        wanted = or_(
            VARIANTS.c.id.in_(sorted(ids)), and_(VARIANTS.c.store_id.in_(stores), VARIANTS.c.sku.in_(sorted(skus)))
        )
        found = [
            row[0] for row in self._connection.execute(select(VARIANTS.c.id).where(wanted).order_by(VARIANTS.c.id))
        ]
        named: dict[str, list[Variant]] = {}
        for one in Listings(self._connection, self._now).variants([VariantId(key) for key in found]).values():
            names = {by_id(one.id)} | ({by_sku(sku_key(one.sku))} if one.store_id in stores else set())
            for key in names & keys:
                named.setdefault(key, []).append(one)
        return named


def _split(keys: set[str]) -> tuple[set[str], set[str]]:
    ids = {key.removeprefix(by_id("")) for key in keys if key.startswith(by_id(""))}
    return ids, {key.removeprefix(by_sku("")) for key in keys if key.startswith(by_sku(""))}


def _run(row: Any) -> Run:
    actor = actor_of(row["actor"])
    assert actor is not None
    problem = row["problem"]
    given = {
        "workspace_id": WorkspaceId(row["workspace_id"]),
        "actor": actor,
        "state": RunState(row["state"]),
        "counts": {Outcome(outcome): count for outcome, count in row["counts"].items()},
        "problem": FileProblem(problem) if problem else None,
    }
    return Run(**dict(row) | given)


def _row(row: Any) -> Row:
    fields = Fields(row["line"], {Column(name): value for name, value in row["raw"].items()})
    listing, variant = row["listing_id"], row["variant_id"]
    decision = None
    if row["outcome"]:
        decision = Decision(
            Outcome(row["outcome"]),
            ListingId(listing) if listing else None,
            VariantId(variant) if variant else None,
            row["pack"],
        )
    return Row(fields, decision, RowState(row["state"]))
