"""An official account against a small WeChat of our own, and against the product's own twin."""

from datetime import datetime

import pytest

from channels.accounts import Sealer
from channels.base import Callback
from channels.outbound import Outbound, RateGate
from channels.wechat.crypto import Envelope, signature
from channels.wechat.official_account import WeChatOfficialAccount
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wire import Wire
from kernel.secret import Secret
from stores.claims import Leases
from tests.channels.sandboxed import ACCOUNT, running
from tests.channels.wechat.standing_in import StandInWeChat

TOKEN, APPID = "QDG6eK", "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

FOLLOW = (
    b"<xml><ToUserName>gh_1</ToUserName><FromUserName>o7</FromUserName>"
    b"<CreateTime>1772442000</CreateTime><MsgType>event</MsgType><Event>subscribe</Event></xml>"
)


class Postman:
    """Makes callbacks as the platform would."""

    def __init__(self, clock):
        self.clock, self.envelope = clock, Envelope(AES_KEY, APPID)

    def plain(self, body=FOLLOW, token=TOKEN, seconds=0, **query):
        stamp = str(int(self.clock().timestamp()) + seconds)
        query |= {"timestamp": stamp, "nonce": "2", "signature": signature(token, stamp, "2")}
        return Callback(query=query, body=body)

    def sealed(self, body=FOLLOW, token=TOKEN, seconds=0):
        stamp = str(int(self.clock().timestamp()) + seconds)
        sealed = self.envelope.seal(body)
        query = {"timestamp": stamp, "nonce": "2", "encrypt_type": "aes"}
        query["signature"] = signature(token, stamp, "2")
        query["msg_signature"] = signature(token, stamp, "2", sealed)
        body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
        return Callback(query=query, body=body.encode())


@pytest.fixture
def post(clock):
    return Postman(clock)


@pytest.fixture
def platform():
    return StandInWeChat()


@pytest.fixture
def wired(records, clock, platform):
    """Makes the channel of an account, in safe mode or not."""
    sealer, gate = Sealer({"k": bytes(32)}), RateGate(records, clock)

    def make(account="acc_oa", *, safe=False, secret="s3cret", http=platform, per_minute=60_000):
        wire = Wire(
            http, Tokens(records, Leases(records, clock), sealer, clock),
            gate, account=account, appid=APPID, secret=Secret(secret),
            per_minute=per_minute,
        )  # fmt: skip
        return WeChatOfficialAccount(
            wire, Uploads(records, clock), clock, account=account, callback_token=TOKEN,
            envelope=Envelope(AES_KEY, APPID) if safe else None,
        )  # fmt: skip

    return make


@pytest.fixture
def channel(wired):
    return wired()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A twin of the platform for the tests of one module."""
    with running(tmp_path_factory.mktemp("sandbox")) as played:
        yield played


@pytest.fixture
def wire(sandbox, records, clock):
    """Signed-in calls to it."""
    outbound = Outbound(origins=[sandbox.url])
    yield Wire(
        outbound, Tokens(records, Leases(records, clock), Sealer({"k": bytes(32)}), clock),
        RateGate(records, clock), account="acc_oa", appid=ACCOUNT["appid"],
        secret=Secret(ACCOUNT["secret"]), host=sandbox.url, per_minute=60_000,
    )  # fmt: skip
    outbound.close()


@pytest.fixture
def sandboxed(wire, records, clock, sandbox):
    """The product's adapter over HTTP against the product's own twin of the platform."""
    clock.now = datetime.fromisoformat(sandbox.ask("clock")["now"])
    return WeChatOfficialAccount(
        wire, Uploads(records, clock), clock, account="acc_oa", callback_token=ACCOUNT["token"],
        envelope=Envelope(ACCOUNT["aes_key"], ACCOUNT["appid"]),
    )  # fmt: skip
