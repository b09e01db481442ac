"""An embargo holds back what is promised; a licence takes off every material that shows it."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from content_hub.licences import Licences
from content_hub.media import Media
from kernel.errors import Forbidden, Invalid, NotFound
from stores.folder import Folder

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def licences(records, changes):
    return Licences(records, changes)


@pytest.fixture
def picture(records, changes, clock, tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(out, "PNG")
    return Media(records, Folder(tmp_path), changes, clock).take(out.getvalue(), by="li").id


def standing(shelf):
    return {item.id for item in shelf.page("acc").items}


def place(shelf, material, clock):
    return shelf.place(material, "acc", opens=clock(), closes=clock() + 9 * DAY, by="li")


def test_what_is_embargoed_is_shown_from_the_moment_on_and_the_promise_stays(
    licences, shelf, material, clock
):
    placed = place(shelf, material.id, clock)
    licences.embargo(material.id, clock() + DAY, by="li")
    assert standing(shelf) == set()
    assert shelf.held_by(material.id) == ["embargo"]
    assert licences.embargoed_until(material.id) == clock() + DAY
    clock.move(DAY - SECOND)
    assert standing(shelf) == set()
    clock.move(SECOND)
    assert standing(shelf) == {material.id}
    assert shelf.one(placed.id).opens == placed.opens
    licences.embargo(material.id, clock() + DAY, by="li")
    licences.embargo(material.id, None, by="li")
    assert standing(shelf) == {material.id}
    with pytest.raises(NotFound):
        licences.embargo("mat_none", None, by="li")


def test_the_end_of_a_licence_takes_every_material_off_that_shows_the_file(
    licences, materials, shelf, pension, picture, clock
):
    covered = materials.create("poster", "海报", cover=picture, tags=[pension.id], by="li").id
    inside = materials.create(
        "image_text", "图文", body=f'<p><img src="/media/{picture}/cover"></p>',
        tags=[pension.id], by="li",
    ).id  # fmt: skip
    for each in (covered, inside):
        place(shelf, each, clock)
    told = licences.license(picture, opens=None, closes=clock() + DAY, by="li")
    assert (set(told.materials), told.uses) == ({covered, inside}, 2)
    assert standing(shelf) == {covered, inside}
    clock.move(DAY)
    assert standing(shelf) == set()
    assert shelf.held_by(covered) == [f"media:{picture}"]
    third = materials.create("poster", "又一张", cover=picture, tags=[pension.id], by="li").id
    with pytest.raises(Invalid) as refusal:
        place(shelf, third, clock)
    assert refusal.value.reason == "depends_on_what_is_over"
    licences.license(picture, opens=None, closes=None, by="li")
    assert standing(shelf) == {covered, inside}
    with pytest.raises(Invalid):
        licences.license(picture, opens=clock() + DAY, closes=clock(), by="li")
    with pytest.raises(NotFound):
        licences.of("med_none")


def test_a_branch_ends_no_licence_of_a_file_that_others_show(
    licences, materials, pension, picture, clock
):
    own, north = frozenset({"unt_north"}), "unt_north"
    materials.create("poster", "海报", cover=picture, tags=[pension.id], unit=north, by="wang")
    ended = licences.license(picture, opens=None, closes=clock(), by="wang", units=own)
    assert ended.closes == clock()
    licences.license(picture, opens=None, closes=None, by="wang", units=own)

    materials.create("poster", "总部海报", cover=picture, tags=[pension.id], by="li")
    with pytest.raises(Forbidden):
        licences.license(picture, opens=None, closes=clock(), by="wang", units=own)
    assert licences.of(picture).closes is None
