"""Paced load (定速压测): requests that begin at their own moments, answered or not.

Run as a module it takes moments and whole requests as JSON on standard input. What is measured runs
from the moment at which a request was to begin, so that a server that stalls cannot hide it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench.lib.server import ROOT

_PATIENCE = 30.0
CONNECTIONS = 32
"""Open from the start; more are opened where all of them wait."""


@dataclass(frozen=True, slots=True)
class Paced:
    """What became of each request, in their order."""

    took: list[float]
    """Seconds from the moment when it was to begin; as long as one waits for those never
    answered, or not with 200."""
    begun: list[float]
    """The moment itself, in seconds since 1970."""
    failed: int

    def at(self, share: float) -> float:
        """Milliseconds within which that share of them was answered."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    def since(self, number: int) -> Paced:
        """Without what came before that request: a company that runs has warmed up."""
        took, begun = self.took[number:], self.begun[number:]
        return Paced(took, begun, sum(each >= _PATIENCE for each in took))


def paced(port: int, requests: Sequence[tuple[float, str]]) -> Paced:
    """Each of the requests at so many seconds after the first, over as many connections as that
    takes; by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.lib.paced"],
        input=json.dumps({"port": port, "requests": list(requests)}).encode(),
        capture_output=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return Paced(**json.loads(done.stdout))


class _Connections:
    """Used in turn, as by many who each ask now and then: whichever process took a connection in
    answers what comes by it, so that always taking the last one would ask one process alone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def begin(self, count: int) -> None:
        self._idle.extend([await self._opened() for _ in range(count)])

    async def ask(self, request: bytes) -> bool:
        """Was it answered with 200?"""
        reader, writer = self._idle.popleft() if self._idle else await self._opened()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        await reader.readexactly(int(length))
        self._idle.append((reader, writer))
        return head.startswith(b"HTTP/1.1 200")

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)


async def _carried(port: int, requests: Sequence[tuple[float, str]]) -> dict[str, object]:
    connections = _Connections(port)
    await connections.begin(CONNECTIONS)
    start, epoch = time.perf_counter() + 0.5, time.time() + 0.5
    took = [_PATIENCE] * len(requests)

    async def one(number: int, offset: float, request: bytes) -> None:
        await asyncio.sleep(max(0.0, start + offset - time.perf_counter()))
        if await connections.ask(request):
            took[number] = time.perf_counter() - start - offset

    asked = [
        asyncio.wait_for(one(number, offset, request.encode()), offset + _PATIENCE)
        for number, (offset, request) in enumerate(requests)
    ]
    await asyncio.gather(*asked, return_exceptions=True)
    return {
        "took": took, "begun": [epoch + offset for offset, _ in requests],
        "failed": sum(each >= _PATIENCE for each in took),
    }  # fmt: skip


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(json.dumps(asyncio.run(_carried(told["port"], told["requests"]))))
