"""Segments (人群), as GraphQL tells them: who is in, how many a rule would take in, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import graphene

from data_hub.customers import Customer as CustomerSeen
from data_hub.customers import mask_trait
from data_hub.segments import Segment as SegmentRecord
from data_hub.segments import read, written
from data_hub.segments import tree as trees
from kernel.actors import require
from kernel.errors import Forbidden, Invalid, NotFound
from kernel.ids import Page, cursor, page_size, read_cursor
from kernel.values import dataclass
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.customers import Customer, CustomerConnection
from schemas.graphql.shapes import (
    Listing,
    Moment,
    Value,
    connection,
    counted,
    key,
    listing,
    or_usual,
    paged,
    verb,
)
from schemas.graphql.standing import Explained, Explanation
from schemas.graphql.types import ObjectType


def _size(segment: SegmentRecord, ask: Ask) -> Any:
    context: Context = ask.context
    return context.batch("segment sizes", context.segments.sizes).known(segment.id)


def _members(
    segment: SegmentRecord, ask: Ask, first: int | None = None, after: str | None = None
) -> Listing[CustomerSeen]:
    """Those the asker may know of; a page may be short because of those she may not."""
    context: Context = ask.context
    require(context.actor, "read_customers")
    size = page_size(or_usual(first))
    begin = str(read_cursor(after, str)[0]) if after is not None else ""
    found = context.segments.members(segment.id, begin, size + 1)
    shown = context.customers.seen_by(context.actor).many(found[:size])
    more = size and len(found) > size
    total = _size(segment, ask).count if counted(ask) else None
    page = [shown[each] for each in found[:size] if each in shown]
    return listing(Page(page, cursor(found[size - 1]) if more else None, total))


class Segment(ObjectType):
    """Customers who belong together, by a rule or on a list."""

    id = graphene.ID(required=True)
    code = graphene.String(required=True)
    name = graphene.String(required=True)
    static = graphene.Boolean(required=True, description="A list that somebody keeps.")
    rule = graphene.String(
        required=True, resolver=lambda segment, ask: written(segment),
        description="As people write it; empty for a static list.",
    )  # fmt: skip
    tree = Value(
        resolver=lambda segment, ask: None if segment.static else segment.rule,
        description="The rule as JSON.",
    )
    version = graphene.Int(required=True)
    count = graphene.Int(required=True, resolver=lambda segment, ask: _size(segment, ask).count)
    ready = graphene.Boolean(
        required=True,
        resolver=lambda segment, ask: bool(segment.retired) or _size(segment, ask).ready,
        description="Everybody has been asked since the rule was last changed.",
    )  # fmt: skip
    made = Moment(required=True)
    retired = Moment()
    as_of = Moment(required=True, resolver=lambda segment, ask: ask.context.now)
    members = paged(graphene.NonNull(CustomerConnection), _members)


SegmentConnection = connection(Segment)


def _segments(
    source: None, ask: Ask, first: int | None = None, after: str | None = None
) -> Listing[SegmentRecord]:
    context: Context = ask.context
    require(context.actor, "read_segments")
    page = context.segments.page(first=or_usual(first), after=after, count=counted(ask))
    context.batch("segment sizes", context.segments.sizes).expect(each.id for each in page.items)
    return listing(page)


def _segment(source: None, ask: Ask, id: str) -> SegmentRecord:
    require(ask.context.actor, "read_segments")
    found: SegmentRecord = ask.context.segments.one(id)
    return found


class Preview(ObjectType):
    """How many a rule would take in now."""

    class Meta:
        name = "SegmentPreview"

    count = graphene.Int(required=True)
    exact = graphene.Boolean(required=True, description="Everybody was asked, not a sample.")
    margin = graphene.Int(required=True, description="No further off than this, 95 times of 100.")
    total = graphene.Int(required=True)
    rule = graphene.String(required=True, description="The rule in its one spelling.")
    tree = Value()
    as_of = Moment(required=True)


@dataclass(frozen=True, slots=True)
class _Previewed:
    count: int
    exact: bool
    margin: int
    total: int
    rule: str
    tree: dict[str, Any]
    as_of: datetime


def _preview(
    source: None, ask: Ask, rule: str | None = None, tree_: Any = None
) -> _Previewed:  # fmt: skip
    context: Context = ask.context
    require(context.actor, "read_segments")
    asked = _rule({"rule": rule, "tree": tree_})
    if asked is None:
        raise Invalid("rule", "field_is_missing")
    found, parsed = context.previews.preview(asked), read(asked)
    return _Previewed(
        found.count, found.exact, found.margin, found.total, trees.text(parsed), trees.told(parsed),
        found.at,
    )  # fmt: skip


def _explain(source: None, ask: Ask, segment: str, customer: str) -> Explained:
    context: Context = ask.context
    require(context.actor, "read_customers")
    her = context.customers.seen_by(context.actor).one(customer)
    mask = partial(mask_trait, language=context.language) if her.masked else None
    told = context.previews.explain(segment, her.id, context.language, mask=mask)
    return Explained(told.inside, told.because, told.at)


def _rule(sent: Mapping[str, Any]) -> str | Mapping[str, Any] | None:
    """The rule that was sent, as text or as JSON."""
    if sent.get("tree") is not None:
        if not isinstance(sent["tree"], dict):
            raise Invalid("tree", "not_an_object")
        return dict(sent["tree"])
    text: str | None = sent.get("rule")
    return text


def create_segment(ask: Ask, sent: Mapping[str, Any]) -> SegmentRecord:
    """Make a segment by a rule, or a static list if none is given."""
    context: Context = ask.context
    require(context.actor, "manage_segments")
    return context.segments.create(
        sent["name"], rule=_rule(sent), code=sent.get("code") or "", by=context.actor.id
    )


def edit_segment(ask: Ask, sent: Mapping[str, Any]) -> SegmentRecord:
    """Give a segment another name or rule; whoever is in is asked again."""
    context: Context = ask.context
    require(context.actor, "manage_segments")
    return context.segments.edit(
        sent["segment"], name=sent.get("name"), rule=_rule(sent), by=context.actor.id
    )


def retire_segment(ask: Ask, sent: Mapping[str, Any]) -> SegmentRecord:
    """Take a segment out of use: nobody is in it any more."""
    context: Context = ask.context
    require(context.actor, "manage_segments")
    return context.segments.retire(sent["segment"], by=context.actor.id)


def list_customers(ask: Ask, sent: Mapping[str, Any]) -> SegmentRecord:
    """Put customers on a static list, or take them off."""
    context: Context = ask.context
    require(context.actor, "manage_segments")
    segment = context.segments.one(sent["segment"])
    if added := sent.get("add"):
        context.segments.put(segment.id, _handles(context, added), by=context.actor.id)
    if removed := sent.get("remove"):
        context.segments.take(segment.id, _handles(context, removed), by=context.actor.id)
    return segment


def _handles(context: Context, keys: list[str]) -> list[Any]:
    seen = context.customers.seen_by(context.actor)
    return [handle for each in keys for handle in seen.one(each).handles]


def grade_customer(ask: Ask, sent: Mapping[str, Any]) -> CustomerSeen:
    """Put a grade by hand, with a reason; without a grade, what events say counts again."""
    context: Context = ask.context
    require(context.actor, "read_customers")
    her = context.customers.seen_by(context.actor).one(sent["customer"])
    if not her.handles:
        raise NotFound("customer", sent["customer"][:80])
    if context.actor.customer:
        raise Forbidden("may_not", role=context.actor.role.value, verb="grade_customers")
    grades = context.standings.grades
    if sent.get("grade"):
        grades.rule(her.handles[0], sent["grade"], note=sent.get("note") or "", by=context.actor.id)
    else:
        grades.lift(her.handles[0], by=context.actor.id)
    return her


_RULE: dict[str, Any] = {
    "rule": graphene.String(description="As people write it."),
    "tree": Value(description="The rule as JSON, instead of its text."),
}
_KEYS = graphene.List(graphene.NonNull(graphene.ID))

QUESTIONS = {
    "segments": paged(SegmentConnection, _segments),
    "segment": graphene.Field(Segment, id=key(), resolver=_segment),
    "segment_preview": graphene.Field(
        graphene.NonNull(Preview), resolver=_preview, rule=graphene.String(),
        tree_=Value(name="tree"),
    ),
    "segment_explanation": graphene.Field(
        graphene.NonNull(Explanation), segment=key(), customer=key(), resolver=_explain
    ),
}  # fmt: skip

VERBS = {
    "create_segment": verb(
        "createSegment", "segment", Segment, create_segment,
        name=graphene.String(required=True), code=graphene.String(), **_RULE,
    ),
    "edit_segment": verb(
        "editSegment", "segment", Segment, edit_segment,
        segment=key(), name=graphene.String(), **_RULE,
    ),
    "retire_segment": verb("retireSegment", "segment", Segment, retire_segment, segment=key()),
    "list_customers": verb(
        "listCustomers", "segment", Segment, list_customers, segment=key(), add=_KEYS, remove=_KEYS
    ),
    "grade_customer": verb(
        "gradeCustomer", "customer", Customer, grade_customer,
        customer=key(), grade=graphene.String(), note=graphene.String(),
    ),
}  # fmt: skip

SIZES: dict[tuple[str, str], int] = {}
WEIGHTS = {("Query", "segmentPreview"): 100, ("Query", "segmentExplanation"): 10}
