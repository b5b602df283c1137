"""The fake Slack's Web API through slack_sdk's own client over loopback HTTP: what it does and what it refuses."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack import FakeSlack

DIVIDER = {"type": "divider"}
SECTION = {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "hello"}}
TITLE = {"type": "plain_text", "text": "Title"}
MODAL = {"type": "modal", "title": TITLE, "blocks": [SECTION]}
HOME = {"type": "home", "blocks": [SECTION]}


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    fake = FakeSlack(now=clock)
    served = await fake.serve()
    yield fake
    await served.close()


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return at(slack, slack.bot_token)


def at(slack: FakeSlack, token: str | None) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=f"{slack.url}/api/")


async def refused(call: Any) -> dict[str, Any]:
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)


async def code(call: Any) -> str:
    return (await refused(call))["error"]


# tokens and scopes
async def test_tokens_are_checked(slack: FakeSlack, client: AsyncWebClient) -> None:
    who = await client.auth_test()
    assert (who["team_id"], who["user_id"], who["bot_id"]) == ("T0001", slack.world.bot_user, "B0001")
    assert "chat:write" in who.headers["x-oauth-scopes"]
    assert await code(at(slack, None).auth_test()) == "not_authed"
    assert await code(at(slack, "xoxb-other").auth_test()) == "invalid_auth"
    assert await code(at(slack, slack.app_token).users_list()) == "not_allowed_token_type"
    assert await code(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert await code(client.api_call("chat.nonsense")) == "unknown_method"


async def test_a_missing_scope_names_what_is_needed_and_provided(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.world.scopes = ["chat:write"]
    answer = await refused(client.users_info(user="U1"))
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "users:read", "chat:write")


async def test_after_the_uninstall_the_token_is_worthless(slack: FakeSlack, client: AsyncWebClient) -> None:
    await slack.uninstall()
    assert await code(client.auth_test()) == "account_inactive"


async def test_get_post_form_and_json_are_all_taken(slack: FakeSlack) -> None:
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    async with httpx.AsyncClient(base_url=f"{slack.url}/api/", headers=bearer, trust_env=False) as http:
        answers = [
            await http.get("users.info", params={"user": "U1"}),
            await http.post("users.info", data={"user": "U1"}),
            await http.post("users.info", json={"user": "U1"}),
        ]
        posted = await http.post(
            "chat.postMessage", data={"channel": "C1", "text": "x", "blocks": '[{"type":"divider"}]'}
        )
        broken = await http.post("chat.postMessage", data={"channel": "C1", "text": "x", "blocks": "[{"})
    assert [answer.json()["user"]["name"] for answer in answers] == ["ana"] * 3
    assert posted.json()["message"]["blocks"][0]["type"] == "divider"
    assert broken.json()["error"] == "invalid_blocks_format"


async def test_calls_and_refusals_are_kept_without_the_token(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C1", text="hello")
    await code(client.chat_postMessage(channel="C9", text="hello"))
    assert [(one.operation, one.code) for one in slack.calls] == [
        ("chat.postMessage", None),
        ("chat.postMessage", "channel_not_found"),
    ]
    assert [(one.method, one.error, one.args["channel"]) for one in slack.refusals] == [
        ("chat.postMessage", "channel_not_found", "C9")
    ]
    assert slack.bot_token not in repr(slack.calls) + repr(slack.refusals)


# messages
async def test_a_message_is_posted_updated_and_deleted(slack: FakeSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C1", text="one", blocks=[SECTION])
    assert slack.messages("C1")[0]["blocks"] == [SECTION]
    await client.chat_update(channel="C1", ts=posted["ts"], text="two", blocks=[SECTION, DIVIDER])
    [message] = slack.messages("C1")
    assert message["text"] == "two"
    assert len(message["blocks"]) == 2
    assert "edited" not in message
    link = await client.chat_getPermalink(channel="C1", message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/archives/C1/p{posted['ts'].replace('.', '')}")
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert slack.messages("C1") == []
    assert await code(client.chat_update(channel="C1", ts=posted["ts"], text="x")) == "message_not_found"
    assert await code(client.chat_delete(channel="C1", ts=posted["ts"])) == "message_not_found"
    assert await code(client.chat_getPermalink(channel="C1", message_ts=posted["ts"])) == "message_not_found"


async def test_an_update_with_text_alone_removes_the_blocks(slack: FakeSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C1", text="one", blocks=[SECTION])
    await client.chat_update(channel="C1", ts=posted["ts"], text="two")
    [message] = slack.messages("C1")
    assert "blocks" not in message
    assert message["edited"]["user"] == slack.world.bot_user
    assert await code(client.chat_update(channel="C1", ts=posted["ts"], text="x" * 4001)) == "msg_too_long"
    assert await code(client.api_call("chat.update", json={"channel": "C1", "ts": posted["ts"]})) == "no_text"


async def test_where_the_bot_may_post(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C2", text="public, by chat:write.public")
    slack.world.scopes.remove("chat:write.public")
    assert await code(client.chat_postMessage(channel="C2", text="x")) == "not_in_channel"
    assert await code(client.chat_postMessage(channel="C3", text="x")) == "channel_not_found"
    await slack.join("C3")
    await client.chat_postMessage(channel="C3", text="x")
    slack.world.channels["C3"].is_archived = True
    assert await code(client.chat_postMessage(channel="C3", text="x")) == "is_archived"


async def test_a_person_is_messaged_in_their_direct_channel(slack: FakeSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="U1", text="hello")
    opened = await client.conversations_open(users="U1")
    assert posted["channel"] == opened["channel"]["id"] == slack.dm("U1")
    assert await code(client.chat_update(channel="U1", ts=posted["ts"], text="x")) == "channel_not_found"
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x")


async def test_only_own_messages_can_be_changed(slack: FakeSlack, client: AsyncWebClient) -> None:
    theirs = await slack.person("U1").say("C1", "mine")
    assert await code(client.chat_update(channel="C1", ts=theirs["ts"], text="x")) == "cant_update_message"
    assert await code(client.chat_delete(channel="C1", ts=theirs["ts"])) == "cant_delete_message"


async def test_ephemeral_messages_are_seen_by_one_and_never_updated(slack: FakeSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postEphemeral(channel="C1", user="U2", text="psst")
    assert [one["text"] for one in slack.ephemerals("U2", "C1")] == ["psst"]
    assert slack.ephemerals("U1", "C1") == slack.messages("C1") == []
    update = client.chat_update(channel="C1", ts=posted["message_ts"], text="x")
    assert await code(update) == "message_not_found"
    slack.add_user("U9", "zoe")
    assert await code(client.chat_postEphemeral(channel="C1", user="U9", text="x")) == "user_not_in_channel"


async def test_threads(slack: FakeSlack, client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel="C1", text="parent"))["ts"]
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=parent)
    assert [one["text"] for one in slack.messages("C1")] == ["parent"]
    assert [one["text"] for one in slack.messages("C1", thread=parent)] == ["reply"]
    assert await code(client.chat_postMessage(channel="C1", text="x", thread_ts="1.2")) == "thread_not_found"
    number = client.api_call("chat.postMessage", json={"channel": "C1", "text": "x", "thread_ts": float(parent)})
    assert await code(number) == "invalid_arguments"


async def test_text_rules_of_a_post(slack: FakeSlack, client: AsyncWebClient) -> None:
    assert await code(client.api_call("chat.postMessage", json={"channel": "C1", "text": ""})) == "no_text"
    posted = await client.chat_postMessage(channel="C1", text="x" * 40_001)
    assert posted["warning"] == "message_truncated"
    assert len(slack.messages("C1")[0]["text"]) == 40_000
    both = client.chat_postMessage(channel="C1", text="x", markdown_text="x")
    assert await code(both) == "markdown_text_conflict"


async def test_broken_blocks_are_refused_with_pointers(slack: FakeSlack, client: AsyncWebClient) -> None:
    long = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    answer = await refused(client.chat_postMessage(channel="C1", text="x", blocks=[DIVIDER, long]))
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"
    ]
    assert slack.refusals[0].messages == answer["response_metadata"]["messages"]
    assert slack.messages("C1") == []
    huge = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 5
    assert await code(client.chat_postMessage(channel="C1", text="x", blocks=huge)) == "msg_blocks_too_long"
    valid = await client.api_call("blocks.validate", json={"blocks": [DIVIDER]})
    assert valid["errors"] == []
    answer = await refused(client.api_call("blocks.validate", json={"view": {**MODAL, "title": None}}))
    assert answer["errors"][0]["pointer"] == "/view"
    assert await code(client.api_call("blocks.validate", json={})) == "invalid_arguments"


# pace and faults
async def test_a_message_a_second_after_a_burst(slack: FakeSlack, client: AsyncWebClient, clock: Clock) -> None:
    for _ in range(5):
        await client.chat_postMessage(channel="C1", text="x")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C1", text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response["error"] == "ratelimited"
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel="C2", text="another channel has its own pace")
    clock.tick(1)
    await client.chat_postMessage(channel="C1", text="x")
    assert await code(client.chat_postMessage(channel="C1", text="x")) == "ratelimited"
    slack.world.message_burst = None
    await client.chat_postMessage(channel="C1", text="x")
    assert len(slack.messages("C1")) == 7


async def test_faults_on_demand(slack: FakeSlack, client: AsyncWebClient) -> None:
    client.retry_handlers.clear()
    slack.faults.add(Fault("users.info", FaultKind.RATE_LIMITED, retry_after=7))
    with pytest.raises(SlackApiError) as caught:
        await client.users_info(user="U1")
    assert caught.value.response["error"] == "ratelimited"
    assert caught.value.response.headers["Retry-After"] == "7"
    slack.faults.add(Fault("chat.*", FaultKind.TIMEOUT_AFTER_DONE))
    with pytest.raises(Exception, match="disconnected"):
        await client.chat_postMessage(channel="C1", text="done all the same")
    assert [one["text"] for one in slack.messages("C1")] == ["done all the same"]
    slack.faults.add(Fault("chat.postMessage", FaultKind.TIMEOUT_BEFORE))
    with pytest.raises(Exception, match="disconnected"):
        await client.chat_postMessage(channel="C1", text="never")
    slack.faults.add(Fault("chat.postMessage", FaultKind.SERVER_ERROR))
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C1", text="never")
    assert len(slack.messages("C1")) == 1


# views
async def opened(slack: FakeSlack, client: AsyncWebClient, **more: Any) -> dict[str, Any]:
    answer = await client.views_open(trigger_id=slack.world.new_trigger("U1"), view=MODAL | more)
    return dict(answer["view"])


async def test_triggers_live_three_seconds_and_work_once(
    slack: FakeSlack, client: AsyncWebClient, clock: Clock
) -> None:
    trigger = slack.world.new_trigger("U1")
    clock.tick(3)
    await client.views_open(trigger_id=trigger, view=MODAL)
    assert await code(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    late = slack.world.new_trigger("U1")
    clock.tick(3.1)
    assert await code(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    assert await code(client.views_open(trigger_id="1.2.x", view=MODAL)) == "invalid_trigger_id"
    assert len(slack.views_open("U1")) == 1


async def test_at_most_three_views_on_each_other(slack: FakeSlack, client: AsyncWebClient) -> None:
    assert await code(client.views_push(trigger_id=slack.world.new_trigger("U1"), view=MODAL)) == "invalid_trigger_id"
    root = await opened(slack, client)
    for _ in range(2):
        pushed = await client.views_push(trigger_id=slack.world.new_trigger("U1"), view=MODAL)
    assert pushed["view"]["root_view_id"] == root["id"]
    assert pushed["view"]["previous_view_id"] != root["id"]
    push = client.views_push(trigger_id=slack.world.new_trigger("U1"), view=MODAL)
    assert await code(push) == "push_limit_reached"
    assert len(slack.views_open("U1")) == 3


async def test_a_stale_hash_and_a_closed_view_are_refused(slack: FakeSlack, client: AsyncWebClient) -> None:
    view = await opened(slack, client)
    newer = await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert newer["view"]["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await code(stale) == "hash_conflict"
    await client.views_update(view_id=view["id"], view=MODAL)
    await slack.person("U1").close(view)
    assert await code(client.views_update(view_id=view["id"], view=MODAL)) == "not_found"
    assert await code(client.views_update(view_id="V9", view=MODAL)) == "not_found"


async def test_external_ids_are_unique_and_name_a_view(slack: FakeSlack, client: AsyncWebClient) -> None:
    await opened(slack, client, external_id="x-1")
    second = client.views_push(trigger_id=slack.world.new_trigger("U1"), view=MODAL | {"external_id": "x-1"})
    assert await code(second) == "duplicate_external_id"
    changed = MODAL | {"external_id": "x-1", "callback_id": "found"}
    await client.views_update(external_id="x-1", view=changed)
    assert slack.views_open("U1")[0]["callback_id"] == "found"


async def test_broken_views_are_refused(slack: FakeSlack, client: AsyncWebClient) -> None:
    trigger = slack.world.new_trigger("U1")
    answer = await refused(client.views_open(trigger_id=trigger, view=MODAL | {"title": {**TITLE, "text": "x" * 25}}))
    assert answer["error"] == "invalid_arguments"
    assert "json-pointer:/view/title/text" in answer["response_metadata"]["messages"][0]
    huge = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2990}}] * 90
    assert await code(client.views_open(trigger_id=trigger, view=MODAL | {"blocks": huge})) == "view_too_large"
    assert await code(client.views_open(trigger_id=trigger, view=HOME)) == "invalid_arguments"
    assert await code(client.views_publish(user_id="U1", view=MODAL)) == "invalid_arguments"
    await client.views_open(trigger_id=trigger, view=MODAL)  # a refused call does not use the trigger up


async def test_the_home_view_is_published_per_person(slack: FakeSlack, client: AsyncWebClient) -> None:
    first = (await client.views_publish(user_id="U1", view=HOME))["view"]
    await client.views_publish(user_id="U1", view=HOME | {"callback_id": "two"}, hash=first["hash"])
    stale = client.views_publish(user_id="U1", view=HOME, hash=first["hash"])
    assert await code(stale) == "hash_conflict"
    assert (slack.home("U1") or {})["callback_id"] == "two"
    assert slack.home("U2") is None
    assert await code(client.views_publish(user_id="U404", view=HOME)) == "user_not_found"


async def test_state_survives_an_update_only_where_ids_stay_equal(slack: FakeSlack, client: AsyncWebClient) -> None:
    def field(block_id: str, initial: str) -> dict[str, Any]:
        element = {"type": "plain_text_input", "action_id": "a", "initial_value": initial}
        return {"type": "input", "block_id": block_id, "label": TITLE, "element": element}

    view = await opened(slack, client, submit=TITLE, blocks=[field("one", "first"), field("two", "first")])
    await slack.person("U1").fill(view, "one", "typed")
    await slack.person("U1").fill(view, "two", "typed")
    newer = MODAL | {"submit": TITLE, "blocks": [field("one", "second"), field("two-reset", "second")]}
    values = (await client.views_update(view_id=view["id"], view=newer))["view"]["state"]["values"]
    assert values["one"]["a"]["value"] == "typed"
    assert values["two-reset"]["a"]["value"] == "second"
    assert "two" not in values


# response urls
def hook(slack: FakeSlack, message: Any = None) -> AsyncWebhookClient:
    return AsyncWebhookClient(slack.world.new_response_url("C3", "U2", message))


async def test_a_response_url_works_five_times(slack: FakeSlack) -> None:
    url = hook(slack)
    for number in range(5):
        assert (await url.send(text=f"n{number}")).status_code == 200
    sixth = await url.send(text="n5")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)
    assert [one["text"] for one in slack.ephemerals("U2", "C3")] == ["n0", "n1", "n2", "n3", "n4"]
    assert slack.refusals[-1].error == "used_url"


async def test_a_response_url_works_for_half_an_hour(slack: FakeSlack, clock: Clock) -> None:
    url = hook(slack)
    clock.tick(30 * 60)
    assert (await url.send(text="in time", response_type="in_channel")).status_code == 200
    clock.tick(1)
    late = await url.send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)
    assert [one["text"] for one in slack.messages("C3")] == ["in time"]


async def test_the_response_url_of_a_command_replaces_nothing(slack: FakeSlack) -> None:
    url = hook(slack)
    await url.send(text="one")
    await url.send(text="two", replace_original=True)
    assert [one["text"] for one in slack.ephemerals("U2", "C3")] == ["one", "two"]


async def test_a_response_url_replaces_and_deletes_its_message(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C1", user="U2", text="one", blocks=[SECTION])
    message = slack.world.channels["C1"].messages[0]
    url = AsyncWebhookClient(slack.world.new_response_url("C1", "U2", message))
    await url.send(text="two", blocks=[DIVIDER], replace_original=True)
    [shown] = slack.ephemerals("U2", "C1")
    assert (shown["text"], shown["ts"], shown["blocks"][0]["type"]) == ("two", message.ts, "divider")
    too_long = await url.send(text="x", blocks=[{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}])
    assert too_long.status_code == 400
    assert slack.refusals[-1].error == "invalid_blocks"
    assert (await url.send(text="")).status_code == 400
    await url.send(delete_original=True)
    assert slack.ephemerals("U2", "C1") == []


# looking up
async def test_people_channels_and_groups(slack: FakeSlack, client: AsyncWebClient) -> None:
    assert (await client.users_info(user="U4"))["user"]["is_restricted"] is True
    assert (await client.users_info(user="U5"))["user"]["team_id"] == "T0002"
    assert await code(client.users_info(user="U404")) == "user_not_found"
    assert "U5" not in [one["id"] for one in (await client.users_list())["members"]]
    slack.add_usergroup("S1", "linkers", ["U2"])
    assert (await client.usergroups_list())["usergroups"][0]["handle"] == "linkers"
    assert (await client.usergroups_users_list(usergroup="S1"))["users"] == ["U2"]
    assert await code(client.usergroups_users_list(usergroup="S9")) == "no_such_subteam"
    assert (await client.team_info())["team"]["id"] == "T0001"
    assert (await client.bots_info(bot="B0001"))["bot"]["user_id"] == slack.world.bot_user


async def test_user_groups_need_a_paid_plan_their_scope_and_to_be_active(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.add_usergroup("S1", "linkers", ["U2"])
    slack.world.usergroups["S1"]["date_delete"] = 1
    assert (await client.usergroups_list())["usergroups"] == []
    assert len((await client.usergroups_list(include_disabled=True))["usergroups"]) == 1
    assert await code(client.usergroups_users_list(usergroup="S1")) == "no_such_subteam"
    assert (await client.usergroups_users_list(usergroup="S1", include_disabled=True))["users"] == ["U2"]
    slack.world.is_paid = False
    assert await code(client.usergroups_list()) == "plan_upgrade_required"
    assert await code(client.usergroups_users_list(usergroup="S1")) == "plan_upgrade_required"
    slack.world.scopes.remove("usergroups:read")
    assert await code(client.usergroups_list()) == "missing_scope"


async def test_private_channels_without_the_bot_do_not_exist_for_it(slack: FakeSlack, client: AsyncWebClient) -> None:
    both = "public_channel,private_channel"
    assert [one["id"] for one in (await client.conversations_list(types=both))["channels"]] == ["C1", "C2"]
    assert await code(client.conversations_info(channel="C3")) == "channel_not_found"
    assert await code(client.conversations_members(channel="C3")) == "channel_not_found"
    assert (await client.conversations_info(channel="C2"))["channel"]["is_member"] is False
    assert (await client.conversations_join(channel="C2"))["channel"]["is_member"] is True
    await slack.join("C3")
    assert await code(client.conversations_join(channel="C3")) == "method_not_supported_for_channel_type"
    assert await code(client.conversations_open(users=slack.world.bot_user)) == "cannot_dm_bot"


async def test_lists_come_in_pages(slack: FakeSlack, client: AsyncWebClient) -> None:
    seen, cursor = [], None
    while cursor != "":
        page = await client.users_list(limit=2, cursor=cursor)
        assert len(page["members"]) <= 2
        seen += [one["id"] for one in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert seen == ["U1", "U2", "U3", "U4", slack.world.bot_user]
    assert await code(client.users_list(cursor="!")) == "invalid_cursor"
    for many in (1000, 1001):
        assert await code(client.users_list(limit=many)) == "invalid_limit"
    assert await code(client.api_call("users.list", params={"limit": "many"})) == "invalid_limit"


# files
async def test_a_file_is_uploaded_in_three_steps(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.files_upload_v2(channel="C1", filename="a.csv", content="sku,price\n", initial_comment="Here")
    [message] = slack.messages("C1")
    assert message["text"] == "Here"
    async with httpx.AsyncClient(trust_env=False) as http:
        token = {"Authorization": f"Bearer {slack.bot_token}"}
        assert (await http.get(message["files"][0]["url_private"], headers=token)).text == "sku,price\n"
    assert await code(client.files_getUploadURLExternal(filename="a", length=0)) == "invalid_arguments"
    nothing = client.files_completeUploadExternal(files=[{"id": "F404"}], channel_id="C1")
    assert await code(nothing) == "file_not_found"
    await client.files_upload_v2(filename="b.csv", content="x")
    slack.world.channels["C1"].members.remove(slack.world.bot_user)
    upload = client.files_upload_v2(channel="C1", filename="c.csv", content="x")
    assert await code(upload) == "not_in_channel"


# OAuth
async def test_consent_gives_a_code_that_works_once(slack: FakeSlack) -> None:
    ask = {"client_id": slack.consent.client_id, "scope": "commands,chat:write", "state": "s1"}
    ask["redirect_uri"] = "http://127.0.0.1:9/slack/oauth_redirect"
    async with httpx.AsyncClient(base_url=slack.url, trust_env=False) as http:
        page = await http.get("/oauth/v2/authorize", params=ask)
        assert "<li>chat:write</li>" in page.text
        sent = await http.get("/oauth/v2/allow", params=ask)
    back = httpx.URL(sent.headers["location"])
    assert back.params["state"] == "s1"

    async def exchange(**more: str) -> Any:
        given = {"client_id": slack.consent.client_id, "client_secret": slack.consent.client_secret} | more
        return await at(slack, None).oauth_v2_access(**given)

    assert await code(exchange(code=back.params["code"], client_secret="wrong")) == "bad_client_secret"
    assert await code(exchange(code=back.params["code"], client_id="wrong")) == "invalid_client_id"
    granted = await exchange(code=back.params["code"], redirect_uri=ask["redirect_uri"])
    assert granted["access_token"] == slack.bot_token
    assert granted["team"]["id"] == "T0001"
    assert await code(exchange(code=back.params["code"])) == "invalid_code"
