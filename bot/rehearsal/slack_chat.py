"""`chat.*`, `response_url` and the messages that answers to commands become: what Slack takes, keeps and refuses."""

from typing import Any

from bot.rehearsal.slack_limits import Breach, Json, breaches_of_blocks, breaches_of_message, breaches_of_view
from bot.rehearsal.slack_world import Channel, Message, Refused, World

CONTENT = ("text", "blocks", "attachments", "metadata")
TEXT_MOST = 40_000


def refuse_breaches(breaches: list[Breach]) -> None:
    """Raises Refused with the code of the first breach and every breach as a JSON pointer."""
    if breaches:
        raise Refused(
            breaches[0].code,
            response_metadata={"messages": [str(one) for one in breaches]},
            errors=[f"{one.text} [json-pointer:{one.pointer}]" for one in breaches],
        )


def post_message(world: World, args: Json) -> Json:
    channel = world.postable(args.get("channel"))
    content, warning = _content(world, args)
    _check_thread(channel, args)
    world.keep_pace(channel.id)
    if args.get("thread_ts"):
        content["thread_ts"] = args["thread_ts"]
    message = world.add_message(channel.id, world.by_bot(content))
    return {"channel": channel.id, "ts": message.ts, "message": message.body, **warning}


def post_ephemeral(world: World, args: Json) -> Json:
    channel = world.postable(args.get("channel"))
    if args.get("user") not in channel.members:
        raise Refused("user_not_in_channel")
    content, warning = _content(world, args)
    if args.get("thread_ts"):
        content["thread_ts"] = args["thread_ts"]
    message = world.add_message(channel.id, world.by_bot(content), seen_by=args["user"])
    return {"message_ts": message.ts, **warning}


def update(world: World, args: Json) -> Json:
    channel = world.visible(args.get("channel"))
    message = _own(world, channel, args.get("ts"), "cant_update_message")
    if not any(args.get(key) is not None for key in ("text", "blocks", "attachments", "markdown_text")):
        raise Refused("no_text")
    refuse_breaches(breaches_of_message(args, update=True))
    world.refuse_unknown_files(args.get("blocks"))
    rewrite(world, message, args)
    return {"channel": channel.id, "ts": message.ts, "text": message.body.get("text", ""), "message": message.body}


def delete(world: World, args: Json) -> Json:
    channel = world.visible(args.get("channel"))
    message = _own(world, channel, args.get("ts"), "cant_delete_message")
    channel.messages.remove(message)
    world.changed()
    return {"channel": channel.id, "ts": message.ts}


def permalink(world: World, args: Json) -> Json:
    channel = world.visible(args.get("channel"))
    message = world.message(channel.id, args.get("message_ts"))
    if message is None or message.seen_by:
        raise Refused("message_not_found")
    link = f"https://{world.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def history(world: World, args: Json) -> Json:
    """`conversations.history`, newest first; metadata only with `include_all_metadata`."""
    channel = world.visible(args.get("channel"))
    if world.bot_user not in channel.members:
        raise Refused("not_in_channel")
    oldest, limit = float(args.get("oldest") or 0), int(args.get("limit") or 100)
    found = [one.body for one in channel.messages if not one.seen_by and float(one.ts) > oldest]
    shown = [one for one in found if not one.get("thread_ts")][::-1][:limit]
    if str(args.get("include_all_metadata", "")).lower() not in ("1", "true"):
        shown = [{key: value for key, value in one.items() if key != "metadata"} for one in shown]
    return {"messages": shown, "has_more": len(found) > limit}


def validate_blocks(_world: World, args: Json) -> Json:
    """`blocks.validate`: exactly one of blocks, message, view."""
    given = [key for key in ("blocks", "message", "view") if args.get(key) is not None]
    if len(given) != 1:
        raise Refused("invalid_arguments")
    if given == ["view"]:
        found = breaches_of_view(args["view"])
    elif given == ["message"]:
        found = breaches_of_message(args["message"])
    else:
        found = breaches_of_blocks(args["blocks"], "message")
    if found:
        errors = [{"pointer": one.pointer, "code": one.code, "message": one.text} for one in found]
        raise Refused(found[0].code, errors=errors)
    return {"errors": []}


def respond(world: World, key: str, body: Json) -> Json:
    """A post to a `response_url`: a new message, or the message it belongs to replaced or deleted.

    The one of a command belongs to no message: `replace_original` posts anew there (slackapi/bolt-js#2287).
    """
    held = world.use_response_url(key)
    if held.message is not None and body.get("delete_original"):
        if held.message in world.channels[held.channel].messages:
            world.channels[held.channel].messages.remove(held.message)
            world.changed()
        return {}
    if not any(body.get(name) for name in ("text", "blocks", "attachments")):
        raise Refused("no_text", status=400)
    try:
        refuse_breaches(breaches_of_message(body))
        world.refuse_unknown_files(body.get("blocks"))
    except Refused as refused:
        refused.status = 400
        raise
    if held.message is not None and body.get("replace_original"):
        if held.message not in world.channels[held.channel].messages:
            raise Refused("message_not_found", status=404)
        rewrite(world, held.message, body)
        return {}
    say(world, held.channel, held.user, body)
    return {}


def say(world: World, channel: str, user: str, body: Json) -> Message:
    """The message an answer becomes: ephemeral to the person, or with `in_channel` for all."""
    content = {key: body[key] for key in CONTENT if body.get(key) is not None}
    if body.get("thread_ts"):
        content["thread_ts"] = body["thread_ts"]
    content.setdefault("text", "")
    seen_by = None if body.get("response_type") == "in_channel" else user
    return world.add_message(channel, world.by_bot(content), seen_by=seen_by)


def rewrite(world: World, message: Message, args: Json) -> None:
    """New content in place. Text without blocks removes the blocks and shows "(edited)"; blocks alone keep the text."""
    body = message.body
    if args.get("markdown_text"):
        args = {"text": args["markdown_text"]}
    if args.get("blocks"):
        body["blocks"] = world.with_ids(args["blocks"])
        body.pop("edited", None)
    elif args.get("text") is not None or args.get("blocks") is not None:
        body.pop("blocks", None)
        body["edited"] = {"user": world.bot_user, "ts": world.next_ts()}
    for key in ("text", "attachments", "metadata"):
        if args.get(key) is not None:
            body[key] = args[key]
    message.chosen.clear()
    world.changed()


def _content(world: World, args: Json) -> tuple[Json, Json]:
    refuse_breaches(breaches_of_message(args))
    world.refuse_unknown_files(args.get("blocks"))
    content = {key: args[key] for key in CONTENT if args.get(key)}
    if args.get("markdown_text"):
        content["text"] = args["markdown_text"]
    if not content.get("text") and not content.get("blocks") and not content.get("attachments"):
        raise Refused("no_text")
    content.setdefault("text", "")
    warning: Json = {}
    if len(content["text"]) > TEXT_MOST:
        content["text"] = content["text"][:TEXT_MOST]
        warning = {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return content, warning


def _check_thread(channel: Channel, args: Json) -> None:
    thread: Any = args.get("thread_ts")
    if thread is None:
        return
    if not isinstance(thread, str):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] thread_ts must be a string"]})
    if not any(message.ts == thread and not message.seen_by for message in channel.messages):
        raise Refused("thread_not_found")


def _own(world: World, channel: Channel, ts: str | None, not_mine: str) -> Message:
    message = world.message(channel.id, ts)
    if message is None or message.seen_by:
        raise Refused("message_not_found")
    if message.body.get("user") != world.bot_user:
        raise Refused(not_mine)
    return message
