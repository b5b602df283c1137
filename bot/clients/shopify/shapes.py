"""What Shopify answers besides domain values. Times UTC."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreFacts:
    """`currency` of all its prices; `domain` is the permanent `….myshopify.com` one."""

    name: str
    currency: str
    taxes_included: bool
    domain: str


@dataclass(frozen=True)
class StockFigure:
    """`available` summed over active locations that sell online; None: stocked nowhere, which is not 0."""

    available: int | None
    tracked: bool


@dataclass(frozen=True)
class Subscription:
    """`topic` as GraphQL's enum: PRODUCTS_UPDATE."""

    id: str
    topic: str
    uri: str


@dataclass(frozen=True)
class BulkState:
    id: str
    status: str
    url: str | None = None
    error_code: str | None = None

    @property
    def is_running(self) -> bool:
        return self.status in ("CREATED", "RUNNING", "CANCELING")


@dataclass(frozen=True)
class UserError:
    """`field`: dotted path into the input, "" when Shopify named none."""

    code: str
    field: str
    message: str
