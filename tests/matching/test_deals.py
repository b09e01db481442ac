"""An order is one deal; what was paid back is none, in whatever order it is heard of."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import Conflict
from matching.counters.deals import KEPT, Line, Sold, closed
from matching.counters.sums import Sums
from tests.matching.test_counters import Told, drained, read


def sold(number, hours, *, rep="stf_1", account="acc_1", **more):
    event = read("1", "", hours, kind="bought", rep=rep, id_=f"{account}-{number}-{hours}",
                 order_id=number, **({"amount": 100.0, "category": "养老"} | more))  # fmt: skip
    return replace(event, account=account)


def back(number, hours, *, account="acc_1", **more):
    event = read("1", "", hours, kind="refunded", id_=f"{account}-{number}-{hours}-back",
                 order_id=number, **more)  # fmt: skip
    return replace(event, account=account)


def counted(events):
    """By rep and what was sold, over slices of one event each."""
    kept = {}
    for event in events:
        sums = Sums()
        sums.take(event, {}, kept)
        kept |= sums.sales
    return sum((closed(lines) for lines in kept.values()), Counter())


def how_many(events):
    return sum(counted(events).values())


@pytest.mark.parametrize(
    ("events", "deals"),
    [
        ([sold("o1", 1)], 1),
        ([sold("o1", 1), sold("o1", 1.1, category="健康")], 1),  # two lines of one order
        ([sold("o1", 1), sold("o2", 2)], 2),
        ([sold("", 1), sold("", 2)], 2),
        ([sold("o1", 1), sold("o1", 2, account="acc_2")], 1),  # a page and a shop tell of it
        ([sold("o1", 1, rep="")], 0),
        ([sold("o1", 1), back("o1", 2)], 0),
        ([sold("o1", 1), back("o1", 2, amount=100.0)], 0),
        ([sold("o1", 1), back("o1", 2, amount=30.0)], 1),
        ([sold("o1", 1), back("o1", 2, amount=30.0), back("o1", 3, amount=70.0)], 0),
        ([sold("o1", 1), back("o1", 2), sold("o1", 3, category="健康")], 1),  # another line since
        ([sold("o1", 1), back("o1", 2), sold("o1", 3)], 0),  # its page was loaded anew
        ([sold("o1", 2), back("o1", 1)], 0),  # told as earlier than its order
        ([sold("o1", 1), back("o2", 2)], 1),
        ([sold("o1", 1), back("o1", 2, amount=50.0), back("o1", 3, amount=50.0)], 1),  # told again
        ([sold("", 1), back("", 2, amount=100.0)], 0),
        ([sold("o1", 1, amount=0.0)], 1),
    ],
)
@pytest.mark.rule("R21.3")
def test_what_is_a_deal(events, deals):
    assert how_many(events) == deals
    assert how_many(events[::-1]) == deals


def test_a_deal_of_which_a_part_was_paid_back_is_one_of_the_rest():
    events = [sold("o1", 1), sold("o1", 1.1, category="健康"), back("o1", 2, amount=100.0)]
    assert counted(events) == {("stf_1", Sold("", "养老", "")): 1}


_TOLD = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from(["", "o1", "o2"]), st.sampled_from([30.0, 70.0, 100.0]),
        st.sampled_from(["stf_1", "stf_2"]), st.sampled_from(["养老", "健康"]),
    ),
    max_size=8,
)  # fmt: skip


@given(told=_TOLD, chance=st.randoms(use_true_random=False))
def test_in_whatever_order_it_is_heard_of_and_in_slices_of_any_size_it_comes_out_the_same(
    told, chance
):
    events = [
        back(number, hour, amount=amount) if returns
        else sold(number, hour, rep=rep, amount=amount, category=category)
        for hour, (returns, number, amount, rep, category) in enumerate(told)
    ]  # fmt: skip
    late = list(events)
    chance.shuffle(late)
    at_once = Sums()
    for event in late:
        at_once.take(event, {})
    once = sum((closed(lines) for lines in at_once.sales.values()), Counter())
    assert once == counted(events) == counted(late)
    assert all(count > 0 for count in once.values())


def test_of_who_buys_more_than_is_remembered_deals_stay(people):
    events = [sold(f"o{n}", n) for n in range(KEPT + 5)] + [back(f"o{KEPT}", KEPT + 9)]
    ((_, count),) = drained(people, events).deals("stf_1")
    assert count == KEPT + 4


def test_a_rep_whose_only_deal_was_paid_back_has_none(any_people):
    assert drained(any_people, Told([sold("o1", 1), back("o1", 2)]).events).deals("stf_1") == []


def deals_of(company):
    """Of the rep ``stf_1``, once everybody has followed."""
    company.tell()
    while company.effects.follow():
        pass
    company.tell()
    return sum(count for _, count in company.counters.deals("stf_1"))


@pytest.mark.rule("R21.3")
@pytest.mark.parametrize("first", ["merged", "paid back"])
def test_a_refund_that_is_told_under_another_handle_of_hers_is_of_her_order(company, first):
    one, other = company.meet("13800138000"), company.meet("13900139000")
    order = {"order_id": "o1", "amount": 100}
    company.tell(company.event("bought", one, rep="stf_1", **order))
    company.tell(company.event("bought", one, rep="stf_1", order_id="o2", amount=9))
    assert deals_of(company) == 2

    def merge():
        return company.identities.decisions.merge(one, other, by="li")

    if first == "merged":
        decision = merge()
        deals_of(company)
    company.tell(company.event("refunded", other, **order))
    if first != "merged":
        assert deals_of(company) == 2
        decision = merge()
    assert deals_of(company) == 1
    company.identities.decisions.undo(decision, by="li")
    assert deals_of(company) == 2, "she is two again, and the other's refund is of nothing"


def test_an_order_that_two_handles_of_one_customer_are_told_of_is_one_deal(company):
    one, other = company.meet("13800138000"), company.meet("13900139000")
    for handle in (one, other):
        company.tell(company.event("bought", handle, rep="stf_1", order_id="o1", amount=100))
    assert deals_of(company) == 2
    company.identities.decisions.merge(one, other, by="li")
    assert deals_of(company) == 1
    company.counters.rebuild()
    assert deals_of(company) == 1


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("told"), st.integers(0, 3), st.booleans(), st.sampled_from(["a", "b"])),
        st.tuples(st.just("merged"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("parted")),
    ),
    max_size=10,
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, few=st.sampled_from([1, 50]))
def test_however_people_are_joined_and_parted_deals_are_those_of_each_customer(company, steps, few):
    rep = f"stf_{next(_REPS)}"
    phones = [company.meet(f"138{next(_PHONES):08}") for _ in range(4)]
    told, made = [], []
    for what, *step in steps:
        if what == "told":
            who, back, number = step
            kind, whose = ("refunded", "") if back else ("bought", rep)
            told.append(
                company.event(kind, phones[who], rep=whose, order_id=number, amount=50 + 9 * back)
            )
            company.tell(told[-1])
        elif what == "merged" and step[0] != step[1]:
            with suppress(Conflict):  # they are one already
                one, other = (phones[each] for each in step)
                made.append(company.identities.decisions.merge(one, other, by="li"))
        elif what == "parted" and made:
            company.identities.decisions.undo(made.pop(), by="li")
        company.tell()
        while company.effects.follow(few):
            pass
    company.tell()
    hers = {}
    for event in told:
        hers.setdefault(company.id_of(event.handle), []).append(Line.of(event))
    expected = sum((closed(sorted(lines)) for lines in hers.values()), Counter())
    counted = sum(count for _, count in company.counters.deals(rep))
    assert counted == sum(count for (whose, _), count in expected.items() if whose == rep)


_REPS, _PHONES = count(2), count(1)
