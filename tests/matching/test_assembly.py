"""From scores to a list: order, variety, exploring, and what a contact never lacks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import assembly
from matching.assembly import Manner, best, explored, varied, with_needed
from tests.matching.conftest import row, slice_of

MANNER = Manner(explore_from=6)
QUICK = Manner(draws=40, explore_from=6)


def assemble(total, made, first, *, chance, seed=0, manner=MANNER, barred=(), fit=None):
    """A list that no rule looks at."""
    if barred:
        total = total.copy()
        total[list(barred)] = -np.inf
    top = best(total, made, max(manner.pool, first), seed)
    chosen = varied(top, total, made, first, manner)
    chosen = with_needed(chosen, total, made, first, seed=seed, manner=manner)
    return explored(
        chosen, top, total, made, first, chance=chance, seed=seed, manner=manner, fit=fit
    )


def ids(made, chosen):
    return [made.ids[each.place] for each in chosen]


def known(made):
    """Everything has been offered often: nothing to explore."""
    return replace(made, shown=np.full(len(made), 100.0), clicked=np.full(len(made), 10.0))


def test_the_best_three_lead_in_order_of_score(shelf):
    total = np.arange(len(shelf), dtype=float)
    chosen = assemble(total, shelf, 10, chance=0.5)
    assert [each.place for each in chosen[:3]] == [13, 12, 11]


def test_below_the_leading_three_variety_counts():
    rows = [row(f"mat_{n}", "same") for n in range(6)] + [row("mat_other", "different")]
    made = known(slice_of(*rows))
    total = np.array([1.0, 0.99, 0.98, 0.97, 0.96, 0.0, 0.9])
    chosen = assemble(total, made, 4, chance=0)
    assert ids(made, chosen)[3] == "mat_other"


def test_variety_is_measured_from_whatever_stands_on_the_list_already():
    rows = [row("mat_1", "a"), row("mat_2", "b"), row("mat_3", "c")]
    rows += [row("again", "a"), row("new", "d"), row("new_again", "d"), row("other", "e")]
    rows.append(row("worst", "f"))
    made = known(slice_of(*rows))
    total = np.array([1.0, 0.99, 0.98, 0.97, 0.96, 0.955, 0.95, 0.0])
    assert ids(made, assemble(total, made, 5, chance=0))[3:] == ["new", "other"]


@pytest.mark.rule("R20.1")
def test_a_list_never_lacks_a_script_and_a_product_note(shelf):
    total = np.linspace(1, 0, len(shelf))
    kinds = [shelf.type_at(each.place) for each in assemble(total, shelf, 10, chance=0.3)]
    assert len(kinds) == 10
    assert {"script", "product_note"} <= set(kinds)


def test_of_two_product_notes_the_better_is_the_needed_one():
    rows = [row(f"mat_{n}", "a") for n in range(10)]
    rows += [row("worse", "a", kind="product_note"), row("better", "a", kind="product_note")]
    made = known(slice_of(*rows))
    total = np.array([9.0] * 10 + [1.0, 2.0])
    chosen = assemble(total, made, 6, chance=0)
    assert ids(made, chosen)[-1] == "better"
    assert chosen[-1].slot == "needed"


def odds_of(made, total, fit=None):
    """How likely each content is the one that is explored."""
    return {
        each.place: each.propensity
        for chance in np.linspace(0, 0.999, 200)
        for each in assemble(total, made, 8, chance=chance, fit=fit)
        if each.slot == "explored"
    }


def test_one_place_explores_what_was_hardly_ever_offered():
    rows = [row(f"mat_{n}", "a") for n in range(30)]
    made = slice_of(*rows)
    shown = np.full(30, 100.0)
    shown[[27, 28]] = 0
    made = replace(made, shown=shown, clicked=shown / 10)
    total = np.linspace(1, 0, 30)
    explored = {}
    for chance in np.linspace(0, 0.999, 200):
        (each,) = [c for c in assemble(total, made, 10, chance=chance) if c.slot == "explored"]
        explored[each.place] = explored.get(each.place, 0) + 1
        assert 0 < each.propensity < 1
    assert set(explored) == {27, 28}
    first = next(c for c in assemble(total, made, 10, chance=0) if c.slot == "explored")
    assert explored[first.place] / 200 == pytest.approx(first.propensity, abs=0.02)


def test_a_better_click_rate_is_explored_more_often():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(12)))
    shown = np.full(12, 100.0)
    shown[[10, 11]] = 19
    clicked = np.zeros(12)
    clicked[11] = 10
    made = replace(made, shown=shown, clicked=clicked)
    total = np.array([1.0] * 10 + [0.5, 0.5])
    odds = {10: 0.0} | odds_of(made, total)
    assert odds[11] > 2 * odds[10]


def test_what_suits_her_better_by_its_tags_is_explored_more_often():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(12)))
    shown = np.full(12, 100.0)
    shown[[10, 11]] = 0
    made = replace(made, shown=shown, clicked=shown / 20)
    fit = np.zeros(12)
    fit[10] = 1.0
    odds = odds_of(made, np.array([1.0] * 10 + [0.4, 0.5]), fit)
    assert odds[10] > 3 * odds.get(11, 0.0)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1])
def test_however_rare_clicks_are_what_suits_her_better_is_explored_more_often(rate):
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(20)))
    shown = np.full(20, 1e5)
    shown[10:] = 0
    made = replace(made, shown=shown, clicked=shown * rate)
    fit = np.concatenate((np.zeros(10), np.linspace(0, 1, 10)))
    odds = odds_of(made, np.array([1.0] * 10 + [0.5] * 10), fit)
    suits, not_at_all = (sum(odds.get(at, 0.0) for at in them) for them in ((17, 18, 19), (10, 11)))
    assert suits > 10 * not_at_all


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1])
def test_however_rare_clicks_are_exploring_learns_what_is_clicked(rate):
    """Twenty contents that nobody has seen, whose click rates we wrote down: what is passed up
    against the best of those that are still explored falls."""
    passed_up = np.array([_passed_up(rate, seed) for seed in range(10)]).mean(axis=0)
    first, last = passed_up[:20].mean(), passed_up[-40:].mean()
    assert last < 0.9 * first


def _passed_up(rate, seed, decisions=160):
    """Of what the best would have been clicked, the share that each decision passes up; one stands
    for as many lists as a twentieth of what a content is explored with."""
    chance = np.random.default_rng(seed)
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(30)))
    real = rate * chance.lognormal(0, 0.8, 30)
    shown, lists, total = np.full(30, 1e6), int(0.1 / rate), np.array([1.0] * 10 + [0.5] * 20)
    shown[10:] = 0
    clicked, found = shown * rate, []
    for _ in range(decisions):
        now = replace(made, shown=shown.copy(), clicked=clicked.copy())
        listed = assemble(
            total, now, 10, chance=chance.random(), seed=int(chance.integers(2**32)),
            manner=QUICK, fit=np.zeros(30),
        )  # fmt: skip
        (place,) = [each.place for each in listed if each.slot == "explored"]
        best_left = real[10:][shown[10:] < max(20, 2 / rate)].max()
        found.append(1 - real[place] / best_left)
        shown[place] += lists
        clicked[place] += chance.binomial(lists, min(1.0, real[place]))
    return found


@pytest.mark.parametrize(
    ("shown", "clicked", "usual"),
    [
        (0, 0, (40.0, 0.05)),  # nobody was offered anything: one click in twenty is thought of
        (980, 99, (20.0, 0.1)),  # two clicks take twenty views
        (980, 49, (40.0, 0.05)),
        (980, 599, (20.0, 0.6)),  # where much is clicked not fewer than twenty
        (1e6, 0, (2_000.0, 0.001)),  # where nothing is, not more than two thousand
    ],
)
def test_what_is_thought_of_a_content_that_nobody_has_seen(shown, clicked, usual):
    made = slice_of(row("mat_0", "a"), row("mat_1", "a"))
    made = replace(made, shown=np.array([shown, 0.0]), clicked=np.array([clicked, 0.0]))
    assert assembly._usual(made, Manner()) == pytest.approx(usual)


@pytest.mark.parametrize(
    ("shown", "top", "taken", "pool"),
    [
        ([20, 19, 0, 0], [0, 1, 2, 3], [], [1, 2]),  # offered as often as that it is known
        ([0, 0, 0, 0], [0, 1, 2, 3], [0], [1, 2]),
        ([99, 0, 0, 0], [0, 1], [], [1, 2]),  # too few of the best: the others are looked at
        ([99, 0, 0, 0], [0, 1], [1], [2, 3]),
        ([20, 19, 99, 19], [0], [], [1, 3]),
        ([99, 99, 99, 99], [0, 1], [], []),
    ],
)
def test_what_may_be_explored_is_the_best_that_is_unknown_and_not_on_the_list(
    shown, top, taken, pool
):
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(5)))
    rate = np.array([*shown, 10_000.0])  # the last is the company's usual click rate
    made = replace(made, shown=rate, clicked=rate / 5)
    total = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    found = assembly._unknown(np.array(top), total, made, taken, Manner(explore_pool=2), 7)
    assert found.tolist() == pool


def test_a_content_opened_more_often_than_it_was_offered_is_explored_all_the_same():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(12)))
    shown, clicked = np.full(12, 100.0), np.full(12, 5.0)
    shown[11], clicked[11] = 1, 900
    odds = odds_of(replace(made, shown=shown, clicked=clicked), np.array([1.0] * 10 + [0.5, 0.5]))
    assert odds == {11: 1.0}


def test_one_lucky_click_is_hardly_believed():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(12)))
    shown, clicked = np.full(12, 100.0), np.full(12, 5.0)
    shown[[10, 11]], clicked[[10, 11]] = (1, 19), (1, 10)
    odds = odds_of(replace(made, shown=shown, clicked=clicked), np.array([1.0] * 10 + [0.5, 0.5]))
    assert odds.get(10, 0.0) < 0.15


def test_what_is_barred_is_never_shown(shelf):
    total = np.ones(len(shelf))
    chosen = assemble(total, shelf, 10, chance=0.9, barred={0, 1, 12})
    assert not {0, 1, 12} & {each.place for each in chosen}


def test_an_empty_shelf_gives_an_empty_list():
    assert assemble(np.zeros(0), slice_of(), 10, chance=0) == []


def test_equals_keep_their_order_for_one_customer_and_take_turns_over_many():
    made = slice_of(*(row(f"mat_{n}", "a") for n in range(200)))
    total = np.zeros(200)
    assert list(best(total, made, 10, seed=7)) == list(best(total, made, 10, seed=7))
    firsts = {int(best(total, made, 1, seed=seed * 7919)[0]) for seed in range(300)}
    assert len(firsts) > 60


def test_a_score_that_is_not_a_number_is_not_shown(shelf):
    total = np.linspace(1, 0, len(shelf))
    total[0] = np.nan
    assert 0 not in {each.place for each in assemble(total, shelf, 10, chance=0)}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-2, 5), min_size=1, max_size=40),
    st.integers(1, 12),
    st.floats(0, 0.999),
    st.data(),
)
def test_a_list_repeats_nothing_and_is_as_long_as_it_can_be(scores, first, chance, data):
    kinds = data.draw(
        st.lists(
            st.sampled_from(["script", "product_note", "poster"]),
            min_size=len(scores), max_size=len(scores),
        )
    )  # fmt: skip
    made = slice_of(*(row(f"mat_{n}", f"tag_{n % 5}", kind=kind) for n, kind in enumerate(kinds)))
    chosen = assemble(np.array(scores), made, first, chance=chance)
    places = [each.place for each in chosen]
    assert len(places) == len(set(places)) == min(first, len(scores))
    leading = best(np.array(scores), made, min(3, first))
    assert places[: len(leading)] == [int(place) for place in leading]
    if first >= 6:
        shown = {made.type_at(place) for place in places}
        assert shown >= {"script", "product_note"} & set(kinds)
