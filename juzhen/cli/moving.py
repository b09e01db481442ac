"""Commands that carry a whole company (整体搬家): export --all, import --all, move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from juzhen.cli.company import json_option, platform, show
from juzhen.cli.progress import progress
from juzhen.settings import Settings, load, require_keys
from kernel.errors import Conflict, Invalid


@contextmanager
def _told(*, silent: bool = False) -> Iterator[Callable[[str, int, int | None], None]]:
    """A line for the part that is under way: there are more parts than a screen has lines."""
    with progress(silent=silent) as bar:

        def tell(part: str, done: int, whole: int | None) -> None:
            if not any(task.description == part for task in bar.tasks):
                for old in bar.task_ids:
                    bar.remove_task(old)
                bar.add_task(part)
            bar.update(bar.task_ids[0], completed=done, total=whole)

        try:
            yield tell
        except KeyboardInterrupt:
            click.echo("Stopped. The same command goes on where it stopped.", err=True)
            raise


def write_out(folder: Path) -> None:
    """Write the whole company of this home into the folder."""
    from juzhen.transfer.whole import leave

    with platform() as company, _told() as tell:
        told = leave(company, folder, tell)
    count = sum(part["count"] for part in told["parts"].values())
    click.echo(f"{count} rows and events and {told['files']} files are in {folder}.")


def bring_in(folder: Path) -> None:
    """Bring a whole company out of the folder into the empty stores of this home."""
    from juzhen.transfer.whole import arrive
    from juzhen.wiring import migrate

    migrate(load())
    with platform() as company, _told() as tell:
        told = arrive(company, folder, tell)
    show([{"part": name, "count": count} for name, count in told.items() if count], False)
    click.echo("Everything is there, by counts and sums.")


@click.command()
@click.option(
    "--to", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings of where it goes, written like a juzhen.toml.",
)  # fmt: skip
@click.option(
    "--through", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what is on its way; `moving` in the home folder if not named.",
)  # fmt: skip
@json_option
def move(file: Path, through: Path | None, as_json: bool) -> None:
    """Carry the whole company into other stores (搬家), in a maintenance window.

    Stop web processes and workers first. It may be stopped and called again: it goes on where it
    was. Nothing is taken away here: to go back, start with the settings of before. Afterwards put
    the new settings in the place of juzhen.toml and start.

    Example: juzhen move --to settings.toml
    """
    from juzhen.transfer.whole import arrive, leave
    from juzhen.wiring import assemble, migrate

    here = load()
    there = load({}, home=here.home, file=file)
    _require_elsewhere(here, there)
    folder = through or here.home / "moving"
    with _told(silent=as_json) as tell:
        with platform() as company:
            leave(company, folder, tell)
        migrate(there)
        company = assemble(there)
        try:
            company.require_ready()
            told = arrive(company, folder, tell)
        finally:
            company.close()
    show([{"part": name, "count": count} for name, count in told.items() if count], as_json)
    said = f"Everything is there, by counts and sums. {folder} may be removed once it is kept."
    click.echo(said, err=as_json)


def _require_elsewhere(here: Settings, there: Settings) -> None:
    require_keys(there)
    for name in ("keys_secrets", "keys_links"):
        if getattr(here, name).reveal() != getattr(there, name).reveal():
            raise Invalid("to", "keys_differ")
    if here.records_url == there.records_url:
        raise Conflict("the_same_place", name="records")
    for name in ("stores_journal", "stores_history", "stores_search"):
        if getattr(here, name) == getattr(there, name) != "records":
            raise Conflict("the_same_place", name=name)


COMMANDS: list[click.Command] = [move]
