"""Reading a file from S3 (读取): fetched on from where a connection broke, checked at the end."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from kernel.errors import Overloaded
from stores.s3.asking import SOON


class Body(io.RawIOBase):
    """A file's bytes, fetched again from where a connection broke, checked at the end."""

    def __init__(self, fetch: Callable[[int], Any], key: str, size: int) -> None:
        """``fetch`` answers the bytes from a place on."""
        self._fetch = fetch
        self._key = key
        self._size = size
        self._at = 0
        self._digest = hashlib.sha256()
        self._stream: Any = None
        self._broken = 0
        self._read = 0
        """How far it was read from the first byte on, in one go: all of it can be checked."""

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if begin + offset != self._at:
            self._let_go()
            self._at = max(0, begin + offset)
        return self._at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            self._check()
            return 0
        piece = self._piece(len(buffer))
        buffer[: len(piece)] = piece
        if self._read == self._at:
            self._digest.update(piece)
            self._read += len(piece)
        self._at += len(piece)
        if self._at >= self._size:
            self._check()
        return len(piece)

    def _piece(self, most: int) -> bytes:
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        while True:
            try:
                if self._stream is None:
                    self._stream = self._fetch(self._at)
                piece: bytes = self._stream.read(most)
                if piece:
                    return piece
            except (BotoCoreError, HTTPError, OSError) as broken:
                self._again(broken)
            else:
                self._again(None)

    def _again(self, broken: Exception | None) -> None:
        self._stream = None
        self._broken += 1
        if self._broken > 3:
            raise Overloaded("store_is_unavailable", seconds=SOON) from broken

    def _check(self) -> None:
        """Not what its name says: whoever reads must not take it for the file."""
        if self._read == self._size and f"sha256-{self._digest.hexdigest()}" != self._key:
            raise Overloaded("store_is_unavailable", seconds=SOON)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
