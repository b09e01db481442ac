"""Operations (运营): deliveries, counts, search, reminders, and who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from channels.deliveries import Delivery as DeliveryRecord
from channels.inbox import InboxMessage
from channels.touchpoints import SETTING, touchpoint_of
from content_hub.materials import Material as MaterialRecord
from engagement.reminders import Reminder as ReminderRecord
from kernel.actors import Actor, require
from kernel.errors import Forbidden
from kernel.ids import Page, cursor, page_size, read_cursor
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.library import shapes as library
from schemas.graphql.library.questions import MaterialFilter, named, own_account
from schemas.graphql.shapes import (
    Day,
    Listing,
    Moment,
    Value,
    connection,
    counted,
    day,
    key,
    listing,
    or_usual,
    paged,
    verb,
)
from schemas.graphql.types import ObjectType
from stores.history import Axis
from stores.history import Count as Counted


def _why(delivery: DeliveryRecord, ask: Ask) -> str:
    return delivery.why(ask.context.language)


def _touchpoint(delivery: DeliveryRecord, ask: Ask) -> str:
    context: Context = ask.context
    account = context.accounts.one(delivery.account)
    shown = library.known(context, delivery.material) if delivery.material else None
    said = str(account.settings.get(SETTING) or "")
    return touchpoint_of(account.kind, delivery.target, shown.type if shown else "", said).value


class Delivery(ObjectType):
    """One thing shown or said through a channel, or about to be."""

    id = graphene.ID(required=True)
    channel = graphene.ID(required=True, source="account")
    material = graphene.Field(
        library.Material,
        resolver=lambda delivery, ask: library.known(ask.context, delivery.material),
    )
    placement = graphene.ID(resolver=lambda delivery, ask: delivery.placement or None)
    touchpoint = graphene.String(
        required=True, resolver=_touchpoint, description="Where it meets her: one place each."
    )
    state = graphene.String(required=True, description="How far we got.")
    progress = graphene.String(required=True, description="How far the platform got.")
    reason = graphene.String(required=True, resolver=_why, description="For people.")
    attempts = graphene.Int(required=True)
    created = Moment(required=True)
    last_sent = Moment()
    settled = Moment()
    next_at = Moment(description="When something is to be done about it again.")


DeliveryConnection = connection(Delivery)


def _deliveries(
    source: None,
    ask: Ask,
    channel: str | None = None,
    state: str | None = None,
    material: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[DeliveryRecord]:
    context: Context = ask.context
    require(context.actor, "read_deliveries")
    page = context.deliveries.page(
        account=own_account(context, channel) if channel else context.actor.account,
        state=state or "",
        material=context.materials.one(material).id if material else "",
        first=or_usual(first),
        after=after,
        count=counted(ask),
    )
    library.materials(context).expect(each.material for each in page.items if each.material)
    return listing(page)


CountAxis = graphene.Enum.from_enum(Axis, name="CountAxis")


class Count(ObjectType):
    """How many events share these values."""

    key = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="One value for every axis asked for, in that order.",
    )
    count = graphene.Int(required=True)


CountConnection = connection(Count)


def _counts(
    source: None,
    ask: Ask,
    by: list[Axis],
    material: str | None = None,
    channel: str | None = None,
    kind: str | None = None,
    since: str | None = None,
    until: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[Counted]:
    context: Context = ask.context
    require(context.actor, "read_counts")
    counts = context.history.counts(
        by,
        material=context.materials.one(material).id if material else None,
        account=context.account(channel) if channel else None,
        kind=kind,
        since=day(since, "since"),
        until=day(until, "until"),
    )
    size = page_size(or_usual(first))
    begin = max(0, int(read_cursor(after, int)[0])) if after is not None else 0
    more = size > 0 and begin + size < len(counts)
    stretch = counts[begin : begin + size]
    return listing(Page(stretch, cursor(begin + size) if more else None, len(counts)))


def _search(
    source: None,
    ask: Ask,
    text: str,
    filter: Mapping[str, Any] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Listing[MaterialRecord]:
    context: Context = ask.context
    require(context.actor, "search")
    found = context.finding.search(
        text,
        sight=context.sight,
        types=named(filter, "types"),
        tags=named(filter, "tags"),
        first=page_size(or_usual(first)),
        after=after,
    )
    context.batch("topics", context.materials.topics).expect(each.id for each in found.items)
    return listing(Page(found.items, found.next, found.total), degraded=found.degraded)


def _customer_of(reminder: ReminderRecord, ask: Ask) -> str | None:
    context: Context = ask.context
    page = context.customers.seen_by(context.actor).page(handle=reminder.handle, first=1)
    return page.items[0].id if page.items else None


class Reminder(ObjectType):
    """A red dot: whom to look after, and why now."""

    id = graphene.ID(required=True)
    kind = graphene.String(required=True)
    stage = graphene.String(
        required=True, description="The code of the stage's tag, as content wears it."
    )
    operation = graphene.String(
        required=True, description="`content`, `activity` or `data`, as a campaign's."
    )
    customer = graphene.ID(
        resolver=_customer_of,
        description="Her id, if she is still the asker's.",
    )
    material = graphene.Field(
        library.Material,
        resolver=lambda reminder, ask: library.known(ask.context, reminder.material),
    )
    due = Moment(required=True)
    made = Moment(required=True)
    opened = Moment()
    done = Moment()
    unread = graphene.Boolean(required=True)
    evidence = Value()


ReminderConnection = connection(Reminder)


class Message(ObjectType):
    """Something said to a customer inside the app."""

    id = graphene.ID(required=True)
    title = graphene.String(required=True)
    text = graphene.String(required=True)
    link = graphene.String(required=True, description="Where she reads on; empty if nowhere.")
    material = graphene.ID(resolver=lambda message, ask: message.material or None)
    at = Moment(required=True)
    read = Moment()


MessageConnection = connection(Message)


class Me(ObjectType):
    """Who is asking."""

    id = graphene.ID(required=True)
    role = graphene.String(required=True)
    name = graphene.String(required=True)
    language = graphene.String(required=True)
    staff = graphene.ID(resolver=lambda actor, ask: actor.staff or None)
    unit = graphene.ID(resolver=lambda actor, ask: actor.unit or None)
    channel = graphene.ID(resolver=lambda actor, ask: actor.account or None)
    unread_reminders = graphene.Int(
        required=True,
        resolver=lambda actor, ask: ask.context.reminders.unread(actor.staff) if actor.staff else 0,
    )
    reminders = paged(
        graphene.NonNull(ReminderConnection), lambda actor, ask, **page: _reminders(ask, **page)
    )
    inbox = paged(
        graphene.NonNull(MessageConnection), lambda actor, ask, **page: _inbox(ask, **page)
    )


def _reminders(
    ask: Ask, first: int | None = None, after: str | None = None
) -> Listing[ReminderRecord]:
    context: Context = ask.context
    staff = _staff(context)
    size = or_usual(first)
    page = context.reminders.page(staff, first=size, after=after, count=counted(ask))
    library.materials(context).expect(each.material for each in page.items if each.material)
    return listing(page)


def _inbox(ask: Ask, first: int | None = None, after: str | None = None) -> Listing[InboxMessage]:
    """What was said to her under the login that her token was exchanged for."""
    context: Context = ask.context
    if not context.actor.customer:
        raise Forbidden("only_customers_have_an_inbox")
    size = or_usual(first)
    her = [context.actor.customer]
    return listing(context.inbox.page(her, first=size, after=after, count=counted(ask)))


def _me(source: None, ask: Ask) -> Actor:
    actor: Actor = ask.context.actor
    return actor


def _staff(context: Context) -> str:
    """Red dots are hers alone."""
    require(context.actor, "remind")
    if not context.actor.staff:
        raise Forbidden("only_staff_have_reminders")
    return context.actor.staff


def open_reminder(ask: Ask, sent: Mapping[str, Any]) -> ReminderRecord:
    """She has looked at it: this very red dot goes out."""
    context: Context = ask.context
    return context.reminders.open(sent["reminder"], _staff(context))


def finish_reminder(ask: Ask, sent: Mapping[str, Any]) -> ReminderRecord:
    """She has done what it asked for."""
    context: Context = ask.context
    return context.reminders.finish(sent["reminder"], _staff(context))


QUESTIONS = {
    "deliveries": paged(
        DeliveryConnection, _deliveries,
        channel=graphene.ID(), state=graphene.String(), material=graphene.ID(),
    ),
    "counts": paged(
        CountConnection, _counts,
        by=graphene.List(graphene.NonNull(CountAxis), required=True),
        material=graphene.ID(), channel=graphene.ID(), kind=graphene.String(),
        since=Day(), until=Day(),
    ),
    "search": paged(
        library.MaterialConnection, _search,
        text=graphene.String(required=True), filter=MaterialFilter(),
    ),
    "me": graphene.Field(Me, resolver=_me),
}  # fmt: skip

VERBS = {
    "open_reminder": verb("openReminder", "reminder", Reminder, open_reminder, reminder=key()),
    "finish_reminder": verb(
        "finishReminder", "reminder", Reminder, finish_reminder, reminder=key()
    ),
}  # fmt: skip

SIZES = {("Count", "key"): 4}
WEIGHTS = {("Query", "counts"): 50, ("Query", "search"): 20}
