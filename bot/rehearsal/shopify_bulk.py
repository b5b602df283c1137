"""Bulk operations: checked like Shopify's, run over some polls, their result streamed as JSON lines.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values

from bot.rehearsal.shopify_context import Context, attribute, user_error
from bot.rehearsal.shopify_cost import fragment_of
from bot.rehearsal.shopify_world import Entity, gid, iso, number_of

MAX_RUNNING = 5
MAX_CONNECTIONS = 5
MAX_DEPTH = 2
VALID = timedelta(days=7)
GIVES_UP_POLLING = timedelta(seconds=30)  # done by then, looked at or not
RUNNING = ("CREATED", "RUNNING", "CANCELING")


@dataclass(eq=False, repr=False)
class BulkOperation(Entity):
    id: str
    query: str
    created_at: datetime
    polls_left: int
    walk: "_Walk"
    group_objects: bool = False
    status: str = "CREATED"
    type: str = "QUERY"
    error_code: str | None = None
    completed_at: datetime | None = None
    url: str | None = None
    partial_data_url: str | None = None
    lines: list[str] | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None


def start(ctx: Context, schema: GraphQLSchema, query: str, group: bool) -> tuple[BulkOperation | None, list[Any]]:
    problem = _problem(schema, query)
    if problem:
        return None, [user_error(["query"], problem, "INVALID")]
    running = [one for one in ctx.store.bulk_operations.values() if look(ctx, one, poll=False).status in RUNNING]
    if len(running) >= MAX_RUNNING:
        message = "A bulk query operation for this app and shop is already in progress (limit reached)."
        return None, [user_error(None, message, "LIMIT_REACHED")]
    walk = _Walk(schema, query)
    operation = BulkOperation(gid("BulkOperation"), query, ctx.now, ctx.store.bulk_polls, walk, group)
    ctx.store.bulk_operations[operation.id] = operation
    return operation, []


def _problem(schema: GraphQLSchema, query: str) -> str | None:
    """Why Shopify would not run it, or None."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return f"Bulk query is not valid GraphQL: {error.message}"
    if errors := validate(schema, document):
        return f"Bulk query is not valid GraphQL: {errors[0].message}"
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    if operation.operation.value != "query":
        return "The parsed GraphQL is not a query."
    walk = _Walk(schema, query)
    count, depth, roots, childless = walk.shape()
    if any(name in ("node", "nodes") for name in roots):
        return "Bulk queries cannot contain a top level node field."
    if not 1 <= count <= MAX_CONNECTIONS:
        return "Bulk queries must contain at least one connection and at most five."
    if depth > MAX_DEPTH:
        return "Bulk queries cannot contain connections with a nesting depth greater than 2."
    if childless:
        return "The 'id' field must be selected on the nodes of a connection that has connections below it."
    return None


def look(ctx: Context, operation: BulkOperation, poll: bool = True) -> BulkOperation:
    """Moves the operation on by one poll, and finishes it when its polls or its time are used up."""
    if operation.status not in RUNNING:
        return operation
    if poll:
        operation.polls_left -= 1
    if operation.status == "CANCELING":
        operation.status, operation.completed_at = "CANCELED", ctx.now
    elif operation.polls_left <= 0 or ctx.now - operation.created_at >= GIVES_UP_POLLING:
        _finish(ctx, operation)
    elif poll:
        operation.status = "RUNNING"
    return operation


def _finish(ctx: Context, operation: BulkOperation) -> None:
    operation.completed_at = ctx.now
    code, ctx.store.bulk_failure = ctx.store.bulk_failure, None
    walk = operation.walk
    inner = Context(ctx.store, ctx.now, ctx.hooks, ctx.scopes, ctx.base_url, bulk=True)
    lines = [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in walk.lines(inner)]
    address = f"{ctx.base_url}/bulk/{operation.legacy_resource_id}.jsonl"
    operation.status = "FAILED" if code else "COMPLETED"
    operation.error_code = code
    if code:
        lines = lines[: len(lines) // 2]
    if lines and code:
        operation.partial_data_url = address
    elif lines:
        operation.url = address
    operation.lines = lines
    operation.object_count, operation.root_object_count = len(lines), walk.roots
    operation.file_size = sum(len(line.encode()) + 1 for line in lines) if lines else None
    ctx.hooks.queue(ctx.store, "bulk_operations/finish", lambda: payload(operation))


def payload(operation: BulkOperation) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": operation.id,
        "status": operation.status.lower(),
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "type": "query",
        "created_at": iso(operation.created_at),
        "completed_at": iso(operation.completed_at),
    }


def searchable(operation: BulkOperation) -> dict[str, Any]:
    return {
        "id": str(number_of(operation.id)),
        "status": operation.status,
        "operation_type": operation.type,
        "created_at": operation.created_at,
        "completed_at": operation.completed_at or operation.created_at,
    }


class _Walk:
    """Walks a bulk query: its shape beforehand, its lines when it runs. Validated, so every name in it is known."""

    def __init__(self, schema: GraphQLSchema, query: str) -> None:
        self.schema = schema
        document = parse(query)
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.root = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
        self.roots = 0

    def _fields(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
            else:
                yield from self._fields(fragment_of(node, self.fragments).selection_set)

    def _below(self, field: FieldNode) -> Iterator[FieldNode]:
        return self._fields(field.selection_set) if field.selection_set else iter(())

    def _inner(self, connection: FieldNode) -> list[FieldNode]:
        """The fields selected on the nodes of a connection, by `nodes` or by `edges { node }`."""
        found: list[FieldNode] = []
        for field in self._below(connection):
            if field.name.value == "edges":
                for wrapped in self._below(field):
                    if wrapped.name.value == "node":
                        found += self._below(wrapped)
            elif field.name.value == "nodes":
                found += self._below(field)
        return found

    def shape(self) -> tuple[int, int, list[str], bool]:
        """Number of connections, deepest nesting, root field names, whether children would hang in the air."""
        roots = list(self._fields(self.root.selection_set))
        count = deepest = 0
        childless = False

        def visit(fields: list[FieldNode], parent: Any, depth: int) -> bool:
            nonlocal count, deepest, childless
            found = False
            for field in fields:
                target = get_named_type(parent.fields[field.name.value].type)
                if field.selection_set is None:
                    continue
                if target.name.endswith("Connection"):
                    found = True
                    count, deepest = count + 1, max(deepest, depth)
                    inner = self._inner(field)
                    node = get_named_type(target.fields["nodes"].type)
                    if visit(inner, node, depth + 1) and not any(one.name.value == "id" for one in inner):
                        childless = True
                else:
                    found = visit(list(self._below(field)), target, depth) or found
            return found

        visit(roots, self.schema.query_type, 0)
        return count, deepest, [field.name.value for field in roots], childless

    def lines(self, ctx: Context) -> Iterator[dict[str, Any]]:
        for field in self._fields(self.root.selection_set):
            yield from self._connection(ctx, field, None, self.schema.query_type, None)

    def _value(self, ctx: Context, field: FieldNode, source: Any, parent: Any) -> Any:
        definition = parent.fields[field.name.value]
        args = get_argument_values(definition, field, {})
        if definition.resolve is not None:
            return definition.resolve(source, _Info(ctx, field.name.value), **args)
        return attribute(source, field.name.value)

    def _connection(
        self, ctx: Context, field: FieldNode, source: Any, parent: Any, above: str | None
    ) -> Iterator[dict[str, Any]]:
        found = self._value(ctx, field, source, parent)
        target = get_named_type(parent.fields[field.name.value].type)
        if not target.name.endswith("Connection"):
            for inner in self._below(field):
                yield from self._connection(ctx, inner, found, target, above)
            return
        node_type = get_named_type(target.fields["nodes"].type)
        inner_fields = self._inner(field)
        for node in found["nodes"]:
            self.roots += above is None
            below: list[tuple[FieldNode, Any, Any, str | None]] = []
            line = self._object(ctx, inner_fields, node, node_type, below)
            if above is not None:
                line["__parentId"] = above
            yield line
            for child, owner, owner_type, nearest in below:
                parent_id = nearest if nearest and ctx.store.bulk_parent == "item" else line.get("id")
                yield from self._connection(ctx, child, owner, owner_type, parent_id)

    def _object(self, ctx: Context, fields: list[FieldNode], source: Any, parent: Any, below: list[Any]) -> Any:
        """The inlined object; its connections are put into `below` with the id of the object they hang on."""
        shown: dict[str, Any] = {}
        own_id = attribute(source, "id") if any(one.name.value == "id" for one in fields) else None
        for field in fields:
            name = field.name.value
            key = field.alias.value if field.alias else name
            if name == "__typename":
                shown[key] = parent.name
                continue
            kind = parent.fields[name].type
            target = get_named_type(kind)
            if target.name.endswith("Connection"):
                below.append((field, source, parent, own_id))
                continue
            value = self._value(ctx, field, source, parent)
            if value is None or is_leaf_type(target):
                shown[key] = _leaf(value)
                continue
            inner = list(self._below(field))
            bare = kind.of_type if is_non_null_type(kind) else kind
            if is_list_type(bare):
                shown[key] = [self._object(ctx, inner, one, target, below) for one in value]
            else:
                shown[key] = self._object(ctx, inner, value, target, below)
        return shown


@dataclass
class _Info:
    """What the resolvers use of graphql-core's info."""

    context: Context
    field_name: str


def _leaf(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, Decimal) else value
