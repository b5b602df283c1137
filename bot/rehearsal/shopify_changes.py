"""What happens to an order afterwards: edits, tags, cancelling, refunds, payment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.rehearsal import shopify_payloads as payloads
from bot.rehearsal.shopify_checks import address, check_address, check_contact, check_tags
from bot.rehearsal.shopify_context import Context, namespace_of, user_error
from bot.rehearsal.shopify_order_parts import OPEN, Bag, Metafield, Payment, Refund, RefundLine, restock
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import Entity, Location, Product, gid

Input = Mapping[str, Any]
Errors = list[dict[str, Any]]


def update_order(ctx: Context, given: Input) -> tuple[Order | None, Errors]:
    """orderUpdate: each given field overwrites what was there."""
    order = ctx.store.orders.get(given["id"])
    if order is None:
        return None, [user_error(["id"], "Order does not exist")]
    errors = check_address(given.get("shippingAddress"), ["shippingAddress"], ctx.store.requires)
    errors += check_contact(given, []) + check_tags(given.get("tags") or [], ["tags"])
    if errors:
        return order, errors
    for name, attribute in (("note", "note"), ("email", "email"), ("phone", "phone"), ("poNumber", "po_number")):
        if name in given:
            setattr(order, attribute, given[name])
    if "shippingAddress" in given:
        order.shipping_address = address(given["shippingAddress"])
    if given.get("tags") is not None:
        order.tags = list(given["tags"])
    if given.get("customAttributes") is not None:
        order.custom_attributes = [{"key": a["key"], "value": a["value"]} for a in given["customAttributes"]]
    for one in given.get("metafields") or []:
        _set_metafield(ctx, order, one)
    _changed(ctx, order)
    return order, []


def _set_metafield(ctx: Context, order: Order, given: Input) -> None:
    namespace, key = namespace_of(given.get("namespace")), given["key"]
    kept = [one for one in order.metafields if (one.namespace, one.key) != (namespace, key)]
    kind = given.get("type") or "single_line_text_field"
    new = Metafield(gid("Metafield"), namespace, key, given["value"], kind, ctx.now, ctx.now)
    order.metafields = [*kept, new]


def _changed(ctx: Context, order: Order, *topics: str) -> None:
    order.touch(ctx.now)
    ctx.tell_order(order, *topics, "orders/updated")


def change_tags(ctx: Context, id: str, tags: list[str], add: bool) -> tuple[Any, Errors]:
    """tagsAdd and tagsRemove on an order or a product; tags are compared without case, a list may hold commas."""
    node = ctx.store.find(id)
    if not isinstance(node, (Order, Product)):
        return None, [user_error(["id"], "Resource does not exist")]
    given = [part.strip() for tag in tags for part in tag.split(",") if part.strip()]
    if add and (errors := check_tags(given, ["tags"])):
        return node, errors
    kept = {tag.casefold(): tag for tag in node.tags}
    for tag in given:
        if add:
            kept.setdefault(tag.casefold(), tag)
        else:
            kept.pop(tag.casefold(), None)
    if list(kept.values()) != node.tags:
        node.tags = sorted(kept.values(), key=str.casefold)
        if isinstance(node, Order):
            _changed(ctx, node)
        else:
            node.updated_at = ctx.now
            ctx.tell_product(node)
    return node, []


@dataclass(eq=False, repr=False)
class CancelJob(Entity):
    """The asynchronous outcome of an orderCancel."""

    id: str
    order: Order
    done: bool = False
    status: str = "STARTED"
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Job(Entity):
    id: str
    result: CancelJob

    @property
    def done(self) -> bool:
        return self.result.done


def cancel_order(ctx: Context, args: Input) -> tuple[Job | None, Errors]:
    """Accepts the cancellation or refuses it; the work is done `cancel_delay` seconds later."""
    order = ctx.store.orders.get(args["orderId"])
    if order is None:
        return None, [user_error(["orderId"], "Order does not exist", "NOT_FOUND")]
    method = args.get("refundMethod") or {}
    problem = _uncancellable(order)
    if args.get("refund") is not None and method:
        problem = "Only one of refund and refundMethod is allowed"
    if len(args.get("staffNote") or "") > 255:
        problem = "Staff note is too long (maximum is 255 characters)"
    if problem:
        return None, [user_error(["orderId"], problem, "INVALID")]
    result = CancelJob(gid("OrderCancelJobResult"), order)
    job = Job(gid("Job"), result)
    ctx.store.nodes[job.id], ctx.store.nodes[result.id] = job, result
    due = ctx.now + timedelta(seconds=ctx.store.cancel_delay)
    ctx.store.due.append((due, lambda: _finish_cancel(ctx, result, args, due)))
    if ctx.store.cancel_delay <= 0:
        ctx.store.settle(ctx.now)
    return job, []


def _uncancellable(order: Order) -> str | None:
    if order.cancelled_at:
        return "Order has already been cancelled"
    if any(one.status == "SUCCESS" for one in order.fulfillments):
        return "Cannot cancel an order with fulfilled items"
    if any(one.status == "PENDING" for one in order.transactions):
        return "Cannot cancel an order with a pending payment"
    return None


def _finish_cancel(ctx: Context, result: CancelJob, args: Input, at: Any) -> None:
    order = result.order
    ctx.now = at
    result.done = True
    if problem := _uncancellable(order):
        result.status, result.errors = "FAILED", [user_error(["orderId"], problem, "INVALID")]
        return
    result.status = "SUCCEEDED"
    order.cancelled_at, order.cancel_reason = at, args["reason"]
    order.closed_at = at
    order.cancellation = {"staff_note": args.get("staffNote")}
    refund = Refund(gid("Refund"), order, args.get("staffNote"), at)
    for line in order.lines:
        units = line.current_quantity
        if args["restock"]:
            for level in restock(line, units, None, at):
                ctx.tell_level(level)
        kind = "CANCEL" if args["restock"] else "NO_RESTOCK"
        amount = line.unit.times(units)
        refund.lines.append(RefundLine(gid("RefundLineItem"), line, units, kind, args["restock"], None, amount))
        line.removed = line.quantity
    for routed in order.fulfilment_orders:
        routed.status, routed.updated_at = "CANCELLED", at
    paid_back = args.get("refund") or (args.get("refundMethod") or {}).get("originalPaymentMethodsRefund")
    left = order.received.minus(order.refunded)
    if paid_back and left.shop > 0:
        refund.paid.append(_repay(ctx, order, left, None))
    order.refunds.append(refund)
    ctx.store.nodes[refund.id] = refund
    _changed(ctx, order, "orders/cancelled")
    ctx.hooks.queue(ctx.store, "refunds/create", lambda: payloads.refund(refund))


def _repay(ctx: Context, order: Order, amount: Bag, parent: Payment | None) -> Payment:
    parent = parent or next((one for one in order.transactions if one.kind in ("SALE", "CAPTURE")), None)
    gateway = parent.gateway if parent else None
    payment = Payment(gid("OrderTransaction"), order, "REFUND", "SUCCESS", amount, ctx.now, ctx.now, gateway)
    payment.parent_transaction = parent
    order.transactions.append(payment)
    return payment


def mark_paid(ctx: Context, id: str) -> tuple[Order | None, Errors]:
    order = ctx.store.orders.get(id)
    if order is None:
        return None, [user_error(["id"], "Order does not exist")]
    if not order.can_mark_as_paid:
        return order, [user_error(["id"], "Order cannot be marked as paid.")]
    payment = Payment(gid("OrderTransaction"), order, "SALE", "SUCCESS", order.outstanding, ctx.now, ctx.now, "manual")
    order.transactions.append(payment)
    _changed(ctx, order, "orders/paid")
    return order, []


def create_refund(ctx: Context, given: Input) -> tuple[Order | None, Refund | None, Errors]:
    """refundCreate. Amounts are in the presentment currency; shop and presentment move in the same proportion."""
    order = ctx.store.orders.get(given["orderId"])
    if order is None:
        return None, None, [user_error(["orderId"], "Order does not exist")]
    errors = _refund_errors(ctx, order, given)
    if errors:
        return order, None, errors
    refund = Refund(gid("Refund"), order, given.get("note"), ctx.now)
    for one in given.get("refundLineItems") or []:
        _refund_line(ctx, order, refund, one)
    shipping = given.get("shipping") or {}
    if shipping.get("fullRefund"):
        refund.shipping = Bag(*(sum((x[i] for x in (s.price for s in order.shipping)), Decimal(0)) for i in (0, 1)))
    elif shipping.get("amount"):
        refund.shipping = _as_bag(order, Decimal(str(shipping["amount"])))
    by_id = {one.id: one for one in order.transactions}
    for one in given.get("transactions") or []:
        amount = _as_bag(order, Decimal(str(one["amount"])))
        refund.paid.append(_repay(ctx, order, amount, by_id.get(one.get("parentId") or "")))
    order.refunds.append(refund)
    ctx.store.nodes[refund.id] = refund
    _changed(ctx, order)
    ctx.hooks.queue(ctx.store, "refunds/create", lambda: payloads.refund(refund))
    return order, refund, []


def _as_bag(order: Order, shown: Decimal) -> Bag:
    if order.currency_code == order.presentment_currency_code or not order.total.shown:
        return Bag(shown, shown)
    return Bag((shown * order.total.shop / order.total.shown).quantize(Decimal("0.01")), shown)


def _refund_errors(ctx: Context, order: Order, given: Input) -> Errors:
    foreign = order.presentment_currency_code != order.currency_code
    if foreign and given.get("currency") != order.presentment_currency_code:
        return [user_error(["currency"], "Currency is required and must be the presentment currency")]
    lines = {line.id: line for line in order.lines}
    errors: Errors = []
    for place, one in enumerate(given.get("refundLineItems") or []):
        path = ["refundLineItems", str(place)]
        line = lines.get(one["lineItemId"])
        if line is None:
            errors.append(user_error([*path, "lineItemId"], "Line item does not exist"))
            continue
        if not 0 < one["quantity"] <= line.refundable_quantity:
            message = "Quantity cannot refund more items than were purchased"
            errors.append(user_error([*path, "quantity"], message))
        kind, location = one.get("restockType") or "NO_RESTOCK", one.get("locationId")
        if kind == "RETURN" and location not in ctx.store.locations:
            errors.append(user_error([*path, "locationId"], "Location is required to restock a return"))
        if kind == "CANCEL" and one["quantity"] > line.unfulfilled_quantity:
            errors.append(user_error([*path, "restockType"], "Fulfilled items can't be restocked as cancelled"))
    for place, one in enumerate(given.get("transactions") or []):
        path = ["transactions", str(place)]
        if one["kind"] != "REFUND":
            errors.append(user_error([*path, "kind"], "Kind must be REFUND"))
    amount = sum((Decimal(str(one["amount"])) for one in given.get("transactions") or []), Decimal(0))
    if amount > order.received.shown - order.refunded.shown and not given.get("allowOverRefunding"):
        errors.append(user_error(["transactions"], "Refund amount is more than the order's available balance"))
    return errors


def _refund_line(ctx: Context, order: Order, refund: Refund, given: Input) -> None:
    line = next(one for one in order.lines if one.id == given["lineItemId"])
    units, kind = given["quantity"], given.get("restockType") or "NO_RESTOCK"
    location: Location | None = ctx.store.locations.get(given.get("locationId") or "")
    if kind in ("CANCEL", "RETURN"):
        for level in restock(line, units, location, ctx.now, shipped=kind == "RETURN"):
            ctx.tell_level(level)
    if kind != "RETURN":
        _shrink(order, line, units)
    line.removed += units
    restocked = kind in ("CANCEL", "RETURN")
    amount = line.unit.times(units)
    refund.lines.append(RefundLine(gid("RefundLineItem"), line, units, kind, restocked, location, amount))


def _shrink(order: Order, line: Any, units: int) -> None:
    """Refunded units that were never shipped leave the open fulfilment orders."""
    for routed in order.fulfilment_orders:
        if routed.status not in OPEN:
            continue
        for part in routed.lines:
            if part.line_item is line:
                gone = min(units, part.remaining_quantity)
                part.remaining_quantity -= gone
                part.quantity -= gone
                units -= gone
        if not any(part.remaining_quantity for part in routed.lines):
            routed.status = "CLOSED" if order.fulfillments else "CANCELLED"
