"""What a red dot comes to: what it is about, times whose it is."""

import pytest

from data_hub.prediction import Predicted
from engagement.pressing import Pressing, pressing
from engagement.reminders import WORTH
from tests.engagement.buyers import USUAL, buying, buys


def press(kind, grade="", quarter=None):
    """A dot of whom so many usual purchases are expected within a quarter."""
    chances = {2: 0.1, 4: 0.2, 13: 0.5}
    expected = quarter and Predicted("cus_1", chances, None, 2 * USUAL, quarter * USUAL)
    return pressing(kind, "cus_1", grade, expected, USUAL).value


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (("birthday", "", 1.0), ("birthday",)),  # of one kind, who is expected to spend
        (("birthday", "", 2.0), ("birthday", "", 1.0)),
        (("birthday", "B"), ("birthday", "D")),  # the main force (R160)
        (("birthday", "C"), ("birthday", "A")),
        (("birthday", "unknown"), ("birthday", "E")),
        (("next_purchase", "B", 2.0), ("maturity",)),  # she lifts it over the next rank…
        (("read_your_share",), ("next_purchase", "B", 2.0)),  # …and not over two
        (("read_your_share",), ("birthday", "B", 99.0)),
        (("birthday", "E"), ("anniversary", "E")),
    ],
)
def test_a_dot_presses_by_its_kind_and_by_whose_it_is(more, less):
    assert press(*more) > press(*less)


def test_of_whom_nothing_is_known_the_kind_alone_tells():
    values = [press(kinds[0]) for kinds in (*WORTH, ["anniversary"])]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)
    assert Pressing(1.0, "cus_1").why() == ""


def test_what_speaks_for_her_is_told_in_a_few_words():
    told = Pressing(1.0, "cus_1", "B", chance=0.424, spend=12_345.6)
    assert told.why() == "一个季度内 42% 会再买，约 12,346 元 · B 类，聊得多"
    assert told.why("en") == (
        "42% likely to buy within a quarter, some 12,346 yuan · B, talks a lot"
    )


def test_of_each_customer_one_dot_comes_first_whatever_handles_she_goes_by(company):
    company.staff.add("zhang", "张岚", by="t")
    buying(company)
    handles = [f"openid:acc_1:o{n}" for n in range(3)]
    for handle in handles:
        company.reminders.remind("stf_1", "birthday", handle, "2026")
    company.reminders.remind("stf_1", "maturity", handles[0], "p1")
    buys(company, handles[2], times=6)
    found = company.priorities.first(company.reminders.waiting("stf_1"))
    assert [(each.kind, each.handle) for each, _ in found] == [
        ("maturity", handles[0]), ("birthday", handles[2]), ("birthday", handles[1]),
    ]  # fmt: skip
    _, hers = found[1]
    assert 0.3 < hers.chance <= 1
    assert hers.spend == pytest.approx(USUAL)
    assert "会再买" in hers.why()
