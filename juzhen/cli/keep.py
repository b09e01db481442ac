"""Commands that keep the stores in order (存储维护): migrate, rebuild, erase."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
@click.argument("what", type=click.Choice(["search", "profiles", "shelf"]))
def rebuild(what: str) -> None:
    """Work a fold out anew from the facts below it, beside live traffic.

    Example: juzhen rebuild profiles
    """
    steps: dict[str, Callable[[Platform], tuple[int, Callable[[], int]]]] = {
        "search": lambda company: company.finding.rebuild(),
        "profiles": lambda company: company.digest.rebuild_in_slices(),
        "shelf": lambda company: company.shelf.rebuild(),
    }
    with platform() as company:
        total, step = steps[what](company)
        _with_progress(what, total, step)


def _with_progress(what: str, total: int, step: Callable[[], int]) -> None:
    """Run slices until one finds nothing, showing count, rate and time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task(what, total=total)
        while done := step():
            progress.advance(task, done)


COMMANDS: list[click.Command] = [migrate, rebuild]
