"""What a date calls for reaches the rep or the customer, as the company has set it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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


@pytest.mark.rule("R25.2")
def test_who_buys_at_month_ends_and_is_active_gets_what_informs_and_no_discount(desk, rep, shop):
    """The month-end push is value content: a version with a discount is filtered."""
    company, oa = desk.company, shop["oa"].id
    company.clock.now = datetime(2026, 3, 24, 2, tzinfo=UTC)
    opens = company.clock()
    push = {
        name: company.place(name, "明星题材", account=oa, days=9)
        for name in ("基金经理访谈", "限时费率折扣", "认购立减")
    }
    for name, fields in (
        ("限时费率折扣", {"promo_level": "small"}), ("认购立减", {"price_cut": True}),
    ):  # fmt: skip
        desk.materials.edit(push[name], fields=fields, by="li")
    for each in shop["materials"]:
        desk.shelf.retire(each, by="li")
    phone = company.meet(rep=rep)
    met = company.event("identified", phone)
    company.tell(replace(met, id="link1", links=(Handle("openid", oa, "o_wang"),)))
    for day in ((2025, 12, 31), (2026, 1, 30), (2026, 2, 27)):
        ago = opens - datetime(*day, 4, tzinfo=UTC)
        company.tell(company.event("bought", phone, ago=ago, amount=1_000))
    company.lifecycles[company.id_of(phone)] = "active"
    watching = triggers(desk, "month_end")
    while watching.calendar():
        pass
    queued = desk.deliveries.page(first=10).items
    assert [(each.material, each.occasion) for each in queued] == [
        (push["基金经理访谈"], "occasion/month_end/2026-03")
    ]
