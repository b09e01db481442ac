"""What a blend is searched and judged on: moments as the log has them, and no noise."""

import numpy as np
import pytest

from matching.offline.moments import by_acquaintance, held_out, moments_of
from matching.scoring import Weights
from matching.training import Example, Trial, better, tuned


def walked(people, length, begins=0.0):
    """Each of these people reads so many contents of her own, an hour apart."""
    return [
        (user, f"{user}-{n}", begins + n * 3_600.0 + at / 100, 1.0)
        for at, user in enumerate(people) for n in range(length)
    ]  # fmt: skip


def test_held_out_are_the_ends_of_trails_and_the_last_of_the_log():
    long, late = walked(["a", "b", "c"], 30), walked(["new"], 10, begins=1e6)
    before, after = held_out([*long, *late])
    assert sorted(before + after) == sorted(long + late), "nothing is lost, nothing is doubled"
    held = {user: [item for who, item, *_ in after if who == user] for user in ("a", "b", "new")}
    assert held["a"] == ["a-27", "a-28", "a-29"]
    assert held["new"] == [f"new-{n}" for n in range(10)]


def test_of_a_newcomer_the_first_steps_are_judged_and_of_the_others_any():
    before, after = walked(["a", "b"], 40), walked(["a", "new"], 12, begins=1e6)
    found = moments_of(before, [(who, f"{item}!", at, 1.0) for who, item, at, _ in after], 100)
    lengths = {user: {len(each.history) for each in found if each.user == user}
               for user in ("a", "new")}  # fmt: skip
    assert lengths["new"] >= {0, 1, 2}
    assert lengths["a"]
    assert all(40 <= length < 52 for length in lengths["a"])
    for each in found:
        read = {item for item, _, _ in each.history}
        assert not read & set(each.targets)
        assert all(at <= each.at for _, at, _ in each.history)
    assert moments_of(before, after, 100) == moments_of(before, after, 100), "drawn once for all"


def test_whom_many_moments_are_of_does_not_crowd_out_the_others():
    after = [*walked([f"u{n}" for n in range(60)], 8)]
    hardly, others = by_acquaintance(moments_of([], after, 30))
    assert (len(hardly), len(others)) == (30, 30)


def trial(right):
    """Eighty moments, at so many of which the tags find what was read next; popularity finds
    something at random."""
    size, chance, examples = 12, np.random.default_rng(5), []
    for at in range(80):
        target = int(chance.integers(size))
        parts = {name: np.zeros(size, np.float32)
                 for name in ("live", "night", "nightly", "tags", "lift")}  # fmt: skip
        parts["popular"] = chance.random(size).astype(np.float32)
        parts["tags"][target] = at < right
        examples.append(Example(parts, 9, np.array([target]), np.empty(0, np.int64)))
    return Trial(examples, len(examples))


@pytest.mark.parametrize(("right", "moved"), [(80, True), (0, False)])
def test_a_weight_moves_for_what_is_there_and_stays_for_noise(right, moved):
    weights = tuned(trial(right), Weights(tags=0.0), only=("tags",))
    assert (weights.tags > 0) is moved


def test_tags_and_popularity_are_raised_together_where_either_alone_finds_nothing():
    parts = {name: np.zeros(4, np.float32) for name in ("night", "nightly", "lift")}
    parts |= {
        "live": np.array([0, 0.6, 0, 0], np.float32),
        "tags": np.array([0.6, 0, 1, 0], np.float32),
        "popular": np.array([0.6, 0, 0, 1], np.float32),
    }
    only = Trial([Example(parts, 9, np.array([0]), np.empty(0, np.int64))] * 40, 40)
    found = tuned(only, Weights(tags=0.2, popular=0.2), only=("tags", "popular"))
    assert only.judged(found).mean() == 1.0


def test_better_is_more_than_noise_and_never_the_same():
    chance = np.random.default_rng(2)
    one = chance.random(400)
    assert not better(one, one)
    assert not better(one, one + chance.normal(0.0, 0.5, 400) - 0.02)
    assert better(one, one + 0.002)
    shaken = chance.normal(0.0, 1.0, 400)
    assert not better(one, one + shaken - shaken.mean() + 0.02)  # noise: a twentieth
