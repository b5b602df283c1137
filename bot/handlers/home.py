"""App Home: always drawn anew from the database when it is opened."""

import asyncio

from bot.handlers.guard import Ask, Guard
from bot.store.db import Db
from bot.sync import explain, suggesting
from bot.views import home


class Home:
    """Publishes are one after the other per person, so that an older state never lands last."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._locks: dict[str, asyncio.Lock] = {}

    def register(self, guard: Guard) -> None:
        guard.event("app_home_opened", self.opened)

    async def opened(self, ask: Ask) -> None:
        if ask.body["event"].get("tab", "home") == "home":
            await self.publish(ask)

    async def publish(self, ask: Ask) -> None:
        """Draw the home of the asking person."""
        async with self._locks.setdefault(ask.user, asyncio.Lock()):
            health, rows = await self._db.read(
                lambda u: (explain.health(u, ask.workspace), suggesting.pressing(u, ask.workspace, 5)[0])
            )
            await ask.client.views_publish(user_id=ask.user, view=home.home(health, rows))
