"""A corporation's WeCom: the product's adapter against the product's own sandbox, over HTTP."""

import json
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import pytest

from channels.accounts import Sealer
from channels.base import Callback
from channels.outbound import Outbound, RateGate
from channels.reps import Reps
from channels.wechat.crypto import Envelope, signature
from channels.wechat.mail import LetterBox
from channels.wechat.tokens import Tokens
from channels.wechat.uploads import Uploads
from channels.wechat.wecom.channel import WeCom
from channels.wechat.wecom.wire import WeComWire
from data_hub.staff import StaffBook
from juzhen.sandbox.app import Process
from juzhen.sandbox.world import Settings
from kernel.events import Handle
from kernel.secret import Secret
from stores.claims import Leases

CORP, TOKEN = "ww5823bf96d3bd56c7", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
DESCRIBED = {
    "kind": "wecom", "appid": CORP, "secret": "s", "token": TOKEN, "aes_key": AES_KEY,
    "code": "wecom", "name": "长河保险", "followers": 6,
    "reps": [{"userid": "zhang", "name": "张岚"}, {"userid": "li", "name": "李默"}],
}  # fmt: skip


class Played:
    """The sandbox as the contract likes a platform, and a hand for its people."""

    def __init__(self, process):
        self.world, self.url = process.world, f"http://127.0.0.1:{process.port}"

    def control(self, path, told=None):
        body = None if told is None else json.dumps(told).encode()
        with urlopen(Request(f"{self.url}/sandbox/{path}", body)) as answer:
            return json.loads(answer.read())

    def act(self, act, **told):
        return self.control(f"wecom/{act}", told)

    @property
    def seen(self):
        return self.control("wecom")

    @property
    def shown(self):
        moments = [each for each in self.seen["moments"] if each["cancelled"] is None]
        return [each["told"]["text"]["content"].split("\n")[0] for each in moments]

    @property
    def heard(self):
        """What customers have heard, once every rep has confirmed what waits for her."""
        for task in self.seen["tasks"]:
            for send in task["sends"]:
                self.act("confirm", userid=send["userid"], msgid=task["msgid"])
        return [
            json.dumps(json.loads(each["told"]), ensure_ascii=False) for each in self.seen["heard"]
        ]

    def busy(self, on):
        self.control("knobs", {"busy": {"path": "add_moment_task"} if on else None})

    def silent(self, on):
        self.control("knobs", {"lose_answer": {"path": "add_moment_task"} if on else None})

    busy, silent = property(fset=busy), property(fset=silent)


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    runs = Process(Settings(folder=tmp_path_factory.mktemp("sandbox"), hub="http://127.0.0.1:9"), 0)
    runs.start()
    yield runs
    runs.stop()


@pytest.fixture
def platform(process):
    """The same process, emptied."""
    with process.world.ledger.turn() as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
            if not name.startswith("sqlite_"):
                db.execute(f"delete from {name}")
    played = Played(process)
    played.control("accounts", DESCRIBED)
    return played


@pytest.fixture
def staff(records, changes):
    book = StaffBook(records, changes)
    for code, name in (("zhang", "张岚"), ("li", "李默")):
        book.add(code, name, by="t")
    return book


@pytest.fixture
def reps(records, staff, changes):
    return Reps(records, staff, changes)


@pytest.fixture
def adapted(records, clock, reps):
    """Makes the channel over any HTTP, the sandbox's or a stand-in's."""

    def make(http, host="https://qyapi.weixin.qq.com", account="acc_w", secret="s"):
        sealer = Sealer({"1": b"k" * 32})
        wire = WeComWire(
            http, Tokens(records, Leases(records, clock), sealer, clock),
            RateGate(records, clock), account=account, appid=CORP, secret=Secret(secret),
            host=host, per_minute=60_000,
        )  # fmt: skip
        letters = LetterBox(clock, account=account, token=TOKEN, envelope=Envelope(AES_KEY, CORP))
        return WeCom(
            wire, Uploads(records, clock), reps, letters, clock, account=account, agent=1000002
        )

    return make


@pytest.fixture
def channel(platform, clock, adapted):
    clock.now = platform.world.clock()
    outbound = Outbound(origins=[platform.url])
    yield adapted(outbound, f"{platform.url}/wecom")
    outbound.close()


@pytest.fixture
def friend(platform):
    """Somebody who is zhang's customer."""
    (first, *_) = platform.seen["friends"]
    return Handle("external_userid", "acc_w", first["external"])


@pytest.fixture
def stranger(platform):
    """Somebody who is nobody's customer."""
    known = {each["external"] for each in platform.seen["friends"]}
    (first, *_) = [each for each in platform.seen["people"] if each["external"] not in known]
    return Handle("external_userid", "acc_w", first["external"])


@pytest.fixture
def post(clock):
    """Makes callbacks as the platform would."""

    def sealed(body, token=TOKEN, corp=CORP):
        stamp = str(int(clock().timestamp()))
        text = Envelope(AES_KEY, corp).seal(body)
        query = {"timestamp": stamp, "nonce": "2"}
        query["msg_signature"] = signature(token, stamp, "2", text)
        whole = f"<xml><ToUserName>{corp}</ToUserName><Encrypt>{text}</Encrypt></xml>"
        return Callback(query=query, body=whole.encode())

    return sealed


@pytest.fixture
def told(process, platform):
    """The latest callbacks that the platform has to tell, in clear."""

    def bodies():
        return [each["body"].encode() for each in reversed(process.world.callbacks.all())]

    return bodies


def query_of(url):
    return dict(parse_qsl(urlsplit(url).query))
