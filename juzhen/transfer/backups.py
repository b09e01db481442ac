"""Backups (备份与恢复): every embedded store in one folder, taken while the company works.

Each database is copied in one step, the ones that follow before the ones that are followed, so
that no copy is ahead of what it follows from. What lies on servers of its own is named and left to
them. Restoring goes into an empty folder and trusts nothing that it has not checked.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from channels.deliveries import Deliveries
from juzhen.migrations import head
from juzhen.settings import FILE, Settings, name_of
from kernel.errors import Conflict, Invalid
from kernel.values import dataclass
from stores.history import History
from stores.journal import Journal

MANIFEST = "manifest.json"
_DATABASES = ("search.db", "people.db", "records.db")
_JOURNAL = "journal"
_HISTORY = "history.db"
_FILES = "files"
_SERVERS = ("stores_records", "stores_journal", "stores_search", "stores_history", "stores_files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was written, or read back."""

    folder: Path
    at: datetime
    bytes: int
    files: int
    elsewhere: Sequence[str]
    """Settings that name servers; what lies there is not in it."""


def backup(
    settings: Settings,
    folder: Path,
    now: datetime,
    *,
    keys: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Backup:
    """Write everything into a new folder. Raises `Conflict` if something is there already.

    ``keys`` puts the settings file in, without which sealed secrets cannot be opened; ``tell``
    hears of each store once it is copied.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Conflict("folder_is_not_empty", folder=str(folder))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _whole(folder):
        for store in _copied(settings.home, folder):
            tell(store)
        return _backup(settings, folder, now, keys)


def _copied(home: Path, folder: Path) -> Iterator[str]:
    """Every store by name, once it is copied. What the history takes in leaves the journal, which
    is therefore copied before it."""
    for name in _DATABASES:
        _copy(home / name, folder / name)
        yield name
    for part in sorted((home / _JOURNAL).glob("*.db")):
        _copy(part, folder / _JOURNAL / part.name)
    yield _JOURNAL
    _copy(home / _HISTORY, folder / _HISTORY)
    yield _HISTORY
    _copy_files(home / _FILES, folder / _FILES)
    yield _FILES


def _backup(settings: Settings, folder: Path, now: datetime, keys: bool) -> Backup:
    home = settings.home
    if keys and (home / FILE).is_file():
        shutil.copy2(home / FILE, folder / FILE)
        (folder / FILE).chmod(0o600)
    written = sorted(_written(folder))
    elsewhere = [name_of(name) for name in _SERVERS if getattr(settings, name)]
    told: dict[str, Any] = {
        "at": now, "migration": head(), "elsewhere": elsewhere,
        "files": {str(each.relative_to(folder)): _digest(each) for each in written},
    }  # fmt: skip
    (folder / MANIFEST).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    return _told(folder, told)


def restore(folder: Path, home: Path) -> Backup:
    """Bring a backup into an empty home, after looking at every byte of it.

    Raises `Invalid` for one that is incomplete or changed, `Conflict` if the home holds anything
    but settings. Its worker must not run yet.
    """
    told = checked(folder)
    there = [each.name for each in home.iterdir() if each.name != FILE] if home.is_dir() else []
    if there:
        raise Conflict("folder_is_not_empty", folder=str(home))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _whole(home):
        for name in told["files"]:
            place = home / name
            if name == FILE and place.exists():
                continue  # whoever moves the company has written its settings already
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, place)
        for name in (*_DATABASES, _HISTORY):
            _sound(home / name)
    return _told(folder, told)


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """What is put into a folder is all of it or nothing: of half a copy, say because the disk is
    full, nothing is left, neither in the way of the next nor of who writes to the same disk."""
    there = set(folder.iterdir())
    try:
        yield
    except BaseException:
        for each in set(folder.iterdir()) - there:
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
        raise


def checked(folder: Path) -> dict[str, Any]:
    """The manifest of a backup in which nothing is missing or changed. Raises `Invalid`."""
    try:
        told: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        told["at"] = datetime.fromisoformat(told["at"])
        kept, migration = dict(told["files"]), str(told["migration"])
    except (OSError, KeyError, TypeError, ValueError) as broken:
        raise Invalid("folder", "not_a_backup") from broken
    if migration > head():
        raise Invalid("folder", "backup_of_a_later_version", migration=migration)
    for name, digest in kept.items():
        place = folder / name
        inside = place.resolve().is_relative_to(folder.resolve())
        if not inside or not place.is_file() or _digest(place) != digest:
            raise Invalid("folder", "backup_was_changed", file=name)
    return told


def _copy(place: Path, to: Path) -> None:
    """One database in one step: in several it begins again whenever somebody writes.

    A part of the journal that is gone meanwhile was folded: the history, copied later, has it.
    """
    if not place.is_file():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy, pages=-1)
    except sqlite3.OperationalError:
        if place.is_file():
            raise
        to.unlink(missing_ok=True)
        return
    _sound(to)


def _copy_files(place: Path, to: Path) -> None:
    """Those that are put away whole. What is let go of meanwhile is nobody's any more."""
    for file in place.glob("[0-9a-f]*/[0-9a-f]*/sha256-*"):
        copy = to / file.relative_to(place)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(file, copy)


def _sound(place: Path) -> None:
    if not place.is_file():
        return
    with closing(sqlite3.connect(place)) as file:
        (told,) = file.execute("pragma quick_check").fetchone()
    if told != "ok":
        raise Invalid("folder", "backup_was_changed", file=place.name)


def _written(folder: Path) -> Iterator[Path]:
    for each in folder.rglob("*"):
        if each.is_file() and each.name != MANIFEST and not each.name.endswith(("-wal", "-shm")):
            yield each


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _told(folder: Path, told: dict[str, Any]) -> Backup:
    sizes = [(folder / name).stat().st_size for name in told["files"]]
    return Backup(
        folder=folder, at=told["at"], bytes=sum(sizes), files=len(sizes),
        elsewhere=told["elsewhere"],
    )  # fmt: skip


def settle(journal: Journal, history: History, deliveries: Deliveries, *, by: str) -> int:
    """Let a restored company go on: what comes in now is behind what it knows, and what was being
    sent when the backup was taken is unknown; how many that were."""
    known = history.watermark()
    journal.begin_above(known)
    journal.drop(known)
    return deliveries.doubt_all(by=by)
