"""Deeds (行为计数): acts of a period with what their labels say, counted without a loop over them.

Who asks names the kinds and the days; what a label says is `data_hub.labels`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from data_hub.details import NEAR, two_shops
from kernel.values import dataclass
from stores.acts import Acts, span
from stores.history import History
from stores.told import moment

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray

Said = Mapping[str, Any]
"""What a label says."""
Whose = Callable[[Collection[str]], Mapping[str, str]]
"""Which customer each handle is."""
ORDERED = ("ordered", "bought")
"""What tells of an order; one order is one deed, whoever tells of it and in however many lines."""
_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Deeds:
    """All acts of some kinds."""

    acts: Acts
    kinds: Sequence[str]
    labels: Sequence[Said]
    """Each label once."""
    place: NDArray[int64]
    """Which of the labels each act has."""

    @classmethod
    def of(cls, acts: Acts, kinds: Sequence[str]) -> Deeds:
        import numpy as np

        numbers, place = np.unique(acts.label, return_inverse=True)
        texts = acts.labels(numbers.tolist())
        labels = [orjson.loads(texts.get(number) or "{}") for number in numbers.tolist()]
        return cls(acts, kinds, labels, place)

    def where(self, chosen: NDArray[bool_] | NDArray[int64]) -> Deeds:
        """Some of them."""
        return replace(self, acts=self.acts.where(chosen), place=self.place[chosen])

    def saying(self, wanted: Callable[[Said], object]) -> Deeds:
        """Those whose label says what is wanted."""
        return self.where(self.worth(lambda said: int(bool(wanted(said)))) > 0)

    def worth(self, value: Callable[[Said], int]) -> NDArray[int64]:
        """A number for each act, by its label."""
        import numpy as np

        return np.array([value(said) for said in self.labels], dtype=np.int64)[self.place]

    def counted(self) -> Iterator[tuple[Said, str, int]]:
        """How many there are of each label and kind."""
        import numpy as np

        width = max(len(self.kinds), 1)
        keys, counts = np.unique(self.place * width + self.acts.kind, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            yield self.labels[key // width], self.kinds[key % width], count

    def each(self) -> Iterator[tuple[int, int, int, Said]]:
        """Who, which kind, when and the label, act by act."""
        acts = self.acts
        columns = (each.tolist() for each in (acts.who, acts.kind, acts.at, self.place))
        for who, kind, at, place in zip(*columns, strict=True):
            yield who, kind, at, self.labels[place]


def deeds(
    history: History, kinds: Sequence[str], since: date, until: date, whose: Whose | None = None
) -> Deeds:
    """All acts of these kinds, over days that are both included, each order once. Without ``whose``
    every handle is somebody else."""
    if not set(ORDERED).intersection(kinds):
        return Deeds.of(history.acts(kinds, since=since, until=until), kinds)
    told, again = _ordered(history, kinds, since, until, whose)
    return told.where((told.acts.at >= span(since, until, history.zone)[0]) & ~again)


def told_again(
    history: History, kind: str, since: date, until: date, whose: Whose | None = None
) -> Counter[tuple[str, str]]:
    """How often orders were told of again, by day and account."""
    if kind not in ORDERED:
        return Counter()
    told, again = _ordered(history, [kind], since, until, whose)
    zone = history.zone
    repeats = told.where(again & (told.acts.at >= span(since, until, zone)[0])).each()
    return Counter(
        (zone.day(moment(at)).isoformat(), said.get("account", "")) for _, _, at, said in repeats
    )


def _ordered(
    history: History, kinds: Sequence[str], since: date, until: date, whose: Whose | None
) -> tuple[Deeds, NDArray[bool_]]:
    """The acts of these days and of some before, and which of them tell of an order again."""
    before = since - timedelta(seconds=NEAR)
    told = Deeds.of(history.acts(kinds, since=before, until=until), kinds)
    return told, _again(told, whose or (lambda _: {}))


def _again(told: Deeds, whose: Whose) -> NDArray[bool_]:
    import numpy as np

    numbers = {said["order"]: n for n, said in enumerate(told.labels) if "order" in said}
    order = told.worth(lambda said: numbers.get(said.get("order", ""), -1))
    known, counts = np.unique(order[order >= 0], return_counts=True)
    several = np.flatnonzero(np.isin(order, known[counts > 1]))
    several = several[np.argsort(told.acts.at[several], kind="stable")]
    again = np.zeros(len(order), np.bool_)
    names = told.acts.names(set(told.acts.who[several].tolist()) - {0})
    customers = whose(names.values())
    heard: dict[tuple[str, int], list[_Line]] = {}
    acts = (each[several].tolist() for each in (told.acts.who, order, told.acts.at, told.place))
    for place, who, number, at, label in zip(several.tolist(), *acts, strict=True):
        name = names.get(who, "")
        lines = heard.setdefault((customers.get(name, name), number), [])
        line = _Line.of(told.labels[label], at)
        again[place] = line.repeats(lines)
        lines.append(line)
    return again


@dataclass(slots=True)
class _Line:
    """Somebody tells of an order of hers."""

    at: int
    account: str
    amount: float
    shop: str

    @classmethod
    def of(cls, said: Said, at: int) -> _Line:
        return cls(at, said.get("account", ""), said.get("amount", 0.0), said.get("shop", ""))

    def repeats(self, lines: Sequence[_Line]) -> bool:
        """Is it another line of an order that was told of, or told by somebody else again?"""
        same = [each for each in lines if self._same(each)]
        for each in same:
            each.shop = each.shop or self.shop
        return bool(same)

    def _same(self, other: _Line) -> bool:
        if two_shops(self.shop, other.shop):
            return False
        near = self.at - other.at < NEAR * 1_000_000 or abs(self.amount - other.amount) < _CENT
        return near or self.account == other.account


def heads(groups: NDArray[int64], people: NDArray[int64], count: int) -> list[int]:
    """How many different people are in each of so many groups."""
    import numpy as np

    width = int(people.max(initial=0)) + 1
    pairs = np.unique(groups * width + people)
    return [int(each) for each in np.bincount(pairs // width, minlength=count)]
