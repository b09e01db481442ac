"""Shapes (共用形状): scalars, pages, payloads: what every GraphQL type of ours is built from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import graphene
from graphql import GraphQLError, StringValueNode, ValueNode, value_from_ast_untyped

from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import Page
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.errors import flaws
from schemas.graphql.types import ObjectType

Item = TypeVar("Item")
_YEARS = range(2000, 2101)
_USUAL = 20


class Moment(graphene.Scalar):
    """A moment with its zone, in ISO 8601: `2026-03-02T09:00:00+08:00`."""

    @staticmethod
    def serialize(value: datetime) -> str:
        if value.tzinfo is None:
            raise ValueError("a moment without a zone could mean anything")
        return value.isoformat()

    @staticmethod
    def parse_value(value: Any) -> str:
        if not isinstance(value, str):
            raise GraphQLError("A moment is a text in ISO 8601.")
        return value  # read by `moment`, which can say of which field it is

    @staticmethod
    def parse_literal(node: ValueNode, _variables: Any = None) -> str:
        if not isinstance(node, StringValueNode):
            raise GraphQLError("A moment is a text in ISO 8601.")
        return node.value


class Day(graphene.Scalar):
    """A date: `2026-03-02`."""

    @staticmethod
    def serialize(value: date) -> str:
        return value.isoformat()

    parse_value = Moment.parse_value
    parse_literal = Moment.parse_literal


class Value(graphene.Scalar):
    """A text, number, yes or no, or a list of these."""

    @staticmethod
    def serialize(value: Any) -> Any:
        return value

    @staticmethod
    def parse_value(value: Any) -> Any:
        return value

    @staticmethod
    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        return value_from_ast_untyped(node, variables)


def moment(text: str | None, field: str) -> datetime | None:
    """The moment that was sent. Raises `Invalid` naming the field."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            raise Invalid(field, "moment_without_zone")
        read = read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(field, "not_a_moment") from None
    if read.year not in _YEARS:
        raise Invalid(field, "moment_out_of_range")
    return read


def day(text: str | None, field: str) -> date | None:
    """The date that was sent. Raises `Invalid` naming the field."""
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise Invalid(field, "not_a_date") from None


class PageInfo(ObjectType):
    """Whether there is more, and where it begins."""

    has_next_page = graphene.Boolean(required=True)
    end_cursor = graphene.String(description="Give it as `after` to read on.")


class _Info(NamedTuple):
    has_next_page: bool
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """A page as connections tell it."""

    nodes: Collection[Item]
    page_info: _Info
    total_count: int | None
    degraded: bool = False
    """The store that answers best was away: these come from another, and more may exist."""


def listing(page: Page[Item], *, degraded: bool = False) -> Listing[Item]:
    return Listing(page.items, _Info(page.next is not None, page.next), page.total, degraded)


def or_usual(first: int | None) -> int:
    """How many a page holds, where the question leaves it open, too."""
    return _USUAL if first is None else first


def counted(ask: Ask) -> bool:
    """Was the total asked for? It is counted for nobody else."""
    return "totalCount" in ask.selected


def connection(of: type[ObjectType], name: str = "", **more: Any) -> type[ObjectType]:
    """The connection type of a type: ``nodes``, ``pageInfo``, ``totalCount``, and what ``more`` it
    tells of a page."""
    name = name or of.__name__
    return type(
        f"{name}Connection",
        (ObjectType,),
        {
            "__doc__": f"A page of {name}s.",
            "nodes": graphene.List(graphene.NonNull(of), required=True),
            "page_info": graphene.Field(graphene.NonNull(PageInfo)),
            "total_count": graphene.Int(description="All there are; counted only if selected."),
            **more,
        },
    )


def paged(of: Any, resolver: Callable[..., Any], **arguments: Any) -> graphene.Field:
    """A root field that answers a connection."""
    return graphene.Field(
        of,
        **arguments,
        first=graphene.Int(default_value=_USUAL, description="At most 100."),
        after=graphene.String(),
        resolver=resolver,
    )


def all_of(kind: Any) -> graphene.List:
    """A list that is always there and has no holes."""
    return graphene.List(graphene.NonNull(kind), required=True)


def ids(**more: Any) -> graphene.List:
    return graphene.List(graphene.NonNull(graphene.ID), **more)


def texts(**more: Any) -> graphene.List:
    return graphene.List(graphene.NonNull(graphene.String), **more)


def key() -> graphene.ID:
    """An id argument: the id itself, or the stable code."""
    return graphene.ID(required=True, description="The id, or the code.")


class Flawed(ObjectType):
    """Something the asker can put right."""

    class Meta:
        name = "Problem"

    field = graphene.String(required=True, description="Which input; empty if it is none alone.")
    code = graphene.String(required=True)
    message = graphene.String(required=True)


class Told(NamedTuple):
    """One of them, as it is told."""

    field: str
    code: str
    message: str


class Payload:
    """What a mutation answers: the thing it was about, and what kept it from being done."""

    def __init__(self, name: str, thing: Any, problems: Collection[Told] = ()) -> None:
        setattr(self, name, thing)
        self.problems = problems


class Input(graphene.InputObjectType):
    """Inputs reach the verbs as mappings of what was really sent."""

    class Meta:
        abstract = True


def verb(
    name: str,
    result: str,
    kind: Any,
    act: Callable[..., Any],
    /,
    *,
    beside: Mapping[str, graphene.Field] = MappingProxyType({}),
    **inputs: Any,
) -> graphene.Field:
    """A mutation: one ``input``, and a payload with the object and the problems.

    ``act(ask, sent)`` does it and answers the object. What it refuses as `Invalid` or `Conflict`
    is data; everything else is an error. ``beside`` are more fields of the payload, whose
    resolvers find the answer under ``result``.
    """
    title = name[0].upper() + name[1:]
    sent = type(f"{title}Input", (Input,), inputs)
    payload = type(
        f"{title}Payload",
        (ObjectType,),
        {
            result: kind if isinstance(kind, graphene.Field) else graphene.Field(kind),
            **beside,
            "problems": graphene.List(graphene.NonNull(Flawed), required=True),
        },
    )

    def done(source: Any, ask: Ask, input: Mapping[str, Any]) -> Payload:
        try:
            return Payload(result, act(ask, input))
        except (Invalid, Conflict) as refused:
            told = [Told(**flaw) for flaw in flaws(refused, ask.context.language)]
            return Payload(result, None, told)

    return graphene.Field(
        graphene.NonNull(payload),
        input=sent(required=True),
        resolver=done,
        description=(act.__doc__ or "").strip(),
    )


def there(found: Item | None, kind: str, sought: str) -> Item:
    """What was found, or `NotFound`."""
    if found is None:
        raise NotFound(kind, sought[:80])
    return found
