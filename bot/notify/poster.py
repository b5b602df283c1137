"""Post or update one message, once: a claim row before the post, a look before a second one."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.posts import PostClaim, PostState
from bot.domain.values import WorkspaceId
from bot.store.db import Db
from bot.views.blocks import Message

Client = Callable[[WorkspaceId], Awaitable[AsyncWebClient]]
_EVENT = "linkbot_message"
_QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")


class PostBusy(Exception):
    """Another worker is posting this message right now; try again in a moment."""


def error_code(error: SlackApiError) -> str:
    """Slack's word for it; "" for an answer that is no JSON, such as a gateway's error page."""
    answered: Any = error.response.data
    return str(answered.get("error", "")) if isinstance(answered, dict) else ""


def digest(message: Message) -> str:
    """Two renderings with one digest are one message: nothing is sent for the second."""
    return hashlib.sha256(json.dumps([message.text, message.blocks], sort_keys=True).encode()).hexdigest()[:32]


class Poster:
    """Keeps one Slack message per key in step with what is rendered for it."""

    def __init__(self, db: Db, client: Client, now: Callable[[], datetime]) -> None:
        self._db, self._client, self._now = db, client, now

    async def show(self, workspace: WorkspaceId, key: str, channel: str, message: Message) -> tuple[str, str]:
        """Post `message` under `key`, or bring the message posted before up to date. Returns (channel id, ts).

        Raises PostBusy while another worker posts it, SlackApiError when Slack refuses it.
        """
        claim = await self._db.run(lambda u: u.posts.claim(key, channel))
        if claim.state is PostState.BUSY:
            raise PostBusy(key)
        if claim.state is PostState.POSTED:
            return await self._update(workspace, key, claim, message)
        client = await self._client(workspace)
        found = await self._find(client, channel, key) if claim.state is PostState.UNCLEAR else None
        if found is not None:
            await self._db.run(lambda u: u.posts.posted(key, found[0], found[1], ""))
            return await self.show(workspace, key, channel, message)
        return await self._post(client, key, channel, message)

    async def _post(self, client: AsyncWebClient, key: str, channel: str, message: Message) -> tuple[str, str]:
        metadata = {"event_type": _EVENT, "event_payload": {"key": key}}
        try:
            answer = await client.chat_postMessage(
                channel=channel, text=message.text, blocks=message.blocks, metadata=metadata, **_QUIET
            )
        except SlackApiError:  # refused: nothing stands in the channel, so the next attempt starts afresh
            await self._db.run(lambda u: u.posts.forget(key))
            raise
        place = str(answer["channel"]), str(answer["ts"])
        await self._db.run(lambda u: u.posts.posted(key, place[0], place[1], digest(message)))
        return place

    async def _update(self, workspace: WorkspaceId, key: str, claim: PostClaim, message: Message) -> tuple[str, str]:
        assert claim.channel is not None
        assert claim.ts is not None
        place = claim.channel, claim.ts
        if claim.digest == digest(message):
            return place
        client = await self._client(workspace)
        try:
            await client.chat_update(channel=place[0], ts=place[1], text=message.text, blocks=message.blocks)
        except SlackApiError as error:
            if error_code(error) not in _GONE:
                raise
            await self._db.run(lambda u: u.posts.forget(key))  # somebody deleted it: it is posted anew
            return await self.show(workspace, key, place[0], message)
        await self._db.run(lambda u: u.posts.set_digest(key, digest(message)))
        return place

    async def _find(self, client: AsyncWebClient, channel: str, key: str) -> tuple[str, str] | None:
        """Our own message of this key, when a crash came between posting and recording."""
        oldest = (self._now() - timedelta(days=1)).timestamp()
        try:
            answer = await client.conversations_history(
                channel=channel, include_all_metadata=True, limit=100, oldest=str(oldest)
            )
        except SlackApiError as error:
            if error_code(error) in ("missing_scope", "channel_not_found", "not_in_channel", "unknown_method"):
                return None
            raise
        for message in answer.get("messages") or []:
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == _EVENT and metadata.get("event_payload", {}).get("key") == key:
                return channel, str(message["ts"])
        return None
