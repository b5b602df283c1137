"""What the command line reads from the ledger and the mirrors: plain values for JSON, CSV and text."""

from datetime import datetime
from typing import TextIO

from bot.domain.exports import Export, Shape
from bot.domain.values import ListingId, OrderId
from bot.store.db import Unit
from bot.sync import explain, exports
from bot.views import texts
from bot.views.exports import CATALOGUE_COLUMNS, LEDGER_COLUMNS, Row, catalogue_row, entry_row, written


def ledger_rows(u: Unit, *, since: datetime | None, order_id: str | None, sku: str | None) -> list[Row]:
    """Entries oldest first, of all workspaces of this installation."""
    listing_ids = _listings(u, sku) if sku else None
    if listing_ids == []:
        return []
    chosen = OrderId(order_id) if order_id else None
    entries = u.ledger.page(None, since=since, order_id=chosen, listing_ids=listing_ids, limit=10_000_000)
    return [entry_row(entry) for entry in entries]


def _listings(u: Unit, text: str) -> list[ListingId]:
    found = [row.listing.id for ws in u.settings.workspaces() for row in explain.find_listings(u, ws, text)]
    return list(dict.fromkeys(found))


def write_rows(rows: list[Row], shape: str, out: TextIO) -> None:
    """JSON lines, or CSV with the facts as one JSON column. Cells that a spreadsheet would run are made text."""
    out.writelines(written(rows, LEDGER_COLUMNS, Shape(shape)))


def write_export(u: Unit, export: Export, shape: Shape, out: TextIO) -> None:
    """The catalogue rows of all workspaces of this installation, as `/link export` writes them."""
    out.seek(0)
    out.truncate()  # the unit may be run again
    found = (row for workspace in u.settings.workspaces() for row in exports.catalogue_rows(u, workspace, export))
    out.writelines(written(map(catalogue_row, found), CATALOGUE_COLUMNS, shape))


def order_path(u: Unit, order_id: str) -> Row | None:
    """Standing, the one reason, its sentence and fix, and the entries that led there; None when unknown."""
    mirror = u.orders.get(OrderId(order_id))
    if mirror is None:
        return None
    said = texts.REASONS[mirror.reason] if mirror.reason else None
    entries = u.ledger.page(None, order_id=mirror.order_id, limit=1000)
    return {
        "order": mirror.order_id,
        "shop": mirror.shop_id,
        "standing": mirror.standing.value,
        "reason": mirror.reason.value if mirror.reason else None,
        "said": said.what if said else texts.STANDINGS[mirror.standing],
        "fix": said.next if said else "",
        "value": f"{mirror.value.text()} {mirror.value.currency}",
        "ship_by": mirror.ship_by.isoformat() if mirror.ship_by else None,
        "skus": list(mirror.listings),
        "facts": dict(mirror.facts),
        "store": mirror.store_id,
        "shopify_order": mirror.shopify_name,
        "entries": [entry_row(entry) for entry in entries],
    }


def sku_paths(u: Unit, text: str) -> list[Row]:
    """The same for every TikTok SKU that `text` may mean."""
    paths: list[Row] = []
    for workspace in u.settings.workspaces():
        for row in explain.find_listings(u, workspace, text):
            found = explain.why_sku(u, workspace, row.listing.id)
            if found is not None:
                paths.append(_sku_path(found))
    return paths


def _sku_path(found: explain.WhySku) -> Row:
    listing, link = found.row.listing, found.row.link
    said = texts.NO_AUTO_LINK[found.decision] if found.decision else None
    return {
        "sku_id": listing.id,
        "seller_sku": listing.seller_sku,
        "title": listing.title,
        "shop": listing.shop_id,
        "state": link.state.value if link else "unlinked",
        "reason": found.decision.value if found.decision else None,
        "said": said.what if said else "It is linked." if link else "",
        "fix": said.next if said else "",
        "variant": link.variant_id if link else None,
        "variant_sku": found.row.variant.sku if found.row.variant else None,
        "pack": link.pack if link else None,
        "candidates": [{"variant": x.variant.id, "store": x.store.id} for x in found.candidates],
        "entries": [entry_row(entry) for entry in found.entries],
    }


def as_text(found: Row | list[Row]) -> str:
    """The paths as lines for a terminal."""
    rows = found if isinstance(found, list) else [found]
    return "\n\n".join(_path_text(row) for row in rows)


def _path_text(row: Row) -> str:
    name = f"order {row['order']}" if "order" in row else f"SKU {row['seller_sku'] or row['sku_id']} ({row['sku_id']})"
    state = row.get("standing") or row.get("state")
    reason = f", {row['reason']}" if row["reason"] else ""
    lines = [f"{name}: {state}{reason}", f"  {row['said']} {row['fix']}".rstrip()]
    lines += [
        f"  {e['at'][:19]}Z  {e['act']}  {e['standing'] or ''} {e['reason'] or ''}".rstrip() for e in row["entries"]
    ]
    return "\n".join(lines)
