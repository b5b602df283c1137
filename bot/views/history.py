"""`/link history SKU`: who did what with one SKU, when and from where, a page at a time."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.board import Page, ProductRow
from bot.domain.catalogue import Variant
from bot.domain.ledger import Act, Entry
from bot.domain.links import LinkRefusal, LinkState
from bot.domain.orders import Reason
from bot.domain.pushes import PushReason
from bot.domain.values import ActorKind, ListingId, Origin, VariantId, plain_id
from bot.views import texts
from bot.views.blocks import Json, Message, actions, button, code, context, dots, esc, first, lines, section
from bot.views.ids import Action, Target, pack
from bot.views.products import span

ROWS = 10
Variants = Mapping[VariantId, Variant]


def history(row: ProductRow, page: Page[Entry], variants: Variants) -> Message:
    """The entries of one SKU, newest first. `variants`: what the entries name, as far as it is known."""
    head = f"*History* · {texts.listing_name(row.listing)}"
    facts = texts.listing_facts(row.listing, row.shop.name)
    if not page.total:
        told = lines(head, facts, "Nothing has happened to it yet.")
        return Message(told, [section(told)])
    shown, _ = first(page.rows, ROWS)
    told = [entry_line(entry, variants) for entry in shown]
    place = span(page.offset, len(shown), page.total)
    blocks = [section(lines(head, facts)), *(section(line) for line in told), context(place)]
    paging = _paging(row.listing.id, page, len(shown))
    return Message(lines(head, facts, *told, place), blocks + ([paging] if paging else []))


def which(rows: Sequence[ProductRow], words: str) -> Message:
    """Several SKUs match what was typed."""
    shown, left = first(rows, ROWS)
    count = f"More than {len(shown)} SKUs" if left else texts.plural(len(shown), "SKU")
    said = f"{count} found for {code(words, 80) or 'your words'}. Which one?"
    narrow = "There are more. Add a word, or type the TikTok SKU id." if left else ""
    blocks = [section(said), *(section(_named(row), _open(row)) for row in shown)]
    return Message(lines(said, *(_named(row) for row in shown), narrow), blocks + ([context(narrow)] if narrow else []))


def _named(row: ProductRow) -> str:
    return lines(texts.listing_name(row.listing), texts.listing_facts(row.listing, row.shop.name))


def _open(row: ProductRow) -> Json:
    about = f"History of {texts.plain_sku(row.listing.seller_sku, 24)} {row.listing.title}"
    return button("History", Action.HISTORY, _place(row.listing.id, 0), about=about)


def _place(listing: ListingId, offset: int) -> str:
    return pack(Target.HISTORY, listing=listing, offset=offset)


def _paging(listing: ListingId, page: Page[Entry], shown: int) -> Json | None:
    back, onward = max(0, page.offset - ROWS), page.offset + shown
    previous = button("Previous", Action.HISTORY_PREVIOUS, _place(listing, back)) if page.offset else None
    following = button("Next", Action.HISTORY_NEXT, _place(listing, onward)) if onward < page.total else None
    return actions(previous, following) if previous or following else None


def entry_line(entry: Entry, variants: Variants) -> str:
    """When, what, who and from where, and the message it was done in where the ledger knows it."""
    return lines(f"*{texts.when(entry.at)}* · {said(entry, variants)}", dots(_who(entry), _message(entry)))


def said(entry: Entry, variants: Variants) -> str:
    """What happened, as a sentence."""
    return SENTENCES[entry.act](entry, variants)


def _who(entry: Entry) -> str:
    if entry.actor.kind is ActorKind.RULE:
        return f"by the rule {code(entry.actor.id, 40)}, {ORIGINS[entry.actor.origin]}"
    who = texts.mention(entry.actor.id) if entry.actor.kind is ActorKind.PERSON else "Linkbot"
    return f"by {who} {ORIGINS[entry.actor.origin]}"


ORIGINS: Mapping[Origin, str] = {
    Origin.SLACK: "in Slack",
    Origin.CLI: "on the command line",
    Origin.WEBHOOK: "after a webhook",
    Origin.POLL: "after a poll",
    Origin.JOB: "in the background",
}


def _message(entry: Entry) -> str:
    link = entry.facts.get("permalink", "")
    is_plain = link.startswith("https://") and len(link) <= 500 and not set(link) & set("<>| \n\t")
    return f"<{link.replace('&', '&amp;')}|the message>" if is_plain else ""


def _variant(entry: Entry, variants: Variants) -> str:
    """ "`HOOD-M` · Hoodie · Red / M", or what the entry itself says of it."""
    known = variants.get(entry.variant_id) if entry.variant_id else None
    if known is not None:
        return texts.variant_name(known, title=60)
    named = code(entry.facts.get("variant_sku", ""), 64)
    return named or (f"Shopify variant {code(plain_id(entry.variant_id), 40)}" if entry.variant_id else "a variant")


def _times(entry: Entry) -> str:
    units = entry.facts.get("pack", "1")
    return f" × {esc(units, 8)}" if units not in ("", "1") else ""


def _unlink(entry: Entry, variants: Variants) -> str:
    broken = " The link was broken." if entry.facts.get("was") == LinkState.BROKEN else ""
    return f"Unlinked from {_variant(entry, variants)}{_times(entry)}.{broken}"


_UNDONE: Mapping[str, str] = {
    Act.LINK: "Undone: the link to",
    Act.UNLINK: "Undone: the unlink from",
    Act.MODE_SET: "Undone: the answer to the first prompt.",
    Act.SETTING_SET: "Undone: the change of a setting.",
}


def _undone(entry: Entry, variants: Variants) -> str:
    words = _UNDONE.get(entry.facts.get("act", ""), "Undone.")
    return words if words.endswith(".") else f"{words} {_variant(entry, variants)}."


def _refused(entry: Entry, _: Variants) -> str:
    reason = entry.reason or ""
    if reason in set(LinkRefusal):
        return f"Refused: {texts.LINK_REFUSALS[LinkRefusal(reason)].what}"
    if reason.startswith("no_right_"):
        return f"Refused: {texts.no_right(reason.removeprefix('no_right_'))}"
    return f"Refused: {esc(reason or 'no reason recorded', 120)}."


def _pushed(entry: Entry, _: Variants) -> str:
    field, facts = esc(entry.facts.get("field", "value"), 12).capitalize(), entry.facts
    return f"{field} sent to TikTok: {esc(facts.get('before') or '–', 40)} → {esc(facts.get('after') or '–', 40)}."


def _push_skipped(entry: Entry, _: Variants) -> str:
    known = entry.reason in set(PushReason)
    why = texts.PUSH_REASONS[PushReason(str(entry.reason))].what if known else esc(entry.reason or "", 120)
    return f"Not sent to TikTok: {why or 'no reason recorded.'}"


def _parked(entry: Entry, _: Variants) -> str:
    what = "TikTok refused the price or stock" if entry.reason == "push_refused" else "Stuck, a person is needed"
    return f"{what}{_detail(entry)}"


def _order(entry: Entry, _: Variants) -> str:
    standing = texts.STANDINGS[entry.standing] if entry.standing else "changed"
    reason = texts.SHORT_REASONS[Reason(str(entry.reason))] if entry.reason in set(Reason) else ""
    return f"{_order_name(entry)}: {dots(standing, reason)}."


def _order_name(entry: Entry) -> str:
    return f"Order {code(entry.order_id or '', 40)}".rstrip()


def _detail(entry: Entry) -> str:
    detail = esc(entry.facts.get("detail", ""), 300)
    return f": {detail}" if detail else "."


def _reasoned(words: str) -> Callable[[Entry, Variants], str]:
    return lambda entry, _: f"{words}: {esc(entry.reason, 120)}." if entry.reason else f"{words}."


def _plain(words: str) -> Callable[[Entry, Variants], str]:
    return lambda _entry, _variants: words


_IGNORED_FOR = {"day": "for 1 day", "week": "for 7 days", "change": "until it changes", "good": "for good"}
_UNIGNORED = {"time_over": ": its time is over", "changed": ": it changed"}

SENTENCES: Mapping[Act, Callable[[Entry, Variants], str]] = {
    Act.CONNECTED: _plain("Connected."),
    Act.DISCONNECTED: _reasoned("Disconnected"),
    Act.IMPORTED: _plain("The catalogue was imported."),
    Act.MODE_SET: _plain("The answer to the first prompt was set."),
    Act.LINK: lambda entry, variants: f"Linked to {_variant(entry, variants)}{_times(entry)}.",
    Act.UNLINK: _unlink,
    Act.LINK_BROKEN: lambda entry, variants: f"Link broken: {_variant(entry, variants)} was deleted in Shopify.",
    Act.LINK_MENDED: lambda entry, variants: f"Link works again: {_variant(entry, variants)} is back in Shopify.",
    Act.REFUSED: _refused,
    Act.PUSHED: _pushed,
    Act.PUSH_SKIPPED: _push_skipped,
    Act.ORDER: _order,
    Act.MIRROR_ASKED: lambda entry, _: f"{_order_name(entry)}: Mirror now was pressed.",
    Act.REFERENCED: lambda entry, _: f"{_order_name(entry)}: noted on the TikTok order.",
    Act.CANCELLED: lambda entry, _: f"{_order_name(entry)}: cancelled in Shopify, as it was on TikTok.",
    Act.OVERSOLD: lambda entry, variants: f"Oversold: more was sold than Shopify has of {_variant(entry, variants)}.",
    Act.PARKED: _parked,
    Act.PAUSED: _plain("The shop was paused."),
    Act.RESUMED: _plain("The shop was resumed."),
    Act.ERASED: _plain("Buyer data was erased."),
    Act.SETTING_SET: lambda entry, _: f"Setting changed: {code(entry.facts.get('name', '?'), 40)}.",
    Act.UNDONE: _undone,
    Act.IGNORED: lambda entry, _: f"Ignored {_IGNORED_FOR.get(entry.reason or '', 'for now')}.",
    Act.UNIGNORED: lambda entry, _: f"No longer ignored{_UNIGNORED.get(entry.reason or '', '')}.",
    Act.SUGGESTION_REFUSED: lambda entry, variants: f"Suggestion refused: {_variant(entry, variants)}.",
    Act.SUGGESTION_PRAISED: lambda entry, variants: f"Suggestion called right: {_variant(entry, variants)}.",
    Act.HEALTH: lambda entry, _: (
        f"The catalogue was counted: {esc(entry.facts.get('linked', '?'), 12)} of "
        f"{esc(entry.facts.get('listings', '?'), 12)} SKUs linked."
    ),
}
