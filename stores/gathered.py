"""Gathered writes (合并写入): small writes of many callers in one transaction and its fsync.

For doors that answer once something is durable, however many knock at a time. Knows no table. What
fails is done once more by itself, so that it fails alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from kernel.errors import Overloaded
from stores.records import Records

_TOGETHER = 50
"""So many share a transaction: it is over long before a hundred milliseconds."""

Write = Callable[[], object]
"""Writes to the records, harmless when repeated; it names nothing that it decides on."""


class _Owed(NamedTuple):
    write: Write
    told: Future[None]


class Gathered:
    """Whoever comes first writes for all who came meanwhile; what gathers behind that is written by
    a thread that is begun when it is first needed."""

    def __init__(self, records: Records, *, limit: int = 5_000) -> None:
        """At most ``limit`` wait at one time."""
        self._records = records
        self._limit = limit
        self._owed: list[_Owed] = []
        self._closing = self._writing = False
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None

    def put(self, write: Write) -> Future[None]:
        """Have it written; done when it is durable. Raises `Overloaded` when too many wait."""
        with self._changed:
            told = self._add(write)
            self._begin()
        return told

    def do(self, write: Write) -> None:
        """The same for who waits: written by this thread itself while no other writes."""
        with self._changed:
            told = self._add(write)
            mine: Sequence[_Owed] = ()
            if self._writing:
                self._begin()
            else:
                mine = self._take()
        if mine:
            self._write(mine)
        told.result()

    def _add(self, write: Write) -> Future[None]:
        if self._closing or len(self._owed) >= self._limit:
            raise Overloaded("records_are_busy", seconds=1)
        told: Future[None] = Future()
        self._owed.append(_Owed(write, told))
        return told

    def _begin(self) -> None:
        self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gathered", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what has been put, then stop. Later puts are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while owed := self._next():
            self._write(owed)

    def _next(self) -> Sequence[_Owed]:
        with self._changed:
            self._changed.wait_for(lambda: not self._writing and (self._owed or self._closing))
            return self._take()

    def _take(self) -> Sequence[_Owed]:
        owed, self._owed = self._owed[:_TOGETHER], self._owed[_TOGETHER:]
        self._writing = bool(owed)
        return owed

    def _write(self, owed: Sequence[_Owed]) -> None:
        try:
            failure = self._written(owed)
            for each in owed:
                wrong = failure and (failure if len(owed) == 1 else self._written([each]))
                if wrong is None:
                    each.told.set_result(None)
                else:
                    each.told.set_exception(wrong)
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _written(self, owed: Sequence[_Owed]) -> Exception | None:
        """Write these in one transaction, or say why not."""
        try:
            with self._records.jot():
                for each in owed:
                    each.write()
        except Exception as wrong:  # noqa: BLE001 - whoever waits is told; the thread must outlive it
            return wrong
        return None
