"""One computes at a time, and who waits lets the next one in."""

import threading
from contextlib import suppress
from functools import partial

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
    turns, seen, together, done = Turns(4, "reads"), Seen(), threading.Barrier(4), []

    def work():
        with seen:
            sum(range(1_000))
        with waiting():
            pass
        with seen:
            sum(range(1_000))
            done.append(1)

    def all_wait():
        with waiting():
            together.wait(60)  # all four wait at once: none keeps the others out
        done.append(1)

    for task in [*[work] * 200, *[all_wait] * 4, *[work] * 200]:
        turns.do(task)
    turns.close()
    assert (len(done), seen.most) == (404, 1)


def test_tasks_are_begun_in_their_order():
    turns, order = Turns(4, "reads"), []

    def task(number):
        order.append(number)
        with waiting():
            pass

    for number in range(200):
        turns.do(partial(task, number))
    turns.close()
    assert order == list(range(200))


def test_who_comes_back_while_nothing_is_to_be_done_goes_on_at_once():
    turns, came, more = Turns(4, "reads"), threading.Event(), threading.Event()

    def task():
        with waiting():
            more.wait(60)
        came.set()

    turns.do(task)
    threading.Event().wait(0.05)  # another has the turn by now and waits for a task, or will
    more.set()
    assert came.wait(60)
    turns.close()


def test_who_comes_back_goes_before_who_only_begins():
    turns, order, ready = Turns(3, "reads"), [], threading.Event()

    def first():
        with waiting():
            ready.wait(60)
        order.append("back")

    def second():
        ready.set()
        while not turns._back:
            threading.Event().wait(0.01)

    for task in (first, second, lambda: order.append("begins")):
        turns.do(task)
    turns.close()
    assert order == ["back", "begins"]


def test_who_has_no_turn_waits_like_anybody():
    with waiting():
        pass


def test_a_turn_that_fails_is_given_on():
    turns, came = Turns(2, "reads"), []

    def fails():
        with suppress(ZeroDivisionError), waiting():
            raise ZeroDivisionError

    turns.do(fails)
    turns.do(lambda: came.append(1))
    turns.close()
    assert came
