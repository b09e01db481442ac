"""Commands that take data out (导出): members of segments. Masks nothing: they hold ids alone."""

from __future__ import annotations

from pathlib import Path

import click

from juzhen.cli.company import json_option, platform, show
from juzhen.cli.keep import export


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


COMMANDS: list[click.Command] = [export]
"""Whole with `keep`, which begins it."""
