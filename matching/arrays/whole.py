"""The whole (全量候选): every placed material with its windows, opened or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from matching.arrays.sights import Openings
from matching.arrays.slices import Slice
from matching.arrays.words import Keys, Objects, Places, Row, Scope, key_of


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

    def slice(self, account: str, now: datetime) -> Slice:
        """What this account (``""``: any) shows to anybody at this moment. Who sees which of it is
        its `Sight`."""
        moment, everyone = now.timestamp(), len(self)
        codes, opens, closes = self.windows.columns
        here = [account in ("", scope.account) for scope in self.scopes]
        there = np.flatnonzero(np.array(here, bool)[codes])
        rows, codes = self.windows.rows[there], codes[there]
        opens, closes = opens[there], closes[there]
        on = (opens <= moment) & (moment < closes)
        first = np.full(everyone, np.inf)
        np.minimum.at(first, rows, opens)
        places = self._longest_first(np.unique(rows[on]))
        boundaries = np.concatenate((opens, closes))
        ahead = boundaries[boundaries > moment]
        flat, tags = self.flat.taken(places), self.tags.taken(places)
        at = np.full(everyone, -1)
        at[places] = np.arange(len(places))
        kept = np.flatnonzero(at[rows] >= 0)
        return Slice(
            ids=flat.ids, keys=flat.keys, types=flat.types, kinds=self.types,
            natures=flat.natures,
            starts=tags.starts, indices=tags.columns[0], columns=self.columns,
            opened=first[places], since=moment,
            until=float(ahead.min()) if len(ahead) else np.inf,
            openings=Openings(
                flat.keys, first[places], at[rows[kept]], codes[kept], opens[kept], on[kept],
                self.scopes,
            ),
            popular=np.zeros(len(places)), lately=np.zeros(len(places)),
            readers=np.zeros(len(places)), shown=np.zeros(len(places)),
            clicked=np.zeros(len(places)), nightly=np.zeros(len(places), bool),
        )  # fmt: skip

    def _longest_first(self, places: Places) -> Places:
        """Who wears most tags stands first: then what has at least so many is one stretch."""
        worn = np.diff(self.tags.starts)[places]
        return places[np.argsort(-worn, kind="stable")]


def _objects(texts: Sequence[str]) -> Objects:
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def _flattened(lists: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.array([number for each in lists for number in each], np.int32)
