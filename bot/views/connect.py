"""Connecting and disconnecting shops and stores, and changing the answer to the first prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.board import LinkPreview
from bot.domain.connections import Shop, Store
from bot.domain.links import LinkMode
from bot.views import texts
from bot.views.blocks import (
    Json,
    Message,
    actions,
    bold,
    button,
    code,
    context,
    esc,
    field_input,
    lines,
    modal,
    plain_text,
    section,
    value_of,
)
from bot.views.cards import mode_buttons, would
from bot.views.ids import Action, Block, Callback, Target, pack, unpack
from bot.views.undo import undo_row

SERVICES: Mapping[str, str] = {"tiktok": "TikTok Shop", "shopify": "Shopify"}


@dataclass(frozen=True)
class Told:
    """How a consent ended: `text` is plain (a browser page and Slack show it), it may hold foreign names."""

    done: bool
    text: str


def connect_button(service: str, url: str, public: bool) -> Message:
    """The way to the consent page. `public`: the browser ends at our own page; else its address is to be pasted."""
    return Message(_offer(service, public), [section(_offer(service, public)), actions(_open_page(service, url))])


def paste_modal(service: str, url: str) -> Json:
    """Without a public address: the consent page's button, and where the address goes at which the browser ended."""
    box: Json = {
        "type": "plain_text_input",
        "action_id": Action.PASTE.value,
        "max_length": 3000,
        "placeholder": plain_text("https://…?code=…&state=…", 150),
    }
    hint = "After you agreed, the browser shows a page that may say it can't be reached. Its address is what counts."
    return modal(
        f"Connect {SERVICES[service]}",
        [
            section(_offer(service, public=False)),
            actions(_open_page(service, url)),
            field_input("Address at which the browser ended", box, Block.PASTE.value, hint=hint),
        ],
        callback=Callback.PASTE,
        submit="Connect",
        close="Cancel",
        metadata=pack("service", service=service),
    )


def _offer(service: str, public: bool) -> str:
    said = f"Open {SERVICES[service]} and agree. This works once, for 10 minutes, and only for you."
    return said if public else f"{said} Then paste the address at which the browser ended."


def _open_page(service: str, url: str) -> Json:
    return button(f"Open {SERVICES[service]}", Action.CONNECT, url=url, style="primary")


def connecting() -> Json:
    """Between the pasted address and its result."""
    return modal("Connect", [section("Connecting…")], callback=Callback.NOTE)


def told_view(told: Told) -> Json:
    """How it ended, in the modal."""
    title = "Connected" if told.done else "Not connected"
    return modal(title, [section(esc(told.text, 1000))], callback=Callback.NOTE)


def refused(service: str, place: str, error: str) -> Message:
    """The other side refused the connection; `error` is its code."""
    said = f"{SERVICES[service]} refused the connection of {code(place, 80)}: {code(error, 80) or 'no reason given'}."
    said += " Check that the app is installed there and that its keys are right, then type `/link connect` again."
    return Message(said, [section(said)])


def read_paste(view: Mapping[str, Any]) -> tuple[str, str]:
    """(service, pasted address) of the submitted modal."""
    values = view.get("state", {}).get("values", {})
    address = value_of(values, Block.PASTE, Action.PASTE).get("value") or ""
    return unpack(view.get("private_metadata") or "")["service"], address.strip()


def connected(place: Shop | Store, again: bool = False) -> Message:
    """A shop or store is connected; `again`: it was before, and its links work again."""
    named = f"{kind(place)} {bold(place.name or place.id, 80)} is connected."
    if again:
        after = "Its links work again."
    elif isinstance(place, Shop):
        after = "Its products are being imported; this channel gets the progress."
    else:
        after = "Its products are being read."
    return Message(f"{named} {after}", [section(f"{named} {after}")])


def disconnect_confirm(place: Shop | Store, links: int | None = None) -> Message:
    """Asks before a connection ends. `links`: active links that stop working, where known."""
    count = "Its links stop" if links is None else texts.plural(links, "link stops", "links stop")
    said = f"Disconnect {kind(place)} {bold(place.name or place.id, 80)}?"
    stops = f"{count} working: no price or stock is sent, and no order is created in Shopify."
    kept = "Links are kept and work again when it is connected again."
    value = pack(Target.SHOP, shop=place.id) if isinstance(place, Shop) else pack(Target.STORE, store=place.id)
    yes = button("Disconnect", Action.DISCONNECT_YES, value, "danger")
    blocks = [
        section(lines(said, stops)),
        actions(yes, button("Cancel", Action.DISCONNECT_NO, value)),
        context(kept),
    ]
    return Message(lines(said, stops, kept), blocks)


def disconnected(place: Shop | Store) -> Message:
    said = f"{kind(place)} {bold(place.name or place.id, 80)} is disconnected. Its links are kept."
    return Message(said, [section(said)])


def disconnect_cancelled() -> Message:
    said = "Nothing was changed. The connection stays."
    return Message(said, [section(said)])


def mode_preview(shop: Shop, mode: LinkMode | None, preview: LinkPreview) -> Message:
    """`/link mode`: the shop's answer now, and what each answer would do; `mode` is the one asked for."""
    auto = f"*Link automatically:* {would(preview)} Links made by hand stay, and unlinked SKUs stay unlinked."
    hand = "*Link by hand:* links that exist stay; nothing more is linked without a person."
    said = f"{bold(shop.name, 80)} {_MODES[shop.mode]} now."
    text = lines(said, auto, hand)
    return Message(text, [section(text), mode_buttons(shop.id, mode)])


def mode_set(shop: Shop, mode: LinkMode, undo: int | None = None) -> Message:
    """The answer was changed."""
    said = f"{bold(shop.name, 80)} {_MODES[mode]} from now on."
    return Message(said, [section(said), *undo_row(undo)])


_MODES: Mapping[LinkMode | None, str] = {
    LinkMode.AUTO: "links automatically",
    LinkMode.MANUAL: "is linked by hand",
    None: "has no answer yet, so nothing is linked",
}


def kind(place: Shop | Store) -> str:
    return "TikTok shop" if isinstance(place, Shop) else "Shopify store"
