"""Bad input gets the documented error, loses nothing that came with it, and is never a 5xx."""

import base64
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from juzhen.web.answers import ALWAYS
from tests.flows.company import eventually
from tests.flows.conftest import running

pytestmark = [pytest.mark.timeout(600)]

CREATE = """mutation($input: CreateMaterialInput!) {
  createMaterial(input: $input) { material { id } problems { code field message } } }"""
TAG = """mutation($input: TagMaterialsInput!) {
  tagMaterials(input: $input) { problems { code field message } } }"""
PLACE = """mutation($input: PlaceMaterialInput!) {
  placeMaterial(input: $input) { placement { id } problems { code field message } } }"""
CAMPAIGN = """mutation($input: CreateCampaignInput!) {
  createCampaign(input: $input) { campaign { id } problems { code field message } } }"""
REFUSED = "{ refusedEvents { door reason field count } }"


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
    assert door.problems(CREATE, type="hologram", title="话术") == [
        ("unknown_material_type", "type")
    ]
    assert door.problems(CREATE, type="script", title="") == [("missing", "title")]
    long = door.problems(CREATE, type="script", title="长" * 22_000)  # 64 KB of it
    assert long == [("too_long", "title")]

    door.material("bare")
    assert set(door.problems(PLACE, material="bare", channel="app")) == {
        ("needs_a_tag", "tags"), ("needs_a_window", "opens"), ("needs_a_window", "closes"),
    }  # fmt: skip

    assert door.problems(TAG, materials=["bare"], add=["tag_nobody"]) == [("unknown_tag", "add")]
    assert door.problems(TAG, materials=["bare"], add=["stage.connect"]) == []

    window = {"opens": at(hours=1), "closes": at(hours=2)}
    for wrong, code in (
        ({"opens": "2026-03-02T09:00:00"}, "moment_without_zone"),
        ({"opens": "the thirteenth month"}, "not_a_moment"),
        ({"opens": "2026-02-30T09:00:00Z"}, "not_a_moment"),
        ({"closes": at(minutes=30)}, "window_ends_before_it_opens"),
    ):
        told = door.problems(PLACE, material="bare", channel="app", **window | wrong)
        assert told == [(code, *wrong)]

    assert (
        door.problems(CAMPAIGN, code="c", name="开门红", opens=at(days=1), closes=at(days=2)) == []
    )
    outside = door.problems(PLACE, material="bare", channel="app", campaign="c", **window)
    assert outside == [("window_outside_the_campaign", "opens")]

    assert door.problems(PLACE, material="bare", channel="app", **window) == []
    again = door.problems(PLACE, material="bare", channel="app", **window)
    assert [code for code, _ in again] == ["already_placed"]


def test_hostile_documents_are_refused_at_the_door(company):
    token = company.tokens["app"]
    deep = '{ shelf(channel: "app") ' + "{ nodes " * 50 + "{ id }" + "}" * 50 + " }"
    for body, status, code, field in (
        (json.dumps({"query": "{" + " me { id }" * 120_000 + "}"}), 413, "body_too_large", None),
        (json.dumps({"query": deep}), 200, "document_too_deep", "query"),
        ("[" * 100_000, 400, "body_is_not_json", "body"),
        (b"\xff\xfe\xfa", 400, "body_is_not_json", "body"),
        ("[]", 400, "no_batches", "body"),
        ('{"query": 7}', 400, "not_a_text", "query"),
        (json.dumps([{"query": "{ me { id } }"}]), 400, "no_batches", "body"),
    ):
        answer = company.web(
            "POST", "/graphql", token, body=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status == status, (answer.data, body[:40])
        assert named(json.loads(answer.data)) == (code, field)


def named(told):
    """The code and the field that an answer names, in either of GraphQL's two ways to refuse."""
    if "code" not in told:
        told = told["errors"][0]["extensions"]
    if not (flaws := told.get("errors")):
        return told["code"], None
    return flaws[0]["code"], flaws[0]["field"]


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
    for token in ("jz_live_guess", "jz_cust_a.b", "nonsense", company.tokens["expired"]):
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
    fields = [each["field"] for each in told["rejected"]]
    assert fields == ["type", "userId", "event", "timestamp", ""]

    for body, field in (
        (b"\xff\xfe", "body"), ("[" * 100_000, "body"), (b"", "body"),
        ("{}", "batch"), ('{"batch": 7}', "batch"),
    ):  # fmt: skip
        status, told = post(body)
        assert (status, told["code"], told["errors"][0]["field"]) == (400, "invalid", field)
        assert told["message"]
    stranger = company.web("POST", "/v1/batch", body=json.dumps({"batch": [good]}))
    assert stranger.status == 401

    find = 'query { customers(filter: {handle: "user:%s:u1"}) { nodes { id } } }'
    asked = find % company.ids["app"]
    found = eventually(
        lambda: company.web.graphql(asked, company.tokens["admin"])["customers"]["nodes"]
    )
    assert len(found) == 1

    def kept():
        sorts = company.web.graphql(REFUSED, company.tokens["admin"])["refusedEvents"]
        counted = {(each["reason"], each["field"]): each["count"] for each in sorts}
        return counted if sum(counted.values()) >= 10 else None

    assert eventually(kept) == {
        ("unknown_event_type", "type"): 1, ("no_user_or_anonymous_id", "userId"): 1,
        ("field_is_missing", "event"): 1, ("not_a_time", "timestamp"): 1,
        ("not_an_object", ""): 1, ("not_json", "body"): 3, ("batch_is_not_a_list", "batch"): 2,
    }  # fmt: skip


def test_a_forged_callback_is_refused_and_a_repeated_one_adds_nothing(company):
    forged = company.web(
        "POST", "/callbacks/oa?timestamp=1&nonce=2&signature=00&encrypt_type=aes&msg_signature=00",
        body="<xml><Encrypt>AAAA</Encrypt></xml>",
    )  # fmt: skip
    assert forged.status == 403
    assert json.loads(forged.data)["reason"] == "callback_not_genuine"
    assert company.web("POST", "/callbacks/nobody", body="x").status == 404

    company.sandbox("POST", "/sandbox/knobs", json={"callbacks": "twice"})
    company.sandbox("POST", "/sandbox/followers/o-zhou/follow", json={})
    handle = f"openid:{company.ids['oa']}:o-zhou"
    ask = """query($h: String!) { customers(filter: {handle: $h}) {
      nodes { id timeline(first: 20) { totalCount nodes { kind } } } } }"""

    def told():
        nodes = company.web.graphql(ask, company.tokens["admin"], h=handle)["customers"]["nodes"]
        return [each["kind"] for each in nodes[0]["timeline"]["nodes"]] if nodes else []

    def heard():
        sent = json.loads(company.sandbox("GET", "/sandbox/callbacks").data)["callbacks"]
        return len([each for each in sent if each["openid"] == "o-zhou" and each["ended"]])

    assert eventually(lambda: heard() == 2)
    assert eventually(lambda: {"followed", "identified"} <= set(told()))
    company.sandbox("POST", "/sandbox/followers/o-zhou/unfollow", json={})
    assert eventually(lambda: heard() == 4)
    assert eventually(lambda: "unfollowed" in told())  # so all that came earlier is folded, too
    # What she is called may be told once more, by the nightly look at all fans.
    assert sorted(each for each in told() if each != "identified") == ["followed", "unfollowed"]


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
    assert named(json.loads(refused.data)) == ("file_of_no_known_kind", "file")


def test_every_answer_carries_the_security_headers(company):
    """S17: on every route that answers, and none tells what runs behind it."""
    paths = ["/", "/login", "/livez", "/readyz", "/metrics", "/console/", "/workbench/", "/graphql",
             "/docs", "/openapi.json", "/c/mat_none", "/t/none", "/media/none/original",
             "/callbacks/oa", "/nowhere", "/v1/batch", "/sa"]  # fmt: skip
    for path in paths:
        answer = company.web("GET", path)
        assert answer.status < 500, (path, answer.data)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value, (path, name)
        body = answer.data.decode("utf-8", "replace")
        assert "Traceback" not in body
        assert "Werkzeug" not in body + answer.headers.get("Server", "")


def test_the_same_request_many_times_at_once_makes_one_thing(company):
    """F10, through the doors of the product: one effect, one answer, whoever comes first."""
    times = 50

    def make(title):
        told = {"type": "script", "title": title, "body": "<p>您好</p>"}
        answer = company.web(
            "POST", "/graphql", company.tokens["editor"], headers={"Idempotency-Key": "make-one"},
            json={"query": CREATE, "variables": {"input": told}},
        )  # fmt: skip
        return answer.status, answer.data

    with ThreadPoolExecutor(times) as pool:
        answers = set(pool.map(make, ["只做一次的话术"] * times))
    ((status, body),) = answers
    assert (status, json.loads(body)["data"]["createMaterial"]["problems"]) == (200, [])
    newest = company.web.graphql(
        "{ materials(first: 50) { nodes { title } } }", company.tokens["editor"]
    )["materials"]["nodes"]
    made = [each["title"] for each in newest].count("只做一次的话术")
    assert made == 1

    status, body = make("别的话术")
    assert (status, named(json.loads(body))[1]) == (422, "Idempotency-Key")
