"""The table of Web API methods with their scopes, and the arguments of a call."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot.rehearsal import slack_chat as chat
from bot.rehearsal import slack_directory as directory
from bot.rehearsal import slack_files as files
from bot.rehearsal import slack_views as views
from bot.rehearsal.slack_limits import Json
from bot.rehearsal.slack_world import Refused

# method -> (function, scopes of which one is needed)
METHODS: dict[str, tuple[directory.Method, str]] = {
    "auth.test": (directory.auth_test, ""),
    "team.info": (directory.team_info, "team:read"),
    "bots.info": (directory.bot_info, "users:read"),
    "users.info": (directory.user_info, "users:read"),
    "users.list": (directory.user_list, "users:read"),
    "usergroups.list": (directory.usergroup_list, "usergroups:read"),
    "usergroups.users.list": (directory.usergroup_users, "usergroups:read"),
    "conversations.list": (directory.channel_list, "channels:read,groups:read,im:read,mpim:read"),
    "conversations.info": (directory.channel_info, "channels:read,groups:read,im:read,mpim:read"),
    "conversations.members": (directory.channel_members, "channels:read,groups:read,im:read,mpim:read"),
    "conversations.history": (chat.history, "channels:history,groups:history"),
    "conversations.open": (directory.channel_open, "im:write,mpim:write"),
    "conversations.join": (directory.channel_join, "channels:join"),
    "chat.postMessage": (chat.post_message, "chat:write"),
    "chat.postEphemeral": (chat.post_ephemeral, "chat:write"),
    "chat.update": (chat.update, "chat:write"),
    "chat.delete": (chat.delete, "chat:write"),
    "chat.getPermalink": (chat.permalink, ""),
    "blocks.validate": (chat.validate_blocks, ""),
    "views.open": (views.open_view, ""),
    "views.push": (views.push_view, ""),
    "views.update": (views.update_view, ""),
    "views.publish": (views.publish_view, ""),
    "files.info": (files.file_info, "files:read"),
    "files.getUploadURLExternal": (files.file_address, "files:write"),
    "files.completeUploadExternal": (files.file_share, "files:write"),
}
NESTED = ("blocks", "attachments", "view", "metadata", "files", "message")


async def arguments(request: Request) -> Json:
    """The arguments of a call, wherever Slack takes them from: query, form or JSON."""
    args: Json = dict(request.query_params)
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            given = json.loads(raw or b"{}")
        except ValueError:
            given = None
        return args | given if isinstance(given, dict) else args
    return args | dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


def _decoded(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refused("invalid_blocks_format" if key == "blocks" else "invalid_arguments") from None


def unfolded(args: Json) -> Json:
    """The arguments with nested JSON (blocks, views, …) decoded where a form or a caller sent it as text."""
    nested = {key: _decoded(key, args[key]) for key in NESTED if isinstance(args.get(key), str)}
    return args | nested
