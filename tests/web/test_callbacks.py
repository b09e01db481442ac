"""The door that platforms knock at, with the accounts as wiring makes them."""

import hashlib
import json

import pytest
from flask import Flask

from juzhen.settings import begin, load
from juzhen.web import callbacks, problems
from juzhen.wiring import assemble
from kernel.errors import Invalid
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
