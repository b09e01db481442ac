"""What a date calls for reaches the rep or the customer, as the company has set it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engagement.approaching import Approaches
from engagement.day_round import DayRound
from kernel.events import Handle


def day_round(desk, *kinds):
    approaches = Approaches(
        recommender=desk.recommender, sharing=desk.sharing, publishing=desk.publishing,
        materials=desk.materials, customers=desk.customers, staff=desk.staff,
    )  # fmt: skip
    return DayRound(
        records=desk.company.records, people=desk.company.people, reminders=desk.reminders,
        profiles=desk.profiles, identities=desk.identities, customers=desk.customers,
        clock=desk.clock, zone=desk.zone, approaches=approaches, to_customers=kinds,
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
    watching = day_round(desk, *audience)
    while watching.run():
        pass
    told = [each.kind for each in desk.reminders.page(rep.staff).items if each.kind == "birthday"]
    assert told == dots
    queued = desk.deliveries.page(first=10).items
    assert len(queued) == sent
    assert all(each.occasion.startswith("occasion/birthday/") for each in queued)
    again = day_round(desk, *audience)
    desk.clock.move(timedelta(days=1))
    while again.run():
        pass
    assert len(desk.deliveries.page(first=10).items) == sent


def watch(desk):
    """One day's walk over all profiles, in a new process."""
    watching = day_round(desk, "birthday")
    while watching.run():
        pass


def reminded(desk, rep):
    return [each.kind for each in desk.reminders.page(rep.staff).items].count("birthday")


def queued(desk):
    return desk.deliveries.page(first=10).items


def test_where_no_way_leads_to_the_customer_her_rep_is_reminded(desk, rep, met):
    handles = desk.customers.seen_by(rep).one(met).handles
    desk.consents.withdraw(handles, "marketing", source="menu")
    watch(desk)
    assert (reminded(desk, rep), queued(desk)) == (1, [])
    desk.consents.allow(handles, "marketing", source="menu")
    desk.clock.move(timedelta(days=1))
    watch(desk)
    assert (reminded(desk, rep), queued(desk)) == (1, []), "one of them was told of it already"


def test_the_next_days_list_on_another_account_sends_nothing_again(desk, rep, met, shop):
    watch(desk)
    (first,) = queued(desk)
    assert first.account == shop["oa"].id
    desk.clock.move(timedelta(days=1))
    company, phone = desk.company, Handle("phone", "", "13800138000")
    user = Handle("user", shop["app"].id, "u_wang")
    told = company.event("identified", phone)
    company.tell(replace(told, id="link2", links=(user,)))
    for each in shop["materials"]:
        for placed in desk.shelf.of_material(each):
            if placed.account == shop["oa"].id and each != first.material:
                desk.shelf.retire(placed.id, by="li")
    watch(desk)
    assert [each.id for each in queued(desk)] == [first.id]
    assert reminded(desk, rep) == 0


def test_of_what_was_cancelled_before_it_went_her_rep_is_reminded(desk, rep, met):
    watch(desk)
    (first,) = queued(desk)
    desk.publishing.retire(first.material, by="li")
    desk.clock.move(timedelta(days=1))
    watch(desk)
    assert [each.state for each in queued(desk)] == ["cancelled"]
    assert reminded(desk, rep) == 1


def test_what_could_not_go_in_her_birthday_week_goes_no_more(desk, rep, met):
    watch(desk)
    (first,) = queued(desk)
    over = datetime(2026, 3, 8, tzinfo=desk.zone.info).astimezone(UTC)
    assert first.expires == over
    desk.clock.now = over
    desk.deliveries.expire()
    desk.publishing.carry()
    (first,) = queued(desk)
    assert (first.state, first.first_sent) == ("expired", None)


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
    watching = day_round(desk, "month_end")
    while watching.run():
        pass
    queued = desk.deliveries.page(first=10).items
    assert [(each.material, each.occasion) for each in queued] == [
        (push["基金经理访谈"], "occasion/month_end/2026-03")
    ]
