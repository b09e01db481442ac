"""The page about personal data: requests and their proofs, what stays, and erasing from there."""

import json

import pytest

from data_hub.asked_of_us import Requests, Stands
from data_hub.echoes import Echoes
from data_hub.emptying import Emptying
from data_hub.identities import own_id
from data_hub.privacy import Privacy
from data_hub.retention import Retention, periods
from kernel.errors import NotFound
from kernel.secret import Secret
from tests.data_hub.telling import event, mobile, user


@pytest.fixture
def rooms(knowing_rooms):
    r = knowing_rooms
    r.emptying = Emptying(r.records, r.people, r.history, r.changes)
    r.privacy = Privacy(
        r.records, r.people, r.identities, r.journal, r.history, r.fold, r.digest, r.changes,
        r.emptying, Echoes(r.people, r.digest, r.clock), key=Secret("ab" * 32),
    )  # fmt: skip
    r.requests = Requests(r.records, r.emptying)
    r.retention = Retention(
        r.history, r.people, r.profiles, r.digest, r.emptying, r.clock,
        days=periods("conversations=730,browsing=1095"),
    )  # fmt: skip
    r.tell(
        event("identified", user("mother"), mobile(), account=r.app.id,
              detail={"traits": {"name": "林秀兰", "phone": "13800138000"}}),
        event("viewed_page", user("other"), minutes=1, account=r.app.id),
    )  # fmt: skip
    return r


def test_she_is_looked_for_then_erased_by_a_typed_word_and_the_proof_stands_there(rooms, desk_of):
    desk = desk_of("admin")
    assert "还没有人要求过" in desk.get("/console/privacy").text
    found = desk.post("/console/privacy", act="look", who="13800138000").text
    assert "1 条行为，2 个标识" in found
    her = own_id(user("mother"))
    for typed, field in (
        ({"really": "删除"}, "reason"),
        ({"reason": "到店", "really": "好"}, "really"),
    ):
        refused = desk.post("/console/privacy", act="erase", who=her, **typed)
        assert refused.status_code == 422
        assert f'id="wrong-{field}"' in refused.text
    assert rooms.identities.resolve(her)

    page = desk.post(
        "/console/privacy", act="erase", who=her, reason="到店申请", really="删除"
    ).text
    assert "到店申请" in page
    assert "林秀兰" not in page
    with pytest.raises(NotFound):
        rooms.identities.resolve(her)
    (request,) = rooms.requests.latest()
    assert (request.act, request.events, request.stands) == ("erased", 1, Stands.DONE)
    sheet = desk.get("/console/privacy.csv").text.splitlines()
    assert len(sheet) == 2
    assert request.proof in sheet[1]


def test_everything_held_goes_out_and_that_is_told_too(rooms, desk_of):
    desk = desk_of("admin")
    held = desk.post("/console/privacy", act="export", who=own_id(user("mother")))
    assert held.headers["Cache-Control"] == "no-store"
    assert json.loads(held.text)["events"][0]["kind"] == "identified"
    assert [each.act for each in rooms.requests.latest()] == ["exported"]


@pytest.mark.parametrize("who", ["", "13900000000", "cus_none"])
def test_nobody_is_no_customer(rooms, desk_of, who):
    refused = desk_of("admin").post("/console/privacy", act="look", who=who)
    assert refused.status_code == 422
    assert 'id="wrong-who"' in refused.text


def test_a_reader_in_the_way_and_what_was_broken_off_are_told(rooms, desk_of):
    mark = rooms.privacy.mark_of("cus_a")
    with rooms.records.write():
        rooms.changes.note("erasure_begun", "customer", mark, by="li", marks=[mark])
    assert [each.stands for each in rooms.requests.latest()] == [Stands.BROKEN_OFF]
    assert "中断：请重新办理" in desk_of("admin").get("/console/privacy").text

    proof = rooms.changes.note("erased", "customer", mark, by="li", events=2, rows=3, reason="").id
    rooms.emptying.ask(proof, [mark])
    assert [each.stands for each in rooms.requests.latest()] == [Stands.BYTES_LEFT]
    assert "等待清空日志</span>" in desk_of("admin").get("/console/privacy").text
    assert rooms.emptying.run()
    (request,) = rooms.requests.latest()
    assert (request.stands, request.emptied is not None) == (Stands.DONE, True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_kept_how_long_is_told_in_both_languages(rooms, desk_of, language):
    page = desk_of("admin").get(f"/console/privacy?lang={language}").text
    assert {"zh": "1,095 天", "en": "1,095 days"}[language] in page
    assert {"zh": "30 天", "en": "30 days"}[language] in page
    assert page.count({"zh": "不限期", "en": "no end"}[language]) == 2
    assert ">None<" not in page


def test_it_is_for_admins_alone(rooms, desk_of):
    for role in ("analyst", "team_lead", "editor"):
        desk = desk_of(role)
        assert desk.get("/console/privacy").status_code == 403
        assert desk.get("/console/privacy.csv").status_code == 403
        assert (
            desk.post("/console/privacy", act="erase", who=own_id(user("other"))).status_code == 403
        )


@pytest.mark.browser
def test_the_page_is_for_everybody(rooms, for_everybody):
    rooms.privacy.erase(own_id(user("other")), by="li", reason="到店申请")
    for path in ("privacy", "privacy?lang=en"):
        for_everybody(path, role="admin")
