"""`/link connect` and `/link disconnect`, the consent pages' return, and the pasted address."""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.domain.connections import ConnectionState, Shop, Store
from bot.domain.values import Right, StoreId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word
from bot.store.db import Db
from bot.sync import connect as connecting
from bot.sync.consents import AskConsent, Connected, Consenting, Failed
from bot.views import connect, texts
from bot.views.blocks import bold, code
from bot.views.ids import Action, Block, Callback, Target, unpack
from bot.views.plain import note

_STORE = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class Connections:
    """Start, finish and end connections."""

    def __init__(self, db: Db, consenting: Consenting) -> None:
        self._db, self._consenting = db, consenting

    def register(self, guard: Guard) -> None:
        guard.action(Action.CONNECT, _only_ack)
        guard.submit(Callback.PASTE, _answer_paste, self.pasted, Right.LINK)
        guard.action(Action.DISCONNECT_YES, self.disconnect_clicked, Right.LINK)
        guard.action(Action.DISCONNECT_NO, self.disconnect_cancelled)

    def commands(self) -> list[Command]:
        write = Right.LINK
        return [
            Command("connect", self.typed, "connect tiktok [US] | connect shopify STORE", "connect a shop or a store",
                    "/link connect shopify my-store.myshopify.com", write),
            Command("disconnect", self.disconnect_typed, "disconnect SHOP-OR-STORE", "end a connection, keep its links",
                    "/link disconnect my-store.myshopify.com", write),
        ]  # fmt: skip

    # --- connect -----------------------------------------------------------------------------------------------------

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        what, where = (words[0].text.lower() if words else ""), ask.channel
        if what == "tiktok":
            market = words[1].text if len(words) > 1 else ""
            started = await self._consenting.start_tiktok(ask.workspace, ask.user, where, market)
        elif what == "shopify" and len(words) == 2 and (store := store_domain(words[1].text)):
            started = await self._consenting.start_shopify(ask.workspace, ask.user, where, store)
        else:
            await ask.answer(note("Type `/link connect tiktok` or `/link connect shopify my-store.myshopify.com`."))
            return
        await self._say_started(ask, what, started)

    async def _say_started(self, ask: Ask, service: str, started: Connected | AskConsent | Failed) -> None:
        """Without a public address the consent page comes in a modal, with a field for where the browser ended."""
        if isinstance(started, Connected):
            await ask.answer(connect.connected(started.places[0]))
        elif isinstance(started, Failed):
            await ask.answer(note(texts.esc(told(started).text, 500)))
        elif self._consenting.apps.public_url is None:
            await ask.open(connect.paste_modal(service, started.url))
        else:
            await ask.answer(connect.connect_button(service, started.url, True))

    async def pasted(self, ask: Ask) -> None:
        """The address at which the browser ended, pasted by hand; `state` is checked the same way."""
        view = ask.body["view"]
        service = unpack(view["private_metadata"])["service"]
        ended = await self._consenting.finish(service, _query(_pasted(view)), ask.user)
        await ask.update(view["id"], connect.told_view(told(ended)))

    async def callback(self, request: Request) -> HTMLResponse:
        """`GET /tiktok/callback` and `GET /shopify/callback`."""
        service = request.url.path.strip("/").partition("/")[0]
        ended = told(await self._consenting.finish(service, dict(request.query_params), None))
        return HTMLResponse(_page(ended), status_code=200 if ended.done else 400)

    # --- disconnect --------------------------------------------------------------------------------------------------

    async def disconnect_typed(self, ask: Ask, words: list[Word]) -> None:
        kind = words[0].text.lower() if words else ""
        shops, stores = await self._db.read(
            lambda u: (u.shops.for_workspace(ask.workspace), u.stores.for_workspace(ask.workspace))
        )
        places: dict[str, list[Shop | Store]] = {"tiktok": [*shops], "shopify": [*stores]}
        named = words[1:] if kind in places else words
        known = [x for x in places.get(kind, [*shops, *stores]) if x.state is not ConnectionState.DISCONNECTED]
        name = " ".join(word.text for word in named).casefold()
        fitting = [x for x in known if not name or name in (x.id, x.name.casefold(), x.id.partition(".")[0])]
        if len(fitting) == 1:
            await ask.answer(connect.disconnect_confirm(fitting[0]))
        else:
            names = ", ".join(f"{bold(x.name, 60)} ({code(x.id, 80)})" for x in known) or "none"
            await ask.answer(note(f"Which one? Connected: {names}."))

    async def disconnect_clicked(self, ask: Ask) -> None:
        asked = unpack(ask.value)
        target = asked["shop"] if asked.kind == Target.SHOP else asked["store"]
        ended = await connecting.disconnect(self._db, ask.workspace, target, ask.actor)
        gone = note("It was not connected here any more.")
        await ask.answer(gone if ended is None else connect.disconnected(ended), replace=True)

    async def disconnect_cancelled(self, ask: Ask) -> None:
        await ask.answer(connect.disconnect_cancelled(), replace=True)


def told(ended: Connected | AskConsent | Failed) -> connect.Told:
    """How it ended, in plain words for a browser page and for Slack."""
    if isinstance(ended, Connected):
        names = ", ".join(place.name for place in ended.places)
        return connect.Told(True, f"Connected: {names}. The products are being imported; Slack shows how far it is.")
    if isinstance(ended, Failed):
        return connect.Told(False, f"{texts.CONNECT_PROBLEMS[ended.problem]} {ended.detail}".strip())
    return connect.Told(False, ended.url)


def store_domain(text: str) -> StoreId | None:
    """`my-store`, `my-store.myshopify.com` or its address → the domain; None when it can't be one.

    The shape is checked before the text gets into any address: it decides which host is called.
    """
    name = text.strip().strip("<>").partition("|")[0].lower()
    name = name.removeprefix("https://").removeprefix("http://").partition("/")[0]
    name = name if "." in name else f"{name}.myshopify.com"
    return StoreId(name) if _STORE.fullmatch(name) else None


def _pasted(view: Mapping[str, Any]) -> str:
    values = view.get("state", {}).get("values", {})
    return str((values.get(Block.PASTE.value, {}).get(Action.PASTE.value) or {}).get("value") or "")


def _query(address: str) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(urlsplit(address.strip().strip("<>")).query).items()}


def _answer_paste(view: Mapping[str, Any]) -> dict[str, Any]:
    if "state" not in _query(_pasted(view)):
        problem = "Paste the whole address from the browser, with everything after the question mark."
        return {"response_action": "errors", "errors": {Block.PASTE.value: problem}}
    return {"response_action": "update", "view": connect.connecting()}


async def _only_ack(ask: Ask) -> None:
    """A button with an address also sends an action: answered, nothing else."""


def _page(ended: connect.Told) -> str:
    title = "Linkbot is connected" if ended.done else "Linkbot is not connected"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Linkbot</title>"
        f"<h1>{title}</h1><p>{html.escape(ended.text)}</p><p>You can close this page and go back to Slack.</p></html>"
    )
