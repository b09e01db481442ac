"""What arrives in the history (入库): repeats dropped, events, mentions and counts written.

Inside the transaction of whoever calls; the fold's own watermark is none of its business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from sqlite3 import Connection

from stores.sqlite.history import days
from stores.sqlite.history.stripes import acts_of, stripe
from stores.sqlite.history.tables import as_json, mark_of, move, numbered, numbers_by
from stores.told import REMEMBERED, Told

ROLL = """
insert into rollups values (?, ?, ?, ?, ?)
on conflict do update set count = count + excluded.count
"""


def insert(file: Connection, fresh: Sequence[Told]) -> None:
    """Write new events, whom they mention, and what they add to the counts."""
    if not fresh:
        return
    first = mark_of(file, "seq") + 1
    numbers = numbered(file, {name for told in fresh for name in told.names})
    kinds = numbers_by(file, "kinds", {told.kind for told in fresh})
    rows = [
        (seq, told.account, told.id, told.kind, told.material, told.day, told.packed)
        for seq, told in enumerate(fresh, first)
    ]
    mentions = [
        (numbers[name], told.at, told.id, seq, kinds[told.kind])
        for seq, told in enumerate(fresh, first)
        for name in told.names
    ]
    rolled = Counter((told.material, told.day, told.account, told.kind) for told in fresh)
    file.executemany("insert into events values (?, ?, ?, ?, ?, ?, ?)", rows)
    file.executemany("insert into mentions values (?, ?, ?, ?, ?)", sorted(mentions))
    file.executemany(ROLL, [(*key, count) for key, count in sorted(rolled.items())])
    days.stale(file, (told.day for told in fresh))
    stripe(file, first, acts_of(file, fresh, numbers, kinds))
    move(file, "seq", first + len(fresh) - 1)


def unheard(file: Connection, told: Sequence[Told]) -> list[Told]:
    """Those not heard within the window, the first of each; and remember them."""
    if not told:
        return []
    # The newest day so far: a late replay never opens an old one again.
    today = max(*(each.arrived for each in told), mark_of(file, "arrival"))
    first = {each.digest: each for each in reversed(told)}
    heard = "select told from heard where day = ? and told in (select value from json_each(?))"
    asked = as_json(list(first))
    known: set[str] = set()
    for day in range(today - REMEMBERED, today + 1):
        known.update(digest for (digest,) in file.execute(heard, (day, asked)))
    fresh = {digest: each for digest, each in reversed(first.items()) if digest not in known}
    file.executemany("insert into heard values (?, ?)", [(today, each) for each in sorted(fresh)])
    move(file, "arrival", today)
    file.execute(
        "delete from heard where (day, told) in"
        " (select day, told from heard where day < ? order by day limit ?)",
        (today - REMEMBERED, 2 * len(told)),
    )
    return list(fresh.values())


def unhear(file: Connection, digests: Sequence[str]) -> None:
    """Know nothing of these any more: the same may come again."""
    newest = mark_of(file, "arrival")
    gone = "delete from heard where day = ? and told in (select value from json_each(?))"
    asked = as_json(list(digests))
    file.executemany(gone, [(day, asked) for day in range(newest - REMEMBERED, newest + 1)])
