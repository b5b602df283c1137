"""Columns as every table here has them."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from bot.store.types import DecimalText, UtcTime


def key(kind: Any = sa.String) -> Any:
    return Field(sa_column=sa.Column(kind, primary_key=True))


def text(default: str | None = None) -> Any:
    return Field(sa_column=sa.Column(sa.Text, nullable=False, server_default=default))


def maybe() -> Any:
    return Field(default=None, sa_column=sa.Column(sa.Text, nullable=True))


def number(default: int | None = None) -> Any:
    shown = None if default is None else str(default)
    return Field(sa_column=sa.Column(sa.Integer, nullable=False, server_default=shown))


def maybe_number() -> Any:
    return Field(default=None, sa_column=sa.Column(sa.Integer, nullable=True))


def flag() -> Any:
    return Field(default=False, sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.text("false")))


def time() -> Any:
    return Field(sa_column=sa.Column(UtcTime, nullable=False))


def maybe_time() -> Any:
    return Field(default=None, sa_column=sa.Column(UtcTime, nullable=True))


def money() -> Any:
    return Field(default=None, sa_column=sa.Column(DecimalText, nullable=True))


def json() -> Any:
    return Field(sa_column=sa.Column(sa.JSON, nullable=False))
