"""Commands that bring files in (导入): events, customers and orders, and a sheet of staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from content_hub import sheets
from juzhen.cli.company import BY, json_option, platform, show
from juzhen.cli.content import bring, tell
from juzhen.cli.progress import progress
from kernel.events import pack


def _command(what: str, about: str, example: str) -> click.Command:
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--account", required=True, help="Whose events they are: an account's code.")
    @click.option("--map", "columns", multiple=True, help="COLUMN=OURS, or COLUMN=- to leave out.")
    @click.option("--dry-run", is_flag=True, help="Say what would be taken, take nothing.")
    @click.option("--again", is_flag=True, help="Even if this very file is in already.")
    @json_option
    def command(
        file: Path, account: str, columns: tuple[str, ...], dry_run: bool, again: bool,
        as_json: bool,
    ) -> None:  # fmt: skip
        _bring_in(what, file, account, columns, dry_run, again, as_json)

    command.__doc__ = f"{about}\n\nExample: {example}"
    return click.command(what)(command)


def _bring_in(
    what: str, file: Path, account: str, columns: tuple[str, ...], dry: bool, again: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from juzhen.transfer import Imported
    from schemas.tables import Plan, What, rows

    mapped = dict(each.partition("=")[::2] for each in columns)
    with platform() as company, progress(silent=as_json) as bar:
        plan = Plan(what=What(what), columns=mapped, zone=company.zone)
        of = company.accounts.one(account)
        total = sum(1 for _ in rows(file))
        task = bar.add_task(what, total=total)

        def tell_how_far(told: Imported) -> None:
            bar.update(task, completed=told.rows)

        try:
            if dry:
                told = company.imports.dry(file, plan, of, tell_how_far)
            else:
                told = company.imports.run(
                    file, plan, of, by=BY, again=again, total=total, tell=tell_how_far
                )
        except KeyboardInterrupt:
            click.echo("Stopped. The same command goes on where it stopped.", err=True)
            raise
    _report(told, dry, as_json)


def _report(told: Any, dry: bool, as_json: bool) -> None:
    summary: dict[str, Any] = {
        "rows": told.rows, "accepted": told.accepted, "refused": told.refused,
        "cancelled": told.cancelled, "run": told.run or None,
        "why": {f"{field}: {reason}": n for (field, reason), n in told.why.most_common()},
        "refused_rows": told.refused_rows,
    }  # fmt: skip
    if dry:
        summary["columns"] = told.columns
        summary["events"] = [orjson.loads(pack(event)) for event in told.shown]
    if as_json:
        click.echo(orjson.dumps(summary).decode())
        return
    for name, value in summary.items():
        for line in _lines(name, value):
            click.echo(line)


def _lines(name: str, value: Any) -> Iterator[str]:
    """One thing of a report, for people; nothing of what there is none of."""
    if value in (None, False, [], {}):
        return
    match value:
        case dict():
            yield f"{name}:"
            yield from (f"  {key}: {told}" for key, told in value.items())
        case [int(), *_]:
            yield f"{name}: {', '.join(map(str, value))}"
        case list():
            yield f"{name}:"
            yield from (f"  {orjson.dumps(each).decode()}" for each in value)
        case _:
            yield f"{name}: {value}"


@bring.command("list")
@json_option
def list_imports(as_json: bool) -> None:
    """Say which files came in, how far, and which stopped on the way.

    Example: juzhen import list
    """
    with platform() as company:
        told = [
            {
                "run": each.id, "file": each.file_name, "what": each.what, "rows": each.position,
                "accepted": each.accepted, "refused": each.refused, "begun": each.begun,
                "state": "done" if each.ended else "cancelled" if each.cancelled else "open",
            }
            for each in company.imports.runs()
        ]  # fmt: skip
    show(told, as_json)


@bring.command("cancel")
@click.argument("run")
def cancel_import(run: str) -> None:
    """Stop an import that runs elsewhere, or taking it back. What is in stays, and the same file
    goes on there; what is taken back stays so, and `import undo` goes on.

    Example: juzhen import cancel fil_1m8…
    """
    with platform() as company:
        if company.undoing.one(run).undoing is None:
            company.imports.cancel(run, by=BY)
        else:
            company.undoing.stop(run, by=BY)


@bring.command("staff")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be refused and write nothing.")
@json_option
def bring_staff(file: Path, dry_run: bool, as_json: bool) -> None:
    """Take on and change staff: code, name, unit, role, post, licences (by ;), licence_number.

    A unit is its code or the way to it, such as 上海分公司/浦东一部, founded if it is not there.

    Example: juzhen import staff staff.csv --dry-run
    """
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with platform() as company, Progress(*columns, console=Console(stderr=True)) as bar:
        bar.add_task(file.name, total=None)
        brought = company.roster.bring(sheets.rows(file), by=BY, dry_run=dry_run)
    told = {
        "made": brought.made, "changed": brought.changed, "same": brought.same,
        "units": len(brought.units), "refused": brought.refused,
    }  # fmt: skip
    tell(told, brought.flaws, as_json)


for _what, _about, _example in (
    (
        "events", "Bring in events (行为): one a row, with its kind, its time and who it was.",
        "juzhen import events log.csv --account channel_app --map 动作=event --dry-run",
    ),
    (
        "customers", "Bring in customers (客户): what a list says of each goes to her profile.",
        "juzhen import customers crm.csv --account channel_app",
    ),
    (
        "orders", "Bring in orders (订单): each counts once by its order id.",
        "juzhen import orders orders.parquet --account our_shop",
    ),
):  # fmt: skip
    bring.add_command(_command(_what, _about, _example))
COMMANDS: list[click.Command] = [bring]
"""Whole with `content`, which begins it."""
