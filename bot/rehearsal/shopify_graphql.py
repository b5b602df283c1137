"""Executes GraphQL for the rehearsed Shopify with graphql-core against a subset of the real schema, with its costs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute,
    parse,
    validate,
)

from bot.rehearsal import shopify_mutations, shopify_queries
from bot.rehearsal.shopify_context import Context, attribute
from bot.rehearsal.shopify_cost import MAX_COST, Counting, Part
from bot.rehearsal.shopify_world import iso

SCHEMA = Path(__file__).with_name("shopify_schema.graphql")
TYPE_NAMES = {
    "Item": "InventoryItem",
    "Level": "InventoryLevel",
    "Variant": "ProductVariant",
    "Line": "LineItem",
    "Payment": "OrderTransaction",
    "Subscription": "WebhookSubscription",
    "CancelJob": "OrderCancelJobResult",
    "Store": "Shop",
    "Endpoint": "WebhookHttpEndpoint",
    "Hold": "FulfillmentHold",
}
MAX_DOCUMENTS = 500


def by_attribute(source: Any, info: GraphQLResolveInfo, **_: Any) -> Any:
    return attribute(source, info.field_name)


def type_name(value: Any, *_: Any) -> str:
    name = type(value).__name__
    return TYPE_NAMES.get(name, name)


def _decimal(value: Any) -> str:
    try:
        if isinstance(value, bool) or not Decimal(str(value)).is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise GraphQLError(f"Invalid decimal value: {value!r}") from None
    return str(value)


def _time(value: Any) -> str:
    try:
        datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise GraphQLError(f"Invalid ISO 8601 date time: {value!r}") from None
    return str(value)


def _url(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"[a-z][a-z0-9+.-]*:", value):
        raise GraphQLError(f"Invalid url '{value}', missing scheme")
    return value


def _bind(field: Any, resolve: Callable[..., Any]) -> None:
    field.resolve = lambda source, info, **args: resolve(source, info.context, **args)


@cache
def load_schema() -> GraphQLSchema:
    """The subset schema with its resolvers; built once per process."""
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))
    types: dict[str, Any] = dict(schema.type_map)
    types["Decimal"].parse_value = types["Money"].parse_value = _decimal
    types["DateTime"].parse_value, types["DateTime"].serialize = _time, _shown_time
    types["URL"].parse_value = _url
    types["UnsignedInt64"].serialize = str
    for name, resolve in shopify_queries.RESOLVERS.items():
        owner, _, field = name.partition(".")
        _bind(types[owner].fields[field], resolve)
    for name, resolve in shopify_mutations.MUTATIONS.items():
        types["Mutation"].fields[name].resolve = resolve
    return schema


def _shown_time(value: Any) -> str | None:
    return iso(value) if isinstance(value, datetime) else value


@dataclass
class Prepared:
    """A parsed and validated document; kept by its text, so that repeating a call costs neither again."""

    document: DocumentNode | None
    errors: list[dict[str, Any]]
    operations: dict[str, OperationDefinitionNode]
    parts: dict[str, list[Part]]

    def pick(self, name: str | None) -> str | None:
        """The key of the operation meant, or None when that is not clear."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations))
        return name if name in self.operations else None


_documents: dict[str, Prepared] = {}


def prepare(text: str) -> Prepared:
    known = _documents.get(text)
    if known is None:
        if len(_documents) >= MAX_DOCUMENTS:
            _documents.clear()
        known = _documents[text] = _prepare(text)
    return known


def _prepare(text: str) -> Prepared:
    schema = load_schema()
    try:
        document = parse(text)
    except GraphQLError as error:
        return Prepared(None, [shown(error)], {}, {})
    problems = [shown(error) for error in validate(schema, document)]
    if problems:
        return Prepared(document, problems, {}, {})
    found = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    operations = {one.name.value if one.name else "": one for one in found}
    counting = Counting(schema, document)
    return Prepared(document, [], operations, {name: counting.parts(one) for name, one in operations.items()})


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error as it goes out, with a code where graphql-core has none."""
    entry: dict[str, Any] = dict(error.formatted)
    message = error.message
    if "code" not in (entry.get("extensions") or {}):
        code = "INVALID_VARIABLE" if message.startswith("Variable '$") else None
        code = "undefinedField" if message.startswith("Cannot query field") else code
        code = "parseError" if message.startswith("Syntax Error") else code
        if code:
            entry["extensions"] = {**(entry.get("extensions") or {}), "code": code}
    return entry


@dataclass
class Answer:
    """The body of the answer, and the code of its first top-level or user error for the call log."""

    body: dict[str, Any]
    code: str | None = None


def _refusal(message: str, code: str, cost: dict[str, Any] | None = None) -> Answer:
    extensions: dict[str, Any] = {"code": code, "documentation": "https://shopify.dev/api/usage/rate-limits"}
    body: dict[str, Any] = {"errors": [{"message": message, "extensions": extensions}]}
    if cost:
        body["extensions"] = {"cost": cost}
    return Answer(body, code)


def run(ctx: Context, text: str, variables: Mapping[str, Any], name: str | None) -> Answer:
    """Charges and executes one operation. Errors of the fake's own making are raised, those of the caller answered."""
    prepared = prepare(text)
    if prepared.errors:
        return Answer({"errors": prepared.errors}, (prepared.errors[0].get("extensions") or {}).get("code"))
    chosen = prepared.pick(name)
    if chosen is None or prepared.document is None:
        return _refusal("An operation name is required", "BAD_REQUEST")
    bucket = ctx.store.bucket
    level = bucket.refill(ctx.now)
    operation = prepared.operations[chosen]
    requested = sum(part.requested(_with_defaults(operation, variables)) for part in prepared.parts[chosen])
    if requested > MAX_COST:
        message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_COST})."
        return _refusal(message, "MAX_COST_EXCEEDED")
    if requested > level:
        return _refusal("Throttled", "THROTTLED", _cost(ctx, requested, None))
    result = execute(
        load_schema(),
        prepared.document,
        None,
        ctx,
        dict(variables),
        chosen or None,
        by_attribute,
        type_name,
        is_awaitable=lambda _: False,
    )
    assert isinstance(result, ExecutionResult)  # no resolver is asynchronous
    errors = result.errors or []
    for error in errors:
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise error.original_error
    return _answer(ctx, requested, prepared.parts[chosen], result.data, errors)


def _with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {}
    for one in operation.variable_definitions:
        value = getattr(one.default_value, "value", None)
        if isinstance(value, str) and value.isdigit():
            defaults[one.variable.name.value] = int(value)
    return {**defaults, **variables}


def _answer(ctx: Context, requested: int, parts: list[Part], data: Any, errors: list[GraphQLError]) -> Answer:
    body: dict[str, Any] = {}
    code = None
    if errors:
        body["errors"] = [shown(error) for error in errors]
        code = (body["errors"][0].get("extensions") or {}).get("code") or "ERROR"
        if data is None and not errors[0].path:
            return Answer(body, code)
    actual = sum(part.actual((data or {}).get(part.key)) for part in parts)
    ctx.store.bucket.level -= actual
    body["data"] = data
    body["extensions"] = {"cost": _cost(ctx, requested, actual)}
    for payload in (data or {}).values():
        if isinstance(payload, dict):
            found = payload.get("userErrors") or payload.get("orderCancelUserErrors")
            if found:
                code = code or found[0].get("code") or "USER_ERROR"
    return Answer(body, code)


def _cost(ctx: Context, requested: int, actual: int | None) -> dict[str, Any]:
    bucket = ctx.store.bucket
    status = {
        "maximumAvailable": float(bucket.maximum),
        "currentlyAvailable": int(bucket.level),
        "restoreRate": float(bucket.restore),
    }
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}
