"""The rehearsal played: `show` for a person with a browser, `play` for a machine that counts."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.domain.ledger import Act
from bot.rehearsal.seed import SHOP, STORE
from bot.rehearsal.slack_client import text_of
from bot.rehearsal.stage import Stage, database_at, open_stage, serve_page

PATIENCE = 20.0
_COUNT_PATIENCE = {"none": PATIENCE, "some": 60.0, "storm": 180.0}
"""Seconds that a count gets to come right: retries back off, so a bad night takes longer."""
Json = dict[str, Any]


# --- for a person ----------------------------------------------------------------------------------------------------


async def show(*, port: int, seed: int, faults: str, keep: str | None) -> None:
    """Everything running and connected, the prompt waiting in the channel; until SIGINT or SIGTERM."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(keep) if keep else Path(folder) / "rehearsal.db"
        stage = await open_stage(database_url=database_at(path), seed=seed, faults=faults, LINKBOT_POLL_SECONDS="5")
        try:
            await stage.start_bot()
            stage.carry_webhooks()
            await connect_all(stage)
            page = await serve_page(stage, port)
            print(f"Linkbot rehearsal: open {page.url} and type /link", flush=True)
            await _until_told_to_stop()
        finally:
            await stage.close()


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def connect_all(stage: Stage) -> None:
    """Ana types both `/link connect` commands and allows the app on the consent page."""
    ana = stage.slack.person("U1")
    await ana.command("C1", f"/link connect shopify {STORE}")
    await until(lambda: "Connected" in said_to(stage, "U1") or "connected" in said_to(stage, "U1"))
    stage.tiktok.consent.mode = "allow"
    await ana.command("C1", "/link connect tiktok")
    await until(lambda: consent_address(stage) is not None)
    await stage.consent(consent_address(stage) or "")


def consent_address(stage: Stage) -> str | None:
    """The address on the button of the latest answer to `/link connect tiktok`."""
    for message in reversed(stage.slack.ephemerals("U1", "C1")):
        for block in message.get("blocks") or []:
            for element in block.get("elements") or [block.get("accessory") or {}]:
                if "/open/authorize" in str(element.get("url", "")):
                    return str(element["url"])
    return None


def said_to(stage: Stage, user: str) -> str:
    return "\n".join(text_of(message) for message in stage.slack.ephemerals(user, "C1"))


async def until(holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait for what the bot does in the background; False when it did not happen in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


# --- for a machine ---------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """One figure of the story: what its own arithmetic says, and what the outside world shows."""

    name: str
    expected: int
    seen: int

    @property
    def is_right(self) -> bool:
        return self.expected == self.seen


@dataclass
class Told:
    """The story's outcome."""

    seed: int
    seconds: float = 0.0
    counts: list[Count] = field(default_factory=list[Count])

    @property
    def is_right(self) -> bool:
        return bool(self.counts) and all(count.is_right for count in self.counts)

    def as_json(self) -> Json:
        rows = [{"name": c.name, "expected": c.expected, "seen": c.seen, "ok": c.is_right} for c in self.counts]
        return {"ok": self.is_right, "seed": self.seed, "seconds": round(self.seconds, 1), "counts": rows}

    def as_text(self) -> str:
        rows = [
            f"{'ok   ' if c.is_right else 'WRONG'}  {c.name}: {c.seen} (expected {c.expected})" for c in self.counts
        ]
        return "\n".join(
            [*rows, f"{'The story is right' if self.is_right else 'The story is wrong'}, seed {self.seed}"]
        )


async def play(*, seed: int, faults: str, keep: str | None) -> Told:
    """Connect → import → prompt → answer → auto-link → alert → link by hand → orders → hold → release → price and
    stock edits → unlink → report, through the fakes only; the counts are what the three fakes hold at the end of each.
    """
    started, told = time.monotonic(), Told(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(keep) if keep else Path(folder) / "story.db"
        stage = await open_stage(database_url=database_at(path), seed=seed, faults=faults, LINKBOT_POLL_SECONDS="2")
        try:
            await stage.start_bot()
            stage.carry_webhooks()
            await Story(stage, told, _COUNT_PATIENCE[faults]).tell()
        finally:
            await stage.close()
    told.seconds = time.monotonic() - started
    return told


class Story:
    """Each scene acts as a person or a buyer would, waits, and counts."""

    def __init__(self, stage: Stage, told: Told, patience: float) -> None:
        self.stage, self.told, self.patience = stage, told, patience
        self.ana = stage.slack.person("U1")
        self.orders = 0  # mirrored so far, by the story's own arithmetic

    async def tell(self) -> None:
        await self.set_up()
        await self.link_by_hand()
        await self.sell()
        await self.release()
        await self.edit()
        await self.unlink()
        await self.report()

    async def count(self, name: str, expected: int, seen: Callable[[], int]) -> None:
        await until(lambda: seen() == expected, self.patience)
        self.told.counts.append(Count(name, expected, seen()))

    async def set_up(self) -> None:
        expected = self.stage.expected
        assert expected is not None
        await connect_all(self.stage)
        await until(lambda: self.message("Link automatically") is not None)
        await self.count("SKUs imported", expected.listings, lambda: self.ledger_sum(Act.IMPORTED, "skus"))
        await self.count("links before the answer", 0, lambda: self.acts(Act.LINK))
        prompt = self.message("Link automatically")
        if prompt is not None:
            await self.ana.click(prompt, "Link automatically")
        await self.count("SKUs linked by the rule", expected.equal, lambda: self.acts(Act.LINK))
        unlinked = expected.ambiguous + expected.different
        await until(lambda: self.message("HOOD-M") is not None)
        await self.count("alerts", 1, lambda: len(self.alerts()))
        await self.count("SKUs in the alert", unlinked, lambda: self.links_offered())

    async def link_by_hand(self) -> None:
        expected = self.stage.expected
        assert expected is not None
        await self.link("HOOD-M", "Harbour Hoodie", "49.00")
        await self.count("links after one by hand", expected.equal + 1, lambda: self.acts(Act.LINK))

    async def link(self, sku: str, title: str, price: str) -> None:
        """Type `/link SKU`, choose the variant in the list of the modal, press Link SKU."""
        await self.ana.command("C1", f"/link {sku}")
        await until(lambda: self.picker() is not None)
        view = self.picker()
        if view is None:
            return
        menu = await self.ana.type_ahead(view, "pick_search", title)
        chosen = next(x for x in menu.all if price in str(x.get("description", {}).get("text", "")))
        await self.ana.select(view, "pick_search", chosen["text"]["text"])
        await until(lambda: "Stock on TikTok" in text_of(self.picker() or {}))
        await self.ana.submit(self.picker() or view)
        await until(lambda: self.picker() is None)

    def picker(self) -> Json | None:
        views = self.stage.slack.views_open("U1")
        return views[-1] if views and views[-1].get("callback_id") == "picker" else None

    async def sell(self) -> None:
        place, sku = self.stage.tiktok.place_order, self.sku
        place(SHOP, [(sku("TEE-RED-M"), 2)], tax="3.30", seller_discount="4.00")
        place(SHOP, [(sku("TOTE-CNV"), 1), (sku("MUG-GRN"), 1)], shipping="4.99")
        place(SHOP, [(sku("HOOD-M"), 1)])
        place(SHOP, [(sku("BEANIE-NVY"), 3)], platform_discount="5.00")
        place(SHOP, [(sku("sock-gry"), 2), (sku("TOTE-CNV"), 1)])  # one SKU of it is not linked: held as a whole
        self.orders = 4
        await self.count("orders mirrored", self.orders, self.shopify_orders)
        await self.count("orders whose total differs", 0, self.totals_off)
        await self.count("orders held", 1, lambda: self.reported("held"))

    async def release(self) -> None:
        await self.link("sock-gry", "Wool Socks", "9.00")
        self.orders += 1
        await self.count("orders after the release", self.orders, self.shopify_orders)
        await self.count("orders still held", 0, lambda: self.reported("held"))

    async def edit(self) -> None:
        shopify, tiktok = self.stage.shopify, self.stage.tiktok
        tee, mug = self.variant("TEE-BLU-M"), self.variant("MUG-WHT")
        shopify.set_price(tee, "21.50")
        shopify.set_available(mug, 5)
        price = lambda: int(tiktok.world.sku(self.sku("TEE-BLU-M"))["price"]["tax_exclusive_price"] == "21.50")  # noqa: E731
        await self.count("prices that reached TikTok", 1, price)
        await self.count("mugs offered at TikTok", 5, lambda: tiktok.stock(self.sku("MUG-WHT")))

    async def unlink(self) -> None:
        await self.ana.command("C1", "/link unlink TEE-BLU-M")
        await until(lambda: self.ephemeral("Unlink") is not None)
        card = self.ephemeral("Unlink")
        if card is not None:
            await self.ana.click(card, "Unlink")
        await self.count("unlinks", 1, lambda: self.acts(Act.UNLINK))
        before = self.acts(Act.PUSHED)
        self.stage.shopify.set_price(self.variant("TEE-BLU-M"), "99.00")
        self.stage.shopify.set_price(self.variant("TEE-RED-S"), "20.50")  # linked: its push proves that the queue ran
        await self.count("pushes after the unlink, of the linked SKU only", before + 1, lambda: self.acts(Act.PUSHED))
        self.stage.tiktok.place_order(SHOP, [(self.sku("TEE-BLU-M"), 1)])
        await self.count("orders held after the unlink", 1, lambda: self.reported("held"))

    async def report(self) -> None:
        await self.count("orders in the report", self.orders, lambda: self.reported("mirrored"))
        await self.count("orders in Shopify", self.orders, self.shopify_orders)
        await self.count("messages Slack refused", 0, lambda: len(self.stage.slack.refusals))
        await self.count("late or failed answers", 0, lambda: len(self.stage.slack.complaints))

    # what the outside shows

    def sku(self, seller_sku: str) -> str:
        for product in self.stage.tiktok.world.products.values():
            for sku in product["skus"]:
                if sku["seller_sku"] == seller_sku:
                    return str(sku["id"])
        raise KeyError(seller_sku)

    def variant(self, sku: str) -> str:
        store = self.stage.shopify.stores[STORE]
        return next(v.id for p in store.products.values() for v in p.variants if v.sku == sku)

    def shopify_orders(self) -> int:
        return len(self.stage.shopify.orders(STORE))

    def totals_off(self) -> int:
        """Mirrored orders whose Shopify total is not TikTok's `total_amount`."""
        orders = self.stage.tiktok.sales.orders
        paid = {key: Decimal(order["payment"]["total_amount"]) for key, order in orders.items()}
        return sum(o.total.shop != paid.get(o.source_identifier or "") for o in self.stage.shopify.orders(STORE))

    def acts(self, act: Act) -> int:
        ledger = self.stage.running.db.read_sync(lambda u: u.ledger.page(None, acts=[act], limit=100_000))
        return len(ledger)

    def ledger_sum(self, act: Act, fact: str) -> int:
        entries = self.stage.running.db.read_sync(lambda u: u.ledger.page(None, acts=[act], limit=100_000))
        return sum(int(entry.facts[fact]) for entry in entries if fact in entry.facts)

    def message(self, text: str) -> Json | None:
        found = [m for m in self.stage.slack.messages("C1") if text in text_of(m)]
        return found[-1] if found else None

    def ephemeral(self, text: str) -> Json | None:
        found = [m for m in self.stage.slack.ephemerals("U1", "C1") if text in text_of(m)]
        return found[-1] if found else None

    def alerts(self) -> list[Json]:
        return [m for m in self.stage.slack.messages("C1") if "HOOD-M" in text_of(m) and "Link auto" not in text_of(m)]

    def links_offered(self) -> int:
        """Link buttons of the alert."""
        alerts = self.alerts()
        return str(alerts[-1]).count("'action_id': 'link'") if alerts else 0

    def reported(self, word: str) -> int:
        """The figure before `word` in the newest report: "7 mirrored · 2 held · 1 failed"."""
        reports = [m for m in self.stage.slack.messages("C1") if " mirrored · " in m.get("text", "")]
        words = reports[-1]["text"].replace("·", " ").split() if reports else []
        return int(words[words.index(word) - 1]) if word in words else -1
