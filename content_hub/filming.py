"""Films (视频): how long one runs, told by its own head, and a still of it as its poster.

The length costs no decoder. The still does: it is drawn with ffmpeg, which the extra ``video``
brings; without it a film has no poster of its own. Nothing is transcoded here.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache

_SECONDS = 20
"""So long one still may take."""


def seconds(film: bytes) -> int:
    """How long it runs, as its movie header says, rounded up; 0 if that says nothing."""
    for moov in _boxes(film, 0, len(film), b"moov"):
        for begin, _ in _boxes(film, *moov, b"mvhd"):
            long = film[begin : begin + 1] == b"\1"  # 64-bit moments and durations
            form, where = (">IQ", begin + 20) if long else (">II", begin + 12)
            if where + struct.calcsize(form) > len(film):
                return 0
            scale, told = struct.unpack_from(form, film, where)
            return -(-told // scale) if scale and told < 1 << 32 else 0
    return 0


def length(seconds: int) -> str:
    """As players show it: 1:05, 1:02:03."""
    hours, rest = divmod(seconds, 3_600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _boxes(film: bytes, begin: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """Where the contents of the boxes of a kind lie between two places."""
    while begin + 8 <= end:
        size, head = int.from_bytes(film[begin : begin + 4]), 8
        if size == 1:
            size, head = int.from_bytes(film[begin + 8 : begin + 16]), 16
        size = size or end - begin
        if size < head:
            return
        if film[begin + 4 : begin + 8] == kind:
            yield begin + head, min(begin + size, end)
        begin += size


@cache
def program() -> str:
    """Where ffmpeg is; empty without the extra."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return ""


def still(film: bytes) -> bytes | None:
    """A frame from its first second as JPEG; None if there is none to be had.

    Read as what it claims to be and from nowhere else: a film names no other file or address.
    """
    if not (ffmpeg := program()):
        return None
    with tempfile.NamedTemporaryFile(suffix=".mp4") as kept:
        kept.write(film)
        kept.flush()
        asked = [
            ffmpeg, "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", "mov",
            "-i", kept.name, "-vf", "thumbnail=25", "-frames:v", "1", "-f", "image2pipe",
            "-c:v", "mjpeg", "pipe:1",
        ]  # fmt: skip
        try:
            done = subprocess.run(asked, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
    return done.stdout or None
