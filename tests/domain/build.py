"""Plain listings, variants, links and orders for the tables; each test names only what it is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.catalogue import Listing, ListingStatus, Stocked, Variant, VariantStatus
from bot.domain.links import Link, LinkOrigin, LinkState
from bot.domain.orders import Address, MirrorPolicy, Order, OrderLine, OrderStatus, Payment
from bot.domain.values import Actor, ActorKind, ListingId, Money, OrderId, ShopId, StoreId, VariantId, total

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CONNECTED = NOW - timedelta(days=2)
SHOP = ShopId("7495001000000000001")
STORE = StoreId("harbour.myshopify.com")
OTHER_STORE = StoreId("harbour-eu.myshopify.com")
ANNA = Actor(ActorKind.PERSON, "U01ANNA")


def money(text: str, currency: str = "USD") -> Money:
    return Money.parse(text, currency)


def listing(sku: str = "TEE-1", id: str = "1729000000000000001", **fields: Any) -> Listing:
    base = Listing(
        id=ListingId(id),
        shop_id=SHOP,
        product_id="1729000000000000000",
        title="Cotton Tee",
        variation="Red, M",
        seller_sku=sku,
        price=money("19.99"),
        stock=(Stocked("W1", 7),),
        status=ListingStatus.ACTIVATE,
        updated_at=NOW,
    )
    return replace(base, **fields)


def variant(sku: str = "TEE-1", id: str = "gid://shopify/ProductVariant/1", **fields: Any) -> Variant:
    base = Variant(
        id=VariantId(id),
        store_id=STORE,
        product_id="gid://shopify/Product/1",
        inventory_item_id="gid://shopify/InventoryItem/1",
        title="Cotton Tee",
        options="Red / M",
        sku=sku,
        price=money("24.00"),
        available=10,
        tracked=True,
        sells_past_zero=False,
        status=VariantStatus.ACTIVE,
        updated_at=NOW,
    )
    return replace(base, **fields)


def link(listing_id: str = "A", variant_id: str | None = None, **fields: Any) -> Link:
    base = Link(
        listing_id=ListingId(listing_id),
        shop_id=SHOP,
        variant_id=VariantId(variant_id or f"v-{listing_id}"),
        store_id=STORE,
        pack=1,
        state=LinkState.ACTIVE,
        origin=LinkOrigin.HAND,
        actor=ANNA,
        changed_at=NOW,
    )
    return replace(base, **fields)


def links(*made: Link) -> Mapping[ListingId, Link]:
    return {one.listing_id: one for one in made}


def line(
    listing_id: str = "A", quantity: int = 1, price: str = "10.00", currency: str = "USD", **fields: Any
) -> OrderLine:
    unit = money(price, currency)
    base = OrderLine(
        listing_id=ListingId(listing_id),
        title="Cotton Tee",
        variation="Red, M",
        seller_sku="TEE-1",
        quantity=quantity,
        unit_price=unit,
        original_price=unit,
        seller_discount=Money.zero(currency),
        platform_discount=Money.zero(currency),
        line_ids=tuple(f"{listing_id}-{n}" for n in range(quantity)),
    )
    return replace(base, **fields)


def payment(lines: tuple[OrderLine, ...], **amounts: str) -> Payment:
    """Sums as TikTok makes them: total = subtotal + shipping + tax, unless `total` is given."""
    currency = lines[0].unit_price.currency
    subtotal = total([row.unit_price * row.quantity for row in lines], currency)
    shipping, tax = money(amounts.get("shipping", "0"), currency), money(amounts.get("tax", "0"), currency)
    whole = money(amounts["total"], currency) if "total" in amounts else subtotal + shipping + tax
    return Payment(subtotal=subtotal, shipping=shipping, tax=tax, total=whole)


PLACE = Address(
    name="Jane Sample",
    first_name="Jane",
    last_name="Sample",
    phone="(+1)5125550142",
    lines=("1200 Sample Ave",),
    full="1200 Sample Ave, Austin",
    districts=(("L0", "United States"), ("L1", "Texas"), ("L2", "Travis"), ("L3", "Austin")),
    postal_code="78701",
    region="US",
)
NOWHERE = replace(PLACE, lines=(), full="", districts=())


def order(*lines: OrderLine, **fields: Any) -> Order:
    """A paid order that is ready to be mirrored."""
    rows = lines or (line(),)
    base = Order(
        id=OrderId("576461413038785701"),
        shop_id=SHOP,
        status=OrderStatus.AWAITING_SHIPMENT,
        created_at=NOW - timedelta(hours=3),
        paid_at=NOW - timedelta(hours=3),
        updated_at=NOW,
        ship_by=NOW + timedelta(days=2),
        lines=rows,
        payment=payment(rows),
        address=PLACE,
    )
    return replace(base, **fields)


def policy(**fields: Any) -> MirrorPolicy:
    return replace(MirrorPolicy(CONNECTED, store_currencies={STORE: "USD"}), **fields)
