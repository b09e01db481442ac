"""Whatever is asked, a platform's twin answers as that platform does, and never falls over."""

import inspect
import re

import orjson
import pytest

from juzhen.sandbox import official
from juzhen.sandbox.wecom.calls import POST
from tests.sandbox.test_strictness import CORP

ODD = [None, True, 1.5, "x", "9" * 30, "长" * 700, [None], {"a": 1}, [{"link": []}]]
RIGHT = {
    "external_userid": ["wm1"], "userid": "zhang", "text": {"content": "a"}, "msgtype": "text",
    "agentid": 1000002, "touser": "zhang", "begin_date": "2026-03-01", "end_date": "2026-03-01",
}  # fmt: skip


DOUYIN = (
    "text", "image_list", "video_id", "private_status", "content", "content_list", "to_user_id",
    "msg_id", "title", "components", "media_id", "card_id", "client_key", "code",
)  # fmt: skip


def bodies(fields):
    """One field odd, and what others are usually told as it should be."""
    return [RIGHT | {field: odd} for field in fields for odd in ODD]


def fields(answer):
    """Every field that the call's own code names."""
    return sorted(set(re.findall(r'"([a-z_0-9]+)"', inspect.getsource(answer))))


@pytest.fixture
def client(platform):
    platform.app.testing = True  # what goes wrong in there goes wrong here
    return platform.app.test_client()


def test_wecom_answers_by_a_code_of_its_own(platform, client):
    platform.control("accounts", CORP)
    signed = {"corpid": CORP["appid"], "corpsecret": "s"}
    token = client.get("/wecom/cgi-bin/gettoken", query_string=signed).json["access_token"]
    for path, answer in POST.items():
        for body in bodies(fields(answer)):
            told = client.post(
                f"/wecom/cgi-bin/{path}?access_token={token}", data=orjson.dumps(body)
            )
            assert isinstance(orjson.loads(told.data)["errcode"], int), (path, body)


def test_an_official_account_answers_in_json(platform, client):
    calls = {path: each for path, each in official._CALLS.items() if each.method == "POST"}
    assert len(calls) > 30
    platform.control("knobs", {"a_minute": dict.fromkeys(calls, 10**6)})
    for path, call in calls.items():
        room = "" if path.split("/")[0] in ("datacube", "wxa") else "cgi-bin/"
        for body in bodies(fields(call.answer)):
            told = client.post(
                f"/{room}{path}?access_token={platform.token}", data=orjson.dumps(body)
            )
            assert told.status_code == 200, (path, body)


def test_douyin_and_ocean_engine_answer_in_their_envelopes(platform, client):
    platform.control("accounts", {
        "kind": "douyin", "code": "dy", "name": "d", "client_key": "k", "client_secret": "s",
    })  # fmt: skip
    platform.control("accounts", {
        "kind": "ocean", "code": "oe", "name": "o", "app_id": "a", "secret": "s",
    })  # fmt: skip
    world = platform.world
    (creator,), (advertiser,) = world.accounts.creators(), world.accounts.advertisers()
    tokens = {"access": "acc", "refresh": "ref"}
    world.studio.granted(creator, tokens)
    world.clues.given(advertiser, tokens)
    query = {"open_id": creator.open_id}
    head = {"access-token": "acc", "Access-Token": "acc"}
    paths = [
        str(rule) for rule in platform.app.url_map.iter_rules()
        if re.match(r"/(douyin-open/(api|im|oauth)|ocean/open_api)/", str(rule))
        and "POST" in rule.methods
    ]  # fmt: skip
    assert len(paths) >= 14
    for path in paths:
        for body in bodies(DOUYIN):
            told = client.post(path, query_string=query, headers=head, data=orjson.dumps(body))
            assert told.status_code == 200, (path, body)
    good = {"advertiser_ids": [advertiser.advertiser], "source": 1, "clue_convert_state": 194}
    for field in (*good, "clue_id"):
        for odd in ODD:
            body = orjson.dumps(good | {"clue_id": "7"} | {field: odd})
            told = client.post("/ocean/open_api/2/tools/clue/callback/", headers=head, data=body)
            assert told.json["code"] != 0, (field, odd)
