"""Saying why not now (为何现在不发): what speaks against marketing to her, in one sentence.

For whoever looks at her and wonders why nothing may be sent: what she has had or what holds her,
and from when marketing may go again. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from channels.touch_policy.rules import QUIET
from channels.touch_policy.touch import Objection
from kernel.calendar import Zone
from kernel.wording import say


def no_marketing_now(
    against: Sequence[Objection], zone: Zone, now: datetime, language: str
) -> str | None:
    """Told what speaks against it, one after the other; None if nothing does. The last of them is
    named that is more than the hour."""
    if not against:
        return None
    lasting = [each for each in against if each.rule != QUIET] or against
    why, until = _why(lasting[-1], language), against[-1].until
    if until is None:
        return say("no_marketing_for_now", language, why=why)
    when = _when(zone.local(until), zone.local(now), language)
    return say("no_marketing_until", language, why=why, when=when)


def _why(against: Objection, language: str) -> str:
    if against.rule != "caps":
        return say(f"rep_{against.reason}", language)
    if against.until is None:  # not even one message has room, on whatever day
        return say("rep_capped_to_none", language)
    used, window = against.facts["used"], against.facts["window"]
    told = {"n": f"{used:g}", "when": say(f"within_{window}", language)}
    return say(f"rep_{against.reason}", language, **told)


def _when(then: datetime, now: datetime, language: str) -> str:
    days = (then.date() - now.date()) / timedelta(days=1)
    hour = f"{then.hour}:{then:%M}"
    if days in (0, 1):
        return say("at_today" if days == 0 else "at_tomorrow", language, hour=hour)
    month = then.month if language == "zh" else f"{then:%b}"
    return say("at_day", language, month=month, day=then.day, hour=hour)
