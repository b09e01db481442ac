"""What can go wrong (错误): one family of problems for all rooms. Knows no HTTP status.

A problem has a ``code`` (the contract, one a class), a ``reason`` (a key of `kernel.wording`,
finer than the code) and facts that complete the sentence. Each door has its own table from code
to answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field as kept
from typing import Any, ClassVar

from kernel.values import dataclass
from kernel.wording import say


class Problem(Exception):
    """Something a caller should be told about."""

    code: ClassVar[str] = "problem"

    def __init__(self, reason: str, /, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts

    def message(self, language: str = "zh") -> str:
        """The sentence for people."""
        return say(self.reason, language, **self.facts)

    def __str__(self) -> str:
        return self.message("en")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with one field."""

    field: str
    reason: str
    facts: Mapping[str, Any] = kept(default_factory=dict)

    def message(self, language: str = "zh") -> str:
        return say(self.reason, language, **self.facts)


class Invalid(Problem):
    """What was sent cannot be accepted as it is; ``flaws`` names every field and why."""

    code = "invalid"

    def __init__(self, field: str, reason: str, /, **facts: Any) -> None:
        super().__init__(reason, **facts)
        self.flaws: tuple[Flaw, ...] = (Flaw(field, reason, facts),)

    @classmethod
    def because(cls, flaws: Iterable[Flaw]) -> Invalid:
        """One refusal that lists everything found at once."""
        first, *others = flaws
        refusal = cls(first.field, first.reason, **first.facts)
        refusal.flaws = (first, *others)
        return refusal

    @property
    def field(self) -> str:
        return self.flaws[0].field


class NotFound(Problem):
    """There is no such thing, or the asker may not know of it: the two look the same."""

    code = "not_found"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__("nothing_by_that_name", kind=kind, key=key)

    def message(self, language: str = "zh") -> str:
        kind = self.facts["kind"]
        called = _word(f"kind_{kind}", language, kind)
        return say(self.reason, language, **self.facts | {"kind": called})


class Conflict(Problem):
    """It clashes with something that is already there; ``field`` is which input does, if one
    alone does."""

    code = "conflict"

    def __init__(self, reason: str, /, *, field: str = "", **facts: Any) -> None:
        super().__init__(reason, **facts)
        self.field = field


class Forbidden(Problem):
    """The asker is known and may not do this."""

    code = "forbidden"

    def message(self, language: str = "zh") -> str:
        role, verb = str(self.facts.get("role", "")), str(self.facts.get("verb", ""))
        called = {
            "role": _word(f"role_{role}", language, role),
            "verb": _word(f"verb_{verb}", language, verb),
        }
        return say(self.reason, language, **self.facts | called)


class SignedOff(Problem):
    """The asker is not known: no credentials, or ones that are no longer good."""

    code = "signed_off"


class Overloaded(Problem):
    """Not now: try again after ``seconds``."""

    code = "overloaded"

    def __init__(self, reason: str, /, *, seconds: float = 1, **facts: Any) -> None:
        super().__init__(reason, seconds=seconds, **facts)
        self.seconds = seconds


def _word(key: str, language: str, else_: str) -> str:
    """What people call a kind, a role or a verb of ours; a new one is called as it is spelled."""
    said = say(key, language)
    return else_ if said == key else said
