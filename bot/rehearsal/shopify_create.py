"""orderCreate: not idempotent, BYPASS unless told otherwise, totals as Shopify computes them.

Source: the 2026-10 schema's OrderCreateOrderInput; https://shopify.dev/docs/api/admin-graphql/latest/mutations/ordercreate
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.rehearsal.shopify_checks import Checked, address, check_order
from bot.rehearsal.shopify_context import APP_ID, APP_NAME, Context, namespace_of, user_error
from bot.rehearsal.shopify_order_parts import (
    Bag,
    FulfillmentOrder,
    Line,
    Metafield,
    Payment,
    Shipping,
    Tax,
    new_part,
    total,
)
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Level, Location, Variant, gid, number_of, rounded

Input = Mapping[str, Any]


def when(text: Any, default: datetime) -> datetime:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else default


def bag_of(given: Input | None) -> Bag:
    """A MoneyBagInput; what is presented is the shop's money unless it is given."""
    if not given:
        return Bag()
    shop = Decimal(str(given["shopMoney"]["amount"]))
    shown = given.get("presentmentMoney")
    return Bag(shop, Decimal(str(shown["amount"])) if shown else shop)


def create_order(ctx: Context, given: Input, options: Input) -> tuple[Order | None, list[dict[str, Any]]]:
    """The new order, or None and the userErrors. Two calls make two orders, whatever they say."""
    errors = check_order(Checked(ctx.store, ctx.now, given))
    behaviour = options.get("inventoryBehaviour") or "BYPASS"
    if not errors and behaviour == "DECREMENT_OBEYING_POLICY":
        errors = _unclaimable(ctx, given)
    if not errors:
        errors = _taken_custom_ids(ctx, given)
    if errors:
        return None, errors
    order = _assemble(ctx, given)
    order.inventory_behaviour = behaviour
    _add_metafields(ctx, order, given)
    changed = _claim(ctx, order) if behaviour != "BYPASS" else []
    _route(ctx, order)
    ctx.store.orders[order.id] = order
    order.touch(ctx.now)
    ctx.tell_order(order, "orders/create")
    if order.display_financial_status == "PAID":
        ctx.tell_order(order, "orders/paid")
    for level in changed:
        ctx.tell_level(level)
    return order, []


def _variant(ctx: Context, line: Input) -> Variant | None:
    return ctx.store.variants.get(line.get("variantId") or "")


def _unclaimable(ctx: Context, given: Input) -> list[dict[str, Any]]:
    wanted: dict[str, int] = {}
    errors = []
    for place, line in enumerate(given["lineItems"]):
        variant = _variant(ctx, line)
        if variant is None or not variant.inventory_item.tracked or variant.inventory_policy == "CONTINUE":
            continue
        wanted[variant.id] = wanted.get(variant.id, 0) + line["quantity"]
        if wanted[variant.id] > variant.inventory_quantity:
            path = ["order", "lineItems", str(place), "quantity"]
            errors.append(user_error(path, "Unable to reserve inventory", "INVENTORY_CLAIM_FAILED"))
    return errors


def _taken_custom_ids(ctx: Context, given: Input) -> list[dict[str, Any]]:
    if ctx.store.duplicate_custom_id != "refuse":
        return []
    for place, field in enumerate(given.get("metafields") or []):
        key = (namespace_of(field.get("namespace")), field["key"], field["value"])
        if key in ctx.store.custom_ids:
            path = ["order", "metafields", str(place), "value"]
            return [user_error(path, "Value has already been taken", "INVALID")]
    return []


def _assemble(ctx: Context, given: Input) -> Order:
    store = ctx.store
    currency = store.currency_code
    number = store.next_order
    store.next_order += 1
    order = Order(
        gid("Order"),
        store,
        given.get("name") or f"#{number}",
        number,
        ctx.now,
        min(when(given.get("processedAt"), ctx.now), ctx.now),
        ctx.now,
        currency,
        given.get("presentmentCurrency") or currency,
        taxes_included=bool(given.get("taxesIncluded", False)),
        tags=_distinct(given.get("tags") or []),
        custom_attributes=[{"key": a["key"], "value": a["value"]} for a in given.get("customAttributes") or []],
        note=given.get("note"),
        email=given.get("email"),
        phone=given.get("phone"),
        po_number=given.get("poNumber"),
        source_name=given.get("sourceName") or str(number_of(APP_ID)),
        source_identifier=given.get("sourceIdentifier"),
        registered_source_url=given.get("sourceUrl"),
        shipping_address=address(given.get("shippingAddress")),
        billing_address=address(given.get("billingAddress")),
        test=bool(given.get("test", False)),
        app={"id": APP_ID, "name": APP_NAME},
        forced_status=given.get("financialStatus"),
    )
    order.lines = [_line(ctx, order, line) for line in given["lineItems"]]
    order.shipping = [_shipping(order, line) for line in given.get("shippingLines") or []]
    _compute(order, given)
    order.transactions = [_payment(ctx, order, one) for one in given.get("transactions") or []]
    return order


def _distinct(tags: list[str]) -> list[str]:
    kept: dict[str, str] = {}
    for tag in tags:
        kept.setdefault(tag.strip().casefold(), tag.strip())
    return sorted(kept.values(), key=str.casefold)


def _line(ctx: Context, order: Order, given: Input) -> Line:
    variant = _variant(ctx, given)
    price = Decimal(variant.price) if variant else Decimal(0)
    unit = bag_of(given["priceSet"]) if given.get("priceSet") else Bag(price, price)
    line = Line(
        gid("LineItem"),
        order,
        given.get("title") or (variant.product.title if variant else ""),
        given["quantity"],
        unit,
        variant_id=variant.id if variant else None,
        sku=given.get("sku") if given.get("sku") is not None else (variant.sku if variant else None),
        variant_title=given.get("variantTitle") or (variant.title if variant and variant.options else None),
        vendor=given.get("vendor") or (variant.product.vendor if variant else None),
        requires_shipping=bool(given.get("requiresShipping", False)),
        taxable=given.get("taxable") is not False,
        custom_attributes=[{"key": p["name"], "value": p["value"]} for p in given.get("properties") or []],
        item=variant.inventory_item if variant else None,
    )
    line.tax_lines = _taxes(order, given, unit.times(line.quantity))
    return line


def _shipping(order: Order, given: Input) -> Shipping:
    price = bag_of(given["priceSet"])
    code, source = given.get("code"), given.get("source")
    line = Shipping(gid("ShippingLine"), order, given["title"], price, code, source)
    line.tax_lines = _taxes(order, given, price)
    return line


def _taxes(order: Order, given: Input, base: Bag) -> list[Tax]:
    taxes = []
    for one in given.get("taxLines") or []:
        rate = Decimal(str(one["rate"]))
        price = bag_of(one["priceSet"]) if one.get("priceSet") else None
        if price is None:
            share = rate / (1 + rate) if order.taxes_included else rate
            part = base.times(share)
            shown = rounded(part.shown, order.presentment_currency_code)
            price = Bag(rounded(part.shop, order.currency_code), shown)
        taxes.append(Tax(order, one["title"], rate, price, one.get("channelLiable")))
    return taxes


def _compute(order: Order, given: Input) -> None:
    """Σ unit × quantity − discount + shipping + tax (unless the prices include it)."""
    goods = total(line.unit.times(line.quantity) for line in order.lines)
    shipping = total(line.price for line in order.shipping)
    code: Input = given.get("discountCode") or {}
    if fixed := code.get("itemFixedDiscountCode"):
        off = bag_of(fixed.get("amountSet"))
        order.discount = Bag(min(off.shop, goods.shop), min(off.shown, goods.shown))
    elif percent := code.get("itemPercentageDiscountCode"):
        off = goods.times(Decimal(str(percent.get("percentage") or 0)) / 100)
        shown = rounded(off.shown, order.presentment_currency_code)
        order.discount = Bag(rounded(off.shop, order.currency_code), shown)
    elif code.get("freeShippingDiscountCode"):
        order.discount = shipping
    order.discount_code = next((part["code"] for part in code.values() if part), None)
    order.tax_lines = _taxes(order, given, goods.minus(order.discount))
    on_lines = [tax for line in order.lines for tax in line.tax_lines]
    on_shipping = [tax for line in order.shipping for tax in line.tax_lines]
    order.tax = total(tax.price for tax in order.tax_lines + on_lines + on_shipping)
    free_shipping = bool(code.get("freeShippingDiscountCode"))
    order.subtotal = goods if free_shipping else goods.minus(order.discount)
    order.total = goods.minus(order.discount).plus(shipping)
    if not order.taxes_included:
        order.total = order.total.plus(order.tax)
    if not order.tax_lines:
        order.tax_lines = on_lines + on_shipping


def _payment(ctx: Context, order: Order, given: Input) -> Payment:
    kind, status = given.get("kind") or "SALE", given.get("status") or "SUCCESS"
    at = when(given.get("processedAt"), ctx.now)
    amount, gateway = bag_of(given["amountSet"]), given.get("gateway")
    payment = Payment(gid("OrderTransaction"), order, kind, status, amount, ctx.now, at, gateway)
    payment.test = bool(given.get("test", False))
    payment.manual_payment_gateway = True
    return payment


def _add_metafields(ctx: Context, order: Order, given: Input) -> None:
    for one in given.get("metafields") or []:
        namespace = namespace_of(one.get("namespace"))
        definition = ctx.store.definitions.get((namespace, one["key"]))
        kind = one.get("type") or (definition["type"]["name"] if definition else "single_line_text_field")
        taken = (namespace, one["key"], one["value"])
        if kind == "id":
            if taken in ctx.store.custom_ids:
                continue  # the value belongs to another order: this one stays without the metafield
            ctx.store.custom_ids[taken] = order
        field = Metafield(gid("Metafield"), namespace, one["key"], one["value"], kind, ctx.now, ctx.now)
        order.metafields.append(field)


def _place_for(line: Line) -> Level | None:
    """Where the line is taken from: the first active location with enough, else the first that stocks it."""
    if line.item is None:
        return None
    levels = [one for one in line.item.levels.values() if one.is_active and one.location.is_active]
    return next((one for one in levels if one.available >= line.quantity), levels[0] if levels else None)


def _claim(ctx: Context, order: Order) -> list[Level]:
    changed: dict[str, Level] = {}
    for line in order.lines:
        level = _place_for(line)
        if level is None or line.item is None or not line.item.tracked:
            continue
        level.available -= line.quantity
        level.committed += line.quantity
        level.updated_at = ctx.now
        line.claims[level.location.id] = line.quantity
        line.location = level.location
        changed[level.id] = level
    return list(changed.values())


def _route(ctx: Context, order: Order) -> None:
    """Fulfilment orders, one per location; they appear `routing_delay` seconds after the order."""
    homes: dict[Location, list[Line]] = {}
    fallback = next((one for one in ctx.store.locations.values() if one.is_active), None)
    for line in order.lines:
        level = _place_for(line)
        line.location = line.location or (level.location if level else fallback)
        if line.requires_shipping and line.location:
            homes.setdefault(line.location, []).append(line)
    at = ctx.now + timedelta(seconds=ctx.store.routing_delay)
    for location, lines in homes.items():
        parts = [new_part(line, line.quantity, "FulfillmentOrderLineItem") for line in lines]
        routed = FulfillmentOrder(gid("FulfillmentOrder"), order, location, parts, at, at)
        order.fulfilment_orders.append(routed)
        ctx.store.nodes[routed.id] = routed
