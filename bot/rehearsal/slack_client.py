"""A person in Slack: finds buttons by their label, types, picks, submits; every act is a real request to the bot."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.slack_acts import Acts, NotThere
from bot.rehearsal.slack_files import add_file
from bot.rehearsal.slack_limits import Json, elements_of
from bot.rehearsal.slack_values import MANY, VALUE_KEYS, options_of
from bot.rehearsal.slack_wire import Answer


class ConfirmNeeded(Exception):
    """A dialog stands between the click and its act; `dialog` is its JSON. Click again with `confirm=True`."""

    def __init__(self, dialog: Json) -> None:
        super().__init__(f"needs confirm: {text_of(dialog)}")
        self.dialog = dialog


@dataclass
class Menu:
    """What an external menu offers after typing: flat `options`, or `option_groups` with their own."""

    options: list[Json]
    option_groups: list[Json]

    @property
    def all(self) -> list[Json]:
        return [*self.options, *(option for group in self.option_groups for option in group["options"])]

    @property
    def labels(self) -> list[str]:
        return [option["text"]["text"] for option in self.all]

    @property
    def groups(self) -> list[str]:
        return [group["label"]["text"] for group in self.option_groups]


class Person:
    """One user's hands. Messages and views are given as the JSON the fake shows (`messages`, `views_open`, `home`).

    Raises NotThere when the thing is not before the person's eyes.
    """

    def __init__(self, acts: Acts, user: str) -> None:
        self.acts, self.world, self.id = acts, acts.world, user
        self.acts.world.user(user)
        self._menus: dict[str, Menu] = {}

    async def command(self, channel: str, text: str) -> Answer:
        """Types a slash command, for example `/link status`."""
        return await self.acts.command(self.id, channel, text)

    async def say(self, channel: str, text: str) -> Json:
        """Writes an ordinary message."""
        return self._shown_message(await self.acts.message(self.id, channel, text))

    async def click(
        self,
        where: Json,
        label: str,
        option: str | None = None,
        *,
        confirm: bool = False,
        near: str | None = None,
        nth: int = 0,
        stale: bool = False,
    ) -> Answer:
        """Presses the button with this label or action_id, or picks `option` in a radio group, menu or overflow.

        `near`: text in the button's block or the one just above it, where several buttons share a label; `nth`: the
        n-th of what is left. `confirm`: says yes to the dialog (else ConfirmNeeded). `stale`: clicks what `where`
        showed, although it may have changed since.
        """
        container = container_of(where)
        live = self._live(container)
        block, element = self._find(where if stale else live, label, near, nth)
        if element.get("confirm") and not confirm:
            raise ConfirmNeeded(element["confirm"])
        value: Json = {}
        if option is not None:
            value = self._value(element, self._option(container, element, option))
        elif element["type"] in VALUE_KEYS or element["type"] == "overflow":
            raise NotThere(f"{label!r} is a {element['type']}: say which option")
        body = deepcopy(where) if stale else None
        return await self.acts.act(self.id, container, block["block_id"], element["action_id"], value, body)

    async def select(
        self, where: Json, action_id: str, choice: str | list[str] | None, *, confirm: bool = False
    ) -> Answer:
        """Picks option(s) by text or value (people, channels: by id); external menus are typed into first.

        None clears the choice.
        """
        container = container_of(where)
        block, element = self._find(self._live(container), action_id, None, 0)
        if element.get("confirm") and not confirm:
            raise ConfirmNeeded(element["confirm"])
        key = VALUE_KEYS[element["type"]][0]
        wanted = [] if choice is None else choice if isinstance(choice, list) else [choice]
        chosen: list[Any] = list(wanted)
        if key in ("selected_option", "selected_options"):
            chosen = []
            for one in wanted:
                if element["type"].endswith("external_select") and not self._offered(container, element, one):
                    await self.type_ahead(where, action_id, one)
                chosen.append(self._option(container, element, one))
        value = {key: chosen if key in MANY else (chosen[0] if chosen else None)}
        return await self.acts.act(self.id, container, block["block_id"], element["action_id"], value)

    async def type_ahead(self, where: Json, action_id: str, query: str) -> Menu:
        """Types into an external menu. More than 100 options are refused: the menu is empty and a complaint is kept."""
        container = container_of(where)
        block, element = self._find(self._live(container), action_id, None, 0)
        found = await self.acts.suggest(self.id, container, block["block_id"], element["action_id"], query)
        menu = Menu(found.get("options") or [], found.get("option_groups") or [])
        self._menus[_menu_key(container, element)] = menu
        return menu

    async def fill(self, where: Json, name: str, value: str | None) -> Answer:
        """Types into the input with this block_id, action_id or label; sent at once only with `dispatch_action`."""
        container = container_of(where)
        block, element = self._find(self._live(container), name, None, 0)
        key = VALUE_KEYS[element["type"]][0]
        return await self.acts.act(self.id, container, block["block_id"], element["action_id"], {key: value})

    async def attach(self, where: Json, name: str, file_name: str, content: bytes) -> Answer:
        """Chooses a file of their own in the input with this block_id, action_id or label."""
        container = container_of(where)
        block, element = self._find(self._live(container), name, None, 0)
        value = {"files": [add_file(self.world, self.id, file_name, content)]}
        return await self.acts.act(self.id, container, block["block_id"], element["action_id"], value)

    async def submit(self, view: Json) -> Answer:
        """Presses the modal's submit button; `answer.errors` are the inline errors, which stay on the view."""
        return await self.acts.submit(self.id, view["id"])

    async def close(self, view: Json, *, whole: bool = False) -> Answer:
        """Cancels a view, or with `whole` closes the whole stack by ✕."""
        return await self.acts.close(self.id, view["id"], whole=whole)

    async def open_home(self) -> Json | None:
        """Opens the Home tab; answers what is published when the bot took the event (it may publish later)."""
        view = await self.acts.home(self.id)
        return deepcopy(view.body) if view else None

    async def shortcut(self, callback_id: str, message: Json | None = None) -> Answer:
        """Uses a global shortcut, or a message shortcut on `message`."""
        if message is None:
            return await self.acts.shortcut(self.id, callback_id)
        return await self.acts.shortcut(self.id, callback_id, message["channel"], message["ts"])

    def sees(self, where: Json) -> Json:
        """The message or view as it stands now. Raises NotThere when it is gone."""
        container = container_of(where)
        live = deepcopy(self._live(container))
        return live | {"channel": container["channel"]} if container["type"] == "message" else live

    # finding
    def _live(self, container: Json) -> Json:
        return self.acts.shown_to(self.id, container)[0]

    def _shown_message(self, message: Any) -> Json:
        return deepcopy(message.body) | {"channel": message.channel}

    def _find(self, body: Json, name: str, near: str | None, nth: int) -> tuple[Json, Json]:
        found = [
            (block, element)
            for above, block, element in _with_above(body.get("blocks") or [])
            if name in (element.get("action_id"), block.get("block_id"), *labels_of(block, element))
            and (near is None or near in text_of(block) or near in text_of(above))
        ]
        if len(found) <= nth:
            seen = sorted(
                {one for block, element in elements_of(body.get("blocks")) for one in labels_of(block, element)}
            )
            raise NotThere(f"no {name!r}{f' near {near!r}' if near else ''} there; there are {seen}")
        return found[nth]

    def _offered(self, container: Json, element: Json, wanted: str) -> Json | None:
        menu = self._menus.get(_menu_key(container, element))
        options = [*options_of(element), *(menu.all if menu else [])]
        for option in options:
            if wanted in (option["text"]["text"], option["value"]):
                return option
        return None

    def _option(self, container: Json, element: Json, wanted: str) -> Json:
        option = self._offered(container, element, wanted)
        if option is None:
            menu = self._menus.get(_menu_key(container, element))
            shown = [one["text"]["text"] for one in [*options_of(element), *(menu.all if menu else [])]]
            raise NotThere(f"no option {wanted!r} in {element.get('action_id')}; there are {shown[:20]}")
        return option

    def _value(self, element: Json, option: Json) -> Json:
        key = VALUE_KEYS.get(element["type"], ("selected_option", ""))[0]
        return {key: [option] if key in MANY else option}


def container_of(where: Json) -> Json:
    """Where a message or view JSON stands: its container as the acts name it."""
    if "ts" in where:
        return {"type": "message", "channel": where["channel"], "ts": where["ts"]}
    return {"type": "home"} if where.get("type") == "home" else {"type": "view", "view_id": where["id"]}


def text_of(node: Any) -> str:
    """All the text a person reads in a piece of Block Kit JSON, in its order, joined by newlines."""
    if isinstance(node, list):
        return "\n".join(filter(None, (text_of(one) for one in node)))
    if not isinstance(node, dict):
        return ""
    parts = [node["text"]] if isinstance(node.get("text"), str) else []
    parts += [node["title"]] if isinstance(node.get("title"), str) else []
    parts += [text_of(value) for value in node.values() if isinstance(value, dict | list)]
    return "\n".join(filter(None, parts))


def labels_of(block: Json, element: Json) -> list[str]:
    """The names under which a person finds an element: the button's text, or the label of its input."""
    texts = [element.get("text"), block.get("label") if block.get("type") == "input" else None]
    return [text["text"] for text in texts if isinstance(text, dict)]


def _with_above(blocks: list[Json]) -> Iterator[tuple[Json, Json, Json]]:
    """(the nearest block with text above, block, element) for each element."""
    above: Json = {}
    for block in blocks:
        for inner, element in elements_of([block]):
            yield above, inner, element
        if block.get("type") not in ("actions", "divider", "context"):
            above = block


def _menu_key(container: Json, element: Json) -> str:
    return f"{container.get('view_id') or container.get('ts') or 'home'}/{element.get('action_id')}"
