"""Uploads are what their bytes are; pictures come out clean, documents page by page."""

import io
import struct
import subprocess
import zlib
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from PIL import Image

from content_hub import filming
from content_hub.media import Media
from kernel.errors import Invalid, NotFound
from stores.folder import Folder


@pytest.fixture
def media(records, changes, clock, tmp_path):
    return Media(records, Folder(tmp_path / "files", durability="process"), changes, clock)


def picture(size=(1200, 800), form="JPEG", mode="RGB", **more):
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, form, **more)
    return out.getvalue()


def document(pages=3):
    out = io.BytesIO()
    sheets = [Image.new("RGB", (595, 842), color) for color in ("white", "red", "blue")][:pages]
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


def header_only(width, height):
    """A PNG that claims to be enormous in a few bytes."""
    told = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + told + struct.pack(">I", zlib.crc32(told))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def opened(media, id_, name):
    data, content_type = media.rendition(id_, name)
    return Image.open(io.BytesIO(data)), content_type


def test_a_picture_comes_in_three_sizes(media):
    taken = media.take(picture(), by="li", name="海报.jpg")

    assert (taken.kind, taken.width, taken.height, taken.name) == ("image", 1200, 800, "海报.jpg")
    assert opened(media, taken.id, "original")[0].size == (1200, 800)
    assert opened(media, taken.id, "cover")[0].size == (900, 600)
    assert opened(media, taken.id, "thumb")[0].size == (320, 213)


def test_metadata_and_stowaways_are_left_behind(media):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # lies on its side
    taken = media.take(picture(exif=exif) + b"<script>alert(1)</script>", by="li")

    image, content_type = opened(media, taken.id, "original")
    assert content_type == "image/jpeg"
    assert image.size == (800, 1200)
    assert not image.getexif()
    assert b"script" not in media.rendition(taken.id)[0]


def test_what_shines_through_still_does(media):
    taken = media.take(picture(form="PNG", mode="RGBA"), by="li")

    assert media.rendition(taken.id, "cover")[1] == "image/png"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "file_of_no_known_kind"),
        (b"MZ\x90\x00", "file_of_no_known_kind"),
        (b"", "file_of_no_known_kind"),
        (b"<html><script>x()</script>", "file_of_no_known_kind"),
        (picture()[:300], "file_is_broken"),
        (b"GIF89a" + b"\xff" * 40, "file_is_broken"),
        (b"%PDF-1.7 <html>", "file_is_broken"),
        (header_only(13_000, 13_000), "picture_too_large"),
        (header_only(7_000, 7_000), "picture_too_large"),
        (b"\xff\xd8\xff" + bytes(21 << 20), "file_too_big"),
    ],
)
def test_what_we_do_not_take_is_refused_by_name(media, data, reason):
    with pytest.raises(Invalid) as refusal:
        media.take(data, by="li")

    assert (refusal.value.field, refusal.value.reason) == ("file", reason)


def test_a_document_is_turned_page_by_page(media):
    taken = media.take(document(), by="li")

    assert (taken.kind, media.pages(taken.id)) == ("document", 3)
    second, content_type = opened(media, taken.id, "page-2")
    assert content_type == "image/webp"
    assert second.width == 1080
    red, green, _ = second.convert("RGB").getpixel((500, 700))
    assert red > 200 > 60 > green
    assert media.rendition(taken.id, "page-2") == media.rendition(taken.id, "page-2")
    assert media.rendition(taken.id)[1] == "application/pdf"
    for name in ("page-0", "page-4", "page-x", "page-²", "../1", "page-1-1"):
        with pytest.raises(NotFound):
            media.rendition(taken.id, name)


def test_a_video_is_kept_as_it_came(media):
    film = b"\0\0\0\x18ftypisom" + bytes(100)
    taken = media.take(io.BytesIO(film), by="li")

    assert media.rendition(taken.id) == (film, "video/mp4")
    with pytest.raises(NotFound):
        media.rendition(taken.id, "cover")


def box(kind, content, *, wide=False):
    size = len(content) + (16 if wide else 8)
    if wide:
        return struct.pack(">I4sQ", 1, kind, size) + content
    return struct.pack(">I4s", size, kind) + content


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (struct.pack(">4xIIII", 0, 0, 600, 1_500), 3),  # 2.5 s, rounded up
        (struct.pack(">B3xQQIQ", 1, 0, 0, 90_000, 90_000 * 61), 61),
        (struct.pack(">4xIIII", 0, 0, 0, 1_500), 0),
        (b"", 0),
    ],
)
@pytest.mark.parametrize("wide", [False, True])
def test_how_long_a_film_runs_is_told_by_its_head(media, header, told, wide):
    head = box(b"moov", box(b"free", b"x" * 9) + box(b"mvhd", header), wide=wide)
    film = b"\0\0\0\x18ftypisom" + bytes(12) + box(b"mdat", b"\0" * 40) + head
    assert media.take(film, by="li").seconds == told


def test_a_films_poster_is_drawn_once_and_kept(media, tmp_path):
    file = tmp_path / "film.mp4"
    subprocess.run(
        [filming.program(), "-v", "error", "-f", "lavfi", "-i", "color=red:s=640x360:d=1:r=5",
         "-pix_fmt", "yuv420p", str(file)],
        check=True,
    )  # fmt: skip
    taken = media.take(file.read_bytes(), by="li")
    assert (taken.kind, taken.seconds) == ("video", 1)
    cover, content_type = opened(media, taken.id, "cover")
    assert (cover.size, content_type) == ((640, 360), "image/jpeg")
    red, green, _ = cover.getpixel((320, 180))
    assert red > 200 > 60 > green
    assert opened(media, taken.id, "thumb")[0].size == (320, 180)
    assert media.rendition(taken.id, "cover") == media.rendition(taken.id, "cover")
    with pytest.raises(NotFound):
        media.rendition(taken.id, "page-1")


@pytest.mark.rule("R2.2")
def test_uploads_of_the_same_bytes_are_one_file(media):
    start, taken, data = Barrier(5), [], picture()

    def upload():
        start.wait()
        taken.append(media.take(data, by="li").id)

    editors = [Thread(target=upload) for _ in range(5)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()

    assert len(taken) == 5
    assert set(taken) == {media.take(data, by="wang").id}


def test_what_was_never_uploaded_is_not_found(media):
    with pytest.raises(NotFound):
        media.rendition("med_nothing")


def test_bytes_that_no_upload_came_to_own_are_swept_after_a_day(media, clock, tmp_path):
    clock.now = datetime.now(UTC)
    files = Folder(tmp_path / "files", durability="process")
    taken = media.take(picture(), by="li")
    left = files.put(b"its row was never written", "image/png")
    (tmp_path / "files" / "incoming" / "half").write_bytes(b"broke off")

    assert media.sweep() == 0
    clock.move(timedelta(days=2))

    assert media.sweep() == 2
    assert media.sweep() == 0
    assert left not in set(files.keys())
    assert opened(media, taken.id, "original")[0].size == (1200, 800)
