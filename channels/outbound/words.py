"""What a call out comes back with (出站应答), and what an adapter asks that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from kernel.values import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Http(Protocol):
    """What an adapter needs of the world: so a stand-in can play a platform."""

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises `Busy`, `Unanswered`, `Refused`."""
        ...
