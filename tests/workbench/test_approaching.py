"""What a date calls for reaches the rep or the customer, as the company has set it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engagement.approaching import Approaches
from engagement.triggers import Triggers
from kernel.events import Handle


def triggers(desk, *kinds):
    approaches = Approaches(
        recommender=desk.recommender, sharing=desk.sharing, publishing=desk.publishing,
        materials=desk.materials, customers=desk.customers, staff=desk.staff,
    )  # fmt: skip
    return Triggers(
        records=desk.company.records, people=desk.company.people, findings=desk.findings,
        history=desk.history,
        reminders=desk.reminders, profiles=desk.profiles, identities=desk.identities,
        customers=desk.customers, staff=desk.staff, clock=desk.clock, zone=desk.zone,
        approaches=approaches, to_customers=kinds,
    )  # fmt: skip


@pytest.fixture
def met(desk, rep, shop):
    """Somebody whose birthday week it is, known by phone and at the official account."""
    company = desk.company
    phone = company.meet(rep=rep, birthday="1960-03-04")
    told = company.event("identified", phone)
    links = (Handle("openid", shop["oa"].id, "o_wang"),)
    company.tell(replace(told, id="link1", links=links))
    return company.id_of(phone)


@pytest.mark.rule("R25.1", "R25.2")
@pytest.mark.parametrize(
    ("audience", "dots", "sent"), [((), ["birthday"], 0), (("birthday",), [], 1)]
)
def test_a_birthday_is_told_to_the_rep_or_the_customer_gets_something(
    desk, rep, met, audience, dots, sent
):
    watching = triggers(desk, *audience)
    while watching.calendar():
        pass
    told = [each.kind for each in desk.reminders.page(rep.staff).items if each.kind == "birthday"]
    assert told == dots
    queued = desk.deliveries.page(first=10).items
    assert len(queued) == sent
    assert all(each.occasion.startswith("occasion/birthday/") for each in queued)
    again = triggers(desk, *audience)
    desk.clock.move(timedelta(days=1))
    while again.calendar():
        pass
    assert len(desk.deliveries.page(first=10).items) == sent


def test_where_no_way_leads_to_the_customer_her_rep_is_reminded(desk, rep, met):
    handles = desk.customers.seen_by(rep).one(met).handles
    desk.consents.withdraw(handles, "marketing", source="menu")
    watching = triggers(desk, "birthday")
    while watching.calendar():
        pass
    assert "birthday" in [each.kind for each in desk.reminders.page(rep.staff).items]
    assert desk.deliveries.page(first=10).items == []
