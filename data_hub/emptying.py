"""Emptying (清空日志): what is gone from the stores goes from the logs beside them, too.

Whoever reads for long holds a store's log, and with it the bytes of what was erased meanwhile. So
whatever is to be gone is noted, with the proof that tells of it, until the logs have been empty
once. Erases nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import orjson

from stores.changes import Changes
from stores.history import History
from stores.records import Record, Records
from stores.watermarks import Watermarks

_MARK = "emptying"
_BY = "juzhen"
_PATIENCE, _PAUSE = 2.0, 0.05


class Emptying:
    """The logs of the records, of what is known of people, and of the history."""

    def __init__(
        self, records: Records, people: Records, history: History, changes: Changes
    ) -> None:
        self._records = records
        self._people = people
        self._history = history
        self._changes = changes
        self._marks = Watermarks(records, Record)

    def ask(self, why: str, marks: Sequence[str] = ()) -> None:
        """Have the logs emptied. ``why`` is the proof of an erasure, with the ``marks`` of whoever
        was erased, or a word; joins the write that is open."""
        if why not in self._waiting():
            with self._records.write("emptying"):
                told = {**self._waiting(), why: list(marks)}
                self._marks.move(_MARK, orjson.dumps(told).decode())

    def waiting(self) -> Sequence[str]:
        """The proofs of erasures, of which bytes are left."""
        return [proof for proof, marks in self._waiting().items() if marks]

    def _waiting(self) -> dict[str, list[str]]:
        told: dict[str, list[str]] = orjson.loads(self._marks.of(_MARK) or b"{}")
        return told

    def now(self) -> bool:
        """Are they empty? Whoever reads is waited for, for a moment."""
        until = time.monotonic() + _PATIENCE
        while not (empty := self._emptied()) and time.monotonic() < until:
            time.sleep(_PAUSE)
        return empty

    def _emptied(self) -> bool:
        return all(store.emptied() for store in (self._records, self._people, self._history))

    def run(self) -> int:
        """Empty them if that was asked for; how many asked. 0 while somebody holds them."""
        asked = self._waiting()
        if not asked or not self._emptied():
            return 0
        with self._records.write("emptying"):
            left = {why: marks for why, marks in self._waiting().items() if why not in asked}
            self._marks.move(_MARK, orjson.dumps(left).decode())
            for proof, marks in asked.items():
                told = {mark: {"proof": proof} for mark in marks}
                self._changes.note_all("erased_bytes", "customer", told, by=_BY)
        return len(asked)
