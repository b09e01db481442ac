"""What leaves the history (删除): events and everything that pointed at them, counts too.

Inside the transaction of whoever calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from kernel.events import Event, unpack
from stores.postgres.history.arrivals import roll
from stores.postgres.history.tables import clean, known_numbers
from stores.told import micros, names_of

DOOMED = """
select distinct seq, month from juzhen_history.mentions where handle = any(%b::bigint[]) limit %s
"""
OVER = """
select seq, month from juzhen_history.events where kind = %s and day < %s
order by day, seq limit %s
"""
THESE = "select seq, month from juzhen_history.events where seq = any(%b::bigint[])"
_EVENTS = """
delete from juzhen_history.events using unnest(%b::bigint[], %b::int[]) as doomed (seq, month)
where events.seq = doomed.seq and events.month = doomed.month
returning events.seq, events.month, events.material, events.day, events.account, events.kind,
    events.packed
"""
_MENTIONS = """
delete from juzhen_history.mentions
using unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %b::int[])
    as doomed (handle, at, id, seq, month)
where mentions.handle = doomed.handle and mentions.at = doomed.at and mentions.id = doomed.id
and mentions.seq = doomed.seq and mentions.month = doomed.month
"""


def erase(run: Any, doomed: Sequence[tuple[int, int]]) -> list[Event]:
    """Take out events by their numbers and months, with every mention of them."""
    if not doomed:
        return []
    pairs = [list(column) for column in zip(*doomed, strict=True)]
    rows = run.cursor(binary=True).execute(_EVENTS, pairs).fetchall()
    roll(run, {key: -count for key, count in Counter(tuple(row[2:6]) for row in rows).items()})
    told = [(seq, month, unpack(packed)) for seq, month, *_, packed in rows]
    numbers = known_numbers(run, {clean(each) for *_, event in told for each in names_of(event)})
    mentions = [
        (numbers[clean(name)], micros(event.at), clean(event.id), seq, month)
        for seq, month, event in told
        for name in names_of(event)
    ]
    if mentions:
        run.execute(_MENTIONS, [list(column) for column in zip(*mentions, strict=True)])
    return [event for *_, event in told]
