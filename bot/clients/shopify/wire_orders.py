"""orderCreate's variables and orders as they come back. No I/O.

Never a customer (its e-mail is TikTok's and marketing would start), never a notification, always the stock decrement.
"""

from typing import Any

from bot.clients.shopify.address import Placed, clean, place
from bot.clients.shopify.wire import Json, instant, nested, nodes, rows, stamp, text
from bot.domain.drafts import DraftLine, DraftTax, OrderDraft
from bot.domain.orders import ShopifyOrder
from bot.domain.values import Money, VariantId

GATEWAY = "TikTok Shop"
NAMESPACE, KEY = "$app:linkbot", "tiktok_order_id"
_NOTE, _STAFF_NOTE, _VALUE = 5000, 255, 255

OPTIONS: Json = {
    # TikTok has sold the unit already: refusing the order would only hide the oversell.
    "inventoryBehaviour": "DECREMENT_IGNORING_POLICY",
    "sendReceipt": False,
    "sendFulfillmentReceipt": False,
}


def money_bag(money: Money) -> Json:
    """The only maker of a MoneyBagInput: the store's currency, which is also what is shown."""
    return {"shopMoney": {"amount": money.text(), "currencyCode": money.currency}}


def create_variables(draft: OrderDraft, *, with_phone: bool, with_identifier: bool) -> Json:
    placed = place(draft.address, with_phone=with_phone) if draft.address else None
    order: dict[str, Any] = {
        "currency": draft.total.currency,
        "sourceIdentifier": draft.order_id,
        "lineItems": [_line(line) for line in draft.lines],
        "shippingLines": [{"title": title, "priceSet": money_bag(price)} for title, price in draft.shipping],
        "taxLines": [_tax(tax) for tax in draft.taxes],
        "taxesIncluded": draft.taxes_included,
        "tags": list(draft.tags),
        "customAttributes": [{"key": key, "value": value} for key, value in _attributes(draft, placed) if value],
    }
    if draft.total.amount > 0:  # nothing was paid for a free order
        order["transactions"] = [_payment(draft)]
    if note := _note(draft, placed):
        order["note"] = note
    if draft.paid_at is not None:
        order["processedAt"] = stamp(draft.paid_at)
    if placed is not None and placed.fields:
        order["shippingAddress"] = placed.fields
    if with_identifier:
        order["metafields"] = [{"namespace": NAMESPACE, "key": KEY, "type": "id", "value": draft.order_id}]
    return {"order": order, "options": OPTIONS}


def _line(line: DraftLine) -> Json:
    return {
        "variantId": line.variant_id,
        "quantity": line.quantity,
        "priceSet": money_bag(line.unit_price),
        "requiresShipping": True,  # false by default, and then nothing could be fulfilled
        "properties": [{"name": name, "value": value} for name, value in line.properties if value],
    }


def _tax(tax: DraftTax) -> Json:
    return {
        "title": tax.title,
        "rate": f"{tax.rate:f}",
        "priceSet": money_bag(tax.amount),
        "channelLiable": tax.channel_liable,
    }


def _payment(draft: OrderDraft) -> Json:
    paid = {"processedAt": stamp(draft.paid_at)} if draft.paid_at is not None else {}
    return {"kind": "SALE", "status": "SUCCESS", "gateway": GATEWAY, "amountSet": money_bag(draft.total)} | paid


def _attributes(draft: OrderDraft, placed: Placed | None) -> list[tuple[str, str]]:
    found = [(key, clean(value)[:_VALUE]) for key, value in draft.attributes]
    if placed is not None and placed.hidden:
        found.append(("Hidden by TikTok", ", ".join(placed.hidden)))
    if placed is not None and placed.phone_text:
        found.append(("Phone", placed.phone_text[:_VALUE]))
    return found


def _note(draft: OrderDraft, placed: Placed | None) -> str:
    """The buyer's message, and in full whatever was cut to fit."""
    parts = [draft.note.strip(), *(placed.cut if placed else ())]
    return "\n".join(part for part in parts if part)[:_NOTE]


def cancel_variables(order_id: str, restock: bool, note: str) -> Json:
    """TikTok has paid the buyer back: the books are told, the gateway moves no money."""
    refund = {"originalPaymentMethodsRefund": True}
    return {"id": order_id, "restock": restock, "refund": refund, "note": note[:_STAFF_NOTE]}


def identifier_variables() -> Json:
    definition = {
        "name": "TikTok order id",
        "namespace": NAMESPACE,
        "key": KEY,
        "type": "id",
        "ownerType": "ORDER",
        "description": "The TikTok Shop order this order mirrors.",
    }
    return {"definition": definition}


def search_variables(order_id: str) -> Json:
    """An order id is digits only, so nothing needs escaping; search only proposes, the caller compares exactly."""
    return {
        "source": f"source_identifier:'{order_id}'",
        "tag": f"tag:'tts-{order_id}'",
        "name": f"name:'{order_id}'",
        "words": f"'{order_id}'",
    }


def parse_order(node: Json, lines: list[Json] | None = None) -> ShopifyOrder:
    """`lines`: of all pages; left out, those of the node itself."""
    money = nested(node, "totalPriceSet", "shopMoney") or nested(node, "currentTotalPriceSet", "shopMoney")
    total = Money.parse(text(money, "amount"), text(money, "currencyCode")) if money else None
    return ShopifyOrder(
        id=text(node, "id"),
        name=text(node, "name"),
        source_identifier=text(node, "sourceIdentifier"),
        tags=tuple(str(tag) for tag in node.get("tags") or []),
        note=text(node, "note"),
        attributes=tuple((text(row, "key"), text(row, "value")) for row in rows(node, "customAttributes")),
        tiktok_id=text(nested(node, "metafield"), "value") or None,
        total=total,
        cancelled=bool(node.get("cancelledAt")),
        created_at=instant(node.get("createdAt")),
        lines=tuple(_parsed_line(row) for row in (nodes(node, "lineItems") if lines is None else lines)),
    )


def _parsed_line(row: Json) -> tuple[str, VariantId | None, int]:
    variant = text(nested(row, "variant"), "id")
    return text(row, "id"), VariantId(variant) if variant else None, int(row.get("quantity") or 0)
