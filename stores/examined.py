"""What a store that lives on a server of its own says of itself (体检结果). Mends nothing."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Unfit(Exception):
    """What answers cannot be used as it is: which, what was found, and what to do about it."""


class Examined(NamedTuple):
    """Whether it can be worked with, what was found, and what to do about it."""

    fit: bool | None
    """None if nobody answers: that may pass, so it stops no start."""
    says: str
    advice: str


class Server(Protocol):
    """A store that is somewhere else."""

    def examine(self) -> Examined:
        """Look, and change nothing. Never says a secret."""
        ...

    def prepare(self) -> str:
        """Make what is missing and ours to make; what was done, or nothing."""
        ...
