"""Looks see every commit of everybody else, and never anything that is not committed."""

import threading

import pytest

from stores.changes import Changes
from stores.looks import TooLong


@pytest.fixture
def looks(records):
    if records.looks is None:
        pytest.skip("looks are for files: the records are on PostgreSQL here")
    return records.looks


def test_the_stamp_stays_until_somebody_commits(records, clock, looks):
    changes = Changes(records, clock)
    before = records.stamp()
    assert records.stamp() == before
    changes.count_up("content")
    assert records.stamp() != before


def test_no_stamp_is_told_inside_a_transaction(records):
    with records.write() as _:
        assert records.stamp() is None
    with records.read() as _:
        assert records.stamp() is None


def test_a_version_is_seen_by_every_thread_and_inside_the_edit_that_counts_it(records, clock):
    changes, seen = Changes(records, clock), []
    assert changes.version("tags") == 0
    with records.write():
        changes.count_up("tags")
        assert changes.version("tags") == 1
        other = threading.Thread(target=lambda: seen.append(changes.version("tags")))
        other.start()
        other.join()
    other = threading.Thread(target=lambda: seen.append(changes.version("tags")))
    other.start()
    other.join()
    assert seen == [0, 1]
    assert changes.version("tags") == 1


def with_a_mistake(records, changes):
    with records.write():
        changes.count_up("tags")
        _ = 1 / 0


def test_an_edit_that_is_rolled_back_was_never_there(records, clock):
    changes = Changes(records, clock)
    with pytest.raises(ZeroDivisionError):
        with_a_mistake(records, changes)
    assert changes.version("tags") == 0


def test_a_hurried_look_is_broken_off(looks):
    long = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    looks.hurry(steps=10_000)
    with pytest.raises(TooLong):
        looks.rows(f"{long} LIMIT 1000000")
    for _ in range(50):
        assert len(looks.rows(f"{long} LIMIT 100")) == 100, "many short ones are not a long one"
    looks.close()
    assert not looks.hurried


def test_a_look_changes_nothing(looks):
    with pytest.raises(Exception, match="readonly"):
        looks.rows("DELETE FROM versions")


def test_a_held_stamp_stays_until_it_is_let_go_and_tells_whether_anything_moved(
    records, clock, looks
):
    changes = Changes(records, clock)
    held = looks.hold()
    changes.count_up("content")
    assert records.stamp() == held
    assert records.moved(held)
    assert records.stamp() == held
    looks.let_go()
    assert records.stamp() != held
    assert not records.moved(records.stamp())


def test_looks_together_are_of_one_moment_and_ask_the_same_once(records, clock, looks):
    changes, told = Changes(records, clock), []
    looks.heard = told.append
    asked = ("SELECT number FROM versions WHERE name = ?", ["tags"])

    def counted_elsewhere():
        other = threading.Thread(target=changes.count_up, args=("tags",))
        other.start()
        other.join()

    with records.together():
        assert records.rows(*asked) == []
        counted_elsewhere()
        with records.together():
            assert records.rows(*asked) == []
        assert records.rows("SELECT count(*) FROM versions") == [(0,)]
    assert len(told) == 2
    assert records.rows(*asked) == [(1,)]


def test_looks_together_that_break_off_leave_the_next_to_see_the_present(records, clock, looks):
    with pytest.raises(ZeroDivisionError), records.together():
        _ = records.rows("SELECT 1") and 1 / 0
    Changes(records, clock).count_up("tags")
    assert records.rows("SELECT number FROM versions") == [(1,)]
