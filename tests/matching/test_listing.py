"""The list of one question: what the score alone would not say."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.asked import Asked
from matching.assembly import Manner
from matching.recommender.listing import chosen, why_not_listed
from matching.scoring import Question, Scores, Weights
from matching.steering import Act, Ruling
from tests.conftest import MONDAY
from tests.matching.conftest import pull, row, slice_of


def test_what_is_explored_suits_her_by_its_tags_however_popular_something_else_is():
    rows = [*(row(f"mat_{n}", "usual") for n in range(10)), row("suits", "hers"), row("much", "x")]
    made = slice_of(*rows)
    shown = np.array([900.0] * 10 + [0.0, 0.0])
    popular = np.array([1.0] * 10 + [0.0, 0.9])
    made = replace(made, shown=shown, clicked=shown / 10, popular=popular)
    question = Question(now=MONDAY, pulls=[pull("hers", 0.1), pull("usual", 1.0)])
    scores = Scores(question, made, Weights(popular=0.6))
    assert scores.total[made.place("suits")] < scores.total[made.place("much")]
    odds = {}
    for chance in np.linspace(0, 0.99, 50):
        asked = Asked(None, None, made, scores, chance, 7, {})
        for each in chosen(asked, Manner(explore_from=6), 8).chosen:
            if each.slot == "explored":
                odds[str(made.ids[each.place])] = each.propensity
    assert odds["suits"] > 3 * odds.get("much", 0.0)


KINDS = ("image_text", "image_text", "image_text", "script", "product_note")
RULES = st.lists(
    st.builds(
        Ruling,
        id=st.uuids().map(str),
        name=st.just("规则"),
        act=st.sampled_from([Act.PIN, Act.QUOTA, Act.BOOST]),
        aim=st.one_of(
            st.integers(0, 3).map(lambda n: f"tag:tag_{n}"),
            st.integers(0, 19).map(lambda n: f"material:mat_{n}"),
            st.sampled_from(["type:script", "type:image_text"]),
        ),
        number=st.integers(1, 8).map(float),
    ),
    max_size=4,
)


def asked_of(made, popular, rules=(), chance=0.0):
    """A question that popularity alone answers."""
    made = replace(made, popular=np.array(popular, float))
    scores = Scores(Question(now=MONDAY), made, Weights(popular=1.0, fresh=0.0))
    return Asked(None, None, made, scores, chance, 7, {}).steered(rules)


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=12, max_size=20),
    shown=st.lists(st.sampled_from([0.0, 3.0, 900.0]), min_size=20, max_size=20),
    popular=st.lists(st.floats(0.01, 1), min_size=20, max_size=20, unique=True),
    rules=RULES,
)
def test_every_place_is_there_with_the_very_probability_that_is_told(kinds, shown, popular, rules):
    """Every draw is looked at: how often a content is on the list is what each list says of it."""
    rows = (row(f"mat_{n}", f"tag_{n % 4}", kind=kind) for n, kind in enumerate(kinds))
    seen = np.array(shown[: len(kinds)])
    made = replace(slice_of(*rows), shown=seen, clicked=seen / 10)
    draws, there, told = 40, Counter(), {}
    for draw in range(draws):
        asked = asked_of(made, popular[: len(kinds)], rules, (draw + 0.5) / draws)
        for each in chosen(asked, Manner(draws=draws, explore_from=6), 8).chosen:
            there[each.place] += 1
            told.setdefault(each.place, set()).add(each.propensity)
    assert {at: {often / draws} for at, often in there.items()} == told


def why(made, popular, material, rules=()):
    listed = chosen(asked_of(made, popular, rules), Manner(explore_from=6), 6)
    return why_not_listed(listed, made.place(material))


def test_why_not_says_what_took_a_place_and_never_that_less_was_more():
    rows = [row(f"mat_{n}", "a") for n in range(8)] + [row("other", "b"), row("least", "a")]
    made = slice_of(*rows)
    often = np.full(10, 900.0)
    made = replace(made, shown=often, clicked=often / 10)
    score = [1.0, 0.9, 0.8, 0.7, 0.6, 0.55, 0.54, 0.53, 0.5, 0.01]
    assert why(made, score, "mat_2")[0] == "why_on_list"
    assert why(made, score, "mat_5") == (
        "why_too_alike", {"rank": 6, "score": "0.550", "last": "0.500"}
    )  # fmt: skip
    assert why(made, score, "least") == (
        "why_outscored", {"rank": 10, "score": "0.010", "last": "0.500"}
    )  # fmt: skip
    pinned = Ruling(id="r", name="先看它", act=Act.PIN, aim="material:least", number=1)
    assert why(made, score, "mat_4", [pinned])[1]["rules"] == ["先看它"]
    assert why(made, score, "mat_6", [pinned])[0] == "why_too_alike"
    seen = np.array([900.0] * 9 + [0.0])
    fresh = replace(made, shown=seen, clicked=seen / 10)
    assert why(fresh, score, "mat_4")[0] == "why_explored"
    needed = slice_of(*rows[:-1], row("least", "a", kind="script"))
    needed = replace(needed, shown=often, clicked=often / 10)
    assert why(needed, score, "mat_4")[0] == "why_needed"
