"""The adapter that ships with the product and the sandbox, which share no code, meet over HTTP."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import pytest

from channels.accounts import Sealer
from channels.base import Callback, Progress
from channels.contract import ChannelContract
from channels.outbound import Outbound, RateGate
from channels.wechat.crypto import Envelope
from channels.wechat.official_account import WeChatOfficialAccount
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wire import Wire
from juzhen.sandbox.app import Process
from juzhen.sandbox.world import Settings
from kernel.events import Handle
from kernel.secret import Secret
from stores.claims import Leases

APPID, TOKEN = "wx5823bf96d3bd56c7", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


def _knob(fault):
    """Turns a fault of submitting on or off."""
    path = {"path": "/cgi-bin/freepublish/submit"}
    return property(fset=lambda played, on: played.control("knobs", {fault: path if on else None}))


class Played:
    """The sandbox as the contract likes a platform: busy or silent when told."""

    def __init__(self, process):
        self.world, self.url = process.world, f"http://127.0.0.1:{process.port}"

    def control(self, path, told=None):
        body = None if told is None else json.dumps(told).encode()
        with urlopen(Request(f"{self.url}/sandbox/{path}", body)) as answer:
            return json.loads(answer.read())

    @property
    def shown(self):
        return [one["title"] for one in self.control("published")["articles"] if one["shown"]]

    busy = _knob("busy")
    silent = _knob("lose_answer")


@pytest.fixture
def process(tmp_path, company):
    runs = Process(Settings(folder=tmp_path / "sandbox", hub=company.url), 0)
    runs.start()
    yield runs
    runs.stop()


@pytest.fixture
def platform(process):
    played = Played(process)
    account = {"appid": APPID, "secret": "s", "token": TOKEN, "aes_key": AES_KEY, "code": "oa"}
    played.control("accounts", account | {"followers": 3})
    played.control("knobs", {"review_seconds": 0})
    return played


@pytest.fixture
def channel(platform, records, clock):
    clock.now = platform.world.clock()
    wire = Wire(
        Outbound(origins=[platform.url]),
        Tokens(records, Leases(records, clock), Sealer({"1": b"k" * 32}), clock),
        RateGate(records, clock),
        account="acc_oa",
        appid=APPID,
        secret=Secret("s"),
        host=platform.url,
    )
    return WeChatOfficialAccount(
        wire,
        Uploads(records, clock),
        clock,
        account="acc_oa",
        callback_token=TOKEN,
        envelope=Envelope(AES_KEY, APPID),
    )


def heard(company, platform):
    """The latest callback, as the adapter is given it."""
    platform.world.flush()
    path, body = company.came[-1]
    return Callback(query=dict(parse_qsl(urlsplit(path).query)), body=body)


class TestContract(ChannelContract):
    @pytest.fixture
    def genuine(self, platform, company):
        openid = platform.control("followers")["followers"][2]["openid"]
        platform.control(f"followers/{openid}/follow", {})
        return heard(company, platform)

    @pytest.fixture
    def forged(self, platform, company):
        platform.control("callbacks", {"body": "<xml></xml>", "forged": True})
        return heard(company, platform)


def test_what_the_review_decides_is_heard_and_asked_the_same(channel, platform, company):
    platform.control("knobs", {"refuse_review": {"status": 4, "times": 1}})
    receipt = channel.publish(ChannelContract.post, key="k1")
    (told,) = channel.receive(heard(company, platform)).outcomes

    assert told.progress is channel.outcome(receipt.ref).progress is Progress.REFUSED
    assert told.ref == receipt.ref


def test_a_token_that_dies_early_is_replaced_without_a_word(channel, platform):
    channel.publish(ChannelContract.post, key="k1")
    platform.control("knobs", {"token_dies": True})
    channel.publish(ChannelContract.post, key="k2")

    assert len(platform.shown) == 2


def test_a_new_follower_is_recognised_by_her_unionid(channel, platform, clock):
    person = platform.control("followers")["followers"][0]
    event = channel.introduce(Handle("openid", "acc_oa", person["openid"]), clock.now)

    assert [link.value for link in event.links] == [person["unionid"]]
    assert clock.now - event.at < timedelta(seconds=1)
