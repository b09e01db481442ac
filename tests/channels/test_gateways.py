"""SMS: signed, stoppable, reported; a reply of 退订 stops marketing at once."""

import json

import pytest

from channels.base import Busy, Callback, Message, Progress, Refused, SignedOut, Unanswered
from channels.contract import SendingContract
from channels.gateways import Sms
from channels.outbound import Answer, RateGate
from channels.preferences import Preferences
from channels.stopping import is_stop
from data_hub.consents import MARKETING, SERVICE
from juzhen.sandbox.app import Process
from juzhen.sandbox.world import Settings
from kernel.calendar import Zone
from kernel.events import Handle
from kernel.secret import Secret
from kernel.webhooks import signed

ZONE = Zone("Asia/Shanghai")
HER = Handle("phone", "", "13800138000")
GATEWAY = {
    "kind": "sms", "code": "sms", "sign_key": "k", "sign_name": "长河保险", "template": "MK_1",
    "service_template": "SV_1",
}  # fmt: skip


class Gateway:
    """A provider that takes what is stoppable."""

    def __init__(self):
        self.answer, self.taken = {"code": "OK"}, []

    def request(self, method, url, *, body=b"", headers=None):
        self.taken.append(json.loads(body))
        told = self.answer
        return Answer(200, {}, told if isinstance(told, bytes) else json.dumps(told).encode())

    @property
    def heard(self):
        return [each["text"] for each in self.taken]


def speaking(http, records, clock, url="https://sms.example.com", **more):
    return Sms(
        http, RateGate(records, clock), clock, ZONE, account="acc_sms", url=url,
        secret=Secret("k"), sign_name="长河保险", template="MK_1", service_template="SV_1", **more,
    )  # fmt: skip


@pytest.fixture
def platform():
    return Gateway()


@pytest.fixture
def channel(platform, records, clock):
    return speaking(platform, records, clock)


@pytest.fixture
def friend():
    return HER


class TestSmsContract(SendingContract):
    """A gateway reaches one phone."""


def test_marketing_says_who_writes_and_how_to_stop_it_and_service_does_not(channel, platform):
    for purpose in (MARKETING, SERVICE):
        channel.send(Message(handle=HER, text="周六\n见", purpose=purpose), key=purpose)
    marketing, service = platform.taken
    assert marketing["text"] == "【长河保险】周六 见拒收请回复T"
    assert service["text"] == "【长河保险】周六 见"
    assert (marketing["template"], service["template"]) == ("MK_1", "SV_1")
    assert marketing["out_id"] == MARKETING


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"code": "isv.MOBILE_NUMBER_ILLEGAL"}, Refused),
        ({"code": "isv.SMS_TEMPLATE_ILLEGAL"}, Refused),
        ({"code": "something new"}, Refused),
        ({"code": "isv.BUSINESS_LIMIT_CONTROL"}, Busy),
        ({"code": "isv.AMOUNT_NOT_ENOUGH"}, SignedOut),
        (b"<html>", Unanswered),
        (b"[]", Unanswered),
        (b"null", Unanswered),
        (b"", Unanswered),
        ({"code": None}, Refused),
        ({"code": ["OK"]}, Refused),
        ({}, Refused),
    ],
)
def test_whatever_a_gateway_answers_is_one_of_the_four_failures(channel, platform, answer, failure):
    platform.answer = answer
    with pytest.raises(failure):
        channel.send(Message(handle=HER, text="您好"), key="k")


def test_what_is_too_long_is_not_sent(channel, platform):
    with pytest.raises(Refused):
        channel.send(Message(handle=HER, text="长" * 600), key="k")
    assert platform.taken == []


def told(clock, rows):
    body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    return Callback(body=body, headers=signed(["k"], "m1", clock(), body))


UP = {"phone_number": "13800138000", "content": " 退订。", "send_time": "2026-03-02 09:00:00",
      "sequence_id": "up1"}  # fmt: skip


@pytest.mark.rule("R46.2")
def test_a_reply_that_says_stop_is_an_event_and_a_stop(channel, clock):
    received = channel.receive(told(clock, [UP, UP | {"content": "好的", "sequence_id": "up2"}]))
    assert [event.kind for event in received.events] == ["messaged"] * 2
    (stop,) = received.stops
    assert (stop.handle, stop.purpose, stop.channel) == (HER, MARKETING, "sms")


@pytest.mark.parametrize(
    ("text", "stops"),
    [("退订", True), ("TD", True), ("t", True), ("退订！", True), ("不退订", False),
     ("我想退订重疾险", False), ("好", False), ("", False)],
)  # fmt: skip
def test_only_the_whole_word_stops(text, stops):
    assert is_stop(text) is stops


def test_a_report_tells_what_became_of_it(channel, clock):
    rows = [
        {"out_id": "dlv_1", "success": True},
        {"out_id": "dlv_2", "success": "false", "err_code": "MK:BLACKLIST"},
    ]
    done, refused = channel.receive(told(clock, rows)).outcomes
    assert (done.ref, done.progress) == ("dlv_1", Progress.SHOWN)
    assert (refused.progress, refused.reason) == (Progress.REFUSED, "recipient_refuses")


@pytest.mark.parametrize(
    "rows", [b"", b"null", b"[1]", b"{}", b"[]", b"\xff", b'[{"content":"x"}]', b'[{"success":1}]']
)
def test_what_is_signed_and_cannot_be_read_is_kept(channel, clock, rows):
    received = channel.receive(told(clock, rows))
    assert received.unreadable == (rows or b" ")


def test_what_the_gateway_did_not_sign_is_refused(channel, clock):
    with pytest.raises(Refused):
        channel.receive(Callback(body=b"[]", headers=signed(["else"], "m1", clock(), b"[]")))


@pytest.fixture
def sandbox(tmp_path):
    process = Process(Settings(folder=tmp_path, hub="http://127.0.0.1:9", act_every=0), 0)
    process.start()
    process.world.accounts.add(GATEWAY)
    yield process
    process.stop()


def test_the_twin_takes_what_the_adapter_sends_and_nothing_that_cannot_be_stopped(
    sandbox, house, clock
):
    url = f"http://127.0.0.1:{sandbox.port}/sms-gateway/sms"
    house.outbound._origins = frozenset({url.rpartition("/sms-gateway")[0]})
    channel = speaking(house.outbound, house.records, clock, url)
    sent = channel.send(Message(handle=HER, text="周六见", purpose=MARKETING), key="dlv_1")
    assert sent.progress == Progress.SUBMITTED
    (text,) = sandbox.world.texts.all("sms")
    assert (text["words"], text["phone"]) == ("【长河保险】周六见拒收请回复T", HER.value)
    rude = speaking(house.outbound, house.records, clock, url, unsubscribe="")
    with pytest.raises(Refused) as blocked:
        rude.send(Message(handle=HER, text="周六见", purpose=MARKETING), key="dlv_2")
    assert blocked.value.reason == "sms_words_not_allowed"
    with pytest.raises(Refused):
        channel.send(Message(handle=Handle("phone", "", "123"), text="您好"), key="dlv_3")


def test_stopping_on_one_handle_stops_all_of_hers_on_that_channel(house):
    account = house.account("board")
    hers = Handle("openid", account.id, "o1")
    house.deliveries.queue(
        account=account.id, target=hers, occasion="x", purpose=MARKETING, words="您好", by="li"
    )
    wishes = Preferences(house.records, house.consents, house.deliveries, house.identities)
    assert wishes.opt_out([hers], MARKETING, source="t", channel="sms").cancelled == 0
    assert house.consents.allows([hers], MARKETING, "board")
    assert not house.consents.allows([hers], MARKETING, "sms")
    assert wishes.opt_out([hers], MARKETING, source="t", channel="board").cancelled == 1
