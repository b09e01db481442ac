"""Files (文件): the port of what keeps large bytes, named by what is in them. Knows no media.

The same bytes have the same key, so a second upload costs nothing. A file never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple, Protocol

from kernel.errors import NotFound

_KEY = re.compile(r"sha256-[0-9a-f]{64}")


class Ticket(NamedTuple):
    """Leave to put one file straight into the store."""

    url: str
    headers: dict[str, str]
    """To be sent as they are."""


class Files(Protocol):
    """Where files lie. Raises `NotFound` for a key that nothing is kept under."""

    def put(self, data: bytes | BinaryIO, kind: str) -> str:
        """Keep it and answer its key; durable when this returns, whole or not at all.

        ``kind`` is the content type, for engines that serve files themselves.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """The bytes, from the first on; the caller closes it."""
        ...

    def size(self, key: str) -> int: ...

    def drop(self, key: str) -> None:
        """Dropping what is not there does no harm."""
        ...

    def keys(self) -> Iterator[str]:
        """Every key, in no order."""
        ...

    def old(self, before: datetime) -> Iterator[str]:
        """Keys of files that nobody has put since that moment, in no order."""
        ...

    def put_at(self, key: str) -> datetime:
        """When it was put last, give or take half a day."""
        ...

    def sweep(self, before: datetime) -> int:
        """Give up what uploads left unfinished that moment or earlier; how many."""
        ...

    @property
    def origin(self) -> str:
        """Where the addresses lead that `presign` answers; empty if it answers none."""
        ...

    def presign(self, key: str, *, seconds: int, name: str = "") -> str | None:
        """An address that serves this file for a while under a name; None if we must do it."""
        ...

    def ticket(self, key: str, kind: str, size: int, *, seconds: int) -> Ticket | None:
        """Leave to upload exactly these bytes, of this kind and size, before the time is up; None
        if browsers do not reach the store."""
        ...

    def flaws(self) -> Iterator[str]:
        """Files that are not what their key says."""
        ...


def checked_key(key: str) -> str:
    """The key, if it is spelled as one: it becomes part of a path or an address."""
    if not _KEY.fullmatch(key):
        raise NotFound("file", key[:100])
    return key
