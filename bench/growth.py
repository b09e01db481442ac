"""Growth (规模): what a tenth of the customers and events costs, against the whole, by turns.

The same hubs and the same questions, one ten times as large as the other; only what does not scan
everything is asked. Judged by this process's own time: no line may be more than 1.5 × dearer.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from bench.digest import NOW, Hub
from bench.fold import events
from bench.lib.segments import rules
from data_hub.digest import SLICE
from data_hub.segments import Previews
from kernel.events import Event, Handle, pack
from stores.history import Fold
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal

TIMES, DEARER = 10, 1.5
EVENTS, PEOPLE, SEGMENTS = 40_000, 1_000, 20
_PUT, _ROUNDS, _SAMPLE = 2_000, 7, 500

Ask = Callable[[], float]
"""Does something once and says what it took of this process, in microseconds a piece."""


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        homes = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            for _ in range(2)
        ]
        pasts = [_Past(home, size * n, stack) for home, n in zip(homes, (1, TIMES), strict=True)]
        yield _line("growth_timeline", size, *(past.timeline for past in pasts))
        yield _line("growth_fold", size, *(past.fold for past in pasts))
        hubs = [_Known(home, size * n, stack) for home, n in zip(homes, (1, TIMES), strict=True)]
        yield _line("growth_digest", size, *(hub.digest for hub in hubs))
        yield _line("growth_preview", size, *(hub.preview for hub in hubs))


class _Past:
    """A history of so many events, of so many people."""

    def __init__(self, home: Path, size: int, stack: ExitStack) -> None:
        self._people = PEOPLE * size
        self._dice, self._numbers = random.Random(1), itertools.count(1)
        self._history = SqliteHistory(home / "history.db", durability="process")
        self._journal = SqliteJournal(home / "journal", durability="process")
        stack.callback(self._history.close)
        stack.callback(self._journal.close)
        self._fold = Fold(self._journal, self._history)
        for _ in range(EVENTS * size // _PUT):
            self._arrive(_PUT)
            self._settle()

    def _arrive(self, count: int) -> None:
        told = events(self._dice, self._numbers, count, people=self._people)
        self._journal.append([pack(each) for each in told])

    def _settle(self) -> None:
        while self._fold.run():
            pass

    def fold(self) -> float:
        self._arrive(_PUT)
        used = time.process_time()
        self._settle()
        return (time.process_time() - used) * 1_000_000 / _PUT

    def timeline(self) -> float:
        asked = [
            Handle("user", "acc_app", f"u{self._dice.randrange(self._people)}") for _ in range(200)
        ]
        used = time.process_time()
        for each in asked:
            self._history.timeline([each], limit=20)
        return (time.process_time() - used) * 1_000_000 / len(asked)


class _Known:
    """A hub that knows so many people, all digested."""

    def __init__(self, home: Path, size: int, stack: ExitStack) -> None:
        folder = home / "hub"
        folder.mkdir()
        self._hub = hub = Hub(folder, SEGMENTS)
        stack.callback(hub.close)
        many = _ROUNDS * SLICE * size
        for begin in range(0, many, _PUT):
            self._arrive(range(begin, min(begin + _PUT, many)))
        self._settle()
        self._ahead = iter(random.Random(2).sample(range(many), many))
        self._asked = Previews(
            hub.people, hub.profiles, hub.segments, hub.standings.subjects, lambda: NOW
        )
        self._rule = rules(1, seed=9)[0].name

    def _arrive(self, people: Any) -> None:
        told = [
            Event(
                id=f"e{number:09}", kind="read_material", at=NOW, account="acc_app", received=NOW,
                handle=Handle("user", "acc_app", f"u{who}"),
            )
            for number, who in zip(self._hub.told, people, strict=False)
        ]  # fmt: skip
        self._hub.history.put(told, upto=next(self._hub.upto))

    def _settle(self) -> None:
        while self._hub.digest.run(SLICE):
            pass

    def digest(self) -> float:
        self._arrive(islice(self._ahead, SLICE))  # nobody twice, for a second act moves her further
        used = time.process_time()
        self._settle()
        return (time.process_time() - used) * 1_000_000 / SLICE

    def preview(self) -> float:
        used = time.process_time()
        self._asked.preview(self._rule, most=_SAMPLE)
        return (time.process_time() - used) * 1_000_000


def _line(name: str, size: int, small: Ask, large: Ask) -> dict[str, Any]:
    """What a piece takes at ten times the size, and at one."""
    rounds = [(small(), large()) for _ in range(_ROUNDS)]
    one, ten = (statistics.median(told) for told in zip(*rounds, strict=True))
    return {
        "bench": name, "value": round(ten, 1), "unit": "us of CPU", "size": size * TIMES,
        "baseline": {"name": "a tenth of it", "value": round(one, 1)},
        "ratio": round(ten / one, 2), "goal": DEARER, "ok": ten <= one * DEARER,
    }  # fmt: skip
