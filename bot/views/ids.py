"""Every id that comes back from Slack, and the codec of what buttons and blocks carry. Payloads hold ids, no rights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """action_id of buttons and menus; the comment names what the value carries."""

    LINK = "link"  # Target.LISTING: opens the picker
    ACCEPT = "accept"  # Target.SUGGESTION: links at once
    RATE = "rate"  # Target.SUGGESTION with `good`
    IGNORE = "ignore"  # Target.LISTING: asks for how long
    IGNORE_FOR = "ignore_for"
    UNIGNORE = "unignore"  # Target.LISTING
    ACCEPT_ALL = "accept_all"  # shows the preview
    ACCEPT_APPLY = "accept_apply"  # Target.ACCEPT
    ACCEPT_CANCEL = "accept_cancel"
    UNLINK = "unlink"  # Target.LISTING: asks first
    UNLINK_YES = "unlink_yes"  # Target.LISTING: in a message; a modal submits Callback.UNLINK
    UNLINK_NO = "unlink_no"
    LINK_PRODUCTS = "link_products"  # banner: the table, set to unlinked
    SHOW_ALL = "show_all"  # Target.TABLE: the table
    TABLE_FILTER = "table_filter"
    TABLE_PREVIOUS = "table_previous"  # Target.TABLE
    TABLE_NEXT = "table_next"  # Target.TABLE
    LINK_AUTO = "link_auto"  # Target.SHOP
    LINK_BY_HAND = "link_by_hand"  # Target.SHOP
    PICK_SEARCH = "pick_search"
    PICK_CATEGORIES = "pick_categories"
    PICK_TAGS = "pick_tags"
    PICK_LIST = "pick_list"
    PICK_PREVIOUS = "pick_previous"
    PICK_NEXT = "pick_next"
    PICK_UNITS = "pick_units"
    MIRROR_NOW = "mirror_now"  # Target.ORDER
    WHY_ORDER = "why_order"  # Target.ORDER
    ORDERS_PREVIOUS = "orders_previous"  # Target.ORDERS
    ORDERS_NEXT = "orders_next"  # Target.ORDERS
    CONNECT = "connect"  # a button with an address: only to be acknowledged
    PASTE = "paste"  # the pasted address
    DISCONNECT_YES = "disconnect_yes"  # Target.SHOP or Target.STORE
    DISCONNECT_NO = "disconnect_no"
    BULK_FILE = "bulk_file"
    BULK_APPLY = "bulk_apply"  # Target.BULK
    BULK_CANCEL = "bulk_cancel"  # Target.BULK
    RIGHTS_CHANGE = "rights_change"  # opens the form
    RIGHTS_KIND = "rights_kind"
    RIGHTS_GROUP = "rights_group"
    RIGHTS_CHANNEL = "rights_channel"
    RIGHTS_USERS = "rights_users"
    SETTINGS_CHANGE = "settings_change"  # Target.SHOP; an empty shop: the workspace's
    SETTING_PUSH = "setting_push"
    SETTING_MODE = "setting_mode"
    SETTING_PAUSED = "setting_paused"
    HISTORY = "history"  # Target.HISTORY: one of several hits
    HISTORY_PREVIOUS = "history_previous"  # Target.HISTORY
    HISTORY_NEXT = "history_next"  # Target.HISTORY
    FIND = "find"
    UNDO = "undo"  # Target.UNDO


class Callback(StrEnum):
    """callback_id of views."""

    PICKER = "picker"
    UNLINK = "unlink"
    IGNORE = "ignore"
    IGNORE_GOOD = "ignore_good"
    TABLE = "table"
    PASTE = "paste"
    NOTE = "note"  # a view that only tells something
    HOME = "home"
    BULK = "bulk"
    RIGHTS = "rights"
    SETTINGS = "settings"
    FIND = "find"  # the global shortcut's question
    FOUND = "found"  # the SKUs that a message or the question named


class Shortcut(StrEnum):
    """callback_id of shortcuts."""

    LINK_SKU = "link_sku"
    LINK_FROM_MESSAGE = "link_from_message"


class Block(StrEnum):
    """block_id of inputs, and of blocks whose id carries something (`pack`)."""

    SEARCH = "search"
    CATEGORIES = "categories"
    TAGS = "tags"
    LIST = "list"
    UNITS = "units"
    IGNORE = "ignore"
    PASTE = "paste"
    TABLE = "table"
    BULK_FILE = "bulk_file"
    RIGHTS_KIND = "rights_kind"
    RIGHTS_GROUP = "rights_group"
    RIGHTS_CHANNEL = "rights_channel"
    RIGHTS_USERS = "rights_users"
    SETTING_PUSH = "setting_push"
    SETTING_MODE = "setting_mode"
    SETTING_PAUSED = "setting_paused"
    FIND = "find"


class Target(StrEnum):
    """What a packed value points at."""

    LISTING = "listing"  # listing
    SUGGESTION = "suggestion"  # listing, variant
    ACCEPT = "accept"  # digest
    SHOP = "shop"  # shop
    STORE = "store"  # store
    ORDER = "order"  # order
    TABLE = "table"  # filter, words, offset
    ORDERS = "orders"  # standings (space separated), words, offset
    PICKER = "picker"  # the picker's private_metadata
    BULK = "bulk"  # run, digest
    HISTORY = "history"  # listing, offset
    FOUND = "found"  # listings (space separated)
    UNDO = "undo"  # entry: the ledger's id of the act to take back


VALUE_LIMIT, OPTION_LIMIT, BLOCK_ID_LIMIT, METADATA_LIMIT = 2000, 75, 255, 3000


@dataclass(frozen=True)
class Packed:
    """A read value: `packed["listing"]`; `get` for what may be absent."""

    kind: str
    ids: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.ids[name]

    def get(self, name: str, default: str = "") -> str:
        return self.ids.get(name, default)

    def number(self, name: str, default: int = 0) -> int:
        text = self.ids.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else default


def pack(kind: str, limit: int = VALUE_LIMIT, **ids: object) -> str:
    """A kind and its ids as text for a button's value. Raises ValueError when it does not fit."""
    text = json.dumps({"": str(kind)} | {name: str(value) for name, value in ids.items()}, **_COMPACT)
    if _units(text) > limit:
        raise ValueError(f"{kind} needs {_units(text)} of {limit} characters")
    return text


def unpack(text: str) -> Packed:
    """Reads what `pack` wrote. Raises ValueError on anything else (an old button of another release)."""
    try:
        read = json.loads(text)
        return Packed(read.pop(""), {str(name): str(value) for name, value in read.items()})
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError("not a packed value") from error


def shortened(words: str, limit: int = 150) -> str:
    """Search words as they fit into a block id, escapes of quotes and backslashes counted."""
    kept = words
    while _units(json.dumps(kept, **_COMPACT)) > limit:
        kept = kept[:-1]
    return kept


_COMPACT: dict = {"separators": (",", ":"), "ensure_ascii": False}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
