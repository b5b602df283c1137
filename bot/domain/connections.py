"""Shops (TikTok) and stores (Shopify) that a workspace connected, and the tokens and consents behind them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.links import LinkMode
from bot.domain.values import ShopId, StoreId, UserId, WorkspaceId


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    LOST = "lost"  # the other side ended it: deauthorised, uninstalled, token refused; a person must reconnect
    DISCONNECTED = "disconnected"  # a person ended it here


@dataclass(frozen=True)
class Shop:
    """One TikTok shop. `token_key` names its seller's token (one token may serve several shops). Times UTC.

    `orders_seen_to` / `products_seen_to`: the polls have read everything updated before.
    """

    id: ShopId
    workspace_id: WorkspaceId
    name: str
    region: str
    currency: str  # "" until a product or order told it
    cipher: str = field(repr=False)
    token_key: str
    state: ConnectionState
    connected_at: datetime
    mode: LinkMode | None = None
    paused: bool = False
    imported_at: datetime | None = None
    orders_seen_to: datetime | None = None
    products_seen_to: datetime | None = None
    warehouse_id: str | None = None  # where all units are offered when a SKU has several warehouses

    @property
    def is_live(self) -> bool:
        return self.state is ConnectionState.CONNECTED


@dataclass(frozen=True)
class Store:
    """One Shopify store. `currency`: of its prices. Times UTC."""

    id: StoreId
    workspace_id: WorkspaceId
    name: str
    currency: str
    state: ConnectionState
    connected_at: datetime
    imported_at: datetime | None = None
    products_seen_to: datetime | None = None
    webhooks_at: datetime | None = None  # last time every subscription was found in place
    stock_cycle: timedelta | None = None  # how long the last full reading of linked stock took

    @property
    def is_live(self) -> bool:
        return self.state is ConnectionState.CONNECTED


class TokenKind(StrEnum):
    TIKTOK = "tiktok"
    SHOPIFY_GRANT = "shopify_grant"  # client credentials: asked for again, never refreshed
    SHOPIFY_CODE = "shopify_code"  # authorization code: refreshed by its refresh token
    SHOPIFY_FIXED = "shopify_fixed"  # an older custom app's permanent token
    SLACK = "slack"


@dataclass(frozen=True)
class Token:
    """A credential at rest (encrypted by the store). Times UTC; `refresh_expires_at` is a hard re-consent date."""

    kind: TokenKind
    access: str = field(repr=False)
    expires_at: datetime | None = None
    refresh: str = field(default="", repr=False)
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    owner: str = ""  # TikTok open_id, Shopify domain, Slack team

    def is_stale(self, now: datetime, margin: timedelta) -> bool:
        return self.expires_at is not None and now + margin >= self.expires_at


@dataclass(frozen=True)
class Consent:
    """A started consent: single use, bound to the Slack user, 10 minutes. `store_id` only for Shopify."""

    workspace_id: WorkspaceId
    user_id: UserId
    channel_id: str
    service: str  # "tiktok" or "shopify"
    store_id: StoreId | None
    expires_at: datetime


CONSENT_LIFE = timedelta(minutes=10)


class ConnectProblem(StrEnum):
    """Why nothing was connected."""

    NOT_SET_UP = "not_set_up"  # the app's credentials are missing
    OLD_LINK = "old_link"  # `state` unknown, used, too old, or another person's
    NOT_ALLOWED = "not_allowed"  # the person said no on the consent page
    OTHER_WORKSPACE = "other_workspace"
    BAD_SIGNATURE = "bad_signature"
    NO_SHOP = "no_shop"
    REFUSED = "refused"  # by the service; `detail` is its code
