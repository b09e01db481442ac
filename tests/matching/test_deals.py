"""An order is one deal; what was paid back is none, in whatever order it is heard of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.counters.deals import KEPT, Sold
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
    kept, deals = {}, {}
    for event in events:
        sums = Sums()
        sums.take(event, {}, kept)
        kept |= sums.sales
        for deal, by in sums.deals.items():
            deals[deal] = deals.get(deal, 0) + by
    return {deal: count for deal, count in deals.items() if count}


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
    once = {deal: count for deal, count in at_once.deals.items() if count}
    assert once == counted(events) == counted(late)
    assert all(count > 0 for count in once.values())


def test_of_who_buys_more_than_is_remembered_deals_stay(people):
    events = [sold(f"o{n}", n) for n in range(KEPT + 5)] + [back(f"o{KEPT}", KEPT + 9)]
    ((_, count),) = drained(people, events).deals("stf_1")
    assert count == KEPT + 4


def test_a_rep_whose_only_deal_was_paid_back_has_none(people):
    assert drained(people, Told([sold("o1", 1), back("o1", 2)]).events).deals("stf_1") == []
