"""Commands that keep the stores in order (存储维护): migrate, rebuild, erase."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from juzhen.cli.company import platform
from juzhen.settings import load

if TYPE_CHECKING:
    from juzhen.wiring import Platform


@click.command()
def migrate() -> None:
    """Bring the tables of all stores to what this version needs. Harmless to repeat.

    Example: juzhen migrate
    """
    from juzhen.wiring import migrate as bring

    for line in bring(load()):
        click.echo(line)


@click.command()
@click.argument("what", type=click.Choice(["search", "shelf", "profiles", "counters"]))
def rebuild(what: str) -> None:
    """Work a fold out anew from the facts below it. The worker may run meanwhile.

    Example: juzhen rebuild profiles
    """
    with platform() as company, Progress(*_COLUMNS, TimeElapsedColumn()) as progress:
        task = progress.add_task(what, total=None)
        _REBUILDERS[what](company, lambda done: progress.update(task, completed=done))


def _shelf(company: Platform, tell: Callable[[int], None]) -> None:
    from content_hub.rebuilding import rebuild_shelf

    rebuild_shelf(company.records, company.changes, tell)


_COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
_REBUILDERS: dict[str, Callable[[Platform, Callable[[int], None]], object]] = {
    "search": lambda company, tell: company.finding.rebuild(tell),
    "shelf": _shelf,
    "profiles": lambda company, tell: company.digest.rebuild(tell),
    "counters": lambda company, tell: company.counters.rebuild(tell),
}


COMMANDS: list[click.Command] = [migrate, rebuild]
