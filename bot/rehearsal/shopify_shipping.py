"""Fulfilment orders: holds, their release, and fulfilments with tracking."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.rehearsal import shopify_payloads as payloads
from bot.rehearsal.shopify_context import Context, user_error
from bot.rehearsal.shopify_order_parts import OPEN, Fulfillment, FulfillmentOrder, Hold, OrderPart, new_part
from bot.rehearsal.shopify_orders import Order
from bot.rehearsal.shopify_world import gid

Input = Mapping[str, Any]
Errors = list[dict[str, Any]]
MAX_HOLDS = 10


def routed(order: Order, now: datetime) -> list[FulfillmentOrder]:
    """The order's fulfilment orders that have appeared by `now`."""
    return [one for one in order.fulfilment_orders if one.created_at <= now]


def find(ctx: Context, id: str) -> FulfillmentOrder | None:
    found = ctx.store.nodes.get(id)
    return found if isinstance(found, FulfillmentOrder) and found.created_at <= ctx.now else None


def hold(ctx: Context, id: str, given: Input) -> tuple[FulfillmentOrder | None, Hold | None, Errors]:
    target = find(ctx, id)
    if target is None or target.status not in OPEN:
        missing = user_error(["id"], "Fulfillment order does not exist", "FULFILLMENT_ORDER_NOT_FOUND")
        return target, None, [missing]
    handle = given.get("handle") or ""
    if any((one.handle or "") == handle for one in target.fulfillment_holds):
        message = "The handle is already used by a hold of this app"
        error = user_error(["fulfillmentHold", "handle"], message, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
        return target, None, [error]
    if len(target.fulfillment_holds) >= MAX_HOLDS:
        return target, None, [user_error(["id"], "Too many holds", "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")]
    made = Hold(gid("FulfillmentHold"), given["reason"], given.get("reasonNotes"), given.get("handle"))
    target.fulfillment_holds.append(made)
    target.status, target.updated_at = "ON_HOLD", ctx.now
    target.order.touch(ctx.now)
    ctx.tell_order(target.order, "orders/updated")
    return target, made, []


def release(ctx: Context, id: str, hold_ids: list[str] | None) -> tuple[FulfillmentOrder | None, Errors]:
    target = find(ctx, id)
    if target is None:
        return None, [user_error(["id"], "Fulfillment order does not exist", "FULFILLMENT_ORDER_NOT_FOUND")]
    kept = [one for one in target.fulfillment_holds if hold_ids is not None and one.id not in hold_ids]
    target.fulfillment_holds = kept
    if target.status == "ON_HOLD" and not kept:
        target.status = "OPEN"
    target.updated_at = ctx.now
    target.order.touch(ctx.now)
    ctx.tell_order(target.order, "orders/updated")
    return target, []


def fulfil(ctx: Context, given: Input) -> tuple[Fulfillment | None, Errors]:
    """fulfillmentCreate: all or some lines of fulfilment orders that share one location."""
    chosen: list[tuple[FulfillmentOrder, list[tuple[OrderPart, int]]]] = []
    rows = given["lineItemsByFulfillmentOrder"]
    for place, row in enumerate(rows):
        path = ["fulfillment", "lineItemsByFulfillmentOrder", str(place)]
        target = find(ctx, row["fulfillmentOrderId"])
        if target is None:
            return None, [user_error([*path, "fulfillmentOrderId"], "Fulfillment order does not exist.")]
        if target.status not in ("OPEN", "IN_PROGRESS"):
            message = f"Fulfillment order {target.id} has an unfulfillable status= {target.status.lower()}."
            return None, [user_error([*path, "fulfillmentOrderId"], message)]
        parts = _parts(target, row.get("fulfillmentOrderLineItems") or [])
        if parts is None:
            message = "Invalid fulfillment order line item quantity requested."
            return None, [user_error([*path, "fulfillmentOrderLineItems"], message)]
        chosen.append((target, parts))
    if not chosen or len({target.location.id for target, _ in chosen}) > 1:
        message = "All fulfillment orders must have the same assigned location."
        return None, [user_error(["fulfillment"], message)]
    return _ship(ctx, chosen, given.get("trackingInfo") or {}), []


def _parts(target: FulfillmentOrder, rows: list[Input]) -> list[tuple[OrderPart, int]] | None:
    if not rows:
        return [(part, part.remaining_quantity) for part in target.lines if part.remaining_quantity]
    known = {part.id: part for part in target.lines}
    chosen = []
    for row in rows:
        part = known.get(row["id"])
        if part is None or not 0 < row["quantity"] <= part.remaining_quantity:
            return None
        chosen.append((part, row["quantity"]))
    return chosen


def _tracking(given: Input) -> list[dict[str, Any]]:
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") is not None else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    company = given.get("company")
    if not numbers and company:
        numbers = [None]
    return [
        {"company": company, "number": number, "url": urls[place] if place < len(urls) else None}
        for place, number in enumerate(numbers)
    ]


def _ship(
    ctx: Context, chosen: list[tuple[FulfillmentOrder, list[tuple[OrderPart, int]]]], tracking: Input
) -> Fulfillment:
    order, location = chosen[0][0].order, chosen[0][0].location
    name = f"{order.name}-F{len(order.fulfillments) + 1}"
    made = Fulfillment(gid("Fulfillment"), order, name, location, [], ctx.now, ctx.now, _tracking(tracking))
    for target, parts in chosen:
        for part, units in parts:
            part.remaining_quantity -= units
            line = part.line_item
            line.fulfilled += units
            made.lines.append(new_part(line, units, "FulfillmentLineItem"))
            for claimed in line.claims:
                gone = min(units, line.claims[claimed])
                if line.item and gone:
                    line.item.levels[claimed].committed -= gone
        left = any(part.remaining_quantity for part in target.lines)
        target.status, target.updated_at = ("IN_PROGRESS" if left else "CLOSED"), ctx.now
    order.fulfillments.append(made)
    ctx.store.nodes[made.id] = made
    order.touch(ctx.now)
    ctx.hooks.queue(ctx.store, "fulfillments/create", lambda: payloads.fulfillment(made))
    done = order.display_fulfillment_status == "FULFILLED"
    ctx.tell_order(order, "orders/fulfilled" if done else "orders/partially_fulfilled", "orders/updated")
    return made


def edit_tracking(ctx: Context, made: Fulfillment, tracking: Input, status: str | None = None) -> None:
    """The merchant adds or corrects tracking, or cancels the fulfilment, in the admin: fulfillments/update."""
    made.tracking = _tracking(tracking) or made.tracking
    made.updated_at = ctx.now
    if status and status != made.status:
        made.status = status
        for part in made.lines:
            part.line_item.fulfilled -= part.quantity
    made.order.touch(ctx.now)
    ctx.hooks.queue(ctx.store, "fulfillments/update", lambda: payloads.fulfillment(made))
    ctx.tell_order(made.order, "orders/updated")
