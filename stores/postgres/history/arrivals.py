"""What arrives in the history (入库), by arrays: repeats dropped, events, mentions, counts written.

Inside the transaction of whoever calls, who is alone in it; the watermark is his business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stores.postgres.history.tables import clean, month_of, numbered, part, parts
from stores.told import REMEMBERED, Told

Key = tuple[str, str, str, str]
"""What is counted together: material, day, account, kind."""
_EVENTS = """
insert into juzhen_history.events
    (seq, month, account, id, kind, material, day, packed, own, at)
select * from unnest(%b::bigint[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::bytea[], %b::bigint[], %b::bigint[])
"""
_MENTIONS = """
insert into juzhen_history.mentions
select * from unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %b::int[])
on conflict do nothing
"""
_ROLL = """
insert into juzhen_history.rollups as kept
select * from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[])
on conflict (material, day, account, kind) do update set count = kept.count + excluded.count
"""
HEARD = """
select told from juzhen_history.heard where day = any(%b::int[]) and told = any(%b::text[])
"""
"""Days by name: for a range of them the whole range may be walked once for each of ``told``."""
_UNHEAR = "delete from juzhen_history.heard where told = any(%b::text[])"
_REMEMBER = "insert into juzhen_history.heard select %s, unnest(%b::text[])"


def cleaned(told: Told) -> Told:
    return told._replace(
        names=frozenset(map(clean, told.names)), account=clean(told.account), id=clean(told.id),
        kind=clean(told.kind), material=clean(told.material), own=clean(told.own),
    )  # fmt: skip


def insert(run: Any, fresh: Sequence[Told], first: int) -> None:
    """Write new events, numbered from ``first``, whom they mention, and what they add up to."""
    numbers = numbered(run, {name for told in fresh for name in told.names})
    months = [month_of(told.day) for told in fresh]
    for table in ("events", "mentions"):
        for month in sorted(set(months) - parts(run, table).keys()):
            part(run, table, month)
    run.execute(
        _EVENTS,
        (
            list(range(first, first + len(fresh))), months,
            [told.account for told in fresh], [told.id for told in fresh],
            [told.kind for told in fresh], [told.material for told in fresh],
            [told.day for told in fresh], [told.packed for told in fresh],
            [numbers.get(told.own) for told in fresh], [told.at for told in fresh],
        ),
    )  # fmt: skip
    mention(run, fresh, range(first, first + len(fresh)), months, numbers)
    roll(run, Counter((told.material, told.day, told.account, told.kind) for told in fresh))


def mention(
    run: Any,
    told: Sequence[Told],
    seqs: Sequence[int],
    months: Sequence[int],
    numbers: Mapping[str, int],
) -> None:
    rows = sorted(
        (numbers[name], each.at, each.id, seq, month)
        for each, seq, month in zip(told, seqs, months, strict=True)
        for name in each.names
    )
    if rows:
        run.execute(_MENTIONS, [list(column) for column in zip(*rows, strict=True)])


def roll(run: Any, rolled: Mapping[Key, int]) -> None:
    """Add to the counts; what comes to nothing goes."""
    if not rolled:
        return
    keys = [list(column) for column in zip(*rolled, strict=True)]
    run.execute(_ROLL, (*keys, list(rolled.values())))
    if min(rolled.values()) < 0:
        run.execute(
            "delete from juzhen_history.rollups where count = 0 and (material, day, account, kind)"
            " in (select * from unnest(%b::text[], %b::text[], %b::text[], %b::text[]))",
            keys,
        )


def unheard(run: Any, told: Sequence[Told], newest: int) -> tuple[list[Told], int]:
    """Those not heard within the window, the first of each, remembered from now on; and the newest
    day so far: a late replay never opens an old one again."""
    if not told:
        return [], newest
    today = max(*(each.arrived for each in told), newest)
    first = {each.digest: each for each in reversed(told)}
    asked = (list(range(today - REMEMBERED, today + 1)), list(first))
    known = {digest for (digest,) in run.execute(HEARD, asked).fetchall()}
    fresh = {digest: each for digest, each in reversed(first.items()) if digest not in known}
    days = parts(run, "heard")
    if today not in days:
        part(run, "heard", today)
    run.execute(_REMEMBER, (today, sorted(fresh)))
    for day, name in days.items():
        if day < today - REMEMBERED:
            run.execute(f"drop table {name}".encode())
    return list(fresh.values()), today


def unhear(run: Any, digests: Sequence[str]) -> None:
    """Know nothing of these any more: the same may come again."""
    run.execute(_UNHEAR, (list(digests),))
