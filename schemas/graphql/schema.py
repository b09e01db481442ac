"""The schema (图谱): puts the rooms' types together into an `Edition`.

The SDL never changes at run time: fields that a company adds answer through ``fields(names)``.
``python -m schemas.graphql`` prints it; ``docs/schema.graphql`` is that, and a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import graphene
from graphql import GraphQLSchema, print_schema

from content_hub.types import Types
from schemas.graphql import (
    boards,
    broadcasts,
    customers,
    elsewhere,
    identities,
    menus,
    nearby,
    operations,
    reaching,
    referring,
    refusals,
    role_boards,
    rules,
    segments,
    touches,
    transfers,
    visits,
    vocabularies,
    ways,
    webhooks,
)
from schemas.graphql.binding import Lasting, bind
from schemas.graphql.context import Context
from schemas.graphql.edition import Edition
from schemas.graphql.guard import Guard, Sizes
from schemas.graphql.library import (
    campaigns,
    files,
    finding,
    kinds,
    lives,
    products,
    questions,
    receptions,
    remakes,
    reports,
    scheduling,
    shapes,
    shelving,
    variants,
    verbs,
    vocabulary,
)
from schemas.graphql.types import ObjectType

__all__ = ["Context", "Edition", "build", "sdl"]

_CONTENT_TYPES = shapes.CONTENT
_CONTENT_ROOTS = questions.CONTENT
_MORE = (
    products, campaigns, lives, reports, vocabulary, kinds, shelving, visits, elsewhere, finding,
    variants, webhooks, receptions, remakes, reaching, referring, nearby, menus, transfers,
    vocabularies, scheduling, files,
)  # fmt: skip
_SIZES = {
    **shapes.SIZES,
    **customers.SIZES,
    **operations.SIZES,
    **ways.SIZES,
    **touches.SIZES,
    **broadcasts.SIZES,
    **refusals.SIZES,
    **identities.SIZES,
    **rules.SIZES,
    **boards.SIZES,
    **role_boards.SIZES,
}
for _room in _MORE:
    _SIZES |= _room.SIZES
_WEIGHTS = {
    **shapes.WEIGHTS, **customers.WEIGHTS, **operations.WEIGHTS, **segments.WEIGHTS,
    **rules.WEIGHTS, **boards.WEIGHTS, **finding.WEIGHTS,
    **receptions.WEIGHTS, **referring.WEIGHTS, **remakes.WEIGHTS, **nearby.WEIGHTS,
}  # fmt: skip


def build(types: Types, allowed: Mapping[str, str] | None = None) -> Edition:
    """An edition for a company with these content types; ``allowed`` as `Edition` says.

    They say how many fields a material can have, and so what asking for all of them may cost.
    """

    def widest() -> int:
        return max(len(each.fields) for each in types.all())

    sizes: Sizes = {**_SIZES, ("Material", "fields"): widest, ("ShelfItem", "fields"): widest}
    schema = _schema()
    return Edition(
        schema, Guard(schema, sizes=sizes, weights=_WEIGHTS), content_only, swift, allowed
    )


def content_only(kind: str, field: str) -> bool:
    """Is a field made of content alone, so that an answer with it can be given again?"""
    if kind == "Query":
        return (kind, field) in _CONTENT_ROOTS
    return kind in _CONTENT_TYPES and (kind, field) not in shapes.VOLATILE


def swift(kind: str, field: str) -> bool:
    """Is a field read from the shelf's own rows, without a look anywhere else?"""
    if kind == "Query":
        return field == "shelf"
    return kind in {"ShelfConnection", "PageInfo"} or _lasts(kind, field)


def _lasts(kind: str, field: str) -> bool:
    """Does a field of what stands on a shelf change only with its row, or the vocabulary?"""
    return kind in shapes.STANDING and (kind, field) not in shapes.ELSEWHERE


def described() -> GraphQLSchema:
    """The schema, for whoever tells of it."""
    return _schema()


def sdl() -> str:
    """The schema in its own language."""
    return print_schema(_schema()) + "\n"


@cache
def _schema() -> GraphQLSchema:
    made: GraphQLSchema = graphene.Schema(query=_query(), mutation=_mutation()).graphql_schema
    bind(made, {"ShelfItem": Lasting(shapes.told_as, _lasts)})
    return made


def _query() -> type[ObjectType]:
    roots = {
        **questions.ROOTS, **customers.QUESTIONS, **operations.QUESTIONS, **ways.QUESTIONS,
        **touches.QUESTIONS, **segments.QUESTIONS, **refusals.QUESTIONS,
        **identities.QUESTIONS, **broadcasts.QUESTIONS, **rules.QUESTIONS,
        **boards.QUESTIONS,
    }  # fmt: skip
    for room in _MORE:
        roots |= room.QUESTIONS
    about = "What can be asked. Every id argument also takes a stable code."
    return type("Query", (ObjectType,), {"__doc__": about, **roots})


def _mutation() -> type[ObjectType]:
    roots = {
        **verbs.ROOTS, **customers.VERBS, **operations.VERBS, **ways.VERBS, **touches.VERBS,
        **segments.VERBS, **refusals.VERBS, **identities.VERBS, **broadcasts.VERBS,
        **rules.VERBS, **boards.VERBS, **role_boards.VERBS,
    }  # fmt: skip
    for room in _MORE:
        roots |= room.VERBS
    about = "What can be done. What is refused for a reason stands under `problems`."
    return type("Mutation", (ObjectType,), {"__doc__": about, **roots})
