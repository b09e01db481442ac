"""Business cards (名片): who a rep is, as her customers meet her on whatever she hands over.

The company, her picture, her name, post and unit, the number of her licence, and the code by which
she is added, if one leads to her alone. What she has not told is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data_hub.staff import Staff
from juzhen.web.pages import show_picture_of
from kernel.errors import NotFound
from kernel.wording import say

if TYPE_CHECKING:
    from juzhen.wiring import Platform


class BusinessCard(NamedTuple):
    """What stands on one."""

    name: str
    post: str
    unit: str
    code: str
    """Where the picture is by which she is added; empty if there is none."""
    company: str
    photo: str
    """The file of her own picture."""
    number: str
    """Of the licence that she practises under."""

    def line(self, language: str) -> str:
        """In one line, to be pasted with what she sends."""
        number = say("licence_number_is", language, number=self.number) if self.number else ""
        return " · ".join(filter(None, (self.company, self.name, self.post, self.unit, number)))


def card_of(platform: Platform, rep: str) -> BusinessCard | None:
    """None for nobody, or somebody who no longer works here."""
    try:
        staff = platform.staff.one(rep) if rep else None
    except NotFound:
        staff = None
    if staff is None:
        return None
    code = platform.live_codes.of_rep(staff.id)
    if code:
        show_picture_of(code.picture)
    return BusinessCard(
        staff.name, staff.post, _unit(platform, staff), code.picture if code else "",
        platform.settings.company_name, staff.photo, staff.licence_number,
    )  # fmt: skip


def _unit(platform: Platform, staff: Staff) -> str:
    try:
        return platform.staff.unit(staff.unit).name if staff.unit else ""
    except NotFound:
        return ""
