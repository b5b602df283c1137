"""Values for the view tests: an ordinary one, the longest one, and text that means harm."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.domain.board import Blocked, OrderRow, Page, ProductRow, VariantQuery, VariantRow
from bot.domain.catalogue import Listing, ListingStatus, Stocked, Variant, VariantStatus
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.incidents import Incident, IncidentKind, Item, ItemState
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link, LinkMode, LinkOrigin, LinkState
from bot.domain.orders import STANDING, Mirror, Reason, Standing
from bot.domain.values import (
    Actor,
    ActorKind,
    IncidentId,
    ListingId,
    Money,
    OrderId,
    ShopId,
    StoreId,
    VariantId,
    WorkspaceId,
)
from bot.rehearsal.slack_limits import breaches_of_message, breaches_of_options, breaches_of_view
from bot.views.blocks import Message
from bot.views.picker import PickerState

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ANA = Actor(ActorKind.PERSON, "U0ANA")
RULE = Actor(ActorKind.RULE, "auto-link")
HARM = (
    "<!channel> <@U1> *b* _i_ ~s~ `c` <https://evil.example|Order> & \u202eRTL\u202c שלום مرحبا 😀👩‍👩‍👧 \n> quote\x00"
)
LONG = ("W" * 30 + " &<>\"' 😀 ") * 10  # about 400 characters, most costly ones included
LONG_SKU = "S" * 255
USD = "USD"


def money(text: str, currency: str = USD) -> Money:
    return Money.parse(text, currency)


def shop(name: str = "Glow Shop", **fields: Any) -> Shop:
    given: dict[str, Any] = {
        "id": ShopId("7000001"), "workspace_id": WorkspaceId("T1"), "name": name, "region": "US", "currency": USD,
        "cipher": "c", "token_key": "k", "state": ConnectionState.CONNECTED, "connected_at": NOW,
        "mode": LinkMode.AUTO, "imported_at": NOW,
    }  # fmt: skip
    return Shop(**given | fields)


def store(name: str = "Main store", **fields: Any) -> Store:
    given: dict[str, Any] = {
        "id": StoreId("main.myshopify.com"), "workspace_id": WorkspaceId("T1"), "name": name, "currency": USD,
        "state": ConnectionState.CONNECTED, "connected_at": NOW, "imported_at": NOW,
    }  # fmt: skip
    return Store(**given | fields)


def listing(
    number: int = 1, title: str = "Hoodie", variation: str = "Red, M", sku: str = "HOOD-RED-M", **fields: Any
) -> Listing:
    given: dict[str, Any] = {
        "id": ListingId(str(1729_000_000_000_000_000 + number)), "shop_id": ShopId("7000001"), "product_id": "p1",
        "title": title, "variation": variation, "seller_sku": sku, "price": money("24.00"),
        "stock": (Stocked("w1", 7),), "status": ListingStatus.ACTIVATE, "updated_at": NOW,
    }  # fmt: skip
    return Listing(**given | fields)


def variant(
    number: int = 1, title: str = "Hoodie", options: str = "Red / M", sku: str = "HOOD-RED-M", **fields: Any
) -> Variant:
    given: dict[str, Any] = {
        "id": VariantId(f"gid://shopify/ProductVariant/{number}"), "store_id": StoreId("main.myshopify.com"),
        "product_id": "gid://shopify/Product/1", "inventory_item_id": "gid://shopify/InventoryItem/1",
        "title": title, "options": options, "sku": sku, "price": money("20.00"), "available": 9, "tracked": True,
        "sells_past_zero": False, "status": VariantStatus.ACTIVE, "updated_at": NOW, "category": "Hoodies",
        "tags": ("summer",),
    }  # fmt: skip
    return Variant(**given | fields)


def link(of: Listing, state: LinkState = LinkState.ACTIVE, pack: int = 1, actor: Actor = ANA) -> Link:
    origin = LinkOrigin.HAND if actor.kind is ActorKind.PERSON else LinkOrigin.AUTO
    return Link(
        of.id, of.shop_id, VariantId("gid://shopify/ProductVariant/1"), StoreId("main.myshopify.com"), pack, state,
        origin, actor, NOW,
    )  # fmt: skip


def row(
    number: int = 1, linked: LinkState | None = None, blocked: Blocked | None = None, pack: int = 1, **fields: Any
) -> ProductRow:
    of = listing(number, **fields)
    variant_ = variant(title=of.title, sku=of.seller_sku) if linked else None
    return ProductRow(of, shop(), link(of, linked, pack) if linked else None, variant_, blocked)


def long_row(number: int = 1, linked: LinkState | None = None) -> ProductRow:
    """The longest that TikTok and Shopify allow."""
    of = listing(number, title=LONG, variation=LONG, sku=LONG_SKU, status=ListingStatus.PLATFORM_DEACTIVATED)
    far = variant(title=LONG, options=LONG, sku=LONG_SKU, status=VariantStatus.ARCHIVED)
    return ProductRow(of, shop(LONG), link(of, linked, 1000) if linked else None, far if linked else None, blocked(9))


def blocked(orders: int = 3, value: str = "124.00", ship_by: datetime | None = NOW + timedelta(hours=5)) -> Blocked:
    return Blocked(orders, (money(value), money("80.00", "GBP")), ship_by)


def variant_row(
    number: int = 1, linked_to: Sequence[str] = (), store_: Store | None = None, **fields: Any
) -> VariantRow:
    return VariantRow(variant(number, **fields), store_ or store(), tuple(ListingId(one) for one in linked_to))


def long_variant_row(number: int = 1) -> VariantRow:
    of = variant(number, title=LONG, options=LONG, sku=LONG_SKU, category=LONG, status=VariantStatus.DRAFT)
    return VariantRow(replace(of, available=None), store(LONG), (ListingId("1"), ListingId("2")))


def page(rows: Sequence[Any], total: int | None = None, offset: int = 0, size: int = 10) -> Page[Any]:
    return Page(rows, len(rows) if total is None else total, offset, size)


def state(**fields: Any) -> PickerState:
    given: dict[str, Any] = {
        "row": row(), "page": page([variant_row(n, sku=f"SKU-{n}") for n in range(1, 8)], total=30, size=7),
        "suggestions": (), "stores": {StoreId("main.myshopify.com"): store()}, "query": VariantQuery(), "chosen": None,
        "pack": 1, "effect": None, "categories": ["Hoodies"], "tags": ["summer"], "notice": None,
    }  # fmt: skip
    return PickerState(**given | fields)


def mirror(reason: Reason | None = Reason.UNLINKED_SKU, standing: Standing | None = None, **fields: Any) -> Mirror:
    given: dict[str, Any] = {
        "order_id": OrderId("576461413038785701"), "shop_id": ShopId("7000001"),
        "standing": standing or (STANDING[reason] if reason else Standing.MIRRORED), "reason": reason,
        "value": money("124.00"), "paid_at": NOW, "ship_by": NOW + timedelta(hours=5), "seen_at": NOW,
        "changed_at": NOW, "listings": (listing().id,) if reason is Reason.UNLINKED_SKU else (),
    }  # fmt: skip
    return Mirror(**given | fields)


def order(reason: Reason | None = Reason.UNLINKED_SKU, standing: Standing | None = None, **fields: Any) -> OrderRow:
    return OrderRow(mirror(reason, standing, **fields), shop())


def entry(act: Act = Act.ORDER, minutes: int = 0, **fields: Any) -> Entry:
    return Entry(NOW + timedelta(minutes=minutes), WorkspaceId("T1"), act, fields.pop("actor", RULE), **fields)


def item(
    subject: str, cause: str = "no_match", closed_by: Actor | None = None, closed: bool = False, **facts: str
) -> Item:
    gone = closed or closed_by is not None
    return Item(
        subject, cause, ItemState.CLOSED if gone else ItemState.OPEN, NOW, NOW if gone else None, closed_by, facts
    )


def incident(*items: Item, kind: IncidentKind = IncidentKind.UNLINKED) -> Incident:
    return Incident(IncidentId("i1"), WorkspaceId("T1"), kind, NOW, items)


def rows_of(*rows: ProductRow) -> dict[ListingId, ProductRow]:
    return {one.listing.id: one for one in rows}


# --- judging ---------------------------------------------------------------------------------------------------------


def good_message(message: Message) -> Message:
    """Fails when Slack would refuse the message or its update, or the text of all blocks comes near Slack's total."""
    payload = {"text": message.text, "blocks": message.blocks}
    assert [str(one) for one in breaches_of_message(payload, update=True)] == []
    assert message.text.strip()
    assert text_total(message.blocks) < 12_000
    for block in message.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    return message


def good_view(view: dict[str, Any]) -> dict[str, Any]:
    assert [str(one) for one in breaches_of_view(view)] == []
    View(**view).validate_json()
    assert text_total(view["blocks"]) < 12_000
    return view


def good_options(answer: dict[str, Any]) -> dict[str, Any]:
    assert [str(one) for one in breaches_of_options(answer)] == []
    return answer


def strings(node: Any, key: str = "") -> list[tuple[str, str]]:
    """(kind, text) of every text object: kind is "mrkdwn" or "plain_text"."""
    if isinstance(node, list):
        return [one for part in node for one in strings(part)]
    if not isinstance(node, dict):
        return []
    own = [(node["type"], node["text"])] if isinstance(node.get("text"), str) else []
    return own + [one for part in node.values() for one in strings(part)]


def text_total(blocks: Any) -> int:
    return sum(len(text.encode("utf-16-le")) // 2 for _, text in strings(blocks))


def all_text(shown: Message | dict[str, Any]) -> str:
    blocks = shown.blocks if isinstance(shown, Message) else shown["blocks"]
    return "\n".join(text for _, text in strings(blocks))


def buttons(shown: Message | dict[str, Any]) -> list[dict[str, Any]]:
    blocks = shown.blocks if isinstance(shown, Message) else shown["blocks"]
    found = [block["accessory"] for block in blocks if "accessory" in block]
    found += [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
    return [one for one in found if one["type"] == "button"]


def labels(shown: Message | dict[str, Any]) -> list[str]:
    return [one["text"]["text"] for one in buttons(shown)]


_OURS = re.compile(r"<!date\^\d+\^[^<>|^]+\|[^<>]*>|<@U0ANA>")


def pings(mrkdwn: str) -> list[str]:
    """Everything in angle brackets that is not a date or a person whom we named ourselves."""
    return re.findall(r"<[^>]*>?", _OURS.sub("", mrkdwn))
