"""How an official account shows and tells: to all, to a tester, by hand, through the open door.

The product's adapter over HTTP against the product's own twin of the platform.
"""

from dataclasses import replace
from datetime import datetime

import pytest

from channels.accounts import Sealer
from channels.allowances import Allowances
from channels.base import Busy, Callback, Message, Progress, Refused, SignedOut, Unanswered
from channels.contract import ChannelContract
from channels.hand_offs import HandOffs
from channels.handed_over import HandedOver
from channels.outbound import Outbound, RateGate
from channels.previewing import Previews
from channels.wechat.articles import _plain_cover
from channels.wechat.crypto import Envelope, signature
from channels.wechat.official_account import MassSendingAccount, WeChatOfficialAccount
from channels.wechat.talking import Templates
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wire import Wire
from channels.works import ListsWorks
from kernel.calendar import Zone
from kernel.events import Handle
from kernel.secret import Secret
from stores.claims import Leases
from tests.channels.sandboxed import ACCOUNT, running

POST = ChannelContract.post


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as played:
        yield played


@pytest.fixture
def hand_offs(records, changes, clock):
    return HandOffs(records, changes, clock)


@pytest.fixture
def allowances(records, clock):
    return Allowances(records, clock)


@pytest.fixture
def adapted(sandbox, records, clock, hand_offs, allowances):
    clock.now = datetime.fromisoformat(sandbox.ask("clock")["now"])
    outbound = Outbound(origins=[sandbox.url])
    wire = Wire(
        outbound, Tokens(records, Leases(records, clock), Sealer({"k": bytes(32)}), clock),
        RateGate(records, clock), account="acc_oa", appid=ACCOUNT["appid"],
        secret=Secret(ACCOUNT["secret"]), host=sandbox.url, per_minute=60_000,
    )  # fmt: skip

    def make(kind=WeChatOfficialAccount, *, by_hand=True, **templates):
        return kind(
            wire, Uploads(records, clock), clock, account="acc_oa",
            callback_token=ACCOUNT["token"],
            envelope=Envelope(ACCOUNT["aes_key"], ACCOUNT["appid"]),
            by_hand=HandedOver(hand_offs, account="acc_oa") if by_hand else None,
            allowances=allowances, templates=Templates(**templates),
        )  # fmt: skip

    yield make
    outbound.close()


@pytest.fixture
def mass(adapted):
    return adapted(MassSendingAccount)


def heard(channel, clock, body):
    """A callback of the platform, as it arrives."""
    stamp, envelope = str(int(clock().timestamp())), Envelope(ACCOUNT["aes_key"], ACCOUNT["appid"])
    sealed = envelope.seal(body)
    query = {"timestamp": stamp, "nonce": "2"}
    query["msg_signature"] = signature(ACCOUNT["token"], stamp, "2", sealed)
    whole = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode()
    return channel.receive(Callback(query=query, body=whole))


def last_callback(sandbox):
    return sandbox.ask("callbacks")["callbacks"][0]["body"].encode()


# to all


def test_a_mass_message_with_the_same_key_is_one_message(mass, sandbox):
    first = mass.publish(POST, key="dlv_m1")
    again = mass.publish(POST, key="dlv_m1")
    assert first == again
    assert mass.idempotency == "native"
    effects = [each for each in sandbox.articles if each["content_source_url"].endswith("#dlv_m1")]
    assert len(effects) == 1
    assert mass.outcome(first.ref).progress is Progress.SHOWN


def test_a_lost_answer_is_settled_by_the_key(mass, sandbox):
    sandbox.knobs(lose_answer={"path": "mass/sendall", "times": 1})
    with pytest.raises(Unanswered):
        mass.publish(POST, key="dlv_m2")
    receipt = mass.publish(POST, key="dlv_m2")
    effects = [each for each in sandbox.articles if each["content_source_url"].endswith("#dlv_m2")]
    assert len(effects) == 1
    assert mass.outcome(receipt.ref).progress is Progress.SHOWN


def test_what_was_sent_to_all_is_taken_down_and_twice_does_no_harm(mass):
    receipt = mass.publish(POST, key="dlv_m3")
    mass.withdraw(receipt.ref)
    mass.withdraw(receipt.ref)
    assert mass.outcome(receipt.ref).progress is Progress.WITHDRAWN


def test_an_administrator_confirms_or_half_an_hour_goes_by(mass, sandbox):
    sandbox.knobs(admin_confirms=True)
    confirmed, forgotten = (mass.publish(POST, key=f"dlv_c{each}") for each in (1, 2))
    assert mass.outcome(confirmed.ref).progress is Progress.SUBMITTED
    sandbox.post(f"masses/{confirmed.ref.partition(':')[2]}/confirm")
    assert mass.outcome(confirmed.ref).progress is Progress.SHOWN
    sandbox.post("clock", seconds=1_801)
    told = mass.outcome(forgotten.ref)
    assert (told.progress, told.reason) == (Progress.REFUSED, "platform_could_not_send")
    sandbox.post("clock", seconds=-1_801)
    sandbox.knobs(admin_confirms=False)


def test_the_job_that_ended_tells_how_many_it_reached(mass, sandbox, clock):
    sandbox.knobs(callbacks="late")
    receipt = mass.publish(POST, key="dlv_m4")
    (outcome,) = heard(mass, clock, last_callback(sandbox)).outcomes
    sandbox.knobs(callbacks="never")
    assert (outcome.ref, outcome.progress) == (receipt.ref, Progress.SHOWN)
    assert set(outcome.facts) == {"total", "meant", "sent", "failed"}


def test_some_failing_makes_it_partly(mass, clock):
    body = (
        b"<xml><FromUserName>o</FromUserName><CreateTime>1772442000</CreateTime>"
        b"<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>7</MsgID>"
        b"<Status>send success</Status><TotalCount>9</TotalCount><FilterCount>8</FilterCount>"
        b"<SentCount>6</SentCount><ErrorCount>2</ErrorCount></xml>"
    )
    (outcome,) = heard(mass, clock, body).outcomes
    assert (outcome.progress, outcome.facts["failed"]) == (Progress.PARTLY, 2)


def test_a_tag_narrows_it(mass, sandbox):
    mass.tag = 4_711  # nobody wears it
    receipt = mass.publish(POST, key="dlv_m5")
    assert mass.outcome(receipt.ref).progress is Progress.SHOWN


def test_no_quota_left_means_later(mass, sandbox):
    sandbox.knobs(masses_a_day=0)
    with pytest.raises(Busy):
        mass.publish(POST, key="dlv_m6")
    sandbox.knobs(masses_a_day=100)


# to a tester


@pytest.mark.parametrize("by", ["name", "openid"])
def test_a_tester_sees_it_and_nobody_else(adapted, sandbox, by):
    channel = adapted()
    assert isinstance(channel, Previews)
    person = next(each for each in sandbox.ask("followers")["followers"] if each["followed"])
    before, shown = len(sandbox.ask("sent")["messages"]), len(sandbox.articles)
    channel.preview(POST, tester=person[by])
    sent = sandbox.ask("sent")["messages"][before:]
    assert [(each["openid"], POST.title in each["told"]) for each in sent] == [
        (person["openid"], True)
    ]
    assert len(sandbox.articles) == shown


def test_a_stranger_is_no_tester(adapted):
    with pytest.raises(Refused) as no:
        adapted().preview(POST, tester="nobody at all")
    assert no.value.reason == "recipient_unknown"


# without the right to publish


@pytest.fixture
def no_right(sandbox):
    sandbox.post("accounts", **ACCOUNT, right_to_publish=False)
    yield
    sandbox.post("accounts", **ACCOUNT)


@pytest.mark.usefixtures("no_right")
def test_without_the_right_to_publish_a_person_does_it(adapted, hand_offs):
    channel = adapted()
    receipt = channel.publish(POST, key="dlv_h1")
    assert (receipt.ref, receipt.progress) == ("dlv_h1", Progress.AWAITING_PERSON)
    assert channel.find(POST, key="dlv_h1") == receipt
    assert channel.find(POST, key="dlv_h2") is None
    hand_offs.note_posted("dlv_h1", by="li", address="https://mp.weixin.qq.com/s/1")
    assert channel.outcome(receipt.ref).progress is Progress.SHOWN
    hand_offs.note_taken_down("dlv_h1", by="li")
    channel.withdraw(receipt.ref)
    assert channel.outcome(receipt.ref).progress is Progress.WITHDRAWN


@pytest.mark.usefixtures("no_right")
def test_where_nobody_can_be_asked_the_account_is_signed_out(adapted):
    with pytest.raises(SignedOut):
        adapted(by_hand=False).publish(POST, key="dlv_h3")


# made there


def test_what_was_made_there_is_listed_without_what_came_from_here(adapted, sandbox):
    channel = adapted()
    assert isinstance(channel, ListsWorks)
    ours = channel.publish(POST, key="dlv_w1")
    wire = channel._wire
    cover = channel._articles._cover(_plain_cover())
    told = wire.ask("/cgi-bin/draft/add", articles=[
        {"title": "编辑部自己写的", "content": "<p>x</p>", "thumb_media_id": cover},
    ])  # fmt: skip
    wire.ask("/cgi-bin/freepublish/submit", media_id=told["media_id"])
    assert channel.outcome(ours.ref).progress is Progress.SHOWN
    works, onward = channel.works("")
    assert [each.title for each in works] == ["编辑部自己写的"]
    assert onward == ""
    assert channel.work(works[0].id) == replace(works[0], at=None)
    assert channel.work("nothing:1") is None


# one person


def hers(sandbox, *, wrote):
    """A follower with or without an open window."""
    people = [each for each in sandbox.ask("followers")["followers"] if each["followed"]]
    person = people[0]
    sandbox.post("clock", seconds=200_000)
    if wrote:
        sandbox.post(f"followers/{person['openid']}/say", text="你好")
    return Handle("openid", "acc_oa", person["openid"])


def say(channel, handle, **more):
    words = {"text": "保单已生效", "title": "保单通知", "link": "https://e.cn/t/1"}
    return channel.send(Message(handle=handle, **words, **more), key="dlv_t1")


@pytest.fixture
def later(sandbox, clock):
    """Tokens and clock follow the world, which only goes forward here."""

    def now():
        clock.now = datetime.fromisoformat(sandbox.ask("clock")["now"])

    return now


def test_while_her_window_is_open_it_is_said_there(adapted, sandbox, later):
    her = hers(sandbox, wrote=True)
    later()
    assert say(adapted(service="T", subscribe="S"), her).ref == "dlv_t1"


def test_when_it_is_closed_an_allow_of_hers_is_used_up(adapted, sandbox, later, clock, allowances):
    her = hers(sandbox, wrote=False)
    later()
    channel = adapted(subscribe="S", service="")
    with pytest.raises(Refused) as no:
        say(channel, her)
    assert no.value.reason == "reply_window_closed"
    sandbox.knobs(callbacks="late")
    sandbox.post(f"followers/{her.value}/allow", template="S")
    sandbox.knobs(callbacks="never")
    body = last_callback(sandbox)
    allowances.hear(heard(channel, clock, body).allowed)
    allowances.hear(heard(channel, clock, body).allowed)
    assert allowances.left(her, "S") == 1
    assert say(channel, her).ref == "subscribe:dlv_t1"
    assert allowances.left(her, "S") == 0


def test_a_service_notice_goes_by_template_and_marketing_never(adapted, sandbox, later, clock):
    her = hers(sandbox, wrote=False)
    later()
    channel = adapted(service="T")
    first, again = say(channel, her, purpose="service"), say(channel, her, purpose="service")
    assert first == again
    assert (first.ref.partition(":")[0], first.progress) == ("template", Progress.SUBMITTED)
    *_, seen = (m for m in sandbox.ask("sent")["messages"] if m["kind"] == "template")
    assert f"{Zone().local(clock()):%Y-%m-%d %H:%M}" in str(seen)  # by her clock
    with pytest.raises(Refused) as no:
        say(channel, her, purpose="marketing")
    assert no.value.reason == "reply_window_closed"


def test_a_window_that_was_used_up_is_another_door_closed(adapted, sandbox, later):
    her = hers(sandbox, wrote=True)
    later()
    channel = adapted(service="T")
    for _ in range(5):
        assert say(channel, her, purpose="service").ref == "dlv_t1"
    assert say(channel, her, purpose="service").ref.startswith("template:")
