"""Endpoints of the fake TikTok Shop for packages, tracking, carriers and warehouses."""

import re
from typing import Any

from bot.rehearsal.tiktok_orders import DELIVERY
from bot.rehearsal.tiktok_orders_api import own_order
from bot.rehearsal.tiktok_sales import Books
from bot.rehearsal.tiktok_wire import Ask, Endpoint, Refusal, page, rows, texts, whole
from bot.rehearsal.tiktok_world import Shop

PLATFORM_DELIVERY = ("7091146663229654786", "Shipped via platform")
MARKED = frozenset({"US", "GB", "ES", "IE", "IT", "DE", "FR", "JP"})
CARRIERS = {
    "US": (
        ("7117858858072016686", "USPS"),
        ("7117859084333745966", "UPS"),
        ("7129720299146184490", "FedEx"),
        ("7132708894402121518", "DHL eCommerce"),
    ),
    "GB": (("7021434790468231001", "Royal Mail"), ("7021434790468231002", "Evri"), ("7021434790468231003", "DPD UK")),
    "": (("6841743441349706241", "J&T Express"), ("6841743441349706242", "Ninja Van"), ("6841743441349706243", "DHL")),
}
FIX_WINDOW = 72 * 3600  # seconds in which the US lets tracking be changed
CHANGES_MOST = 3


def carriers(shop: Shop) -> dict[str, str]:
    """Provider id -> name, for orders the seller ships."""
    return dict(CARRIERS.get(shop.region, CARRIERS[""]))


def _check_tracking(books: Books, shop: Shop, order_id: str, tracking: Any, provider: Any) -> tuple[str, str]:
    if not isinstance(tracking, str) or not tracking or not isinstance(provider, str) or not provider:
        raise Refusal(21001001, "Invalid parameters. Please ensure you are passing the correct request parameter(s).")
    if not re.fullmatch(r"[A-Za-z0-9-]+", tracking):
        raise Refusal(21004012, "Tracking number has special characters, verify failed.")
    if provider not in carriers(shop) or len(tracking) < 5:
        raise Refusal(21011022, "Invalid tracking number or provider ID. Please double check and try again.")
    for package in books.sales.packages.values():
        if package["tracking_number"] == tracking:
            if package["order_id"] == order_id:
                raise Refusal(21011025, "Duplicate tracking number.")
            raise Refusal(21034012, "tracking no has been used")
    return tracking, provider


def _check_shippable(order: dict[str, Any]) -> None:
    if order.get("fulfillment_type") == "FULFILLMENT_BY_TIKTOK":
        raise Refusal(21008025, "Seller cannot operate orders which are fulfilled by platform")
    if order.get("shipping_type") != "SELLER":
        text = "This API cannot be used to update package shipping information for packages not shipped by sellers."
        raise Refusal(21011004, text)
    if order["status"] == "ON_HOLD":
        raise Refusal(21011044, "The order is on hold and cannot be shipped yet.")
    if order["status"] == "CANCELLED":
        raise Refusal(21011042, "Cannot complete the operation when order is cancelled. ")
    if order["status"] == "UNPAID":
        raise Refusal(21011003, "fulfill_unit action not allowed")
    if order.get("is_buyer_request_cancel"):
        raise Refusal(21011007, "Package item has after-sale request, please process the after-sale request first.")


def mark_shipped(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """US, UK, EU, JP: makes the package and ships it. Two bodies: 202309, and 202610 with lists."""
    if shop.region not in MARKED:
        raise Refusal(21008106, "This interface cannot be used in this region.")
    order = own_order(books, shop, ask.params["order_id"])
    named, tracking, provider = _shipment(ask)
    _check_shippable(order)
    if order["status"] not in ("AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"):
        raise Refusal(21011006, "These orders are already shipped.")
    own = {line["id"]: line for line in order["line_items"]}
    if not set(named) <= set(own):
        raise Refusal(21011029, "order does not belong to fulfill unit")
    open_lines = [line["id"] for line in own.values() if line["display_status"] == "AWAITING_SHIPMENT"]
    if not set(named) <= set(open_lines):
        raise Refusal(21011020, "These orders are already shipped.")
    tracking, provider = _check_tracking(books, shop, order["id"], tracking, provider)
    chosen = named or open_lines
    package_id = books.sales.pack(order["id"], chosen, "", "", status="TO_FULFILL")
    books.sales.ship(order["id"], package_id, tracking, provider, carriers(shop)[provider])
    told: dict[str, Any] = {"order_id": order["id"], "order_line_item_ids": chosen, "package_id": package_id}
    if tracking.isalpha():
        told["warning"] = {"message": "match more than one provider"}
    return told


def _shipment(ask: Ask) -> tuple[list[str], Any, Any]:
    body = ask.body
    if ask.version != "202610":
        return texts(body, "order_line_item_ids"), body.get("tracking_number"), body.get("shipping_provider_id")
    named = [row.get("order_line_id") for row in rows(body, "order_line_list")]
    shipments = rows(body, "shipping_info_list")
    if len(shipments) != 1 or not all(isinstance(line_id, str) for line_id in named):
        raise Refusal(21001001, "Invalid parameters. Please ensure you are passing the correct request parameter(s).")
    wanted = [line_id for line_id in named if isinstance(line_id, str)]
    return wanted, shipments[0].get("tracking_number"), shipments[0].get("shipping_provider_id")


def _package(books: Books, shop: Shop, package_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    package = books.sales.packages.get(package_id)
    if package is None or books.sales.order_shop[package["order_id"]] != shop.id:
        raise Refusal(21011028, "The package does not belong to the current shop.   ")
    return package, books.sales.orders[package["order_id"]]


def ship_package(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """South-East Asia, Latin America: the package is there already."""
    package, order = _package(books, shop, ask.params["package_id"])
    if package["status"] != "TO_FULFILL":
        raise Refusal(21008099, "Package has been shipped. Please not ship the package again.")
    own = ask.body.get("self_shipment")
    if not isinstance(own, dict):
        raise Refusal(21001001, "Invalid parameters. Please ensure you are passing the correct request parameter(s).")
    _check_shippable(order)
    tracking, provider = own.get("tracking_number"), own.get("shipping_provider_id")
    tracking, provider = _check_tracking(books, shop, order["id"], tracking, provider)
    books.sales.ship(order["id"], package["id"], tracking, provider, carriers(shop)[provider])
    return {}


def _fix(books: Books, shop: Shop, package: dict[str, Any], order: dict[str, Any], body: dict[str, Any]) -> None:
    if order["status"] == "CANCELLED":
        raise Refusal(21011042, "Cannot complete the operation when order is cancelled. ")
    if order.get("shipping_type") != "SELLER":
        text = "This API cannot be used to update package shipping information for packages not shipped by sellers."
        raise Refusal(21011004, text)
    if package["status"] == "TO_FULFILL":
        raise Refusal(21011043, "The package has not been shipped yet. ")
    if order["status"] in ("DELIVERED", "COMPLETED"):
        raise Refusal(21011030, "Package has already been delivered.")
    if shop.region == "US" and books.sales.stamp() - package["shipped_time"] > FIX_WINDOW:
        raise Refusal(21011050, "The tracking number can only be updated within a certain number of hours.")
    if package["tracking_changes"] >= CHANGES_MOST:
        raise Refusal(21011052, "The tracking number can only be updated a limited number of times.")
    found = _check_tracking(books, shop, order["id"], body.get("tracking_number"), body.get("shipping_provider_id"))
    package |= {"tracking_number": found[0], "shipping_provider_id": found[1], "update_time": books.sales.stamp()}
    package["tracking_changes"] += 1
    for line in books.sales.lines(order, package["line_ids"]):
        line |= {"tracking_number": found[0], "shipping_provider_id": found[1]}
        line["shipping_provider_name"] = carriers(shop)[found[1]]


def fix_package(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    package, order = _package(books, shop, ask.params["package_id"])
    body = ask.body
    if ask.version == "202610" and "shipping_info_list" in body:
        body = (rows(body, "shipping_info_list") or [{}])[0]
    _fix(books, shop, package, order, body)
    return {}


def fix_order(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Corrects the tracking of an order with one package."""
    order = own_order(books, shop, ask.params["order_id"])
    packages = [books.sales.packages[p["id"]] for p in order.get("packages", []) if p["id"] in books.sales.packages]
    if not packages:
        raise Refusal(21011043, "The package has not been shipped yet.")
    _fix(books, shop, packages[-1], order, ask.body)
    return {}


def search_packages(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    found = [p for p in books.sales.packages.values() if books.sales.order_shop[p["order_id"]] == shop.id]
    status = ask.body.get("package_status")
    if status is not None:
        found = [package for package in found if package["status"] == status]
    for name in ("create_time", "update_time"):
        low, high = whole(ask.body, f"{name}_ge"), whole(ask.body, f"{name}_lt")
        found = [p for p in found if (low is None or p[name] >= low) and (high is None or p[name] < high)]
    found.sort(key=lambda p: p["create_time"], reverse=ask.query.get("sort_order", "DESC") != "ASC")
    size = Refusal(36009004, "param query.page_size is invalid", 400)
    part, token, _ = page(found, ask, most=50, bad_size=size, bad_token=Refusal(36009004, "page_token is invalid", 400))
    told = [{"id": p["id"], "status": p["status"]} | _told(books, shop, p) for p in part]
    return {"packages": told, "next_page_token": token, "total_count": len(found)}


def _told(books: Books, shop: Shop, package: dict[str, Any]) -> dict[str, Any]:
    order = books.sales.orders[package["order_id"]]
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for line in books.sales.lines(order, package["line_ids"]):
        counts[line["sku_id"]] = counts.get(line["sku_id"], 0) + 1
        names[line["sku_id"]] = line.get("sku_name", "")
    skus = [{"id": sku_id, "name": names[sku_id], "quantity": n} for sku_id, n in counts.items()]
    kept = ("create_time", "update_time", "tracking_number", "shipping_provider_id")
    return {key: package[key] for key in kept} | {
        "orders": [{"id": order["id"], "skus": skus}],
        "shipping_provider_name": carriers(shop).get(package["shipping_provider_id"], ""),
        "order_line_item_ids": package["line_ids"],
    }


def package_detail(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    package, order = _package(books, shop, ask.params["package_id"])
    return (
        {"package_id": package["id"], "package_status": package["status"]}
        | _told(books, shop, package)
        | {
            "shipping_type": order.get("shipping_type", "SELLER"),
            "delivery_option_id": order.get("delivery_option_id", ""),
            "delivery_option_name": order.get("delivery_option_name", ""),
            "has_multi_skus": len({line["sku_id"] for line in books.sales.lines(order, package["line_ids"])}) > 1,
            "recipient_address": order.get("recipient_address", {}),
        }
    )


def tracking(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    order = own_order(books, shop, ask.params["order_id"])
    packages = [books.sales.packages[p["id"]] for p in order.get("packages", []) if p["id"] in books.sales.packages]
    shipped = [package for package in packages if "shipped_time" in package]
    events = [("Your package has been shipped!", package["shipped_time"]) for package in shipped]
    return {"tracking": [{"description": text, "update_time_millis": at * 1000} for text, at in events]}


# carriers, warehouses


def delivery_options(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    if ask.params["warehouse_id"] not in {w["id"] for w in shop.warehouses}:
        raise Refusal(11005004, "warehouse not exist")
    platform = ["TIKTOK_SHOP"]
    options = [{"id": i, "name": n, "type": "STANDARD", "platform": platform} for i, n in (DELIVERY, PLATFORM_DELIVERY)]
    return {"delivery_options": options}


def shipping_providers(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    option = ask.params["delivery_option_id"]
    if option == PLATFORM_DELIVERY[0]:
        raise Refusal(21008117, "The delivery of the specified delivery_option_id is fulfilled by TikTok.")
    if option != DELIVERY[0]:
        raise Refusal(21008116, "No Subscription without specified delivery option.")
    return {"shipping_providers": [{"id": i, "name": name} for i, name in carriers(shop).items()]}


def list_warehouses(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:  # noqa: ARG001
    return {"warehouses": shop.warehouses}


SHIP, LOGISTICS = ("seller.fulfillment.basic",), ("seller.logistics",)
F = "/fulfillment/202309"
NEW = "/fulfillment/202610"
ENDPOINTS = (
    Endpoint("POST", f"{F}/orders/{{order_id}}/packages", "packages.mark_shipped", SHIP, mark_shipped),
    Endpoint("POST", f"{NEW}/orders/{{order_id}}/packages", "packages.mark_shipped", SHIP, mark_shipped),
    Endpoint("POST", f"{F}/packages/{{package_id}}/ship", "packages.ship", SHIP, ship_package),
    Endpoint("POST", f"{F}/packages/{{package_id}}/shipping_info/update", "packages.shipping_info", SHIP, fix_package),
    Endpoint(
        "POST", f"{NEW}/packages/{{package_id}}/shipping_info/update", "packages.shipping_info", SHIP, fix_package
    ),
    Endpoint("POST", f"{F}/orders/{{order_id}}/shipping_info/update", "orders.shipping_info", LOGISTICS, fix_order),
    Endpoint("POST", f"{F}/packages/search", "packages.search", SHIP, search_packages),
    Endpoint("GET", f"{F}/packages/{{package_id}}", "packages.detail", SHIP, package_detail),
    Endpoint("GET", f"{F}/orders/{{order_id}}/tracking", "orders.tracking", LOGISTICS, tracking),
    Endpoint("GET", "/logistics/202309/warehouses", "warehouses.list", LOGISTICS, list_warehouses),
    Endpoint(
        "GET",
        "/logistics/202309/warehouses/{warehouse_id}/delivery_options",
        "delivery_options.list",
        LOGISTICS,
        delivery_options,
    ),
    Endpoint(
        "GET",
        "/logistics/202309/delivery_options/{delivery_option_id}/shipping_providers",
        "shipping_providers.list",
        (*SHIP, *LOGISTICS),
        shipping_providers,
    ),
)
