"""A clock, a caller and the documents that the tests of the fake Shopify share."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.rehearsal.shopify import FakeShopify

SHOP = "apron-house.myshopify.com"
START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
CREATE = """mutation Create($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) {
    order { id name legacyResourceId sourceIdentifier displayFinancialStatus displayFulfillmentStatus tags
      totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
      totalTaxSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } }
      lineItems(first: 50) { nodes { id sku quantity requiresShipping variant { id }
        originalUnitPriceSet { shopMoney { amount } } } } }
    userErrors { code field message } } }"""


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Desk:
    """Calls the API of one store with a token."""

    fake: FakeShopify
    clock: Clock
    shop: str = SHOP
    url: str = "http://testserver"
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.token = self.token or self.fake.token(self.shop)

    def client(self) -> httpx.AsyncClient:
        if self.url == "http://testserver":
            return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.fake.app), base_url=self.url)
        return httpx.AsyncClient(base_url=self.url, trust_env=False)

    async def post(self, query: str, **variables: Any) -> httpx.Response:
        async with self.client() as client:
            return await client.post(
                f"/{self.shop}/admin/api/2026-10/graphql.json",
                json={"query": query, "variables": variables},
                headers={"X-Shopify-Access-Token": self.token, **self.headers},
            )

    async def raw(self, query: str, **variables: Any) -> dict[str, Any]:
        response = await self.post(query, **variables)
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data; fails on top-level errors."""
        body = await self.raw(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def create(self, order: dict[str, Any], **options: Any) -> dict[str, Any]:
        """The orderCreate payload."""
        return (await self.ask(CREATE, order=order, options=options or None))["orderCreate"]


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def sale(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"kind": "SALE", "status": "SUCCESS", "gateway": "TikTok Shop", "amountSet": money(amount, currency)}


def order_input(variant: str, quantity: int = 1, tiktok_id: str = "576300000000000001", **more: Any) -> dict[str, Any]:
    return {
        "lineItems": [{"variantId": variant, "quantity": quantity, "requiresShipping": True}],
        "sourceIdentifier": tiktok_id,
        **more,
    }
