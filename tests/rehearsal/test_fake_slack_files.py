"""Files of the fake Slack: who may fetch them, and the three steps of an upload, with Slack's codes."""

import httpx
import pytest

from bot.rehearsal.slack import FakeSlack
from bot.rehearsal.slack_files import add_file

TOKEN = {"Authorization": "Bearer xoxb-rehearsal-bot"}


@pytest.fixture
async def slack():
    fake = FakeSlack()
    served = await fake.serve()
    yield fake
    await served.close()


async def call(slack: FakeSlack, method: str, **body: object) -> dict:
    async with httpx.AsyncClient() as http:
        return (await http.post(f"{slack.url}/api/{method}", json=body, headers=TOKEN)).json()


async def get(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(url, headers=headers)


async def test_a_file_is_handed_out_to_the_bot_alone(slack: FakeSlack) -> None:
    given = add_file(slack.world, "U1", "links.csv", b"a,b\n")
    assert "content" not in given
    info = await call(slack, "files.info", file=given["id"])
    assert (info["file"]["size"], info["file"]["filetype"]) == (4, "csv")
    address = info["file"]["url_private_download"]
    assert (await get(address, **TOKEN)).content == b"a,b\n"
    page = await get(address)
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert (await get(address, Authorization="Bearer xoxb-wrong")).status_code == 401
    slack.world.scopes.remove("files:read")
    assert "Sign in" in (await get(address, **TOKEN)).text
    assert (await call(slack, "files.info", file=given["id"]))["error"] == "missing_scope"


async def test_what_is_not_there_is_not_found(slack: FakeSlack) -> None:
    assert (await call(slack, "files.info", file="F9"))["error"] == "file_not_found"
    given = add_file(slack.world, "U1", "links.csv", b"a")
    slack.world.files[given["id"]]["deleted"] = True
    assert (await call(slack, "files.info", file=given["id"]))["error"] == "file_deleted"
    assert (await get(given["url_private"], **TOKEN)).status_code == 404


async def test_a_file_input_takes_what_its_element_says(slack: FakeSlack) -> None:
    element = {"type": "file_input", "action_id": "f", "filetypes": ["csv"], "max_files": 1}
    block = {"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "File"}, "element": element}
    title = {"type": "plain_text", "text": "T"}
    trigger = slack.world.new_trigger("U1")
    view = {"type": "modal", "title": title, "submit": title, "callback_id": "c", "blocks": [block]}
    assert (await call(slack, "views.open", trigger_id=trigger, view=view))["ok"]
    (shown,) = slack.views_open("U1")
    person = slack.person("U1")
    assert "required" in ((await person.submit(shown)).errors or {})["b"]
    await person.attach(shown, "File", "x.png", b"x")
    assert "csv" in ((await person.submit(shown)).errors or {})["b"]
    await person.attach(shown, "File", "x.csv", b"x")
    (held,) = slack.views_open("U1")[0]["state"]["values"]["b"]["f"]["files"]
    assert held["name"] == "x.csv"


async def test_the_page_hands_over_a_file_and_opens_one(slack: FakeSlack) -> None:
    async with httpx.AsyncClient(base_url=slack.url) as http:
        given = (await http.post("/client/file", json={"user": "U1", "name": "ä.csv", "content": "ä,b\n"})).json()[
            "file"
        ]
        assert (await http.get(f"/client/file/{given['id']}")).text == "ä,b\n"
        assert (await http.get("/client/file/F9")).status_code == 404
