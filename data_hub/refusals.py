"""Refused events (被拒事件): why, how often, a masked sample; and how they are tried once more.

A rule that refused too much is mended in code or in the company's settings; then one call takes
what it had refused. Knows no wire: how a refused thing is read again is told by wiring.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from data_hub.intake import Intake
from kernel.events import Event, Refusal
from kernel.values import dataclass
from stores.changes import Changes
from stores.history import ANY, History, Sort

SLICE = 200

TryAgain = Callable[[Refusal], Event | None]
"""The event that a refused thing is by the rules of today; None if it still is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One sort of refusal."""

    sort: Sort
    account: str
    at: datetime
    """When it was last refused."""
    count: int
    """How often it ever was."""
    waiting: int
    """How many are kept, to be tried once more."""
    sample: str
    """The newest, with whatever names somebody masked."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What trying once more came to."""

    accepted: int
    refused: int
    """How many are refused still; they go on waiting."""


class Refusals:
    """What came in and could not be an event."""

    def __init__(
        self, history: History, intake: Intake, changes: Changes, try_again: TryAgain
    ) -> None:
        self._history = history
        self._intake = intake
        self._changes = changes
        self._try_again = try_again

    def sorts(self, limit: int = 50) -> list[Refused]:
        """Whatever was refused, by sort, the newest first."""
        waiting = self._history.waiting()
        return [
            Refused(
                sort=(sort := Sort(told.door, told.reason, told.field)), account=told.account,
                at=told.at, count=count, waiting=waiting.get(sort, 0), sample=masked(told.sample),
            )
            for told, count in self._history.refusals(limit=limit)
        ]  # fmt: skip

    def replay(
        self,
        only: Sort = ANY,
        *,
        by: str,
        dry: bool = False,
        tell: Callable[[int], None] | None = None,
    ) -> Replayed:
        """Try everything that waits once more; what is an event now is taken and waits no longer.

        Doing it twice, or dying in the middle and doing it again, takes nothing twice: an event
        keeps its id and its time of arrival. With ``dry`` nothing is taken.
        """
        accepted = refused = mark = 0
        while stretch := self._history.refused(only=only, after=mark, limit=SLICE):
            mark = stretch[-1][0]
            found = [(number, self._try_again(told)) for number, told in stretch]
            taken = {number: event for number, event in found if event is not None}
            if taken and not dry:
                self._intake.take(taken.values(), door="replay")
                self._history.settle(taken.keys())
            accepted += len(taken)
            refused += len(found) - len(taken)
            if tell:
                tell(accepted + refused)
        if accepted and not dry:
            self._changes.note("replayed", "refusals", only.reason or "all", by=by, n=accepted)
        return Replayed(accepted, refused)


_DIGITS = re.compile(r"(?<![\d.])(\d{3})\d{2,}(\d{2})(?![\d.])")
_MAIL = re.compile(r"(?<![^\s\"'@:,{}<>])[^\s\"'@:,{}<>]+@([^\s\"'@,{}<>]+)")
_PERSONAL = re.compile(
    r'("[^"]*(?:name|id|phone|mobile|mail|address|token|key|\u59d3\u540d|\u624b\u673a|\u5730\u5740)'
    r'"\s*:\s*")((?:[^"\\]|\\.)*)',
    re.IGNORECASE,
)
_KNOWN = re.compile(r'"(?:event_?name|kind|library|lib)"\s*:', re.IGNORECASE)


def masked(sample: str) -> str:
    """The sample without anything by which somebody could be named: its shape still shows."""
    told = _PERSONAL.sub(_hidden, sample)
    return _DIGITS.sub(r"\1***\2", _MAIL.sub(r"***@\1", told))


def _hidden(found: re.Match[str]) -> str:
    if _KNOWN.match(found[1]):
        return found[0]
    value = found[2]
    return found[1] + (f"{value[:1]}***" if value else "")
