"""Timelines of what is not sealed (未封时间线): a handle's mentions, in their exact order.

A mention says the kind of its event, so that what a busy customer never did is not looked for among
all she did. Those of files of before do not, until they are sealed or rebuilt: the event is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from sqlite3 import Connection

from stores.sqlite.history.past import Key
from stores.sqlite.history.tables import as_json, known_by

_KEYED = """
select at, id, seq from mentions
where handle = :handle and (at, id, seq) {} (:at, :id, :seq) and (
    :kinds is null or kind in (select value from json_each(:numbers))
    or (kind is null and (
        select kind from events e where e.seq = mentions.seq
    ) in (select value from json_each(:kinds)))
)
order by at {}, id {}, seq {} limit :limit
"""
_NEWEST = _KEYED.format("<", "desc", "desc", "desc")
_OLDEST = _KEYED.format(">", "asc", "asc", "asc")


def newest(
    file: Connection, handles: Collection[int], key: Key, kinds: Collection[str] | None, limit: int
) -> list[list[Key]]:
    """So many of each handle before a key, the latest first."""
    return _each(file, _NEWEST, handles, key, kinds, limit)


def oldest(
    file: Connection, handles: Collection[int], key: Key, kinds: Collection[str] | None, limit: int
) -> list[list[Key]]:
    """So many of each handle after a key, the earliest first."""
    return _each(file, _OLDEST, handles, key, kinds, limit)


def _each(
    file: Connection, wanted: str, handles: Collection[int], key: Key,
    kinds: Collection[str] | None, limit: int,
) -> list[list[Key]]:  # fmt: skip
    named = None if kinds is None else sorted(kinds)
    numbers = known_by(file, "kinds", named or []).values()
    asked = {
        "at": key[0], "id": key[1], "seq": key[2], "limit": limit,
        "kinds": None if named is None else as_json(named), "numbers": as_json(list(numbers)),
    }  # fmt: skip
    return [file.execute(wanted, {**asked, "handle": each}).fetchall() for each in handles]
