"""The counting server (计数服务): takes deliveries, fails as it is told to, and counts its effects.

A process of its own on the loopback. It plays a receiver of Standard Webhooks, which keeps the key
and so does nothing twice, an official account's customer messages, which knows no key, and a corp's
welcome messages, which it notes with their time. Which call fails, and how, follows from its number
and the seed alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
FAULTS = (("500", 0.10), ("429", 0.05), ("drop_before", 0.05), ("drop_after", 0.10))
_TOKEN = b'{"access_token":"counted","expires_in":7200}'
_MESSAGES = "/cgi-bin/message/"
_OK = b'{"errcode":0,"errmsg":"ok","code":"OK"}'


class Counting:
    """What a bench asks of the process."""

    def __init__(self, *, faults: bool = True, seed: int = 7) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.lib.counting", "1" if faults else "0", str(seed)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        if self._process.stdout is None:
            raise RuntimeError("the counting server says nothing")
        self.url = self._process.stdout.readline().strip()

    def told(self) -> dict[str, Any]:
        """Effects by key, and how many calls met which fault."""
        with urlopen(f"{self.url}/told") as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


class _Server:
    """One connection after another, many requests on each."""

    def __init__(self, faults: bool, seed: int) -> None:
        self._faults = FAULTS if faults else ()
        self._seed = seed
        self._calls = 0
        self._effects: Counter[str] = Counter()
        self._met: Counter[str] = Counter()
        self._greeted: dict[str, float] = {}
        """By welcome code, the second since 1970 at which it was used."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answered(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request; false if the connection is to be dropped."""
        line = (await reader.readuntil(b"\r\n")).decode()
        path = line.split(" ")[1].partition("?")[0]
        head = await _headers(reader)
        body = await reader.readexactly(int(head.get("content-length", 0)))
        if path == "/told":
            told = {"effects": self._effects, "met": self._met, "calls": self._calls,
                    "greeted": self._greeted}  # fmt: skip
            return _say(writer, 200, json.dumps(told).encode())
        if path in ("/cgi-bin/stable_token", "/cgi-bin/gettoken"):
            return _say(writer, 200, _TOKEN)
        if path == "/cgi-bin/externalcontact/send_welcome_msg":
            self._greeted.setdefault(json.loads(body)["welcome_code"], time.time())
            return _say(writer, 200, _OK)
        if "webhook-id" not in head and not path.startswith(_MESSAGES):
            return _say(writer, 200, _OK)
        self._calls += 1
        return self._effect(writer, path, head, body)

    def _effect(
        self, writer: asyncio.StreamWriter, path: str, head: Mapping[str, str], body: bytes
    ) -> bool:
        fault = self._drawn()
        self._met[fault] += 1
        if fault == "500":
            return _say(writer, 500, b"")
        if fault == "429":
            return _say(writer, 429, b"", "Retry-After: 1\r\n")
        if fault == "drop_before":
            return False
        if key := head.get("webhook-id"):
            self._effects[f"push:{key}"] = 1  # known already: the receiver does nothing again
        else:
            told = json.loads(body)
            self._effects[f"oa:{told['touser']}"] += 1
        return fault != "drop_after" and _say(writer, 200, _OK)

    def _drawn(self) -> str:
        drawn = random.Random(f"{self._seed}:{self._calls}").random()
        for fault, share in self._faults:
            if drawn < share:
                return fault
            drawn -= share
        return "none"


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    told = {}
    while (line := (await reader.readuntil(b"\r\n")).decode().strip()) != "":
        name, _, value = line.partition(":")
        told[name.lower()] = value.strip()
    return told


def _say(writer: asyncio.StreamWriter, status: int, body: bytes, more: str = "") -> bool:
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    writer.write(head.encode() + body)
    return True


async def _main(faults: bool, seed: int) -> None:
    served = _Server(faults, seed)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    os.write(1, f"http://127.0.0.1:{port}\n".encode())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1] == "1", int(sys.argv[2])))
