"""On a narrow phone the first screen says what the page is about, and titles are read in lines."""

import pytest

from tests.console.test_acts import picture

TABBED = ("materials", "tags", "sheets", "types", "duplicates", "products", "files/kept")


@pytest.mark.browser
def test_the_heading_stands_on_the_first_screen_below_one_row_of_doors(opened):
    page = opened("", width=360, height=640)
    for path in TABBED:
        page = opened(f"{path}?lang=en", page=page, width=360, height=640)
        top = page.locator("h1").bounding_box()["y"]
        assert top < 320, (path, top)
        inside = page.evaluate(
            """() => { const open = document.querySelector(".menu-row > [aria-current]");
                const at = open.getBoundingClientRect();
                return at.left >= 0 && at.right <= innerWidth; }"""
        )
        assert inside, path


@pytest.mark.browser
def test_a_title_beside_a_long_button_keeps_room_for_words(opened, rooms):
    kept = rooms.media.take(picture(3), by="li", name="海报.png")
    for n in range(2):
        rooms.materials.create(
            "image_text", f"禾嘉早报 · 8月31日 星期一 {n}", body="完全一样的正文，" * 20,
            cover=kept.id, by="li",
        )  # fmt: skip
    page = opened("duplicates?lang=en", width=360, height=800)
    titles = page.locator(".list h3")
    assert titles.count() == 2
    for title in titles.all():
        assert title.bounding_box()["width"] > 120
        assert title.bounding_box()["height"] < 90


@pytest.mark.browser
def test_whatever_is_touched_in_the_main_acts_is_large_enough(opened, material):
    page = opened("materials", width=360, height=800)
    for path in ("materials", "words", "deliveries", "campaigns", f"materials/{material.id}"):
        page = opened(path, page=page, width=360, height=800)
        small = page.evaluate(
            """() => [...document.querySelectorAll(
                    "main button:not(.unseen), main a.button, main summary")]
                .filter((each) => { const { height } = each.getBoundingClientRect();
                    return height && height < 40; })
                .map((each) => each.textContent.trim().slice(0, 20))"""
        )
        assert small == [], path


@pytest.mark.browser
def test_gaps_of_coverage_and_today_in_the_calendar_are_seen_without_pushing(
    standing_rooms, opened, material
):
    standing_rooms.taxonomy.create("连接", "stage", code="stage.one", en="Connect", by="li")
    page = opened("coverage?lang=en", width=360, height=800)
    regions = page.locator("section.wide-table")
    assert regions.count() > 1
    for region in regions.all():
        assert region.evaluate("(each) => each.scrollWidth - each.clientWidth") <= 0
    assert page.locator(".strip td a").first.bounding_box()["height"] >= 32
    page = opened("calendar", page=page, width=360, height=800)
    today = page.locator(".calendar thead .today").bounding_box()
    assert 0 <= today["x"] < 360
