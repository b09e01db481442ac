"""Many processes on one PostgreSQL: what one decides or learns holds for the others at once.

Two platforms over the same database, each with caches, pools and clocks of its own, as two
processes on two machines have them.
"""

import json
import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from channels.base import Busy
from channels.outbound import Breakers, RateGate
from juzhen.settings import begin, load
from juzhen.web import app
from juzhen.wiring import assemble, migrate
from juzhen.worker import Duty, Worker
from kernel.actors import Role
from kernel.errors import Overloaded, SignedOff
from kernel.secret import Secret

pytestmark = pytest.mark.postgres
PASSWORD = Secret("a horse of the house")
HOUR = timedelta(hours=1)
SHELF = '{ shelf(channel: "app") { nodes { title } } }'


@pytest.fixture(scope="module")
def two(postgres_cluster, tmp_path_factory):
    home = tmp_path_factory.mktemp("two")
    with postgres_cluster.database() as url:
        elsewhere = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")
        begin(home, stores_records=url, **elsewhere)
        settings = load({"JUZHEN_HOME": str(home)})
        migrate(settings)
        both = assemble(settings), assemble(settings)
        both[0].taxonomy.ship(by="t")
        yield both
        for each in both:
            each.close()


def test_what_one_puts_on_the_shelf_or_takes_off_is_in_the_next_answer_of_the_other(two):
    """Also where the answer before was kept: the content version and the shelf's boundary are read
    from the database with every question."""
    one, other = two
    account = one.accounts.add(code="app", name="App", kind="app", ecosystem="own_app", by="t")
    token = one.access.issue(Role.CHANNEL_APP, "app", by="t", account=account.id).reveal()
    ask = app.create(other).test_client()

    def titles():
        told = ask.post(
            "/graphql", json={"query": SHELF}, headers={"Authorization": f"Bearer {token}"}
        )
        return [each["title"] for each in json.loads(told.data)["data"]["shelf"]["nodes"]]

    assert titles() == titles() == []
    made = one.materials.create(
        "script", "养老话术", tags=["stage.connect"], by="t", body="<p>您好</p>"
    )
    now = one.clock()
    soon = timedelta(seconds=1.5)
    placed = one.shelf.place(made.id, account.id, opens=now - HOUR, closes=now + HOUR, by="t")
    assert titles() == ["养老话术"]
    one.materials.edit(made.id, title="改过的话术", by="t")
    assert titles() == ["改过的话术"]
    one.shelf.retire(placed.id, by="t")
    assert titles() == []
    one.shelf.place(made.id, account.id, opens=one.clock() + soon, closes=now + HOUR, by="t")
    assert titles() == []
    threading.Event().wait(soon.total_seconds())  # nothing is told; the clock alone goes on
    assert titles() == ["改过的话术"]


def test_who_signs_in_here_is_known_there_until_she_signs_out_anywhere(two):
    one, other = two
    li = one.staff.add("li", "李静", by="t", role=Role.EDITOR)
    one.access.enrol(li.id, "li", PASSWORD, by="t")
    key = one.access.sign_in("li", PASSWORD)
    assert other.access.of_session(key)
    other.access.sign_out(key)
    with pytest.raises(SignedOff):
        one.access.of_session(key)
    token = one.access.issue(Role.EDITOR, "t", by="t", staff=li.id)
    assert other.access.of_token(token.reveal()).role == Role.EDITOR
    one.access.revoke(next(t.id for t in one.access.tokens() if t.name == "t"), by="t")
    with pytest.raises(SignedOff):
        other.access.of_token(token.reveal())


def test_wrong_passwords_are_counted_wherever_they_are_tried(two):
    """S11 between two: the limit and not one more."""
    wang = two[0].staff.add("wang", "王强", by="t", role=Role.EDITOR)
    two[0].access.enrol(wang.id, "wang", PASSWORD, by="t")
    limit = two[0].settings.limits_logins
    for n in range(limit):
        with pytest.raises(SignedOff):
            two[n % 2].access.sign_in("wang", Secret("a guess"))
    for each in two:
        with pytest.raises(Overloaded):
            each.access.sign_in("wang", PASSWORD)


def test_a_platforms_rate_is_shared(two):
    """Sixty a minute for everybody together."""
    gates = [RateGate(each.records, each.clock) for each in two]
    begun, entered = time.monotonic(), 0
    while time.monotonic() - begun < 1.5:
        for gate in gates:
            try:
                gate.enter("acc_1:send", 60)
            except Busy as busy:
                threading.Event().wait(min(0.05, busy.seconds))
            else:
                entered += 1
    assert entered <= 1 + time.monotonic() - begun


def test_a_platform_that_one_found_out_of_order_is_left_alone_by_the_other(two):
    one, other = (Breakers(each.records, each.clock) for each in two)
    for _ in range(5):
        one.failed("acc_1")
    for each in (one, other):
        with pytest.raises(Busy, match=r"\w"):
            each.admit("acc_1")
    other.answered("acc_1")
    one.admit("acc_1")


def test_a_duty_has_one_leader_at_a_time_and_another_goes_on_when_it_stops(two):
    """Three workers want the same lane; whoever holds it writes when it began and ended. Two stop,
    one after the other: the stretches never overlap, and the last one works on."""
    stretches, lock, stop = [], threading.Lock(), threading.Event()

    def duty(name):
        def run():
            begun = time.monotonic()
            stop.wait(0.005)
            with lock:
                stretches.append((begun, time.monotonic(), name))
            return 0

        return run

    workers = [
        Worker({"lane": [Duty("only", duty(n), 0.001, idle=0.001)]}, two[n % 2].leases, drain=2,
               name=f"w{n}") for n in range(3)
    ]  # fmt: skip
    threads = [threading.Thread(target=each.lanes) for each in workers]
    for each in threads:
        each.start()
    try:
        for worker, thread in zip(workers[:2], threads[:2], strict=True):
            wait(lambda: len(stretches) > 20)
            worker.stop()
            thread.join(10)
            with lock:
                seen = len(stretches)
            wait(lambda seen=seen: len(stretches) > seen + 20)
    finally:
        for each in workers:
            each.stop()
        for each in threads:
            each.join(10)
    told = sorted(stretches)
    assert {name for *_, name in told[-3:]} == {2}
    for (_, ended, first), (begun, _, second) in pairwise(told):
        assert first == second or ended <= begun


def wait(told):
    until = time.monotonic() + 90
    while not told():
        assert time.monotonic() < until
        threading.Event().wait(0.01)
