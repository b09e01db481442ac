"""Recommender (推荐): the content and the words for this rep, this customer, this moment, and why.

`asking` puts a question together, `listing` makes the list of it, and the keeper answers with it
and keeps what it offered: with positions, propensities, the set of candidates and the policy, so
that it can be judged and learned from. The rules of the score are in `matching.scoring`, those of
the list in `matching.assembly`. Sends nothing.
"""

from matching.recommender.asking import Asking
from matching.recommender.keeper import Offered, Recommender, Tried

__all__ = ["Asking", "Offered", "Recommender", "Tried"]
