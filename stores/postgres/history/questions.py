"""What is asked of the history in PostgreSQL (历史查询), in its own words."""

from __future__ import annotations

AFTER = "select seq, packed from juzhen_history.events where seq > %s order by seq limit %s"

_KEYED = """
select at, id, seq, (
    select packed from juzhen_history.events e where e.seq = found.seq and e.month = found.month
) from (
    select distinct m.at, m.id, m.seq, m.month
    from juzhen_history.handles h cross join lateral (
        select at, id, seq, month from juzhen_history.mentions
        where handle = h.number and (at, id, seq) {past} (%(at)s, %(id)s, %(seq)s)
        and at < %(end)s and (%(kinds)s::text[] is null or (
            select kind from juzhen_history.events e
            where e.seq = mentions.seq and e.month = mentions.month
        ) = any(%(kinds)s::text[]))
        order by at {way}, id {way}, seq {way} limit %(limit)s
    ) m where h.name = any(%(names)s::text[])
    order by at {way}, id {way}, seq {way} limit %(limit)s
) found
"""
NEWEST = _KEYED.format(past="<", way="desc")
OLDEST = _KEYED.format(past=">", way="asc")

TOTAL = """
select count(distinct m.seq) from juzhen_history.handles h
join juzhen_history.mentions m on m.handle = h.number where h.name = any(%s::text[])
"""

OF_KINDS = """
select e.day, e.seq, e.packed from unnest(%(kinds)s::text[]) as asked (kind) cross join lateral (
    select day, seq, packed from juzhen_history.events
    where events.kind = asked.kind and day between %(since)s and %(until)s
    and (day, seq) < (%(day)s, %(seq)s) and month between %(first)s and %(last)s
    and (%(account)s::text is null or account = %(account)s::text)
    and (%(material)s::text is null or material = %(material)s::text)
    order by day desc, seq desc limit %(limit)s
) e order by e.day desc, e.seq desc limit %(limit)s
"""

MANY = 10_000
OF_DAYS = """
select seq, packed from juzhen_history.events where seq > %(seq)s and kind = any(%(kinds)s::text[])
and day between %(since)s and %(until)s and month between %(first)s and %(last)s
order by seq limit %(many)s
"""

_THAT = """
e.kind = %(kind)s and e.day between %(since)s and %(until)s
and e.month between %(first)s and %(last)s
and (%(account)s::text is null or e.account = %(account)s::text)
and (%(material)s::text is null or e.material = %(material)s::text)
"""
_HERS = """
juzhen_history.handles h cross join lateral (
    select distinct seq, month from juzhen_history.mentions where handle = h.number
    and at >= %(begin)s and at < %(end)s and month between %(first)s and %(last)s
) m join juzhen_history.events e on e.seq = m.seq and e.month = m.month
"""
_OFTEN = """
select h.name, count(*), min(e.at) from {whose}
where {hers} and e.own = h.number and e.at is not null and {that} group by h.name
"""
_NAMED = "h.name = any(%(names)s::text[])"
HERS_OFTEN = _OFTEN.format(whose=_HERS, hers=_NAMED, that=_THAT)
ALL_OFTEN = _OFTEN.format(
    whose="juzhen_history.handles h join juzhen_history.events e on e.own = h.number",
    hers="true", that=_THAT,
)  # fmt: skip
HERS_OLDER = (
    f"select distinct on (e.seq) e.seq, e.packed from {_HERS} where {_NAMED}"  # noqa: S608 - our own words
    f" and e.at is null and {_THAT} and e.seq > %(seq)s order by e.seq limit %(many)s"
)
ALL_OLDER = (
    f"select e.seq, e.packed from juzhen_history.events e where e.at is null and {_THAT}"  # noqa: S608 - our own words
    " and e.seq > %(seq)s order by e.seq limit %(many)s"
)
"""Of events that came before it was kept who did them; `rebuild history` leaves none."""

COUNTED = "sum(count)::bigint from juzhen_history.rollups"

_RECOUNT = """
select material, day, account, kind, sum(count) from (
    select material, day, account, kind, count from juzhen_history.rollups
    union all select material, day, account, kind, -count(*)
    from juzhen_history.events group by 1, 2, 3, 4
) as told group by 1, 2, 3, 4 having sum(count) != 0
"""
_UNFOUND = """
select seq from juzhen_history.mentions where not exists (
    select 1 from juzhen_history.events e where e.seq = mentions.seq and e.month = mentions.month
) limit 10
"""
_BEHIND = """
select seq, value from juzhen_history.events, juzhen_history.marks
where name = 'seq' and seq > value limit 10
"""
FLAWS = (
    (_RECOUNT,
     "the count of ({0}, {1}, {2}, {3}) differs from its events by {4}"),
    (_UNFOUND, "event {0} is mentioned and not there"),
    (_BEHIND, "event {0} lies behind the last number given out, {1}"),
)  # fmt: skip
