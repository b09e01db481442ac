"""The sandbox's clock (沙箱时钟): the machine's, moved ahead as far as somebody asked.

Token lives, review times and reply windows hang on it, so a test need not wait 48 hours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from juzhen.sandbox.ledger import Ledger
from kernel.calendar import Zone
from kernel.clock import Clock


class MovableClock:
    """Time as the sandbox sees it; how far it was moved outlives the process."""

    def __init__(self, ledger: Ledger, base: Clock) -> None:
        self._ledger, self._base = ledger, base
        self._ahead = timedelta(seconds=ledger.fact("clock_ahead", 0))

    def __call__(self) -> datetime:
        return self._base() + self._ahead

    def seconds(self) -> float:
        return self().timestamp()

    def machine(self) -> int:
        """The machine's own seconds: what a signature is stamped with, however far we moved."""
        return int(self._base().timestamp())

    def day(self) -> str:
        """The platform's quotas begin anew at midnight in Beijing."""
        return Zone("Asia/Shanghai").day(self()).isoformat()

    def left_today(self) -> float:
        """Seconds until they do."""
        zone = Zone("Asia/Shanghai")
        midnight = zone.at(zone.day(self()) + timedelta(days=1))
        return (midnight - self()).total_seconds()

    def midnight(self) -> float:
        """When the platform's day began."""
        zone = Zone("Asia/Shanghai")
        return zone.at(zone.day(self())).timestamp()

    def move(self, seconds: float) -> datetime:
        """Go ahead by so many seconds; time never goes back."""
        self._ahead += timedelta(seconds=max(0, seconds))
        self._ledger.keep("clock_ahead", self._ahead.total_seconds())
        return self()


def moment(seconds: float) -> str:
    """How a kept moment is told in JSON."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
