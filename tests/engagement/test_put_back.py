"""A clock that ran ahead and is put right keeps nobody waiting for hours, and breaks no promise."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.base import Busy, Progress, Receipt
from channels.deliveries import Lane
from channels.notices import Notice, Subscription
from data_hub.echoes import Echo
from engagement.put_back import PutBack
from engagement.reminders import Reminders
from engagement.rep_cards import RepCard
from kernel.events import Handle
from tests.channels.house import House

AHEAD = timedelta(hours=5)
SUBMITTED = Receipt(ref="r1", progress=Progress.SUBMITTED)


@pytest.fixture
def house(any_records, any_people, clock):
    made = House(any_records, any_people, clock)
    made.put_back = PutBack(any_records, any_people, clock)
    made.put_back.mend()
    yield made
    made.close()


def run_ahead(house, clock):
    """From one round of the worker to the next."""
    clock.move(AHEAD)
    assert house.put_back.mend() == 0


def put_right(house, clock):
    clock.move(-AHEAD)
    house.put_back.mend()


def claimed(deliveries):
    found = deliveries.claim(lambda delivery: delivery, lane=Lane.POST)
    return found and found[0].occasion


def queue(house, account, occasion, **more):
    return house.deliveries.queue(account=account, occasion=occasion, by="li", **more)


def test_what_was_queued_goes_now_and_what_was_promised_for_later_goes_then(house, clock):
    account, deliveries = house.account().id, house.deliveries
    queue(house, account, "promised", at=clock() + timedelta(hours=6))
    run_ahead(house, clock)
    queue(house, account, "queued")
    put_right(house, clock)
    assert claimed(deliveries) == "queued"
    assert claimed(deliveries) is None
    clock.move(timedelta(hours=6))
    assert claimed(deliveries) == "promised"


def test_what_a_platform_put_off_waits_as_long_as_was_asked_and_no_longer(house, clock):
    account, deliveries = house.account().id, house.deliveries
    queue(house, account, "before")
    first = deliveries.claim(lambda delivery: delivery, lane=Lane.POST)[0]
    deliveries.postpone(first, Busy("busy", seconds=21_600))
    run_ahead(house, clock)
    queue(house, account, "after")
    second = deliveries.claim(lambda delivery: delivery, lane=Lane.POST)[0]
    assert second.occasion == "after"
    deliveries.postpone(second, Busy("busy", seconds=600))
    put_right(house, clock)
    assert claimed(deliveries) is None
    clock.move(timedelta(seconds=599))
    assert claimed(deliveries) is None
    clock.move(timedelta(seconds=1))
    assert claimed(deliveries) == "after"
    assert claimed(deliveries) is None  # six hours were asked, by the clock that was right
    clock.move(timedelta(seconds=21_000))
    assert claimed(deliveries) == "before"


def test_what_a_platform_still_owes_an_answer_for_is_asked_again(house, clock):
    account, deliveries = house.account().id, house.deliveries
    run_ahead(house, clock)
    queue(house, account, "plc_1")
    mine = deliveries.claim(lambda delivery: delivery, lane=Lane.POST)[0]
    deliveries.note(mine, SUBMITTED)
    put_right(house, clock)
    clock.move(timedelta(seconds=2))
    assert deliveries.asking().id == mine.id


def test_red_dots_of_a_clock_that_ran_ahead_are_seen_and_those_of_tomorrow_stay_there(
    house, clock, records
):
    reminders, her = Reminders(house.records, house.changes, clock), Handle("phone", "", "1")
    tomorrow = clock() + timedelta(days=1)
    run_ahead(house, clock)
    now = reminders.remind("stf_1", "read_your_share", str(her), "s1")
    later = reminders.remind("stf_1", "birthday", str(her), "2026", due=tomorrow)
    with house.records.write() as session:
        for each in (now, later):
            session.add(RepCard(
                reminder=each.id, staff="stf_1", due=each.due, next_at=max(each.due, clock())
            ))  # fmt: skip
        session.add(Notice(
            subscription="sub_1", kind="bought", subject="x", body="{}", at=clock(), next_at=clock()
        ))  # fmt: skip
    put_right(house, clock)
    assert reminders.unread("stf_1") == 1
    with house.records.read() as session:
        cards = session.scalars(select(RepCard).order_by(RepCard.next_at)).all()
        assert [each.next_at for each in cards] == [clock(), tomorrow]
        assert session.scalar(select(Notice)).next_at == clock()
    clock.move(timedelta(days=1))
    assert reminders.unread("stf_1") == 2


def test_an_address_that_rested_is_told_again_and_an_erasure_broken_off_is_ended(
    house, any_people, clock
):
    run_ahead(house, clock)
    soon = clock() + timedelta(minutes=1)
    with house.records.write() as session:
        session.add(Subscription(
            id="whk_1", name="erp", url="https://erp", kinds=[], accounts=[], sealed="",
            created=clock(), by="li", rests=soon,
        ))  # fmt: skip
    with any_people.write() as session:
        session.add(Echo(customer="cus_1", handle="phone:1", next_at=soon))
    put_right(house, clock)
    again = clock() + timedelta(minutes=1)
    with house.records.read() as session:
        assert session.scalar(select(Subscription.rests)) == again
    with any_people.read() as session:
        assert session.scalar(select(Echo.next_at)) == again


def test_a_clock_that_only_goes_on_or_is_kept_right_moves_nothing(house, clock):
    account = house.account().id
    queue(house, account, "plc_1", at=clock() + timedelta(minutes=9))
    for seconds in (30, -4, 61, 3_600, -5):
        clock.move(timedelta(seconds=seconds))
        assert house.put_back.mend() == 0
