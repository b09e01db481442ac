"""Judging (评测): a recommender on a file of events, for `juzhen bench matching --events`."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from matching.offline.baselines import baselines
from matching.offline.evaluating import table


def judged(events: Path, items: Path | None, users: Path | None) -> list[dict[str, Any]]:
    """A row for ours and for each baseline. Raises `UsageError` for a file that says too little."""
    log = [_event(events, number, row) for number, row in enumerate(rows(events), 1)]
    if len(log) < 10:
        raise click.UsageError(f"{events}: {len(log)} events are too few to be split in two")
    known = list(_tagged(items)) if items else _own({item for _, item, _, _ in log})
    about = {each["id"] for each in known}
    known += [{"id": item, "tags": []} for item in dict.fromkeys(e[1] for e in log)
              if item not in about]  # fmt: skip
    people = (
        [{"id": str(row["id"]), "attrs": _attrs(row)} for row in rows(users)] if users else None
    )
    begun = time.monotonic()

    def tell(name: str) -> None:
        click.echo(f"{time.monotonic() - begun:6.1f} s  {name}…", err=True)

    return table(known, people, log, baselines=baselines(known), tell=tell)


def across(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with a row for each figure, which fits a screen."""
    figures = dict.fromkeys(name for row in found for name in row if name != "recommender")
    return [{"": name} | {row["recommender"]: row.get(name) for row in found} for name in figures]


def rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a file, JSON if they begin with a brace, else CSV with a head."""
    with path.open(encoding="utf-8", newline="") as lines:
        begins = lines.read(1)
        lines.seek(0)
        if begins == "{":
            yield from (orjson.loads(line) for line in lines if line.strip())
        else:
            yield from csv.DictReader(lines)


def _event(path: Path, number: int, row: Mapping[str, Any]) -> tuple[str, str, float, float]:
    try:
        ts = row["ts"]
        at = float(ts) if _is_number(ts) else ts
        return str(row["user"]), str(row["item"]), at, float(row.get("weight") or 1.0)
    except (KeyError, TypeError, ValueError) as broken:
        raise click.UsageError(
            f"{path}: event {number} lacks user, item or ts, or its weight is no number"
        ) from broken


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _tagged(items: Path) -> Iterable[dict[str, Any]]:
    for row in rows(items):
        tags = row.get("tags") or []
        listed = tags.replace("|", " ").split() if isinstance(tags, str) else list(tags)
        yield {"id": str(row["id"]), "tags": listed}


def _attrs(row: Mapping[str, Any]) -> Mapping[str, Any]:
    given = row.get("attrs")
    if isinstance(given, Mapping):
        return given
    return {name: value for name, value in row.items() if name not in {"id", "attrs"}}


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
