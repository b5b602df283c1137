"""Group commit: units that wait for SQLite's one writer share a transaction, and with it the wait for the disk."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

Outcome = tuple[Any, BaseException | None]
_Fn = Callable[[Any], Any]
_Asked = tuple[_Fn, "asyncio.Future[Any]"]
_MOST = 64


class GroupQueue:
    """`run` gets the waiting functions and answers with the outcome of each, all committed. `thread` has one worker.

    When a whole group fails nothing of it was committed: its functions are run one by one.
    """

    def __init__(self, thread: Executor, run: Callable[[Sequence[_Fn]], list[Outcome]]) -> None:
        self._thread, self._run = thread, run
        self._waiting: deque[_Asked] = deque()
        self._lock = threading.Lock()
        self._draining = False

    def ask(self, fn: _Fn) -> "asyncio.Future[Any]":
        """Becomes the function's result once it is committed, or what it raised."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((fn, future))
            starts, self._draining = not self._draining, True
        if starts:
            try:
                self._thread.submit(self._drain)
            except RuntimeError:  # closed: said to this and to every later caller, who would wait for ever
                self._draining = False
                raise
        return future

    def _drain(self) -> None:
        while group := self._next():
            _deliver(group, self._outcomes([fn for fn, _ in group]))

    def _next(self) -> list[_Asked]:
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            self._draining = bool(taken)
        group = [asked for asked in taken if not asked[1].cancelled()]
        return group or (self._next() if taken else [])

    def _outcomes(self, fns: Sequence[_Fn]) -> list[Outcome]:
        try:
            return self._run(fns)
        except Exception as error:
            return [(None, error)] if len(fns) == 1 else [self._outcomes([fn])[0] for fn in fns]


def _deliver(group: Sequence[_Asked], outcomes: Sequence[Outcome]) -> None:
    """Each loop is told once of all that is done."""
    done: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
    for (_, future), outcome in zip(group, outcomes, strict=True):
        done.setdefault(future.get_loop(), []).append((future, outcome))
    for loop, results in done.items():
        with contextlib.suppress(RuntimeError):  # a closed loop: nobody waits any more
            loop.call_soon_threadsafe(_settle, results)


def _settle(results: Sequence[tuple["asyncio.Future[Any]", Outcome]]) -> None:
    for future, (value, error) in results:
        if future.done():  # given up meanwhile
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
