"""The command line (命令行): one group, a module for each family of commands. Holds no rule.

Exit codes: 0 done, 1 something is wrong (flaws found, a problem), 2 the words of the call are off.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from sqlite3 import OperationalError

import click

from juzhen.settings import BadSetting
from kernel.errors import Invalid, Problem

_FAMILIES = (
    "run", "company", "content", "inspect", "keep", "exporting", "refused", "importing", "backing",
    "moving", "touching", "staffing",
)  # fmt: skip


class _Families(click.Group):
    """A family is imported when a command is asked for that those before it do not have: who serves
    waits for nothing that draws tables."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        families = iter(_FAMILIES)
        while args[0] not in self.commands and (family := next(families, None)):
            self._take(family)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        for family in _FAMILIES:
            self._take(family)
        return super().list_commands(ctx)

    def _take(self, family: str) -> None:
        for command in import_module(f"juzhen.cli.{family}").COMMANDS:
            self.add_command(command)


def below(group: click.Group) -> Iterator[click.Command]:
    """What stands right below a group, by name."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        if (command := group.get_command(context, name)) is not None:
            yield command


@click.group(cls=_Families, context_settings={"help_option_names": ["-h", "--help"]})
def juzhen() -> None:
    """juzhen 矩阵: one content hub, one data hub, N channels."""


def main() -> None:
    """Run a command and turn what goes wrong into one line and an exit code."""
    try:
        juzhen(standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
    except Problem as problem:
        click.echo(f"{problem.code}: {problem}", err=True)
        if isinstance(problem, Invalid):
            for flaw in problem.flaws:
                click.echo(f"  {flaw.field}: {flaw.message('en')}", err=True)
        sys.exit(1)
    except (OSError, OperationalError) as failure:
        from stores.busy import is_full, no_room_left

        if not is_full(failure):
            raise
        click.echo(f"{no_room_left()} ({failure})", err=True)
        sys.exit(1)
    except BadSetting as wrong:
        click.echo(f"settings: {wrong}", err=True)
        sys.exit(2)
