"""A link group: the TikTok SKUs that share one Shopify variant, what each offers, and the sum (N18)."""

from bot.domain.board import LinkGroup, Sharer
from bot.views import texts
from bot.views.blocks import dots, esc, first, lines, more

SHOWN = 5


def group_text(group: LinkGroup) -> str:
    """The whole group: a line for each other SKU, then the sum against Shopify's stock."""
    shown, left = first(group.others, SHOWN)
    named = texts.plural(len(group.others), "other TikTok SKU shares", "other TikTok SKUs share")
    return lines(f"*{named} this Shopify stock*", *(f"• {_line(one)}" for one in shown), more(left), _sum(group))


def group_names(group: LinkGroup) -> str:
    """ "`A`, `B` +2 more", for a sentence."""
    shown, left = first(group.others, SHOWN)
    names = ", ".join(dots(texts.sku(one.listing.seller_sku, 40), esc(one.shop, 40)) for one in shown)
    return f"{names} {more(left)}".rstrip()


def _line(one: Sharer) -> str:
    offers = f"offers {one.offers}"
    pack = f"× {one.pack}" if one.pack > 1 else ""
    taken = f"{offers} ({texts.plural(one.units, 'unit')})" if one.pack > 1 else offers
    sku = texts.sku(one.listing.seller_sku, 40)
    return dots(sku, texts.listing_name(one.listing, 60, 30), esc(one.shop, 40), pack, taken)


def _sum(group: LinkGroup) -> str:
    """Without an allocation rule every SKU offers the whole stock: that is said, not hidden."""
    told = f"Together with this SKU they offer {texts.plural(group.offered, 'unit')}"
    if group.available is None:
        return f"{told}; Shopify counts no stock for this variant."
    told += f"; Shopify has {group.available} available."
    if group.offered > max(0, group.available):
        told += " Each offers the stock in full; a sale on one lowers the others."
    return told
