"""The demo page's Shopify panel: what it shows and the edits it makes. No sign-in: loopback only."""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Product, Store

if TYPE_CHECKING:
    from bot.rehearsal.shopify import FakeShopify

SHOWN_ORDERS = 30
Edit = Callable[["FakeShopify", dict[str, Any]], dict[str, Any]]


def state(fake: "FakeShopify") -> dict[str, Any]:
    """Stores with their products and newest orders."""
    return {"stores": [_store(store) for store in fake.stores.values()]}


def _store(store: Store) -> dict[str, Any]:
    newest = list(store.orders.values())[-SHOWN_ORDERS:][::-1]
    return {
        "domain": store.domain,
        "name": store.name,
        "currency": store.currency_code,
        "installed": store.installed,
        "products": [_product(product) for product in store.products.values()],
        "orders": [_order(order) for order in newest],
        "order_count": len(store.orders),
    }


def _product(product: Product) -> dict[str, Any]:
    variants = [
        {
            "id": one.id,
            "sku": one.sku,
            "title": one.title,
            "price": one.price,
            "available": one.inventory_quantity if one.inventory_item.tracked else None,
        }
        for one in product.variants
    ]
    return {"id": product.id, "title": product.title, "status": product.status, "variants": variants}


def _order(order: Order) -> dict[str, Any]:
    tracking = [one for made in order.fulfillments for one in made.tracking]
    return {
        "id": order.id,
        "name": order.name,
        "tiktok_id": order.source_identifier,
        "lines": [{"title": line.title, "sku": line.sku, "quantity": line.quantity} for line in order.lines],
        "total": str(order.total.shop),
        "currency": order.currency_code,
        "financial_status": order.display_financial_status,
        "fulfillment_status": order.display_fulfillment_status,
        "cancelled": order.cancelled_at is not None,
        "tracking": tracking,
        "created_at": order.created_at.isoformat(),
    }


def _price(text: Any) -> str:
    try:
        price = Decimal(str(text))
    except InvalidOperation:
        raise ValueError("price must be a number") from None
    if not price.is_finite() or price < 0:
        raise ValueError("price must be 0 or more")
    return str(price)


def _variant(fake: "FakeShopify", given: dict[str, Any]) -> dict[str, Any]:
    id = given["variant_id"]
    fields: dict[str, Any] = {}
    if given.get("price") is not None:
        fields["price"] = _price(given["price"])
    if given.get("sku") is not None:
        fields["sku"] = str(given["sku"])
    if fields:
        fake.set_variant(id, **fields)
    if given.get("available") is not None:
        fake.set_available(id, int(given["available"]))
    return {}


def _add(fake: "FakeShopify", given: dict[str, Any]) -> dict[str, Any]:
    variants = [
        {
            "sku": row.get("sku"),
            "price": _price(row.get("price", "0")),
            "stock": int(row.get("stock") or 0),
            "options": row.get("options") or ({"Title": row["title"]} if row.get("title") else {}),
        }
        for row in given.get("variants") or [{}]
    ]
    product = fake.add_product(given["domain"], str(given["title"]), variants)
    return {"id": product.id, "variants": [variant.id for variant in product.variants]}


def _delete(fake: "FakeShopify", given: dict[str, Any]) -> dict[str, Any]:
    fake.delete_variant(given["variant_id"])
    return {}


def _fulfil(fake: "FakeShopify", given: dict[str, Any]) -> dict[str, Any]:
    made = fake.fulfil(given["order_id"], given.get("tracking_number"), given.get("company"))
    return {"id": made.id}


def panel_routes(fake: "FakeShopify") -> list[Route]:
    async def show(_: Request) -> JSONResponse:
        return JSONResponse(state(fake))

    def editing(edit: Edit) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def handle(request: Request) -> JSONResponse:
            try:
                answer = edit(fake, await request.json())
            except (KeyError, ValueError, TypeError) as error:
                return JSONResponse({"ok": False, "error": f"{type(error).__name__}: {error}"}, 400)
            fake.deliver_soon()
            return JSONResponse({"ok": True, **answer})

        return handle

    edits = {"variant": _variant, "product": _add, "delete_variant": _delete, "fulfil": _fulfil}
    routes = [Route(f"/panel/{name}", editing(edit), methods=["POST"]) for name, edit in edits.items()]
    return [Route("/panel/state", show), *routes]
