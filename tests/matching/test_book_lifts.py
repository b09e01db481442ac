"""What a rep's own customers read more than the company does, for those whom we hardly know."""

from datetime import timedelta

import numpy as np
import pytest

from matching.book_lifts import BookLifts
from matching.counters import worth
from matching.scoring import lifts


@pytest.fixture
def reps(company):
    """Two reps with the same many materials: one's customers read of retirement, the other's of
    health."""
    made = company.library()
    reps = {"养老社区": company.hire("li"), "健康": company.hire("wang")}
    for at, (topic, rep) in enumerate(reps.items()):
        for number in range(6):
            handle = company.meet(f"1390000{at}{number:03}", rep)
            company.tell(
                *(
                    company.event("read_material", handle, each, rep=rep.staff)
                    for each in made[topic]
                )
            )
    return made, reps


def lifted(company, rep, number):
    """What her book adds to each content on the list of a newcomer."""
    items = company.offer(company.meet(f"1370000{number:04}", rep), rep, 50).told()
    return {
        item.material: reason.weight
        for item in items
        for reason in item.reasons
        if reason.kind == "book"
    }


def test_a_newcomer_is_lifted_what_the_other_customers_of_her_rep_read(company, reps):
    """What others read, and hers do not, goes down: it is not above what hers read a little."""
    made, reps = reps
    for at, (topic, rep) in enumerate(reps.items()):
        other = next(each for each in reps if each != topic)
        told = lifted(company, rep, at)
        assert min(told[each] for each in made[topic]) > 0
        assert max(told[each] for each in made[other]) < 0
        assert told.keys().isdisjoint(made["子女教育"]), "nobody reads them"


def test_a_book_is_read_once_a_minute_and_says_what_the_counters_say(company, reps):
    made, reps = reps
    rep = reps["健康"].staff
    asked = []

    def company_of(keys):
        asked.append(len(keys))
        return company.candidates.company(keys)

    company.offer(company.meet("13700009999", reps["健康"]), reps["健康"])  # the counts are read
    books, now = BookLifts(company.counters, company_of), company.clock()
    first = books.lift(rep, now, 10.0)
    hers, present = company.counters.scoped(f"rep:{rep}"), worth(now.timestamp())
    everything = {each.material: each.popular / present for each in company.counters.since(0)}
    expected = lifts(
        np.array(list(hers.values())) / present, np.array([everything[each] for each in hers]),
        10.0, sum(everything.values()),
    )  # fmt: skip
    assert len(hers) == len(made["健康"])
    assert first.values == pytest.approx(expected, abs=1e-12)
    assert books.lift(rep, now + timedelta(seconds=59), 10.0) is first
    assert len(asked) == 1
    for later in (now + timedelta(seconds=61), now - timedelta(seconds=1)):  # put back, too
        assert books.lift(rep, later, 10.0) is not first
    assert len(asked) == 3


def test_what_they_read_since_is_told_a_minute_later(company, reps):
    made, reps = reps
    rep = reps["健康"]
    before = lifted(company, rep, 1)
    for number in range(6):
        handle = company.meet(f"1390001{number:04}", rep)
        company.tell(company.event("read_material", handle, made["理财"][0], rep=rep.staff))
    company.clock.move(timedelta(minutes=1, seconds=6))
    assert made["理财"][0] not in before
    assert lifted(company, rep, 2)[made["理财"][0]] > 0
