"""Files of the fake Slack: chosen by a person in a modal, fetched with a token, uploaded by the bot in three steps."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.rehearsal.slack_chat import refuse_breaches
from bot.rehearsal.slack_directory import whole
from bot.rehearsal.slack_limits import Json, breaches_of_message
from bot.rehearsal.slack_world import Refused, World

SIGN_IN = "<!doctype html><title>Sign in to Slack</title><p>You need to sign in to see this page."
_HIDDEN = ("content", "shared", "late")


def add_file(world: World, user: str, name: str, content: bytes) -> Json:
    """A person uploads a file; its JSON as Slack shows it to an app."""
    file_id = world.number("F")
    world.files[file_id] = {
        "id": file_id,
        "name": name,
        "title": name,
        "user": user,
        "size": len(content),
        "mimetype": "text/csv" if name.endswith(".csv") else "text/plain",
        "filetype": name.rpartition(".")[2].lower(),
        "mode": "hosted",
        "is_external": False,
        "content": content,
        "shared": False,
        **_addresses(world, file_id),
    }
    return shown(world.files[file_id])


def shown(held: Json) -> Json:
    return {key: value for key, value in held.items() if key not in _HIDDEN}


def _addresses(world: World, file_id: str) -> Json:
    return dict.fromkeys(("url_private", "url_private_download"), f"{world.base_url}/files/{file_id}")


def file_info(world: World, args: Json) -> Json:
    held = world.files.get(str(args.get("file")))
    if held is None or held["content"] is None:
        raise Refused("file_not_found")
    if held.get("deleted"):
        raise Refused("file_deleted")
    return {"file": shown(held), "comments": [], "response_metadata": {"next_cursor": ""}}


# the bot's own: an address to upload to, the bytes, then the share
def file_address(world: World, args: Json) -> Json:
    length = whole(args.get("length"), 0, "invalid_arguments")
    if not args.get("filename") or length < 1:
        raise Refused("invalid_arguments")
    file_id = world.number("F00000")
    ticket = world.token(12)
    held = {"id": file_id, "name": args["filename"], "size": length, "content": None, "shared": False}
    held["late"] = world.files_late
    world.files[file_id] = held | {"user": world.bot_user, "filetype": str(args["filename"]).rpartition(".")[2]}
    return {"upload_url": f"{world.base_url}/upload/{file_id}/{ticket}", "file_id": file_id}


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
        one |= _addresses(world, one["id"])
    told = [shown(one) for one in files]
    targets = str(args.get("channel_id") or args.get("channels") or "").split(",")
    for target in filter(None, targets):
        channel = world.visible(target)
        if world.bot_user not in channel.members:
            raise Refused("not_in_channel")
        body = {"text": args.get("initial_comment") or "", "files": told}
        if args.get("blocks"):
            body["blocks"] = args["blocks"]
        if args.get("thread_ts"):
            body["thread_ts"] = args["thread_ts"]
        world.add_message(channel.id, world.by_bot(body))
    return {"files": told}


# the addresses
async def take_upload(world: World, request: Request) -> Response:
    held = world.files.get(request.path_params["file"])
    content = await request.body()
    if held is None or held["content"] is not None:
        return PlainTextResponse("not found", 404)
    if len(content) != held["size"]:
        return PlainTextResponse("the length differs from what was announced", 400)
    held["content"] = content
    return PlainTextResponse(f"OK - {len(content)}")


def give_file(world: World, request: Request, bot_token: str) -> Response:
    """With the bot's token and `files:read`, the bytes; without, Slack's sign-in page with status 200."""
    held = world.files.get(request.path_params["file"])
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if token and token != bot_token:
        return PlainTextResponse("invalid_auth", 401)
    if not token or world.revoked or "files:read" not in world.scopes:
        return HTMLResponse(SIGN_IN)
    if held is None or held["content"] is None or held.get("deleted"):
        return PlainTextResponse("not found", 404)
    name = {"Content-Disposition": f'attachment; filename="{held["name"]}"'}
    return Response(held["content"], media_type="application/octet-stream", headers=name)
