"""Bulk: many rows are the same rows, however they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, select
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from stores import bulk
from stores.bulk import among
from stores.records import Moment, Records, add_new, upsert

NOON = datetime(2026, 3, 2, 12, 30, 15, 6, tzinfo=timezone(timedelta(hours=8)))


class _Here(MappedAsDataclass, DeclarativeBase):
    pass


class Thing(_Here, kw_only=True):
    __tablename__ = "things"

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime | None] = mapped_column(Moment)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[bytes]
    much: Mapped[float]
    note: Mapped[str] = mapped_column(default="as it was")


@pytest.fixture
def records(tmp_path: Path) -> Records:
    kept = Records(f"sqlite:///{tmp_path}/records.db")
    kept.create(_Here)
    return kept


def row(number: int, **more: Any) -> dict[str, Any]:
    told = {"名": "王", "n": number}
    return {
        "id": f"t{number:03}", "at": NOON, "told": told, "body": b"\0\1", "much": 0.1, "note": "x",
    } | more  # fmt: skip


def test_a_moment_is_spelled_once_for_all_the_rows_that_tell_it(records: Records) -> None:
    tell = bulk._teller(Thing.__table__, "at", records.engine.dialect)
    assert {tell(NOON) for _ in range(9)} == {"2026-03-02 04:30:15.000006"}
    assert tell.cache_info().misses == 1


def test_spellings_of_moments_that_nobody_tells_again_are_not_kept(records: Records) -> None:
    put = bulk._putting(Thing, ("id", "at"), records.engine.dialect)
    tell = dict(put[1])["at"]
    for second in range(5_000):
        tell(NOON + timedelta(seconds=second))
    assert tell.cache_info().currsize < 500


def everything(records: Records) -> list[tuple[Any, ...]]:
    columns = (Thing.id, Thing.at, Thing.told, Thing.body, Thing.much, Thing.note)
    with records.read() as session:
        return [tuple(each) for each in session.execute(select(*columns).order_by(Thing.id))]


def test_many_rows_read_like_few(records: Records) -> None:
    rows = [row(number) for number in range(40)]
    with records.write() as session:
        upsert(session, Thing, rows[:2])
        upsert(session, Thing, rows[2:])
    assert everything(records) == [
        (each["id"], NOON.astimezone(UTC), each["told"], b"\0\1", 0.1, "x") for each in rows
    ]


def test_the_text_of_a_moment_is_the_dialects(records: Records) -> None:
    with records.write() as session:
        upsert(session, Thing, [row(0)])
        upsert(session, Thing, [row(number) for number in range(1, 20)])
    assert len({at for (at,) in records.rows("select at from things")}) == 1


def test_a_row_takes_the_place_of_the_one_with_its_key(records: Records) -> None:
    with records.write() as session:
        upsert(session, Thing, [row(number) for number in range(20)])
        upsert(session, Thing, [row(number, note="y", at=None) for number in range(10, 30)])
    told = [(note, at) for _, at, *_, note in everything(records)]
    assert told == [("x", NOON.astimezone(UTC))] * 10 + [("y", None)] * 20


def test_what_is_there_already_is_left_as_it_is(records: Records) -> None:
    with records.write() as session:
        add_new(session, Thing, [row(number) for number in range(20)], unlike="id")
        add_new(session, Thing, [row(number, note="y") for number in range(15, 30)], unlike="id")
    assert [note for *_, note in everything(records)] == ["x"] * 20 + ["y"] * 10


def test_columns_that_nobody_tells_take_their_defaults(records: Records) -> None:
    rows = [{k: v for k, v in row(number).items() if k != "note"} for number in range(20)]
    with records.write() as session:
        upsert(session, Thing, rows)
    assert {note for *_, note in everything(records)} == {"as it was"}


def test_a_moment_without_a_zone_is_refused(records: Records) -> None:
    rows = [row(number, at=NOON.replace(tzinfo=None)) for number in range(20)]
    with pytest.raises(ValueError, match="time zone"), records.write() as session:
        upsert(session, Thing, rows)
    assert everything(records) == []


@pytest.mark.parametrize("asked", [0, 1, 3, 25_000])
def test_those_asked_for_are_found_however_many_they_are(records: Records, asked: int) -> None:
    with records.write() as session:
        upsert(session, Thing, [row(number) for number in range(30)])
        names = [f"t{number:03}" for number in range(asked)]
        found = {each.id: each.at for each in among(session, ("id", "at"), Thing.id, names)}
    assert found == {f"t{n:03}": NOON.astimezone(UTC) for n in range(min(asked, 30))}


def test_records_are_changed_by_their_keys_and_in_what_is_named_alone(records: Records) -> None:
    later, told = NOON + timedelta(hours=1), {"n": [2]}
    with records.write() as session:
        upsert(session, Thing, [row(number) for number in range(3)])
        moved = {"id": "t002", "at": later, "told": told}
        bulk.change(session, Thing, [moved, {"at": None, "id": "t000", "told": {}}])
        bulk.change(session, Thing, [])
    assert [each[:3] for each in everything(records)] == [
        ("t000", None, {}), ("t001", NOON, row(1)["told"]), ("t002", later, told),
    ]  # fmt: skip


def test_what_the_quick_writer_of_json_refuses_is_kept_all_the_same(records: Records) -> None:
    told = {"whole": 2**70, "half": "\ud800"}
    with records.write() as session:
        session.add(Thing(id="one", at=NOON, told=told, body=b"", much=0.0))
        bulk.put(session, Thing, [row(0, id="two", told=told)])
    assert [each[2] for each in everything(records)] == [told, told]


def test_only_the_rows_of_the_keys_that_are_named_go(records: Records) -> None:
    with records.write() as session:
        upsert(session, Thing, [row(number, note="xy"[number % 2]) for number in range(20)])
        bulk.remove(session, Thing, ("id", "note"), [])
        bulk.remove(session, Thing, ("note", "id"), [("x", "t002"), ("y", "t004"), ("y", "t005")])
    assert {f"t{n:03}" for n in range(20)} - {each[0] for each in everything(records)} == {
        "t002", "t005",
    }  # fmt: skip


def test_what_is_found_reads_as_what_was_written(records: Records) -> None:
    names = ("told", "body", "at", "much", "id")
    with records.write() as session:
        upsert(session, Thing, [row(0), row(1, at=None, told={"whole": 2**70})])
        found = sorted(among(session, names, Thing.id, ["t000", "t001"]), key=lambda e: e.id)
    assert [tuple(each) for each in found] == [
        (row(0)["told"], b"\0\1", NOON, 0.1, "t000"),
        ({"whole": 2**70}, b"\0\1", None, 0.1, "t001"),
    ]
