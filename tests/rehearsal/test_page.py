"""The rehearsal's page: its files, their policy and what they may not do."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette

from bot.rehearsal.page_server import page_routes

FILES = {"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css"}


@pytest.fixture
async def page() -> AsyncIterator[httpx.AsyncClient]:
    served = httpx.ASGITransport(Starlette(routes=page_routes()))
    async with httpx.AsyncClient(transport=served, base_url="http://page") as client:
        yield client


class Tags(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._in = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in ("script", "style") and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize(("path", "media_type"), FILES.items())
async def test_each_file_is_served_uncached_under_a_policy_of_its_own_origin(
    page: httpx.AsyncClient, path: str, media_type: str
) -> None:
    answer = await page.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["cache-control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert not [name for name, sources in policy.items() if "unsafe" in sources or "http" in sources or "*" in sources]


async def test_only_the_three_files_are_served(page: httpx.AsyncClient) -> None:
    assert (await page.get("/page.py")).status_code == 404
    assert (await page.get("/__init__.py")).status_code == 404
    assert (await page.post("/")).status_code == 405


async def test_html_has_no_inline_script_style_or_handler(page: httpx.AsyncClient) -> None:
    tags = Tags((await page.get("/")).text)
    assert tags.inline == []
    names = {name for _, attributes in tags.found for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


async def test_html_refers_only_to_its_own_server_and_what_it_names_is_served(page: httpx.AsyncClient) -> None:
    tags = Tags((await page.get("/")).text)
    addresses = [a[name] or "" for _, a in tags.found for name in ("src", "href", "action") if name in a]
    outside = [one for one in addresses if one != "data:,"]
    assert sorted(outside) == ["/page.css", "/page.js"]
    assert [(await page.get(one)).status_code for one in outside] == [200, 200]


async def test_script_never_parses_html_or_code(page: httpx.AsyncClient) -> None:
    script = (await page.get("/page.js")).text
    ways = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment")
    assert [way for way in ways if way in script] == []
    assert not re.search(r"\beval\(|new Function\(|setAttribute\(\s*['\"](on|style)|\bsrcdoc\b", script)


async def test_script_and_style_ask_no_other_server(page: httpx.AsyncClient) -> None:
    script, style = (await page.get("/page.js")).text, (await page.get("/page.css")).text
    assert re.findall(r"https?://[\w.-]+", script) == ["http://www.w3.org"]  # the name of SVG, never fetched
    assert re.findall(r"https?:|@import|url\(", style) == []
    assert "import(" not in script
    assert re.findall(r"^\s*import\b.*", script, re.MULTILINE) == []


async def test_every_id_the_script_asks_for_is_in_the_html(page: httpx.AsyncClient) -> None:
    ids = {attributes["id"] for _, attributes in Tags((await page.get("/")).text).found if "id" in attributes}
    asked = set(re.findall(r"\$\('([\w-]+)'\)", (await page.get("/page.js")).text))
    assert asked - ids == set()
