"""`/link status`: connections, last reads, orders that wait, age of the queue (U36); and what pause and resume did."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.board import Health
from bot.domain.connections import Shop
from bot.views import texts
from bot.views.blocks import Message, bold, dots, esc, first, lines, more, section
from bot.views.home import queue, shop_line, store_line

NOTHING = "Nothing is connected. Type `/link connect tiktok` or `/link connect shopify STORE`."


def status(
    health: Health, now: datetime, poll_seconds: float, public_url: str | None = None, extra: Sequence[str] = ()
) -> Message:
    """How everything stands at `now`. `extra`: further lines in plain words, escaped here."""
    told = [shop_line(shop) for shop in health.shops] + [store_line(store) for store in health.stores]
    shown, left = first(told, 20)
    parts = [
        lines(*shown, more(left)) or NOTHING,
        lines(
            _skus(health), _orders(health), f"*Queue:* {queue(health)}", _reading(health, now, poll_seconds, public_url)
        ),
        lines(*(esc(line, 300) for line in extra[:20])),
    ]
    return Message(lines(*parts), [section(part) for part in parts if part])


def switched(shops: Sequence[Shop], paused: bool) -> Message:
    """What `/link pause` and `/link resume` did."""
    shown, left = first(shops, 10)
    names = ", ".join([*(bold(shop.name, 60) for shop in shown), *([more(left)] if left else [])])
    if not shops:
        said = "Nothing was changed: " + ("no running shop was found." if paused else "no paused shop was found.")
    elif paused:
        said = f"Paused {names}. No price or stock is sent, and new orders are held, until you type `/link resume`."
    else:
        said = f"Resumed {names}. Held orders go on now, and prices and stock are sent again."
    return Message(said, [section(said)])


def _skus(health: Health) -> str:
    broken = texts.plural(health.broken, "broken link") if health.broken else ""
    return dots(f"*SKUs:* {health.listings}", f"{health.linked} linked", f"{health.unlinked} unlinked", broken)


def _orders(health: Health) -> str:
    worth = texts.sums(health.held_value)
    return dots(f"*Orders not in Shopify:* {health.held} held", f"{health.parked} failed", worth)


def _reading(health: Health, now: datetime, poll_seconds: float, public_url: str | None) -> str:
    """How news arrives, and how old the oldest last look at a running shop's orders is."""
    looks = [shop.orders_seen_to for shop in health.shops if shop.is_live and shop.orders_seen_to]
    oldest = f"last read {texts.age(now - min(looks))} ago" if looks else ""
    way = f"webhooks to {esc(public_url, 120)}, and polls" if public_url else "polls only (no public address)"
    return dots(f"*Orders are read by* {way} every {poll_seconds} s", oldest)
