"""The reports: one page, one CSV and one moment for each; those who may, and no others."""

import csv
import re

import pytest

from data_hub.reports.base import WORLDS
from data_hub.reports.keeping import CODES
from kernel.events import Handle
from kernel.wording import say
from tests.browsing import Hands
from tests.data_hub.telling import event, user


@pytest.fixture
def rooms(knowing_rooms):
    r, app = knowing_rooms, knowing_rooms.app.id
    anna = r.staff.add("anna", "安娜", by="li").id
    her = user("u1", app)
    told = {"campaign": "开年计划", "bidder": "王", "clickid": "k1", "page": "/a"}
    chat = Handle("wecom_group", r.wall.id, "g1")
    r.tell(
        event("viewed_page", her, account=app, detail={"page": "/a"}),
        event("left_contact", her, account=app, detail=told, minutes=1),
        event("bought", her, account=app, detail={"amount": 90}, rep=anna, minutes=2),
        event("opened_app_link", her, account=r.wall.id, rep=anna, minutes=1),
        event("installed_app", her, account=app, rep=anna, minutes=2),
        event("praised", her, account=app, rep=anna, minutes=3),
        event("followed", her, account=app, rep=anna, minutes=1),
        event("sent", chat, account=r.wall.id, detail={"promo": True}),
        event("reminded", her, account="juzhen", minutes=3,
              detail={"heard": "2026-03-02T09:02:00+00:00", "reason": "came_back"}),
    )  # fmt: skip
    return r


@pytest.mark.rule("R19.2", "R89.2", "R161.4", "R65.2", "R39.1", "R114.2")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_report_has_its_chart_its_table_its_moment_and_its_csv(
    rooms, desk_of, code, language
):
    desk = desk_of("analyst")
    page = desk.get(f"/console/reports/{code}?lang={language}")
    assert page.status_code == 200
    assert '<svg class="chart' in page.text
    assert say("chart_highest", language, n="") in page.text, "how high it goes"
    bars = re.findall("<rect[^>]*><title>([^<]*)</title>", page.text)
    codes = "[a-z]+_[a-z0-9]+" if language == "en" else "[a-z]+_[a-z0-9]+|(^|· )[a-z]+: "
    assert [each for each in bars if re.search(codes, each)] == []
    assert "<table" in page.text
    assert page.text.count("<time") >= 1
    assert ">None<" not in page.text
    sheet = desk.get(f"/console/reports/{code}.csv").text.splitlines()
    assert len(sheet) >= 2
    assert len(sheet[0].split(",")) == page.text.count('<th scope="col">')


@pytest.mark.rule("R7.2", "R7.3")
def test_one_ecosystems_part_of_a_report_is_a_page_and_a_csv(rooms, desk_of):
    desk = desk_of("analyst")

    def openings(world):
        sheet = list(csv.DictReader(desk.get(f"/console/reports/traffic.csv{world}").text.split()))
        return sum(int(line["app_openings"]) for line in sheet)

    parts = {world: openings(f"?world={world}") for world in WORLDS}
    assert parts == dict.fromkeys(WORLDS, 0) | {rooms.wall.ecosystem: 1}
    assert openings("") == 1
    for world in WORLDS:
        page = desk.get(f"/console/reports/traffic?world={world}").text
        [here] = re.findall(r'world=(\w+)" aria-current="true"', page)
        assert here == world
        assert f"traffic.csv?world={world}" in page


def test_the_ads_of_one_ecosystem_are_a_part_of_all_ads(rooms, desk_of):
    desk = desk_of("analyst")

    def lines(world):
        return desk.get(f"/console/reports/quality.csv{world}").text.splitlines()[1:]

    parts = {world: lines(f"?world={world}") for world in WORLDS}
    assert [world for world, told in parts.items() if told] == [rooms.app.ecosystem]
    assert parts[rooms.app.ecosystem] == lines("")


def test_what_was_paid_is_noted_by_hand_and_shows(rooms, desk_of):
    desk = desk_of("analyst")
    told = desk.post(
        "/console/reports/quality/spend", day="2026-03-02", account=rooms.app.id,
        campaign="开年计划", creative="", bidder="王", amount="45", rebate="15",
    )  # fmt: skip
    assert "¥30.00" in told.text
    assert desk.get("/console/reports/quality/feedback.json").json[0]["event_type"] == "active_pay"
    for wrong in ({"amount": "-1"}, {"amount": "much"}, {"day": "yesterday"}):
        form = {"day": "2026-03-02", "account": rooms.app.id, "amount": "1"} | wrong
        answer = desk.post("/console/reports/quality/spend", follow=False, **form)
        assert answer.status_code == 422, wrong


def test_who_only_reads_boards_notes_no_spending(rooms, desk_of):
    desk, form = desk_of("team_lead"), {"day": "2026-03-02", "account": rooms.app.id, "amount": "1"}
    assert "/quality/spend" in desk_of("analyst").get("/console/reports/quality").text
    assert "/quality/spend" not in desk.get("/console/reports/quality").text
    answer = desk.post("/console/reports/quality/spend", follow=False, **form)
    assert answer.status_code == 403


def test_reports_are_for_those_who_may(rooms, desk_of):
    assert desk_of("rep").get("/console/reports/quality").status_code == 403
    assert desk_of("analyst").get("/console/reports/nothing").status_code == 404


@pytest.mark.rule("R161.1")
@pytest.mark.browser
def test_which_channel_brings_a_and_b_customers_this_week_takes_three_inputs(rooms, opened):
    page, hands = opened("", role="analyst"), Hands(3, seconds=30, a_look=5)
    hands.tap(page.get_by_role("link", name=say("console_board"), exact=True).first)
    hands.tap(page.get_by_role("link", name=say("console_reports"), exact=True).first)
    hands.tap(page.get_by_role("link", name=say("reports_quality_week"), exact=True))
    assert page.locator("h1").inner_text() == say("reports_quality_week")
    heads = page.locator("thead th").all_inner_texts()
    assert {say("report_grade_a"), say("report_grade_b"), say("report_creative")} <= {*heads}
    assert "开年计划" in page.locator("tbody").inner_text()


@pytest.mark.parametrize("code", ["board_praise_week", "quality", "tiers"])
def test_the_pages_are_for_everybody(rooms, for_everybody, code):
    page = for_everybody(f"reports/{code}", role="analyst")
    assert page.locator("h1").count() == 1
