"""Files that go to Slack: pictures for a message, and files into a person's direct messages."""

import logging
from pathlib import Path

import aiohttp  # its errors only: slack_sdk lets them through
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.handlers.guard import Ask
from bot.views.blocks import Message
from bot.views.uploads import Uploaded, UploadProblem

log = logging.getLogger("linkbot.files")
_UNREACHABLE = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)


async def upload_picture(ask: Ask, png: bytes, name: str, alt: str) -> Uploaded | UploadProblem:
    """A picture for an image block. It is shared with nobody until a message shows it."""
    try:
        answer = await ask.client.files_upload_v2(
            file=png, filename=name, title=name, alt_txt=alt[:1000], highlight_type="png"
        )
        return Uploaded(str((answer["files"] or [{}])[0]["id"]))
    except _UNREACHABLE as error:
        return _problem(ask, error)


async def send_file(ask: Ask, path: Path, name: str, comment: str) -> UploadProblem | None:
    """A file in the person's direct messages with the bot, where nobody else sees it."""
    try:
        opened = await ask.client.conversations_open(users=ask.user)
        channel = str((opened["channel"] or {})["id"])
        await ask.client.files_upload_v2(
            channel=channel, file=str(path), filename=name, title=name, initial_comment=comment
        )
        return None
    except _UNREACHABLE as error:
        return _problem(ask, error)


def _problem(ask: Ask, error: Exception) -> UploadProblem:
    told = error.response.data if isinstance(error, SlackApiError) else None  # text when Slack answered no JSON
    code = str(told.get("error")) if isinstance(told, dict) else type(error).__name__
    log.warning("request %s: Slack took no file: %s", ask.reference, code)
    return UploadProblem.MISSING_SCOPE if code == "missing_scope" else UploadProblem.NOT_TAKEN


async def shown(ask: Ask, message: Message) -> bool:
    """As `Ask.answer`, and whether Slack took it: a picture is refused until Slack has looked through the file."""
    answer = await ask.respond(
        text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=False
    )
    return answer is None or answer.status_code == 200
