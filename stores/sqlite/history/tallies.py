"""Counts by material, day, account and kind (计数): of live events, and of sealed ones.

The live ones in words, as the fold writes them; the sealed ones in numbers, which take a fifth of
the room and change no more but by erasing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from sqlite3 import Connection

from stores.sqlite.history.tables import known_by, names_by, numbers_by

Counted = Counter[tuple[str, ...]]
_ROLL = """
insert into past_rollups values (?, ?, ?, ?, ?)
on conflict do update set count = count + excluded.count
"""
_UNROLL = """
delete from past_rollups where (material, day, account, kind) = (?, ?, ?, ?) and count = 0
"""


def live(
    file: Connection, axes: Sequence[str], asked: Mapping[str, str], since: date, until: date
) -> Counted:
    """How many events that are not sealed, by the axes; ``asked`` are words on some of them."""
    wanted = _asking("rollups", axes, asked, since, until)
    days = [since.isoformat(), until.isoformat()]
    rows = file.execute(wanted, [*days, *asked.values()]).fetchall()
    return Counter({tuple(row[:-1]): row[-1] for row in rows if row[-1]})


def over(
    file: Connection, axes: Sequence[str], asked: Mapping[str, str], since: date, until: date
) -> Counted:
    """How many sealed events, likewise."""
    known = known_by(file, "words", list(asked.values()))
    days = [since.toordinal(), until.toordinal()]
    words = [known.get(word, 0) for word in asked.values()]
    wanted = _asking("past_rollups", axes, asked, since, until)
    rows = file.execute(wanted, [*days, *words]).fetchall()
    rows = [row for row in rows if row[-1]]
    spelled: list[Mapping[int, str]] = []
    for place, axis in enumerate(axes):
        used = {row[place] for row in rows}
        if axis == "day":
            spelled.append({day: date.fromordinal(day).isoformat() for day in used})
        else:
            spelled.append(names_by(file, "words", used))
    return Counter(
        {
            tuple(names[each] for names, each in zip(spelled, row, strict=False)): row[-1]
            for row in rows
        }
    )


def _asking(
    table: str, axes: Sequence[str], asked: Mapping[str, str], since: date, until: date
) -> str:
    """The rows stand by material, then by day: some days of everything are looked up material by
    material, so that months which nobody asks for are not read."""
    some = (since, until) != (date.min, date.max) and "material" not in asked
    by = ", ".join(axes)
    wanted = f"select {by}{', ' if by else ''}sum(count) from {table} where day between ? and ?"  # noqa: S608 - an enum's words
    if some:
        wanted = _BY_MATERIAL.format(table=table) + wanted.replace(
            f"from {table} where", f"from each_one cross join {table} using (material) where"
        )
    wanted += "".join(f" and {axis} = ?" for axis in asked)
    return f"{wanted} group by {by}" if by else wanted


_BY_MATERIAL = """
with recursive each_one (material) as (
    select min(material) from {table}
    union all
    select (select min({table}.material) from {table} where {table}.material > each_one.material)
    from each_one where each_one.material is not null
)
"""
"""Each material once, by as many looks."""


def days_of(
    file: Connection, kinds: Sequence[str], asked: Mapping[str, str], since: date, until: date
) -> list[date]:
    """On which days there are sealed events of these kinds, the newest first."""
    found: Counted = Counter()
    for kind in kinds:
        found += over(file, ["day"], {**asked, "kind": kind}, since, until)
    return sorted((date.fromisoformat(day) for (day,) in found), reverse=True)


def roll(file: Connection, counted: Mapping[tuple[str, str, str, str], int], sign: int) -> None:
    """Add sealed events to the counts, or take them off."""
    words = {name for material, _, account, kind in counted for name in (material, account, kind)}
    numbers = numbers_by(file, "words", words)
    keys = {
        (numbers[material], date.fromisoformat(day).toordinal(), numbers[account], numbers[kind]):
        sign * count
        for (material, day, account, kind), count in counted.items()
    }  # fmt: skip
    file.executemany(_ROLL, [(*key, count) for key, count in sorted(keys.items())])
    if sign < 0:
        file.executemany(_UNROLL, list(keys))
