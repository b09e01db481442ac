"""How the platform has been seen to answer and to call: understood, or kept; never a crash.

The product's adapter against the product's own twin of the platform, whose knobs are turned.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.base import Asset, Busy, Callback, Post, Refused
from channels.contract import PIXEL
from tests.channels.sandboxed import ACCOUNT, following

POST = Post(
    title="开放日", summary="本周六", body="<p>周六见</p>", link="https://e.cn/t/1",
    cover=Asset(name="cover", content_type="image/png", data=PIXEL),
)  # fmt: skip


@pytest.fixture(autouse=True)
def knobs_back(sandbox):
    yield
    sandbox.knobs(callback_oddity=None, at_once=None, callbacks=None, slow_body=None, gzip=None,
                  odd_json=None)  # fmt: skip


@pytest.mark.parametrize("fault", ["gzip", "odd_json", "slow_body"])
def test_an_odd_answer_is_understood(sandboxed, sandbox, fault):
    sandbox.knobs(**{fault: {"path": "*", "seconds": 0.2}})
    receipt = sandboxed.publish(POST, key=f"k-{fault}")
    assert sandboxed.outcome(receipt.ref).ref == receipt.ref
    told, _ = sandboxed.people("")
    assert {each.handle.value for each in told} == {each["openid"] for each in following(sandbox)}


def test_more_calls_at_once_than_the_platform_takes_are_later_ones(wire, sandbox):
    sandbox.knobs(at_once={"user/get": 1}, slow_body={"path": "user/get", "seconds": 1.0})
    told = []

    def ask():
        try:
            told.append(wire.look("/cgi-bin/user/get"))
        except Busy as later:
            told.append(later)

    hands = [threading.Thread(target=ask) for _ in range(3)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    refused = [each for each in told if isinstance(each, Busy)]
    assert len(refused) < 3
    assert {each.facts["errcode"] for each in refused} <= {45033}


class Hearing(BaseHTTPRequestHandler):
    """The hub's door, with nothing behind it: what was posted is kept."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(Callback(query=dict(parse_qsl(urlsplit(self.path).query)),
                                          body=body))  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *_):
        pass


@pytest.fixture
def door(sandbox):
    """Where the sandbox posts its callbacks to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hearing)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    sandbox.post("accounts", **ACCOUNT | {"callback_url": url})
    yield server.heard
    server.shutdown()
    thread.join()
    server.server_close()


def told_by_a_fan(sandbox, door, oddity, act="say", **more):
    sandbox.knobs(callback_oddity=oddity)
    (fan, *_) = following(sandbox)
    sandbox.post(f"followers/{fan['openid']}/{act}", **more)
    sandbox.post("flush")
    return fan, door[-1]


@pytest.mark.parametrize("oddity", ["", "bom", "gbk", "twice_named", "unknown_field"])
def test_an_odd_callback_tells_the_same_event(sandboxed, sandbox, door, oddity):
    fan, callback = told_by_a_fan(sandbox, door, oddity, text="您好，想咨询养老社区")
    (event,) = sandboxed.receive(callback).events
    assert (event.kind, event.handle.value) == ("messaged", fan["openid"])
    assert event.detail["Content"] == "您好，想咨询养老社区"
    if oddity == "unknown_field":
        assert event.detail["XUnknown"] == {"Inner": "1"}


@pytest.mark.parametrize("oddity", ["wrong_receiver", "stale"])
def test_a_callback_for_somebody_else_or_from_long_ago_is_refused(sandboxed, sandbox, door, oddity):
    _, callback = told_by_a_fan(sandbox, door, oddity, text="您好")
    with pytest.raises(Refused):
        sandboxed.receive(callback)


def test_who_takes_back_her_data_is_told_as_such(sandboxed, sandbox, door):
    fan, callback = told_by_a_fan(sandbox, door, "", act="revoke")
    (event,) = sandboxed.receive(callback).events
    assert (event.kind, event.handle.value) == ("withdrew_authorization", fan["openid"])


def test_a_knob_that_there_is_not_is_refused(sandbox):
    with pytest.raises(HTTPError):
        sandbox.knobs(callback_oddity="upside_down")
