"""Arrays (候选数组): what is on the shelf, as numpy columns that a process scores in milliseconds.

`Whole` holds every placed material with its windows; a `Slice` is what one (account, sight) may be
shown until the next boundary passes. Both are rebuilt by copying columns, never changed in place,
so that a request keeps the slice it began with. Decides nothing: the shelf is asked again, row by
row, before anything is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Objects = npt.NDArray[np.object_]
REPEATABLE = ("script", "mini_program_tool")
"""Types that are not used up by being read once."""


def key_of(material: str) -> int:
    """Eight bytes of a digest: what neighbour lists and arrays know a material by."""
    return int.from_bytes(hashlib.blake2b(material.encode(), digest_size=8).digest(), "little")


class Window(NamedTuple):
    """One promise of the shelf. Moments are seconds since 1970."""

    account: str
    unit: str
    opens: float
    closes: float


class Row(NamedTuple):
    """A placed material, as far as matching looks at it."""

    material: str
    type: str
    tags: tuple[str, ...]
    """Its tags and those above them."""
    windows: tuple[Window, ...]
    nature: int = 0
    """As `matching.suitability.nature_of` packs it."""


class Scope(NamedTuple):
    """What decides who is shown a window."""

    account: str
    unit: str

    def shown(self, account: str, sight: Collection[str] | None) -> bool:
        if account not in ("", self.account):
            return False
        return sight is None or self.unit in sight


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of different lengths, one a row, laid end to end in several columns."""

    starts: Places
    columns: tuple[npt.NDArray[Any], ...]

    @classmethod
    def of(cls, lengths: Sequence[int], *columns: npt.NDArray[Any]) -> Ragged:
        return cls(_running(np.array(lengths, np.int64)), columns)

    def taken(self, places: Places) -> Ragged:
        begins = self.starts[:-1][places]
        lengths = self.starts[1:][places] - begins
        starts = _running(lengths)
        where = np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths)
        return Ragged(starts, tuple(column[where] for column in self.columns))

    def followed_by(self, other: Ragged) -> Ragged:
        pairs = zip(self.columns, other.columns, strict=True)
        return Ragged(
            np.concatenate((self.starts, other.starts[1:] + self.starts[-1])),
            tuple(np.concatenate(pair) for pair in pairs),
        )

    @property
    def rows(self) -> Places:
        """Which row each entry belongs to."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def _running(lengths: Places) -> Places:
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


@dataclass(frozen=True, slots=True)
class _Flat:
    """One value a row."""

    ids: Objects
    keys: Keys
    types: npt.NDArray[np.int16]
    natures: npt.NDArray[np.int32]

    def taken(self, places: Places) -> _Flat:
        return _Flat(self.ids[places], self.keys[places], self.types[places], self.natures[places])

    def followed_by(self, other: _Flat) -> _Flat:
        return _Flat(
            np.concatenate((self.ids, other.ids)),
            np.concatenate((self.keys, other.keys)),
            np.concatenate((self.types, other.types)),
            np.concatenate((self.natures, other.natures)),
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """Every placed material, opened or not."""

    flat: _Flat
    tags: Ragged
    windows: Ragged
    columns: Mapping[str, int]
    """Tag -> its column; 0 means "none", so that no row is ever empty."""
    scopes: tuple[Scope, ...]
    types: Mapping[str, int]
    """Type -> its number."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Whole:
        return cls._compiled(rows, {}, {}, {})

    @classmethod
    def _compiled(
        cls,
        rows: Iterable[Row],
        tags: dict[str, int],
        scopes: dict[Scope, int],
        types: dict[str, int],
    ) -> Whole:
        """The three dictionaries learn what they did not know."""
        kept = [row for row in rows if row.windows]
        columns = [
            [tags.setdefault(tag, len(tags) + 1) for tag in sorted(set(row.tags))] or [0]
            for row in kept
        ]
        windows = [window for row in kept for window in row.windows]
        codes = [scopes.setdefault(Scope(each.account, each.unit), len(scopes)) for each in windows]
        return cls(
            _Flat(
                _objects([row.material for row in kept]),
                np.array([key_of(row.material) for row in kept], np.uint64),
                np.array([types.setdefault(row.type, len(types)) for row in kept], np.int16),
                np.array([row.nature for row in kept], np.int32),
            ),
            Ragged.of([len(each) for each in columns], _flattened(columns)),
            Ragged.of(
                [len(row.windows) for row in kept],
                np.array(codes, np.int32),
                np.array([each.opens for each in windows], np.float64),
                np.array([each.closes for each in windows], np.float64),
            ),
            tags,
            tuple(scopes),
            types,
        )

    def __len__(self) -> int:
        return len(self.flat.ids)

    def patched(self, rows: Mapping[str, Row | None]) -> Whole:
        """Another whole, in which these materials are as given; None is gone."""
        changed = np.array([key_of(material) for material in rows], np.uint64)
        stay = np.flatnonzero(~np.isin(self.flat.keys, changed))
        fresh = self._compiled(
            (row for row in rows.values() if row is not None),
            dict(self.columns),
            {scope: code for code, scope in enumerate(self.scopes)},
            dict(self.types),
        )
        return replace(
            fresh,
            flat=self.flat.taken(stay).followed_by(fresh.flat),
            tags=self.tags.taken(stay).followed_by(fresh.tags),
            windows=self.windows.taken(stay).followed_by(fresh.windows),
        )

    def slice(self, account: str, sight: Collection[str] | None, now: datetime) -> Slice:
        """What this account (``""``: any) shows, at this moment, to who sees these units."""
        moment = now.timestamp()
        codes, opens, closes = self.windows.columns
        shown = np.array([scope.shown(account, sight) for scope in self.scopes], bool)[codes]
        rows, opens, closes = self.windows.rows[shown], opens[shown], closes[shown]
        on = (opens <= moment) & (moment < closes)
        first = np.full(len(self), np.inf)
        np.minimum.at(first, rows, opens)
        places = np.unique(rows[on])
        boundaries = np.concatenate((opens, closes))
        ahead = boundaries[boundaries > moment]
        flat, tags = self.flat.taken(places), self.tags.taken(places)
        return Slice(
            ids=flat.ids, keys=flat.keys, types=flat.types, kinds=self.types,
            natures=flat.natures,
            starts=tags.starts, indices=tags.columns[0], columns=self.columns,
            opened=first[places], since=moment,
            until=float(ahead.min()) if len(ahead) else np.inf,
            popular=np.zeros(len(places)), readers=np.zeros(len(places)),
            shown=np.zeros(len(places)), clicked=np.zeros(len(places)),
            nightly=np.zeros(len(places), bool),
        )  # fmt: skip


def _objects(texts: Sequence[str]) -> Objects:
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def _flattened(lists: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.array([number for each in lists for number in each], np.int32)


@dataclass(frozen=True)
class Slice:
    """What may be shown to somebody somewhere until a boundary passes, and how it has fared."""

    ids: Objects
    keys: Keys
    types: npt.NDArray[np.int16]
    natures: npt.NDArray[np.int32]
    """What each is as far as suitability minds."""
    kinds: Mapping[str, int]
    starts: Places
    indices: npt.NDArray[np.int32]
    columns: Mapping[str, int]
    opened: Floats
    """When each first went on this shelf, in seconds since 1970."""
    since: float
    until: float
    popular: Floats
    """Decayed popularity, from nothing to 1 for the most popular."""
    readers: Floats
    shown: Floats
    """How often each was offered…"""
    clicked: Floats
    """…and how often it was opened from an offer."""
    nightly: npt.NDArray[np.bool_]
    """Whether last night's list knows each: what opened since is told by the live list alone."""

    def __len__(self) -> int:
        return len(self.ids)

    def holds(self, now: datetime) -> bool:
        """Is this still what the shelf shows, as far as time goes?"""
        return self.since <= now.timestamp() < self.until

    @cached_property
    def _order(self) -> tuple[Places, Keys]:
        order = np.argsort(self.keys, kind="stable")
        return order, self.keys[order]

    def places(self, keys: Keys) -> tuple[Places, Places]:
        """(which of the keys are here, where they stand)."""
        order, ordered = self._order
        if not len(ordered) or not len(keys):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        found = np.flatnonzero(ordered[at] == keys)
        return found, order[at[found]]

    def place(self, material: str) -> int | None:
        _, where = self.places(np.array([key_of(material)], np.uint64))
        return int(where[0]) if len(where) else None

    def tags_at(self, place: int) -> npt.NDArray[np.int32]:
        """The columns of one material's tags."""
        return self.indices[self.starts[place] : self.starts[place + 1]]

    @cached_property
    def repeatable(self) -> npt.NDArray[np.bool_]:
        return np.isin(self.types, [self.kinds[kind] for kind in REPEATABLE if kind in self.kinds])

    def of_type(self, kind: str) -> Places:
        """Where the materials of one type stand."""
        if kind not in self._by_type:
            self._by_type[kind] = np.flatnonzero(self.types == self.kinds.get(kind, -1))
        return self._by_type[kind]

    @cached_property
    def _by_type(self) -> dict[str, Places]:
        return {}

    def type_at(self, place: int) -> str:
        return self._names[int(self.types[place])]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.kinds)

    @cached_property
    def digest(self) -> str:
        """Names this very set of candidates in an offer."""
        return hashlib.blake2b(np.sort(self.keys).tobytes(), digest_size=8).hexdigest()
