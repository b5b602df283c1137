"""Files in Slack: fetched with the bot's token from Slack's own hosts only, and shared into a thread."""

import tempfile
from collections.abc import Awaitable, Callable
from typing import IO, Any, BinaryIO, cast
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.bulk import MAX_BYTES, FileProblem, FileRefused
from bot.domain.values import WorkspaceId
from bot.notify.poster import error_code

_TIME = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)
_PART = 64 * 1024
_IN_MEMORY = 1024 * 1024
_MISSING = ("file_not_found", "file_deleted", "missing_scope", "not_allowed_token_type", "access_denied")


class SlackFiles:
    """`client` gives a workspace's Web API client with its token."""

    def __init__(self, client: Callable[[WorkspaceId], Awaitable[AsyncWebClient]]) -> None:
        self._client = client

    async def fetch(self, workspace: WorkspaceId, file_id: str) -> BinaryIO:
        """The file's content. Raises FileRefused when it can't be had, aiohttp's errors when Slack can't be reached."""
        client = await self._client(workspace)
        address = _address(await self._info(client, file_id), client)
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller closes it
        try:
            async with aiohttp.ClientSession(timeout=_TIME) as session:
                headers = {"Authorization": f"Bearer {client.token}"}
                async with session.get(address, headers=headers) as answer:
                    await _copy(answer, file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return cast(BinaryIO, file)

    async def _info(self, client: AsyncWebClient, file_id: str) -> dict[str, Any]:
        try:
            answer = await client.files_info(file=file_id)
        except SlackApiError as error:
            if error_code(error) in _MISSING:
                raise FileRefused(FileProblem.NOT_HANDED_OVER) from None
            raise
        return cast(dict[str, Any], answer["file"])

    async def share(self, workspace: WorkspaceId, channel: str, thread: str, name: str, file: BinaryIO) -> None:
        """Upload a file into a thread: an address, the bytes, then the share."""
        client = await self._client(workspace)
        length = file.seek(0, 2)
        file.seek(0)
        given = await client.files_getUploadURLExternal(filename=name, length=length)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
        async with aiohttp.ClientSession(timeout=_TIME) as session:
            async with session.post(str(given["upload_url"]), data=_parts(file), headers=headers) as answer:
                answer.raise_for_status()
        await client.files_completeUploadExternal(
            files=[{"id": given["file_id"], "title": name}], channel_id=channel, thread_ts=thread
        )


async def _parts(file: BinaryIO) -> Any:
    while part := file.read(_PART):
        yield part


def _address(info: dict[str, Any], client: AsyncWebClient) -> str:
    """Where the bytes are. The token goes to Slack alone: a file of another service is refused."""
    if int(info.get("size") or 0) > MAX_BYTES:
        raise FileRefused(FileProblem.TOO_LARGE)
    address = str(info.get("url_private_download") or info.get("url_private") or "")
    host = urlsplit(address).hostname or ""
    is_slack = host == urlsplit(client.base_url).hostname or host == "slack.com" or host.endswith(".slack.com")
    if info.get("is_external") or info.get("mode") == "external" or not is_slack:
        raise FileRefused(FileProblem.NOT_IN_SLACK)
    return address


async def _copy(answer: aiohttp.ClientResponse, file: IO[bytes]) -> None:
    """Without the right to the file Slack answers with its sign-in page, and says 200."""
    if answer.status >= 500 or answer.status == 429:
        answer.raise_for_status()
    if answer.status != 200 or answer.content_type == "text/html":
        raise FileRefused(FileProblem.NOT_HANDED_OVER)
    size = 0
    async for part in answer.content.iter_chunked(_PART):
        size += len(part)
        if size > MAX_BYTES:
            raise FileRefused(FileProblem.TOO_LARGE)
        file.write(part)
