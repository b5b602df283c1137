"""Everything that is looked up or joined: people, channels, user groups, the team, files, and the OAuth exchange."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from bot.rehearsal.slack_chat import refuse_breaches
from bot.rehearsal.slack_limits import Json, breaches_of_message
from bot.rehearsal.slack_world import Channel, Refused, User, World


def auth_test(world: World, _args: Json) -> Json:
    who = {"user": "linkbot", "user_id": world.bot_user, "bot_id": world.bot_id, "is_enterprise_install": False}
    return {"url": f"https://{world.domain}.slack.com/", "team": world.team_name, "team_id": world.team_id, **who}


def team_info(world: World, _args: Json) -> Json:
    return {"team": {"id": world.team_id, "name": world.team_name, "domain": world.domain, "icon": {}}}


def bot_info(world: World, args: Json) -> Json:
    if args.get("bot") != world.bot_id:
        raise Refused("bot_not_found")
    return {"bot": {"id": world.bot_id, "app_id": world.app_id, "user_id": world.bot_user, "name": "Linkbot"}}


def user_json(user: User) -> Json:
    profile = {"real_name": user.real_name, "display_name": user.name}
    flags = ("is_admin", "is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted", "tz")
    own = {"id": user.id, "team_id": user.team_id, "name": user.name, "real_name": user.real_name, "profile": profile}
    return own | {flag: getattr(user, flag) for flag in flags}


def user_info(world: World, args: Json) -> Json:
    return {"user": user_json(world.user(args.get("user")))}


def user_list(world: World, args: Json) -> Json:
    everyone = [user_json(user) for user in world.users.values() if not user.is_stranger]
    page, more = _page(everyone, args)
    return {"members": page, **more}


def channel_json(world: World, channel: Channel) -> Json:
    if channel.is_im:
        person = next(one for one in channel.members if one != world.bot_user)
        return {"id": channel.id, "is_im": True, "user": person, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_private": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "is_member": world.bot_user in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic},
    }


def channel_list(world: World, args: Json) -> Json:
    kinds = str(args.get("types") or "public_channel").split(",")
    shown = []
    for channel in world.channels.values():
        kind = "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"
        hidden = channel.is_private and world.bot_user not in channel.members
        if kind in kinds and not hidden and not (channel.is_archived and truthy(args.get("exclude_archived"))):
            shown.append(channel_json(world, channel))
    page, more = _page(shown, args)
    return {"channels": page, **more}


def channel_info(world: World, args: Json) -> Json:
    return {"channel": channel_json(world, world.visible(args.get("channel")))}


def channel_members(world: World, args: Json) -> Json:
    page, more = _page(world.visible(args.get("channel")).members, args)
    return {"members": page, **more}


def channel_open(world: World, args: Json) -> Json:
    if args.get("channel"):
        return {"channel": {"id": world.visible(args["channel"]).id}}
    people = [one for one in str(args.get("users") or "").split(",") if one]
    if len(people) != 1:
        raise Refused("users_list_not_supplied" if not people else "too_many_users")
    user = world.user(people[0])
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    return {"channel": {"id": world.im_of(user.id).id}}


def channel_join(world: World, args: Json) -> Json:
    channel = world.visible(args.get("channel"))
    if channel.is_private:
        raise Refused("method_not_supported_for_channel_type")
    if world.bot_user not in channel.members:
        channel.members.append(world.bot_user)
        world.changed()
    return {"channel": channel_json(world, channel)}


def usergroup_list(world: World, args: Json) -> Json:
    groups = [dict(group) for group in world.usergroups.values()]
    if not truthy(args.get("include_users")):
        groups = [{key: value for key, value in group.items() if key != "users"} for group in groups]
    return {"usergroups": groups}


def usergroup_users(world: World, args: Json) -> Json:
    if args.get("usergroup") not in world.usergroups:
        raise Refused("no_such_subteam")
    return {"users": list(world.usergroups[args["usergroup"]]["users"])}


# files: an address to upload to, the bytes, then the share
def file_address(world: World, args: Json) -> Json:
    length = _whole(args.get("length"), 0, "invalid_arguments")
    if not args.get("filename") or length < 1:
        raise Refused("invalid_arguments")
    file_id = world.number("F00000")
    held = {"id": file_id, "name": args["filename"], "size": length, "content": None, "shared": False}
    world.files[file_id] = held | {"late": world.files_late}
    return {"upload_url": f"{world.base_url}/upload/{file_id}/{world.token(12)}", "file_id": file_id}


def file_share(world: World, args: Json) -> Json:
    wanted: list[Any] = args.get("files") or []
    if not wanted or not all(isinstance(one, dict) and one.get("id") in world.files for one in wanted):
        raise Refused("file_not_found" if wanted else "invalid_arguments")
    files = [world.files[one["id"]] for one in wanted]
    if any(one["content"] is None for one in files):
        raise Refused("file_not_found")
    refuse_breaches(breaches_of_message(args))
    for one, given in zip(files, wanted):
        one["title"] = given.get("title") or one["name"]
        one["url_private"] = one["url_private_download"] = f"{world.base_url}/files/{one['id']}"
    shown = [{key: value for key, value in one.items() if key not in ("content", "shared", "late")} for one in files]
    targets = str(args.get("channel_id") or args.get("channels") or "").split(",")
    for target in filter(None, targets):
        channel = world.visible(target)
        if world.bot_user not in channel.members:
            raise Refused("not_in_channel")
        body = {"text": args.get("initial_comment") or "", "files": shown}
        if args.get("blocks"):
            body["blocks"] = args["blocks"]
        if args.get("thread_ts"):
            body["thread_ts"] = args["thread_ts"]
        world.add_message(channel.id, world.by_bot(body))
    return {"files": shown}


# OAuth
@dataclass
class Consent:
    """The app's registration and the codes handed out and not yet exchanged."""

    client_id: str
    client_secret: str
    codes: dict[str, tuple[str, str]]  # code -> (person, redirect_uri)

    def page(self, query: dict[str, str]) -> str:
        """The page on which a person allows the app."""
        if query.get("client_id") != self.client_id:
            return "<!doctype html><title>Slack</title><p>invalid_client_id</p>"
        scopes = "".join(f"<li>{escape(one)}</li>" for one in query.get("scope", "").replace(",", " ").split())
        link = escape("/oauth/v2/allow?" + urlencode(query))
        return f'<!doctype html><title>Slack</title><p>Linkbot asks for</p><ul>{scopes}</ul><a href="{link}">Allow</a>'

    def allow(self, world: World, query: dict[str, str]) -> str:
        """The address the browser is sent to after consent."""
        code = world.token(24)
        self.codes[code] = (query.get("user") or next(iter(world.users)), query.get("redirect_uri", ""))
        return f"{query.get('redirect_uri', '')}?{urlencode({'code': code, 'state': query.get('state', '')})}"

    def exchange(self, world: World, args: Json, authorization: str, bot_token: str) -> Json:
        """`oauth.v2.access`: a code works once."""
        client, secret = args.get("client_id"), args.get("client_secret")
        if authorization.startswith("Basic "):
            client, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        if client != self.client_id:
            raise Refused("invalid_client_id")
        if secret != self.client_secret:
            raise Refused("bad_client_secret")
        user, redirect = self.codes.pop(str(args.get("code")), (None, ""))
        if user is None:
            raise Refused("invalid_code")
        if args.get("redirect_uri") and args["redirect_uri"] != redirect:
            raise Refused("bad_redirect_uri")
        world.revoked = None
        return {
            "access_token": bot_token,
            "token_type": "bot",
            "scope": ",".join(world.scopes),
            "bot_user_id": world.bot_user,
            "app_id": world.app_id,
            "team": {"id": world.team_id, "name": world.team_name},
            "enterprise": None,
            "is_enterprise_install": False,
            "authed_user": {"id": user},
        }


def truthy(value: Any) -> bool:
    """A flag as it comes by JSON, query or form."""
    return value in (True, 1, "1", "true", "True")


def _page(items: list[Any], args: Json) -> tuple[list[Any], Json]:
    limit = _whole(args.get("limit"), 100, "invalid_limit")
    if not 1 <= limit <= 1000:
        raise Refused("invalid_limit")
    start = _start(args.get("cursor"))
    following = str(start + limit) if start + limit < len(items) else ""
    cursor = base64.b64encode(f"next:{following}".encode()).decode() if following else ""
    return items[start : start + limit], {"response_metadata": {"next_cursor": cursor}}


def _whole(value: Any, default: int, error: str) -> int:
    try:
        return int(value or default)
    except ValueError:
        raise Refused(error) from None


def _start(cursor: Any) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:"))
    except ValueError:
        raise Refused("invalid_cursor") from None


Method = Callable[[World, Json], Json]
