"""Commands about the touch policy (轻骚扰): what other settings would have done. Change nothing."""

from __future__ import annotations

import click

from juzhen.cli.company import json_option, platform, show
from kernel.wording import say


@click.command()
@click.option(
    "--set", "changed", multiple=True, metavar="NAME=VALUE", help="A setting and what it were."
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 90))
@click.option("--all", "whole", is_flag=True, help="Play everybody again, not a sample.")
@json_option
def touches(changed: tuple[str, ...], days: int, whole: bool, as_json: bool) -> None:
    """What another touch policy would have done with the marketing of the last days.

    Example: juzhen touches --set week=2 --set quiet_from=20:00
    """
    from channels.touch_policy.simulation import MOST, played

    told = dict(each.partition("=")[::2] for each in changed)
    with platform() as company:
        found = company.simulations.run(told, days=days, most=None if whole else MOST)
    rows = [{"what": name, "n": n} for name, n in played(found)]
    rows += [{"what": reason, "n": n} for reason, n in found.reasons.most_common()]
    if not as_json:
        rows = [{**row, "what": _named(str(row["what"]))} for row in rows]
    show(rows, as_json)


def _named(code: str) -> str:
    known = say(f"simulation_{code}", "en")
    return say(code, "en") if known == f"simulation_{code}" else known


COMMANDS: list[click.Command] = [touches]
