"""The library by key and click: found, narrowed, twenty tagged at once, undone (U9, U11, U17)."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def shelf(rooms):
    """Twenty-five materials of two types, followed by the search."""
    rooms.taxonomy.create("首购", "stage", code="first", en="First purchase", by="li")
    made = [
        rooms.materials.create(
            "poster" if n % 5 else "script", f"养老规划第{n}讲", tags=["pension"] if n % 2 else [],
            by="li",
        )
        for n in range(25)
    ]  # fmt: skip
    rooms.materials.create("script", "重疾理赔指南", by="li")
    while rooms.finding.follow():
        pass
    return made


def acts(page, *chords):
    """Does them, and says how many they were."""
    for each in chords:
        page.keyboard.press(each)
    return len(chords)


def test_the_list_is_narrowed_by_what_is_counted(desk, shelf):
    page = desk.get("/console/materials?q=养老").text
    assert re.search(r"海报 <b>20</b>", page)
    assert re.search(r"话术 <b>5</b>", page)
    assert re.search(r'tag=pension">养老 <b>12</b>', page)
    narrowed = desk.get("/console/materials?q=养老&type=script&tag=pension").text
    assert "共 2 条" in narrowed
    assert re.search(r"海报 <b>10</b>", narrowed)
    two = desk.get("/console/materials?tag=pension&tag=首购").text
    assert "共 0 条" in two
    assert "没有这个标签" in desk.get("/console/materials?tag=xyzzy").text


def test_a_view_is_saved_seen_by_colleagues_and_removed(desk, desk_of, shelf):
    saved = desk.post("/console/views/library?q=养老&tag=pension", title="养老", shared="yes").text
    assert "视图已保存" in saved
    assert 'aria-current="true">养老</a>' in saved
    other = desk_of("publisher stf_wang").get("/console/materials").text
    link = re.search(r'<a class="chip" href="(/console/materials[^"]+)">养老 · 同事共享', other)[1]
    assert "共 12 条" in desk.get(link.replace("&amp;", "&")).text
    key = re.search(r"/console/views/library/(svw_\w+)", saved)[1]
    assert "视图已删除" in desk.post(f"/console/views/library/{key}").text
    assert desk.post("/console/views/nowhere", title="x").status_code == 422
    assert desk.get("/console/views/library").status_code == 303
    assert desk_of("").post("/console/views/library", title="x").status_code in {302, 303, 401}


def test_what_was_tagged_is_taken_back_by_one_button(rooms, desk, shelf):
    ids = [each.id for each in shelf[:20]]
    page = desk.post("/console/materials/tags?q=养老", material=ids, add="养老、阶段 · 首购").text
    assert "已给 20 份素材贴标" in page
    worn = rooms.materials.topics(ids)
    assert all(len(tags) == 2 for tags in worn.values())
    undo = re.search(r'action="(/console/tagging/tgr_\w+)"', page)[1]
    desk.post(undo)
    assert sorted(len(tags) for tags in rooms.materials.topics(ids).values()) == [0] * 10 + [1] * 10


@pytest.mark.browser
def test_u11_found_by_pinyin_tag_or_typo_and_opened_in_two(opened, shelf):
    for typed in ("zhongjilipei", "重疾里赔", "重疾"):
        page = opened("")
        n = acts(page, "/")
        page.keyboard.type(typed)
        with page.expect_navigation():
            n += acts(page, "Enter")
        assert n <= 2
        assert page.locator("h1").inner_text() == "重疾理赔指南"


@pytest.mark.browser
def test_u9_and_u17_twenty_get_two_tags_in_five_and_one_key_takes_them_back(opened, rooms, shelf):
    page = opened("materials")
    boxes = page.locator("[name=material]")
    boxes.nth(0).click()  # 1
    boxes.nth(19).click(modifiers=["Shift"])  # 2
    page.locator("[name=add]").fill("养老，首购")  # 3
    with page.expect_navigation():
        page.get_by_role("button", name="应用").click()  # 4
    worn = rooms.materials.topics([each.id for each in shelf])
    assert sum(len(tags) == 2 for tags in worn.values()) >= 19
    with page.expect_navigation():
        acts(page, "u")  # U17: one
    undone = rooms.materials.topics([each.id for each in shelf])
    assert sum(len(tags) == 2 for tags in undone.values()) == 0


@pytest.mark.browser
def test_u9_by_key_alone(opened, rooms, shelf):
    page = opened("materials")
    n = acts(page, "j", "x", *["j"] * 4, "Shift+X")  # a stretch by key
    expect(page.locator("[name=material]:checked")).to_have_count(5)
    n += acts(page, "a", "t")  # and all twenty of the page
    page.keyboard.type("养老，首购")
    with page.expect_navigation():
        n += acts(page, "Enter")
    assert n <= 23
    worn = rooms.materials.topics([each.id for each in shelf])
    assert sum(len(tags) == 2 for tags in worn.values()) >= 19


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, desk, shelf):
    desk.post("/console/views/library?q=养老", title="养老")
    for path in ("materials?q=养老&tag=pension", "materials?q=养老&lang=en", "shortcuts"):
        for_everybody(path)


@pytest.mark.browser
def test_what_cannot_be_found_at_once_is_asked_of_the_page(opened):
    """Without a network for a moment, Enter asks the library instead of doing nothing."""
    page = opened("materials")
    page.route("**/find*", lambda route: route.abort())
    page.locator("[data-finder] input[type=search]").fill("养老")
    page.keyboard.press("Enter")
    page.wait_for_url("**/materials?q=*")
