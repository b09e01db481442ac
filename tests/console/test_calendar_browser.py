"""The calendar and coverage in a real browser: a drag, a key, no script, small screens, axe."""

from datetime import timedelta

import pytest

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("standing_rooms")
PAGES = ("calendar", "calendar?by=month", "coverage", "calendar?lang=en", "coverage?lang=en")


@pytest.fixture
def week(rooms):
    """Something on both accounts, this week and later."""
    stages = [
        rooms.taxonomy.create(zh, "stage", code=code, en=en, by="li").id
        for zh, code, en in (("首购", "first", "First purchase"), ("保有期", "holding", "Holding"))
    ]
    rooms.taxonomy.create("新增客户", "purpose", code="acquire", en="Acquire", by="li")
    made = []
    for n, title in enumerate(("退休后的养老规划", "家庭理财的五个误区", "给孩子存一笔教育金")):
        material = rooms.materials.create(
            "image_text", title, tags=["pension", stages[n % 2]], by="li"
        )
        for account in (rooms.app, rooms.wall)[: 1 + n % 2]:
            opens = rooms.clock() + n * DAY - timedelta(minutes=5)
            made.append(
                rooms.shelf.place(
                    material.id, account.id, opens=opens, closes=opens + 5 * DAY, by="li"
                )
            )
    return made


@pytest.mark.browser
def test_u13_one_drag_or_one_chord_moves_a_promise(opened, rooms, week):
    promise = week[-1]
    page, day = opened("calendar"), rooms.zone.day(promise.opens)
    lane = page.locator("tr", has=page.locator(f'[data-key="{promise.id}"]'))
    target = lane.locator(f'[data-day="{day + DAY}"]')
    page.locator(f'[data-key="{promise.id}"]').drag_to(target)
    page.wait_for_url("**said=done_moved_days**")
    told, below = (
        page.locator(each).bounding_box() for each in ("main > .good", "main > .good + *")
    )
    assert below["y"] - told["y"] - told["height"] >= 8  # what was done touches no heading
    assert rooms.shelf.one(promise.id).opens == promise.opens + DAY

    page.locator(f'[data-key="{promise.id}"] a').focus()
    with page.expect_navigation():
        page.keyboard.press("Alt+ArrowLeft")
    assert rooms.shelf.one(promise.id).opens == promise.opens

    with page.expect_navigation():  # undone by one click
        page.get_by_role("button", name="撤销").click()
    assert rooms.shelf.one(promise.id).opens == promise.opens + DAY


@pytest.mark.browser
def test_a_promise_is_moved_without_scripts(opened, rooms, week):
    page = opened("calendar", java_script_enabled=False)
    later = page.locator("li", has_text="给孩子存一笔教育金").get_by_role("button", name="推后一天")
    with page.expect_navigation():
        later.click()
    assert rooms.shelf.one(week[-1].id).opens == week[-1].opens + DAY


@pytest.mark.browser
def test_the_pictures_are_for_everybody(for_everybody, week):
    for path in PAGES:
        for_everybody(path)
