"""Judges Block Kit JSON as Slack does: lengths, counts, duplicates, surfaces. The numbers are in `slack_limits.json`.

slack_sdk checks much less (nothing inside plain dicts), so every message and view is judged here in its final form.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Breach:
    """One broken limit: where (JSON pointer), what (Slack's wording), and the error code of the whole call."""

    pointer: str
    text: str
    code: str = "invalid_blocks"

    def __str__(self) -> str:
        return f"[ERROR] {self.text} [json-pointer:{self.pointer}]"


@cache
def limits() -> Json:
    """The table of limits (kinds of blocks, elements, objects and views with their fields)."""
    return json.loads(resources.files("bot.rehearsal").joinpath("slack_limits.json").read_text("utf-8"))


def units(text: str, kind: str | None = None) -> int:
    """Length as counted against a limit: UTF-16 units after escaping `&`, `<` and `>`.

    Slack does not document its unit; this is the safe one. A mrkdwn text comes escaped by its writer, so there only a
    bare `&` grows.
    """
    if kind is not None:
        text = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text)
    if kind == "plain_text":
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def breaches_of_message(payload: Json, *, update: bool = False) -> list[Breach]:
    """Everything wrong with the `blocks`, `text`, `attachments` and `metadata` of a message; empty when Slack takes it.

    `update`: `chat.update` is stricter on the text than `chat.postMessage`, which only cuts it.
    """
    rules = limits()["message"]
    found: list[Breach] = []
    if update and units(payload.get("text") or "", "mrkdwn") > rules["update_text"]:
        found.append(Breach("/text", f"must be less than {rules['update_text'] + 1} characters", "msg_too_long"))
    if units(payload.get("markdown_text") or "") > rules["markdown_text"]:
        found.append(Breach("/markdown_text", "must be less than 12001 characters", "msg_too_long"))
    if payload.get("markdown_text") and (payload.get("text") or payload.get("blocks")):
        found.append(Breach("/markdown_text", "can't be combined with text or blocks", "markdown_text_conflict"))
    attachments = payload.get("attachments") or []
    if len(attachments) > rules["attachments"]:
        found.append(Breach("/attachments", "no more than 100 items allowed", "too_many_attachments"))
    for number, attachment in enumerate(attachments):
        if isinstance(attachment, dict) and attachment.get("blocks"):
            found += breaches_of_blocks(attachment["blocks"], "message", f"/attachments/{number}/blocks")
    found += _metadata(payload.get("metadata"))
    if payload.get("blocks") is not None:
        found += breaches_of_blocks(payload["blocks"], "message")
    return found


def breaches_of_view(view: Any) -> list[Breach]:
    """Everything wrong with a modal or home view (`views.open|push|update|publish`, `response_action`)."""
    kind = str(view.get("type")) if isinstance(view, dict) else ""
    rules = limits()["views"].get(kind)
    if rules is None:
        return [Breach("/view/type", "must be one of: modal, home", "invalid_arguments")]
    found = _Judge(kind).fields(view, rules, "/view")
    found += breaches_of_blocks(view.get("blocks"), kind, "/view/blocks", rules["blocks"])
    blocks: list[Any] = view["blocks"] if isinstance(view.get("blocks"), list) else []
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if kind == "modal" and has_input and not view.get("submit"):
        found.append(Breach("/view/submit", "missing required field: submit (a view with an input block needs it)"))
    if sum(1 for element in elements_of(blocks) if element[1].get("focus_on_load")) > 1:
        found.append(Breach("/view/blocks", "only one element may have focus_on_load"))
    if len(json.dumps(view).encode()) > limits()["view_bytes"]:
        found.append(Breach("/view", "view too large", "view_too_large"))
    return [
        Breach(one.pointer, one.text, "invalid_arguments" if one.code == "invalid_blocks" else one.code)
        for one in found
    ]


def breaches_of_options(answer: Any) -> list[Breach]:
    """Everything wrong with the answer to a `block_suggestion` (Slack shows such a menu as "no result")."""
    if not isinstance(answer, dict) or ("options" in answer) == ("option_groups" in answer):
        return [Breach("", "must have exactly one of: options, option_groups")]
    judge, most = _Judge("modal"), limits()["suggestions"]
    if "options" in answer:
        return judge.value(answer["options"], {"list": [0, most], "object": "option"}, "/options")
    return judge.value(answer["option_groups"], {"list": [0, most], "object": "option_group"}, "/option_groups")


def breaches_of_blocks(
    blocks: Any, surface: str, pointer: str = "/blocks", count: list[int] | None = None
) -> list[Breach]:
    """Everything wrong with a list of blocks on a surface (`message`, `modal`, `home`)."""
    least, most = count or [0, limits()["message"]["blocks"]]
    if not isinstance(blocks, list):
        return [Breach(pointer, "must be an array")]
    judge = _Judge(surface)
    found = judge.count(blocks, least, most, pointer)
    for number, block in enumerate(blocks):
        found += judge.block(block, f"{pointer}/{number}")
    ids = [block.get("block_id") for block in blocks if isinstance(block, dict) and block.get("block_id")]
    found += [Breach(pointer, f'`block_id` "{one}" already exists') for one in sorted(_twice(ids))]
    if surface == "message":
        found += _message_totals([block for block in blocks if isinstance(block, dict)], pointer)
    return found


def elements_of(blocks: Any) -> Iterator[tuple[Json, Json]]:
    """Every (block, interactive element) pair of a list of blocks, containers and cards included."""
    for block in blocks or []:
        if not isinstance(block, dict):
            continue
        for key in ("accessory", "element"):
            if isinstance(block.get(key), dict):
                yield block, block[key]
        for key in ("elements", "actions"):
            for element in block.get(key) or []:
                if isinstance(element, dict) and block.get("type") in ("actions", "card", "context_actions"):
                    yield block, element
        for key in ("child_blocks", "elements"):
            if block.get("type") in ("container", "carousel"):
                yield from elements_of(block.get(key))


class _Judge:
    """Walks one payload along the table; `surface` decides which blocks are allowed."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.table = limits()

    def block(self, block: Any, pointer: str, allowed: list[str] | None = None) -> list[Breach]:
        rules = self.table["blocks"].get(block.get("type")) if isinstance(block, dict) else None
        if rules is None or self.surface not in rules["on"] or (allowed and block["type"] not in allowed):
            kind = block.get("type") if isinstance(block, dict) else type(block).__name__
            return [Breach(f"{pointer}/type", f"unsupported type: {kind}")]
        return self.fields(block, rules, pointer) + self._ids_once(block, pointer)

    def element(self, element: Any, allowed: list[str], pointer: str) -> list[Breach]:
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in allowed:
            return [Breach(f"{pointer}/type", f"unsupported type: {kind}")]
        if kind in self.table["blocks"] and kind not in self.table["elements"]:
            return self.fields(element, self.table["blocks"][kind], pointer)
        rules = self.table["elements"][kind]
        if self.surface not in rules.get("on", [self.surface]):
            return [Breach(f"{pointer}/type", f"unsupported type: {kind}")]
        return self.fields(element, rules, pointer) + self._choice(element, pointer)

    def fields(self, item: Json, rules: Json, pointer: str) -> list[Breach]:
        found: list[Breach] = []
        for name, value in item.items():
            if name in rules["fields"]:
                if value is not None:
                    found += self.value(value, rules["fields"][name], f"{pointer}/{name}")
            elif not rules.get("open"):
                found.append(Breach(pointer, f"invalid additional property: {name}"))
        present = {name for name, value in item.items() if value is not None}
        found += [
            Breach(pointer, f"missing required field: {name}") for name in rules.get("need", ()) if name not in present
        ]
        for key in ("one_of", "any_of"):
            if key in rules and not present & set(rules[key]):
                found.append(Breach(pointer, f"must have one of: {', '.join(rules[key])}"))
        if "xor" in rules and len(present & set(rules["xor"])) != 1:
            found.append(Breach(pointer, f"must have exactly one of: {', '.join(rules['xor'])}"))
        return found + _order(item, rules, pointer)

    def value(self, value: Any, spec: Json, pointer: str) -> list[Breach]:
        if "list" in spec or "rows" in spec:
            return self._list(value, spec, pointer)
        if "text" in spec:
            return self._text_object(value, spec, pointer)
        if "str" in spec:
            if not isinstance(value, str):
                return [Breach(pointer, "must be a string")]
            return _length(units(value, spec.get("kind")), spec.get("min", 0), spec["str"], pointer)
        if "object" in spec:
            return self._object(value, spec["object"], pointer)
        if "element" in spec:
            return self.element(value, spec["element"], pointer)
        if "block" in spec:
            return self.block(value, pointer, spec["block"])
        if "enum" in spec and value not in spec["enum"]:
            return [Breach(pointer, f"must be one of: {', '.join(spec['enum'])}")]
        if "bool" in spec and not isinstance(value, bool):
            return [Breach(pointer, "must be a boolean")]
        if "match" in spec and not re.fullmatch(spec["match"], str(value)):
            return [Breach(pointer, f"does not match {spec['match']}")]
        if "int" in spec:
            return _whole_number(value, spec["int"], pointer)
        return []

    def count(self, items: list[Any], least: int, most: int | None, pointer: str) -> list[Breach]:
        if len(items) < least:
            return [Breach(pointer, f"no fewer than {least} items allowed")]
        if most is not None and len(items) > most:
            return [Breach(pointer, f"no more than {most} items allowed")]
        return []

    def _list(self, value: Any, spec: Json, pointer: str) -> list[Breach]:
        if not isinstance(value, list):
            return [Breach(pointer, "must be an array")]
        least, most = spec.get("list") or spec["rows"]
        found = self.count(value, least, most, pointer)
        if "rows" in spec:
            return found + self._rows(value, spec, pointer)
        inner = {key: one for key, one in spec.items() if key != "list"}
        for number, item in enumerate(value):
            found += self.value(item, inner, f"{pointer}/{number}")
        if spec.get("object") == "option":
            values = [item.get("value") for item in value if isinstance(item, dict)]
            found += [Breach(pointer, f'option value "{one}" already exists') for one in sorted(_twice(values))]
        return found

    def _rows(self, rows: list[Any], spec: Json, pointer: str) -> list[Breach]:
        found: list[Breach] = []
        for number, row in enumerate(rows):
            where = f"{pointer}/{number}"
            if not isinstance(row, list):
                found.append(Breach(where, "must be an array"))
                continue
            found += self.count(row, 1, spec["cells"], where)
            if len(row) != len(rows[0]):
                found.append(Breach(where, "all rows must have the same number of cells"))
            kinds = spec.get("head", spec["cell"]) if number == 0 else spec["cell"]
            for place, cell in enumerate(row):
                found += self.element(cell, kinds, f"{where}/{place}")
        return found

    def _text_object(self, value: Any, spec: Json, pointer: str) -> list[Breach]:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in spec["text"]:
            return [Breach(f"{pointer}/type", f"must be one of: {', '.join(spec['text'])}")]
        found = self.fields(value, self.table["elements"][kind], pointer)
        if isinstance(value.get("text"), str) and value["text"] and not found:
            found += _length(units(value["text"], kind), spec.get("min", 1), spec["max"], f"{pointer}/text")
        return found

    def _object(self, value: Any, kind: str, pointer: str) -> list[Breach]:
        if not isinstance(value, dict):
            return [Breach(pointer, "must be an object")]
        return self.fields(value, self.table["objects"][kind], pointer)

    def _choice(self, element: Json, pointer: str) -> list[Breach]:
        """Rules between an element and its options: mrkdwn, url, and a chosen option that is on offer."""
        kind, found = element["type"], []
        offered = _offered(element)
        for option in offered:
            if kind not in ("checkboxes", "radio_buttons") and _kind_of(option.get("text")) == "mrkdwn":
                found.append(Breach(pointer, "mrkdwn options only in checkboxes and radio_buttons"))
            if kind != "overflow" and option.get("url"):
                found.append(Breach(pointer, "option url only in overflow"))
        if kind in ("checkboxes", "radio_buttons", "static_select", "multi_static_select"):
            chosen = [element.get("initial_option"), *(element.get("initial_options") or [])]
            known = {option.get("value") for option in offered}
            if any(isinstance(one, dict) and one.get("value") not in known for one in chosen):
                found.append(Breach(pointer, "initial option must be one of the options"))
        return found

    def _ids_once(self, block: Json, pointer: str) -> list[Breach]:
        ids = [element.get("action_id") for _, element in elements_of([block]) if element.get("action_id")]
        if block.get("type") in ("container", "carousel"):
            return []  # judged in their own blocks
        return [Breach(pointer, f'`action_id` "{one}" already exists') for one in sorted(_twice(ids))]


def _offered(element: Json) -> list[Json]:
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group.get("options") or [] if isinstance(group, dict) else []
    return [option for option in options if isinstance(option, dict)]


def _kind_of(text: Any) -> str | None:
    return text.get("type") if isinstance(text, dict) else None


def _twice(values: list[Any]) -> set[str]:
    return {str(one) for one in values if values.count(one) > 1}


def _length(length: int, least: int, most: int | None, pointer: str) -> list[Breach]:
    if length < least:
        return [Breach(pointer, f"must be more than {least - 1} characters")]
    if most is not None and length > most:
        return [Breach(pointer, f"must be less than {most + 1} characters")]
    return []


def _whole_number(value: Any, span: list[int | None], pointer: str) -> list[Breach]:
    least, most = span
    if not isinstance(value, int) or isinstance(value, bool):
        return [Breach(pointer, "must be an integer")]
    if (least is not None and value < least) or (most is not None and value > most):
        return [Breach(pointer, f"must be between {least} and {most}")]
    return []


def _order(item: Json, rules: Json, pointer: str) -> list[Breach]:
    try:
        low, high = (float(item[name]) for name in rules.get("order", ()))
    except (KeyError, ValueError, TypeError):
        return []
    return [Breach(pointer, f"{rules['order'][0]} must not be greater than {rules['order'][1]}")] if low > high else []


def _metadata(metadata: Any) -> list[Breach]:
    if metadata is None:
        return []
    kind = metadata.get("event_type") if isinstance(metadata, dict) else None
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z0-9_]+", kind):
        return [Breach("/metadata/event_type", "must match [A-Za-z0-9_]+", "invalid_metadata_format")]
    if len(json.dumps(metadata.get("event_payload") or {}).encode()) > limits()["message"]["metadata_bytes"]:
        return [Breach("/metadata/event_payload", "too large", "metadata_too_large")]
    return []


def _message_totals(blocks: list[Json], pointer: str) -> list[Breach]:
    rules, found = limits()["message"], []
    kinds = [block.get("type") for block in blocks]
    if kinds.count("table") + kinds.count("data_table") > rules["table_blocks"]:
        found.append(Breach(pointer, "only one table per message", "invalid_attachments"))
    if kinds.count("data_visualization") > rules["charts"]:
        found.append(Breach(pointer, f"no more than {rules['charts']} charts per message"))
    tables = [block for block in blocks if block.get("type") in ("table", "data_table")]
    if _text_total(tables) > rules["table_chars"]:
        found.append(Breach(pointer, f"cells of all tables must be less than {rules['table_chars'] + 1} characters"))
    if _text_total([block for block in blocks if block.get("type") == "markdown"]) > rules["markdown_total"]:
        found.append(Breach(pointer, "all markdown blocks together must be less than 12001 characters"))
    if _text_total(blocks) > rules["block_text_total"]:
        found.append(Breach(pointer, "the text of all blocks is too long", "msg_blocks_too_long"))
    return found


def _text_total(node: Any) -> int:
    """The text of a whole payload: every string called `text`, wherever it stands."""
    if isinstance(node, list):
        return sum(_text_total(one) for one in node)
    if not isinstance(node, dict):
        return 0
    kind = node.get("type") if node.get("type") in ("plain_text", "mrkdwn") else None
    own = units(node["text"], kind) if isinstance(node.get("text"), str) else 0
    return own + sum(_text_total(one) for one in node.values() if isinstance(one, dict | list))
