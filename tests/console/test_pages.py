"""An editor's day in the console, without JavaScript."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image

from channels.base import Refused
from tests.rounds import publish_due

HOUR = timedelta(hours=1)
PAGES = (
    "/console/",
    "/console/materials",
    "/console/materials/new",
    "/console/materials/new?type=product_note",
    "/console/materials/{material}",
    "/console/materials/{material}/preview",
    "/console/tags",
    "/console/tags/pension",
    "/console/place",
    "/console/place?material={material}",
    "/console/shelf",
    "/console/shelf?account=board",
    "/console/placements/{placement}",
    "/console/deliveries",
    "/console/deliveries?state=",
)


def picture():
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "PNG")
    return io.BytesIO(out.getvalue())


def place(rooms, material, clock, account=None, opens=timedelta(0)):
    there = account or rooms.app
    opened = clock() + opens
    return rooms.publishing.place(
        material.id, there.id, opens=opened, closes=opened + HOUR, by="li"
    )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_in_both_languages(rooms, desk, material, clock, path, language):
    placement = place(rooms, material, clock)
    path = path.format(material=material.id, placement=placement.id)
    page = desk.get(path + ("&" if "?" in path else "?") + f"lang={language}")

    assert page.status_code == 200
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page.text
    assert 'name="viewport"' in page.text
    assert ">None<" not in page.text
    assert 'style="' not in page.text
    assert "onclick" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_who_did_not_sign_in_is_sent_to_the_door(rooms, desk_of, material, clock, path):
    placement = place(rooms, material, clock)
    answer = desk_of("").get(path.format(material=material.id, placement=placement.id))

    assert answer.status_code == 302
    assert answer.location.startswith("/login?next=/console/")


def test_a_material_is_made_with_its_types_fields_files_and_tags(rooms, desk):
    page = desk.post(
        "/console/materials/new?type=product_note",
        title="稳盈年金说明", summary="年年有领", body="<p>一</p><script>x()</script>",
        price="每年 5000 元", risk_level="R2", cover_file=(picture(), "封面.png"),
        tag=[rooms.pension.id],
    )  # fmt: skip

    assert page.status_code == 200
    assert "素材已建立" in page.text
    (made,) = rooms.materials.page().items
    assert made.fields == {"price": "每年 5000 元", "risk_level": "R2"}
    assert made.body == "<p>一</p>"
    assert rooms.media.one(made.cover).name == "封面.png"
    assert rooms.materials.about(made.id) == (rooms.pension.id,)


def test_a_form_that_does_not_fit_comes_back_as_typed_with_every_flaw(rooms, desk):
    page = desk.post(
        "/console/materials/new?type=proposal", title=" ", premium="很多",
        document_file=(io.BytesIO(b"<svg/>"), "a.svg"), summary="留着",
    )  # fmt: skip
    again = desk.post("/console/materials/new?type=proposal", title=" ", premium="很多")

    assert page.status_code == again.status_code == 422
    assert "不支持的文件" in page.text
    assert "留着" in page.text
    assert "应为数字" in again.text
    assert 'aria-invalid="true"' in again.text
    assert rooms.materials.page().items == []


def test_a_file_that_came_with_a_form_that_does_not_fit_need_not_be_chosen_again(
    rooms, desk, material
):
    new = "/console/materials/new?type=product_note"
    variant = f"/console/materials/{material.id}/variants?account={rooms.wall.id}&language="
    for path, long in ((new, "长" * 300), (variant, "长" * 33)):
        page = desk.post(path, title=long, cover_file=(picture(), "封面.png"))
        (cover,) = rooms.file_library.page().items
        assert page.status_code == 422
        assert f'name="cover" value="{cover.media.id}"' in page.text


def test_editing_keeps_what_it_does_not_touch_and_tells_the_slower_editor(rooms, desk, material):
    warm = rooms.taxonomy.create("温暖", "tone", by="li")
    path = f"/console/materials/{material.id}"
    first = desk.post(
        path,
        number="1",
        title="新题目",
        summary="三步",
        author="王",
        tag=[rooms.pension.id, warm.id],
    )
    second = desk.post(path, number="1", title="旧题目", summary="三步", tag=[])

    assert "已保存" in first.text
    assert second.status_code == 422
    assert "刚被别人改过" in second.text
    kept = rooms.materials.one(material.id)
    assert (kept.title, kept.fields) == ("新题目", {"author": "王"})
    assert set(rooms.materials.about(material.id)) == {rooms.pension.id, warm.id}


def test_two_who_edit_at_once_are_told_of_what_both_changed_and_of_nothing_else(
    rooms, desk, material
):
    warm = rooms.taxonomy.create("温暖", "tone", by="li")
    path, saw = f"/console/materials/{material.id}", rooms.pension.id
    form = {"number": "1", "title": material.title, "summary": "三步", "author": ""}
    form |= {"saw": saw, "tag": [saw]}
    desk.post(path, **form | {"summary": "甲写的", "tag": [saw, warm.id]})
    other = desk.post(path, **form | {"author": "乙"})
    assert "已保存" in other.text
    kept = rooms.materials.one(material.id)
    assert (kept.summary, kept.fields) == ("甲写的", {"author": "乙"})
    assert set(rooms.materials.about(material.id)) == {saw, warm.id}

    both = desk.post(path, **form | {"summary": "乙写的"})
    assert both.status_code == 422
    assert "双方都改了：摘要。再次保存" in both.text
    assert "both changed Summary." in desk.post(f"{path}?lang=en", **form | {"summary": "x"}).text
    shown = dict(re.findall(r'name="(number|author)" value="([^"]*)"', both.text))
    assert shown == {"number": str(kept.number), "author": "乙"}
    assert "乙写的" in both.text
    again = desk.post(f"{path}?lang=zh", **form | shown | {"summary": "乙写的"})
    assert "已保存" in again.text
    kept = rooms.materials.one(material.id)
    assert (kept.summary, kept.fields) == ("乙写的", {"author": "乙"})


def test_forbidden_words_are_pointed_out(rooms, desk):
    made = rooms.materials.create("script", "开场", body="{客户称呼}，保本又稳赚", by="li")

    page = desk.get(f"/console/materials/{made.id}").text
    assert "保本、稳赚" in page
    assert "客户称呼" in page


def test_the_library_is_searched_filtered_and_tagged_in_bulk(rooms, desk, material):
    other = rooms.materials.create("script", "开场白", by="li")
    rooms.finding.follow()
    rooms.taxonomy.create("温暖", "tone", code="warm", by="li")

    assert "开场白" not in desk.get("/console/materials?q=养老").text
    assert "开场白" not in desk.get("/console/materials?tag=yanglao").text
    assert "开场白" in desk.get("/console/materials?type=script").text
    page = desk.post("/console/materials/tags", material=[material.id, other.id], add="调性 · 温暖")
    assert "已给 2 份素材贴标" in page.text
    assert rooms.materials.about(other.id) == (rooms.taxonomy.one("warm").id,)
    assert "请先勾选素材" in desk.post("/console/materials/tags", add="温暖").text
    assert (
        "没有这个标签"
        in desk.post("/console/materials/tags", material=[other.id], add="不存在的").text
    )


def test_tags_are_made_renamed_moved_and_merged(rooms, desk, material):
    desk.post("/console/tags", facet="topic", zh="养老社区", parent="养老", synonyms="康养，银发")
    home = rooms.taxonomy.find("康养")[0]
    assert home.parent == rooms.pension.id
    assert "养老社区" in desk.get("/console/tags?facet=topic").text
    assert "同一位置已有标签" in desk.post("/console/tags", facet="topic", zh="养老").text

    path = f"/console/tags/{home.id}"
    assert "养老村" in desk.post(path, act="rename", zh="养老村", en="Village").text
    desk.post(path, act="move", other="")
    assert rooms.taxonomy.one(home.id).parent is None
    assert "标签已合并" in desk.post(path, act="merge", other="主题 · 养老").text
    assert rooms.taxonomy.one(home.id).id == rooms.pension.id


@pytest.mark.rule("R3.2")
def test_placing_says_all_that_is_missing_and_then_places(rooms, desk, clock):
    bare = rooms.materials.create("image_text", "没贴标", by="li")
    form = {"material": bare.id, "account": rooms.app.id, "opens": "", "closes": ""}

    checked = desk.post("/console/place", act="check", **form)
    refused = desk.post("/console/place", act="place", **form)
    for page in (checked, refused):
        assert "还没有贴标签" in page.text
        assert page.text.count("缺少上架时间窗") >= 2
    assert (checked.status_code, refused.status_code) == (200, 422)

    rooms.materials.tag(bare.id, ["pension"], by="li")
    form |= {"opens": "2026-03-02T17:00", "closes": "2026-03-02T18:00"}  # 09:00 in UTC
    assert "检查通过" in desk.post("/console/place", act="check", **form).text
    assert "已安排上架" in desk.post("/console/place", act="place", **form).text
    (placement,) = rooms.shelf.standing(rooms.app.id)
    assert (placement.opens, placement.closes) == (clock(), clock() + HOUR)
    assert "已有投放" in desk.post("/console/place", act="place", **form).text


def test_the_shelf_shows_now_and_next_and_loses_at_once_what_is_retired(
    rooms, desk, material, clock
):
    place(rooms, material, clock)
    place(rooms, material, clock, opens=2 * HOUR)
    (standing,) = rooms.shelf.standing(rooms.app.id)

    page = desk.get("/console/shelf?account=app").text
    assert page.count(material.title) >= 2
    assert "已展示" in page
    assert "等待上架" in page
    gone = desk.post("/console/shelf/retire", key=standing.id)
    assert "已下架" in gone.text
    assert rooms.shelf.standing(rooms.app.id) == []


def test_a_branch_sees_its_own_shelf_and_headquarters_and_no_other_branchs(rooms, desk_of, clock):
    for unit, title in (("", "总部的"), ("north", "华北的"), ("south", "华南的")):
        made = rooms.materials.create("script", title, by="li", unit=unit, tags=["pension"])
        place(rooms, made, clock)
        place(rooms, made, clock, opens=2 * HOUR)
    south = next(p for p in rooms.shelf.standing(rooms.app.id) if p.unit == "south")
    north = desk_of("editor", "north")

    for path in ("/console/shelf?account=app", "/console/"):
        page = north.get(path).text
        assert "总部的" in page
        assert "华北的" in page
        assert "华南的" not in page
    assert rooms.shelf.tally(rooms.app.id, sight={"", "north"}) == (2, 2)
    assert rooms.shelf.tally(sight=()) == (0, 0)
    assert north.get(f"/console/placements/{south.id}").status_code == 404
    moved = {"opens": "2026-03-02T17:00", "closes": "2026-03-02T18:00"}
    assert north.post(f"/console/placements/{south.id}", **moved).status_code == 404


def test_a_window_is_moved_until_it_is_over(rooms, desk, material, clock):
    placement = place(rooms, material, clock)
    path = f"/console/placements/{placement.id}"

    moved = desk.post(path, opens="2026-03-02T17:00", closes="2026-03-02T20:00")
    assert "时间已更改" in moved.text
    assert rooms.shelf.one(placement.id).closes == clock() + 3 * HOUR
    assert desk.post(path, opens="2026-03-02T17:00", closes="2026-03-02T16:00").status_code == 422


def test_a_failed_delivery_is_shown_with_its_reason_and_tried_again(rooms, desk, material, clock):
    place(rooms, material, clock, account=rooms.wall)
    rooms.board.trouble = [Refused("platform_refused", account="公众号", code=45009, detail="x")]
    publish_due(rooms.publishing)

    page = desk.get("/console/deliveries").text
    assert material.title in page
    assert "state bad" in page
    assert "条投放需要人工处理" in desk.get("/console/").text
    (delivery,) = rooms.deliveries.page().items
    assert "已重新排队" in desk.post(f"/console/deliveries/{delivery.id}/retry").text
    publish_due(rooms.publishing)
    assert "已展示" in desk.get("/console/shelf?account=board").text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("rep", "/console/tags", 200),
        ("rep", "/console/deliveries", 403),
        ("rep", "/console/materials/new", 403),
        ("analyst", "/console/place", 403),
        ("publisher", "/console/place", 200),
        ("publisher", "/console/materials/new", 403),
    ],
)
def test_what_a_role_may_not_do_it_is_not_shown(desk_of, role, path, status):
    assert desk_of(role).get(path).status_code == status


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/console/materials/new?type=script", {"title": "x"}),
        ("/console/tags", {"zh": "x", "facet": "topic"}),
        ("/console/place", {"act": "place"}),
        ("/console/shelf/retire", {"key": "x"}),
    ],
)
def test_what_a_role_may_not_do_it_cannot_do(rooms, desk_of, path, form):
    assert desk_of("rep").post(path, **form).status_code == 403
    assert rooms.materials.page().items == []


@pytest.mark.parametrize("role", ["customer", "channel_app", "collector"])
@pytest.mark.parametrize("path", ["shelf", "calendar", "coverage", "placements/x", "shortcuts"])
def test_customers_and_machines_that_may_look_at_a_shelf_see_no_page_of_it(desk_of, role, path):
    assert desk_of(role).get(f"/console/{path}").status_code == 403
    assert desk_of(role).post("/console/views/shelf", title="x", shared="yes").status_code == 403


@pytest.mark.parametrize(
    "asked", ["calendar?on=0001-01-01", "calendar?on=9999-12-31&by=month",
              "shelf?endpoint=x&_scheme=x&_external=1", "materials/{0}?key=other&lang=en"]
)  # fmt: skip
def test_an_address_that_nobody_would_write_opens_the_page_all_the_same(desk, material, asked):
    page = desk.get("/console/" + asked.format(material.id))
    assert page.status_code == 200
    assert "/console/materials/other" not in page.text
