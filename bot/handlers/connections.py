"""`/link connect` and `/link disconnect`, the consent pages' return, and the pasted address."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.clients.errors import ApiError, NotAuthorised
from bot.clients.shopify import hooks as shopify_hooks
from bot.clients.shopify.api import SCOPES, Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.connections import Consent
from bot.domain.values import Right, StoreId
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word
from bot.store.db import Db, Taken
from bot.sync import connect as connecting
from bot.views import connect
from bot.views.ids import Action, Block, Callback, Target, unpack
from bot.views.plain import note

_STORE = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


@dataclass(frozen=True)
class Consents:
    """What the consent pages need."""

    tiktok_authorize: Callable[[str], str]  # market ("US" or "") → address without its query
    tiktok_service_id: str
    public_url: str | None
    shopify_client_id: str
    shopify_client_secret: str
    fixed_tokens: Mapping[str, str]  # store domain → an older custom app's token


class Connections:
    """Start, finish and end connections."""

    def __init__(self, db: Db, tiktok: TikTok, shopify: Shopify, settings: Consents) -> None:
        self._db, self._tiktok, self._shopify, self._settings = db, tiktok, shopify, settings

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
        what = words[0].text.lower() if words else ""
        if what == "tiktok":
            await self._start_tiktok(ask, words[1].text if len(words) > 1 else "")
        elif what == "shopify" and len(words) == 2 and (store := store_domain(words[1].text)):
            await self._start_shopify(ask, store)
        else:
            await ask.answer(note("Type `/link connect tiktok` or `/link connect shopify my-store.myshopify.com`."))

    async def _start_tiktok(self, ask: Ask, market: str) -> None:
        if not self._settings.tiktok_service_id:
            await ask.answer(note("The TikTok Shop app is not set up: TIKTOK_SERVICE_ID is missing. See the README."))
            return
        state = await connecting.start_consent(self._db, ask.workspace, ask.user, ask.channel, "tiktok")
        query = urlencode({"service_id": self._settings.tiktok_service_id, "state": state})
        await self._offer(ask, "tiktok", f"{self._settings.tiktok_authorize(market)}?{query}")

    async def _start_shopify(self, ask: Ask, store: StoreId) -> None:
        settings = self._settings
        if not settings.shopify_client_id and store not in settings.fixed_tokens:
            await ask.answer(note("The Shopify app is not set up: SHOPIFY_CLIENT_ID is missing. See the README."))
            return
        now = await self._db.read(lambda u: u.now)
        consent = Consent(ask.workspace, ask.user, ask.channel, "shopify", store, now)
        try:
            done = await connecting.connect_store(self._db, self._shopify, consent, settings.fixed_tokens)
        except Taken:
            await ask.answer(note("This store is connected to another Slack workspace."))
            return
        except NotAuthorised as error:
            await ask.answer(connect.refused("shopify", store, error.code))
            return
        if not isinstance(done, connecting.NeedsConsent):
            await ask.answer(connect.connected(done))
            return
        state = await connecting.start_consent(self._db, ask.workspace, ask.user, ask.channel, "shopify", store)
        redirect = f"{(settings.public_url or 'https://localhost').rstrip('/')}/shopify/callback"
        await self._offer(ask, "shopify", self._shopify.authorise_url(store, SCOPES, redirect, state))

    async def _offer(self, ask: Ask, service: str, url: str) -> None:
        """The consent page's button; without a public address also the field for what the browser ends at."""
        if self._settings.public_url is None:
            await ask.open(connect.paste_modal(service, url))
        else:
            await ask.answer(connect.connect_button(service, url, True))

    async def pasted(self, ask: Ask) -> None:
        """The address at which the browser ended, pasted by hand; `state` is checked the same way."""
        view = ask.body["view"]
        query = _query(_pasted(view))
        service = unpack(view["private_metadata"])["service"]
        told = await self._finish(service, query, by=ask.user)
        await ask.update(view["id"], connect.told_view(told))

    async def callback(self, request: Request) -> HTMLResponse:
        """`GET /tiktok/callback` and `GET /shopify/callback`."""
        service = request.url.path.strip("/").partition("/")[0]
        told = await self._finish(service, dict(request.query_params), by=None)
        return HTMLResponse(_page(told), status_code=200 if told.done else 400)

    async def _finish(self, service: str, query: Mapping[str, str], by: str | None) -> connect.Told:
        consent = await connecting.take_consent(self._db, query.get("state", ""), service)
        if consent is None or (by is not None and consent.user_id != by):
            return connect.Told(False, "This link is no longer valid. Type /link connect again in Slack.")
        if query.get("error") or not query.get("code") or query.get("code") == "null":
            return connect.Told(False, "The connection was not allowed. Nothing was changed.")
        try:
            return await self._exchange(service, consent, query)
        except Taken:
            return connect.Told(False, "This shop or store is connected to another Slack workspace.")
        except ApiError as error:
            return connect.Told(
                False, f"{service.title()} refused the connection ({error.code}). Try again from Slack."
            )

    async def _exchange(self, service: str, consent: Consent, query: Mapping[str, str]) -> connect.Told:
        if service == "tiktok":
            shops = await connecting.finish_tiktok(self._db, self._tiktok, consent, query["code"])
            names = ", ".join(shop.name for shop in shops)
            if not shops:
                return connect.Told(False, "TikTok named no shop for this account. Nothing was connected.")
            return connect.Told(
                True, f"Connected: {names}. The products are being imported; Slack shows how far it is."
            )
        now = await self._db.read(lambda u: u.now)
        secret = self._settings.shopify_client_secret
        if not shopify_hooks.verify_callback(query, secret, now) or query.get("shop") != consent.store_id:
            return connect.Told(False, "Shopify's answer was not signed as it should be. Nothing was changed.")
        store = await connecting.finish_shopify(self._db, self._shopify, consent, query["code"])
        return connect.Told(True, f"Connected: {store.name}. The products are being imported.")

    # --- disconnect --------------------------------------------------------------------------------------------------

    async def disconnect_typed(self, ask: Ask, words: list[Word]) -> None:
        name = " ".join(word.text for word in words if word.text.lower() not in ("tiktok", "shopify")).casefold()
        shops, stores = await self._db.read(
            lambda u: (u.shops.for_workspace(ask.workspace), u.stores.for_workspace(ask.workspace))
        )
        fitting = [x for x in (*shops, *stores) if name in (x.id, x.name.casefold(), x.id.partition(".")[0])]
        if len(fitting) == 1:
            await ask.answer(connect.disconnect_confirm(fitting[0]))
        else:
            names = ", ".join(x.id for x in (*shops, *stores)) or "none"
            await ask.answer(note(f"Which one? Connected: {names}."))

    async def disconnect_clicked(self, ask: Ask) -> None:
        asked = unpack(ask.value)
        target = asked["shop"] if asked.kind == Target.SHOP else asked["store"]
        ended = await connecting.disconnect(self._db, ask.workspace, target, ask.actor)
        told = "It was not connected here any more." if ended is None else "Disconnected. Links are kept."
        await ask.answer(note(told), replace=True)

    async def disconnect_cancelled(self, ask: Ask) -> None:
        await ask.answer(note("Nothing was changed."), replace=True)


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


def _page(told: connect.Told) -> str:
    title = "Linkbot is connected" if told.done else "Linkbot is not connected"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Linkbot</title>"
        f"<h1>{title}</h1><p>{html.escape(told.text)}</p><p>You can close this page and go back to Slack.</p></html>"
    )
