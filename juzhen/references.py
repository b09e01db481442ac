"""References (引用): a column that is called after something of ours names one that is there.

Rooms know each other by ids alone, so no foreign key of the database guards these. Mends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, select

from stores.records import Record, Records

NAMED = {
    "account": "accounts",
    "broadcast": "broadcasts",
    "campaign": "campaigns",
    "cover": "media_files",
    "material": "materials",
    "media": "media_files",
    "placement": "placements",
    "rep": "staff",
    "segment": "segments",
    "staff": "staff",
    "tag": "tags",
    "unit": "units",
}
"""What a column of this name holds an id of, in every table of the records."""
OTHERWISE = {
    "inbox_messages.cover": "the address of a picture, as it was sent",
    "topic_stamps.material": "what a front end said was read, whether there is one or not",
}
"""Columns that hold something else by such a name, and what."""


def columns() -> Iterator[tuple[Column[str], Column[str]]]:
    """Every column that refers, and what it refers to."""
    tables = Record.metadata.tables
    for name in sorted(tables):
        for column in tables[name].columns:
            of = NAMED.get(column.name)
            if of is not None and f"{name}.{column.name}" not in OTHERWISE:
                yield column, tables[of].columns["id"]


def reference_flaws(records: Records) -> Iterator[str]:
    """Whatever is named is there."""
    with records.read() as session:
        for column, there in columns():
            lost = select(column).where(column != "", column.not_in(select(there))).distinct()
            for value in session.scalars(lost.limit(100)):
                yield f"{column.table.name}.{column.name} names {value}, which is not there"
