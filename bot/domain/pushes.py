"""What to write to TikTok for one linked listing: wanted against seen against last pushed."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.values import Money


class Field(StrEnum):
    PRICE = "price"
    STOCK = "stock"


class PushReason(StrEnum):
    """Why a push was or was not made."""

    EDITED = "edited"  # Shopify changed since the last push
    LINKED = "linked"  # the link itself (push_on_link)
    NOTHING_TO_DO = "nothing_to_do"
    NOT_LINKED = "not_linked"
    LINK_BROKEN = "link_broken"
    SHOP_PAUSED = "shop_paused"
    SHOP_DISCONNECTED = "shop_disconnected"
    CURRENCY_DIFFERS = "currency_differs"
    NO_STOCK_FIGURE = "no_stock_figure"  # untracked, or sells past zero
    NOT_EDITABLE = "not_editable"  # combined product, deleted listing
    LISTING_GONE = "listing_gone"


@dataclass(frozen=True)
class Change:
    """One value of one listing, before and after; undo, preview and ledger entry are read from it."""

    field: Field
    before: Money | int | None
    after: Money | int


def decide_price_push(wanted: Money | None, seen: Money | None, pushed: Money | None) -> Change | PushReason:
    """Send the price? `pushed` is what we sent last (None: never).

    A price that Shopify did not change since is left alone, also when TikTok shows another one: somebody set it there.
    """
    if wanted is None:
        return PushReason.CURRENCY_DIFFERS
    if seen == wanted or pushed == wanted:
        return PushReason.NOTHING_TO_DO
    return Change(Field.PRICE, seen, wanted)


def decide_stock_push(wanted: int | None, seen: int) -> Change | PushReason:
    """Send the stock? Always when TikTok offers another number: an oversold unit costs more than a call."""
    if wanted is None:
        return PushReason.NO_STOCK_FIGURE
    return PushReason.NOTHING_TO_DO if seen == wanted else Change(Field.STOCK, seen, wanted)


@dataclass(frozen=True)
class Pushed:
    """What we sent last for a listing; None: never."""

    price: Money | None = None
    stock: int | None = None
