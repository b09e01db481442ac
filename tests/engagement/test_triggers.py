"""Findings and dates become reminders: once, for the right rep, with what shows them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete

from data_hub import nurture
from data_hub.identities.records import Edge, Known
from data_hub.prediction import Window
from data_hub.profiles.strands import DESIRES
from engagement.dated import DATED
from engagement.reminders import KINDS
from engagement.triggers import Triggers
from engagement.vip_care import weekly
from juzhen.settings import OCCASIONS, STEPS
from kernel.events import Handle
from kernel.wording import say
from tests.engagement.days import day_round, dots, dots_of, watch

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.rule("R30.1", "R30.2")
def test_a_rep_is_told_once_a_viewing_session_with_time_and_page(company, clock):
    rep = company.hire("li")
    guide = company.place("养老指南", "养老社区", kind="product_note")
    her = company.meet(rep=rep)
    company.tell(company.event("opened_link", her, guide, rep=rep.staff))
    watch(company)
    assert [dot.kind for dot in dots(company, rep) if dot.material] == ["read_your_share"]
    for page in (2, 4, 3):
        clock.move(MINUTE)
        company.tell(
            company.event("turned_page", her, guide, rep=rep.staff, seconds=64, page=page, pages=6)
        )
        watch(company)
    (dot,) = [dot for dot in dots(company, rep) if dot.kind == "read_your_share"]
    assert dot.material == guide
    assert {name: dot.evidence[name] for name in ("seconds", "page", "pages")} == {
        "seconds": 192, "page": 4, "pages": 6,
    }  # fmt: skip
    clock.move(31 * MINUTE)
    company.tell(company.event("read_material", her, guide, rep=rep.staff, seconds=5))
    watch(company)
    assert [dot.kind for dot in dots(company, rep)].count("read_your_share") == 2


def test_each_rep_is_told_of_the_reading_of_what_she_sent_herself(company, clock):
    first, other = company.hire("li"), company.hire("wang")
    guide = company.place("养老指南", "养老社区", kind="product_note")
    her = company.meet(rep=first)
    for rep, seconds in ((first, 60), (other, 10)):
        clock.move(MINUTE)
        company.tell(company.event("turned_page", her, guide, rep=rep.staff, seconds=seconds))
        watch(company)
    for rep, seconds in ((first, 60), (other, 10)):
        (dot,) = [dot for dot in dots(company, rep) if dot.kind == "read_your_share"]
        assert dot.evidence["seconds"] == seconds


def test_of_who_is_known_no_more_nobody_is_told_and_what_follows_is_told_as_ever(company):
    """An import was taken back, or she was erased, between what was found and its followers."""
    rep, her = company.hire("li"), company.meet()
    company.tell(company.event("bought", her, rep=rep.staff, amount=5))
    company.tell(company.event("messaged", her, rep=rep.staff))
    with company.people.write("digest") as session:
        for told in (Known, Edge):
            session.execute(delete(told))
    watch(company)
    assert dots(company, rep) == []
    other = company.meet("13900139000", rep)
    company.tell(company.event("bought", other, rep=rep.staff, amount=5))
    watch(company)
    assert "new_customer" in {dot.kind for dot in dots(company, rep)}


def test_what_nobody_had_sent_reminds_nobody(company):
    rep = company.hire("li")
    guide = company.place("养老指南", "养老社区")
    her = company.meet(rep=rep)
    watch(company)
    before = company.reminders.unread(rep.staff)
    company.tell(company.event("read_material", her, guide))
    company.tell(company.event("read_material", her, guide, rep="stf_gone"))
    watch(company)
    assert company.reminders.unread(rep.staff) == before


def test_an_old_event_that_comes_in_late_lights_no_red_dot(company):
    rep = company.hire("li")
    guide = company.place("养老指南", "养老社区")
    her = company.meet(rep=rep)
    watch(company)
    before = company.reminders.unread(rep.staff)
    company.tell(company.event("opened_link", her, guide, rep=rep.staff, ago=3 * DAY))
    watch(company)
    assert company.reminders.unread(rep.staff) == before


def test_a_silent_customer_who_comes_back_is_told_with_the_length_of_the_silence(company, clock):
    rep = company.hire("li")
    her = company.meet(rep=rep)
    watch(company)
    clock.move(50 * DAY)
    company.tell(company.event("viewed_page", her))
    watch(company)
    (dot,) = [dot for dot in dots(company, rep) if dot.kind == "came_back"]
    assert dot.evidence["days"] == 50


def test_a_new_customer_is_told_only_if_somebody_could_turn_to_her(company):
    rep = company.hire("li")
    guide = company.place("养老指南", "养老社区")
    nobody = Handle("cookie", "", "c1")
    company.tell(company.event("opened_link", nobody, guide, rep=rep.staff))
    follower = Handle("openid", "acc_oa", "o1")
    company.tell(company.event("followed", follower, rep=rep.staff))
    watch(company)
    new = [dot.handle for dot in dots(company, rep) if dot.kind == "new_customer"]
    assert new == [str(follower)]


@pytest.mark.rule("R24.1", "R24.2", "R24.3")
@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2027, 2, 21, 1, tzinfo=UTC), "2027-02-21"),
        (datetime(2028, 2, 22, 1, tzinfo=UTC), "2028-02-22"),
        (datetime(2027, 3, 24, 1, tzinfo=UTC), "2027-03-24"),
        (datetime(2027, 4, 23, 1, tzinfo=UTC), "2027-04-23"),
    ],
)
def test_a_month_end_buyer_gets_one_task_seven_days_ahead(company, clock, now, day):
    clock.now = now - DAY
    rep = company.hire("li")
    buyer, other = company.meet("13800000001", rep), company.meet("13800000002", rep)
    ends = [now.replace(day=1) - timedelta(hours=12)]
    for _ in range(2):
        ends.append(ends[-1].replace(day=1) - DAY)
    for who, whens in ((buyer, ends), (other, ends[:2])):
        company.tell(
            *(company.event("bought", who, ago=clock() - when, amount=9.0) for when in whens)
        )
    watch(company)
    assert [dot for dot in dots(company, rep) if dot.kind == "month_end"] == []
    for _ in range(9):
        clock.move(DAY)
        watch(company)
        watch(company)
    (dot,) = [dot for dot in dots(company, rep) if dot.kind == "month_end"]
    assert dot.handle == str(buyer)
    assert dot.due.isoformat() == f"{day}T01:00:00+00:00"
    assert dot.evidence["times"] == 3


@pytest.mark.rule("R50.4")
def test_a_birthday_is_reminded_of_once_a_year_for_each_customer(company, clock):
    rep = company.hire("li")
    her = company.meet(rep=rep, birthday="1960-03-05")

    def told_of(days):
        for _ in range(days):
            watch(company)
            clock.move(DAY)
        found = [dot for dot in dots(company, rep) if dot.kind == "birthday"]
        return sorted((dot.handle, dot.cycle) for dot in found)

    assert told_of(10) == [(str(her), "2026")]
    clock.move(340 * DAY)
    assert told_of(20) == [(str(her), "2026"), (str(her), "2027")]


@pytest.mark.rule("R50.1")
def test_the_task_of_a_birthday_is_there_from_three_days_before_until_three_days_after(
    company, clock
):
    rep = company.hire("li")
    her = company.meet(rep=rep, birthday="1960-03-07")
    seen = []
    for _ in range(12):
        watch(company)
        there = company.reminders.page(rep.staff, kind="birthday").items
        assert company.reminders.unread_by_kind(rep.staff).get("birthday", 0) == len(there)
        seen += [clock().day] * len(there)
        clock.move(DAY)
    assert seen == [4, 5, 6, 7, 8, 9, 10]
    company.reminders.finish_about(rep.staff, [str(her)])
    (dot,) = dots_of(company, rep, "birthday")
    assert dot.done is None, "what is over was not done by turning to her later"
    company.reminders.put_off(dot.id, rep.staff, clock() + DAY)
    clock.move(DAY)
    assert company.reminders.unread(rep.staff) == 1, "what she wanted later herself is there then"


def test_a_maturity_is_still_to_be_done_when_the_money_is_free(company, clock):
    rep = company.hire("li")
    her = company.meet(rep=rep)
    company.tell(company.event("policy_issued", her, policy="P1", matures="2026-03-03"))
    for _ in range(4):
        watch(company)
        clock.move(DAY)
    assert "maturity" in company.reminders.unread_by_kind(rep.staff)


@pytest.mark.parametrize("done", [False, True])
def test_who_gets_a_customer_in_her_birthday_week_gets_the_task_unless_it_is_done(
    company, clock, done
):
    before, after = company.hire("li"), company.hire("wang")
    her = company.meet(rep=before, birthday="1960-03-05")
    watch(company)
    (dot,) = dots_of(company, before, "birthday")
    if done:
        company.reminders.finish(dot.id, before.staff)
    company.customers.entrust(her, after.staff, by="zhao")
    for _ in range(3):
        clock.move(DAY)
        watch(company)
    told = [len(dots_of(company, each, "birthday")) for each in (before, after)]
    assert told == ([1, 0] if done else [0, 1])


def test_what_is_not_done_about_a_customer_goes_over_with_her_and_no_dot_is_left_behind(
    company, clock
):
    before, after = company.hire("li"), company.hire("wang")
    her = company.meet(rep=before)
    watch(company)
    (dot,) = dots(company, before)
    company.reminders.open(dot.id, before.staff)
    company.reminders.remind(before.staff, "came_back", str(her), "2026-02-01")
    company.reminders.remind(before.staff, "read_your_share", str(her), "m:1")
    company.reminders.remind(after.staff, "came_back", str(her), "2026-02-01")
    done = company.reminders.remind(before.staff, "came_back", str(her), "2026-01-01")
    company.reminders.finish(done.id, before.staff)
    company.customers.entrust(her, after.staff, by="zhao")
    clock.move(DAY)
    watch(company)
    assert company.reminders.unread_by_kind(after.staff) == {"new_customer": 1, "came_back": 1}
    assert company.reminders.unread_by_kind(before.staff) == {"read_your_share": 1}
    assert len(dots(company, before)) == 2, "what she did and what she sent stay hers"
    assert dots_of(company, after, "new_customer")[0].id == dot.id


def test_who_becomes_a_vip_in_her_birthday_week_is_not_told_of_twice(company, clock):
    vips = set()
    company.day_round = day_round(company, vips=vips.intersection)
    rep = company.hire("li")
    her = company.meet(rep=rep, birthday="1960-03-05")
    watch(company)
    vips.add(company.id_of(her))
    for _ in range(3):
        clock.move(DAY)
        watch(company)
    told = [len(dots_of(company, rep, kind)) for kind in ("birthday", "vip_gift")]
    assert told == [1, 0]


@pytest.mark.rule("R125.1", "R125.2")
def test_each_of_the_first_five_purchases_has_its_step_and_the_first_three_stand_first(
    company, clock
):
    rep = company.hire("li")
    her, due = company.meet(rep=rep), []
    for nth in range(1, 8):
        company.tell(company.event("bought", her, amount=100.0, product=f"p{nth}"))
        watch(company)
        watch(company)
        due.append(clock())
        clock.move(40 * DAY)
    steps = sorted(
        (dot for dot in dots(company, rep) if dot.kind == "nurture"), key=lambda dot: dot.due
    )
    assert [dot.evidence["nth"] for dot in steps] == [1, 2, 3, 4, 5]
    for dot, bought in zip(steps, due, strict=False):
        day = company.zone.day(bought) + timedelta(days=nurture.PLAN[dot.evidence["nth"]])
        assert company.zone.day(dot.due) == day
    hours = [company.zone.local(dot.due).strftime("%H:%M") for dot in steps]
    assert hours == ["09:20", "09:20", "09:20", "09:10", "09:10"]
    assert [nurture.priority(n) for n in range(8)] == [0, 2, 2, 2, 1, 1, 0, 0]


def test_a_maturity_is_reminded_of_thirty_days_ahead(company, clock):
    rep = company.hire("li")
    her = company.meet(rep=rep)
    company.tell(
        company.event("policy_issued", her, policy="P1", product="稳盈三年", matures="2026-04-10")
    )
    watch(company)
    assert [dot.kind for dot in dots(company, rep)].count("maturity") == 0
    clock.move(9 * DAY)
    watch(company)
    (dot,) = [dot for dot in dots(company, rep) if dot.kind == "maturity"]
    assert dot.evidence["name"] == "稳盈三年"


@pytest.mark.rule("R20.2")
def test_a_due_contact_task_leads_to_scripts_and_product_notes_with_reasons(company):
    company.library(each=2)
    rep = company.hire("li")
    company.meet(rep=rep, birthday="1960-03-03")
    watch(company)
    dot = next(dot for dot in dots(company, rep) if dot.kind == "birthday")
    offer = company.offer(Handle.parse(dot.handle), rep)
    kinds = {m.type for m in company.materials.many([i.material for i in offer.told()]).values()}
    assert {"script", "product_note"} <= kinds
    assert all(item.reasons for item in offer.told())


@pytest.mark.parametrize(("days", "told"), [(3, 6), (5, 0)])
def test_a_worker_that_slept_over_a_weekend_tells_once_who_fell_silent(company, clock, days, told):
    rep = company.hire("li")
    for n in range(6):
        company.meet(f"1390000000{n}", rep)
    clock.move(44 * DAY)
    watch(company)
    assert not any(dot.kind == "dormant" for dot in dots(company, rep))
    clock.move(DAY + days * DAY)
    for _ in range(2):
        watch(company)
    assert [dot.kind for dot in dots(company, rep)].count("dormant") == told


def test_two_triggers_at_work_remind_once(company):
    rep = company.hire("li")
    company.meet(rep=rep)
    twin = Triggers(
        records=company.records, findings=company.findings,
        history=company.history, reminders=company.reminders, profiles=company.profiles,
        identities=company.identities, customers=company.customers, staff=company.staff,
        clock=company.clock, zone=company.zone,
    )  # fmt: skip
    company.triggers.follow()
    assert twin.follow() == 0


class Model:
    """Expects everybody who bought twice thirty days after the last time."""

    def window(self, buying, present):
        day = 86_400
        return Window(present + 30 * day, present + 20 * day, present + 45 * day, True)

    def model(self):
        return self


@pytest.mark.rule("R162.3")
def test_a_rep_is_reminded_once_seven_days_before_the_next_purchase(company, clock):
    company.day_round = day_round(company, predictions=Model())
    rep = company.hire("li")
    her = company.meet(rep=rep)
    company.tell(
        company.event("bought", her, ago=40 * DAY, amount=1), company.event("bought", her, amount=1)
    )

    def told():
        watch(company)
        return [dot for dot in dots(company, rep) if dot.kind == "next_purchase"]

    clock.move(22 * DAY)
    assert told() == []
    clock.move(DAY)
    (dot,) = told()
    assert dot.evidence["day"] == company.zone.day(clock() + 7 * DAY).isoformat()
    clock.move(2 * DAY)
    assert len(told()) == 1


def test_silence_is_told_when_it_begins_and_never_of_who_slept_before(company, clock):
    rep = company.hire("li")
    company.meet(rep=rep)
    clock.move(50 * DAY)
    watch(company)
    assert "dormant" not in {dot.kind for dot in dots(company, rep)}
    company.meet("13800138001", rep=rep)
    clock.move(45 * DAY)
    watch(company)
    assert [dot.kind for dot in dots(company, rep)].count("dormant") == 1


def test_every_dated_occasion_is_a_reminder_with_words_and_a_setting_that_names_it():
    assert set(DATED) <= set(KINDS)
    assert set(DATED) == set(OCCASIONS)
    assert DESIRES[1:] == STEPS
    assert all(say(f"shown_{kind}", "en") for kind in DATED)


@pytest.mark.rule("R157.1")
def test_for_a_vip_her_rep_likes_or_comments_once_a_week_and_prepares_gifts(company, clock):
    company.day_round = day_round(company, vips=company.vips.intersection)
    rep = company.hire("li")
    her, other = company.meet(rep=rep), company.meet("13800138001", rep=rep)
    company.vips.add(company.id_of(her))
    clock.move(timedelta(days=7 - clock().weekday()))  # a Monday: her weekday may be any
    for _ in range(45):
        watch(company)
        clock.move(DAY)
    kinds = [
        (dot.handle == str(other), dot.kind, dot.evidence.get("occasion"))
        for dot in dots(company, rep)
    ]
    assert kinds.count((False, "vip_moments", None)) == 7
    assert (False, "vip_gift", "dormant") in kinds
    assert (True, "dormant", None) in kinds
    assert {kind for of_other, kind, _ in kinds if of_other}.isdisjoint({"vip_moments", "vip_gift"})


@pytest.mark.parametrize("day", range(1, 8))
def test_a_vips_weekday_is_her_own_and_every_week_has_one(day):
    today = date.fromisocalendar(2027, 1, day)
    turns = [weekly(f"cus_{n}", today) for n in range(50)]
    told = [turn for turn in turns if turn]
    assert all(turn.due <= today and turn.cycle == "2027-W01" for turn in told)
    assert len(told) == 50 if day >= 5 else 0 < len(told) < 50


@pytest.mark.rule("R110.2")
@pytest.mark.parametrize(
    ("step", "act"),
    [
        ("viewed", "viewed_product"), ("dwelled", "finished_material"), ("asked", "asked_quote"),
        ("tried", "used_tool"),
    ],
)  # fmt: skip
def test_each_step_of_desire_can_be_a_task_of_her_rep(company, clock, step, act):
    def told(desire):
        watcher = Triggers(
            records=company.records, findings=company.findings,
            history=company.history, reminders=company.reminders, profiles=company.profiles,
            identities=company.identities, customers=company.customers, staff=company.staff,
            clock=clock, zone=company.zone, desire=desire,
        )  # fmt: skip
        watcher.follow()
        return [dot.evidence["step"] for dot in dots(company, rep) if dot.kind == "warmed"]

    clock.now = clock.now.replace(hour=23, minute=58)  # in Shanghai this day goes on
    rep = company.hire("li")
    her = company.meet(rep=rep)
    company.tell(company.event(act, her))
    assert told([step]) == [step]
    clock.move(MINUTE)
    company.tell(company.event("bought", her, amount=1))
    clock.move(MINUTE)
    company.tell(company.event(act, her))
    assert told([step]) == [step]  # the same step of the same day is the same task
    clock.move(DAY)
    company.tell(company.event("bought", her, amount=1), company.event(act, her))
    assert told([]) == [step]  # nobody asked for it
