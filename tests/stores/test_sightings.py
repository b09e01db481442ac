"""One question for all who wait: never an answer from before somebody asked."""

import threading
from concurrent.futures import wait

import pytest

from stores.sightings import Sightings


class Asked:
    """A question that takes as long as a test lets it."""

    def __init__(self):
        self.times, self.begun, self.go_on = 0, threading.Event(), threading.Event()

    def __call__(self):
        self.times += 1
        told = self.times
        self.begun.set()
        self.go_on.wait()
        return told


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def sightings(asked):
    made = Sightings(asked)
    yield made
    asked.go_on.set()
    made.close()


def test_who_comes_while_one_is_under_way_waits_for_the_next_with_all_others(sightings, asked):
    first = sightings.next()
    asked.begun.wait()
    late = [sightings.next() for _ in range(5)]
    asked.go_on.set()
    wait([first, *late])
    assert first.result() == 1
    assert [each.result() for each in late] == [2] * 5
    assert asked.times == 2


def test_what_goes_wrong_is_told_to_all_who_waited_and_asked_anew_by_the_next():
    answers = iter([ValueError("gone"), "there again"])

    def look():
        told = next(answers)
        if isinstance(told, Exception):
            raise told
        return told

    made = Sightings(look)
    with pytest.raises(ValueError, match="gone"):
        made.next().result()
    assert made.next().result() == "there again"
    made.close()
