"""The file library: every upload, with how many materials show it, and how long a film runs."""

import struct

import pytest

from content_hub import filming
from tests.console.test_acts import picture
from tests.content_hub.test_media import box


def film(seconds):
    head = box(b"moov", box(b"mvhd", struct.pack(">4xIIII", 0, 0, 1, seconds)))
    return b"\0\0\0\x18ftypisom" + bytes(12) + box(b"mdat", b"\0" * 40) + head


@pytest.mark.parametrize(
    ("seconds", "shown"), [(5, "0:05"), (65, "1:05"), (3_599, "59:59"), (3_723, "1:02:03")]
)
def test_a_length_reads_as_players_show_it(seconds, shown):
    assert filming.length(seconds) == shown


def test_each_file_stands_there_with_what_shows_it(rooms, desk):
    used = rooms.media.take(picture(1), by="li", name="门店.png").id
    rooms.media.take(picture(2), by="li", name="没用上.png")
    for number in range(4):
        rooms.materials.create("poster", f"海报{number}", cover=used, by="li")
    page = desk.get("/console/files/kept").text
    assert "4 份素材" in page
    assert "海报0" in page
    alone = desk.get("/console/files/kept?unused=1").text
    assert "没用上.png" in alone
    assert "门店.png" not in alone


def test_only_what_she_may_see_is_named_but_all_is_counted(rooms, desk_of):
    used = rooms.media.take(picture(1), by="li", name="门店.png").id
    branch = rooms.staff.add_unit("north", "北京分公司", by="li")
    rooms.materials.create("poster", "分公司的海报", cover=used, unit=branch.id, by="li")
    other = desk_of("editor", unit="unt_other").get("/console/files/kept").text
    assert "1 份素材" in other
    assert "分公司的海报" not in other


def test_how_long_a_film_runs_is_told_to_the_editor_and_to_the_customer(rooms, desk, clock):
    made = rooms.materials.create(
        "short_video", "三句话讲清养老",
        fields={"video": rooms.media.take(film(65), by="li", name="a.mp4").id},
        tags=[rooms.pension.id], by="li",
    )  # fmt: skip
    assert "时长 1:05" in desk.get(f"/console/materials/{made.id}").text
    assert "时长 1:05" in desk.get("/console/files/kept?kind=video").text
    assert "时长 1:05" in desk.get(f"/console/materials/{made.id}/preview").text
