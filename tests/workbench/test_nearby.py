"""The page of who is near: the server decides when another list is worth it, and keeps no place."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from data_hub.consents import LOCATION
from tests.browsing import Hands
from tests.workbench.conftest import PHONE

HERE = {"latitude": "31.2304", "longitude": "121.4737"}
FURTHER = {"latitude": "31.2304", "longitude": "121.4800"}


@pytest.fixture
def near(desk, rep):
    company = desk.company
    handle = company.meet("13800009999", rep=rep, name="赵近")
    company.tell(company.event("viewed_page", handle, latitude=31.2310, longitude=121.4740))
    desk.consents.allow([handle], LOCATION, source="page")
    return company.id_of(handle)


def test_the_page_may_ask_the_phone_where_she_is_and_no_other_page_may(desk, rep):
    client = desk.client()
    answer = client.get("/workbench/nearby", headers=PHONE)
    assert answer.status_code == 200
    assert "看看附近" in answer.text
    page = client.get("/workbench/customers", headers=PHONE)
    assert "/workbench/nearby" in page.text


@pytest.mark.rule("R28.1")
def test_it_lists_who_is_near_with_a_way_there_and_again_only_when_she_has_moved_on(
    desk, rep, near, clock
):
    client = desk.client()
    part = PHONE | {"X-Part": "1"}
    first = client.post("/workbench/nearby", data=HERE, headers=part)
    assert first.status_code == 200
    assert "赵近" in first.text
    assert "uri.amap.com/navigation" in first.text
    before = first.text.partition('data-before="')[2].partition('"')[0]
    moved = FURTHER | {"before": before}
    assert client.post("/workbench/nearby", data=moved, headers=part).status_code == 204
    clock.move(timedelta(minutes=15))
    again = client.post("/workbench/nearby", data=moved, headers=part)
    assert again.status_code == 200
    still = HERE | {"before": before}
    assert client.post("/workbench/nearby", data=still, headers=part).status_code == 204


@pytest.mark.browser
@pytest.mark.rule("R28.1")
def test_she_may_touch_it_again_and_who_is_signed_out_comes_to_the_door(
    desk, browser, served, rep, near
):
    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = browser.new_context(
        geolocation=where, permissions=["geolocation"],
        service_workers="block",  # what passes through one no route of a test can answer
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{served}/workbench/nearby")
    look, listed = page.locator("[data-nearby] button"), page.locator("[data-neighbours]")
    look.click()
    expect(listed).to_contain_text("赵近")
    expect(look).to_be_enabled()
    look.click()
    expect(listed).to_contain_text("赵近")
    away = {"Location": "/workbench/me"}
    page.route("**/nearby", lambda route: route.fulfill(status=303, headers=away))
    look.click()
    expect(page).to_have_url(f"{served}/workbench/me")
    context.close()


@pytest.mark.browser
@pytest.mark.rule("R28.1")
def test_who_walked_on_and_stands_still_gets_another_list_when_its_time_has_come(
    desk, browser, served, rep, near, clock
):
    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = browser.new_context(geolocation=where, permissions=["geolocation"])
    page = context.new_page()
    page.clock.install()
    page.goto(f"{served}/workbench/nearby")
    listed = page.locator("[data-neighbours]")
    page.locator("[data-nearby] button").click()
    expect(listed).to_contain_text("赵近")
    there = desk.company.meet("13800007777", rep=rep, name="钱远")
    desk.company.tell(
        desk.company.event("viewed_page", there, latitude=31.2304, longitude=121.4810)
    )
    desk.consents.allow([there], LOCATION, source="page")
    clock.move(timedelta(minutes=14))
    with page.expect_response("**/workbench/nearby") as told:
        context.set_geolocation({"latitude": 31.2304, "longitude": 121.4800})  # 600 m
    assert told.value.status == 204
    clock.move(timedelta(minutes=1))
    with page.expect_response("**/workbench/nearby") as told:
        page.clock.run_for(60_000)
    assert told.value.status == 200
    expect(listed).to_contain_text("钱远")
    context.close()


@pytest.mark.browser
def test_who_has_let_the_page_know_where_she_is_comes_to_the_way_there_in_three_touches(
    desk, browser, served, near
):
    """U4: at most three."""
    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = browser.new_context(geolocation=where, permissions=["geolocation"])
    page = context.new_page()
    page.goto(f"{served}/workbench/")
    hands = Hands(3, seconds=60)
    hands.tap(page.locator(".tabs").get_by_role("link", name="客户"))
    hands.tap(page.get_by_role("link", name="附近的客户"))
    way = page.get_by_role("link", name="导航").first
    expect(way).to_have_attribute("href", re.compile("uri.amap.com"))
    context.close()


@pytest.mark.browser
def test_why_the_list_is_not_of_now_is_said_and_it_stays(desk, browser, served, near):
    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = browser.new_context(geolocation=where, permissions=["geolocation"])
    page = context.new_page()
    page.goto(f"{served}/workbench/nearby")
    listed, said = page.locator("[data-neighbours]"), page.locator("[data-said]")
    page.locator("[data-nearby] button").click()
    expect(listed).to_contain_text("赵近")
    expect(said).to_have_text("")

    context.set_geolocation(None)
    expect(said).to_contain_text("名单还是刚才的")
    expect(listed).to_contain_text("赵近")
    context.set_offline(True)
    context.set_geolocation({"latitude": 31.2404, "longitude": 121.4737})
    expect(said).to_contain_text("没有网络")
    expect(listed).to_contain_text("赵近")
    context.set_offline(False)
    context.set_geolocation(where)
    expect(said).to_have_text("")
    context.close()


@pytest.mark.browser
def test_who_does_not_tell_where_she_is_reads_how_to_and_who_is_signed_out_comes_to_the_door(
    desk, browser, served, near
):
    context = browser.new_context(permissions=[])
    page = context.new_page()
    page.goto(f"{served}/workbench/nearby")
    page.locator("[data-nearby] button").click()
    expect(page.locator("[data-said]")).to_contain_text("允许定位")
    context.close()

    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = browser.new_context(
        geolocation=where, permissions=["geolocation"], service_workers="block"
    )
    page, loads = context.new_page(), []
    page.route(
        "**/nearby",
        lambda route: route.fulfill(status=401) if route.request.method == "POST"
        else route.continue_(),
    )  # fmt: skip
    page.on("load", lambda: loads.append(page.url))
    page.goto(f"{served}/workbench/nearby")
    while len(loads) < 2:  # the look of its own: once
        page.wait_for_timeout(50)
    page.locator("[data-nearby] button").click()
    while len(loads) < 3:
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)
    assert loads == [f"{served}/workbench/nearby"] * 3
    context.close()


@pytest.mark.parametrize("told", [{"latitude": "x"}, {"latitude": "95", "longitude": "0"}])
def test_a_place_that_is_none_is_refused(desk, rep, told):
    answer = desk.client().post("/workbench/nearby", data=told, headers=PHONE)
    assert answer.status_code == 422
