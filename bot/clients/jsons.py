"""JSON from outside, whose text every database and every wire can take."""

import json
import re
from typing import Any

_UNFIT = re.compile("[\\x00\ud800-\udfff]")  # Postgres takes no NUL; half a surrogate pair is no UTF-8
_MAY_BE_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def read_json(raw: bytes | str) -> Any:
    """The value; unfit characters, which only an escape can bring, become U+FFFD. Raises ValueError."""
    try:
        told = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        value = json.loads(told)
        return _fit(value) if _MAY_BE_UNFIT.search(told) else value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return _UNFIT.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_fit(one) for one in value]
    if isinstance(value, dict):
        return {_fit(key): _fit(one) for key, one in value.items()}
    return value
