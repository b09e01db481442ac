"""Reading arguments (参数): what can be known of a field's arguments before anybody asks.

The rest is looking up variables that have been read already. Whatever is not plainly right is left
to graphql-core, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    is_input_object_type,
    value_from_ast,
    visit,
)
from graphql.execution.values import get_argument_values

Reader = Callable[[dict[str, Any]], dict[str, Any]]
_ODD: Final = object()
"""Not plainly right."""
_Look = Callable[[Mapping[str, Any]], Any]
"""A value for these variables; `Undefined` if there is none, `_ODD` if it is not plainly right."""


def reader(field: GraphQLField, node: FieldNode) -> Reader:
    """Reads the arguments of one field as `get_argument_values` does, errors included."""
    nodes = {each.name.value: each.value for each in node.arguments}
    looks = [
        (argument.out_name or name, _look(nodes.get(name), argument.type, argument.default_value))
        for name, argument in field.args.items()
    ]

    def read(variables: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, look in looks:
            value = look(variables)
            if value is _ODD:
                return get_argument_values(field, node, variables)
            if value is not Undefined:
                told[name] = value
        return told

    return read


def names_variables(node: ValueNode) -> bool:
    """Does this value differ with the variables?"""
    seen: list[VariableNode] = []

    class Seen(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            seen.append(variable)

    visit(node, Seen())
    return bool(seen)


def _look(node: ValueNode | None, kind: Any, default: Any) -> _Look:
    """For an argument or a field of an input. A default that is an object is graphql-core's."""
    required = isinstance(kind, GraphQLNonNull)
    missing = default
    if (missing is Undefined and required) or (
        missing is not Undefined and is_input_object_type(kind)
    ):
        missing = _ODD
    if node is None:
        return lambda _: missing
    if isinstance(node, VariableNode):
        return _variable(node.name.value, missing, required=required)
    if not names_variables(node):
        told = value_from_ast(node, kind)
        told = _ODD if told is Undefined else told
        return lambda _: told
    bare = kind.of_type if required else kind
    if isinstance(node, ObjectValueNode) and is_input_object_type(bare):
        return _object(node, bare)
    return lambda _: _ODD


def _variable(name: str, missing: Any, *, required: bool) -> _Look:
    def look(variables: Mapping[str, Any]) -> Any:
        value = variables.get(name, Undefined)
        if value is Undefined:
            return missing
        return _ODD if value is None and required else value

    return look


def _object(node: ObjectValueNode, kind: GraphQLInputObjectType) -> _Look:
    if getattr(kind, "is_one_of", False):
        return lambda _: _ODD
    nodes = {each.name.value: each.value for each in node.fields}
    looks = [
        (each.out_name or name, _look(nodes.get(name), each.type, each.default_value))
        for name, each in kind.fields.items()
    ]

    def look(variables: Mapping[str, Any]) -> Any:
        told: dict[str, Any] = {}
        for name, inside in looks:
            value = inside(variables)
            if value is _ODD:
                return _ODD
            if value is not Undefined:
                told[name] = value
        return told

    return look
