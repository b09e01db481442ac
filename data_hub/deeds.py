"""Deeds (行为计数): acts of a period with what their labels say, counted without a loop over them.

Who asks names the kinds and the days; what a label says is `data_hub.labels`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from kernel.values import dataclass
from stores.acts import Acts
from stores.history import History

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray

Said = Mapping[str, Any]
"""What a label says."""


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


def deeds(history: History, kinds: Sequence[str], since: date, until: date) -> Deeds:
    """All acts of these kinds, over days that are both included."""
    return Deeds.of(history.acts(kinds, since=since, until=until), kinds)


def heads(groups: NDArray[int64], people: NDArray[int64], count: int) -> list[int]:
    """How many different people are in each of so many groups."""
    import numpy as np

    width = int(people.max(initial=0)) + 1
    pairs = np.unique(groups * width + people)
    return [int(each) for each in np.bincount(pairs // width, minlength=count)]
