"""The door that platforms knock at, with the accounts as wiring makes them."""

import asyncio
import hashlib
import json
import threading
from concurrent.futures import Future

import pytest
from flask import Flask

from channels.callbacks import Heard
from juzhen.settings import begin, load
from juzhen.web import callbacks, problems
from juzhen.wiring import assemble
from kernel.errors import Forbidden, Invalid, Overloaded
from tests.blank import migrate

SECRET = "0123456789abcdef"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    home = tmp_path_factory.mktemp("door")
    begin(home, stores_durability="process")
    settings = load({"JUZHEN_HOME": str(home)})
    migrate(settings)
    platform = assemble(settings)
    platform.accounts.add(
        code="dy", name="抖音", kind="douyin", ecosystem="video", by="t",
        settings={"client_key": "ck"}, secrets={"client_secret": SECRET},
    )  # fmt: skip
    yield platform
    platform.close()


@pytest.fixture
def client(company):
    app = Flask("door", static_folder=None)
    problems.install(app)
    app.register_blueprint(callbacks.blueprint(company))
    return app.test_client()


def post(client, told, secret=SECRET):
    body = json.dumps(told).encode()
    sign = hashlib.sha1(secret.encode() + body).hexdigest()
    headers = {"X-Douyin-Signature": sign, "Msg-Id": "m1", "Content-Type": "application/json"}
    return client.post("/callbacks/dy", data=body, headers=headers)


def test_the_platforms_own_headers_reach_the_adapter_and_json_is_answered_as_json(client):
    answer = post(client, {"event": "verify_webhook", "content": {"challenge": 7}})
    assert (answer.status_code, answer.json) == (200, {"challenge": 7})
    assert answer.mimetype == "application/json"


def test_a_forged_one_is_forbidden(client):
    assert post(client, {"event": "new_follow_action", "content": {}}, "guess").status_code == 403


def test_what_a_fan_did_lies_in_the_journal_once_it_is_answered(client, company):
    before = company.history.after(0, 100)
    told = {"event": "new_follow_action", "from_user_id": "fan", "content": {}, "client_key": "ck"}
    assert post(client, told).status_code == 200
    assert post(client, told).status_code == 200
    company.fold.run(100)
    (_, event), *more = [each for each in company.history.after(0, 100) if each not in before]
    assert more == []
    assert (event.kind, event.handle.value, event.id) == ("followed", "fan", "m1")


def test_every_kind_of_account_says_what_it_lacks(company):
    for kind, lacks in (("wecom", 5), ("douyin", 2), ("commerce", 2), ("wechat_oa", 3)):
        with pytest.raises(Invalid) as no:
            company.channels.check(kind, (), ())
        assert len(no.value.flaws) == lacks


# the same door on the front, which answers without a thread of the application


class Told:
    """A hub that hears whatever it is told; durable when the test says so."""

    def __init__(self):
        self.kept, self.heard = Future(), []
        self.come = threading.Semaphore(0)

    def begin(self, account, callback):
        if callback.query.get("sign") != "ours":
            raise Forbidden("callback_not_genuine", account=account)
        self.heard.append((account, callback))
        self.come.release()
        return Heard(b'{"ok":1}', (self.kept,))


def asked(door, query="sign=ours&sign=theirs&empty=", method="POST"):
    return door.answer(method, "/callbacks/dy", query, {"msg-id": "m1"}, b"body")


def test_the_front_answers_once_it_is_durable_and_not_before():
    async def run():
        told = Told()
        door = callbacks.CallbackDoor(told)
        waiting = [asyncio.ensure_future(asked(door)) for _ in range(3)]
        for _ in waiting:
            await asyncio.to_thread(told.come.acquire)
        assert not any(each.done() for each in waiting)
        told.kept.set_result(None)
        answers = await asyncio.gather(*waiting)
        door.close()
        return told, answers

    told, answers = asyncio.run(run())
    assert {(each.status, each.body) for each in answers} == {(200, b'{"ok":1}')}
    account, callback = told.heard[0]
    assert (account, callback.body, callback.headers["msg-id"]) == ("dy", b"body", "m1")
    assert callback.query == {"sign": "ours", "empty": ""}


def test_the_front_says_who_may_not_and_sends_away_what_is_too_much():
    async def run():
        told = Told()
        told.kept.set_exception(Overloaded("records_are_busy", seconds=3))
        door = callbacks.CallbackDoor(told, waiting=1)
        forged, verb, lost = [
            await asked(door, *more) for more in (("sign=theirs",), ("", "PUT"), ())
        ]
        told.kept = Future()
        inside = asyncio.ensure_future(asked(door))
        for _ in range(2):
            await asyncio.to_thread(told.come.acquire)
        crowded = await asked(door)
        told.kept.set_result(None)
        await inside
        door.close()
        return forged, verb, lost, crowded

    forged, verb, lost, crowded = asyncio.run(run())
    assert [each.status for each in (forged, verb, lost, crowded)] == [403, 405, 503, 503]
    assert dict(lost.headers)["retry-after"] == "3"
    assert callbacks.CallbackDoor(None).mine("/callbacks/dy")
    assert not callbacks.CallbackDoor(None).mine("/callbacks/dy/more")
