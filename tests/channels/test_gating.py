"""Marketing that waits for its place: taken at the queue, asked again at the last moment."""

import random
import threading
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event as event_

from channels.base import Busy, Progress, Receipt
from channels.broadcasts.keeper import Broadcasts
from channels.broadcasts.planning import Planning
from channels.deliveries import Delivery, Lane, State
from channels.preferences import Preferences
from channels.touch_policy import Advised
from content_hub.compliance import Compliance
from data_hub.consents import MARKETING, SERVICE
from kernel.errors import Conflict
from kernel.events import Handle
from tests.channels.house import BoardChannel
from tests.channels.touching import SHANGHAI
from tests.data_hub.telling import event
from tests.sizes import sized

HER = Handle("user", "acc_1", "u1")


@pytest.fixture
def noon(clock):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI.info)
    return clock


@pytest.fixture
def app(any_house, noon):
    return any_house.account("app", "app", "own_app")


@pytest.fixture
def say(any_house, app):
    """Queue a few words for one person."""

    def queue(occasion="o1", *, to=HER, purpose=MARKETING, **more):
        return any_house.publishing.send(
            to, app.code, occasion=occasion, purpose=purpose, by="li", words="您好", **more
        )  # fmt: skip

    return queue


def state(house, delivery):
    return house.deliveries.one(delivery.id).state


@pytest.mark.rule("R43.1", "R43.2", "R45.2")
def test_a_second_one_waits_for_a_day_with_room_and_then_goes(any_house, say, noon):
    first, second = say("o1"), say("o2")
    any_house.work()
    assert state(any_house, first) == State.DONE
    waiting = any_house.deliveries.one(second.id)
    assert (waiting.state, waiting.lane, waiting.reason) == ("due", "gated", "capped_overall")
    noon.now = waiting.next_at - timedelta(seconds=1)
    any_house.work()
    assert state(any_house, second) == State.DUE
    noon.move(timedelta(seconds=1))
    any_house.work()
    assert state(any_house, second) == State.DONE
    assert f"{SHANGHAI.local(waiting.next_at):%m-%d %H:%M}" == "03-03 09:00"


@pytest.mark.rule("R113.1")
def test_a_group_is_told_five_times_as_much_as_one_person(any_house, say):
    group = Handle("wecom_group", "acc_1", "wr1")
    said = [say(f"g{number}", to=group) for number in range(6)]
    any_house.work()
    states = [state(any_house, each) for each in said]
    assert states == [State.DONE] * 5 + [State.DUE]
    assert {each.weight for each in any_house.touch_policy.taken([group])} == {0.2}


@pytest.mark.rule("R43.2")
def test_what_went_stale_while_it_waited_expires(any_house, say, noon):
    say("o1")
    late = say("o2", expires=noon() + timedelta(hours=30))
    noon.move(timedelta(hours=31))
    any_house.work()
    told = any_house.deliveries.one(late.id)
    assert (told.state, told.reason) == (State.EXPIRED, "its_time_went_by")


@pytest.mark.rule("R44.2")
def test_service_passes_at_night_and_while_she_is_upset(any_house, say, noon):
    any_house.moods.hold(HER, "open_complaint", days=3, by="li")
    noon.move(timedelta(hours=11))
    service, marketing = say("s", purpose=SERVICE), say("m")
    any_house.work()
    assert (state(any_house, service), state(any_house, marketing)) == ("done", "due")


def test_what_matters_more_takes_the_place_and_the_other_waits(any_house, say):
    low, high = say("low", priority=10), say("high", priority=90)
    assert any_house.deliveries.one(low.id).lane == Lane.GATED
    any_house.work()
    assert (state(any_house, high), state(any_house, low)) == ("done", "due")


def test_asleep_for_a_day_nothing_bursts_out(any_house, say, noon):
    """F26: what was due while every worker slept goes out one a day, as if nobody had."""
    for number in range(3):
        say(f"o{number}", at=noon() + timedelta(hours=number + 1))
    noon.move(timedelta(hours=26))
    any_house.work()
    assert any_house.deliveries.tally()[(any_house.accounts.one("app").id, "done")] == 1


def test_a_place_is_given_back_when_the_platform_will_not_have_it(any_house, say):
    first = say("o1")
    claimed, _ = any_house.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    refused = Receipt(ref="r", progress=Progress.REFUSED, reason="recipient_refuses")
    assert any_house.deliveries.note(claimed, refused)
    assert state(any_house, first) == State.REFUSED
    say("o2")
    any_house.work()
    assert any_house.deliveries.there(first.account, str(HER), "o2").state == State.DONE


def test_a_rep_is_advised_may_insist_once_and_consent_is_never_overruled(any_house, say):
    say("o1")
    with pytest.raises(Advised) as advised:
        say("o2", rep="stf_1")
    assert advised.value.reason == "capped_overall"
    insisted = say("o2", rep="stf_1", override="她在电话里要的")
    any_house.work()
    assert state(any_house, insisted) == State.DONE
    with pytest.raises(Advised):
        say("o3", rep="stf_1", override="再来一次")
    Preferences(
        any_house.records, any_house.consents, any_house.deliveries, any_house.identities
    ).opt_out([HER], MARKETING, source="t")
    with pytest.raises(Conflict) as refused:
        say("o4", rep="stf_1", override="还是要发")
    assert refused.value.reason == "she_does_not_allow_it"


@pytest.mark.rule("R46.2")
def test_none_is_begun_after_she_opted_out(any_house, app, say):
    """S35 in small: senders race with opt-outs; whoever commits first decides."""
    people = [Handle("user", app.id, f"u{n}") for n in range(sized(8, 1_000))]
    for person in people:
        say("race", to=person)
    wishes = Preferences(
        any_house.records, any_house.consents, any_house.deliveries, any_house.identities
    )
    answers, begun = {}, []

    def opt_out():
        for person in people:
            answers[str(person)] = wishes.opt_out([person], MARKETING, source="t")

    def work():
        while found := any_house.deliveries.claim_some(
            any_house.publishing.last_question.of_messages, lane=Lane.MESSAGE, most=2
        ):
            begun.extend(delivery.target for delivery, _ in found)

    threads = [threading.Thread(target=each) for each in (opt_out, work, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in map(str, people):
        assert answers[person].cancelled + answers[person].in_flight == 1
        assert (person in begun) == (answers[person].in_flight == 1)


class Stopwatch(BoardChannel):
    """Notes when each call to it begins."""

    def send(self, message, *, key):
        self.board.works.setdefault(message.handle, []).append(time.monotonic())
        return super().send(message, key=key)


@pytest.fixture
def sending(any_house, noon):
    """A broadcast to very many on an account whose calls are timed: its planning, and them."""
    house, many = any_house, sized(150, 20_000)
    house.channels._factories["watched"] = lambda *_: Stopwatch(house.board)
    account = house.account("watched", "watched").id
    people = [Handle("openid", account, f"o{n:05}") for n in range(many)]
    for begin in range(0, many, 500):
        told = [event("followed", each, account=account) for each in people[begin : begin + 500]]
        house.identities.note(told)
    common = {"records": house.records, "deliveries": house.deliveries, "segments": None,
              "identities": house.identities, "clock": noon}  # fmt: skip
    Broadcasts(
        changes=house.changes, accounts=house.accounts, policy=house.touch_policy,
        shelf=house.shelf, compliance=Compliance(house.records, house.changes, noon), **common,
    ).create("三月问候", account, everybody="人人有份", words="春天好", by="t")  # fmt: skip
    planning = Planning(**common)
    planning.slice = sized(20, 250)
    return planning, people


@pytest.mark.rule("R46.2")
def test_s35_in_the_middle_of_a_broadcast_no_call_begins_once_a_withdrawal_is_acknowledged(
    any_house, sending
):
    """While it is planned, let through and sent, every tenth withdraws, planned or not."""
    (planning, people), house, over = sending, any_house, threading.Event()
    left, answers = people[5::10], {}
    random.Random(7).shuffle(left)

    def opt_out():
        for each in left:
            told = house.preferences.opt_out([each], MARKETING, source="t")
            answers[each] = time.monotonic(), told
            over.wait(sized(0.003, 0.02))

    def plan():
        while planning.run() + house.publishing.gate():
            pass
        over.set()

    def work():
        while house.publishing.carry() or not over.is_set():
            pass

    threads = [threading.Thread(target=each) for each in (opt_out, plan, work, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.work()
    began = house.board.works
    assert {*people} - {*left} <= {*began}
    assert all(len(times) == 1 for times in began.values())
    late = {each for each, (at, _) in answers.items() if began.get(each, [0])[0] > at}
    assert late <= {each for each, (_, told) in answers.items() if told.in_flight == 1}
    assert {*left} - {*began}  # or nothing was shown


def test_a_delivery_tells_every_step_with_its_time(any_house, say, noon):
    say("o1")
    delivery = say("o2")
    noon.now = any_house.deliveries.one(delivery.id).next_at
    any_house.work()
    steps = any_house.deliveries.one(delivery.id).steps
    assert [(step[1], step[2]) for step in steps] == [
        ("due", ""), ("due", "capped_overall"), ("sending", ""), ("done", ""),
    ]  # fmt: skip
    assert all(datetime.fromisoformat(step[0]).tzinfo for step in steps)


def test_accounts_take_turns_and_none_takes_more_than_its_share(any_house, noon):
    any_house.deliveries._share = 2
    slow, quick = any_house.account("slow").id, any_house.account("quick").id
    for number in range(6):
        any_house.deliveries.queue(account=slow, occasion=f"s{number}", by="li")
    noon.move(timedelta(seconds=5))
    any_house.deliveries.queue(account=quick, occasion="q", by="li")
    served = []
    while found := any_house.deliveries.claim(lambda _: None, lane=Lane.POST):
        served.append(found[0].account)
    assert served == [slow, quick, slow]


def test_a_greeting_does_not_wait_behind_anything(any_house, app, say):
    for number in range(4):
        say(f"o{number}", to=Handle("user", app.id, f"u{number}"))
    say("hello", purpose=SERVICE, lane=Lane.EXPRESS)
    assert any_house.publishing.greet() == 1
    assert any_house.deliveries.there(app.id, str(HER), "hello").state == State.DONE


def test_a_hundred_that_were_parked_are_retried_at_once(any_house, noon):
    account = any_house.account().id
    for number in range(102):
        any_house.deliveries.queue(account=account, occasion=f"o{number}", by="li")
    any_house.deliveries._share = 999
    while found := any_house.deliveries.claim(lambda _: None, lane=Lane.POST):
        any_house.deliveries.park(found[0], Busy("platform_busy", status=500))
    assert any_house.deliveries.retry_many(account=account, by="li") == 100
    assert any_house.deliveries.retry_many(reason="platform_busy", by="li") == 2
    assert any_house.deliveries.in_flight(Delivery.state == State.PARKED) == 0


def test_a_call_that_hangs_opens_the_breaker_sooner(any_house):
    for _ in range(2):
        any_house.breakers.failed("acc_1", weight=3)
    with pytest.raises(Busy):
        any_house.breakers.admit("acc_1")


def test_what_is_too_late_is_looked_for_among_what_waits_and_not_among_all_that_was_sent(house):
    """Asked several times a second, of a table that keeps years."""
    asked = []
    event_.listen(house.records.engine, "before_cursor_execute", lambda *told: asked.append(told))
    house.deliveries.expire()
    ((*_, statement, values, _, _),) = [each for each in asked if "expires <=" in each[2]]
    with house.records.glance() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        (step,) = [told for *_, told in plan]
    assert step == "SEARCH deliveries USING INDEX ix_deliveries_queue (state=?)"
