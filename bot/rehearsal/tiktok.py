"""FakeTikTok: TikTok Shop on the loopback, with its consent page, token and API hosts in one app.

Refuses what the real one refuses, with its codes. Facts: the Partner Center documentation of 2025-12 to 2026-10.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.rehearsal import tiktok_account_api, tiktok_catalogue_api, tiktok_orders_api, tiktok_shipping_api
from bot.rehearsal.faults import Call, Fault, FaultKind, Faults, answer_after, answer_before, utc_now
from bot.rehearsal.tiktok_auth import Tokens
from bot.rehearsal.tiktok_gate import Gate, Incoming, Limit
from bot.rehearsal.tiktok_hooks import Outbox
from bot.rehearsal.tiktok_panel import Consent, Panel
from bot.rehearsal.tiktok_sales import Books, Sales
from bot.rehearsal.tiktok_wire import Ids, Refusal
from bot.rehearsal.tiktok_world import Shop, World

ENDPOINTS = (
    *tiktok_account_api.ENDPOINTS,
    *tiktok_catalogue_api.ENDPOINTS,
    *tiktok_orders_api.ENDPOINTS,
    *tiktok_shipping_api.ENDPOINTS,
)
SECRETS = frozenset({"sign", "app_secret", "auth_code", "refresh_token", "access_token"})
# What Partner Center sends to the app's own address; 71 (every change of stock) has to be asked for.
APP_EVENTS = frozenset({1, 3, 4, 5, 6, 7, 11, 12, 15, 16, 27, 50})


class FakeTikTok:
    """One TikTok Shop platform with any number of sellers and shops, all in memory.

    `calls` holds every API call with its answer. Webhooks wait in `outbox` until `deliver()`; edits through
    `/panel/*` deliver by themselves, and so does the API when `auto_deliver` is set.
    """

    def __init__(
        self,
        *,
        app_key: str = "6a2k9vq1r8u3b",
        app_secret: str = "rehearsal-tiktok-app-secret",
        service_id: str = "7400000000000000001",
        now: Callable[[], datetime] = utc_now,
        faults: Faults | None = None,
        seed: int = 0,
        redirect_url: str = "",
    ) -> None:
        self.app_key = app_key
        self.app_secret = app_secret
        self.service_id = service_id
        self.now = now
        self.faults = faults if faults is not None else Faults(seed)
        self.calls: list[Call] = []
        self.auto_deliver = False
        self.ids = Ids()
        self.outbox = Outbox(app_key, app_secret, now, self.faults, self.ids, set(APP_EVENTS))
        self.world = World(now, self.ids, self.emit)
        self.sales = Sales(self.world, now, self.ids, self.emit)
        self.tokens = Tokens(app_key, app_secret, now, self.world.shops)
        self.books = Books(self.world, self.sales, self.outbox, self.tokens)
        self.gate = Gate(app_key, app_secret, now, self.world.shops, self.tokens, ENDPOINTS)
        self.consent = Consent(self.books, service_id, app_key)
        self.consent.redirect_url = redirect_url
        self.tasks: set[asyncio.Task[int]] = set()
        self._wire_world()
        self.app = self._app()

    def _wire_world(self) -> None:
        """The world's edits under the fake's own name."""
        self.add_shop = self.world.add_shop
        self.add_product = self.world.add_product
        self.add_sku = self.world.add_sku
        self.edit_sku = self.world.edit_sku
        self.edit_product = self.world.edit_product
        self.delete_sku = self.world.delete_sku
        self.delete_product = self.world.delete_product
        self.lock_price = self.world.lock_price
        self.unlock = self.world.unlock
        self.stock = self.world.available
        self.place_order = self.sales.place
        self.put_order = self.sales.put
        self.cancel_order = self.sales.cancel
        self.request_cancel = self.sales.request_cancel
        self.advance = self.sales.advance
        self.release_due = self.sales.release_due
        self.add_return = self.sales.add_return
        self.change_return = self.sales.change_return
        self.deliver = self.outbox.deliver
        self.webhook_now = self.outbox.signed

    def __repr__(self) -> str:
        return f"FakeTikTok(shops={list(self.world.shops)})"

    # settings that tests and the stage change

    @property
    def redirect_url(self) -> str:
        """Where the consent page sends the seller back to; fixed in Partner Center, so not part of the request."""
        return self.consent.redirect_url

    @redirect_url.setter
    def redirect_url(self, url: str) -> None:
        self.consent.redirect_url = url

    @property
    def webhook_url(self) -> str | None:
        """The app-level webhook address; used for every event a shop has not registered an address for."""
        return self.outbox.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.outbox.webhook_url = url

    @property
    def granted_scopes(self) -> tuple[str, ...]:
        """What the next consent grants."""
        return self.tokens.scopes

    @granted_scopes.setter
    def granted_scopes(self, scopes: tuple[str, ...]) -> None:
        self.tokens.scopes = tuple(scopes)

    def limit(
        self,
        operation: str = "*",
        per_second: float = 10.0,
        *,
        shop_id: str | None = None,
        answer: str = "http",
        seconds: float | None = None,
    ) -> Limit:
        """A pace per (shop, operation) from now on, for `seconds` of the fake's clock or without end."""
        until = None if seconds is None else self.now() + timedelta(seconds=seconds)
        limit = Limit(operation, per_second, shop_id, answer, until)
        self.gate.limits.append(limit)
        return limit

    # authorisation

    def connect(self, shop_id: str) -> dict[str, Any]:
        """Consent and code exchange in one step; returns `data` of the token answer."""
        return self.tokens.consent(self.world.shops[shop_id].seller)

    def code_for(self, shop_id: str) -> str:
        """A fresh authorisation code, as the redirect after the consent would carry."""
        return self.tokens.code_for(self.world.shops[shop_id].seller)

    def expire_token(self, shop_id: str) -> None:
        """Ends the access token now: the next call gets 105002."""
        self.tokens.expire(self.world.shops[shop_id].seller)

    def deauthorise(self, shop_id: str) -> None:
        """The seller removes the app: webhook 6 for each of the seller's shops, all tokens dead."""
        seller = self.world.shops[shop_id].seller
        for shop in self.world.shops.values():
            if shop.seller == seller:
                self.emit(shop.id, 6, {"message": "Seller has cancelled the authorization of your app"})
        self.tokens.revoke(seller)

    def warn_expiry(self, shop_id: str) -> None:
        """Webhook 7, as sent daily from 30 days before the grant ends; its time is a text."""
        grant = self.tokens.grants[self.world.shops[shop_id].seller]
        told = {"message": "The authorization will expire", "expiration_time": str(int(grant.until.timestamp()))}
        self.emit(shop_id, 7, told)

    # world

    def set_order(
        self, order_id: str, fields: Mapping[str, Any] | None = None, *, tell: bool = True, **more: Any
    ) -> None:
        """Sets fields of an order (`line_items.*.x` reaches every line); a new status or address is told by webhook."""
        self.sales.change(order_id, dict(fields or {}) | more, tell=tell)

    def order(self, order_id: str) -> dict[str, Any]:
        """The order as it is stored, address and all."""
        return self.sales.orders[order_id]

    def set_reference(self, order_id: str, external_id: str, platform: str = "SHOPIFY") -> None:
        """Another app has written its reference on the order."""
        outer = {"id": external_id, "platform": platform, "line_items": []}
        self.sales.references.setdefault(order_id, {})[platform] = outer

    def reference(self, order_id: str, platform: str = "SHOPIFY") -> dict[str, Any] | None:
        return self.sales.references.get(order_id, {}).get(platform)

    def audit_products(self) -> list[str]:
        """Ends the audit of every PENDING product: it is on sale."""
        pending = [product_id for product_id, p in self.world.products.items() if p["status"] == "PENDING"]
        for product_id in pending:
            self.world.edit_product(product_id, status="ACTIVATE")
        return pending

    def load(self, given: Mapping[str, Any]) -> None:
        """Takes a world in the official shapes: `shops`, `products`, `orders`; without `shop_id` the first shop's."""
        keys = ("id", "name", "region", "currency", "cipher", "warehouses", "seller", "seller_type", "code")
        for shop in given.get("shops", []):
            self.add_shop(**{key: shop[key] for key in keys if key in shop})
        first = next(iter(self.world.shops))
        for product in given.get("products", []):
            fields = {key: value for key, value in product.items() if key != "shop_id"}
            self.add_product(product.get("shop_id", first), product=fields)
        for order in given.get("orders", []):
            fields = {key: value for key, value in order.items() if key != "shop_id"}
            self.put_order(order.get("shop_id", first), fields)

    # webhooks

    def emit(self, shop_id: str, number: int, content: dict[str, Any]) -> None:
        """Queues an event; a shop without a grant is silent."""
        if self.tokens.connected(shop_id):
            self.outbox.put(shop_id, number, content)

    def kick(self) -> None:
        """Delivers in the background, for edits made over HTTP."""
        task = asyncio.get_running_loop().create_task(self.outbox.deliver())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # HTTP

    def _app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        routes = [
            *self.consent.routes(),
            Route("/api/v2/token/get", self._token, methods=["GET"]),
            Route("/api/v2/token/refresh", self._token, methods=["GET"]),
            *Panel(self.books, self.kick).routes(),
            Route("/{path:path}", self._api, methods=methods),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:  # noqa: ARG002
        yield
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _token(self, request: Request) -> Response:
        name = "token.refresh" if request.url.path.endswith("refresh") else "token.get"
        query = dict(request.query_params)
        fault = self.faults.take(name)
        early = self._fault_answer(fault)
        if early is not None:
            return self._noted(early, name, {}, query, None)
        try:
            content = self.tokens.refresh(query) if name == "token.refresh" else self.tokens.exchange(query)
            answer, code = self._envelope(0, "success", content), 0
        except Refusal as refusal:
            answer, code = self._refused(refusal), refusal.code
        return self._noted(answer_after(fault, answer), name, {}, query, code)

    async def _api(self, request: Request) -> Response:
        body = await request.body()
        scope = request.scope
        headers = {k.lower(): v for k, v in request.headers.items()}
        incoming = Incoming(request.method, scope["path"], scope["query_string"], headers, body)
        name, told, owner = "unknown", None, None
        fault: Fault | None = None
        try:
            endpoint, params = self.gate.find(incoming.method, incoming.path)
            name = endpoint.operation
            shop, ask = self.gate.admit(incoming, endpoint, params)
            told, owner = ask.body | ask.params, shop.id if isinstance(shop, Shop) else None
            fault = self.faults.take(name)
            early = self._fault_answer(fault)
            if early is not None:
                return self._noted(early, name, told, incoming.query, None, owner)
            self.gate.pace(name, shop)
            answer, code = self._envelope(0, "Success", endpoint.run(self.books, shop, ask)), 0
        except Refusal as refusal:
            answer, code = self._refused(refusal), refusal.code
        if self.auto_deliver and self.outbox.waiting:
            self.kick()
        return self._noted(answer_after(fault, answer), name, told, incoming.query, code, owner)

    def _fault_answer(self, fault: Fault | None) -> Response | None:
        if fault is not None and fault.kind is FaultKind.RATE_LIMITED:
            text = "Request frequency exceeds the limit, please try again later"
            return self._refused(Refusal(36009002, text, 429, retry_after=fault.retry_after))
        if fault is not None and fault.kind is FaultKind.SERVER_ERROR:
            return self._refused(Refusal(36009003, "Internal error. Please try again.", 500))
        return answer_before(fault)

    def _envelope(self, code: int, message: str, content: Any, status: int = 200) -> JSONResponse:
        number = f"{self.now():%Y%m%d%H%M%S}{len(self.calls) + 1:018X}"
        return JSONResponse({"code": code, "message": message, "request_id": number, "data": content}, status)

    def _refused(self, refusal: Refusal) -> JSONResponse:
        answer = self._envelope(refusal.code, refusal.message, None, refusal.status)
        if refusal.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
        return answer

    def _noted(
        self,
        answer: Response,
        name: str,
        body: dict[str, Any] | None,
        query: Mapping[str, str],
        code: int | None,
        shop_id: str | None = None,
    ) -> Response:
        kept = {key: value for key, value in query.items() if key not in SECRETS}
        self.calls.append(Call(name, body, kept, answer.status_code, code, self.now(), shop_id))
        return answer
