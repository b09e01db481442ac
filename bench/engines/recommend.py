"""Recommending (推荐) on PostgreSQL beside SQLite: the list, nothing kept."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.library import Library
from bench.lib.line import Round, compared
from bench.lib.places import database, on_postgres
from bench.recommend import cpu, round_of, timed

MATERIALS, LISTS = 2_000, 60


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(database())
        here = Library(MATERIALS * size, home / "here")
        there = Library(MATERIALS * size, home / "there", **on_postgres(url))
        for library in (here, there):
            stack.callback(library.close)
        _same(here, there)
        yield compared(
            "recommend_postgres", _lists(there), _lists(here), unit="lists/s",
            size=MATERIALS * size, against="SQLite", goal=0.0,
        )  # fmt: skip


def _lists(library: Library) -> Callable[[], Round]:
    recommender, asked = library.platform.recommender, itertools.cycle(library.customers)
    return lambda: round_of(
        *cpu(lambda: timed(lambda: recommender.answer(next(asked), library.rep), LISTS))
    )


def _same(here: Library, there: Library) -> None:
    """Both score the same contents alike."""
    for customer in here.customers[:10]:
        one, other = (
            np.sort(each.platform.recommender.scored(customer, each.rep).total)[-LISTS:]
            for each in (here, there)
        )
        if np.abs(one - other).max() > 1e-5:  # freshness has moved on by some seconds
            raise RuntimeError("the two score differently")
