"""Case files as values: our own copies in `fixtures`, and the shared ones where that folder lies beside the project."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
OWN = Path(__file__).parent / "fixtures"
SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "cases"


@dataclass(frozen=True)
class Case:
    """`given`: the world before; `when`: steps; `then`: what must hold at the end."""

    name: str
    given: Json
    when: list[Json]
    then: list[Json]

    @property
    def users(self) -> list[str]:
        """Everybody who does something in it."""
        listed = self.given.get("slack", {}).get("users", [])
        return list(dict.fromkeys([*listed, *(step["user"] for step in flat(self.when) if "user" in step)]))

    @property
    def hooks(self) -> list[Json]:
        """Every webhook step, also those inside `concurrently`."""
        return [step for step in flat(self.when) if step["do"].startswith("webhook.")]

    def checks(self, kind: str) -> list[Json]:
        return [check for check in flat(self.then, "all") if check["check"] == kind]


def flat(entries: list[Json], inner: str = "steps") -> Iterator[Json]:
    for entry in entries:
        yield entry
        yield from flat(entry.get(inner, []), inner)


def load(name: str, source: str) -> Case:
    """`source`: own or shared. Skips the test when the shared folder is not there."""
    return _case(json.loads(_path(name, source).read_text()))


def _path(name: str, source: str) -> Path:
    if source == "own":
        return OWN / f"{name}.json"
    found = sorted(SHARED.glob(f"{name}-*.json"))
    if not found:
        pytest.skip(f"no shared/cases/{name}-*.json beside the project: our own copy was played")
    return found[0]


def _case(read: Json) -> Case:
    given = read["given"]
    for store in given["shopify"]["stores"]:  # a store has a permanent domain of this form, and the bot insists on it
        store["myshopifyDomain"] = f"{store['id']}.myshopify.com"
    return Case(read["case"], given, read["when"], read["then"])
