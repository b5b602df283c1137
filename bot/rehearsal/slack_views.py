"""`views.*`: a modal needs a fresh trigger, three fit on each other, a stale hash and a closed view are refused."""

from bot.rehearsal.slack_chat import refuse_breaches
from bot.rehearsal.slack_limits import Json, breaches_of_view
from bot.rehearsal.slack_world import Refused, View, World

STACK_MOST = 3


def open_view(world: World, args: Json) -> Json:
    given = _given(world, args, "modal")
    trigger = world.use_trigger(args.get("trigger_id"))
    _external_id_free(world, given, None)
    trigger.used = True
    for view in world.stack(trigger.user):
        del world.views[view.id]  # a new root takes the place of whatever was open
    view = world.new_view(trigger.user, given)
    world.views[view.id] = view
    world.changed()
    return {"view": view.body}


def push_view(world: World, args: Json) -> Json:
    given = _given(world, args, "modal")
    trigger = world.use_trigger(args.get("trigger_id"))
    if not world.stack(trigger.user):
        raise Refused("invalid_trigger_id")
    view = push_on(world, trigger.user, given)
    trigger.used = True
    return {"view": view.body}


def push_on(world: World, user: str, given: Json) -> View:
    """A view on top of the person's stack. Raises Refused `push_limit_reached` at the fourth."""
    stack = world.stack(user)
    if not stack:
        raise Refused("not_found")  # closed while the bot was answering
    if len(stack) >= STACK_MOST:
        raise Refused("push_limit_reached")
    _external_id_free(world, given, None)
    view = world.new_view(user, given, on=stack[-1])
    world.views[view.id] = view
    world.changed()
    return view


def update_view(world: World, args: Json) -> Json:
    if not args.get("view_id") and not args.get("external_id"):
        raise Refused("invalid_arguments")
    given = _given(world, args, None)
    homes = {home.id: home for home in world.homes.values()}
    view = (world.views | homes).get(args.get("view_id") or "")
    if view is None and args.get("external_id"):
        view = next((one for one in world.views.values() if one.body["external_id"] == args["external_id"]), None)
    if view is None:
        raise Refused("not_found")
    if given["type"] != view.body["type"]:
        raise Refused("invalid_arguments")
    if args.get("hash") and args["hash"] != view.body["hash"]:
        raise Refused("hash_conflict")
    _external_id_free(world, given, view)
    world.fill_view(view, given)
    return {"view": view.body}


def publish_view(world: World, args: Json) -> Json:
    given = _given(world, args, "home")
    user = world.user(args.get("user_id"))
    view = world.homes.get(user.id)
    if args.get("hash") and (view is None or args["hash"] != view.body["hash"]):
        raise Refused("hash_conflict")
    if view is None:
        view = world.new_view(user.id, given)
        world.homes[user.id] = view
        world.changed()
    else:
        world.fill_view(view, given)
    return {"view": view.body}


def close_view(world: World, view: View, *, whole: bool = False) -> None:
    """Takes a view off the stack with everything above it, or the whole stack."""
    stack = world.stack(view.user)
    gone = stack if whole or view.body["clear_on_close"] else stack[stack.index(view) :]
    for one in gone:
        del world.views[one.id]
    world.changed()


def _given(world: World, args: Json, kind: str | None) -> Json:
    given = args.get("view")
    if not isinstance(given, dict):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    refuse_breaches(breaches_of_view(given))
    world.refuse_unknown_files(given["blocks"])
    if kind is not None and given["type"] != kind:
        messages = [f"[ERROR] must be one of: {kind} [json-pointer:/view/type]"]
        raise Refused("invalid_arguments", response_metadata={"messages": messages})
    return given


def _external_id_free(world: World, given: Json, but: View | None) -> None:
    wanted = given.get("external_id")
    if wanted and any(view.body["external_id"] == wanted for view in world.views.values() if view is not but):
        raise Refused("duplicate_external_id")
