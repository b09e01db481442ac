"""What goes to a system of ours is signed, is known by its key, and stops for good at a 410."""

import json
from datetime import timedelta

import pytest

from channels.base import Busy, Message, Post, Refused, SignedOut, Unanswered
from channels.contract import SendingContract, ShowingContract
from channels.outbound import Answer, RateGate
from channels.push import Push
from kernel.events import Handle
from kernel.secret import Secret
from kernel.webhooks import genuine, new_secret, signed

SECRET = new_secret()
MESSAGE = Message(handle=Handle("user", "acc_1", "u1"), text="您好", link="https://e.cn/t/1")


class Receiver:
    """A system that keeps what is genuine, by its key."""

    busy = silent = False

    def __init__(self, clock):
        self.clock, self.status, self.kept = clock, 200, {}

    def request(self, method, url, *, body=b"", headers=None):
        told = {name.lower(): value for name, value in headers.items()}
        assert genuine(SECRET, told, body, self.clock())
        if self.status == 200:
            self.kept[told["webhook-id"]] = json.loads(body)
        if self.silent:
            raise Unanswered("platform_did_not_answer", host="e.cn")
        return Answer(self.status)

    @property
    def shown(self):
        up = [each["data"] for each in self.kept.values() if each["type"] == "post.placed"]
        down = [e["data"]["id"] for e in self.kept.values() if e["type"] == "post.withdrawn"]
        return [each["title"] for each in up if each["id"] not in down]

    @property
    def heard(self):
        return [json.dumps(e, ensure_ascii=False) for e in self.kept.values()]


@pytest.fixture
def platform(clock):
    return Receiver(clock)


@pytest.fixture
def channel(platform, records, clock):
    return Push(
        platform, RateGate(records, clock), clock, account="acc_1", url="https://e.cn/hook",
        secret=Secret(SECRET), former=Secret("old"),
    )  # fmt: skip


@pytest.fixture
def friend():
    return MESSAGE.handle


class TestPushContract(ShowingContract, SendingContract):
    """A receiver shows what it was told of."""


def test_an_answer_that_was_lost_is_asked_for_under_the_same_key(channel, platform):
    platform.silent = True
    with pytest.raises(Unanswered):
        channel.send(MESSAGE, key="k1")
    platform.silent = False
    channel.send(MESSAGE, key="k1")
    assert list(platform.kept) == ["k1"]


@pytest.mark.parametrize(
    ("status", "failure"),
    [(410, SignedOut), (400, Refused), (401, Refused), (301, Refused), (404, Busy), (409, Busy)],
)
def test_whatever_is_not_2xx_is_no(channel, platform, status, failure):
    platform.status = status
    with pytest.raises(failure):
        channel.publish(Post(title="开放日", summary="", body="", link="https://e.cn"), key="k1")
    assert platform.kept == {}


def test_s31_no_secret_stands_in_what_is_sent_or_shown(channel, platform):
    channel.send(MESSAGE, key="k1")
    assert SECRET not in json.dumps(platform.kept) + repr(channel) + repr(vars(channel))


def test_s31_both_secrets_sign_while_one_is_being_changed(clock):
    headers = signed(["new", "old"], "k1", clock(), b"{}")
    assert genuine("new", headers, b"{}", clock())
    assert genuine("old", headers, b"{}", clock())
    assert not genuine("else", headers, b"{}", clock())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_s31_what_is_stale_or_early_is_not_genuine(clock, minutes):
    headers = signed(["s"], "k1", clock() + timedelta(minutes=minutes), b"{}")
    assert not genuine("s", headers, b"{}", clock())


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "x", "v1,", "１２"])
def test_s31_headers_that_were_touched_are_not_genuine(clock, name, value):
    headers = signed(["s"], "k1", clock(), b"{}") | {name: value}
    assert not genuine("s", headers, b"{}", clock())


def test_what_has_answered_410_is_paused_and_the_rest_waits(house, clock):
    """Its owner sees the reason on the accounts page."""
    receiver = Receiver(clock)
    receiver.status = 410
    house.channels._factories["push"] = lambda account, _: Push(
        receiver, house.gate, clock, account=account.id, url="https://e.cn", secret=Secret(SECRET)
    )
    account = house.account("push", "push")
    house.publishing.send(
        Handle("user", account.id, "u1"), "push", occasion="x", purpose="service", words="您好",
        by="li",
    )  # fmt: skip
    house.work()
    assert house.accounts.one("push").paused_reason == "endpoint_gone"
    house.accounts.resume("push", by="li")
    receiver.status = 200
    house.work()
    assert len(receiver.kept) == 1
