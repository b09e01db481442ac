"""Offline (离线评测): the recommender without a company around it, to be judged on any log.

``recommender(items, users)`` scores with the very code that answers reps: the same counters, the
same blend, the same nightly list and tuning. Knows no shelf, no consent and no rules: what may be
shown at all is not a question of a log.
"""

from matching.offline.recommending import Offline, recommender

__all__ = ["Offline", "recommender"]
