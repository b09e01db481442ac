"""Proposed tags are answered by one form, or by sixty keys for fifty materials, and taken back."""

import re

import pytest

from content_hub.suggestions import Answer


@pytest.fixture
def fifty(rooms):
    rooms.taxonomy.create("促销", "purpose", code="purpose.promotion", by="li")
    return [
        rooms.materials.create("script", f"养老话术 {n}", summary="限时", by="li").id
        for n in range(50)
    ]


def test_what_is_ticked_is_put_on_and_the_rest_refused_and_all_taken_back(rooms, desk, fifty):
    page = desk.get("/console/suggestions").text
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    assert len(shown) == 100
    pension = rooms.taxonomy.one("pension").id
    yes = [each for each in shown if each.endswith(pension)]
    after = desk.post("/console/suggestions", shown=shown, yes=yes).text
    assert "已贴上 50 个标签" in after
    assert set(rooms.materials.topics(fifty).values()) == {(pension,)}
    assert "没有可提议的标签" in after
    batch = re.search(r"/console/suggestions/(tan_\w+)", after)[1]
    desk.post(f"/console/suggestions/{batch}")
    assert set(rooms.materials.topics(fifty).values()) == {()}
    assert desk.post(f"/console/suggestions/{batch}").status_code == 422
    assert desk.post("/console/suggestions").status_code == 422


def test_answers_of_another_are_taken_back_by_whoever_works_for_all_content(
    rooms, desk, desk_of, fifty
):
    told = rooms.suggestions.answer([Answer(fifty[0], "pension", accept=True)], by="wang")
    path = f"/console/suggestions/{told.batch}"
    assert desk_of("editor", "branch").post(path).status_code == 403
    assert rooms.materials.about(fifty[0]) == (rooms.pension.id,)
    assert desk.post(path).status_code == 200
    assert rooms.materials.about(fifty[0]) == ()


def test_a_rep_answers_nothing(desk_of):
    assert desk_of("rep").get("/console/suggestions").status_code == 403


@pytest.mark.browser
def test_u10_fifty_materials_are_answered_with_sixty_keys(opened, rooms, fifty):
    page = opened("suggestions")
    keys = ["j", "2"]  # the first one's second is wrong
    keys += ["j"] * 49 + ["1", "2"] + ["s"]
    assert len(keys) <= 60
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press(keys[-1])
    worn = rooms.materials.topics(fifty)
    assert sorted(len(tags) for tags in worn.values()) == [0, 1] + [2] * 48


@pytest.mark.browser
def test_the_page_is_for_everybody(for_everybody, fifty):
    for path in ("suggestions", "suggestions?lang=en"):
        for_everybody(path)
