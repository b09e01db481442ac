"""Callbacks (平台回调): three hundred a second, evenly, then a thousand at once; and whoever adds a
rep meanwhile is welcomed.

The product's own web and worker processes, durable as by default; the callbacks are sealed and
signed as the platforms do it. No baseline: a platform waits five seconds, a welcome code lives 20,
and these are the times that we promise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from bench.lib.counting import Counting
from bench.lib.line import measured
from bench.lib.paced import paced
from bench.lib.server import ROOT, free_port
from juzhen import wiring
from juzhen.sandbox import crypto
from juzhen.settings import Settings
from kernel.secret import Secret

_A_SECOND, _SECONDS, _BURST = 300, 10, 1_000
_WELCOMES = 10
"""One callback in so many tells of somebody who added a rep."""
_MOST_MS, _BURST_MS, _WELCOME_MS = 50.0, 2_000.0, 2_000.0
_AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
_FAN = (
    "<xml><ToUserName>gh_1</ToUserName><FromUserName>o{n}</FromUserName>"
    "<CreateTime>{now}</CreateTime><MsgType>text</MsgType><Content>您好，想了解养老</Content>"
    "<MsgId>{n}</MsgId></xml>"
)
_ADDED = (
    "<xml><ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName>"
    "<CreateTime>{now}</CreateTime><MsgType>event</MsgType>"
    "<Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>"
    "<UserID>li</UserID><ExternalUserID>wm{n}</ExternalUserID>"
    "<WelcomeCode>{code}</WelcomeCode></xml>"
)


def run(size: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        counting = Counting(faults=False)
        stack.callback(counting.stop)
        port = stack.enter_context(_company(home, counting.url))
        paced(port, _evenly(1, "warm"))
        yield from _even(port, counting, _SECONDS * size)
        yield _burst(port, _BURST * size)


def _even(port: int, counting: Counting, seconds: int) -> Iterator[dict[str, Any]]:
    requests = _evenly(seconds, "even")
    told = paced(port, requests)
    codes = [f"even-{n}" for n in range(0, len(requests), _WELCOMES)]
    greeted = _greeted(counting, codes)
    waits = sorted(
        greeted.get(code, float("inf")) - told.begun[n * _WELCOMES] for n, code in enumerate(codes)
    )
    line = measured("callbacks", told.at(0.99), "ms p99", size=len(requests), most=_MOST_MS)
    yield line | {
        "p50_ms": round(told.at(0.5), 2), "p99_ms": round(told.at(0.99), 2), "a_second": _A_SECOND,
        "failed": told.failed, "ok": line["ok"] and not told.failed, **_load(),
    }  # fmt: skip
    p99 = waits[int(len(waits) * 0.99)] * 1000
    line = measured("welcome", p99, "ms p99", size=len(waits), most=_WELCOME_MS)
    yield line | {"p50_ms": round(waits[len(waits) // 2] * 1000, 2), "p99_ms": round(p99, 2)}


def _burst(port: int, many: int) -> dict[str, Any]:
    told = paced(port, [(0.0, _request("burst", n)) for n in range(many)])
    line = measured("callbacks_burst", told.at(1), "ms", size=many, most=_BURST_MS)
    return line | {
        "p50_ms": round(told.at(0.5), 2), "p99_ms": round(told.at(0.99), 2),
        "failed": told.failed, "ok": line["ok"] and not told.failed, **_load(),
    }  # fmt: skip


def _load() -> dict[str, float]:
    return {"load": round(os.getloadavg()[0], 1)}


def _evenly(seconds: int, name: str) -> list[tuple[float, str]]:
    return [(n / _A_SECOND, _request(name, n)) for n in range(seconds * _A_SECOND)]


def _request(name: str, number: int) -> str:
    """One callback as it goes over the wire."""
    told = {"n": f"{name}{number}", "now": int(time.time()), "code": f"{name}-{number}"}
    if number % _WELCOMES:
        account, receiver, message = "oa", "wx1", _FAN.format(**told)
    else:
        account, receiver, message = "corp", "ww1", _ADDED.format(**told)
    sealed = crypto.encrypt(message, aes_key=_AES_KEY, receiver=receiver)
    stamp, nonce = str(told["now"]), f"n{number}"
    query = urlencode({
        "timestamp": stamp, "nonce": nonce,
        "msg_signature": crypto.signature("t", stamp, nonce, sealed),
    })  # fmt: skip
    body = f"<xml><ToUserName>x</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
    return (
        f"POST /callbacks/{account}?{query} HTTP/1.1\r\nHost: bench\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _greeted(counting: Counting, codes: list[str]) -> dict[str, float]:
    """By welcome code, when the platform was asked to say hello; those that are late are waited
    for as long as a code lives."""
    until = time.monotonic() + 20
    while True:
        greeted: dict[str, float] = counting.told()["greeted"]
        if greeted.keys() >= set(codes) or time.monotonic() > until:
            return greeted
        time.sleep(0.25)


@contextmanager
def _company(home: Path, url: str) -> Iterator[int]:
    """A web and a worker process of a company with an official account and a corp; its port."""
    _made(home, url)
    with running(home, JUZHEN_OUTBOUND_ORIGINS=url) as port:
        yield port


@contextmanager
def running(home: Path, **more: str) -> Iterator[int]:
    """A web and a worker process of the company at home; its port."""
    port = free_port()
    told = {
        "JUZHEN_HOME": str(home), "JUZHEN_WEB_PORT": str(port), "JUZHEN_KEYS_SECRETS": "00" * 32,
        "JUZHEN_KEYS_LINKS": "11" * 32, **more,
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "juzhen", command], cwd=ROOT, env=os.environ | told,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for command in ("serve", "worker")
    ]  # fmt: skip
    try:
        _until_ready(f"http://127.0.0.1:{port}/readyz")
        yield port
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _made(home: Path, url: str) -> None:
    told = Settings(
        home=home, keys_secrets=Secret("00" * 32), keys_links=Secret("11" * 32),
        outbound_origins=url,
    )  # fmt: skip
    wiring.migrate(told)
    platform = wiring.assemble(told)
    secrets = {"app_secret": "s", "token": "t", "aes_key": _AES_KEY}
    platform.accounts.add(
        code="oa", name="公众号", kind="wechat_oa", ecosystem="wechat", by="bench", secrets=secrets,
        settings={"app_id": "wx1", "base_url": url},
    )  # fmt: skip
    platform.accounts.add(
        code="corp", name="企业微信", kind="wecom", ecosystem="wechat", by="bench",
        secrets=secrets,
        settings={"corp_id": "ww1", "agent_id": 1, "base_url": url, "welcome": "您好"},
    )  # fmt: skip
    platform.close()


def _until_ready(url: str) -> None:
    until, ready = time.monotonic() + 60, False
    while not ready:
        try:
            with urlopen(url) as answer:
                ready = answer.status == 200
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
