"""Plays a case: builds its world, does its steps over real HTTP, and keeps what its checks look at."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from bot.app import Linkbot, build, open_db
from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.serving import serve
from bot.rehearsal.slack_client import Person, container_of, text_of
from bot.sync.runner import Runner
from bot.views.ids import Action, unpack
from tests.cases.reading import Case, Json
from tests.flows.world import CHANNEL, Clock, World, open_world

Do = Callable[[], Awaitable[None]]
LABELS = {"auto": "Link automatically", "manual": "Link by hand"}


@dataclass(frozen=True)
class HookAnswer:
    """What the bot answered to one webhook; `seconds` of real time."""

    status: int
    seconds: float
    body: bytes


@dataclass
class Modal:
    """A linking modal that a step opened; `shown` is what stood there once it was submitted."""

    user: str
    view: Json
    shown: Json = field(default_factory=dict)


@dataclass
class Play:
    """A case being played. Checks read `world` and the notes the steps leave here."""

    case: Case
    world: World
    answers: list[HookAnswer] = field(default_factory=list)
    modals: dict[str, Modal] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)  # TikTok SKU id → the modal's text just before the submit
    doors: list[str] = field(default_factory=list)  # where webhooks may be delivered
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    # --- the world before --------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Shops, stores, people; connected when the case says, mode answered; then the clock moves to `now`."""
        given, world = self.case.given, self.world
        world.tiktok.load({**given["tiktok"], "orders": []})
        world.shopify.load(given["shopify"])
        for user in self.case.users:
            world.slack.add_user(user, user.lower())
            world.slack.world.channels[CHANNEL].members.append(user)
        await world.connect()
        if linkers := given.get("slack", {}).get("linkers"):
            await world.command(world.ana, f"/link rights users {' '.join(f'@{user.lower()}' for user in linkers)}")
        for shop in given["tiktok"]["shops"]:
            mode = given["mode"][shop["id"]]
            if mode is not None:
                await world.answer(LABELS[mode])
        made = {(link["tts_sku_id"], link["variant_id"]) for link in given["links"]}
        assert set(world.links().items()) == made, "the rule alone makes the links that the case starts with"
        world.clock.at = at(given["now"])
        world.tiktok.load({"orders": given["tiktok"]["orders"]})
        await world.settle()
        self.doors = [world.stage.bot_url]

    # --- steps -------------------------------------------------------------------------------------------------------

    async def step(self, step: Json) -> None:
        do = await self.ready(step)
        await do()
        await self.world.slack_idle()

    async def ready(self, step: Json) -> Do:
        """Everything up to the last click; the act itself is what is returned, so that several start together."""
        kinds: dict[str, Callable[[Json], Awaitable[Do]]] = {
            "concurrently": self._concurrently,
            "settle": self._settle,
            "restart": self._restart,
            "webhook.tiktok": self._webhook,
            "import.all": self._import,
            "poll.orders": self._poll_orders,
            "poll.products": self._poll_products,
            "slack.answer_setup": self._answer_setup,
            "slack.click": self._click,
            "slack.submit": self._submit,
            "slack.link": self._link,
            "slack.unlink": self._unlink,
            "world.shopify.variant": self._edit_variant,
        }
        return await kinds[step["do"]](step)

    async def _concurrently(self, step: Json) -> Do:
        acts = [await self.ready(one) for one in step["steps"]]

        async def do() -> None:
            async with self._crew(step["workers"]) as runners:
                acting = asyncio.gather(*(act() for act in acts))
                await asyncio.gather(acting, *(_work(runner, acting) for runner in runners))
                await self.world.slack_idle()
            for name, modal in self.modals.items():
                self.modals[name].shown = modal.shown or self._standing(modal)

        return do

    @contextlib.asynccontextmanager
    async def _crew(self, workers: int) -> AsyncIterator[list[Runner]]:
        """More whole bots on the same database, each with its own connections, clients, workers and web address."""
        stage, clock = self.world.stage, self.world.clock
        more: list[Linkbot] = [
            build(stage.settings, now=clock, db=open_db(stage.settings, clock), pacing=stage.pacing)
            for _ in range(workers - 1)
        ]
        served = [await serve(bot.web) for bot in more]
        self.doors = [stage.bot_url, *(one.url for one in served)]
        try:
            yield [self.world.bot.runner, *(bot.runner for bot in more)]
        finally:
            self.doors = [stage.bot_url]
            for one in served:
                await one.close()
            for bot in more:
                await bot.stop()

    async def _settle(self, step: Json) -> Do:
        return self.world.settle

    async def _restart(self, step: Json) -> Do:
        return self.world.restart

    async def _webhook(self, step: Json) -> Do:
        raw, headers = self.world.tiktok.webhook_now(step["body"])

        async def do() -> None:
            door = self.doors[next(self._turn) % len(self.doors)]
            async with httpx.AsyncClient(trust_env=False) as client:
                began = time.monotonic()
                answer = await client.post(f"{door}/tiktok/webhook", content=raw, headers=headers)
                took = time.monotonic() - began
            self.answers.append(HookAnswer(answer.status_code, took, answer.content))

        return do

    async def _import(self, step: Json) -> Do:
        return await self._periodic({"import_shop": True, "import_store": False})

    async def _poll_orders(self, step: Json) -> Do:
        return await self._periodic({"poll_orders": True})

    async def _poll_products(self, step: Json) -> Do:
        return await self._periodic({"poll_products": True, "poll_store": False})

    async def _periodic(self, kinds: dict[str, bool]) -> Do:
        """Asked for as the scheduler does, in a slot of its own; True: a shop's job, False: a store's."""

        async def do() -> None:
            slot = f"case-{next(self._turn)}"
            places = {True: self.world.read(lambda u: u.shops.all_live())}
            places[False] = self.world.read(lambda u: u.stores.all_live())
            for kind, of_shop in kinds.items():
                for place in places[of_shop]:
                    await self.world.bot.db.run(lambda u, k=kind, p=place: u.jobs.add_slot(k, p.id, p.id, slot))

        return do

    async def _edit_variant(self, step: Json) -> Do:
        async def do() -> None:
            self.world.shopify.set_variant(step["variant_id"], **step["set"])

        return do

    # --- people ------------------------------------------------------------------------------------------------------

    async def _answer_setup(self, step: Json) -> Do:
        label = LABELS[step["choice"]]

        async def do() -> None:
            await self.world.person(step["user"]).click(self.world.message(label), label)

        return do

    async def _click(self, step: Json) -> Do:
        """The button of that SKU in the newest message that shows one, else in the person's own list."""
        assert step["action"] == "Link"
        who = self.world.person(step["user"])
        if not self.offers(step["tts_sku_id"]):
            await self.world.command(who, "/link products unlinked")
        message, block = self.offers(step["tts_sku_id"], who)[-1]

        async def do() -> None:
            await press(who, message, block)
            await self.world.slack_idle()
            if "as" in step:
                self.modals[step["as"]] = Modal(who.id, self.world.view(who))

        return do

    async def _submit(self, step: Json) -> Do:
        """The variant is chosen first, so that only the submit itself races."""
        modal = self.modals[step["modal"]]
        who = self.world.person(step["user"])
        await self.world.choose(who, modal.view, step["variant_id"])
        if step.get("times", 1) == 2:
            self.world.slack.faults.add(Fault("interactive.view_submission", FaultKind.HOOK_DOUBLED, nth=1))

        async def do() -> None:
            await who.submit(modal.view)

        return do

    async def _link(self, step: Json) -> Do:
        who, sku_id = self.world.person(step["user"]), step["tts_sku_id"]
        await self.world.command(who, f'/link "{sku_id}"')
        await self.world.choose(who, self.world.view(who), step["variant_id"])
        view = self.world.view(who)
        self.told[sku_id] = text_of(view)

        async def do() -> None:
            await who.submit(view)

        return do

    async def _unlink(self, step: Json) -> Do:
        assert step["confirm"]
        who = self.world.person(step["user"])
        await self.world.command(who, f'/link unlink "{step["tts_sku_id"]}"')
        card = self.world.private(who)

        async def do() -> None:
            await who.click(card, "Unlink")

        return do

    # --- looking -----------------------------------------------------------------------------------------------------

    def offers(self, sku_id: str, who: Person | None = None) -> list[tuple[Json, Json]]:
        """(message, block) wherever the channel shows a Link button for this TikTok SKU, oldest first.

        `who`: also in what only this person sees, before the channel's.
        """
        own = self.world.slack.ephemerals(who.id, CHANNEL) if who else []
        return [
            (message, block)
            for message in [*own, *self.world.messages()]
            for block in _buttons(message.get("blocks") or [])
            if block["accessory"].get("action_id") == Action.LINK
            and unpack(block["accessory"]["value"])["listing"] == sku_id
        ]

    def listings(self, seller_sku: str) -> list[str]:
        products = self.case.given["tiktok"]["products"]
        return [sku["id"] for product in products for sku in product["skus"] if sku["seller_sku"] == seller_sku]

    def seller_sku(self, sku_id: str) -> str:
        return self.world.tiktok.world.sku(sku_id)["seller_sku"]

    def _standing(self, modal: Modal) -> Json:
        views = [view for view in self.world.slack.views_open(modal.user) if view["id"] == modal.view["id"]]
        return views[0] if views else {}


async def _work(runner: Runner, acting: "asyncio.Future[list[None]]") -> None:
    """A worker: as long as something happens, and until nothing is left."""
    while await runner.run_due() or not acting.done():
        pass


def _buttons(blocks: list[Json]) -> Iterator[Json]:
    """Each button as the accessory of the text it stands beside or below."""
    text: Json = {}
    for block in blocks:
        if block["type"] == "section":
            text = block
        if "accessory" in block:
            yield block
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            yield {**text, "block_id": block["block_id"], "accessory": element}


async def press(who: Person, message: Json, block: Json, *, stale: bool = False) -> None:
    """Press the block's own button; `stale`: as `message` showed it, whatever stands there now."""
    body = message if stale else None
    place = container_of(message)
    await who.acts.act(who.id, place, block["block_id"], block["accessory"]["action_id"], {}, body)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def users_in(text: str) -> list[str]:
    return re.findall(r"\bU[A-Z0-9]{3,}\b", text)


@contextlib.asynccontextmanager
async def opened(case: Case, database_url: str) -> AsyncIterator[Play]:
    """The case's world, connected at the earliest moment the case names, standing at its `now`."""
    connected = min(shop["connected_at"] for shop in case.given["tiktok"]["shops"])
    world = await open_world(database_url, clock=Clock(at(connected)))
    try:
        play = Play(case, world)
        await play.prepare()
        yield play
    finally:
        await world.stage.close()
