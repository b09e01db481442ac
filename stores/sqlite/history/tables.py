"""The tables of the history (历史表结构), and the smallest pieces that work on them."""

from __future__ import annotations

from collections.abc import Collection
from sqlite3 import Connection
from typing import Any

import orjson

from kernel.events import Handle

SCHEMA = """
create table if not exists events (
    seq integer primary key, account text not null, id text not null,
    kind text not null, material text not null, day text not null, packed blob not null
);
create index if not exists events_kinds on events (kind, day);
create table if not exists handles (number integer primary key, name text not null unique);
create table if not exists mentions (
    handle integer not null, at integer not null, id text not null, seq integer not null,
    kind integer, primary key (handle, at, id, seq)
) without rowid;
create table if not exists kinds (number integer primary key, name text not null unique);
create table if not exists labels (number integer primary key, name text not null unique);
create table if not exists uses (label integer primary key, count integer not null);
drop table if exists stripes;
create table if not exists acts (
    first integer primary key, last integer not null, oldest integer not null,
    newest integer not null, body blob not null
);
create table if not exists sealed (
    first integer primary key, last integer not null, held integer not null, body blob not null
);
create table if not exists past_acts (
    first integer primary key, last integer not null, oldest integer not null,
    newest integer not null, body blob not null
);
create table if not exists past_mentions (
    handle integer not null, part integer not null, oldest integer not null,
    newest integer not null, body blob not null, primary key (handle, part)
) without rowid;
create table if not exists zones (since integer primary key, name text not null);
create table if not exists words (number integer primary key, name text not null unique);
create table if not exists past_rollups (
    material integer not null, day integer not null, account integer not null,
    kind integer not null, count integer not null, primary key (material, day, account, kind)
) without rowid;
create table if not exists rollups (
    material text not null, day text not null, account text not null, kind text not null,
    count integer not null, primary key (material, day, account, kind)
) without rowid;
create table if not exists counted_days (
    day text primary key, held integer not null, body blob not null
);
create table if not exists heard (
    day integer not null, told text not null, primary key (day, told)
) without rowid;
create table if not exists refusals (
    door text not null, reason text not null, field text not null, account text not null,
    sample text not null, at integer not null, count integer not null,
    primary key (door, reason, field)
) without rowid;
create table if not exists refused (
    number integer primary key autoincrement, door text not null, reason text not null,
    field text not null, account text not null, at integer not null, again text not null
);
create index if not exists refused_sorts on refused (door, reason, field, number);
create table if not exists marks (name text primary key, value integer not null) without rowid;
"""

_LATER = ("mentions", "kind", "alter table mentions add column kind integer")
"""What files of before have not: a mention of then says no kind, and its event is asked."""


def bring_up(file: Connection) -> None:
    """Give a file of before what it has not. May be done again and again."""
    table, column, alter = _LATER
    has = "select 1 from pragma_table_info(?) where name = ?"
    if file.execute(has, (table, column)).fetchone():
        return
    file.execute("begin immediate")  # another process may be at it
    try:
        if not file.execute(has, (table, column)).fetchone():
            file.execute(alter)
        file.execute("commit")
    except BaseException:
        file.execute("rollback")
        raise


def numbers_of(file: Connection, handles: Collection[Handle]) -> list[int]:
    """The numbers of those handles that are known at all."""
    return sorted(known_numbers(file, {str(handle) for handle in handles}).values())


def known_numbers(file: Connection, names: Collection[str]) -> dict[str, int]:
    wanted = "select name, number from handles where name in (select value from json_each(?))"
    return dict(file.execute(wanted, (as_json(list(names)),)))


def numbered(file: Connection, names: Collection[str]) -> dict[str, int]:
    """A number for each, new ones where needed."""
    known = known_numbers(file, names)
    fresh = sorted(set(names) - known.keys())
    file.executemany("insert into handles (name) values (?)", [(name,) for name in fresh])
    return known | known_numbers(file, fresh)


def names_by(file: Connection, table: str, numbers: Collection[int]) -> dict[int, str]:
    """What so many numbers stand for, in one of the tables of names."""
    wanted = f"select number, name from {table} where number in (select value from json_each(?))"  # noqa: S608 - one of four words
    return dict(file.execute(wanted, (as_json(list(numbers)),)))


def known_by(file: Connection, table: str, names: Collection[str]) -> dict[str, int]:
    """The numbers of kinds, labels or words that have one."""
    wanted = f"select name, number from {table} where name in (select value from json_each(?))"  # noqa: S608 - one of three words
    return dict(file.execute(wanted, (as_json(list(names)),)))


def numbers_by(file: Connection, table: str, names: Collection[str]) -> dict[str, int]:
    """A number for each kind, label or word, new ones where needed."""
    known = known_by(file, table, names)
    insert = f"insert into {table} (name) values (?)"  # noqa: S608 - one of three words
    for name in sorted(set(names) - known.keys()):
        known[name] = int(file.execute(insert, (name,)).lastrowid or 0)
    return known


def mark_of(file: Connection, name: str) -> int:
    kept = file.execute("select value from marks where name = ?", (name,)).fetchone()
    return int(kept[0]) if kept else 0


def move(file: Connection, name: str, value: int) -> None:
    file.execute("insert or replace into marks values (?, ?)", (name, value))


def as_json(values: Any) -> str:
    return orjson.dumps(values).decode()
