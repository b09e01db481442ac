"""Reasons sum to the score, and every part keeps its bounds."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.profiles import Profile
from matching.arrays import Window, key_of
from matching.needs import shown as shown_to
from matching.scoring import Lift, Question, Reason, Scores, Shown, Weights, lifts, total_of
from tests.conftest import MONDAY
from tests.matching.conftest import pull, read, row, slice_of

WEIGHTS = Weights()
IDS = [f"mat_{n}" for n in range(8)]
STRENGTHS = st.dictionaries(st.sampled_from(IDS), st.floats(0.001, 1), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    reads=st.lists(st.tuples(st.sampled_from(IDS), STRENGTHS, st.floats(0, 60)), max_size=6),
    pulls=st.lists(st.tuples(st.sampled_from("abcz"), st.floats(-1, 1)), max_size=6),
    lifted=st.dictionaries(st.sampled_from(IDS), st.floats(-3, 3)),
    rest=st.floats(-3, 3),
    popular=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    shown=st.dictionaries(st.sampled_from(IDS), st.lists(st.integers(1, 29), min_size=1)),
)
def test_the_reasons_of_every_candidate_sum_to_its_score(
    reads, pulls, lifted, rest, popular, shown
):
    made = slice_of(*(row(each, "abc"[n % 3], "b") for n, each in enumerate(IDS)))
    made = replace(
        made,
        popular=np.array(popular),
        lately=np.array(popular)[::-1],
        opened=made.opened + MONDAY.timestamp(),
    )
    question = Question(
        now=MONDAY + timedelta(days=1),
        reads=[read(*each) for each in reads],
        pulls=[pull(*each) for each in pulls],
        lifts=[
            Lift(
                "book",
                np.array([key_of(each) for each in lifted], np.uint64),
                np.array(list(lifted.values()), np.float64),
                rest=rest,
            )
        ],
        shown=[Shown(each, tuple(ago)) for each, ago in shown.items()],
    )
    scores = Scores(question, made, WEIGHTS)
    for place in range(len(made)):
        assert total_of(scores.reasons(place)) == pytest.approx(scores.total[place], abs=1e-9)


def test_an_empty_shelf_and_an_unknown_customer_are_scored_without_complaint():
    assert len(Scores(Question(now=MONDAY), slice_of(), WEIGHTS).total) == 0
    scores = Scores(Question(now=MONDAY), slice_of(row("mat_1", "a")), WEIGHTS)
    assert scores.total[0] == pytest.approx(0, abs=1e-9)


def test_what_is_near_to_her_reading_comes_first_and_names_the_reading():
    made = slice_of(row("mat_1", "a"), row("mat_2", "a"), row("mat_3", "a"))
    scores = Scores(
        Question(now=MONDAY, reads=[read("mat_1", {"mat_3": 0.4, "mat_9": 0.9})]), made, WEIGHTS
    )
    assert made.ids[int(np.argmax(scores.total))] == "mat_3"
    (reason,) = scores.reasons(made.place("mat_3"), {"mat_1": "养老金怎么领"})
    assert reason.kind == "neighbour"
    assert reason.text("zh") == "读过《养老金怎么领》的客户也读了这篇"
    assert reason.evidence["material"] == "mat_1"


def test_newcomers_are_seen_through_the_weeks_and_those_we_know_through_these_days():
    made = slice_of(row("lasted", "a"), row("sudden", "a"))
    made = replace(made, popular=np.array([1.0, 0.4]), lately=np.array([0.2, 1.0]))
    weights = Weights(popular=0.5)
    for known, told in ((0, [0.5, 0.2]), (2, [0.5, 0.2]), (3, [0.1, 0.5])):
        question = Question(now=MONDAY, reads=[read(f"other_{n}") for n in range(known)])
        scores = Scores(question, made, weights)
        assert scores.total == pytest.approx(told)
        assert [total_of(scores.reasons(at)) for at in (0, 1)] == pytest.approx(told)


def test_what_she_read_long_ago_still_speaks_by_the_nightly_list():
    """Lasting interests: the live list tells what follows what, and hardly of old readings."""
    made = slice_of(row("mat_1", "a"), row("mat_2", "a"))
    old = read("mat_0", {"mat_1": 0.5})._replace(
        nightly=np.array([0.5]), nightly_keys=np.array([key_of("mat_1")], np.uint64)
    )
    since = [read(f"since_{n}") for n in range(WEIGHTS.reach)]
    parts = Scores(Question(now=MONDAY, reads=[*since, old]), made, WEIGHTS).parts()
    assert parts["live"].tolist() == [0.0, 0.0]
    assert parts["night"][made.place("mat_1")] > 0.5 > parts["night"][made.place("mat_2")]
    newest = Scores(Question(now=MONDAY, reads=[old, *since]), made, WEIGHTS).parts()
    assert newest["live"][made.place("mat_1")] > 0.5


def test_what_the_nightly_list_leaves_out_is_told_by_the_live_list_in_full():
    """As beyond ten thousand active contents: neither is it lost, nor does it weigh less."""
    made = slice_of(*(row(each, "a") for each in ("inside", "outside")))
    both = {"inside": 0.3, "outside": 0.3}
    last_night = read("mat_1", both)._replace(
        nightly=np.array([0.3]), nightly_keys=np.array([key_of("inside")], np.uint64)
    )
    known = replace(made, nightly=np.array([each == "inside" for each in made.ids]))
    question = Question(now=MONDAY, reads=[last_night])
    alone = Scores(Question(now=MONDAY, reads=[read("mat_1", both)]), made, WEIGHTS)
    scores = Scores(question, known, WEIGHTS)
    outside = made.place("outside")
    assert scores.total[outside] == pytest.approx(alone.total[outside])
    assert scores.total[made.place("inside")] > 0


def test_newer_reading_says_more_than_older():
    made = slice_of(*(row(each, "a") for each in ("x", "y")))
    reads = [read("mat_1", {"x": 0.3}), read("mat_2", {"y": 0.3}, days_ago=9)]
    total = Scores(Question(now=MONDAY, reads=reads), made, WEIGHTS).total
    assert total[made.place("x")] > total[made.place("y")]


def test_little_reading_is_trusted_little():
    made = slice_of(row("x", "a"))
    few = [read("mat_1", {"x": 0.3})]
    many = [read(f"mat_{n}", {"x": 0.3}) for n in range(10)]
    weights = [
        Scores(Question(now=MONDAY, reads=reads), made, WEIGHTS).total[0] for reads in (few, many)
    ]
    assert weights[0] < weights[1] < WEIGHTS.live
    near = 0.3 / (0.3 + WEIGHTS.floor)
    assert weights[0] == pytest.approx(WEIGHTS.live * near / (1 + WEIGHTS.shrink))


def test_what_she_has_just_read_steps_back_and_comes_back_with_time():
    made = slice_of(row("mat_1", "a"), row("mat_2", "a", kind="script"))
    now = Scores(Question(now=MONDAY, reads=[read("mat_1"), read("mat_2")]), made, WEIGHTS)
    later = Scores(Question(now=MONDAY, reads=[read("mat_1", days_ago=28)]), made, WEIGHTS)
    assert now.total[made.place("mat_1")] == pytest.approx(-WEIGHTS.seen)
    assert now.total[made.place("mat_2")] == 0  # a script is not used up
    assert later.total[made.place("mat_1")] == pytest.approx(-WEIGHTS.seen / 4)


def test_a_leading_persona_outweighs_everything_else_together():
    """However the other weights are tuned: the weight is worked out from theirs."""
    weights = Weights(live=9, popular=7)
    others = [
        "live", "tags", "popular", "persona", "ability", "occasion", "fresh", "book", "seen", "book"
    ]  # fmt: skip
    assert weights.lead >= sum(getattr(weights, each) for each in others)


def test_content_just_opened_is_fresh_and_ages_by_half_lives():
    made = slice_of(row("mat_1", "a"))
    made = replace(made, opened=np.array([MONDAY.timestamp()]))
    at_once = Scores(Question(now=MONDAY), made, WEIGHTS).total[0]
    later = Scores(Question(now=MONDAY + timedelta(days=3)), made, WEIGHTS).total[0]
    assert (at_once, later) == pytest.approx((0.1, 0.05))


def test_another_blend_has_another_name():
    assert Weights().policy == Weights().policy != Weights(live=0.9).policy


def test_a_reason_speaks_both_languages_and_keeps_its_counts():
    topic = {"zh": "养老社区", "en": "Retirement communities"}
    reason = Reason("tag", "reason_tag_week", {"topic": topic, "count": 3}, 0.1, {"count": 3})
    assert reason.text("zh") == "你的客户本周看了 3 次养老社区内容"
    assert "Retirement communities" in reason.text("en")
    assert reason.kept()["evidence"] == {"count": 3}


def test_a_small_book_hardly_lifts_and_an_unusual_one_lifts_its_own():
    company = np.array([500.0, 500.0])
    small = lifts(np.array([10.0, 0.0]), company, 8_000)
    large = lifts(np.array([90_000.0, 1.0]), company, 8_000)
    assert 0 < small[0] < 0.01
    assert large[0] > 0.5 > 0 > large[1]
    assert not lifts(np.zeros(2), company, 8_000).any()


def test_what_was_recommended_today_or_long_ago_is_not_in_vain():
    today = MONDAY.date()
    offered = {"now": [0], "both": [1, 0], "old": [30], "older": [40, 29]}
    days = {name: [today.toordinal() - ago for ago in agos] for name, agos in offered.items()}
    told = shown_to(Profile(offered=days), today)
    assert {each.material: each.ago for each in told} == {"both": (1,), "older": (29,)}


@pytest.mark.parametrize(
    ("ago", "less"),
    [((0,), 0.0619), ((0, 0, 0), 0.15), ((14, 14, 14, 14, 14, 14), 0.15), ((28,), 0.0168)],
)
def test_what_was_recommended_in_vain_fades_by_half_in_three_days_and_recovers(ago, less):
    made = slice_of(row("mat_1", "a"), row("mat_2", "a"))
    scores = Scores(Question(now=MONDAY, shown=[Shown("mat_1", ago)]), made, WEIGHTS)
    tired, fresh = (scores.total[made.place(each)] for each in ("mat_1", "mat_2"))
    assert fresh - tired == pytest.approx(less, abs=1e-4)
    (reason,) = (each for each in scores.reasons(made.place("mat_1")) if each.kind == "tired")
    assert reason.facts["days"] == len(ago)


@pytest.mark.parametrize(
    ("hours", "zh", "en"),
    [
        (5, "刚刚上架", "Just put on the shelf."),
        (30, "上架 1 天", "On the shelf for 1 day."),
        (24 * 9, "上架 9 天", "On the shelf for 9 days."),
    ],
)
def test_what_has_stood_for_days_is_not_said_to_be_new(hours, zh, en):
    opened = (MONDAY - timedelta(hours=hours)).timestamp()
    made = slice_of(row("mat_1", "a", windows=(Window("app", "", opened, 4e9),)))
    (why,) = Scores(Question(now=MONDAY), made, Weights()).reasons(0)
    assert (why.text("zh"), why.text("en")) == (zh, en)
