"""Load (压测): many connections from a process of its own, each asking when it was answered.

Run as a module it takes its task as JSON on standard input and prints what it measured, so that
the interpreter that measures is not the one that serves.
"""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.lib.line import Round
from bench.lib.server import ROOT, Server


def load(server: Server, path: str, *, connections: int, seconds: float, batch: int) -> Round:
    """Post events for some seconds. The value is events a second."""
    task = {"path": path, "connections": connections, "batch": batch, "seconds": seconds}
    return measured(server, task, each=max(1, batch))


def asked(server: Server, requests: list[str], *, connections: int, seconds: float) -> Round:
    """Send these whole requests in turn for some seconds; ``{n}`` in one is a fresh number of
    sixteen digits. The value is requests a second."""
    return measured(server, {"requests": requests, "connections": connections, "seconds": seconds})


def measured(server: Server, task: dict[str, Any], *, each: int = 1) -> Round:
    """Let a process of its own carry out the task; ``each`` request counts so many."""
    before = server.cpu()
    done = subprocess.run(
        [sys.executable, "-m", "bench.lib.load"],
        input=json.dumps(task | {"port": server.port}).encode(),
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    told = json.loads(done.stdout)
    if told["failed"]:
        raise RuntimeError(f"{told['failed']} requests were not answered 200")
    return Round(
        value=told["requests"] * each / told["seconds"],
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
        cpu_ms=(server.cpu() - before) * 1000 / told["requests"],
    )


def event(number: int) -> dict[str, Any]:
    """One event of about 330 bytes, as an SDK sends it."""
    return {
        "type": "track",
        "event": "Material Read",
        "messageId": f"{time.time_ns():x}-{number:012d}",
        "userId": f"u{number % 200_000}",
        "timestamp": "2026-03-02T09:00:00.123456+00:00",
        "properties": {"material": f"mat_{number % 10_000}", "seconds": 12, "page": 3},
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}, "locale": "zh-CN"},
    }


def request(path: str, batch: int) -> Callable[[int], bytes | bytearray]:
    """Makes the bytes of one request, its ids unlike any other's: a buffer that is kept, in which
    only the ids change."""
    import orjson

    whole = event(0) if not batch else {"batch": [event(each) for each in range(batch)]}
    told = orjson.dumps(whole)
    mark = told[told.index(b'"messageId":"') + 13 :].split(b"-")[0]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nX-Write-Key: wk\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n"
    ).encode()
    kept, width = bytearray(head + told), b"%%0%dx" % len(mark)
    places = [found.span() for found in re.finditer(mark, kept)]

    def make(number: int) -> bytearray:
        id_ = width % number
        for begins, ends in places:
            kept[begins:ends] = id_
        return kept

    return make


def turns(requests: list[str]) -> Callable[[int], bytes]:
    """These requests one after the other."""
    whole = [request.encode() for request in requests]
    return lambda number: whole[number % len(whole)].replace(b"{n}", b"%016d" % (number % 10**16))


class _Client:
    """One connection: asks again as soon as it is answered."""

    def __init__(self, port: int, make: Callable[[int], bytes | bytearray]) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port))
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._make = make
        self._send, self._receive = self.wire.send, self.wire.recv
        self._usual, self._told = 0, b""
        self.begun = 0.0

    def ask(self, number: int) -> None:
        whole = self._make(number)
        self.begun = time.perf_counter()
        if (sent := self._send(whole)) < len(whole):
            self.wire.sendall(whole[sent:])

    def answer(self) -> bytes:
        """The whole answer, or nothing yet. One as long as the last, and whose head is as long, is
        not measured again."""
        told = self._receive(65_536)
        if self._told:
            told = self._told + told
        elif len(told) == self._usual:
            return told
        return self._measured(told)

    def _measured(self, told: bytes) -> bytes:
        head = told.find(b"\r\n\r\n")
        length = told.find(b"ontent-")  # servers spell it with a small or a capital c
        length = told.find(b"ength: ", length) + 7
        self._told = b""
        if head < 0 or len(told) < head + 4 + int(told[length : told.index(b"\r", length)]):
            self._told = told
            return b""
        self._usual = len(told)
        return told


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """A bare loop over epoll: whatever it costs, the server does not get."""
    make = turns(task["requests"]) if "requests" in task else request(task["path"], task["batch"])
    number, failed = time.time_ns(), 0
    clients, took, ready = {}, [], select.epoll()
    begun = time.perf_counter()
    for _ in range(task["connections"]):
        client = _Client(task["port"], make)
        clients[client.wire.fileno()] = client
        ready.register(client.wire.fileno(), select.EPOLLIN)
        client.ask(number := number + 1)
    while clients:
        for file, _ in ready.poll():
            client = clients[file]
            if not (told := client.answer()):
                continue
            now = time.perf_counter()
            took.append(now - client.begun)
            failed += not told.startswith(b"HTTP/1.1 200")
            if now - begun < task["seconds"]:
                client.ask(number := number + 1)
            else:
                ready.unregister(file)
                clients.pop(file).wire.close()
    took.sort()
    return {
        "requests": len(took),
        "seconds": time.perf_counter() - begun,
        "failed": failed,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[len(took) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(json.load(sys.stdin))))
