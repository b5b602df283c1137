"""What a person does in Slack, as the requests that reach the bot: commands, actions, menus, submissions, events.

Payload shapes are those of Slack; `Acts` knows ids only, finding things by their label is the client's part.
"""

import re
from copy import deepcopy
from typing import Any

from bot.rehearsal.slack_chat import say
from bot.rehearsal.slack_limits import (
    Breach,
    Json,
    breaches_of_message,
    breaches_of_options,
    breaches_of_view,
    elements_of,
)
from bot.rehearsal.slack_values import VALUE_KEYS, complaint_about
from bot.rehearsal.slack_views import close_view, push_on
from bot.rehearsal.slack_wire import Answer, Wire
from bot.rehearsal.slack_world import Channel, Message, Refused, View, World

NO_CONNECTION = "We had some trouble connecting. Try again?"


class NotThere(Exception):
    """The person can't do that: no such button, view or message before their eyes."""


class Acts:
    """One method per thing a person can do; `container` is `{"type": "message"|"view"|"home", …}`."""

    def __init__(self, world: World, wire: Wire) -> None:
        self.world, self.wire = world, wire
        self.commands: set[str] = {"/link"}
        self.escapes_mentions = True  # `should_escape` of the manifest

    # commands and messages
    async def command(self, user: str, channel: str, text: str) -> Answer:
        """Types `/name words`. Slack itself answers an unknown name; a failed one leaves a notice."""
        name, _, words = text.strip().partition(" ")
        place = self._channel(user, channel)
        if name not in self.commands:
            self.world.notice(user, f"{name} is not a valid command.")
            return Answer(sent=False, error="not_a_command")
        person = self.world.user(user)
        form = {
            "token": "verification",
            "team_id": self.world.team_id,
            "team_domain": self.world.domain,
            "channel_id": place.id,
            "channel_name": _called(place),
            "user_id": user,
            "user_name": person.name,
            "command": name,
            "text": self._typed(words.strip()),
            "api_app_id": self.world.app_id,
            "is_enterprise_install": "false",
            "response_url": self.world.new_response_url(place.id, user),
            "trigger_id": self.world.new_trigger(user),
        }
        answer = await self.wire.send("slash_commands", f"commands.{name}", form)
        if answer.error:
            self.world.notice(user, f"{name} failed with the error “{answer.error}”")
        elif answer.body:
            self._shown(answer, place.id, user, f"{name} {words}".strip())
        return answer

    async def message(self, user: str, channel: str, text: str) -> Message:
        """Writes an ordinary message; the bot hears of it where it is subscribed (mention, direct message)."""
        place = self._channel(user, channel)
        message = self.world.add_message(place.id, {"user": user, "text": self._typed(text)})
        event = {"user": user, "text": message.body["text"], "ts": message.ts, "channel": place.id}
        if place.is_im:
            self.wire.emit({"type": "message", "channel_type": "im", **event})
        elif f"<@{self.world.bot_user}" in message.body["text"]:
            self.wire.emit({"type": "app_mention", **event})
        await self.wire.deliver()
        return message

    async def home(self, user: str) -> View | None:
        """Opens the Home tab of the app; answers the home view as it stands after the event was delivered."""
        view = self.world.homes.get(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": self.world.im_of(user).id, "tab": "home"}
        self.wire.emit(event | ({"view": deepcopy(view.body)} if view else {}))
        await self.wire.deliver()
        return self.world.homes.get(user)

    async def shortcut(self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None) -> Answer:
        """A global shortcut, or a message shortcut when a message is given."""
        payload = self._who(user) | {"callback_id": callback_id, "action_ts": self.world.next_ts()}
        payload["trigger_id"] = self.world.new_trigger(user)
        if channel is None:
            return await self._interactive(user, payload | {"type": "shortcut"})
        place, message = self._channel(user, channel), self._message(user, channel, ts)
        payload |= {"type": "message_action", "channel": _named(place), "message_ts": message.ts}
        payload |= {"message": deepcopy(message.body)}
        payload["response_url"] = self.world.new_response_url(place.id, user, message)
        return await self._interactive(user, payload)

    # elements
    async def act(
        self, user: str, container: Json, block_id: str, action_id: str, value: Json, body: Json | None = None
    ) -> Answer:
        """Presses or changes one element. `body`: what the person still saw (a stale click)."""
        shown, values = self.shown_to(user, container)
        block, element = self._element((body or shown)["blocks"], block_id, action_id)
        if element["type"] in VALUE_KEYS:
            key = VALUE_KEYS[element["type"]][0]
            held = {"type": element["type"], key: value.get(key)}
            values.setdefault(block_id, {})[action_id] = held
            self.world.changed()
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Answer(sent=False)
        action = self._action(block, element, value)
        payload = self._who(user) | {"type": "block_actions", "actions": [action]}
        payload |= self._around(user, container, body)
        answer = await self._interactive(user, payload)
        answer.url = element.get("url")
        return answer

    async def suggest(self, user: str, container: Json, block_id: str, action_id: str, query: str) -> Json:
        """Types into an external menu: its options as Slack would show them (none when too many, late or wrong)."""
        shown, _ = self.shown_to(user, container)
        _, element = self._element(shown["blocks"], block_id, action_id)
        least = element.get("min_query_length")
        if len(query) < (3 if least is None else least):
            return {"options": []}
        payload = self._who(user) | {"type": "block_suggestion", "action_id": action_id, "block_id": block_id}
        around = self._around(user, container, None)
        kept = {key: around[key] for key in ("container", "view", "message", "channel") if key in around}
        answer = await self._interactive(user, payload | {"value": query} | kept)
        if answer.error:
            return {"options": []}
        breaches = breaches_of_options(answer.body)
        if breaches:
            self._refused("block_suggestion", breaches)
            return {"options": []}
        return answer.body

    # modals
    async def submit(self, user: str, view_id: str, values: Json | None = None) -> Answer:
        """Presses the submit button; `values` are merged into the state first. Errors stay on the view."""
        view = self._view(user, view_id)
        for block_id, actions in (values or {}).items():
            view.body["state"]["values"].setdefault(block_id, {}).update(actions)
        if not view.body.get("submit"):
            raise NotThere(f"the view {view.body['callback_id']!r} has no submit button")
        view.errors = self._own_errors(view)
        if view.errors:
            self.world.changed()
            return Answer(sent=False, errors=dict(view.errors))
        payload = self._who(user) | {"type": "view_submission", "view": deepcopy(view.body), "response_urls": []}
        payload["trigger_id"] = self.world.new_trigger(user, view.id)
        answer = await self._interactive(user, payload, tell=False)
        if answer.error is None:
            self._after_submit(view, answer)
        if answer.error:
            self.world.notice(user, NO_CONNECTION)
        return answer

    async def close(self, user: str, view_id: str, *, whole: bool = False) -> Answer:
        """Cancel of one view, or ✕ for the whole stack; the bot hears of it with `notify_on_close`."""
        view = self._view(user, view_id)
        whole = whole or view.body["clear_on_close"]
        gone = self.world.stack(user) if whole else [view]
        close_view(self.world, view, whole=whole)
        answer = Answer(sent=False)
        for one in reversed(gone):
            if one.body["notify_on_close"]:
                payload = self._who(user) | {"type": "view_closed", "view": deepcopy(one.body), "is_cleared": whole}
                answer = await self._interactive(user, payload, tell=False)
        return answer

    # payload parts
    def _who(self, user: str) -> Json:
        person = self.world.user(user)
        return {
            "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team_id},
            "api_app_id": self.world.app_id,
            "token": "verification",
            "team": {"id": self.world.team_id, "domain": self.world.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _around(self, user: str, container: Json, body: Json | None) -> Json:
        shown, values = self.shown_to(user, container)
        if container["type"] != "message":
            trigger = self.world.new_trigger(user, shown["id"])
            view = deepcopy(body or shown) | {"state": {"values": deepcopy(values)}}
            return {"container": {"type": "view", "view_id": shown["id"]}, "view": view, "trigger_id": trigger}
        message = self._message(user, container["channel"], container["ts"])
        hidden = message.seen_by is not None
        place = self.world.channels[message.channel]
        around: Json = {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": place.id,
                "is_ephemeral": hidden,
            },
            "trigger_id": self.world.new_trigger(user),
            "channel": _named(place),
            "state": {"values": deepcopy(values)},
            "response_url": self.world.new_response_url(place.id, user, message),
        }
        # Slack keeps no ephemeral message: its content is not in the payload, only the ts in the container.
        return around if hidden else around | {"message": deepcopy(body or message.body)}

    def _action(self, block: Json, element: Json, value: Json) -> Json:
        kept = {key: element[key] for key in ("text", "value", "style", "placeholder") if key in element}
        if element["type"] in VALUE_KEYS:
            key, first = VALUE_KEYS[element["type"]]
            kept[key] = value.get(key)
            if first in element and key != "value":
                kept[first] = element[first]
        elif element["type"] == "overflow":
            kept["selected_option"] = value.get("selected_option")
        elif element["type"] == "feedback_buttons":
            kept["value"] = value.get("value")
        own = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
        return own | kept | {"action_ts": self.world.next_ts()}

    async def _interactive(self, user: str, payload: Json, *, tell: bool = True) -> Answer:
        answer = await self.wire.send("interactive", f"interactive.{payload['type']}", payload)
        if answer.error and tell:
            self.world.notice(user, f"Something went wrong: {answer.error}")
        return answer

    # what stands before the person's eyes
    def _channel(self, user: str, channel: str) -> Channel:
        place = self.world.channels.get(channel)
        if place is None or (user not in place.members and place.is_private):
            raise NotThere(f"{user} does not see the channel {channel}")
        return place

    def _message(self, user: str, channel: str, ts: str | None) -> Message:
        self._channel(user, channel)
        message = self.world.message(channel, ts)
        if message is None or message.seen_by not in (None, user):
            raise NotThere(f"{user} does not see the message {ts} in {channel}")
        return message

    def _view(self, user: str, view_id: str) -> View:
        view = self.world.views.get(view_id)
        if view is None or view.user != user:
            raise NotThere(f"{user} has no view {view_id} open")
        return view

    def shown_to(self, user: str, container: Json) -> tuple[Json, Json]:
        """The body in the container, and its state values (the live ones: changing them changes the state)."""
        if container["type"] == "message":
            message = self._message(user, container["channel"], container["ts"])
            return message.body, message.chosen.setdefault(user, {})
        if container["type"] == "home" or container.get("view_id") in {one.id for one in self.world.homes.values()}:
            if user not in self.world.homes:
                raise NotThere("nothing is published in the Home tab")
            view = self.world.homes[user]
        else:
            view = self._view(user, container["view_id"])
        return view.body, view.body["state"]["values"]

    def _element(self, blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json]:
        for block, element in elements_of(blocks):
            if block.get("block_id") == block_id and element.get("action_id") == action_id:
                return block, element
        raise NotThere(f"no element {block_id}/{action_id} there")

    # answers
    def _shown(self, answer: Answer, channel: str, user: str, typed: str) -> None:
        """The body of an answered command, as the message it becomes."""
        body: Any = answer.body if isinstance(answer.body, dict) else {"text": str(answer.body)}
        breaches = breaches_of_message(body)
        if breaches:
            self._refused("command answer", breaches)
            answer.error = breaches[0].code
            self.world.notice(user, f"{typed} failed with the error “{answer.error}”")
            return
        if body.get("response_type") == "in_channel":
            self.world.add_message(channel, {"user": user, "text": typed})
        if body.get("text") or body.get("blocks") or body.get("attachments"):
            say(self.world, channel, user, body)

    def _own_errors(self, view: View) -> dict[str, str]:
        """The inputs the client refuses to submit (required and empty, not a number, …)."""
        errors: dict[str, str] = {}
        for block, element in elements_of(view.body["blocks"]):
            if block["type"] != "input" or element["type"] not in VALUE_KEYS:
                continue
            held = (view.body["state"]["values"].get(block["block_id"]) or {}).get(element["action_id"])
            said = complaint_about(element, held, optional=bool(block.get("optional")))
            if said:
                errors[block["block_id"]] = said
        return errors

    def _after_submit(self, view: View, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, dict) else {}
        act = body.get("response_action")
        if act is None:
            if view.id in self.world.views:
                close_view(self.world, view)
            return
        if act == "clear":
            close_view(self.world, view, whole=True)
        elif act == "errors":
            self._show_errors(view, body, answer)
        elif act in ("update", "push"):
            self._show_view(view, act, body, answer)
        else:
            self._unusable(answer, f"unknown response_action {act!r}")

    def _show_errors(self, view: View, body: Json, answer: Answer) -> None:
        errors = body.get("errors")
        inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or set(errors) - inputs:
            self._unusable(answer, f"errors must name input blocks, got {errors}")
            return
        view.errors = {str(block): str(said) for block, said in errors.items()}
        answer.errors = dict(view.errors)
        self.world.changed()

    def _show_view(self, view: View, act: str, body: Json, answer: Answer) -> None:
        breaches = breaches_of_view(body.get("view"))
        if breaches:
            self._unusable(answer, "; ".join(str(one) for one in breaches))
        elif act == "update":
            self.world.fill_view(view, body["view"])
        else:
            try:
                push_on(self.world, view.user, body["view"])
            except Refused as refused:
                self._unusable(answer, refused.code)

    def _unusable(self, answer: Answer, why: str) -> None:
        answer.error = "unusable_answer"
        self.wire.complain("unusable_answer", "interactive.view_submission", why)

    def _refused(self, what: str, breaches: list[Breach]) -> None:
        self.wire.complain(breaches[0].code, what, "; ".join(str(one) for one in breaches))

    def _typed(self, text: str) -> str:
        """Text as Slack sends it on: escaped, and mentions of known people and channels as `<@U1|name>`."""
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if not self.escapes_mentions:
            return text
        people = {user.name: user.id for user in self.world.users.values()}
        rooms = {one.name: one for one in self.world.channels.values() if not one.is_im}

        def person(found: re.Match[str]) -> str:
            return f"<@{people[found[1]]}|{found[1]}>" if found[1] in people else found[0]

        def room(found: re.Match[str]) -> str:
            if found[1] not in rooms:
                return found[0]
            return f"<#{rooms[found[1]].id}|{'' if rooms[found[1]].is_private else found[1]}>"

        return re.sub(r"(?<!\S)#([\w-]+)", room, re.sub(r"(?<!\S)@([\w.-]+)", person, text))


def _named(place: Channel) -> Json:
    return {"id": place.id, "name": _called(place)}


def _called(place: Channel) -> str:
    return "directmessage" if place.is_im else "privategroup" if place.is_private else place.name
