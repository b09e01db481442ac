"""The journal (日志): events acknowledged and not yet folded, in the order they came.

Append only and index-free; an answer goes out after the commit, never before. It neither drops
repeats nor knows a customer: that is `stores.history`, one fold later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

import orjson

from kernel.crash import declare
from kernel.errors import Overloaded
from kernel.events import Handle
from stores.naming import naming

COMMITTED = declare("journal.committed", "events are durable and nobody has been answered")


class Entry(NamedTuple):
    """What one commit wrote. Positions only ever grow, over restarts and dropped files too."""

    position: int
    packed: list[bytes]


class Journal(Protocol):
    """What every engine of the journal does; `stores.contract.journal` is its suite."""

    def append(self, packed: Sequence[bytes]) -> None:
        """Whole or nothing, durable when it returns. `Overloaded` when it cannot be kept."""
        ...

    def append_gathered(self, gathered: Callable[[], Sequence[bytes]]) -> None:
        """The same for whatever has gathered by the moment when it can be written: asked for once,
        after every wait."""
        ...

    @property
    def at_once(self) -> bool:
        """Can it be written to without waiting, as a rule?"""
        ...

    def append_at_once(self, packed: Sequence[bytes]) -> bool:
        """The same for a thread that must not wait: false, and nothing of it kept, where it would
        have to, or could not."""
        ...

    def read(self, after: int, limit: int = 5_000) -> list[Entry]:
        """What came after the position, in order: about ``limit`` events, never half a commit."""
        ...

    def drop(self, upto: int) -> None:
        """Let go of finished stretches that lie wholly at or before the position.

        Only once the fold behind it is durable: nothing else remembers them.
        """
        ...

    def backlog(self, after: int) -> int:
        """How many events lie after the position."""
        ...

    def tip(self) -> int:
        """The position of the newest commit, 0 before the first."""
        ...

    def begin_above(self, position: int) -> None:
        """Whatever is appended from now on lies above the position, and so does an empty commit, if
        nothing does: for a journal that was brought back beside a history which is ahead of it."""
        ...

    def forget(self, handles: Collection[Handle]) -> int:
        """Take out every event that names one of the handles, and say how many."""
        ...

    def close(self) -> None: ...


class SharedCommit:
    """One committer thread, so that many callers share one commit and its fsync.

    It takes whatever has gathered while the last commit ran and while other processes had their
    turn. Everybody who put something into the same commit is given the same future: wait for it,
    never cancel it.
    """

    def __init__(self, journal: Journal, *, limit: int = 50_000) -> None:
        """At most ``limit`` events wait or are being written at one time."""
        self._journal = journal
        self._limit = limit
        self._waiting = 0
        self._closing = self._roused = False
        self._gathered: list[bytes] = []
        self._told: Future[None] = Future()
        self._taken: tuple[list[bytes], Future[None]] | None = None
        """What the committer is writing, and who waits for it."""
        self._changing = threading.Lock()
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Rung whenever the committer is roused: a condition's price would be every event's."""
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def put(self, packed: Sequence[bytes], *, gather: bool = False) -> Future[None]:
        """Hand events over; they are safe when the future is done. Whoever says ``gather`` calls
        `now` soon; until then others may join.

        Raises `Overloaded` when the queue is full or closed: then nothing of it was taken.
        """
        with self._changing:
            if self._closing or self._waiting + len(packed) > self._limit:
                raise Overloaded("intake_is_full", seconds=1)
            if not packed:
                return _done()
            self._waiting += len(packed)
            self._gathered.extend(packed)
            if not self._roused and not gather:
                self._rouse()
            return self._told

    def now(self) -> None:
        """Commit what has gathered: in this thread if that waits for nothing, else in the
        committer's. Never waits for a commit."""
        with self._changing:
            if self._roused or not self._gathered:
                return
            packed, told = self._gathered, self._told
            if not self._journal.append_at_once(packed):
                self._rouse()
                return
            self._gathered, self._told = [], Future()
            self._waiting -= len(packed)
        told.set_result(None)

    def _rouse(self) -> None:
        self._roused = True
        self._bell.put(None)

    def close(self) -> None:
        """Write what has been put, then stop. Later puts are refused."""
        with self._changing:
            self._closing = True
            self._bell.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._called():
            self._taken, wrong = None, None
            try:
                self._journal.append_gathered(self._take)
            except BaseException as failure:  # noqa: BLE001 - all who wait are told; the thread must outlive it
                wrong = failure
                if self._taken is None:  # it failed before its turn
                    self._take()
            self._settle(wrong)

    def _take(self) -> Sequence[bytes]:
        """Whoever comes from now on waits for the next commit."""
        with self._changing:
            packed, told = self._gathered, self._told
            self._gathered, self._told, self._roused = [], Future(), False
        self._taken = packed, told
        return packed

    def _settle(self, wrong: BaseException | None) -> None:
        if self._taken is None:
            raise RuntimeError("a journal writes what has gathered, or says why not")
        packed, told = self._taken
        if wrong is None:
            told.set_result(None)
        else:
            told.set_exception(wrong)
        with self._changing:
            self._waiting -= len(packed)

    def _called(self) -> bool:
        """Wait until something is to be written; false at the end."""
        if not self._closing:
            self._bell.get()
        with self._changing:
            return bool(self._gathered)


def _done() -> Future[None]:
    told: Future[None] = Future()
    told.set_result(None)
    return told


def without(lines: list[bytes], handles: Collection[Handle]) -> tuple[list[bytes], int]:
    """The lines without events that name them, and without what was refused that does; how many
    differ."""
    names, named = {str(handle) for handle in handles}, naming(handles)
    spelled = spellings(handle.value for handle in handles)
    blanked = [_blanked(line, named, spelled) for line in lines]
    kept = [line for line in blanked if not _names(line) & names]
    return kept, sum(old != new for old, new in zip(lines, blanked, strict=True)) + (
        len(lines) - len(kept)
    )


def spellings(values: Iterable[str]) -> set[bytes]:
    """How these may stand in a line: as JSON spells them, and as JSON inside of JSON does."""
    once = {orjson.dumps(value)[1:-1] for value in values}
    return once | {orjson.dumps(each.decode())[1:-1] for each in once}


def _blanked(line: bytes, named: Callable[[str], bool], spelled: Collection[bytes]) -> bytes:
    """What was refused is kept as it came in, to be shown and tried again: it may name her too. So
    may a line that nobody can read; the fold refuses what is left of it all the same."""
    told = _read(line)
    if not told:
        hers = any(each in line for each in spelled) or named(line.decode("utf-8", "replace"))
        return _UNREADABLE if hers else line
    if not any(named(str(told.get("refused", {}).get(text) or "")) for text in _TEXTS):
        return line
    told["refused"] |= dict.fromkeys(_TEXTS, "")
    return orjson.dumps(told)


_TEXTS = "sample", "again"
_UNREADABLE = b"{}"


def _names(line: bytes) -> set[str]:
    """The handles that one journal line names."""
    told = _read(line)
    return {told.get("handle", ""), *told.get("links", ())} - {""}


def _read(line: bytes) -> dict[str, Any]:
    """What one line tells; nothing where it cannot be read."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    shaped = type(told) is dict and type(told.get("links", [])) is list
    if not shaped or type(told.get("refused", {})) is not dict:
        return {}
    read: dict[str, Any] = told
    return read
