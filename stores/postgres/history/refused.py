"""What was refused (被拒): counted by sort, with a sample; the newest kept to be tried again.

Inside the transaction of whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from kernel.events import Refusal
from stores.history import KEPT, Sort
from stores.postgres.history.tables import clean
from stores.told import micros, moment

_COUNT = """
insert into juzhen_history.refusals as kept values (%s, %s, %s, %s, %s, %s, 1)
on conflict (door, reason, field) do update set count = kept.count + 1, at = excluded.at,
    account = excluded.account, sample = excluded.sample
"""
_KEEP = """
insert into juzhen_history.refused (door, reason, field, account, at, again)
values (%s, %s, %s, %s, %s, %s)
"""
_TRIM = """
delete from juzhen_history.refused where (door, reason, field) = (%s, %s, %s) and number <= (
    select number from juzhen_history.refused where (door, reason, field) = (%s, %s, %s)
    order by number desc limit 1 offset %s
)
"""
_KEPT = """
select number, door, reason, field, account, at, again from juzhen_history.refused
where number > %s and (%s = '' or door = %s) and (%s = '' or reason = %s)
and (%s = '' or field = %s) order by number limit %s
"""
_SHOWN = """
select at, door, reason, field, account, sample, count from juzhen_history.refusals
order by at desc, door, reason, field limit %s
"""
_LOOKED_THROUGH = """
select number, again from juzhen_history.refused where number > %s order by number limit 500
"""
_NAMES = ("door", "reason", "field", "account")


def refuse(run: Any, refusals: Sequence[Refusal]) -> None:
    """Count what was refused; the newest of each sort is its sample."""
    rows = [(tuple(clean(getattr(told, name)) for name in _NAMES), told) for told in refusals]
    again = [(sort, told) for sort, told in rows if told.again]
    with run.cursor() as cursor:
        if rows:
            samples = [(*sort, clean(told.sample), micros(told.at)) for sort, told in rows]
            cursor.executemany(_COUNT, samples)
        if again:
            kept = [(*sort, micros(told.at), clean(told.again)) for sort, told in again]
            cursor.executemany(_KEEP, kept)
            cursor.executemany(_TRIM, [(*s, *s, KEPT) for s in {sort[:3] for sort, _ in again}])


def refusals(run: Any, limit: int) -> list[tuple[Refusal, int]]:
    return [
        (Refusal(at=moment(at), **dict(zip((*_NAMES, "sample"), told, strict=True))), count)
        for at, *told, count in run.execute(_SHOWN, (limit,)).fetchall()
    ]


def waiting(run: Any) -> dict[Sort, int]:
    counted = "select door, reason, field, count(*) from juzhen_history.refused group by 1, 2, 3"
    return {Sort(*sort): count for *sort, count in run.execute(counted).fetchall()}


def kept(run: Any, only: Sort, after: int, limit: int) -> list[tuple[int, Refusal]]:
    asked = (after, *(each for value in only for each in (value, value)), limit)
    return [
        (
            number,
            Refusal(
                at=moment(at), door=door, reason=reason, field=field, account=account, again=again
            ),
        )
        for number, door, reason, field, account, at, again in run.execute(_KEPT, asked).fetchall()
    ]


def settle(run: Any, numbers: Collection[int]) -> None:
    gone = "delete from juzhen_history.refused where number = any(%b::bigint[])"
    run.execute(gone, (sorted(numbers),))


def naming(run: Any, named: Callable[[str], bool]) -> tuple[list[int], list[Sort]]:
    """The numbers of what is kept, and the sorts whose sample, as they came in, name somebody."""
    numbers, after = list[int](), 0
    while rows := run.execute(_LOOKED_THROUGH, (after,)).fetchall():
        after = rows[-1][0]
        numbers += [number for number, again in rows if named(again)]
    told = run.execute("select door, reason, field, sample from juzhen_history.refusals")
    return numbers, [Sort(*sort) for *sort, sample in told.fetchall() if named(sample)]


def forget(run: Any, numbers: Collection[int], sorts: Collection[Sort]) -> None:
    """What was refused is shown and kept as it came in, so it may name her too."""
    settle(run, numbers)
    unsample(run, sorts)


def unsample(run: Any, sorts: Collection[Sort]) -> None:
    for sort in sorts:
        run.execute(
            "update juzhen_history.refusals set sample = '' where (door, reason, field)"
            " = (%s, %s, %s)",
            tuple(sort),
        )
