"""One signed call to TikTok: stamped and signed anew at every attempt, its token renewed once when refused."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import httpx

from bot.clients.errors import ApiError, Invalid, NotAuthorised, Refused
from bot.clients.http import Pace, check_status, guard_logs, retry_after, send, unreadable
from bot.clients.tiktok import wire
from bot.clients.tiktok.codes import SERVICE, error_of, wants_new_token
from bot.clients.tiktok.shapes import Access
from bot.clients.tiktok.wire import Json
from bot.domain.values import ShopId

T = TypeVar("T")
AccessSource = Callable[[ShopId, str], Awaitable[Access]]
"""`access(shop, refused)`: `refused` is the token that TikTok just refused, "" otherwise; another one is wanted."""

_PLAIN = re.compile(r"[\w-]+")
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Endpoint:
    """`repeatable`: a read, safe to send again. `cipher`: the call is about one shop."""

    name: str
    method: str
    path: str
    repeatable: bool = True
    cipher: bool = True


class Calls:
    """Sends what the endpoints' methods ask for."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        app_key: str,
        app_secret: str,
        base_url: str,
        auth_url: str,
        access: AccessSource,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """`versions`: endpoint name → version to use instead of the one in the table (old ones are retired)."""
        guard_logs()
        self._http, self._key, self._secret = http, app_key, app_secret
        self._base_url, self._auth_url = base_url.rstrip("/"), auth_url.rstrip("/")
        self._access, self._now, self._pace = access, now, pace or Pace()
        self._versions = dict(versions or {})

    async def _call(
        self,
        endpoint: Endpoint,
        shop: ShopId,
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Json:
        """The `data` of the answer. Raises the error its code stands for."""
        access = await self._access(shop, "")
        try:
            return await self._send(endpoint, access, str(shop), ids, query, body)
        except NotAuthorised as error:
            if not wants_new_token(error):
                raise
        # refused before anything was done: also a write may go again
        access = await self._access(shop, access.token)
        return await self._send(endpoint, access, str(shop), ids, query, body)

    async def _send(
        self,
        endpoint: Endpoint,
        access: Access,
        lane: str,
        ids: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        body: Json | None,
    ) -> Json:
        path, content = self._path(endpoint, ids or {}), wire.encode(body)

        def build() -> httpx.Request:
            asked = {**(query or {}), "app_key": self._key, "timestamp": str(wire.seconds(self._now()))}
            if endpoint.cipher:
                asked["shop_cipher"] = access.cipher
            asked["sign"] = wire.sign(self._secret, path, asked, content, JSON_TYPE)
            headers = {"x-tts-access-token": access.token, "content-type": JSON_TYPE}
            return self._http.build_request(
                endpoint.method, self._base_url + path, params=asked, content=content, headers=headers
            )

        def read(response: httpx.Response) -> Json:
            return read_answer(response, endpoint.repeatable)

        return await send(
            self._http,
            build,
            read,
            service=SERVICE,
            lane=f"{lane}:{endpoint.name}",
            pace=self._pace,
            repeatable=endpoint.repeatable,
        )

    def _path(self, endpoint: Endpoint, ids: Mapping[str, str]) -> str:
        for name, value in ids.items():
            if not _PLAIN.fullmatch(value):
                raise Invalid(f"not an id: {name}", service=SERVICE, field=name)
        path = endpoint.path.format(**ids)
        version = self._versions.get(endpoint.name)
        return re.sub(r"/\d{6}/", f"/{version}/", path, count=1) if version else path

    async def _pages(
        self,
        endpoint: Endpoint,
        shop: ShopId,
        *,
        size: int,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> AsyncIterator[Json]:
        """The `data` of each page until no token comes back."""
        token = ""
        while True:
            asked = {**(query or {}), "page_size": str(size)} | ({"page_token": token} if token else {})
            data = await self._call(endpoint, shop, query=asked, body=body)
            yield data
            before, token = token, wire.page_token(data)
            if not token or token == before:
                return

    async def _ask_token(self, name: str, query: Mapping[str, str]) -> Json:
        """The token host: unsigned, the secret in the query. Never repeated: a code and a refresh token work once."""
        asked = {"app_key": self._key, "app_secret": self._secret, **query}

        def build() -> httpx.Request:
            return self._http.build_request("GET", f"{self._auth_url}/api/v2/token/{name}", params=asked)

        def read(response: httpx.Response) -> Json:
            return read_answer(response, False)

        try:
            return await send(
                self._http, build, read, service=SERVICE, lane=f"token:{name}", pace=self._pace, repeatable=False
            )
        except Refused as error:
            raise NotAuthorised(error.message, error.code, error.request_id, SERVICE) from None


def read_answer(response: httpx.Response, repeatable: bool) -> Json:
    """`data` when `code` is 0, whatever the HTTP status says; else the error of the code, else of the status."""
    envelope = wire.read_envelope(response.content)
    after = retry_after(response)
    if envelope is None:
        request_id = response.headers.get("x-tt-logid", "")
        check_status(response, service=SERVICE, repeatable=repeatable, request_id=request_id)
        raise unreadable(response, service=SERVICE, repeatable=repeatable, request_id=request_id)
    code, message, request_id, data = envelope
    if code == 0:
        return data
    error = error_of(code, message, request_id, repeatable=repeatable, after=after)
    if response.status_code == 429 or response.status_code >= 500:
        check_status(response, service=SERVICE, repeatable=repeatable, request_id=request_id)
    raise error


def refuse_partial(data: Json, request_id: str = "") -> None:
    """Raises for the first failure of an answer whose `code` was 0 but which lists errors."""
    for code, message, about in wire.partial_errors(data):
        error: ApiError = error_of(code, message, request_id, repeatable=True, field=about)
        raise error
