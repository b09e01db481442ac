"""The twin (沙箱一侧): the product's own sandbox in place of the counting server, as strict and as
faulty as the platform it plays.

Four official accounts with so many people each, all of whom have just written, and the faults of
the counting server: what reached whom is read in the sandbox's own ledger.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.lib.counting import FAULTS, ROOT

ACCOUNTS = 4
_CALLED = "message/custom/send"
_KNOBS = {
    "500": "bad_gateway",
    "429": "too_many",
    "drop_before": "drop",
    "drop_after": "lose_answer",
}


class Twin:
    """What a bench asks of the sandbox."""

    def __init__(self, folder: Path, many: int, aes_key: str) -> None:
        folder.mkdir()
        people = many // ACCOUNTS
        told = [_account(number, people, aes_key) for number in range(ACCOUNTS)]
        (folder / "accounts.json").write_text(json.dumps(told))
        self._ledger = folder / "sandbox.db"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "juzhen.sandbox", "--port", "0", "--folder", str(folder),
             "--hub", "http://127.0.0.1:9", "--act-every", "0"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        if self._process.stdout is None:
            raise RuntimeError("the sandbox says nothing")
        self.url = self._process.stdout.readline().split()[-1].rstrip("/")
        self._turn({knob: list(each) for knob, each in _faults()})

    def told(self) -> dict[str, Any]:
        """Effects by person, and how many calls met which fault."""
        with closing(sqlite3.connect(self._ledger)) as ledger:
            effects = ledger.execute(
                "select openid, count(*) from messages where ours group by openid"
            )
            met = ledger.execute(
                "select coalesce(nullif(fault, ''), 'none'), count(*) from journal"
                " where path = ? group by fault", [_CALLED],
            )  # fmt: skip
            met_by = dict(met.fetchall())
            return {
                "effects": {f"oa:{openid}": number for openid, number in effects},
                "met": met_by, "calls": sum(met_by.values()),
            }  # fmt: skip

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _turn(self, knobs: dict[str, Any]) -> None:
        asked = Request(
            f"{self.url}/sandbox/knobs", json.dumps(knobs).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        urlopen(asked).close()


def _faults() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A fault's chance is asked for after those before it were spared, so it is that much more."""
    left = 1.0
    for fault, share in FAULTS:
        yield _KNOBS[fault], [{"path": _CALLED, "chance": share / left, "seconds": 1}]
        left -= share


def _account(number: int, people: int, aes_key: str) -> dict[str, Any]:
    code = f"wechat_oa{number}"
    cast = [{"openid": f"{code}-{n}", "name": code, "wrote": True} for n in range(people)]
    return {
        "kind": "official", "appid": f"wx{number}", "secret": "s", "token": "t",
        "aes_key": aes_key, "code": code, "name": code, "cast": cast,
    }  # fmt: skip
