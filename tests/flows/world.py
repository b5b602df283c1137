"""A rehearsal stage under a clock that tests move: the bot listens, jobs run when `settle` says so."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot.app import Linkbot
from bot.clients.http import Pace
from bot.domain.ledger import Act, Entry
from bot.domain.links import Link
from bot.domain.values import ListingId, OrderId, WorkspaceId
from bot.rehearsal.scenes import consent_address
from bot.rehearsal.slack_client import Person, text_of
from bot.rehearsal.stage import Stage, open_stage

Json = dict[str, Any]
TEAM, CHANNEL = WorkspaceId("T0001"), "C1"


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, start: datetime = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)) -> None:
        self.at = start

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Waits:
    """How the clients wait for their turn: a clock of their own moves on, nobody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def clock(self) -> float:
        return self.at

    async def wait(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class World:
    """What a flow test holds: the three fakes, the bot, and people. Nothing runs by itself but Slack's answers."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage, self.clock = stage, clock
        self.tiktok, self.shopify, self.slack = stage.tiktok, stage.shopify, stage.slack
        self.ana, self.ben = self.person("U1"), self.person("U2")

    @property
    def bot(self) -> Linkbot:
        return self.stage.running

    def person(self, user: str) -> Person:
        return self.slack.person(user)

    # --- running -----------------------------------------------------------------------------------------------------

    async def settle(self, rounds: int = 50) -> None:
        """Until nothing is left to do without the clock moving: webhooks delivered, jobs run, lazy Slack work done."""
        for _ in range(rounds):
            carried = await self.tiktok.deliver() + await self.shopify.deliver() + await self.slack.deliver()
            await self.slack_idle()
            ran = await self.bot.runner.run_due()
            if not (carried or ran):
                return
        raise AssertionError("the world does not settle")

    async def slack_idle(self) -> None:
        """Bolt answers first and works afterwards: wait for that work."""
        await self.bot.idle()

    async def wait(self, seconds: float) -> None:
        """The clock moves on, periodic work falls due, and everything runs."""
        self.clock.move(seconds)
        await self.bot.scheduler.tick()
        await self.settle()

    async def poll(self) -> None:
        """One round of the safety polls, whatever the clock says."""
        for shop in self.read(lambda u: u.shops.all_live()):
            for kind in ("poll_orders", "poll_products"):
                await self.bot.db.run(lambda u, k=kind, s=shop: u.jobs.add(k, s.id, owner=s.id))
        for store in self.read(lambda u: u.stores.all_live()):
            for kind in ("poll_store", "poll_stock"):
                await self.bot.db.run(lambda u, k=kind, s=store: u.jobs.add(k, s.id, owner=s.id))
        await self.settle()

    async def restart(self) -> None:
        """Stop and start the bot; the database stays."""
        await self.stage.stop_bot()
        await self.stage.start_bot(work=False)

    # --- acting ------------------------------------------------------------------------------------------------------

    async def connect(self, *stores: str) -> None:
        """Ana connects every store and every seller's shops, and both catalogues are imported."""
        for store in stores or list(self.shopify.stores):
            await self.command(self.ana, f"/link connect shopify {store}")
        for seller in dict.fromkeys(shop.seller for shop in self.tiktok.world.shops.values()):
            await self.command(self.ana, "/link connect tiktok")
            address = consent_address(self.stage)
            assert address is not None, self.told(self.ana)
            allowed = address.replace("/open/authorize?", f"/open/authorize/allow?seller={seller}&")
            assert await self.stage.consent(allowed) == 200, seller
        await self.settle()

    async def answer(self, label: str = "Link automatically") -> None:
        """Ana answers the newest prompt."""
        await self.ana.click(self.message(label), label)
        await self.settle()

    async def command(self, who: Person, text: str) -> None:
        await who.command(CHANNEL, text)
        await self.slack_idle()

    async def link(self, sku: str, variant: str, who: Person | None = None, pack: int | None = None) -> Json:
        """The whole way: `/link SKU`, search in the modal, choose, submit. The view that follows."""
        who = who or self.ana
        await self.command(who, f'/link "{sku}"')
        view = self.view(who)
        await self.choose(who, view, variant)
        if pack is not None:
            await who.fill(view, "units", str(pack))
        await who.submit(self.view(who))
        await self.slack_idle()
        shown = self.view(who)
        await self.settle()
        return shown

    async def choose(self, who: Person, view: Json, variant: str) -> None:
        """Choose a variant by its id in the picker's search."""
        chosen = self.shopify.variant(variant)
        words = chosen.sku or chosen.product.title
        await who.type_ahead(view, "pick_search", words)
        await who.select(view, "pick_search", variant)
        await self.slack_idle()

    async def unlink(self, sku: str, who: Person | None = None) -> None:
        who = who or self.ana
        await self.command(who, f'/link unlink "{sku}"')
        await who.click(self.private(who), "Unlink")
        await self.slack_idle()
        await self.settle()

    # --- looking -----------------------------------------------------------------------------------------------------

    def read(self, fn: Any) -> Any:
        return self.bot.db.read_sync(fn)

    def view(self, who: Person) -> Json:
        views = self.slack.views_open(who.id)
        assert views, f"no view is open for {who.id}; told: {self.told(who)[-500:]}"
        return views[-1]

    def private(self, who: Person) -> Json:
        """The newest message that only this person sees."""
        return self.slack.ephemerals(who.id, CHANNEL)[-1]

    def told(self, who: Person) -> str:
        return "\n".join(text_of(message) for message in self.slack.ephemerals(who.id, CHANNEL))

    def messages(self, text: str = "") -> list[Json]:
        """Messages of the channel that everybody sees and that contain this text, oldest first."""
        return [m for m in self.slack.messages(CHANNEL) if text in m.get("text", "") + text_of(m)]

    def message(self, text: str) -> Json:
        found = self.messages(text)
        assert found, f"no message with {text!r}; there are {[m.get('text') for m in self.messages()]}"
        return found[-1]

    def report(self) -> str:
        """The first line of the newest report."""
        found = [m["text"] for m in self.messages() if " mirrored · " in m["text"]]
        return found[-1].splitlines()[0] if found else ""

    def link_of(self, sku_id: str) -> Link | None:
        """The active or broken link of a TikTok SKU id."""
        found = self.read(lambda u: u.links.get(ListingId(sku_id)))
        return None if found is None or found.state == "tombstone" else found

    def links(self) -> dict[str, str]:
        """Active links: TikTok SKU id → variant gid."""
        rows = self.read(lambda u: u.links.of_workspace(TEAM, None, 100_000))
        return {link.listing_id: link.variant_id for link in rows if link.is_active}

    def acts(self, *acts: Act, listing: str | None = None, order: str | None = None) -> list[Entry]:
        ids = [ListingId(listing)] if listing else None
        chosen = OrderId(order) if order else None
        return self.read(
            lambda u: u.ledger.page(None, acts=list(acts) or None, listing_ids=ids, order_id=chosen, limit=100_000)
        )

    def standing(self, order_id: str) -> tuple[str, str | None]:
        """(standing, reason) of an order."""
        mirror = self.read(lambda u: u.orders.get(OrderId(order_id)))
        assert mirror is not None, f"order {order_id} is not known"
        return mirror.standing.value, mirror.reason.value if mirror.reason else None

    def shopify_orders(self, store: str | None = None) -> list[Any]:
        return [
            order for domain in ([store] if store else self.shopify.stores) for order in self.shopify.orders(domain)
        ]

    def calls(self, operation: str, since: int = 0) -> list[Any]:
        """API calls of the bot by operation, of both shops, that were answered."""
        return [c for c in [*self.tiktok.calls, *self.shopify.calls][since:] if c.operation == operation]


async def open_world(
    database_url: str, *, seeded: bool = False, clock: Clock | None = None, **environment: str
) -> World:
    """Fakes, bot and clock, nothing connected yet. Close with `world.stage.close()`."""
    clock, waits = clock or Clock(), Waits()
    pacing = partial(Pace, clock=waits.clock, wait=waits.wait)
    stage = await open_stage(database_url=database_url, seeded=seeded, now=clock, pacing=pacing, **environment)
    stage.slack.world.message_burst = None  # the clock stands still: Slack's pace would never recover
    await stage.start_bot(work=False)
    return World(stage, clock)
