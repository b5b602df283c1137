"""The Slack manifest says what the code uses: commands, events, shortcuts and scopes, no more and no less."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.manifest import SCOPES, SCOPES_BY_METHOD, as_yaml, render

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / ".." / "shared" / "data" / "slack" / "manifest.schema.json"
URL = "https://bot.example"
BOTH = pytest.mark.parametrize("url", [None, URL], ids=["socket mode", "http"])


def called_methods() -> Iterator[tuple[str, str]]:
    """(file, Web API method) of every `…client.method(` in what talks to Slack."""
    paths = [path for folder in ("handlers", "notify") for path in (ROOT / "bot" / folder).rglob("*.py")]
    for path in sorted([*paths, *(ROOT / "bot").glob("*.py")]):
        for method in re.findall(r"client\.([a-z]+_\w+)\(", path.read_text(encoding="utf-8")):
            yield path.name, method


def test_the_file_is_the_socket_mode_form() -> None:
    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") == as_yaml(), "run: linkbot manifest > manifest.yml"
    assert yaml.safe_load(as_yaml(URL)) == render(URL)


@BOTH
def test_slack_s_schema_accepts_it(url: str | None) -> None:
    if not SCHEMA.exists():
        pytest.skip("Slack's manifest schema is not beside this repository")
    validator = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(render(url))] == []
    wrong = render(url) | {"surprise": 1}
    assert list(validator.iter_errors(wrong)), "the schema is closed, so it would find a slip"


@BOTH
def test_lengths_that_slack_checks(url: str | None) -> None:
    about = render(url)["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000


@BOTH
def test_commands_events_and_shortcuts_are_those_of_the_code(url: str | None) -> None:
    from bot import handlers

    manifest = render(url)
    assert tuple(row["command"] for row in manifest["features"]["slash_commands"]) == tuple(handlers.COMMANDS)
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(handlers.EVENTS)
    shortcuts = {row["callback_id"] for row in manifest["features"].get("shortcuts", [])}
    assert shortcuts == set(handlers.SHORTCUTS)


def test_every_method_the_code_calls_is_in_the_table() -> None:
    unknown = {f"{file}: {method}" for file, method in called_methods() if method not in SCOPES_BY_METHOD}
    assert not unknown, "add the method and its scopes to bot/manifest.py"


def test_scopes_are_what_the_called_methods_need() -> None:
    needed = {"commands"} | {scope for _, method in called_methods() for scope in SCOPES_BY_METHOD.get(method, ())}
    assert set(SCOPES) == needed
    assert set(render()["oauth_config"]["scopes"]["bot"]) == needed


def test_socket_mode_names_no_address_and_http_names_them_all() -> None:
    assert "://" not in as_yaml()
    assert render()["settings"]["socket_mode_enabled"]
    manifest: dict[str, Any] = render(URL + "/")
    addresses = {
        manifest["features"]["slash_commands"][0]["url"],
        manifest["settings"]["event_subscriptions"]["request_url"],
        manifest["settings"]["interactivity"]["request_url"],
        manifest["settings"]["interactivity"]["message_menu_options_url"],
    }
    assert addresses == {f"{URL}/slack/events"}
    assert manifest["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]
    assert not manifest["settings"]["socket_mode_enabled"]
    assert not manifest["settings"]["token_rotation_enabled"], "a static token is never rotated"
