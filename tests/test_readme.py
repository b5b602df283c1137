"""The README tells what the code does: settings and their defaults, reasons, scopes, verbs, labels, files it names."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.domain.orders import Reason

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank or a higher one."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no heading {title!r}"
    return found.group(2)


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return cells[1:]  # without the head


def settings_of_the_readme() -> dict[str, str]:
    told: dict[str, str] = {}
    for names, default, _ in rows(section("Settings")):
        variables = re.findall(r"`([A-Z_]+)`", names)
        defaults = re.findall(r"`([^`]+)`", default) or [""] * len(variables)
        told |= dict(zip(variables, defaults, strict=True))
    return told


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    told = settings_of_the_readme()
    fields = {str(field.validation_alias): field.get_default(call_default_factory=True) for field in _fields()}
    assert told.keys() == fields.keys()
    for name, default in fields.items():
        assert told[name] == (f"{default:g}" if isinstance(default, float) else str(default or "")), name


def _fields() -> list[Any]:
    return list(Settings.model_fields.values())


def test_n6_every_reason_stands_in_the_readme() -> None:
    told = set(re.findall(r"`([a-z_]+)`", section("What happens to an order")))
    assert {reason.value for reason in Reason} <= told


def test_the_readme_names_the_scopes_the_code_asks_for() -> None:
    from bot.clients.shopify.api import SCOPES

    told = re.search(r"Admin API scopes (.*?);", section("4. Shopify"))
    assert told
    assert set(re.findall(r"`(\w+)`", told.group(1))) == set(SCOPES)


def test_u27_every_verb_stands_in_the_readme() -> None:
    calls = [
        node
        for path in (ROOT / "bot" / "handlers").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Command"
    ]
    verbs = {ast.literal_eval(call.args[0]) for call in calls}
    told = {verb for cells in rows(section("In Slack")) for verb in re.findall(r"/link ([a-z]+)", cells[0])}
    assert len(verbs) > 5
    assert told - {"words"} == verbs | {"help"}


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", README))
def test_files_it_points_at_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_are_targets_of_the_makefile(target: str) -> None:
    assert f"`make {target}`" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
