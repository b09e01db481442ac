"""Value arithmetic (价值账): what some more deals of so many people are worth. Assumes nothing.

The rates come from a hold-out group that was measured; without one nothing is claimed.
"""

from __future__ import annotations

from kernel.errors import Invalid
from kernel.values import dataclass


@dataclass(frozen=True, slots=True)
class Worth:
    """What a measured difference is worth."""

    uplift: float
    """In money; a tool that costs less than this pays, so it is the break-even price too."""
    points: float
    """Percentage points between the two rates."""

    @property
    def break_even(self) -> float:
        return self.uplift


def uplift(people: int, deals_before: int, deals_after: int, price: float) -> Worth:
    """100 people, 3 deals and then 5, at 50,000: 100,000 more. Raises `Invalid`."""
    if people <= 0 or price < 0 or not 0 <= deals_before <= people:
        raise Invalid("people", "value_is_odd")
    if not 0 <= deals_after <= people:
        raise Invalid("deals_after", "value_is_odd")
    more = deals_after - deals_before
    return Worth(more * price, more / people * 100)
