"""The worker (值班): what runs when, in a written order. Every duty may be done twice.

Duties of one lane run one after the other; lanes run side by side, so that a slow platform never
delays the digest. Each duty is done under a lease, so any number of workers share the work. On
SIGTERM nothing new is begun, what is under way is finished, the leases are let go.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from juzhen import metrics
from juzhen.logs import logger
from stores.claims import Leases

if TYPE_CHECKING:
    from juzhen.wiring import Platform

LEASE = 6.0
"""Seconds that a dead worker's duties wait for another. A round may take longer: done twice, it
does no harm."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again. ``run`` says how much it found to do."""

    name: str
    run: Callable[[], int]
    every: float
    """Seconds between rounds that found nothing; after one that did, the next begins at once."""
    shared: bool = False
    """Several workers may do it at once: it claims piece by piece."""


def lanes(platform: Platform) -> dict[str, list[Duty]]:
    """Who does what, in this order. Followers come after what they follow."""
    p = platform
    return {
        "events": [
            Duty("copy_acts", lambda: p.own_acts.copy(500), 0.2),
            Duty("fold", lambda: p.fold.run(5_000), 0.1),
            Duty("freshen", p.digest.freshen, 0.3),
            Duty("digest", lambda: p.digest.run(500), 0.1),
            Duty("count", lambda: p.counters.fold(500), 0.2),
            Duty("moods", lambda: p.moods.follow(p.touch_policy.policy().hold_days), 0.5),
            Duty("trigger", lambda: p.triggers.follow(200), 0.3),
        ],
        "content": [
            Duty("index", lambda: p.finding.follow(200), 0.3),
            Duty("seal_audit", lambda: p.audit.seal(500), 2.0),
            Duty("calendar", p.triggers.calendar, 60.0),
            Duty("sweep", p.repeats.sweep, 600.0),
            Duty("predict", p.predictions.refit, 600.0),
            Duty("choose_vips", p.vips.weekly, 600.0),
        ],
        "night": [Duty("train", p.nightly.due, 300.0)],
        "channels": [
            Duty("plan", p.publishing.plan, 0.3),
            Duty("gate", p.publishing.gate, 0.3, shared=True),
            Duty("acquaint", lambda: p.acquaintances.follow(50), 1.0),
            Duty("live_codes", p.live_codes.finish, 5.0),
            Duty("catch_up", p.catching_up.run, 60.0),
        ],
        "express": [
            Duty("greet", p.publishing.greet, 0.1, shared=True),
            Duty("welcome", p.welcoming.greet_due, 0.2, shared=True),
            Duty("rep_cards", lambda: p.rep_cards.follow(200), 0.5),
        ],
        **{f"sender-{n}": _sender(p) for n in range(1, p.settings.worker_senders + 1)},
    }


def _sender(p: Platform) -> list[Duty]:
    """One of several that call platforms: a slow one keeps only its own share of them waiting."""
    return [
        Duty("rescue", p.publishing.rescue, 1.0, shared=True),
        Duty("carry", p.publishing.carry, 0.3, shared=True),
        Duty("poll", p.publishing.poll, 1.0, shared=True),
        Duty("withdraw", p.publishing.withdraw_due, 0.3, shared=True),
    ]


class Worker:
    """One process full of duties."""

    def __init__(
        self, duties: dict[str, list[Duty]], leases: Leases, *, drain: float, name: str = ""
    ) -> None:
        """``drain`` is how many seconds stopping may take; ``name`` tells workers apart."""
        self._duties = duties
        self._leases = leases
        self._drain = drain
        self._stopping = threading.Event()
        self._me = name or f"{socket.gethostname()}:{os.getpid()}"

    def run(self) -> None:
        """Work until a signal says stop, then finish what is under way."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: self.stop())
        self.lanes()

    def lanes(self) -> None:
        """Every lane in a thread of its own, until `stop`."""
        threads = [
            threading.Thread(target=self._lane, args=(duties,), name=lane, daemon=True)
            for lane, duties in self._duties.items()
        ]
        for thread in threads:
            thread.start()
        while not self._stopping.wait(0.5):
            pass  # a signal taken by another thread is heard when this one wakes
        deadline = time.monotonic() + self._drain
        for thread in threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        logger().info("worker_stopped", unfinished=[t.name for t in threads if t.is_alive()])

    def stop(self) -> None:
        self._stopping.set()

    def _lane(self, duties: Sequence[Duty]) -> None:
        next_at = dict.fromkeys((duty.name for duty in duties), 0.0)
        held: dict[str, float] = {}
        while not self._stopping.is_set():
            for duty in duties:
                if self._stopping.is_set():
                    break
                if time.monotonic() < next_at[duty.name]:
                    continue
                found = self._round(duty, held)
                wait = LEASE / 6 if found is None else duty.every
                next_at[duty.name] = time.monotonic() + (0 if found else wait)
            pause = min(next_at.values()) - time.monotonic()
            self._stopping.wait(min(max(pause, 0.005), 1.0))
        self._let_go(held)

    def _mine(self, duty: Duty, held: dict[str, float]) -> bool:
        """Hold the duty's lease, renewed at a third of its life; a shared duty needs none."""
        now = time.monotonic()
        if duty.shared or held.get(duty.name, 0) > now:
            return True
        if self._leases.hold(f"duty:{duty.name}", self._me, LEASE) is None:
            held.pop(duty.name, None)
            return False
        held[duty.name] = now + LEASE / 3
        return True

    def _round(self, duty: Duty, held: dict[str, float]) -> int | None:
        """One round, or None while it is another worker's. The outermost loop: a failure, be it of
        the lease's own database, is told and counted, and the lane goes on."""
        begun = time.perf_counter()
        try:
            return duty.run() if self._mine(duty, held) else None
        except Exception:  # noqa: BLE001 — the outermost loop of the worker
            logger().exception("duty_failed", duty=duty.name)
            metrics.metric("juzhen_duty_failures_total", duty=duty.name).inc()
            self._stopping.wait(1.0)
            return 0
        finally:
            took = time.perf_counter() - begun
            metrics.metric("juzhen_duty_seconds", duty=duty.name).observe(took)

    def _let_go(self, held: dict[str, float]) -> None:
        for lease in self._leases.live():
            if lease.holder == self._me and lease.name.removeprefix("duty:") in held:
                self._leases.release(lease)
