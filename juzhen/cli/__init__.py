"""The command line (命令行): one group, a module for each family of commands. Holds no rule.

Exit codes: 0 done, 1 something is wrong (flaws found, a problem), 2 the words of the call are off.
"""

from __future__ import annotations

import sys

import click

from juzhen.cli import (
    backing,
    company,
    content,
    exporting,
    importing,
    inspect,
    keep,
    moving,
    refused,
    run,
    touching,
)
from juzhen.settings import BadSetting
from kernel.errors import Invalid, Problem


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def juzhen() -> None:
    """juzhen 矩阵: one content hub, one data hub, N channels."""


for room in (
    run, company, content, inspect, keep, exporting, refused, importing, backing, moving, touching,
):  # fmt: skip
    for command in room.COMMANDS:
        juzhen.add_command(command)


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
    except BadSetting as wrong:
        click.echo(f"settings: {wrong}", err=True)
        sys.exit(2)
