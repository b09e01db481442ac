"""The list of one question: what the score alone would not say."""

from dataclasses import replace

import numpy as np

from matching.asked import Asked
from matching.assembly import Manner
from matching.recommender.listing import chosen
from matching.scoring import Question, Scores, Weights
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
        for each in chosen(asked, Manner(), 8).chosen:
            if each.slot == "explored":
                odds[str(made.ids[each.place])] = each.propensity
    assert odds["suits"] > 3 * odds.get("much", 0.0)
