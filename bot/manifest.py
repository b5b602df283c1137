"""The Slack app manifest: what the app may do, which addresses Slack calls. `manifest.yml` is its Socket Mode form."""

from typing import Any

import yaml

COMMANDS = ("/link",)
EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
SHORTCUTS = (  # Slack takes names of at most 24 characters
    ("Link a SKU", "global", "link_sku", "Find a TikTok SKU and link it to a Shopify SKU"),
    ("Link SKU from message", "message", "link_from_message", "Link the TikTok SKUs that this message names"),
)
SCOPES_BY_METHOD: dict[str, tuple[str, ...]] = {
    # Web API methods of `bot/handlers` and `bot/notify` under their client names; () needs no scope.
    "auth_test": (),
    "chat_delete": ("chat:write",),
    "chat_getPermalink": (),
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write", "chat:write.public"),
    "chat_update": ("chat:write",),
    "conversations_history": ("channels:history", "groups:history"),  # only to find our own message after a crash
    "conversations_info": ("channels:read", "groups:read"),
    "conversations_list": ("channels:read", "groups:read"),
    "conversations_members": ("channels:read", "groups:read"),
    "conversations_open": ("im:write",),
    "files_completeUploadExternal": ("files:write",),
    "files_getUploadURLExternal": ("files:write",),
    "files_info": ("files:read",),
    "usergroups_list": ("usergroups:read",),
    "usergroups_users_list": ("usergroups:read",),
    "files_upload_v2": ("files:write",),  # getUploadURLExternal, the bytes, completeUploadExternal
    "users_info": ("users:read",),
    "users_list": ("users:read",),
    "views_open": (),
    "views_publish": (),
    "views_push": (),
    "views_update": (),
}
SCOPES = (
    "commands",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:write",
    "usergroups:read",
    "users:read",
)
"""Bot scopes: `linkbot check` asks for each, the consent page of several workspaces lists them."""

_ABOUT = (
    "Linkbot links the SKUs of your TikTok Shop to the variants of your Shopify store, by itself where the SKUs are "
    "equal and by hand where they are not. Linked SKUs take over price and stock from Shopify, and paid TikTok orders "
    "appear in Shopify as orders of the linked variants. What waits for a person is told in a channel."
)


def render(url: str | None = None) -> dict[str, Any]:
    """The manifest with the request addresses under `url` (https); None: Socket Mode."""
    base = url.rstrip("/") if url else None
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Linkbot",
            "description": "Links TikTok Shop to Shopify: SKUs, price, stock and orders",
            "long_description": _ABOUT,
            "background_color": "#1d3b36",
        },
        "features": _features(base),
        "oauth_config": {
            **_given(redirect_urls=base and [f"{base}/slack/oauth_redirect"]),
            "scopes": {"bot": list(SCOPES)},
        },
        "settings": _settings(base),
    }


def _features(base: str | None) -> dict[str, Any]:
    return {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True},
        "bot_user": {"display_name": "Linkbot", "always_online": True},
        "slash_commands": [
            {
                "command": COMMANDS[0],
                **_given(url=_events_url(base)),
                "description": "Link TikTok Shop SKUs to Shopify and see what waits",
                "usage_hint": "[SKU | products | orders | unlink SKU | connect … | status | help]",
                "should_escape": False,
            }
        ],
        "shortcuts": [
            {"name": name, "type": kind, "callback_id": callback_id, "description": about}
            for name, kind, callback_id, about in SHORTCUTS
        ],
    }


def _settings(base: str | None) -> dict[str, Any]:
    address = _events_url(base)
    return {
        "event_subscriptions": {**_given(request_url=address), "bot_events": list(EVENTS)},
        "interactivity": {"is_enabled": True, **_given(request_url=address, message_menu_options_url=address)},
        "org_deploy_enabled": False,
        "socket_mode_enabled": base is None,
        "token_rotation_enabled": False,
    }


def _events_url(base: str | None) -> str | None:
    return f"{base}/slack/events" if base else None


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def as_yaml(url: str | None = None) -> str:
    return yaml.safe_dump(render(url), sort_keys=False, allow_unicode=True, width=110)
