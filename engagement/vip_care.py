"""Care for VIPs (VIP 关怀): what only a person can do for those who bring most.

Once a week their rep is asked to like or comment on what they post, on a weekday of their own, so
that a rep's VIPs do not all fall due on Monday; and the days of which other customers' reps are
only reminded (birthday week, anniversary, a long silence) are a gift for them, never a discount.
Makes no reminder itself: that is `engagement.triggers`.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from zlib import crc32

MOMENTS, GIFT = "vip_moments", "vip_gift"
GIFTS = frozenset({"birthday", "anniversary", "dormant"})
_WORKDAYS = 5


class Weekly(NamedTuple):
    """A turn to a VIP's moments."""

    due: date
    cycle: str


def weekly(customer: str, today: date) -> Weekly | None:
    """This week's turn, from its weekday on; None before."""
    year, week, _ = today.isocalendar()
    own = date.fromisocalendar(year, week, 1 + crc32(customer.encode()) % _WORKDAYS)
    return Weekly(own, f"{year}-W{week:02d}") if own <= today else None
