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
_STAGE = re.compile(r"[0-9A-Za-z_]{1,64}")


class Ticket(NamedTuple):
    """Leave to put one file straight into the store."""

    url: str
    headers: dict[str, str]
    """To be sent as they are."""


class Form(NamedTuple):
    """Leave to post one file straight into the store, from a page without JavaScript."""

    url: str
    fields: dict[str, str]
    """To be sent as they are, and after them ``file``."""


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

    def form(
        self, stage: str, kind: str, sizes: tuple[int, int], *, seconds: int, back: str = ""
    ) -> Form | None:
        """Leave to post a file of this kind, of no fewer and no more bytes, to a stage: a place of
        its own, where it is no file of ours yet. Then the browser goes ``back``. None if browsers
        do not reach the store."""
        ...

    def settle(self, stage: str, kind: str) -> str:
        """What was posted there last becomes a file; its key. Repeating it is harmless.

        Raises `NotFound` for a stage that nothing lies on."""
        ...

    def clear(self, stage: str) -> None:
        """Nothing lies there any more; what became a file stays. `sweep` does so in time."""
        ...

    def flaws(self) -> Iterator[str]:
        """Files that are not what their key says."""
        ...


def checked_key(key: str) -> str:
    """The key, if it is spelled as one: it becomes part of a path or an address."""
    if not _KEY.fullmatch(key):
        raise NotFound("file", key[:100])
    return key


def checked_stage(stage: str) -> str:
    """The name, if it is spelled as one."""
    if not _STAGE.fullmatch(stage):
        raise NotFound("file", stage[:100])
    return stage
