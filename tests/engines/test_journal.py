"""The embedded journal: the port's suite, and what only files can get wrong."""

import fcntl
import multiprocessing
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from kernel.errors import Overloaded
from stores.contract.journal import JournalContract, SharedCommitContract, everything, told
from stores.journal import SharedCommit
from stores.sqlite.journal import SqliteJournal


@pytest.fixture
def opened(tmp_path, clock):
    journals = []

    def opened(**other):
        journals.append(
            SqliteJournal(tmp_path / "journal", durability="process", clock=clock, **other)
        )
        return journals[-1]

    yield opened
    for journal in journals:
        journal.close()


class TestSqliteJournal(JournalContract):
    pass


class TestSharedCommit(SharedCommitContract):
    pass


def turn(tmp_path):
    """The lock that another process would take."""
    return (tmp_path / "journal" / "turn.lock").open()


def test_at_once_is_by_whoever_asks_where_nobody_is_waited_for(opened):
    journal = opened()
    assert not journal.append_at_once([told(0)])  # the first file is not begun yet
    journal.append([told(0)])
    commit = SharedCommit(journal)
    gathered = [commit.put([told(number)], gather=True) for number in range(1, 10)]
    assert everything(opened()) == ["e0"]
    commit.now()
    assert all(kept is gathered[0] for kept in gathered)
    assert gathered[0].done()
    commit.now()  # nothing is left
    assert [len(each.packed) for each in journal.read(0)] == [1, 9]
    commit.close()


@pytest.mark.parametrize("who", ["another process", "another writer", "a change of the folder"])
def test_at_once_waits_for_nobody_and_the_committer_does(opened, tmp_path, who):
    journal = opened()
    journal.append([told(0)])
    commit = SharedCommit(journal)
    file = sqlite3.connect(tmp_path / "journal" / files(tmp_path)[0], isolation_level=None)
    with closing(file), turn(tmp_path) as lock:
        if who == "another process":
            fcntl.flock(lock, fcntl.LOCK_EX)
        elif who == "another writer":
            file.execute("begin immediate")
        else:
            opened().begin_above(journal.tip() + (1 << 32))
        assert not journal.append_at_once([told(1)])
        kept = commit.put([told(1)], gather=True)
        commit.now()
        assert who == "a change of the folder" or not kept.done()
        if file.in_transaction:
            file.execute("commit")
        fcntl.flock(lock, fcntl.LOCK_UN)
        kept.result(5)
    assert everything(opened()) == ["e0", "e1"]
    commit.close()


def test_what_waits_for_the_disk_is_never_done_at_once(tmp_path, clock):
    journal = SqliteJournal(tmp_path / "journal", durability="power", clock=clock)
    journal.append([told(0)])
    assert not journal.append_at_once([told(1)])
    assert everything(journal) == ["e0"]
    journal.close()


def test_files_are_finished_by_those_who_write_at_once_too(opened, clock, tmp_path):
    journal = opened(size=40_000)
    for number in range(100):
        if not journal.append_at_once([told(number)]):
            journal.append([told(number)])
    assert len(files(tmp_path)) > 1
    clock.move(timedelta(hours=3))
    assert not journal.append_at_once([told(100)])
    assert len(everything(journal)) == 100


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "journal").glob("*.db"))


def test_begins_a_new_file_every_hour_and_drops_finished_ones_whole(opened, clock, tmp_path):
    journal = opened()
    journal.append([told(1)])
    clock.move(timedelta(hours=1))
    journal.append([told(2)])
    clock.move(timedelta(hours=1))
    journal.append([told(3)])
    assert len(files(tmp_path)) == 3
    assert everything(journal) == ["e1", "e2", "e3"]

    second = journal.read(0)[1].position
    journal.drop(second - 1)
    assert everything(journal) == ["e2", "e3"]
    journal.drop(journal.tip())
    assert everything(journal) == ["e3"]
    assert [path.name for path in (tmp_path / "journal").glob(f"{second >> 32:010d}*")] == []


def test_begins_a_new_file_when_one_is_full(opened, tmp_path):
    journal = opened(size=40_000)
    for number in range(120):
        journal.append([told(number) for _ in range(10)])
    assert len(files(tmp_path)) > 3
    assert journal.backlog(0) == 1_200
    assert everything(opened()) == everything(journal)


def test_another_process_may_drop_what_this_one_has_open(opened, clock):
    reader, dropper = opened(), opened()
    reader.append([told(1)])
    clock.move(timedelta(hours=1))
    reader.append([told(2)])
    assert everything(reader) == ["e1", "e2"]
    dropper.drop(dropper.tip())
    assert everything(reader) == ["e2"]
    reader.append([told(3)])
    assert everything(dropper) == ["e2", "e3"]


def test_a_drop_cut_short_is_finished_by_the_next(opened, clock, tmp_path):
    journal = opened()
    journal.append([told(1)])
    clock.move(timedelta(hours=1))
    journal.append([told(2)])
    first, _ = files(tmp_path)
    other = opened()
    (tmp_path / "journal" / first).unlink()
    (tmp_path / "journal" / f"{first}-wal").write_bytes(b"left behind")
    other.drop(other.tip())
    assert not list((tmp_path / "journal").glob(f"{first}*"))
    assert everything(other) == ["e2"]


def test_a_file_that_another_process_began_is_the_next_to_be_written_to(opened, clock, tmp_path):
    early, late = opened(), opened(age=timedelta(hours=3))
    late.append([told(1)])
    clock.move(timedelta(hours=1))
    early.append([told(2)])  # begins a file where `late` would not yet
    late.append([told(3)])
    assert len(files(tmp_path)) == 2
    assert everything(early) == ["e1", "e2", "e3"]
    positions = [entry.position >> 32 for entry in late.read(0)]
    assert positions[0] < positions[1] == positions[2]


def test_positions_grow_even_if_the_folder_was_lost(opened, clock, tmp_path):
    journal = opened()
    journal.append([told(1)])
    mark = journal.tip()
    journal.close()
    (tmp_path / "journal").rename(tmp_path / "lost")
    clock.move(timedelta(minutes=1))
    journal = opened()
    journal.append([told(2)])
    assert journal.tip() > mark


def test_every_commit_is_fsynced_only_where_power_may_fail(tmp_path):
    for durability, synchronous in (("power", 2), ("process", 1)):
        journal = SqliteJournal(tmp_path / durability, durability=durability)
        journal.append([told(1)])
        _, file = journal._current
        assert file.execute("pragma synchronous").fetchone() == (synchronous,)
        assert file.execute("pragma journal_mode").fetchone() == ("wal",)
        journal.close()


def test_a_full_disk_is_told_and_passes(opened):
    journal = opened()
    journal.append([told(1)])
    _, file = journal._current
    pages = file.execute("pragma page_count").fetchone()[0]
    file.execute(f"pragma max_page_count={pages}")
    with pytest.raises(Overloaded) as refused:
        journal.append([told(number) for number in range(1_000)])
    assert isinstance(refused.value.__cause__, sqlite3.Error)
    journal.append([told(2)])
    assert everything(opened()) == ["e1", "e2"]


def test_a_folder_that_cannot_be_written_is_told(opened, tmp_path):
    journal = opened()
    (tmp_path / "journal").rmdir()
    (tmp_path / "journal").write_text("a file in the way")
    with pytest.raises(Overloaded):
        journal.append([told(1)])


def _write(folder, writer, count):
    journal = SqliteJournal(folder, durability="process", size=30_000)
    for number in range(count):
        journal.append([told(writer * 1_000 + number), told(writer * 1_000 + number + 500)])
    journal.close()


def test_four_processes_lose_nothing_over_new_files(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write, args=(tmp_path / "journal", number, 100))
        for number in range(4)
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.exitcode for each in writers] == [0] * 4
    journal = SqliteJournal(tmp_path / "journal")
    found = everything(journal, limit=11)
    journal.close()
    assert len(found) == len(set(found)) == 800
    assert len(files(tmp_path)) > 1
