"""What editors do most, counted in a browser: U8, U12, U14, U15 and U17. The count is the test."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import expect

from channels.deliveries import State
from kernel.actors import VIPS
from kernel.errors import Conflict, Forbidden
from tests.rounds import send_due

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def picture(n):
    out = io.BytesIO()
    Image.new("RGB", (24, 24), (n * 9 % 256, 80, 120)).save(out, "PNG")
    return out.getvalue()


def files(n=20):
    """So many pictures; the last is the first once more, under another name."""
    sent = [(f"养老_海报 {each:02}.png", picture(each)) for each in range(n - 1)]
    return [*sent, ("又一份.png", picture(0))]


@pytest.fixture
def third(rooms):
    return rooms.accounts.add(
        code="app2", name="第二个 App", kind="app", ecosystem="own_app", by="li"
    )


def window(clock):
    return {"opens": clock() + DAY, "closes": clock() + 2 * DAY}


@pytest.mark.browser
def test_u8_twenty_files_are_titled_typed_and_known_again_in_three_acts(opened, rooms):
    page = opened("files")
    sent = [{"name": n, "mimeType": "image/png", "buffer": data} for n, data in files()]
    page.locator("input[type=file]").set_input_files(sent)  # 1
    with page.expect_navigation():
        page.get_by_role("button", name="上传").click()  # 2
    assert "新建 19 份，已有 1 份，未收下 0 份" in page.locator("[role=status]").inner_text()
    made = rooms.materials.page(first=100).items
    assert {each.type for each in made} == {"poster"}
    assert "养老 海报 07" in {each.title for each in made}
    with page.expect_navigation():
        page.keyboard.press("u")  # U17
    assert rooms.materials.page(first=100).items == []


def test_what_is_no_picture_keeps_the_others_from_nothing(rooms, desk):
    sent = [(io.BytesIO(data), name) for name, data in files(3)]
    page = desk.post("/console/files", file=[*sent, (io.BytesIO(b"<svg/>"), "x.svg")]).text
    assert "新建 2 份，已有 1 份，未收下 1 份" in page
    act = re.search(r"/console/files/(fls_\w+)/undo", page)[1]
    assert "已将 2 份新素材归档" in desk.post(f"/console/files/{act}/undo").text
    assert desk.post(f"/console/files/{act}/undo").status_code == 409
    assert desk.post("/console/files/fls_none/undo").status_code == 404
    assert desk.post("/console/files").status_code == 422


def test_the_same_file_sent_twice_at_one_moment_is_one_material(rooms):
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(
            lambda key: rooms.file_sets.bring(key, [("海报.png", picture(0))], by="stf_li"),
            [rooms.file_sets.new() for _ in range(4)],
        ))  # fmt: skip
    assert sorted(each.known for (each,) in told) == [False, True, True, True]
    assert len(rooms.materials.page(first=9).items) == 1


def test_nothing_is_posted_elsewhere_where_files_lie_in_a_folder(desk):
    assert "/console/files/posting" not in desk.get("/console/files").text
    assert desk.post("/console/files/posting", title="海报", ending=".png").status_code == 404


def test_an_upload_that_breaks_off_goes_on_in_its_set_and_is_taken_back_whole(rooms, desk):
    key = rooms.file_sets.new()

    def breaking_off():
        yield from files(4)[:2]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        rooms.file_sets.bring(key, breaking_off(), by="stf_li")
    sent = [(io.BytesIO(data), name) for name, data in files(4)]
    page = desk.post("/console/files", set=key, file=sent).text
    assert "新建 1 份，已有 3 份，未收下 0 份" in page
    assert f"/console/files/{key}/undo" in page
    with pytest.raises(Forbidden):
        rooms.file_sets.bring(key, [], by="stf_wang")
    assert rooms.file_sets.put_away(key, by="stf_li") == 3
    assert rooms.materials.page(first=100).items == []
    with pytest.raises(Conflict):
        rooms.file_sets.bring(key, files(2), by="stf_li")


@pytest.mark.browser
def test_u12_one_material_goes_to_three_accounts_with_previews_in_six_acts(
    opened, rooms, material, third
):
    page = opened(f"materials/{material.id}")
    with page.expect_navigation():
        page.get_by_role("link", name="上架这份素材").click()  # 1
    for each in (rooms.app, rooms.wall, third):
        page.get_by_label(each.name, exact=True).check()  # 2, 3, 4
    expect(page.locator(".look:visible")).to_have_count(3)
    with page.expect_navigation():
        page.locator("button[value=place]").click()  # 5
    assert "已在 3 个账号安排上架" in page.locator("[role=status]").inner_text()
    placed = rooms.shelf.of_material(material.id, 10)
    assert {each.account for each in placed} == {rooms.app.id, rooms.wall.id, third.id}
    with page.expect_navigation():
        page.keyboard.press("u")  # U17
    assert all(each.retired for each in rooms.shelf.of_material(material.id, 10))


def test_what_one_of_them_minds_is_said_before(rooms, desk, clock):
    bare = rooms.materials.create("image_text", "没贴标", by="li")
    form = {
        "material": bare.id,
        "account": [rooms.app.id, rooms.wall.id],
        "opens": "",
        "closes": "",
    }
    page = desk.post("/console/place", act="check", **form)
    assert page.status_code == 200
    assert page.text.count("至少一个标签") <= 2
    assert desk.post("/console/place", act="place", **form).status_code == 422
    assert desk.post("/console/place", act="check", material=bare.id).status_code == 200


@pytest.mark.browser
def test_u14_a_week_is_shifted_with_its_conflicts_seen_in_four_acts(opened, rooms, clock):
    for n in range(4):
        made = rooms.materials.create("image_text", f"本周第{n}篇", tags=["pension"], by="li")
        rooms.shelf.place(made.id, rooms.app.id, **window(clock), by="li")
    first = rooms.shelf.of_material(made.id, 1)[0]
    page = opened("calendar?on=" + rooms.zone.day(first.opens).isoformat())
    page.locator("[name=days]:not([type=hidden])").last.fill("3")  # 1
    with page.expect_navigation():
        page.locator("button[value=look]").click()  # 2
    assert "4" in page.locator("form [role=status]").inner_text()
    with page.expect_navigation():
        page.locator("button[value=shift]").click()  # 3
    assert rooms.shelf.one(first.id).opens == first.opens + 3 * DAY
    with page.expect_navigation():
        page.keyboard.press("u")  # U17
    assert rooms.shelf.one(first.id).opens == first.opens


@pytest.mark.browser
def test_u15_off_every_shelf_now_in_two_acts_and_a_typed_word(opened, rooms, material, clock):
    opens = clock() - HOUR
    for each in (rooms.app, rooms.wall):
        rooms.shelf.place(material.id, each.id, opens=opens, closes=clock() + DAY, by="li")
    while rooms.publishing.plan():
        pass
    page = opened(f"materials/{material.id}")
    page.locator("summary", has_text="全部下架").click()  # 1
    page.locator("[name=confirm]").fill("下架")  # the typed word
    with page.expect_navigation():
        page.get_by_role("button", name="立即全部下架").click()  # 2
    assert rooms.shelf.standing_ids("", [material.id]) == set()
    while send_due(rooms.publishing):
        pass
    assert not [
        each for each in rooms.deliveries.page(first=20).items
        if each.state == State.DONE and each.material == material.id and each.progress == "shown"
    ]  # fmt: skip


def test_without_the_word_nothing_is_taken_off(rooms, desk, material, clock):
    rooms.shelf.place(material.id, rooms.app.id, opens=clock(), closes=clock() + DAY, by="li")
    for typed in ("", "不"):
        refused = desk.post("/console/shelf/retire", key=material.id, confirm=typed)
        assert refused.status_code == 422
    assert rooms.shelf.standing_ids("", [material.id])
    desk.post("/console/shelf/retire", key=material.id, confirm="retire")
    assert not rooms.shelf.standing_ids("", [material.id])


def test_an_editor_of_a_branch_takes_nobody_elses_act_back(rooms, desk, desk_of, material, clock):
    told = {"opens": "2030-01-01T09:00", "closes": "2030-01-02T09:00"}
    page = desk.post("/console/place", material=material.id, account=rooms.app.id, **told).text
    undo = re.search(r"/console/place/pls_\w+/undo", page)[0]
    branch = desk_of("editor stf_wang", unit="unt_1")
    assert branch.post(undo).status_code == 403
    assert "已撤回 1 条投放" in desk.post(undo).text
    assert desk.post(undo).status_code == 422


@pytest.mark.browser
def test_the_pages_are_for_everybody(for_everybody, rooms, material, third):
    rooms.materials.edit(
        material.id, body="<h2>第一步</h2><p>算清缺口。</p>", cover=rooms.media.take(
            picture(3), by="li").id, by="li",
    )  # fmt: skip
    for path in (
        "files", f"place?material={material.id}&account=app&account=board",
        f"materials/{material.id}/previews", f"materials/{material.id}/previews?lang=en",
    ):  # fmt: skip
        for_everybody(path)


@pytest.mark.rule("R157.2")
def test_on_an_app_vips_are_first_and_one_button_takes_both_windows_back(
    desk, rooms, material, clock
):
    hours = {"opens": "2026-03-10T09:00", "closes": "2026-03-12T09:00", "vip_hours": "24"}
    placed = desk.post("/console/place", material=material.id, account=rooms.app.id, **hours)
    assert "VIP 先看" in placed.text
    early, everybody = sorted(rooms.shelf.of_material(material.id), key=lambda each: each.opens)
    assert (early.unit, early.closes) == (VIPS, everybody.opens)
    act = re.search(r"/console/place/(pls_\w+)/undo", placed.text)[1]
    desk.post(f"/console/place/{act}/undo")
    assert all(each.retired for each in rooms.shelf.of_material(material.id))
    wrong = desk.post("/console/place", material=material.id, account=rooms.wall.id, **hours)
    assert (wrong.status_code, "wrong-vip_hours" in wrong.text) == (422, True)
