"""Commands that keep copies (备份与恢复): everything embedded, taken while the company works."""

from __future__ import annotations

from pathlib import Path

import click

from juzhen.cli.company import BY, json_option, platform, show
from juzhen.settings import load
from kernel.clock import utc_now


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--without-keys", is_flag=True, help="Leave out the settings and their keys.")
@json_option
def backup(folder: Path, without_keys: bool, as_json: bool) -> None:
    """Copy every embedded store into a new folder (备份), while the company works.

    What lies on servers of its own (PostgreSQL, a cluster, S3) is named and must be kept there.

    Example: juzhen backup /backups/2026-03-02
    """
    from juzhen.transfer.backups import backup as write

    told = write(
        load(), folder, utc_now(), keys=not without_keys,
        tell=lambda store: click.echo(f"Copied: {store}", err=True),
    )  # fmt: skip
    if told.elsewhere:
        click.echo(f"Not in it, because it lies elsewhere: {', '.join(told.elsewhere)}", err=True)
    show([{"folder": str(told.folder), "files": told.files, "bytes": told.bytes}], as_json)


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def restore(folder: Path, as_json: bool) -> None:
    """Bring a backup into the empty home folder (恢复), after checking every byte of it.

    What was being sent when it was taken comes back as unknown: a person looks whether it went
    out. Whoever was erased since then has to be erased again.

    Example: JUZHEN_HOME=/srv/juzhen juzhen restore /backups/2026-03-02
    """
    from juzhen.transfer.backups import restore as read
    from juzhen.transfer.backups import settle
    from juzhen.wiring import migrate

    told = read(folder, load().home)
    settings = load()
    migrate(settings)
    with platform() as company:
        doubted = settle(company.journal, company.history, company.deliveries, by=BY)
    row = {"from": told.at, "files": told.files, "bytes": told.bytes, "unknown": doubted}
    show([row], as_json)


COMMANDS: list[click.Command] = [backup, restore]
