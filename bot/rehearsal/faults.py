"""Faults as data: what goes wrong, at which call; and the answers (dropped, broken) a fake gives instead of its own.

A fake calls `faults.take(operation)` once per call, `answer_before(fault)` before the work is done and
`answer_after(fault, response)` when it is done.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

DROP = "rehearsal.drop"  # key in the ASGI scope; serving.py puts a callable there that aborts the connection


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Call:
    """One API call that a fake received and how it answered; `code` is the service's own code (int, text or None)."""

    operation: str
    body: Any
    query: dict[str, str]
    status: int
    code: Any
    at: datetime
    shop: str | None = None


class FaultKind(StrEnum):
    TIMEOUT_BEFORE = "timeout_before"  # nothing is done, the connection ends without an answer
    TIMEOUT_AFTER_DONE = "timeout_after_done"  # it is done, the connection ends without an answer
    RATE_LIMITED = "rate_limited"  # 429
    SERVER_ERROR = "server_error"  # 500
    UNAVAILABLE = "unavailable"  # 503
    MALFORMED = "malformed"  # 200 with a body that is no JSON, after the work
    HOOK_LOST = "hook_lost"
    HOOK_DOUBLED = "hook_doubled"
    HOOK_DELAYED = "hook_delayed"
    HOOK_REORDERED = "hook_reordered"


@dataclass
class Fault:
    """`operation` is a pattern (`orders.*`); `nth` counts matching calls from the moment the fault is added, from 1."""

    operation: str
    kind: FaultKind
    nth: int | None = None
    probability: float = 1.0
    times: int | None = 1  # how often it strikes; None: without end
    retry_after: float = 1.0  # seconds, for RATE_LIMITED and UNAVAILABLE
    seconds: float = 0.0  # real seconds before the connection is dropped; for HOOK_DELAYED: seconds of the fake's clock
    seen: int = field(default=0, repr=False)
    struck: int = field(default=0, repr=False)


class Faults:
    """The faults still to come. Deterministic: the same seed and the same calls give the same faults."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Takes a fault back (an outage is over); unknown faults are ignored."""
        self.waiting = [other for other in self.waiting if other is not fault]

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault that strikes this call, if any. Every matching fault counts the call, the first due one strikes."""
        due: Fault | None = None
        for fault in list(self.waiting):
            if not fnmatchcase(operation, fault.operation):
                continue
            fault.seen += 1
            if due is None and self._is_due(fault):
                due = fault
        if due is not None:
            due.struck += 1
            if due.nth is not None or (due.times is not None and due.struck >= due.times):
                self.remove(due)
        return due

    def _is_due(self, fault: Fault) -> bool:
        if fault.nth is not None and fault.seen != fault.nth:
            return False
        return fault.probability >= 1.0 or self.random.random() < fault.probability


async def wait_or_drop(scope: Scope, receive: Receive, seconds: float = 0.0) -> None:
    """Waits real `seconds` (or until the client hangs up), then ends the connection without an answer.

    Outside of `serving.serve` (in-process ASGI clients) it raises ConnectionResetError, which such a client sees.
    """
    if seconds > 0:
        try:
            async with asyncio.timeout(seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass
    drop: Callable[[], None] | None = scope.get(DROP)
    if drop is None:
        raise ConnectionResetError("dropped by a fault of the rehearsal")
    drop()
    await asyncio.sleep(0)  # lets the server notice the loss, so that it does not complain of a missing answer
    await asyncio.sleep(0)


class Dropped(Response):
    """Stands where a response would stand and ends the connection instead."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(status_code=599)  # never sent; what `Call.status` shows for a dropped call
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await wait_or_drop(scope, receive, self.seconds)


def answer_before(fault: Fault | None) -> Response | None:
    """The answer given instead of doing the work, or None when the work is to be done.

    RATE_LIMITED, SERVER_ERROR and UNAVAILABLE are answered with their bare status; a fake whose service has a body of
    its own for them answers these kinds itself.
    """
    if fault is None:
        return None
    if fault.kind is FaultKind.TIMEOUT_BEFORE:
        return Dropped(fault.seconds)
    retry = {"Retry-After": f"{fault.retry_after:g}"}
    if fault.kind is FaultKind.RATE_LIMITED:
        return JSONResponse({"error": "rate limited"}, 429, headers=retry)
    if fault.kind is FaultKind.SERVER_ERROR:
        return Response("Internal Server Error", 500, media_type="text/plain")
    if fault.kind is FaultKind.UNAVAILABLE:
        return Response("Service Unavailable", 503, headers=retry, media_type="text/plain")
    return None


def answer_after(fault: Fault | None, response: Response) -> Response:
    """What goes out once the work is done: the response itself, nothing at all, or something unreadable."""
    if fault is not None and fault.kind is FaultKind.TIMEOUT_AFTER_DONE:
        return Dropped(fault.seconds)
    if fault is not None and fault.kind is FaultKind.MALFORMED:
        return Response(b'{"code":0,"data":{"', 200, media_type="application/json")
    return response
