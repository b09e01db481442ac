"""The duplicates page (重复与复用): what says almost the same, and how often materials are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from juzhen.console.desk import allowed
from juzhen.web import pages

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_SHOWN, _EACH = 50, 6
"""Groups, and so many of each with their pictures; the others stand folded behind them."""


def install(door: Blueprint, platform: Platform) -> None:
    @door.get("/duplicates")
    def duplicates() -> str:
        units = allowed("read_library").seen_units
        groups = platform.duplicates.groups(_SHOWN)
        found = platform.materials.many({each for group in groups for each in group})
        seen = [
            [found[each] for each in group
             if each in found and (units is None or found[each].unit in units)]
            for group in groups
        ]  # fmt: skip
        return pages.render(
            "console/duplicates.html",
            each_shown=_EACH,
            groups=[group for group in seen if len(group) > 1],
            standing=platform.shelf.standing_ids("", list(found)),
            types={kind.code: kind for kind in platform.types.all()},
            reuse=platform.deliveries.reuse(),
        )
