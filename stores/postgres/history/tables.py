"""The tables of the history in PostgreSQL (历史表结构), and the smallest pieces that work on them.

Events and whom they mention lie in a partition per month of the company's day, what was heard in
one per day of arrival: old ones are dropped whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from kernel.events import Handle
from stores.postgres.database import Shape

SHAPE = Shape(
    "juzhen_history", 2,
    """
create table if not exists {schema}.events (
    seq bigint not null, month integer not null, account text collate "C" not null,
    id text collate "C" not null, kind text collate "C" not null,
    material text collate "C" not null, day text collate "C" not null, packed bytea not null,
    primary key (seq, month)
) partition by list (month);
alter table {schema}.events add column if not exists own bigint;
alter table {schema}.events add column if not exists at bigint;
create index if not exists events_kinds on {schema}.events (kind, day, seq);
create table if not exists {schema}.handles (
    number bigint generated always as identity primary key, name text collate "C" not null unique
);
create table if not exists {schema}.mentions (
    handle bigint not null, at bigint not null, id text collate "C" not null, seq bigint not null,
    month integer not null, primary key (handle, at, id, seq, month)
) partition by list (month);
create table if not exists {schema}.rollups (
    material text collate "C" not null, day text collate "C" not null,
    account text collate "C" not null, kind text collate "C" not null, count bigint not null,
    primary key (material, day, account, kind)
);
create table if not exists {schema}.heard (
    day integer not null, told text collate "C" not null, primary key (day, told)
) partition by list (day);
create table if not exists {schema}.refusals (
    door text collate "C" not null, reason text collate "C" not null,
    field text collate "C" not null, account text not null, sample text not null,
    at bigint not null, count bigint not null, primary key (door, reason, field)
);
create table if not exists {schema}.refused (
    number bigint generated always as identity primary key, door text not null,
    reason text not null, field text not null, account text not null, at bigint not null,
    again text not null
);
create index if not exists refused_sorts on {schema}.refused (door, reason, field, number);
create table if not exists {schema}.marks (name text primary key, value bigint not null)
""",
)  # fmt: skip
_LONG = 200
PARTS = """
select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
where inhparent = to_regclass(%s) order by relname
"""


def clean(text: str) -> str:
    """As a column keeps it: PostgreSQL takes no zero in a text and no long one in an index, and
    every other store does. What an event said is in its bytes."""
    text = text.replace("\x00", "\ufffd")
    if len(text) <= _LONG:
        return text
    return f"{text[: _LONG // 2]}…{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def names(handles: Collection[Handle]) -> list[str]:
    return sorted({clean(str(handle)) for handle in handles})


def month_of(day: str) -> int:
    """The partition of a day that is spelled 2026-03-02."""
    return int(day[:4]) * 100 + int(day[5:7])


def months(since: date | None, until: date | None) -> tuple[int, int]:
    return (
        month_of(since.isoformat()) if since else 0,
        month_of(until.isoformat()) if until else 999_999,
    )


def part(run: Any, table: str, value: int) -> None:
    """Make one partition. Attached, it keeps nobody waiting who reads the others."""
    name = f"juzhen_history.{table}_{value}"
    run.execute(f"create table {name} (like juzhen_history.{table} including all)".encode())
    attached = f"alter table juzhen_history.{table} attach partition {name} for values in ({value})"
    run.execute(attached.encode())


def parts(run: Any, table: str) -> dict[int, str]:
    """The partitions that there are, oldest first: by value, the table's name."""
    rows = run.execute(PARTS, (f"juzhen_history.{table}",)).fetchall()
    return {int(name.rsplit("_", 1)[1]): f"juzhen_history.{name}" for (name,) in rows}


def marks(run: Any) -> dict[str, int]:
    return dict(run.execute("select name, value from juzhen_history.marks").fetchall())


def move(run: Any, told: Mapping[str, int]) -> None:
    run.execute(
        "insert into juzhen_history.marks"
        " select * from unnest(%b::text[], %b::bigint[])"
        " on conflict (name) do update set value = excluded.value",
        (list(told), list(told.values())),
    )


def known_numbers(run: Any, told: Collection[str]) -> dict[str, int]:
    wanted = "select name, number from juzhen_history.handles where name = any(%b::text[])"
    return dict(run.execute(wanted, (sorted(told),)).fetchall())


def numbered(run: Any, told: Collection[str]) -> dict[str, int]:
    """A number for each, new ones where needed. Only one process does so at a time."""
    known = known_numbers(run, told)
    fresh = sorted(set(told) - known.keys())
    if fresh:
        added = (
            "insert into juzhen_history.handles (name) select unnest(%b::text[])"
            " returning name, number"
        )
        known |= dict(run.execute(added, (fresh,)).fetchall())
    return known
