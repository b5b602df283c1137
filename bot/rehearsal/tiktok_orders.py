"""How the fake TikTok Shop composes an order: one line item per unit, sums that agree to the smallest coin."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.rehearsal.tiktok_wire import Ids, money, spread
from bot.rehearsal.tiktok_world import World

DELIVERY = ("7091146663229654785", "Standard Shipping")


def us_address() -> dict[str, Any]:
    """An invented buyer's address in the official shape."""
    levels = (("Country", "United States"), ("State", "Texas"), ("County", "Travis"), ("City", "Austin"))
    return {
        "full_address": "1200 Sample Ave, Apt 5, Austin, TX 78701, United States",
        "phone_number": "(+1)5125550142",
        "name": "Jane Sample",
        "first_name": "Jane",
        "last_name": "Sample",
        "address_detail": "1200 Sample Ave Apt 5",
        "address_line1": "1200 Sample Ave",
        "address_line2": "Apt 5",
        "address_line3": "",
        "address_line4": "",
        "district_info": [
            {"address_level": f"L{n}", "address_level_name": level, "address_name": name}
            for n, (level, name) in enumerate(levels)
        ],
        "delivery_preferences": {"drop_off_location": ""},
        "postal_code": "78701",
        "region_code": "US",
    }


def units_of(
    world: World, ids: Ids, shop_id: str, lines: Sequence[tuple[str, int] | Mapping[str, Any]]
) -> list[dict[str, Any]]:
    units = []
    for given in lines:
        wish = {"sku_id": given[0], "quantity": given[1]} if isinstance(given, tuple) else dict(given)
        sku_id, quantity = wish.pop("sku_id"), int(wish.pop("quantity", 1))
        if world.sku_shop(sku_id) != shop_id:
            raise ValueError(f"SKU {sku_id} is not of shop {shop_id}")
        sku = world.sku(sku_id)
        product = world.products[world.sku_product[sku_id]]
        price = wish.pop("price", sku["price"]["tax_exclusive_price"])
        names = [a.get("value_name", "") for a in sku.get("sales_attributes", [])]
        line = {
            "sku_id": sku_id,
            "product_id": product["id"],
            "product_name": product["title"],
            "sku_name": ", ".join(n for n in names if n) or "Default",
            "seller_sku": sku["seller_sku"],
            "currency": sku["price"]["currency"],
            "original_price": "0.00" if wish.get("is_gift") else price,
            "sku_type": "NORMAL",
            "is_gift": False,
            "is_dangerous_good": False,
            "needs_prescription": False,
            "gift_retail_price": price if wish.get("is_gift") else "0",
            "package_id": "",
        }
        if sku.get("combined_skus"):
            keys = ("sku_id", "sku_count", "product_id", "seller_sku")
            line["combined_listing_skus"] = [{k: c[k] for k in keys if k in c} for c in sku["combined_skus"]]
        units += [line | {"id": ids.next("line")} | wish for _ in range(quantity)]
    return units


def price_units(units: list[dict[str, Any]], off: dict[str, Decimal], tax: Decimal, currency: str) -> None:
    """Discounts and tax over the paid units, to the cent."""
    paid = [line for line in units if Decimal(line["original_price"]) > 0]
    if not paid and (tax or any(off.values())):
        raise ValueError("nothing is paid for: no discount and no tax can be spread over it")
    weights = [Decimal(line["original_price"]) for line in paid]
    shares = {name: spread(total, weights, currency) for name, total in off.items()}
    taxes = spread(tax, weights, currency)
    at = {line["id"]: n for n, line in enumerate(paid)}
    for line in units:
        n = at.get(line["id"])
        left = Decimal(line["original_price"])
        for name in off:
            part = Decimal(0) if n is None else shares[name][n]
            line[name] = money(part, currency)
            left -= part
        line["original_price"] = money(line["original_price"], currency)
        line["sale_price"] = money(left, currency)
        line["item_tax"] = []
        if n is not None and taxes[n]:
            line["item_tax"] = [{"tax_type": "SALES_TAX", "tax_amount": money(taxes[n], currency)}]


def payment_of(
    units: list[dict[str, Any]], off: dict[str, Decimal], tax: Decimal, fees: dict[str, Decimal], currency: str
) -> dict[str, Any]:
    original = sum((Decimal(line["original_price"]) for line in units), Decimal(0))
    sub_total = original - off["seller_discount"] - off["platform_discount"]
    shipping = fees["shipping"] - fees["shipping_discount"]
    total = sub_total + shipping + tax + fees["shipping_tax"] + fees["retail_delivery_fee"]
    told = {
        "original_total_product_price": original,
        "seller_discount": off["seller_discount"],
        "platform_discount": off["platform_discount"],
        "sub_total": sub_total,
        "original_shipping_fee": fees["shipping"],
        "shipping_fee_seller_discount": Decimal(0),
        "shipping_fee_platform_discount": fees["shipping_discount"],
        "shipping_fee_cofunded_discount": Decimal(0),
        "shipping_fee": shipping,
        "tax": tax + fees["shipping_tax"],
        "product_tax": tax,
        "shipping_fee_tax": fees["shipping_tax"],
        "retail_delivery_fee": fees["retail_delivery_fee"],
        "total_amount": total,
    }
    return {"currency": currency} | {name: money(amount, currency) for name, amount in told.items()}


def head_of(number: str, status: str, moment: int) -> dict[str, Any]:
    day = 86_400
    order = {
        "id": number,
        "status": status,
        "order_type": "NORMAL",
        "create_time": moment,
        "update_time": moment,
        "user_id": "7021436810468230477",
        "buyer_email": f"v4b{number[-6:]}@scs.tiktokw.us",
        "buyer_message": "",
        "seller_note": "",
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        "delivery_type": "HOME_DELIVERY",
        "delivery_option_id": DELIVERY[0],
        "delivery_option_name": DELIVERY[1],
        "payment_method_name": "CCDC",
        "commerce_platform": "TIKTOK_SHOP",
        "rts_sla_time": moment + 4 * day,
        "tts_sla_time": moment + 5 * day,
        "cancel_order_sla_time": moment + 7 * day,
        "shipping_due_time": moment + 7 * day,
        "packages": [],
    }
    flags = ("is_cod", "is_sample_order", "is_replacement_order", "is_exchange_order", "is_buyer_request_cancel")
    order |= dict.fromkeys((*flags, "has_updated_recipient_address"), False)
    order["is_on_hold_order"] = True
    if status != "UNPAID":
        order["paid_time"] = moment
    return order


def refund(total: Decimal | str, currency: str) -> dict[str, str]:
    """What a cancel or return pays back for the goods."""
    amount, nothing = money(total, currency), money(0, currency)
    parts = {"refund_shipping_fee": nothing, "refund_tax": nothing}
    return {"currency": currency, "refund_total": amount, "refund_subtotal": amount} | parts
