"""Commands about refused events (被拒事件): what was refused and why, and trying it once more."""

from __future__ import annotations

import click

from juzhen.cli.company import BY, json_option, platform, show
from juzhen.cli.progress import progress
from stores.history import Sort


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many sorts.")
@json_option
def refused(limit: int, as_json: bool) -> None:
    """Say what was refused at the doors (被拒事件): why, how often, and a masked sample.

    Example: juzhen refused --json
    """
    with platform() as company:
        rows = [
            {
                "door": each.sort.door, "reason": each.sort.reason, "field": each.sort.field,
                "count": each.count, "waiting": each.waiting, "last": each.at,
                "account": each.account, "sample": each.sample,
            }
            for each in company.refusals.sorts(limit)
        ]  # fmt: skip
    show(rows, as_json)


@click.command()
@click.option("--door", default="", help="Only what came to this door.")
@click.option("--reason", default="", help="Only what was refused for this reason.")
@click.option("--field", default="", help="Only where this field was wrong.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken, take nothing.")
@json_option
def replay(door: str, reason: str, field: str, dry_run: bool, as_json: bool) -> None:
    """Try refused events once more, after a rule was mended (重放). Harmless to repeat.

    Example: juzhen replay --reason time_in_the_future --dry-run
    """
    with platform() as company, progress(silent=as_json) as bar:
        task = bar.add_task("replay", total=None)
        done = company.refusals.replay(
            Sort(door, reason, field), by=BY, dry=dry_run,
            tell=lambda n: bar.update(task, completed=n),
        )  # fmt: skip
    show([{"accepted": done.accepted, "still_refused": done.refused}], as_json)


COMMANDS: list[click.Command] = [refused, replay]
