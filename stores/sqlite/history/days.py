"""Days that are over, counted (日计数): all counts of one day in one place, as columns.

What many days of everything came to is read from these instead of a row a count. A copy: whatever
changes a count takes its day's away in the same transaction, and the hourly seal lays it again.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from sqlite3 import Connection
from struct import Struct
from typing import TYPE_CHECKING, Any

from stores.sqlite.database import Database
from stores.sqlite.history import tallies
from stores.sqlite.history.columns import least
from stores.sqlite.history.tables import as_json, known_by, mark_of, names_by, numbers_by

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

BACK = 800
"""Days that are laid, counted from the newest arrival; who asks further back waits for rows."""
_SETTLED = 1
"""Days after which little comes in for one."""
_RUNS = 8
"""In more pieces the days between are not looked for."""
_DENSE = 1 << 22
"""Places on all axes together up to which each is counted, full or empty."""
_AXES = ("material", "account", "kind")
_CODES = Struct("<4s")
_HELD = "select day from counted_days where day between ? and ?"
_PUT = "insert or replace into counted_days values (?, ?, ?)"
_BODIES = "select day, body from counted_days where day between ? and ? order by day"
_STALE = "delete from counted_days where day in (select value from json_each(?))"

_OLDEST = """
select coalesce(min(date(oldest / 1000000, 'unixepoch', '-1 day')), '9999') from (
    select min(oldest) oldest from acts union all select min(oldest) from past_acts
)
"""

Span = tuple[date, date]
Counted = tuple[tuple[str, ...], int]


def lay(database: Database) -> None:
    """Put the counts of every day together that is over, a day a transaction."""
    with database.read() as file:
        ahead = _missing(file)
    for day in ahead:
        with database.write() as file:
            _lay(file, day)


def _missing(file: Connection) -> list[date]:
    """The days that could be laid and are not, the newest first."""
    last = mark_of(file, "arrival") - _SETTLED
    if last - BACK < 1:
        return []
    days = (date.fromordinal(last - BACK).isoformat(), date.fromordinal(last).isoformat())
    held = {day for (day,) in file.execute(_HELD, days)}
    ahead = (date.fromordinal(last - back) for back in range(BACK))
    oldest = file.execute(_OLDEST).fetchone()[0]
    return [day for day in ahead if day.isoformat() not in held and day.isoformat() >= oldest]


def _lay(file: Connection, day: date) -> None:
    """Put the counts of one day together."""
    axes = ["material", "account", "kind"]
    counted = tallies.live(file, axes, {}, day, day)
    counted.update(tallies.over(file, axes, {}, day, day))
    numbers = numbers_by(file, "words", {name for key in counted for name in key})
    rows = sorted((*(numbers[name] for name in key), n) for key, n in counted.items())
    columns = [least(column) for column in zip(*rows, strict=True)] or [array("B")] * 4
    codes = "".join(column.typecode for column in columns).encode()
    body = _CODES.pack(codes) + b"".join(column.tobytes() for column in columns)
    file.execute(_PUT, (day.isoformat(), sum(counted.values()), body))


def stale(file: Connection, days: Iterable[str]) -> None:
    """Counts of these days change."""
    file.execute(_STALE, (as_json(sorted(set(days))),))


def besides(file: Connection, since: date, until: date) -> list[Span] | None:
    """The stretches of days between two that must be read row by row; None: all of it, as none
    or too few are laid."""
    rows = file.execute(_HELD, (since.isoformat(), until.isoformat())).fetchall()
    found, begin, one = list[Span](), since, timedelta(days=1)
    for day in sorted(date.fromisoformat(day) for (day,) in rows):
        if begin < day:
            found.append((begin, day - one))
        begin = day + one
    if begin <= until:
        found.append((begin, until))
    return found if rows and len(found) <= _RUNS else None


def counted(
    file: Connection, by: Sequence[str], asked: Mapping[str, str], since: date, until: date
) -> list[Counted]:
    """How many events on the days that are laid, by the axes and in the order of their names;
    ``asked`` are words on some of them."""
    import numpy as np  # whoever asks nothing of everybody need not load it

    rows = file.execute(_BODIES, (since.isoformat(), until.isoformat())).fetchall()
    known = known_by(file, "words", list(asked.values()))
    wanted = [(_AXES.index(axis), known.get(word, 0)) for axis, word in asked.items()]
    parts = [_chosen(body, wanted) for _, body in rows]
    lengths = [len(part[-1]) for part in parts]
    *axes, counts = (np.concatenate(column, dtype=np.int64) for column in zip(*parts, strict=True))
    told = dict(zip(_AXES, axes, strict=True))
    told["day"] = np.repeat(np.arange(len(rows)), lengths)
    days = dict(enumerate(day for day, _ in rows))
    spelled = [days if axis == "day" else _words(file, told[axis]) for axis in by]
    return _summed([told[axis] for axis in by], spelled, counts)


def _chosen(body: bytes, wanted: Collection[tuple[int, int]]) -> list[NDArray[Any]]:
    """The columns of one day, or of them what has these numbers."""
    import numpy as np

    (codes,) = _CODES.unpack_from(body)
    widths = [np.dtype(code) for code in codes.decode()]
    count = (len(body) - _CODES.size) // sum(width.itemsize for width in widths)
    columns: list[NDArray[Any]] = []
    begin = _CODES.size
    for width in widths:
        columns.append(np.frombuffer(body, width, count, begin))
        begin += columns[-1].nbytes
    for place, number in wanted:
        right = columns[place] == number
        columns = [column[right] for column in columns]
    return columns


def _words(file: Connection, numbers: NDArray[int64]) -> dict[int, str]:
    import numpy as np

    return names_by(file, "words", np.flatnonzero(np.bincount(numbers)).tolist())


def _summed(
    columns: Sequence[NDArray[int64]], spelled: Sequence[Mapping[int, str]], counts: NDArray[int64]
) -> list[Counted]:
    """Counts that share their place on every axis, added up, in the order of their names."""
    import numpy as np

    names: list[NDArray[Any]] = []
    key = np.zeros(len(counts), np.int64)
    for column, words in zip(columns, spelled, strict=True):
        ranked = sorted(words, key=words.__getitem__)
        rank = np.zeros(max(ranked, default=0) + 1, np.int64)
        rank[ranked] = np.arange(len(ranked))
        key = key * max(len(ranked), 1) + rank[column]
        names.append(np.array([words[each] for each in ranked], object))
    if math.prod(map(len, names)) <= _DENSE:
        sums = np.bincount(key, counts)
        keys = np.flatnonzero(sums)
        sums = sums[keys]
    else:
        keys, place = np.unique(key, return_inverse=True)
        sums = np.bincount(place, counts)
    told = list[list[str]]()
    for each in reversed(names):
        keys, at = np.divmod(keys, max(len(each), 1))
        told.append(each[at].tolist())
    named: Iterator[tuple[str, ...]] = zip(*reversed(told), strict=True) if told else iter([()])
    return list(zip(named, sums.astype(np.int64).tolist(), strict=False))
