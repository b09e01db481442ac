"""Traffic to the app (导流到 App): whose links led how many people there, and what that earns.

An install is the rep's whom it names, else hers by whose link the same person came within a week
before. One person installs once. Pure functions of acts; pays nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from data_hub.deeds import Deeds
from data_hub.measures.funnels import people_of
from kernel.values import dataclass

OPENED, INSTALLED = "opened_app_link", "installed_app"
KINDS = (OPENED, INSTALLED)
WITHIN = timedelta(days=7)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Led:
    """What one rep's links came to."""

    openings: int = 0
    installs: int = 0


def led(told: Deeds, joined: Mapping[str, str]) -> dict[str, Led]:
    """By rep; under "" are installs of whom nobody led there. ``joined`` as in `funnel`."""
    told = told.saying(lambda said: not said.get("bot"))
    told = told.where(told.acts.who > 0)
    people = people_of(told.acts, joined).tolist()
    acts = sorted(
        (at, kind, who, str(said.get("rep") or ""))
        for who, (_, kind, at, said) in zip(people, told.each(), strict=True)
    )
    found: dict[str, Led] = {}
    last: dict[int, tuple[int, str]] = {}
    installed: set[int] = set()
    for at, kind, who, rep in acts:
        if KINDS[kind] == OPENED:
            found.setdefault(rep, Led()).openings += 1
            last[who] = (at, rep)
        elif who not in installed:
            installed.add(who)
            then, hers = last.get(who, (0, ""))
            if at - then > WITHIN // _MICROSECOND:
                hers = ""
            found.setdefault(rep or hers, Led()).installs += 1
    return found
