"""Whose customer she is who adds a rep on his platform, or was handed over."""

from datetime import timedelta

import pytest

from channels.base import Progress
from channels.transfers import Transfer, Transfers
from engagement.books import Books
from kernel.events import Handle

HER = Handle("external_userid", "acc_w", "wm1")


@pytest.fixture
def books(company, records, changes, clock):
    transfers = Transfers(records, changes, None, None, clock)
    return Books(
        records, company.findings, company.identities, company.customers, company.staff, transfers
    )


def follow(books):
    while books.follow():
        pass


def added(company, rep, her=HER):
    company.tell(company.event("followed", her, rep=rep.staff, account="acc_w"))


def test_who_adds_a_rep_is_in_her_book_and_stays_with_the_first(company, books):
    li, wang = company.hire("li"), company.hire("wang")
    added(company, li)
    follow(books)
    assert company.customers.rep_of([HER]) == li.staff
    assert company.customers.seen_by(li).page(rep=li.staff).items[0].handles == (HER,)

    added(company, wang)
    follow(books)
    assert company.customers.rep_of([HER]) == li.staff


def test_nobody_is_given_to_who_left_or_to_nobody_we_know(company, books):
    li = company.hire("li")
    company.staff.leave(li.staff, by="boss")
    added(company, li)
    company.tell(company.event("followed", HER, rep="stranger", account="acc_w"))
    follow(books)
    assert company.customers.rep_of([HER]) == ""


def test_who_was_handed_over_is_the_takers_once_the_platform_did_it(company, books, records, clock):
    li, wang = company.hire("li"), company.hire("wang")
    added(company, li)
    follow(books)
    clock.move(timedelta(minutes=1))
    open_ = Transfer(
        account="acc_w", handle=str(HER), giver=li.staff, taker=wang.staff, by="boss",
        asked=clock(), progress=Progress.SUBMITTED.value,
    )  # fmt: skip
    with records.write() as session:
        session.add(open_)
    follow(books)
    assert company.customers.rep_of([HER]) == li.staff

    with records.write() as session:
        kept = session.get(Transfer, open_.id)
        kept.progress, kept.settled = Progress.SHOWN.value, clock()
    follow(books)
    assert company.customers.rep_of([HER]) == wang.staff
    assert books.follow() == 0
