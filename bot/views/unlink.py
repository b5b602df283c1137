"""Unlinking asks first and says what would stop (S35)."""

from bot.domain.board import ProductRow, UnlinkEffect
from bot.domain.links import LinkState
from bot.views import texts
from bot.views.blocks import Json, Message, actions, button, context, lines, modal, section
from bot.views.groups import group_names
from bot.views.ids import Action, Callback, Target, pack
from bot.views.products import link_button, link_line, listing_value
from bot.views.undo import undo_row


def confirm_modal(row: ProductRow, stops: UnlinkEffect) -> Json:
    """ "Unlink SKU" with **Unlink** and **Cancel**."""
    metadata = pack(Target.LISTING, listing=row.listing.id)
    return modal(
        "Unlink SKU",
        [section(_named(row)), section(_stops(row, stops)), context(_LATER)],
        callback=Callback.UNLINK,
        submit="Unlink",
        close="Cancel",
        metadata=metadata,
    )


def confirm_message(row: ProductRow, stops: UnlinkEffect) -> Message:
    """The same as a message, for `/link unlink SKU`."""
    yes = button("Unlink", Action.UNLINK_YES, listing_value(row.listing.id), "danger")
    no = button("Cancel", Action.UNLINK_NO, listing_value(row.listing.id))
    text = lines(f"Unlink {texts.listing_name(row.listing)}?", _stops(row, stops))
    return Message(text, [section(_named(row)), section(_stops(row, stops)), actions(yes, no), context(_LATER)])


def done(row: ProductRow, undo: int | None = None) -> Message:
    """After the act. The row may be the one read before it or after it. `undo`: the entry that **Undo** takes back."""
    said = f"Unlinked {texts.listing_name(row.listing)}. Prices, stock and new orders are no longer synced."
    again = button("Link", Action.LINK, listing_value(row.listing.id))
    return Message(said, [section(said, again if not row.listing.is_deleted else None), *undo_row(undo)])


def done_modal(row: ProductRow, undo: int | None = None) -> Json:
    """The same where the confirmation was a modal."""
    return modal("Unlinked", done(row, undo).blocks, callback=Callback.NOTE)


def cancelled() -> Message:
    said = "Nothing was changed. The SKU is still linked."
    return Message(said, [section(said)])


def not_linked(row: ProductRow) -> Message:
    """`/link unlink` of a SKU without a link."""
    said = f"{texts.listing_name(row.listing)} is not linked."
    return Message(said, [section(said, link_button(row))])


_LATER = "Linking it again is always possible, by hand: an unlinked SKU is never linked automatically."


def _named(row: ProductRow) -> str:
    return lines(
        texts.listing_name(row.listing), texts.listing_facts(row.listing, row.shop.name), link_line(row).split("\n")[0]
    )


def _stops(row: ProductRow, stops: UnlinkEffect) -> str:
    """What stops, as sentences."""
    broken = row.link is not None and row.link.state is LinkState.BROKEN
    kept = f"{texts.money(stops.price)} and {texts.units(stops.stock)}"
    freeze = f"TikTok keeps {kept}; changes in Shopify no longer reach it."
    held = "New orders with this SKU are held, not created in Shopify."
    if stops.open_orders:
        count = texts.plural(stops.open_orders, "order", "orders")
        value = f", {texts.sums(stops.open_value)}," if stops.open_value else ""
        held += f" {count}{value} {'is' if stops.open_orders == 1 else 'are'} on the way to Shopify with it now"
        held += " and will be held too."
    told = ["" if broken else freeze, held, _sold(stops), _others(stops)]
    return lines("*What stops, straight away:*", *(f"• {one}" for one in told if one))


def _sold(stops: UnlinkEffect) -> str:
    """How much is at stake: the sales of the last weeks."""
    if stops.sold is None:
        return ""
    since = f"In the last {stops.sold.days} days it sold"
    if not stops.sold.orders:
        return f"{since} nothing."
    return f"{since} {texts.plural(stops.sold.units, 'unit')} in {texts.plural(stops.sold.orders, 'order')}."


def _others(stops: UnlinkEffect) -> str:
    if not stops.others_sharing:
        return ""
    others = texts.plural(stops.others_sharing, "other TikTok SKU stays", "other TikTok SKUs stay")
    named = f": {group_names(stops.group)}" if stops.group else ""
    return f"{others} linked to the same variant{named}."
