"""What lists made for a customer do to what she buys, with her rep and her products held equal."""

from datetime import timedelta

import numpy as np
import pytest

from engagement.turnovers import WINDOW, Advised, Turnovers, compared
from matching.experiments import held_out

DAY = timedelta(days=1)


def people(chance, effect, count=3_000, share=0.3):
    """Reps and products differ much more in what is bought than the lists can move."""
    found = []
    for number in range(count):
        rep, product = int(chance.integers(6)), int(chance.integers(3))
        usual = 20.0 * rep + 60.0 * product + chance.exponential(40.0)
        gained = 0.0 if held_out(f"cus_{number}", share) else effect
        after = max(0.0, usual + gained + chance.normal(0, 15))
        found.append(Advised(f"cus_{number}", f"stf_{rep}", f"kind_{product}", usual, after))
    return found


@pytest.mark.rule("R26.2")
def test_rep_and_product_are_taken_out_before_turnover_is_compared():
    told = compared(people(np.random.default_rng(7), effect=5.0), share=0.3)
    assert told.low < 5.0 < told.high
    assert told.verdict == "better"
    assert told.removed > 0.8
    without = [each._replace(rep="", product="", before=0.0) for each in people(
        np.random.default_rng(7), effect=5.0)]  # fmt: skip
    plain = compared(without, share=0.3)
    assert plain.verdict == "same"
    assert plain.high - plain.low > 2 * (told.high - told.low)


@pytest.mark.rule("R26.2")
def test_lists_that_do_nothing_are_hardly_ever_said_to_do_something():
    chance = np.random.default_rng(11)
    said = sum(
        compared(people(chance, 0.0, count=400), share=0.3).verdict != "same" for _ in range(150)
    )
    assert said / 150 < 0.10


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_of_few_nothing_is_said(count):
    assert compared(people(np.random.default_rng(3), 5.0, count), share=0.3).verdict == "too_few"


@pytest.mark.rule("R26.2")
def test_a_customer_counts_once_with_what_she_bought_before_and_after_her_first_advice(company):
    company.library(each=2)
    rep = company.hire("li")
    her = company.meet("13800138001", rep)

    def buy(amount, ago, category="基金"):
        return company.event("bought", her, ago=ago, amount=amount, product="A", category=category)

    company.tell(buy(900, WINDOW + 40 * DAY), buy(100, 5 * DAY, "保险"))
    company.offer(her, rep)
    company.clock.move(2 * DAY)
    company.tell(buy(30, DAY))
    company.offer(her, rep)
    turnovers = Turnovers(company.records, company.identities, company.profiles, company.clock)
    (advised,) = turnovers.advised()
    assert advised == Advised(company.id_of(her), rep.staff, "保险", 100.0, 30.0)
    assert turnovers.uplift().verdict == "too_few"


@pytest.mark.rule("R26.2")
def test_what_she_bought_since_anybody_was_advised_on_her_is_none_of_what_was_known_before(company):
    """It may follow from the lists: taking it out takes out what they do."""
    company.library(each=2)
    rep = company.hire("li")
    her = company.meet("13800138001", rep)
    company.tell(company.event("bought", her, ago=DAY, amount=70, category="保险"))
    company.offer(her, rep)
    company.clock.move(20 * DAY)
    company.tell(company.event("bought", her, amount=900, category="基金"))
    company.clock.move(20 * DAY)
    company.offer(her, rep)
    company.clock.move(DAY)
    company.tell(company.event("bought", her, amount=30))
    turnovers = Turnovers(company.records, company.identities, company.profiles, company.clock)
    assert turnovers.advised() == [Advised(company.id_of(her), rep.staff, "保险", 70.0, 30.0)]
