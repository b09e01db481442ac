"""Who did what when, in columns (行为列): what a question over everybody is worked out from.

A million acts lie in three arrays of numbers; no event is made of any. Reads nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kernel.calendar import Zone
from kernel.events import Event
from stores.told import micros

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Acts:
    """One act a place, in no order."""

    who: NDArray[int64]
    """A number for each handle."""
    kind: NDArray[int64]
    """Which of the kinds that were asked for, counted from 0."""
    at: NDArray[int64]
    """Microseconds since 1970."""
    numbers: Callable[[Collection[str]], Mapping[str, int]]
    """The numbers of handles by their names; of those that did anything, at least."""


def span(since: date, until: date, zone: Zone) -> tuple[int, int]:
    """The days, both included, as microseconds: from the first, before the second."""
    return micros(zone.at(since)), micros(zone.at(until + timedelta(days=1)))


def columns(events: Iterable[Event], kinds: Sequence[str]) -> Acts:
    """The same out of events, for stores that keep no columns."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    places = {kind: place for place, kind in enumerate(kinds)}
    numbers: dict[str, int] = {}
    rows = [
        (
            numbers.setdefault(str(event.handle), len(numbers) + 1), places[event.kind],
            micros(event.at),
        )
        for event in events
        if event.handle is not None and event.kind in places
    ]  # fmt: skip
    who, kind, at = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Acts(
        who, kind, at, lambda names: {name: numbers[name] for name in names if name in numbers}
    )
