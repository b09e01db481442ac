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
    """One thread that writes, begun with the first write; it takes whatever has gathered while the
    last transaction ran."""

    def __init__(self, records: Records, *, limit: int = 5_000) -> None:
        """At most ``limit`` wait at one time."""
        self._records = records
        self._limit = limit
        self._owed: list[_Owed] = []
        self._closing = False
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None

    def put(self, write: Write) -> Future[None]:
        """Have it written; done when it is durable. Raises `Overloaded` when too many wait."""
        told: Future[None] = Future()
        with self._changed:
            if self._closing or len(self._owed) >= self._limit:
                raise Overloaded("records_are_busy", seconds=1)
            self._owed.append(_Owed(write, told))
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gathered", daemon=True)
                self._thread.start()
        return told

    def close(self) -> None:
        """Write what has been put, then stop. Later puts are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while owed := self._next():
            failure = self._written(owed)
            for each in owed:
                wrong = failure and (failure if len(owed) == 1 else self._written([each]))
                if wrong is None:
                    each.told.set_result(None)
                else:
                    each.told.set_exception(wrong)

    def _next(self) -> Sequence[_Owed]:
        with self._changed:
            self._changed.wait_for(lambda: self._owed or self._closing)
            owed, self._owed = self._owed[:_TOGETHER], self._owed[_TOGETHER:]
        return owed

    def _written(self, owed: Sequence[_Owed]) -> Exception | None:
        """Write these in one transaction, or say why not."""
        try:
            with self._records.write():
                for each in owed:
                    each.write()
        except Exception as wrong:  # noqa: BLE001 - whoever waits is told; the thread must outlive it
            return wrong
        return None
