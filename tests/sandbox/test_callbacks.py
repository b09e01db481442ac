"""Callbacks: encrypted, signed, at least once, and sometimes not at all."""

from datetime import timedelta

import pytest


def test_a_follow_is_told_encrypted_and_signed(platform, told):
    stranger = platform.openids[2]
    platform.control(f"followers/{stranger}/follow")
    (event,) = told()

    assert event["genuine"]
    assert (event["MsgType"], event["Event"], event["FromUserName"]) == (
        "event",
        "subscribe",
        stranger,
    )
    assert event["CreateTime"] == str(int(platform.world.clock.seconds()))


def test_a_message_carries_its_id(platform, told):
    platform.control(f"followers/{platform.openids[0]}/say", {"text": "]]> 养老 <b>"})
    (event,) = told()

    assert event["Content"] == "]]> 养老 <b>"
    assert event["MsgId"].isdigit()


def test_the_end_of_a_review_is_told(platform, told, clock):
    submitted = platform.publish()
    clock.move(timedelta(seconds=3))
    (event,) = told()

    assert event["Event"] == "PUBLISHJOBFINISH"
    assert event["PublishEventInfo"]["publish_id"] == submitted["publish_id"]
    assert event["PublishEventInfo"]["publish_status"] == "0"


def test_it_may_be_told_before_the_call_is_answered(platform, company):
    platform.control("knobs", {"callbacks": "early", "review_seconds": 0})
    platform.publish()

    assert len(company.came) == 1


@pytest.mark.parametrize(("manner", "times"), [("twice", 2), ("never", 0), ("once", 1)])
def test_how_often_it_is_told_is_a_knob(platform, told, manner, times):
    platform.control("knobs", {"callbacks": manner})
    platform.control(f"followers/{platform.openids[2]}/follow")

    assert len(told()) == times


def test_a_late_one_comes_when_its_time_has_come(platform, told, clock):
    platform.control("knobs", {"callbacks": "late", "callback_seconds": 3_600})
    platform.control(f"followers/{platform.openids[2]}/follow")
    early = told()
    clock.move(timedelta(hours=1))

    assert (len(early), len(told())) == (0, 1)


def test_it_is_tried_three_times_and_then_lost(platform, company, clock):
    company.status = 500
    platform.control(f"followers/{platform.openids[2]}/follow")
    for _ in range(5):
        platform.control("flush")
        clock.move(timedelta(seconds=5))

    assert len(company.came) == 3
    (kept,) = platform.see("callbacks")["callbacks"]
    assert (kept["tries"], kept["outcome"], kept["ended"] is not None) == (3, "500 success", True)


def test_the_handshake_is_asked_for_and_checked(platform, company):
    assert platform.control("handshake") == {"ok": True}
    company.status = 403
    assert platform.control("handshake") == {"ok": False}


def test_a_forged_one_is_signed_with_another_token(platform, told):
    platform.control("callbacks", {"body": "<xml><MsgType>text</MsgType></xml>", "forged": True})

    assert [event["genuine"] for event in told()] == [False]
