"""The end of an installation in Slack."""

from bot.handlers.guard import Ask, Guard
from bot.store.db import Db


class Lifecycle:
    """A workspace that removed Linkbot gets no more messages; its token is forgotten."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        guard.event("app_uninstalled", self.removed)
        guard.event("tokens_revoked", self.removed)

    async def removed(self, ask: Ask) -> None:
        workspace = ask.workspace
        await self._db.run(lambda u: u.tokens.delete(f"slack:{workspace}"))
