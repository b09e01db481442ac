"""Matching (匹配质量): our blend against popularity, item-kNN and EASE, on a log of known truth.

The same table as `juzhen bench matching --events FILE` prints for a company's own log. ``value`` is
our NDCG@10; the baseline is the best of the three, tuned as ours is; ``ok`` says that the whole
interval of the paired difference lies above nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bench.lib.known_truth import log
from matching.offline.baselines import baselines
from matching.offline.evaluating import table

PEOPLE, CONTENTS = 1_500, 500


def run(size: int) -> Iterator[dict[str, Any]]:
    made = log(people=PEOPLE * size, contents=CONTENTS)
    begun = time.perf_counter()
    ours, *others = table(made.items, made.users, made.events, baselines=baselines(made.items))
    best = max(others, key=lambda each: each["ndcg@10"])
    yield {
        "bench": "matching", "value": ours["ndcg@10"], "unit": "NDCG@10",
        "seconds": round(time.perf_counter() - begun, 1), "size": len(made.events),
        "baseline": {"name": best["recommender"], "value": best["ndcg@10"]},
        "ratio": round(ours["ndcg@10"] / best["ndcg@10"], 3), "goal": 1.0,
        "ok": all(each["low"] > 0 for each in others), "table": [ours, *others],
    }  # fmt: skip
