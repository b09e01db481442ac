"""A file comes in piece by piece, goes on where it broke off, and is judged like any other."""

import hashlib
import io
from datetime import timedelta

import pytest
from PIL import Image

from content_hub.media import Media
from content_hub.uploads import KEPT, LARGEST, MOST, Uploads
from kernel.errors import Conflict, Invalid, NotFound
from stores.files import Ticket
from stores.folder import Folder


@pytest.fixture
def files(tmp_path):
    return Folder(tmp_path / "files", durability="process")


@pytest.fixture
def media(records, files, changes, clock):
    return Media(records, files, changes, clock)


@pytest.fixture
def uploads(records, files, media, clock):
    return Uploads(records, files, media, clock)


@pytest.fixture
def picture():
    out = io.BytesIO()
    Image.effect_noise((90, 60), 80).save(out, "PNG")
    return out.getvalue()


def test_it_goes_on_where_it_broke_off_in_any_process(
    uploads, records, files, media, clock, picture
):
    begun = uploads.begin(len(picture), by="li", name="海报.png")
    uploads.add(begun.id, 0, picture[:1_000], by="li")
    other = Uploads(records, files, media, clock)
    assert other.one(begun.id, by="li").taken == 1_000
    with pytest.raises(Conflict) as told:
        other.add(begun.id, 999, picture[999:], by="li")
    assert told.value.facts["at"] == 1_000

    done = other.add(begun.id, 1_000, picture[1_000:], by="li")
    taken = media.one(done.media)
    assert (taken.name, taken.size) == ("海报.png", len(picture))
    assert taken.digest == hashlib.sha256(picture).hexdigest()
    assert other.add(begun.id, len(picture), b"", by="li").media == done.media


def test_bytes_that_are_here_need_not_come(uploads, media, picture):
    known = media.take(picture, by="wang")
    begun = uploads.begin(len(picture), by="li", digest=known.digest)
    assert (begun.media, begun.taken) == (known.id, len(picture))
    with pytest.raises(Conflict):
        uploads.add(begun.id, len(picture), b"x", by="li")


def test_it_is_its_senders_alone_and_only_for_a_while(uploads, picture, clock):
    begun = uploads.begin(len(picture), by="li")
    with pytest.raises(NotFound):
        uploads.one(begun.id, by="wang")
    clock.move(KEPT)
    with pytest.raises(NotFound):
        uploads.add(begun.id, 0, picture, by="li")
    assert uploads.sweep() == 1
    assert uploads.sweep() == 0


def test_what_is_no_file_of_ours_is_refused_with_its_first_piece(uploads):
    begun = uploads.begin(5_000_000, by="li")
    with pytest.raises(Invalid) as refused:
        uploads.add(begun.id, 0, b"<svg onload=alert(1)>" * 10, by="li")
    assert refused.value.flaws[0].field == "file"


def test_what_turns_out_broken_leaves_nothing(uploads, picture):
    begun = uploads.begin(200, by="li")
    with pytest.raises(Invalid):
        uploads.add(begun.id, 0, picture[:200], by="li")
    with pytest.raises(NotFound):
        uploads.one(begun.id, by="li")


def test_other_bytes_than_were_said_are_refused(uploads, picture):
    begun = uploads.begin(len(picture), by="li", digest="0" * 64)
    with pytest.raises(Invalid):
        uploads.add(begun.id, 0, picture, by="li")
    with pytest.raises(Invalid):
        uploads.add(uploads.begin(20, by="li").id, 0, picture, by="li")


@pytest.mark.parametrize(
    ("size", "digest", "field"),
    [(0, "", "file"), (-1, "", "file"), (LARGEST + 1, "", "file"), (9, "xyz", "sha256")],
)
def test_what_cannot_be_is_refused_at_once(uploads, size, digest, field):
    with pytest.raises(Invalid) as refused:
        uploads.begin(size, by="li", digest=digest)
    assert refused.value.flaws[0].field == field


def test_nobody_begins_more_than_she_can_finish(uploads, clock):
    for _ in range(MOST):
        uploads.begin(9, by="li")
    with pytest.raises(Conflict):
        uploads.begin(9, by="li")
    uploads.begin(9, by="wang")
    clock.move(KEPT + timedelta(seconds=1))
    uploads.begin(9, by="li")


class Reached(Folder):
    """A folder that stands for a bucket which browsers reach: what is put there is there."""

    def ticket(self, key, kind, size, *, seconds):
        return Ticket(f"https://cdn.example/{key}", {"Content-Length": str(size)})


def test_straight_into_the_store_it_is_taken_once_it_is_there(
    records, media, clock, tmp_path, picture
):
    files = Reached(tmp_path / "files", durability="process")
    uploads = Uploads(records, files, media, clock)
    digest = hashlib.sha256(picture).hexdigest()
    begun = uploads.begin(len(picture), by="li", digest=digest)
    assert uploads.ticket(begun).url.endswith(digest)
    assert uploads.ticket(uploads.begin(len(picture), by="li")) is None
    with pytest.raises(Conflict):
        uploads.arrived(begun.id, by="li")

    files.put(picture, "application/octet-stream")
    done = uploads.arrived(begun.id, by="li")
    assert media.one(done.media).digest == digest
    assert uploads.arrived(begun.id, by="li").media == done.media


def test_given_up_it_is_gone(uploads):
    begun = uploads.begin(9, by="li")
    uploads.drop(begun.id, by="li")
    with pytest.raises(NotFound):
        uploads.one(begun.id, by="li")
