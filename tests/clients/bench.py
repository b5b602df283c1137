"""Our clients against the fakes over real HTTP, with a clock and without waiting."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from bot.clients.http import Pace
from bot.clients.shopify.api import Shopify
from bot.clients.tiktok.api import Access, TikTok
from bot.domain.drafts import DraftLine, DraftTax, OrderDraft
from bot.domain.orders import Address
from bot.domain.values import Money, ShopId, StoreId, VariantId
from bot.rehearsal.serving import serve
from bot.rehearsal.shopify import FakeShopify
from bot.rehearsal.tiktok import FakeTikTok

SHOP = ShopId("7495001000000000001")
OTHER = ShopId("7495001000000000002")
STORE = StoreId("apron-house.myshopify.com")
START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
W1 = "7068517275539719942"


@dataclass
class Waits:
    """Waiting costs no time: the seconds are noted, and a fake's clock may move by them."""

    waited: list[float] = field(default_factory=list)
    each: Callable[[float], None] | None = None

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self.each:
            self.each(seconds)


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Tt:
    fake: FakeTikTok
    client: TikTok
    clock: Clock
    waits: Waits
    http: httpx.AsyncClient
    url: str
    tokens: dict[str, str]
    renewed: list[ShopId]
    product: str
    sku: str

    def count(self, operation: str) -> int:
        return sum(call.operation == operation for call in self.fake.calls)


def quick_pace(waits: Waits) -> Pace:
    return Pace(1000.0, most=1000.0, wait=waits)


@asynccontextmanager
async def tiktok_bench() -> AsyncIterator[Tt]:
    """A connected US shop with one product of one SKU (7 left at 19.99), and a British shop of another seller."""
    clock, waits = Clock(), Waits()
    fake = FakeTikTok(now=clock)
    fake.add_shop(SHOP, "Harbour Tees US", warehouses=[{"id": W1}])
    fake.add_shop(OTHER, "Harbour Tees UK", "GB", "GBP")
    attributes = [{"id": "1", "name": "Color", "value_id": "2", "value_name": "Red"}]
    attributes += [{"id": "3", "name": "Size", "value_id": "4", "value_name": "M"}]
    skus = [{"seller_sku": "TEE-RED-M", "price": "19.99", "stock": 7, "sales_attributes": attributes}]
    product = fake.add_product(SHOP, "Cotton Tee", skus)
    served = await serve(fake.app)
    tokens = {shop: fake.connect(shop)["access_token"] for shop in (SHOP, OTHER)}
    renewed: list[ShopId] = []

    async def access(shop: ShopId, refused: str) -> Access:
        if refused:
            renewed.append(shop)
            tokens[shop] = fake.connect(shop)["access_token"]
        return Access(tokens[shop], fake.world.shops[shop].cipher)

    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        client = TikTok(
            http,
            app_key=fake.app_key,
            app_secret=fake.app_secret,
            base_url=served.url,
            auth_url=served.url,
            access=access,
            now=clock,
            pace=quick_pace(waits),
        )
        sku = fake.world.products[product]["skus"][0]["id"]
        yield Tt(fake, client, clock, waits, http, served.url, tokens, renewed, product, sku)
    await served.close()


@dataclass
class Sh:
    fake: FakeShopify
    client: Shopify
    clock: Clock
    waits: Waits
    http: httpx.AsyncClient
    url: str
    tokens: dict[str, str]
    renewed: list[StoreId]
    product: str
    variants: list[VariantId]

    def count(self, operation: str) -> int:
        return sum(call.operation == operation for call in self.fake.calls)

    def item(self, index: int = 0) -> str:
        return self.fake.variant(self.variants[index]).inventory_item.id


@asynccontextmanager
async def shopify_bench() -> AsyncIterator[Sh]:
    """A dollar store with two locations and one product of two variants."""
    clock, waits = Clock(), Waits()
    fake = FakeShopify(now=clock)
    fake.add_store(STORE, "Apron House", locations=("Main", "Annex"))
    variants = [
        {"sku": "APR-NVY-M", "price": "24.00", "stock": 7, "options": {"Color": "Navy", "Size": "M"}, "barcode": "401"},
        {"sku": "APR-NVY-L", "price": "26.50", "stock": 3, "options": {"Color": "Navy", "Size": "L"}},
    ]
    made = fake.add_product(
        STORE, "Linen apron", variants, tags=["linen", "kitchen"], category="Home > Kitchen > Aprons"
    )
    served = await serve(fake.app)
    tokens = {STORE: fake.token(STORE)}
    renewed: list[StoreId] = []

    async def token(store: StoreId, refused: str) -> str:
        if refused:
            renewed.append(store)
            tokens[store] = fake.token(store)
        return tokens[store]

    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        client = Shopify(
            http,
            client_id="rehearsal-shopify-app",
            client_secret="rehearsal-shopify-secret",
            base_url=served.url + "/{shop}",
            token=token,
            now=clock,
            pace=quick_pace(waits),
        )
        ids = [VariantId(one.id) for one in made.variants]
        yield Sh(fake, client, clock, waits, http, served.url, tokens, renewed, made.id, ids)
    await served.close()


ADDRESS = Address(
    name="Jane Sample",
    first_name="Jane",
    last_name="Sample",
    phone="(+1)5125550142",
    lines=("1200 Sample Ave", "Apt 5"),
    full="1200 Sample Ave, Apt 5, Austin, TX 78701, United States",
    districts=(("L0", "United States"), ("L1", "Texas"), ("L2", "Travis"), ("L3", "Austin")),
    postal_code="78701",
    region="US",
)


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def draft_of(variant: VariantId, order_id: str = "576461413038785752", **more: object) -> OrderDraft:
    """Two aprons at 17.95, shipping 4.99, tax 3.10 on top: 43.99."""
    given = {
        "order_id": order_id,
        "store_id": STORE,
        "lines": (DraftLine(variant, 2, usd("17.95"), ("1", "2"), (("TikTok SKU", "TEE-RED-M"),)),),
        "shipping": (("TikTok Shop shipping", usd("4.99")),),
        "taxes": (DraftTax("Tax (TikTok Shop)", usd("3.10"), Decimal("0.075813"), True),),
        "taxes_included": False,
        "total": usd("43.99"),
        "paid_at": START,
        "address": ADDRESS,
        "note": "Please leave at the door",
        "attributes": (("TikTok order", order_id),),
        "tags": ("tiktok-shop", f"tts-{order_id}"),
    }
    return OrderDraft(**(given | more))
