"""Files of the fake Slack: pictures in messages are known, finished and pictures, or the message is refused."""

from typing import Any

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.rehearsal.faults import Fault, FaultKind
from bot.rehearsal.slack import FakeSlack
from tests.rehearsal.test_fake_slack_api import MODAL, client, clock, code, refused, slack

__all__ = ["client", "clock", "slack"]
PNG = b"\x89PNG\r\n\x1a\n"


def image(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "image", "slack_file": file, "alt_text": "a chart"}]


async def upload(client: AsyncWebClient, name: str = "chart.png") -> str:
    answer = await client.files_upload_v2(file=PNG, filename=name)
    return str((answer["files"] or [{}])[0]["id"])


async def test_an_uploaded_picture_is_shown_and_served_to_the_page(slack: FakeSlack, client: AsyncWebClient) -> None:
    file_id = await upload(client)
    assert len(file_id) >= 9, "Slack's ids: F and eight more"
    await client.chat_postMessage(channel="C1", text="t", blocks=image({"id": file_id}))
    async with httpx.AsyncClient(trust_env=False, base_url=slack.url) as http:
        state = (await http.get("/client/state", params={"user": "U1"})).json()
        [block] = state["messages"]["C1"][-1]["blocks"]
        assert block["image_url"] == f"/slack/client/file/{file_id}"
        served = await http.get(f"/client/file/{file_id}")
        assert (served.content, served.headers["content-type"]) == (PNG, "image/png")
    assert "image_url" not in slack.messages("C1")[-1]["blocks"][0]


async def test_a_shared_file_is_served_to_the_page_as_a_download(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.files_upload_v2(channel="C1", filename="a.csv", content="sku\n")
    async with httpx.AsyncClient(trust_env=False, base_url=slack.url) as http:
        state = (await http.get("/client/state", params={"user": "U1"})).json()
        address = state["messages"]["C1"][-1]["files"][0]["url_private"]
        served = await http.get(address.removeprefix("/slack"))
    assert served.headers["content-disposition"] == 'attachment; filename="a.csv"'


async def test_only_a_picture_that_slack_has_may_be_shown(slack: FakeSlack, client: AsyncWebClient) -> None:
    begun = await client.files_getUploadURLExternal(filename="b.png", length=8)
    for file in (
        {"id": "F00009999"},
        {"id": begun["file_id"]},
        {"id": await upload(client, "a.csv")},
        {"url": "https://x/y"},
    ):
        told = await refused(client.chat_postMessage(channel="C1", text="t", blocks=image(file)))
        assert told["error"] == "invalid_blocks"
        assert told["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]
    shown = client.chat_postEphemeral(channel="C1", user="U1", text="t", blocks=image({"id": "F00009999"}))
    assert await code(shown) == "invalid_blocks"
    opened = client.views_open(
        trigger_id=slack.world.new_trigger("U1"), view=MODAL | {"blocks": image({"id": "F00009999"})}
    )
    assert await code(opened) == "invalid_blocks"
    assert not slack.messages("C1")


async def test_a_response_url_refuses_it_too(slack: FakeSlack, client: AsyncWebClient) -> None:
    hook = AsyncWebhookClient(slack.world.new_response_url("C1", "U1"))
    answer = await hook.send(text="t", blocks=image({"id": "F00009999"}))
    assert answer.status_code == 400
    assert "invalid_blocks" in answer.body
    assert (await hook.send(text="t", blocks=image({"id": await upload(client)}))).status_code == 200


async def test_a_fresh_picture_is_not_ready_at_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.world.files_late = 2
    blocks = image({"id": await upload(client)})
    for _ in range(2):
        assert await code(client.chat_postMessage(channel="C1", text="t", blocks=blocks)) == "invalid_blocks"
    await client.chat_postMessage(channel="C1", text="t", blocks=blocks)


async def test_the_scope_and_the_bytes_may_fail(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.add(Fault("upload", FaultKind.SERVER_ERROR))
    with pytest.raises(Exception, match="status: 500"):
        await upload(client)
    slack.world.scopes.remove("files:write")
    assert await code(upload(client)) == "missing_scope"
