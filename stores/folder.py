"""Files in a folder (文件夹): the embedded engine of `stores.files`. Serves nothing itself."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from kernel.errors import NotFound
from stores.busy import is_full, no_room_left
from stores.files import Form, Ticket, checked_key, checked_stage

_CHUNK = 1 << 20


class Folder:
    """A `stores.files.Files`: ``ab/cd/sha256-abcd…`` under one folder on a local disk."""

    def __init__(self, home: Path, *, durability: str = "power") -> None:
        self._home = home
        self._sync = durability == "power"
        self._incoming = home / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes | BinaryIO, kind: str) -> str:
        try:
            return self._put(data)
        except OSError as broken:
            if is_full(broken):
                raise no_room_left() from broken
            raise

    def _put(self, data: bytes | BinaryIO) -> str:
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        digest = hashlib.sha256()
        with (
            tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as file,
            ExitStack() as broken,
        ):
            broken.callback(Path(file.name).unlink, missing_ok=True)
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            key = f"sha256-{digest.hexdigest()}"
            self._settle(file, self._place(key))
            broken.pop_all()
        return key

    def open(self, key: str) -> BinaryIO:
        try:
            return self._place(key).open("rb")
        except FileNotFoundError as missing:
            raise NotFound("file", key) from missing

    def size(self, key: str) -> int:
        try:
            return self._place(key).stat().st_size
        except FileNotFoundError as missing:
            raise NotFound("file", key) from missing

    def drop(self, key: str) -> None:
        self._place(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        return (place.name for place in self._home.glob("[0-9a-f]*/[0-9a-f]*/sha256-*"))

    def old(self, before: datetime) -> Iterator[str]:
        for key in self.keys():
            with suppress(NotFound):  # dropped just now
                if self.put_at(key) < before:
                    yield key

    def put_at(self, key: str) -> datetime:
        try:
            return datetime.fromtimestamp(self._place(key).stat().st_mtime, UTC)
        except FileNotFoundError as missing:
            raise NotFound("file", key) from missing

    def sweep(self, before: datetime) -> int:
        gone = 0
        for left in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # settled just now
                if left.stat().st_mtime <= before.timestamp():
                    left.unlink()
                    gone += 1
        return gone

    @property
    def origin(self) -> str:
        return ""

    def presign(self, key: str, *, seconds: int, name: str = "") -> str | None:
        return None

    def ticket(self, key: str, kind: str, size: int, *, seconds: int) -> Ticket | None:
        return None

    def form(
        self, stage: str, kind: str, sizes: tuple[int, int], *, seconds: int, back: str = ""
    ) -> Form | None:
        return None

    def settle(self, stage: str, kind: str) -> str:
        raise NotFound("file", checked_stage(stage))

    def clear(self, stage: str) -> None:
        """Nothing ever lies there."""

    def flaws(self) -> Iterator[str]:
        for key in self.keys():
            with suppress(FileNotFoundError), self._place(key).open("rb") as file:  # as above
                if f"sha256-{hashlib.file_digest(file, 'sha256').hexdigest()}" != key:
                    yield f"files: the bytes kept as {key} are not the ones that were put"

    def _place(self, key: str) -> Path:
        digest = checked_key(key).removeprefix("sha256-")
        return self._home / digest[:2] / digest[2:4] / key

    def _settle(self, file: IO[bytes], place: Path) -> None:
        """Move what is written to where it belongs: whoever sees it there sees all of it."""
        file.flush()
        if self._sync:
            os.fsync(file.fileno())
        place.parent.mkdir(parents=True, exist_ok=True)
        Path(file.name).replace(place)
        if self._sync:
            for folder in (place.parent, place.parent.parent, self._home):
                _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """A new name is durable only once its folder is on the disk too."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
