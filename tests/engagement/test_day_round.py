"""Once a day everybody is walked over: once for each date, and again when a past has come in."""

from datetime import timedelta

from tests.engagement.days import day_round, dots, dots_of, watch

DAY = timedelta(days=1)


def test_a_round_goes_on_where_it_stopped_and_is_done_for_the_day(company):
    rep = company.hire("li")
    for number in range(55):
        company.meet(f"1390000{number:04}", rep, birthday="1960-03-03")
    assert [company.day_round.run() for _ in range(3)] == [50, 5, 0]
    kinds = company.reminders.unread_by_kind(rep.staff)
    assert kinds["birthday"] == 55


def test_a_clock_that_ran_ahead_and_was_put_back_costs_no_round(company, clock):
    rep = company.hire("li")
    company.meet(rep=rep, birthday="1960-03-03")
    for ahead in (DAY, 400 * DAY):
        clock.move(ahead)
        watch(company)
        clock.move(-ahead)
        watch(company)
    company.meet("13900000001", rep, birthday="1960-03-04")
    clock.move(DAY)
    watch(company)
    told = [dot.handle for dot in dots(company, rep) if dot.kind == "birthday"]
    assert sorted(told) == ["phone::13800138000", "phone::13900000001"]


def test_who_becomes_known_while_a_past_comes_in_has_her_dates_on_the_same_day(company):
    waits = [True]
    company.day_round = day_round(company, settled=lambda: not waits)
    rep = company.hire("li")
    company.meet(rep=rep, birthday="1960-03-03")
    watch(company)
    company.meet("13900000001", rep, birthday="1960-03-03")
    watch(company)
    assert company.reminders.unread_by_kind(rep.staff)["birthday"] == 1

    waits.clear()
    watch(company)
    assert company.reminders.unread_by_kind(rep.staff)["birthday"] == 2
    assert company.day_round.run() == 0


def test_a_round_that_a_past_overtakes_half_way_is_done_again(company):
    waits = []
    company.day_round = day_round(company, settled=lambda: not waits)
    rep = company.hire("li")
    for number in range(55):
        company.meet(f"1390000{number:04}", rep, birthday="1960-03-03")
    assert company.day_round.run() == 50
    waits.append("a past")
    assert [company.day_round.run(), company.day_round.run()] == [5, 0]
    waits.clear()
    assert [company.day_round.run() for _ in range(3)] == [50, 5, 0]
    assert company.reminders.unread_by_kind(rep.staff)["birthday"] == 55


def test_nobody_is_called_silent_while_what_she_did_may_still_wait(company, clock):
    waits = [True]
    company.day_round = day_round(company, settled=lambda: not waits)
    rep = company.hire("li")
    her = company.meet(rep=rep)
    other = company.meet("13900000001", rep)
    clock.move(45 * DAY)
    watch(company)
    company.tell(company.event("viewed_page", her))
    assert dots_of(company, rep, "dormant") == []

    waits.clear()
    watch(company)
    assert [dot.handle for dot in dots_of(company, rep, "dormant")] == [str(other)]
