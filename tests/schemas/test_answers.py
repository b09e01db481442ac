"""Answers are kept by a name that holds everything they depend on."""

from datetime import timedelta

import orjson
import pytest
from graphql import GraphQLError

from kernel.actors import Actor, Role
from schemas.graphql.answers import Answer, Answers, Outcome
from schemas.graphql.errors import told
from tests.schemas.conftest import DAY, HOUR, SHELF, app, editor

QUERY = "query($c: ID!) { shelf(channel: $c) { nodes { title trackedUrl } } }"
INSTANT = timedelta(microseconds=1)


def titles(answer):
    return [node["title"] for node in orjson.loads(answer.body)["data"]["shelf"]["nodes"]]


def asked(house, actor=None, **more):
    return house.answer(QUERY, actor or app(house.app.id), c=house.app.id, **more)


@pytest.mark.rule("R4.2")
def test_the_first_answer_after_a_boundary_is_another_with_caching_on(house, clock):
    house.shown("一直", days=90)
    made = house.materials.create("script", "限时", by="li", tags=[house.tag("理财")])
    house.shelf.place(made.id, house.app.id, opens=clock() + HOUR, closes=clock() + DAY, by="li")
    before = asked(house)
    assert titles(before) == ["一直"]
    clock.move(HOUR - INSTANT)
    assert asked(house) is before
    assert asked(house, held=before.etag).outcome is Outcome.UNCHANGED
    clock.move(INSTANT)
    during = asked(house, held=before.etag)
    assert sorted(titles(during)) == ["一直", "限时"]
    assert during.etag != before.etag
    assert asked(house) is during
    clock.move(DAY - HOUR - INSTANT)
    assert asked(house) is during
    clock.move(INSTANT)
    after = asked(house, held=during.etag)
    assert titles(after) == ["一直"]
    assert len({before.etag, during.etag, after.etag}) == 3


def test_a_retired_material_is_in_no_answer_from_the_next_request_on(house):
    id_ = house.shown("撤下")
    shown = asked(house)
    assert titles(shown) == ["撤下"]
    house.shelf.retire(id_, by="li")
    assert titles(asked(house, held=shown.etag)) == []


def test_an_edit_of_a_title_or_a_tag_is_seen_at_once(house):
    id_ = house.shown("旧题", "养老")
    query = "query($c: ID!) { shelf(channel: $c) { nodes { title tags { label } } } }"
    house.ask(query, c="app")
    house.materials.edit(id_, title="新题", by="li")
    house.taxonomy.rename(house.tag("养老"), zh="养老金", by="li")
    (node,) = house.ask(query, c="app")["shelf"]["nodes"]
    assert node == {"title": "新题", "tags": [{"label": "养老金"}]}


def test_answers_never_cross_accounts_units_reps_roles_or_languages(house):
    house.shown("总部", "养老")
    house.shown("一部", unit="unt_1")
    other = house.accounts.add(code="b", name="另", kind="app", ecosystem="own_app", by="li")
    askers = [
        app(house.app.id),
        app(house.app.id, units=frozenset({"", "unt_1"})),
        app(other.id),
        editor(),
        editor(staff="stf_2"),
        editor(reach=frozenset({"unt_1"})),
        Actor(id="u", role=Role.CUSTOMER, account=house.app.id, customer="user:x:1"),
    ]
    query = "query($c: ID!) { shelf(channel: $c) { nodes { title trackedUrl tags { label } } } }"
    alone = [house.answer(query, actor, c=actor.account or house.app.id) for actor in askers]
    assert len({answer.etag for answer in alone}) == len(askers)
    for actor, answer in zip(askers, alone, strict=True):
        assert house.answer(query, actor, c=actor.account or house.app.id) is answer
    assert titles(alone[0]) == ["总部"]
    assert len(titles(alone[1])) == 2
    assert titles(alone[2]) == []
    urls = [orjson.loads(answer.body)["data"]["shelf"]["nodes"] for answer in alone[3:5]]
    assert urls[0][0]["trackedUrl"] != urls[1][0]["trackedUrl"]
    assert asked(house, language="en").etag != asked(house, language="zh").etag


def test_what_is_not_made_of_content_alone_has_no_name(house):
    rep = house.hire("r1")
    for query in (
        "{ me { unreadReminders } }",
        "{ customers { totalCount } }",
        '{ search(text: "养老") { totalCount } }',
        "{ campaigns(running: true) { totalCount } }",
        "{ materials { nodes { placements { state } } } }",
        "{ materials { totalCount } me { id } }",
        "{ materials { totalCount } ...f } fragment f on Query { me { id } }",
    ):
        answer = house.answer(query, rep)
        assert answer.outcome is Outcome.ANSWERED
        assert answer.etag == "", query
    assert house.answer("{ materials { totalCount } }", rep).etag


def test_an_answer_with_an_error_is_not_kept(house):
    missing = house.answer('{ material(id: "soon") { title } }')
    assert missing.etag == ""
    house.materials.create("script", "来了", code="soon", by="li")
    assert house.ask('{ material(id: "soon") { title } }') == {"material": {"title": "来了"}}


def test_a_persisted_query_is_asked_by_its_hash_once_its_text_is_known(house):
    import hashlib

    house.shown("图文")
    hash_ = hashlib.sha256(SHELF.encode()).hexdigest()
    unknown = house.answer(None, persisted=hash_, channel="app")
    assert unknown.outcome is Outcome.NOT_KNOWN
    (error,) = orjson.loads(unknown.body)["errors"]
    assert error["message"] == "PersistedQueryNotFound"
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    told = house.answer(SHELF, persisted=hash_, channel="app")
    assert house.answer(None, persisted=hash_.upper(), channel="app") is told
    wrong = house.answer(SHELF + " ", persisted=hash_, channel="app")
    assert wrong.outcome is Outcome.REFUSED
    assert house.answer(None).outcome is Outcome.REFUSED


def test_a_document_that_fails_is_not_persisted(house):
    import hashlib

    bad = "{ nonsense }"
    hash_ = hashlib.sha256(bad.encode()).hexdigest()
    house.answer(bad, persisted=hash_)
    assert house.answer(None, persisted=hash_).outcome is Outcome.NOT_KNOWN


def test_who_only_reads_changes_nothing(house):
    deed = 'mutation { createMaterial(input: {type: "script", title: "一"}) { material { id } } }'
    assert house.answer(deed, reading=True).outcome is Outcome.NOT_A_QUESTION
    assert house.ask("{ materials { totalCount } }") == {"materials": {"totalCount": 0}}


def test_an_operation_is_named_as_it_is_or_not_at_all(house):
    named = "query Here { me { id } }"
    assert house.answer(named, operation="Here").outcome is Outcome.ANSWERED
    assert house.answer(named, operation="There").outcome is Outcome.REFUSED
    assert house.answer(named).outcome is Outcome.ANSWERED


def test_the_answers_kept_are_bounded_by_their_bytes():
    kept = Answers(size=100, largest=60)
    for name in "abc":
        kept.keep(name, Answer(b"x" * 40, name))
    assert kept.of("a") is None
    assert kept.of("b") is not None
    kept.keep("d", Answer(b"x" * 40, "d"))
    assert kept.of("c") is None, "b was asked for since"
    kept.keep("e", Answer(b"x" * 61, "e"))
    assert kept.of("e") is None
    kept.keep("b", Answer(b"y", "b"))
    kept.keep("f", Answer(b"x" * 50, "f"))
    assert [name for name in "bdf" if kept.of(name)] == ["b", "d", "f"]


def test_the_documents_kept_are_bounded_by_their_text(house):
    for n in range(60):
        house.answer("{ me { id } }" + f"# {n:04}" + "长" * 6_000)
    assert house.edition.documents._held <= 262_144
    assert house.edition.documents.held("0") is None


def test_what_we_failed_at_is_told_by_the_word_of_every_door_and_without_a_reason(caplog):
    wrong = GraphQLError("x", original_error=RuntimeError("a password"))

    entry = told(wrong, "en")

    assert entry["extensions"] == {"code": "failed"}
    assert "password" not in str(entry)
    assert caplog.records[0].exc_info[1].args == ("a password",)
