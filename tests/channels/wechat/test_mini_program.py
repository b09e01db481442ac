"""A mini program: who logged in, one message an allow."""

from contextlib import suppress

import pytest

from channels.allowances import Allowances
from channels.base import Busy, LogsIn, Message, Refused, SignedOut, Unanswered
from channels.contract import HearingContract
from channels.outbound import Answer
from channels.wechat.crypto import Envelope
from channels.wechat.mail import LetterBox
from channels.wechat.mini_program import MiniProgram
from channels.wechat.tokens import Tokens
from channels.wechat.wire import Wire
from kernel.calendar import Zone
from kernel.events import Handle
from kernel.secret import Secret
from tests.channels.sandboxed import ACCOUNT, running
from tests.channels.wechat.conftest import TOKEN, Postman

APPID, AES_KEY = ACCOUNT["appid"], ACCOUNT["aes_key"]
ALLOWED = (
    b"<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName>"
    b"<CreateTime>1772442000</CreateTime><MsgType>event</MsgType>"
    b"<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent>"
    b"<List><TemplateId>TMPL</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
    b"<List><TemplateId>OTHER</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>"
    b"</SubscribeMsgPopupEvent></xml>"
)
HER = Handle("openid", "acc_mini", "o1")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def allowances(house):
    return Allowances(house.records, house.clock)


@pytest.fixture
def made(house, allowances):
    """The channel over any platform."""

    def make(http, host, template="TMPL", **more):
        tokens = Tokens(house.records, house.leases, house.sealer, house.clock)
        wire = Wire(
            http, tokens, house.gate, account="acc_mini", appid=APPID,
            secret=Secret(ACCOUNT["secret"]), host=host, per_minute=60_000,
        )  # fmt: skip
        letters = LetterBox(
            house.clock, account="acc_mini", token=TOKEN, envelope=Envelope(AES_KEY, APPID)
        )
        return MiniProgram(
            wire, allowances, letters, house.clock, account="acc_mini", appid=APPID,
            secret=Secret(ACCOUNT["secret"]), template=template, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def channel(made, house, sandbox):
    house.outbound._origins = frozenset({sandbox.url})
    return made(house.outbound, sandbox.url)


@pytest.fixture
def openid(sandbox):
    return sandbox.ask("followers")["followers"][0]["openid"]


class TestMiniProgramHears(HearingContract):
    """What she allows comes by callback."""

    @pytest.fixture
    def genuine(self, clock):
        return Postman(clock).sealed(ALLOWED)

    @pytest.fixture
    def forged(self, clock):
        return Postman(clock).sealed(ALLOWED, token="else")


def test_each_allow_is_one_message_and_a_repeat_adds_none(channel, allowances, clock):
    for _ in range(2):
        allowances.hear(channel.receive(Postman(clock).sealed(ALLOWED)).allowed)
    assert allowances.left(HER, "TMPL") == 1
    assert allowances.left(HER, "OTHER") == 0


def test_a_login_code_says_who_she_is_once(channel, sandbox, openid, clock):
    assert isinstance(channel, LogsIn)
    code = sandbox.post(f"login/{openid}")["code"]
    login = channel.login(code, clock())
    assert login.handle == Handle("openid", "acc_mini", openid)
    assert login.event.kind == "identified"
    assert [each.kind for each in login.event.links] == ["unionid"]
    with pytest.raises(Refused) as used:
        channel.login(code, clock())
    assert used.value.reason == "login_code_unknown"


def test_without_an_allow_nothing_leaves(channel, openid):
    with pytest.raises(Refused) as none:
        channel.send(Message(handle=Handle("openid", "acc_mini", openid), text="您好"), key="k1")
    assert none.value.reason == "no_message_allowed"


def test_an_allow_is_used_up_by_one_message_that_she_sees(
    channel, sandbox, openid, allowances, clock
):
    hers = Handle("openid", "acc_mini", openid)
    sandbox.post(f"followers/{openid}/allow", template="TMPL")
    heard = channel.receive(Postman(clock).sealed(ALLOWED.replace(b"o1", openid.encode())))
    allowances.hear(heard.allowed)
    words = "保单下周三到期，" * 5
    channel.send(Message(handle=hers, title="到期提醒", text=words), key="k1")
    (seen,) = [m for m in sandbox.ask("sent")["messages"] if "到期提醒" in str(m)]
    assert f"{Zone().local(clock()):%Y-%m-%d %H:%M}" in str(seen)  # by her clock
    assert words[:20] in str(seen)
    assert words[:21] not in str(seen)
    assert allowances.left(hers, "TMPL") == 0
    with pytest.raises(Refused):
        channel.send(Message(handle=hers, text="再来一条"), key="k2")


def test_the_platform_knows_better_what_she_allows(channel, openid, allowances, clock):
    hers = Handle("openid", "acc_mini", openid)
    heard = channel.receive(Postman(clock).sealed(ALLOWED.replace(b"o1", openid.encode())))
    allowances.hear(heard.allowed)
    with pytest.raises(Refused) as no:
        channel.send(Message(handle=hers, text="您好"), key="k1")
    assert no.value.reason == "recipient_refuses"
    assert allowances.left(hers, "TMPL") == 0


class Strange:
    """Answers whatever it is told to, and a token."""

    def __init__(self, body):
        self.body = body

    def request(self, method, url, *, body=b"", headers=None):
        if "stable_token" in url:
            return Answer(200, {}, b'{"access_token":"t","expires_in":7200}')
        return Answer(200, {}, self.body)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b'{"errcode":"40013"}', b'{"errcode":-1}',
     b'{"errcode":42001}', b'{"errcode":null}', b'{"errcode":[1]}',
     b"{", b'{"openid":null}', b'{"openid":[]}'],
)  # fmt: skip
def test_s21_whatever_it_answers_is_one_of_the_four_failures(made, allowances, clock, body):
    strange = made(Strange(body), "https://api.example.com")
    allowances.hear(strange.receive(Postman(clock).sealed(ALLOWED)).allowed)
    for call in (
        lambda: strange.login("c", clock()),
        lambda: strange.send(Message(handle=HER, text="您好"), key="k"),
    ):
        with suppress(Busy, Refused, SignedOut, Unanswered):
            call()
