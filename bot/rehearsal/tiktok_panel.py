"""The fake TikTok Shop's pages for people: the seller's consent, and the JSON routes of the demo's side panel."""

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.rehearsal.tiktok_sales import Books

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Authorize - TikTok Shop</title>
<style>body{{font:16px system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem}}
a{{display:inline-block;padding:.5rem 1rem;border-radius:.4rem;border:1px solid #999;text-decoration:none}}
a.yes{{background:#111;color:#fff}}</style>
<h1>TikTok Shop (rehearsal)</h1><p>{text}</p>{rows}</html>"""


class Consent:
    """The seller's consent page. `mode`: "page" asks, "allow" and "deny" answer by themselves (tests)."""

    def __init__(self, books: Books, service_id: str, key: str) -> None:
        self.books = books
        self.service_id = service_id
        self.key = key
        self.mode = "page"
        self.redirect_url = ""

    def routes(self) -> list[Route]:
        return [
            Route("/open/authorize", self.ask),
            Route("/open/authorize/allow", self.allow),
            Route("/open/authorize/deny", self.deny),
        ]

    async def ask(self, request: Request) -> Response:
        wrong = self._wrong(request)
        if wrong is not None:
            return wrong
        if self.mode == "deny":
            return self._back(request, {"code": "null", "error": "auth_denied"})
        if self.mode == "allow":
            return await self.allow(request)
        kept = {k: request.query_params[k] for k in ("service_id", "state") if k in request.query_params}
        rows = []
        for seller, names in self._sellers().items():
            allow = "/open/authorize/allow?" + urlencode(kept | {"seller": seller})
            rows.append(f'<p><a class="yes" href="{escape(allow)}">Allow</a> {escape(", ".join(names))}</p>')
        rows.append(f'<p><a href="{escape("/open/authorize/deny?" + urlencode(kept))}">Deny</a></p>')
        return HTMLResponse(PAGE.format(text="An app asks for access to your shop.", rows="".join(rows)))

    async def allow(self, request: Request) -> Response:
        wrong = self._wrong(request)
        sellers = self._sellers()
        seller = request.query_params.get("seller") or next(iter(sellers), "")
        if wrong is not None or seller not in sellers:
            return wrong or self._error("This seller does not exist.")
        shop = next(shop for shop in self.books.world.shops.values() if shop.seller == seller)
        extra = {"app_key": self.key, "locale": "en", "shop_region": shop.region}
        return self._back(request, {"code": self.books.tokens.code_for(seller)} | extra)

    async def deny(self, request: Request) -> Response:
        return self._wrong(request) or self._back(request, {"code": "null", "error": "auth_denied"})

    def _sellers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for shop in self.books.world.shops.values():
            found.setdefault(shop.seller, []).append(f"{shop.name} ({shop.region})")
        return found

    def _wrong(self, request: Request) -> Response | None:
        if request.query_params.get("service_id") != self.service_id:
            return self._error("This service does not exist.")
        return None if self.redirect_url else self._error("The app has no redirect URL.")

    @staticmethod
    def _error(text: str) -> Response:
        return HTMLResponse(PAGE.format(text=escape(text), rows=""), 400)

    def _back(self, request: Request, query: dict[str, str]) -> Response:
        if "state" in request.query_params:
            query = query | {"state": request.query_params["state"]}
        joint = "&" if "?" in self.redirect_url else "?"
        return RedirectResponse(self.redirect_url + joint + urlencode(query), 302)


class Panel:
    """`/panel/*`: the world as JSON and small edits of it, each told by webhooks (`kick` sends them)."""

    def __init__(self, books: Books, kick: Callable[[], None]) -> None:
        self.books = books
        self.kick = kick

    def routes(self) -> list[Route]:
        edits = {"order": self.order, "cancel": self.cancel, "release": self.release}
        edits |= {"sku": self.sku, "product": self.product}
        posts = [Route(f"/panel/{name}", self._edit(act), methods=["POST"]) for name, act in edits.items()]
        return [Route("/panel/state", self.state), *posts]

    def _edit(self, act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                done = act(await request.json())
            except KeyError as missing:
                return JSONResponse({"error": f"unknown or missing: {missing.args[0]}"}, 404)
            except (ValueError, ArithmeticError, TypeError, AttributeError) as wrong:
                return JSONResponse({"error": str(wrong)}, 409)
            self.kick()
            return JSONResponse({"ok": True} | done)

        return answer

    async def state(self, request: Request) -> Response:  # noqa: ARG002
        world, sales = self.books.world, self.books.sales
        shops = [
            {"id": s.id, "name": s.name, "region": s.region, "currency": s.currency}
            | {"connected": self.books.tokens.connected(s.id)}
            for s in world.shops.values()
        ]
        products = [
            {"id": p["id"], "shop_id": world.product_shop[p["id"]], "title": p["title"], "status": p["status"]}
            | {"skus": [self._sku(sku) for sku in p["skus"]]}
            for p in world.products.values()
        ]
        last = list(sales.orders.values())[-30:][::-1]
        orders = [self._order(order) for order in last]
        waiting = len(self.books.outbox.waiting)
        return JSONResponse({"shops": shops, "products": products, "orders": orders, "webhooks_waiting": waiting})

    def _sku(self, sku: dict[str, Any]) -> dict[str, Any]:
        names = [a.get("value_name", "") for a in sku.get("sales_attributes", [])]
        return {
            "id": sku["id"],
            "title": ", ".join(name for name in names if name) or "Default",
            "seller_sku": sku["seller_sku"],
            "price": sku["price"]["tax_exclusive_price"],
            "currency": sku["price"]["currency"],
            "stock": self.books.world.available(sku["id"]),
            "committed": self.books.world.taken(sku["id"]),
        }

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        units: dict[str, dict[str, Any]] = {}
        for line in order["line_items"]:
            about = {"sku_id": line["sku_id"], "title": line.get("product_name", ""), "quantity": 0}
            units.setdefault(line["sku_id"], about | {"seller_sku": line.get("seller_sku", "")})["quantity"] += 1
        return {
            "id": order["id"],
            "shop_id": self.books.sales.order_shop[order["id"]],
            "status": order["status"],
            "total": order["payment"]["total_amount"],
            "currency": order["payment"]["currency"],
            "create_time": order["create_time"],
            "lines": list(units.values()),
        }

    def order(self, body: dict[str, Any]) -> dict[str, Any]:
        lines = [(line["sku_id"], int(line.get("quantity", 1))) for line in body["lines"]]
        if not lines or any(quantity < 1 for _, quantity in lines):
            raise ValueError("an order needs at least one unit of a SKU")
        status = body.get("status") or "AWAITING_SHIPMENT"
        if status not in ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"):
            raise ValueError(f"an order cannot begin as {status}")
        return {"order_id": self.books.sales.place(body["shop_id"], lines, status)}

    def cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"cancel_id": self.books.sales.cancel(body["order_id"])}

    def release(self, body: dict[str, Any]) -> dict[str, Any]:
        order = self.books.sales.orders[body["order_id"]]
        if order["status"] not in ("UNPAID", "ON_HOLD"):
            raise ValueError(f"the order is {order['status']}")
        return {"status": self.books.sales.advance(order["id"], "AWAITING_SHIPMENT")}

    def sku(self, body: dict[str, Any]) -> dict[str, Any]:
        stock = body.get("stock")
        price = body.get("price")
        self.books.world.edit_sku(
            body["sku_id"],
            price=None if price is None else str(price),
            stock=None if stock is None else int(stock),
            seller_sku=body.get("seller_sku"),
        )
        return {}

    def product(self, body: dict[str, Any]) -> dict[str, Any]:
        skus = [
            {"seller_sku": s.get("seller_sku", ""), "price": str(s["price"]), "stock": int(s.get("stock", 0))}
            | ({"sales_attributes": [{"name": "Style", "value_name": s["title"]}]} if s.get("title") else {})
            for s in body["skus"]
        ]
        if not skus or not str(body["title"]).strip():
            raise ValueError("a product needs a title and at least one SKU")
        return {"product_id": self.books.world.add_product(body["shop_id"], str(body["title"]), skus)}
