"""Recommending (推荐): ten contents with scripts, reasons and a kept offer, 100,000 on the shelf.

``recommend`` is the whole act, from the customer's profile to the durable offer,
``recommend_answer`` the same list for whoever only looks. The baseline of both is the score alone,
as one tuned SQL join. ``recommend_branches`` is the list of reps of 300 branches in turn, each with
contents of her own, against that of one rep. Every question is another customer's; histories of 50.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.baselines.sql_join import SqlJoin, told
from bench.lib.library import Library
from bench.lib.line import Round, compared
from matching.assembly import best
from matching.scoring import Scores

MATERIALS = 100_000
P95_MS = 200.0
"""R20.3."""
P50_MS, P99_MS, FASTER = 4.0, 10.0, 20.0
"""What a list with reasons may take in process, and by how much it outruns the join."""
ALIKE = 1 / 1.5
"""How quick the lists of many branches are, by those of one."""
_ROUND = 120
_BASELINE_ROUND = 12


def run(size: int) -> Iterator[dict[str, Any]]:
    library = Library(MATERIALS * size)
    try:
        yield answered(library)
        yield measured(library)
        yield branches(library)
    finally:
        library.close()


def answered(library: Library) -> dict[str, Any]:
    """The list alone, nothing kept."""
    recommender, rep = library.platform.recommender, library.rep
    questions = [recommender.scored(each, rep) for each in library.customers[:_BASELINE_ROUND]]
    join = SqlJoin(questions[0].candidates, questions[0].basic)
    same_answers(questions, join)
    asked, compared_with = itertools.cycle(library.customers), itertools.cycle(questions)
    line = compared(
        "recommend_answer",
        lambda: round_of(*cpu(lambda: timed(lambda: recommender.answer(next(asked), rep), _ROUND))),
        lambda: round_of(
            *cpu(lambda: timed(lambda: join.best(*told(next(compared_with)), 50), _BASELINE_ROUND))
        ),
        unit="lists/s", size=library.materials,
        against="the score alone as one SQL join, forced order, in memory", goal=FASTER,
    )  # fmt: skip
    quick = line["p50_ms"] <= P50_MS and line["p99_ms"] <= P99_MS
    return line | {"most_p50_ms": P50_MS, "most_p99_ms": P99_MS, "ok": line["ok"] and quick}


def measured(library: Library) -> dict[str, Any]:
    recommender, rep = library.platform.recommender, library.rep
    questions = [recommender.scored(each, rep) for each in library.customers[:_BASELINE_ROUND]]
    join = SqlJoin(questions[0].candidates, questions[0].basic)
    same_answers(questions, join)
    asked, compared_with = itertools.cycle(library.customers), itertools.cycle(questions)
    p95: list[float] = []

    def ours() -> Round:
        took, used = cpu(lambda: timed(lambda: recommender.for_contact(next(asked), rep), _ROUND))
        p95.append(float(np.percentile(took, 95)))
        return round_of(took, used)

    def theirs() -> Round:
        took, used = cpu(
            lambda: timed(lambda: join.best(*told(next(compared_with)), 50), _BASELINE_ROUND)
        )
        return round_of(took, used)

    line = compared(
        "recommend", ours, theirs, unit="lists/s", size=library.materials,
        against="the score alone as one SQL join, forced order, in memory", goal=1.0,
    )  # fmt: skip
    middle = statistics.median(p95)
    return line | {"p95_ms": round(middle, 2), "ok": line["ok"] and middle <= P95_MS}


def branches(library: Library) -> dict[str, Any]:
    recommender, asked = library.platform.recommender, itertools.cycle(library.customers)
    reps = itertools.cycle(library.branches)

    def lists(ask: Callable[[], object]) -> Round:
        return round_of(*cpu(lambda: timed(ask, _ROUND)))

    return compared(
        "recommend_branches",
        lambda: lists(lambda: recommender.answer(next(asked), next(reps))),
        lambda: lists(lambda: recommender.answer(next(asked), library.rep)),
        unit="lists/s", size=library.materials, against="reps of one branch", goal=ALIKE,
    )  # fmt: skip


def same_answers(questions: list[Scores], join: SqlJoin) -> None:
    """Both find the same fifty, with the same scores."""
    for scores in questions:
        mine = scores.total[best(scores.total, scores.candidates, 50)]
        others = np.array([score for _, score in join.best(*told(scores), 50)])
        if np.abs(mine - others).max() > 1e-5:  # freshness has moved on by some seconds
            raise RuntimeError("the join finds other contents than we do")


def timed(ask: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1_000)
    return took


def cpu(ask: Callable[[], list[float]]) -> tuple[list[float], float]:
    """What it answers, and the milliseconds of this process's CPU for each."""
    begun = time.process_time()
    took = ask()
    return took, (time.process_time() - begun) * 1_000 / len(took)


def round_of(took: list[float], cpu_ms: float) -> Round:
    return Round(
        value=1_000 / statistics.fmean(took), p50_ms=float(np.percentile(took, 50)),
        p99_ms=float(np.percentile(took, 99)), cpu_ms=cpu_ms,
    )  # fmt: skip
