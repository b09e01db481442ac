"""Bad input gets the documented error, loses nothing that came with it, and is never a 5xx."""

import base64
import datetime as dt
import json

import pytest

from tests.flows.company import eventually
from tests.flows.conftest import running

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("flows")]

CREATE = """mutation($input: CreateMaterialInput!) {
  createMaterial(input: $input) { material { id } problems { code field message } } }"""
TAG = """mutation($input: TagMaterialsInput!) {
  tagMaterials(input: $input) { problems { code field message } } }"""
PLACE = """mutation($input: PlaceMaterialInput!) {
  placeMaterial(input: $input) { placement { id } problems { code field message } } }"""
CAMPAIGN = """mutation($input: CreateCampaignInput!) {
  createCampaign(input: $input) { campaign { id } problems { code field message } } }"""


def at(**ahead):
    return (dt.datetime.now(dt.UTC) + dt.timedelta(**ahead)).isoformat()


class Door:
    """The editor's GraphQL, with the problems that come back as data."""

    def __init__(self, company):
        self.company = company

    def problems(self, mutation, **told):
        answer = self.company.web(
            "POST", "/graphql", self.company.tokens["editor"],
            json={"query": mutation, "variables": {"input": told}},
        )  # fmt: skip
        body = json.loads(answer.data)
        assert answer.status < 500, body
        if "errors" in body:
            return [
                (each["extensions"]["code"], each["extensions"].get("field", ""))
                for each in body["errors"]
            ]
        (payload,) = body["data"].values()
        return [(each["code"], each["field"]) for each in payload["problems"]]

    def material(self, code):
        needed = {"type": "script", "title": "话术", "body": "<p>您好</p>", "fields": []}
        assert self.problems(CREATE, code=code, **needed) == []


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """One for all: what is refused changes nothing. One engine: it never gets that far."""
    home = tmp_path_factory.mktemp("bad")
    with running(home) as made:
        yield made


def test_an_editors_mistakes_are_named(company):
    door = Door(company)
    fields = {field for _, field in door.problems(CREATE, type="hologram", title="话术")}
    assert "type" in fields
    assert "title" in {field for _, field in door.problems(CREATE, type="script", title="")}
    long = door.problems(CREATE, type="script", title="长" * 22_000)
    assert any(field == "title" or code == "query_too_large" for code, field in long)

    door.material("bare")
    missing = {field for _, field in door.problems(PLACE, material="bare", channel="app")}
    assert {"tags", "opens", "closes"} <= missing

    assert ("unknown_tag", "add") in [
        (code, field.partition(".")[0])
        for code, field in door.problems(TAG, materials=["bare"], add=["tag_nobody"])
    ]
    assert door.problems(TAG, materials=["bare"], add=["stage.connect"]) == []

    window = {"opens": at(hours=1), "closes": at(hours=2)}
    for wrong in (
        {"opens": "2026-03-02T09:00:00"},
        {"opens": "the thirteenth month"},
        {"opens": "2026-02-30T09:00:00Z"},
        {"closes": at(minutes=30)},
    ):
        told = door.problems(PLACE, material="bare", channel="app", **window | wrong)
        assert {field for _, field in told} & {"opens", "closes"}, wrong

    assert (
        door.problems(CAMPAIGN, code="c", name="开门红", opens=at(days=1), closes=at(days=2)) == []
    )
    outside = door.problems(PLACE, material="bare", channel="app", campaign="c", **window)
    assert outside != []

    assert door.problems(PLACE, material="bare", channel="app", **window) == []
    again = door.problems(PLACE, material="bare", channel="app", **window)
    assert [code for code, _ in again] == ["conflict"] or again[0][0].startswith("already")


def test_hostile_documents_are_refused_at_the_door(company):
    token = company.tokens["app"]
    deep = '{ shelf(channel: "app") ' + "{ nodes { tags " * 50 + "{ id }" + "} }" * 50 + " }"
    for body in (
        json.dumps({"query": "{" + " me { id }" * 120_000 + "}"}),
        json.dumps({"query": deep}),
        "[" * 100_000,
        b"\xff\xfe\xfa",
        "[]",
        '{"query": 7}',
        json.dumps([{"query": "{ me { id } }"}]),
    ):
        answer = company.web(
            "POST", "/graphql", token, body=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status in {200, 400, 413, 422}, (answer.status, body[:40])
        told = json.loads(answer.data)
        assert told.get("errors") or told.get("code"), told


def test_a_nul_character_is_refused_or_replaced_and_stops_nothing(company):
    door = Door(company)
    nul = company.web(
        "POST", "/graphql", company.tokens["editor"], headers={"Content-Type": "application/json"},
        body=json.dumps({"query": CREATE, "variables": {"input": {"title": "a\x00b"}}}),
    )  # fmt: skip
    assert (nul.status, json.loads(nul.data)["errors"][0]["code"]) == (422, "no_nul_character")
    assert company.web("GET", "/c/mat%00").status == 422
    assert door.problems(CREATE, type="script", title="无恙", body="您好") == []


def test_who_is_not_known_is_told_so(company):
    for token in ("jz_live_guess", "jz_cust_a.b", "nonsense"):
        answer = company.web("POST", "/graphql", token, json={"query": "{ me { id } }"})
        assert answer.status == 401
        assert json.loads(answer.data)["code"] == "signed_off"
    page = company.web("GET", "/console/", headers={"Accept": "text/html"})
    assert (page.status, page.headers["Location"].partition("?")[0]) == (302, "/login")


def test_the_intake_keeps_the_good_and_names_the_bad(company):
    key = base64.b64encode(f"{company.write_key}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}

    def post(body, path="/v1/batch"):
        answer = company.web("POST", path, body=body, headers=headers)
        assert answer.status < 500, answer.data
        return answer.status, json.loads(answer.data)

    good = {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m1"}
    batch = [
        good,
        {"type": "dance", "userId": "u1"},
        {"type": "track", "event": "X", "messageId": "m2"},
        {"type": "track", "userId": "u1"},
        {"type": "track", "event": "X", "userId": "u1", "timestamp": "the day after"},
        "not an object",
        good | {"messageId": "m3"},
    ]
    status, told = post(json.dumps({"batch": batch}))
    assert (status, told["success"], told["accepted"]) == (200, True, 2)
    assert [each["index"] for each in told["rejected"]] == [1, 2, 3, 4, 5]
    assert all(each["message"] for each in told["rejected"])
    assert [each["field"] for each in told["rejected"]][:3] == ["type", "userId", "event"]

    for body in (b"\xff\xfe", "[" * 100_000, "{}", '{"batch": 7}', b""):
        status, told = post(body)
        assert status == 400
        assert told["code"]
        assert told["message"]
    stranger = company.web("POST", "/v1/batch", body=json.dumps({"batch": [good]}))
    assert stranger.status == 401

    find = 'query { customers(filter: {handle: "user:%s:u1"}) { nodes { id } } }'
    asked = find % company.ids["app"]
    found = eventually(
        lambda: company.web.graphql(asked, company.tokens["admin"])["customers"]["nodes"]
    )
    assert len(found) == 1
    status = company.web("GET", "/metrics").data.decode()
    assert "juzhen_events_total" in status


def test_a_forged_callback_is_refused_and_a_repeated_one_adds_nothing(company):
    forged = company.web(
        "POST", "/callbacks/oa?timestamp=1&nonce=2&signature=00&encrypt_type=aes&msg_signature=00",
        body="<xml><Encrypt>AAAA</Encrypt></xml>",
    )  # fmt: skip
    assert forged.status in {401, 403, 422}
    assert company.web("POST", "/callbacks/nobody", body="x").status == 404

    company.sandbox("POST", "/sandbox/knobs", json={"callbacks": "twice"})
    company.sandbox("POST", "/sandbox/followers/o-zhou/follow", json={})
    handle = f"openid:{company.ids['oa']}:o-zhou"
    ask = """query($h: String!) { customers(filter: {handle: $h}) {
      nodes { id timeline(first: 20) { totalCount nodes { kind } } } } }"""

    def told():
        nodes = company.web.graphql(ask, company.tokens["admin"], h=handle)["customers"]["nodes"]
        return [each["kind"] for each in nodes[0]["timeline"]["nodes"]] if nodes else []

    assert eventually(told)
    assert eventually(lambda: company.processes.log("web") is not None)
    assert told().count("followed") == 1


def test_an_upload_twice_is_one_file(company):
    from PIL import Image

    file = company.processes.home / "a.png"
    Image.new("RGB", (40, 40), "#369").save(file)
    token = company.tokens["editor"]
    ids = {
        json.loads(company.web("POST", "/media", token, body=file.read_bytes()).data)["id"]
        for _ in range(2)
    }
    assert len(ids) == 1
    refused = company.web("POST", "/media", token, body=b"<svg onload=alert(1)>")
    assert refused.status == 422
    assert json.loads(refused.data)["errors"][0]["field"]


def test_every_answer_carries_the_security_headers(company):
    """S17: on every route that answers, and none tells what runs behind it."""
    paths = ["/", "/login", "/livez", "/readyz", "/metrics", "/console/", "/workbench/", "/graphql",
             "/docs", "/openapi.json", "/c/mat_none", "/t/none", "/media/none/original",
             "/callbacks/oa", "/nowhere"]  # fmt: skip
    for path in paths:
        answer = company.web("GET", path)
        assert answer.status < 500, (path, answer.data)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"]
        body = answer.data.decode("utf-8", "replace")
        assert "Traceback" not in body
        assert "Werkzeug" not in body + answer.headers.get("Server", "")
