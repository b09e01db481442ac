"""Skeletons (查询样例): for every question and verb a document that asks it, ready to be filled in.

Written from the schema, so that none can fall behind it. Asks for what is plain and one step
below it; executes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

_PLAIN, _DEEP = 8, 2
"""So many plain fields of an object, and objects so many steps below the root."""
_SAMPLES: dict[str, Any] = {
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Moment": "2026-10-01T09:00:00+08:00",
}


class Skeleton(NamedTuple):
    """One question or verb, and how it is asked."""

    name: str
    takes: str
    """Its arguments, as the schema spells them."""
    answers: str
    about: str
    document: str
    variables: str
    """As JSON."""
    changes: bool


def skeletons(schema: GraphQLSchema) -> Iterator[Skeleton]:
    """The questions, then the verbs, by name."""
    for root, word in ((schema.query_type, "query"), (schema.mutation_type, "mutation")):
        for name, field in sorted(root.fields.items() if root else ()):
            yield _skeleton(name, field, word)


def _skeleton(name: str, field: GraphQLField, word: str) -> Skeleton:
    needed = {key: arg.type for key, arg in field.args.items() if is_required_argument(arg)}
    declared = ", ".join(f"${key}: {kind}" for key, kind in needed.items())
    passed = ", ".join(f"{key}: ${key}" for key in needed)
    asked = "\n".join(_asked(field.type, 1))
    document = f"{word} {name[0].upper()}{name[1:]}{f'({declared})' if declared else ''} {{\n"
    document += f"  {name}{f'({passed})' if passed else ''}{asked}\n}}"
    samples = {key: _sample(kind) for key, kind in needed.items()}
    return Skeleton(
        name=name,
        takes=", ".join(f"{key}: {arg.type}" for key, arg in field.args.items()),
        answers=str(field.type),
        about=" ".join((field.description or "").split()),
        document=document,
        variables=json.dumps(samples, ensure_ascii=False, indent=2),
        changes=word == "mutation",
    )


def _asked(kind: GraphQLOutputType, depth: int) -> Iterator[str]:
    """What is asked of an answer, line by line, from its brace on."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        yield ""
        return
    yield " {"
    yield from _fields(named.fields, depth)
    yield "  " * depth + "}"


def _fields(fields: Mapping[str, GraphQLField], depth: int) -> Iterator[str]:
    free = {
        name: each for name, each in fields.items()
        if not any(is_required_argument(arg) for arg in each.args.values())
    }  # fmt: skip
    indent = "  " * (depth + 1)
    plain = [name for name, each in free.items() if is_leaf_type(get_named_type(each.type))]
    if plain:
        yield indent + " ".join(plain[:_PLAIN])
    for name, each in free.items():
        named = get_named_type(each.type)
        if not isinstance(named, GraphQLObjectType) or (depth >= _DEEP and plain):
            continue
        if depth > _DEEP or not any(
            is_leaf_type(get_named_type(f.type)) for f in named.fields.values()
        ):
            continue
        first, *rest = _asked(each.type, depth + 1)
        yield f"{indent}{name}{first}"
        yield from rest


def _sample(kind: GraphQLInputType) -> Any:
    """A value of that kind to be replaced."""
    if isinstance(kind, GraphQLNonNull):
        return _sample(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [_sample(kind.of_type)]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _sample(field.type) for name, field in kind.fields.items()
            if is_required_input_field(field)
        }  # fmt: skip
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return _SAMPLES.get(str(kind), "")
