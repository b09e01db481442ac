"""Who commits first decides, and no clock makes anything happen twice: F5 and F27, in CI size."""

import random
import threading
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from channels.deliveries import Delivery, Lane, State
from kernel.events import Handle
from tests.channels.house import BoardChannel, House
from tests.rounds import send_due
from tests.sizes import sized, turns

RACES = sized(12, 1_000)
MANY = sized(40, 1_000)
FARTHEST = 600
"""Seconds that a machine's clock is wrong by at most."""


@pytest.mark.parametrize("lane", [Lane.POST, Lane.MESSAGE])
def test_f27_none_is_begun_after_it_went_off_the_shelf(any_house, lane):
    """Workers race with whoever takes it off: begun before the commit, or never."""
    placed, judge = _waiting(any_house, lane)
    answers, begun = {}, Counter()

    def retire():
        for key, placement in placed.items():
            answers[key] = any_house.publishing.retire(placement.material, by="li")

    def work():
        while found := any_house.deliveries.claim_some(judge, lane=lane, most=2):
            begun.update(
                delivery.material for delivery, said in found if not isinstance(said, Exception)
            )

    threads = [threading.Thread(target=each) for each in (retire, work, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key, placement in placed.items():
        assert begun[placement.material] == answers[key].in_flight, answers[key]
    assert all(each in (0, 1) for each in begun.values())


def _waiting(house, lane):
    """Placements by their id, a delivery of each in that lane, and who judges those."""
    there = house.account()
    placed = {}
    for number in range(RACES):
        placement = house.placed(house.material(f"素材{number}"), there)
        placed[placement.id] = placement
        if lane is Lane.MESSAGE:
            house.publishing.send(
                Handle("openid", there.id, f"o{number}"), there.id, occasion="x",
                purpose="service", by="li", material=placement.material, words="您好",
            )  # fmt: skip
    if lane is Lane.MESSAGE:
        return placed, house.publishing.last_question.of_messages
    house.publishing.plan()
    return placed, house.publishing.last_question.of_posts


class Jumping:
    """A machine's clock that is wrong by up to ten minutes, by another amount whenever it jumps."""

    def __init__(self, true, rng):
        self._true, self._rng, self._wrong = true, rng, 0.0

    def __call__(self):
        return self._true() + timedelta(seconds=self._wrong)

    def jump(self):
        self._wrong = self._rng.uniform(-FARTHEST, FARTHEST)


class Overlapping(BoardChannel):
    """While it says something, another machine works."""

    def __init__(self, board, meanwhile):
        super().__init__(board)
        self._meanwhile = meanwhile

    def send(self, message, *, key):
        self._meanwhile()
        return super().send(message, key=key)


@pytest.fixture
def machines(records, people, clock, request):
    """Two that work off the same records, on clocks of their own; in the middle of what one says
    to the board the other looks for what was lost, and goes on with what is due."""
    rng, inside = random.Random(request.param), []
    made = [House(records, people, Jumping(clock, rng)) for _ in range(2)]

    def while_it_speaks(other):
        if not inside:
            inside.append(other)
            rounds(other)
            inside.clear()

    for house, other in (made, reversed(made)):
        house.board = made[0].board
        house.channels._factories["board"] = lambda *_, other=other: Overlapping(
            made[0].board, partial(while_it_speaks, other)
        )
    yield made
    for each in made:
        each.close()


def rounds(house):
    house.clock.jump()
    house.publishing.rescue()
    send_due(house.publishing)


@pytest.mark.parametrize("machines", turns(20), indirect=True)
def test_f5_clocks_that_jump_send_nothing_twice_and_lose_nothing(machines, clock):
    first, second = machines
    there, board = first.account(), first.board
    moving = Delivery.state.in_([State.DUE, State.SENDING])
    for number in range(MANY):
        first.deliveries.queue(
            account=there.id, target=Handle("openid", there.id, f"o{number}"), occasion="x",
            purpose="service", words=str(number), by="li",
        )  # fmt: skip
        rounds(machines[number % 2])
        clock.move(timedelta(seconds=5))
    while first.deliveries.page(moving, first=1).items:
        rounds(first)
        rounds(second)
        clock.move(timedelta(seconds=5))
    told = Counter(key for key, _ in board.said)
    assert (len(told), set(told.values())) == (MANY, {1})
    tally = Counter()
    for (_, state), count in first.deliveries.tally().items():
        tally[state] += count
    assert tally.total() == MANY
    assert set(tally) <= {State.DONE, State.UNKNOWN}
    assert tally[State.UNKNOWN]  # some were taken from a worker that was at it: a person looks
