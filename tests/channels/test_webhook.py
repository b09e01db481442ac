"""Orders and leads come in signed; forged, stale and broken ones do not; repeats add nothing."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from channels.base import Callback, Refused
from channels.webhook import TYPES, Webhook
from kernel.events import Handle
from kernel.secret import Secret
from kernel.webhooks import signature

SECRET = "whsec_" + base64.b64encode(b"a key of the shop's own").decode()
ORDER = {"order_id": "A-1", "amount": "50000", "product": "稳盈", "user_id": "u1",
         "phone": "138 0013 8000", "name": "林秀兰"}  # fmt: skip


@pytest.fixture
def shop(clock):
    return Webhook(clock, account="acc_shop", secret=Secret(SECRET))


def sent(clock, told, *, age=timedelta(0), secret=SECRET, id_="msg_1"):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    stamp = str(int((clock() - age).timestamp()))
    headers = {
        "webhook-id": id_, "webhook-timestamp": stamp,
        "webhook-signature": "v1,old " + signature(secret, id_, stamp, body),
    }  # fmt: skip
    return Callback(body=body, headers=headers)


def test_of_an_order_is_kept_what_was_bought_and_not_to_whom_it_is_brought(shop, clock):
    delivered = {"recipient_name": "李梅", "shipping": {"address": "世纪大道", "fee": 5},
                 "remark": "放门卫老王处", "receiverPhone": "13900000000"}  # fmt: skip
    told = {"type": "order.paid", "data": ORDER | delivered}
    (event,) = shop.receive(sent(clock, told)).events
    assert event.detail == {
        "order_id": "A-1", "amount": 50000.0, "product": "稳盈", "shipping": {"fee": 5},
        "traits": {"name": "林秀兰"},
    }  # fmt: skip


def test_a_known_signature_comes_out():
    """The example of the Standard Webhooks text."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.rule("R60.2")
def test_a_paid_order_is_bought_once_by_its_id_with_her_handles_linked(shop, clock):
    at = (clock() - timedelta(minutes=1)).isoformat()
    told = {"type": "order.paid", "timestamp": at, "data": ORDER}
    (event,) = shop.receive(sent(clock, told)).events
    (again,) = shop.receive(sent(clock, told, id_="msg_2")).events
    assert (event.id, event.kind, event.at) == (again.id, "bought", again.at)
    assert event.handle == Handle("user", "acc_shop", "u1")
    assert event.links == (Handle("phone", "", "13800138000"),)
    assert event.detail["amount"] == 50000.0
    assert event.detail["traits"] == {"name": "林秀兰"}
    assert "phone" not in event.detail


def test_what_is_paid_back_in_parts_is_as_many_events(shop, clock):
    def told(id_="msg_1", **more):
        told = {"type": "order.refunded", "data": ORDER | more}
        (event,) = shop.receive(sent(clock, told, id_=id_)).events
        return event.id

    parts = [told(amount=30), told(amount="20"), told(amount=30, refund_id="R-1"),
             told(amount=30, refund_id="R-2"), told(amount=None)]  # fmt: skip
    assert len(set(parts)) == 5
    assert told("msg_9", amount=30.0) == parts[0]
    assert told("msg_9", amount=31, refund_id="R-1") == parts[2]
    assert told("msg_9", amount="") == parts[4] == "order:A-1:refunded"


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_has_its_kind(shop, clock, type_):
    data = ORDER | {"lead_id": "L-1"}
    (event,) = shop.receive(sent(clock, {"type": type_, "data": data})).events
    assert event.kind == TYPES[type_]
    assert event.at == clock()


@pytest.mark.rule("R67.1")
@pytest.mark.parametrize(
    ("told", "handle"),
    [
        ({"openid": "o1"}, Handle("openid", "acc_shop", "o1")),
        ({"external_userid": "w1"}, Handle("external_userid", "acc_shop", "w1")),
    ],
)
def test_being_reachable_is_enough_for_a_lead(shop, clock, told, handle):
    data = {"lead_id": "L-1"} | told
    (event,) = shop.receive(sent(clock, [{"type": "lead.created", "data": data}])).events
    assert event.kind == "left_contact"
    assert event.handle == handle


@pytest.mark.rule("R67.2")
def test_a_lead_whom_nobody_could_turn_to_is_refused_and_kept(shop, clock):
    told = sent(clock, {"type": "lead.created", "data": {"lead_id": "L-1", "name": "林秀兰"}})
    received = shop.receive(told)
    (unread,) = received.unread
    assert (received.events, json.loads(unread.sample)) == ((), json.loads(told.body))


def test_a_lead_needs_no_phone(shop, clock):
    data = {"lead_id": "L-1", "openid": "o1", "source_type": "purchased", "campaign": "春季"}
    (event,) = shop.receive(sent(clock, [{"type": "lead.created", "data": data}])).events
    assert event.id == "lead:L-1"
    assert event.handle == Handle("openid", "acc_shop", "o1")
    assert event.detail == {"source_type": "purchased", "campaign": "春季"}


@pytest.mark.parametrize(
    "how",
    [{"secret": "another"}, {"age": timedelta(minutes=6)}, {"age": -timedelta(minutes=6)},
     {"id_": ""}],
)  # fmt: skip
def test_what_its_owner_did_not_sign_just_now_is_refused(shop, clock, how):
    with pytest.raises(Refused):
        shop.receive(sent(clock, {"type": "order.paid", "data": ORDER}, **how))


@pytest.mark.parametrize("headers", [{}, {"webhook-id": "m", "webhook-timestamp": "x" * 20}])
def test_what_is_not_signed_at_all_is_refused(shop, headers):
    with pytest.raises(Refused):
        shop.receive(Callback(body=b"{}", headers=headers))


DEEP = b'{"type": "order.paid", "data": {"order_id": "A-2", "x": %s%s}}'


@pytest.mark.parametrize(
    ("told", "field", "code"),
    [(b"", "body", "not_json"), (b"{", "body", "not_json"), ([1], "", "not_an_object"),
     ({"data": ORDER}, "type", "field_is_missing"),
     ({"type": ["order.paid"], "data": ORDER}, "type", "not_an_id"),
     ({"type": "order.paid"}, "data", "not_an_object"),
     ({"type": "order.paid", "data": {"amount": 1}}, "data.order_id", "field_is_missing"),
     ({"type": "order.paid", "data": ORDER | {"order_id": 1.5}}, "data.order_id", "not_an_id"),
     ({"type": "order.paid", "data": ORDER | {"order_id": "A\0"}}, "data.order_id", "not_an_id"),
     (b'{"type": "order.paid", "data": {"order_id": "A\\ud800"}}', "data.order_id", "not_an_id"),
     ({"type": "order.paid", "data": "A-1"}, "data", "not_an_object"),
     ({"type": "order.paid", "data": None}, "data", "not_an_object"),
     ({"type": "order.paid", "data": ORDER | {"amount": "viel"}}, "data.amount", "not_a_number"),
     ({"type": "lead.created", "data": {"phone": "13800138000"}}, "data.lead_id",
      "field_is_missing"),
     ({"type": "lead.created", "data": {"lead_id": "L"}}, "data.phone", "nobody_can_turn_to_her"),
     ({"type": "order.paid", "timestamp": "gestern", "data": ORDER}, "timestamp", "not_a_time"),
     ({"type": "order.paid", "timestamp": 10**40, "data": ORDER}, "timestamp",
      "time_out_of_range"),
     (DEEP % (b"[" * 300, b"]" * 300), "", "nested_too_deep"),
     (DEEP % (b"[" * 3_000, b"]" * 3_000), "", "nested_too_deep")],
)  # fmt: skip
def test_what_is_signed_and_no_order_is_kept_and_the_answer_says_why(
    shop, clock, told, field, code
):
    received = shop.receive(sent(clock, told))
    assert received.events == ()
    assert received.unreadable or [(each.flaw.field, each.flaw.reason) for each in received.unread]
    answer = json.loads(received.answer)
    (why,) = answer.pop("rejected")
    assert answer == {"success": True, "accepted": 0}
    assert (why["index"], why["field"], why["code"]) == (0, field, code)
    assert why["message"]


def test_good_neighbours_of_what_cannot_be_read_are_taken_and_it_is_read_again_later(shop, clock):
    told = [
        {"type": "order.paid", "data": ORDER | {"amount": spelled, "order_id": f"A-{n}"}}
        for n, spelled in enumerate(["￥1,000.50", "NaN", 7, "viel"])
    ]
    received = shop.receive(sent(clock, told))
    assert [(each.id, each.detail["amount"]) for each in received.events] == [
        ("order:A-0:bought", 1000.5), ("order:A-2:bought", 7.0),
    ]  # fmt: skip
    assert [json.loads(each.sample) for each in received.unread] == [told[1], told[3]]
    assert [each["index"] for each in json.loads(received.answer)["rejected"]] == [1, 3]
    still, right = (each.again for each in received.unread)
    then = clock() - timedelta(days=1)
    assert shop.read_again(still, then) is None
    assert shop.read_again("{", then) is None
    event = shop.read_again(right.replace("viel", "8"), then)
    assert (event.id, event.detail["amount"], event.at) == ("order:A-3:bought", 8.0, then)


def test_a_number_that_json_has_not_keeps_no_neighbour_out(shop, clock):
    """As a program writes that knows no better: the amount is told as none."""
    good, bad = ({"type": "order.paid", "data": ORDER | {"order_id": n}} for n in ("A-1", "A-2"))
    bad["data"] |= {"amount": float("nan")}
    received = shop.receive(sent(clock, b"\xef\xbb\xbf" + json.dumps([good, bad]).encode()))
    assert [each.detail["amount"] for each in received.events] == [50000.0, None]


@pytest.mark.parametrize("nobody", [0, "0", "null", "None", False])
def test_guests_of_a_shop_are_not_one_customer(shop, clock, nobody):
    told = {"type": "order.paid", "data": ORDER | {"user_id": nobody, "unionid": nobody}}
    (event,) = shop.receive(sent(clock, told)).events
    assert (event.handle, event.links) == (Handle("phone", "", "13800138000"), ())


@pytest.mark.parametrize(
    ("spelled", "taken"),
    [(1_772_400_000, True), (1_772_400_000_000, True), (1_772_400_000_000_000_000, False),
     (10**40, False), (-(10**17), False), (True, False), ("0001-01-01T00:00:00", False),
     ("0001-01-01T00:00:00+14:00", False), ("1900-01-01T00:00:00Z", False)],
)  # fmt: skip
def test_a_time_that_none_of_ours_is_keeps_no_neighbour_out(shop, clock, spelled, taken):
    """Systems write nanoseconds, or the year 1 for none at all."""
    clock.move(timedelta(days=3_650))
    order = {"type": "order.paid", "data": ORDER}
    told = [order | {"timestamp": spelled}, order | {"data": ORDER | {"order_id": "A-2"}}]
    received = shop.receive(sent(clock, told))
    assert [each.id for each in received.events] == ["order:A-1:bought"] * taken + [
        "order:A-2:bought"
    ]
    assert len(received.unread) == (not taken)
    if taken:
        assert received.events[0].at == datetime.fromtimestamp(1_772_400_000, UTC)


def test_a_type_that_nobody_wrote_down_is_kept(shop, clock):
    (event,) = shop.receive(sent(clock, {"type": "order.lost", "data": ORDER})).events
    assert event.kind == "webhook.order.lost"


def test_a_mail_address_and_a_unionid_link_her_too(shop, clock):
    data = {"lead_id": "L-1", "unionid": "w1", "email": "Anna@Example.cn"}
    (event,) = shop.receive(sent(clock, {"type": "lead.created", "data": data})).events
    assert event.handle == Handle("lead", "acc_shop", "L-1")
    assert event.links == (Handle("unionid", "", "w1"), Handle("email", "", "anna@example.cn"))


def test_an_order_is_never_in_our_future(shop, clock):
    late = (clock() + timedelta(days=3)).isoformat()
    (event,) = shop.receive(
        sent(clock, {"type": "order.paid", "timestamp": late, "data": ORDER})
    ).events
    assert event.at == clock()
