"""Bringing a whole company in (整体导入): into empty stores, verified by counts and sums.

Goes on where it broke off: what is done is noted beside what is brought, by where it is brought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Table, delete, func, insert, select

from juzhen.migrations import head
from juzhen.transfer.whole.drained import last_act
from juzhen.transfer.whole.leaving import MANIFEST, Tell, events, kinds
from juzhen.transfer.whole.rows import Sum, lines, number_on, rows, tables
from kernel.errors import Conflict, Invalid
from kernel.events import Event, unpack_any
from stores.records import Records

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_MANY, _PUT = 500, 2_000


def arrive(
    platform: Platform, folder: Path, tell: Tell = lambda _, __, ___: None
) -> dict[str, int]:
    """Everything out of the folder, into the stores of this company; how much of what.

    Its tables and indices must be made and empty. Raises `Invalid` for a folder that is not whole,
    `Conflict` for stores that hold something else, or if what is there afterwards differs.
    """
    told = _whole(folder)
    progress = _Progress(platform, folder)
    if not progress.begun:
        _require_empty(platform)
    progress.note("begun")
    newest = _told(platform, folder, told, tell)
    stores = {"records": platform.records, "people": platform.people}
    for part, table in tables():
        name = f"{part}.{table.name}.jsonl"
        count = told["parts"][name]["count"]
        if not progress.done(name):
            for done in _filled(stores[part], table, folder / name, newest):
                tell(name, done, count)
            number_on(stores[part], table)
            progress.note(name)
        tell(name, count, count)
    _files(platform, folder, tell)
    acts = told["parts"]["records.changes.jsonl"]["count"]
    platform.finding.rebuild(lambda done: tell("search", done, acts))
    platform.journal.begin_above(platform.history.watermark())
    for name, found in _sums(platform):
        if found.told() != told["parts"][name]:
            raise Conflict("what_arrived_differs", name=name)
    return {name: part["count"] for name, part in told["parts"].items()} | {"files": told["files"]}


def _whole(folder: Path) -> dict[str, Any]:
    """The manifest of a folder in which every part is as it was written."""
    try:
        told: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        parts = dict(told["parts"])
    except (OSError, KeyError, ValueError) as broken:
        raise Invalid("folder", "not_a_whole_company") from broken
    if not told.get("whole"):
        raise Invalid("folder", "not_a_whole_company")
    if told["migration"] != head():
        raise Invalid("folder", "company_of_another_version", migration=told["migration"])
    for name, part in parts.items():
        found = Sum()
        for line in _lines(folder / name):
            found = found.with_line(line)
        if found.told() != part:
            raise Invalid("folder", "backup_was_changed", file=name)
    if len(list(_carried(folder))) != told["files"]:
        raise Invalid("folder", "backup_was_changed", file="files")
    return told


def _carried(folder: Path) -> Iterator[Path]:
    """Files on their way, each under its key."""
    return (folder / "files").glob("sha256-" + "?" * 64)


def _lines(file: Path) -> Iterator[bytes]:
    if not file.is_file():
        raise Invalid("folder", "backup_was_changed", file=file.name)
    with file.open("rb") as told:
        for line in told:
            yield line.removesuffix(b"\n")


class _Progress:
    """What is done, by the place it was brought to."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        url = platform.records.engine.url.render_as_string(hide_password=True)
        where = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
        self._file = folder / f"arrived-{where}.txt"
        self._done = set(self._file.read_text().split("\n")) if self._file.exists() else set()

    @property
    def begun(self) -> bool:
        return bool(self._done)

    def done(self, name: str) -> bool:
        return name in self._done

    def note(self, name: str) -> None:
        if name not in self._done:
            self._done.add(name)
            with self._file.open("a") as file:
                file.write(f"{name}\n")


def _require_empty(platform: Platform) -> None:
    stores = {"records": platform.records, "people": platform.people}
    full = []
    for part, table in tables():
        with stores[part].read() as session:
            if session.scalar(select(func.count()).select_from(table)):
                full.append(table.name)
    if platform.history.newest() or platform.history.watermark():
        full.append("history")
    if full:
        raise Conflict("stores_are_not_empty", names=full[:5])


def _told(platform: Platform, folder: Path, told: dict[str, Any], tell: Tell) -> int:
    """The events in the order they came, under the watermark of how many lines are in; the number
    of the newest afterwards."""
    history, count = platform.history, told["parts"]["history.jsonl"]["count"]
    done = min(history.watermark(), count)
    waiting = islice(_lines(folder / "history.jsonl"), done, None)
    for batch in _batches(waiting):
        done += len(batch)
        history.put(batch, upto=done)
        tell("history.jsonl", done, count)
    if history.watermark() <= count:
        refused = [unpack_any(line) for line in _lines(folder / "refused.jsonl")]
        history.put(refused, upto=count + 1)
    return history.newest()


def _batches(waiting: Iterator[bytes]) -> Iterator[list[Event]]:
    """Whoever was told twice long apart is not taken for a repeat because both are in one batch."""
    batch: list[Event] = []
    names: set[tuple[str, str]] = set()
    for line in waiting:
        told = unpack_any(line)
        if not isinstance(told, Event):
            raise Invalid("folder", "backup_was_changed", file="history.jsonl")
        name = (told.account, told.id)
        if len(batch) == _PUT or name in names:
            yield batch
            batch, names = [], set()
        batch.append(told)
        names.add(name)
    if batch:
        yield batch


def _filled(records: Records, table: Table, file: Path, newest: int) -> Iterator[int]:
    """From the beginning: what an earlier try left is thrown away. Tells how many rows are in."""
    with records.write() as session:
        session.execute(delete(table))
    waiting, done = _lines(file), 0
    while some := list(islice(waiting, _MANY)):
        with records.write() as session:
            session.execute(insert(table), rows(table, some, newest=newest))
        yield (done := done + len(some))


def _files(platform: Platform, folder: Path, tell: Tell) -> None:
    types = kinds(platform)
    there = set(platform.files.keys())
    carried = sorted(_carried(folder))
    for done, place in enumerate(carried, 1):
        if place.name not in there:
            with place.open("rb") as file:
                key = platform.files.put(file, types.get(place.name, "application/octet-stream"))
            if key != place.name:
                raise Invalid("folder", "backup_was_changed", file=place.name)
        tell("files", done, len(carried))
    if not {place.name for place in _carried(folder)} <= set(platform.files.keys()):
        raise Conflict("what_arrived_differs", name="files")


def _sums(platform: Platform) -> Iterator[tuple[str, Sum]]:
    """What is there now, spelled as it was written out."""
    stores = {"records": platform.records, "people": platform.people}
    last = last_act(platform)
    for part, table in tables():
        yield f"{part}.{table.name}.jsonl", _sum(lines(stores[part], table, last))
    yield "history.jsonl", _sum(events(platform))


def _sum(told: Iterator[bytes]) -> Sum:
    found = Sum()
    for line in told:
        found = found.with_line(line)
    return found
