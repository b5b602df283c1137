"""People in the fake Slack against a small real Bolt app, by signed HTTP and by Socket Mode."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.serving import serve
from bot.rehearsal.slack import FakeSlack
from bot.rehearsal.slack_acts import NotThere
from bot.rehearsal.slack_client import ConfirmNeeded

ENV = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def tick(self, **time: float) -> None:
        self.at += timedelta(**time)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(label), "action_id": action_id, **more}


def line(text: str, accessory: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, "accessory": accessory}


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": plain(block_id.title()), "element": element, **more}


def picker(title: str = "Link SKU", *more: dict[str, Any]) -> dict[str, Any]:
    search = {"type": "external_select", "action_id": "search", "min_query_length": 0}
    radio = [{"text": plain(f"Variant {n}"), "value": f"v{n}"} for n in (1, 2)]
    return {
        "type": "modal",
        "callback_id": "link",
        "private_metadata": "listing-1",
        "notify_on_close": True,
        "title": plain(title),
        "submit": plain("Link SKU"),
        "close": plain("Cancel"),
        "blocks": [
            field("search", search, optional=True, dispatch_action=True),
            field("list", {"type": "radio_buttons", "action_id": "pick", "options": radio}, optional=True),
            field("units", {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "min_value": "1"}),
            *more,
        ],
    }


ALERT = [
    line("SKU *red*", button("Accept", "accept", value="red")),
    line("SKU *blue*", button("Accept", "accept", value="blue")),
    {
        "type": "actions",
        "block_id": "below",
        "elements": [
            button("Unlink", "unlink", confirm={k: plain(k) for k in ("title", "text", "confirm", "deny")}),
            button("Open", "open", url="https://example.com"),
            {"type": "overflow", "action_id": "more", "options": [{"text": plain("Ignore"), "value": "ignore"}]},
        ],
    },
]


class Bot:
    """The app under the fake's hands: keeps every payload it got."""

    def __init__(self, slack: FakeSlack, url: str) -> None:
        self.got: list[dict[str, Any]] = []
        self.release = asyncio.Event()
        self.options: list[dict[str, Any]] = [{"text": plain("Red sock"), "value": "v-red"}]
        self.on_submit: dict[str, Any] = {}
        client = AsyncWebClient(token=slack.bot_token, base_url=f"{url}/api/")
        self.app = AsyncApp(client=client, signing_secret="s3cret")
        self._register()

    def _register(self) -> None:
        app = self.app

        @app.command("/link")
        async def link(ack: Any, body: Any, client: Any, respond: Any) -> None:
            self.got.append(body)
            word = body["text"].split(" ")[0]
            if word == "slow":
                await self.release.wait()
            if word == "alert":
                await ack(text="alert", blocks=ALERT)
            elif word == "all":
                await ack(text="for all", response_type="in_channel")
            elif word == "empty":
                await ack()
            elif word == "broken":
                await ack(text="x", blocks=[line("x" * 3001, button("x", "x"))])
            elif word == "modal":
                await ack()
                await client.views_open(trigger_id=body["trigger_id"], view=picker())
            elif word == "late":
                await ack()
                await respond("later")
            else:
                await ack(f"you typed {body['text']}")

        @app.action("accept")
        async def accept(ack: Any, body: Any, respond: Any) -> None:
            self.got.append(body)
            await ack()
            await respond(text=f"linked {body['actions'][0]['value']}", replace_original=True)

        @app.action({"action_id": "search", "block_id": "search"})
        @app.action("pick")
        @app.action("more")
        @app.action("open")
        @app.action("unlink")
        async def other(ack: Any, body: Any) -> None:
            self.got.append(body)
            await ack()

        @app.options("search")
        async def suggest(ack: Any, body: Any) -> None:
            self.got.append(body)
            await ack(options=self.options)

        @app.view("link")
        async def submitted(ack: Any, body: Any) -> None:
            self.got.append(body)
            await ack(**self.on_submit)

        @app.view_closed("link")
        async def closed(ack: Any, body: Any) -> None:
            self.got.append(body)
            await ack()

        @app.shortcut("tell")
        async def shortcut(ack: Any, body: Any) -> None:
            self.got.append(body)
            await ack()

        @app.event("app_home_opened")
        async def home(body: Any, client: Any, event: Any) -> None:
            self.got.append(body)
            section = {"type": "section", "text": plain("3 unlinked SKUs")}
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section, *ALERT]})

        @app.event("member_joined_channel")
        async def joined(body: Any) -> None:
            self.got.append(body)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["http", "socket"])
async def rig(request: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[FakeSlack, Bot]]:
    """The fake and the bot, joined by signed HTTP or by Socket Mode."""
    for name in ENV:
        monkeypatch.delenv(name, raising=False)
    slack = FakeSlack(now=clock, signing_secret="s3cret")
    served = await slack.serve()
    bot = Bot(slack, served.url)
    receiver, handler = None, None
    if request.param == "http":
        adapter = AsyncSlackRequestHandler(bot.app)

        async def endpoint(incoming: Request) -> Response:
            return await adapter.handle(incoming)

        receiver = await serve(Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])]))
        slack.request_url = f"{receiver.url}/slack/events"
    else:
        web = AsyncWebClient(token=slack.app_token, base_url=f"{served.url}/api/")
        handler = AsyncSocketModeHandler(bot.app, slack.app_token, web_client=web)
        await handler.connect_async()
        await slack.until(lambda: slack.sockets.open)
    yield slack, bot
    if handler is not None:
        await handler.close_async()
    if receiver is not None:
        await receiver.close()
    await served.close()


Rig = tuple[FakeSlack, Bot]


# commands
async def test_a_command_is_answered_to_the_person_alone(rig: Rig) -> None:
    slack, bot = rig
    answer = await slack.person("U2").command("C1", "/link find @ana in #ops-private #tiktok-shop <b> & c")
    assert answer.ok
    assert answer.seconds < 3
    assert bot.got[0]["text"] == "find <@U1|ana> in <#C3|> <#C1|tiktok-shop> &lt;b&gt; &amp; c"
    assert bot.got[0]["channel_name"] == "tiktok-shop"
    assert bot.got[0]["user_id"] == "U2"
    assert slack.ephemerals("U2", "C1")[0]["text"].startswith("you typed find")
    assert slack.ephemerals("U1", "C1") == slack.messages("C1") == []
    assert slack.complaints == []


async def test_an_in_channel_answer_shows_the_command_too(rig: Rig) -> None:
    slack, _ = rig
    await slack.person("U1").command("C1", "/link all")
    assert [(one["user"], one["text"]) for one in slack.messages("C1")] == [
        ("U1", "/link all"),
        (slack.world.bot_user, "for all"),
    ]


async def test_an_empty_answer_shows_nothing(rig: Rig) -> None:
    slack, _ = rig
    assert (await slack.person("U1").command("C1", "/link empty")).ok
    assert slack.ephemerals("U1", "C1") == []


async def test_a_later_answer_comes_by_the_response_url(rig: Rig) -> None:
    slack, bot = rig
    await slack.person("U1").command("C3", "/link late")
    [message] = await slack.until(lambda: slack.ephemerals("U1", "C3"))
    assert message["text"] == "later"
    assert bot.got[0]["channel_name"] == "privategroup"
    await slack.person("U1").command(slack.dm("U1"), "/link empty")
    assert bot.got[1]["channel_name"] == "directmessage"


async def test_an_answer_that_breaks_a_limit_is_complained_about(rig: Rig) -> None:
    slack, _ = rig
    answer = await slack.person("U1").command("C1", "/link broken")
    assert answer.error == "invalid_blocks"
    assert [one.kind for one in slack.complaints] == ["invalid_blocks"]
    assert "/blocks/0/text/text" in slack.complaints[0].detail
    assert slack.ephemerals("U1", "C1") == []


async def test_a_slow_command_times_out_and_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    slack, bot = rig
    monkeypatch.setattr("bot.rehearsal.slack_wire.ANSWER_SECONDS", 0.1)
    answer = await slack.person("U1").command("C1", "/link slow")
    bot.release.set()
    assert answer.error == "operation_timeout"
    assert slack.notices("U1") == ["/link failed with the error “operation_timeout”"]
    assert [one.kind for one in slack.complaints] == ["operation_timeout"]


async def test_an_unknown_command_never_reaches_the_bot(rig: Rig) -> None:
    slack, bot = rig
    assert (await slack.person("U1").command("C1", "/lnk")).error == "not_a_command"
    assert bot.got == []
    assert slack.notices("U1") == ["/lnk is not a valid command."]
    with pytest.raises(NotThere):
        await slack.person("U3").command("C3", "/link in a channel they do not see")


# buttons
async def test_a_button_is_found_by_label_and_text_near_it(rig: Rig) -> None:
    slack, bot = rig
    ana = slack.person("U1")
    await ana.command("C1", "/link alert")
    [message] = slack.ephemerals("U1", "C1")
    await ana.click(message, "Accept", near="blue")
    body = bot.got[-1]
    assert body["type"] == "block_actions"
    assert body["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": "C1",
        "is_ephemeral": True,
    }
    assert "message" not in body
    assert body["actions"][0]["value"] == "blue"
    assert body["actions"][0]["text"] == plain("Accept")
    assert body["user"] == {"id": "U1", "username": "ana", "name": "ana", "team_id": "T0001"}
    [changed] = await slack.until(lambda: slack.find_text("linked blue", user="U1"))
    assert changed["ts"] == message["ts"]
    with pytest.raises(NotThere):
        await ana.click(message, "Accept")
    assert (await ana.click(message, "Accept", near="red", stale=True)).ok
    with pytest.raises(NotThere):
        await slack.person("U2").click(message, "Accept")


async def test_a_message_of_the_channel_comes_with_its_content(rig: Rig) -> None:
    slack, bot = rig
    await bot.app.client.chat_postMessage(channel="C1", text="alert", blocks=ALERT)
    [message] = slack.messages("C1")
    await slack.person("U5").click(message, "Accept", nth=1)
    body = bot.got[-1]
    assert body["message"]["text"] == "alert"
    assert body["actions"][0]["value"] == "blue"
    assert body["user"]["team_id"] == "T0002"
    assert body["response_url"].startswith(slack.url)


async def test_a_confirm_dialog_stands_before_the_act(rig: Rig) -> None:
    slack, bot = rig
    ana = slack.person("U1")
    await ana.command("C1", "/link alert")
    [message] = slack.ephemerals("U1", "C1")
    count = len(bot.got)
    with pytest.raises(ConfirmNeeded):
        await ana.click(message, "Unlink")
    assert len(bot.got) == count
    assert (await ana.click(message, "Unlink", confirm=True)).ok
    assert (await ana.click(message, "Open")).url == "https://example.com"
    await ana.click(message, "more", "Ignore")
    assert bot.got[-1]["actions"][0]["selected_option"]["value"] == "ignore"
    with pytest.raises(NotThere, match="there are"):
        await ana.click(message, "Nonsense")


async def test_an_unhandled_action_is_complained_about(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    slack, bot = rig
    monkeypatch.setattr("bot.rehearsal.slack_wire.ANSWER_SECONDS", 0.3)
    blocks = [{"type": "actions", "elements": [button("Nobody", "nobody")]}]
    await bot.app.client.chat_postMessage(channel="C1", text="x", blocks=blocks)
    answer = await slack.person("U1").click(slack.messages("C1")[0], "Nobody")
    assert answer.error in ("dispatch_failed", "operation_timeout")  # 404 by HTTP, no acknowledgement by socket
    assert [one.what for one in slack.complaints] == ["interactive.block_actions"]
    assert "Something went wrong" in slack.notices("U1")[0]


# modals
async def modal(slack: FakeSlack, user: str = "U1") -> dict[str, Any]:
    await slack.person(user).command("C1", "/link modal")
    return (await slack.until(lambda: slack.views_open(user)))[-1]


async def test_a_modal_is_filled_and_submitted(rig: Rig) -> None:
    slack, bot = rig
    ana, view = slack.person("U1"), await modal(slack)
    menu = await ana.type_ahead(view, "search", "red")
    assert menu.labels == ["Red sock"]
    asked = bot.got[-1]
    assert (asked["type"], asked["value"], asked["action_id"]) == ("block_suggestion", "red", "search")
    assert asked["view"]["private_metadata"] == "listing-1"
    await ana.select(view, "search", "Red sock")
    changed = bot.got[-1]
    assert changed["actions"][0]["selected_option"]["value"] == "v-red"
    assert changed["view"]["state"]["values"]["search"]["search"]["selected_option"]["value"] == "v-red"
    assert changed["container"] == {"type": "view", "view_id": view["id"]}
    assert "response_url" not in changed
    count = len(bot.got)
    await ana.click(view, "pick", "Variant 2")  # an input without dispatch_action tells nobody
    assert len(bot.got) == count
    await ana.fill(view, "Units", "6")
    assert (await ana.submit(view)).ok
    sent = bot.got[-1]
    assert sent["type"] == "view_submission"
    values = sent["view"]["state"]["values"]
    assert values["list"]["pick"]["selected_option"]["value"] == "v2"
    assert values["units"]["n"] == {"type": "number_input", "value": "6"}
    assert slack.views_open("U1") == []


async def test_the_client_holds_an_incomplete_form_back(rig: Rig) -> None:
    slack, bot = rig
    ana, view = slack.person("U1"), await modal(slack)
    count = len(bot.got)
    answer = await ana.submit(view)
    assert (answer.sent, answer.errors) == (False, {"units": "Please complete this required field."})
    await ana.fill(view, "units", "0")
    assert "greater than or equal to 1" in ((await ana.submit(view)).errors or {})["units"]
    await ana.fill(view, "units", "1.5")
    assert (await ana.submit(view)).errors == {"units": "Please enter a valid number."}
    assert len(bot.got) == count
    assert slack.views_open("U1")[0]["errors"]


async def test_inline_errors_stay_on_the_view(rig: Rig) -> None:
    slack, bot = rig
    ana, view = slack.person("U1"), await modal(slack)
    await ana.fill(view, "units", "1")
    bot.on_submit = {"response_action": "errors", "errors": {"search": "Choose a variant"}}
    answer = await ana.submit(view)
    assert answer.errors == {"search": "Choose a variant"}
    assert slack.views_open("U1")[0]["errors"] == {"search": "Choose a variant"}
    bot.on_submit = {"response_action": "errors", "errors": {"nowhere": "x"}}
    assert (await ana.submit(view)).error == "unusable_answer"
    assert slack.complaints[-1].kind == "unusable_answer"
    assert "trouble connecting" in slack.notices("U1")[-1]
    bot.on_submit = {}
    assert (await ana.submit(view)).ok
    assert slack.views_open("U1") == []


async def test_a_submission_updates_pushes_and_clears(rig: Rig) -> None:
    slack, bot = rig
    ana, view = slack.person("U1"), await modal(slack)
    await ana.fill(view, "units", "4")
    bot.on_submit = {"response_action": "update", "view": picker("Again")}
    await ana.submit(view)
    [again] = slack.views_open("U1")
    assert (again["id"], again["title"]["text"]) == (view["id"], "Again")
    assert again["state"]["values"]["units"]["n"]["value"] == "4"
    bot.on_submit = {"response_action": "push", "view": picker("Second")}
    await ana.submit(again)
    assert [one["title"]["text"] for one in slack.views_open("U1")] == ["Again", "Second"]
    bot.on_submit = {"response_action": "update", "view": picker("x" * 25)}
    top = slack.views_open("U1")[-1]
    await ana.fill(top, "units", "1")
    assert (await ana.submit(top)).error == "unusable_answer"
    bot.on_submit = {"response_action": "clear"}
    assert (await ana.submit(top)).ok
    assert slack.views_open("U1") == []


async def test_closing_is_told_when_asked_for(rig: Rig) -> None:
    slack, bot = rig
    view = await modal(slack)
    await slack.person("U1").close(view)
    assert (bot.got[-1]["type"], bot.got[-1]["is_cleared"]) == ("view_closed", False)
    with pytest.raises(NotThere):
        await slack.person("U1").submit(view)


async def test_more_than_a_hundred_suggestions_show_nothing(rig: Rig) -> None:
    slack, bot = rig
    ana, view = slack.person("U1"), await modal(slack)
    bot.options = [{"text": plain(f"n{n}"), "value": f"v{n}"} for n in range(101)]
    assert (await ana.type_ahead(view, "search", "n")).all == []
    assert slack.complaints[-1].what == "block_suggestion"
    bot.options = bot.options[:100]
    assert len((await ana.type_ahead(view, "search", "n")).all) == 100
    with pytest.raises(NotThere):
        await ana.select(view, "search", "no such option")


# home, shortcuts, events
async def test_the_home_tab_is_published_on_open_and_has_buttons(rig: Rig) -> None:
    slack, bot = rig
    ana = slack.person("U1")
    await ana.open_home()
    home = await slack.until(lambda: slack.home("U1"))
    assert bot.got[-1]["event"]["tab"] == "home"
    assert slack.find_text("3 unlinked SKUs", user="U1")
    await ana.click(home, "Unlink", confirm=True)
    assert bot.got[-1]["view"]["type"] == "home"
    await ana.open_home()
    assert bot.got[-1]["event"]["view"]["id"] == home["id"]


async def test_shortcuts(rig: Rig) -> None:
    slack, bot = rig
    await slack.person("U1").shortcut("tell")
    assert bot.got[-1]["type"] == "shortcut"
    assert "channel" not in bot.got[-1]
    said = await slack.person("U2").say("C1", "SKU red is out")
    await slack.person("U1").shortcut("tell", said)
    assert bot.got[-1]["type"] == "message_action"
    assert bot.got[-1]["message"]["text"] == "SKU red is out"
    assert bot.got[-1]["channel"] == {"id": "C1", "name": "tiktok-shop"}


async def test_the_bot_hears_of_new_members(rig: Rig) -> None:
    slack, bot = rig
    await slack.join("C2")
    await slack.until(lambda: bot.got)
    assert bot.got[0]["event"]["channel"] == "C2"
    assert bot.got[0]["event"]["user"] == slack.world.bot_user


async def test_lost_and_doubled_deliveries(rig: Rig) -> None:
    slack, bot = rig
    slack.faults.add(Fault("commands.*", FaultKind.HOOK_LOST))
    assert (await slack.person("U1").command("C1", "/link one")).error == "operation_timeout"
    slack.faults.add(Fault("commands.*", FaultKind.HOOK_DOUBLED))
    await slack.person("U1").command("C1", "/link two")
    await slack.deliver()
    assert [one["text"] for one in bot.got] == ["two", "two"]
    slack.faults.add(Fault("events.*", FaultKind.HOOK_DOUBLED))
    await slack.join("C2")
    assert bot.got[2]["event_id"] == bot.got[3]["event_id"]


# transports
async def test_events_not_taken_come_again_with_their_retry_number(clock: Clock) -> None:
    seen: list[tuple[str | None, str | None]] = []
    answers = [500, 500, 200, 500]

    async def endpoint(request: Request) -> Response:
        assert json.loads(await request.body())["event_id"]
        seen.append((request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason")))
        quiet = {"X-Slack-No-Retry": "1"} if len(seen) == 4 else {}
        return JSONResponse({}, answers[len(seen) - 1], headers=quiet)

    receiver = await serve(Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])]))
    slack = FakeSlack(now=clock, request_url=f"{receiver.url}/slack/events")
    await slack.join("C2")
    assert seen == [(None, None), ("1", "http_error")]
    clock.tick(seconds=59)
    assert await slack.deliver() == 0
    clock.tick(seconds=1)
    assert await slack.deliver() == 1
    assert seen[2] == ("2", "http_error")
    await slack.join("C3")  # its answer says: not again
    clock.tick(hours=1)
    assert await slack.deliver() == 0
    assert len(seen) == 4
    assert [one.kind for one in slack.complaints] == ["event_not_taken"] * 3
    await receiver.close()


async def test_events_can_be_late_lost_or_in_another_order(clock: Clock) -> None:
    heard: list[str] = []

    async def endpoint(request: Request) -> Response:
        heard.append(json.loads(await request.body())["event"]["channel"])
        return Response()

    receiver = await serve(Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])]))
    slack = FakeSlack(now=clock, request_url=f"{receiver.url}/slack/events")
    event = {"type": "member_joined_channel", "user": "U2"}
    for kind in (FaultKind.HOOK_DELAYED, None, FaultKind.HOOK_REORDERED, FaultKind.HOOK_LOST):
        if kind is not None:
            slack.faults.add(Fault("events.*", kind, seconds=30))
        slack.wire.emit(event | {"channel": str(kind)})
    slack.wire.emit({"type": "reaction_added", "channel": "not subscribed"})
    await slack.deliver()
    assert heard == ["hook_reordered", "None"]
    clock.tick(seconds=30)
    await slack.deliver()
    assert heard == ["hook_reordered", "None", "hook_delayed"]
    await slack.close()
    await receiver.close()


async def test_requests_carry_a_signature_the_bot_refuses_when_wrong(clock: Clock) -> None:
    slack = FakeSlack(now=clock, signing_secret="other than the bot's")
    served = await slack.serve()
    adapter = AsyncSlackRequestHandler(Bot(slack, served.url).app)

    async def endpoint(request: Request) -> Response:
        return await adapter.handle(request)

    receiver = await serve(Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])]))
    slack.request_url = f"{receiver.url}/slack/events"
    answer = await slack.person("U1").command("C1", "/link x")
    assert (answer.status, answer.error) == (401, "dispatch_failed")
    await receiver.close()
    await served.close()


async def test_without_any_way_to_the_bot_a_command_fails(clock: Clock) -> None:
    slack = FakeSlack(now=clock)
    with pytest.raises(RuntimeError, match="does not know its address"):
        await slack.person("U1").command("C1", "/link")
    slack.url = "http://127.0.0.1:9/"
    assert (await slack.person("U1").command("C1", "/link")).error == "dispatch_failed"
    slack.request_url = "http://127.0.0.1:9/slack/events"
    assert (await slack.person("U1").command("C1", "/link")).error == "dispatch_failed"


@pytest.mark.parametrize("rig", ["socket"], indirect=True)
async def test_a_socket_address_works_once_and_a_dropped_socket_comes_back(rig: Rig) -> None:
    slack, bot = rig
    opened = await AsyncWebClient(base_url=f"{slack.url}/api/").apps_connections_open(app_token=slack.app_token)
    address = opened["url"].replace("ws://", "http://")
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.get(address)
        assert (await http.get(address)).status_code == 403
    first = slack.sockets.open[0]
    await slack.sockets.hang_up()
    await slack.until(lambda: slack.sockets.open and slack.sockets.open[0] is not first, seconds=20)
    assert (await slack.person("U1").command("C1", "/link again")).ok
    assert bot.got[-1]["text"] == "again"


# the page's API
async def test_the_page_shows_and_acts_for_one_user(rig: Rig) -> None:
    slack, bot = rig
    async with httpx.AsyncClient(base_url=slack.url, trust_env=False) as http:
        told = await http.post("/client/command", json={"user": "U1", "channel": "C1", "text": "/link modal"})
        assert told.json() == {"ok": True}
        await slack.until(lambda: slack.views_open("U1"))
        state = (await http.get("/client/state", params={"user": "U1"})).json()
        [view] = state["views"]
        assert view["title"] == plain("Link SKU")
        assert state["user"] == "U1"
        assert {one["id"] for one in state["channels"]} >= {"C1", "C2", "C3"}
        where = {"user": "U1", "container": {"type": "view", "view_id": view["id"]}, "block_id": "search"}
        where["action_id"] = "search"
        offered = (await http.post("/client/options", json=where | {"value": ""})).json()
        assert offered == {"options": bot.options}
        picked = where | {"element": {"selected_option": bot.options[0]}}
        assert (await http.post("/client/action", json=picked)).json() == {"ok": True}
        press = {"user": "U1", "view_id": view["id"], "values": {}}
        told = (await http.post("/client/submit", json=press)).json()
        assert told == {"ok": False, "errors": {"units": "Please complete this required field."}}
        press["values"] = {"units": {"n": {"type": "number_input", "value": "2"}}}
        assert (await http.post("/client/submit", json=press)).json() == {"ok": True}
        assert bot.got[-1]["view"]["state"]["values"]["units"]["n"]["value"] == "2"
        await http.post("/client/message", json={"user": "U2", "channel": "C1", "text": "hi"})
        await http.post("/client/command", json={"user": "U2", "channel": "C1", "text": "/link x"})
        mine = (await http.get("/client/state", params={"user": "U2"})).json()
        assert [(one["text"], one.get("ephemeral")) for one in mine["messages"]["C1"]] == [
            ("hi", None),
            ("you typed x", True),
        ]
        theirs = (await http.get("/client/state", params={"user": "U1"})).json()
        assert [one["text"] for one in theirs["messages"]["C1"]] == ["hi"]
        guest = (await http.get("/client/state", params={"user": "U4"})).json()
        assert [one["id"] for one in guest["channels"]] == ["C1"]
        assert (await http.post("/client/home", json={"user": "U1"})).json() == {"ok": True}
        assert (await http.post("/client/shortcut", json={"user": "U1", "callback_id": "tell"})).json()["ok"]
        assert (await http.post("/client/close", json={"user": "U1", "view_id": "V9"})).status_code == 404
        assert (await http.post("/client/action", json={"user": "U1"})).status_code == 400
        assert (await http.get("/client/state", params={"user": "U404"})).status_code == 404


async def test_the_page_is_told_of_changes(clock: Clock) -> None:
    slack = FakeSlack(now=clock)
    served = await slack.serve()
    numbers: list[int] = []
    async with httpx.AsyncClient(base_url=served.url, trust_env=False) as http:
        async with http.stream("GET", "/client/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            async for text in stream.aiter_lines():
                if text.startswith("data: "):
                    numbers.append(json.loads(text[6:])["n"])
                    slack.world.notice("U1", "something changed")
                if len(numbers) == 3:
                    break
    assert numbers[0] < numbers[1] < numbers[2]
    slack.page.end()
    await served.close()
