"""A refused thing read again is what its own wire would have made of it at the time."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from channels.commerce import ARK, Commerce
from channels.webhook import Webhook
from data_hub.catalogue import kind_of
from kernel.calendar import Zone
from kernel.events import Refusal, pack_refusal, unpack_any
from kernel.secret import Secret
from schemas import segment, sensors, tables
from schemas.again import Whose, again
from tests.schemas.test_segment import ACCOUNT, NOW, taken

ZONE = Zone("Asia/Shanghai")
WHOSE = Whose("own_app", {})
FUTURE = (NOW + timedelta(days=3)).isoformat()


def read_again(refusal, whose=WHOSE):
    kept = unpack_any(pack_refusal(refusal))  # as the journal brings it
    return again(kept, lambda account: whose if account == ACCOUNT else None, ZONE)


def mended(refusal, **right):
    """As if the rule that refused it had been another: the item is put right by hand."""
    told = orjson.loads(refusal.again)
    told["item"] |= right
    return Refusal(
        at=refusal.at, door=refusal.door, reason=refusal.reason, account=refusal.account,
        again=orjson.dumps(told).decode(),
    )  # fmt: skip


def test_what_is_refused_still_is_none():
    (refusal,) = taken("/v1/batch", {"batch": [{"type": "wink", "userId": "u1"}]}).refusals
    assert read_again(refusal) is None


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import"])
def test_an_item_keeps_its_time_its_clock_and_its_context(path):
    item = {"type": "track", "event": "Search", "userId": "u1", "timestamp": FUTURE}
    sent = (NOW - timedelta(minutes=5)).isoformat()
    envelope = {"batch": [item], "sentAt": sent, "context": {"locale": "zh"}}
    (refusal,) = taken(path, envelope).refusals
    right = {"timestamp": (NOW - timedelta(hours=1)).isoformat()}
    event = read_again(mended(refusal, **right))
    (as_it_was,) = taken(path, {**envelope, "batch": [item | right]}).events
    assert event == as_it_was
    assert event.detail["context"] == {"locale": "zh"}


def test_a_sensors_record_is_read_as_its_wire_does():
    told = {"type": "track", "event": "Search!", "distinct_id": "d1", "time": 1_772_400_000_000}
    call = sensors.read("/sa", {}.get, "", b"data_list=" + _base64([told]))
    (refusal,) = sensors.turn(
        call, ACCOUNT, "own_app", NOW, lambda name: kind_of(name).name, zone=ZONE
    ).refusals
    assert refusal.reason == "name_not_allowed"
    event = read_again(mended(refusal, event="Search"))
    assert (event.account, event.received) == (ACCOUNT, NOW)


def test_an_order_that_a_shop_told_is_read_as_its_callback_is():
    item = {"type": "order.paid", "data": {"order_id": "A-1", "amount": 5, "user_id": "u1"}}
    told = orjson.dumps({"item": item, "delivery": "msg_1:0"}).decode()
    refusal = Refusal(at=NOW, door="callback", reason="x", account=ACCOUNT, again=told)
    shop = Webhook(lambda: NOW + timedelta(days=2), account=ACCOUNT, secret=Secret("s"))
    event = read_again(refusal, WHOSE._replace(channel=shop))
    assert (event.id, event.account, event.at) == ("order:A-1:bought", ACCOUNT, NOW)
    assert event.received == NOW
    assert read_again(refusal) is None, "its account's channel cannot be made any more"


def test_an_order_that_a_platform_pushed_is_read_as_its_dialect_does():
    told = orjson.dumps({"item": {"order_id": "P-1", "status": 2, "payAmount": 500}}).decode()
    refusal = Refusal(at=NOW, door="callback", reason="x", account=ACCOUNT, again=told)
    shop = Commerce(
        lambda: NOW + timedelta(days=2), account=ACCOUNT, dialect=ARK, secret=Secret("s")
    )
    event = read_again(refusal, WHOSE._replace(channel=shop))
    assert (event.id, event.at, event.received) == ("order:P-1:bought", NOW, NOW)
    assert event.detail["amount"] == 5.0


def _base64(told):
    from base64 import b64encode
    from urllib.parse import quote

    return quote(b64encode(orjson.dumps(told))).encode()


def test_a_row_of_a_file_is_about_whom_it_said():
    row = {"event": "Read", "user_id": "u1", "手机号": "13800138000", "at": FUTURE}
    plan = tables.Plan(what=tables.What.EVENTS, columns={"手机号": "phone"}, zone=ZONE)

    def turned(told):
        return tables.turn([(1, told)], plan, ACCOUNT, "own_app", NOW, lambda n: kind_of(n).name)

    (refusal,) = turned(row).refusals
    at = (NOW - timedelta(hours=1)).isoformat()
    event = read_again(mended(refusal, timestamp=at))
    (wanted,) = turned(row | {"at": at}).events
    assert event == replace(wanted, id=event.id)
    assert [str(each) for each in (event.handle, *event.links)] == [
        f"user:{ACCOUNT}:u1", "phone::13800138000",
    ]  # fmt: skip
    told = orjson.loads(mended(refusal, timestamp=at).again)
    del told["item"]["handle_id"]
    assert read_again(replace(refusal, again=orjson.dumps(told).decode())) is None


def test_an_account_that_has_gone_and_a_door_without_a_wire_bring_nothing():
    (refusal,) = taken("/v1/batch", {"batch": [{"type": "wink", "userId": "u1"}]}).refusals
    right = mended(refusal, type="track", event="Search")
    assert read_again(right) is not None
    assert read_again(right, None) is None
    other = Refusal(at=NOW, door="callback", reason="x", account=ACCOUNT, again=right.again)
    assert read_again(other) is None
    broken = Refusal(at=NOW, door="segment", reason="x", account=ACCOUNT, again="{")
    assert read_again(broken) is None


def test_a_call_keeps_only_so_much_to_be_tried_again():
    big = {"type": "wink", "userId": "u1", "properties": {"x": "y" * 30_000}}
    call = segment.Call(items=[big] * 60)
    refusals = segment.turn(call, ACCOUNT, "own_app", NOW, str).refusals
    kept = sum(len(each.again) for each in refusals)
    assert 900_000 < kept <= 1_048_576
    assert len(refusals) == 60
    assert all(each.sample for each in refusals)
