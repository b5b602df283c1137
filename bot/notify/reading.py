"""What cards and reports need to read beyond one repository; `app.py` fills it in with the use cases' reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.board import LinkPreview, ProductRow, VariantRow
from bot.domain.catalogue import Listing
from bot.domain.suggesting import Hint
from bot.domain.values import ListingId, ShopId, WorkspaceId
from bot.store.db import Unit


class Progress(Protocol):
    """How far an import is."""

    @property
    def done(self) -> int: ...
    @property
    def finished(self) -> bool: ...
    @property
    def problem(self) -> str: ...


@dataclass(frozen=True)
class Reading:
    """Reads that live in `sync`, which this room may not import."""

    channel: Callable[[Unit, WorkspaceId], str | None]
    product_rows: Callable[[Unit, Sequence[ListingId]], dict[ListingId, ProductRow]]
    hints: Callable[[Unit, WorkspaceId, Sequence[ListingId]], dict[ListingId, Hint]]
    sku_owners: Callable[[Unit, WorkspaceId, Listing], list[VariantRow]]
    preview: Callable[[Unit, WorkspaceId, ShopId], LinkPreview]
    progress: Callable[[Unit, ShopId, WorkspaceId], Progress]
