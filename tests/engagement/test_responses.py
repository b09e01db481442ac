"""Whether reps act on what they are shown, and reach whom they were advised on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.touch_policy import Touch
from engagement import responses
from engagement.responses import EVERY, FEWEST, LAST, REACHED, Responses, Week
from kernel.events import Handle
from matching.experiments import Group, bound, held_out, mismatch
from matching.offers import Offer, keep
from stores.records import Record
from tests.conftest import MONDAY, kept_at

DAY = timedelta(days=1)


@pytest.fixture
def answers(company):
    return Responses(
        company.records, company.people, company.identities, company.clock, company.zone
    )


@pytest.mark.rule("R26.1")
def test_tasks_done_of_tasks_shown_and_customers_written_to_of_those_advised_on(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"1380013800{n}", rep) for n in range(4)]
    for number, handle in enumerate(handles):
        reminder = company.reminders.remind(rep.staff, "birthday", str(handle), f"2026-{number}")
        company.offer(handle, rep)
        if number < 3:
            company.reminders.finish(reminder.id, staff=rep.staff)
    company.clock.move(timedelta(hours=3))
    for handle in handles[:2]:
        company.touch_policy.count_own(
            Touch(key=f"t{handle.value}", handle=str(handle), account="a", channel="wecom",
                  rep=rep.staff), by="li",
        )  # fmt: skip
    machine = Touch(key="m", handle=str(handles[2]), account="a", channel="wecom")
    assert company.touch_policy.reserve([machine], by="worker").decisions["m"].passes
    company.touch_policy.begin(["m"])  # it went out by itself: no rep did
    company.clock.move(timedelta(hours=1))
    assert answers.count() == LAST
    week = answers.weeks()[-1]
    assert (week.shown, week.acted, week.recommended, week.touched) == (4, 3, 4, 2)
    assert (week.response_rate, week.trigger_rate) == (None, None)


def test_a_touch_before_the_advice_or_long_after_it_does_not_count(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    early, late = company.meet("13800138001", rep), company.meet("13800138002", rep)

    write_to(company, rep, early)
    company.clock.move(timedelta(hours=1))
    company.offer(early, rep)
    company.offer(late, rep)
    company.clock.move(REACHED + DAY)
    write_to(company, rep, late)
    answers.count()
    assert [each.touched for each in answers.weeks()] == [0] * LAST
    assert sum(each.recommended for each in answers.weeks()) == 2


@pytest.fixture
def halves(company):
    """The same, while half of the customers are held out. The clock stands where a run begins."""
    return Responses(
        company.records, company.people, company.identities, company.clock, company.zone,
        hold_out=0.5,
    )  # fmt: skip


def write_to(company, rep, handle):
    touch = Touch(key=f"t{handle.value}", handle=str(handle), account="a", channel="wecom",
                  rep=rep.staff)  # fmt: skip
    company.touch_policy.count_own(touch, by="li")


@pytest.mark.rule("R26.1", "R26.3")
def test_the_two_groups_are_read_out_once_a_week_by_whom_a_rep_reached(company, halves):
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"138001380{n:02}", rep) for n in range(24)]
    for handle in handles[:23]:
        company.offer(handle, rep)
    company.clock.move(timedelta(hours=1))
    sides = {each: held_out(company.id_of(each), 0.5) for each in handles}
    treated = [each for each in handles[:23] if not sides[each]]
    assert 3 < len(treated) < 20
    write_to(company, rep, treated[0])
    first = (Group(len(treated), 1), Group(23 - len(treated), 0))
    late = Group(1, 1)
    second = tuple(
        Group(old.size + late.size, old.did + late.did) if sides[handles[23]] == held else old
        for old, held in zip(first, (False, True), strict=True)
    )
    for days, number, groups in (
        (6, 4, (Group(0, 0), Group(0, 0))),  # the last look of the weeks before
        (1, 1, first), (5, 1, first), (2, 2, second), (20, 4, second), (7, 1, ((0, 0), (0, 0))),
    ):  # fmt: skip
        company.clock.move(timedelta(days=days))
        look = halves.read_out()
        assert (look.number, (look.told.treated, look.told.held)) == (number, groups)
        assert look.told.bound == bound(number, 4)
        assert look.at <= company.clock() < look.at + timedelta(days=7)
        if (days, number) == (1, 1):  # what happens after a look changes nothing until the next
            company.offer(handles[23], rep)
            write_to(company, rep, handles[23])


@pytest.mark.rule("R26.3")
def test_a_difference_that_a_look_has_found_stays_found_until_the_next_weeks_begin(company, halves):
    rep = company.hire("li")
    handles = [Handle("phone", "", f"139{n:08}") for n in range(260)]
    company.tell(*(company.event("identified", each) for each in handles))
    company.clock.move(timedelta(days=5))
    for each in handles:
        offer = Offer(
            handle=str(each), rep=rep.staff, at=company.clock(), items=[], candidates="", policy=""
        )
        with company.records.write():
            keep(company.records, offer)
    held = {each: held_out(company.id_of(each), 0.5) for each in handles}
    for each in handles:
        if not held[each]:
            write_to(company, rep, each)
    company.clock.move(timedelta(days=3))
    look = halves.read_out()
    assert (look.number, look.told.verdict) == (1, "better")
    for each in handles:
        if held[each]:
            write_to(company, rep, each)
    company.clock.move(timedelta(days=14))
    assert halves.read_out() == look
    company.clock.move(timedelta(days=14))
    assert halves.read_out().told.verdict == "too_few"


@pytest.mark.rule("R26.1", "R26.3")
def test_the_two_groups_are_compared_by_the_tasks_that_reps_did_too(company, halves):
    """Counted by customer, whichever handle a task names, up to the look and not beyond."""
    rep = company.hire("li")
    handles = [company.meet(f"138001380{n:02}", rep) for n in range(20)]
    app = Handle("user", "app", "u1")
    company.tell(replace(company.event("identified", app), links=(handles[0],)))
    tasks = [
        company.reminders.remind(rep.staff, kind, str(each), "2026")
        for kind in ("birthday", "payday")
        for each in [*handles, *([app] if kind == "payday" else [])]
    ]
    held = [held_out(company.id_of(each), 0.5) for each in handles]
    of_held = [held_out(company.id_of(Handle.parse(each.handle)), 0.5) for each in tasks]
    assert company.id_of(app) == company.id_of(handles[0])
    done = [task for task, theirs in zip(tasks, of_held, strict=True) if not theirs][:5]
    company.clock.move(timedelta(hours=1))
    for task in done[:4]:
        company.reminders.finish(task.id, staff=rep.staff)
    company.clock.move(timedelta(days=7))
    company.reminders.finish(done[4].id, staff=rep.staff)
    told = halves.read_out().response
    shown = of_held.count(False), of_held.count(True)
    assert (told.treated, told.held) == (Group(shown[0], 4), Group(shown[1], 0))
    assert told.verdict == "too_few"
    assert told.mismatch == mismatch(sum(held), 20, 0.5)
    company.clock.move(timedelta(days=7))
    assert halves.read_out().response.treated == Group(shown[0], 5)


def test_within_a_week_means_seven_days():
    assert timedelta(days=7) == REACHED


def week_of(shown, acted, recommended, touched):
    return Week(
        begins=MONDAY.date(), shown=shown, acted=acted, recommended=recommended,
        touched=touched, at=MONDAY,
    )  # fmt: skip


@pytest.mark.rule("R26.1")
def test_below_a_hundred_the_answer_is_that_the_data_are_too_few():
    few = week_of(FEWEST - 1, 50, FEWEST - 1, 50)
    assert (few.response_rate, few.trigger_rate) == (None, None)
    many = week_of(FEWEST, 25, 2 * FEWEST, 50)
    assert (many.response_rate, many.trigger_rate) == (0.25, 0.25)
    assert "turnover" in responses.__doc__


def test_a_week_is_counted_again_until_nothing_more_belongs_to_it(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    first, second = company.meet("13800138001", rep), company.meet("13800138002", rep)
    company.offer(first, rep)
    company.clock.move(timedelta(hours=1))
    assert answers.weeks() == []
    assert answers.recount() == LAST
    company.offer(second, rep)
    company.clock.move(EVERY - timedelta(seconds=1))
    assert answers.recount() == 0
    assert answers.weeks()[-1].recommended == 1
    company.clock.move(timedelta(seconds=1))
    assert answers.recount() == 2  # this week, and the last, whose customers may still be reached
    assert answers.weeks()[-1].recommended == 2
    assert answers.weeks()[-1].at == company.clock()
    company.clock.move(timedelta(days=6))
    touch = Touch(key="t", handle=str(second), account="a", channel="wecom", rep=rep.staff)
    company.touch_policy.count_own(touch, by="li")
    company.clock.move(timedelta(days=1))
    assert answers.recount() == 3  # the new one, too
    assert [(each.recommended, each.touched) for each in answers.weeks()[-2:]] == [(2, 1), (0, 0)]
    company.clock.move(timedelta(days=28))
    answers.recount()
    counted = answers.weeks()[-6]
    assert (counted.recommended, counted.touched) == (2, 1)
    company.clock.move(EVERY)
    assert answers.recount() == 2
    assert answers.weeks()[-6].at == counted.at


def test_what_a_clock_counted_that_ran_ahead_is_counted_again_once_it_is_put_back(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    company.offer(company.meet("13800138001", rep), rep)
    company.clock.move(timedelta(days=21))  # by this clock, this week is over
    answers.recount()
    company.clock.move(-timedelta(days=21) + timedelta(hours=1))
    company.offer(company.meet("13800138002", rep), rep)
    company.clock.move(EVERY)
    answers.recount()
    told = {each.begins: (each.recommended, each.at) for each in answers.weeks()}
    assert told[MONDAY.date()] == (2, company.clock())


def test_everybody_of_a_week_is_counted_by_person_from_the_first_advice_on(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    phone, app = company.meet("13800138001", rep), Handle("user", "app", "u1")
    known = company.event("identified", app)
    company.tell(replace(known, links=(phone,)))
    assert company.id_of(app) == company.id_of(phone)
    for handle in (phone, app):
        company.offer(handle, rep)
        company.clock.move(timedelta(hours=1))
    touch = Touch(key="t", handle=str(app), account="a", channel="wecom", rep=rep.staff)
    company.touch_policy.count_own(touch, by="li")
    answers.count()
    week = answers.weeks()[-1]
    assert (week.recommended, week.touched) == (1, 1)


def test_weeks_are_found_by_their_moment(tmp_path):
    """A look at one week reads no other: at two thousand reps a week has 200,000 offers."""
    kept = kept_at(f"sqlite:///{tmp_path}/records.db", Record)
    for asked, index in (
        (responses._ADVISED, "ix_offers_advised"),
        (responses._REACHED, "ix_touches_reps"),
    ):
        with kept.read() as session:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("a", "b"))
            assert index in str(plan.all())
    kept.close()
