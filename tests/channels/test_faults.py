"""Faults of platforms and workers, in CI size: F4, F6, F7, F8, F9, F38, F40.

Time is the stopped clock's; the platform is the board that counts its effects. What real
processes, signals and the sandbox show stands in `tests.flows.test_crash_points`.
"""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from channels.base import Busy, Progress, Receipt, Unanswered
from channels.deliveries import Delivery, Lane, State
from channels.deliveries.settling import POISON
from kernel.events import Handle
from tests.channels.house import BoardChannel
from tests.rounds import publish_due, send_due
from tests.sizes import sized

SECOND = timedelta(seconds=1)
SEEDS = range(sized(2, 20))


@pytest.fixture
def oa(house):
    return house.account()


def queue(house, account, number, lane=None):
    for each in range(number):
        house.deliveries.queue(
            account=account.id, target=Handle("openid", account.id, f"o{each}"), occasion="x",
            purpose="service", words=f"{each}", by="li", lane=lane,
        )  # fmt: skip


def settle(house, clock, *, until, step=SECOND):
    """Rounds until nothing moves by itself any more, or the time is over."""
    ends = clock() + until
    moving = Delivery.state.in_([State.DUE, State.SENDING])
    while house.deliveries.page(moving, first=1).items and clock() < ends:
        house.publishing.rescue()
        while send_due(house.publishing):
            pass
        clock.move(step)


def states(house):
    told = Counter()
    for (_, state), n in house.deliveries.tally().items():
        told[state] += n
    return dict(told)


def claimed(house):
    found = house.deliveries.claim(lambda delivery: None, lane=Lane.MESSAGE)
    return found and found[0]


def test_f4_a_worker_that_slept_through_its_lease_changes_nothing(house, oa, clock):
    number = sized(20, 100)
    queue(house, oa, number)
    late = [claimed(house) for _ in range(number)]
    clock.move(3 * timedelta(seconds=house.deliveries.lease))
    while taken := house.deliveries.lost():
        for delivery in taken:
            assert house.deliveries.note(delivery, Receipt(ref="new", progress=Progress.SHOWN))
    before = house.deliveries.page(first=100).items
    for delivery in late:
        assert not house.deliveries.note(delivery, Receipt(ref="old", progress=Progress.REFUSED))
        assert not house.deliveries.park(delivery, Busy("platform_said_later"))
        assert not house.deliveries.postpone(delivery, Busy("platform_said_later"))
    after = house.deliveries.page(first=100).items
    assert [(each.state, each.ref, each.fence) for each in after] == [
        (each.state, each.ref, each.fence) for each in before
    ]
    assert states(house) == {State.DONE: number}


def test_f6_what_kills_its_workers_is_set_aside_and_the_others_go_out(house, oa, clock):
    poison, number = sized(5, 200), sized(60, 5_000)
    queue(house, oa, number)
    bad = {each.id for each in house.deliveries.page(first=poison).items}
    crashes = Counter()
    for _ in range(POISON + 1):
        while delivery := claimed(house):
            if delivery.id in bad:
                crashes[delivery.id] += 1  # its worker is gone: nobody notes anything
            else:
                house.deliveries.note(delivery, Receipt(ref="r", progress=Progress.SHOWN))
        clock.move(timedelta(seconds=house.deliveries.lease + 1))
        for delivery in house.deliveries.lost():
            house.deliveries.after_crash(delivery, State.DUE, timedelta())
    assert states(house) == {State.PARKED: poison, State.DONE: number - poison}
    assert set(crashes.values()) == {POISON}
    parked = house.deliveries.page(state=State.PARKED, first=poison).items
    assert {each.reason for each in parked} == {"crashes_worker"}


class Timed(BoardChannel):
    """Remembers when it was called, and answers as it is told."""

    def __init__(self, board, clock, trouble=lambda: None):
        super().__init__(board)
        self.clock, self.trouble, self.calls = clock, trouble, []

    def send(self, message, *, key):
        self.calls.append((key, self.clock()))
        if (trouble := self.trouble()) is not None:
            raise trouble
        return super().send(message, key=key)


@pytest.fixture
def timed(house, clock):
    """Makes an account of a kind of its own, and its channel."""

    def make(code, trouble=lambda: None):
        channel = Timed(house.board, clock, trouble)
        house.channels._factories[code] = lambda *_: channel
        return house.account(code, code), channel

    return make


def test_f7_a_dead_platform_delays_no_other_and_is_probed_seldom(house, timed, clock):
    """Four accounts, one of them dead: the breaker opens, and lets one probe through in 30 s."""
    dead, silent = timed("dead", lambda: Busy("platform_unreachable", down=True))
    lively = [timed(f"lively{n}") for n in range(3)]
    for account, _ in [(dead, silent), *lively]:
        queue(house, account, sized(6, 200))
    begun = clock()
    settle(house, clock, until=timedelta(minutes=3), step=3 * SECOND)
    for _, channel in lively:
        assert max(at - begun for _, at in channel.calls) <= 3 * SECOND
    called = [at - begun for _, at in silent.calls]
    before = [at for at in called if at <= timedelta(seconds=30)]
    assert len(before) <= 10
    probes = [before[-1], *called[len(before) :]]
    assert len(probes) > 3
    assert all(later - at >= timedelta(seconds=30) for at, later in pairwise(probes))


@pytest.mark.parametrize("seed", SEEDS)
def test_f8_nothing_is_sent_before_the_time_that_a_platform_asked_for(house, timed, clock, seed):
    chance = random.Random(seed)
    asked = {}

    def trouble():
        key, at = channel.calls[-1]
        assert at >= asked.get(key, at)
        if chance.random() < 0.5:
            seconds = chance.randint(1, 60)
            asked[key] = at + timedelta(seconds=seconds)
            return Busy("platform_said_later", seconds=seconds)
        return None

    account, channel = timed("limited", trouble)
    queue(house, account, sized(20, 2_000))
    settle(house, clock, until=timedelta(hours=2), step=3 * SECOND)
    assert states(house) == {State.DONE: sized(20, 2_000)}
    assert len(house.board.said) == sized(20, 2_000)


def test_f9_after_an_outage_they_do_not_come_back_as_a_herd(house, timed, clock):
    """Ten minutes of refusals: what comes after is spread over a minute and more."""
    back = clock() + timedelta(minutes=10)
    account, channel = timed(
        "away", lambda: Busy("platform_said_later") if clock() < back else None
    )
    queue(house, account, sized(20, 10_000))
    settle(house, clock, until=timedelta(hours=1), step=10 * SECOND)
    assert states(house) == {State.DONE: sized(20, 10_000)}
    after = [at for _, at in channel.calls if at >= back]
    assert max(after) - min(after) >= timedelta(minutes=1)
    first = Counter(int((at - back).total_seconds()) // 10 for at in after)
    assert first[0] < sized(20, 10_000) / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_f38_outcomes_told_twice_and_out_of_order_move_each_delivery_once(house, oa, seed):
    """The last word of each is the same whatever the order; nothing is noted twice."""
    chance = random.Random(seed)
    number = sized(12, 500)
    told = []
    for each in range(number):
        delivery = house.deliveries.queue(account=oa.id, occasion=f"p{each}", by="li")
        found, _ = house.deliveries.claim(lambda _: None, lane=Lane.POST)
        house.deliveries.note(found, Receipt(ref=f"r{each}", progress=Progress.SUBMITTED))
        last = chance.choice([Progress.SHOWN, Progress.REFUSED, Progress.WITHDRAWN])
        told += [(delivery.id, f"r{each}", Progress.SUBMITTED), (delivery.id, f"r{each}", last)]
    ends = {key: progress for key, _, progress in told if progress != Progress.SUBMITTED}
    callbacks = told * 4
    chance.shuffle(callbacks)
    moved = Counter()
    for key, ref, progress in callbacks:
        moved[key] += house.deliveries.note_outcome(oa.id, Receipt(ref=ref, progress=progress))
    assert set(moved.values()) == {1}
    for delivery in house.deliveries.page(first=100).items:
        assert delivery.progress == ends[delivery.id]


@pytest.mark.parametrize("seed", SEEDS)
def test_f40_what_is_unknown_is_resolved_by_the_platforms_listing(house, oa, clock, seed):
    """Found there: done and not shown again. Not found for longer than any review: shown once
    more. What went to one person cannot be looked up, and stays with a person."""
    chance = random.Random(seed)
    number = sized(8, 500)
    for each in range(number):
        house.placed(house.material(f"第{each}篇"), oa)
    house.board.trouble = [
        Unanswered("platform_did_not_answer", done=chance.random() < 0.5) for _ in range(number)
    ]
    gone_through = sum(bool(each.facts["done"]) for each in house.board.trouble)
    queue(house, oa, 3)
    house.publishing.plan()
    house.publishing.carry()
    for _ in range(3):
        house.board.trouble.append(Unanswered("platform_did_not_answer", done=True))
    while house.publishing.carry():
        pass
    until = clock() + BoardChannel.longest_review * 2
    while clock() < until:
        publish_due(house.publishing)
        clock.move(timedelta(minutes=3))
    assert gone_through <= number
    posts = house.deliveries.page(Delivery.target == "", first=100).items
    assert {each.state for each in posts} == {State.DONE}
    shown = Counter(house.board.shown)
    assert set(shown.values()) == {1}
    assert len(shown) == number


class Paced(BoardChannel):
    """Lets calls through no faster than its account's own rate."""

    def __init__(self, board, gate, account, per_minute):
        super().__init__(board)
        self.enter = lambda: gate.enter(account, per_minute)
        self.asked = 0

    def send(self, message, *, key):
        self.asked += 1
        self.enter()
        return super().send(message, key=key)


def test_an_account_whose_rate_is_used_up_is_not_asked_before_it_has_calls_again(
    house, clock, caplog
):
    """One call every ten seconds: nothing is claimed, written or called in between, and the log
    does not say that a platform refused what was never asked."""
    caplog.set_level("INFO", "juzhen")
    made = {}
    house.channels._factories["paced"] = lambda account, _: made[account.id]
    account = house.account("paced", "paced")
    channel = made[account.id] = Paced(house.board, house.gate, account.id, per_minute=6)
    queue(house, account, 4, Lane.GATED)
    held, writes = [], []
    house.records._held = held.append
    for _ in range(45):
        send_due(house.publishing)
        writes.append(len(held))
        clock.move(SECOND)
    assert (len(house.board.said), states(house)) == (4, {State.DONE: 4})
    assert channel.asked == 4 + 3  # only the first claim knew no rate
    assert "platform_refused" not in caplog.messages
    assert writes[12] == writes[18]  # at rest nobody takes a turn at the records
