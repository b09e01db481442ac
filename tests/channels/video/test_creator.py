"""A creator's account that we publish to, against a Douyin that is as strict as the real one."""

import json
from datetime import timedelta
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import orjson
import pytest

from channels.accounts import Sealer
from channels.base import (
    Asset,
    Busy,
    Callback,
    Film,
    Message,
    Post,
    Progress,
    Refused,
    SignedOut,
    Unanswered,
)
from channels.hand_offs import HandOffs
from channels.outbound import Outbound, RateGate
from channels.video.cards import LeadCard
from channels.video.creator import DouyinCreator
from channels.video.grants import CreatorGrant, Grants
from channels.video.notes import CreatorNotes
from channels.video.wire import DouyinWire
from kernel.calendar import Zone
from kernel.errors import Conflict
from kernel.events import Handle
from kernel.secret import Secret
from stores.changes import Changes
from tests.channels.sandboxed import running

CREATOR = {
    "kind": "douyin", "code": "dy", "name": "长河抖音", "client_key": "ck",
    "client_secret": "dy-s3cret",
}  # fmt: skip
PIXEL = Asset(name="cover", content_type="image/png", data=b"\x89PNG" + b"0" * 80)


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    with running(tmp_path_factory.mktemp("douyin")) as sandbox:
        sandbox.post("accounts", **CREATOR)
        yield sandbox


@pytest.fixture
def parts(records, clock, twin):
    """Everything the adapter is made of; the clock is near the twin's."""
    clock.now = _now(twin)
    changes = Changes(records, clock)
    grants = Grants(records, changes, Sealer({"k1": b"0" * 32}), clock)
    out = Outbound(origins=[twin.url])
    made = {"records": records, "changes": changes, "grants": grants, "out": out,
            "notes": CreatorNotes(records, clock), "clock": clock}  # fmt: skip
    yield made
    out.close()
    twin.knobs(lose_answer=None, too_many=None, errcode=None, html=None, review_seconds=0,
               refusing_words=None, a_day=None)  # fmt: skip
    for work in twin.ask("douyin/dy")["works"]:
        twin.post("douyin/dy/take_down", item=work["id"])


def _now(twin):
    from datetime import datetime

    return datetime.fromisoformat(twin.ask("clock")["now"])


def _channel(parts, twin, *, granted=True, **more):
    records, clock = parts["records"], parts["clock"]
    wire = DouyinWire(
        parts["out"], parts["grants"], RateGate(records, clock), clock,
        account="acc_dy", client_key="ck", client_secret=Secret("dy-s3cret"),
        host=f"{twin.url}/douyin-open", per_minute=60_000,
    )  # fmt: skip
    if granted:
        parts["grants"].keep("acc_dy", wire.granted(_code(twin)), by="li")
    return DouyinCreator(
        wire, parts["notes"], HandOffs(records, parts["changes"], clock), clock, account="acc_dy",
        client_key="ck", client_secret=Secret("dy-s3cret"), zone=Zone("Asia/Shanghai"), **more,
    )  # fmt: skip


def _code(twin):
    return twin.post("douyin/dy/consent")["told"]


@pytest.fixture
def channel(parts, twin):
    return _channel(parts, twin)


def film(size=64):
    return Film(load=lambda: b"0" * size)


def post(title="养老社区开放日", **more):
    return Post(title=title, summary="", body="", link="https://e.cn/t/1", **more)


def shown(twin):
    return [work["title"] for work in twin.ask("douyin/dy")["works"] if work["status"] == 1]


# the grant


def test_a_creator_says_yes_once_and_her_tokens_are_kept_sealed(parts, twin):
    channel = _channel(parts, twin, granted=False)
    with pytest.raises(SignedOut):
        channel.publish(post(cover=PIXEL), key="k0")
    word = parts["grants"].ask("acc_dy", by="li")
    address = channel.wire.consent(word, "https://hub.cn/back", "video.create.bind")
    with urlopen(address) as page:
        assert "长河抖音" in page.read().decode()
    code = _code(twin)
    assert parts["grants"].answered(word) == "acc_dy"
    with pytest.raises(Conflict):
        parts["grants"].answered(word)
    parts["grants"].keep("acc_dy", channel.wire.granted(code), by="li")
    with pytest.raises(SignedOut):
        channel.wire.granted(code)
    with parts["records"].read() as session:
        kept = session.get(CreatorGrant, "acc_dy")
    assert "acc." not in kept.sealed
    assert "acc." not in repr(parts["grants"].one("acc_dy"))


def test_an_answer_that_nobody_asked_for_or_that_is_late_is_refused(parts):
    with pytest.raises(Conflict):
        parts["grants"].answered("guessed")
    with pytest.raises(Conflict):
        parts["grants"].answered("")
    word = parts["grants"].ask("acc_dy", by="li")
    parts["clock"].move(timedelta(minutes=11))
    with pytest.raises(Conflict):
        parts["grants"].answered(word)


def test_a_token_that_dies_early_is_refreshed_once_and_the_call_repeated(channel, parts, twin):
    before = parts["grants"].one("acc_dy").access
    twin.post("douyin/dy/token_dies")
    channel.publish(post("早逝", cover=PIXEL), key="k1")
    assert shown(twin) == ["早逝"]
    assert parts["grants"].one("acc_dy").access != before


def test_tokens_are_renewed_ahead_of_their_ends_five_times_and_then_she_is_asked(
    channel, parts, twin
):
    grants, clock = parts["grants"], parts["clock"]
    assert channel.renew() is False
    for turn in range(5):
        twin.post("clock", seconds=24 * 86_400)
        clock.move(timedelta(days=24))
        assert channel.renew() is True
        assert grants.one("acc_dy").renewals == turn + 1
        assert grants.one("acc_dy").ends - clock() > timedelta(days=29)
        channel.publish(post(f"第{turn}次", cover=PIXEL), key=f"r{turn}")
    assert grants.one("acc_dy").renewable is False
    twin.post("clock", seconds=31 * 86_400)
    clock.move(timedelta(days=31))
    with pytest.raises(SignedOut) as over:
        channel.renew()
    assert over.value.reason == "creator_must_grant"


def test_what_she_takes_back_stops_us_at_once(channel, parts, twin):
    twin.post("douyin/dy/revoke")
    with pytest.raises(SignedOut):
        channel.publish(post("收回", cover=PIXEL), key="k2")
    parts["grants"].revoke("acc_dy")
    parts["grants"].revoke("acc_dy")
    with pytest.raises(SignedOut):
        parts["grants"].one("acc_dy")


# showing


def test_pictures_with_words_are_uploaded_and_shown_after_their_review(channel, twin):
    twin.knobs(review_seconds=3600)
    receipt = channel.publish(post("图文", cover=PIXEL, images=(PIXEL,)), key="k3")
    assert receipt.progress is Progress.SUBMITTED
    assert channel.outcome(receipt.ref).progress is Progress.SUBMITTED
    assert shown(twin) == []
    twin.post("douyin/dy/judge", item=receipt.ref, status=1)
    assert channel.outcome(receipt.ref).progress is Progress.SHOWN
    assert shown(twin) == ["图文"]


def test_a_long_film_goes_up_in_parts_and_a_short_one_at_once(parts, twin):
    channel = _channel(parts, twin, direct_bytes=6_000_000, part_bytes=5_000_000)
    channel.publish(post("长片", film=film(11_000_000)), key="k4")
    channel.publish(post("短片", film=film(1_000)), key="k5")
    assert sorted(shown(twin)) == ["短片", "长片"]


def test_parts_that_are_too_small_are_refused_as_the_platform_refuses_them(parts, twin):
    channel = _channel(parts, twin, direct_bytes=10, part_bytes=40)
    with pytest.raises(Refused):
        channel.publish(post("碎片", film=film(100)), key="k6")


@pytest.mark.parametrize(
    ("title", "progress"), [("保本保息的好事", Progress.REFUSED), ("好事", Progress.SHOWN)]
)
def test_the_review_has_the_last_word(channel, title, progress):
    receipt = channel.publish(post(title, cover=PIXEL), key=f"w{title}")
    told = channel.outcome(receipt.ref)
    assert told.progress is progress
    assert told.reason == ("platform_refused_content" if progress is Progress.REFUSED else "")


def test_what_is_refused_after_it_was_shown_is_told_by_the_figures(channel, parts, twin):
    receipt = channel.publish(post("后来违规", cover=PIXEL), key="k7")
    twin.post("douyin/dy/judge", item=receipt.ref, status=2)
    day = Zone("Asia/Shanghai").day(parts["clock"]())
    (figure,) = channel.figures(day)
    assert (figure.kind, figure.detail["status"]) == ("platform_figures", 2)


@pytest.mark.parametrize("fault", ["lose_answer", "html"])
def test_a_lost_answer_is_found_in_the_list_or_certainly_not_there(channel, twin, fault):
    twin.knobs(**{fault: {"path": "create_image_text", "times": 1}})
    what = post("丢了回答", cover=PIXEL)
    with pytest.raises(Unanswered):
        channel.publish(what, key="k8")
    found = channel.find(what, key="k8")
    assert (found is not None) == (fault == "lose_answer") == (shown(twin) == ["丢了回答"])
    if found is not None:
        again = channel.publish(what, key="k8")
        assert again.ref == found.ref
    assert channel.find(what, key="another") is None


def test_the_same_words_twice_are_two_posts_and_each_finds_its_own(channel, twin):
    first = channel.publish(post("同题", cover=PIXEL), key="a")
    twin.knobs(lose_answer={"path": "create_image_text", "times": 1})
    with pytest.raises(Unanswered):
        channel.publish(post("同题", cover=PIXEL), key="b")
    second = channel.find(post("同题", cover=PIXEL), key="b")
    assert second is not None
    assert second.ref != first.ref
    assert shown(twin) == ["同题", "同题"]


def test_a_second_try_uploads_nothing_again(channel, twin):
    twin.knobs(too_many={"path": "create_image_text", "times": 1, "seconds": 2})
    with pytest.raises(Busy) as later:
        channel.publish(post("再来", cover=PIXEL), key="k9")
    assert later.value.seconds == 2
    before = sum("upload_image" in call["path"] for call in twin.ask("journal")["entries"])
    channel.publish(post("再来", cover=PIXEL), key="k9")
    after = sum("upload_image" in call["path"] for call in twin.ask("journal")["entries"])
    assert (after, shown(twin)) == (before, ["再来"])


def test_the_days_quota_is_back_at_midnight_in_beijing(channel, parts, twin):
    twin.knobs(a_day={"create_video": 0})
    with pytest.raises(Busy) as over:
        channel.publish(post("太多", cover=PIXEL), key="k10")
    back = parts["clock"]() + timedelta(seconds=over.value.seconds)
    assert Zone("Asia/Shanghai").local(back).strftime("%H:%M") == "00:00"


def test_the_creator_takes_down_what_has_ended_and_nobody_else_can(channel, twin):
    receipt = channel.publish(post("该下了", cover=PIXEL), key="k11")
    with pytest.raises(Busy) as asked:
        channel.withdraw(receipt.ref)
    assert asked.value.reason == "a_person_takes_it_down"
    twin.post("douyin/dy/take_down", item=receipt.ref)
    channel.withdraw(receipt.ref)
    channel.withdraw(receipt.ref)


def test_what_its_author_deleted_after_the_review_is_withdrawn(channel, parts, twin):
    receipt = channel.publish(post("自己删了", cover=PIXEL), key="k12")
    assert channel.outcome(receipt.ref).progress is Progress.SHOWN
    twin.post("douyin/dy/take_down", item=receipt.ref)
    parts["clock"].move(timedelta(hours=1))
    assert channel.outcome(receipt.ref).progress is Progress.WITHDRAWN


def test_the_figures_of_a_day_are_the_same_events_when_they_are_asked_again(channel, parts, twin):
    receipt = channel.publish(post("有人看", cover=PIXEL), key="k13")
    twin.post("douyin/dy/like", fan="f_lin", item=receipt.ref)
    day = Zone("Asia/Shanghai").day(parts["clock"]())
    (figure,) = channel.figures(day)
    assert (figure.detail["likes"], figure.detail["delivery"]) == (1, "k13")
    assert [each.id for each in channel.figures(day)] == [figure.id]


# saying and hearing


def heard(parts, channel, number, at=None, **content):
    """What the platform would post of a private message."""
    import hashlib

    at = at or parts["clock"]()
    body = orjson.dumps({
        "event": "im_receive_msg", "client_key": "ck", "from_user_id": "f_lin", "to_user_id": "me",
        "content": json.dumps({
            "server_message_id": number, "conversation_short_id": "c1",
            "create_time": int(at.timestamp() * 1000), **content,
        }),
    })  # fmt: skip
    sign = hashlib.sha1(b"dy-s3cret" + body, usedforsecurity=False).hexdigest()
    return channel.receive(
        Callback(body=body, headers={"x-douyin-signature": sign, "msg-id": number})
    )


def test_a_fan_is_answered_within_a_day_of_what_she_wrote(channel, parts, twin):
    fan = Handle("open_id", "acc_dy", "f_lin")
    message = Message(handle=fan, text="您好", link="https://e.cn/t/1")
    with pytest.raises(Refused) as shut:
        channel.send(message, key="m0")
    assert shut.value.reason == "reply_window_closed"
    number = twin.post("douyin/dy/write", fan="f_lin", words="在吗")["told"]
    heard(parts, channel, number, text="在吗", message_type="text")
    assert channel.send(message, key="m1").progress is Progress.SHOWN
    said = twin.ask("douyin/dy")["talks"]["f_lin"][-1]
    assert (said["ours"], said["words"]) == (1, "您好\nhttps://e.cn/t/1")
    parts["clock"].move(timedelta(hours=24))
    with pytest.raises(Refused):
        channel.send(message, key="m2")


def test_older_news_of_a_talk_overwrites_nothing(channel, parts):
    now = parts["clock"]()
    heard(parts, channel, "@msg9", at=now, text="新的")
    heard(parts, channel, "@msg1", at=now - timedelta(hours=3), text="旧的")
    assert parts["notes"].talk("open_id:acc_dy:f_lin").message == "@msg9"


def test_a_card_that_a_fan_fills_in_is_a_contact_left(channel, parts):
    told = {"手机号": "13812345678", "称呼": "陈阿姨", "城市": "杭州", "想了解": "养老社区"}
    card = [{"label": label, "value": value} for label, value in told.items()]
    (event,) = heard(parts, channel, "@msg20", card_data=card).events
    assert event.kind == "left_contact"
    assert event.handle == Handle("open_id", "acc_dy", "f_lin")
    assert [each.value[-11:] for each in event.links] == ["13812345678"]
    assert event.detail["traits"] == {"name": "陈阿姨", "city": "杭州"}
    assert event.detail["card"] == {"想了解": "养老社区"}
    assert "13812345678" not in json.dumps(event.detail, ensure_ascii=False, default=str)


def _asking(parts, twin, title="留下手机号，顾问联系您", asks=(1, 2)):
    made = _channel(parts, twin)
    card = LeadCard(made.wire, parts["notes"], account="acc_dy", title=title, parts=asks)
    return _channel(parts, twin, card=card)


def _written_to(parts, channel, twin, fan="f_lin"):
    number = twin.post("douyin/dy/write", fan=fan, words="怎么收费")["told"]
    heard(parts, channel, number, text="怎么收费", message_type="text")
    return Message(
        handle=Handle("open_id", "acc_dy", fan), text="我请顾问联系您", asks_contact=True
    )


def test_a_card_goes_along_with_the_words_and_lies_before_the_fan(parts, twin):
    channel = _asking(parts, twin)
    message = _written_to(parts, channel, twin)
    assert channel.send(message, key="m30").progress is Progress.SHOWN
    assert [each["words"] for each in twin.ask("douyin/dy")["talks"]["f_lin"][-2:]] == [
        "我请顾问联系您", "[留下手机号，顾问联系您]",
    ]  # fmt: skip
    with urlopen(f"{twin.url}/douyin/dy") as page:
        assert 'name="手机号"' in page.read().decode()
    form = urlencode({"act": "card", "称呼": "林小满", "手机号": "13800138000"}).encode()
    urlopen(Request(f"{twin.url}/douyin/dy/fans/f_lin", form)).close()
    last = twin.ask("douyin/dy")["talks"]["f_lin"][-1]
    assert (last["ours"], last["words"]) == (0, "称呼：林小满、手机号：13800138000")
    with urlopen(f"{twin.url}/douyin/dy") as page:
        assert 'name="手机号"' not in page.read().decode()


def test_a_card_is_made_once_whatever_becomes_of_the_answer(parts, twin):
    channel = _asking(parts, twin, title="预约参观", asks=(1, 2, 4))
    message = _written_to(parts, channel, twin)
    twin.knobs(lose_answer={"path": "save/retain_consult_card", "times": 1})
    with pytest.raises((Busy, Unanswered)):
        channel.send(message, key="m31")
    assert channel.send(message, key="m31").progress is Progress.SHOWN
    assert channel.send(message, key="m32").progress is Progress.SHOWN
    cards = channel.wire.look("/im/get/retain_consult_card/")["cards"]
    assert [each["title"] for each in cards].count("预约参观") == 1


def test_an_account_without_a_card_sends_the_words_alone(parts, twin):
    channel = _channel(parts, twin)
    assert not channel.asks_contact
    assert channel.send(_written_to(parts, channel, twin), key="m33").progress is Progress.SHOWN
    assert twin.ask("douyin/dy")["talks"]["f_lin"][-1]["words"] == "我请顾问联系您"


# hostile answers (S21)


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"null", b"[]", b"[[]]", b'"ok"', b"{}", b"<html></html>", b'{"data": null}',
        b'{"data": []}', b'{"data": "x"}', b'{"data": {"item_id": null}}',
        b'{"data": {"item_id": 7}}', b'{"data": {"item_id": ["a"]}}', b'{"data": {"list": 3}}',
        b'{"data": {"error_code": "2111001"}}', b'{"data": {"error_code": []}}',
        b'{"data": {"error_code": "no"}}', b'{"data": {"error_code": -1}}',
        b'{"extra": {"error_code": 2100004}}', b'{"extra": 5}', b'{"err_no": 28001008}',
        b'{"err_no": "28001047", "err_msg": "gone"}', b'{"data": {"error_code": 1e400}}',
        b'{"data": {"error_code": 0}, "data": {"error_code": 2113001}}',
        b'[{"data": {"error_code": 10010}}]', b"\xef\xbb\xbf{}", b"\xff\xfe{", b'{"data":' * 400,
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b'{"data": {"error_code": true}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("act", ["publish", "outcome"])
def test_whatever_comes_back_is_one_of_the_four_failures_or_no_harm(parts, twin, answer, act):
    channel = _channel(parts, twin)

    class Strange:
        def request(self, method, url, *, body=b"", headers=None):
            from channels.outbound import Answer

            if "upload_image" in url:
                return Answer(200, {}, b'{"data": {"image": {"image_id": "@i"}}}')
            return Answer(200, {}, answer)

    channel.wire._http = Strange()
    try:
        if act == "publish":
            channel.publish(post("怪回答", cover=PIXEL), key="s1")
        else:
            channel.outcome("@itm1")
    except (Busy, Refused, SignedOut, Unanswered):
        pass


def test_the_twin_refuses_what_the_platform_refuses(channel, parts, twin):
    def call(path, payload, **head):
        grant = parts["grants"].one("acc_dy")
        request = Request(
            f"{twin.url}/douyin-open/api/douyin/v1/video/{path}?open_id={grant.creator}",
            json.dumps(payload).encode(), {"access-token": grant.access, **head},
        )  # fmt: skip
        with urlopen(request) as answer:
            return json.load(answer)["data"]["error_code"]

    assert call("create_video/", {"text": "x", "video_id": 5}) == 2100005
    assert call("create_video/", {"text": "x", "video_id": "@vid_unknown"}) == 2100005
    assert call("create_video/", []) == 2100005
    assert call("create_image_text/", {"text": "x" * 1001, "image_list": ["@a"]}) == 2100005
    assert call("create_video/", {"text": "x"}, **{"access-token": "acc.nobody"}) == 2190002
    with pytest.raises(HTTPError):
        urlopen(f"{twin.url}/douyin-open/platform/oauth/connect/?client_key=nobody")
