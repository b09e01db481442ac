"""The swift way from afar (远端快路): the same, where the records are on a server.

The loop waits for nobody, so what it asks of the server is asked once for all who wait: which
versions stand now. What is kept as of these is told on the loop; what has to be read is read by a
few threads, still without Flask. Any statement besides sends a question to the application.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from juzhen.web.answers import Answer, Header
from juzhen.web.graphql import PATH
from juzhen.web.swift import Swift, plain
from kernel.errors import Overloaded
from stores.looks import TooLong

if TYPE_CHECKING:
    from juzhen.wiring import Platform

THREADS = 4
"""More would only fight over the interpreter."""
_WAITING = 64
_PATIENCE = 2.0
"""Seconds that a server may take to say which versions stand."""


class Afar(Swift):
    """One process's swift way to records on a server."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._threads = ThreadPoolExecutor(THREADS, "afar")
        self._inside = 0

    async def get(self, path: str, query: str, header: Header) -> Answer | None:
        """A persisted answer that is kept, or that the asker holds; None for the application."""
        if path != PATH or header("cookie"):
            return None
        begun = time.perf_counter()
        try:
            versions = await self._versions()
            with self._platform.changes.as_of_now(versions), self._platform.records.unasked():
                told = self._kept(query, header)
        except (Overloaded, TooLong, TimeoutError):
            return None
        if told is not None:
            self._count(begun)
        return told

    async def post(self, header: Header, body: bytes) -> Answer | None:
        """The answer to a question about the shelf; None leaves it to the application."""
        if not plain(header) or self._inside >= _WAITING:
            return None
        self._inside += 1
        try:
            versions = await self._versions()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._read, versions, header, body)
        except (Overloaded, TimeoutError):
            return None
        finally:
            self._inside -= 1

    async def _versions(self) -> Mapping[str, int]:
        """As they stand after this was called."""
        told = asyncio.wrap_future(self._platform.changes.sightings.next())
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.shield(told)  # others wait for the same

    def _read(self, versions: Mapping[str, int], header: Header, body: bytes) -> Answer | None:
        with self._platform.changes.as_of_now(versions):
            return self._posted(header, body)
