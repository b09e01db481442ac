"""Made there, managed here, in the console: works are chosen, testers see what is not out."""

import pytest

from channels.base import Busy
from channels.works import Work


@pytest.fixture
def there(rooms):
    rooms.board.works = {
        key: Work(id=key, title=f"平台上的{key}", url=f"https://p.cn/{key}") for key in ("a1", "a2")
    }
    return rooms.board.works


def test_what_is_ticked_becomes_a_reference_and_waits_for_its_tags(rooms, desk, there):
    page = desk.get("/console/elsewhere").text
    assert page.count('name="work"') == 2
    told = desk.post("/console/elsewhere", account=rooms.wall.id, work=["a1"])
    assert "1 条平台内容已纳入管理" in told.text
    assert "平台上的a1" in told.text
    (made,) = rooms.materials.page(untagged=True).items
    assert (made.title, made.source_id) == ("平台上的a1", "a1")
    assert desk.get("/console/elsewhere").text.count('name="work"') == 1
    rooms.materials.tag(made.id, [rooms.pension.id], by="li")
    assert "平台上的a1" not in desk.get("/console/materials?untagged=yes").text


def test_a_platform_that_is_away_is_told_on_the_page(rooms, desk, there):
    rooms.board.trouble = [Busy("platform_busy")]
    assert desk.get("/console/elsewhere").status_code == 200


def test_a_work_that_is_gone_is_told_beside_the_list(rooms, desk, there):
    told = desk.post("/console/elsewhere", account=rooms.wall.id, work=["gone"])
    assert told.status_code == 422
    assert rooms.materials.page(untagged=True).items == []


def test_a_tester_sees_it_before_anybody_else(rooms, desk, material):
    page = f"/console/materials/{material.id}/testers"
    assert "发给测试者" in desk.get(page).text
    told = desk.post(page, account=rooms.wall.id, tester=" tester_wx ")
    assert "已发给测试者" in told.text
    ((tester, post),) = rooms.board.previewed
    assert (tester, post.title) == ("tester_wx", material.title)
    assert rooms.board.shown == []


def test_without_a_tester_it_is_refused_beside_the_field(rooms, desk, material):
    told = desk.post(f"/console/materials/{material.id}/testers", account=rooms.wall.id, tester="")
    assert told.status_code == 422
    assert rooms.board.previewed == []
