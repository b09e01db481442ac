"""The whole (全量候选): every placed material with its windows, opened or not.

Every edit makes another whole, and another slice of it before the next list: so it remembers the
order of its keys, and nothing is sorted or searched anew.
"""

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
from matching.arrays.words import Floats, Keys, Mask, Objects, Places, Row, Scope, keys_of


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
    by_key: Places
    """The rows in the order of their keys."""

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
        keys = keys_of(row.material for row in kept)
        return cls(
            _Flat(
                _objects([row.material for row in kept]),
                keys,
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
            np.argsort(keys, kind="stable"),
        )

    def __len__(self) -> int:
        return len(self.flat.ids)

    def patched(self, rows: Mapping[str, Row | None]) -> Whole:
        """Another whole, in which these materials are as given; None is gone."""
        changed = keys_of(rows)
        stay = np.flatnonzero(~np.isin(self.flat.keys, changed))
        fresh = self._compiled(
            (row for row in rows.values() if row is not None),
            dict(self.columns),
            {scope: code for code, scope in enumerate(self.scopes)},
            dict(self.types),
        )
        flat = self.flat.taken(stay).followed_by(fresh.flat)
        return replace(
            fresh,
            flat=flat,
            tags=self.tags.taken(stay).followed_by(fresh.tags),
            windows=self.windows.taken(stay).followed_by(fresh.windows),
            by_key=self._joined(stay, fresh.by_key, flat.keys),
        )

    def _joined(self, stay: Places, behind: Places, keys: Keys) -> Places:
        """The order of those that stay with others behind them."""
        moved = np.full(len(self), -1)
        moved[stay] = np.arange(len(stay))
        before = moved[self.by_key]
        both = np.concatenate((before[before >= 0], len(stay) + behind))
        return both[np.argsort(keys[both], kind="stable")]  # two stretches that are in order

    def slice(self, account: str, now: datetime) -> Slice:
        """What this account (``""``: any) shows to anybody at this moment. Who sees which of it is
        its `Sight`."""
        moment, starts = now.timestamp(), self.windows.starts[:-1]
        codes, opens, closes = self.windows.columns
        told = [account in ("", scope.account) for scope in self.scopes]
        here = np.array(told, bool)[codes]
        on = here & (opens <= moment) & (moment < closes)
        if len(self):
            shown = np.flatnonzero(np.logical_or.reduceat(on, starts))
            first = np.minimum.reduceat(np.where(here, opens, np.inf), starts)
        else:
            shown, first = np.empty(0, np.int64), np.empty(0)
        places = self._longest_first(shown)
        at = np.full(len(self), -1)
        at[places] = np.arange(len(places))
        by_key = at[self.by_key]
        boundaries = np.concatenate((opens[here], closes[here]))
        ahead = boundaries[boundaries > moment]
        flat, tags = self.flat.taken(places), self.tags.taken(places)
        return Slice(
            ids=flat.ids, keys=flat.keys, types=flat.types, kinds=self.types,
            natures=flat.natures, by_key=by_key[by_key >= 0],
            starts=tags.starts, indices=tags.columns[0], columns=self.columns,
            opened=first[places], since=moment,
            until=float(ahead.min()) if len(ahead) else np.inf,
            openings=self._openings(places, at, here, on, first),
            popular=np.zeros(len(places)), lately=np.zeros(len(places)),
            readers=np.zeros(len(places)), shown=np.zeros(len(places)),
            clicked=np.zeros(len(places)), nightly=np.zeros(len(places), bool),
        )  # fmt: skip

    def _openings(
        self, places: Places, at: Places, here: Mask, on: Mask, first: Floats
    ) -> Openings:
        """The windows that are here at all of the rows that stand at these places."""
        whose = at[self.windows.rows]
        kept = np.flatnonzero(here & (whose >= 0))
        codes, opens, _ = self.windows.columns
        return Openings(
            self.flat.keys[places], first[places], whose[kept], codes[kept], opens[kept], on[kept],
            np.flatnonzero(self._varied()[kept]), self.scopes,
        )  # fmt: skip

    def _varied(self) -> Mask:
        """Of every window whether its row has some of different scopes."""
        if not len(self):
            return np.empty(0, bool)
        codes, starts = self.windows.columns[0], self.windows.starts
        least, most = (each.reduceat(codes, starts[:-1]) for each in (np.minimum, np.maximum))
        return np.repeat(least < most, np.diff(starts))

    def _longest_first(self, rows: Places) -> Places:
        """Who wears most tags stands first: then what has at least so many is one stretch."""
        worn = np.diff(self.tags.starts)[rows]
        return rows[np.argsort((-worn).astype(np.int16), kind="stable")]


def _objects(texts: Sequence[str]) -> Objects:
    made = np.empty(len(texts), object)
    made[:] = texts
    return made


def _flattened(lists: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.array([number for each in lists for number in each], np.int32)
