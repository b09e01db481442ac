"""Deliveries (投放): ten thousand, thirty in a hundred calls failing, twenty workers killed.

The product's own worker in two processes, leases of two seconds, against a server that counts its
effects: half go to receivers that know our key, half to an official account that knows none. None
may be lost and none doubled; what nobody can know is left to a person, with its reason. Beside it
the same against the product's own sandbox, where all go to official accounts: a platform that looks
at everything it is told costs more than one that counts, and its processor is the workers' own.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from bench.lib.counting import Counting
from bench.lib.line import measured
from bench.lib.twin import ACCOUNTS, Twin
from channels.deliveries import Lane, State
from juzhen import logs, wiring
from juzhen.settings import Settings
from juzhen.wiring import Platform
from juzhen.worker import Duty, Worker, pulse, sender
from kernel.clock import utc_now
from kernel.errors import Overloaded
from kernel.secret import Secret

_MANY = 10_000
_KILLS = 20
_PROCESSES = 2
_SENDERS = 2
_MOST = {"process": 60.0, "power": 120.0}
_PATIENCE = 600.0
ALONE, TOGETHER, FROZEN = "alone", "together", "frozen"
"""Workers are killed one at a time, or all at once, or stopped for three leases and let go on."""
COUNTING, SANDBOX = "counting", "sandbox"
_KINDS = ("push", "push", "wechat_oa", "wechat_oa")
"""Two receivers of webhooks and two official accounts."""
_TWIN = ("wechat_oa",) * ACCOUNTS
_AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


def run(size: int) -> Iterator[dict[str, Any]]:
    for durability in ("process", "power"):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            told = carried(Path(folder), _MANY * size, kills=_KILLS, durability=durability)
        line = measured(
            "deliveries" if durability == "process" else "deliveries_power", told.pop("seconds"),
            "s", size=_MANY * size, most=_MOST[durability] * size,
        )  # fmt: skip
        yield line | told | {"ok": line["ok"] and not told["lost"] and not told["doubled"]}
    yield _beside(_MANY * size)


def _beside(many: int) -> dict[str, Any]:
    """The same through the sandbox: shown, and held to what is not a matter of time."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        told = carried(Path(folder), many, kills=_KILLS, through=SANDBOX)
    line = measured("deliveries_sandbox", told.pop("seconds"), "s", size=many, most=_PATIENCE)
    return line | told | {"goal": None, "ok": not told["lost"] and not told["doubled"]}


def carried(
    home: Path,
    many: int,
    *,
    kills: int,
    durability: str = "process",
    records: str = "",
    fate: str = ALONE,
    through: str = COUNTING,
) -> dict[str, Any]:
    """Queue so many, have them carried by workers that meet their ``fate`` so often, and hold what
    was said against what the other side counted."""
    sandboxed = through == SANDBOX
    counting = Twin(home / "twin", many, _AES_KEY) if sandboxed else Counting()
    try:
        told = settings(home, counting.url, durability, records)
        wiring.migrate(told)
        _queue(told, counting.url, many, _TWIN if sandboxed else _KINDS)
        begun, spent = time.monotonic(), _spent()
        killed = _worked(told, many, kills, fate)
        seconds, cpu = time.monotonic() - begun, _spent() - spent
        return {
            "seconds": seconds, "cpu_ms": round(cpu * 1000 / many, 2), "killed": killed,
            "load": round(os.getloadavg()[0], 1), **_held_against(told, counting.told()),
        }  # fmt: skip
    finally:
        counting.stop()


def _spent() -> float:
    """Seconds of processor that the workers took which have ended."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def settings(home: Path, url: str, durability: str, records: str = "") -> Settings:
    return Settings(
        home=home, stores_records=records, stores_durability=durability, outbound_origins=url,
        keys_secrets=Secret("00" * 32), keys_links=Secret("11" * 32), worker_leases=2.0,
        worker_share=16, worker_senders=_SENDERS,
    )  # fmt: skip


def _queue(told: Settings, url: str, many: int, kinds: Sequence[str] = _KINDS) -> None:
    """Uncounted: a quarter to each of four accounts."""
    platform = wiring.assemble(told)
    for number, kind in enumerate(kinds):
        platform.accounts.add(
            code=f"{kind}{number}", name=kind, kind=kind, ecosystem="own_app", by="bench",
            settings={"url": f"{url}/hook", "app_id": f"wx{number}", "base_url": url,
                      "per_minute": 1_000_000},
            secrets={"sign_key": "s", "app_secret": "s", "token": "t", "aes_key": _AES_KEY},
        )  # fmt: skip
    for account in platform.accounts.all():
        handle = "user" if account.kind == "push" else "openid"
        targets = [f"{handle}:{account.id}:{account.code}-{n}" for n in range(many // len(kinds))]
        for begin in range(0, len(targets), 500):
            platform.deliveries.queue_many(
                account=account.id, occasion="bench", by="bench", purpose="service",
                words="您好", lane=Lane.GATED,
                targets=dict.fromkeys(targets[begin : begin + 500], utc_now()),
            )  # fmt: skip
    platform.close()


def _worked(told: Settings, many: int, times: int, fate: str) -> int:
    """Workers until nothing moves by itself; their fate meets one of them, or all, whenever the
    next part of the whole is done."""
    workers = [_begun(told) for _ in range(_PROCESSES)]
    met, turn, frozen = 0, count(), dict[int, float]()
    platform = wiring.assemble(told)
    until = time.monotonic() + _PATIENCE
    while (left := _moving(platform)) and time.monotonic() < until:
        if met < times and left <= many * (1 - (met + 0.5) / times):
            which = range(_PROCESSES) if fate == TOGETHER else [next(turn) % _PROCESSES]
            if fate != FROZEN:
                _kill(workers[each] for each in which)
                for each in which:
                    workers[each] = _begun(told)
                met += 1
            elif not frozen:
                frozen = {workers[each]: _frozen(workers[each], told) for each in which}
                met += 1
        frozen = {each: end for each, end in frozen.items() if not _thawed(each, end)}
        time.sleep(0.25)  # asking costs what is measured
    for each in frozen:
        os.kill(each, signal.SIGCONT)
    _kill(workers, signal.SIGTERM if fate == FROZEN else signal.SIGKILL)
    platform.close()
    return met


def _frozen(worker: int, told: Settings) -> float:
    """Stop it where it is; when it may go on, long after its leases have ended."""
    os.kill(worker, signal.SIGSTOP)
    return time.monotonic() + 3 * told.worker_leases


def _thawed(worker: int, end: float) -> bool:
    if time.monotonic() < end:
        return False
    os.kill(worker, signal.SIGCONT)
    return True


def _kill(workers: Iterable[int], sign: int = signal.SIGKILL) -> None:
    """End them; by SIGTERM they finish what is under way."""
    gone = list(workers)
    for worker in gone:
        os.kill(worker, sign)
    for worker in gone:
        os.waitpid(worker, 0)


def _begun(told: Settings) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        logs.start("warning")
        platform = wiring.assemble(told)
        lanes = {f"sender-{n}": sender(platform.publishing, n) for n in range(1, _SENDERS + 1)}
        lanes["gate"] = [Duty("gate", platform.publishing.gate, 0.3, shared=True, idle=1.0)]
        Worker(lanes, platform.leases, drain=5, pulse=pulse(platform)).run()
        os._exit(0)
    return child


def _moving(platform: Platform) -> int:
    """How many are still to be carried or settled without a person; asked again while the
    database is away."""
    while True:
        try:
            ((moving,),) = platform.records.rows(
                "SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending')"
                " OR (state = 'unknown' AND next_at IS NOT NULL)"
            )
        except Overloaded:
            time.sleep(0.25)
        else:
            return int(moving)


def _held_against(told: Settings, counted: dict[str, Any]) -> dict[str, Any]:
    platform = wiring.assemble(told)
    effects, states, lost, doubled = Counter(counted["effects"]), Counter[str](), 0, 0
    after = None
    while True:
        page = platform.deliveries.page(first=100, after=after)
        for each in page.items:
            states[each.state] += 1
            target = each.target.rpartition(":")[2]
            shown = effects[f"push:{each.id}" if each.target[:4] == "user" else f"oa:{target}"]
            doubled += shown > 1
            explained = each.state in (State.UNKNOWN, State.PARKED) and each.reason
            lost += (each.state == State.DONE and shown != 1) or not (
                each.state == State.DONE or explained
            )
        if (after := page.next) is None:
            break
    platform.close()
    met = {fault: n for fault, n in sorted(counted["met"].items()) if fault != "none"}
    return {"lost": lost, "doubled": doubled, "states": dict(states), "calls": counted["calls"],
            "faults": met}  # fmt: skip


if __name__ == "__main__":
    # python -m bench.deliveries FOLDER MANY TIMES DURABILITY RECORDS [FATE [sandbox]]
    folder, many, times, durability, records, *more = sys.argv[1:]
    fate, through = [*more, *(ALONE, COUNTING)[len(more) :]]
    told = carried(
        Path(folder), int(many), kills=int(times), durability=durability, records=records,
        fate=fate, through=through,
    )  # fmt: skip
    print(json.dumps(told))
