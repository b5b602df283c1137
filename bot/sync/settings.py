"""Settings of a workspace: change one, and read them all for show."""

from typing import Any

from bot.domain import rights
from bot.domain.ledger import Act, Entry
from bot.domain.rights import RightsPolicy
from bot.domain.settings import (
    DEFAULTS,
    PUSH_ON_LINK,
    SettingChange,
    SettingsBoard,
    ShopSettings,
    as_text,
    last_of_settings,
    last_of_shops,
)
from bot.domain.values import Actor, ShopId, WorkspaceId
from bot.store.db import Db, Unit

_LOOK_BACK = 1000  # entries; what was set before them is shown without who set it


async def change(db: Db, workspace: WorkspaceId, name: str, value: Any, actor: Actor) -> SettingChange | None:
    """Write the value and its ledger entry in one unit. None: it was so already, and nothing is written.

    Two people at once: the last one wins, and both entries stand. Raises KeyError for a setting there is not.
    """
    default = DEFAULTS[name]

    def write(u: Unit) -> SettingChange | None:
        if as_text(u.settings.get(workspace, name, default)) == as_text(value):
            return None
        done = SettingChange(name, u.settings.held(workspace, name, default), value)
        if as_text(done.before) == as_text(done.after):  # another one was a moment faster
            return None
        u.settings.put(workspace, name, value)
        u.ledger.add(Entry(u.now, workspace, Act.SETTING_SET, actor, facts=done.facts()))
        return done

    return await db.run(write)


def board(u: Unit, workspace: WorkspaceId, shop_id: ShopId | None = None) -> SettingsBoard:
    """The settings as they stand, with who set them; of one shop, or of all."""
    acts = (Act.SETTING_SET, Act.MODE_SET, Act.PAUSED, Act.RESUMED, Act.UNDONE)
    entries = u.ledger.page(workspace, acts=acts, newest_first=True, limit=_LOOK_BACK)
    modes, pauses = last_of_shops(entries, Act.MODE_SET), last_of_shops(entries, Act.PAUSED, Act.RESUMED)
    shops = tuple(
        ShopSettings(shop, modes.get(shop.id), pauses.get(shop.id))
        for shop in u.shops.for_workspace(workspace)
        if shop_id in (None, shop.id)
    )
    pushes = bool(u.settings.get(workspace, PUSH_ON_LINK, DEFAULTS[PUSH_ON_LINK]))
    return SettingsBoard(pushes, last_of_settings(entries).get(PUSH_ON_LINK), shops)


def policy(u: Unit, workspace: WorkspaceId) -> tuple[RightsPolicy, Entry | None]:
    """Who may link, and who last changed that."""
    entries = u.ledger.page(workspace, acts=[Act.SETTING_SET, Act.UNDONE], newest_first=True, limit=_LOOK_BACK)
    kept = u.settings.get(workspace, rights.SETTING)
    return rights.from_json(kept), last_of_settings(entries).get(rights.SETTING)
