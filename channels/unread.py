"""Unread (读不懂的回调): what a platform signed and we cannot read by today's rules.

One such thing keeps no neighbour out: it is kept with its reason, to be read again after a mend.
Knows no platform's format.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import orjson

from kernel.errors import Flaw, Invalid
from kernel.events import Event
from kernel.values import dataclass

_KEPT = 65_536
"""So much of one thing is kept to be read again."""


@dataclass(frozen=True, slots=True)
class Unread:
    """One thing of a callback that is none of ours by today's rules; its neighbours are taken."""

    flaw: Flaw
    sample: bytes
    again: str
    """What its adapter reads it by once more, after a mend; empty where it cannot."""


@runtime_checkable
class ReadsAgain(Protocol):
    """A channel that can read what was unread once more, by the rules of another day."""

    def read_again(self, again: str, at: datetime) -> Event | None:
        """What came in ``at`` that moment; None if it still is none of ours."""
        ...


def unread(wrong: Invalid, sample: Any, again: Any) -> Unread:
    """What cannot be written or is far too large is not kept to be read again."""
    kept = written(again)
    return Unread(wrong.flaws[0], written(sample), kept.decode() if len(kept) <= _KEPT else "")


def fields_of(told: Any) -> dict[str, Any]:
    """One thing of a callback that has fields, all of which can be kept. Raises `Invalid`."""
    if not isinstance(told, dict):
        raise Invalid("", "not_an_object")
    if not written(told):
        raise Invalid("", "nested_too_deep")
    return told


def written(told: Any) -> bytes:
    """As JSON; nothing of what is nested deeper than the journal can keep."""
    try:
        return orjson.dumps([[[told]]])[3:-3]
    except TypeError:
        return b""
