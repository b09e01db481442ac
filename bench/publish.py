"""Publishing (发布): from what stands on the shelf to the sandbox on this machine, and noted.

Ours marks and notes each delivery durably (two fsynced commits and the last question), so that a
worker may die anywhere; the baseline only calls. One worker, one connection, the same articles.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import orjson

from bench.baselines.plain_calls import PlainCalls
from bench.lib.line import Round, compared
from channels.contract import PIXEL
from channels.deliveries import Delivery
from juzhen import wiring
from juzhen.settings import Settings
from kernel.secret import Secret

APPID, SECRET = "wx5823bf96d3bd56c7", "s3cret"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ROUND = 60
_BODY = "<p>" + "退休后的每一天都值得早做打算。" * 40 + "</p>"


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(sandbox(home / "sandbox"))
        company = Company(home / "company", url)
        stack.callback(company.close)
        plain = PlainCalls(url, APPID, SECRET)
        stack.callback(plain.close)
        cover, numbers = plain.cover(PIXEL), count()
        same_answers(company, plain, cover, url)

        def theirs() -> Round:
            many = [_article(f"基线{next(numbers)}", cover) for _ in range(ROUND * size)]
            return _timed([partial(plain.publish, each) for each in many])

        yield compared(
            "publish", lambda: company.round(ROUND * size), theirs, unit="deliveries/s",
            size=ROUND * size, against="plain calls, one connection, no outbox", goal=0.15,
        )  # fmt: skip


class Company:
    """A company with an official account at the sandbox."""

    def __init__(self, home: Path, url: str, **stores: str) -> None:
        """``stores`` lie elsewhere than in ``home``."""
        home.mkdir(parents=True)
        settings = Settings(
            home=home, stores_durability="power", keys_secrets=Secret("00" * 32),
            keys_links=Secret("11" * 32), outbound_origins=url, **stores,
        )  # fmt: skip
        wiring.migrate(settings)
        self.platform = wiring.assemble(settings)
        self.account = self.platform.accounts.add(
            code="oa", name="公众号", kind="wechat_oa", ecosystem="wechat", by="bench",
            settings={"app_id": APPID, "base_url": url, "per_minute": 1_000_000},
            secrets={"app_secret": SECRET, "token": "t", "aes_key": AES_KEY},
        )  # fmt: skip
        self.tag = self.platform.taxonomy.create("养老", "topic", by="bench").id
        self._numbers = count()

    def place(self, title: str) -> str:
        made = self.platform.materials.create(
            "image_text", title, body=_BODY, summary="早做打算", tags=[self.tag], by="bench"
        )
        now = datetime.now(UTC)
        placement = self.platform.publishing.place(
            made.id, "oa", opens=now, closes=now + timedelta(days=1), by="bench"
        )
        return placement.id

    def round(self, many: int) -> Round:
        """So many placements, put on the shelf uncounted, published and noted."""
        placements = [self.place(f"素材{next(self._numbers)}") for _ in range(many)]
        begun, cpu = time.perf_counter(), time.process_time()
        self.publish()
        seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
        noted = self.platform.deliveries.of_placements(placements).values()
        took = [_took(each) for each in noted if each.progress]
        if len(took) != many:
            raise RuntimeError(f"{len(took)} of {many} were published")
        p50, p99 = np.percentile(took, [50, 99])
        return Round(many / seconds, float(p50), float(p99), spent * 1000 / many)

    def publish(self) -> None:
        sending = self.platform.publishing
        while sending.rescue() + sending.plan() + sending.carry():
            pass

    def close(self) -> None:
        self.platform.close()


def same_answers(company: Company, plain: PlainCalls, cover: str, url: str) -> None:
    """Followers see the same article, whoever put it up."""
    company.place("同一篇")
    company.publish()
    plain.publish(_article("同一篇", cover))
    with urlopen(f"{url}/sandbox/published") as answer:
        shown = [each["title"] for each in orjson.loads(answer.read())["articles"]]
    if shown != ["同一篇", "同一篇"]:
        raise RuntimeError(f"followers see {shown}")


def _took(delivery: Delivery) -> float:
    """Milliseconds from the mark to the note."""
    if delivery.settled is None or delivery.last_sent is None:
        raise RuntimeError(f"{delivery.id} was not noted")
    return (delivery.settled - delivery.last_sent).total_seconds() * 1000


def _article(title: str, cover: str) -> dict[str, Any]:
    return {
        "title": title, "digest": "早做打算", "content": _BODY, "thumb_media_id": cover,
        "content_source_url": f"https://hub.example.com/t/{title}",
    }  # fmt: skip


def _timed(calls: list[Any]) -> Round:
    took = []
    begun, cpu = time.perf_counter(), time.process_time()
    for call in calls:
        each = time.perf_counter()
        call()
        took.append((time.perf_counter() - each) * 1000)
    seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
    p50, p99 = np.percentile(took, [50, 99])
    return Round(len(calls) / seconds, float(p50), float(p99), spent * 1000 / len(calls))


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """A sandbox in a process of its own, whose reviews take no time; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "juzhen.sandbox", "--port", "0", "--folder", str(folder),
         "--act-every", "0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if process.stdout is None:
        raise RuntimeError("the sandbox says nothing")
    url = process.stdout.readline().split()[-1].rstrip("/")
    account = {"appid": APPID, "secret": SECRET, "token": "t", "aes_key": AES_KEY, "code": "oa"}
    for door, told in (
        ("accounts", account),
        ("knobs", {"review_seconds": 0, "callbacks": "never"}),
    ):
        request = Request(
            f"{url}/sandbox/{door}", orjson.dumps(told), {"Content-Type": "application/json"}
        )
        urlopen(request).close()
    yield url
    process.terminate()
    process.wait()
