"""Codes (错误码表): what a platform's error codes ask us to do, and which failure each becomes.

The tables are data and stand with the adapters; they are mended there when a platform differs.
Knows no platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from channels.base import Busy, Refused, SignedOut
from kernel.values import dataclass

Code = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """One platform's. What it names nowhere is a refusal."""

    expired: frozenset[Code] = frozenset()
    """The token is no longer good: fetch another, once."""
    signed_out: frozenset[Code]
    """Somebody of ours must mend the account."""
    ungranted: frozenset[Code] = frozenset()
    """Whoever granted us her account must be asked again."""
    later: Mapping[Code, float]
    """These pass by themselves, after so many seconds (0: by our own rule)."""
    tomorrow: frozenset[Code] = frozenset()
    """These pass at the platform's next midnight."""
    down: frozenset[Code] = frozenset()
    """Those of ``later`` that say that the platform is out of order altogether."""
    minded: Mapping[Code, str] = field(default_factory=dict)
    """Refusals with a name of their own."""
    source: str
    """Where the platform tells them."""
    unverified: frozenset[Code] = frozenset()
    """Those that a page of an interface mentions and the platform's list does not."""

    def trouble(
        self, code: Code, facts: Mapping[str, Any], *, today: float = 0.0
    ) -> Busy | SignedOut | Refused:
        """What one of them means, with what else is known of the call; ``today`` is how many
        seconds are left of the platform's day."""
        told = {**facts, "errcode": code}
        if code in self.later:
            wait = self.later[code]
            return Busy("platform_said_later", seconds=wait, down=code in self.down, **told)
        if code in self.tomorrow:
            return Busy("platform_said_later", seconds=today, **told)
        if code in self.ungranted:
            return SignedOut("creator_must_grant", **told)
        if code in self.signed_out:
            return SignedOut("platform_signed_us_out", **told)
        return Refused(self.minded.get(code, "platform_refused"), **told)
