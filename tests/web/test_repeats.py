"""The same POST with the same key has one effect and one answer (F10)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask, g, jsonify, request

from juzhen.web.repeats import KeptAnswer, Repeats
from kernel.actors import Actor, Role
from kernel.clock import utc_now
from kernel.errors import Conflict, Invalid, Overloaded
from stores import personal
from stores.records import Record


@pytest.fixture
def effects():
    return Counter()


@pytest.fixture
def shop(any_records, effects):
    """A door that does something, in front of it the kept answers."""
    app = Flask("shop")
    repeats = Repeats(any_records, utc_now)

    @app.before_request
    def arrive():
        g.actor = Actor(id=request.headers.get("X-Actor", "one"), role=Role.SERVICE)
        return repeats.recall()

    @app.post("/buy")
    def buy():
        effects[request.get_json()["what"]] += 1
        return jsonify(bought=sum(effects.values()))

    @app.post("/go")
    def go_on():
        effects["gone"] += 1
        return jsonify(), 201, {"Location": f"/made/{effects['gone']}"}

    @app.post("/break")
    def fail():
        effects["broken"] += 1
        return jsonify(), 500

    app.register_error_handler(Conflict, lambda refused: (jsonify(code=refused.reason), 409))
    app.register_error_handler(Overloaded, lambda refused: (jsonify(code=refused.reason), 503))
    app.register_error_handler(Invalid, lambda refused: (jsonify(code=refused.reason), 422))
    return app


def post(shop, key, body, path="/buy", actor="one"):
    headers = {"Idempotency-Key": key, "X-Actor": actor}
    with shop.test_client() as client:
        return client.post(path, json=body, headers=headers)


def insist(shop, key):
    """As a client does that is told to come again while too many are at work."""
    while (answer := post(shop, key, {"what": key})).status_code == 503:
        pass
    return answer.data


def test_many_at_once_have_one_effect_and_identical_answers(shop, effects):
    keys, times = 200, 50
    calls = [f"key-{number}" for number in range(keys) for _ in range(times)]
    with ThreadPoolExecutor(times) as pool:
        answers = list(pool.map(lambda key: (key, insist(shop, key)), calls))

    assert effects == dict.fromkeys(calls, 1)
    assert len(set(answers)) == keys


def test_where_what_was_made_lies_is_told_again(shop, effects):
    first, again, other = (post(shop, key, {}, path="/go") for key in ("k", "k", "l"))

    assert (first.status_code, first.location) == (again.status_code, again.location)
    assert (again.location, other.location, effects["gone"]) == ("/made/1", "/made/2", 2)


def test_the_same_key_with_another_body_is_refused(shop, effects):
    assert post(shop, "k", {"what": "tea"}).status_code == 200

    refused = post(shop, "k", {"what": "cake"})

    assert (refused.status_code, effects["cake"]) == (422, 0)


def test_one_actors_key_is_not_anothers(shop, effects):
    post(shop, "k", {"what": "tea"})
    post(shop, "k", {"what": "tea"}, actor="two")

    assert effects["tea"] == 2


def test_a_failure_of_ours_may_be_tried_again(shop, effects):
    post(shop, "k", {}, path="/break")
    post(shop, "k", {}, path="/break")

    assert effects["broken"] == 2


def test_an_answer_goes_with_whoever_is_erased_and_nothing_is_done_again(
    shop, effects, any_records
):
    """It may have told her phone, and nobody can say whose answer it is."""
    made = post(shop, "k", {}, path="/go")
    assert (made.status_code, made.headers["Location"]) == (201, "/made/1")
    personal.forget(any_records, Record, {"phone::13800138000"})

    again = post(shop, "k", {}, path="/go")
    assert (again.status_code, again.get_json()) == (409, {"code": "first_answer_is_gone"})
    assert effects["gone"] == 1
    with any_records.read() as session:
        (kept,) = session.query(KeptAnswer)
    assert (kept.answer, kept.location, kept.status) == (b"", "", 201)


def test_an_answer_is_forgotten_after_a_day(records, clock):
    repeats = Repeats(records, clock)
    app = Flask("shop")
    told = []

    @app.before_request
    def arrive():
        g.actor = Actor(id="one", role=Role.SERVICE)
        return repeats.recall()

    @app.post("/buy")
    def buy():
        told.append(1)
        return jsonify()

    post(app, "k", {})
    clock.move(timedelta(hours=23))
    post(app, "k", {})
    assert (len(told), repeats.sweep()) == (1, 0)

    clock.move(timedelta(hours=2))
    assert repeats.sweep() == 1
    post(app, "k", {})
    assert len(told) == 2
