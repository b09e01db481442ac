"""GraphQL over HTTP: the whole way from the request to the answer, on a real company."""

import asyncio
import hashlib
import re
import subprocess
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import orjson
import pytest
from flask import Flask

from juzhen.settings import BadSetting, begin, load
from juzhen.web import app as web
from juzhen.web import graphql, pages, problems, reference
from juzhen.web.afar import Afar
from juzhen.web.codes import CODES
from juzhen.web.persisted import PersistedQueries
from juzhen.web.swift import Swift
from juzhen.wiring import assemble
from kernel.actors import Role
from schemas.graphql.schema import build
from schemas.questions import hash_of
from tests.blank import migrate
from tests.conftest import StoppedClock

README = Path(__file__).parents[2] / "README.md"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANT = timedelta(microseconds=1)
QUERY = "query Shelf($c: ID!) { shelf(channel: $c) { nodes { title trackedUrl } } }"
HASH = hashlib.sha256(QUERY.encode()).hexdigest()
NEW = "application/graphql-response+json"


class Door:
    """The application with the doors of this file, and the quick way past it."""

    def __init__(self, home, **chosen):
        begin(home, stores_durability="process")
        settings = load({"JUZHEN_HOME": str(home), **chosen})
        migrate(settings)
        self.clock = StoppedClock()
        self.platform = platform = assemble(settings, clock=self.clock)
        app = Flask("door", static_folder=None)
        app.before_request(lambda: web._arrive(platform))
        app.after_request(partial(web._leave, platform=platform))
        problems.install(app)
        pages.install(app, platform)
        for room in (graphql, reference):
            app.register_blueprint(room.blueprint(platform))
        self.client = app.test_client()
        self.swift = (Afar if platform.records.on_postgres else Swift)(platform)
        self.account = platform.accounts.add(
            code="app", name="应用", kind="app", ecosystem="own_app", by="li"
        )
        self.tag = platform.taxonomy.create("养老", "topic", code="pension", by="li").id
        issue = platform.access.issue
        self.front = issue(Role.CHANNEL_APP, "app", account=self.account.id, by="li").reveal()
        self.editor = issue(Role.EDITOR, "editor", by="li").reveal()

    def place(self, title, opens=timedelta(0), closes=30 * DAY):
        made = self.platform.materials.create("script", title, tags=[self.tag], by="li")
        now = self.clock()
        self.platform.shelf.place(
            made.id, self.account.id, opens=now + opens, closes=now + closes, by="li"
        )
        return made.id

    def post(self, told, token=None, **headers):
        body = told if isinstance(told, bytes) else orjson.dumps(told)
        headers = {"Authorization": f"Bearer {token or self.front}"} | headers
        headers.setdefault("Content-Type", "application/json")
        return self.client.post("/graphql", data=body, headers=headers)

    def get(self, token=None, etag="", accept="", **asked):
        headers = {"Authorization": f"Bearer {token or self.front}"}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"Accept": accept} if accept else {}
        return self.client.get(f"/graphql?{self.spelled(**asked)}", headers=headers)

    def ready(self, token=None, etag="", **asked):
        """What the front can say at once."""
        headers = {"authorization": f"Bearer {token or self.front}", "if-none-match": etag}
        return asyncio.run(self.swift.get("/graphql", self.spelled(**asked), headers.get))

    def swiftly(self, told, token=None, **headers):
        """What the front says to a question that was posted."""
        body = told if isinstance(told, bytes) else orjson.dumps(told)
        named = {"authorization": f"Bearer {token or self.front}"}
        named |= {"content-type": "application/json"} | headers
        return asyncio.run(self.swift.post(named.get, body))

    def patiently(self, told, token=None, **headers):
        """What a thread that may take its time says to it without the application."""
        named = {"authorization": f"Bearer {token or self.front}"}
        named |= {"content-type": "application/json"} | headers
        return self.swift.ask("/graphql", named.get, orjson.dumps(told))

    def spelled(self, query=None, persisted=None, **variables):
        asked = {"variables": orjson.dumps(variables or {"c": "app"}).decode()}
        if query:
            asked["query"] = query
        if persisted:
            told = {"persistedQuery": {"version": 1, "sha256Hash": persisted}}
            asked["extensions"] = orjson.dumps(told).decode()
        return urlencode(asked)


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path)
    yield made
    made.platform.close()


@pytest.fixture
def any_door(request, engine_name, tmp_path):
    """A door on each engine in turn."""
    on = {}
    if engine_name == "postgres":
        on["JUZHEN_STORES_RECORDS"] = request.getfixturevalue("postgres_url")
    made = Door(tmp_path, **on)
    yield made
    made.platform.close()


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A door where nothing is changed, for tests that only knock."""
    made = Door(tmp_path_factory.mktemp("door"))
    yield made
    made.platform.close()


def titles(answer):
    told = orjson.loads(answer.body if hasattr(answer, "body") else answer.data)
    return [node["title"] for node in told["data"]["shelf"]["nodes"]]


def test_a_question_is_posted_and_answered(door):
    door.place("图文")
    answer = door.post({"query": QUERY, "variables": {"c": "app"}})
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert titles(answer) == ["图文"]
    assert door.post({"query": QUERY, "variables": {"c": "app"}}, Accept=NEW).mimetype == NEW


@pytest.mark.rule("R4.2")
def test_the_etag_changes_exactly_at_a_boundary_on_both_ways(door):
    door.place("限时", opens=HOUR, closes=DAY)
    first = door.get(query=QUERY)
    assert titles(first) == []
    assert first.headers["Cache-Control"] == "private, no-cache"
    etag = first.headers["ETag"]
    door.clock.move(HOUR - INSTANT)
    assert door.get(query=QUERY, etag=etag).status_code == 304
    assert door.ready(persisted=HASH, etag=etag).status == 304
    door.clock.move(INSTANT)
    assert door.ready(persisted=HASH, etag=etag) is None
    opened = door.get(persisted=HASH, etag=etag)
    assert opened.status_code == 200
    assert titles(opened) == ["限时"]
    assert titles(door.ready(persisted=HASH, etag=etag)) == ["限时"]
    door.clock.move(DAY - HOUR - INSTANT)
    assert titles(door.ready(persisted=HASH)) == ["限时"]
    door.clock.move(INSTANT)
    assert door.ready(persisted=HASH, etag=opened.headers["ETag"]) is None
    assert titles(door.get(persisted=HASH, etag=opened.headers["ETag"])) == []


def test_a_retired_material_is_gone_with_the_next_request(door):
    id_ = door.place("撤下")
    etag = door.get(query=QUERY).headers["ETag"]
    assert door.ready(persisted=HASH, etag=etag).status == 304
    door.platform.publishing.retire(id_, by="li")
    assert door.ready(persisted=HASH, etag=etag) is None
    assert titles(door.get(query=QUERY, etag=etag)) == []


def test_the_front_says_at_once_what_the_application_would(any_door):
    any_door.place("图文")
    assert any_door.ready(query=QUERY) is None, "nobody has asked yet"
    told = any_door.get(query=QUERY)
    for asked in ({"query": QUERY}, {"persisted": HASH}):
        ready = any_door.ready(**asked)
        assert ready.status == 200
        assert ready.body == told.data
        assert dict(ready.headers)["etag"] == told.headers["ETag"]
    assert any_door.ready(token=any_door.editor, persisted=HASH) is None, "another asker"
    assert any_door.ready(token="jz_live_nobody", persisted=HASH) is None
    nobody = any_door.swift.get("/graphql", any_door.spelled(persisted=HASH), {}.get)
    assert asyncio.run(nobody) is None


def test_a_revoked_token_gets_nothing_that_is_kept(door):
    door.place("图文")
    door.get(query=QUERY)
    assert door.ready(persisted=HASH).status == 200
    for token in door.platform.access.tokens():
        door.platform.access.revoke(token.id, by="li")
    assert door.ready(persisted=HASH) is None
    assert door.get(persisted=HASH).status_code == 401


def test_a_persisted_query_that_is_not_known_is_asked_for(still):
    unknown = still.get(persisted=HASH)
    assert unknown.status_code == 200
    (error,) = orjson.loads(unknown.data)["errors"]
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert still.get(query=QUERY, persisted=HASH).status_code == 200
    assert still.get(persisted=HASH).headers["ETag"]


def test_reading_changes_nothing(door):
    deed = 'mutation { createTag(input: {label: "新", facet: "topic"}) { tag { id } } }'
    refused = door.get(token=door.editor, query=deed)
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "POST"
    assert door.post({"query": deed}, token=door.editor).status_code == 200


def test_a_query_that_one_process_was_told_is_known_to_the_others(door):
    hash_ = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}}
    asked = {"variables": {"c": "app"}, **hash_}
    unknown = door.post(asked).json["errors"][0]
    assert unknown["message"] == "PersistedQueryNotFound"
    assert "data" in door.post({"query": QUERY, **asked}).json

    door.platform.edition = build(door.platform.types)  # what another process has in memory
    assert "data" in door.post(asked).json
    assert "data" in door.get(persisted=HASH).json


def test_a_text_that_made_room_is_written_again_when_it_is_told_again(door):
    """Also by a process that wrote it before: what it knows holds for a minute."""
    one, other = (PersistedQueries(door.platform.records, door.clock, most=1) for _ in range(2))
    one.keep("a" * 64, "{ a }")
    door.clock.move(timedelta(seconds=1))
    other.keep("b" * 64, "{ b }")
    assert other.text("a" * 64) is None
    door.clock.move(timedelta(minutes=1))
    assert not one.knows("a" * 64)
    one.keep("a" * 64, "{ a }")
    assert other.text("a" * 64) == "{ a }"


def test_of_the_persisted_queries_the_oldest_makes_room(door):
    queries = PersistedQueries(door.platform.records, door.clock, most=2)
    for number in range(4):
        door.clock.move(HOUR)
        queries.keep(f"hash{number}", f"text{number}")
    assert [queries.text(f"hash{number}") for number in range(4)] == [
        None, None, "text2", "text3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b'{"query": "\xff"}', 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (b'{"a":' * 100_000, 400, "body"),
        (b"[]", 400, "body"),
        (b"7", 400, "body"),
        (b'{"query": 7}', 400, "query"),
        (b'{"query": "{ me { id } }", "variables": []}', 400, "variables"),
        (b'{"query": "{ me { id } }", "operationName": {}}', 400, "operationName"),
        (b'{"extensions": "x"}', 400, "extensions"),
        (b'{"extensions": {"persistedQuery": {"sha256Hash": 7}}}', 400, "sha256Hash"),
        (b'{"query": "' + b"x" * 2_000_000 + b'"}', 413, ""),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_that_names_it(still, body, status, field):
    answer = still.post(body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    if field:
        assert answer.json["errors"][0]["field"].endswith(field)


@pytest.fixture
def bound(tmp_path):
    """A door whose front ends may ask one question only."""
    (tmp_path / "questions" / "app").mkdir(parents=True)
    (tmp_path / "questions" / "app" / "shelf.graphql").write_text(QUERY, "utf-8")
    made = Door(tmp_path, JUZHEN_WEB_QUESTIONS="questions")
    yield made
    made.platform.close()


def code_of(answer):
    return orjson.loads(answer.data)["errors"][0]["extensions"]["code"]


def test_a_front_end_asks_what_is_on_the_allow_list_and_nothing_else(bound):
    bound.place("图文")
    asked = {"variables": {"c": "app"}}
    assert titles(bound.post({"query": QUERY, **asked})) == ["图文"]
    assert titles(bound.get(persisted=HASH)) == ["图文"]  # by its hash, without telling it first
    for query in (QUERY + " ", "{ me { id } }", "{ __typename }", "{ nonsense"):
        assert code_of(bound.post({"query": query, **asked})) == "forbidden"
        assert code_of(bound.get(query=query)) == "forbidden"
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    assert code_of(bound.post({"extensions": unknown})) == "forbidden"


def test_the_allow_list_binds_no_developer_and_opens_nothing_that_she_asked(bound):
    other = "{ me { id } }"
    for query in (other, "{ __schema { queryType { name } } }"):
        assert "errors" not in orjson.loads(bound.post({"query": query}, bound.editor).data)
    known = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(other)}}
    assert "errors" not in orjson.loads(
        bound.post({"query": other, "extensions": known}, bound.editor).data
    )
    assert code_of(bound.post({"extensions": known})) == "forbidden"
    assert bound.ready(persisted=hash_of(other)) is None


@pytest.mark.parametrize(
    "text", ["{ nonsense }", "{", "query A { me { id } } query B { me { id } }"]
)
def test_a_text_on_the_allow_list_that_is_no_question_stops_the_start(tmp_path, text):
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "bad.graphql").write_text(text, "utf-8")
    with pytest.raises(BadSetting, match="JUZHEN_WEB_QUESTIONS"):
        Door(tmp_path, JUZHEN_WEB_QUESTIONS="questions")


def test_an_allow_list_that_is_not_there_stops_the_start(tmp_path):
    with pytest.raises(BadSetting, match="JUZHEN_WEB_QUESTIONS"):
        Door(tmp_path, JUZHEN_WEB_QUESTIONS="questions")


def test_only_json_is_posted(still):
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = still.post(b'{"query": "{ me { id } }"}', **{"Content-Type": kind})
        assert answer.status_code == 415


def test_what_is_refused_before_execution_is_a_bad_request_for_who_knows_the_new_answer(still):
    deep = "{ me { reminders " + "{ nodes { material { placements { material " * 12
    for query in ("{ nonsense }", "{", "x" * 70_000, deep):
        for accept, status in ((NEW, 400), (f"{NEW}, application/json", 400), ("*/*", 200)):
            answer = still.post({"query": query}, Accept=accept)
            assert answer.status_code == status
            told = orjson.loads(answer.data)
            assert told["errors"][0]["extensions"]["code"] == "invalid"
            assert "data" not in told


def test_nobody_is_answered_without_a_token(still):
    for answer in (
        still.client.post("/graphql", json={"query": "{ me { id } }"}),
        still.client.get("/graphql?query={me{id}}"),
    ):
        assert answer.status_code == 401
        assert answer.json["code"] == "signed_off"


def test_the_query_of_the_readme_is_answered_as_it_is_written(door, tmp_path):
    door.place("一份素材")
    door.place("还没到时间", opens=DAY)
    (tmp_path / "var" / "demo").mkdir(parents=True)
    told = {"tokens": {"channel_app": door.front}, "ids": {"channel_app": door.account.id}}
    (tmp_path / "var" / "demo" / "access.json").write_bytes(orjson.dumps(told))
    (written,) = re.findall(r"```sh\n(TOKEN=.*?)```", README.read_text("utf-8"), re.DOTALL)
    words = "curl() { printf '%s\\0' \"$@\"; }\n" + written  # what would be sent, instead
    ran = subprocess.run(
        ["sh", "-eu", "-c", words], cwd=tmp_path, check=True, capture_output=True, text=True
    )  # fmt: skip

    _, url, *given = ran.stdout.split("\0")[:-1]
    headers = dict(line.split(": ", 1) for flag, line in pairwise(given) if flag == "-H")
    body = next(text for flag, text in pairwise(given) if flag == "-d")
    answer = door.client.post(urlsplit(url).path, data=body, headers=headers)

    (item,) = answer.json["data"]["shelf"]["nodes"]
    assert item["title"] == "一份素材"
    assert [tag["label"] for tag in item["tags"]] == ["养老"]
    assert "/t/" in item["trackedUrl"]


def test_the_reference_is_there_for_people_and_machines(still):
    described = still.client.get("/openapi.json").json
    assert {"/graphql", "/v1/batch", "/callbacks/{account}"} <= described["paths"].keys()
    for path in ("/docs", "/docs/errors"):
        page = still.client.get(path)
        assert page.status_code == 200
        assert b'<script src="http' not in page.data
    explained = still.client.get("/docs/errors?lang=en").text
    assert [code for code in CODES if f'id="{code}"' not in explained] == []
    assert "Mend the fields that errors names" in explained
    assert b"type Query" in still.client.get("/docs/schema.graphql").data


def test_a_question_about_the_shelf_is_answered_by_the_front_as_by_the_application(any_door):
    made = any_door.place("图文", closes=DAY)
    asked = {"query": QUERY, "variables": {"c": "app"}}
    assert any_door.swiftly(asked) is None  # the first time the application reads the document
    for _ in range(2):
        told = any_door.post(asked)
        for nonce in range(3):
            answer = any_door.swiftly(asked | {"variables": {"c": "app", "nonce": nonce}})
            assert (answer.status, answer.body) == (200, told.data)
            assert dict(answer.headers)["content-type"] == told.headers["Content-Type"]
        any_door.platform.materials.edit(made, title="另一个", by="li")  # the next one tells of it
    assert titles(any_door.swiftly(asked)) == ["另一个"]
    any_door.clock.move(DAY - INSTANT)
    assert titles(any_door.swiftly(asked)) == ["另一个"]
    any_door.clock.move(INSTANT)
    assert titles(any_door.swiftly(asked)) == []


def test_the_front_tells_nobody_what_another_asked_for(door):
    door.place("图文")
    other = door.platform.accounts.add(
        code="other", name="另一个应用", kind="app", ecosystem="own_app", by="li"
    )
    issue = door.platform.access.issue
    token = issue(Role.CHANNEL_APP, "o", account=other.id, by="li").reveal()
    asked = {"query": QUERY, "variables": {"c": "app"}}
    door.post(asked)
    (mine,) = orjson.loads(door.swiftly(asked).body)["data"]["shelf"]["nodes"]
    told = orjson.loads(door.swiftly(asked, token=token).body)
    assert told["errors"][0]["extensions"]["code"] == "not_found"
    assert titles(door.swiftly(asked, token=door.editor)) == [mine["title"]]
    assert door.swiftly(asked, token="jz_live_nobody") is None
    door.platform.access.revoke(door.platform.access.tokens()[0].id, by="li")
    assert door.swiftly(asked) is None
    assert door.post(asked).status_code == 401


@pytest.mark.parametrize(
    ("told", "headers"),
    [
        ({"query": QUERY, "variables": {"c": "app"}}, {"cookie": "jz_lang=en"}),
        ({"query": QUERY, "variables": {"c": "app"}}, {"idempotency-key": "1"}),
        ({"query": QUERY, "variables": {"c": "app"}}, {"content-type": "text/plain"}),
        ({"query": QUERY, "variables": {"c": "a\u0000"}}, {}),
        ({"query": QUERY, "variables": {}}, {}),
        ({"query": QUERY, "variables": {"c": "app"}, "operationName": "Other"}, {}),
        ({"query": "{ me { id } }"}, {}),
        ({"query": 7}, {}),
        (b"[]", {}),
        (b"{", {}),
    ],
)
def test_whatever_is_unusual_is_left_to_the_application(still, told, headers):
    still.post({"query": QUERY, "variables": {"c": "app"}})
    still.post({"query": "{ me { id } }"})
    assert still.swiftly(told, **headers) is None


def test_a_question_about_more_than_the_shelf_needs_no_application_either(any_door):
    mine = {"query": "{ me { id role } }"}
    assert any_door.patiently(mine) is None  # the first time the application reads the document
    told = any_door.post(mine, **{"X-Request-Id": "req-1"})
    answer = any_door.patiently(mine, **{"x-request-id": "req-1"})
    assert (answer.status, answer.body) == (200, told.data)
    headers = dict(answer.headers)
    assert headers["x-request-id"] == told.headers["X-Request-Id"] == "req-1"
    assert headers["content-type"] == told.headers["Content-Type"]
    assert any_door.swiftly(mine) is None  # it is nothing for the loop, which never waits


def test_what_changes_something_or_is_not_whole_stays_the_applications(still):
    query = 'mutation R { retireMaterial(material: "mat_0") { ok } }'
    for told in ({"query": query}, {"query": "{ me { id } }"}, {"query": QUERY, "variables": {}}):
        still.post(told)
        still.post(told)
    assert still.patiently({"query": query}) is None
    assert still.patiently({"query": QUERY, "variables": {}}) is None
    assert still.patiently({"query": "{ me { id } }"}, **{"idempotency-key": "1"}) is None
    assert still.patiently({"query": "{ me { id } }"}, token="jz_live_nobody") is None
    named = {"authorization": f"Bearer {still.front}", "content-type": "application/json"}
    assert still.swift.ask("/other", named.get, b'{"query": "{ me { id } }"}') is None


def test_a_look_that_takes_long_is_left_to_the_application(door):
    door.place("图文")
    asked = {"query": QUERY, "variables": {"c": "app"}}
    door.post(asked)
    assert door.swiftly(asked | {"variables": {"c": "app", "n": 1}}) is not None
    looks = door.platform.records.looks
    looks.hurry(steps=1)
    assert door.swiftly(asked | {"variables": {"c": "app", "n": 2}}) is None
    looks.hurry()
    assert door.swiftly(asked | {"variables": {"c": "app", "n": 3}}) is not None
