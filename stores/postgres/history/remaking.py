"""Remaking the history's indices (重建历史): mentions and counts, out of the events alone.

Works in slices beside the fold; stopped anywhere, it may begin again. Touches no event.
"""

from __future__ import annotations

from typing import Any

from kernel.calendar import Zone
from kernel.events import unpack
from stores.postgres.history.arrivals import cleaned, mention
from stores.postgres.history.tables import month_of, numbered
from stores.told import Told

EVENTS = 2_000
HANDLES = 5_000
_NEXT = """
select seq, packed from juzhen_history.events where seq > %s order by seq limit %s
"""
_ACTED = """
update juzhen_history.events e set own = told.own, at = told.at
from unnest(%b::bigint[], %b::int[], %b::bigint[], %b::bigint[]) as told (seq, month, own, at)
where e.seq = told.seq and e.month = told.month
and (e.own, e.at) is distinct from (told.own, told.at)
"""
STRAYS = """
delete from juzhen_history.mentions where handle between %s and %s and not exists (
    select 1 from juzhen_history.events e where e.seq = mentions.seq and e.month = mentions.month
)
"""
LAST_HANDLE = "select coalesce(max(number), 0) from juzhen_history.handles"
DAYS_OF_KINDS = """
select kind, day from juzhen_history.events group by 1, 2
union select kind, day from juzhen_history.rollups
"""
_COUNTED = """
insert into juzhen_history.rollups select material, day, account, kind, count(*)
from juzhen_history.events where kind = %s and day = %s and month = %s group by 1, 2, 3, 4
"""


def remention(run: Any, after: int, zone: Zone) -> tuple[int, int]:
    """Mention everybody of the next events, and who did each; how many there were, and the last
    one's number."""
    rows = run.cursor(binary=True).execute(_NEXT, (after, EVENTS)).fetchall()
    if not rows:
        return 0, after
    told = [cleaned(Told.of(unpack(packed), zone)) for _, packed in rows]
    numbers = numbered(run, {name for each in told for name in each.names})
    months = [month_of(each.day) for each in told]
    seqs = [seq for seq, _ in rows]
    mention(run, told, seqs, months, numbers)
    own, at = [numbers.get(each.own) for each in told], [each.at for each in told]
    run.execute(_ACTED, (seqs, months, own, at))
    return len(rows), rows[-1][0]


def recount(run: Any, kind: str, day: str) -> None:
    run.execute("delete from juzhen_history.rollups where kind = %s and day = %s", (kind, day))
    run.execute(_COUNTED, (kind, day, month_of(day)))
