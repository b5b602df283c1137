"""Around every Slack listener: answer at once, once only, who is it, may they, and errors told in words."""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.ledger import Act, Entry
from bot.domain.values import Actor, ActorKind, Origin, Right, UserId, WorkspaceId
from bot.handlers.rights import Rights, slack_code
from bot.store.db import Db
from bot.views import rights as rights_view
from bot.views import texts
from bot.views.blocks import Message
from bot.views.plain import note, note_view

log = logging.getLogger("linkbot.slack")

Json = dict[str, Any]
Respond = Callable[..., Awaitable[Any]]
Work = Callable[["Ask"], Awaitable[None]]
_ANSWER_LEAVES = 0.05
"""Seconds. Bolt looks every 10 ms whether a submission is answered; that answer would overwrite an update before it."""
_TOO_SLOW = "Slack's answers took too long, so nothing was opened. Try again: it is quicker the second time."
_TRIGGER_USED = ("exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id")


@dataclass(frozen=True)
class Ask:
    """One request of a person: who, where, with what, and the ways to answer."""

    workspace: WorkspaceId
    user: UserId
    channel: str
    text: str
    value: str  # the pressed button's or chosen option's value
    action_id: str
    body: Json
    client: AsyncWebClient
    respond: Respond
    reference: str

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, self.user, Origin.SLACK)

    @property
    def home(self) -> str:
        """The workspace the person belongs to: another one for people of other companies."""
        return str((self.body.get("user") or {}).get("team_id") or self.body.get("team_id") or self.workspace)

    @property
    def trigger(self) -> str:
        return str(self.body.get("trigger_id", ""))

    @property
    def view(self) -> Json | None:
        return self.body.get("view")

    async def answer(self, message: Message, *, replace: bool = False) -> None:
        """Ephemeral, where the person is looking; `replace` puts it in place of the message with the button."""
        kind: Json = (
            {"replace_original": True} if replace else {"response_type": "ephemeral", "replace_original": False}
        )
        if self.body.get("response_url"):
            await self.respond(text=message.text, blocks=message.blocks, **kind)
        elif self.channel:
            await self.client.chat_postEphemeral(
                channel=self.channel, user=self.user, text=message.text, blocks=message.blocks
            )
        else:  # a modal or App Home without a channel: say it in a modal
            await self.open(note_view(message))

    async def open(self, view: Json) -> Json | None:
        """Open (or push, from a modal) a view with the trigger. None when it can't be used any more.

        A used one was a second delivery; one that is too old came after a slow look-up, and the person is told.
        """
        push = self.view is not None and self.view.get("type") == "modal"
        try:
            call = self.client.views_push if push else self.client.views_open
            answer = await call(trigger_id=self.trigger, view=view)
        except SlackApiError as error:
            if slack_code(error) in _TRIGGER_USED:
                log.info("trigger not usable: %s", slack_code(error))
                if slack_code(error) == "expired_trigger_id" and (self.body.get("response_url") or self.channel):
                    await self.answer(note(_TOO_SLOW))
                return None
            raise
        return cast(Json, answer["view"])

    async def update(self, view_id: str, view: Json, view_hash: str | None = None) -> None:
        """Replace a view's content; closed views and newer contents are left alone."""
        try:
            await self.client.views_update(view_id=view_id, view=view, hash=view_hash)
        except SlackApiError as error:
            if slack_code(error) not in ("not_found", "hash_conflict", "view_not_found"):
                raise


async def _ack(ack: AsyncAck) -> None:
    await ack()


class Guard:
    """Registers listeners. Every one is answered in a function that can't raise and does its work afterwards."""

    def __init__(self, bolt: AsyncApp, db: Db, rights: Rights) -> None:
        self._bolt, self._db, self._rights = bolt, db, rights
        self._working: set[asyncio.Task[Any]] = set()

    async def idle(self) -> None:
        """Wait for the work that follows answers: at the end of the process, and in tests."""
        while self._working:
            await asyncio.wait(self._working)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        task = asyncio.current_task()
        if task is not None:
            self._working.add(task)
        try:
            yield
        finally:
            if task is not None:
                self._working.discard(task)

    def command(self, name: str, work: Work) -> None:
        self._bolt.command(name)(ack=_ack, lazy=[self._lazy(work, Right.READ, opens=False)])

    def action(self, action_id: str, work: Work, right: Right = Right.READ, *, opens: bool = False) -> None:
        """`opens`: the work starts by opening a view, whose single-use trigger is the dedupe."""
        self._bolt.action(action_id)(ack=_ack, lazy=[self._lazy(work, right, opens)])

    def shortcut(self, callback_id: str, work: Work, right: Right = Right.READ) -> None:
        """Global or on a message; the work starts by opening a view."""
        self._bolt.shortcut(callback_id)(ack=_ack, lazy=[self._lazy(work, right, opens=True)])

    def submit(self, callback_id: str, answer: Callable[[Json], Json], work: Work, right: Right) -> None:
        """`answer` reads the view locally and gives the ack's arguments; with errors in it the work is not done."""

        async def ack_submit(ack: AsyncAck, body: Json) -> None:
            try:
                await ack(**answer(body["view"]))
            except Exception:
                log.exception("could not read a submission")
                await ack()

        async def work_unless_wrong(ask: Ask) -> None:
            if answer(ask.body["view"]).get("response_action") != "errors":
                await work(ask)

        self._bolt.view(callback_id)(ack=ack_submit, lazy=[self._lazy(work_unless_wrong, right, opens=False)])

    def options(self, action_id: str, work: Callable[[Ask], Awaitable[Json]]) -> None:
        """Suggestions of a menu: from our own database only; trouble is an empty list, never an error triangle."""

        async def listener(ack: AsyncAck, body: Json, client: AsyncWebClient, respond: Any) -> None:
            try:
                found = await work(_ask(body, client, respond))
            except Exception:
                log.exception("suggestions failed")
                found = {"options": []}
            await ack(**found)

        self._bolt.options(action_id)(listener)

    def event(self, name: str, work: Work) -> None:
        async def listener(body: Json, client: AsyncWebClient) -> None:
            ask = _ask(body, client, _nowhere)
            with self._at_work():
                if await self._db.run(lambda u: u.inbox.first_time("slack", ask.workspace, body["event_id"], name)):
                    await work(ask)

        self._bolt.event(name)(ack=_ack, lazy=[listener])

    def catch_all(self) -> None:
        """Buttons of older messages and of links: answered, so that Slack shows no warning sign. Registered last."""

        async def ignore(ask: Ask) -> None:
            log.info("no listener for action %s", ask.action_id)

        self._bolt.action(re.compile(".*"))(ack=_ack, lazy=[self._lazy(ignore, Right.READ, opens=False)])

    def _lazy(self, work: Work, right: Right, opens: bool) -> Callable[..., Awaitable[None]]:
        async def listener(body: Json, client: AsyncWebClient, respond: Any) -> None:
            ask = _ask(body, client, respond)
            with self._at_work():
                try:
                    if body.get("type") == "view_submission":
                        await asyncio.sleep(_ANSWER_LEAVES)
                    if (opens or await self._first_time(ask)) and not await self.refused(ask, right):
                        await work(ask)
                except Exception as error:
                    log.exception("request %s failed", ask.reference)
                    await self._tell(ask, note(texts.failed(ask.reference, _cause(error))))

        return listener

    async def _first_time(self, ask: Ask) -> bool:
        view = ask.body.get("view") or {}
        submitted = ask.body.get("type") == "view_submission"
        key = f"{view.get('id')}:{view.get('hash')}" if submitted else ask.trigger
        if not key:
            return True
        return await self._db.run(lambda u: u.inbox.first_time("slack", ask.workspace, key, ask.body.get("type", "")))

    async def refused(self, ask: Ask, right: Right) -> bool:
        """Does this person lack the right? Then they were told, and the ledger has it."""
        if right is Right.READ:
            return False
        foreign = ask.home != ask.workspace and not ask.body.get("is_enterprise_install")
        seen = await self._rights.verdict(ask.client, ask.workspace, ask.user, right, foreign=foreign)
        if seen.refusal is None:
            return False
        reason, facts = f"no_right_{seen.refusal}", {"slack": seen.trouble} if seen.trouble else {}
        await self._db.run(
            lambda u: u.ledger.add(Entry(u.now, ask.workspace, Act.REFUSED, ask.actor, reason=reason, facts=facts))
        )
        await self._tell(ask, note(rights_view.denied(seen.refusal, seen.policy, seen.trouble)))
        return True

    async def _tell(self, ask: Ask, message: Message) -> None:
        """Best effort: the person is told where they look; a failure to tell is logged with the reference."""
        try:
            if ask.body.get("type") == "view_submission" and ask.view is not None:
                await ask.update(ask.view["id"], note_view(message))
            else:
                await ask.answer(message)
        except Exception:
            log.exception("could not tell about %s", ask.reference)


def _cause(error: Exception) -> str:
    """Slack's own words for a rate limit, so that it is not mistaken for something else (U32)."""
    return "ratelimited" if isinstance(error, SlackApiError) and slack_code(error) == "ratelimited" else ""


async def _nowhere(**_: Any) -> None:
    return None


def _ask(body: Json, client: AsyncWebClient, respond: Respond) -> Ask:
    user = body.get("user") or {}
    event = body.get("event") or {}
    action = (body.get("actions") or [{}])[0]
    channel = body.get("channel") or {}
    view_team = (body.get("team") or {}).get("id")
    return Ask(
        workspace=WorkspaceId(body.get("team_id") or view_team or (body.get("enterprise") or {}).get("id") or ""),
        user=UserId(body.get("user_id") or user.get("id") or event.get("user") or ""),
        channel=body.get("channel_id") or (channel.get("id") if isinstance(channel, dict) else channel) or "",
        text=body.get("text") or "",
        value=_value(action),
        action_id=action.get("action_id") or body.get("action_id") or "",
        body=body,
        client=client,
        respond=respond,
        reference=secrets.token_hex(4),
    )


def _value(action: Json) -> str:
    chosen = action.get("selected_option") or {}
    return str(action.get("value") or chosen.get("value") or "")
