"""Shopify's search syntax and connections: a query string becomes a test on a searchable text of fields, a list a page.

Known: terms joined by space (AND), OR, NOT and -, parentheses, field:value, comparisons, lists a,b, quotes, prefix*.
Text is tokenised and case-insensitive; there is no substring search; a filter nobody knows is ignored.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from graphql import GraphQLError

Fields = Mapping[str, Any]  # field → text, number, time, or a list of texts; "" → the texts that a bare word searches
Test = Callable[[Fields], bool]

EXACT = {"id", "status", "tag", "source_identifier", "name", "product_id", "product_ids", "variant_id", "location_id"}
EXACT |= {"product_status", "product_type", "vendor", "financial_status", "fulfillment_status", "category_id", "test"}
EXACT |= {"managed", "collection", "gift_card", "taxable", "uri", "topic", "barcode"}

_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])
    |(?P<minus>-(?=\S))?(?:(?P<field>[A-Za-z_][\w.]*):(?P<compare><=|>=|<|>)?)?
     (?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s()\\])+))""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _comparable(wanted: str, found: Any) -> tuple[Any, Any] | None:
    """Both as times or as numbers, or None when they cannot be compared."""
    try:
        if isinstance(found, datetime):
            at = datetime.fromisoformat(wanted.replace("Z", "+00:00"))
            return found, at if at.tzinfo else at.replace(tzinfo=UTC)
        return Decimal(str(found)), Decimal(wanted)
    except (ValueError, InvalidOperation):
        return None


def _compare(sign: str, wanted: str, found: Any) -> bool:
    if isinstance(found, (list, tuple)):
        return any(_compare(sign, wanted, one) for one in found)
    pair = _comparable(wanted, found)
    if pair is None:
        return False
    left, right = pair
    if isinstance(found, datetime) and sign == ">":
        return left >= right  # seen in the field: on dates > behaves like >=
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def _contains(wanted: list[str], found: list[str], prefix: bool) -> bool:
    """The wanted words occur in the found ones, one after the other; with `prefix` the last may go on."""
    size = len(wanted)
    for start in range(len(found) - size + 1):
        part = found[start : start + size]
        if part[:-1] == wanted[:-1] and (part[-1].startswith(wanted[-1]) if prefix else part[-1] == wanted[-1]):
            return True
    return False


def _matches(field: str, wanted: str, found: Any, prefix: bool) -> bool:
    if isinstance(found, (list, tuple, set, frozenset)):
        return any(_matches(field, wanted, one, prefix) for one in found)
    if isinstance(found, datetime) or (isinstance(found, (int, Decimal)) and not isinstance(found, bool)):
        pair = _comparable(wanted, found)
        return pair is not None and pair[0] == pair[1]
    text = ("true" if found else "false") if isinstance(found, bool) else str(found or "")
    if field in EXACT:
        left, right = text.casefold(), wanted.casefold()
        if field == "name":
            left, right = left.lstrip("#"), right.lstrip("#")
        if "id" in field.split("_") and right.startswith("gid://"):
            right = right.rsplit("/", 1)[-1]
        return left.startswith(right) if prefix else left == right
    asked = words(wanted)
    return bool(asked) and _contains(asked, words(text), prefix)


def _term(field: str | None, compare: str | None, raw: str) -> Test:
    quoted = raw[0] in "\"'" and raw[-1] == raw[0] and len(raw) > 1
    body = raw[1:-1] if quoted else raw
    prefix = not quoted and body.endswith("*") and not body.endswith("\\*")
    name = field.lower() if field else ""
    if compare:
        return lambda fields: name not in fields or _compare(compare, _unescape(body), fields[name])
    if body == "*":
        return lambda fields: name not in fields or bool(fields[name])
    parts = [body] if quoted else re.split(r"(?<!\\),", body[:-1] if prefix else body)
    options = [_unescape(part) for part in parts if part]
    return lambda fields: name not in fields or any(_matches(name, one, fields[name], prefix) for one in options)


def _negated(test: Test) -> Test:
    return lambda fields: not test(fields)


@lru_cache(maxsize=500)
def compiled(query: str) -> Test:
    """The test that a query string stands for. An unreadable rest is ignored, as Shopify does."""
    tokens = list(_TOKEN.finditer(query))
    place = 0

    def parse_or() -> Test:
        nonlocal place
        options = [parse_and()]
        while place < len(tokens) and tokens[place]["value"] == "OR" and not tokens[place]["field"]:
            place += 1
            options.append(parse_and())
        return lambda fields: any(option(fields) for option in options)

    def parse_and() -> Test:
        nonlocal place
        parts: list[Test] = []
        negate = False
        while place < len(tokens):
            token = tokens[place]
            if token["bracket"] == ")" or (token["value"] == "OR" and not token["field"]):
                break
            place += 1
            if token["value"] in ("AND", "NOT") and not token["field"]:
                negate = token["value"] == "NOT"
                continue
            if token["bracket"]:
                part = parse_or()
                place += 1
            elif token["minus"]:
                part = _negated(_term(token["field"], token["compare"], token["value"]))
            else:
                part = _term(token["field"], token["compare"], token["value"])
            parts.append(_negated(part) if negate else part)
            negate = False
        return lambda fields: all(part(fields) for part in parts)

    return parse_or()


def search(query: str | None, found: Sequence[Any], fields: Callable[[Any], Fields | None]) -> list[Any]:
    """Those of `found` that match; `fields` gives what the index knows of one (None: not indexed yet)."""
    if not query or not query.strip():
        return list(found)
    test = compiled(query)
    hits = []
    for one in found:
        known = fields(one)
        if known is not None and test(known):
            hits.append(one)
    return hits


def _cursor(one: Any) -> str:
    key = one if isinstance(one, str) else one["id"] if isinstance(one, dict) else one.id
    return base64.b64encode(key.encode()).decode()


def connection(found: Sequence[Any], args: Mapping[str, Any], unlimited: bool = False) -> dict[str, Any]:
    """The page that first/after or last/before ask for. Raises GraphQLError as Shopify does without first and last."""
    items = list(reversed(found)) if args.get("reverse") else list(found)
    first, last = args.get("first"), args.get("last")
    if unlimited:
        first = first or len(items) or 1
    elif first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    elif (first or 0) > 250 or (last or 0) > 250:
        raise GraphQLError("first and last must not exceed 250", extensions={"code": "BAD_REQUEST"})
    start, end = 0, len(items)
    if args.get("after") or args.get("before"):
        cursors = {_cursor(one): place for place, one in enumerate(items)}
        for name in ("after", "before"):
            if args.get(name) and args[name] not in cursors:
                raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"})
        start = cursors[args["after"]] + 1 if args.get("after") else 0
        end = cursors[args["before"]] if args.get("before") else end
    if first is not None:
        stop = min(start + first, end)
        page, before, behind = items[start:stop], start > 0, stop < end
    else:
        begin = max(start, end - (last or 0))
        page, before, behind = items[begin:end], begin > start, end < len(items)
    info = {
        "has_next_page": behind,
        "has_previous_page": before,
        "start_cursor": _cursor(page[0]) if page else None,
        "end_cursor": _cursor(page[-1]) if page else None,
    }
    edges = [{"cursor": _cursor(one), "node": one} for one in page]
    return {"nodes": page, "edges": edges, "page_info": info}
