"""`linkbot serve` as a real child process on a stage's settings: what can be killed, and what start-up costs."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from pydantic import SecretStr

from bot.config import Settings
from bot.rehearsal.stage import Stage

ROOT = Path(__file__).resolve().parents[2]


def environment(stage: Stage) -> dict[str, str]:
    """The stage's settings as the variables of a process of their own."""
    told = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    for name, field in Settings.model_fields.items():
        value = getattr(stage.settings, name)
        if value is None or isinstance(value, dict):
            continue
        told[str(field.validation_alias)] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return told | {"LINKBOT_PORT": stage.bot_url.rpartition(":")[2], "LINKBOT_LOG": "warning"}


async def until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Look again and again, the event loop free in between: another process works meanwhile."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.001)


class Child:
    """One `python -m bot serve` after another, on one database."""

    def __init__(self, stage: Stage, log: Path) -> None:
        self._stage, self._environment, self._log = stage, environment(stage), log
        self._process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []  # seconds from exec to the first answer of /healthz

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve"], env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )

    async def ready(self, seconds: float = 30.0) -> None:
        """Until /healthz answers."""
        began = time.monotonic()
        async with httpx.AsyncClient(trust_env=False) as client:
            while not await self._answers(client):
                assert self._process is not None
                assert self._process.poll() is None, self._log.read_text()[-2000:]
                assert time.monotonic() - began < seconds, f"/healthz is silent; {self._log.read_text()[-2000:]}"
                await asyncio.sleep(0.01)
        self.starts.append(time.monotonic() - began)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self._stage.bot_url}/healthz")).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """SIGKILL: nothing is said, nothing is finished."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
