"""What a table of recommenders comes to in words: who ranks best, how surely, and what to do."""

import pytest

from juzhen.cli.verdict import About, figures, verdict


def rows(ours, lead, customers=500, **cold):
    """Ours, and two others: the better of them this far behind ours, the other further."""
    mean, low, high = lead
    better = {
        "recommender": "EASE", "customers": customers, "ndcg@10": round(ours - mean, 4),
        "difference": mean, "low": low, "high": high, "leads": cold,
    }  # fmt: skip
    worse = better | {"recommender": "popularity", "ndcg@10": round(ours - mean - 0.1, 4),
                      "difference": mean + 0.1, "low": low + 0.1, "high": high + 0.1}  # fmt: skip
    return [
        {"recommender": "juzhen", "customers": customers, "ndcg@10": ours, "cold_customer_0": 0.2},
        *({**each, "cold_customer_0": 0.3} for each in (worse, better)),
    ]


USUAL = About(10_000, 800, 200, 150, 12.0, 1_767_225_600.0, 1_769_904_000.0)


def told(table, about=USUAL, language="en"):
    return list(verdict(table, about, language))


def test_who_ranks_best_is_said_with_how_much_and_how_surely():
    said, do = told(rows(0.3, (0.05, 0.03, 0.07)))
    assert "juzhen ranks best: NDCG@10 0.300, next is EASE with 0.250" in said
    assert "ahead by 0.050, 95% interval [+0.030, +0.070]" in said
    assert "500" in said
    assert do.startswith("What to do: nothing.")


@pytest.mark.parametrize(
    ("lead", "said", "do"),
    [
        ((0.01, 0.001, 0.02), "juzhen ranks best", "nothing"),
        ((0.01, 0.0, 0.02), "Nobody can be told", "some weeks more"),
        ((-0.01, -0.02, 0.0), "Nobody can be told", "some weeks more"),
        ((-0.01, -0.02, -0.001), "EASE ranks better than juzhen", "night run"),
    ],
)
def test_an_interval_that_holds_nothing_decides_nothing(lead, said, do):
    first, last = told(rows(0.3, lead))
    assert first.startswith(said)
    assert do in last


def test_of_too_few_customers_nothing_is_said():
    assert len(told(rows(0.3, (0.05, 0.03, 0.07), customers=100))) == 2
    (few,) = told(rows(0.3, (0.05, 0.03, 0.07), customers=99))
    assert few.startswith("Too few data: only 99 customers")


@pytest.mark.parametrize(
    ("about", "advice"),
    [
        ({"tagged": 99}, ["tag it"]), ({"tagged": 100}, []),
        ({"usual": 2.5}, ["identity review"]), ({"usual": 3.0}, []),
    ],
)  # fmt: skip
def test_what_the_log_lacks_is_told_first(about, advice):
    values = {name: getattr(USUAL, name) for name in USUAL.__slots__} | about
    _, *do = told(rows(0.3, (0.05, 0.03, 0.07)), About(**values))
    assert len(do) == len(advice) + 1
    assert all(each in said for each, said in zip(advice, do, strict=False))


def test_newcomers_for_whom_another_surely_ranks_better_are_told_of():
    sure = {"cold_customer_0": {"difference": -0.1, "low": -0.2, "high": -0.01}}
    unsure = {"cold_customer_0": {"difference": -0.1, "low": -0.2, "high": 0.0}}
    assert len(told(rows(0.3, (0.05, 0.03, 0.07), **sure))) == 3
    assert len(told(rows(0.3, (0.05, 0.03, 0.07), **unsure))) == 2


def test_the_table_marks_the_best_and_what_cannot_be_told():
    unsure = {"cold_customer_0": {"difference": -0.1, "low": -0.2, "high": 0.0}}
    first, lead, low, high, cold = figures(rows(0.3, (0.05, 0.03, 0.07), **unsure), "en")
    assert first == {
        "": "NDCG@10", "juzhen": "0.300 *", "popularity": "0.150", "EASE": "0.250",
    }  # fmt: skip
    assert lead["juzhen"] == ""
    assert [each["EASE"] for each in (lead, low, high)] == ["+0.050", "+0.030", "+0.070"]
    assert cold["EASE"] == "≈ 0.300 *"
    assert figures(rows(0.3, (0.0, -0.01, 0.01)), "zh")[0]["EASE"] == "≈ 0.300 *"


def test_what_the_log_holds_is_told_with_its_days():
    items = [{"id": "a", "tags": ["t"]}, {"id": "b", "tags": []}, {"id": "unread", "tags": ["t"]}]
    log = [
        ("u", "a", 0.0, 1.0),
        ("u", "a", 86_400.0, 1.0),
        ("u", "b", 9e4, 1.0),
        ("v", "a", 9e4, 1),
    ]
    about = About.of(log, items)
    assert (about.readings, about.customers, about.contents) == (4, 2, 2)
    assert (about.tagged, about.usual) == (1, 1.5)
    assert about.told("en").startswith("1970-01-01 to 1970-01-02: 4 readings of 2 contents (1 with")
    assert "2 位客户的 4 次阅读" in about.told("zh")
