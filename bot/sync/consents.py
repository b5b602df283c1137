"""From a typed `/link connect` to a connection: the consent pages, what comes back from them, and who may finish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from bot.clients.errors import ApiError, NotAuthorised
from bot.clients.shopify import hooks as shopify_hooks
from bot.clients.shopify.api import SCOPES, Shopify
from bot.clients.tiktok.api import TikTok
from bot.domain.connections import ConnectProblem, Consent, Shop, Store
from bot.domain.values import StoreId, UserId, WorkspaceId
from bot.store.db import Db, Taken
from bot.sync import connect


@dataclass(frozen=True)
class Failed:
    problem: ConnectProblem
    service: str
    detail: str = ""


@dataclass(frozen=True)
class Connected:
    places: tuple[Shop | Store, ...]


@dataclass(frozen=True)
class AskConsent:
    """A person has to open this address and agree."""

    url: str


@dataclass(frozen=True)
class Apps:
    """The two apps as far as consent needs them. `tiktok_authorize`: market → address without its query."""

    tiktok_authorize: Callable[[str], str]
    tiktok_service_id: str
    public_url: str | None
    shopify_client_id: str
    shopify_client_secret: str
    fixed_tokens: Mapping[str, str]  # store domain → an older custom app's token


class Consenting:
    """Starts and finishes connections; every outcome is a value."""

    def __init__(self, db: Db, tiktok: TikTok, shopify: Shopify, apps: Apps) -> None:
        self._db, self._tiktok, self._shopify, self.apps = db, tiktok, shopify, apps

    async def start_tiktok(
        self, workspace: WorkspaceId, user: UserId, channel: str, market: str
    ) -> AskConsent | Failed:
        """The consent page's address for a seller of this market ("US", or "" for the rest)."""
        apps = self.apps
        if not apps.tiktok_service_id:
            return Failed(ConnectProblem.NOT_SET_UP, "tiktok", "TIKTOK_SERVICE_ID")
        state = await connect.start_consent(self._db, workspace, user, channel, "tiktok")
        query = urlencode({"service_id": apps.tiktok_service_id, "state": state})
        return AskConsent(f"{apps.tiktok_authorize(market)}?{query}")

    async def start_shopify(
        self, workspace: WorkspaceId, user: UserId, channel: str, store: StoreId
    ) -> Connected | AskConsent | Failed:
        """Connect at once where the grant allows it, otherwise the consent page's address."""
        apps = self.apps
        if not apps.shopify_client_id and store not in apps.fixed_tokens:
            return Failed(ConnectProblem.NOT_SET_UP, "shopify", "SHOPIFY_CLIENT_ID")
        now = await self._db.read(lambda u: u.now)
        consent = Consent(workspace, user, channel, "shopify", store, now + timedelta(minutes=1))
        try:
            done = await connect.connect_store(self._db, self._shopify, consent, apps.fixed_tokens)
        except (Taken, ApiError) as error:
            return _failed("shopify", error)
        if isinstance(done, Store):
            return Connected((done,))
        state = await connect.start_consent(self._db, workspace, user, channel, "shopify", store)
        redirect = f"{(apps.public_url or 'https://localhost').rstrip('/')}/shopify/callback"
        return AskConsent(self._shopify.authorise_url(store, SCOPES, redirect, state))

    async def finish(self, service: str, query: Mapping[str, str], by: UserId | None) -> Connected | Failed:
        """What the browser brought back. `by`: the person who pasted the address; None from the callback itself."""
        consent = await connect.take_consent(self._db, query.get("state", ""), service)
        if consent is None or (by is not None and consent.user_id != by):
            return Failed(ConnectProblem.OLD_LINK, service)
        if query.get("error") or not query.get("code") or query.get("code") == "null":
            return Failed(ConnectProblem.NOT_ALLOWED, service)
        try:
            return await self._exchange(service, consent, query)
        except (Taken, ApiError) as error:
            return _failed(service, error)

    async def _exchange(self, service: str, consent: Consent, query: Mapping[str, str]) -> Connected | Failed:
        if service == "tiktok":
            shops = await connect.finish_tiktok(self._db, self._tiktok, consent, query["code"])
            return Connected(tuple(shops)) if shops else Failed(ConnectProblem.NO_SHOP, service)
        now = await self._db.read(lambda u: u.now)
        is_signed = shopify_hooks.verify_callback(query, self.apps.shopify_client_secret, now)
        if not is_signed or query.get("shop") != consent.store_id:
            return Failed(ConnectProblem.BAD_SIGNATURE, service)
        return Connected((await connect.finish_shopify(self._db, self._shopify, consent, query["code"]),))


def _failed(service: str, error: Taken | ApiError) -> Failed:
    if isinstance(error, Taken):
        return Failed(ConnectProblem.OTHER_WORKSPACE, service)
    kind = ConnectProblem.REFUSED
    return Failed(kind, service, error.code or ("not authorised" if isinstance(error, NotAuthorised) else "no answer"))
