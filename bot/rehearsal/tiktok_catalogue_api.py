"""Endpoints of the fake TikTok Shop for products, stock, prices and categories."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.rehearsal.tiktok_sales import Books
from bot.rehearsal.tiktok_wire import WHOLE_CURRENCIES, Ask, Endpoint, Refusal, page, rows, texts, whole
from bot.rehearsal.tiktok_world import STATUSES, Shop

SEARCH_CAP = 10_000
STOCK_STATUSES = frozenset({"DRAFT", "PENDING", "FAILED", "ACTIVATE", "SELLER_DEACTIVATED"})
SEARCH_FIELDS = (
    "id",
    "title",
    "status",
    "sales_regions",
    "create_time",
    "update_time",
    "is_not_for_sale",
    "audit",
    "has_draft",
    "product_types",
)
SEARCH_SKU_FIELDS = (
    "id",
    "seller_sku",
    "price",
    "inventory",
    "status_info",
    "list_price",
    "external_list_prices",
    "pre_sale",
)


def _some(of: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: of[name] for name in names if name in of}


def _product(books: Books, shop: Shop, product_id: str) -> dict[str, Any]:
    product = books.world.products.get(product_id)
    if product is None:
        raise Refusal(12052032, "The product does not exist")
    if books.world.product_shop[product_id] != shop.id:
        text = "You cannot edit the specified product(s) as it isn't listed in your account or shop. "
        raise Refusal(12052048, text)
    return product


# products


def search_products(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    body = ask.body
    status = body.get("status", "ALL")
    if status != "ALL" and status not in STATUSES:
        raise Refusal(36009004, "param body.status is invalid", 400)
    seller_skus, sku_ids = set(texts(body, "seller_skus")), set(texts(body, "sku_ids"))
    if len(seller_skus) > 10:
        raise Refusal(12019027, "The maximum count of “seller_skus” in the search filter is 10.")
    if len(sku_ids) > 10:
        raise Refusal(12019087, "The number of SKU IDs exceeds the limit of 10")
    spans = _spans(body)

    def fits(product: dict[str, Any]) -> bool:
        if books.world.product_shop[product["id"]] != shop.id or status not in ("ALL", product["status"]):
            return False
        if seller_skus and not any(sku["seller_sku"] in seller_skus for sku in product["skus"]):
            return False
        if sku_ids and not any(sku["id"] in sku_ids for sku in product["skus"]):
            return False
        return all(low <= product[name] <= high for name, low, high in spans)

    found = [product for product in books.world.products.values() if fits(product)]
    part, token, start = page(
        found,
        ask,
        most=100,
        bad_size=Refusal(12019109, "page size is invalid"),
        bad_token=Refusal(12019108, "page number is invalid"),
    )
    if start >= SEARCH_CAP:
        raise Refusal(12052180, "The total number of search results can not exceed 10000.")
    told = [_some(p, SEARCH_FIELDS) | {"skus": [_some(sku, SEARCH_SKU_FIELDS) for sku in p["skus"]]} for p in part]
    return {"total_count": len(found), "next_page_token": token, "products": told}


def _spans(body: dict[str, Any]) -> list[tuple[str, int, int]]:
    spans = []
    for name, code, text in (("create_time", 12019118, "create"), ("update_time", 12019119, "update")):
        low, high = whole(body, f"{name}_ge"), whole(body, f"{name}_le")
        if low is not None and high is not None and low > high:
            raise Refusal(code, f"search {text} time invalid")
        spans.append((name, 0 if low is None else low, 10**12 if high is None else high))
    return spans


def product_detail(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    product = _product(books, shop, ask.params["product_id"])
    return {"product_status": product["status"]} | {k: v for k, v in product.items() if k != "sales_regions"}


def search_stock(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    product_ids, sku_ids = texts(ask.body, "product_ids"), texts(ask.body, "sku_ids")
    if len(product_ids) > 100:
        raise Refusal(12019120, "The number of provided product IDs exceeds the limit.")
    if len(sku_ids) > 600:
        raise Refusal(12019015, "The number of SKU exceed the limit")
    if not product_ids and not sku_ids:
        raise Refusal(12019008, "Product id is invalid")
    world = books.world
    if sku_ids:
        chosen = {world.sku_product[s]: None for s in sku_ids if s in world.sku_product}
    else:
        chosen = {p: None for p in product_ids if p in world.products}
    told = []
    for product_id in chosen:
        if world.product_shop[product_id] != shop.id:
            continue
        skus = [sku for sku in world.products[product_id]["skus"] if not sku_ids or sku["id"] in sku_ids]
        told.append({"product_id": product_id, "skus": [_stock_of(books, sku) for sku in skus]})
    return {"inventory": told}


def _stock_of(books: Books, sku: dict[str, Any]) -> dict[str, Any]:
    total = books.world.available(sku["id"])
    places = [
        {
            "warehouse_id": place["warehouse_id"],
            "available_quantity": place["quantity"],
            "committed_quantity": books.world.committed.get((sku["id"], place["warehouse_id"]), 0),
        }
        for place in sku["inventory"]
    ]
    return {
        "id": sku["id"],
        "seller_sku": sku["seller_sku"],
        "total_available_quantity": total,
        "total_committed_quantity": books.world.taken(sku["id"]),
        "warehouse_inventory": places,
        "total_available_inventory_distribution": {
            "campaign_inventory": [],
            "creator_inventory": [],
            "in_shop_inventory": {"quantity": total},
        },
    }


# stock and price writes


def _wanted_skus(ask: Ask, product: dict[str, Any], statuses: frozenset[str]) -> list[dict[str, Any]]:
    wanted = rows(ask.body, "skus")
    if not wanted:
        raise Refusal(
            12052902, "The SKU list is empty. Either omit the list entirely, or provide all required details."
        )
    if len(wanted) > 100:
        raise Refusal(12052050, "A single product cannot have more than 100 different SKUs")
    if any(not isinstance(wish.get("id"), str) or not wish["id"] for wish in wanted):
        raise Refusal(12052036, "The SKU ID is necessary")
    if len({wish["id"] for wish in wanted}) < len(wanted):
        raise Refusal(12052553, "Sku id duplicate")
    if product["status"] not in statuses:
        raise Refusal(12052901, "The product in its current status is not available for this operation.")
    return wanted


def update_stock(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Absolute available stock. One SKU refused alone refuses the call; among several it is listed in `errors`."""
    product = _product(books, shop, ask.params["product_id"])
    wanted = _wanted_skus(ask, product, STOCK_STATUSES)
    own = {sku["id"]: sku for sku in product["skus"]}
    errors, writes = [], []
    for wish in wanted:
        try:
            writes.append((wish["id"], _shares(books, shop, own.get(wish["id"]), product, wish)))
        except Refusal as refusal:
            if len(wanted) == 1:
                raise
            errors.append({"code": refusal.code, "message": refusal.message, "detail": {"sku_id": wish["id"]}})
        except _Places as failed:
            detail = {"sku_id": wish["id"], "extra_errors": failed.errors}
            errors.append({"code": 12052990, "message": "Check failed", "detail": detail})
    for sku_id, shares in writes:
        books.world.set_stock(sku_id, shares)
    return {"errors": errors} if errors else {}


class _Places(Exception):
    """Some warehouses of a SKU's stock write are refused; `errors` says which and why."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("check failed")
        self.errors = errors


def _shares(
    books: Books, shop: Shop, sku: dict[str, Any] | None, product: dict[str, Any], wish: dict[str, Any]
) -> dict[str, int]:
    if sku is None:
        raise Refusal(12052556, "The SKU id not exist.")
    if sku.get("combined_skus") or "COMBINED_PRODUCT" in product.get("product_types", []):
        raise Refusal(12052850, "The stock of combo does not support being edited.")
    if (product.get("global_listing_policy") or {}).get("inventory_type") == "SHARED":
        raise Refusal(12052921, "Couldn't edit the inventory quantity because this product shares the inventory")
    if sku["id"] in books.world.auto_allocated:
        raise Refusal(12052037, "Couldn't update inventory. Inventory is automatically allocated")
    places = rows(wish, "inventory")
    own = [place["warehouse_id"] for place in sku["inventory"]]
    named = [place.get("warehouse_id") or (own[0] if len(own) == 1 else "") for place in places]
    if not places or not all(named):
        raise Refusal(12019022, "SKU must contain a valid warehouse.")
    if not set(own) <= set(named):
        raise Refusal(12019028, "Multiple warehouses detected. Include all warehouse IDs and try again.")
    known = {w["id"]: w for w in shop.warehouses}
    if any(name in known and name not in own for name in named) or len(set(named)) < len(named):
        raise Refusal(12052533, "Removal, addition, and change of warehouses are not permitted.")
    errors = []
    for name, place in zip(named, places, strict=True):
        fault = _place_fault(books, known.get(name), place)
        if fault is not None:
            errors.append({"warehouse_id": name, "code": fault[0], "message": fault[1]})
    if errors:
        raise _Places(errors)
    shares = {name: place["quantity"] for name, place in zip(named, places, strict=True)}
    if sku["id"] in books.world.stock_locks and sum(shares.values()) < books.world.available(sku["id"]):
        raise Refusal(12052393, "Product locked for Promotion and stock can't be updated below current stock")
    return shares


def _place_fault(books: Books, place: dict[str, Any] | None, wish: dict[str, Any]) -> tuple[int, str] | None:
    low, high = books.world.stock_range
    quantity = wish.get("quantity")
    if place is None:
        return 12052097, "The warehouse does not exist"
    if place["effect_status"] != "ENABLED":
        return 12052531, "The warehouse is disabled."
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 0:
        return 12019024, "stock count is invalid"
    if not low <= quantity <= high:
        return 12052055, "The SKU inventory quantity for the warehouse must be within allowed limits."
    if ("backorder_quantity" in wish) != ("handling_time" in wish):
        return 12052910, "backorder_quantity and handling_time go together"
    return None


def update_prices(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Shelf prices; one bad SKU refuses the whole call."""
    product = _product(books, shop, ask.params["product_id"])
    wanted = _wanted_skus(ask, product, frozenset({"ACTIVATE"}))
    own = {sku["id"]: sku for sku in product["skus"]}
    amounts = [(wish["id"], _amount(books, shop, own.get(wish["id"]), wish)) for wish in wanted]
    for sku_id, (amount, sale) in amounts:
        own[sku_id]["price"] |= {"tax_exclusive_price": amount, "sale_price": sale}
    for wish in wanted:
        own[wish["id"]] |= _some(wish, ("list_price", "external_list_prices"))
    product["update_time"] = books.world.stamp()
    return {}


def _amount(books: Books, shop: Shop, sku: dict[str, Any] | None, wish: dict[str, Any]) -> tuple[str, str]:
    if sku is None:
        raise Refusal(12052557, "The SKU ID does not belong to the product.")
    price = wish.get("price")
    if not isinstance(price, dict):
        raise Refusal(12052910, "Invalid input parameters. Refer to the API documentation for details.")
    if price.get("currency") != shop.currency:
        raise Refusal(12052084, "The provided currency is not available for this shop/region.")
    if sku["id"] in books.world.price_locks:
        code = books.world.price_locks[sku["id"]]
        raise Refusal(
            code, "price is locked" if code == 12019045 else "Product price locked due to ongoing promotion. "
        )
    amount = _price_text(price.get("amount"), shop.currency)
    if shop.region == "JP" and "sale_price" not in price:
        raise Refusal(12052424, "Missing 'sale price' value")
    if wish.get("list_price") and shop.region != "US":
        raise Refusal(12052376, "list price not support")
    parts = [p for p in sku.get("combined_skus", []) if p["sku_id"] in books.world.sku_product]
    if parts and Decimal(amount) > sum(
        Decimal(books.world.sku(p["sku_id"])["price"]["tax_exclusive_price"]) * int(p["sku_count"]) for p in parts
    ):
        raise Refusal(12052861, "The price of combined SKU cannot exceed the sum of the prices of the sub-SKUs.")
    return amount, _price_text(price["sale_price"], shop.currency) if "sale_price" in price else amount


def _price_text(given: Any, currency: str) -> str:
    try:
        amount = Decimal(given) if isinstance(given, str) else None
    except InvalidOperation:
        amount = None
    places = 0 if currency in WHOLE_CURRENCIES else 2
    if amount is None or not re.fullmatch(r"-?\d+(\.\d+)?", given) or (places == 0 and "." in given):
        raise Refusal(12052012, "Incorrect price format")
    if len(given.partition(".")[2]) > places:
        raise Refusal(12052012, "Incorrect price format")
    if amount <= 0:
        raise Refusal(12052073, "The product price is invalid")
    if amount > (10**9 if places == 0 else 50_000):
        raise Refusal(12052570, "product price exceed limit")
    return given


def _switch(books: Books, shop: Shop, ask: Ask, allowed: frozenset[str], to: str) -> dict[str, Any]:
    product_ids = texts(ask.body, "product_ids")
    if not product_ids:
        raise Refusal(12052910, "Invalid input parameters. Refer to the API documentation for details.")
    if len(product_ids) > 20:
        raise Refusal(12019120, "The number of provided product IDs exceeds the limit.")
    errors = []
    for product_id in product_ids:
        try:
            if _product(books, shop, product_id)["status"] not in allowed:
                raise Refusal(12052901, "The product in its current status is not available for this operation.")
            books.world.edit_product(product_id, status=to)
        except Refusal as refusal:
            errors.append({"code": refusal.code, "message": refusal.message, "detail": {"product_id": product_id}})
    return {"errors": errors} if errors else {}


def activate(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Back on sale after a new audit: PENDING first, `audit_products` of the fake ends it."""
    return _switch(books, shop, ask, frozenset({"SELLER_DEACTIVATED", "DRAFT"}), "PENDING")


def deactivate(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    return _switch(books, shop, ask, frozenset({"ACTIVATE"}), "SELLER_DEACTIVATED")


def categories(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    if ask.query.get("category_version", "v1") != ("v2" if shop.region == "US" else "v1"):
        raise Refusal(12052217, "Incorrect category version. For US shops specify 'category version=v2'.")
    leaf = {"id": "600002", "parent_id": "600001", "local_name": "Home Supplies", "is_leaf": True}
    root = {"id": "600001", "parent_id": "0", "local_name": "Home", "is_leaf": False}
    return {"categories": [row | {"permission_statuses": ["AVAILABLE"]} for row in (root, leaf)]}


BASIC, WRITE = ("seller.product.basic",), ("seller.product.write",)
ENDPOINTS = (
    Endpoint("POST", "/product/202502/products/search", "products.search", BASIC, search_products),
    Endpoint("GET", "/product/202309/products/{product_id}", "products.detail", BASIC, product_detail),
    Endpoint("POST", "/product/202309/inventory/search", "inventory.search", BASIC, search_stock),
    Endpoint("POST", "/product/202309/products/{product_id}/inventory/update", "inventory.update", WRITE, update_stock),
    Endpoint("POST", "/product/202309/products/{product_id}/prices/update", "prices.update", WRITE, update_prices),
    Endpoint("POST", "/product/202309/products/activate", "products.activate", (*WRITE, *BASIC), activate),
    Endpoint("POST", "/product/202309/products/deactivate", "products.deactivate", (*WRITE, *BASIC), deactivate),
    Endpoint("GET", "/product/202309/categories", "categories.list", BASIC, categories),
)
