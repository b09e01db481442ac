"""The calendar shows what opens when, and moves it by a form, a drag or a key; so does coverage."""

from datetime import timedelta

import pytest

from data_hub.standings.records import StandingRow

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("standing_rooms")


def stands(people, customer, desire, now):
    with people.write() as session:
        session.add(
            StandingRow(
                customer=customer, handle=f"phone::{customer}", node="acquire", node_since=now,
                stage="", stage_since=None, grade="", grade_reason="", desire=desire, began=now,
                occasions=0, first_bought=0.0, last_bought=0.0, spent=0.0, gaps=0, gap_sum=0.0,
                gap_squares=0.0,
            )
        )  # fmt: skip


@pytest.fixture
def placed(rooms, material):
    opens = rooms.clock() + timedelta(hours=2)
    return rooms.shelf.place(
        material.id, rooms.app.id, opens=opens, closes=opens + 3 * DAY, by="li"
    )


def test_a_week_has_a_lane_for_every_account_and_a_cell_for_every_day(desk, rooms, placed):
    page = desk.get("/console/calendar").text
    assert all(account.name in page for account in (rooms.app, rooms.wall))
    day = rooms.zone.day(placed.opens)
    cell = page.split(f'data-day="{day}"')[1].split("</td>")[0]
    assert "退休后的养老规划" in cell
    assert page.count("data-day=") == 14
    assert "退休后的养老规划" not in desk.get("/console/calendar?account=board").text
    assert "退休后的养老规划" not in desk.get(f"/console/calendar?on={day + 7 * DAY}").text


def test_a_month_is_made_of_whole_weeks(desk, rooms, placed):
    page = desk.get("/console/calendar?by=month").text
    assert page.count("data-day=") % 7 == 0
    assert "退休后的养老规划" in page
    assert "客户 App" in page


def test_a_promise_is_moved_by_days_and_moved_back(desk, rooms, placed):
    page = desk.post("/console/calendar", key=placed.id, days="2", csrf="form-token")
    assert "已移动" in page.text
    moved = rooms.shelf.one(placed.id)
    assert (moved.opens, moved.closes) == (placed.opens + 2 * DAY, placed.closes + 2 * DAY)
    assert f'value="{placed.id}"' in page.text
    back = desk.post("/console/calendar", key=placed.id, days="-2", undo="1", csrf="form-token")
    assert "已移回" in back.text
    assert rooms.shelf.one(placed.id).opens == placed.opens


def test_the_hour_stays_when_the_clocks_change_meanwhile(rooms, desk, placed):
    from kernel.calendar import Zone

    rooms.zone = Zone("Europe/Berlin")
    before = rooms.zone.local(placed.opens)
    desk.post("/console/calendar", key=placed.id, days="60", csrf="form-token")
    after = rooms.zone.local(rooms.shelf.one(placed.id).opens)
    assert after.time() == before.time()
    assert after.utcoffset() != before.utcoffset()


def test_what_cannot_be_moved_says_why_and_stays(desk, rooms, placed, material):
    rooms.shelf.place(
        material.id, rooms.app.id, opens=placed.closes + DAY, closes=placed.closes + 2 * DAY,
        by="li",
    )  # fmt: skip
    answer = desk.post("/console/calendar", key=placed.id, days="3", csrf="form-token")
    assert answer.status_code == 422
    assert rooms.shelf.one(placed.id).opens == placed.opens
    for days in ("", "0", "many", "400"):
        refused = desk.post("/console/calendar", key=placed.id, days=days, csrf="form-token")
        assert refused.status_code == 422


def test_who_may_not_place_sees_the_calendar_and_moves_nothing(desk_of, placed):
    analyst = desk_of("analyst")
    page = analyst.get("/console/calendar")
    assert page.status_code == 200
    assert "data-key" not in page.text
    assert analyst.post("/console/calendar", key=placed.id, days="1").status_code == 403


def test_coverage_counts_what_stands_and_shows_the_gaps(desk, rooms, material, placed):
    stage = rooms.taxonomy.create("保有期", "stage", code="holding", by="li")
    rooms.taxonomy.create("首购", "stage", code="first", by="li")
    rooms.materials.tag(material.id, [stage.id], by="li")
    assert "shade5" not in desk.get("/console/coverage").text
    rooms.clock.move(timedelta(hours=3))
    page = desk.get("/console/coverage").text
    assert "shade5" in page
    row = page.split('<th scope="row">保有期</th>')[1].split("</tr>")[0]
    assert ">1</a>" in row
    gap = page.split('<th scope="row">首购</th>')[1].split("</tr>")[0]
    assert ">1</a>" not in gap


def test_stages_stand_in_the_order_in_which_a_customer_passes_through_them(desk, rooms):
    for code, name in (("after_sales", "售后"), ("deliver", "交割"), ("connect", "连接")):
        rooms.taxonomy.create(name, "stage", code=f"stage.{code}", by="li")
    rooms.taxonomy.create("自定阶段", "stage", code="another", by="li")
    page = desk.get("/console/coverage").text
    places = [page.index(f">{name}</th>") for name in ("连接", "交割", "售后", "自定阶段")]
    assert places == sorted(places)


@pytest.mark.rule("R118.4")
def test_coverage_tells_which_resistance_lacks_content_and_whom_it_holds(
    desk, rooms, people, material, placed
):
    for code, name in (("trust", "信任阻力"), ("understanding", "理解阻力")):
        rooms.taxonomy.create(name, "resistance", code=f"resistance.{code}", by="li")
    rooms.materials.tag(material.id, [rooms.taxonomy.one("resistance.trust").id], by="li")
    rooms.clock.move(timedelta(hours=3))
    stands(people, "cus_1", "viewed", rooms.clock())
    stands(people, "cus_2", "viewed", rooms.clock())
    stands(people, "cus_3", "asked", rooms.clock())
    page = desk.get("/console/coverage").text
    rows = {
        name: page.split(f'<th scope="row">{name}')[1].split("</tr>")[0]
        for name in ("信任阻力", "理解阻力")
    }
    assert "1 位客户卡在这里" in rows["信任阻力"]
    assert ">1</a>" in rows["信任阻力"]
    assert "2 位客户卡在这里" in rows["理解阻力"]
    assert ">1</a>" not in rows["理解阻力"]
    assert "没有注明降低哪种阻力" not in page


@pytest.mark.rule("R118.1", "R118.4")
def test_coverage_names_what_stands_and_says_of_no_resistance_that_it_lowers_it(
    desk, rooms, material, placed
):
    tag = rooms.taxonomy.create("信任阻力", "resistance", code="resistance.trust", by="li")
    assert "没有注明降低哪种阻力" not in desk.get("/console/coverage").text, "it does not stand yet"
    rooms.clock.move(timedelta(hours=3))
    page = desk.get("/console/coverage").text
    told = page.partition("1 个在架素材没有注明降低哪种阻力")[2].partition("</p>")[0]
    assert material.id in told
    assert material.title in told
    rooms.materials.tag(material.id, [tag.id], by="li")
    assert "没有注明降低哪种阻力" not in desk.get("/console/coverage").text


def test_both_pages_are_in_english_too(desk, placed):
    assert "All accounts" in desk.get("/console/calendar?lang=en").text
    assert "a gap" in desk.get("/console/coverage?lang=en").text


def test_a_whole_week_is_looked_at_shifted_and_put_back_in_four_acts(rooms, desk):
    made = [
        rooms.materials.create("script", f"话术{n}", tags=["pension"], by="li").id for n in range(3)
    ]
    opens = rooms.clock() + DAY
    placed = [
        rooms.shelf.place(each, rooms.app.id, opens=opens, closes=opens + DAY, by="li")
        for each in made
    ]
    rooms.shelf.place(made[0], rooms.app.id, opens=opens + 8 * DAY, closes=opens + 9 * DAY, by="li")
    looked = desk.post("/console/calendar/shift", days="8", act="look").text
    assert "可平移 2 个" in looked
    assert "1 个放不下" in looked
    page = desk.post("/console/calendar/shift", days="8", act="shift").text
    assert "已平移 2 个排期" in page
    assert rooms.shelf.one(placed[1].id).opens == opens + 8 * DAY
    (run, *_) = rooms.shifting.latest()
    desk.post(f"/console/calendar/shift/{run.id}")
    assert rooms.shelf.one(placed[1].id).opens == opens
    assert desk.post(f"/console/calendar/shift/{run.id}").status_code == 422
    assert desk.post("/console/calendar/shift", days="0", act="shift").status_code == 422
