"""How far publishing has got (发布状态), in words and a colour. Worked out from what is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from channels.accounts import Account
from channels.base import Progress
from channels.deliveries import Delivery
from channels.deliveries.record import State as Step
from content_hub.placements import Placement, State
from kernel.errors import Problem

if TYPE_CHECKING:
    from juzhen.wiring import Platform


class Shown(NamedTuple):
    """The look (``good``, ``wait``, ``warn``, ``bad``, ``over``) and the key of its words."""

    look: str
    words: str
    why: str = ""


_STEPS = {
    Step.PARKED: ("bad", "state_parked"),
    Step.UNKNOWN: ("warn", "state_unknown"),
    Step.AWAITING_PERSON: ("warn", "state_awaiting_person"),
    Step.SENDING: ("wait", "state_sending"),
    Step.DUE: ("wait", "state_due"),
    Step.CANCELLED: ("over", "state_cancelled"),
    Step.SUBMITTED: ("wait", "state_submitted"),
    Step.PARTLY: ("warn", "state_partly"),
    Step.REFUSED: ("bad", "state_refused"),
    Step.EXPIRED: ("over", "state_expired"),
    Step.WITHDRAWN: ("over", "state_withdrawn"),
}
_UP = {Progress.SHOWN, Progress.SUBMITTED}


def look_of(state: str) -> str:
    """The look of a delivery's state alone."""
    return _STEPS.get(Step(state), ("good", ""))[0]


def of_delivery(delivery: Delivery, language: str) -> Shown:
    """What became of one delivery."""
    look, words = _STEPS.get(Step(delivery.state), ("good", "state_shown"))
    return Shown(look, words, delivery.why(language))


def of_placement(
    placement: Placement, delivery: Delivery | None, now: datetime, language: str, *, pulled: bool
) -> Shown:
    """How a placement stands with its platform. A ``pulled`` channel shows what stands at once."""
    state = placement.state(now)
    up = delivery is not None and delivery.progress in _UP
    if state in {State.RETIRED, State.ENDED}:
        if up:
            return Shown("warn", "state_withdrawing")
        if delivery is not None and delivery.progress == Progress.WITHDRAWN:
            return Shown("over", "state_withdrawn")
        return Shown("over", "state_retired" if state is State.RETIRED else "state_ended")
    if state is State.WAITING:
        return Shown("wait", "state_waiting")
    if pulled:
        return Shown("good", "state_shown")
    return of_delivery(delivery, language) if delivery else Shown("wait", "state_due")


def pulled(platform: Platform, account: Account | None) -> bool:
    """Does this account's front end ask us itself, so that what stands is shown at once?"""
    try:
        return account is not None and platform.channels.of(account).pulled
    except Problem:
        return False
