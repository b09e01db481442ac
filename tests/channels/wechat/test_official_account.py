"""The official account adapter, against a small stand-in for WeChat."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from channels.base import Asset, Busy, Message, Progress, Refused, SignedOut, Unanswered
from channels.contract import PIXEL, ChannelContract, SendingContract
from channels.outbound import Answer
from channels.wechat import messages
from kernel.events import Handle
from tests.channels.samples import ABSENT
from tests.channels.samples import SAMPLES as ALL_SAMPLES
from tests.channels.wechat.conftest import FOLLOW

POST = ChannelContract.post
FRIEND = Handle("openid", "acc_oa", "o1")
SAMPLES = ALL_SAMPLES / "wechat"


class TestContract(ChannelContract):
    @pytest.fixture
    def genuine(self, post):
        return post.plain()

    @pytest.fixture
    def forged(self, post):
        return post.plain(token="guess")


class TestContractInSafeMode(ChannelContract):
    @pytest.fixture
    def channel(self, wired):
        return wired(safe=True)

    @pytest.fixture
    def genuine(self, post):
        return post.sealed()

    @pytest.fixture
    def forged(self, post):
        return post.sealed(token="guess")


class TestSendingContract(SendingContract):
    @pytest.fixture
    def friend(self):
        return FRIEND


# showing


def test_submitted_is_not_shown(channel):
    assert channel.publish(POST, key="k1").progress is Progress.SUBMITTED


def test_an_article_carries_our_key_and_chinese_as_it_is(channel, platform):
    channel.publish(POST, key="k1")
    (article,) = platform.articles
    assert (article["title"], article["digest"]) == (POST.title, POST.summary)
    assert article["content_source_url"] == f"{POST.link}#k1"


def test_a_cover_is_uploaded_once(channel, platform):
    for key in ("k1", "k2"):
        channel.publish(POST, key=key)
    assert platform.pictures == [PIXEL]


def test_an_article_without_a_cover_gets_a_plain_one(channel, platform):
    channel.publish(replace(POST, cover=None), key="k1")
    assert platform.pictures[0].startswith(b"\xff\xd8")


def test_pictures_in_the_text_are_uploaded_and_their_addresses_put_in(channel, platform):
    picture = Asset(name="/media/med_1/original", content_type="image/png", data=PIXEL + b"2")
    body = '<p><img src="/media/med_1/original"><img src="https://elsewhere/x.png"></p>'
    channel.publish(replace(POST, body=body, images=(picture,)), key="k1")
    assert 'src="https://mmbiz.qpic.cn/pic2"' in platform.articles[0]["content"]
    assert "/media/" not in platform.articles[0]["content"]


def test_a_picture_that_the_platform_lost_is_uploaded_again(channel, platform):
    channel.publish(POST, key="k1")
    platform.forget_media()
    with pytest.raises(Busy):
        channel.publish(POST, key="k2")
    channel.publish(POST, key="k2")
    assert len(platform.pictures) == 2


@pytest.mark.parametrize(
    ("status", "progress", "reason"),
    [
        (0, Progress.SHOWN, ""),
        (1, Progress.SUBMITTED, ""),
        (2, Progress.REFUSED, "originality_not_accepted"),
        (3, Progress.REFUSED, "platform_could_not_publish"),
        (4, Progress.REFUSED, "review_refused"),
        (5, Progress.WITHDRAWN, "deleted_on_the_platform"),
        (6, Progress.WITHDRAWN, "banned_by_the_platform"),
        (99, Progress.REFUSED, "platform_could_not_publish"),
    ],
)
def test_every_verdict_has_a_name(channel, platform, status, progress, reason):
    platform.status = status
    told = channel.outcome(channel.publish(POST, key="k1").ref)
    assert (told.progress, told.reason) == (progress, reason)


def test_it_is_taken_down_only_when_it_is_up(channel, platform):
    receipt = channel.publish(POST, key="k1")
    platform.status = 1
    with pytest.raises(Busy):
        channel.withdraw(receipt.ref)
    platform.status = 4
    channel.withdraw(receipt.ref)


def test_it_is_found_beyond_the_first_page(channel, platform):
    for number in range(23):
        channel.publish(POST, key=f"k{number}")
    assert channel.find(POST, key="k0").progress is Progress.SHOWN


# what goes wrong


def test_what_the_platform_minds_is_named(channel):
    with pytest.raises(Refused) as no:
        channel.publish(replace(POST, title="长" * 40), key="k1")
    assert no.value.facts["errcode"] == 45003
    assert "45003" in no.value.message("zh")


def test_a_token_that_died_early_is_replaced_once(channel, platform):
    channel.publish(POST, key="k1")
    platform.dead.add("t0")
    channel.publish(POST, key="k2")
    assert platform.tokens == ["t0", "t1"]
    assert platform.shown == [POST.title] * 2


def test_a_token_that_stays_bad_signs_us_out(channel, platform):
    platform.dead |= {"t0", "t1", "t2"}
    with pytest.raises(SignedOut):
        channel.publish(POST, key="k1")
    assert platform.token_calls <= 3


def test_a_wrong_secret_signs_us_out(wired):
    with pytest.raises(SignedOut):
        wired(secret="guess").publish(POST, key="k1")


def test_a_token_is_kept_for_its_life_and_fetched_before_it_ends(channel, platform, clock):
    channel.publish(POST, key="k1")
    clock.move(timedelta(seconds=6800))
    channel.publish(POST, key="k2")
    assert platform.token_calls == 1
    clock.move(timedelta(seconds=200))
    channel.publish(POST, key="k3")
    assert platform.token_calls == 2


def test_many_who_see_a_dead_token_at_once_fetch_one(wired, platform):
    """F39: single flight, across processes because the flight is a lease."""
    wired().publish(POST, key="k0")
    platform.dead.add("t0")
    threads = [
        threading.Thread(target=lambda: wired().outcome("publish:1")) for _ in range(8)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.tokens == ["t0", "t1"]


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(b"<html>502</html>", id="a page"),
        pytest.param(b'{"errcode": 0, "media_id": "m', id="half an answer"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="nothing"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b'{"errcode": "x"}', id="a code that is none"),
        pytest.param(b'{"media_id": null}', id="a field that is null"),
        pytest.param(b'{"errcode": "45009"}', id="a code spelled as a text"),
    ],
)
def test_a_strange_answer_is_no_answer(channel, platform, strange):
    platform.strange = Answer(200, {}, strange)
    with pytest.raises(Busy):
        channel.publish(replace(POST, cover=None), key="k1")


@pytest.mark.parametrize("strange", [b"<html>", b"{}", b'{"errcode": 0}'])
def test_a_strange_answer_to_submitting_may_mean_that_it_worked(channel, platform, strange):
    answer = platform._answer

    def then_strange(path, *rest):
        told = answer(path, *rest)
        if path == "draft/add":
            platform.strange = Answer(200, {}, strange)
        return told

    platform._answer = then_strange
    with pytest.raises(Unanswered):
        channel.publish(POST, key="k1")


def test_our_own_rate_is_kept(wired):
    channel = wired(per_minute=60)
    with pytest.raises(Busy) as later:
        channel.publish(POST, key="k1")
    assert 0 < later.value.seconds <= 1


# talking to one person


def test_a_card_shows_title_words_cover_and_link(channel, platform):
    message = Message(
        handle=FRIEND, text="请看", title="开放日", link="https://e.cn/t/1",
        cover="https://e.cn/c.jpg", kind="card",
    )  # fmt: skip
    channel.send(message, key="k1")
    (article,) = orjson.loads(platform.heard[0])["news"]["articles"]
    assert (article["title"], article["url"]) == ("开放日", "https://e.cn/t/1")


def test_a_closed_window_is_a_refusal_with_its_own_name(channel):
    stranger = Handle("openid", "acc_oa", "o2")
    with pytest.raises(Refused) as no:
        channel.send(Message(handle=stranger, text="您好"), key="k1")
    assert no.value.reason == "reply_window_closed"


def test_a_message_whose_answer_is_lost_may_have_arrived(channel, platform):
    platform.silent = True
    with pytest.raises(Unanswered):
        channel.send(Message(handle=FRIEND, text="您好"), key="k1")


def test_a_follower_is_introduced_with_her_unionid(channel, clock):
    first, again = channel.introduce(FRIEND, clock()), channel.introduce(FRIEND, clock())
    assert first == again
    assert (first.handle, first.links) == (FRIEND, (Handle("unionid", "", "u1"),))


def test_of_whom_the_platform_knows_nothing_nothing_is_told(channel, clock):
    assert channel.introduce(Handle("openid", "acc_oa", "o2"), clock()) is None


# hearing


def test_a_follow_becomes_an_event(channel, post):
    (event,) = channel.receive(post.plain()).events
    assert (event.kind, event.ecosystem) == ("followed", "wechat")
    assert event.handle == Handle("openid", "acc_oa", "o7")
    assert event.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_handshake_is_echoed_plain_and_sealed(channel, wired, post):
    assert channel.receive(post.plain(b"", echostr="hello")).answer == b"hello"
    safe, query = wired(safe=True), dict(post.sealed(b"hello").query)
    sealed = messages.fields(post.sealed(b"hello").body)["Encrypt"]
    from channels.wechat.crypto import signature

    query |= {"echostr": sealed}
    query["msg_signature"] = signature("QDG6eK", query["timestamp"], "2", sealed)
    assert safe.receive(replace(post.plain(b""), query=query)).answer == b"hello"


def test_in_safe_mode_a_plain_message_is_refused(wired, post):
    with pytest.raises(Refused):
        wired(safe=True).receive(post.plain())


@pytest.mark.parametrize("seconds", [-601, 601])
def test_a_recording_of_a_callback_is_refused_later(channel, post, seconds):
    with pytest.raises(Refused):
        channel.receive(post.plain(seconds=seconds))


def test_an_unknown_event_is_kept_under_its_own_name_and_as_it_came(channel, post):
    strange = FOLLOW.replace(b"subscribe", b"card_pass_check")
    (event,) = channel.receive(post.plain(strange)).events
    assert (event.kind, event.raw) == ("wechat_oa.card_pass_check", strange)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b" ", id="nothing"),
        pytest.param(b"<xml><Event>SCAN</Event></xml>", id="no sender"),
        pytest.param(FOLLOW.replace(b"1772442000", b"noon"), id="no time"),
        pytest.param(FOLLOW.replace(b"1772442000", b"9" * 30), id="a time beyond all"),
        pytest.param(b"<!DOCTYPE xml>" + FOLLOW, id="a document type"),
        pytest.param(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", id="an entity"),
        pytest.param(("<!DOCTYPE xml>" + FOLLOW.decode()).encode("utf-16"), id="one in disguise"),
        pytest.param(b"<a>" * 5000 + b"</a>" * 5000, id="deep"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b'{"MsgType": 3}', id="no sender in JSON"),
    ],
)
def test_signed_nonsense_is_kept_and_answered(channel, post, body):
    received = channel.receive(post.plain(body))
    assert (received.events, received.unreadable, received.answer) == ((), body, b"success")


def test_two_clicks_in_one_second_are_two_events(channel, post):
    click = FOLLOW.replace(b"subscribe", b"CLICK").replace(
        b"</xml>", b"<EventKey>%s</EventKey></xml>"
    )
    told = [
        channel.receive(post.plain(click.replace(b"%s", key))).events[0] for key in (b"a", b"b")
    ]  # fmt: skip
    assert [event.kind for event in told] == ["clicked_menu"] * 2
    assert told[0].id != told[1].id


@pytest.mark.parametrize("name", [b"PUBLISHJOBFINISH", b"FREEPUBLISHJOBFINISH"])
def test_a_finished_job_tells_its_outcome_and_is_nobodys_doing(channel, post, name):
    job = (
        b"<PublishEventInfo><publish_id>100</publish_id><publish_status>4</publish_status>"
        b"</PublishEventInfo></xml>"
    )
    received = channel.receive(
        post.plain(FOLLOW.replace(b"subscribe", name).replace(b"</xml>", job))
    )
    (outcome,) = received.outcomes
    assert (outcome.ref, outcome.progress) == ("publish:100", Progress.REFUSED)
    (event,) = received.events
    assert (event.kind, event.handle) == ("job_finished", None)
    assert event.detail["PublishEventInfo"]["publish_id"] == "100"


@pytest.mark.parametrize(
    ("told", "progress", "reason"),
    [
        ("send success", Progress.SHOWN, ""),
        ("err(30003)", Progress.REFUSED, "platform_could_not_send"),
    ],
)
def test_a_mass_send_that_ended_tells_its_outcome(channel, post, told, progress, reason):
    job = b"<MsgID>1000001625</MsgID><Status>%s</Status></xml>" % told.encode()
    body = FOLLOW.replace(b"subscribe", b"MASSSENDJOBFINISH").replace(b"</xml>", job)
    (outcome,) = channel.receive(post.plain(body)).outcomes
    assert (outcome.ref, outcome.progress, outcome.reason) == ("mass:1000001625", progress, reason)


@pytest.mark.parametrize(
    ("told", "progress", "reason"),
    [
        ("success", Progress.SHOWN, ""),
        ("failed:user block", Progress.REFUSED, "recipient_refuses"),
        ("failed: freq limit", Progress.REFUSED, "recipient_had_enough"),
        ("failed: system failed", Progress.REFUSED, "platform_could_not_send"),
    ],
)
def test_a_service_notice_tells_whether_it_arrived(channel, post, told, progress, reason):
    job = b"<MsgID>200163836</MsgID><Status>%s</Status></xml>" % told.encode()
    body = FOLLOW.replace(b"subscribe", b"TEMPLATESENDJOBFINISH").replace(b"</xml>", job)
    received = channel.receive(post.plain(body))
    (outcome,), (event,) = received.outcomes, received.events
    assert (outcome.ref, outcome.progress, outcome.reason) == (
        "template:200163836", progress, reason,
    )  # fmt: skip
    assert (event.kind, event.handle.value) == ("job_finished", "o7")


@pytest.mark.parametrize(
    "entries",
    [
        b"<List><MsgID>7</MsgID><ErrorStatus>success</ErrorStatus></List>",
        (
            b"<List><MsgID>7</MsgID><ErrorStatus>success</ErrorStatus></List>"
            b"<List><MsgID>8</MsgID><ErrorStatus>user reject</ErrorStatus></List>"
        ),
    ],
)
def test_every_entry_of_a_subscribe_messages_event_is_heard(channel, post, entries):
    inner = b"<SubscribeMsgSentEvent>%s</SubscribeMsgSentEvent></xml>" % entries
    body = FOLLOW.replace(b"subscribe", b"subscribe_msg_sent_event").replace(b"</xml>", inner)
    outcomes = channel.receive(post.plain(body)).outcomes
    assert [each.ref for each in outcomes] == ["subscribe:7", "subscribe:8"][: len(outcomes)]
    assert len(outcomes) == entries.count(b"<List>")


# bytes as gateways mangle them


@pytest.mark.parametrize(
    "mangle",
    [
        pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="a mark of byte order"),
        pytest.param(lambda body: b"\n \t" + body + b"\n", id="blanks around"),
        pytest.param(lambda body: body.replace(b"o7<", b"o7</FromUserName><FromUserName>o8<"),
                     id="a sender told twice"),
        pytest.param(lambda body: body.replace(b"1772442000<", b"1772442000</CreateTime>"
                     b"<CreateTime>1<"), id="a moment told twice"),
        pytest.param(lambda body: body.decode().replace("</xml>", "<备注>你好</备注></xml>")
                     .encode("gb18030"), id="GBK"),
        pytest.param(lambda body: body.replace(b"<xml>", b"<xml><New><Deep>1</Deep></New>"),
                     id="a field nobody knows"),
    ],
)  # fmt: skip
def test_a_follow_is_heard_however_its_bytes_were_mangled(channel, post, mangle):
    (event,) = channel.receive(post.plain(mangle(FOLLOW))).events
    assert (event.kind, event.handle.value) == ("followed", "o7")
    assert event.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_what_we_do_not_know_of_an_event_is_kept_with_it(channel, post):
    body = FOLLOW.replace(b"</xml>", b"<Brand><New>1</New></Brand></xml>")
    (event,) = channel.receive(post.plain(body)).events
    assert event.detail["Brand"] == {"New": "1"}


# other people's samples


def samples(folder):
    if not SAMPLES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(ABSENT))]
    found = sorted((SAMPLES / folder).rglob("*.*"))
    return [pytest.param(path, id=path.stem) for path in found]


@pytest.mark.parametrize("path", samples("EventSamples"))
def test_every_sample_event_is_understood_or_kept_as_it_came(channel, post, path):
    body = path.read_bytes()
    received = channel.receive(post.plain(body))
    assert received.answer == b"success"
    assert len(received.events) == 1
    for event in received.events:
        assert event.raw or event.kind in {*messages.KINDS.values(), "messaged"}


def test_the_sample_answers_parse_into_our_results(wired, clock):
    if not SAMPLES.exists():
        pytest.skip(ABSENT)

    class Library:
        """Answers each call with the sample of its response."""

        def request(self, method, url, *, body=b"", headers=None):
            path = url.partition("/cgi-bin/")[2].partition("?")[0]
            if path == "stable_token":
                path = "token"
            return Answer(200, {}, (SAMPLES / "ModelSamples" / _SAMPLE_OF[path]).read_bytes())

    channel = wired("acc_other", http=Library())
    assert channel.outcome("publish:1").progress is Progress.SHOWN
    (link,) = channel.introduce(FRIEND, clock()).links
    assert link.value == "o6_bmasdasdsad6_2sgVt7hMZOPfL"


_SAMPLE_OF = {
    "token": "Cgibin/CgibinTokenResponse.json",
    "freepublish/get": "CgibinFreePublish/CgibinFreePublishGetResponse.json",
    "user/info": "CgibinUser/CgibinUserInfoResponse.json",
}
