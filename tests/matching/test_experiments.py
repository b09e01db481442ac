"""Who is held out stays so; a look says what it may, and no more."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_hub.consents import PERSONALISATION
from matching.assembly import Manner
from matching.experiments import (
    Group,
    bound,
    held_out,
    mismatch,
    read_out,
    read_out_by_person,
)


@pytest.mark.rule("R26.3")
@given(share=st.floats(0.05, 0.5))
def test_so_many_are_held_out_as_is_asked_and_always_the_same(share):
    ids = [f"cus_{n}" for n in range(2_000)]
    held = [held_out(each, share) for each in ids]
    assert held == [held_out(each, share) for each in ids]
    assert abs(np.mean(held) - share) < 5 * math.sqrt(share * (1 - share) / len(ids))
    assert not held_out("cus_1", 0.0)
    more = [held_out(each, min(0.5, share * 1.1)) for each in ids]
    assert all(later or not now for now, later in zip(held, more, strict=True))


@pytest.mark.parametrize(
    ("treated", "held", "look", "verdict"),
    [
        (Group(500, 60), Group(500, 30), 4, "too_few"),
        (Group(9_000, 900), Group(3_000, 300), 2, "mismatch"),
        (Group(5_000, 600), Group(5_000, 450), 4, "better"),
        (Group(4_900, 588), Group(5_100, 459), 4, "better"),  # so uneven by chance in 5 of 100
        (Group(5_000, 450), Group(5_000, 600), 4, "worse"),
        (Group(5_000, 545), Group(5_000, 490), 1, "open"),
        (Group(5_000, 500), Group(5_000, 495), 4, "same"),
    ],
)
def test_what_a_look_says(treated, held, look, verdict):
    assert read_out(treated, held, 0.5, look, 4).verdict == verdict


@pytest.mark.parametrize(("look", "by"), [(1, 4.048), (2, 2.862), (3, 2.337), (4, 2.024)])
def test_an_early_look_asks_for_more_and_its_interval_is_as_wide(look, by):
    told = read_out(Group(5_000, 600), Group(5_000, 450), 0.5, look, 4)
    error = math.sqrt(0.105 * 0.895 * 2 / 5_000)  # of both groups together
    assert bound(look, 4) == told.bound == pytest.approx(by, abs=1e-3)
    assert told.difference == pytest.approx(0.03)
    assert told.z == pytest.approx(0.03 / error)
    assert told.high - told.difference == pytest.approx(told.bound * error)
    assert told.difference - told.low == pytest.approx(told.bound * error)
    assert told.verdict == "better"


@pytest.mark.rule("R26.3")
def test_tasks_of_one_customer_that_go_alike_say_less_than_as_many_of_several():
    """Of each customer all ten are done or none: they weigh as one. By the delta method, beside
    the spread of a hundred draws."""
    chance = np.random.default_rng(5)

    def people(rate, each, count):
        return [Group(each, each * int(chance.random() < rate)) for _ in range(count)]

    apart = read_out_by_person(people(0.5, 1, 4_000), people(0.4, 1, 4_000), 0.5, 4, 4)
    alike = read_out_by_person(people(0.5, 10, 400), people(0.4, 10, 400), 0.5, 4, 4)
    assert alike.high - alike.low == pytest.approx(
        (apart.high - apart.low) * math.sqrt(10), rel=0.1
    )
    assert apart.verdict == "better"
    drawn = [
        read_out_by_person(people(0.5, 10, 400), people(0.5, 10, 400), 0.5, 4, 4).z
        for _ in range(100)
    ]
    assert 0.8 < np.std(drawn) < 1.2
    plain = read_out(Group(4_000, 2_000), Group(4_000, 1_600), 0.5, 4, 4)
    ones = read_out_by_person(
        [Group(1, n < 2_000) for n in range(4_000)], [Group(1, n < 1_600) for n in range(4_000)],
        0.5, 4, 4,
    )  # fmt: skip
    assert (ones.treated, ones.held) == (plain.treated, plain.held)
    assert ones.low == pytest.approx(plain.low, abs=1e-3)


@pytest.mark.parametrize("few", [[], [Group(150, 120)]])
def test_of_one_customer_or_none_nothing_is_told(few):
    many = [Group(3, 1)] * 200
    for told in (
        read_out_by_person(few, many, 0.5, 4, 4),
        read_out_by_person(many, few, 0.5, 4, 4),
    ):
        assert told.verdict == "mismatch"
        assert told.z == 0.0


def test_daily_looks_find_what_is_not_there_in_hardly_more_than_five_of_a_hundred():
    chance, looks, runs, found, naive = np.random.default_rng(3), 4, 1_500, 0, 0
    for _ in range(runs):
        steps = chance.normal(size=looks).cumsum() / np.sqrt(np.arange(1, looks + 1))
        found += any(abs(z) >= bound(at, looks) for at, z in enumerate(steps, 1))
        naive += any(abs(z) >= 1.96 for z in steps)
    assert found / runs < 0.07
    assert naive / runs > 0.09


def test_an_uneven_split_is_told_from_an_even_one():
    assert mismatch(500, 1_000, 0.5) == 1.0
    assert mismatch(420, 1_000, 0.5) < 0.001
    assert mismatch(0, 0, 0.5) == 1.0


@pytest.mark.rule("R26.3")
def test_the_list_of_who_is_held_out_does_not_look_at_what_she_does(company):
    made, rep = company.library(each=3), company.hire("li")
    her = company.meet(rep=rep)
    company.tell(*(company.event("read_material", her, each) for each in made["健康"][:2]))
    assert "/held" not in company.offer(her, rep).policy
    company.asking.manner = Manner(hold_out=1.0)
    offer = company.offer(her, rep)
    kinds = {reason.kind for item in offer.told() for reason in item.reasons}
    assert offer.policy.endswith("/held")
    assert offer.held
    assert not kinds & {"tag", "neighbour"}


@pytest.mark.parametrize("why", ["held_out", "refused"])
def test_of_whom_nothing_may_be_looked_at_nobody_says_that_she_has_not_bought(company, why):
    company.taxonomy.ship(by="li")
    greeting = company.place("初次见面", "健康")
    company.materials.tag([greeting], add=["stage.connect"], by="li")
    rep = company.hire("li")
    her = company.meet(rep=rep)

    def said():
        reasons = [each for item in company.offer(her, rep).told() for each in item.reasons]
        assert reasons
        return {each.key for each in reasons if each.kind == "stage"}

    assert said() == {"reason_stage_connect"}
    company.tell(company.event("bought", her, amount=900))
    assert "reason_stage_connect" not in said()
    if why == "held_out":
        company.asking.manner = Manner(hold_out=1.0)
    else:
        company.consents.withdraw([her], PERSONALISATION, source="page")
    assert said() == set()


def test_what_the_held_out_has_read_stays_off_her_list_unless_she_refused_to_be_looked_at(company):
    made, rep = company.library(each=3), company.hire("li")
    her = company.meet(rep=rep)
    read = made["健康"][:2]
    company.tell(*(company.event("read_material", her, each) for each in read))
    company.asking.manner = Manner(hold_out=1.0)
    listed = {item.material for item in company.offer(her, rep, first=20).told()}
    assert listed
    assert not listed & set(read)
    company.consents.withdraw([her], PERSONALISATION, source="page")
    listed = {item.material for item in company.offer(her, rep, first=20).told()}
    assert listed >= set(read)
