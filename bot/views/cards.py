"""Messages that live in the channel: import progress, the first prompt, and one card per incident."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from bot.domain.board import LinkPreview, ProductRow, VariantRow
from bot.domain.connections import Shop
from bot.domain.incidents import Incident, IncidentKind, Item, ItemState, UnlinkedCause
from bot.domain.links import LinkMode
from bot.domain.matching import Tier
from bot.domain.orders import Reason
from bot.domain.suggesting import Hint, IgnoreFor
from bot.domain.values import ActorKind, ListingId, ShopId
from bot.views import texts
from bot.views.blocks import Json, Message, actions, bold, button, code, context, dots, esc, first, lines, more, section
from bot.views.ids import Action, Target, pack
from bot.views.products import listing_value, show_all
from bot.views.suggestions import accept_all_button, alert_buttons, feedback, how_long
from bot.views.suggestions import said as suggested

NO_HINTS: Mapping[ListingId, Hint] = MappingProxyType({})
SHOWN = 8
"""Open items of an alert that stand in it; with candidates they stay within Slack's total."""
CANDIDATES = 3


# --- set-up ----------------------------------------------------------------------------------------------------------


def importing(shop: Shop, done: int, finished: bool, problem: str | None) -> Message:
    """The import's progress; edited in place."""
    count = texts.plural(done, "SKU")
    if finished:
        said = f"Imported {count} from {bold(shop.name, 80)}."
    else:
        said = f"Importing products from {bold(shop.name, 80)}: {count} so far."
    told = f"*Note:* {esc(problem, 400)}" if problem else ""
    return Message(lines(said, told), [section(said), *([context(told)] if told else [])])


def prompt(shop: Shop, preview: LinkPreview) -> Message:
    """The one-time question (S4): exactly **Link automatically** and **Link by hand**; until then nothing is linked."""
    asked = f"*How should {esc(shop.name, 80)} be linked with Shopify?*"
    auto = f"*Link automatically:* {would(preview)} Products that are added later are linked the same way."
    hand = "*Link by hand:* nothing is linked until a person links it."
    rest = "Until somebody answers, nothing is linked."
    blocks = [section(lines(asked, auto, hand)), mode_buttons(shop.id), context(rest)]
    return Message(lines(asked, auto, hand, rest), blocks)


def prompt_answered(shop: Shop, mode: LinkMode, actor_user: str, linked: int) -> Message:
    """The prompt once it was answered, without buttons."""
    name = bold(shop.name, 80)
    who = f", chosen by {texts.mention(actor_user)}" if actor_user else ""
    if mode is LinkMode.AUTO:
        said = f"{name} links automatically{who}. {texts.plural(linked, 'SKU is', 'SKUs are')} linked."
    else:
        said = f"{name} is linked by hand{who}. Type `/link` to start."
    return Message(said, [section(said)])


def mode_buttons(shop_id: ShopId, first_choice: LinkMode | None = None) -> Json:
    """Both answers; the prompt itself favours none."""
    value = pack(Target.SHOP, shop=shop_id)
    style = {first_choice: "primary"} if first_choice else {}
    return actions(
        button("Link automatically", Action.LINK_AUTO, value, style.get(LinkMode.AUTO)),
        button("Link by hand", Action.LINK_BY_HAND, value, style.get(LinkMode.MANUAL)),
    )


def would(preview: LinkPreview) -> str:
    """What the automatic answer would do, in numbers."""
    of_all = f"{preview.links} of {texts.plural(preview.listings, 'SKU')} would be linked by equal SKU"
    changes = (
        f"{texts.plural(preview.prices, 'price')} and {texts.plural(preview.stocks, 'stock')} on TikTok would change"
    )
    stay = []
    if preview.ambiguous:
        stay.append(f"{preview.ambiguous} ambiguous")
    if preview.no_match:
        stay.append(f"{preview.no_match} without a match")
    rest = f" {' and '.join(stay)} would stay unlinked." if stay else ""
    return f"{of_all}; {changes}.{rest}"


# --- unlinked SKUs ---------------------------------------------------------------------------------------------------


def alert(
    incident: Incident,
    rows: Mapping[ListingId, ProductRow],
    candidates: Mapping[ListingId, Sequence[VariantRow]],
    shown: int = SHOWN,
    *,
    hints: Mapping[ListingId, Hint] = NO_HINTS,
) -> Message:
    """The one message about unlinked SKUs (B1): the most pressing first; closed when all are linked."""
    if incident.is_closed:
        return _closed_alert(incident, rows)
    if len(incident.items) == 1:
        return _single_alert(incident.items[0], rows, candidates, hints)
    waiting = by_pressure(incident, rows)
    listed, left = first(waiting, min(shown, SHOWN))
    said = f"{texts.plural(len(waiting), 'TikTok SKU is', 'TikTok SKUs are')} not linked."
    total = _total_blocked(waiting, rows)
    blocks = [section(lines(f"*{said}*", total))]
    for item in listed:
        blocks += _item(item, rows, candidates, hints)
    if left:
        blocks.append(context(more(left)))
    sure = sum(h.best is not None and h.best.tier is Tier.HIGH for h in hints.values())
    if left or sure > 1:
        blocks.append(actions(accept_all_button() if sure > 1 else None, show_all() if left else None))
    done = [item for item in incident.items if item.state is ItemState.CLOSED]
    if done:
        blocks.append(context(_linked_list(done, rows, 5)))
    said_each = [_plain_item(item, rows) for item in listed]
    return Message(lines(said, total, *said_each, more(left), _linked_list(done, rows, 5) if done else ""), blocks)


def by_pressure(incident: Incident, rows: Mapping[ListingId, ProductRow]) -> list[Item]:
    """What waits, the most pressing first; the first `SHOWN` stand in the message."""
    return sorted(incident.open_items, key=lambda item: _pressure(item, rows))


def _single_alert(
    item: Item,
    rows: Mapping[ListingId, ProductRow],
    candidates: Mapping[ListingId, Sequence[VariantRow]],
    hints: Mapping[ListingId, Hint],
) -> Message:
    said = f"A TikTok SKU is not linked: {_title(item, rows)}"
    blocks = _item(item, rows, candidates, hints)
    blocks[0]["text"]["text"] = "*A TikTok SKU is not linked.*\n" + blocks[0]["text"]["text"]
    hint = hints.get(ListingId(item.subject))
    return Message(lines(said, _cause(item, hint), suggested(hint), _blocked(item, rows)), blocks)


def _item(
    item: Item,
    rows: Mapping[ListingId, ProductRow],
    candidates: Mapping[ListingId, Sequence[VariantRow]],
    hints: Mapping[ListingId, Hint],
) -> list[Json]:
    listing_id = ListingId(item.subject)
    row, hint = rows.get(listing_id), hints.get(listing_id)
    facts = texts.listing_facts(row.listing, row.shop.name) if row else ""
    choice = _choice(candidates.get(listing_id, ())) if item.cause == UnlinkedCause.AMBIGUOUS else ""
    text = lines(_title(item, rows), facts, _cause(item, hint), choice, _blocked(item, rows), suggested(hint))
    named = row.listing.title if row else item.subject
    if hint is None:
        return [section(text, button("Link", Action.LINK, listing_value(listing_id), about=f"Link {named}"))]
    thumbs = [feedback(listing_id, hint.best)] if hint.best is not None else []
    return [section(text), alert_buttons(listing_id, hint, named), *thumbs]


def _title(item: Item, rows: Mapping[ListingId, ProductRow]) -> str:
    row = rows.get(ListingId(item.subject))
    if row is None:
        return dots(bold(item.facts.get("title", ""), 120), f"TikTok SKU {code(item.subject, 40)}")
    return texts.listing_name(row.listing)


def _plain_item(item: Item, rows: Mapping[ListingId, ProductRow]) -> str:
    row = rows.get(ListingId(item.subject))
    sku = texts.sku(row.listing.seller_sku, 48) if row else ""
    return dots(_title(item, rows), sku, _cause(item), _blocked(item, rows))


def _cause(item: Item, hint: Hint | None = None) -> str:
    """Why, and to press Link; the latter not where a suggestion stands below."""
    known = item.cause in set(UnlinkedCause)
    if known and hint is not None and hint.best is not None:
        return texts.UNLINKED_CAUSES[UnlinkedCause(item.cause)].what
    return str(texts.UNLINKED_CAUSES[UnlinkedCause(item.cause)]) if known else "It is not linked. Press Link."


def _choice(rows: Sequence[VariantRow]) -> str:
    """The candidates of an ambiguous SKU, each with its store."""
    shown, left = first(rows, CANDIDATES)
    named = [f"• {texts.variant_name(row.variant, row.store.name or row.store.id, 60)}" for row in shown]
    return lines(*named, more(left))


def _blocked(item: Item, rows: Mapping[ListingId, ProductRow]) -> str:
    row = rows.get(ListingId(item.subject))
    return texts.blocked(row.blocked) if row else ""


def _pressure(item: Item, rows: Mapping[ListingId, ProductRow]) -> tuple[Decimal, int, datetime, datetime]:
    """Sorts the most pressing first: value, orders, ship-by, age."""
    row = rows.get(ListingId(item.subject))
    blocked = row.blocked if row else None
    never = datetime.max.replace(tzinfo=UTC)
    if blocked is None:
        return Decimal(0), 0, never, item.opened_at
    value = blocked.value[0].amount if blocked.value else Decimal(0)
    return -value, -blocked.orders, blocked.oldest_ship_by or never, item.opened_at


def _total_blocked(items: Sequence[Item], rows: Mapping[ListingId, ProductRow]) -> str:
    """How many of them stop orders. Orders are not added up: one order may wait for several SKUs."""
    stopping = sum(bool(_blocked(item, rows)) for item in items)
    if not stopping:
        return ""
    return f"{texts.plural(stopping, 'of them blocks', 'of them block')} orders: these come first."


def _linked_list(done: Sequence[Item], rows: Mapping[ListingId, ProductRow], limit: int) -> str:
    shown, left = first(done, limit)
    return lines(*(f"✓ {_short(item, rows)} {_ended(item)}" for item in shown), more(left))


def _short(item: Item, rows: Mapping[ListingId, ProductRow]) -> str:
    row = rows.get(ListingId(item.subject))
    if row is None:
        return f"TikTok SKU {code(item.subject, 40)}"
    return dots(bold(row.listing.title, 60), texts.sku(row.listing.seller_sku, 40))


def _ended(item: Item) -> str:
    actor, how = item.closed_by, item.facts.get("ignored", "")
    if how in set(IgnoreFor):
        ends = item.facts.get("ends", "")
        until = how_long(IgnoreFor(how), texts.when(datetime.fromisoformat(ends)) if ends else "")
        return f"ignored {until} {texts.by(actor)}"
    if actor is None or actor.kind is ActorKind.SYSTEM:
        return "no longer on TikTok"
    return f"linked {texts.by(actor)}"


def _closed_alert(incident: Incident, rows: Mapping[ListingId, ProductRow]) -> Message:
    if len(incident.items) == 1:
        said = _linked_list(incident.items, rows, 1)
    else:
        said = lines(f"*All {len(incident.items)} SKUs are settled.*", _linked_list(incident.items, rows, 5))
    return Message(said, [section(said)])


# --- the other kinds -------------------------------------------------------------------------------------------------


def incident_card(incident: Incident) -> Message:
    """What went wrong and what to do next, for every kind but UNLINKED; short and without buttons once it is over.

    Item facts it shows, all optional: OVERSOLD `sku title available`; CURRENCY_MISMATCH `shop store shop_currency
    store_currency`; CONNECTION_LOST `name service`; ORDERS_STUCK `value detail` (cause = the order's reason);
    PUSH_STUCK `sku title detail`; LINK_BROKEN `sku title`.
    """
    head, ended = _HEADS[incident.kind]
    if incident.is_closed:
        said = lines(f"✓ {ended}", *_subjects(incident, incident.items, 3))
        return Message(said, [section(said)])
    listed, left = first(incident.open_items, SHOWN)
    sentence = texts.INCIDENTS[incident.kind]
    title = f"*{head.one if len(incident.open_items) == 1 else head.many.format(n=len(incident.open_items))}*"
    told = [_told(incident.kind, item) for item in listed]
    if len(incident.open_items) == 1:
        blocks = [section(lines(title, told[0], _next(incident.kind, listed[0])), _remedy(incident.kind, listed[0]))]
    else:
        blocks = [section(lines(title, str(sentence)))]
        blocks += [section(text, _remedy(incident.kind, item)) for text, item in zip(told, listed, strict=True)]
    if left:
        blocks.append(context(more(left)))
    done = len(incident.items) - len(incident.open_items)
    if done:
        blocks.append(context(f"✓ {done} settled"))
    after = _next(incident.kind, listed[0]) if len(incident.open_items) == 1 else str(sentence)
    return Message(lines(title, *told, more(left), after), blocks)


def _next(kind: IncidentKind, item: Item) -> str:
    """The last line of a single card; a stuck order has said what happened and only needs the rest of its reason."""
    if kind is IncidentKind.ORDERS_STUCK and item.cause in set(Reason):
        return texts.REASONS[Reason(item.cause)].next
    return str(texts.INCIDENTS[kind])


class _Head(NamedTuple):
    one: str
    many: str


_HEADS: Mapping[IncidentKind, tuple[_Head, str]] = {
    IncidentKind.UNLINKED: (_Head("A TikTok SKU is not linked", "{n} TikTok SKUs are not linked"), "Linked."),
    IncidentKind.OVERSOLD: (_Head("Oversold", "{n} variants are oversold"), "No longer oversold."),
    IncidentKind.CURRENCY_MISMATCH: (
        _Head("Currencies differ", "Currencies differ in {n} cases"),
        "The currencies no longer differ.",
    ),
    IncidentKind.CONNECTION_LOST: (_Head("Connection lost", "{n} connections lost"), "The connection is settled."),
    IncidentKind.ORDERS_STUCK: (
        _Head("An order could not be mirrored", "{n} orders could not be mirrored"),
        "No order is stuck any more.",
    ),
    IncidentKind.PUSH_STUCK: (
        _Head("TikTok refuses an update", "TikTok refuses updates of {n} SKUs"),
        "Updates reach TikTok again.",
    ),
    IncidentKind.LINK_BROKEN: (_Head("A link is broken", "{n} links are broken"), "The broken link is settled."),
}


def _subjects(incident: Incident, items: Sequence[Item], limit: int) -> list[str]:
    shown, left = first(items, limit)
    return [*(dots(_named(incident.kind, item), _settled_by(item)) for item in shown), more(left)]


def _settled_by(item: Item) -> str:
    actor = item.closed_by
    return f"by {texts.mention(actor.id)}" if actor is not None and actor.kind is ActorKind.PERSON else ""


def _named(kind: IncidentKind, item: Item) -> str:
    """The thing itself, in a few words."""
    facts = item.facts
    if kind is IncidentKind.ORDERS_STUCK:
        return f"Order {code(item.subject, 40)}"
    if kind is IncidentKind.CONNECTION_LOST:
        service = {"tiktok": "TikTok shop", "shopify": "Shopify store"}.get(facts.get("service", ""), "")
        return f"{service} {bold(facts.get('name') or item.subject, 80)}".strip()
    if kind is IncidentKind.CURRENCY_MISMATCH:
        shop = facts.get("shop") or item.subject.split(":")[0]
        return f"{esc(shop, 80)} sells in {esc(facts.get('shop_currency') or '?', 8)}, " + (
            f"{esc(facts.get('store') or 'the store', 80)} in {esc(facts.get('store_currency') or '?', 8)}"
        )
    named = bold(facts.get("title", ""), 120)
    return dots(named or code(item.subject, 60), texts.sku(facts["sku"]) if "sku" in facts else "")


def _told(kind: IncidentKind, item: Item) -> str:
    """The thing with its figures."""
    facts, named = item.facts, _named(kind, item)
    detail = esc(facts.get("detail", ""), 300)
    if kind is IncidentKind.OVERSOLD:
        return f"{named}: Shopify has {esc(facts.get('available', 'less than 0'), 12)} available."
    if kind is IncidentKind.ORDERS_STUCK:
        sentence = texts.REASONS[Reason(item.cause)].what if item.cause in set(Reason) else ""
        said = f"{sentence} The answer was: {detail}" if detail else sentence
        return lines(dots(named, esc(facts.get("value", ""), 40)), said)
    if kind is IncidentKind.CONNECTION_LOST:
        command = "tiktok" if facts.get("service") == "tiktok" else f"shopify {item.subject}"
        return f"{named}. To reconnect, type {code(f'/link connect {command}', 100)}."
    if kind is IncidentKind.PUSH_STUCK:
        return lines(named, f"TikTok said: {detail}" if detail else "")
    return named


def _remedy(kind: IncidentKind, item: Item) -> Json | None:
    """The button that mends it, where there is one."""
    if kind is IncidentKind.LINK_BROKEN:
        return button("Link", Action.LINK, listing_value(ListingId(item.subject)))
    if kind is IncidentKind.ORDERS_STUCK:
        return button("Mirror now", Action.MIRROR_NOW, pack(Target.ORDER, order=item.subject))
    return None
