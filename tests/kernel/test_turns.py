"""One computes at a time, and who waits lets the next one in."""

import threading
from concurrent.futures import ThreadPoolExecutor

from kernel.turns import Turns, waiting


class Seen:
    """How many compute at the same time."""

    def __init__(self):
        self.now = self.most = 0

    def __enter__(self):
        self.now += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *failure):
        self.now -= 1


def test_of_many_threads_one_computes_at_a_time_also_when_they_come_back():
    turns, seen, together = Turns(), Seen(), threading.Barrier(4)

    def work():
        for _ in range(50):
            with turns.taken():
                with seen:
                    sum(range(1_000))
                with waiting():
                    pass
                with seen:
                    sum(range(1_000))
        with turns.taken(), waiting():
            together.wait(60)  # all four wait at once: none keeps the others out
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(each.result(60) for each in [pool.submit(work) for _ in range(4)])
    assert seen.most == 1


def test_who_comes_back_goes_before_who_only_begins():
    turns, order = Turns(), []
    lent, busy, ready = threading.Event(), threading.Event(), threading.Event()

    def first():
        with turns.taken():
            with waiting():
                lent.set()
                ready.wait(60)
            order.append("back")

    def second():
        lent.wait(60)
        with turns.taken():
            busy.set()
            ready.wait(60)
            while not turns.coming_back:
                threading.Event().wait(0.01)

    def third():
        busy.wait(60)
        with turns.taken():
            order.append("begins")

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(each) for each in (first, second, third)]
        busy.wait(60)
        threading.Event().wait(0.05)  # the third stands in the queue, or comes later: both are fine
        ready.set()
        for each in running:
            each.result(60)
    assert order == ["back", "begins"]


def test_who_has_no_turn_waits_like_anybody():
    with waiting():
        pass


def test_a_turn_that_fails_is_given_on():
    turns = Turns()
    try:
        with turns.taken(), waiting():
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with turns.taken():
        pass
