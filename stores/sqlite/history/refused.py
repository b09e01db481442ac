"""What was refused (被拒): counted by sort, with a sample; the newest kept to be tried again.

Inside the transaction of whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from sqlite3 import Connection

from kernel.events import Refusal
from stores.history import KEPT, Sort
from stores.sqlite.history.tables import as_json
from stores.told import micros, moment

_TRIM = """
delete from refused where (door, reason, field) = (?, ?, ?) and number <= (
    select number from refused where (door, reason, field) = (?, ?, ?)
    order by number desc limit 1 offset ?
)
"""
_KEPT = """
select number, door, reason, field, account, at, again from refused
where number > ? and (? = '' or door = ?) and (? = '' or reason = ?) and (? = '' or field = ?)
order by number limit ?
"""


def refuse(file: Connection, refusals: Sequence[Refusal]) -> None:
    """Count what was refused; the newest of each sort is its sample."""
    file.executemany(
        "insert into refusals values (?, ?, ?, ?, ?, ?, 1) on conflict do update set"
        " count = count + 1, at = excluded.at, account = excluded.account,"
        " sample = excluded.sample",
        [
            (told.door, told.reason, told.field, told.account, told.sample, micros(told.at))
            for told in refusals
        ],
    )
    again = [told for told in refusals if told.again]
    file.executemany(
        "insert into refused (door, reason, field, account, at, again) values (?, ?, ?, ?, ?, ?)",
        [
            (told.door, told.reason, told.field, told.account, micros(told.at), told.again)
            for told in again
        ],
    )
    for sort in {(told.door, told.reason, told.field) for told in again}:
        file.execute(_TRIM, (*sort, *sort, KEPT))


def refusals(file: Connection, limit: int) -> list[tuple[Refusal, int]]:
    wanted = (
        "select at, door, reason, field, account, sample, count from refusals"
        " order by at desc, door, reason, field limit ?"
    )
    names = ("door", "reason", "field", "account", "sample")
    return [
        (Refusal(at=moment(at), **dict(zip(names, told, strict=True))), count)
        for at, *told, count in file.execute(wanted, (limit,))
    ]


def waiting(file: Connection) -> dict[Sort, int]:
    counted = "select door, reason, field, count(*) from refused group by 1, 2, 3"
    return {Sort(*sort): count for *sort, count in file.execute(counted)}


def kept(file: Connection, only: Sort, after: int, limit: int) -> list[tuple[int, Refusal]]:
    asked = (after, *(each for value in only for each in (value, value)), limit)
    return [
        (
            number,
            Refusal(
                at=moment(at), door=door, reason=reason, field=field, account=account, again=again
            ),
        )
        for number, door, reason, field, account, at, again in file.execute(_KEPT, asked)
    ]


def settle(file: Connection, numbers: Collection[int]) -> None:
    file.execute(
        "delete from refused where number in (select value from json_each(?))",
        (as_json(sorted(numbers)),),
    )


def naming(file: Connection, named: Callable[[str], bool]) -> tuple[list[int], list[Sort]]:
    """The numbers of what is kept, and the sorts whose sample, as they came in, name somebody."""
    kept = file.execute("select number, again from refused")
    numbers = [number for number, again in kept if named(again)]
    samples = file.execute("select door, reason, field, sample from refusals")
    return numbers, [Sort(*sort) for *sort, sample in samples if named(sample)]


def forget(file: Connection, numbers: Collection[int], sorts: Collection[Sort]) -> None:
    """What was refused is shown and kept as it came in, so it may name her too."""
    settle(file, numbers)
    unsample(file, sorts)


def unsample(file: Connection, sorts: Collection[Sort]) -> None:
    blank = "update refusals set sample = '' where (door, reason, field) = (?, ?, ?)"
    file.executemany(blank, sorts)
