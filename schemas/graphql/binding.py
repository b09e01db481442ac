"""Binding (绑定): ties plain functions to the fields of a schema. Knows none of the fields.

A resolver is a function ``(source, ask, **arguments)`` that knows nothing of graphene or of
graphql-core, so a change of library stays possible and the compiler may call it directly.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution.collect_fields import collect_sub_fields

from kernel.values import dataclass


class Ask(NamedTuple):
    """What a resolver is told besides its source: for whom, and what will be wanted of it."""

    context: Any
    """The `schemas.graphql.schema.Context` of the request."""
    selected: frozenset[str]
    """Names of the fields selected on what the resolver returns."""


Plain = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Resolves a field by reading an attribute. One that is missing is our mistake, not null."""

    name: str

    def __call__(self, source: Any, info: GraphQLResolveInfo) -> Any:
        return getattr(source, self.name)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Calls a plain function the way graphql-core wants to call one."""

    plain: Plain

    def __call__(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        chosen = selected(
            info.schema, info.return_type, info.field_nodes, info.fragments, info.variable_values
        )
        return self.plain(source, Ask(info.context, chosen), **arguments)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How a type's objects may be told once for many answers.

    Its objects carry ``told``, a dict that lives as long as nothing about them changes.
    """

    key: Callable[[Any], Hashable]
    """Of a context: everything besides the object that its fields depend on."""
    holds: Callable[[str, str], bool]
    """Does a (type, field) under it depend on nothing else?"""


def selected(
    schema: GraphQLSchema,
    returned: Any,
    nodes: list[FieldNode],
    fragments: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> frozenset[str]:
    """Which fields are selected on what a field returns, with @skip and @include decided."""
    named = get_named_type(returned)
    if not isinstance(named, GraphQLObjectType):
        return frozenset()
    groups = collect_sub_fields(schema, dict(fragments), dict(variables), named, nodes)
    return frozenset(group[0].name.value for group in groups.values())


def bind(schema: GraphQLSchema, lasting: Mapping[str, Lasting] | None = None) -> None:
    """Give every field its `Attribute` or `Resolver`. graphene's defaults are replaced: they
    answer null for an attribute that was misspelled. ``lasting`` is kept for the compiler."""
    schema.extensions = {"lasting": dict(lasting or {})}
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for field in kind.fields.values():
            resolve = field.resolve
            if isinstance(resolve, partial):
                field.resolve = Attribute(resolve.args[0])
            elif resolve is not None:
                field.resolve = Resolver(resolve)
