"""The worker (值班): what runs when, in a written order. Every duty may be done twice.

Duties of one lane run one after the other; lanes run side by side, so that a slow platform never
delays the digest. A lane works under a lease, so any number of workers share the work; it sleeps
until something was committed, or until the clock alone may have made something due. On SIGTERM
nothing new is begun, what is under way is finished, the leases are let go.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from juzhen import metrics
from juzhen.pulse import Pulse
from kernel import logs
from kernel.values import dataclass
from stores.claims import Leases

if TYPE_CHECKING:
    from channels.publishing import Publishing
    from data_hub.digest import Digest
    from juzhen.wiring import Platform
    from stores.history import Fold

LEASE = 6.0
"""Seconds that a dead worker's duties wait for another. A round may take longer: done twice, it
does no harm."""
_LISTEN = 0.1
"""Seconds between two looks whether anything was committed."""
_GIVE_WAY = frozenset({"events", "content", "night", "notices"})
"""Lanes that nobody outside waits for. On a busy machine who answers computes before them."""
_NICER = 5
_FOLDED = 5_000
"""Events that the fold moves at once; more than that behind it are a past that is brought in."""
_HURRY = 2.0
"""Seconds for which the fold catches up before others have their turn: nobody sees what still waits
for it, and who is thought about before all of hers is there is thought about again."""
_PATIENCE = 3.0
"""Seconds for which the digest lets a past that is brought in be folded first: however long that
goes on, it has its usual turn then."""
_SOON = 1.0
"""Longest wait of a duty that the clock alone can make due."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again. ``run`` says how much it found to do."""

    name: str
    run: Callable[[], int]
    every: float
    """Seconds between rounds that left nothing to do."""
    shared: bool = False
    """Several workers may do it at once: it claims piece by piece."""
    idle: float = 5.0
    """Seconds between rounds while nothing is committed at all."""
    full: int = 1
    """A round that found so much may have left some: the next begins at once. What finds a little
    all the time does it in rounds, and not one by one."""

    def rests(self, stirred: bool) -> float:
        """Seconds to wait after a round that found nothing."""
        return self.every if stirred else max(self.every, self.idle)


_Steady = Callable[[], float]
"""A clock that nobody sets, in seconds."""


def lanes(platform: Platform, steady: _Steady = time.monotonic) -> dict[str, list[Duty]]:
    """Who does what, in this order. Followers come after what they follow."""
    p = platform
    return {
        "events": [
            Duty("copy_acts", lambda: p.own_acts.copy(500), 0.3, full=500),
            Duty("fold", lambda: catch_up(p.fold), 0.1, idle=0.1, full=_FOLDED),
            Duty("freshen", p.digest.freshen, 0.3),
            Duty("digest", Digesting(p.digest, p.fold, steady).turn, 0.4, idle=_SOON, full=300),
            Duty("count", lambda: p.counters.fold(500), 0.6, full=500),
            Duty("moods", lambda: p.moods.follow(p.touch_policy.policy().hold_days), 0.5),
            Duty("opt_outs", p.opt_outs.follow, 0.5),
            Duty("blocks", lambda: p.blocks.follow(p.touch_policy.policy()), 0.5),
            Duty("effects", p.effects.follow, 1.0, full=100),
            Duty("refer", p.referrals.follow, 0.5),
            Duty("own_links", p.own_links.follow, 0.3),
            Duty("books", p.books.follow, 0.5, full=100),
            Duty("trigger", lambda: p.triggers.follow(200), 0.3, full=200),
        ],
        "content": [
            Duty("settle_edits", p.scheduled_edits.settle, 0.3, idle=_SOON),
            Duty("index", lambda: p.finding.follow(200), 0.3),
            Duty("finish_moves", p.campaigns.finish_moves, 5.0),
            Duty("finish_tagging", p.tagging_runs.finish, 1.0),
            Duty("finish_shifts", p.shifting.finish, 5.0),
            Duty("settle_tags", p.taxonomy.acts.settle, 1.0),
            Duty("seal_audit", lambda: p.audit.seal(500), 2.0),
            Duty("calendar", p.day_round.run, 60.0),
            Duty("undo_imports", p.undoing.finish, 2.0),
            Duty("sweep", p.repeats.sweep, 600.0),
            Duty("predict", _refit(p), 60.0),
            Duty("choose_vips", p.vips.weekly, 600.0),
        ],
        "night": _night(p),
        "channels": [
            Duty("put_back", p.put_back.mend, 5.0),
            Duty("plan", p.publishing.plan, 0.3, idle=_SOON),
            Duty("broadcast", p.planning.run, 0.3, idle=_SOON),
            Duty("gate", p.publishing.gate, 0.3, shared=True, idle=_SOON),
            Duty("gather_mailings", p.mailings.gather, 0.5, shared=True, idle=_SOON),
            Duty("acquaint", lambda: p.acquaintances.follow(50), 1.0),
            Duty("live_codes", p.live_codes.finish, 5.0),
            Duty("menus", p.menus.finish, 5.0),
            Duty("transfers", p.transfers.finish, 30.0),
            Duty("share_tags", p.vocabularies.finish, 5.0),
            Duty("catch_up", p.catching_up.run, 60.0),
            Duty("pull_leads", p.ad_leads.pull, 10.0, idle=10.0),
            Duty("judge_leads", p.ad_leads.tell, 10.0, idle=10.0),
            Duty("renew", p.renewing.run, 600.0, idle=600.0),
        ],
        "mailings": [Duty("post_mailings", p.mail_post.run, 0.5, shared=True, idle=_SOON)],
        "notices": _notices(p),
        "express": [
            Duty("greet", p.publishing.greet, 0.1, shared=True, idle=_SOON),
            Duty("welcome", p.welcoming.greet_due, 0.2, shared=True, idle=_SOON),
            Duty("rep_cards", lambda: p.rep_cards.follow(200), 0.5),
        ],
        **{f"sender-{n}": sender(p.publishing, n) for n in range(1, p.settings.worker_senders + 1)},
    }


def catch_up(fold: Fold, hurry: float = _HURRY) -> int:
    """Fold what waits, for so many seconds and at least once; says how many events."""
    until, done = time.monotonic() + hurry, 0
    while found := fold.run(_FOLDED):
        done += found
        if found < _FOLDED or time.monotonic() > until:
            break
    return done


class Digesting:
    """The digest's usual turn comes once the fold is through what waits, or has had its time; the
    clock's always."""

    def __init__(self, digest: Digest, fold: Fold, steady: _Steady) -> None:
        self._digest = digest
        self._fold = fold
        self._steady = steady
        self._last = steady()

    def turn(self) -> int:
        waited = self._steady() - self._last
        if waited < _PATIENCE and self._fold.behind() > _FOLDED:
            return self._digest.look()
        found = self._digest.run(500)
        self._last = self._steady()
        return found


def _train(p: Platform) -> int:
    """A night learns from what is counted: from half a past it would find that there is too little,
    and it comes once."""
    return 0 if p.counters.lags() else p.nightly.due()


def _refit(p: Platform) -> Callable[[], int]:
    return lambda: p.predictions.refit(behind=p.digest.behind())


def _notices(p: Platform) -> list[Duty]:
    """What systems outside are told."""
    return [
        Duty("tell_acts", p.telling.follow, 0.5),
        Duty("watch_shelf", p.telling.watch, 1.0, idle=_SOON),
        Duty("tell_again", p.subscriptions.again, 1.0),
        Duty("carry_notices", p.notices.carry, 0.5, idle=_SOON),
    ]


def _night(p: Platform) -> list[Duty]:
    """What can wait for hours."""
    return [
        Duty("let_go", p.retention.run, 3_600.0),
        Duty("silence", p.privacy.echoes.run, 30.0),
        Duty("rewrite", p.rewriting.run, 3_600.0),
        Duty("regroup", p.regrouping.run, 3_600.0),
        Duty("empty_logs", p.emptying.run, 5.0),
        Duty("seal", p.fold.seal, 3_600.0),
        Duty("train", lambda: _train(p), 300.0),
        Duty("count_responses", p.responses.recount, 60.0),
        Duty("count_unadvised", p.unadvised.recount, 60.0),
        Duty("sweep_files", p.media.sweep, 21_600.0),
        Duty("sweep_uploads", p.uploads.sweep, 3_600.0),
        Duty("sweep_search", lambda: p.finding.sweep(p.clock()), 21_600.0),
        Duty("sweep_notices", p.subscriptions.sweep, 3_600.0),
    ]


def pulse(platform: Platform) -> Pulse:
    """Beats with every commit to the records and to what is known of people."""
    stores = (platform.records,) if platform.records.on_postgres else (
        platform.records, platform.people
    )  # fmt: skip
    return Pulse([store.stirred for store in stores])


def sender(publishing: Publishing, number: int) -> list[Duty]:
    """One of several that call platforms: a slow one keeps only its own share of them waiting.

    The first watches the clock; what it finds wakes the others.
    """
    idle = _SOON if number == 1 else 10 * _SOON
    return [
        Duty("rescue", publishing.rescue, 1.0, shared=True, idle=idle),
        Duty("carry", publishing.carry, 0.3, shared=True, idle=idle),
        Duty("poll", publishing.poll, 1.0, shared=True, idle=idle),
        Duty("withdraw", publishing.withdraw_due, 1.0, shared=True, idle=idle),
    ]


class Worker:
    """One process full of duties."""

    def __init__(
        self,
        duties: dict[str, list[Duty]],
        leases: Leases,
        *,
        drain: float,
        name: str = "",
        pulse: Pulse | None = None,
    ) -> None:
        """``drain`` is how many seconds stopping may take; ``name`` tells workers apart."""
        self._duties = duties
        self._leases = leases
        self._drain = drain
        self._stopping = threading.Event()
        self._me = name or f"{socket.gethostname()}:{os.getpid()}"
        self._pulse = pulse or Pulse()
        self._held: dict[str, float] = {}
        """Until when a lane may take its lease for its own, by the steady clock."""
        self._awake: dict[str, float] = {}
        """When a lane last went from one duty to the next."""

    def run(self) -> None:
        """Work until a signal says stop, then finish what is under way."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: self.stop())
        self.lanes()

    def lanes(self) -> None:
        """Every lane in a thread of its own, until `stop`."""
        threads = [
            threading.Thread(target=self._lane, args=(lane, duties), name=lane, daemon=True)
            for lane, duties in self._duties.items()
        ]
        for thread in threads:
            thread.start()
        renewed = time.monotonic()
        while not self._stopping.wait(_LISTEN):
            renewed = self._listen(renewed)
        self._pulse.beat()
        deadline = time.monotonic() + self._drain
        for thread in threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._let_go()
        logs.info("worker_stopped", unfinished=[t.name for t in threads if t.is_alive()])

    def stop(self) -> None:
        self._stopping.set()

    def _listen(self, renewed: float) -> float:
        """Wake the lanes if anything was committed, and keep their leases; when that was done."""
        now = time.monotonic()
        try:
            self._pulse.listen()
            if now - renewed < LEASE / 3:
                return renewed
            self._renew(now)
            self._pulse.absorb()
        except Exception as failure:  # noqa: BLE001 — the outermost loop; asked again soon
            logs.error("pulse_failed", failure)
            self._pulse.beat()
            self._stopping.wait(1.0)
        return now

    def _renew(self, now: float) -> None:
        """All lanes at once; one that hangs in a duty loses its lease."""
        lively = {f"lane:{lane}": lane for lane in self._held if now - self._awake[lane] < LEASE}
        if not lively:
            return
        kept = self._leases.hold_all(list(lively), self._me, LEASE)
        for name, lane in lively.items():
            if name in kept:
                self._held[lane] = now + LEASE * 2 / 3
            else:
                self._held.pop(lane, None)

    def _lane(self, lane: str, duties: Sequence[Duty]) -> None:
        due = dict.fromkeys((duty.name for duty in duties), (0.0, -1))
        """By duty, when its last round ended and how often the pulse had beaten before it."""
        if lane in _GIVE_WAY:
            give_way()
        while not self._stopping.is_set():
            beats = self._pulse.beats
            pause = 60.0
            for duty in duties:
                self._awake[lane] = time.monotonic()
                if self._stopping.is_set():
                    break
                if self._rest(duty, *due[duty.name]) <= 0:
                    due[duty.name] = self._done(lane, duty)
                pause = min(pause, self._rest(duty, *due[duty.name]))
            if pause > 0:
                self._awake[lane] = time.monotonic() + pause
                self._pulse.wait(beats, pause)

    def _rest(self, duty: Duty, ended: float, beats: int) -> float:
        """Seconds until its next round."""
        return ended + duty.rests(not self._pulse.still(beats)) - time.monotonic()

    def _done(self, lane: str, duty: Duty) -> tuple[float, int]:
        beats = self._pulse.beats
        found = self._round(lane, duty)
        if found:
            self._pulse.beat()  # whoever follows it looks
            return (0.0 if found >= duty.full else time.monotonic()), -1
        if found is None:
            return time.monotonic() + LEASE / 6 - duty.rests(False), beats
        return time.monotonic(), beats

    def _mine(self, lane: str, duty: Duty) -> bool:
        """Hold the lane's lease, renewed by the thread that listens; a shared duty needs none."""
        if duty.shared or self._held.get(lane, 0) > time.monotonic():
            return True
        now = time.monotonic()
        if self._leases.hold(f"lane:{lane}", self._me, LEASE) is None:
            self._held.pop(lane, None)
            return False
        self._held[lane] = now + LEASE * 2 / 3
        return True

    def _round(self, lane: str, duty: Duty) -> int | None:
        """One round, or None while it is another worker's. The outermost loop: a failure, be it of
        the lease's own database, is told and counted, and the lane goes on."""
        begun = time.perf_counter()
        try:
            return duty.run() if self._mine(lane, duty) else None
        except Exception as failure:  # noqa: BLE001 — the outermost loop of the worker
            logs.error("duty_failed", failure, duty=duty.name)
            metrics.metric("juzhen_duty_failures_total", duty=duty.name).inc()
            self._stopping.wait(1.0)
            return 0
        finally:
            took = time.perf_counter() - begun
            metrics.metric("juzhen_duty_seconds", duty=duty.name).observe(took)

    def _let_go(self) -> None:
        for lease in self._leases.live():
            if lease.holder == self._me and lease.name.removeprefix("lane:") in self._held:
                self._leases.release(lease)


def give_way() -> None:
    """This thread, and on Linux it alone, is nicer than who started it; where that is forbidden
    it is as everybody else."""
    if sys.platform == "linux":
        me = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + _NICER)
