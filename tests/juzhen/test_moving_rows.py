"""Every table is carried as it is, with whatever its columns can hold."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    insert,
    inspect,
)

from juzhen.migrations import PARTS, upgrade
from juzhen.migrations.draft import models
from juzhen.transfer.whole.rows import _STAY, lines, rows, tables
from stores.records import Records

SAMPLES = {
    Boolean: True,
    BigInteger: 1 << 40,
    Integer: 1 << 30,
    Float: 0.1 + 0.2,
    Date: date(2026, 2, 28),
    DateTime: datetime(2026, 2, 28, 15, 59, 59, 123_456, UTC),
    LargeBinary: b"\x00\xff{}",
    JSON: {"养老": [1, 0.1, None, {"a": ""}]},
}
"""What a column of a kind holds; any other holds a text."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    """Made twice over: to be filled, and to be brought to."""
    models()
    made = []
    for side in ("here", "there"):
        url = f"sqlite:///{tmp_path}/{side}-{{}}.db"
        if request.param == "postgres" and side == "there":
            url = request.getfixturevalue("postgres_url")
        both = {part: Records(url.format(part), durability="process") for part in PARTS}
        for part, records in both.items():
            upgrade(records.engine, part)
        made.append(both)
    yield made
    for both in made:
        for records in both.values():
            records.close()


def sample(column, number):
    kind = next((kind for kind in SAMPLES if isinstance(_plain(column), kind)), None)
    value = SAMPLES.get(kind, f"{column.name} 养老 '\"\\\n{number}")
    if kind in (Integer, BigInteger):
        return value + number
    if kind is Date:
        return value + timedelta(days=number)
    return value + timedelta(seconds=number) if kind is DateTime else value


def _plain(column):
    return getattr(column.type, "impl", column.type)


def full(table):
    """Two rows: one with everything, one with nothing that may be left out."""
    whole, bare = ({c.name: sample(c, n) for c in table.columns} for n in range(2))
    return [whole, bare | {c.name: None for c in table.columns if c.nullable}]


def raw(records, table):
    """As the driver tells it, so that null in JSON and no value differ."""
    told = ", ".join(f'"{column.name}"' for column in table.columns)
    with records.engine.connect() as connection:
        found = connection.exec_driver_sql(f'select {told} from "{table.name}"').all()
        return sorted(map(repr, found))


def test_every_table_that_the_scripts_make_is_carried_or_said_to_stay(stores):
    carried = {part: {table.name for of, table in tables() if of == part} for part in PARTS}
    for part, records in stores[0].items():
        there = set(inspect(records.engine).get_table_names())
        assert there - {f"{part}_version", "sqlite_sequence"} - _STAY == carried[part]


def test_what_a_table_holds_arrives_as_it_was(stores):
    here, there = stores
    for part, table in tables():
        with here[part].write() as session:
            session.execute(insert(table), full(table))
    for part, table in tables():
        told = list(lines(here[part], table, 9))
        assert len(told) == 2
        with there[part].write() as session:
            session.execute(insert(table), rows(table, told, newest=7))
        assert list(lines(there[part], table, 9)) == told, table.name
        if not there[part].on_postgres and table.name not in {"changes", "watermarks"}:
            assert raw(there[part], table) == raw(here[part], table), table.name
