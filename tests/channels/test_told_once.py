"""An order or a lead counts once, however long after the first time it is told again."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.base import Callback
from channels.commerce import ARK, Commerce
from channels.told_once import told_first
from channels.webhook import Webhook
from data_hub.intake import Intake
from kernel.events import Handle
from kernel.secret import Secret
from kernel.webhooks import signature
from stores.history import Fold
from stores.journal import SharedCommit
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal
from stores.told import Told
from tests.data_hub.telling import event, user

SECRET = "whsec_" + base64.b64encode(b"a key of the shop's own").decode()
QUERY = {"method": "msg.push", "appId": "a", "timestamp": "1772442000", "version": "2.0"}


class Stores:
    """A journal, a history behind it, and the fold that the platform is wired with."""

    def __init__(self, folder):
        self.history = SqliteHistory(folder / "history.db", durability="process")
        self.journal = SqliteJournal(folder / "journal", durability="process")
        self.commit = SharedCommit(self.journal)
        self.fold = Fold(self.journal, self.history, fresh=told_first)


@pytest.fixture
def stores(tmp_path):
    opened = Stores(tmp_path)
    yield opened
    for store in (opened.commit, opened.journal, opened.history):
        store.close()


@pytest.fixture
def take(stores, clock):
    """Events come in and are folded; how often each kind stands in the history of some handle."""
    intake = Intake(stores.commit, clock)

    def taken(*events):
        intake.take(events)
        stores.fold.run()
        hers = {each.handle for each in events}
        return sorted(each.kind for each in stores.history.of(hers))

    return taken


def ark(clock, state, number="P1"):
    """As the platform pushes it: paid, sent and completed are states of a purchase."""
    shop = Commerce(clock, account="acc_ark", dialect=ARK, secret=Secret("k3y"))
    signed = "msg.push?appId=a&timestamp=1772442000&version=2.0k3y"
    told = {"orderId": number, "orderStatus": state, "userId": "u1", "totalPayAmount": 19950,
            "updateTime": int(clock().timestamp())}  # fmt: skip
    query = QUERY | {"sign": hashlib.md5(signed.encode()).hexdigest()}
    return shop.receive(Callback(query=query, body=json.dumps([told]).encode())).events


def webhook(clock, type_, **data):
    shop = Webhook(clock, account="acc_shop", secret=Secret(SECRET))
    body = json.dumps({"type": type_, "data": {"user_id": "u1"} | data}).encode()
    stamp = str(int(clock().timestamp()))
    headers = {"webhook-id": stamp, "webhook-timestamp": stamp,
               "webhook-signature": signature(SECRET, stamp, stamp, body)}  # fmt: skip
    return shop.receive(Callback(body=body, headers=headers)).events


@pytest.mark.rule("R60.2")
def test_an_order_that_is_sent_and_completed_weeks_later_is_bought_once(take, clock):
    for state, days in ((2, 0), (4, 5), (7, 12)):
        clock.move(timedelta(days=days))
        assert take(*ark(clock, state)) == ["bought"]
    assert take(*ark(clock, 10)) == ["bought", "refunded"]
    assert take(*ark(clock, 2, "P2")) == ["bought", "bought", "refunded"]


def test_a_lead_that_is_told_again_weeks_later_is_one(take, clock):
    for _ in range(2):
        clock.move(timedelta(days=9))
        assert take(*webhook(clock, "lead.created", lead_id="L-1")) == ["left_contact"]


def test_a_refund_that_was_told_before_there_were_parts_is_not_another_one(take, clock):
    (back,) = webhook(clock, "order.refunded", order_id="A-1", amount="30")
    assert back.id == "order:A-1:refunded:30.00"
    assert take(replace(back, id="order:A-1:refunded")) == ["refunded"]  # as it was told then
    clock.move(timedelta(hours=1))
    assert take(back) == ["refunded"]
    other = webhook(clock, "order.refunded", order_id="A-1", amount="20")
    assert take(*other) == ["refunded", "refunded"]


def test_what_a_client_calls_so_keeps_nothing_out_and_stops_nothing(take, clock):
    odd = event("refunded", user("u1"), id="order:1:refunded", detail={"amount": "much"})
    assert take(odd) == ["refunded"]
    clock.move(timedelta(days=9))
    more = event("refunded", user("u1"), id="order:1:refunded:5.00", detail={"amount": 5})
    other = replace(more, account="acc_other")
    assert take(more, other) == ["refunded"] * 3
    assert (
        take(event("viewed_page", user("u1")), event("viewed_page", user("u1"))).count(
            "viewed_page"
        )
        == 2
    )


def test_what_a_broken_off_fold_put_is_put_again(stores, take, clock):
    take(*ark(clock, 2))
    (kept,) = stores.history.of({Handle("buyer", "acc_ark", "u1")})
    told = Told.of(kept, stores.history.zone)
    assert told_first(stores.history, [told]) == [told]
    later = Told.of(replace(kept, received=kept.received + timedelta(days=9)), stores.history.zone)
    assert told_first(stores.history, [later, told]) == [told]


def test_of_however_many_orders_of_however_many_people_none_counts_again(stores, take):
    hers = [
        event("bought", user(f"u{who}"), id=f"order:{who}-{number}", minutes=number)
        for who in range(5) for number in range(3)
    ]  # fmt: skip
    take(*hers)
    again = [
        Told.of(replace(each, received=each.received + timedelta(days=9)), stores.history.zone)
        for each in hers
    ]
    for most in (3, 4, 15, 16):
        assert told_first(stores.history, again, most=most) == []


def test_of_one_who_ordered_more_than_is_looked_through_none_counts_again(stores, take):
    hers = [event("bought", user("u1"), id=f"order:{n}", minutes=n) for n in range(40)]
    take(*hers)

    def again(*numbers, later=0):
        told = [
            replace(hers[n], at=hers[n].at + timedelta(minutes=later),
                    received=hers[n].received + timedelta(days=9))
            for n in numbers
        ]  # fmt: skip
        return told_first(
            stores.history, [Told.of(each, stores.history.zone) for each in told], most=4
        )

    assert again(0) == again(17) == again(*range(40)) == [], "at the moment at which it was told"
    assert again(39, later=3) == [], "or soon after it"
    assert again(36, later=3) == again(36, 38, later=1) == []
    assert len(again(2, later=20)) == 1, "long ago, and at another moment: not looked through"
    fresh = replace(hers[5], id="order:new", received=hers[5].received + timedelta(days=9))
    told = [Told.of(fresh, stores.history.zone)]
    assert told_first(stores.history, told, most=4) == told


def test_who_was_erased_is_known_no_more(stores, take, clock):
    take(*ark(clock, 2))
    stores.history.forget({Handle("buyer", "acc_ark", "u1")})
    clock.move(timedelta(days=9))
    assert take(*ark(clock, 7)) == ["bought"]
