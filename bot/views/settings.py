"""`/link settings`: the values with who set them, and the forms that change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.board import LinkPreview
from bot.domain.connections import Shop
from bot.domain.ledger import Entry
from bot.domain.links import LinkMode
from bot.domain.settings import SettingsBoard, ShopSettings
from bot.domain.values import ShopId
from bot.views import texts
from bot.views.blocks import (
    Json,
    Message,
    bold,
    button,
    context,
    field_input,
    first,
    lines,
    modal,
    more,
    option,
    section,
    value_of,
)
from bot.views.cards import would
from bot.views.ids import Action, Block, Callback, Target, pack, unpack
from bot.views.undo import undo_row

USAGE = "Type `/link settings push_on_link on` or `/link settings push_on_link off`."
TYPED = "Typed: `/link settings push_on_link on|off`, `/link mode`, `/link pause`, `/link resume`, `/link rights`."
_MOST = 15  # shops in one message

PUSHES: Mapping[bool, tuple[str, str]] = {
    True: ("On", "A link made by hand sends price and stock to TikTok at once."),
    False: ("Off", "A new link sends nothing until price or stock changes in Shopify."),
}
MODES: Mapping[LinkMode, tuple[str, str]] = {
    LinkMode.AUTO: ("Link automatically", "equal SKUs are linked without a person"),
    LinkMode.MANUAL: ("Link by hand", "nothing is linked without a person"),
}
RUNS: Mapping[bool, tuple[str, str]] = {
    False: ("Running", "prices, stocks and orders go through"),
    True: ("Paused", "nothing is sent, and new orders are held"),
}


@dataclass(frozen=True)
class Choice:
    """What a submitted form changes; None: left as it was shown, so nothing is written over."""

    shop_id: ShopId | None
    push_on_link: bool | None = None
    mode: LinkMode | None = None
    paused: bool | None = None


def shown(board: SettingsBoard) -> Message:
    """Every setting with its value and who set it, each with **Change**."""
    listed, left = first(board.shops, _MOST)
    pushes = lines(f"*Push on link* (`push_on_link`): {_push(board.push_on_link)}", _set_by(board.push_set))
    parts = [(pushes, _change("", "Change push on link"))]
    parts += [(_shop(one), _change(one.shop.id, f"Change {one.shop.name}")) for one in listed]
    blocks = [section(text, accessory) for text, accessory in parts]
    told = f"{more(left)} Type `/link settings SHOP` for one of them." if left else ""
    return Message(lines(*(text for text, _ in parts), told), [*blocks, context(told, TYPED)])


def _push(on: bool) -> str:
    return f"*{PUSHES[on][0].lower()}*. {PUSHES[on][1]}"


def _shop(one: ShopSettings) -> str:
    mode = MODES[one.shop.mode][0] if one.shop.mode else "No answer yet"
    return lines(
        f"TikTok shop {bold(one.shop.name, 80)}",
        f"{mode}. {_set_by(one.mode_set)}",
        f"{RUNS[one.shop.paused][0]}. {_set_by(one.pause_set)}",
    )


def _set_by(entry: Entry | None) -> str:
    """Who set it when; the default is said to be one."""
    return (
        "Nobody changed this." if entry is None else f"Set by {texts.mention(entry.actor.id)}, {texts.when(entry.at)}."
    )


def _change(shop: str, about: str) -> Json:
    return button("Change", Action.SETTINGS_CHANGE, pack(Target.SHOP, shop=shop), about=about)


def pushed_answer(on: bool, changed: bool, undo: int | None = None) -> Message:
    """The same as a message, with **Undo**."""
    said = pushed(on, changed)
    return Message(said, [section(said), *undo_row(undo)])


def pushed(on: bool, changed: bool) -> str:
    """What holds for `push_on_link` now."""
    return f"Push on link is {_push(on)}" if changed else f"Push on link was {_push(on)} Nothing was changed."


# --- forms -----------------------------------------------------------------------------------------------------------


def workspace_form(push_on_link: bool) -> Json:
    """`push_on_link`, with a radio button each way."""
    asked = _radio("Push on link", Action.SETTING_PUSH, Block.SETTING_PUSH, _on_off(), _said(push_on_link))
    kept = pack(Target.SHOP, shop="", push=_said(push_on_link))
    return modal("Settings", [asked], callback=Callback.SETTINGS, submit="Save", close="Cancel", metadata=kept)


def _on_off() -> list[Json]:
    return [option(PUSHES[on][0], _said(on), PUSHES[on][1]) for on in (True, False)]


def _said(on: bool) -> str:
    return "on" if on else "off"


def shop_form(shop: Shop, preview: LinkPreview) -> Json:
    """A shop's mode, with what the automatic one would do, and whether it runs."""
    modes = [option(MODES[mode][0], mode.value, MODES[mode][1]) for mode in LinkMode]
    runs = [option(RUNS[paused][0], _said(paused), RUNS[paused][1]) for paused in (False, True)]
    kept = pack(Target.SHOP, shop=shop.id, mode=shop.mode or "", paused=_said(shop.paused))
    blocks = [
        section(f"TikTok shop {bold(shop.name, 80)}"),
        _radio("New SKUs", Action.SETTING_MODE, Block.SETTING_MODE, modes, shop.mode or "", optional=shop.mode is None),
        context(f"*Link automatically:* {would(preview)} Unlinked SKUs stay unlinked."),
        _radio("Pushes and orders", Action.SETTING_PAUSED, Block.SETTING_PAUSED, runs, _said(shop.paused)),
    ]
    return modal("Settings", blocks, callback=Callback.SETTINGS, submit="Save", close="Cancel", metadata=kept)


def _radio(
    label: str, action: Action, block: Block, options: Sequence[Json], chosen: str, *, optional: bool = False
) -> Json:
    radio: Json = {"type": "radio_buttons", "action_id": action.value, "options": list(options)}
    initial = next((one for one in options if one["value"] == chosen), None)
    return field_input(label, radio | ({"initial_option": initial} if initial else {}), block.value, optional=optional)


def read(view: Mapping[str, Any]) -> Choice:
    """What the submitted form changes against what it showed."""
    was = unpack(view.get("private_metadata") or "")
    values = view.get("state", {}).get("values", {})
    push = _chosen(values, Block.SETTING_PUSH, Action.SETTING_PUSH, was.get("push"))
    mode = _chosen(values, Block.SETTING_MODE, Action.SETTING_MODE, was.get("mode"))
    paused = _chosen(values, Block.SETTING_PAUSED, Action.SETTING_PAUSED, was.get("paused"))
    return Choice(
        ShopId(was["shop"]) if was["shop"] else None,
        push_on_link=None if push is None else push == "on",
        mode=LinkMode(mode) if mode else None,
        paused=None if paused is None else paused == "on",
    )


def _chosen(values: Mapping[str, Any], block: Block, action: Action, was: str) -> str | None:
    chosen = (value_of(values, block, action).get("selected_option") or {}).get("value")
    return None if chosen in (None, was) else str(chosen)


def of_workspace(board: SettingsBoard) -> SettingsBoard:
    """The board without its shops."""
    return replace(board, shops=())


def saving() -> Json:
    """Between the submission and its result."""
    return modal("Settings", [section("Saving…")], callback=Callback.NOTE)


def saved(board: SettingsBoard, changed: bool, undo: int | None = None) -> Json:
    """What holds now, in the modal."""
    said = "*Saved.*" if changed else "*Nothing was changed.*"
    told = [_shop(one) for one in board.shops] or [f"Push on link is {_push(board.push_on_link)}"]
    shown = [section(text) for text in told[:_MOST]]
    return modal("Settings", [section(said), *shown, *undo_row(undo)], callback=Callback.NOTE)


def gone() -> Json:
    """The shop of the form is not there any more."""
    return modal("Settings", [section("This shop is not connected here any more.")], callback=Callback.NOTE)
