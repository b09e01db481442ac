"""Busy (繁忙): a database with no lock, connection or room to spare, or gone, said as `Overloaded`.

Whatever was not committed then is not done. Knows no table and no engine of SQLAlchemy's.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolFull

from kernel.errors import Overloaded

_BUSY = {"55P03", "57014", "53300", "40P01"}
"""SQLSTATEs of a lock that was not to be had, of a statement that took too long, of a server with
no connection to spare, of two who waited for each other."""
_GONE = ("08", "57P")
"""Classes of SQLSTATEs of a server that went away or is not there yet; with none at all nobody
answered."""
_FULL = "53100"
"""The SQLSTATE of a server whose disk is full; SQLite says it in words."""
_LOST = {errno.EROFS, errno.EIO}
_LOST_WORDS = ("readonly database", "unable to open database file", "disk I/O error")
"""The disk may only be read, or does not answer: as the system says it, and as SQLite does."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The disk is full, or as full as its owner lets us make it."""


def is_full(failure: BaseException) -> bool:
    """Did it fail because the disk has no room left?"""
    full = isinstance(failure, OSError) and failure.errno in _NO_ROOM
    return full or "disk is full" in str(failure)


def is_lost(failure: BaseException) -> bool:
    """Did it fail because the disk may only be read, or does not answer?"""
    lost = isinstance(failure, OSError) and failure.errno in _LOST
    return lost or any(words in str(failure) for words in _LOST_WORDS)


def no_room_left() -> Overloaded:
    return Overloaded("no_room_left", seconds=30)


@contextmanager
def busy_is_said() -> Iterator[None]:
    """No connection, or no lock, within two seconds: the caller is told to come back. So is who
    found the database gone or its disk full; whatever was not committed then is not done."""
    try:
        yield
    except PoolFull as full:
        raise Overloaded("records_are_busy", seconds=1) from full
    except (OperationalError, InterfaceError) as refused:
        state = getattr(refused.orig, "sqlstate", "")
        if state in _BUSY or "database is locked" in str(refused.orig):
            raise Overloaded("records_are_busy", seconds=1) from refused
        if state == _FULL or (refused.orig is not None and is_full(refused.orig)):
            raise no_room_left() from refused
        if state is None or (state and state.startswith(_GONE)):
            raise Overloaded("store_is_unavailable", seconds=2) from refused
        if refused.orig is not None and is_lost(refused.orig):
            raise Overloaded("store_is_unavailable", seconds=5) from refused
        raise
    except OSError as broken:
        if is_lost(broken):
            raise Overloaded("store_is_unavailable", seconds=5) from broken
        raise
