"""Followers: what they do is told, and what may reach them is bounded."""

from datetime import timedelta

import pytest


@pytest.fixture
def fan(platform):
    """Somebody who follows already."""
    return platform.openids[0]


def send(platform, openid, text="您好"):
    told = platform.ask(
        "message/custom/send", touser=openid, msgtype="text", text={"content": text}
    )
    return told["errcode"]


def test_nobody_may_be_written_to_who_did_nothing(platform, fan):
    assert send(platform, fan) == 45015


def test_a_message_of_hers_opens_five_answers_in_48_hours(platform, fan, clock):
    platform.control(f"followers/{fan}/say", {"text": "在吗"})

    assert [send(platform, fan) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    clock.move(timedelta(hours=48))
    platform.token = platform.sign_in()["access_token"]
    assert send(platform, fan) == 45015


def test_her_next_message_begins_the_count_anew(platform, fan, clock):
    platform.control(f"followers/{fan}/say", {"text": "在吗"})
    answered = [send(platform, fan) for _ in range(5)]
    clock.move(timedelta(seconds=1))
    platform.control(f"followers/{fan}/say", {"text": "还在吗"})

    assert [*answered, send(platform, fan)] == [0] * 6


@pytest.mark.parametrize("act", ["choose", "follow"])
def test_a_click_or_a_follow_opens_three_answers_in_a_minute(platform, clock, act):
    openid = platform.openids[2 if act == "follow" else 0]
    platform.control(f"followers/{openid}/{act}", {"key": "latest"})

    assert [send(platform, openid) for _ in range(4)] == [0, 0, 0, 45047]
    clock.move(timedelta(minutes=1))
    assert send(platform, openid) == 45015


def test_who_left_cannot_be_reached(platform, fan):
    platform.control(f"followers/{fan}/say", {"text": "在吗"})
    platform.control(f"followers/{fan}/unfollow")

    assert send(platform, fan) == 43004
    assert send(platform, "nobody") == 40003


def test_a_message_may_be_swallowed_without_a_word(platform, fan):
    platform.control("knobs", {"swallow": {"times": 1}})
    platform.control(f"followers/{fan}/say", {"text": "在吗"})

    assert (send(platform, fan, "一"), send(platform, fan, "二")) == (0, 0)
    reached = platform.see(f"followers/{fan}/inbox")["messages"]
    assert [message["text"] for message in reached] == ["在吗", "二"]


def test_the_links_of_a_message_are_found(platform, fan):
    platform.control(f"followers/{fan}/say", {"text": "在吗"})
    send(platform, fan, '请看<a href="http://127.0.0.1:8000/t/a_b-1">养老社区</a>。')

    message = platform.see(f"followers/{fan}/inbox")["messages"][-1]
    assert message["text"] == "请看养老社区。"
    assert message["links"] == ["http://127.0.0.1:8000/t/a_b-1"]


def test_user_info_gives_the_unionid_only_of_followers(platform, fan):
    stranger = platform.openids[2]

    assert platform.look("user/info", openid=fan)["unionid"].startswith("u")
    assert platform.look("user/info", openid=stranger) == {"subscribe": 0, "openid": stranger}
    assert platform.look("user/get")["total"] == 4


def test_the_same_seed_invents_the_same_people(platform, opened):
    before = platform.see("followers")["followers"]

    assert opened().see("followers")["followers"] == before


def test_a_notice_with_the_same_client_id_is_sent_once(platform, fan, told):
    notice = {"touser": fan, "template_id": "t", "data": {"a": {"value": "续期"}}}
    sent = [platform.ask("message/template/send", client_msg_id="k", **notice) for _ in range(2)]

    assert sent[0]["msgid"] == sent[1]["msgid"]
    assert len(platform.see(f"followers/{fan}/inbox")["messages"]) == 1
    assert [event["Event"] for event in told()] == ["TEMPLATESENDJOBFINISH"]


def test_a_scanned_code_tells_where_she_came_from(platform, told):
    stranger = platform.openids[2]
    ticket = platform.ask(
        "qrcode/create", action_name="QR_STR_SCENE", action_info={"scene": {"scene_str": "东城"}}
    )
    for _ in range(2):
        platform.control(f"followers/{stranger}/follow", {"scene": "东城"})

    assert ticket["expire_seconds"] == 60
    assert [(event["Event"], event["EventKey"]) for event in told()] == [
        ("subscribe", "qrscene_东城"),
        ("SCAN", "东城"),
    ]
    assert platform.look("user/info", openid=stranger)["qr_scene_str"] == "东城"


def test_a_card_leads_to_its_page_and_not_to_its_picture(platform, fan):
    platform.control(f"followers/{fan}/say", {"text": "在吗"})
    card = {
        "title": "养老社区",
        "url": "http://127.0.0.1/t/1",
        "picurl": "http://127.0.0.1/media/1",
    }
    platform.ask("message/custom/send", touser=fan, msgtype="news", news={"articles": [card]})

    message = platform.see(f"followers/{fan}/inbox")["messages"][-1]
    assert (message["text"], message["links"]) == ("养老社区", ["http://127.0.0.1/t/1"])


def test_people_may_be_named_and_may_have_just_written(platform):
    platform.control(
        "followers",
        {"followers": [{"openid": "o1", "unionid": "u1", "name": "王秀英", "wrote": True}]},
    )

    assert platform.look("user/info", openid="o1")["unionid"] == "u1"
    assert [send(platform, "o1") for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
