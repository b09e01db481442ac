"""The offline door scores as reps are answered, learns on, and beats what is simpler than it."""

import random
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from bench.lib.known_truth import DAY, log
from matching.counters import shown_as
from matching.counters.nearness import nearness
from matching.offline import Offline, recommender
from matching.offline.baselines import baselines
from matching.offline.counting import Memory, _dense, _sorted
from matching.offline.evaluating import Split, gain, measured
from matching.offline.popularity import Readings
from matching.scoring import Weights
from matching.trails import LENGTH, Step, walk
from matching.training import LARGEST, interval, invert, listed

ITEMS = [{"id": f"c{n}", "tags": [f"t{n % 3}"]} for n in range(12)]


@pytest.fixture(scope="module")
def known():
    return log(people=160, contents=130, days=60)


def test_ours_beats_popularity_item_knn_and_ease_on_a_log_whose_truth_is_known(known):
    split = Split.of(known.events)
    ours = measured(Offline(known.items, known.users), split, 100)
    for name, make in baselines(known.items).items():
        theirs = measured(make(), split, 100)
        low, _ = interval(ours.ndcg - theirs.ndcg)
        assert low > 0, name
        assert ours.cold["customer_1"].mean() > theirs.cold["customer_1"].mean() * 0.95, name


def test_all_four_cold_starts_are_better_than_chance(known):
    """New customers, new contents, new reps' customers, and a company without any event."""
    hidden = {each["id"] for each in known.items[::5]}
    shown = [event for event in known.events if event[1] not in hidden]
    made = Offline(known.items, known.users, tune=False).fit(shown)
    later = Split.of(known.events, 0.6).futures()
    new_content, by_chance, new_customer, popular = [], [], [], []
    chance = random.Random(5)
    open_ids = sorted({event[1] for event in shown})
    for user, future in list(later.items())[:60]:
        history = [(item, at, 1.0) for person, item, at, _ in shown if person == user]
        wanted = {item for item, _ in future} & hidden
        if wanted and history:
            listed = made.recommend(history, sorted(hidden), 5, user=user)
            new_content.append(gain(listed, wanted))
            by_chance.append(gain(chance.sample(sorted(hidden), 5), wanted))
        read = {item for item, _ in future} & set(open_ids)
        listed = made.recommend([], open_ids, 10, user="nobody")
        new_customer.append(gain(listed, read))
        popular.append(gain(chance.sample(open_ids, 10), read))
    assert np.mean(new_content) > 1.3 * np.mean(by_chance)
    assert np.mean(new_customer) > np.mean(popular)
    rep = Offline(known.items, [{"id": "a", "attrs": {"rep": "never seen"}}], tune=False)
    rep.fit(shown)
    assert rep.recommend([], open_ids, 10, user="a") == rep.recommend([], open_ids, 10, user="a")
    nothing = recommender(known.items).fit([])
    tagged = [each["id"] for each in known.items if "t1" in each["tags"]]
    others = [each["id"] for each in known.items if "t1" not in each["tags"]]
    first = nothing.recommend([(tagged[0], 0, 1.0)], [*others, *tagged[1:]], 3)
    assert set(first) <= set(tagged), "tags alone answer where nobody has read anything"


def touched(seed=3, size=40, people=12, count=900):
    chance = random.Random(seed)
    return [(f"u{chance.randrange(people)}", chance.randrange(size), n * 3_600.0)
            for n in range(count)]  # fmt: skip


def pairs(memory, content):
    return dict(zip(*(each.tolist() for each in memory.together(content)), strict=True))


def test_a_log_counted_at_once_and_event_by_event_and_by_the_trails_is_the_same():
    events, size = touched(size=70), 70
    scopes = {f"u{n}": [f"segment={n % 2}"] for n in range(12)}
    whole, steps, half = (Memory(size, half_life=14 * DAY) for _ in range(3))
    whole.count(events, scopes)
    for person, content, at in events:
        steps.take(person, content, at, scopes[person])
    half.count(events[:450], scopes)
    for person, content, at in events[450:]:
        half.take(person, content, at, scopes[person])
    near, trails = {}, {}
    for n, (person, content, at) in enumerate(events):
        turn = walk(trails.setdefault(person, []), Step(at, f"{n:05}", f"{content:02}"))
        for pair, value in turn.nearer.items() if turn else ():
            near[pair] = near.get(pair, 0.0) + value
    assert any(len(trail) == LENGTH for trail in trails.values())
    for content in range(size):
        mine = pairs(whole, content)
        walked = {
            int(two if one == f"{content:02}" else one): value
            for (one, two), value in near.items() if f"{content:02}" in (one, two)
        }  # fmt: skip
        for other in (pairs(steps, content), pairs(half, content), walked):
            assert other == pytest.approx(mine, abs=1e-9)
    for one in (steps, half):
        assert np.abs(one.popular(4e6) - whole.popular(4e6)).max() < 1e-9
        assert np.abs(one.lately(4e6) - whole.lately(4e6)).max() < 1e-9
        assert np.abs(one.scoped("segment=1", 4e6) - whole.scoped("segment=1", 4e6)).max() < 1e-9
        assert (one.readers == whole.readers).all()


def test_pairs_are_the_same_whether_each_has_a_cell_or_they_are_put_in_order():
    events = touched(size=70)
    counted = []
    for cells in (70**2, 70**2 - 1):
        memory = Memory(70, cells=cells)
        memory.count(events, {})
        counted.append([pairs(memory, content) for content in range(70)])
    for mine, theirs in zip(*counted, strict=True):
        assert theirs == pytest.approx(mine, abs=1e-9)


def test_a_late_event_is_put_where_it_belongs_as_the_counters_of_a_company_do():
    """An event before those she is known by, one that was known as later, and one at a moment that
    is taken."""
    events, size = touched(size=25, people=4, count=110), 25
    chance = random.Random(4)
    scopes = {f"u{n}": [f"segment={n % 2}"] for n in range(4)}
    early = [(f"u{n % 4}", chance.randrange(size), events[chance.randrange(110)][2] - n % 2)
             for n in range(30)]  # fmt: skip
    whole, late = Memory(size), Memory(size)
    whole.count(sorted([*events, *early], key=lambda each: each[2]), scopes)
    late.count(events, scopes)
    for person, content, at in early:
        late.take(person, content, at, scopes[person])
    assert late.trails == whole.trails
    assert (late.readers == whole.readers).all()
    for content in range(size):
        mine = {other: value for other, value in pairs(late, content).items() if value > 1e-9}
        assert mine == pytest.approx(pairs(whole, content), abs=1e-9)
    for told in (Memory.popular, Memory.lately, lambda made, at: made.scoped("segment=1", at)):
        assert np.abs(told(late, 4e6) - told(whole, 4e6)).max() < 1e-9


def test_an_event_told_afterwards_lists_as_one_that_was_in_the_log():
    """In any order of arrival: the nightly list and the weights alone wait for the next fit."""
    log_of = [
        (f"u{who}", f"c{what}", at, 1.0)
        for who, what, at in (
            (int(who[1:]), what % 12, at) for who, what, at in touched(size=12, count=80)
        )
    ]
    for seed in range(5):
        later = random.Random(seed).sample(log_of, 20)
        users = [{"id": f"u{n}", "attrs": {"shop": n % 3}} for n in range(12)]
        whole = Offline(ITEMS, users, nightly=False, tune=False).fit(log_of)
        told = Offline(ITEMS, users, nightly=False, tune=False)
        told.fit([each for each in log_of if each not in later])
        for each in later:
            told.update(*each)
        for user in ("u1", "nobody"):
            for history in ([], [("c1", 9.0, 1.0)], [("c7", 3.0, 1.0), ("c2", 5.0, 1.0)]):
                asked = [each.recommend(history, [f"c{n}" for n in range(12)], 12, user=user)
                         for each in (told, whole)]  # fmt: skip
                assert asked[0] == asked[1], (seed, user, history)


@pytest.mark.parametrize("make", [lambda: recommender(ITEMS), *baselines(ITEMS).values()])
def test_who_is_named_twice_among_the_candidates_is_recommended_once(make):
    made = make()
    made.fit([(f"u{n % 5}", f"c{n % 12}", n * 60.0, 1.0) for n in range(60)])
    twice = [f"c{n % 12}" for n in range(24)]
    for candidates in (twice, tuple(twice), iter(twice)):
        listed = made.recommend([("c0", 1.0, 1.0)], candidates, 24, user="u9")
        assert len(listed) == len(set(listed)) >= 11


def test_of_what_she_read_at_one_moment_the_last_that_is_named_is_the_latest():
    """A log that tells days tells its order all the same."""
    items = [{"id": each, "tags": []} for each in ("old", "new", "after old", "after new", "x")]
    made = Offline(items, tune=False, nightly=False)
    made.fit([(f"{first}{n}", item, n + late, 1.0) for n in range(9) for first in ("old", "new")
              for late, item in enumerate((first, f"after {first}"))])  # fmt: skip
    read = ["x"] * 2 + ["old", "new"]
    for moment_of in (lambda at: 100.0, lambda at: 100.0 + at, lambda at: "2026-03-02"):
        history = [(item, moment_of(at), 1.0) for at, item in enumerate(read)]
        listed = made.recommend(history, ["after old", "after new"], 2)
        assert listed == ["after new", "after old"]


def test_a_moment_is_the_same_in_every_zone_and_spelling():
    log_of = [(f"u{n % 5}", f"c{n % 12}", 1.78e9 + n * 3_600.0, 1.0) for n in range(60)]
    china = timezone(timedelta(hours=8))
    spelled = (
        lambda at: datetime.fromtimestamp(at, UTC),
        lambda at: datetime.fromtimestamp(at, china),
        lambda at: datetime.fromtimestamp(at, china).isoformat(),
        lambda at: datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        lambda at: datetime.fromtimestamp(at, UTC).replace(tzinfo=None),
        lambda at: at * 1_000,
    )
    plain = Offline(ITEMS, tune=False).fit(log_of)
    history, asked = [("c1", 1.781e9, 1.0), ("c4", 1.782e9, 1.0)], [f"c{n}" for n in range(12)]
    expected = plain.recommend(history, asked, 12, now=1.79e9)
    assert expected != plain.recommend(history, asked, 12, now=1.78e9)
    for each in spelled:
        made = Offline(ITEMS, tune=False)
        made.fit([(user, item, each(at), weight) for user, item, at, weight in log_of])
        told = [(item, each(at), weight) for item, at, weight in history]
        assert made.recommend(told, asked, 12, now=each(1.79e9)) == expected


@pytest.mark.parametrize("make", [lambda: recommender(ITEMS), *baselines(ITEMS).values()])
def test_the_same_candidates_asked_again_are_those_that_are_known_by_then(make):
    log_of = [(f"u{n % 5}", f"c{n % 12}", n * 60.0, 1.0) for n in range(60)]
    made, asked = make(), ("c1", "new", "c2")
    made.fit(log_of)
    assert sorted(made.recommend([], asked, 5)) == ["c1", "c2"]
    assert sorted(made.recommend([], asked, 5)) == ["c1", "c2"]
    assert made.recommend([], ("c3",), 5) == ["c3"]
    made.fit([*log_of, ("u1", "new", 4e3, 1.0)])
    assert sorted(made.recommend([], asked, 5)) == ["c1", "c2", "new"]
    listed = ["c1"]
    assert made.recommend([], listed, 5) == ["c1"]
    listed.append("c4")
    assert sorted(made.recommend([], listed, 5)) == ["c1", "c4"], "a list may have changed"


def test_a_content_that_is_told_of_has_its_place_among_candidates_asked_before():
    made = recommender(ITEMS).fit([("u1", "c1", 60.0, 1.0)])
    asked = ("c1", "new")
    assert made.recommend([], asked, 5) == ["c1"]
    made.update("u2", "new", 120.0)
    assert sorted(made.recommend([], asked, 5)) == ["c1", "new"]


def test_her_tags_say_the_less_the_fewer_contents_they_come_from():
    made = Offline(ITEMS, tune=False)
    for read in (1, 2, 5, 50, 80):
        history = [(f"c{n % 3}" if read < 3 else f"x{n}", n * 60.0, 1.0) for n in range(read)]
        made = Offline([*ITEMS, *({"id": f"x{n}", "tags": ["t"]} for n in range(80))], tune=False)
        pulls = made._pulls(history, 1e4, made.weights)
        met = min(read, 50)
        told = sum(abs(pull.weight) for pull in pulls)
        assert told == pytest.approx(0.3 * met / (met + 6.0)), read
    twice = [("c1", 60.0, 1.0), ("c1", 120.0, 2.0), ("c1", 180.0, float("nan"))]
    pulls = made._pulls(twice, 1e4, made.weights)
    assert sum(pull.weight for pull in pulls) == pytest.approx(0.3 / 7)


def test_what_was_popular_at_a_moment_is_what_was_counted_until_then():
    events = touched()
    log_of = [(who, what, at, 1.0) for who, what, at in events]
    readings = Readings(log_of, {n: n for n in range(40)})
    moments = np.array([events[at][2] - 1.0 for at in (700, 90, 899, 90)])
    for pace, told in ((14 * DAY, Memory.popular), (3.5 * DAY, Memory.lately)):
        for row, at in zip(readings.popular(moments, 40, pace), moments, strict=True):
            memory = Memory(40)
            memory.count([each for each in events if each[2] < at], {})
            assert np.abs(row - shown_as(told(memory, at))).max() < 1e-6


def test_a_newcomer_is_offered_what_lasted_and_who_is_known_what_is_read_these_days():
    items = [{"id": each, "tags": []} for each in ("lasted", "sudden", "a", "b", "c")]
    weeks = [(f"u{n}", "lasted", (n / 4) * DAY, 1.0) for n in range(120)]
    days = [(f"v{n}", "sudden", (29 + n / 40) * DAY, 1.0) for n in range(40)]
    made = Offline(items, tune=False, nightly=False).fit([*weeks, *days])
    history = [(each, 1.0, 1.0) for each in ("a", "b", "c")]
    offered = ["lasted", "sudden"]
    for read, first in ((0, "lasted"), (2, "lasted"), (3, "sudden")):
        assert made.recommend(history[:read], offered, 1, now=31 * DAY) == [first]


def test_what_she_has_read_is_not_offered_again_and_ids_come_back_as_they_were():
    made = recommender([{"id": n, "tags": []} for n in range(9)], None)
    made.fit([(user, item, float(n), 1.0) for n, (user, item) in
              enumerate((u, (u + k) % 9) for u in range(6) for k in range(4))])  # fmt: skip
    listed = made.recommend([(1, 5.0, 1.0), (2, 6.0, 1.0)], range(9), 5, user=99)
    assert len(listed) == 5
    assert not {1, 2} & set(listed)
    assert all(type(each) is int for each in listed)


@pytest.mark.parametrize(
    ("history", "candidates", "k", "length"),
    [
        ([], [f"c{n}" for n in range(12)], 5, 5),
        ([], [], 5, 0),
        ([("c1", 0, 1.0)], ["c1"], 5, 0),
        ([("nobody knows it", 0, 1.0)], ["c1", "nor this"], 5, 1),
        ([("c1", 0, float("nan"))], ["c1", "c2"], 5, 2),
        ([("c1", datetime(2026, 3, 2, tzinfo=UTC), 1.0)], ["c2", "c3"], 0, 0),
        ([("c1", "2026-03-02T00:00:00+00:00", -1.0)], ["c2", "c3"], 9, 2),
    ],
)
def test_thin_questions_are_answered_without_complaint(history, candidates, k, length):
    assert len(recommender(ITEMS).recommend(history, candidates, k)) == length
    fitted = recommender(ITEMS).fit([("u1", "c1", 1.0, 1.0), ("u1", "c4", 2.0, 1.0)])
    assert len(fitted.recommend(history, candidates, k, user="u9")) == length


def test_equals_are_ordered_the_same_for_one_and_fairly_over_many():
    made = recommender([{"id": f"c{n}", "tags": []} for n in range(400)])
    first = {made.recommend([], [f"c{n}" for n in range(400)], 1, user=f"u{u}")[0]
             for u in range(200)}  # fmt: skip
    again = made.recommend([], [f"c{n}" for n in range(400)], 9, user="u1")
    assert again == made.recommend([], [f"c{n}" for n in range(399, -1, -1)], 9, user="u1")
    assert len(first) > 100


def test_an_event_told_now_moves_the_next_list_and_a_new_content_finds_room():
    made = recommender(ITEMS).fit([("u1", "c1", 1.0, 1.0), ("u1", "c2", 2.0, 1.0)])
    for n in range(40):
        made.update(f"v{n}", "c1", 10.0 + n, 1.0)
        made.update(f"v{n}", "brand new", 10.5 + n, 1.0)
    assert made.recommend([("c1", 60.0, 1.0)], ["c2", "c3", "brand new"], 1)[0] == "brand new"


def test_clocks_that_jump_by_centuries_leave_numbers_finite():
    made = recommender(ITEMS).fit([("u1", "c1", 0.0, 1.0)])
    made.update("u2", "c2", 8e9, 1.0)
    made.update("u3", "c3", 1.0, 1.0)
    assert made.recommend([], ["c1", "c2", "c3"], 3, now=8e9)[0] == "c2"


def test_a_spammer_counts_once_for_a_content_however_often_she_clicks():
    made = recommender(ITEMS).fit([(f"u{n}", "c2", 1.0 + n, 1.0) for n in range(3)])
    for n in range(5_000):
        made.update("spammer", "c1", 5.0 + n / 1_000, 1.0)
    assert made.recommend([], ["c1", "c2"], 2, user="u9") == ["c2", "c1"]


@pytest.mark.parametrize("at_once", [1, 7, 40, 10_000])
def test_pairs_are_the_same_however_many_are_sorted_at_once(at_once):
    chance = np.random.default_rng(3)
    some = [(chance.integers(3, 30, 25), chance.integers(3, 30, 25), near) for near in (1.0, 0.5)]
    (keys, values), (others, theirs) = _dense(some, 40), _sorted(some, 40, at_once)
    assert (keys == others).all()
    assert theirs == pytest.approx(values, abs=1e-9)


def test_where_nobody_read_two_contents_nothing_lies_near():
    """However many contents there are: pairs are told apart by sorting here."""
    memory = Memory(70, cells=0)
    memory.count([(f"u{n}", n, 1.0 + n) for n in range(70)], {})
    assert [len(memory.neighbours(content)[0]) for content in (0, 35, 69)] == [0, 0, 0]
    assert memory.readers.tolist() == [1.0] * 70


def test_without_the_weights_of_a_search_the_shipped_ones_hold():
    plain = Offline(ITEMS, None, tune=False).fit([("u1", "c1", 1.0, 1.0)])
    assert plain.weights == Weights()


def test_the_inverse_by_halves_is_the_inverse():
    chance = np.random.default_rng(1)
    root = chance.standard_normal((700, 700), np.float32)
    matrix = root @ root.T + 200 * np.eye(700, dtype=np.float32)
    inverse = matrix.copy()
    invert(inverse)
    assert np.abs(inverse @ matrix - np.eye(700)).max() < 1e-3


def test_what_everybody_reads_is_nobodys_neighbour():
    near = nearness(np.array([5.0, 5.0]), 20, np.array([20, 2_000]))
    assert near[0] > near[1]


def test_the_gain_of_a_perfect_list_is_one():
    assert gain(["a", "b", "c"], {"a", "b"}) == 1.0
    assert gain(["c", "a"], {"a"}) == pytest.approx(1 / np.log2(3))
    assert gain(["c"], {"a"}) == 0.0


def test_beyond_ten_thousand_active_contents_the_nightly_list_is_of_the_most_read():
    readers = np.concatenate((np.zeros(5), np.ones(3), np.full(LARGEST - 2, 7.0), [2.0, 3.0, 0.0]))
    within = listed(readers)
    assert len(within) == LARGEST
    assert (np.diff(within) > 0).all()
    left_out = np.setdiff1d(np.flatnonzero(readers), within)
    assert readers[left_out].tolist() == [1.0, 1.0, 1.0]
    assert listed(readers[:8]).tolist() == [5, 6, 7]  # what nobody read is in none


def test_a_weight_without_end_says_nothing_and_what_is_no_moment_is_named():
    events = [("u1", "c1", 1.0, 1.0), ("u1", "c4", 2.0, 1.0), ("u2", "c1", 3.0, 1.0)]
    without = recommender(ITEMS).fit(events)
    told = recommender(ITEMS).fit([*events, ("u2", "c7", 4.0, float("inf"))])
    ids = [each["id"] for each in ITEMS]
    listed = without.recommend([("c4", 5.0, 1.0)], ids, 5, now=10.0)
    assert told.recommend([("c4", 5.0, 1.0)], ids, 5, now=10.0) == listed
    endless = [("c4", 5.0, 1.0), ("c1", 4.0, float("inf"))]
    assert [each.tag for each in told._pulls(endless, 10.0, told.weights)] == [
        each.tag for each in told._pulls(endless[:1], 10.0, told.weights)
    ]
    for odd in (None, "yesterday", [1]):
        with pytest.raises(ValueError, match=r"ts: .* is no moment; give seconds since 1970"):
            told.update("u1", "c1", odd)
        with pytest.raises(ValueError, match="ts: "):
            told.fit([*events, ("u1", "c1", odd, 1.0)])


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1e11, 9e10])
def test_a_moment_of_no_calendar_breaks_no_list(odd):
    made = Offline(ITEMS, tune=False).fit([("u1", "c1", 1.0, 1.0), ("u1", "c4", 2.0, 1.0)])
    ids = [each["id"] for each in ITEMS]
    told = made.recommend([("c1", odd, 1.0), ("c4", 5.0, 1.0)], ids, 3, now=10.0)
    assert told
    assert made.recommend([("c1", 5.0, 1.0)], ids, 3, now=odd)
