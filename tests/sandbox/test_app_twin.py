"""The app's twin: a front end of the hub's that keeps nothing, and tells what its user does."""

import json
from dataclasses import asdict

import orjson
import pytest

from juzhen.sandbox.acting import Acting

APP = {
    "kind": "app",
    "code": "app",
    "name": "长河应用",
    "token": "jz_live_app",
    "write_key": "wk_app",
    "customers": [{"user_id": "u-1", "name": "王秀英", "phone": "13800005678", "unionid": "un1"}],
}


def shelf(url, *ids):
    nodes = [
        {
            "id": key,
            "title": f"素材 {key}",
            "summary": "",
            "type": "poster",
            "cover": None,
            "tags": [{"id": "t", "label": "养老"}],
            "trackedUrl": f"{url}/t/{key}",
        }
        for key in ids
    ]
    return orjson.dumps({"data": {"shelf": {"nodes": nodes}}})


@pytest.fixture
def twin(platform, company):
    platform.control("accounts", APP)
    company.answers["/graphql"] = shelf(company.url, "mat_1", "mat_2")
    return platform


def told(company, path="/v1/batch"):
    """What was posted to the hub's intake, message by message."""
    bodies = [json.loads(body) for where, body in company.came if where == path]
    return [message for body in bodies for message in body["batch"]]


def test_what_is_retired_is_gone_with_the_next_look(twin, company):
    before = twin.page("/app/shelf").text
    company.answers["/graphql"] = shelf(company.url, "mat_2")

    assert ("素材 mat_1" in before, "素材 mat_2" in before) == (True, True)
    assert "素材 mat_1" not in twin.page("/app/shelf").text
    asked = [json.loads(body) for path, body in company.came if path == "/graphql"]
    assert [one["variables"]["channel"] for one in asked] == ["app", "app"]


def test_a_hub_that_does_not_answer_is_said_to_be_away(twin, company):
    company.answers["/graphql"] = b"<html>"

    assert "中台没有应答" in twin.page("/app").text


def test_a_login_is_told_and_a_reading_links_her_browser_to_her(twin, company):
    company.cookie = "jz_c=abc; Path=/; HttpOnly"
    twin.page("/app/login", user_id="u-1")
    opened = [twin.page("/app/open/mat_1", go="1").status_code for _ in range(2)]
    identified, linked = told(company)

    assert (identified["type"], identified["userId"]) == ("identify", "u-1")
    assert identified["traits"] == {"phone": "13800005678"}
    assert identified["context"]["externalIds"][0]["id"] == "un1"
    assert [one["id"] for one in linked["context"]["externalIds"]] == ["un1", "abc"]
    assert len({identified["messageId"], linked["messageId"]}) == 2
    assert opened == [200, 200]
    assert [path for path, body in company.came if not body] == ["/t/mat_1", "/t/mat_1"]


def test_she_finds_her_messages_and_nobody_else_does(twin, company):
    note = {"id": "m1", "title": "养老社区", "text": "您看看", "link": f"{company.url}/t/m1"}
    company.answers["/auth/exchange"] = b'{"token": "jz_cust_1"}'
    before = twin.page("/app/shelf").text
    assert "您现在是：王秀英" in twin._client.get("/app?as=u-1", follow_redirects=True).text
    company.answers["/graphql"] = orjson.dumps(
        {"data": {"me": {"inbox": {"nodes": [note]}}, "shelf": {"nodes": []}}}
    )

    assert ("您看看" in before, "您看看" in twin.page("/app/shelf").text) == (False, True)
    exchanged = [json.loads(body) for path, body in company.came if path == "/auth/exchange"]
    assert exchanged == [{"user_id": "u-1"}] * 2
    assert twin.page("/app/follow", url=note["link"]).status_code == 200
    assert twin.app.test_client().get("/app/readings/1").status_code == 404


def test_opening_leads_to_the_tracked_link_and_nothing_else(twin, company):
    client = twin.app.test_client()

    opened = client.post("/app/open/mat_1")
    assert (opened.status_code, opened.location) == (303, f"{company.url}/t/mat_1")
    assert client.post("/app/open/mat_9").location == "/app"
    company.answers["/graphql"] = shelf("http://10.0.0.1", "mat_1")
    assert client.post("/app/open/mat_1").status_code == 502


def test_a_reader_is_introduced_once_by_the_cookie_that_the_hub_gave_her(twin, company):
    account = twin.world.accounts.officials()[0]
    twin.control("accounts", {**described(account), "write_key": "wk_oa"})
    company.cookie, openid = "jz_c=abc; Path=/; HttpOnly", twin.openids[0]
    for _ in range(2):
        twin.control(f"followers/{openid}/open", {"url": f"{company.url}/t/x#key"})
    (introduced,) = told(company)

    person = twin.world.followers.one(openid)
    assert person["cookie"] == "jz_c=abc"
    known = {one["type"]: one["id"] for one in introduced["context"]["externalIds"]}
    assert known == {"openid": openid, "unionid": person["unionid"], "cookie": "abc"}
    assert [path for path, body in company.came if not body] == ["/t/x", "/t/x"]


def described(account):
    return asdict(account) | {"followers": 0}


def test_the_cast_uses_the_app_too(twin, company):
    acting = Acting(twin.world, seed=7)
    for _ in range(3):
        acting.turn()

    kinds = [message.get("event", message["type"]) for message in told(company)]
    assert kinds[:2] == ["identify", "Material Read"]
    assert (kinds.count("identify"), kinds.count("Material Read")) == (1, 3)
