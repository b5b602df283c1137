"""The validator of Block Kit JSON: each limit at its edge, and against the models of slack_sdk."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models import blocks as sdk_blocks
from slack_sdk.models.blocks import block_elements as sdk_elements
from slack_sdk.models.views import View

from bot.rehearsal.slack_limits import (
    breaches_of_blocks,
    breaches_of_message,
    breaches_of_options,
    breaches_of_view,
    limits,
    units,
)

PLAIN = {"type": "plain_text", "text": "x"}
SHARED_LIMITS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "slack" / "limits.json"


def plain(length: int, of: str = "x") -> dict[str, Any]:
    return {"type": "plain_text", "text": of * length}


def mrkdwn(length: int, of: str = "x") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": of * length}


def options(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"text": plain(3), "value": f"v{number}", **more} for number in range(count)]


def section(accessory: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(3), "accessory": accessory}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": PLAIN, "action_id": "a", **more}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", **more}


def entry(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": PLAIN, "element": element, **more}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    view = {"type": "modal", "title": PLAIN, "submit": PLAIN, "blocks": list(blocks) or [{"type": "divider"}]}
    return {key: value for key, value in (view | more).items() if value is not None}


def rows(count: int, cells: int, text: str = "x") -> list[list[dict[str, Any]]]:
    return [[{"type": "raw_text", "text": text} for _ in range(cells)] for _ in range(count)]


# (what is fine at its edge, what is not, where the breach is)
MESSAGE_EDGES = [
    ({"type": "section", "text": mrkdwn(3000)}, {"type": "section", "text": mrkdwn(3001)}, "/text/text"),
    ({"type": "section", "text": mrkdwn(1)}, {"type": "section", "text": mrkdwn(0)}, "/text/text"),
    (
        {"type": "section", "fields": [mrkdwn(2000), *[mrkdwn(1)] * 9]},
        {"type": "section", "fields": [mrkdwn(2001)]},
        "/fields/0/text",
    ),
    ({"type": "section", "fields": [mrkdwn(1)]}, {"type": "section", "fields": [mrkdwn(1)] * 11}, "/fields"),
    ({"type": "section", "text": PLAIN}, {"type": "section"}, ""),
    ({"type": "header", "text": plain(150)}, {"type": "header", "text": plain(151)}, "/text/text"),
    ({"type": "header", "text": PLAIN}, {"type": "header", "text": mrkdwn(1)}, "/text/type"),
    ({"type": "context", "elements": [PLAIN] * 10}, {"type": "context", "elements": [PLAIN] * 11}, "/elements"),
    ({"type": "context", "elements": [PLAIN]}, {"type": "context", "elements": []}, "/elements"),
    ({"type": "context", "elements": [PLAIN]}, {"type": "context", "elements": [button()]}, "/elements/0/type"),
    (
        actions(*[button(action_id=f"a{n}") for n in range(25)]),
        actions(*[button(action_id=f"a{n}") for n in range(26)]),
        "/elements",
    ),
    (actions(button()), actions(), "/elements"),
    (actions(button(), button(action_id="b")), actions(button(), button()), ""),
    (actions(button(text=plain(75))), actions(button(text=plain(76))), "/elements/0/text/text"),
    (actions(button(value="x" * 2000)), actions(button(value="x" * 2001)), "/elements/0/value"),
    (actions(button(url="x" * 3000)), actions(button(url="x" * 3001)), "/elements/0/url"),
    (actions(button(style="danger")), actions(button(style="green")), "/elements/0/style"),
    (actions(button(action_id="x" * 255)), actions(button(action_id="x" * 256)), "/elements/0/action_id"),
    (actions(button()), actions(button(text=plain(0))), "/elements/0/text/text"),
    (actions(button()), actions(button(colour="red")), "/elements/0"),
    (section(select(options=options(100))), section(select(options=options(101))), "/accessory/options"),
    (section(select(options=options(1))), section(select(options=[])), "/accessory/options"),
    (section(select(options=options(2))), section(select(options=options(1) * 2)), "/accessory/options"),
    (
        section(select(options=options(2), initial_option=options(2)[1])),
        section(select(options=options(1), initial_option=options(2)[1])),
        "/accessory",
    ),
    (section(select(options=options(1))), section(select()), "/accessory"),
    (
        section(select(option_groups=[{"label": plain(75), "options": options(1)}])),
        section(select(option_groups=[{"label": plain(76), "options": options(1)}])),
        "/accessory/option_groups/0/label/text",
    ),
    (
        section(select(option_groups=[{"label": PLAIN, "options": options(1)}])),
        section(select(option_groups=[{"label": PLAIN, "options": []}])),
        "/accessory/option_groups/0/options",
    ),
    (section(select(options=options(1))), section(select(options=options(1, text=mrkdwn(3)))), "/accessory"),
    (
        section(select(options=options(1, text=plain(75)))),
        section(select(options=options(1, text=plain(76)))),
        "/accessory/options/0/text/text",
    ),
    (
        section(select(options=options(1, description=plain(75)))),
        section(select(options=options(1, description=plain(76)))),
        "/accessory/options/0/description/text",
    ),
    (
        section(select(options=[{"text": PLAIN, "value": "x" * 150}])),
        section(select(options=[{"text": PLAIN, "value": "x" * 151}])),
        "/accessory/options/0/value",
    ),
    (
        section(select(options=options(1), placeholder=plain(150))),
        section(select(options=options(1), placeholder=plain(151))),
        "/accessory/placeholder/text",
    ),
    (
        section({"type": "overflow", "options": options(5, url="https://x")}),
        section({"type": "overflow", "options": options(6)}),
        "/accessory/options",
    ),
    (
        section({"type": "radio_buttons", "options": options(10)}),
        section({"type": "radio_buttons", "options": options(11)}),
        "/accessory/options",
    ),
    (
        section({"type": "checkboxes", "options": options(10, text=mrkdwn(3))}),
        section({"type": "checkboxes", "options": options(11)}),
        "/accessory/options",
    ),
    (
        section({"type": "external_select", "action_id": "e", "min_query_length": 0}),
        section({"type": "external_select", "action_id": "e", "min_query_length": -1}),
        "/accessory/min_query_length",
    ),
    (
        actions(button(confirm={"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)})),
        actions(button(confirm={"title": PLAIN, "text": PLAIN, "confirm": plain(31), "deny": PLAIN})),
        "/elements/0/confirm/confirm/text",
    ),
    (
        {"type": "image", "image_url": "https://x", "alt_text": "x" * 2000},
        {"type": "image", "image_url": "https://x", "alt_text": ""},
        "/alt_text",
    ),
    ({"type": "table", "rows": rows(100, 20)}, {"type": "table", "rows": rows(101, 20)}, "/rows"),
    ({"type": "table", "rows": rows(2, 20)}, {"type": "table", "rows": rows(2, 21)}, "/rows/0"),
    ({"type": "table", "rows": rows(2, 2)}, {"type": "table", "rows": [*rows(1, 2), *rows(1, 1)]}, "/rows/1"),
    ({"type": "table", "rows": rows(1, 1, " ")}, {"type": "table", "rows": rows(1, 1, "")}, "/rows/0/0/text"),
    (
        {"type": "data_table", "caption": "c", "rows": rows(101, 3)},
        {"type": "data_table", "caption": "c", "rows": rows(1, 3)},
        "/rows",
    ),
    ({"type": "divider", "block_id": "x" * 255}, {"type": "divider", "block_id": "x" * 256}, "/block_id"),
    ({"type": "divider"}, {"type": "alert", "text": PLAIN}, "/type"),
    ({"type": "divider"}, {"type": "sector"}, "/type"),
    (
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]},
        {"type": "rich_text", "elements": []},
        "/elements",
    ),
    (
        {"type": "carousel", "elements": [{"type": "card", "title": mrkdwn(150)}]},
        {"type": "carousel", "elements": [{"type": "card", "title": mrkdwn(151)}]},
        "/elements/0/title/text",
    ),
]


@pytest.mark.parametrize("fine, broken, where", MESSAGE_EDGES)
def test_each_limit_of_a_message_block_at_its_edge(fine: Any, broken: Any, where: str) -> None:
    assert breaches_of_blocks([fine], "message") == []
    found = breaches_of_blocks([broken], "message")
    assert f"/blocks/0{where}" in [one.pointer for one in found]
    assert {one.code for one in found} == {"invalid_blocks"}


VIEW_EDGES = [
    (modal(title=plain(24)), modal(title=plain(25)), "/view/title/text"),
    (modal(), modal(title=None), "/view"),
    (modal(submit=plain(24)), modal(submit=plain(25)), "/view/submit/text"),
    (modal(close=plain(24)), modal(close=plain(25)), "/view/close/text"),
    (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001), "/view/private_metadata"),
    (modal(callback_id="x" * 255), modal(callback_id="x" * 256), "/view/callback_id"),
    (modal(external_id="x" * 255), modal(external_id="x" * 256), "/view/external_id"),
    (modal(*[{"type": "divider"}] * 100), modal(*[{"type": "divider"}] * 101), "/view/blocks"),
    (modal(), {**modal(), "blocks": []}, "/view/blocks"),
    (
        modal({"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "b"}),
        modal({"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}),
        "/view/blocks",
    ),
    (
        modal(entry({"type": "plain_text_input"})),
        modal(entry({"type": "plain_text_input"}), submit=None),
        "/view/submit",
    ),
    (
        modal(entry({"type": "plain_text_input", "min_length": 2, "max_length": 3})),
        modal(entry({"type": "plain_text_input", "min_length": 4, "max_length": 3})),
        "/view/blocks/0/element",
    ),
    (
        modal(entry({"type": "number_input", "is_decimal_allowed": False})),
        modal(entry({"type": "number_input"})),
        "/view/blocks/0/element",
    ),
    (
        modal(entry({"type": "plain_text_input"}, label=plain(2000))),
        modal(entry({"type": "plain_text_input"}, label=plain(2001))),
        "/view/blocks/0/label/text",
    ),
    (
        modal(entry({"type": "plain_text_input", "focus_on_load": True})),
        modal(*[entry({"type": "plain_text_input", "focus_on_load": True})] * 2),
        "/view/blocks",
    ),
    (
        modal({"type": "alert", "text": plain(200), "level": "warning"}),
        modal({"type": "alert", "text": plain(201)}),
        "/view/blocks/0/text/text",
    ),
    (modal(), modal({"type": "table", "rows": rows(1, 1)}), "/view/blocks/0/type"),
    (modal(), modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type"),
    (
        {"type": "home", "blocks": [{"type": "divider"}]},
        {"type": "home", "title": PLAIN, "blocks": [{"type": "divider"}]},
        "/view",
    ),
    (modal(), {"type": "popup", "blocks": []}, "/view/type"),
]


@pytest.mark.parametrize("fine, broken, where", VIEW_EDGES)
def test_each_limit_of_a_view_at_its_edge(fine: Any, broken: Any, where: str) -> None:
    assert breaches_of_view(fine) == []
    found = breaches_of_view(broken)
    assert where in [one.pointer for one in found]
    assert {one.code for one in found} == {"invalid_arguments"}


def test_a_view_above_250_kb_is_too_large() -> None:
    long = {"type": "section", "text": mrkdwn(2900)}
    assert "view_too_large" in {one.code for one in breaches_of_view(modal(*[long] * 90))}
    assert breaches_of_view(modal(*[long] * 60)) == []


def test_message_totals() -> None:
    long = {"type": "section", "text": mrkdwn(3000)}
    assert breaches_of_message({"blocks": [long] * 4}) == []
    assert [one.code for one in breaches_of_message({"blocks": [long] * 5})] == ["msg_blocks_too_long"]
    assert len(breaches_of_message({"blocks": [{"type": "divider"}] * 51})) == 1
    assert breaches_of_message({"blocks": [{"type": "divider"}] * 50}) == []
    table = {"type": "table", "rows": rows(1, 1)}
    assert [one.code for one in breaches_of_message({"blocks": [table, table]})] == ["invalid_attachments"]
    assert breaches_of_message({"blocks": [{"type": "table", "rows": rows(100, 10, "x" * 10)}]}) == []
    assert breaches_of_message({"blocks": [{"type": "table", "rows": rows(100, 10, "x" * 11)}]})
    markdown = {"type": "markdown", "text": "x" * 6000}
    assert breaches_of_message({"blocks": [markdown] * 2}) == []
    assert breaches_of_message({"blocks": [markdown] * 2 + [{"type": "markdown", "text": "x"}]})


def test_update_is_stricter_on_text_than_post() -> None:
    assert breaches_of_message({"text": "x" * 4001}) == []
    assert [one.code for one in breaches_of_message({"text": "x" * 4001}, update=True)] == ["msg_too_long"]
    assert breaches_of_message({"text": "x" * 4000}, update=True) == []


def test_length_is_utf16_after_escaping() -> None:
    assert units("é") == 1
    assert units("🧦") == 2
    assert units("a & b", "plain_text") == 9
    assert units("a &amp; b <x>", "mrkdwn") == 13
    assert units("<x>", "plain_text") == 9
    assert breaches_of_blocks([{"type": "header", "text": plain(75, "🧦")}], "message") == []
    assert breaches_of_blocks([{"type": "header", "text": plain(76, "🧦")}], "message")
    assert breaches_of_blocks([{"type": "header", "text": plain(31, "&")}], "message")


def test_suggestions_have_a_hundred_options_at_most() -> None:
    assert breaches_of_options({"options": []}) == []
    assert breaches_of_options({"options": options(100)}) == []
    assert breaches_of_options({"options": options(101)})
    assert breaches_of_options({"option_groups": [{"label": PLAIN, "options": options(1)}]}) == []
    assert breaches_of_options({"options": [], "option_groups": []})
    assert breaches_of_options({})
    assert breaches_of_options(None)


def test_breaches_print_as_slack_prints_them() -> None:
    [one] = breaches_of_blocks([{"type": "header", "text": plain(151)}], "message")
    assert str(one) == "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"


# against slack_sdk
def sdk_classes() -> list[type]:
    found = {}
    for module in (sdk_blocks, sdk_elements):
        for _, one in inspect.getmembers(module, inspect.isclass):
            if getattr(one, "type", None) and issubclass(one, (sdk_blocks.Block, sdk_blocks.BlockElement)):
                found[one] = None
    return list(found)


def attributes_of(one: type) -> set[str]:
    """The field names a model class may write (its `attributes` may be a property that needs an instance)."""
    attributes = one.attributes  # type: ignore[attr-defined]
    if isinstance(attributes, property):
        attributes = attributes.fget(one.__new__(one))
    return set(attributes)


INHERITED = {"alt_text", "placeholder", "confirm", "focus_on_load"}  # base classes lend them to elements without them
SKIPPED = {"call", "share_shortcut", "auth_provider", "file", "url", "url_source"}  # can't be sent, or never used here


def test_every_field_the_sdk_can_write_is_known_to_the_table() -> None:
    table, unknown, seen = limits(), {}, 0
    for one in sdk_classes():
        kind = one.type  # type: ignore[attr-defined]
        rules = [table[part][kind] for part in ("blocks", "elements") if kind in table[part]]
        if kind in SKIPPED or not isinstance(kind, str):
            continue
        if not rules:
            unknown[kind] = "no such type"
            continue
        fields = {name for rule in rules for name in rule["fields"]}
        seen += 1
        if attributes_of(one) - fields - INHERITED:
            unknown[kind] = sorted(attributes_of(one) - fields - INHERITED)
    assert unknown == {}
    assert seen > 35


def sdk_message() -> list[Any]:
    """One of each at the SDK's own limits, built and judged by the SDK."""
    text = sdk_blocks.PlainTextObject(text="x" * 75)
    option = sdk_blocks.Option(text="x" * 75, value="v" * 150)
    confirm = sdk_blocks.ConfirmObject(title="x" * 100, text="x" * 300, confirm="x" * 30, deny="x" * 30)
    other = [sdk_blocks.Option(text="x", value=f"o{number}") for number in range(99)]
    return [
        sdk_blocks.SectionBlock(text=sdk_blocks.MarkdownTextObject(text="x" * 3000)),
        sdk_blocks.SectionBlock(fields=["x"] * 10),
        sdk_blocks.HeaderBlock(text="x" * 150, block_id="b" * 255),
        sdk_blocks.DividerBlock(),
        sdk_blocks.ContextBlock(elements=[sdk_blocks.MarkdownTextObject(text="x")] * 10),
        sdk_blocks.ImageBlock(image_url="https://x", alt_text="x", title="x"),
        sdk_blocks.ActionsBlock(
            elements=[
                sdk_blocks.ButtonElement(
                    text=text, action_id="a" * 255, value="v" * 2000, confirm=confirm, style="danger"
                ),
                sdk_blocks.StaticSelectElement(placeholder="x" * 150, action_id="b", options=[option, *other]),
                sdk_blocks.ExternalDataSelectElement(placeholder="x", action_id="c", min_query_length=0),
                sdk_blocks.OverflowMenuElement(action_id="d", options=[option, *other[:4]]),
                sdk_blocks.RadioButtonsElement(action_id="e", options=[option], initial_option=option),
                sdk_blocks.CheckboxesElement(action_id="f", options=[option, *other[:9]]),
                sdk_blocks.DatePickerElement(action_id="g", initial_date="2026-11-25"),
                sdk_blocks.TimePickerElement(action_id="h", initial_time="23:59"),
                sdk_blocks.UserSelectElement(placeholder="x", action_id="i"),
                sdk_blocks.UserMultiSelectElement(placeholder="x", action_id="j", max_selected_items=1),
                sdk_blocks.ConversationSelectElement(placeholder="x", action_id="k"),
                sdk_blocks.ChannelMultiSelectElement(placeholder="x", action_id="l"),
                sdk_blocks.StaticMultiSelectElement(placeholder="x", action_id="m", options=[option]),
            ]
        ),
        sdk_blocks.RichTextBlock(
            elements=[
                sdk_blocks.RichTextSectionElement(
                    elements=[
                        sdk_blocks.RichTextElementParts.Text(text="x"),
                        sdk_blocks.RichTextElementParts.Link(url="https://x", text="x"),
                        sdk_blocks.RichTextElementParts.User(user_id="U1"),
                        sdk_blocks.RichTextElementParts.Emoji(name="wave"),
                    ]
                )
            ]
        ),
        sdk_blocks.MarkdownBlock(text="**x**"),
        sdk_blocks.TableBlock(rows=[[{"type": "raw_text", "text": "x"}]]),
    ]


def test_what_the_sdk_accepts_at_its_limits_is_accepted_here() -> None:
    for block in sdk_message():
        block.validate_json()
        assert breaches_of_blocks([block.to_dict()], "message") == [], block.type
    assert breaches_of_blocks([block.to_dict() for block in sdk_message()], "message") == []


def test_a_view_the_sdk_accepts_is_accepted_here() -> None:
    view = View(
        type="modal",
        title="x" * 24,
        submit="x" * 24,
        close="x" * 24,
        callback_id="c" * 255,
        private_metadata="m" * 3000,
        notify_on_close=True,
        blocks=[
            sdk_blocks.InputBlock(
                label="x" * 2000,
                hint="x" * 2000,
                element=sdk_blocks.PlainTextInputElement(
                    action_id="a",
                    placeholder="x" * 150,
                    max_length=3000,
                    dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]},
                ),
                dispatch_action=True,
                optional=True,
            ),
            sdk_blocks.InputBlock(
                label="x",
                element=sdk_blocks.NumberInputElement(action_id="n", is_decimal_allowed=False, min_value="1"),
            ),
            sdk_blocks.InputBlock(label="x", element=sdk_blocks.EmailInputElement(action_id="m")),
            sdk_blocks.InputBlock(label="x", element=sdk_blocks.UrlInputElement(action_id="u", focus_on_load=True)),
        ],
    )
    view.validate_json()
    assert breaches_of_view(view.to_dict()) == []


@pytest.mark.skipif(not SHARED_LIMITS.exists(), reason="the shared facts folder does not stand beside the project")
def test_the_table_agrees_with_the_collected_facts() -> None:
    facts, table = json.loads(SHARED_LIMITS.read_text()), limits()
    differing = {}
    for part in ("blocks", "elements"):
        for kind, rules in facts[part].items():
            if kind not in table[part]:
                continue
            for name, said in rules.items():
                ours = table[part][kind]["fields"].get(name, {})
                if not isinstance(said, dict):
                    continue
                if "max_len" in said and ours and said["max_len"] != ours.get("max", ours.get("str")):
                    differing[f"{kind}.{name}"] = (said["max_len"], ours)
                if "max_items" in said and ours and said["max_items"] != (ours.get("list") or ours.get("rows"))[1]:
                    differing[f"{kind}.{name}"] = (said["max_items"], ours)
            surfaces = rules.get("surfaces") if part == "blocks" else None
            if isinstance(surfaces, list) and set(surfaces) != set(table[part][kind]["on"]):
                differing[kind] = (surfaces, table[part][kind]["on"])
    assert differing == {}
