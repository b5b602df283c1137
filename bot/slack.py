"""Slack's side of the process: the Bolt app, and a client for each workspace."""

import logging
import time
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.domain.connections import Consent, Token, TokenKind
from bot.domain.values import UserId, WorkspaceId
from bot.manifest import SCOPES
from bot.store.db import Db
from bot.sync import connect


class NotInstalled(Exception):
    """No token for this workspace: it never installed Linkbot, or removed it."""


def web_client(token: str, base_url: str) -> AsyncWebClient:
    """A client that waits out rate limits and repeats after server errors."""
    client = AsyncWebClient(token=token, base_url=base_url)
    client.retry_handlers.extend([AsyncRateLimitErrorRetryHandler(max_retry_count=2), AsyncServerErrorRetryHandler()])
    return client


class Workspaces:
    """The Web API client of a workspace: one token for all, or the installed one's."""

    def __init__(self, settings: Settings, db: Db) -> None:
        self._settings, self._db = settings, db
        self._single = None
        if settings.slack_bot_token is not None:
            self._single = web_client(settings.slack_bot_token.get_secret_value(), settings.slack_base_url)
        self.installations = Installations(db)

    @property
    def single(self) -> AsyncWebClient | None:
        return self._single

    async def client(self, workspace: WorkspaceId) -> AsyncWebClient:
        """Raises NotInstalled."""
        if self._single is not None:
            return self._single
        token = await self._db.read(lambda u: u.tokens.get(f"slack:{workspace}"))
        if token is None:
            raise NotInstalled(workspace)
        return web_client(token.access, self._settings.slack_base_url)


def bolt_app(settings: Settings, workspaces: Workspaces) -> AsyncApp:
    """Everything is passed explicitly: Bolt would otherwise read the environment by itself."""
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    common: dict[str, Any] = {"signing_secret": secret, "process_before_response": False}
    if workspaces.single is not None:
        # Bolt finds SLACK_BOT_TOKEN in the environment as well and warns that it does not need it
        logging.getLogger("slack_bolt.AsyncApp").addFilter(lambda record: "will be unused" not in record.getMessage())
        return AsyncApp(client=workspaces.single, **common)
    oauth = AsyncOAuthSettings(
        client_id=settings.slack_client_id,
        client_secret=settings.slack_client_secret.get_secret_value() if settings.slack_client_secret else "",
        scopes=list(SCOPES),
        install_path="/slack/install",
        redirect_uri_path="/slack/oauth_redirect",
        installation_store=workspaces.installations,
        state_store=States(workspaces.installations.db),
        installation_store_bot_only=True,
    )
    app = AsyncApp(client=web_client("", settings.slack_base_url), oauth_settings=oauth, **common)
    oauth.authorize.cache_enabled = True  # type: ignore[attr-defined]  # else auth.test runs at every request
    return app


class Installations(AsyncInstallationStore):
    """Bot tokens of installed workspaces, encrypted beside all other tokens."""

    def __init__(self, db: Db) -> None:
        self.db = db

    async def async_save(self, installation: Installation) -> None:
        team = installation.team_id or installation.enterprise_id or ""
        token = Token(
            TokenKind.SLACK,
            installation.bot_token or "",
            scopes=tuple(installation.bot_scopes or ()),
            owner=f"{team} {installation.bot_id} {installation.bot_user_id} {installation.app_id or ''}",
        )
        await self.db.run(lambda u: u.tokens.put(f"slack:{team}", token))

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        key = (enterprise_id if is_enterprise_install else team_id) or ""
        token = await self.db.read(lambda u: u.tokens.get(f"slack:{key}"))
        if token is None:
            return None
        _, bot_id, bot_user, app_id = token.owner.split(" ")
        return Bot(
            app_id=app_id or None,
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=token.access,
            bot_id=bot_id,
            bot_user_id=bot_user,
            bot_scopes=list(token.scopes),
            installed_at=time.time(),
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self.db.run(lambda u: u.tokens.delete(f"slack:{team_id or enterprise_id}"))


class States(AsyncOAuthStateStore):
    """`state` of Slack's own install page, kept like those of the other consents."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def async_issue(self, *_: Any, **__: Any) -> str:
        return await connect.start_consent(self._db, WorkspaceId(""), UserId(""), "", "slack")

    async def async_consume(self, state: str) -> bool:
        consent: Consent | None = await connect.take_consent(self._db, state, "slack")
        return consent is not None
