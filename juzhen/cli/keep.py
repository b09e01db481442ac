"""Commands that keep the stores in order (存储维护): migrate, rebuild, pack, erase, export."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import orjson

from juzhen.cli.company import BY, json_option, platform, show
from juzhen.cli.progress import progress
from juzhen.settings import load
from kernel.events import Handle

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
@click.argument(
    "what", type=click.Choice(["search", "shelf", "history", "profiles", "counters", "effects"])
)
def rebuild(what: str) -> None:
    """Work a fold out anew from the facts below it. The worker may run meanwhile.

    Broken off (Ctrl-C), nothing is lost: it says what goes on by itself and what to begin again.

    Example: juzhen rebuild profiles
    """
    with platform() as company:
        work_out_anew(company, what)


def work_out_anew(company: Platform, what: str) -> None:
    """Say how far it is, and when it is stopped, what becomes of the rest."""
    unit, size = _SIZES[what]
    begun, done = time.monotonic(), 0
    with progress() as bar:
        task = bar.add_task(what, total=size(company))

        def tell(so_far: int) -> None:
            nonlocal done
            done = so_far
            bar.update(task, completed=so_far)

        try:
            _REBUILDERS[what](company, tell)
        except KeyboardInterrupt:
            click.echo(_STOPPED[what], err=True)
            raise
        bar.update(task, total=done)  # there was more, or less, to do when it ended
    click.echo(f"Worked out {what} anew: {done} {unit} in {time.monotonic() - begun:.1f} s.")


def _shelf(company: Platform, tell: Callable[[int], None]) -> None:
    from content_hub.rebuilding import rebuild_shelf

    rebuild_shelf(company.records, company.changes, tell)


def _profiles(company: Platform, tell: Callable[[int], None]) -> None:
    """Until everything of before is digested, by this process or by the worker beside it."""
    company.regrouping.again()
    while company.regrouping.run():
        pass
    newest = company.history.newest()
    company.digest.rebuild(lambda _: tell(company.digest.mark()))
    while (mark := company.digest.mark()) < newest:
        tell(mark)
        if not company.digest.run():
            time.sleep(_A_MOMENT)
    tell(newest)


def _counters(company: Platform, tell: Callable[[int], None]) -> None:
    """The same of the counters."""
    newest = company.history.newest()
    company.counters.rebuild(lambda _: tell(company.counters.mark()))
    while (mark := company.counters.mark()) < newest:
        tell(max(mark, 0))
        if not company.counters.fold():
            time.sleep(_A_MOMENT)
    tell(newest)


_A_MOMENT = 0.2
"""Seconds until it is looked how far the worker is."""
_STOPPED = {
    "search": "Stopped. The index answers as before; the same command writes it anew.",
    "shelf": "Stopped. What was not reached stands as before; the same command begins again.",
    "history": "Stopped. No event is lost; the same command works out what was not reached.",
    "profiles": "Stopped. The worker goes on with it; until then customers are known in part.",
    "counters": "Stopped. The worker goes on with it; until then lists say that they are degraded.",
    "effects": "Stopped. The worker goes on with it; until then rules tell of fewer customers.",
}


def _acts(company: Platform) -> int:
    return int(company.records.rows("SELECT count(*) FROM changes")[0][0])


def _materials(company: Platform) -> int:
    return int(company.records.rows("SELECT count(*) FROM materials")[0][0])


_SIZES: dict[str, tuple[str, Callable[[Platform], int]]] = {
    "search": ("acts", _acts),
    "shelf": ("materials", _materials),
    "history": ("events", lambda company: company.history.newest()),
    "profiles": ("events", lambda company: company.history.newest()),
    "counters": ("events", lambda company: company.history.newest()),
    "effects": ("acts", _acts),
}
"""What is gone through, and how much of it there is."""
_REBUILDERS: dict[str, Callable[[Platform, Callable[[int], None]], object]] = {
    "search": lambda company, tell: company.finding.rebuild(tell),
    "shelf": _shelf,
    "history": lambda company, tell: company.history.remake(tell),
    "profiles": _profiles,
    "counters": _counters,
    "effects": lambda company, tell: company.effects.rebuild(tell),
}


@click.command()
@json_option
def pack(as_json: bool) -> None:
    """Give the room that sealed and erased events left free in the history back to the machine.

    Whatever comes in meanwhile is taken and shown a little later. On PostgreSQL and Elasticsearch
    there is nothing to do.

    Example: juzhen pack
    """
    with platform() as company, progress(silent=as_json) as bar:
        task = bar.add_task("MiB", total=None)
        gained = company.history.pack(
            lambda done, of: bar.update(task, completed=done >> 20, total=of >> 20)
        )
    show([{"gained": gained}], as_json)


_LEFT = (
    "No row holds her any more. Bytes of hers stand in a log that a program reads by just now;"
    " the worker empties it as soon as it can, and `juzhen proof` says so until it has."
)


@click.command()
@click.argument("customer")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", default="", help="Why, kept with the proof; no name in it.")
@json_option
def erase(customer: str, yes: bool, reason: str, as_json: bool) -> None:
    """Erase a customer everywhere: every store, every table, for ever. Prints the proof's id.

    CUSTOMER is an id, a handle or a handle's value that only she has.

    Example: juzhen erase 13800138000 --reason "asked in branch"
    """
    with platform() as company:
        if not yes:
            click.confirm(f"Erase {customer} for ever?", abort=True)
        with progress(silent=as_json) as bar:
            task = bar.add_task("erase", total=None)
            done = company.privacy.erase(
                customer, by=BY, reason=reason,
                tell=lambda gone: bar.update(task, completed=gone),
            )  # fmt: skip
    show(
        [{"proof": done.proof, "events": done.events, "rows": done.rows, "left": done.left}],
        as_json,
    )
    if done.left and not as_json:
        click.echo(_LEFT)


@click.group(invoke_without_command=True)
@click.option(
    "--all", "folder", type=click.Path(file_okay=False, path_type=Path),
    help="Write the whole company into this folder, to be brought in elsewhere.",
)  # fmt: skip
@click.pass_context
def export(context: click.Context, folder: Path | None) -> None:
    """Write out what is held.

    Example: juzhen export --all /srv/moving
    """
    if folder is not None and context.invoked_subcommand is None:
        from juzhen.cli.moving import write_out

        write_out(folder)
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())


@export.command("customer")
@click.argument("customer")
@click.option("--file", "file", type=click.File("wb"), default="-", help="Where to; else print.")
def export_customer(customer: str, file: BinaryIO) -> None:
    """Everything held about one customer, as JSON. The act is written down.

    Example: juzhen export customer 13800138000 --file hers.json
    """
    with platform() as company:
        told = company.privacy.held(customer, by=BY)
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    file.write(orjson.dumps(told, default=str, option=option))


@click.command()
@click.argument("handle")
@json_option
def proof(handle: str, as_json: bool) -> None:
    """What was done about somebody who asked for her data or its erasure, by one of her handles.

    Example: juzhen proof phone::13800138000
    """
    with platform() as company:
        rows = [
            {"act": each.act, "at": each.at, "proof": each.proof, "left": each.left}
            for each in company.privacy.proofs(Handle.parse(handle))
        ]
    if as_json:
        show(rows, as_json)
        return
    for row in rows:
        click.echo(f"{row['act']} {row['at']:%Y-%m-%d %H:%M} {row['proof']}")
        if row["left"]:
            click.echo(f"  {_LEFT}")


COMMANDS: list[click.Command] = [migrate, rebuild, pack, erase, proof]
