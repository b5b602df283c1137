"""`/link health`."""

import asyncio

from bot.domain.health import score
from bot.handlers import files
from bot.handlers.commands import Command
from bot.handlers.guard import Ask, Guard
from bot.handlers.words import Word
from bot.store.db import Db
from bot.sync import health as healths
from bot.views import health as view
from bot.views.uploads import Uploaded, UploadProblem

PAUSES = (1.0, 2.0, 0.0)
"""Seconds after each refusal of a fresh picture. With the answer without one that is four of a response URL's five."""


class Health:
    """The catalogue's health, with its trend as a picture where Slack takes one."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def register(self, guard: Guard) -> None:
        """Its one button is the product table's."""

    def commands(self) -> list[Command]:
        return [Command("health", self.typed, "health", "how well the catalogue is linked", "/link health")]

    async def typed(self, ask: Ask, _: list[Word]) -> None:
        found, now = await self._db.read(lambda u: (healths.reading(u, ask.workspace), u.now))
        judged, trend = score(found.health), found.trend
        picture: Uploaded | UploadProblem = UploadProblem.NOT_READY
        if judged is not None:
            drawn, name = view.picture(trend), view.file_name(now)
            picture = await files.upload_picture(ask, drawn, name, view.alt_text(trend))
        for pause in PAUSES if isinstance(picture, Uploaded) else ():
            if await files.shown(ask, view.health(found.health, judged, trend, picture)):
                return
            await asyncio.sleep(pause)
        problem = picture if isinstance(picture, UploadProblem) else UploadProblem.NOT_READY
        await ask.answer(view.health(found.health, judged, trend, problem))
