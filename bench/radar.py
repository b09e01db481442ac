"""The radar (智能雷达): from a customer's reading to the red dot that says how long and how far.

The product's own web and worker processes, durable as by default; every half a second somebody
reads what her rep had sent. ``radar`` is the time until the rep's phone could show it. No baseline:
this is a promise (R30).
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import orjson

from bench.callbacks import running
from bench.lib.line import measured
from juzhen import wiring
from juzhen.settings import Settings
from kernel.actors import Role
from kernel.clock import utc_now
from kernel.events import Handle
from kernel.secret import Secret

READERS, APART_S, LOOK_S, PATIENCE_S = 40, 0.5, 0.05, 60.0
MOST_MS = 10_000.0
SECONDS, PAGE = 192, 4
_DOTS = "{ me { reminders(first: 100) { nodes { customer evidence } } } }"
_PHONE = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger"}


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        told = Settings(home=home, keys_secrets=Secret("00" * 32), keys_links=Secret("11" * 32))
        token, codes = _made(told, READERS * size)
        port = stack.enter_context(running(home))
        yield _told(f"http://127.0.0.1:{port}", token, codes)


def _told(url: str, token: str, codes: dict[str, str]) -> dict[str, Any]:
    """Everybody reads, one after another; each is waited for by looking at the rep's red dots."""
    read: dict[str, float] = {}
    done: dict[str, float] = {}
    waiting = list(codes.items())
    began = last = time.perf_counter()
    while len(done) < len(codes) and time.perf_counter() < last + PATIENCE_S:
        if waiting and time.perf_counter() - began >= len(read) * APART_S:
            customer, code = waiting.pop()
            read[customer] = last = _reads(url, code)
        now = time.perf_counter()
        for each in _dots(url, token):
            shows = each["evidence"] or {}
            if shows.get("seconds") == SECONDS and shows.get("page") == PAGE:
                done.setdefault(each["customer"], now)
        time.sleep(LOOK_S)
    took = sorted((done.get(her, at + PATIENCE_S) - at) * 1_000 for her, at in read.items())
    p99 = took[int(len(took) * 0.99)]
    line = measured(
        "radar", p99, "ms p99 from reading to the red dot with time and page", size=len(codes),
        most=MOST_MS,
    )  # fmt: skip
    return line | {"p50_ms": round(took[len(took) // 2], 1), "lost": len(codes) - len(done),
                   "load": round(os.getloadavg()[0], 1)}  # fmt: skip


def _reads(url: str, code: str) -> float:
    """She opens her link and leaves the page on its fourth page; when she left."""
    browser: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(Request(f"{url}/t/{code}", headers=_PHONE), timeout=30) as answer:
        page = answer.read().decode()
    where = re.search(r'data-view="([^"]+)" data-link="([^"]+)"', page)
    token = re.search(r'data-csrf="([^"]*)"', page)
    if where is None or token is None:
        raise RuntimeError("her page counts no reading")
    said = urlencode({
        "did": "turned_page", "seconds": SECONDS, "page": PAGE, "t": where[2], "csrf": token[1],
    })  # fmt: skip
    left = time.perf_counter()
    browser.open(Request(f"{url}{where[1]}", said.encode(), _PHONE), timeout=30).close()
    return left


def _dots(url: str, token: str) -> list[dict[str, Any]]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    asked = Request(f"{url}/graphql", orjson.dumps({"query": _DOTS}), headers)
    with build_opener().open(asked, timeout=30) as answer:
        told = orjson.loads(answer.read())
    nodes: list[dict[str, Any]] = told["data"]["me"]["reminders"]["nodes"]
    return nodes


def _made(settings: Settings, readers: int) -> tuple[str, dict[str, str]]:
    """A rep's token and, by customer, the code of the link that she had sent to her."""
    wiring.migrate(settings)
    platform = wiring.assemble(settings)
    app = platform.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="bench")
    rep = platform.staff.add("li", "李丽", by="bench")
    topic = platform.taxonomy.create("养老", "topic", by="bench")
    guide = platform.materials.create("image_text", "养老指南", tags=[topic.id], by="bench")
    now = utc_now()
    platform.shelf.place(
        guide.id, app.id, opens=now, closes=now.replace(year=now.year + 1), by="bench"
    )
    codes = {}
    for number in range(readers):
        her = Handle("phone", "", f"139{number:08}")
        platform.customers.entrust(her, rep.id, by="bench")
        customer = platform.identities.customer_of(her)
        codes[customer] = platform.links.make(guide.id, app.id, rep.id, customer)
    token = platform.access.issue(Role.REP, "bench", staff=rep.id, by="bench").reveal()
    platform.close()
    return token, codes
