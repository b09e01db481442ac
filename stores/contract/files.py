"""What every engine of `stores.files` must pass (文件契约). Names no engine.

Subclass it in a test module and give it a fixture ``files``; change nothing.
"""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from kernel.errors import NotFound
from stores.files import Files

_MISSING = f"sha256-{'0' * 64}"


class FilesContract:
    """Needs a fixture ``files``: an empty `Files`."""

    def test_what_is_put_can_be_read_again(self, files: Files) -> None:
        key = files.put("养老规划".encode(), "text/plain")
        with files.open(key) as file:
            assert file.read().decode() == "养老规划"
        assert files.size(key) == 12

    def test_the_key_is_the_digest_of_the_bytes(self, files: Files) -> None:
        assert files.put(b"abc", "text/plain") == f"sha256-{hashlib.sha256(b'abc').hexdigest()}"

    def test_the_same_bytes_are_kept_once(self, files: Files) -> None:
        assert files.put(b"abc", "text/plain") == files.put(io.BytesIO(b"abc"), "image/png")
        assert len(list(files.keys())) == 1

    def test_a_stream_of_several_megabytes_arrives_whole(self, files: Files) -> None:
        data = bytes(range(256)) * 12_000
        key = files.put(io.BytesIO(data), "video/mp4")
        assert files.size(key) == len(data)
        with files.open(key) as file:
            assert file.read() == data

    def test_an_empty_file_is_a_file(self, files: Files) -> None:
        assert files.size(files.put(b"", "text/plain")) == 0

    def test_an_upload_that_breaks_off_leaves_nothing(self, files: Files) -> None:
        with pytest.raises(ConnectionError):
            files.put(_BreaksOff(b"abc"), "text/plain")
        assert list(files.keys()) == []

    def test_what_is_dropped_is_gone_and_dropping_it_again_does_no_harm(self, files: Files) -> None:
        key = files.put(b"abc", "text/plain")
        files.drop(key)
        files.drop(key)
        assert list(files.keys()) == []
        with pytest.raises(NotFound):
            files.open(key)
        with pytest.raises(NotFound):
            files.size(key)

    @pytest.mark.parametrize("key", [_MISSING, "", "../../etc/passwd", "sha256-..", "a" * 5000])
    def test_a_key_that_nothing_is_kept_under_is_not_found(self, files: Files, key: str) -> None:
        with pytest.raises(NotFound):
            files.open(key)

    def test_says_what_nobody_has_put_for_long(self, files: Files) -> None:
        key, now = files.put(b"abc", "text/plain"), datetime.now(UTC)
        assert list(files.old(now - timedelta(hours=1))) == []
        assert list(files.old(now + timedelta(hours=1))) == [key]
        assert abs(files.put_at(key) - now) < timedelta(minutes=5)
        files.put(b"abc", "text/plain")
        assert files.sweep(now - timedelta(hours=1)) == 0
        with pytest.raises(NotFound):
            files.put_at(_MISSING)

    def test_any_stretch_of_a_file_can_be_read(self, files: Files) -> None:
        data = bytes(range(256)) * 9_000
        with files.open(files.put(data, "video/mp4")) as file:
            assert file.seek(0, io.SEEK_END) == len(data)
            for start in (100, 2_000_000, 0):
                file.seek(start)
                assert file.read(300) == data[start : start + 300]
            assert file.read() == data[300:]

    def test_many_may_put_the_same_bytes_at_once(self, files: Files) -> None:
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _: files.put(b"poster" * 9_999, "image/png"), range(16)))
        assert keys == set(files.keys())
        assert len(keys) == 1

    def test_nothing_is_wrong_with_what_was_put(self, files: Files) -> None:
        files.put(b"abc", "text/plain")
        assert list(files.flaws()) == []

    def test_nothing_can_be_taken_off_a_stage_that_nothing_was_posted_to(
        self, files: Files
    ) -> None:
        for stage in ("upl_nobody", _MISSING, "../up", ""):
            with pytest.raises(NotFound):
                files.settle(stage, "image/png")
        files.clear("upl_nobody")


class _BreaksOff(io.BytesIO):
    """A client that goes away in the middle of its upload."""

    def read(self, size: int | None = -1) -> bytes:
        if data := super().read(size):
            return data
        raise ConnectionError
