"""The rehearsed Shopify: a loopback server with one path prefix per store, and the Python side to edit its world."""

import asyncio
import html
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from graphql import FieldNode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.rehearsal import shopify_bulk
from bot.rehearsal.faults import Call, Faults, answer_after, answer_before, utc_now
from bot.rehearsal.shopify_auth import Access, Refused
from bot.rehearsal.shopify_context import Context
from bot.rehearsal.shopify_edits import Edits
from bot.rehearsal.shopify_graphql import Answer, prepare, run
from bot.rehearsal.shopify_hooks import Hooks, shop_payload
from bot.rehearsal.shopify_panel import panel_routes
from bot.rehearsal.shopify_world import SCOPES, Store

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")  # oldest first
MESSAGES = {
    401: "[API] Invalid API key or access token (unrecognized login or wrong password)",
    402: "This shop's plan does not have access to this feature",
    403: "[API] This action requires merchant approval for access to the shop.",
    404: "Not Found",
    423: "This shop is unavailable",
    430: "Shopify Security Rejection",
}


class FakeShopify(Edits):
    """Shopify's Admin API over a world in memory. `calls` lists what was asked; `deliver()` sends queued webhooks."""

    def __init__(
        self,
        *,
        client_id: str = "rehearsal-shopify-app",
        client_secret: str = "rehearsal-shopify-secret",
        now: Callable[[], datetime] = utc_now,
        faults: Faults | None = None,
        seed: int = 0,
        scopes: Iterable[str] = SCOPES,
    ) -> None:
        self.now, self.faults = now, faults or Faults(seed)
        self.scopes = list(scopes)
        self.access = Access(client_id, client_secret, seed)
        self.hooks = Hooks(client_secret, now, self.faults)
        self.stores: dict[str, Store] = {}
        self.calls: list[Call] = []
        self.base_url = "http://127.0.0.1"
        self.asks_consent = False  # True: the authorize address shows a page with an Allow button first
        self.tasks: set[asyncio.Task[int]] = set()
        self.app = Starlette(
            routes=[
                Route("/{shop}/admin/oauth/access_token", self._token, methods=["POST"]),
                Route("/{shop}/admin/oauth/authorize", self._authorize, methods=["GET"]),
                Route("/{shop}/admin/api/{version}/graphql.json", self._graphql, methods=["POST"]),
                Route("/bulk/{name}", self._bulk_file, methods=["GET"]),
                *panel_routes(self),
            ]
        )

    def context(self, domain: str, scopes: Iterable[str] | None = None) -> Context:
        """What resolvers and edits work with; asynchronous work that is due is done first."""
        store, now = self.stores[domain], self.now()
        store.settle(now)
        return Context(store, now, self.hooks, frozenset(scopes or store.scopes), self.base_url)

    def _note(self, operation: str, body: Any, status: int, code: Any, shop: str | None) -> None:
        self.calls.append(Call(operation, body, {}, status, code, self.now(), shop))

    def _refusal(self, status: int) -> Response:
        return JSONResponse({"errors": MESSAGES.get(status, "Error")}, status)

    async def _graphql(self, request: Request) -> Response:
        domain = request.path_params["shop"]
        self.base_url = f"{request.url.scheme}://{request.url.netloc}"
        raw = await request.body()
        given, operation = _operation(raw)
        fault = self.faults.take(operation)
        early = answer_before(fault)
        if early is not None:
            self._note(operation, given, early.status_code, None, domain)
            return early
        status, answer = self._answer(request, domain, given)
        if answer is None:
            self._note(operation, given, status, None, domain)
            return self._refusal(status)
        self._note(operation, given, status, answer.code, domain)
        version = request.path_params["version"]
        shown = version if version in VERSIONS or version == "unstable" else VERSIONS[0]
        response = JSONResponse(answer.body, status, headers={"X-Shopify-API-Version": shown})
        return answer_after(fault, response)

    def _answer(self, request: Request, domain: str, given: Any) -> tuple[int, Answer | None]:
        store = self.stores.get(domain)
        if store is None:
            return 404, None
        token = self.access.use(request.headers.get("X-Shopify-Access-Token", ""), domain, self.now())
        if token is None:
            return 401, None
        if store.http_status is not None:
            return store.http_status, None
        if not isinstance(given, dict) or not isinstance(given.get("query"), str):
            body = {"errors": {"query": "Required parameter missing or invalid"}}
            return 400, Answer(body, "BAD_REQUEST")
        ctx = self.context(domain, token.scopes)
        return 200, run(ctx, given["query"], given.get("variables") or {}, given.get("operationName"))

    async def _token(self, request: Request) -> Response:
        domain = request.path_params["shop"]
        fault = self.faults.take("oauth.access_token")
        early = answer_before(fault)
        if early is not None:
            self._note("oauth.access_token", None, early.status_code, None, domain)
            return early
        store = self.stores.get(domain)
        if store is None:
            self._note("oauth.access_token", None, 404, None, domain)
            return self._refusal(404)
        raw = await request.body()
        as_json = request.headers.get("content-type", "").startswith("application/json")
        given: Mapping[str, Any] = json.loads(raw or b"{}") if as_json else dict(parse_qsl(raw.decode()))
        kind = {"grant_type": str(given.get("grant_type") or "authorization_code")}
        try:
            answer: Any = self.access.grant(store, given, self.now())
        except Refused as refused:
            self._note("oauth.access_token", kind, refused.status, refused.code, domain)
            return JSONResponse({"error": refused.code, "error_description": str(refused)}, refused.status)
        self._note("oauth.access_token", kind, 200, None, domain)
        return answer_after(fault, JSONResponse(answer))

    async def _authorize(self, request: Request) -> Response:
        store, asked = self.stores.get(request.path_params["shop"]), request.query_params
        if store is None:
            return self._refusal(404)
        if asked.get("client_id") != self.access.client_id or not asked.get("redirect_uri"):
            return HTMLResponse("<h1>Oauth error invalid_request: unknown app or redirect_uri missing</h1>", 400)
        if self.asks_consent and asked.get("allow") != "1":
            again = html.escape("?" + urlencode([*asked.multi_items(), ("allow", "1")]))
            name = html.escape(store.name)
            return HTMLResponse(f'<h1>Install Linkbot on {name}?</h1><p><a href="{again}">Allow</a></p>')
        wanted = [scope.strip() for scope in (asked.get("scope") or "").split(",") if scope.strip()]
        code = self.access.new_code(store, frozenset(wanted or self.scopes), self.now())
        address = self.access.callback(asked["redirect_uri"], store.domain, code, asked.get("state", ""), self.now())
        return RedirectResponse(address, 302)

    async def _bulk_file(self, request: Request) -> Response:
        """The result; like the real download host it wants no token of Shopify's."""
        number = request.path_params["name"].removesuffix(".jsonl")
        early = answer_before(fault := self.faults.take("bulk.file"))
        if early is not None:
            return early
        if "X-Shopify-Access-Token" in request.headers:
            return Response("Only one authentication mechanism is allowed", 400)
        for store in self.stores.values():
            found = store.bulk_operations.get(f"gid://shopify/BulkOperation/{number}")
            if found is not None and found.lines and found.completed_at:
                if self.now() - found.completed_at > shopify_bulk.VALID:
                    return Response("The link has expired", 403)
                self._note("bulk.file", None, 200, None, store.domain)
                return answer_after(fault, StreamingResponse(_chunks(found.lines), media_type="application/jsonl"))
        return Response("Not Found", 404)

    async def deliver(self) -> int:
        """Sends the webhooks that are due; returns how many were answered with 2xx."""
        for domain, store in self.stores.items():
            ctx = self.context(domain)
            for operation in store.bulk_operations.values():
                shopify_bulk.look(ctx, operation, poll=False)
        return await self.hooks.deliver()

    def deliver_soon(self) -> None:
        """The same in the background, for edits made on the demo page."""
        task = asyncio.get_running_loop().create_task(self.deliver())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def webhook_now(self, domain: str, topic: str, payload: Any) -> tuple[bytes, dict[str, str]]:
        """Raw bytes and signed headers of one webhook, for a test to send itself."""
        return self.hooks.signed(domain, topic, payload)

    def uninstall(self, domain: str) -> None:
        """The merchant removes the app: tokens are dead, subscriptions gone, app/uninstalled is on its way."""
        store = self.stores[domain]
        self.hooks.queue(store, "app/uninstalled", lambda: shop_payload(store))
        store.subscriptions.clear()
        store.installed = False
        self.access.kill(domain)


def _operation(raw: bytes) -> tuple[Any, str]:
    """The parsed body and the name of its first root field ("graphql" when there is none)."""
    try:
        given = json.loads(raw)
    except ValueError:
        return None, "graphql"
    text = given.get("query") if isinstance(given, dict) else None
    prepared = prepare(text) if isinstance(text, str) else None
    chosen = prepared.pick(given.get("operationName")) if prepared else None
    if prepared is None or chosen is None:
        return given, "graphql"
    first: Any = prepared.operations[chosen].selection_set.selections[0]
    return given, first.name.value if isinstance(first, FieldNode) else "graphql"


async def _chunks(lines: list[str]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), 500):
        yield "".join(line + "\n" for line in lines[start : start + 500]).encode()
