"""Who did what when, in columns (行为列): what a question over everybody is worked out from.

A million acts lie in four arrays of numbers; no event is made of any. Reads nothing by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kernel.calendar import Zone
from kernel.events import Event, Handle
from kernel.values import dataclass
from stores.told import Label, Said, micros, unlabelled

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray

Numbers = Callable[[Collection[str]], Mapping[str, int]]
Names = Callable[[Collection[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Acts:
    """One act a place, in no order."""

    who: NDArray[int64]
    """A number for each handle, 0 for nobody."""
    kind: NDArray[int64]
    """Which of the kinds that were asked for, counted from 0."""
    at: NDArray[int64]
    """Microseconds since 1970."""
    label: NDArray[int64]
    """A number for each label."""
    numbers: Numbers
    """The numbers of handles by their names; of those that did anything, at least."""
    names: Names
    """The names of handles by their numbers."""
    labels: Names
    """The labels by their numbers; none or an empty one for what has no label."""

    def where(self, chosen: NDArray[bool_] | NDArray[int64]) -> Acts:
        """Some of them."""
        return replace(
            self, who=self.who[chosen], kind=self.kind[chosen], at=self.at[chosen],
            label=self.label[chosen],
        )  # fmt: skip

    def of(self, kind: int, begin: int, end: int) -> Acts:
        """Those of one kind, from one moment until before another."""
        return self.where((self.kind == kind) & (self.at >= begin) & (self.at < end))


class Often(NamedTuple):
    """How often one handle did something."""

    who: str
    times: int
    oldest: int
    """When for the first time of these, in microseconds since 1970."""


class Wanted(NamedTuple):
    """What is to be counted: one kind, of any account and about anything, unless it says which."""

    kind: str
    account: str | None = None
    material: str | None = None
    since: date | None = None
    """Both days are included."""
    until: date | None = None

    def has(self, event: Event) -> bool:
        """Is it of this kind, account and material? Its moment plays no part."""
        return (
            event.kind == self.kind
            and self.account in (None, event.account)
            and self.material in (None, event.material)
        )

    def span(self, zone: Zone) -> tuple[int, int]:
        return span(self.since or FIRST, self.until or LAST, zone)


FIRST, LAST = date(1, 1, 2), date(9999, 12, 30)
"""Days before and after all that happen, in any zone."""
_TOGETHER = 5_000


def span(since: date, until: date, zone: Zone) -> tuple[int, int]:
    """The days, both included, as microseconds: from the first, before the second."""
    return micros(zone.at(since)), micros(zone.at(until + timedelta(days=1)))


def often(acts: Acts) -> Iterator[Often]:
    """How often each handle did any of it; what nobody did is left out."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    hers = acts.who > 0
    who, place = np.unique(acts.who[hers], return_inverse=True)
    times = np.bincount(place, minlength=len(who))
    oldest = np.full(len(who), np.iinfo(np.int64).max)
    np.minimum.at(oldest, place, acts.at[hers])
    for begin in range(0, len(who), _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        names = acts.names(who[some].tolist())
        for number, n, at in zip(
            *(each[some].tolist() for each in (who, times, oldest)), strict=True
        ):
            yield Often(names[number], n, at)


class OneByOne(ABC):
    """Several such questions of stores that answer each quickly."""

    @abstractmethod
    def often(self, kind: str, *_: Any, **which: Any) -> Iterator[Often]: ...

    def often_each(
        self, wanted: Sequence[Wanted], handles: Collection[Handle]
    ) -> Iterator[tuple[int, Often]]:
        """See `stores.history.History`."""
        for place, (kind, account, material, since, until) in enumerate(wanted):
            told = self.often(
                kind, handles=handles, account=account, material=material, since=since, until=until
            )
            yield from ((place, each) for each in told)


def columns(events: Iterable[Event], kinds: Sequence[str], label: Label = unlabelled) -> Acts:
    """The same out of events, for stores that keep no columns."""
    told = map(Said.of, events)
    return told_acts(
        ((each.handle, each.kind, micros(each.at), label(each)) for each in told), kinds
    )


def told_acts(told: Iterable[tuple[str, str, int, str]], kinds: Sequence[str]) -> Acts:
    """The same out of who, which kind, when and the label, each spelled out."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    places = {kind: place for place, kind in enumerate(kinds)}
    names, labels = {"": 0}, {"": 0}
    rows = [
        (
            names.setdefault(handle, len(names)), places[kind], at,
            labels.setdefault(label, len(labels)),
        )
        for handle, kind, at, label in told
        if kind in places
    ]  # fmt: skip
    who, kind, at, labelled = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Acts(
        who, kind, at, labelled,
        lambda asked: {name: names[name] for name in asked if name in names},
        _named(names), _named(labels),
    )  # fmt: skip


def _named(numbers: Mapping[str, int]) -> Names:
    names = {number: name for name, number in numbers.items() if name}
    return lambda asked: {number: names[number] for number in asked if number in names}
