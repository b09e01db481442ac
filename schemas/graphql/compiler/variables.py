"""Reading variables (变量): the plain ones at once; graphql-core is asked for the rest.

Coercing four variables costs graphql-core a tenth of a millisecond, most of it to find that they
are what they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_input_type,
    type_from_ast,
    value_from_ast,
)

Reader = Callable[[Mapping[str, Any]], dict[str, Any] | None]
_SEVERAL = 0x7FFFFFFF


def reader(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Reader:
    """Reads what was sent for an operation; None if anything is not plainly right."""
    read: list[tuple[str, Callable[[Any], bool] | None, Any, bool]] = []
    for each in operation.variable_definitions or ():
        kind: Any = type_from_ast(schema, each.type)
        if kind is None or not is_input_type(kind):
            return lambda _: None
        default = Undefined
        if each.default_value is not None:
            default = value_from_ast(each.default_value, kind)
        required = isinstance(kind, GraphQLNonNull)
        read.append((each.variable.name.value, _plain(kind), default, required))

    def told(given: Mapping[str, Any]) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        for name, fits, default, required in read:
            if name not in given:
                if default is not Undefined:
                    values[name] = default
                elif required:
                    return None
                continue
            value = given[name]
            if fits is None or not fits(value):
                return None
            values[name] = value
        return values

    return told


def _plain(kind: Any) -> Callable[[Any], bool] | None:
    """Says of a value that it is told as it is; None for kinds of which we do not know."""
    if isinstance(kind, GraphQLNonNull):
        return _plain(kind.of_type)  # null itself is never plainly right
    if isinstance(kind, GraphQLList):
        inside = _plain(kind.of_type)
        if inside is None:
            return None
        return lambda value: value.__class__ is list and all(map(inside, value))
    if kind.name in ("ID", "String"):
        return lambda value: value.__class__ is str
    if kind.name == "Boolean":
        return lambda value: value.__class__ is bool
    if kind.name == "Int":
        return lambda value: value.__class__ is int and -_SEVERAL <= value <= _SEVERAL
    return None
