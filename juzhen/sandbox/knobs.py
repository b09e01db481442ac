"""Knobs (旋钮): how the sandbox is told to behave well or badly while it runs.

A *setting* stays until it is set again. A *fault* meets the calls whose path holds its ``path``
(``*`` is every call), ``times`` times or for ever, each with its ``chance``; drawn from the seed
and the number of the call, so the same run meets the same faults.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from juzhen.sandbox.ledger import Ledger
from kernel.values import dataclass

SETTINGS: dict[str, Any] = {
    "review_seconds": 3.0,
    "refusing_words": {"抄袭": 2, "发布失败": 3, "保本保息": 4, "稳赚不赔": 4},
    "callbacks": "once",
    "callback_seconds": 600.0,
    "callback_oddity": "",
    "at_once": {},
    "retry_seconds": 5.0,
    "a_day": {},
    "a_minute": {},
    "an_hour": {},
    "a_month": {},
    "unlicensed": [],
    "wecom_a_month": 0,
    "masses_a_day": 100,
    "admin_confirms": False,
}
"""Every setting with what it is until somebody turns it. ``wecom_a_month`` is how many mass
messages a customer takes; 0 is the platform's rule, the days of the month. ``masses_a_day`` is
how often an account may send to all (1 for a subscription account); ``admin_confirms`` has its
administrator say yes first; ``at_once`` is how many calls of a path may be under way (45033);
``an_hour`` and ``a_month`` are WeCom's; ``unlicensed`` are its members whom nothing reaches."""

CALLBACKS = ("once", "twice", "late", "shuffled", "early", "never")
"""``early`` is before the call that caused it is answered; ``late`` after ``callback_seconds``."""

ODDITIES = ("", "bom", "gbk", "twice_named", "unknown_field", "stale", "wrong_receiver", "suite")
"""What callbacks are like: with a mark before them, in another charset, a field in it twice, one
that nobody knows, signed an hour ago, for another receiver, in the envelope of a suite."""

FAULTS = {
    "lose_answer": "does it, then drops the connection",
    "drop": "drops the connection and does nothing",
    "busy": "errcode -1, nothing done",
    "errcode": "this errcode, nothing done",
    "too_many": "HTTP 429 with Retry-After, nothing done",
    "slow": "waits so many seconds before the first byte",
    "html": "HTTP 200 with a page instead of JSON, nothing done",
    "bad_gateway": "HTTP 502 with a page, nothing done",
    "truncate": "does it, and cuts the answer in half",
    "slow_body": "does it, and lets the answer trickle for so many seconds",
    "gzip": "does it, and answers packed though nobody asked for it",
    "odd_json": "does it, and tells numbers as texts, fields that nobody knows and no errcode",
    "swallow": "errcode 0, but nothing reaches the follower",
    "refuse_review": "the review ends with this status (2, 3 or 4)",
}


class UnknownKnob(ValueError):
    """There is no such knob, or it cannot be turned that way."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour that is due now."""

    kind: str
    told: Mapping[str, Any]


class Knobs:
    """Settings and faults, kept in the ledger."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self._ledger, self._seed = ledger, seed

    def __getitem__(self, name: str) -> Any:
        return self._ledger.fact(f"knob:{name}", SETTINGS[name])

    def turn(self, told: Mapping[str, Any]) -> None:
        """Turn several at once; null puts a setting back, or takes a fault away."""
        if strange := set(told) - set(SETTINGS) - set(FAULTS):
            raise UnknownKnob(", ".join(sorted(strange)))
        if told.get("callbacks") not in {None, *CALLBACKS}:
            raise UnknownKnob(f"callbacks: {' | '.join(CALLBACKS)}")
        if told.get("callback_oddity") not in {None, *ODDITIES}:
            raise UnknownKnob(f"callback_oddity: {' | '.join(ODDITIES)}")
        with self._ledger.turn():
            for name, value in told.items():
                if name in FAULTS:
                    self._arm(name, value)
                else:
                    self._ledger.keep(f"knob:{name}", SETTINGS[name] if value is None else value)

    def _arm(self, kind: str, told: Any) -> None:
        with self._ledger.turn() as db:
            if not told:
                db.execute("delete from faults where kind = ?", (kind,))
                return
            for one in told if isinstance(told, list) else [told]:
                if not isinstance(one, Mapping):
                    raise UnknownKnob(kind)
                db.execute(
                    "insert into faults (kind, path, times, chance, told) values (?, ?, ?, ?, ?)",
                    (
                        kind,
                        str(one.get("path", "*")),
                        one.get("times"),
                        float(one.get("chance", 1)),
                        json.dumps(one, ensure_ascii=False),
                    ),
                )

    def take(self, path: str, number: int, *, only: str = "") -> Fault | None:
        """The fault that meets this call, used up by one."""
        deeper = ("swallow", "refuse_review")
        with self._ledger.turn() as db:
            for row in db.execute("select * from faults order by id").fetchall():
                if (row["kind"] in deeper) != bool(only) or (only and row["kind"] != only):
                    continue
                if row["path"] not in ("*", "") and row["path"] not in path:
                    continue
                if self._dice(number, row["id"]) >= row["chance"]:
                    continue
                if row["times"] is not None:
                    db.execute("update faults set times = times - 1 where id = ?", (row["id"],))
                    db.execute("delete from faults where times <= 0")
                return Fault(row["kind"], json.loads(row["told"]))
        return None

    def _dice(self, number: int, fault: int) -> float:
        return random.Random(f"{self._seed}:{number}:{fault}").random()  # noqa: S311  # no secret

    def all(self) -> dict[str, Any]:
        """Every setting, and the faults still to come."""
        with self._ledger.turn() as db:
            rows = db.execute("select kind, path, times, chance from faults order by id").fetchall()
        return {name: self[name] for name in SETTINGS} | {"faults": [dict(row) for row in rows]}
