"""The worker does its duties in order, under leases, and stops in good order."""

import os
import sys
import threading
import time

import pytest

from juzhen.pulse import Pulse
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from juzhen.worker import Duty, Worker, catch_up, lanes
from kernel.clock import utc_now
from kernel.events import pack
from matching.counters.keeping import BEHIND
from stores.claims import Leases
from tests.blank import migrate
from tests.data_hub.telling import event, user


@pytest.fixture
def leases(records):
    return Leases(records, utc_now)


def until(told, patience=60.0):
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + patience
    while not told() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return told()


@pytest.fixture
def company(tmp_path):
    begin(tmp_path, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    made = assemble(settings)
    yield made
    made.close()


def bring_in_a_past(company):
    """Three times as much as the fold moves at once, of which it has moved a third."""
    for _ in range(3):
        company.journal.append([pack(event(handle=user("a"))) for _ in range(5_001)])
    assert catch_up(company.fold, hurry=0) == 5_001


def working(worker):
    thread = threading.Thread(target=worker.lanes)
    thread.start()
    return thread


def test_duties_of_a_lane_run_in_the_written_order(leases):
    done = []
    duties = [
        Duty("first", lambda: done.append("first") or 0, 60),
        Duty("second", lambda: done.append("second") or 0, 60),
    ]
    worker = Worker({"lane": duties}, leases, drain=5)
    thread = working(worker)

    assert until(lambda: len(done) == 2)
    worker.stop()
    thread.join(5)
    assert done == ["first", "second"]


def test_what_found_something_goes_on_at_once(leases):
    left = [5, 4, 3, 2, 1]
    duty = Duty("eager", lambda: left.pop() if left else 0, 60)
    worker = Worker({"lane": [duty]}, leases, drain=5)
    thread = working(worker)

    assert until(lambda: not left)
    worker.stop()
    thread.join(5)


def test_a_failing_duty_does_not_stop_its_lane(leases):
    done = []

    def fail():
        raise OSError("the disk is full")

    duties = [Duty("broken", fail, 60), Duty("sound", lambda: done.append(1) or 0, 60)]
    worker = Worker({"lane": duties}, leases, drain=5)
    thread = working(worker)

    assert until(lambda: done)
    worker.stop()
    thread.join(5)


class Unreachable(Leases):
    """Leases whose database is away for the first question."""

    asked = 0

    def hold(self, name, holder, seconds):
        self.asked += 1
        if self.asked == 1:
            raise OSError("the database is away")
        return super().hold(name, holder, seconds)


def test_a_lease_that_cannot_be_asked_for_does_not_stop_its_lane(records):
    done = []
    duty = Duty("sound", lambda: done.append(1) or 0, 0.01)
    worker = Worker({"lane": [duty]}, Unreachable(records, utc_now), drain=5)
    thread = working(worker)

    assert until(lambda: done)
    worker.stop()
    thread.join(5)


def test_a_duty_is_done_by_one_worker_at_a_time(leases):
    one, two = [], []
    first = Worker({"lane": [Duty("only", lambda: one.append(1) or 0, 0.01)]}, leases, drain=5)
    thread = working(first)
    assert until(lambda: one)
    second = Worker(
        {"lane": [Duty("only", lambda: two.append(1) or 0, 0.01)]}, leases, drain=5, name="other"
    )
    other = working(second)
    before = len(one)
    assert until(lambda: len(one) > before + 5)
    assert two == []

    first.stop()
    thread.join(5)
    assert until(lambda: two)  # the lease was let go, not waited out
    second.stop()
    other.join(5)


def test_stopping_leaves_no_lease_behind(leases):
    worker = Worker({"lane": [Duty("only", lambda: 0, 0.01)]}, leases, drain=5)
    thread = working(worker)
    assert until(leases.live)

    worker.stop()
    thread.join(5)
    assert leases.live() == []


def test_what_finds_a_little_all_the_time_does_it_in_rounds_and_what_finds_much_goes_on(leases):
    little, much = [], []
    duties = [
        Duty("little", lambda: little.append(1) or 1, 60, full=2),
        Duty("much", lambda: much.append(1) or (2 if len(much) < 5 else 0), 60, full=2),
    ]
    worker = Worker({"lane": duties}, leases, drain=5)
    thread = working(worker)
    assert until(lambda: len(much) == 5)
    assert len(little) == 1
    worker.stop()
    thread.join(5)


def test_while_nothing_is_committed_a_duty_rests_and_a_commit_wakes_it(records, leases):
    done = []
    duty = Duty("restless", lambda: done.append(1) or 0, 0.01, shared=True, idle=60)
    worker = Worker({"lane": [duty]}, leases, drain=5, pulse=Pulse([records.stirred]))
    thread = working(worker)
    assert until(lambda: done)
    assert not until(lambda: len(done) > 3, 0.5)

    before = len(done)
    leases.hold("anything", "somebody", 60)
    assert until(lambda: len(done) > before)
    worker.stop()
    thread.join(5)


def test_what_the_clock_alone_changes_is_looked_at_within_two_seconds(company):
    """Who is in a segment, what is due to be shown, sent or edited: nothing is committed for it."""
    rests: dict[str, float] = {}
    for duty in (duty for lane in lanes(company).values() for duty in lane):
        rests[duty.name] = min(duty.rests(stirred=False), rests.get(duty.name, duty.idle))
    by_clock = ("digest", "plan", "gate", "broadcast", "settle_edits", "carry", "greet")
    assert {name: rests[name] for name in by_clock if rests[name] > 2} == {}


def test_a_past_is_folded_before_it_is_thought_about(company):
    """Whoever is thought about while the rest of hers still waits is thought about again."""
    now = 0.0
    duties = {duty.name: duty for duty in lanes(company, lambda: now)["events"]}
    bring_in_a_past(company)

    duties["digest"].run()
    assert company.digest.mark() == 0
    assert duties["fold"].run() == 10_002
    duties["digest"].run()
    assert company.digest.mark() == 500


def test_a_night_waits_until_the_past_is_counted(company):
    """It comes once: from half a past it finds that there is too little to learn from."""
    readings = [
        event(kind="read_material", material=f"m{n % 9}", handle=user(f"u{n % 700}"))
        for n in range(BEHIND + 1)
    ]
    company.journal.append([pack(each) for each in readings])
    catch_up(company.fold)
    company.counters.fold(500)
    (train,) = (each for each in lanes(company)["night"] if each.name == "train")
    company.journal.append([pack(event(handle=user("b"))) for _ in range(500)])
    catch_up(company.fold)

    assert train.run() == 0
    assert company.nightly.nights() == []
    while company.counters.fold(5_000):
        pass
    assert train.run() == 1


def test_however_long_a_past_is_brought_in_the_digest_has_its_turn_every_few_seconds(company):
    now = 0.0
    duties = {duty.name: duty for duty in lanes(company, lambda: now)["events"]}
    bring_in_a_past(company)
    marks = []
    for second in range(8):
        now = float(second)
        duties["digest"].run()
        marks.append(company.digest.mark())
    assert company.fold.behind() == 10_002
    assert marks == [0, 0, 0, 500, 500, 500, 1_000, 1_000]


def test_what_one_lane_finds_wakes_the_others(records, leases):
    found, followed = [1], []
    lanes = {
        "finds": [Duty("finds", lambda: found.pop() if found else 0, 0.2, True, idle=0.2)],
        "follows": [Duty("follows", lambda: followed.append(1) or 0, 0.01, True, idle=60)],
    }
    worker = Worker(lanes, leases, drain=5, pulse=Pulse([records.stirred]))
    thread = working(worker)
    assert until(lambda: followed and not found)
    before = len(followed)
    found.append(1)
    assert until(lambda: len(followed) > before)
    worker.stop()
    thread.join(5)


def test_a_lane_that_hangs_in_a_duty_loses_its_lease_and_the_others_keep_theirs(leases):
    worker = Worker({}, leases, drain=5)
    for lane in ("lively", "hung"):
        assert worker._mine(lane, Duty("any", lambda: 0, 1))
    now = time.monotonic()
    worker._awake = {"lively": now, "hung": now - 7}
    held = {lease.name: lease.until for lease in leases.live()}
    worker._renew(now)
    renewed = [lease.name for lease in leases.live() if lease.until > held[lease.name]]
    assert renewed == ["lane:lively"]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux")
def test_what_nobody_waits_for_gives_way_to_what_somebody_does(leases):
    nice = {}

    def noted(lane):
        def run():
            nice[lane] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            return 0

        return run

    lanes = {lane: [Duty(lane, noted(lane), 60)] for lane in ("events", "express", "sender-1")}
    worker = Worker(lanes, leases, drain=5)
    thread = working(worker)

    assert until(lambda: len(nice) == 3)
    worker.stop()
    thread.join(5)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert nice["events"] > ours
    assert nice["express"] == nice["sender-1"] == ours
