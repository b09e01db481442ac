"""Of each rep's customers, for how many nobody ever opened a list; counted now and then."""

from datetime import timedelta

import pytest

from engagement.unadvised import EVERY, Unadvised
from matching.offers import Offer, keep
from tests.data_hub.telling import event


@pytest.fixture
def unadvised(company):
    return Unadvised(
        company.records, company.people, company.identities, company.customers, company.clock
    )


def by_rep(unadvised, *reps):
    told = unadvised.told([each.staff for each in reps] if reps else None)
    return told.entrusted, told.never


def test_it_is_counted_by_rep_and_says_when(company, unadvised):
    company.library(each=2)
    li, zhao = company.hire("li"), company.hire("zhao")
    told, *_ = (company.meet(f"1380013800{n}", li) for n in range(3))
    company.meet("13900139000", zhao)
    assert unadvised.told(None).at is None
    company.offer(told, li)
    assert unadvised.recount() == 2
    assert by_rep(unadvised) == (4, 3)
    assert by_rep(unadvised, li) == (3, 2)
    assert by_rep(unadvised, zhao) == (1, 1)
    assert [each.staff for each in unadvised.told(None).most] == [li.staff, zhao.staff]
    assert unadvised.told(None).at == company.clock()


def test_it_is_counted_again_only_after_a_while(company, unadvised):
    company.library(each=2)
    li = company.hire("li")
    her = company.meet("13800138000", li)
    unadvised.recount()
    company.offer(her, li)
    company.clock.move(EVERY - timedelta(seconds=1))
    assert unadvised.recount() == 0
    assert by_rep(unadvised) == (1, 1)
    company.clock.move(timedelta(seconds=1))
    assert unadvised.recount() == 1
    assert by_rep(unadvised) == (1, 0)
    assert unadvised.told(None).most == []
    company.clock.move(timedelta(hours=-3))  # put back: what was counted lies ahead
    assert unadvised.recount() == 1
    assert unadvised.told(None).at == company.clock()


def test_where_nobody_looks_after_anybody_there_is_nothing_to_count(unadvised):
    assert unadvised.recount() == 0
    assert by_rep(unadvised) == (0, 0)


def test_whoever_is_known_by_several_handles_is_one_and_the_last_word_says_whose(
    company, unadvised
):
    company.library(each=2)
    li, zhao = company.hire("li"), company.hire("zhao")
    one, other = company.meet("13800138000", li), company.meet("13800138001", li)
    company.offer(one, li)
    company.clock.move(timedelta(minutes=1))
    company.customers.entrust(other, zhao.staff, by="t")
    company.tell(event("identified", other, one, id="link"))
    unadvised.count()
    assert by_rep(unadvised, zhao) == (1, 0)
    assert by_rep(unadvised, li) == (0, 0)
    assert unadvised.of([zhao.staff]) == []


def test_a_rep_whose_customers_all_left_is_told_no_more(company, unadvised):
    li, zhao = company.hire("li"), company.hire("zhao")
    her = company.meet("13800138000", li)
    unadvised.count()
    company.clock.move(timedelta(minutes=1))
    company.customers.entrust(her, zhao.staff, by="t")
    unadvised.count()
    assert by_rep(unadvised, li) == (0, 0)
    assert unadvised.of([li.staff]) == []
    assert unadvised.of([zhao.staff]) == [company.id_of(her)]


def test_what_nobody_was_advised_with_advises_nobody(company, unadvised):
    """A list that was made for a front end, say, has no rep who looked at it."""
    li = company.hire("li")
    her = company.meet("13800138000", li)
    with company.records.write():
        keep(company.records, Offer(
            id="off_1", handle=str(her), rep="", at=company.clock(), items=[], candidates="",
            policy="",
        ))  # fmt: skip
    unadvised.count()
    assert by_rep(unadvised, li) == (1, 1)
    assert unadvised.of([li.staff]) == [company.id_of(her)]


def test_those_with_the_most_of_them_come_first_and_who_has_none_is_not_named(company, unadvised):
    company.library(each=2)
    li, wang, zhao = (company.hire(name) for name in ("li", "wang", "zhao"))
    company.meet("13800138000", li)
    for number in range(2):
        company.meet(f"1390013900{number}", wang)
    told = company.meet("13700137000", zhao)
    company.offer(told, zhao)
    unadvised.count()
    assert [each.staff for each in unadvised.told(None).most] == [wang.staff, li.staff]
    assert [each.staff for each in unadvised.told(None, 1).most] == [wang.staff]
    assert unadvised.told([li.staff], 1).most[0].staff == li.staff
    assert by_rep(unadvised) == (4, 3), "whoever is named, all are counted"
