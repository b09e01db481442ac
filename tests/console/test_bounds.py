"""A material is held back and its files are licensed on its own page."""

import io
from datetime import timedelta

import pytest
from PIL import Image

DAY = timedelta(days=1)


@pytest.fixture
def poster(rooms):
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(out, "PNG")
    cover = rooms.media.take(out.getvalue(), by="li").id
    made = rooms.materials.create("poster", "海报", cover=cover, tags=["pension"], by="li")
    opens = rooms.clock()
    rooms.shelf.place(made.id, rooms.app.id, opens=opens, closes=opens + 9 * DAY, by="li")
    return made


def typed(rooms, moment):
    return rooms.zone.local(moment).strftime("%Y-%m-%dT%H:%M")


def standing(rooms, material):
    return bool(rooms.shelf.standing_ids("", [material.id]))


def test_it_is_held_back_and_let_go(rooms, desk, poster):
    path = f"/console/materials/{poster.id}/bounds"
    page = desk.post(path, until=typed(rooms, rooms.clock() + DAY)).text
    assert "禁发时间已保存" in page
    assert "现在不显示" in page
    assert not standing(rooms, poster)
    desk.post(path, until="")
    assert standing(rooms, poster)
    assert desk.post(path, until="morgen").status_code == 422


def test_the_licence_of_its_cover_ends_and_is_prolonged(rooms, desk, poster):
    path = f"/console/materials/{poster.id}/bounds"
    told = {"media": poster.cover, "closes": typed(rooms, rooms.clock() + DAY)}
    assert "授权期已保存" in desk.post(path, **told).text
    assert standing(rooms, poster)
    rooms.clock.move(2 * DAY)
    assert not standing(rooms, poster)
    desk.post(path, media=poster.cover, closes="")
    assert standing(rooms, poster)
    assert desk.post(path, media="med_other", closes="").status_code == 422


def test_an_hour_that_summer_time_skips_is_refused_with_the_next(rooms, desk, poster):
    from kernel.calendar import Zone

    rooms.zone = Zone("Europe/Berlin")
    path = f"/console/materials/{poster.id}/bounds"
    refused = desk.post(path, until="2026-03-29T02:30")
    assert refused.status_code == 422
    assert "2026-03-29 03:30" in refused.text
    assert desk.post(path, until="2026-03-29T03:30").status_code == 200


@pytest.mark.browser
def test_the_page_is_for_everybody(for_everybody, poster):
    for_everybody(f"materials/{poster.id}")
