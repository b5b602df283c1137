"""What the linking modal shows before it is drawn and after it was submitted."""

from bot.domain.board import LinkEffect, ProductRow
from bot.domain.links import Link
from bot.views import texts
from bot.views.blocks import Json, context, lines, modal, section
from bot.views.ids import Callback
from bot.views.products import link_line, row_text
from bot.views.undo import undo_row

TITLE = "Link SKU"


def loading() -> Json:
    """What stands there before anything was read (U7)."""
    return modal(TITLE, [section("Loading the products…")], callback=Callback.NOTE, close="Cancel")


def linked(row: ProductRow, effect: LinkEffect | None, undo: int | None = None) -> Json:
    """After the act: what is linked now, and what goes out. `undo`: the entry that **Undo** takes back."""
    blocks = [section(lines("*Linked.*", row_text(row)))]
    if effect is not None:
        blocks.append(section(lines(*figures(effect))))
        if effect.released and effect.released.orders:
            orders = texts.plural(effect.released.orders, "waiting order goes", "waiting orders go")
            blocks.append(section(f"{orders} to Shopify now."))
        if effect.warnings:
            blocks.append(context(*(f"*Note:* {texts.LINK_WARNINGS[one]}" for one in effect.warnings)))
    blocks += undo_row(undo)
    return modal("Linked", blocks, callback=Callback.NOTE)


def working() -> Json:
    """Between the submit and its result."""
    return modal("Linkbot", [section("Working…")], callback=Callback.NOTE)


def failed(text: str) -> Json:
    """The act was not done; `text` says why and what to do next."""
    return modal("Not linked", [section(text)], callback=Callback.NOTE)


def already_linked(row: ProductRow, by: Link | None) -> Json:
    """Somebody was faster, or it was linked all along."""
    link = by or row.link
    who = texts.by(link.actor) if link is not None else ""
    said = f"{texts.listing_name(row.listing)} is already linked {who}".rstrip() + "."
    said = lines(said, link_line(row), "To change the link, unlink it first.")
    return modal("Already linked", [section(said)], callback=Callback.NOTE)


def figures(effect: LinkEffect) -> list[str]:
    """Price and stock on TikTok, before → after."""
    price = f"Price on TikTok stays {texts.money(effect.price_before)}"
    if effect.pushes_price and effect.price_after is not None and effect.price_after != effect.price_before:
        price = f"Price on TikTok: {texts.money(effect.price_before)} → {texts.money(effect.price_after)}"
    stock = f"Stock on TikTok stays {effect.stock_before}"
    if effect.pushes_stock and effect.stock_after is not None and effect.stock_after != effect.stock_before:
        stock = f"Stock on TikTok: {effect.stock_before} → {effect.stock_after}"
    return [price, stock]
