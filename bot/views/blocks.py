"""Block Kit pieces within Slack's limits, and the one way foreign text gets into a message."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

SECTION_TEXT, FIELD_TEXT, HEADER_TEXT, BUTTON_TEXT, OPTION_TEXT = 3000, 2000, 150, 75, 75
CONTEXT_TEXT, TITLE_TEXT, PLACEHOLDER_TEXT, LABEL_TEXT, VALUE_TEXT, URL_TEXT = 2000, 24, 150, 2000, 2000, 3000
FALLBACK_TEXT = 3900  # chat.update refuses more than 4000
ELLIPSIS = "…"

# Slack reads these as formatting. Look-alikes instead of invisible characters: what is seen is what is there.
_LOOK_ALIKE = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_JOINERS = "\u200c\u200d"  # emoji and several scripts need them
_TOKEN = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>|.", re.DOTALL)


@dataclass(frozen=True)
class Message:
    """What is posted: `blocks`, and `text` that tells the same to notifications and screen readers."""

    text: str
    blocks: list[Json]

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clip(self.text, FALLBACK_TEXT))


def utf16(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """One line without control, bidi and surrogate characters; runs of white space become one space."""
    spaced = "".join(" " if c in "\n\r\t\v\f\x85\u2028\u2029" else c for c in text)
    kept = (c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join("".join(kept).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units as counted after escaping, ellipsis included; never inside a character."""
    costs = [_cost(char) for char in text]
    if sum(costs) <= limit:
        return text
    used, end = 1, 0  # 1: the ellipsis
    while end < len(text) and used + costs[end] <= limit:
        used += costs[end]
        end += 1
    return text[:end].rstrip(" \u200c\u200d\ufe0f") + ELLIPSIS


def _cost(char: str) -> int:
    return {"&": 5, "<": 4, ">": 4}.get(char) or (2 if ord(char) > 0xFFFF else 1)


def esc(text: str, limit: int = 200) -> str:
    """Foreign text for mrkdwn: one line, cut, without formatting, escaped: `<!channel>` pings nobody."""
    return escape(_isolated(cut(_unformatted(clean(text)), limit - 2)))


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str, limit: int) -> str:
    """Foreign text for a plain_text object or an option: Slack formats nothing there, so it is only cleaned and cut."""
    return cut(clean(text), limit)


def code(text: str, limit: int = 64) -> str:
    """Foreign text as a code span (SKUs): copied as it is, `_` and `*` in it mean nothing."""
    inner = escape(cut(clean(text).replace("`", _LOOK_ALIKE["`"]), limit - 2))
    return f"`{inner}`" if inner else ""


def bold(text: str, limit: int = 150) -> str:
    """Foreign text in bold; `esc()` is inside."""
    inner = esc(text, limit - 2)
    return f"*{inner}*" if inner else ""


def _unformatted(text: str) -> str:
    """Look-alikes for `*_~` and backticks where Slack could format: not between two letters or digits of a word."""

    def keeps(index: int) -> bool:
        around = text[index - 1 : index] + text[index + 1 : index + 2]
        return len(around) == 2 and around.isascii() and around.isalnum()

    return "".join(_LOOK_ALIKE.get(c, c) if c in _LOOK_ALIKE and not keeps(i) else c for i, c in enumerate(text))


def _isolated(text: str) -> str:
    """Right-to-left text in an isolate, so that it can't pull prices and names around it out of order."""
    rtl = any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    return f"\u2068{text}\u2069" if rtl else text


def clip(mrkdwn: str, limit: int) -> str:
    """Composed mrkdwn at most `limit` UTF-16 units: the last safety, on an entity or `<…>` boundary."""
    if utf16(mrkdwn) <= limit:
        return mrkdwn
    used, kept = 1, list[str]()
    for token in _TOKEN.findall(mrkdwn):
        if used + utf16(token) > limit:
            break
        used += utf16(token)
        kept.append(token)
    return "".join(kept).rstrip() + ELLIPSIS


def dots(*parts: str) -> str:
    """The parts that say something, joined by " · "."""
    return " · ".join(part for part in parts if part)


def lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def nonempty(text: str, instead: str = "–") -> str:
    """Slack refuses empty texts."""
    return text if text.strip() else instead


def more(count: int) -> str:
    """The honest end of a shortened list; "" when nothing is left out."""
    return f"+{count} more" if count > 0 else ""


def mrkdwn(text: str, limit: int = SECTION_TEXT) -> Json:
    """`verbatim`: Slack makes no links of addresses and names that stand in foreign text."""
    return {"type": "mrkdwn", "text": clip(nonempty(text), limit), "verbatim": True}


def plain_text(text: str, limit: int) -> Json:
    return {"type": "plain_text", "text": nonempty(cut(text, limit)), "emoji": False}


def section(text: str, accessory: Json | None = None, block_id: str | None = None) -> Json:
    block: Json = {"type": "section", "text": mrkdwn(text)}
    return _with(block, accessory=accessory, block_id=block_id)


def fields(pairs: Iterable[tuple[str, str]]) -> Json:
    """Up to ten (label, mrkdwn) pairs."""
    cells = [mrkdwn(f"*{label}*\n{nonempty(value)}", FIELD_TEXT) for label, value in pairs]
    return {"type": "section", "fields": cells[:10]}


def context(*texts: str) -> Json:
    return {"type": "context", "elements": [mrkdwn(text, CONTEXT_TEXT) for text in texts if text][:10]}


def header(text: str) -> Json:
    return {"type": "header", "text": plain_text(text, HEADER_TEXT)}


def divider() -> Json:
    return {"type": "divider"}


def actions(*elements: Json | None, block_id: str | None = None) -> Json:
    block: Json = {"type": "actions", "elements": [one for one in elements if one][:25]}
    return _with(block, block_id=block_id)


def button(
    text: str,
    action: str,
    value: str | None = None,
    style: str | None = None,
    confirm: Json | None = None,
    url: str | None = None,
    about: str | None = None,
) -> Json:
    """`about`: what a screen reader says, where many buttons carry one label."""
    block: Json = {"type": "button", "action_id": str(action), "text": plain_text(text, BUTTON_TEXT)}
    label = None if about is None else one_line(about, 75)
    return _with(block, value=value, style=style, confirm=confirm, url=url, accessibility_label=label)


def option(text: str, value: str, description: str = "") -> Json:
    """A choice; both texts are plain and may be foreign."""
    block: Json = {"text": plain_text(one_line(text, OPTION_TEXT), OPTION_TEXT), "value": value}
    told = one_line(description, OPTION_TEXT)
    return _with(block, description=plain_text(told, OPTION_TEXT) if told else None)


def select(action: str, options: Sequence[Json], initial: Json | None = None, placeholder: str = "Choose") -> Json:
    block: Json = {"type": "static_select", "action_id": str(action), "options": list(options)[:100]}
    return _with(block | {"placeholder": plain_text(placeholder, PLACEHOLDER_TEXT)}, initial_option=initial)


def field_input(
    label: str,
    element: Json,
    block_id: str,
    *,
    optional: bool = False,
    dispatch: bool = False,
    hint: str | None = None,
) -> Json:
    """An input block; `dispatch`: a change is told at once, not only at submit."""
    block: Json = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, LABEL_TEXT),
        "element": element,
        "optional": optional,
        "dispatch_action": dispatch,
    }
    return _with(block, hint=None if hint is None else plain_text(hint, LABEL_TEXT))


def modal(
    title: str,
    blocks: Sequence[Json],
    *,
    callback: str | None = None,
    submit: str | None = None,
    close: str = "Close",
    metadata: str | None = None,
) -> Json:
    view: Json = {
        "type": "modal",
        "title": plain_text(title, TITLE_TEXT),
        "close": plain_text(close, TITLE_TEXT),
        "blocks": list(blocks),
    }
    told = None if submit is None else plain_text(submit, TITLE_TEXT)
    return _with(view, callback_id=callback, submit=told, private_metadata=metadata)


def _with(block: Json, **extra: Any) -> Json:
    return block | {name: value for name, value in extra.items() if value is not None}


def first(items: Sequence[Any], count: int) -> tuple[Sequence[Any], int]:
    """The first `count` and how many are left out."""
    return items[:count], max(0, len(items) - count)


def value_of(state: Mapping[str, Any], block_id: str, action_id: str) -> Mapping[str, Any]:
    """An element's entry in `view.state.values`; empty when it has none."""
    return (state.get(block_id) or {}).get(action_id) or {}
