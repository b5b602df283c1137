"""Settings of a workspace: their names and defaults, and what `/link settings` shows of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain import rights
from bot.domain.connections import Shop
from bot.domain.ledger import Act, Entry
from bot.domain.undo import undone_ids
from bot.domain.values import ShopId

PUSH_ON_LINK = "push_on_link"
DEFAULTS: Mapping[str, Any] = {
    PUSH_ON_LINK: True,  # a link made by hand sends price and stock at once, not only after the next edit (A4)
    rights.SETTING: rights.to_json(rights.EVERYONE),
}
"""Every setting that a person may change, and what holds until somebody does."""


@dataclass(frozen=True)
class SettingChange:
    """A setting's value before and after."""

    name: str
    before: Any
    after: Any

    def facts(self) -> dict[str, str]:
        """As the ledger tells it."""
        return {"name": self.name, "before": as_text(self.before), "after": as_text(self.after)}


@dataclass(frozen=True)
class ShopSettings:
    """A shop, and who last answered its prompt and paused or resumed it."""

    shop: Shop
    mode_set: Entry | None = None
    pause_set: Entry | None = None


@dataclass(frozen=True)
class SettingsBoard:
    """What `/link settings` shows. `push_set`: who last changed it; None: nobody did."""

    push_on_link: bool
    push_set: Entry | None
    shops: tuple[ShopSettings, ...] = ()


def as_text(value: Any) -> str:
    """JSON text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def last_of_settings(newest_first: Iterable[Entry]) -> dict[str, Entry]:
    """The newest change of each setting, by its name."""
    found: dict[str, Entry] = {}
    for entry in _standing(newest_first):
        if entry.act is Act.SETTING_SET:
            found.setdefault(entry.facts.get("name", ""), entry)
    return found


def last_of_shops(newest_first: Iterable[Entry], *acts: Act) -> dict[ShopId, Entry]:
    """The newest entry of these acts for each shop."""
    found: dict[ShopId, Entry] = {}
    for entry in _standing(newest_first):
        if entry.act in acts and entry.shop_id is not None:
            found.setdefault(entry.shop_id, entry)
    return found


def _standing(entries: Iterable[Entry]) -> list[Entry]:
    """Without those that were taken back."""
    found = list(entries)
    taken_back = undone_ids(found)
    return [entry for entry in found if str(entry.id) not in taken_back]
