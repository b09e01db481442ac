"""The folder passes the contract of files, and notices when somebody changed one."""

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from stores.contract.files import FilesContract
from stores.folder import Folder


@pytest.fixture
def files(tmp_path):
    return Folder(tmp_path / "files")


class TestFolder(FilesContract):
    pass


def test_bytes_changed_on_the_disk_are_noticed(files, tmp_path):
    key = files.put(b"abc", "text/plain")
    (place,) = (tmp_path / "files").glob(f"*/*/{key}")
    place.write_bytes(b"abd")
    assert [key in flaw for flaw in files.flaws()] == [True]


def test_what_a_crash_left_behind_is_swept_after_a_day(tmp_path):
    incoming = tmp_path / "files" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "old").write_bytes(b"half")
    (incoming / "new").write_bytes(b"half")
    new = (incoming / "new").stat().st_mtime
    os.utime(incoming / "old", (new - 90_000, new - 90_000))

    files = Folder(tmp_path / "files")

    assert files.sweep(datetime.fromtimestamp(new - 86_400, UTC)) == 1
    assert [left.name for left in incoming.iterdir()] == ["new"]
    assert list(files.keys()) == []


def neighbours():
    """Two contents that lie in one folder, which is listed at once."""
    lie, number = {}, 0
    while (other := lie.setdefault(_folder(b"%d" % number), number)) == number:
        number += 1
    return b"%d" % other, b"%d" % number


def _folder(data):
    return hashlib.sha256(data).digest()[:2]


@pytest.mark.parametrize("asked", ["old", "flaws"])
def test_a_file_that_is_dropped_while_all_are_looked_at_is_passed_over(files, tmp_path, asked):
    keys = {files.put(data, "text/plain") for data in neighbours()}
    for place in (tmp_path / "files").glob("*/*/*"):
        place.write_bytes(b"changed")
    told = files.old(datetime.now(UTC) + timedelta(days=1)) if asked == "old" else files.flaws()
    first = next(told)
    (other,) = (key for key in keys if key not in first)
    files.drop(other)
    assert list(told) == []


def test_the_folder_serves_nothing_itself(files):
    assert files.presign(files.put(b"abc", "text/plain"), seconds=60) is None
