"""The first prompt's answer, modes, pause and resume, reading everything again, status."""

from bot.domain.connections import Shop
from bot.domain.ledger import Act
from bot.domain.links import LinkMode
from bot.domain.values import Right, ShopId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word, joined
from bot.store.db import Db
from bot.sync import control, explain, undoing
from bot.views import connect, status, texts
from bot.views.blocks import esc
from bot.views.ids import Action, unpack
from bot.views.plain import note

_MODES = {Action.LINK_AUTO.value: LinkMode.AUTO, Action.LINK_BY_HAND.value: LinkMode.MANUAL}


class Control:
    """What a person switches."""

    def __init__(self, db: Db, poll_seconds: float, public_url: str | None) -> None:
        self._db, self._poll, self._public = db, poll_seconds, public_url

    def register(self, guard: Guard) -> None:
        guard.action(Action.LINK_AUTO, self.answered, Right.LINK)
        guard.action(Action.LINK_BY_HAND, self.answered, Right.LINK)

    def commands(self) -> list[Command]:
        write = Right.LINK
        return [
            Command("mode", self.mode, "mode auto|manual [SHOP]", "link equal SKUs automatically or not",
                    "/link mode auto", write),
            Command("sync", self.sync, "sync", "read both catalogues and the orders again", "/link sync", write),
            Command("pause", self.pause, "pause [SHOP]", "stop pushes and mirrors", "/link pause", write),
            Command("resume", self.resume, "resume [SHOP]", "go on", "/link resume", write),
            Command("status", self.status, "status", "connections, last readings, queue", "/link status"),
        ]  # fmt: skip

    async def answered(self, ask: Ask) -> None:
        """A click on the prompt, or on a mode's preview. The prompt's message is rendered again for all."""
        shop_id, mode = ShopId(unpack(ask.value)["shop"]), _MODES[ask.action_id]
        shop = await control.set_mode(self._db, ask.workspace, shop_id, mode, ask.actor)
        if shop is None:
            await ask.answer(note("This shop is not connected here any more."))
        elif (ask.body.get("message") or {}).get("ts") is None or ask.body.get("container", {}).get("is_ephemeral"):
            acted = await self._db.read(lambda u: undoing.of_act(u, ask.workspace, ask.actor, Act.MODE_SET))
            await ask.answer(connect.mode_set(shop, mode, acted), replace=True)

    async def mode(self, ask: Ask, words: list[Word]) -> None:
        wanted = words[0].text.lower() if words else ""
        if wanted not in set(LinkMode):
            await ask.answer(note("Type `/link mode auto` or `/link mode manual`."))
            return
        shop = await self.one_shop(ask, joined(words[1:]))
        if shop is not None:
            preview = await self._db.read(lambda u: control.preview(u, ask.workspace, shop.id))
            await ask.answer(connect.mode_preview(shop, LinkMode(wanted), preview))

    async def one_shop(self, ask: Ask, name: str) -> Shop | None:
        """The shop of that id or name, or the only one; otherwise the person is told what to type."""
        shops = await self._db.read(lambda u: u.shops.for_workspace(ask.workspace))
        wanted = name.casefold()
        fitting = [shop for shop in shops if not wanted or wanted in (shop.id, shop.name.casefold())]
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(f"{esc(shop.name)} ({shop.id})" for shop in shops) or "none"
        await ask.answer(note(f"Which shop? Connected: {names}."))
        return None

    async def sync(self, ask: Ask, _: list[Word]) -> None:
        shops, stores = await control.read_again(self._db, ask.workspace)
        told = f"Reading {texts.plural(shops, 'TikTok shop')} and {texts.plural(stores, 'Shopify store')} again."
        await ask.answer(note(told if shops or stores else "Nothing is connected yet. Type `/link connect tiktok`."))

    async def pause(self, ask: Ask, words: list[Word]) -> None:
        await self._switch(ask, joined(words), paused=True)

    async def resume(self, ask: Ask, words: list[Word]) -> None:
        await self._switch(ask, joined(words), paused=False)

    async def _switch(self, ask: Ask, name: str, paused: bool) -> None:
        shop = await self.one_shop(ask, name) if name else None
        if name and shop is None:
            return
        switch = control.pause if paused else control.resume
        changed = await switch(self._db, ask.workspace, shop.id if shop else None, ask.actor)
        await ask.answer(status.switched(changed, paused))

    async def status(self, ask: Ask, _: list[Word]) -> None:
        health, now = await self._db.read(lambda u: (explain.health(u, ask.workspace), u.now))
        await ask.answer(status.status(health, now, self._poll, self._public))
