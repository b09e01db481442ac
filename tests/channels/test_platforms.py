"""Hand-offs, Douyin and shops: what a person posts, and what their platforms tell."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from channels.base import Busy, Callback, Message, Progress, Refused
from channels.commerce import ARK, MEITUAN, Commerce
from channels.contract import HearingContract, ShowingContract
from channels.hand_offs import HandOffs, Standing
from channels.handed_over import HandedOver
from channels.orders import impersonal
from channels.video.douyin import Douyin
from kernel.errors import Conflict
from kernel.events import Handle
from kernel.secret import Secret

POST = ShowingContract.post
SECRET = "0123456789abcdef"


@pytest.fixture
def hand_offs(records, changes, clock):
    return HandOffs(records, changes, clock)


class Person:
    """Whoever posts for us: what lies ready for her, or is up."""

    def __init__(self, hand_offs):
        self._hand_offs = hand_offs

    @property
    def shown(self):
        kept = self._hand_offs.page(first=100).items
        return [each.title for each in kept if each.standing is not Standing.GONE]


@pytest.fixture
def platform(hand_offs):
    return Person(hand_offs)


class TestHandedOver(ShowingContract):
    @pytest.fixture
    def channel(self, hand_offs):
        return HandedOver(hand_offs, account="acc_xhs")


@pytest.fixture
def channel(hand_offs, clock):
    return Douyin(hand_offs, clock, account="acc_dy", client_key="ck", client_secret=Secret(SECRET))


def webhook(event, content, *, number="", secret=SECRET, **more):
    told = {"event": event, "client_key": "ck", "from_user_id": "fan-1"} | more
    body = json.dumps(told | {"content": content}, ensure_ascii=False).encode()
    sign = hashlib.sha1(secret.encode() + body).hexdigest()
    headers = {"x-douyin-signature": sign} | ({"msg-id": number} if number else {})
    return Callback(body=body, headers=headers)


class TestDouyin(ShowingContract, HearingContract):
    @pytest.fixture
    def genuine(self):
        return webhook("new_follow_action", {"action_time": 1772442000})

    @pytest.fixture
    def forged(self):
        return webhook("new_follow_action", {}, secret="guess")


def test_it_is_shown_once_somebody_says_that_she_posted_it(channel, hand_offs):
    ref = channel.publish(POST, key="k1").ref
    assert channel.outcome(ref).progress is Progress.AWAITING_PERSON
    hand_offs.note_posted(ref, by="li", address="https://v.douyin.com/x")
    hand_offs.note_posted(ref, by="wu", address="elsewhere")
    assert channel.outcome(ref).progress is Progress.SHOWN
    assert hand_offs.one(ref).address == "https://v.douyin.com/x"


def test_what_a_person_posted_is_hers_to_take_down(channel, hand_offs):
    ref = channel.publish(POST, key="k1").ref
    hand_offs.note_posted(ref, by="li")
    with pytest.raises(Busy):
        channel.withdraw(ref)
    assert hand_offs.one(ref).standing is Standing.OVERDUE
    hand_offs.note_taken_down(ref, by="li")
    channel.withdraw(ref)
    assert channel.outcome(ref).progress is Progress.WITHDRAWN


def test_what_is_over_is_not_posted_any_more(channel, hand_offs):
    ref = channel.publish(POST, key="k1").ref
    channel.withdraw(ref)
    with pytest.raises(Conflict):
        hand_offs.note_posted(ref, by="li")


def test_the_webhook_of_the_new_post_says_that_it_is_up(channel, hand_offs):
    ref = channel.publish(POST, key="k1").ref
    told = channel.receive(webhook("create_video", {"item_id": "@i", "share_id": ref}))
    assert [(each.ref, each.progress) for each in told.outcomes] == [(ref, Progress.SHOWN)]
    assert channel.outcome(ref).progress is Progress.SHOWN
    other = channel.receive(webhook("create_video", {"item_id": "@j", "share_id": "nobody's"}))
    assert other.outcomes == ()


def test_the_challenge_comes_back_as_a_number(channel):
    told = channel.receive(webhook("verify_webhook", {"challenge": 12345}))
    assert (json.loads(told.answer), told.events) == ({"challenge": 12345}, ())


def test_the_platforms_number_tells_a_repeat_from_a_second_one(channel):
    told = [
        channel.receive(webhook("im_receive_msg", {"text": "在吗"}, number=number)).events[0].id
        for number in ("m1", "m1", "m2")
    ]
    assert told == ["m1", "m1", "m2"]


@pytest.mark.parametrize("inner", [dict, json.dumps], ids=["an object", "a text"])
def test_a_card_that_a_fan_filled_in_is_a_contact(channel, inner):
    card = {"card_data": [{"label": "手机号", "value": "13800000000"}]}
    (event,) = channel.receive(webhook("im_receive_msg", inner(card))).events
    assert (event.kind, event.detail["card"]) == ("left_contact", {})
    assert [each.kind for each in event.links] == ["phone"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"event": 3}', b'{"event": "x", "content": "{"}']
)
def test_signed_nonsense_is_kept_and_answered(channel, body):
    sign = hashlib.sha1(SECRET.encode() + body).hexdigest()
    told = channel.receive(Callback(body=body, headers={"x-douyin-signature": sign}))
    assert (told.events, told.unreadable) == ((), body)


def test_an_unknown_event_is_kept_as_it_came(channel):
    callback = webhook("brand_new", {"a": 1})
    (event,) = channel.receive(callback).events
    assert (event.kind, event.raw, event.detail["a"]) == ("douyin.brand_new", callback.body, 1)


# shops


def meituan(order, secret=SECRET):
    told = {"developerId": "1", "timestamp": "1772442000", "version": "2"}
    biz = order if isinstance(order, bytes) else json.dumps(order, ensure_ascii=False).encode()
    told |= {"biz": biz.decode()}
    pairs = "".join(f"{name}{told[name]}" for name in sorted(told))
    told["sign"] = hashlib.sha1(f"{secret}{pairs}".encode()).hexdigest()
    return Callback(body=urlencode(told).encode())


def ark(orders, secret=SECRET):
    query = {"method": "msg.push", "appId": "a", "timestamp": "1772442000", "version": "2.0"}
    text = "msg.push?appId=a&timestamp=1772442000&version=2.0" + secret
    query["sign"] = hashlib.md5(text.encode()).hexdigest()
    return Callback(query=query, body=json.dumps(orders).encode())


ORDER = {
    "orderId": 9001, "status": 2, "userId": "u1", "recipientPhone": "138 0000 0000",
    "total": "199.5", "utime": 1772442000, "dealTitle": "体检套餐",
}  # fmt: skip


@pytest.fixture
def shop(clock):
    return Commerce(clock, account="acc_mt", dialect=MEITUAN, secret=Secret(SECRET))


class TestShop(HearingContract):
    @pytest.fixture
    def channel(self, shop):
        return shop

    @pytest.fixture
    def genuine(self):
        return meituan(ORDER)

    @pytest.fixture
    def forged(self):
        return meituan(ORDER, secret="guess")


class TestArk(HearingContract):
    @pytest.fixture
    def channel(self, clock):
        return Commerce(clock, account="acc_ark", dialect=ARK, secret=Secret(SECRET))

    @pytest.fixture
    def genuine(self):
        return ark([{"orderId": "P1", "orderStatus": 2, "userId": "u1", "totalPayAmount": 19950}])

    @pytest.fixture
    def forged(self):
        return ark([], secret="guess")


@pytest.mark.rule("R60.2")
def test_an_order_counts_once_for_each_thing_that_happened_to_it(shop):
    told = [shop.receive(meituan(ORDER | {"status": state})).events[0] for state in (1, 2, 4, 8)]
    assert [event.kind for event in told] == ["ordered", "bought", "bought", "redeemed"]
    assert len({event.id for event in told}) == 3


def test_an_order_tells_who_bought_what_for_how_much(shop):
    (event,) = shop.receive(meituan(ORDER)).events
    assert (event.handle, event.links) == (
        Handle("buyer", "acc_mt", "u1"), (Handle("phone", "", "13800000000"),),
    )  # fmt: skip
    assert (event.detail["amount"], event.detail["product"]) == (199.5, "体检套餐")
    assert "138" not in str(event.detail)
    assert event.ecosystem == "commerce"


DELIVERED = {
    "recipientName": "李梅", "recipientAddress": "世纪大道 100 号 8 楼", "caution": "放门卫老王处",
    "recipient_gender": "f", "city": "上海", "delivery": {"contactName": "老王", "fee": 5},
    "items": [{"name": "体检套餐", "count": 1, "mobile": "13900000000"}],
}  # fmt: skip


@pytest.mark.parametrize("state", [2, 77])
def test_of_an_order_is_kept_what_was_bought_and_not_to_whom_it_is_brought(shop, state):
    (event,) = shop.receive(meituan(ORDER | DELIVERED | {"status": state})).events
    written = event.raw.decode("unicode_escape") + json.dumps(event.detail, ensure_ascii=False)
    for hers in ("李梅", "世纪大道", "老王", "138", "139"):
        assert hers not in written
    assert event.detail["items"] == [{"name": "体检套餐", "count": 1}]
    assert (event.detail["city"], event.detail["delivery"]) == ("上海", {"fee": 5})


def test_a_state_that_nobody_wrote_down_is_kept_as_it_came(shop):
    (event,) = shop.receive(meituan(ORDER | {"status": 77})).events
    assert (event.kind, json.loads(event.raw)["status"]) == ("commerce.77", 77)


@pytest.mark.parametrize("order", [{}, [], "x", None, [1], {"status": 2}, {"orderId": ""}])
def test_a_signed_order_that_is_none_is_kept_and_answered(shop, order):
    told = shop.receive(meituan(order))
    kept = bool(told.unreadable or told.unread)
    assert (told.events, kept, told.answer) == ((), True, b'{"data":"ok"}')


@pytest.mark.parametrize(
    ("strange", "why"),
    [({"utime": "9" * 30}, ("utime", "time_out_of_range")),
     ({"orderId": ""}, ("orderId", "field_is_missing"))],
)  # fmt: skip
def test_an_order_that_cannot_be_read_keeps_no_neighbour_out(shop, strange, why):
    told = shop.receive(meituan([ORDER | {"orderId": "M-2"}, ORDER | DELIVERED | strange]))
    assert [each.id for each in told.events] == ["order:M-2:bought"]
    (unread,) = told.unread
    assert (unread.flaw.field, unread.flaw.reason) == why
    kept = impersonal(ORDER | DELIVERED | strange)
    assert json.loads(unread.sample) == kept
    assert "138" not in str(kept)


@pytest.mark.parametrize("deep", [252, 400, 5_000])
def test_what_is_no_order_or_lies_too_deep_keeps_no_neighbour_out(shop, deep):
    nested = "[" * deep + "]" * deep
    biz = f'[{json.dumps(ORDER)}, 5, {{"orderId": "M-2", "status": 2, "x": {nested}}}]'
    told = shop.receive(meituan(biz.encode()))
    assert [each.id for each in told.events] == ["order:9001:bought"]
    assert [each.flaw.reason for each in told.unread] == ["not_an_object", "nested_too_deep"]


def test_a_number_that_is_none_keeps_no_neighbour_out(shop):
    biz = f'[{json.dumps(ORDER)}, {{"orderId": "M-2", "status": 2, "userId": "u2", "total": NaN}}]'
    told = shop.receive(meituan(biz.encode()))
    assert [each.detail["amount"] for each in told.events] == [199.5, None]


def test_a_refused_order_is_read_again_as_it_would_have_been_then(shop, clock):
    (whole,) = shop.receive(meituan(ORDER | DELIVERED)).events
    (unread,) = shop.receive(meituan(ORDER | DELIVERED | {"utime": "9" * 30})).unread
    assert shop.read_again(unread.again, clock()) is None
    again = unread.again.replace("9" * 30, "1772442000")
    read = shop.read_again(again, clock())
    assert read == replace(whole, detail=whole.detail | {"utime": "1772442000"})
    (untimed,) = shop.receive(meituan(ORDER | {"utime": "9" * 30})).unread
    then = clock() - timedelta(days=3)
    assert shop.read_again(untimed.again.replace("9" * 30, ""), then).at == then
    for hers in ("李梅", "世纪大道", "老王", "139"):
        assert hers not in unread.again


@pytest.mark.parametrize("body", [b"", b"sign", b"\xff\xfe", b"a=1", b"<html>"])
def test_what_is_no_form_is_forged(shop, body):
    with pytest.raises(Refused):
        shop.receive(Callback(body=body))


def test_nothing_can_be_shown_or_said_in_a_shop(shop):
    with pytest.raises(Refused):
        shop.publish(POST, key="k")
    with pytest.raises(Refused):
        shop.send(Message(handle=Handle("buyer", "acc_mt", "u1"), text="您好"), key="k")
