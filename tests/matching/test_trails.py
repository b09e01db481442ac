"""What a trail says about its contents does not depend on the order of arrival."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.trails import DECAY, LENGTH, Step, walk


def walked(steps):
    trail, near, readers = [], {}, {}
    for step in steps:
        turn = walk(trail, step)
        if turn is None:
            continue
        readers[step.material] = readers.get(step.material, 0) + (turn.instead_of is None)
        for pair, by in turn.nearer.items():
            near[pair] = near.get(pair, 0) + by
    return trail, {pair: value for pair, value in near.items() if abs(value) > 1e-9}, readers


def test_two_contents_are_the_nearer_the_less_was_read_between_them():
    _, near, _ = walked([Step(n, f"e{n}", f"mat_{n}") for n in range(3)])
    assert near[("mat_0", "mat_1")] == 1
    assert near[("mat_0", "mat_2")] == DECAY


def test_reading_the_same_again_says_nothing_new():
    trail, near, readers = walked([Step(1, "a", "x"), Step(2, "b", "x")])
    assert (len(trail), near, readers) == (1, {}, {"x": 1})


def test_a_trail_forgets_what_lies_far_back():
    trail, *_ = walked([Step(n, f"e{n}", f"mat_{n}") for n in range(LENGTH + 5)])
    assert [step.material for step in trail] == [f"mat_{n}" for n in range(5, LENGTH + 5)]


STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=30).map(
    lambda made: [Step(at, f"e{n}", f"mat_{m}") for n, (at, m) in enumerate(made)]
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.randoms())
def test_any_order_of_arrival_counts_the_same(steps, random):
    shuffled = list(steps)
    random.shuffle(shuffled)
    trail, near, readers = walked(sorted(steps))
    other_trail, other_near, other_readers = walked(shuffled)
    assert trail == other_trail
    assert all(one < other for one, other in pairwise(trail))
    assert readers == other_readers
    assert near == pytest.approx(other_near, abs=1e-9)
