"""Cost of a GraphQL operation as Shopify counts it: object 1, connection 2 and its nodes, mutation 10, scalar 0.

Requested cost takes every connection as full as `first` allows; actual cost counts what came back.
Source: https://shopify.dev/docs/api/usage/rate-limits
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

MAX_COST = 1000


@dataclass
class Part:
    """One field that costs something, with those below it."""

    key: str
    name: str
    base: int
    size: int | str | None = None  # of a connection or a sized list: a number, or the variable that holds it
    is_connection: bool = False
    children: list["Part"] = field(default_factory=list)

    def requested(self, variables: Mapping[str, Any]) -> int:
        below = sum(child.requested(variables) for child in self.children)
        if self.size is None and not self.is_connection:
            return self.base + below
        size = variables.get(self.size) if isinstance(self.size, str) else self.size
        count = size if isinstance(size, int) else 0
        return (2 if self.is_connection else 0) + count * (1 + below)

    def actual(self, value: Any) -> int:
        if value is None:
            return 0
        if isinstance(value, list) and self.size is None:  # a list without a size is asked for as one object
            return max((self.actual(one) for one in value), default=0)
        if isinstance(value, list):
            return sum(self.actual(one) for one in value)
        if self.is_connection:
            nodes = value.get("nodes") or [edge.get("node") for edge in value.get("edges") or []]
            return 2 + sum(1 + self._below(node) for node in nodes if isinstance(node, dict))
        return (self.base if self.size is None else 1) + self._below(value)

    def _below(self, value: Mapping[str, Any]) -> int:
        return sum(child.actual(value.get(child.key)) for child in self.children)


def fragment_of(
    node: SelectionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> FragmentDefinitionNode | InlineFragmentNode:
    """The fragment that a spread names, or the inline one itself."""
    if isinstance(node, FragmentSpreadNode):
        return fragments[node.name.value]
    assert isinstance(node, InlineFragmentNode)
    return node


class Counting:
    """Turns the operations of a valid document into parts."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def parts(self, operation: OperationDefinitionNode) -> list[Part]:
        mutation = operation.operation is OperationType.MUTATION
        root = self.schema.mutation_type if mutation else self.schema.query_type
        parts = list(self._walk(operation.selection_set, root))
        if mutation:
            for part in parts:
                part.base = 10
        return parts

    def _walk(self, selections: SelectionSetNode, parent: Any) -> Iterable[Part]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield from self._field(node, parent)
            else:
                fragment = fragment_of(node, self.fragments)
                condition = fragment.type_condition
                target = self.schema.type_map[condition.name.value] if condition else parent
                yield from self._walk(fragment.selection_set, target)

    def _field(self, node: FieldNode, parent: Any) -> Iterable[Part]:
        name = node.name.value
        definition = getattr(parent, "fields", {}).get(name)
        if definition is None or node.selection_set is None or name == "userErrors":
            return
        target = get_named_type(definition.type)
        if is_leaf_type(target):
            return
        key = node.alias.value if node.alias else name
        if target.name.endswith("Connection"):
            children = list(self._nodes(node.selection_set, target))
            yield Part(key, name, 0, self._size(node), True, children)
            return
        children = list(self._walk(node.selection_set, target))
        yield Part(key, name, 1, self._size(node), False, children)

    def _nodes(self, selections: SelectionSetNode, connection: Any) -> Iterable[Part]:
        """The parts of the nodes of a connection; the wrappers around them are free."""
        for node in selections.selections:
            if not isinstance(node, FieldNode):
                fragment = fragment_of(node, self.fragments)
                yield from self._nodes(fragment.selection_set, connection)
                continue
            name = node.name.value
            target = get_named_type(connection.fields[name].type) if name in connection.fields else None
            if name == "edges" and node.selection_set:
                yield from self._nodes(node.selection_set, target)
            elif name in ("nodes", "node") and node.selection_set:
                yield from self._walk(node.selection_set, target)

    def _size(self, node: FieldNode) -> int | str | None:
        for argument in node.arguments:
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    return argument.value.name.value
        return None
