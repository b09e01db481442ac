"""A company adds fields and types on a page; the form of its materials has them at once."""

import pytest


def add(desk, **form):
    told = {"act": "field", "type": "script", "name": "occasion", "kind": "text", "zh": "场合"}
    return desk.post("/console/types", **(told | form))


@pytest.mark.rule("R5.1")
def test_a_field_is_there_at_once_and_its_kind_is_the_companys(rooms, desk):
    assert "内容类型已更新" in add(desk).text
    assert "场合" in desk.get("/console/materials/new?type=script").text
    made = rooms.materials.create("script", "话术", fields={"occasion": "初见"}, by="li")
    assert made.fields == {"occasion": "初见"}
    assert "已是另一种类型" in add(desk, type="poster", kind="number").text
    assert "已有字段" in add(desk).text
    assert add(desk, type="poster").status_code == 200


def test_a_choice_needs_choices_and_a_name_is_a_name(desk):
    assert add(desk, name="size", kind="choice").status_code == 422
    assert add(desk, name="size", kind="choice", choices="大，小").status_code == 200
    assert add(desk, name="Big Size").status_code == 422
    assert add(desk, name="size2", kind="colour").status_code == 422


def test_a_type_of_its_own_is_made_after_another(rooms, desk):
    page = desk.post("/console/types", act="type", code="quiz", zh="问答", like="poster").text
    assert "问答" in page
    assert rooms.types.one("quiz").tracking == rooms.types.one("poster").tracking
    again = desk.post("/console/types", act="type", code="quiz", zh="问答", like="poster")
    assert again.status_code == 422


def test_a_publisher_adds_nothing(desk_of):
    assert add(desk_of("publisher")).status_code == 403


@pytest.mark.browser
def test_the_page_is_for_everybody(for_everybody):
    for path in ("types", "types?lang=en"):
        for_everybody(path)
