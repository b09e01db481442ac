"""Crash points (崩溃点): the named places where a process may die and nothing may be lost.

Code says `crash_point("deliveries.marked")` where dying would be most awkward. In production that
is a comparison with an empty string. The fault tests name one in ``JUZHEN_CRASH_AT`` and the
process kills itself there, as hard as the machine would.
"""

from __future__ import annotations

import os
import signal

POINTS: dict[str, str] = {}
"""Every point by name, with what has just happened there; `declare` fills it at import."""


def declare(name: str, what: str) -> str:
    """Write a crash point down, so that the tests can insist on having hit every one."""
    POINTS[name] = what
    return name


def crash_point(name: str) -> None:
    """Die here, if a fault test asked for it (``name`` or ``name@3`` for the third time)."""
    wanted, _, turn = os.environ.get("JUZHEN_CRASH_AT", "").partition("@")
    if wanted != name:
        return
    _reached[name] = _reached.get(name, 0) + 1
    if _reached[name] >= int(turn or 1):
        if mark := os.environ.get("JUZHEN_CRASH_MARK"):
            with open(mark, "a", encoding="ascii") as file:
                file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)


_reached: dict[str, int] = {}
