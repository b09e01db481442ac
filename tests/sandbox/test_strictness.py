"""WeCom's twin is strict and keeps its doors shut: what it refuses, and for how long."""

import re
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from juzhen.sandbox.knobs import FAULTS, SETTINGS
from kernel.calendar import Zone

CORP = {
    "kind": "wecom", "appid": "ww5823bf96d3bd56c7", "secret": "s", "token": "QDG6eK",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "code": "wecom", "name": "长河保险",
    "followers": 3, "reps": [{"userid": "zhang", "name": "张岚"}, {"userid": "li", "name": "李默"}],
}  # fmt: skip
TEXT = {"text": {"content": "您好"}}


@pytest.fixture
def corp(platform):
    """Asks the corporation's interface; a body may be given as it is."""
    platform.control("accounts", CORP)
    client = platform.app.test_client()
    signed = {"corpid": CORP["appid"], "corpsecret": "s"}

    def ask(path, body=None, **told):
        token = client.get("/wecom/cgi-bin/gettoken", query_string=signed).json["access_token"]
        raw = orjson.dumps(told) if body is None else body
        answer = client.post(f"/wecom/cgi-bin/{path}?access_token={token}", data=raw)
        return orjson.loads(answer.data)

    return ask


MASS = "externalcontact/add_msg_template"
BUTTONS = {"card_type": "button_interaction", "task_id": "rem_1", "button_list": [{"key": "done"}]}
CARD = {
    "touser": "zhang", "msgtype": "template_card", "agentid": 1000002, "template_card": BUTTONS,
}  # fmt: skip
STRICT = [
    (MASS, {"text": "您好", "external_userid": ["wm1"]}, 40058),
    (MASS, TEXT | {"external_userid": "wm1"}, 40058),
    (MASS, {"text": {"content": "长" * 1_400}, "external_userid": ["wm1"]}, 45002),
    (MASS, TEXT | {"external_userid": ["wm1"], "attachments": [{"msgtype": "link"}]}, 40058),
    (MASS, TEXT | {"external_userid": ["wm1"], "attachments": [
        {"msgtype": "image", "image": {"media_id": "gone"}}]}, 40007),
    (MASS, TEXT | {"chat_type": "group", "chat_id_list": ["wr1"]}, 40058),
    (MASS, TEXT | {"chat_type": "group", "sender": "zhang", "chat_id_list": ["wr1"] * 2_001},
     40058),
    ("externalcontact/add_moment_task", {"text": {"content": "长" * 2_001}}, 45002),
    ("externalcontact/add_contact_way", {"type": 1, "scene": 2, "state": "s" * 31,
                                         "user": ["zhang"]}, 40058),
    ("externalcontact/add_contact_way", {"type": 1, "scene": 2, "user": ["nobody"]}, 60111),
    ("externalcontact/groupchat/add_join_way", {"scene": 2, "chat_id_list": []}, 40058),
    ("externalcontact/add_corp_tag", {"group_name": "人群", "tag": [{"name": "长" * 31}]}, 40058),
    ("externalcontact/edit_corp_tag", {"id": "et1", "name": "新"}, 40068),
    ("message/send", {"touser": "zhang", "msgtype": "text", "agentid": "一", "text": {}}, 40058),
    ("message/send", CARD | {"touser": "|".join(["zhang"] * 1_001)}, 40058),
    ("message/send", CARD | {"template_card": BUTTONS | {"button_list": [{}] * 7}}, 40058),
    ("message/send", CARD | {"template_card": BUTTONS | {"task_id": "长" * 43}}, 40058),
    ("message/send", CARD, 0),
    ("externalcontact/nothing_like_it", {}, 40066),
]  # fmt: skip


@pytest.mark.parametrize(("path", "told", "errcode"), STRICT)
def test_what_is_too_long_gone_or_of_another_type_is_refused(corp, path, told, errcode):
    assert corp(path, **told)["errcode"] == errcode


@pytest.mark.parametrize(
    ("body", "errcode"),
    [(b"", 44002), (b"{", 47001), (b"[]", 47001), (b"<html>", 47001),
     (rb'{"text": {"content": "\u60a8"}}', 47001)],
)  # fmt: skip
def test_a_body_that_is_no_object_of_raw_utf_8_is_refused(corp, body, errcode):
    assert corp(MASS, body)["errcode"] == errcode


@pytest.mark.parametrize(
    ("knob", "shut"),
    [("a_minute", timedelta(seconds=60)), ("an_hour", timedelta(hours=1)),
     ("a_day", timedelta(hours=7, seconds=-59)),
     ("a_month", timedelta(days=30))],
)  # fmt: skip
def test_over_a_limit_the_door_stays_shut_for_its_penalty(corp, platform, clock, knob, shut):
    path = "externalcontact/get_corp_tag_list"
    platform.control("knobs", {knob: {path: 1}})
    clock.move(timedelta(seconds=59))  # the penalty outlasts the minute, the hour and the month
    assert [corp(path, x=1)["errcode"] for _ in range(2)] == [0, 45009]
    platform.control("knobs", {knob: None})
    clock.move(shut - timedelta(seconds=1))
    assert corp(path, x=1)["errcode"] == 45009
    clock.move(timedelta(seconds=2))
    assert corp(path, x=1)["errcode"] == 0


def test_a_member_without_a_licence_is_named_and_hears_nothing(corp, platform):
    platform.control("knobs", {"unlicensed": ["li"]})
    card = {"touser": "zhang|li", "msgtype": "text", "agentid": 1000002, "text": {"content": "早"}}
    told = corp("message/send", **card)
    assert (told["errcode"], told["unlicenseduser"], told["invaliduser"]) == (0, "li", "")
    heard = {each["userid"] for each in platform.see("wecom")["cards"]}
    assert heard == {"zhang"}


def test_a_member_hears_a_thousand_cards_an_hour_at_most(corp, platform, clock):
    card = {"touser": "zhang", "msgtype": "text", "agentid": 1000002, "text": {"content": "早"}}
    for minute in range(34):
        clock.move(timedelta(seconds=61))
        for _ in range(30 if minute < 33 else 20):
            assert corp("message/send", **card)["errcode"] == 0
    assert len(platform.see("wecom")["cards"]) == 1_000


def test_a_customers_month_begins_at_midnight_in_beijing(corp, platform, clock):
    platform.control("knobs", {"wecom_a_month": 1})
    beijing = Zone("Asia/Shanghai")
    first = (beijing.day(clock()).replace(day=1) + timedelta(days=32)).replace(day=1)
    clock.move(beijing.at(first) - clock() - timedelta(hours=1))
    her = platform.see("wecom")["friends"][0]["external"]

    def statuses():
        msgid = corp(MASS, **TEXT, external_userid=[her], sender="zhang")["msgid"]
        platform.control("wecom/confirm", {"userid": "zhang", "msgid": msgid})
        return [send["status"] for send in platform.see("wecom")["tasks"][-1]["sends"]]

    assert [statuses(), statuses()] == [[1], [3]]
    clock.move(timedelta(hours=1))
    assert [statuses(), statuses()] == [[1], [3]]


def test_every_knob_stands_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
    told = set(re.findall(r"[a-z_]+", page))
    assert {*SETTINGS, *FAULTS} - told == set()


def test_a_cards_name_is_its_own_but_the_same_card_may_come_again(corp, platform):
    again = CARD | {"enable_duplicate_check": 1}
    assert [corp("message/send", **again)["errcode"] for _ in range(2)] == [0, 0]
    other = CARD | {"template_card": BUTTONS | {"button_list": [{"key": "later"}]}}
    assert corp("message/send", **other)["errcode"] == 40058
    named = CARD | {"template_card": BUTTONS | {"task_id": "rem_2"}}
    assert corp("message/send", **named)["errcode"] == 0
    assert len(platform.see("wecom")["cards"]) == 2
