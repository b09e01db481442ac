"""Recommending, served (推荐服务): the same shelf and customers by HTTP, as a company runs them.

Two web processes, and what a worker does for events. ``recommend_http`` asks a hundred times a
second, answered or not, and keeps every offer; ``recommend_click`` tells of a reading and asks
until the list has moved; ``off_shelf`` takes a content off the shelf and asks both processes at
once. ``recommend_memory`` is what the larger of the two processes holds after all that. No
baselines: these are promises.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import orjson

from bench.lib.library import Library, phone
from bench.lib.line import measured
from bench.lib.paced import paced
from bench.lib.server import Server
from bench.recommend import MATERIALS
from juzhen.worker import Worker, lanes, pulse
from kernel.actors import Role
from matching.arrays import REPEATABLE

RATE, SECONDS, P99_MS = 100, 10, 40.0
WARMING_S = 2
"""Asked at the same rate before what is measured, without a pause between them."""
MOST_MIB = 400.0
CLICKS, CLICK_MS, LOOK_S, PATIENCE_S = 40, 2_000.0, 0.02, 30
GONE = 20
PROCESSES = 2
QUERY = """
query List($customer: ID!) {
  recommendations(customer: $customer) {
    items { position score material { id type title } script { id } reasons { text weight } }
  }
}
"""
_KEYS = {"JUZHEN_KEYS_SECRETS": "00" * 32, "JUZHEN_KEYS_LINKS": "11" * 32}


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        company = Served(stack, MATERIALS)
        yield _paced(company, size)
        yield _clicked(company)
        yield _gone(company)
        yield measured(
            "recommend_memory", company.server.memory_mib(), "MiB RssAnon a web process",
            size=MATERIALS, most=MOST_MIB,
        )  # fmt: skip


class Served:
    """A copy of the library behind two web processes, and a worker's lane of events beside them,
    woken and rested as every worker is."""

    def __init__(self, stack: ExitStack, materials: int) -> None:
        kept = Library(materials)  # made once
        kept.close()
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "company"
        shutil.copytree(kept.home, home)
        os.sync()  # else the first commits wait for the disk to take the copy in
        library = Library(materials, elsewhere=home)
        self.customers = library.customers
        platform = library.platform
        account = platform.accounts.add(
            code="app", name="App", kind="app", ecosystem="own_app", by="bench"
        )
        self.write_key = account.write_key
        self.shelf = platform.shelf
        token = platform.access.issue(Role.REP, "bench", staff="stf_bench", by="bench")
        self._token = token.reveal()
        stack.callback(library.close)
        follows = Worker(
            {"events": lanes(platform)["events"]}, platform.leases, drain=5, pulse=pulse(platform)
        )
        worker = Thread(target=follows.lanes)
        worker.start()
        stack.callback(worker.join)
        stack.callback(follows.stop)
        told = {"JUZHEN_HOME": str(home), **_KEYS}
        self.server = Server("juzhen.web.front:app", home, processes=PROCESSES, **told)
        stack.callback(self.server.stop)
        for customer in self.customers[-8 * PROCESSES :]:  # each process reads the shelf once
            self.listed(customer)
        self.server.rest()

    def request(self, customer: str) -> str:
        """The whole request, for who paces."""
        body = _body(customer).decode()
        head = (
            "POST /graphql HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self._token}",
            "Content-Type: application/json", f"Content-Length: {len(body.encode())}", "", body,
        )  # fmt: skip
        return "\r\n".join(head)

    def listed(self, customer: str) -> list[tuple[str, str]]:
        """Which materials stand on her list now, each with its type."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        answer = self.server.post("/graphql", _body(customer), headers, patience=120)
        items = orjson.loads(answer)["data"]["recommendations"]["items"]
        return [(each["material"]["id"], each["material"]["type"]) for each in items]

    def tell(self, *batch: dict[str, Any]) -> None:
        """As the app's SDK would."""
        told = [{"messageId": str(uuid.uuid4()), **each} for each in batch]
        body = orjson.dumps({"batch": told, "writeKey": self.write_key})
        self.server.post("/v1/batch", body, {"Content-Type": "application/json"})


def _body(customer: str) -> bytes:
    return orjson.dumps({"query": QUERY, "variables": {"customer": customer}})


def _paced(company: Served, size: int) -> dict[str, Any]:
    before, many = RATE * WARMING_S, RATE * SECONDS * size
    asked = [
        (number / RATE, company.request(company.customers[CLICKS + GONE + number]))
        for number in range(before + many)
    ]
    used, began = company.server.cpu(), time.perf_counter()
    done = paced(company.server.port, asked).since(before)
    spent, took = company.server.cpu() - used, time.perf_counter() - began
    line = measured(
        "recommend_http", done.at(0.99), f"ms p99 at {RATE} requests/s, open loop",
        size=len(company.customers), most=P99_MS,
    )  # fmt: skip
    return line | {
        "p50_ms": round(done.at(0.5), 1), "requests": many, "failed": done.failed,
        "cpu_ms": round(spent * 1_000 / len(asked), 2), "cores": round(spent / took, 2),
        "ok": line["ok"] and not done.failed,
    }  # fmt: skip


def _clicked(company: Served) -> dict[str, Any]:
    """From the moment of telling to a list without what she has read; a script may stay on it."""
    took = []
    for number, customer in enumerate(company.customers[:CLICKS]):
        user = f"u{number}"
        used_up = next(id_ for id_, kind in company.listed(customer) if kind not in REPEATABLE)
        begun = time.perf_counter()
        company.tell(
            {"type": "identify", "userId": user, "traits": {"phone": phone(number)}},
            {"type": "track", "userId": user, "event": "Material Opened",
             "properties": {"material": used_up}},
        )  # fmt: skip
        while used_up in dict(company.listed(customer)):
            if time.perf_counter() - begun > PATIENCE_S:
                raise RuntimeError("a click never reached her list")
            time.sleep(LOOK_S)
        took.append((time.perf_counter() - begun) * 1_000)
    ordered = sorted(took)
    line = measured(
        "recommend_click", ordered[int(len(ordered) * 0.99)],
        "ms p99 from a click to her next list", size=CLICKS, most=CLICK_MS,
    )  # fmt: skip
    return line | {"p50_ms": round(ordered[len(ordered) // 2], 1)}


def _gone(company: Served) -> dict[str, Any]:
    """How many lists still showed what had been taken off the shelf before they were asked for."""
    stale = 0
    for customer in company.customers[CLICKS : CLICKS + GONE]:
        (first, _), *_ = company.listed(customer)
        company.shelf.retire(first, by="bench")
        stale += sum(first in dict(company.listed(customer)) for _ in range(4 * PROCESSES))
    return measured("off_shelf", stale, "lists with what had left the shelf", size=GONE, most=0.0)
