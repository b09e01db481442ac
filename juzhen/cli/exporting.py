"""Commands that take data out (导出): members of segments, and what customers read.

Mask nothing: members are ids alone, and in what was read customers are numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from juzhen.cli.company import BY, json_option, platform, show
from juzhen.cli.keep import export
from juzhen.cli.progress import progress


@export.command("segment")
@click.argument("key")
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="A CSV file.")
def export_segment(key: str, file: Path | None) -> None:
    """Write the members of a segment (人群), by id or code, as CSV.

    Example: juzhen export segment sleeping_vips --to vips.csv
    """
    from data_hub.segments.sheets import members_csv

    with platform() as company:
        told = members_csv(company.segments, company.segments.one(key))
    if file is None:
        click.echo(told, nl=False)
    else:
        file.write_text(told, "utf-8")
        click.echo(f"{told.count(chr(10)) - 1} customers written to {file}")


@export.command("segments")
@json_option
def export_segments(as_json: bool) -> None:
    """Say which segments there are, what they ask for and how many are in.

    Example: juzhen export segments --json
    """
    from data_hub.segments import written

    with platform() as company:
        made = company.segments.all()
        sizes = company.segments.sizes([each.id for each in made])
        rows = [
            {
                "code": each.code, "name": each.name, "rule": written(each),
                "count": sizes[each.id].count, "ready": sizes[each.id].ready,
            }
            for each in made
        ]  # fmt: skip
    show(rows, as_json)


@export.command("readings")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
def export_readings(folder: Path, as_json: bool) -> None:
    """Write what customers read (阅读日志) into a folder, to judge the recommender by.

    events.csv, items.csv and users.csv, as `juzhen bench matching --events FOLDER` reads them.
    Customers and reps are numbers of this export alone; whoever refused personalisation is not
    in it. The act is written down.

    Example: juzhen export readings readings/
    """
    from content_hub.sheets import written
    from matching import own_log

    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    with (
        platform() as company,
        progress(silent=as_json) as bar,
    ):
        log = own_log.OwnLog(
            company.history, company.identities, company.consents, company.materials,
            company.changes,
        )  # fmt: skip
        task = bar.add_task("history", total=company.history.newest())
        read = log.events(by=BY, tell=lambda at: bar.update(task, completed=at))
        parts = {
            "events": written(own_log.EVENT, _counted("events", read, counts)),
            "items": written(own_log.ITEM, _counted("items", log.items(), counts)),
            "users": written(own_log.USER, _counted("users", log.users(), counts)),
        }
        try:
            _write(folder, parts)
        except KeyboardInterrupt:
            click.echo("Stopped. Nothing was written: the folder is as it was.", err=True)
            raise
    show([{"folder": str(folder), **counts}], as_json)
    if not as_json:
        click.echo(f"Judge by it: juzhen bench matching --events {folder}")


def _write(folder: Path, parts: Mapping[str, Iterable[str]]) -> None:
    """All of the files or none: broken off, those of before stand as they did."""
    fresh = {name: folder / f"{name}.csv.new" for name in parts}
    try:
        for name, lines in parts.items():
            with fresh[name].open("w", encoding="utf-8", newline="") as out:
                out.writelines(lines)
        for name, file in fresh.items():
            file.replace(folder / f"{name}.csv")
    finally:
        for file in fresh.values():
            file.unlink(missing_ok=True)


def _counted(
    name: str, rows: Iterable[dict[str, Any]], counts: dict[str, int]
) -> Iterator[dict[str, Any]]:
    counts[name] = 0
    for row in rows:
        counts[name] += 1
        yield row


COMMANDS: list[click.Command] = [export]
"""Whole with `keep`, which begins it."""
