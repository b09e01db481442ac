"""Judging (评测): a recommender on a file of events, for `juzhen bench matching --events`."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import click
import orjson
from marshmallow import Schema

from content_hub import sheets
from juzhen.cli.company import show
from juzhen.cli.verdict import About, figures, verdict
from kernel.errors import Invalid
from kernel.values import dataclass
from kernel.wording import say
from matching.offline.baselines import baselines
from matching.offline.evaluating import table
from schemas import logs

_TOLD = 10_000
"""So many events are read between two words of progress."""
_NAMED = 10
"""So many lines that are wrong are named; of the others it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row for ours and for each baseline, and what the log holds."""

    table: list[dict[str, Any]]
    about: About


def judged(events: Path, items: Path | None, users: Path | None, *, every: int = _TOLD) -> Judged:
    """How well each does on this log; a word is said after ``every`` so many events read. A folder
    is one that `juzhen export readings` wrote. Raises `UsageError` for a file that says too
    little, and for lines that are not what they should be."""
    if events.is_dir():
        folder, events = events, events / "events.csv"
        if not events.exists():
            raise click.UsageError(f"{folder}: there is no events.csv in it; name the file itself")
        items, users = items or _there(folder / "items.csv"), users or _there(folder / "users.csv")
    begun = time.monotonic()

    def tell(what: str) -> None:
        click.echo(f"{time.monotonic() - begun:6.1f} s  {what}…", err=True)

    tell(f"reads {events}")
    log = []
    for each in rows(events, logs.EVENT):
        log.append((each["user"], each["item"], each["ts"], each["weight"]))
        if len(log) % every == 0:
            tell(f"has read {len(log):,} events")
    if (readings := sum(weight > 0 for *_, weight in log)) < 10:
        raise click.UsageError(
            f"{events}: {readings} events with a weight above 0 are too few to be split in two"
        )
    known = list(rows(items, logs.ITEM)) if items else _own({item for _, item, _, _ in log})
    about = {each["id"] for each in known}
    known += [{"id": item, "tags": []} for item in dict.fromkeys(e[1] for e in log)
              if item not in about]  # fmt: skip
    people = list(rows(users, logs.USER)) if users else None
    found = table(known, people, log, baselines=baselines(known), tell=tell)
    return Judged(found, About.of(log, known))


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def tell_people(found: Judged, language: str) -> None:
    """The figures as a table, and who ranks best, by how much, and what to do about it."""
    click.echo(found.about.told(language))
    show(figures(found.table, language), as_json=False)
    click.echo(say("judged_marks", language))
    for sentence in verdict(found.table, found.about, language):
        click.echo(sentence)


def rows(path: Path, contract: Schema) -> Iterator[dict[str, Any]]:
    """The lines of a file, JSON if they begin with a brace, else a sheet with a head (comma,
    semicolon or tab; UTF-8 or as spreadsheets write it); each as its contract has it. Raises one
    `UsageError` that names the lines that are none, each with its field."""
    wrong: list[str] = []
    needed = [name for name, field in contract.fields.items() if field.required]
    try:
        with path.open(encoding=sheets.encoding(path), newline="") as lines:
            for number, row in _read(lines, path, needed):
                try:
                    told = logs.read(contract, row)
                except Invalid as flawed:
                    wrong.append(f"{path}, line {number}: {_flaws(flawed)}")
                else:
                    yield told
    except (UnicodeDecodeError, csv.Error) as broken:
        raise click.UsageError(f"{path}: {broken}") from broken
    if wrong:
        more = f"\n… and {len(wrong) - _NAMED:,} lines more" if len(wrong) > _NAMED else ""
        raise click.UsageError("\n".join(wrong[:_NAMED]) + more)


def _flaws(wrong: Invalid) -> str:
    said = ((flaw.field, say(flaw.reason, "en", **flaw.facts)) for flaw in wrong.flaws)
    return "; ".join(f"{field}: {told}".strip(": ") for field, told in said)


def _read(lines: TextIO, path: Path, needed: Sequence[str]) -> Iterator[tuple[int, Any]]:
    head = lines.readline()
    lines.seek(0)
    if head.lstrip().startswith("["):
        raise click.UsageError(f"{path}: this is one JSON list; write an object a line instead")
    if head.lstrip().startswith("{"):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _loaded(line)
        return
    sheet = csv.DictReader(lines, delimiter=max(",;\t", key=head.count))
    sheet.fieldnames = named = [name.strip() for name in sheet.fieldnames or ()]
    if lacking := [name for name in needed if name not in named]:
        there = ", ".join(named) or "nothing"
        raise click.UsageError(
            f"{path}: its first line has no column {', '.join(lacking)}, but {there}"
        )
    yield from ((sheet.line_num, row) for row in sheet)


def _loaded(line: str) -> Any:
    """None for what is no JSON: no contract takes that."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _own(ids: set[str]) -> list[dict[str, Any]]:
    """Those of them that are materials of this folder's company, with their tags."""
    from juzhen.cli.company import platform
    from juzhen.settings import BadSetting, load

    try:
        settings = load()
        if not (settings.home / "records.db").exists() and not settings.stores_records:
            return []
        with platform() as company:
            topics = company.materials.topics(sorted(ids))
    except BadSetting:
        return []
    return [{"id": id_, "tags": list(topics.get(id_, ()))} for id_ in sorted(ids & topics.keys())]
