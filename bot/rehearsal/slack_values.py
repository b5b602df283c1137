"""What an interactive element holds: its value in `view.state`, in the action sent on a change, and its first value."""

from typing import Any

from bot.rehearsal.slack_limits import Json, elements_of

# element type -> (key of the value in state and action, key of the first value in the block)
VALUE_KEYS: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
MANY = {key for key, _ in VALUE_KEYS.values() if key.endswith("s")}


def first_state(blocks: list[Json], kept: Json | None = None) -> Json:
    """`state.values` of freshly shown blocks; `kept` is the state before an update.

    A value survives only where block_id, action_id and type stay equal; a choice that is no longer on offer falls back
    to the first value.
    """
    values: Json = {}
    for block, element in elements_of(blocks):
        if element.get("type") not in VALUE_KEYS:
            continue
        key, first = VALUE_KEYS[element["type"]]
        held: Json = {"type": element["type"], key: element.get(first) or ([] if key in MANY else None)}
        before = ((kept or {}).get(block["block_id"]) or {}).get(element["action_id"])
        if before and before["type"] == element["type"] and _still_offered(element, before.get(key)):
            held[key] = before.get(key)
        values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def options_of(element: Json) -> list[Json]:
    """Every option that stands in the element itself (none for external menus)."""
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group["options"]
    return options


def _still_offered(element: Json, value: Any) -> bool:
    offered = {option["value"] for option in options_of(element)}
    if not offered or not value:
        return True
    chosen = value if isinstance(value, list) else [value]
    return all(one["value"] in offered for one in chosen)


def complaint_about(element: Json, held: Json | None, *, optional: bool) -> str | None:
    """What the client itself says of an input before it submits, or None when it is content."""
    key = VALUE_KEYS[element["type"]][0]
    value = (held or {}).get(key)
    if value in (None, "", []):
        return None if optional else "Please complete this required field."
    if element["type"] == "file_input":
        return _file_complaint(element, value)
    if element["type"] == "number_input":
        return _number_complaint(element, str(value))
    if element["type"] == "plain_text_input":
        if len(value) < (element.get("min_length") or 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > (element.get("max_length") or 3000):
            return f"Please enter at most {element.get('max_length') or 3000} characters."
    if element["type"] == "email_text_input" and "@" not in value:
        return "Please enter a valid email address."
    if element["type"] == "url_text_input" and "://" not in value:
        return "Please enter a valid URL."
    return None


def _file_complaint(element: Json, files: list[Json]) -> str | None:
    if len(files) > (element.get("max_files") or 10):
        return f"Please choose at most {element.get('max_files') or 10} files."
    kinds = element.get("filetypes")
    if kinds and any(one.get("filetype") not in kinds for one in files):
        return f"Please choose a file of type {', '.join(kinds)}."
    return None


def _number_complaint(element: Json, value: str) -> str | None:
    try:
        number = float(value)
        if not element.get("is_decimal_allowed"):
            int(value)
    except ValueError:
        return "Please enter a valid number."
    if element.get("min_value") is not None and number < float(element["min_value"]):
        return f"Please enter a number greater than or equal to {element['min_value']}."
    if element.get("max_value") is not None and number > float(element["max_value"]):
        return f"Please enter a number less than or equal to {element['max_value']}."
    return None
