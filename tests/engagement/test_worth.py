"""What the lists are worth is measured against the held out, and never assumed."""

from datetime import timedelta

import pytest

from engagement.responses import Responses
from engagement.worth import Deals, Worths
from matching.experiments import Group, held_out

SHARE = 0.4


@pytest.mark.rule("R150.3")
@pytest.mark.parametrize(
    ("treated", "held", "price", "uplift"),
    [
        (Group(100, 5), Group(100, 3), 50_000, 100_000),
        (Group(1_000, 50), Group(200, 6), 50_000, 1_000_000),
        (Group(100, 3), Group(100, 5), 50_000, -100_000),
    ],
)
def test_the_value_is_that_of_the_difference_that_was_measured(treated, held, price, uplift):
    assert Deals(treated, held, price, enough=True).worth.uplift == uplift
    assert Deals(treated, held, price, enough=False).worth is None


def test_deals_count_after_the_advice_in_the_group_that_a_customer_is_in(company):
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"138001380{n:02}", rep) for n in range(10)]
    for handle in handles[4:9]:  # before anybody was advised: no deal of the lists
        company.tell(company.event("bought", handle, amount=100))
    company.clock.move(timedelta(hours=1))
    for handle in handles[:9]:
        company.offer(handle, rep)
    company.clock.move(timedelta(hours=1))
    for handle in handles[:4]:
        company.tell(company.event("bought", handle, amount=100))
    answers = Responses(
        company.records,
        company.people,
        company.identities,
        company.clock,
        company.zone,
        hold_out=SHARE,
    )
    told = Worths(answers, company.people, fewest=1).deals()
    ids = [company.identities.customer_of(handle) for handle in handles]
    for group, held in ((told.treated, False), (told.held, True)):
        hers = [held_out(customer, SHARE) is held for customer in ids]
        assert group == (sum(hers[:9]), sum(hers[:4]))
    assert told.price == 100
    assert Worths(answers, company.people).deals().worth is None


def test_of_few_deals_nothing_is_said_however_many_were_advised_on(company):
    """Three deals beside one are chance, among a thousand people too."""
    company.library(each=2)
    rep = company.hire("li")
    handles = [company.meet(f"138001380{n:02}", rep) for n in range(20)]
    for handle in handles:
        company.offer(handle, rep)
    company.clock.move(timedelta(hours=1))
    for handle in handles[:4]:
        company.tell(company.event("bought", handle, amount=100))
    answers = Responses(
        company.records, company.people, company.identities, company.clock, company.zone,
        hold_out=SHARE,
    )  # fmt: skip
    told = Worths(answers, company.people, fewest=5).deals()
    assert min(told.treated.size, told.held.size) >= 5
    assert told.worth is None
    assert Worths(answers, company.people, fewest=4).deals().worth
