"""Writing a whole company out (整体导出): tables, events, files, each with its sum.

Goes on where it broke off, unless anybody acted meanwhile: then it begins again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from content_hub.media import Rendition
from juzhen.migrations import head
from juzhen.transfer.whole.drained import drain, last_act, tip
from juzhen.transfer.whole.rows import Sum, lines, size, tables
from kernel.errors import Conflict
from kernel.events import Refusal, pack, pack_refusal

if TYPE_CHECKING:
    from juzhen.wiring import Platform

MANIFEST = "whole.json"
Tell = Callable[[str, int, int | None], None]
"""Told which part, how many of it are done, and of how many if that is known."""


def leave(platform: Platform, folder: Path, tell: Tell = lambda _, __, ___: None) -> dict[str, Any]:
    """Everything that is held, in a folder. Web processes and workers must be stopped.

    Raises `Conflict` while a worker works, or if anybody acted while it was written.
    """
    drain(platform)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = {"migration": head(), "tip": tip(platform), "newest": platform.history.newest()}
    told = _begun(folder)
    if any(told.get(name) != value for name, value in state.items()):
        told = {**state, "parts": {}}
    for name, part, whole in _parts(platform):
        if name not in told["parts"]:
            told["parts"][name] = _written(folder / name, part, whole(), tell)
            _kept(folder, told)
        count = told["parts"][name]["count"]
        tell(name, count, count)
    told["files"] = _files(platform, folder / "files", tell)
    if (tip(platform), platform.history.newest()) != (state["tip"], state["newest"]):
        raise Conflict("company_is_at_work")
    _kept(folder, told | {"whole": True})
    return told


def _begun(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    return dict(orjson.loads(file.read_bytes())) if file.exists() else {"parts": {}}


def _parts(
    platform: Platform,
) -> Iterator[tuple[str, Iterable[bytes], Callable[[], int | None]]]:
    """Each file's name, its lines, and what says how many those will be."""
    stores = {"records": platform.records, "people": platform.people}
    last = last_act(platform)
    for part, table in tables():
        yield (
            f"{part}.{table.name}.jsonl",
            lines(stores[part], table, last),
            partial(size, stores[part], table),
        )
    yield "history.jsonl", events(platform), platform.history.newest
    yield "refused.jsonl", map(pack_refusal, _refused(platform)), lambda: None


def events(platform: Platform) -> Iterator[bytes]:
    """Every event, in the order of its arrival."""
    seq = 0
    while stretch := platform.history.after(seq, 2_000):
        yield from (pack(event) for _, event in stretch)
        seq = stretch[-1][0]


def _refused(platform: Platform) -> Iterator[Refusal]:
    """What waits to be tried again, and a sample of each other sort."""
    number, sorts = 0, set()
    while stretch := platform.history.refused(after=number):
        number = stretch[-1][0]
        for _, told in stretch:
            sorts.add((told.door, told.reason, told.field))
            yield told
    for told, _ in platform.history.refusals(limit=1_000):
        if (told.door, told.reason, told.field) not in sorts:
            yield told


def _written(place: Path, part: Iterable[bytes], whole: int | None, tell: Tell) -> dict[str, Any]:
    """Whole or not at all."""
    told, fresh = Sum(), place.with_suffix(".new")
    with fresh.open("wb") as file:
        for line in part:
            file.write(line + b"\n")
            told = told.with_line(line)
            if told.lines % 1_000 == 0:
                tell(place.name, told.lines, whole)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)
    return told.told()


def _kept(folder: Path, told: dict[str, Any]) -> None:
    fresh = folder / f"{MANIFEST}.new"
    fresh.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    fresh.replace(folder / MANIFEST)


def _files(platform: Platform, folder: Path, tell: Tell) -> int:
    """Every file under its key, which says whether its bytes are right; none that is gone."""
    folder.mkdir(exist_ok=True)
    keys = set(platform.files.keys())
    for place in folder.iterdir():
        if place.name not in keys:
            place.unlink()
    for done, key in enumerate(sorted(keys), 1):
        place = folder / key
        if not place.exists() or place.stat().st_size != platform.files.size(key):
            fresh = folder / f"{key}.new"
            with platform.files.open(key) as source, fresh.open("wb") as file:
                while chunk := source.read(1 << 20):
                    file.write(chunk)
            fresh.replace(place)
        tell("files", done, len(keys))
    return len(keys)


def kinds(platform: Platform) -> dict[str, str]:
    """By file, its content type."""
    with platform.records.read() as session:
        return {
            row.key: row.content_type
            for row in session.query(Rendition.key, Rendition.content_type).yield_per(1_000)
        }
