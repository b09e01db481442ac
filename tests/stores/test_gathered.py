"""Gathered writes: one transaction for what many want written, and who fails fails alone."""

import threading

import pytest

from kernel.errors import Conflict, Overloaded
from stores.gathered import Gathered
from stores.records import Record
from stores.watermarks import Watermarks


@pytest.fixture
def gathered(records):
    held = Gathered(records)
    yield held
    held.close()


@pytest.fixture
def marks(records):
    return Watermarks(records, Record)


def behind_a_slow_one(gathered):
    """Hold the writer until everything has been put; returns what lets it go."""
    go = threading.Event()
    begun = threading.Event()

    def slow():
        begun.set()
        go.wait(10)

    gathered.put(slow)
    assert begun.wait(10)
    return go


def test_what_gathers_while_another_is_written_shares_one_transaction(records, gathered, marks):
    held = []
    records._held = held.append
    go = behind_a_slow_one(gathered)
    told = [gathered.put(lambda n=n: marks.move(f"m{n}", "1")) for n in range(20)]
    go.set()
    for each in told:
        each.result(10)
    assert [marks.of(f"m{n}") for n in range(20)] == ["1"] * 20
    gathered.close()
    assert len(held) == 2


def test_who_waits_writes_itself_and_for_whoever_came_meanwhile(records, gathered, marks):
    writers = []

    def write(name):
        writers.append(threading.current_thread())
        marks.move(name, "1")

    gathered.do(lambda: write("alone"))
    assert writers == [threading.current_thread()]
    held = []
    records._held = held.append
    go = behind_a_slow_one(gathered)
    others = [threading.Thread(target=gathered.do, args=[lambda n=n: write(n)]) for n in "abc"]
    for each in others:
        each.start()
    with gathered._changed:
        assert gathered._changed.wait_for(lambda: len(gathered._owed) == 3, 10)
    go.set()
    for each in others:
        each.join(10)
    assert [marks.of(name) for name in "abc"] == ["1"] * 3
    gathered.close()
    assert len(held) == 2


def test_while_one_who_waits_writes_the_next_are_written_behind_her(gathered, marks):
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(10)
        marks.move("first", "1")

    first = threading.Thread(target=gathered.do, args=[slow])
    first.start()
    assert begun.wait(10)
    told = gathered.put(lambda: marks.move("second", "1"))
    go.set()
    told.result(10)
    first.join(10)
    assert (marks.of("first"), marks.of("second")) == ("1", "1")


def test_one_that_fails_fails_alone(gathered, marks):
    def wrong():
        raise Conflict("no_longer_on_shelf")

    go = behind_a_slow_one(gathered)
    first, odd, last = (
        gathered.put(each)
        for each in (lambda: marks.move("a", "1"), wrong, lambda: marks.move("b", "2"))
    )
    go.set()
    first.result(10)
    last.result(10)
    assert isinstance(odd.exception(10), Conflict)
    assert (marks.of("a"), marks.of("b")) == ("1", "2")


def test_more_than_can_wait_are_told_to_come_back_and_closing_writes_the_rest(records, marks):
    small = Gathered(records, limit=1)
    go = behind_a_slow_one(small)
    kept = small.put(lambda: marks.move("a", "1"))
    with pytest.raises(Overloaded):
        small.put(lambda: None)
    go.set()
    small.close()
    assert (kept.done(), marks.of("a")) == (True, "1")
    with pytest.raises(Overloaded):
        small.put(lambda: None)
