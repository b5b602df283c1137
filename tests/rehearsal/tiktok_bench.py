"""A fake TikTok Shop with one shop, behind real HTTP, and a caller that signs as the documentation says."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.rehearsal.serving import serve
from bot.rehearsal.tiktok import FakeTikTok
from bot.rehearsal.tiktok_wire import sign

SHOP = "7495001000000000001"
OTHER = "7495001000000000002"


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Bench:
    fake: FakeTikTok
    clock: Clock
    http: httpx.AsyncClient
    token: str = ""
    sku: str = ""
    product: str = ""
    heard: list[tuple[dict[str, Any], dict[str, str], bytes]] = field(default_factory=list)
    hook_status: int = 200

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        cipher: str | None = "own",
        token: str | None = "own",
        ahead: int = 0,
        raw: bytes | None = None,
        media: str = "application/json",
        query: dict[str, str] | None = None,
        wrong: dict[str, str] | None = None,
        leave: tuple[str, ...] = (),
    ) -> httpx.Response:
        """One signed call; `wrong` and `leave` spoil the query after signing."""
        told = {"app_key": self.fake.app_key, "timestamp": str(int(self.clock().timestamp()) + ahead)}
        if cipher is not None:
            told["shop_cipher"] = self.fake.world.shops[SHOP].cipher if cipher == "own" else cipher
        told |= query or {}
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        told["sign"] = sign(self.fake.app_secret, path, told, media, content)
        told = {k: v for k, v in (told | (wrong or {})).items() if k not in leave}
        headers = {"content-type": media}
        if token is not None:
            headers["x-tts-access-token"] = self.token if token == "own" else token
        return await self.http.request(method, path, params=told, content=content, headers=headers)

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = (await self.call(method, path, body, **more)).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    async def code(self, method: str, path: str, body: Any = None, **more: Any) -> int:
        return (await self.call(method, path, body, **more)).json()["code"]


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A connected US shop with one product of one SKU (7 left at 19.99), and a British shop of another seller."""
    clock = Clock()
    fake = FakeTikTok(now=clock)
    fake.add_shop(SHOP, "Harbour Tees US", warehouses=[{"id": "7068517275539719942"}])
    fake.add_shop(OTHER, "Harbour Tees UK", "GB", "GBP")
    product = fake.add_product(SHOP, "Cotton Tee", [{"seller_sku": "TEE-RED-M", "price": "19.99", "stock": 7}])
    served = await serve(fake.app)
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, verify=False) as http:
        made = Bench(fake, clock, http, product=product, sku=fake.world.products[product]["skus"][0]["id"])
        made.token = fake.connect(SHOP)["access_token"]
        yield made
    await served.close()


@asynccontextmanager
async def hooked_bench() -> AsyncIterator[Bench]:
    """The same, with an app that hears every webhook and answers `hook_status`."""
    async with bench() as made:

        async def hear(request: Request) -> Response:
            raw = await request.body()
            made.heard.append((json.loads(raw), dict(request.headers), raw))
            return Response(status_code=made.hook_status)

        served = await serve(Starlette(routes=[Route("/hooks/tiktok", hear, methods=["POST"])]))
        made.fake.webhook_url = f"{served.url}/hooks/tiktok"
        yield made
        await served.close()
