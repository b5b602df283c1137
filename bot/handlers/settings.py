"""`/link rights`: who may link. `/link settings`: what a workspace and its shops have set."""

from typing import Any

from bot.domain import rights as policies
from bot.domain.connections import Shop
from bot.domain.ledger import Act
from bot.domain.rights import FoundPolicy, RightsPolicy, WrongPolicy
from bot.domain.settings import PUSH_ON_LINK
from bot.domain.values import Right, ShopId
from bot.handlers.commands import Command
from bot.handlers.control import Control
from bot.handlers.guard import Ask, Guard
from bot.handlers.naming import Naming, problem_of
from bot.handlers.rights import Rights, SlackFailed
from bot.handlers.words import Word, joined
from bot.store.db import Db
from bot.sync import control as controlling
from bot.sync import settings, undoing
from bot.views import rights as rights_view
from bot.views import settings as settings_view
from bot.views.blocks import Message
from bot.views.ids import Action, Callback, unpack
from bot.views.picker import InputProblem
from bot.views.plain import loading, note, note_view
from bot.views.undo import undo_row

Json = dict[str, Any]
_ON = {"on": True, "off": False}


class RightsPage:
    """Everyone sees who may link; admins change it."""

    def __init__(self, db: Db, rights: Rights, guard: Guard) -> None:
        self._db, self._rights, self._refused = db, rights, guard.refused
        self._below = Below()

    def register(self, guard: Guard) -> None:
        guard.action(Action.RIGHTS_CHANGE, self.open, Right.ADMIN, opens=True)
        guard.options(Action.RIGHTS_GROUP, self.groups)
        guard.submit(Callback.RIGHTS, _answer_rights, self.submit, Right.ADMIN)

    def commands(self) -> list[Command]:
        usage = "rights [everyone | group @handle | channel #channel | users @a @b]"
        return [Command("rights", self.typed, usage, "who may link", "/link rights group @warehouse")]

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        """Bare: how it stands. With words: an admin sets it."""
        if not words:
            await ask.answer(await self._shown(ask))
        elif not await self._refused(ask, Right.ADMIN):
            found = await self._naming(ask).typed(words)
            message = note(rights_view.USAGE) if found is None else await self._set(ask, found)
            await ask.answer(message)

    async def open(self, ask: Ask) -> None:
        """The form, set to what holds now; in it stands why no user group can be chosen, if so."""
        opened = await ask.open(loading())
        if opened is None:
            return
        self._below.put(opened["id"], ask)
        policy, _ = await self._db.read(lambda u: settings.policy(u, ask.workspace))
        await ask.update(opened["id"], await self._form(ask, policy), opened.get("hash"))

    async def groups(self, ask: Ask) -> Json:
        """The one menu that asks Slack: it has no element for user groups. Kept for five minutes."""
        groups = await self._rights.groups(ask.client, ask.workspace)
        return rights_view.group_options(groups, str(ask.body.get("value") or ""))

    async def submit(self, ask: Ask) -> None:
        """Saved, or the form again with what went wrong."""
        view = ask.body["view"]
        wanted = rights_view.read(view)
        assert isinstance(wanted, RightsPolicy)
        found = await self._naming(ask).chosen(wanted)
        if isinstance(found, WrongPolicy):
            await ask.update(view["id"], await self._form(ask, wanted, rights_view.wrong(found)))
            return
        await ask.update(view["id"], note_view(await self._set(ask, found)))
        await self._below.show(view["id"], await self._shown(ask))

    async def _set(self, ask: Ask, found: FoundPolicy | WrongPolicy) -> Message:
        if isinstance(found, WrongPolicy):
            return rights_view.not_set(found)
        value = policies.to_json(found.policy)
        done = await settings.change(self._db, ask.workspace, policies.SETTING, value, ask.actor)
        message = rights_view.saved(found, done is not None)
        undo = None
        if done is not None:
            undo = await self._db.read(lambda u: undoing.of_act(u, ask.workspace, ask.actor, Act.SETTING_SET))
        return Message(message.text, [*message.blocks, *undo_row(undo)])

    async def _shown(self, ask: Ask) -> Message:
        policy, changed = await self._db.read(lambda u: settings.policy(u, ask.workspace))
        return rights_view.shown(policy, changed)

    async def _form(self, ask: Ask, policy: RightsPolicy, notice: str = "") -> Json:
        try:
            await self._rights.groups(ask.client, ask.workspace)
        except SlackFailed as failed:
            return rights_view.form(policy, problem_of(failed), notice)
        return rights_view.form(policy, None, notice)

    def _naming(self, ask: Ask) -> Naming:
        return Naming(self._rights, ask.client, ask.workspace)


class SettingsPage:
    """Everyone sees the settings; who may link changes them."""

    def __init__(self, db: Db, control: Control, guard: Guard) -> None:
        self._db, self._control, self._refused = db, control, guard.refused
        self._below = Below()

    def register(self, guard: Guard) -> None:
        guard.action(Action.SETTINGS_CHANGE, self.open, Right.LINK, opens=True)
        guard.submit(Callback.SETTINGS, _answer_settings, self.submit, Right.LINK)

    def commands(self) -> list[Command]:
        usage = "settings [SHOP] | settings push_on_link on|off"
        return [Command("settings", self.typed, usage, "see and change settings", "/link settings")]

    async def typed(self, ask: Ask, words: list[Word]) -> None:
        if words and words[0].text.lower() == PUSH_ON_LINK and not words[0].quoted:
            await self._push_typed(ask, [word.text.lower() for word in words[1:]])
            return
        shop = await self._control.one_shop(ask, joined(words)) if words else None
        if shop is not None or not words:
            await ask.answer(await self._shown(ask, shop))

    async def _push_typed(self, ask: Ask, given: list[str]) -> None:
        if len(given) != 1 or given[0] not in _ON:
            await ask.answer(note(settings_view.USAGE))
        elif not await self._refused(ask, Right.LINK):
            on = _ON[given[0]]
            done = await settings.change(self._db, ask.workspace, PUSH_ON_LINK, on, ask.actor)
            undo = await self._acted(ask, Act.SETTING_SET) if done else None
            await ask.answer(settings_view.pushed_answer(on, done is not None, undo))

    async def open(self, ask: Ask) -> None:
        opened = await ask.open(loading())
        if opened is None:
            return
        self._below.put(opened["id"], ask)
        shop_id = ShopId(unpack(ask.value)["shop"])
        await ask.update(opened["id"], await self._form(ask, shop_id), opened.get("hash"))

    async def _form(self, ask: Ask, shop_id: ShopId) -> Json:
        board = await self._db.read(lambda u: settings.board(u, ask.workspace, shop_id or None))
        if not shop_id:
            return settings_view.workspace_form(board.push_on_link)
        if not board.shops:
            return settings_view.gone()
        preview = await self._db.read(lambda u: controlling.preview(u, ask.workspace, shop_id))
        return settings_view.shop_form(board.shops[0].shop, preview)

    async def submit(self, ask: Ask) -> None:
        view = ask.body["view"]
        choice = settings_view.read(view)
        changed, acted = await self._change(ask, choice)
        board = await self._db.read(lambda u: settings.board(u, ask.workspace, choice.shop_id))
        if choice.shop_id is not None and not board.shops:
            await ask.update(view["id"], settings_view.gone())
            return
        told = board if choice.shop_id else settings_view.of_workspace(board)
        await ask.update(view["id"], settings_view.saved(told, changed, acted))
        await self._below.show(view["id"], await self._shown(ask))

    async def _change(self, ask: Ask, choice: settings_view.Choice) -> tuple[bool, int | None]:
        """Each setting by its own use case; what the form left as it was is not touched. Also what Undo takes back."""
        db, workspace, shop_id, changed = self._db, ask.workspace, choice.shop_id, False
        acted: int | None = None
        if choice.push_on_link is not None:
            done = await settings.change(db, workspace, PUSH_ON_LINK, choice.push_on_link, ask.actor)
            changed, acted = done is not None, await self._acted(ask, Act.SETTING_SET) if done else None
        if shop_id is not None and choice.mode is not None:
            changed = await controlling.set_mode(db, workspace, shop_id, choice.mode, ask.actor) is not None
            acted = await self._acted(ask, Act.MODE_SET) if changed else None
        if shop_id is not None and choice.paused is not None:
            switch = controlling.pause if choice.paused else controlling.resume
            changed = bool(await switch(db, workspace, shop_id, ask.actor)) or changed
        return changed, acted

    async def _acted(self, ask: Ask, act: Act) -> int | None:
        return await self._db.read(lambda u: undoing.of_act(u, ask.workspace, ask.actor, act))

    async def _shown(self, ask: Ask, shop: Shop | None = None) -> Message:
        board = await self._db.read(lambda u: settings.board(u, ask.workspace, shop.id if shop else None))
        return settings_view.shown(board)


class Below:
    """The message under a form, shown again once the form changed something."""

    def __init__(self) -> None:
        self._clicks: dict[str, Ask] = {}  # our view's id → the click that opened it

    def put(self, view_id: str, ask: Ask) -> None:
        while len(self._clicks) >= 300:
            self._clicks.pop(next(iter(self._clicks)))
        self._clicks[view_id] = ask

    async def show(self, view_id: str, message: Message) -> None:
        clicked = self._clicks.pop(view_id, None)
        if clicked is not None and clicked.body.get("response_url"):
            await clicked.answer(message, replace=True)


def _answer_rights(view: Json) -> Json:
    wanted = rights_view.read(view)
    if isinstance(wanted, InputProblem):
        return {"response_action": "errors", "errors": {wanted.block_id: wanted.text}}
    return {"response_action": "update", "view": rights_view.saving()}


def _answer_settings(_: Json) -> Json:
    return {"response_action": "update", "view": settings_view.saving()}
