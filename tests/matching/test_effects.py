"""What came of a rule: a fold of offers, purchases and who is who, in any order and any slices."""

from datetime import timedelta

import pytest

from matching.effects import Effect, RuleReach
from matching.rules import Wanted
from stores import personal
from stores.records import Folded

WEEK = timedelta(days=7)


@pytest.fixture
def rep(company):
    return company.hire("r1")


@pytest.fixture
def rule(company):
    """Something is pinned to the top of everybody's list."""
    card = company.place("储值会员卡", "理财")
    wanted = Wanted(name="会员绑定下次购买", act="pin", material=card, number=1)
    return company.rules.add(wanted, by="wang").id


def counted(company, limit=100):
    company.tell()
    while company.effects.follow(limit):
        pass
    return company.effects.all()


def buy(company, *handles):
    for handle in handles:
        company.tell(company.event("bought", handle, amount=100, product="茶"))


@pytest.mark.rule("R133.2")
@pytest.mark.parametrize("limit", [1, 100])
def test_what_was_bought_after_and_before_a_rule_moved_a_list_is_told_of_each_rule(
    company, rep, rule, clock, limit
):
    never = company.place("别的卡", "理财")
    company.rules.add(Wanted(name="没人见过", act="boost", material=never, number=2), by="wang")
    company.shelf.retire(never, by="li")
    bound, loyal, gone, untold = (
        company.meet(f"1380013800{number}", rep=rep) for number in range(4)
    )
    buy(company, loyal, gone, untold)
    clock.move(WEEK)
    for handle in (bound, loyal, gone):
        company.offer(handle, rep)
    assert counted(company, limit) == {rule: Effect(shown=3, after=0, before=2)}
    clock.move(WEEK)
    buy(company, bound, loyal, untold)
    clock.move(timedelta(days=30))
    company.offer(bound, rep)  # the first time counts
    buy(company, gone)
    told = {rule: Effect(shown=3, after=2, before=2)}
    assert counted(company, limit) == told
    clock.move(timedelta(days=400))
    assert counted(company, limit) == told
    company.effects.rebuild()
    assert company.effects.all() == told


def test_an_event_that_comes_late_counts_where_it_belongs(company, rep, rule, clock):
    handle = company.meet(rep=rep)
    company.offer(handle, rep)
    clock.move(8 * WEEK)
    company.offer(handle, rep)
    assert counted(company) == {rule: Effect(1, 0, 0)}
    company.tell(company.event("bought", handle, ago=7 * WEEK, amount=1, product="茶"))
    assert counted(company) == {rule: Effect(1, 1, 0)}


def test_who_turns_out_to_be_one_customer_counts_once_until_she_is_two_again(
    company, rep, rule, clock
):
    one, other = (company.meet(f"1380013800{number}", rep=rep) for number in range(2))
    company.offer(one, rep)
    clock.move(WEEK)
    company.offer(other, rep)
    clock.move(WEEK)
    buy(company, other)
    two_of_them = {rule: Effect(shown=2, after=1, before=0)}
    assert counted(company) == two_of_them
    decision = company.identities.decisions.merge(one, other, by="li")
    assert counted(company) == {rule: Effect(shown=1, after=1, before=0)}
    company.identities.decisions.undo(decision, by="li")
    assert counted(company) == two_of_them


def test_a_ruling_waits_for_the_digest(company, rep, rule):
    one, other = (company.meet(f"1380013800{number}", rep=rep) for number in range(2))
    company.offer(one, rep)
    company.offer(other, rep)
    counted(company)
    company.identities.decisions.merge(one, other, by="li")
    assert company.effects.follow() == 0
    assert company.effects.behind()
    assert counted(company) == {rule: Effect(1, 0, 0)}
    assert not company.effects.behind()


def test_it_says_up_to_when_it_has_counted(company, rep, rule, clock):
    handle, asked = company.meet(rep=rep), clock()
    counted(company)
    company.offer(handle, rep)
    clock.move(WEEK)
    assert company.effects.as_of() == asked
    counted(company)
    assert company.effects.as_of() == clock()


def test_nobody_who_was_erased_meanwhile_is_put_down_again(company, rep, rule):
    handle = company.meet(rep=rep)
    company.offer(handle, rep)
    company.tell()
    personal.forget(company.people, Folded, [str(handle), company.id_of(handle)])
    assert counted(company) == {}
    with company.people.read() as session:
        assert session.query(RuleReach).count() == 0
