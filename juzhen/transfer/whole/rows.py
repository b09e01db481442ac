"""Rows as lines (行): every table spelled alike, whatever database it lies in.

Numbers that only mean something where they were given out are spelled out: a follower's mark in the
history is ``@newest``, a mark among acts stands behind the last of them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Date, Integer, LargeBinary, Table, func, select, text

from juzhen.transfer.whole.drained import ACT, HISTORY
from stores.records import Folded, Moment, Record, Records

_STAY = frozenset({"leases", "ownership"})
"""What means something only where it is."""
NEWEST = "@newest"
_MANY = 500


class Sum(NamedTuple):
    """How many lines there are, and what they add up to in any order."""

    lines: int = 0
    digest: int = 0

    def with_line(self, line: bytes) -> Sum:
        told = int.from_bytes(hashlib.sha256(line).digest()[:16], "big")
        return Sum(self.lines + 1, (self.digest + told) % (1 << 128))

    def told(self) -> dict[str, Any]:
        return {"count": self.lines, "digest": f"{self.digest:032x}"}


def tables() -> list[tuple[str, Table]]:
    """All of them by part, those that others refer to first."""
    bases = (("records", Record), ("people", Folded))
    return [
        (part, table)
        for part, base in bases
        for table in base.metadata.sorted_tables
        if table.name not in _STAY
    ]


def lines(records: Records, table: Table, last: int) -> Iterator[bytes]:
    """Every row of a table, as one snapshot; ``last`` is the number of the last act there is."""
    with records.read() as session:
        wanted = select(table).order_by(*table.primary_key).execution_options(yield_per=_MANY)
        for row in session.execute(wanted):
            yield _line(table.name, dict(row._mapping), last)  # noqa: SLF001 - SQLAlchemy's own spelling


def size(records: Records, table: Table) -> int:
    """How many rows it has."""
    with records.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _line(table: str, row: dict[str, Any], last: int) -> bytes:
    if table == "changes":
        row["turn"] = 0
    if "mark" in row and table in {"audit_seals", "watermarks", "folded_watermarks"}:
        if ACT.fullmatch(row["mark"]):
            row["mark"] = f"0:{last}"
        if row.get("follower") in HISTORY:
            row["mark"] = NEWEST
    return orjson.dumps(row, default=_spelled, option=orjson.OPT_SORT_KEYS)


def _spelled(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no value of a column")


def rows(table: Table, told: Sequence[bytes], *, newest: int) -> list[dict[str, Any]]:
    """What lines say, as the database takes it."""
    kinds = {column.name: _kind(column) for column in table.columns}
    found = []
    for line in told:
        row = {name: _read(value, kinds.get(name)) for name, value in orjson.loads(line).items()}
        if row.get("mark") == NEWEST:
            row["mark"] = str(newest)
        found.append(row)
    return found


def _kind(column: Any) -> type | None:
    """What JSON spells otherwise, and whole numbers."""
    kinds = {Moment: datetime, Date: date, LargeBinary: bytes, Integer: int}
    return next((kind for of, kind in kinds.items() if isinstance(column.type, of)), None)


def _read(value: Any, kind: type | None) -> Any:
    if value is None or kind is None:
        return value
    if kind is datetime or kind is date:
        return kind.fromisoformat(value)
    return base64.b64decode(value) if kind is bytes else value


def number_on(records: Records, table: Table) -> None:
    """What is written from now on gets numbers above what is there."""
    if not records.on_postgres:
        return
    for column in table.primary_key:
        if _kind(column) is not int:
            continue
        asked = {"table": table.name, "column": column.name}
        with records.write() as session:
            sequence = text("SELECT pg_get_serial_sequence(:table, :column)")
            if name := session.execute(sequence, asked).scalar():
                greatest = session.scalar(select(func.max(column)))
                if greatest:
                    session.execute(
                        text("SELECT setval(CAST(:name AS regclass), :greatest)"),
                        {"name": name, "greatest": greatest},
                    )
