"""Business cards (名片): who a rep is, as her customers meet her on whatever she hands over.

Her name, her post and her unit, and the code by which she is added, if one leads to her alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data_hub.staff import Staff
from kernel.errors import NotFound

if TYPE_CHECKING:
    from juzhen.wiring import Platform


class BusinessCard(NamedTuple):
    """What stands on one."""

    name: str
    post: str
    unit: str
    code: str
    """Where the picture is by which she is added; empty if there is none."""

    @property
    def line(self) -> str:
        """In one line, to be pasted with what she sends."""
        return " · ".join(filter(None, (self.name, self.post, self.unit)))


def card_of(platform: Platform, rep: str) -> BusinessCard | None:
    """None for nobody, or somebody who no longer works here."""
    try:
        staff = platform.staff.one(rep) if rep else None
    except NotFound:
        staff = None
    if staff is None:
        return None
    code = platform.live_codes.of_rep(staff.id)
    return BusinessCard(
        staff.name, staff.post, _unit(platform, staff), code.picture if code else ""
    )


def _unit(platform: Platform, staff: Staff) -> str:
    try:
        return platform.staff.unit(staff.unit).name if staff.unit else ""
    except NotFound:
        return ""
