"""0001: all tables of the first release."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import DecimalText, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _shops()
    _stores()
    _tokens()
    _consents()
    _listings()
    _variants()
    _variant_tags()
    _links()
    _orders()
    _order_units()
    _order_stops()
    _pushes()
    _ledger()
    _lanes()
    _jobs()
    _inbox()
    _incidents()
    _incident_items()
    _posts()
    _settings()
    _append_only()


def _shops() -> None:
    op.create_table(
        "shops",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("cipher", sa.Text(), nullable=False),
        sa.Column("token_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("connected_at", UtcTime(), nullable=False),
        sa.Column("mode", sa.Text()),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("imported_at", UtcTime()),
        sa.Column("orders_seen_to", UtcTime()),
        sa.Column("products_seen_to", UtcTime()),
        sa.Column("warehouse_id", sa.Text()),
    )


def _stores() -> None:
    op.create_table(
        "stores",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("connected_at", UtcTime(), nullable=False),
        sa.Column("imported_at", UtcTime()),
        sa.Column("products_seen_to", UtcTime()),
        sa.Column("webhooks_at", UtcTime()),
        sa.Column("stock_cycle", sa.Float()),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("fence", sa.Text()),
        sa.Column("fence_until", UtcTime()),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("state_hash", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text()),
        sa.Column("expires_at", UtcTime(), nullable=False),
    )


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("variation", sa.Text(), nullable=False),
        sa.Column("seller_sku", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price", DecimalText()),
        sa.Column("currency", sa.Text()),
        sa.Column("stock", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("is_combo", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("hay", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
    )
    op.create_index("listings_by_order", "listings", ["shop_id", "title", "variation", "id"])
    op.create_index("listings_by_product", "listings", ["shop_id", "product_id"])
    op.create_index("listings_by_sku", "listings", ["shop_id", "sku"])


def _variants() -> None:
    op.create_table(
        "variants",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("inventory_item_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("raw_sku", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.Column("price", DecimalText(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("available", sa.Integer()),
        sa.Column("tracked", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("sells_past_zero", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("hay", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
    )
    op.create_index("variants_by_item", "variants", ["inventory_item_id"])
    op.create_index("variants_by_look", "variants", ["look"])
    op.create_index("variants_by_order", "variants", ["store_id", "title", "options", "sku", "id"])
    op.create_index("variants_by_product", "variants", ["store_id", "product_id"])
    op.create_index("variants_by_sku", "variants", ["sku", "store_id"])


def _variant_tags() -> None:
    op.create_table(
        "variant_tags",
        sa.Column("variant_id", sa.String(), primary_key=True),
        sa.Column("tag", sa.String(), primary_key=True),
    )
    op.create_index("variant_tags_by_tag", "variant_tags", ["tag", "variant_id"])


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("listing_id", sa.String(), primary_key=True),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("pack", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("links_by_variant", "links", ["variant_id"])


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(), primary_key=True),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("value", DecimalText(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_at", UtcTime()),
        sa.Column("ship_by", UtcTime()),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("store_id", sa.Text()),
        sa.Column("shopify_id", sa.Text()),
        sa.Column("shopify_name", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("referenced", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("mirror_anyway", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("sent_at", UtcTime()),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("orders_by_reason", "orders", ["shop_id", "reason"])
    op.create_index("orders_by_standing", "orders", ["shop_id", "standing", "changed_at"])


def _order_units() -> None:
    op.create_table(
        "order_units",
        sa.Column("order_id", sa.String(), primary_key=True),
        sa.Column("listing_id", sa.String(), primary_key=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
    )
    op.create_index("order_units_by_listing", "order_units", ["listing_id", "order_id"])


def _order_stops() -> None:
    op.create_table(
        "order_stops",
        sa.Column("order_id", sa.String(), primary_key=True),
        sa.Column("listing_id", sa.String(), primary_key=True),
    )
    op.create_index("order_stops_by_listing", "order_stops", ["listing_id", "order_id"])


def _pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("listing_id", sa.String(), primary_key=True),
        sa.Column("price", DecimalText()),
        sa.Column("currency", sa.Text()),
        sa.Column("stock", sa.Integer()),
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_origin", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text()),
        sa.Column("store_id", sa.Text()),
        sa.Column("listing_id", sa.Text()),
        sa.Column("variant_id", sa.Text()),
        sa.Column("order_id", sa.Text()),
        sa.Column("standing", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("facts", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_by_listing", "ledger", ["listing_id"])
    op.create_index("ledger_by_order", "ledger", ["order_id"])
    op.create_index("ledger_by_time", "ledger", ["workspace_id", "at"])


def _lanes() -> None:
    op.create_table(
        "lanes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.UniqueConstraint("owner", "kind", name="lanes_owner_kind"),
    )
    op.create_index("lanes_by_time", "lanes", ["next_at"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("once", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("due_at", UtcTime()),
        sa.Column("lease", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime()),
        sa.UniqueConstraint("once", name="jobs_once"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "jobs_done",
        "jobs",
        ["done_at"],
        sqlite_where=sa.text("state = 'done'"),
        postgresql_where=sa.text("state = 'done'"),
    )
    op.create_index(
        "jobs_due",
        "jobs",
        ["lane_id", "due_at"],
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index(
        "jobs_leased",
        "jobs",
        ["lane_id"],
        sqlite_where=sa.text("lease is not null"),
        postgresql_where=sa.text("lease is not null"),
    )
    op.create_index(
        "jobs_parked",
        "jobs",
        ["owner"],
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("event_id", sa.String(), primary_key=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
    )
    op.create_index("inbox_by_time", "inbox", ["received_at"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("ts", sa.Text()),
    )
    op.create_index("incidents_by_kind", "incidents", ["workspace_id", "kind", "opened_at"])


def _incident_items() -> None:
    op.create_table(
        "incident_items",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime()),
        sa.Column("closed_by", sa.JSON()),
        sa.Column("facts", sa.JSON(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("incident_items_by_incident", "incident_items", ["incident_id"])
    op.create_index("incident_items_by_subject", "incident_items", ["subject"])
    op.create_index(
        "incident_items_open",
        "incident_items",
        ["workspace_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("claimed_at", UtcTime(), nullable=False),
    )


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("workspace_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.JSON()),
    )


def _append_only() -> None:
    """The ledger can't be changed, whatever the program says."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(
                f"create trigger ledger_no_{act} before {act} on ledger "
                "begin select raise(abort, 'the ledger is append-only'); end"
            )
        return
    op.execute(
        "create function ledger_refuse() returns trigger language plpgsql as "
        "$$ begin raise exception 'the ledger is append-only'; end $$"
    )
    op.execute(
        "create trigger ledger_append_only before update or delete or truncate on ledger "
        "for each statement execute function ledger_refuse()"
    )
    op.execute("alter table jobs set (autovacuum_vacuum_scale_factor = 0.01)")
