"""Endpoints of the fake TikTok Shop for orders, external references, cancellations and returns."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bot.rehearsal.tiktok_sales import UNSEEN, Books
from bot.rehearsal.tiktok_wire import Ask, Endpoint, Refusal, money, page, rows, texts, whole
from bot.rehearsal.tiktok_world import Shop

STATUSES = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)
PLATFORMS = frozenset(
    {"SHOPIFY", "WOOCOMMERCE", "BIGCOMMERCE", "MAGENTO", "SALESFORCE_COMMERCE_CLOUD", "ORDER_MANAGEMENT"}
)
DETAIL_ONLY = ("combined_listing_skus", "sub_item_info")
SELLER_REASONS = frozenset(
    {
        "seller_cancel_reason_out_of_stock",
        "seller_cancel_reason_wrong_price",
        "seller_cancel_unpaid_reason_out_of_stock",
        "seller_cancel_unpaid_reason_wrong_price",
        "seller_cancel_unpaid_reason_buyer_hasnt_paid_within_time_allowed",
        "seller_cancel_unpaid_reason_buyer_requested_cancellation",
        "seller_cancel_paid_reason_address_not_deliver",
        "seller_cancel_paid_reason_buyer_requested_cancellation",
    }
)


def own_order(books: Books, shop: Shop, order_id: str) -> dict[str, Any]:
    """The shop's order, or the refusal for one that is another's, or nobody's."""
    order = books.sales.orders.get(order_id)
    if order is None or order_id in books.sales.unreadable or books.sales.order_shop[order_id] != shop.id:
        raise Refusal(21008111, "The order or package does not belong to the current seller.")
    return order


def _masked(text: str) -> str:
    return " ".join(word[0] + "***" for word in text.split())


def shown(books: Books, order: dict[str, Any], *, detail: bool) -> dict[str, Any]:
    """The order as the API tells it: no address before its release, masked where TikTok ships, parts in detail only."""
    told = dict(order)
    address = dict(order.get("recipient_address") or {})
    if order["status"] in UNSEEN:
        region = books.world.shops[books.sales.order_shop[order["id"]]].region
        address = {k: [] if k == "district_info" else "" for k in address if k != "delivery_preferences"}
        address["region_code"] = region
    elif order.get("shipping_type") == "TIKTOK" or order.get("fulfillment_type") == "FULFILLMENT_BY_TIKTOK":
        hidden = ("name", "first_name", "last_name", "full_address", "address_detail", "address_line1", "address_line2")
        address |= {k: _masked(address[k]) for k in hidden if address.get(k) and "*" not in address[k]}
        phone = address.get("phone_number", "")
        if phone and "*" not in phone:
            address["phone_number"] = re.sub(r"\d(?=\d{2})", "*", phone)
    told["recipient_address"] = address
    hide = () if detail else DETAIL_ONLY
    told["line_items"] = [{k: v for k, v in line.items() if k not in hide} for line in order["line_items"]]
    return told


def _sorted(found: list[dict[str, Any]], ask: Ask) -> list[dict[str, Any]]:
    field, order = ask.query.get("sort_field") or "create_time", ask.query.get("sort_order") or "DESC"
    if field not in ("create_time", "update_time"):
        raise Refusal(36009004, "param query.sort_field is invalid", 400)
    if order not in ("ASC", "DESC"):
        raise Refusal(36009004, "param query.sort_order is invalid", 400)
    return sorted(found, key=lambda row: row[field], reverse=order == "DESC")


def _in_time(body: dict[str, Any], found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """`_ge` is inclusive, `_lt` is not: orders differ from products here."""
    kept = list(found)
    for field in ("create_time", "update_time"):
        low, high = whole(body, f"{field}_ge"), whole(body, f"{field}_lt")
        kept = [r for r in kept if (low is None or r[field] >= low) and (high is None or r[field] < high)]
    return kept


def _page(found: list[dict[str, Any]], ask: Ask, most: int) -> tuple[list[dict[str, Any]], str]:
    wrong = "missing" if "page_size" not in ask.query else "invalid"
    part, token, _ = page(
        found,
        ask,
        most=most,
        bad_size=Refusal(36009004, f"param query.page_size is {wrong}", 400),
        bad_token=Refusal(36009004, "param query.page_token is invalid", 400),
    )
    return part, token


# orders


def search_orders(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    body = ask.body
    status = body.get("order_status")
    if status is not None and status not in STATUSES:
        raise Refusal(36009004, "param body.order_status is invalid", 400)
    places = texts(body, "warehouse_ids")

    def fits(order: dict[str, Any]) -> bool:
        return (
            books.sales.order_shop[order["id"]] == shop.id
            and order["id"] not in books.sales.unreadable
            and status in (None, order["status"])
            and body.get("shipping_type") in (None, order.get("shipping_type"))
            and body.get("buyer_user_id") in (None, order.get("user_id"))
            and body.get("is_buyer_request_cancel") in (None, order.get("is_buyer_request_cancel", False))
            and (not places or order.get("warehouse_id") in places)
        )

    found = _sorted(_in_time(body, filter(fits, books.sales.orders.values())), ask)
    part, token = _page(found, ask, 100)
    told = [shown(books, order, detail=False) for order in part]
    return {"total_count": len(found), "next_page_token": token, "orders": told}


def order_detail(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """Up to 50 ids, comma-separated. An order that is not readable yet is left out, without an error."""
    ids = [part for part in ask.query.get("ids", "").split(",") if part]
    if not ids:
        raise Refusal(36009004, "param query.ids is missing", 400)
    if len(ids) > 50:
        raise Refusal(36009004, "param query.ids is invalid: at most 50", 400)
    sales = books.sales
    if any(sales.order_shop.get(i, shop.id) != shop.id for i in ids):
        raise Refusal(21008111, "The order or package does not belong to the current seller.")
    seen = [sales.orders[i] for i in dict.fromkeys(ids) if i in sales.orders and i not in sales.unreadable]
    return {"orders": [shown(books, order, detail=True) for order in seen]}


def price_detail(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    order = own_order(books, shop, ask.params["order_id"])
    payment, currency = order["payment"], order["payment"]["currency"]
    lines = [_line_price(line, currency) for line in order["line_items"]]
    return {
        "currency": currency,
        "total": payment["total_amount"],
        "payment": payment["total_amount"],
        "sku_list_price": payment["original_total_product_price"],
        "sku_sale_price": payment["sub_total"],
        "subtotal": payment["sub_total"],
        "subtotal_deduction_seller": payment["seller_discount"],
        "subtotal_deduction_platform": payment["platform_discount"],
        "subtotal_tax_amount": payment.get("product_tax", payment.get("tax", "0")),
        "shipping_list_price": payment["original_shipping_fee"],
        "shipping_sale_price": payment["shipping_fee"],
        "shipping_fee_deduction_seller": payment["shipping_fee_seller_discount"],
        "shipping_fee_deduction_platform": payment["shipping_fee_platform_discount"],
        "tax_amount": payment.get("tax", "0"),
        "net_price_amount": payment["sub_total"],
        "line_items": lines,
    }


def _line_price(line: dict[str, Any], currency: str) -> dict[str, Any]:
    tax = sum((Decimal(part["tax_amount"]) for part in line.get("item_tax", [])), Decimal(0))
    total = money(Decimal(line["sale_price"]) + tax, currency)
    return {
        "id": line["id"],
        "currency": currency,
        "total": total,
        "payment": total,
        "sku_list_price": line["original_price"],
        "sku_sale_price": line["sale_price"],
        "subtotal": line["sale_price"],
        "subtotal_deduction_seller": line["seller_discount"],
        "subtotal_deduction_platform": line["platform_discount"],
        "subtotal_tax_amount": money(tax, currency),
        "tax_amount": money(tax, currency),
        "net_price_amount": line["sale_price"],
    }


# external references


def add_references(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """One reference per order and platform, written over by the next; errors are told per order."""
    wanted = rows(ask.body, "orders")
    if not wanted:
        raise Refusal(36009004, "param body.orders is missing", 400)
    if len(wanted) > 100:
        raise Refusal(36009004, "param body.orders is invalid: at most 100", 400)
    errors = []
    for wish in wanted:
        outer = wish.get("external_order")
        if not isinstance(outer, dict) or not outer.get("id"):
            raise Refusal(36009004, "param body.orders.external_order.id is missing", 400)
        if outer.get("platform") not in PLATFORMS:
            raise Refusal(36009004, "param body.orders.external_order.platform is invalid", 400)
        fault = _reference_fault(books, shop, wish, outer)
        if fault is None:
            books.sales.references.setdefault(wish["id"], {})[outer["platform"]] = outer
        else:
            about = {"order_id": wish.get("id", ""), "external_order": {k: outer[k] for k in ("id", "platform")}}
            errors.append({"code": 36020001, "message": fault, "detail": about})
    return {"errors": errors} if errors else {}


def _reference_fault(books: Books, shop: Shop, wish: dict[str, Any], outer: dict[str, Any]) -> str | None:
    order = books.sales.orders.get(wish.get("id", ""))
    if order is None or books.sales.order_shop[order["id"]] != shop.id:
        return "Invalid order_id"
    own = {line["id"] for line in order["line_items"]}
    if any(line.get("origin_id") not in own for line in rows(outer, "line_items")):
        return "Invalid origin_id"
    return None


def _platform(ask: Ask) -> str:
    platform = ask.query.get("platform")
    if not platform:
        raise Refusal(36009004, "param query.platform is missing", 400)
    if platform not in PLATFORMS:
        raise Refusal(36009004, "param query.platform is invalid", 400)
    return platform


def list_references(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    order = own_order(books, shop, ask.params["order_id"])
    found = books.sales.references.get(order["id"], {}).get(_platform(ask))
    return {"external_orders": [found] if found else []}


def search_references(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    platform, outer_id = _platform(ask), ask.query.get("external_order_id")
    if not outer_id:
        raise Refusal(36009004, "param query.external_order_id is missing", 400)
    found = []
    for order_id, by_platform in books.sales.references.items():
        outer = by_platform.get(platform)
        if outer and outer["id"] == outer_id and books.sales.order_shop[order_id] == shop.id:
            found.append({"id": order_id, "external_order": outer})
    return {"orders": found}


# cancellations, returns


def _search(books: Books, shop: Shop, ask: Ask, found: Iterable[dict[str, Any]], filters: dict[str, str]) -> Any:
    kept = [row for row in found if books.sales.order_shop[row["order_id"]] == shop.id]
    for name, field in filters.items():
        chosen = texts(ask.body, name)
        if chosen:
            kept = [row for row in kept if row[field] in chosen]
    kept = _sorted(_in_time(ask.body, kept), ask)
    if not ask.query.get("page_size"):
        ask.query = ask.query | {"page_size": "10"}  # optional here
    part, token = _page(kept, ask, 50)
    return part, token, len(kept)


def search_cancellations(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    names = {"cancel_ids": "cancel_id", "order_ids": "order_id"}
    names |= {"cancel_types": "cancel_type", "cancel_status": "cancel_status"}
    part, token, total = _search(books, shop, ask, books.sales.cancellations.values(), names)
    return {"cancellations": part, "next_page_token": token, "total_count": total}


def search_returns(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    names = {"return_ids": "return_id", "order_ids": "order_id"}
    names |= {"return_types": "return_type", "return_status": "return_status"}
    part, token, total = _search(books, shop, ask, books.sales.returns.values(), names)
    return {"return_orders": part, "next_page_token": token, "total_count": total}


def cancel_order(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    """The seller cancels, whole or (US and UK, out of stock) some lines."""
    body, reason = ask.body, ask.body.get("cancel_reason")
    if not body.get("order_id") or not reason:
        raise Refusal(25001001, "An invalid request parameter was passed.")
    order = books.sales.orders.get(body["order_id"])
    if order is None or books.sales.order_shop[order["id"]] != shop.id:
        raise Refusal(25020005, "No permission to process this order")
    if order["status"] in ("CANCELLED", "COMPLETED"):
        raise Refusal(25001051, "Not allowed to return or cancel since order is completed or cancelled")
    if order["status"] not in ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"):
        raise Refusal(25001045, "The order has already been shipped and we are unable to cancel shipment.")
    if reason not in SELLER_REASONS:
        raise Refusal(25001014, "Unknown return reason. Please ensure you are passing a valid return reason.")
    if ("unpaid" in reason) != (order["status"] == "UNPAID"):
        raise Refusal(25001021, "Reason not match order status")
    chosen = _cancelled_lines(order, body)
    if len(chosen) < len(order["line_items"]) and (shop.region not in ("US", "GB") or "out_of_stock" not in reason):
        raise Refusal(25005010, "Unable to cancel individual line items within this request.")
    cancel_id = books.sales.cancel(order["id"], by="SELLER", reason=reason, line_ids=chosen)
    return {"cancel_id": cancel_id, "cancel_status": "CANCELLATION_REQUEST_SUCCESS"}


def _cancelled_lines(order: dict[str, Any], body: dict[str, Any]) -> list[str]:
    open_lines = [line for line in order["line_items"] if line.get("display_status") != "CANCELLED"]
    named = texts(body, "order_line_item_ids")
    if named:
        if not set(named) <= {line["id"] for line in open_lines}:
            raise Refusal(25005011, "The requested line item(s) for return or refund exceeds the allowable limit.")
        return named
    chosen: list[str] = []
    for wish in rows(body, "skus"):
        of_sku = [line["id"] for line in open_lines if line["sku_id"] == wish.get("sku_id")]
        quantity = whole(wish, "quantity") or 0
        if not 0 < quantity <= len(of_sku):
            raise Refusal(25005011, "The requested line item(s) for return or refund exceeds the allowable limit.")
        chosen += of_sku[:quantity]
    return chosen or [line["id"] for line in open_lines]


def _pending(books: Books, shop: Shop, ask: Ask, late: Refusal) -> tuple[dict[str, Any], bool]:
    """The cancellation, and whether this very answer (by idempotency key) was given before."""
    row = books.sales.cancellations.get(ask.params["cancel_id"])
    if row is None or books.sales.order_shop[row["order_id"]] != shop.id:
        raise Refusal(25007006, "Order not found.")
    key = ask.query.get("idempotency_key")
    if key and books.sales.answers.get(row["cancel_id"]) == key:
        return row, True
    if row["cancel_status"] != "CANCELLATION_REQUEST_PENDING":
        raise late
    if key:
        books.sales.answers[row["cancel_id"]] = key
    return row, False


def approve_cancellation(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    late = Refusal(25011012, "reverse status cannot approve application")
    row, again = _pending(books, shop, ask, late)
    if not again:
        books.sales.answer_cancel(row["cancel_id"], approve=True)
    return {}


def reject_cancellation(books: Books, shop: Shop, ask: Ask) -> dict[str, Any]:
    if not ask.body.get("reject_reason"):
        raise Refusal(25001001, "An invalid request parameter was passed.")
    late = Refusal(25011011, "reverse status cannot reject application")
    row, again = _pending(books, shop, ask, late)
    if not again:
        books.sales.answer_cancel(row["cancel_id"], approve=False)
    return {}


INFO, AFTER = ("seller.order.info",), ("seller.return_refund.basic",)
READ_REF = ("seller.order.ext_ref.read",)
WRITE_REF = ("seller.order.ext_ref.write", "seller.order.ext_ref.write.custom")
REFS = "/order/202406/orders"
CANCELS = "/return_refund/202309/cancellations"
ENDPOINTS = (
    Endpoint("POST", "/order/202309/orders/search", "orders.search", INFO, search_orders),
    Endpoint("GET", "/order/202507/orders", "orders.detail", INFO, order_detail),
    Endpoint("GET", "/order/202309/orders", "orders.detail", INFO, order_detail),
    Endpoint("GET", "/order/202407/orders/{order_id}/price_detail", "orders.price_detail", INFO, price_detail),
    Endpoint("POST", f"{REFS}/external_orders", "external_orders.add", WRITE_REF, add_references),
    Endpoint("GET", f"{REFS}/{{order_id}}/external_orders", "external_orders.get", READ_REF, list_references),
    Endpoint("POST", f"{REFS}/external_order_search", "external_orders.search", READ_REF, search_references),
    Endpoint("POST", f"{CANCELS}/search", "cancellations.search", AFTER, search_cancellations),
    Endpoint("POST", CANCELS, "cancellations.create", AFTER, cancel_order),
    Endpoint("POST", "/return_refund/202602/cancellations/search", "cancellations.search", AFTER, search_cancellations),
    Endpoint("POST", "/return_refund/202602/cancellations", "cancellations.create", AFTER, cancel_order),
    Endpoint("POST", f"{CANCELS}/{{cancel_id}}/approve", "cancellations.approve", AFTER, approve_cancellation),
    Endpoint("POST", f"{CANCELS}/{{cancel_id}}/reject", "cancellations.reject", AFTER, reject_cancellation),
    Endpoint("POST", "/return_refund/202309/returns/search", "returns.search", AFTER, search_returns),
    Endpoint("POST", "/return_refund/202602/returns/search", "returns.search", AFTER, search_returns),
)
