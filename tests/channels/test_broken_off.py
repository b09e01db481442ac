"""F35: whichever question to the records fails, and whichever call to a platform, nothing is half
done: asked again, each flow ends as if nothing had happened."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.base import (
    Busy,
    Callback,
    Greeting,
    Progress,
    Receipt,
    Received,
    Refused,
    Unanswered,
)
from channels.deliveries import Lane, State
from channels.hand_offs import Standing
from channels.preferences import Preferences
from channels.welcoming import Welcome
from data_hub.consents import MARKETING
from data_hub.intake import Intake
from kernel.errors import Conflict, Overloaded
from kernel.events import Ecosystem, Handle
from tests.channels.house import BoardChannel
from tests.faults import Faults
from tests.rounds import publish_due
from tests.sizes import sized

EACH = sized(5, 1)
"""In CI every fifth statement fails, and every call to the platform."""


class Hall(BoardChannel):
    """Where people turn up with a code that is good once; each callback tells of one of them, and
    that something was shown."""

    key = "hall"

    def __init__(self, house, account):
        super().__init__(house.board)
        self.account, self.clock, self.greeted = account, house.clock, []

    def receive(self, callback):
        name = callback.body.decode()
        who = Handle("openid", self.account, name)
        return Received(
            outcomes=(Receipt(ref=name, progress=Progress.SHOWN),),
            greetings=(Greeting(code=name, handle=who, at=self.clock()),), answer=b"success",
        )  # fmt: skip

    def greet(self, greeting, message):
        if greeting.code in self.greeted:
            raise Refused("already_greeted")
        self.greeted.append(greeting.code)


def queued(house, name, at="board"):
    account = house.accounts.one(at)
    return house.deliveries.queue(
        account=account.id, target=Handle("openid", account.id, name), occasion=name,
        purpose="service", words=name, by="li", lane=Lane.GATED,
    )  # fmt: skip


def state(house, delivery):
    return house.deliveries.one(delivery.id).state


def a_message_goes_out(house, name):
    delivery = queued(house, name)
    yield house.work
    assert state(house, delivery) == State.DONE
    assert sum(name in str(each) for each in house.board.said) == 1


def a_post_is_shown(house, name):
    placement = house.placed(house.material(name), house.accounts.one("board"))
    yield house.work
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, house.board.shown.count(delivery.id)) == (State.DONE, 1)


def a_post_is_taken_down_at_closing(house, name):
    placement = house.placed(house.material(name), house.accounts.one("board"), hours=(-1, 1))
    house.work()
    house.clock.move(timedelta(hours=2))
    yield house.work
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, delivery.id in house.board.up) == (State.WITHDRAWN, False)


def she_opts_out_of_what_waits(house, name):
    delivery = queued(house, name)
    wishes = Preferences(house.records, house.consents, house.deliveries, house.identities)
    yield lambda: wishes.opt_out([delivery.handle], MARKETING, source="t")
    assert not house.consents.allows([str(delivery.handle)], MARKETING, "board")


def the_platform_tells_an_outcome(house, name):
    delivery = queued(house, name)
    house.publishing.gate()
    found, _ = house.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    house.deliveries.note(found, Receipt(ref=name, progress=Progress.SUBMITTED))
    account = house.accounts.one("board").id
    yield lambda: house.deliveries.note_outcome(account, Receipt(ref=name, progress=Progress.SHOWN))
    assert state(house, delivery) == State.DONE


def a_callback_tells_of_somebody_new_and_of_an_outcome(house, name):
    halls = {}
    house.channels._factories["hall"] = lambda account, _: halls.setdefault(
        account.id, Hall(house, account.id)
    )
    at = house.account(f"h{name}", "hall", settings={"welcome": "您好"})
    callbacks = house.door(Intake(None, house.clock))
    delivery = queued(house, name, at.code)
    house.publishing.gate()
    found, _ = house.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    house.deliveries.note(found, Receipt(ref=name, progress=Progress.SUBMITTED))

    def heard():
        assert callbacks.take(at.id, Callback(body=name.encode())) == b"success"
        house.welcoming.greet_due()
        house.clock.move(timedelta(seconds=7))  # what was broken off is free again
        house.welcoming.greet_due()

    yield heard
    assert (state(house, delivery), halls[at.id].greeted) == (State.DONE, [name])
    with house.records.read() as session:
        (kept,) = session.scalars(select(Welcome).where(Welcome.account == at.id))
    assert (kept.outcome, kept.code) == ("greeted", "")


def it_is_taken_off_the_shelf(house, name):
    placement = house.placed(house.material(name), house.accounts.one("board"))
    house.publishing.plan()
    yield lambda: house.publishing.retire(placement.material, by="li")
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, house.board.shown.count(delivery.id)) == (State.CANCELLED, 0)


def a_person_posts_what_lies_ready(house, name):
    code = f"dy{name}"
    there = house.account(
        code, "douyin", Ecosystem.VIDEO, secrets={"client_secret": "0123456789abcdef"}
    )
    tag = house.taxonomy.create(f"直播{name}", "topic", by="li")
    live = house.materials.create("livestream", name, tags=[tag.id], by="li")
    placement = house.placed(live, there)
    house.work()
    (ready,) = house.hand_offs.page(account=there.id).items
    yield lambda: house.hand_offs.note_posted(ready.id, by="li")
    assert house.hand_offs.one(ready.id).standing == Standing.POSTED
    house.clock.move(timedelta(hours=1))
    house.work()
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert delivery.state == State.DONE


def what_was_set_aside_is_tried_again(house, name):
    delivery = queued(house, name)
    house.board.trouble = [Refused("platform_refused")]
    house.work()
    assert state(house, delivery) == State.PARKED

    def retry():
        with suppress(Conflict):  # it is on its way already
            house.deliveries.retry(delivery.id, by="li")
        house.work()

    yield retry
    assert state(house, delivery) == State.DONE
    assert sum(name in str(each) for each in house.board.said) == 1


def a_dead_workers_message_is_taken_over(house, name):
    delivery = queued(house, name)
    house.publishing.gate()
    assert house.deliveries.claim(lambda _: None, lane=Lane.MESSAGE)
    house.clock.move(timedelta(seconds=house.deliveries.lease + 1))
    yield house.publishing.rescue
    assert state(house, delivery) == State.UNKNOWN  # nobody knows whether it was said
    assert sum(name in str(each) for each in house.board.said) == 0


def what_a_lost_answer_was_about_is_found(house, name):
    placement = house.placed(house.material(name), house.accounts.one("board"))
    house.board.trouble = [Unanswered("platform_did_not_answer", done=True)]
    publish_due(house.publishing)
    house.clock.move(timedelta(minutes=5))
    yield house.work
    house.clock.move(timedelta(minutes=30))
    house.work()
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, house.board.shown.count(delivery.id)) == (State.DONE, 1)


FLOWS = [
    a_message_goes_out, a_post_is_shown, a_post_is_taken_down_at_closing,
    she_opts_out_of_what_waits, the_platform_tells_an_outcome,
    a_callback_tells_of_somebody_new_and_of_an_outcome, it_is_taken_off_the_shelf,
    a_person_posts_what_lies_ready, what_was_set_aside_is_tried_again,
    a_dead_workers_message_is_taken_over, what_a_lost_answer_was_about_is_found,
]  # fmt: skip


def again(house, act):
    """The worker's next rounds, or the person's next try."""
    act()
    for _ in range(3):
        house.clock.move(timedelta(seconds=house.deliveries.lease + 1))
        house.work()


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_f35_whichever_question_to_the_records_fails_nothing_is_half_done(house, flow):
    house.account()
    faults, number = Faults(house.records), 1
    while True:
        case = flow(house, f"{flow.__name__[:8]}{number}")
        act = next(case)
        faults.begin(number)
        with suppress(Overloaded):  # and nothing else: it says when to come again
            act()
        met = faults.end()
        again(house, act)
        assert next(case, "over") == "over"
        if not met:
            break
        number += EACH
    assert number > EACH


TROUBLES = [
    Busy("platform_busy", down=True, status=500), Unanswered("platform_did_not_answer", done=True),
    Unanswered("platform_did_not_answer", done=False),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=["refused", "lost after", "lost before"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_f35_whichever_call_to_the_platform_fails_each_post_is_up_once_and_down_at_closing(
    house, number, trouble
):
    placement = house.placed(house.material(), house.account(), hours=(-1, 8))
    house.board.trouble = [None] * number + [trouble]
    for _ in range(12):
        house.work()
        house.clock.move(timedelta(minutes=10))
    (delivery,) = house.deliveries.of_placement(placement.id)
    assert (delivery.state, len(house.board.up)) == (State.DONE, 1)
    house.clock.move(timedelta(hours=8))
    for _ in range(4):
        house.work()
        house.clock.move(timedelta(minutes=10))
    assert house.deliveries.one(delivery.id).state == State.WITHDRAWN
    assert house.board.up == {}
