"""Every act on the vocabulary is on the tag page, and each is undone by one button."""

import pytest

from kernel.actors import Role


@pytest.fixture
def care(rooms):
    return rooms.taxonomy.create("康养", "topic", code="care", by="li")


def undo(rooms, desk):
    (act,) = rooms.taxonomy.acts.latest(1)
    return desk.post(f"/console/tag-acts/{act.id}")


def test_a_merge_and_a_retirement_are_undone_from_the_page(rooms, desk, care):
    desk.post("/console/tags/care", act="merge", other="养老")
    assert rooms.taxonomy.one("care").code == "pension"
    assert "合并" in desk.get("/console/tags").text
    assert "已撤销" in undo(rooms, desk).text
    assert rooms.taxonomy.one("care").code == "care"
    page = desk.post("/console/tags/care", act="retire").text
    assert "停用于" in page
    undo(rooms, desk)
    assert rooms.taxonomy.one("care").retired is None
    (act, *_) = rooms.taxonomy.acts.latest(1)
    assert desk.post(f"/console/tag-acts/{act.id}").status_code == 422


def test_a_tag_is_split_related_and_given_an_owner(rooms, desk, care):
    made = rooms.materials.create("script", "旅居怎么讲", tags=["care"], by="li").id
    page = desk.post("/console/tags/care", act="split", zh="旅居", text="旅居").text
    assert "1 / 1" in page
    assert rooms.materials.about(made) == (rooms.taxonomy.find("旅居")[0].id,)
    assert desk.post("/console/tags/care", act="split", zh="空", text="没有").status_code == 422
    assert "养老" in desk.post("/console/tags/care", act="relate", related="养老").text
    assert rooms.taxonomy.one("pension").related == [care.id]
    assert desk.post("/console/tags/care", zh="康养", owner="nobody").status_code == 422


def test_a_rep_changes_nothing(rooms, desk_of, care):
    (act,) = rooms.taxonomy.acts.latest(1)
    rep = desk_of("rep")
    assert rep.post(f"/console/tag-acts/{act.id}").status_code == 403
    assert rep.post("/console/tags/care", act="retire").status_code == 403


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, desk, care):
    desk.post("/console/tags/care", act="move", other="养老")
    for path in ("tags", "tags?lang=en", "tags/care"):
        for_everybody(path)


def test_an_editor_may_answer_for_a_tag_however_many_work_here(rooms, desk, care):
    for n in range(101):
        rooms.staff.add(f"r{n}", f"员工{n}", by="t")
    last = rooms.staff.add("wang", "王编", by="t", role=Role.EDITOR)
    left = rooms.staff.add("zhao", "赵代", by="t")
    rooms.taxonomy.rename(care.id, owner=left.id, by="t")
    page = desk.get("/console/tags/care").text
    assert f'value="{last.id}"' in page
    assert f'<option value="{left.id}" selected' in page
    assert f'value="{rooms.staff.id_of("r1")}"' not in page
