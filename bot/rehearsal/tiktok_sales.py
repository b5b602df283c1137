"""Orders of the fake TikTok Shop and their life: placed, held, released, cancelled, packed, shipped, returned.

Stock is committed from UNPAID on and given back by a cancel.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.rehearsal.tiktok_auth import Tokens
from bot.rehearsal.tiktok_hooks import Outbox
from bot.rehearsal.tiktok_orders import head_of, payment_of, price_units, refund, units_of, us_address
from bot.rehearsal.tiktok_wire import Ids
from bot.rehearsal.tiktok_world import Emit, World

FLOW = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")
UNSEEN = frozenset({"UNPAID", "ON_HOLD"})  # statuses in which the address is not told
PACKED_BY_TIKTOK = frozenset({"TH", "MY", "VN", "PH", "SG", "ID", "MX", "BR"})  # the package exists from payment on
Parts = list[tuple[str, str, int]]


class Sales:
    """Every order, package, cancellation and return of every shop."""

    def __init__(self, world: World, now: Callable[[], datetime], ids: Ids, emit: Emit) -> None:
        self.world = world
        self.now = now
        self.ids = ids
        self.emit = emit
        self.orders: dict[str, dict[str, Any]] = {}
        self.order_shop: dict[str, str] = {}
        self.holds: dict[str, dict[str, Parts]] = {}  # order -> line -> the stock it took
        self.unreadable: set[str] = set()  # orders the API does not show yet, though a webhook told of them
        self.references: dict[str, dict[str, dict[str, Any]]] = {}  # order -> platform -> external order
        self.packages: dict[str, dict[str, Any]] = {}
        self.cancellations: dict[str, dict[str, Any]] = {}
        self.returns: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, str] = {}  # cancellation -> idempotency key of the seller's answer

    def stamp(self) -> int:
        return int(self.now().timestamp())

    def lines(self, order: Mapping[str, Any], ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
        return [line for line in order["line_items"] if ids is None or line["id"] in ids]

    # placing

    def place(
        self,
        shop_id: str,
        lines: Sequence[tuple[str, int] | Mapping[str, Any]],
        status: str = "AWAITING_SHIPMENT",
        *,
        seller_discount: str = "0",
        platform_discount: str = "0",
        tax: str = "0",
        shipping: str = "0",
        shipping_discount: str = "0",
        shipping_tax: str = "0",
        retail_delivery_fee: str = "0",
        address: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """A buyer orders; returns the order id. Money: decimal text in the shop's currency, for the whole order.

        `lines`: (SKU id, units), or dicts with `sku_id`, `quantity` and fields of the line (`is_gift`, `price`, ...).
        `shipping` is the full fee, `shipping_discount` what the platform pays of it. ValueError when stock is short.
        """
        shop = self.world.shops[shop_id]
        units = units_of(self.world, self.ids, shop_id, lines)
        off = {"seller_discount": Decimal(seller_discount), "platform_discount": Decimal(platform_discount)}
        price_units(units, off, Decimal(tax), shop.currency)
        fees = {"shipping": shipping, "shipping_discount": shipping_discount}
        fees |= {"shipping_tax": shipping_tax, "retail_delivery_fee": retail_delivery_fee}
        held = self._take(units)
        number = self.ids.next("order")
        order = head_of(number, status, self.stamp()) | {
            "warehouse_id": next(iter(held.values()))[0][1] if held else "",
            "recipient_address": dict(address if address is not None else us_address()),
            "line_items": [line | {"display_status": status} for line in units],
            "payment": payment_of(units, off, Decimal(tax), {k: Decimal(v) for k, v in fees.items()}, shop.currency),
        }
        self.orders[number], self.order_shop[number] = order | fields, shop_id
        self.holds[number] = held
        self._pack_if_due(self.orders[number])
        self.tell_status(number)
        return number

    def _take(self, units: Sequence[Mapping[str, Any]]) -> dict[str, Parts]:
        """Commits the stock of every line, a bundle's parts included; all of it or, with ValueError, nothing."""
        needs = {line["id"]: self._needs(line) for line in units}
        wanted: dict[str, int] = {}
        for need in needs.values():
            for sku_id, quantity in need:
                wanted[sku_id] = wanted.get(sku_id, 0) + quantity
        for sku_id, quantity in wanted.items():
            if self.world.available(sku_id) < quantity:
                raise ValueError(f"only {self.world.available(sku_id)} of SKU {sku_id} left")
        return {
            line_id: [part for sku_id, quantity in need for part in self.world.commit(sku_id, quantity)]
            for line_id, need in needs.items()
        }

    def _needs(self, line: Mapping[str, Any]) -> list[tuple[str, int]]:
        parts = line.get("combined_listing_skus", [])
        known = [(part["sku_id"], int(part["sku_count"])) for part in parts if part["sku_id"] in self.world.sku_product]
        return [(line["sku_id"], 1), *known]

    # editing

    def put(self, shop_id: str, order: Mapping[str, Any], *, tell: bool = False) -> str:
        """Takes an order as it is, stock untouched: what it took is thought gone already. Returns its id."""
        given = dict(order)
        given["line_items"] = [dict(line) for line in order["line_items"]]
        self.orders[given["id"]], self.order_shop[given["id"]] = given, shop_id
        self.holds[given["id"]] = {}
        if given["status"] in ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"):
            for line in given["line_items"]:
                if line["sku_id"] in self.world.sku_product:
                    places = self.world.sku(line["sku_id"])["inventory"]
                    place = given.get("warehouse_id") or (places[0]["warehouse_id"] if places else "")
                    self.holds[given["id"]][line["id"]] = [(line["sku_id"], place, 1)]
        if tell:
            self.tell_status(given["id"])
        return given["id"]

    def change(self, order_id: str, fields: Mapping[str, Any], *, tell: bool = True) -> None:
        """Sets fields; `line_items.*.display_status` reaches into every line. A new status moves update_time."""
        order = self.orders[order_id]
        before = order["status"]
        for name, value in fields.items():
            if name.startswith("line_items.*."):
                for line in order["line_items"]:
                    line[name.removeprefix("line_items.*.")] = value
            else:
                order[name] = value
        if order["status"] != before:
            if "update_time" not in fields:
                order["update_time"] = self.stamp()
            if before == "UNPAID" and order["status"] != "CANCELLED":
                order.setdefault("paid_time", self.stamp())
            self._pack_if_due(order)
        if tell and order["status"] != before:
            self.tell_status(order_id)
        if tell and "recipient_address" in fields and order["status"] == before:
            order["has_updated_recipient_address"] = True  # update_time stays: it tells of status changes only
            self.emit(self.order_shop[order_id], 3, {"order_id": order_id, "update_time": self.stamp()})

    def advance(self, order_id: str, to: str | None = None) -> str:
        """The order's next status (or `to`), on the order and its open lines; returns it."""
        order = self.orders[order_id]
        now = "AWAITING_SHIPMENT" if order["status"] == "PARTIALLY_SHIPPING" else order["status"]
        status = to or FLOW[FLOW.index(now) + 1]
        for line in order["line_items"]:
            if line.get("display_status") != "CANCELLED":
                line["display_status"] = status
        if status in FLOW[3:]:
            self._shipped(order_id, [line["id"] for line in order["line_items"]])
        self.change(order_id, {"status": status})
        return status

    def release_due(self) -> list[str]:
        """Ends the hour of remorse for every paid order older than it; returns their ids."""
        due = [
            order["id"]
            for order in self.orders.values()
            if order["status"] == "ON_HOLD" and order.get("paid_time", order["create_time"]) + 3600 <= self.stamp()
        ]
        for order_id in due:
            self.advance(order_id, "AWAITING_SHIPMENT")
        return due

    def _pack_if_due(self, order: dict[str, Any]) -> None:
        """South-East Asia and Latin America: TikTok makes the package when the order may be shipped."""
        region = self.world.shops[self.order_shop[order["id"]]].region
        if order["status"] == "AWAITING_SHIPMENT" and region in PACKED_BY_TIKTOK and not order["packages"]:
            self.pack(order["id"], [line["id"] for line in order["line_items"]], "", "", status="TO_FULFILL")

    # cancelling

    def cancel(
        self, order_id: str, *, by: str = "BUYER", reason: str = "No longer needed", line_ids: Sequence[str] = ()
    ) -> str:
        """A cancel that is through at once, whole or for some lines; returns its id. ValueError once delivered.

        What is on its way already is not given back to stock.
        """
        order = self.orders[order_id]
        if order["status"] not in FLOW[:5] and order["status"] != "PARTIALLY_SHIPPING":
            raise ValueError(f"order {order_id} is {order['status']}")
        chosen = [line for line in self.lines(order, line_ids or None) if line.get("display_status") != "CANCELLED"]
        cancel_id = self._note_cancel(order, chosen, by, reason, "CANCELLATION_REQUEST_COMPLETE")
        self.finish_cancel(order, chosen, by, reason)
        self.tell_cancel(cancel_id)
        return cancel_id

    def request_cancel(self, order_id: str, reason: str = "No longer needed") -> str:
        """The buyer asks for a cancel; the seller may approve or reject it. Returns the cancel id."""
        order = self.orders[order_id]
        order["is_buyer_request_cancel"] = True
        order["request_cancel_time"] = self.stamp()
        pending = "CANCELLATION_REQUEST_PENDING"
        cancel_id = self._note_cancel(order, order["line_items"], "BUYER", reason, pending)
        self.tell_cancel(cancel_id)
        return cancel_id

    def answer_cancel(self, cancel_id: str, *, approve: bool) -> None:
        """The seller's answer to a buyer's request."""
        row = self.cancellations[cancel_id]
        order = self.orders[row["order_id"]]
        row |= {"update_time": self.stamp(), "seller_next_action_response": []}
        if approve:
            row["cancel_status"] = "CANCELLATION_REQUEST_SUCCESS"
            self.finish_cancel(order, order["line_items"], "BUYER", row["cancel_reason_text"])
        else:
            row["cancel_status"] = "CANCELLATION_REQUEST_CANCEL"
            order["is_buyer_request_cancel"] = False
        self.tell_cancel(cancel_id)

    def finish_cancel(self, order: dict[str, Any], lines: Sequence[dict[str, Any]], by: str, reason: str) -> None:
        """Takes the lines off and gives their stock back; without any line left the order is CANCELLED."""
        held = self.holds.get(order["id"], {})
        self.world.give_back([part for line in lines for part in held.pop(line["id"], [])])
        for line in lines:
            line |= {"display_status": "CANCELLED", "cancel_user": by, "cancel_reason": reason}
        order["is_buyer_request_cancel"] = False
        if all(line.get("display_status") == "CANCELLED" for line in order["line_items"]):
            order |= {"cancellation_initiator": by, "cancel_reason": reason, "cancel_time": self.stamp()}
            self.change(order["id"], {"status": "CANCELLED"})

    def _note_cancel(
        self, order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], by: str, reason: str, status: str
    ) -> str:
        currency, moment, cancel_id = order["payment"]["currency"], self.stamp(), self.ids.next("cancel")
        rows = [
            {
                "cancel_line_item_id": self.ids.next("cancel"),
                "order_line_item_id": line["id"],
                "sku_id": line["sku_id"],
                "sku_name": line.get("sku_name", ""),
                "product_name": line.get("product_name", ""),
                "seller_sku": line.get("seller_sku", ""),
                "refund_amount": refund(line["sale_price"], currency),
            }
            for line in lines
        ]
        total = sum((Decimal(line["sale_price"]) for line in lines), Decimal(0))
        pending = status == "CANCELLATION_REQUEST_PENDING"
        wait = {"action": "SELLER_RESPOND_BUYER_CANCEL", "deadline": moment + 2 * 86_400}
        self.cancellations[cancel_id] = {
            "cancel_id": cancel_id,
            "order_id": order["id"],
            "cancel_type": "BUYER_CANCEL" if by == "BUYER" else "CANCEL",
            "cancel_status": status,
            "role": by,
            "cancel_reason": "ecom_order_to_ship_canceled_reason_" + reason.lower().replace(" ", "_"),
            "cancel_reason_text": reason,
            "create_time": moment,
            "update_time": moment,
            "refund_amount": refund(total, currency),
            "seller_next_action_response": [wait] if pending else [],
            "cancel_line_items": rows,
            "should_replenish_stock": any(self.holds.get(order["id"], {}).get(line["id"]) for line in lines),
        }
        return cancel_id

    # packages, returns, news

    def pack(self, order_id: str, line_ids: Sequence[str], tracking: str, provider: str, *, status: str) -> str:
        """Makes a package of these lines; returns its id."""
        order, package_id, moment = self.orders[order_id], self.ids.next("package"), self.stamp()
        self.packages[package_id] = {
            "id": package_id,
            "order_id": order_id,
            "line_ids": list(line_ids),
            "status": status,
            "tracking_number": tracking,
            "shipping_provider_id": provider,
            "create_time": moment,
            "update_time": moment,
            "tracking_changes": 0,
        }
        order["packages"] = [*order.get("packages", []), {"id": package_id}]
        for line in self.lines(order, line_ids):
            line |= {"package_id": package_id, "package_status": status}
        return package_id

    def ship(self, order_id: str, package_id: str, tracking: str, provider: str, provider_name: str) -> None:
        """The package goes out: tracking on its lines, stock no longer committed, the order's status follows."""
        order, package = self.orders[order_id], self.packages[package_id]
        package |= {"status": "PROCESSING", "tracking_number": tracking, "shipping_provider_id": provider}
        package |= {"update_time": self.stamp(), "shipped_time": self.stamp()}
        told = {"tracking_number": tracking, "shipping_provider_id": provider, "shipping_provider_name": provider_name}
        for line in self.lines(order, package["line_ids"]):
            line |= told | {"display_status": "AWAITING_COLLECTION", "package_status": "PROCESSING"}
        order |= {"tracking_number": tracking, "shipping_provider_id": provider, "shipping_provider": provider_name}
        self._shipped(order_id, package["line_ids"])
        open_lines = [line for line in order["line_items"] if line["display_status"] == "AWAITING_SHIPMENT"]
        if not open_lines:
            order["rts_time"] = self.stamp()
        self.change(order_id, {"status": "PARTIALLY_SHIPPING" if open_lines else "AWAITING_COLLECTION"})
        if open_lines:
            packed = [{"package_id": package_id, "order_id_list": [order_id]}]
            told = {"sc_type": "SPLIT", "role_type": "SELLER", "package_list": packed, "update_time": self.stamp()}
            self.emit(self.order_shop[order_id], 4, told)

    def _shipped(self, order_id: str, line_ids: Sequence[str]) -> None:
        held = self.holds.get(order_id, {})
        self.world.ship_out([part for line_id in line_ids for part in held.pop(line_id, [])])

    def add_return(
        self,
        order_id: str,
        *,
        kind: str = "RETURN_AND_REFUND",
        status: str = "RETURN_OR_REFUND_REQUEST_PENDING",
        line_ids: Sequence[str] = (),
        reason: str = "Damaged",
    ) -> str:
        """The buyer asks for a return (REFUND, RETURN_AND_REFUND, REPLACEMENT, EXCHANGE); returns the return id."""
        order, moment, return_id = self.orders[order_id], self.stamp(), self.ids.next("return")
        currency, lines = order["payment"]["currency"], self.lines(order, line_ids or None)
        rows = [
            {
                "return_line_item_id": self.ids.next("return"),
                "order_line_item_id": line["id"],
                "sku_id": line["sku_id"],
                "sku_name": line.get("sku_name", ""),
                "seller_sku": line.get("seller_sku", ""),
                "product_name": line.get("product_name", ""),
                "refund_amount": refund(line["sale_price"], currency),
            }
            for line in lines
        ]
        self.returns[return_id] = {
            "return_id": return_id,
            "order_id": order_id,
            "return_type": kind,
            "return_status": status,
            "role": "BUYER",
            "return_reason": "ecom_order_delivered_refund_reason_" + reason.lower().replace(" ", "_"),
            "return_reason_text": reason,
            "create_time": moment,
            "update_time": moment,
            "return_line_items": rows,
            "refund_amount": refund(sum((Decimal(line["sale_price"]) for line in lines), Decimal(0)), currency),
        }
        self.tell_return(return_id)
        return return_id

    def change_return(self, return_id: str, status: str) -> None:
        self.returns[return_id] |= {"return_status": status, "update_time": self.stamp()}
        self.tell_return(return_id)

    def tell_status(self, order_id: str) -> None:
        """Type 1; it says CANCEL where the API says CANCELLED."""
        order = self.orders[order_id]
        told = {
            "order_id": order_id,
            "order_status": "CANCEL" if order["status"] == "CANCELLED" else order["status"],
            "is_on_hold_order": order.get("is_on_hold_order", False),
            "update_time": order["update_time"],
        }
        self.emit(self.order_shop[order_id], 1, told)

    def tell_cancel(self, cancel_id: str) -> None:
        """Type 11; it says ..._CANCELLED where the API says ..._CANCEL."""
        row = self.cancellations[cancel_id]
        status = row["cancel_status"]
        told = {
            "order_id": row["order_id"],
            "cancellations_role": row["role"],
            "cancel_status": status + "LED" if status == "CANCELLATION_REQUEST_CANCEL" else status,
            "cancel_id": cancel_id,
            "create_time": row["create_time"],
        }
        self.emit(self.order_shop[row["order_id"]], 11, told)

    def tell_return(self, return_id: str) -> None:
        row = self.returns[return_id]
        keys = ("order_id", "return_type", "return_status", "return_id", "create_time", "update_time")
        told = {"return_role": row["role"]} | {key: row[key] for key in keys}
        self.emit(self.order_shop[row["order_id"]], 12, told)


@dataclass
class Books:
    """All that an endpoint may look at or change."""

    world: World
    sales: Sales
    outbox: Outbox
    tokens: Tokens
