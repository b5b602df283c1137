"""Orders: the list, one order's card, and why an order or a SKU is where it is (every answer with its fix)."""

from collections.abc import Mapping, Sequence

from bot.domain.board import OrderRow, Page, ProductRow, VariantRow
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkState, NoAutoLink
from bot.domain.orders import IN_SHOPIFY, Mirror, Reason, Standing
from bot.domain.pushes import PushReason
from bot.domain.values import ActorKind, ListingId
from bot.views import texts
from bot.views.blocks import Json, Message, actions, bold, button, code, context, dots, esc, first, lines, more, section
from bot.views.ids import Action, Target, pack
from bot.views.products import link_button, link_line, listing_value, product, span, unlink_button

ROWS = 10
HISTORY = 8
MIRROR_NOW_REASONS = frozenset({Reason.BEFORE_CONNECTION, Reason.SAMPLE, Reason.IGNORED_BY_PERSON})


def orders_list(page: Page[OrderRow], standings: Sequence[Standing] | None, words: str = "") -> Message:
    """Newest first, each with its reason and, when it is not in Shopify, **Why**. `standings` None: all."""
    shown, _ = first(page.rows, ROWS)
    named = "Orders" + (f": {', '.join(texts.STANDINGS[one] for one in standings)}" if standings else "")
    head = f"*{named}*" + (f" · {code(words, 80)}" if words.strip() else "")
    if not page.total:
        return Message(f"{named}: none.", [section(f"{head}\nNone.")])
    blocks = [section(head), *(section(order_line(row), _why_button(row.mirror)) for row in shown)]
    blocks.append(context(span(page.offset, len(shown), page.total)))
    if (buttons := _paging(page, len(shown), standings, words)) is not None:
        blocks.append(buttons)
    rest = more(page.total - page.offset - len(shown))
    return Message(lines(named, *(order_line(row) for row in shown), rest), blocks)


def order_line(row: OrderRow) -> str:
    mirror = row.mirror
    reason = texts.SHORT_REASONS[mirror.reason] if mirror.reason else ""
    first_line = dots(code(mirror.order_id, 40), f"*{texts.STANDINGS[mirror.standing]}*", reason, _shopify(mirror))
    due = "" if mirror.standing in IN_SHOPIFY or mirror.ship_by is None else f"ship by {texts.when(mirror.ship_by)}"
    return lines(first_line, dots(texts.money(mirror.value), esc(row.shop.name, 60), due))


def order_card(row: OrderRow, entries: Sequence[Entry], listings: Sequence[ProductRow] = ()) -> Message:
    """One order: standing, reason, what mends it, and its last entries. `listings`: those the reason is about."""
    return _order(row, entries, listings, heading="Order")


def why_order(row: OrderRow, entries: Sequence[Entry], listings: Sequence[ProductRow] = ()) -> Message:
    """The one reason, its facts and the button that mends it (N6)."""
    return _order(row, entries, listings, heading="Why order")


def _order(row: OrderRow, entries: Sequence[Entry], listings: Sequence[ProductRow], heading: str) -> Message:
    mirror = row.mirror
    head = f"*{heading}* {code(mirror.order_id, 40)} · *{texts.STANDINGS[mirror.standing]}*"
    told = lines(head, _sentence(mirror), _facts(mirror), _figures(row))
    blocks = [section(told), *_stopped_listings(mirror, listings)]
    buttons = [mirror_now(mirror)] if can_mirror_now(mirror) else []
    if buttons:
        blocks.append(actions(*buttons))
    blocks += history(entries)
    return Message(told, blocks)


def can_mirror_now(mirror: Mirror) -> bool:
    """Where **Mirror now** can do something: held and parked orders, and those set aside by rule or by a person."""
    return mirror.standing in (Standing.HELD, Standing.PARKED) or mirror.reason in MIRROR_NOW_REASONS


def mirror_now(mirror: Mirror) -> Json:
    return button("Mirror now", Action.MIRROR_NOW, pack(Target.ORDER, order=mirror.order_id))


def unknown(order_id: str) -> Message:
    """No order of that id was seen."""
    said = f"No TikTok order {code(order_id, 48) or 'without an id'} is known here."
    hint = "Give the order id as Seller Center shows it, or type `/link orders` to see the newest."
    return Message(f"{said} {hint}", [section(f"{said}\n{hint}")])


def link_first(order_id: str, rows: Sequence[ProductRow]) -> Message:
    """**Mirror now** on an order whose SKU has no link: link it, and the order goes on by itself."""
    said = f"Order {code(order_id, 48)} waits for these SKUs. Link them, and it goes on by itself."
    shown, left = first(rows, 5)
    blocks = [section(said), *(product(row) for row in shown), *([context(more(left))] if left else [])]
    return Message(lines(said, *(texts.listing_name(row.listing) for row in shown), more(left)), blocks)


def on_its_way(order_id: str) -> Message:
    """**Mirror now** was taken."""
    said = f"Order {code(order_id, 48)} is being sent to Shopify. The report in the channel says how it ends."
    return Message(said, [section(said)])


def why_sku(
    row: ProductRow,
    decision: NoAutoLink | str | None,
    entries: Sequence[Entry],
    candidates: Sequence[VariantRow] = (),
) -> Message:
    """Why a SKU is or is not linked. `decision`: what the rule said last, or a reason in words; None when linked."""
    if isinstance(decision, NoAutoLink):
        why = str(texts.NO_AUTO_LINK[decision])
    elif decision:
        why = esc(decision, 400)
    else:
        why = "It is linked." if row.link is not None and row.link.is_active else "It is not linked."
    if row.link is not None and row.link.state is LinkState.BROKEN:
        why = "Its link is broken: the Shopify variant was deleted. Press Link and choose another one."
    facts = texts.listing_facts(row.listing, row.shop.name)
    told = lines(texts.listing_name(row.listing), facts, link_line(row).split("\n")[0], why, texts.blocked(row.blocked))
    blocks = [section(told, link_button(row) or unlink_button(row))]
    shown, left = first(candidates, 5)
    if shown:
        named = [f"• {texts.variant_name(one.variant, one.store.name or one.store.id, 60)}" for one in shown]
        blocks.append(section(lines("*Shopify variants with this SKU*", *named, more(left))))
    return Message(told, [*blocks, *history(entries)])


def history(entries: Sequence[Entry]) -> list[Json]:
    """The newest entries, newest first, as one small block."""
    newest = sorted(entries, key=lambda entry: (entry.at, entry.id or 0), reverse=True)
    shown, left = first(newest, HISTORY)
    if not shown:
        return []
    return [context(lines(*(entry_line(entry) for entry in shown), more(left)))]


def entry_line(entry: Entry) -> str:
    who = texts.mention(entry.actor.id) if entry.actor.kind is ActorKind.PERSON else ""
    return dots(texts.when(entry.at), _happened(entry), who and f"by {who}")


ACTS: Mapping[Act, str] = {
    Act.CONNECTED: "connected",
    Act.DISCONNECTED: "disconnected",
    Act.IMPORTED: "imported",
    Act.MODE_SET: "answer to the prompt set",
    Act.LINK: "linked",
    Act.UNLINK: "unlinked",
    Act.LINK_BROKEN: "link broken",
    Act.LINK_MENDED: "link works again",
    Act.REFUSED: "refused",
    Act.PUSHED: "sent to TikTok",
    Act.PUSH_SKIPPED: "not sent to TikTok",
    Act.ORDER: "order",
    Act.MIRROR_ASKED: "Mirror now pressed",
    Act.CANCELLED: "cancelled in Shopify",
    Act.REFERENCED: "noted on the TikTok order",
    Act.OVERSOLD: "oversold",
    Act.PARKED: "stuck",
    Act.PAUSED: "paused",
    Act.RESUMED: "resumed",
    Act.ERASED: "buyer data erased",
    Act.SETTING_SET: "setting changed",
    Act.IGNORED: "ignored",
    Act.UNIGNORED: "no longer ignored",
    Act.SUGGESTION_REFUSED: "suggestion refused",
    Act.SUGGESTION_PRAISED: "suggestion called right",
    Act.HEALTH: "catalogue counted",
    Act.UNDONE: "undone",
}


def _happened(entry: Entry) -> str:
    facts = entry.facts
    if entry.act is Act.ORDER and entry.standing is not None:
        reason = texts.SHORT_REASONS[Reason(entry.reason)] if entry.reason in set(Reason) else ""
        return dots(texts.STANDINGS[entry.standing], reason, esc(facts.get("shopify_name", ""), 32))
    if entry.act is Act.PUSHED:
        change = f"{esc(facts.get('before') or '–', 24)} → {esc(facts.get('after') or '–', 24)}"
        return f"{esc(facts.get('field', 'value'), 12)} sent to TikTok: {change}"
    if entry.act is Act.PUSH_SKIPPED and entry.reason in set(PushReason):
        return f"not sent to TikTok: {texts.PUSH_REASONS[PushReason(entry.reason)].what}"
    named = esc(facts.get("variant_sku", ""), 48)
    return dots(ACTS[entry.act], named, esc(facts.get("detail", ""), 120))


def _sentence(mirror: Mirror) -> str:
    if mirror.reason is not None:
        return str(texts.REASONS[mirror.reason])
    if mirror.standing is Standing.ADOPTED:
        return "Another app had created it in Shopify; Linkbot took that order instead of making a second one."
    if mirror.standing is Standing.SENDING:
        return "It is being created in Shopify right now."
    return "It is in Shopify."


def _facts(mirror: Mirror) -> str:
    """The figures a reason was decided on."""
    facts = {name: esc(text, 300) for name, text in mirror.facts.items() if text}
    if mirror.reason is Reason.TOTALS_DIFFER and {"tiktok", "shopify"} <= facts.keys():
        currency = esc(mirror.value.currency, 8)
        return f"TikTok: {facts['tiktok']} {currency} · Shopify would compute: {facts['shopify']} {currency}"
    if mirror.reason is Reason.CURRENCY_MISMATCH and {"order", "store"} <= facts.keys():
        return f"Order: {facts['order']} · store: {facts['store']}"
    if mirror.reason is Reason.UNLINKED_SKU and "stores" in facts:
        named = " and ".join(facts["stores"].split())
        return f"Its SKUs are linked to {named}; an order can stand in one store only. Link them to the same store."
    return f"The answer was: {facts['detail']}" if "detail" in facts else ""


def _figures(row: OrderRow) -> str:
    mirror = row.mirror
    paid = f"paid {texts.when(mirror.paid_at)}" if mirror.paid_at else "not paid"
    due = f"ship by {texts.when(mirror.ship_by)}" if mirror.ship_by and mirror.standing not in IN_SHOPIFY else ""
    return dots(texts.money(mirror.value), bold(row.shop.name, 60), paid, due, _shopify(mirror))


def _shopify(mirror: Mirror) -> str:
    return f"Shopify {esc(mirror.shopify_name, 32)}" if mirror.shopify_name else ""


def _stopped_listings(mirror: Mirror, listings: Sequence[ProductRow]) -> list[Json]:
    """The SKUs to be linked, each with **Link**."""
    if mirror.reason not in (Reason.UNLINKED_SKU, Reason.BROKEN_LINK):
        return []
    known = {row.listing.id: row for row in listings}
    shown, left = first(mirror.listings, 5)
    blocks = [_stopped(one, known.get(one)) for one in shown]
    return [*blocks, *([context(more(left))] if left else [])]


def _stopped(listing_id: ListingId, row: ProductRow | None) -> Json:
    if row is None:
        named = f"TikTok SKU {code(listing_id, 40)}"
        return section(named, button("Link", Action.LINK, listing_value(listing_id), about=f"Link {listing_id}"))
    named = lines(texts.listing_name(row.listing), texts.listing_facts(row.listing), link_line(row))
    return section(named, link_button(row) or unlink_button(row))


def _why_button(mirror: Mirror) -> Json | None:
    if mirror.standing in IN_SHOPIFY:
        return None
    return button("Why", Action.WHY_ORDER, pack(Target.ORDER, order=mirror.order_id), about=f"Why {mirror.order_id}")


def _paging(page: Page[OrderRow], shown: int, standings: Sequence[Standing] | None, words: str) -> Json | None:
    def at(offset: int) -> str:
        return pack(Target.ORDERS, standings=" ".join(standings or ()), words=words[:200], offset=offset)

    back = button("Previous", Action.ORDERS_PREVIOUS, at(max(0, page.offset - ROWS))) if page.offset else None
    onward = button("Next", Action.ORDERS_NEXT, at(page.offset + shown)) if page.offset + shown < page.total else None
    return actions(back, onward) if back or onward else None
