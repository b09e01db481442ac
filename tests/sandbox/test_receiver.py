"""The company's own gateway takes what is signed, once, and answers what a person chose."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GATEWAY = {"kind": "push", "code": "push", "name": "推送网关", "secret": SECRET}
SAID = {"type": "message.sent", "data": {"id": "k1", "user": "u1", "text": "周六见", "title": ""}}


@pytest.fixture
def tell(platform, clock):
    """Posts as Standard Webhooks say; any part may be another."""
    platform.control("accounts", GATEWAY)
    platform.control("accounts", {
        "kind": "app", "code": "app", "name": "长河生活", "token": "t", "write_key": "w",
        "customers": [{"user_id": "u1", "name": "周女士"}],
    })  # fmt: skip
    client = platform.app.test_client()

    def post(key="k1", told=SAID, *, secret=SECRET, at=None, signed_body=None):
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        stamp = str(int((at or clock()).timestamp()))
        whole = f"{key}.{stamp}.".encode() + (signed_body or body)
        mac = hmac.new(base64.b64decode(secret[6:]), whole, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(mac).decode()}"
        head = {"webhook-id": key, "webhook-timestamp": stamp,
                "webhook-signature": f"v1,b2xk {signature}"}  # fmt: skip
        return client.post("/push-gateway/push", data=body, headers=head).status_code

    return post


def test_what_is_signed_reaches_her_phone_once_however_often_it_comes(platform, tell):
    assert [tell(), tell()] == [200, 200]
    page = platform.page("/push/push?lang=zh").text
    assert page.count("周六见") == 1
    assert "周女士" in page
    assert "第 2 次来" in page
    assert page.count("签名有效") == 2


def test_what_is_not_genuine_is_refused_kept_and_shown_to_nobody(platform, tell, clock):
    assert tell("k2", signed_body=b"{}") == 401
    assert tell("k3", at=clock() - timedelta(seconds=301)) == 401
    assert tell("k4", at=clock() + timedelta(seconds=301)) == 401
    assert tell("k5", secret="whsec_" + "A" * 32) == 401
    assert tell("") == 401
    assert tell("k6", b"<html>") == 400
    assert tell("k7", {"type": "message.sent"}) == 400
    told = platform.see("push/push")
    assert told["taken"] == []
    assert [row["verdict"] for row in reversed(told["came"])] == [
        "forged", "stale", "stale", "forged", "forged", "good", "good",
    ]  # fmt: skip
    page = platform.page("/push/push?lang=en").text
    assert "signature is wrong" in page
    assert "signature is too old" in page
    assert "周六见" not in page


@pytest.mark.parametrize(("answer", "status"), [("gone", 410), ("down", 500), ("yes", 200)])
def test_it_answers_what_a_person_chose_on_its_page(platform, tell, answer, status):
    page = platform.page("/push/push/answer", answer=answer).text
    assert f'value="{answer}" class="main" aria-pressed="true"' in page
    assert tell() == status
    assert len(platform.see("push/push")["taken"]) == (status == 200)
    platform.page("/push/push/answer", answer="yes")
    assert tell() == 200
    assert len(platform.see("push/push")["taken"]) == 1


def test_a_slow_one_has_taken_it_before_it_answers(platform, tell):
    platform.control("push/push", {"answer": "slow", "seconds": 0.01})
    assert tell() == 200
    assert len(platform.see("push/push")["taken"]) == 1
    assert platform.page("/push/push/answer", answer="teapot").status_code == 400


def test_what_stands_there_goes_when_it_is_withdrawn(platform, tell):
    placed = {"type": "post.placed", "data": {"id": "p1", "title": "开放日", "summary": "周六"}}
    tell("p1", placed)
    stands = "<strong>开放日</strong>"
    assert stands in platform.page("/push/push").text
    tell("p1:withdrawn", {"type": "post.withdrawn", "data": {"id": "p1"}})
    assert stands not in platform.page("/push/push").text


def test_the_secret_of_a_webhook_of_the_console_is_believed_once_it_is_typed(platform, tell):
    other = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
    ping = {"type": "ping", "data": {}}
    assert tell("n1", ping, secret=other) == 401
    assert platform.page("/push/push/secret", secret="whsec_***").status_code == 400
    platform.page("/push/push/secret", secret=other)
    assert [tell("n2", ping, secret=other), tell("n3", ping)] == [200, 200]


def test_a_secret_that_is_none_makes_no_gateway(platform):
    assert "error" in platform.control("accounts", GATEWAY | {"secret": "abc"})
