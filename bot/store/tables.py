"""All rows, and the unique indexes that settle every race."""
# pyright: reportAssignmentType=false
# SQLModel declares `__tablename__` as something no text fits.

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from bot.store.columns import flag as _flag
from bot.store.columns import json as _json
from bot.store.columns import key as _key
from bot.store.columns import maybe as _maybe
from bot.store.columns import maybe_number as _maybe_number
from bot.store.columns import maybe_time as _maybe_time
from bot.store.columns import money as _money
from bot.store.columns import number as _number
from bot.store.columns import text as _text
from bot.store.columns import time as _time
from bot.store.types import DecimalText


class ShopRow(SQLModel, table=True):
    __tablename__ = "shops"
    id: str = _key()
    workspace_id: str = _text()
    name: str = _text()
    region: str = _text()
    currency: str = _text()
    cipher: str = _text()
    token_key: str = _text()
    state: str = _text()
    connected_at: datetime = _time()
    mode: str | None = _maybe()
    paused: bool = _flag()
    imported_at: datetime | None = _maybe_time()
    orders_seen_to: datetime | None = _maybe_time()
    products_seen_to: datetime | None = _maybe_time()
    warehouse_id: str | None = _maybe()


class StoreRow(SQLModel, table=True):
    __tablename__ = "stores"
    id: str = _key()
    workspace_id: str = _text()
    name: str = _text()
    currency: str = _text()
    state: str = _text()
    connected_at: datetime = _time()
    imported_at: datetime | None = _maybe_time()
    products_seen_to: datetime | None = _maybe_time()
    webhooks_at: datetime | None = _maybe_time()
    stock_cycle: float | None = Field(default=None, sa_column=Column(Float, nullable=True))  # seconds


class TokenRow(SQLModel, table=True):
    """One encrypted blob per credential, and the claim of whoever renews it."""

    __tablename__ = "tokens"
    key: str = _key()
    blob: str = _text()
    fence: str | None = _maybe()
    fence_until: datetime | None = _maybe_time()


class ConsentRow(SQLModel, table=True):
    __tablename__ = "consents"
    state_hash: str = _key()
    workspace_id: str = _text()
    user_id: str = _text()
    channel_id: str = _text()
    service: str = _text()
    store_id: str | None = _maybe()
    expires_at: datetime = _time()


class ListingRow(SQLModel, table=True):
    """`sku`: trimmed. `hay`: title, variation and SKU casefolded, for search. `seen_at`: last reading that had it."""

    __tablename__ = "listings"
    __table_args__ = (
        Index("listings_by_sku", "shop_id", "sku"),
        Index("listings_by_product", "shop_id", "product_id"),
        Index("listings_by_order", "shop_id", "title", "variation", "id"),
    )
    id: str = _key()
    shop_id: str = _text()
    product_id: str = _text()
    title: str = _text()
    variation: str = _text()
    seller_sku: str = _text()
    sku: str = _text()
    price: Decimal | None = _money()
    currency: str | None = _maybe()
    stock: list[Any] = _json()  # [[warehouse id, quantity], …]
    status: str = _text()
    updated_at: datetime = _time()
    is_combo: bool = _flag()
    hay: str = _text()
    seen_at: datetime = _time()
    gtin: str = _text("")


class VariantRow(SQLModel, table=True):
    __tablename__ = "variants"
    __table_args__ = (
        Index("variants_by_sku", "sku", "store_id"),
        Index("variants_by_item", "inventory_item_id"),
        Index("variants_by_product", "store_id", "product_id"),
        Index("variants_by_order", "store_id", "title", "options", "sku", "id"),
    )
    id: str = _key()
    store_id: str = _text()
    product_id: str = _text()
    inventory_item_id: str = _text()
    title: str = _text()
    options: str = _text()
    raw_sku: str = _text()
    sku: str = _text()
    price: Decimal = Field(sa_column=Column(DecimalText, nullable=False))
    currency: str = _text()
    available: int | None = _maybe_number()
    tracked: bool = _flag()
    sells_past_zero: bool = _flag()
    status: str = _text()
    updated_at: datetime = _time()
    barcode: str = _text()
    category: str = _text()
    tags: list[Any] = _json()
    seen_at: datetime = _time()


class LinkRow(SQLModel, table=True):
    """The primary key is the unique index: one listing has one link, whatever its state."""

    __tablename__ = "links"
    __table_args__ = (Index("links_by_variant", "variant_id"),)
    listing_id: str = _key()
    shop_id: str = _text()
    variant_id: str = _text()
    store_id: str = _text()
    pack: int = _number()
    state: str = _text()
    origin: str = _text()
    actor: dict[str, Any] = _json()
    changed_at: datetime = _time()
    version: int = _number()


class OrderRow(SQLModel, table=True):
    """One row per TikTok order: the claim before anything is sent. No buyer data."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_by_reason", "shop_id", "reason"),
        Index("orders_by_standing", "shop_id", "standing", "changed_at"),
    )
    order_id: str = _key()
    shop_id: str = _text()
    standing: str = _text()
    reason: str | None = _maybe()
    value: Decimal = Field(sa_column=Column(DecimalText, nullable=False))
    currency: str = _text()
    paid_at: datetime | None = _maybe_time()
    ship_by: datetime | None = _maybe_time()
    seen_at: datetime = _time()
    changed_at: datetime = _time()
    store_id: str | None = _maybe()
    shopify_id: str | None = _maybe()
    shopify_name: str | None = _maybe()
    status: str = _text()
    referenced: bool = _flag()
    mirror_anyway: bool = _flag()
    sent_at: datetime | None = _maybe_time()
    facts: dict[str, Any] = _json()
    version: int = _number()


class OrderUnitRow(SQLModel, table=True):
    __tablename__ = "order_units"
    __table_args__ = (Index("order_units_by_listing", "listing_id", "order_id"),)
    order_id: str = _key()
    listing_id: str = _key()
    quantity: int = _number()


class OrderStopRow(SQLModel, table=True):
    """The listings that an order's reason is about."""

    __tablename__ = "order_stops"
    __table_args__ = (Index("order_stops_by_listing", "listing_id", "order_id"),)
    order_id: str = _key()
    listing_id: str = _key()


class PushRow(SQLModel, table=True):
    __tablename__ = "pushes"
    listing_id: str = _key()
    price: Decimal | None = _money()
    currency: str | None = _maybe()
    stock: int | None = _maybe_number()


class EntryRow(SQLModel, table=True):
    """Append-only: triggers refuse UPDATE and DELETE on both databases."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ledger_by_time", "workspace_id", "at"),
        Index("ledger_by_order", "order_id"),
        Index("ledger_by_listing", "listing_id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    at: datetime = _time()
    workspace_id: str = _text()
    act: str = _text()
    actor_kind: str = _text()
    actor_id: str = _text()
    actor_origin: str = _text()
    shop_id: str | None = _maybe()
    store_id: str | None = _maybe()
    listing_id: str | None = _maybe()
    variant_id: str | None = _maybe()
    order_id: str | None = _maybe()
    standing: str | None = _maybe()
    reason: str | None = _maybe()
    facts: dict[str, Any] = _json()


class LaneRow(SQLModel, table=True):
    """(owner, kind): its pace, cap and pause, shared by all workers."""

    __tablename__ = "lanes"
    __table_args__ = (
        UniqueConstraint("owner", "kind", name="lanes_owner_kind"),
        Index("lanes_by_time", "next_at"),
    )
    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    owner: str = _text()
    kind: str = _text()
    paused: bool = _flag()
    next_at: datetime = _time()


class JobRow(SQLModel, table=True):
    """`due_at` is null exactly when the job is done, parked or dropped; while leased it is the lease's end."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("once", name="jobs_once"),
        Index("jobs_due", "lane_id", "due_at", sqlite_where=text("due_at is not null"),
              postgresql_where=text("due_at is not null")),
        Index("jobs_leased", "lane_id", sqlite_where=text("lease is not null"),
              postgresql_where=text("lease is not null")),
        Index("jobs_parked", "owner", sqlite_where=text("state = 'parked'"),
              postgresql_where=text("state = 'parked'")),
        Index("jobs_done", "done_at", sqlite_where=text("state = 'done'"), postgresql_where=text("state = 'done'")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    once: str = _text()
    lane_id: int = _number()
    owner: str = _text()
    kind: str = _text()
    ref: str = _text()
    payload: dict[str, Any] = _json()
    state: str = _text()
    rev: int = _number(1)
    due_at: datetime | None = _maybe_time()
    lease: str | None = _maybe()
    attempt: int = _number(0)
    error: str | None = _maybe()
    created_at: datetime = _time()
    done_at: datetime | None = _maybe_time()


class InboxRow(SQLModel, table=True):
    """What was heard, to hear it once. Bodies are not kept: they may hold buyer data."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_by_time", "received_at"),)
    source: str = _key()
    owner: str = _key()
    event_id: str = _key()
    topic: str = _text()
    received_at: datetime = _time()


class IncidentRow(SQLModel, table=True):
    __tablename__ = "incidents"
    __table_args__ = (Index("incidents_by_kind", "workspace_id", "kind", "opened_at"),)
    id: str = _key()
    workspace_id: str = _text()
    kind: str = _text()
    opened_at: datetime = _time()
    channel: str | None = _maybe()
    ts: str | None = _maybe()


class IncidentItemRow(SQLModel, table=True):
    """The partial unique index: one open item per workspace, kind and subject."""

    __tablename__ = "incident_items"
    __table_args__ = (
        Index("incident_items_open", "workspace_id", "kind", "subject", unique=True,
              sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
        Index("incident_items_by_subject", "subject"),
        Index("incident_items_by_incident", "incident_id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    incident_id: str = _text()
    workspace_id: str = _text()
    kind: str = _text()
    subject: str = _text()
    cause: str = _text()
    state: str = _text()
    opened_at: datetime = _time()
    closed_at: datetime | None = _maybe_time()
    closed_by: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    facts: dict[str, Any] = _json()


class PostRow(SQLModel, table=True):
    __tablename__ = "posts"
    key: str = _key()
    channel: str = _text()
    ts: str | None = _maybe()
    digest: str = _text()
    claimed_at: datetime = _time()


class SettingRow(SQLModel, table=True):
    __tablename__ = "settings"
    workspace_id: str = _key()
    name: str = _key()
    value: Any = Field(default=None, sa_column=Column(JSON, nullable=True))


METADATA = SQLModel.metadata
