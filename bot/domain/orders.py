"""TikTok orders: their shape, every reason that keeps one out of Shopify, and the decision itself."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.links import Link, LinkState
from bot.domain.values import ListingId, Money, OrderId, ShopId, StoreId, VariantId


class OrderStatus(StrEnum):
    """TikTok's status (tiktok.md §4.3). UNKNOWN: one TikTok added later."""

    UNPAID = "UNPAID"
    ON_HOLD = "ON_HOLD"
    AWAITING_SHIPMENT = "AWAITING_SHIPMENT"
    PARTIALLY_SHIPPING = "PARTIALLY_SHIPPING"
    AWAITING_COLLECTION = "AWAITING_COLLECTION"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


ENDED = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED})
_SHIPPED = frozenset({
    OrderStatus.PARTIALLY_SHIPPING, OrderStatus.AWAITING_COLLECTION, OrderStatus.IN_TRANSIT, OrderStatus.DELIVERED,
    OrderStatus.COMPLETED,
})  # fmt: skip
_REMORSE = timedelta(hours=1)  # ON_HOLD lasts an hour after payment (tiktok.md §4.3)


class Standing(StrEnum):
    """Where an order stands on its way into Shopify."""

    WAITING = "waiting"
    HELD = "held"
    SENDING = "sending"  # claimed: the create call may be under way
    MIRRORED = "mirrored"
    ADOPTED = "adopted"  # another app's Shopify order was found and taken as the mirror (N9)
    NOT_OURS = "not_ours"
    PARKED = "parked"


IN_SHOPIFY = frozenset({Standing.MIRRORED, Standing.ADOPTED})
PROMISED = frozenset({Standing.WAITING, Standing.HELD, Standing.SENDING, Standing.PARKED})
"""Standings whose units TikTok has sold and Shopify has not counted yet."""


class Reason(StrEnum):
    """The closed list: every order that is not mirrored has exactly one of these."""

    UNPAID = "unpaid"
    ON_HOLD = "on_hold"
    NOT_READABLE_YET = "not_readable_yet"
    UNCLEAR = "unclear"
    UNLINKED_SKU = "unlinked_sku"
    BROKEN_LINK = "broken_link"
    CURRENCY_MISMATCH = "currency_mismatch"
    TOTALS_DIFFER = "totals_differ"
    ADDRESS_MISSING = "address_missing"
    CANCEL_REQUESTED = "cancel_requested"
    APPROVAL_PENDING = "approval_pending"
    SHOP_PAUSED = "shop_paused"
    NO_STORE = "no_store"
    BEFORE_CONNECTION = "before_connection"
    CANCELLED = "cancelled"
    FULFILLED_BY_TIKTOK = "fulfilled_by_tiktok"
    SAMPLE = "sample"
    NOTHING_TO_SHIP = "nothing_to_ship"
    ALREADY_SHIPPED = "already_shipped"
    IGNORED_BY_PERSON = "ignored_by_person"
    REFUSED_BY_SHOPIFY = "refused_by_shopify"
    SHOPIFY_UNREACHABLE = "shopify_unreachable"
    TIKTOK_UNREACHABLE = "tiktok_unreachable"
    NOT_AUTHORISED = "not_authorised"
    PROGRAM_ERROR = "program_error"


_WAITING = (Reason.UNPAID, Reason.ON_HOLD, Reason.NOT_READABLE_YET, Reason.UNCLEAR)
_HELD = (
    Reason.UNLINKED_SKU, Reason.BROKEN_LINK, Reason.CURRENCY_MISMATCH, Reason.TOTALS_DIFFER, Reason.ADDRESS_MISSING,
    Reason.CANCEL_REQUESTED, Reason.APPROVAL_PENDING, Reason.SHOP_PAUSED, Reason.NO_STORE,
)  # fmt: skip
_NOT_OURS = (
    Reason.BEFORE_CONNECTION, Reason.CANCELLED, Reason.FULFILLED_BY_TIKTOK, Reason.SAMPLE, Reason.NOTHING_TO_SHIP,
    Reason.ALREADY_SHIPPED, Reason.IGNORED_BY_PERSON,
)  # fmt: skip
STANDING: Mapping[Reason, Standing] = {
    **dict.fromkeys(_WAITING, Standing.WAITING),
    **dict.fromkeys(_HELD, Standing.HELD),
    **dict.fromkeys(_NOT_OURS, Standing.NOT_OURS),
    **{reason: Standing.PARKED for reason in Reason if reason not in _WAITING + _HELD + _NOT_OURS},
}
"""A reason belongs to one standing; no order carries a reason of another."""


@dataclass(frozen=True)
class BundlePart:
    """A child SKU of a virtual bundle: `count` of it in one bundle. Only the order detail lists it."""

    listing_id: ListingId
    count: int
    seller_sku: str = ""
    product_id: str = ""


@dataclass(frozen=True)
class OrderLine:
    """`quantity` units of one listing at one price. TikTok sends a line per unit: grouped at the wire.

    Amounts are per unit, in the order's currency: `unit_price` is what counts into sub_total, after both discounts.
    """

    listing_id: ListingId
    title: str
    variation: str
    seller_sku: str
    quantity: int
    unit_price: Money
    original_price: Money
    seller_discount: Money
    platform_discount: Money
    line_ids: tuple[str, ...]  # every TikTok line id, one per unit
    is_gift: bool = False
    parts: tuple[BundlePart, ...] = ()
    product_id: str = ""


@dataclass(frozen=True)
class Payment:
    """What the buyer paid, in the order's currency. `fees`: named extra amounts that are part of `total`."""

    subtotal: Money
    shipping: Money
    tax: Money
    total: Money
    fees: tuple[tuple[str, Money], ...] = ()
    platform_payment_discount: Money | None = None

    @property
    def currency(self) -> str:
        return self.total.currency


@dataclass(frozen=True)
class Address:
    """Where the goods go. Text as TikTok sent it; `*` in it means masked."""

    name: str
    first_name: str
    last_name: str
    phone: str
    lines: tuple[str, ...]  # street lines, empty ones left out
    full: str
    districts: tuple[tuple[str, str], ...]  # (level "L0"…, name)
    postal_code: str
    region: str  # ISO country code

    def district(self, level: str) -> str:
        return next((name for at, name in self.districts if at == level), "")

    @property
    def city(self) -> str:
        """The finest named district below the state; several markets have no L3."""
        return self.district("L3") or self.district("L2") or self.district("L1")

    @property
    def has_place(self) -> bool:
        return bool(self.lines or self.city)


@dataclass(frozen=True)
class Order:
    """A TikTok order as its detail says. Times UTC. `address` is None before TikTok releases one."""

    id: OrderId
    shop_id: ShopId
    status: OrderStatus
    created_at: datetime
    paid_at: datetime | None
    updated_at: datetime
    ship_by: datetime | None
    lines: tuple[OrderLine, ...]
    payment: Payment
    address: Address | None = field(repr=False, default=None)
    buyer_message: str = field(repr=False, default="")
    by_tiktok: bool = False  # FULFILLMENT_BY_TIKTOK: TikTok's stock, TikTok ships
    tiktok_ships: bool = False  # shipping_type TIKTOK: label bought at TikTok, data may be masked
    is_sample: bool = False
    is_digital: bool = False
    cancel_requested: bool = False
    was_on_hold: bool = True  # is_on_hold_order; False = the old flow without a remorse hour


@dataclass(frozen=True)
class MirrorPolicy:
    """What the shop decided. `connected_at` UTC: payments before it are not ours."""

    connected_at: datetime
    paused: bool = False
    store_currencies: Mapping[StoreId, str] = field(default_factory=dict[StoreId, str])  # connected stores only
    mirror_anyway: bool = False  # a person pressed Mirror now: age, sample and request to cancel no longer stop it


@dataclass(frozen=True)
class Stop:
    """Not mirrored, with the one reason. `listings`: those the reason is about. `facts`: figures for the person."""

    reason: Reason
    listings: tuple[ListingId, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def standing(self) -> Standing:
        return STANDING[self.reason]


@dataclass(frozen=True)
class Create:
    """Mirror it into this store with these links, one per listing of the order (parts of bundles included)."""

    store_id: StoreId
    links: Mapping[ListingId, Link]


def decide_mirror(order: Order, links: Mapping[ListingId, Link], policy: MirrorPolicy) -> Create | Stop:
    """May this order go into Shopify now, and if not, the one reason (contract §6).

    `links`: active and broken links by listing. The first reason that holds is the one told: what the order is,
    then whether it is ours, then what a person can mend.
    """
    return _state_stop(order) or _not_ours(order, policy) or _held(order, links, policy) or _create(order, links)


def _state_stop(order: Order) -> Stop | None:
    by_status = {OrderStatus.CANCELLED: Reason.CANCELLED, OrderStatus.UNPAID: Reason.UNPAID,
                 OrderStatus.UNKNOWN: Reason.NOT_READABLE_YET}  # fmt: skip
    reason = by_status.get(order.status)
    return Stop(reason) if reason else None


def _not_ours(order: Order, policy: MirrorPolicy) -> Stop | None:
    if order.by_tiktok:
        return Stop(Reason.FULFILLED_BY_TIKTOK)
    if order.is_digital or not order.lines:
        return Stop(Reason.NOTHING_TO_SHIP)
    if order.is_sample and not policy.mirror_anyway:
        return Stop(Reason.SAMPLE)
    if _before_connection(order, policy) and not policy.mirror_anyway:
        return Stop(Reason.BEFORE_CONNECTION)
    if order.status in _SHIPPED:
        return Stop(Reason.ALREADY_SHIPPED)
    return None


def _before_connection(order: Order, policy: MirrorPolicy) -> bool:
    """Judged by payment; orders that were UNPAID or ON_HOLD at connection are ours (contract §6).

    A remorse hour that ended after the connection means the order was ON_HOLD at it. Cash on delivery is paid at
    the door: such an order counts from its creation.
    """
    if order.status is OrderStatus.ON_HOLD:
        return False
    accepted = order.paid_at or order.created_at
    held_until = accepted + _REMORSE if order.was_on_hold else accepted
    return held_until < policy.connected_at


def _held(order: Order, links: Mapping[ListingId, Link], policy: MirrorPolicy) -> Stop | None:
    if order.status is OrderStatus.ON_HOLD:
        return Stop(Reason.ON_HOLD)
    if policy.paused:
        return Stop(Reason.SHOP_PAUSED)
    if not policy.store_currencies:
        return Stop(Reason.NO_STORE)
    if order.cancel_requested and not policy.mirror_anyway:
        return Stop(Reason.CANCEL_REQUESTED)
    needed = needed_listings(order, links)
    unlinked = tuple(listing for listing in needed if listing not in links)
    if unlinked:
        return Stop(Reason.UNLINKED_SKU, unlinked)
    broken = tuple(listing for listing in needed if links[listing].state is LinkState.BROKEN)
    if broken:
        return Stop(Reason.BROKEN_LINK, broken)
    return _held_by_store(order, [links[listing] for listing in needed], policy) or _held_by_address(order)


def _held_by_store(order: Order, links: list[Link], policy: MirrorPolicy) -> Stop | None:
    away = [link for link in links if link.store_id not in policy.store_currencies]
    if away:
        return Stop(Reason.NO_STORE, tuple(link.listing_id for link in away))
    stores = {link.store_id for link in links}
    if len(stores) > 1:  # one order can't stand in two stores; the links of the smaller part are what to mend
        home = Counter(link.store_id for link in links).most_common(1)[0][0]
        away = [link for link in links if link.store_id != home]
        return Stop(Reason.UNLINKED_SKU, tuple(link.listing_id for link in away), {"stores": " ".join(sorted(stores))})
    currency = policy.store_currencies[links[0].store_id]
    if currency != order.payment.currency:
        return Stop(Reason.CURRENCY_MISMATCH, facts={"order": order.payment.currency, "store": currency})
    return None


def _held_by_address(order: Order) -> Stop | None:
    if order.address is None or not order.address.has_place:
        return Stop(Reason.ADDRESS_MISSING)
    return None


def needed_listings(order: Order, links: Mapping[ListingId, Link]) -> tuple[ListingId, ...]:
    """Listings that must be linked: each line's, or the parts of a bundle that is not linked itself."""
    needed: dict[ListingId, None] = {}
    for line in order.lines:
        if line.parts and line.listing_id not in links:
            needed.update(dict.fromkeys(part.listing_id for part in line.parts))
        else:
            needed[line.listing_id] = None
    return tuple(needed)


def _create(order: Order, links: Mapping[ListingId, Link]) -> Create:
    needed = needed_listings(order, links)
    return Create(links[needed[0]].store_id, {listing: links[listing] for listing in needed})


def units_of(order: Order) -> Mapping[ListingId, int]:
    """TikTok units per listing, a bundle's parts counted beside the bundle (only linked ones will be looked at)."""
    units: dict[ListingId, int] = {}
    for line in order.lines:
        units[line.listing_id] = units.get(line.listing_id, 0) + line.quantity
        for part in line.parts:
            units[part.listing_id] = units.get(part.listing_id, 0) + part.count * line.quantity
    return units


def without_buyer(order: Order) -> Order:
    """The order without name, address, phone and message: what may be kept (the ledger never sees the rest)."""
    return replace(order, address=None, buyer_message="")


def masked(text: str) -> bool:
    """TikTok hides data behind `*`; such text is never put into Shopify as real."""
    return "*" in text


@dataclass(frozen=True)
class Mirror:
    """What we know and did about one TikTok order. `value` in the order's currency; times UTC."""

    order_id: OrderId
    shop_id: ShopId
    standing: Standing
    reason: Reason | None  # None exactly when in Shopify or while sending for the first time
    value: Money
    paid_at: datetime | None
    ship_by: datetime | None
    seen_at: datetime
    changed_at: datetime
    listings: tuple[ListingId, ...]  # those the reason is about
    store_id: StoreId | None = None
    shopify_id: str | None = None
    shopify_name: str | None = None
    status: OrderStatus = OrderStatus.UNKNOWN
    referenced: bool = False  # the external reference stands at TikTok
    mirror_anyway: bool = False
    sent_at: datetime | None = None  # the moment a create call was started whose outcome decides everything
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    units: Mapping[ListingId, int] = field(default_factory=dict[ListingId, int])
    version: int = 1


@dataclass(frozen=True)
class ShopifyOrder:
    """A Shopify order as far as a look-up needs it."""

    id: str
    name: str
    source_identifier: str
    tags: tuple[str, ...]
    note: str = field(repr=False, default="")
    attributes: tuple[tuple[str, str], ...] = field(repr=False, default=())
    tiktok_id: str | None = None  # value of our id metafield
    total: Money | None = None
    cancelled: bool = False
    created_at: datetime | None = None
    lines: tuple[tuple[str, VariantId | None, int], ...] = ()  # (line gid, variant, quantity)

    def names(self, order_id: OrderId) -> bool:
        """Does it carry this TikTok order id anywhere another app might have put it? Exact words only (N9)."""
        places = [self.source_identifier, self.tiktok_id or "", self.name, self.note, *self.tags]
        places += [value for _, value in self.attributes]
        return any(order_id in _words(place) for place in places)


def _words(text: str) -> set[str]:
    """Runs of digits: ids in "TTS-5763…", "#5763…" or prose are found, and never as part of a longer number."""
    return set("".join(c if c.isdigit() else " " for c in text).split())
