"""One call to Shopify: GraphQL with its costs, and the token endpoint; the token renewed once when refused."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx

from bot.clients.errors import ApiError, Gone, Invalid, NotAuthorised, RateLimited, Service, Unclear, Unreachable
from bot.clients.http import Pace, check_status, guard_logs, send, unreadable
from bot.clients.shopify import wire
from bot.clients.shopify.costs import Costs, throttle_wait
from bot.clients.shopify.shapes import UserError
from bot.clients.shopify.wire import Answer, Json
from bot.domain.connections import Token, TokenKind
from bot.domain.values import StoreId

log = logging.getLogger(__name__)

SERVICE = Service.SHOPIFY
VERSION = "2026-10"
TokenSource = Callable[[StoreId, str], Awaitable[str]]
"""`token(store, refused)`: `refused` is the token that Shopify just refused, "" otherwise; another one is wanted."""

DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_PATIENCE = 5  # times that a reading lets others go first
_CLOSED = {
    401: "token refused",
    402: "the store is frozen",
    403: "no access to the store",
    404: "no such store",
    423: "the store is locked",
}


class Calls:
    """Sends what the methods ask for."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        client_id: str,
        client_secret: str,
        base_url: str = "https://{shop}",
        version: str = VERSION,
        token: TokenSource,
        now: Callable[[], datetime],
        pace: Pace | None = None,
    ) -> None:
        guard_logs()
        self._http, self._client_id, self._secret = http, client_id, client_secret
        self._base_url, self._version = base_url.rstrip("/"), version
        self._token, self._now, self._pace = token, now, pace or Pace(40.0, most=80.0)
        self._costs = Costs(self._pace.clock)
        self._warned: set[StoreId] = set()
        self._currencies: dict[StoreId, str] = {}
        self._identified: dict[StoreId, bool] = {}

    def _base(self, store: StoreId) -> str:
        """Checked before it becomes part of an address: a crafted domain must not choose whom we call."""
        if not DOMAIN.fullmatch(store):
            raise Invalid("not a myshopify.com domain", service=SERVICE, field="store")
        return self._base_url.format(shop=store)

    # GraphQL

    async def _ask(self, store: StoreId, query: str, variables: Json | None = None, *, keep: float = 0.0) -> Json:
        """A read: repeated by itself when it fails. `keep`: the share of the cost budget it leaves to others."""
        for _ in range(_PATIENCE if keep else 0):
            if (pause := self._costs.wait_for(store, query, keep)) <= 0:
                break
            await self._pace.wait(pause)
        return await self._run(store, query, variables or {}, repeatable=True)

    async def _change(self, store: StoreId, query: str, variables: Json) -> Json:
        """A write: sent once; Unclear when its answer is lost."""
        return await self._run(store, query, variables, repeatable=False)

    async def _run(self, store: StoreId, query: str, variables: Json, *, repeatable: bool) -> Json:
        self._base(store)
        access = await self._token(store, "")
        try:
            return await self._post(store, access, query, variables, repeatable)
        except NotAuthorised as error:
            if error.code != "401":
                raise
        # refused before anything was done: also a write may go again
        access = await self._token(store, access)
        return await self._post(store, access, query, variables, repeatable)

    async def _post(self, store: StoreId, access: str, query: str, variables: Json, repeatable: bool) -> Json:
        url = f"{self._base(store)}/admin/api/{self._version}/graphql.json"
        body = wire.encode(query, variables)
        headers = {"x-shopify-access-token": access, "content-type": "application/json"}

        def build() -> httpx.Request:
            return self._http.build_request("POST", url, content=body, headers=headers)

        def read(response: httpx.Response) -> Json:
            return self._read(store, query, response, repeatable)

        if (pause := self._costs.wait_for(store, query)) > 0:
            with self._costs.waiting(store, query):
                await self._pace.wait(pause)
        with self._costs.sending(store, query):
            return await send(
                self._http, build, read, service=SERVICE, lane=str(store), pace=self._pace, repeatable=repeatable
            )

    def _read(self, store: StoreId, query: str, response: httpx.Response, repeatable: bool) -> Json:
        request_id = response.headers.get("x-request-id", "")
        check_status(response, service=SERVICE, repeatable=repeatable, request_id=request_id)
        if response.status_code in _CLOSED:
            code = str(response.status_code)
            raise NotAuthorised(_CLOSED[response.status_code], code, request_id, SERVICE)
        answer = wire.read_answer(response.content)
        if answer is None:
            raise unreadable(response, service=SERVICE, repeatable=repeatable, request_id=request_id)
        self._compare_version(store, response.headers.get("x-shopify-api-version", ""))
        self._costs.note(store, query, answer.cost)
        if answer.errors:
            refuse(answer, request_id, repeatable)
        return answer.data

    def _compare_version(self, store: StoreId, told: str) -> None:
        """An expired version falls forward silently; only this header tells."""
        if told and told != self._version and store not in self._warned:
            self._warned.add(store)
            log.warning("Shopify answered %s with API version %s instead of %s", store, told, self._version)

    async def _pages(
        self, store: StoreId, query: str, key: str, variables: Json, *, keep: float = 0.0
    ) -> AsyncIterator[Json]:
        """The `data` of each page of the connection `key`."""
        after: str | None = None
        while True:
            data = await self._ask(store, query, {**variables, "after": after}, keep=keep)
            yield data
            before, after = after, wire.next_cursor(data, key)
            if after is None or after == before:
                return

    # tokens

    async def grant(self, store: StoreId) -> Token:
        """Client credentials: a token for a day, asked for again instead of refreshed. NotAuthorised with the code."""
        return await self._ask_token(store, TokenKind.SHOPIFY_GRANT, grant_type="client_credentials")

    async def exchange(self, store: StoreId, code: str) -> Token:
        """The merchant's consent → an expiring token with its refresh token."""
        return await self._ask_token(store, TokenKind.SHOPIFY_CODE, code=code, expiring="1")

    async def refresh(self, store: StoreId, token: Token) -> Token:
        """A new pair: keep both in one write. NotAuthorised(invalid_grant): the merchant must consent again."""
        more = {"grant_type": "refresh_token", "refresh_token": token.refresh}
        return await self._ask_token(store, TokenKind.SHOPIFY_CODE, **more)

    def authorise_url(self, store: StoreId, scopes: tuple[str, ...] | list[str], redirect_uri: str, state: str) -> str:
        asked = {"client_id": self._client_id, "scope": ",".join(scopes), "redirect_uri": redirect_uri, "state": state}
        return f"{self._base(store)}/admin/oauth/authorize?{urlencode(asked)}"

    async def _ask_token(self, store: StoreId, kind: TokenKind, **form: str) -> Token:
        url = f"{self._base(store)}/admin/oauth/access_token"
        sent = wire.grant_form(self._client_id, self._secret, **form)

        def build() -> httpx.Request:
            return self._http.build_request("POST", url, data=sent, headers={"accept": "application/json"})

        def read(response: httpx.Response) -> Token:
            return self._read_token(store, kind, response)

        # A grant can be asked for again; a code and, without care, a refresh token work once.
        again = kind is TokenKind.SHOPIFY_GRANT
        return await send(
            self._http, build, read, service=SERVICE, lane=f"{store}:token", pace=self._pace, repeatable=again
        )

    def _read_token(self, store: StoreId, kind: TokenKind, response: httpx.Response) -> Token:
        again = kind is TokenKind.SHOPIFY_GRANT
        check_status(response, service=SERVICE, repeatable=again)
        told = wire.read_object(response.content)
        if response.status_code >= 400:
            code = wire.text(told, "error") or str(response.status_code)
            raise NotAuthorised(wire.text(told, "error_description") or "token refused", code, service=SERVICE)
        try:
            return wire.parse_token(told, kind, store, self._now())
        except KeyError:
            raise unreadable(response, service=SERVICE, repeatable=again) from None


def refuse(answer: Answer, request_id: str, repeatable: bool) -> None:
    """Raises for the top-level errors; returns when some fields were denied but the answer is there."""
    codes = [code for code, _ in answer.errors]
    code, message = answer.errors[0]
    if any(value is not None for value in answer.data.values()) and set(codes) == {"ACCESS_DENIED"}:
        log.warning("Shopify denied fields: %s", message)
        return
    if "THROTTLED" in codes:  # points are reserved before anything runs: not done
        raise RateLimited("throttled", "THROTTLED", request_id, SERVICE, timedelta(seconds=throttle_wait(answer.cost)))
    kind: type[ApiError] = Invalid
    if code in ("ACCESS_DENIED", "SHOP_INACTIVE"):
        kind = NotAuthorised
    elif code in ("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"):
        kind = Unreachable if repeatable else Unclear
    raise kind(message, code, request_id, SERVICE)


def refuse_user_errors(errors: list[UserError]) -> None:
    """Raises for the first userError: nothing was done."""
    for error in errors:
        lower = error.message.lower()
        if "rate limit" in lower or "too many" in lower:  # trial stores: five orders a minute, told as a userError
            raise RateLimited(error.message, error.code, "", SERVICE, timedelta(minutes=1))
        if error.code == "NOT_FOUND":
            raise Gone(error.message, error.code, "", SERVICE)
        raise Invalid(error.message, error.code or "INVALID", "", SERVICE, field=error.field)


def payload_of(data: Mapping[str, object], key: str) -> Json:
    """The mutation's payload. Unclear when it is not there though no error was told."""
    payload = data.get(key)
    if not isinstance(payload, dict):
        raise Unclear(f"an answer without {key}", service=SERVICE)
    return payload
