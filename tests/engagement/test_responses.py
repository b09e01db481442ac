"""Whether reps act on what they are shown, and reach whom they were advised on."""

from datetime import timedelta

import pytest

from channels.touch_policy import Touch
from engagement import responses
from engagement.responses import FEWEST, REACHED, Responses, Week
from matching.experiments import Group, bound, held_out

DAY = timedelta(days=1)


@pytest.fixture
def answers(company):
    return Responses(company.records, company.identities, company.clock, company.zone)


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
    week = answers.weeks()[-1]
    assert (week.shown, week.acted, week.recommended, week.touched) == (4, 3, 4, 2)
    assert (week.response_rate, week.trigger_rate) == (None, None)


def test_a_touch_before_the_advice_or_long_after_it_does_not_count(company, answers):
    company.library(each=2)
    rep = company.hire("li")
    early, late = company.meet("13800138001", rep), company.meet("13800138002", rep)

    def write_to(handle):
        touch = Touch(key=f"t{handle.value}", handle=str(handle), account="a", channel="wecom",
                      rep=rep.staff)  # fmt: skip
        company.touch_policy.count_own(touch, by="li")

    write_to(early)
    company.clock.move(timedelta(hours=1))
    company.offer(early, rep)
    company.offer(late, rep)
    company.clock.move(REACHED + DAY)
    write_to(late)
    assert [each.touched for each in answers.weeks()] == [0] * 8
    assert sum(each.recommended for each in answers.weeks()) == 2


@pytest.mark.rule("R26.1", "R26.3")
def test_the_two_groups_are_read_out_once_a_week_by_whom_a_rep_reached(company):
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"138001380{n:02}", rep) for n in range(24)]
    for handle in handles:
        company.offer(handle, rep)
    company.clock.move(timedelta(hours=1))
    held = {each: held_out(company.id_of(each), 0.5) for each in handles}
    treated = [each for each in handles if not held[each]]
    assert 3 < len(treated) < 21
    touch = Touch(key="t", handle=str(treated[0]), account="a", channel="wecom", rep=rep.staff)
    company.touch_policy.count_own(touch, by="li")
    answers = Responses(
        company.records, company.identities, company.clock, company.zone, hold_out=0.5
    )
    for days, look in ((1, 1), (12, 1), (2, 2), (7, 3)):  # of four looks, one a week
        company.clock.move(timedelta(days=days))
        told = answers.read_out()
        assert told.treated == Group(len(treated), 1)
        assert told.held == Group(len(handles) - len(treated), 0)
        assert told.bound == bound(look, 4)


def test_within_a_week_means_seven_days():
    assert timedelta(days=7) == REACHED


@pytest.mark.rule("R26.1")
def test_below_a_hundred_the_answer_is_that_the_data_are_too_few():
    few = Week(None, FEWEST - 1, 50, FEWEST - 1, 50)
    assert (few.response_rate, few.trigger_rate) == (None, None)
    many = Week(None, FEWEST, 25, 2 * FEWEST, 50)
    assert (many.response_rate, many.trigger_rate) == (0.25, 0.25)
    assert "turnover" in responses.__doc__
