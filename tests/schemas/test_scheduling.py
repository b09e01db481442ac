"""Scheduled edits through GraphQL: written, looked at, altered, reviewed, withdrawn, and told."""

from datetime import timedelta

import pytest

from kernel.actors import Role
from tests.schemas.conftest import editor

DAY = timedelta(days=1)
SCHEDULE = """mutation($m: ID!, $at: Moment!, $title: String) {
  scheduleEdit(input: {material: $m, takesEffect: $at, title: $title}) {
    edit { id stage takesEffect since by differences { field old new } material { title } }
    problems { field code } } }"""
PLANNED = """query($m: ID!) { scheduledEdits(material: $m) {
  id stage reviews { verdict by note } differences { new } } }"""
SHELF = """query($at: Moment) { shelf(channel: "app", at: $at) {
  nodes { title number material { title number } } } }"""


@pytest.fixture
def shown(house):
    tag = house.taxonomy.create("养老", "topic", by="stf_li")
    made = house.materials.create("image_text", "旧标题", tags=[tag.id], by="stf_li")
    house.shelf.place(
        made.id, house.app.id, opens=house.clock(), closes=house.clock() + 30 * DAY, by="li"
    )
    return made


def test_a_front_end_is_told_the_new_from_the_moment_on_with_another_etag(house, shown):
    at = house.clock() + DAY
    told = house.ask(SCHEDULE, m=shown.id, at=at.isoformat(), title="新标题")["scheduleEdit"]
    assert told["problems"] == []
    assert told["edit"]["stage"] == "waiting"
    assert told["edit"]["differences"] == [{"field": "title", "old": "旧标题", "new": "新标题"}]
    old = {"title": "旧标题", "number": 1}
    new = {"title": "新标题", "number": 2}
    assert house.ask(SHELF)["shelf"]["nodes"] == [{**old, "material": old}]
    assert house.ask(SHELF, at=at.isoformat())["shelf"]["nodes"] == [{**new, "material": new}]
    before = house.shelf.freshness()
    house.clock.move(DAY)
    assert house.shelf.freshness() != before
    assert house.ask(SHELF)["shelf"]["nodes"] == [{**new, "material": new}]


def test_it_is_altered_and_withdrawn(house, shown):
    at = (house.clock() + DAY).isoformat()
    edit = house.ask(SCHEDULE, m=shown.id, at=at, title="新标题")["scheduleEdit"]["edit"]["id"]
    alter = """mutation($e: ID!) { alterScheduledEdit(input: {edit: $e, title: "更新"}) {
      edit { stage } problems { code } } }"""
    house.ask(alter, e=edit)
    (planned,) = house.ask(PLANNED, m=shown.id)["scheduledEdits"]
    assert planned["differences"] == [{"new": "更新"}]
    withdraw = """mutation($e: ID!) { withdrawScheduledEdit(input: {edit: $e}) {
      edit { stage } problems { code } } }"""
    assert house.ask(withdraw, e=edit)["withdrawScheduledEdit"]["edit"] == {"stage": "withdrawn"}
    again = house.ask(withdraw, e=edit)["withdrawScheduledEdit"]
    assert again["problems"] == [{"code": "scheduled_edit_is_over"}]
    assert house.ask(PLANNED, m=shown.id)["scheduledEdits"] == []


def test_somebody_else_reviews_it(house, shown):
    house.policies.set("image_text", steps=1, four_eyes=True, by="boss")
    at = (house.clock() + DAY).isoformat()
    edit = house.ask(SCHEDULE, m=shown.id, at=at, title="新标题")["scheduleEdit"]["edit"]
    assert edit["stage"] == "in_review"
    waiting = "{ scheduledEditsToReview { id material { id } } }"
    wang = editor(id="stf_wang", staff="stf_wang")
    assert house.ask(waiting, wang)["scheduledEditsToReview"] == [
        {"id": edit["id"], "material": {"id": shown.id}}
    ]
    review = """mutation($e: ID!, $v: String!, $n: String) {
      reviewScheduledEdit(input: {edit: $e, verdict: $v, note: $n}) {
      edit { stage } problems { field code } } }"""
    (own,) = house.errors(review, e=edit["id"], v="approve")
    assert own["extensions"]["code"] == "forbidden"
    blank = house.ask(review, wang, e=edit["id"], v="return")["reviewScheduledEdit"]
    assert blank["problems"] == [{"field": "note", "code": "missing"}]
    done = house.ask(review, wang, e=edit["id"], v="approve")["reviewScheduledEdit"]
    assert done["edit"] == {"stage": "waiting"}


def test_a_rep_schedules_nothing(house, shown):
    rep, at = editor(role=Role.REP), (house.clock() + DAY).isoformat()
    (error,) = house.errors(SCHEDULE, rep, m=shown.id, at=at, title="新")
    assert error["extensions"]["code"] == "forbidden"
