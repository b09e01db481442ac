"""A funnel counts the longest chain within the window, as ClickHouse's windowFunnel does."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_hub.measures.funnels import funnel, level
from stores.acts import columns
from tests.data_hub.telling import event, user

STEPS = ("viewed", "asked", "bought")


@pytest.mark.parametrize(
    ("told", "reached"),
    [
        ([], 0),
        ([(0, "asked"), (1, "bought")], 0),
        ([(0, "viewed")], 1),
        ([(0, "viewed"), (5, "asked"), (10, "bought")], 3),
        ([(0, "viewed"), (5, "asked"), (11, "bought")], 2),
        ([(0, "viewed"), (2, "viewed"), (5, "asked"), (12, "bought")], 3),
        ([(0, "asked"), (1, "viewed"), (2, "bought")], 1),
        ([(0, "viewed"), (0, "asked"), (0, "bought")], 3),
        ([(0, "viewed"), (3, "other"), (4, "asked")], 2),
        ([(9, "bought"), (5, "asked"), (0, "viewed")], 3),
    ],
)
def test_a_chain_counts_within_its_window(told, reached):
    assert level(told, STEPS, 10) == reached


def slow(told, steps, window):
    """Every chain there is, tried one after the other."""
    best = 0
    ordered = sorted(told)
    for size in range(1, len(steps) + 1):
        for chain in combinations(ordered, size):
            kinds = tuple(kind for _, kind in chain)
            if kinds == steps[:size] and chain[-1][0] - chain[0][0] <= window:
                best = max(best, size)
    return best


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from([*STEPS, "other"])), max_size=9,
        unique_by=lambda each: each[0],
    ),
    st.integers(1, 30),
)  # fmt: skip
def test_it_is_the_longest_of_all_chains(told, window):
    assert level(told, STEPS, window) == slow(told, STEPS, window)


def test_handles_of_one_customer_are_one_person_and_rates_reconcile():
    told = [
        event("viewed", user("a")), event("asked", user("b"), minutes=1),
        event("viewed", user("c")), event("viewed", None), event("bought", None, minutes=2),
    ]  # fmt: skip
    joined = {str(user("b")): str(user("a"))}
    steps = funnel([columns(told, STEPS)], STEPS, timedelta(minutes=5), joined)
    assert [(each.reached, each.rate) for each in steps] == [(2, None), (1, 0.5), (0, 0.0)]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([*STEPS, "other"]), st.sampled_from("abcd")),
        max_size=40,
    ),
    st.integers(1, 30),
    st.booleans(),
    st.integers(1, 9),
    st.integers(1, 20),
)  # fmt: skip
@example([(3, kind, "a") for kind in STEPS], 5, False, 1, 20)
@example([(3 + n * 5, kind, "a") for n, kind in enumerate(STEPS)], 10, False, 1, 20)
def test_everybody_at_once_is_everybody_one_by_one(told, window, long, parts, enough):
    at = [event(kind, user(her), minutes=n) for n, kind, her in told]
    if long:  # so far apart that moments no longer fit beside the numbers of people
        at = [replace(each, at=each.at.replace(year=2020 + n % 2 * 7_000))
              for n, each in enumerate(at)]  # fmt: skip
    joined = {str(user("d")): str(user("a")), str(user("nobody")): str(user("z"))}
    acts = columns(at, STEPS)
    if long:
        acts = replace(acts, who=acts.who * 1_000_000, numbers=lambda names: {
            name: number * 1_000_000 for name, number in columns(at, STEPS).numbers(names).items()
        })  # fmt: skip
    stretches = [acts.where(np.arange(len(acts.who)) % parts == part) for part in range(parts)]
    steps = funnel(stretches, STEPS, timedelta(minutes=window), joined, enough=enough)
    hers = {}
    for each in at:
        name = joined.get(str(each.handle), str(each.handle))
        hers.setdefault(name, []).append((each.at.timestamp(), each.kind))
    levels = [level(each, STEPS, window * 60) for each in hers.values()]
    assert [each.reached for each in steps] == [
        sum(reached >= place for reached in levels) for place in (1, 2, 3)
    ]


def test_who_came_the_whole_way_counts_once_whatever_she_does_later():
    came = [event(kind, user("a"), minutes=n) for n, kind in enumerate(STEPS)]
    later = [event(kind, user("a"), minutes=9 + n) for n, kind in enumerate(STEPS)]
    both = columns(came + later, STEPS)
    stretches = [both.where(both.at < both.at[3]), both.where(both.at >= both.at[3])]
    steps = funnel(stretches, STEPS, timedelta(minutes=5), {}, enough=3)
    assert [each.reached for each in steps] == [1, 1, 1]
