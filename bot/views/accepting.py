"""What follows a click on a suggestion: accepted or not, for how long to ignore, and accepting all sure ones."""

from collections.abc import Mapping
from typing import Any

from bot.domain.board import LinkEffect, ProductRow
from bot.domain.links import Link
from bot.domain.suggesting import Accepted, AcceptPlan, IgnoreFor, Pair
from bot.domain.values import ListingId
from bot.views import suggestions, texts
from bot.views.blocks import (
    Json,
    Message,
    actions,
    button,
    context,
    field_input,
    first,
    lines,
    modal,
    more,
    option,
    section,
    value_of,
)
from bot.views.ids import Action, Block, Callback, Target, pack, unpack
from bot.views.outcomes import figures
from bot.views.plain import note
from bot.views.products import link_line

WORST = 10
"""Pairs of a preview: the least sure ones."""
CHOICES: Mapping[IgnoreFor, str] = {
    IgnoreFor.DAY: "1 day",
    IgnoreFor.WEEK: "7 days",
    IgnoreFor.CHANGE: "Until it changes",
    IgnoreFor.GOOD: "For good",
}
AMBIGUOUS = note("Several products share this SKU by now, so nothing was linked. Press *Link* to choose one.")
NOT_IGNORABLE = note("This TikTok SKU is linked or gone by now. Nothing to ignore.")
CANCELLED = note("Nothing was linked.")
RATED = note("Noted. Suggestions here follow what people say.")
GONE = note("This suggestion is out of date. Type `/link products unlinked` to see what stands now.")


# --- one -------------------------------------------------------------------------------------------------------------


def linked(row: ProductRow, effect: LinkEffect | None) -> Message:
    """After **Accept**, to the person who pressed it: what is linked and what goes out."""
    head = f"Linked {texts.listing_name(row.listing)}."
    return note(lines(head, link_line(row), *(figures(effect) if effect is not None else ())))


def already_linked(row: ProductRow, by: Link) -> Message:
    """Somebody was faster."""
    head = f"{texts.listing_name(row.listing)} is already linked {texts.by(by.actor)}".rstrip()
    return note(lines(f"{head}.", link_line(row)))


def ask_ignore(row: ProductRow) -> Json:
    """For how long? Nothing is chosen beforehand (U17)."""
    about = {
        IgnoreFor.CHANGE: "its title, SKU, price or being in stock, or another equal SKU",
        IgnoreFor.GOOD: "until somebody presses Stop ignoring",
    }
    options = [option(text, how.value, about.get(how, "")) for how, text in CHOICES.items()]
    radios: Json = {"type": "radio_buttons", "action_id": str(Action.IGNORE_FOR), "options": options}
    blocks = [
        section(lines(texts.listing_name(row.listing), texts.listing_facts(row.listing, row.shop.name))),
        field_input("Ignore it for how long?", radios, Block.IGNORE),
        context("It stays unlinked and its orders stay held; only the alert goes away."),
    ]
    if blocked := texts.blocked(row.blocked):
        blocks.insert(1, section(f"*Note:* {blocked}."))
    metadata = pack(Target.LISTING, listing=row.listing.id)
    return modal("Ignore SKU", blocks, callback=Callback.IGNORE, submit="Ignore", close="Cancel", metadata=metadata)


def answer_ignore(view: Mapping[str, Any]) -> Json:
    """The ack of the question: an inline error, the second question for "for good", or "working"."""
    how = read_how(view)
    if how is None:
        return {"response_action": "errors", "errors": {str(Block.IGNORE): "Choose how long."}}
    return {"response_action": "update", "view": _sure(view) if how is IgnoreFor.GOOD else working()}


def answer_good(_: Mapping[str, Any]) -> Json:
    return {"response_action": "update", "view": working()}


def read_how(view: Mapping[str, Any]) -> IgnoreFor | None:
    """What was chosen; the second question has one answer."""
    if view.get("callback_id") == Callback.IGNORE_GOOD:
        return IgnoreFor.GOOD
    chosen = value_of((view.get("state") or {}).get("values") or {}, Block.IGNORE, Action.IGNORE_FOR)
    value = (chosen.get("selected_option") or {}).get("value")
    return IgnoreFor(value) if value in set(IgnoreFor) else None


def read_listing(view: Mapping[str, Any]) -> ListingId:
    return ListingId(unpack(view.get("private_metadata") or "")["listing"])


def _sure(view: Mapping[str, Any]) -> Json:
    said = "*Ignore this SKU for good?*\nIt never comes back by itself, and its suggestion counts as wrong."
    metadata = str(view.get("private_metadata") or "")
    return modal(
        "Ignore for good?", [section(said)], callback=Callback.IGNORE_GOOD, submit="Ignore for good", close="Cancel",
        metadata=metadata,
    )  # fmt: skip


def working() -> Json:
    return modal("Ignore SKU", [section("Working…")], callback=Callback.NOTE)


def ignored(row: ProductRow, how: IgnoreFor) -> Json:
    said = {IgnoreFor.DAY: "for 1 day", IgnoreFor.WEEK: "for 7 days"}.get(how) or suggestions.how_long(how, "")
    rest = "It stands in `/link products unlinked` with *Stop ignoring*."
    return modal(
        "Ignored",
        [section(lines(f"{texts.listing_name(row.listing)} is ignored {said}.", rest))],
        callback=Callback.NOTE,
    )


def not_ignored() -> Json:
    return modal("Not ignored", NOT_IGNORABLE.blocks, callback=Callback.NOTE)


def unignored(row: ProductRow | None) -> Message:
    named = texts.listing_name(row.listing) if row is not None else "The SKU"
    return note(f"{named} is no longer ignored.")


# --- all -------------------------------------------------------------------------------------------------------------


def preview(plan: AcceptPlan, *, stale: bool = False) -> Message:
    """What **Apply** would link: the number, the least sure ten, and prices that change (N5)."""
    looked = _looked(plan)
    changed = "This changed since the preview, so nothing was linked. Now it is:" if stale else ""
    if not plan.pairs:
        return note(lines(changed, "No unlinked SKU has a suggestion of high confidence.", looked))
    count = texts.plural(len(plan.pairs), "SKU would be linked", "SKUs would be linked")
    prices = sum(pair.changes_price for pair in plan.pairs)
    effect = f"{texts.plural(prices, 'price')} on TikTok would change."
    shown, left = first(plan.pairs, WORST)
    head = "The least sure ones:" if left else ""
    each = [_pair(pair) for pair in shown]
    value = pack(Target.ACCEPT, digest=plan.digest)
    blocks = [section(lines(changed, f"*{count}* by suggestions of high confidence. {effect}", looked, head))]
    blocks += [section(text) for text in each]
    if left:
        blocks.append(context(more(left)))
    apply = button("Apply", Action.ACCEPT_APPLY, value, "primary")
    blocks.append(actions(apply, button("Cancel", Action.ACCEPT_CANCEL, value)))
    return Message(lines(changed, f"{count}. {effect}", *each, more(left)), blocks)


def _pair(pair: Pair) -> str:
    price = f"Price on TikTok: {texts.money(pair.listing.price)} → {texts.money(pair.price_after)}"
    named = f"{texts.listing_name(pair.listing, 80, 40)} · {texts.sku(pair.listing.seller_sku, 48)}"
    return lines(named, suggestions.line(pair.suggestion), price if pair.changes_price else "")


def _looked(plan: AcceptPlan) -> str:
    if plan.looked >= plan.unlinked:
        return ""
    looked = f"Looked at {plan.looked} of {plan.unlinked} unlinked SKUs; at most 500 are linked at a time."
    return f"{looked} Type `/link accept` again for more."


def looking() -> Message:
    return note("Looking at the unlinked SKUs…")


def applying() -> Message:
    return note("Linking…")


def applied(done: Accepted) -> Message:
    head = f"{texts.plural(done.linked, 'SKU is', 'SKUs are')} linked."
    rest = f"{texts.plural(done.refused, 'SKU was', 'SKUs were')} not: linked by somebody else or gone meanwhile."
    return note(lines(head, rest if done.refused else ""))
