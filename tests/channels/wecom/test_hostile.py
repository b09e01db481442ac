"""S21: whatever a platform answers, an adapter fails in one of four ways, or not at all."""

import orjson
import pytest

from channels.base import REP, Busy, Message, Refused, SignedOut, Unanswered
from channels.contract import ChannelContract
from channels.outbound import Answer
from kernel.events import Handle

FRIEND = Handle("external_userid", "acc_w", "wm1")
FAILURES = (Busy, Refused, SignedOut, Unanswered)
ROW_LISTS = (
    "item", "follow_user", "external_contact_list", "moment_list", "task_list", "send_list",
    "behavior_data", "contact_way", "group_msg_list",
)  # fmt: skip
BODIES = {
    "nothing": b"",
    "a blank": b" \n",
    "a page": b"<!doctype html><title>502</title>",
    "a bomb": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "XML": b"<xml><errcode>0</errcode></xml>",
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "a text": b'"ok"',
    "a list": b"[]",
    "a list of lists": b"[[[]]]",
    "an empty object": b"{}",
    "half an object": b'{"errcode": 0, "msgid',
    "two objects": b"{}{}",
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "UTF-16": '{"errcode": 0}'.encode("utf-16"),
    "GBK": '{"errmsg": "成功"}'.encode("gbk"),
    "broken UTF-8": b'{"errmsg": "\xff"}',
    "a NUL": b'{"errmsg": "\\u0000"}',
    "deep": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "doubled codes": b'{"errcode": 0, "errcode": 40001}',
    "a code as a text": b'{"errcode": "45009"}',
    "a code that is none": b'{"errcode": "x"}',
    "a code that is null": b'{"errcode": null}',
    "a code that is a list": b'{"errcode": [1]}',
    "a code that is a fraction": b'{"errcode": 0.5}',
    "a code beyond all": b'{"errcode": 99999999999999999999}',
    "a code below all": b'{"errcode": -99}',
    "a message that is an object": b'{"errcode": 1, "errmsg": {"a": 1}}',
    "rows that are null": orjson.dumps(dict.fromkeys(ROW_LISTS)),
    "rows that are texts": orjson.dumps(dict.fromkeys(ROW_LISTS, "x")),
    "rows that are numbers": orjson.dumps(dict.fromkeys(ROW_LISTS, 7)),
    "rows of nulls": orjson.dumps({name: [None] for name in ROW_LISTS}),
    "rows of texts": orjson.dumps({name: ["x"] for name in ROW_LISTS}),
    "rows of nothing": orjson.dumps({name: [{}] for name in ROW_LISTS}),
    "rows that are an object": orjson.dumps({name: {"a": {}} for name in ROW_LISTS}),
    "a customer whose followers are a number": b'{"external_contact": {}, "follow_user": 7}',
    "a page without an end": orjson.dumps({"next_cursor": "again"}),
    "ids that are null": b'{"msgid": null, "jobid": null, "config_id": null}',
    "ids that are objects": b'{"msgid": {}, "jobid": [], "config_id": {}, "media_id": {}}',
    "ids that are true": b'{"msgid": true, "jobid": true, "config_id": true}',
    "fields that nobody knows": b'{"errcode": 0, "brand_new": {"deep": [1, 2]}}',
    "a fail list of numbers": b'{"fail_list": [1, null], "msgid": "m"}',
}
CALLS = {
    "publish": lambda channel: channel.publish(ChannelContract.post, key="k"),
    "outcome of a moment": lambda channel: channel.outcome("moment:job:k"),
    "outcome of a message": lambda channel: channel.outcome("mass:m:wm1"),
    "find": lambda channel: channel.find(ChannelContract.post, key="k"),
    "withdraw": lambda channel: channel.withdraw("moment:job:k"),
    "send": lambda channel: channel.send(Message(handle=FRIEND, text="您好"), key="k"),
    "card": lambda channel: channel.send(
        Message(handle=Handle(REP, "acc_w", channel.rep), text="您好", link="https://e.cn"), key="k"
    ),
    "remind": lambda channel: channel.remind("mass:m:wm1"),
    "introduce": lambda channel: channel.introduce(FRIEND, channel._clock()),
    "people": lambda channel: channel.people(""),
    "figures": lambda channel: channel.figures(channel._clock().date()),
    "a code": lambda channel: channel.make_code("s", [channel.rep], remark="r", confirm=False),
    "a code again": lambda channel: channel.find_code("s", channel._clock()),
}


class Hostile:
    """Signs in like WeCom and answers everything else with the same bytes."""

    def __init__(self):
        self.body = b""

    def request(self, method, url, *, body=b"", headers=None):
        if "gettoken" in url:
            return Answer(200, {}, b'{"errcode": 0, "access_token": "t", "expires_in": 7200}')
        return Answer(200, {}, self.body)


@pytest.mark.parametrize("call", CALLS)
def test_no_answer_breaks_the_adapter(adapted, staff, call):
    http = Hostile()
    channel = adapted(http)
    channel.rep = staff.one("zhang").id
    for name, body in BODIES.items():
        http.body = body
        try:
            CALLS[call](channel)
        except FAILURES:
            continue
        except Exception as broken:
            raise AssertionError(f"{call}: {name}") from broken
