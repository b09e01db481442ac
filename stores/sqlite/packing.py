"""Packing (压实): a file is written anew, so that what is free in it goes back to the machine.

Readers go on with what they see. Nothing is lost by dying anywhere: SQLite swaps all or nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection

from kernel.errors import Conflict

Tell = Callable[[int, int], None]
"""Is told how many bytes of how many are written."""
_STEPS = 200_000
"""So many steps of SQLite's machine between two looks at how far it is."""
_COPIES = 2
"""One is made among the temporary files, one goes through the log beside the file."""


def pack(connection: Connection, path: Path, tell: Tell | None) -> int:
    """By how many bytes the file is smaller. Raises `Conflict` where there is no room to do it."""
    size, pages, free = (
        _number(connection, name) for name in ("page_size", "page_count", "freelist_count")
    )
    held, log = (pages - free) * size, path.with_name(f"{path.name}-wal")
    _look_for_room(path, _COPIES * held)
    if tell:
        begun, told = _size(log), tell
        connection.set_progress_handler(
            lambda: told(min(max(_size(log) - begun, 0), held), held), _STEPS
        )
    try:
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    finally:
        connection.set_progress_handler(None, 0)
    return (pages - _number(connection, "page_count")) * size


def _look_for_room(path: Path, needed: int) -> None:
    for place in (path.parent, Path(tempfile.gettempdir())):
        room = shutil.disk_usage(place).free
        if room < needed:
            raise Conflict(
                "no_room_to_pack", place=str(place), needed=needed >> 20, free=room >> 20
            )


def _number(connection: Connection, name: str) -> int:
    return int(connection.execute(f"pragma {name}").fetchone()[0])


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
