"""What every bench shares: its databases, its figures, and its one JSON document."""

import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import postgres

DURABLE = "-c shared_buffers=256MB"  # everything else as Postgres comes: every commit is on disk


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    """A fresh, empty database; None where there is no Postgres."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    with postgres.server(DURABLE) as server:
        if server is None:
            yield None
            return
        with postgres.database(server) as url:
            yield url


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the value that `share` (0…1) of all do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked) + 0.5) - 1))]


def finish(bench: str, figures: Mapping[str, Any], missed: Sequence[str]) -> None:
    """Print the document and end: 0 when every floor was held, 1 when one was missed."""
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    print(json.dumps({"bench": bench, "ok": not missed, "missed": list(missed), **figures, **machine}, indent=2))
    sys.exit(1 if missed else 0)
