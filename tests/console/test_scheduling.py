"""Scheduled edits in the console: written in the material's own form, altered, reviewed."""

import re
from datetime import timedelta

import pytest

DAY = timedelta(days=1)
PAGES = (
    "materials/{}/scheduled", "materials/{}/scheduled?lang=en", "materials/{}/versions", "reviews",
)  # fmt: skip


@pytest.fixture
def made(rooms):
    return rooms.materials.create(
        "image_text", "旧标题", summary="旧摘要", body="<p>正文</p>", tags=["pension"], by="stf_li"
    )


@pytest.fixture
def author(desk_of):
    return desk_of("editor")


@pytest.fixture
def tomorrow(rooms, clock):
    return rooms.zone.local(clock() + DAY).strftime("%Y-%m-%dT%H:%M")


def save(desk, material, at, **said):
    told = {"title": "旧标题", "summary": "旧摘要", "body": "<p>正文</p>", "tag": "pension"} | said
    return desk.post(
        f"/console/materials/{material.id}", act="schedule", takes_effect=at, **told
    )  # fmt: skip


def test_an_edit_with_a_moment_is_not_saved_at_once(rooms, author, made, tomorrow, clock):
    page = save(author, made, tomorrow, title="新标题")
    assert "已预约" in page.text
    assert "新标题" in page.text
    assert "旧摘要" not in page.text
    assert rooms.materials.one(made.id).title == "旧标题"
    assert "新标题" not in author.get(f"/console/materials/{made.id}").text
    versions = author.get(f"/console/materials/{made.id}/versions").text
    assert "待生效" in versions
    for each in (page.text, versions):
        assert re.search("<time [^>]*>[^<]*</time> 起", each)
        assert "&lt;time" not in each
    clock.move(DAY)
    assert rooms.materials.one(made.id).title == "新标题"
    assert "已生效" in author.get(f"/console/materials/{made.id}/scheduled").text


def test_without_a_moment_or_in_the_past_the_form_says_so_and_keeps_what_was_typed(
    rooms, author, made, clock
):
    earlier = rooms.zone.local(clock() - DAY).strftime("%Y-%m-%dT%H:%M")
    for at in ("", earlier):
        refused = save(author, made, at, title="新标题")
        assert refused.status_code == 422
        assert 'id="wrong-takes_effect"' in refused.text
        assert "新标题" in refused.text
    assert rooms.scheduled_edits.of(made.id) == []


def test_it_is_altered_in_the_same_form_and_withdrawn_with_a_button(rooms, author, made, tomorrow):
    save(author, made, tomorrow, title="新标题")
    (planned,) = rooms.scheduled_edits.of(made.id)
    edit = planned.edit.id
    form = author.get(f"/console/materials/{made.id}?edit={edit}").text
    assert "新标题" in form
    assert tomorrow in form
    save(author, made, tomorrow, title="新标题", summary="新摘要", edit=edit)
    (planned,) = rooms.scheduled_edits.of(made.id)
    assert [each.field for each in planned.differences] == ["title", "summary"]
    other = rooms.materials.create("image_text", "另一篇", tags=["pension"], by="stf_li")
    stray = author.post(f"/console/materials/{other.id}/scheduled", act="withdraw", edit=edit)
    assert stray.status_code == 404
    done = author.post(f"/console/materials/{made.id}/scheduled", act="withdraw", edit=edit)
    assert "已撤回" in done.text
    assert "没有预约的改动" in done.text


def test_a_reviewer_finds_it_in_her_queue_and_her_author_may_not_approve(
    rooms, author, desk_of, made, tomorrow
):
    rooms.policies.set("image_text", steps=1, four_eyes=True, by="boss")
    save(author, made, tomorrow, title="新标题")
    (planned,) = rooms.scheduled_edits.of(made.id)
    wang = desk_of("publisher stf_wang")
    assert "待审核的预约改动" in wang.get("/console/reviews").text
    path = f"/console/materials/{made.id}/scheduled"
    blank = wang.post(path, act="return", edit=planned.edit.id, note=" ")
    assert blank.status_code == 422
    assert desk_of("rep").post(path, act="approve", edit=planned.edit.id).status_code == 403
    assert "已通过" in wang.post(path, act="approve", edit=planned.edit.id).text
    assert "待审核的预约改动" not in wang.get("/console/reviews").text
    assert rooms.scheduled_edits.of(made.id)[0].stage == "waiting"


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, made, clock):
    rooms.policies.set("image_text", steps=1, by="boss")
    for n in (1, 2):
        rooms.scheduled_edits.schedule(made.id, clock() + n * DAY, title=f"新 {n}", by="stf_li")
    for path in PAGES:
        for_everybody(path.format(made.id), role="publisher stf_wang")
