"""App Home: the banner with the unlinked count, connections, held orders, last activity (S14, S15, S16)."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.board import Health, ProductFilter, ProductRow
from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.links import LinkMode
from bot.views import texts
from bot.views.blocks import (
    Json,
    actions,
    bold,
    button,
    context,
    divider,
    dots,
    esc,
    first,
    header,
    lines,
    more,
    section,
)
from bot.views.ids import Action, Callback, Target, pack
from bot.views.products import product, show_all

SHOWN, CONNECTIONS = 5, 10


def home(health: Health, pressing: Sequence[ProductRow]) -> Json:
    """The whole tab."""
    blocks = [*_banner(health, pressing), *_orders(health), divider(), *_connections(health)]
    if health.listings:
        counts = f"{health.linked} of {texts.plural(health.listings, 'SKU')} linked"
        broken = f"{texts.plural(health.broken, 'link')} broken" if health.broken else ""
        blocks += [section(dots(counts, broken), show_all(ProductFilter.ALL, "Show all products"))]
    blocks.append(context(_activity(health)))
    return {"type": "home", "callback_id": Callback.HOME.value, "blocks": blocks}


def _banner(health: Health, pressing: Sequence[ProductRow]) -> list[Json]:
    """The number and **Link products** while a SKU is unlinked; the most pressing ones below."""
    if not health.unlinked:
        return [header("Every SKU is linked")] if health.listings else []
    said = f"{texts.plural(health.unlinked, 'SKU is', 'SKUs are')} not linked"
    value = pack(Target.TABLE, filter=ProductFilter.UNLINKED, words="", offset=0)
    shown, _ = first(pressing, SHOWN)
    rest = more(health.unlinked - len(shown)) if shown else ""
    return [
        header(said),
        actions(button("Link products", Action.LINK_PRODUCTS, value, "primary")),
        *(product(row) for row in shown),
        *([context(rest)] if rest else []),
    ]


def _orders(health: Health) -> list[Json]:
    if not health.held and not health.parked:
        return [section("No order is waiting for you.")] if health.shops else []
    counts = [f"{health.held} held" if health.held else "", f"{health.parked} failed" if health.parked else ""]
    worth = f"worth {texts.sums(health.held_value)}" if health.held_value else ""
    return [section(lines(f"*Orders not in Shopify:* {dots(*counts, worth)}", "To see why, type `/link orders held`."))]


def _connections(health: Health) -> list[Json]:
    if not health.shops and not health.stores:
        steps = [
            "*Nothing is connected yet.*",
            "1. Type `/link connect tiktok` in a channel.",
            "2. Type `/link connect shopify my-store.myshopify.com` there.",
        ]
        return [section(lines(*steps))]
    blocks = [*_some([shop_line(shop) for shop in health.shops]), *_some([store_line(one) for one in health.stores])]
    if not health.shops:
        blocks.append(section("No TikTok shop is connected. Type `/link connect tiktok`."))
    if not health.stores:
        blocks.append(section("No Shopify store is connected. Type `/link connect shopify my-store.myshopify.com`."))
    return blocks


def _some(told: Sequence[str]) -> list[Json]:
    shown, left = first(told, CONNECTIONS)
    return [section(lines(*shown, more(left)))] if shown else []


def shop_line(shop: Shop) -> str:
    """A shop with its state, its mode and how far its orders were read."""
    state = _state(shop.state, f"connected {texts.when(shop.connected_at)}")
    if not shop.is_live:
        return f"TikTok shop {bold(shop.name, 60)}: {state}"
    imported = "" if shop.imported_at else "import is running"
    seen = f"orders read up to {texts.when(shop.orders_seen_to)}" if shop.orders_seen_to else ""
    paused = "*paused*" if shop.paused else ""
    return f"TikTok shop {bold(shop.name, 60)}: {dots(state, mode(shop), paused, imported, seen)}"


def store_line(store: Store) -> str:
    """A store with its state and how far its products were read."""
    state = _state(store.state, f"connected {texts.when(store.connected_at)}")
    named = f"Shopify store {bold(store.name or store.id, 60)}: "
    if not store.is_live:
        return named + state
    imported = "" if store.imported_at else "import is running"
    seen = f"products read up to {texts.when(store.products_seen_to)}" if store.products_seen_to else ""
    return named + dots(state, esc(store.currency, 8), imported, seen)


def mode(shop: Shop) -> str:
    if shop.mode is None:
        return "prompt not answered: nothing is linked yet"
    return "links automatically" if shop.mode is LinkMode.AUTO else "linked by hand"


def _state(state: ConnectionState, connected: str) -> str:
    return connected if state is ConnectionState.CONNECTED else f"*{texts.CONNECTIONS[state]}*"


def _activity(health: Health) -> str:
    """The newest thing read from either side, and whether work is piling up."""
    seen: list[datetime] = [one for shop in health.shops for one in (shop.orders_seen_to, shop.products_seen_to) if one]
    seen += [store.products_seen_to for store in health.stores if store.products_seen_to]
    last = f"Last read {texts.when(max(seen))}" if seen else "Nothing has been read yet"
    return dots(last, queue(health))


def queue(health: Health) -> str:
    """How long the oldest due work waits."""
    return "no work waits" if health.queue_age is None else f"oldest waiting work: {texts.age(health.queue_age)}"
