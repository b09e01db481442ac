"""The suite of the journal's port (日志契约). Subclass it; give it the fixture ``opened``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import orjson
import pytest

from kernel.errors import Overloaded
from kernel.events import Event, Handle, Refusal, pack, pack_refusal, unpack, unpack_refusal
from stores.journal import Journal, SharedCommit

ANNA = Handle("openid", "acc_1", "o-anna")
BERT = Handle("openid", "acc_1", "o-bert")
_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)

Opened = Callable[[], Journal]
"""Opens the same journal once more, as another process would."""


def told(number: int, handle: Handle = ANNA, *links: Handle) -> bytes:
    return pack(
        Event(id=f"e{number}", kind="viewed", at=_AT, account="acc_1", handle=handle, links=links)
    )


def everything(journal: Journal, limit: int = 5_000) -> list[str]:
    """The ids of all events, read stretch by stretch."""
    found, after = [], 0
    while entries := journal.read(after, limit):
        found += [unpack(packed).id for entry in entries for packed in entry.packed]
        after = entries[-1].position
    return found


class JournalContract:
    """Needs the fixture ``opened``."""

    def test_another_connection_sees_a_whole_acknowledged_batch(self, opened: Opened) -> None:
        opened().append([told(1), told(2), told(3)])
        assert everything(opened()) == ["e1", "e2", "e3"]

    def test_reads_in_the_order_of_the_commits(self, opened: Opened) -> None:
        journal = opened()
        for number in range(50):
            journal.append([told(number)])
        assert everything(journal, limit=7) == [f"e{number}" for number in range(50)]

    def test_a_stretch_ends_with_a_whole_commit(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(number) for number in range(10)])
        journal.append([told(10)])
        entries = journal.read(0, 3)
        assert [len(entry.packed) for entry in entries] == [10]

    def test_nothing_appended_is_nothing_read(self, opened: Opened) -> None:
        journal = opened()
        journal.append([])
        assert journal.read(0) == []
        assert journal.tip() == 0

    def test_the_backlog_counts_events_behind_a_position(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(1), told(2)])
        mark = journal.tip()
        journal.append([told(3), told(4), told(5)])
        assert journal.backlog(0) == 5
        assert journal.backlog(mark) == 3
        assert journal.backlog(journal.tip()) == 0

    def test_four_writers_lose_nothing(self, opened: Opened) -> None:
        def write(writer: int) -> None:
            journal = opened()
            for number in range(50):
                journal.append([told(writer * 1_000 + number), told(writer * 1_000 + number + 500)])

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        found = everything(opened())
        assert len(found) == len(set(found)) == 400

    def test_positions_go_on_growing_after_everything_was_dropped(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(1)])
        mark = journal.tip()
        journal.drop(mark)
        journal.close()
        later = opened()
        later.append([told(2)])
        assert later.tip() > mark
        assert [unpack(packed).id for _, (packed,) in later.read(mark)] == ["e2"]

    def test_what_is_not_yet_folded_is_never_dropped(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(1)])
        mark = journal.tip()
        journal.append([told(2)])
        journal.drop(mark)
        assert "e2" in everything(journal)

    def test_forgets_who_is_named_and_keeps_the_neighbours(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(1, ANNA), told(2, BERT), told(3, BERT, ANNA)])
        journal.append([told(4, ANNA)])
        journal.append([told(5, BERT)])
        assert opened().forget([ANNA]) == 3
        assert everything(journal) == ["e2", "e5"]
        assert journal.backlog(0) == 2
        assert journal.forget([ANNA]) == 0

    @pytest.mark.parametrize(
        "broken", [b'{"handle": "openid:acc:o-anna', b'["o-anna"]', b'{"refused": "o-anna"}']
    )
    def test_a_line_that_nobody_can_read_stops_no_forgetting(
        self, opened: Opened, broken: bytes
    ) -> None:
        """Where it may name her, nothing of what it said is left; else it stays as it is."""
        journal, torn = opened(), b'{"torn": '
        journal.append([torn, broken, told(1, ANNA), told(2, BERT)])
        assert opened().forget([ANNA]) == 2
        (entry,) = journal.read(0)
        assert entry.packed == [torn, b"{}", told(2, BERT)]
        assert journal.forget([ANNA]) == 0

    @pytest.mark.parametrize("value", ["o-anna", 'o"anna\\', "安娜"])
    def test_what_was_refused_says_nothing_of_her_any_more(
        self, opened: Opened, value: str
    ) -> None:
        journal, hers = opened(), Handle("user", "", value)
        journal.append([_refused(hers), _refused(BERT)])
        assert opened().forget([hers]) == 1
        mine, other = (unpack_refusal(each) for entry in journal.read(0) for each in entry.packed)
        assert (mine.reason, mine.sample, mine.again) == ("no_such_kind", "", "")
        assert BERT.value in other.sample
        assert BERT.value in other.again

    def test_a_number_is_forgotten_however_it_was_typed_in_what_was_refused(
        self, opened: Opened
    ) -> None:
        journal, hers = opened(), Handle("phone", "", "13800138000")
        typed = "138 0013 8000", "+86-138-0013-8000", "138%200013%208000"
        lines = [_refused(Handle("phone", "", each)) for each in (*typed, "13800138001")]
        journal.append(lines)
        assert opened().forget([hers]) == len(typed)
        (entry,) = journal.read(0)
        assert [unpack_refusal(each).again for each in entry.packed[:-1]] == [""] * len(typed)
        assert entry.packed[-1] == lines[-1]

    def test_an_id_of_one_figure_takes_only_what_names_her_from_what_was_refused(
        self, opened: Opened
    ) -> None:
        journal, hers = opened(), Handle("user", "acc", "7")
        lines = [_refused(hers), _refused(Handle("user", "acc", "1777"))]
        journal.append(lines)
        assert opened().forget([hers]) == 1
        (entry,) = journal.read(0)
        assert entry.packed[-1] == lines[-1]


def _refused(handle: Handle) -> bytes:
    sent = orjson.dumps({"userId": handle.value}).decode()
    return pack_refusal(
        Refusal(at=_AT, door="segment", reason="no_such_kind", sample=sent, again=sent)
    )


class _Held:
    """A journal that waits for two signs, so that a test can say what happens meanwhile: before
    it asks for what has gathered, and before it writes that."""

    def __init__(self, journal: Journal) -> None:
        self.turn, self.go = threading.Event(), threading.Event()
        self.turn.set()
        self.queued = threading.Event()
        self.fails = False
        self.commits: list[int] = []
        self._journal = journal

    def append_gathered(self, gathered: Callable[[], Sequence[bytes]]) -> None:
        self.queued.set()
        self.turn.wait(5)
        if self.fails:
            raise Overloaded("journal_is_unavailable", seconds=5)
        packed = gathered()
        self.go.wait(5)
        self._journal.append(packed)
        self.commits.append(len(packed))


class SharedCommitContract:
    """One committer over the engine's journal. Needs the fixture ``opened``."""

    def test_is_durable_when_the_future_is_done(self, opened: Opened) -> None:
        commit = SharedCommit(opened())
        commit.put([told(1), told(2)]).result(5)
        assert everything(opened()) == ["e1", "e2"]
        commit.close()

    def test_those_who_come_during_a_commit_share_the_next(self, opened: Opened) -> None:
        held = _Held(opened())
        commit = SharedCommit(held)  # type: ignore[arg-type]  # it only appends
        first = commit.put([told(0)])
        while commit._gathered:  # noqa: SLF001 - until the committer has taken the first
            threading.Event().wait(0.001)
        others = [commit.put([told(number)]) for number in range(1, 20)]
        held.go.set()
        for future in (first, *others):
            future.result(5)
        commit.close()
        assert held.commits == [1, 19]
        assert everything(opened()) == [f"e{number}" for number in range(20)]

    def test_those_who_come_before_its_turn_share_the_commit(self, opened: Opened) -> None:
        held = _Held(opened())
        held.turn.clear()
        held.go.set()
        commit = SharedCommit(held)  # type: ignore[arg-type]  # it only appends
        first = commit.put([told(0)])
        held.queued.wait(5)
        second = commit.put([told(1)])
        held.turn.set()
        assert first.result(5) is second.result(5) is None
        commit.close()
        assert held.commits == [2]
        assert everything(opened()) == ["e0", "e1"]

    def test_what_fails_before_its_turn_is_told_to_all_who_wait(self, opened: Opened) -> None:
        held = _Held(opened())
        held.turn.clear()
        held.go.set()
        held.fails = True
        commit = SharedCommit(held, limit=2)  # type: ignore[arg-type]  # it only appends
        waiting = [commit.put([told(0)])]
        held.queued.wait(5)
        waiting.append(commit.put([told(1)]))
        held.turn.set()
        for kept in waiting:
            with pytest.raises(Overloaded):
                kept.result(5)
        held.fails = False
        until = time.monotonic() + 5  # their places are free again soon after they were told
        while True:
            try:
                commit.put([told(2), told(3)]).result(5)
                break
            except Overloaded:
                assert time.monotonic() < until
        commit.close()
        assert everything(opened()) == ["e2", "e3"]

    def test_what_was_gathered_is_durable_soon(self, opened: Opened) -> None:
        commit = SharedCommit(opened())
        for number in range(3):  # the first has no file yet
            kept = commit.put([told(number)], gather=True)
            commit.now()
            kept.result(5)
            assert len(everything(opened())) == number + 1
        commit.put([told(3)], gather=True)
        commit.put([told(4)]).result(5)  # who does not gather takes along whoever does
        commit.put([told(5)], gather=True)
        commit.close()
        assert everything(opened()) == [f"e{number}" for number in range(6)]

    def test_behind_a_history_that_is_ahead_what_comes_lies_above_it(self, opened: Opened) -> None:
        journal = opened()
        journal.append([told(1)])
        ahead = journal.tip() + 7
        journal.begin_above(ahead)
        assert journal.tip() > ahead
        journal.append([told(2)])
        entries = [each for each in journal.read(0) if each.packed]
        assert [each.position > ahead for each in entries] == [False, True]
        journal.begin_above(ahead)
        journal.append([told(3)])
        assert everything(opened()) == ["e1", "e2", "e3"]

    def test_a_full_queue_takes_nothing(self, opened: Opened) -> None:
        held = _Held(opened())
        commit = SharedCommit(held, limit=3)  # type: ignore[arg-type]  # only append is asked
        commit.put([told(1), told(2)])
        with pytest.raises(Overloaded):
            commit.put([told(3), told(4)])
        commit.put([told(5)])
        held.go.set()
        commit.close()
        assert everything(opened()) == ["e1", "e2", "e5"]

    def test_closing_writes_what_was_taken_and_refuses_what_comes(self, opened: Opened) -> None:
        commit = SharedCommit(opened())
        futures = [commit.put([told(number)]) for number in range(30)]
        commit.close()
        assert all(future.done() for future in futures)
        assert len(everything(opened())) == 30
        with pytest.raises(Overloaded):
            commit.put([told(31)])
