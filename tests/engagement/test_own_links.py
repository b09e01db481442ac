"""A link made for one customer: its opening is evidence about her, whoever she sends it on to."""

from datetime import timedelta

import pytest

from kernel.errors import NotFound
from kernel.events import Handle

MINUTE = timedelta(minutes=1)
STRANGER = Handle("cookie", "", "c" * 24)


@pytest.fixture
def rep(company):
    return company.hire("li")


@pytest.fixture
def guide(company):
    return company.place("养老指南", "养老社区")


@pytest.fixture
def her(company, rep):
    return company.meet(rep=rep)


def work(company):
    while company.own_links.follow() + company.triggers.follow():
        pass


def own_link(company, guide, rep, her):
    return company.links.make(guide, "acc_app", rep.staff, company.id_of(her))


def told(company):
    return [each for each in company.changes.after("").changes if each.act == "own_link_opened"]


def dots(company, rep):
    found = company.reminders.page(rep.staff).items
    return [each for each in found if each.kind == "read_your_share"]


def test_an_opening_by_somebody_unknown_is_told_of_her_and_joins_nobody(company, rep, guide, her):
    code = own_link(company, guide, rep, her)
    company.tell(
        company.event("opened_link", STRANGER, guide, rep=rep.staff, link=code),
        company.event("turned_page", STRANGER, guide, rep=rep.staff, link=code, seconds=50),
    )
    work(company)
    (change,) = told(company)
    assert (change.handle, change.subject, change.detail["rep"]) == (str(her), guide, rep.staff)
    assert company.id_of(STRANGER) != company.id_of(her)
    (dot,) = dots(company, rep)
    assert (dot.handle, dot.evidence["seconds"], dot.evidence["own_link"]) == (str(her), 50, True)


def test_nothing_of_what_a_stranger_reads_is_taken_for_her_interest(company, rep, guide, her):
    before = company.profiles.of(company.id_of(her)).affinity(company.clock())
    code = own_link(company, guide, rep, her)
    company.tell(company.event("opened_link", STRANGER, guide, rep=rep.staff, link=code))
    work(company)
    company.tell(
        company.event("own_link_opened", her, guide, rep=rep.staff)
    )  # as the journal copies it
    assert company.profiles.of(company.id_of(her)).affinity(company.clock()) == before


def test_her_own_opening_stands_on_her_timeline_once(company, rep, guide, her):
    code = own_link(company, guide, rep, her)
    company.tell(company.event("opened_link", her, guide, rep=rep.staff, link=code))
    work(company)
    assert told(company) == []
    (dot,) = dots(company, rep)
    assert "own_link" not in dot.evidence


def test_who_is_known_and_opens_anothers_link_is_told_of_by_herself(company, rep, guide, her):
    friend = company.meet("13900139000", rep=rep)
    code = own_link(company, guide, rep, her)
    company.tell(company.event("opened_link", friend, guide, rep=rep.staff, link=code))
    work(company)
    (dot,) = dots(company, rep)
    assert dot.handle == str(friend)
    assert [each.handle for each in told(company)] == [str(her)]


def test_a_link_that_is_not_ours_or_is_anothers_material_says_nothing(company, rep, guide, her):
    other = company.place("理财入门", "理财")
    wrong = own_link(company, other, rep, her)
    for code in ("made-up", 7, "", wrong, company.links.make(guide, "acc_app", rep.staff)):
        company.tell(company.event("opened_link", STRANGER, guide, rep=rep.staff, link=code))
    work(company)
    assert told(company) == []
    assert all("own_link" not in each.evidence for each in dots(company, rep))


def test_a_link_of_somebody_who_is_not_there_any_more_is_an_ordinary_one(company, rep, guide):
    gone = "cus_" + "a" * 16
    with pytest.raises(NotFound):
        company.identities.resolve(gone)
    code = company.links.make(guide, "acc_app", rep.staff, gone)
    company.tell(company.event("opened_link", STRANGER, guide, rep=rep.staff, link=code))
    work(company)
    assert told(company) == []
    assert [each.handle for each in dots(company, rep)] == [str(STRANGER)]


def test_a_follower_that_died_tells_nothing_twice(company, records, rep, guide, her):
    code = own_link(company, guide, rep, her)
    company.tell(company.event("opened_link", STRANGER, guide, rep=rep.staff, link=code))
    work(company)
    work(company)
    assert company.own_links.follow() == 0
    assert len(told(company)) == 1


def test_a_customers_link_without_a_rep_is_evidence_too(company, guide, her):
    code = company.links.make(guide, "acc_app", "", company.id_of(her))
    company.tell(company.event("opened_link", STRANGER, guide, link=code))
    work(company)
    assert [each.handle for each in told(company)] == [str(her)]


def test_a_front_end_tells_the_link_among_an_events_properties(company, rep, guide, her):
    told_along = {"link": own_link(company, guide, rep, her)}
    company.tell(
        company.event("opened_link", STRANGER, guide, rep=rep.staff, properties=told_along)
    )
    work(company)
    assert [each.handle for each in told(company)] == [str(her)]
