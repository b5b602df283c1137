"""The house rules, read off the source: who imports whom, purity, sizes, names, counted escape hatches, clean locks."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BOT = ROOT / "bot"
FILES = sorted(path for path in BOT.rglob("*.py") if "__pycache__" not in path.parts)

# Who may import whom. A room is a folder of `bot`, or a module that stands alone in it.
ROOMS: dict[str, set[str]] = {
    "domain": set(),
    "store": {"domain"},
    "clients": {"domain"},
    "views": {"domain"},
    "sync": {"domain", "store", "clients"},
    "notify": {"domain", "store", "views"},
    "handlers": {"domain", "store", "views", "sync"},
    "rehearsal": set(),
    "config": set(),
    "logs": set(),
    "manifest": set(),
}
"""Every other module of `bot` joins the parts and may import all of them."""

STAGE = {
    "rehearsal/stage.py",
    "rehearsal/story.py",
    "rehearsal/scenes.py",
    "rehearsal/seed.py",
    "rehearsal/demo.py",
}
"""The parts of the rehearsal that drive the real bot. The fakes know nothing of it: a second opinion, no mirror."""

OUTSIDE: dict[str, set[str]] = {
    # Third-party packages a room may use; no room but these reaches a network, a database or Slack.
    "domain": set(),
    "views": set(),
    "store": {"alembic", "cryptography", "psycopg", "sqlalchemy", "sqlmodel"},
    "clients": {"httpx", "phonenumbers", "tenacity"},
    "sync": {"apscheduler", "prometheus_client", "tenacity"},
    "notify": {"slack_sdk"},
    "handlers": {"prometheus_client", "rapidfuzz", "slack_bolt", "slack_sdk", "starlette"},
    "config": {"pydantic", "pydantic_settings"},
    "logs": set(),
    "manifest": {"yaml"},
}
OUTSIDE_EXTRA = {
    "domain/evidence.py": {"rapidfuzz"},
    "domain/searching.py": {"rapidfuzz"},
    "handlers/files.py": {"aiohttp"},  # the class of the errors that slack_sdk lets through; no call of its own
}

BROAD_EXCEPTS: dict[str, int] = {
    "checks.py": 1,
    "handlers/guard.py": 4,
    "store/db.py": 1,
    "store/grouping.py": 1,
    "sync/runner.py": 5,
    "sync/schedule.py": 1,
    "web.py": 1,
}
TYPE_IGNORES: dict[str, int] = {"serving.py": 2, "slack.py": 1, "web.py": 1}
FIRST_MIGRATION = "store/migrations/versions/v0001_first_release.py"  # a frozen picture of the tables, not code to read
LONG_FILES: dict[str, int] = {FIRST_MIGRATION: 415, "views/texts.py": 411}  # the second: every sentence, a table
LONG_FUNCTIONS: set[str] = {f"{FIRST_MIGRATION}:_jobs"}
"""Escape hatches, counted: each number is exact and only a reviewer raises it."""


def name_of(path: Path) -> str:
    return path.relative_to(BOT).as_posix()


def room_of(path: Path) -> str:
    first = path.relative_to(BOT).parts[0]
    return first.removesuffix(".py")


@cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(source(path), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all imports, also those inside functions and `if TYPE_CHECKING`; relative ones made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            # `from bot.clients import hooks` names a module, `from bot.clients.tiktok.hooks import verify` a member
            yield from (".".join([*base, alias.name]) for alias in node.names)


def product(*rooms: str) -> list[Path]:
    return [path for path in FILES if room_of(path) in rooms]


def test_the_rooms_stand() -> None:
    found = {room_of(path) for path in FILES}
    assert {"domain", "store", "clients", "sync", "views", "handlers", "notify", "rehearsal"} <= found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path)
    if room not in ROOMS or name_of(path) in STAGE:
        return
    allowed = ROOMS[room] | {room}
    wrong = [
        name
        for name in imports(path)
        if name.startswith("bot.") and name.split(".")[1] not in allowed and not _is_pure_hook(path, name)
    ]
    assert not wrong, f"{name_of(path)} must not import {wrong}"


def _is_pure_hook(path: Path, name: str) -> bool:
    """`handlers/webhooks.py` may call the verification of raw bytes, which does no I/O."""
    return name_of(path) == "handlers/webhooks.py" and bool(re.match(r"bot\.clients\.\w+\.hooks\b", name))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_uses_only_its_own_packages(path: Path) -> None:
    room = room_of(path)
    if room not in OUTSIDE:
        return
    allowed = OUTSIDE[room] | OUTSIDE_EXTRA.get(name_of(path), set())
    used = {name.split(".")[0] for name in imports(path)} - {"bot"} - sys.stdlib_module_names
    assert used <= allowed, f"{name_of(path)} must not use {used - allowed}"


IMPURE_IMPORTS = {"asyncio", "logging", "os", "pathlib", "random", "secrets", "socket", "threading", "time", "uuid"}
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "print", "open", "input"}


@pytest.mark.parametrize("path", product("domain", "views"), ids=name_of)
def test_domain_and_views_are_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE_IMPORTS
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith | ast.Global)
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in IMPURE_CALLS, f"line {node.lineno} of {name_of(path)}"


@pytest.mark.parametrize("path", product("store"), ids=name_of)
def test_a_unit_never_waits(path: Path) -> None:
    """Inside the store only `db.py` is async; a repository runs whole in a thread and can't stay open over an await."""
    if name_of(path) == "store/db.py":
        return
    assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]


@pytest.mark.parametrize("path", [p for p in product("rehearsal") if name_of(p) not in STAGE], ids=name_of)
def test_the_fakes_are_a_second_opinion(path: Path) -> None:
    theirs = {name for name in imports(path) if name.split(".")[0] == "bot"}
    assert not {name for name in theirs if not name.startswith("bot.rehearsal")}
    stage = {part.removesuffix(".py").replace("/", ".") for part in STAGE}
    assert not {name for name in theirs if name.removeprefix("bot.") in stage}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_says_what_lives_in_it(path: Path) -> None:
    text = ast.get_docstring(tree(path))
    if text is None:
        assert path.name == "__init__.py", f"{name_of(path)} has no docstring"
        assert not tree(path).body
        return
    assert len(text.splitlines()) <= 12, f"{name_of(path)}: what lives here, in a few lines"


def test_broad_excepts_are_counted() -> None:
    found: Counter[str] = Counter()
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node):
                found[name_of(path)] += 1
    assert dict(found) == BROAD_EXCEPTS, "more: catch what you can name; fewer: lower the number in the table"


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or ast.unparse(one) in ("Exception", "BaseException") for one in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """It tidies up and passes the error on: nothing is swallowed."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_type_ignores_are_counted() -> None:
    found = {
        name_of(path): n for path in FILES if (n := len(re.findall(r"#\s*(?:type|pyright): ignore", source(path))))
    }
    assert found == TYPE_IGNORES, "more: say the type; fewer: lower the number in the table"


def test_files_have_at_most_400_lines() -> None:
    long = {name_of(path): n for path in FILES if (n := len(source(path).splitlines())) > 400}
    grown = {name: n for name, n in long.items() if n > LONG_FILES.get(name, 0)}
    assert not grown, "split by room, not by accident"
    assert set(LONG_FILES) <= set(long), "take files that became short off the list"


def test_functions_have_at_most_40_lines() -> None:
    long = {f"{name_of(path)}:{node.name}" for path, node in _functions() if _length(node) > 40}
    assert long == LONG_FUNCTIONS


def _functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, without the docstring and the signature."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1


EMPTY_WORDS = re.compile(r"(manager|helper|util)s?(?![a-z])|(^|_)process(_|$)", re.IGNORECASE)


NAMES_OF_OTHERS = {"process_bind_param", "process_result_value"}  # SQLAlchemy calls them by these names


def test_names_say_something() -> None:
    wrong = [
        name_of(path) for path in FILES if EMPTY_WORDS.search(path.stem) or path.stem in ("data", "common", "misc")
    ]
    for path in FILES:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if EMPTY_WORDS.search(node.name) and node.name not in NAMES_OF_OTHERS:
                wrong.append(f"{name_of(path)}:{node.name}")
    assert not wrong, "take the field's own word"


# What leaves this machine

SKIPPED = {
    ".git",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "build",
    "dist",
    "node_modules",
}
BINARY = {".png", ".ico", ".woff2", ".gz", ".db", ".pyc"}
INDEX_HOSTS = re.compile(r"py" r"pi\.org|python" r"hosted\.org|(extra-)?index" r"-url|trusted" r"-host|registry\.npmjs")
MACHINE_PATHS = re.compile(r"(?<![\w.:/$}~-])/(?:work|root|tmp|home)/\w")


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*")):
        inner = path.relative_to(ROOT)
        if path.is_file() and not set(inner.parts) & SKIPPED and path.suffix not in BINARY and inner.parts[0] != ".env":
            yield inner.as_posix(), path.read_text(encoding="utf-8", errors="replace")


def test_nothing_names_a_package_index_or_a_path_of_somebody_s_machine() -> None:
    wrong = [
        f"{name}: {found.group()}"
        for name, text in texts()
        for found in (INDEX_HOSTS.search(text), MACHINE_PATHS.search(text))
        if found and name != "tests/test_house.py"
    ]
    assert not wrong


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_by_hash(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [row for row in text.splitlines() if row.strip() and not row.strip().startswith("#")]
    assert len(pins) > 30
    for row in pins:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", row), row[:60]
        assert "--hash=sha256:" in row, row[:60]
    assert "://" not in re.sub(r"#.*", "", text)


def test_the_development_lock_holds_the_product_s_pins() -> None:
    pins = {
        name: set(re.findall(r"^([a-z0-9._-]+==[^\s\\;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    assert pins["requirements.lock"] <= pins["requirements-dev.lock"], "what is tested is what is installed"
