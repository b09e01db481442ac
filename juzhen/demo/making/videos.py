"""Videos (短视频): a few still scenes as an MP4 that every browser plays, without an encoder.

H.264 lets a block be told as it is (I_PCM); so each scene is one plain frame that stands for two
seconds. Small pictures only: a frame weighs as much as its pixels.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

from PIL import Image

_WIDE, _HIGH = 6, 10
"""Blocks of 16 × 16 pixels."""
_SCALE, _SECONDS = 1_000, 2


class _Bits:
    """Writes single bits."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._bits = ""

    def put(self, value: int, width: int) -> _Bits:
        self._bits += f"{value:0{width}b}"
        return self

    def ue(self, value: int) -> _Bits:
        """An unsigned number as H.264 spells it (Exp-Golomb)."""
        width = (value + 1).bit_length()
        return self.put(value + 1, 2 * width - 1)

    def aligned(self) -> _Bits:
        self._bits += "0" * (-len(self._bits) % 8)
        self._out += bytes(int(self._bits[n : n + 8], 2) for n in range(0, len(self._bits), 8))
        self._bits = ""
        return self

    def raw(self, data: bytes) -> _Bits:
        self.aligned()
        self._out += data
        return self

    def ended(self) -> bytes:
        self.put(1, 1).aligned()
        return bytes(self._out)


def video(scenes: Sequence[bytes]) -> bytes:
    """An MP4 of these pictures, each shown for two seconds."""
    units = [_unit(0x65, _frame(scene, number)) for number, scene in enumerate(scenes)]
    samples = [struct.pack(">I", len(unit)) + unit for unit in units]
    head = _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    moov = _moov([len(sample) for sample in samples], 0)
    begins = len(head) + len(moov) + 8
    return head + _moov([len(each) for each in samples], begins) + _box(b"mdat", b"".join(samples))


def _frame(scene: bytes, number: int) -> bytes:
    """One frame: a slice of plain blocks."""
    size = (_WIDE * 16, _HIGH * 16)
    image = Image.open(io.BytesIO(scene)).convert("RGB").resize(size).convert("YCbCr")
    luma, blue, red = image.split()
    half = (size[0] // 2, size[1] // 2)
    planes = ((luma, 16), (blue.resize(half), 8), (red.resize(half), 8))
    bits = _Bits()
    bits.ue(0).ue(7).ue(0).put(0, 4).ue(number % 2).put(0, 2).ue(0).ue(1)
    for row in range(_HIGH):
        for column in range(_WIDE):
            block = b"".join(
                plane.crop((column * n, row * n, column * n + n, row * n + n)).tobytes()
                for plane, n in planes
            )
            bits.ue(25).raw(bytes(max(1, sample) for sample in block))
    return bits.ended()


def _unit(kind: int, payload: bytes) -> bytes:
    """A NAL unit; three bytes that could be taken for a start code are told apart."""
    out, zeros = bytearray([kind]), 0
    for byte in payload:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _parameters() -> tuple[bytes, bytes]:
    """What a decoder must know before the first frame: baseline, no prediction at all."""
    sequence = _Bits().put(66, 8).put(0xC0, 8).put(30, 8)
    sequence.ue(0).ue(0).ue(2).ue(1).put(0, 1).ue(_WIDE - 1).ue(_HIGH - 1)
    sequence.put(1, 1).put(1, 1).put(0, 1).put(0, 1)
    frame = _Bits().ue(0).ue(0).put(0, 1).put(0, 1).ue(0).ue(0).ue(0)
    frame.put(0, 1).put(0, 2).ue(0).ue(0).ue(0).put(1, 1).put(0, 1).put(0, 1)
    return _unit(0x67, sequence.ended()), _unit(0x68, frame.ended())


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _moov(sizes: Sequence[int], begins: int) -> bytes:
    wide, high = _WIDE * 16, _HIGH * 16
    length = len(sizes) * _SECONDS * _SCALE
    mvhd = _full(
        b"mvhd", struct.pack(">4I", 0, 0, _SCALE, length), struct.pack(">IH10x", 0x10000, 0x100),
        _MATRIX, bytes(24), struct.pack(">I", 2),
    )  # fmt: skip
    tkhd = _full(
        b"tkhd", struct.pack(">5I", 0, 0, 1, 0, length), bytes(16), _MATRIX,
        struct.pack(">2I", wide << 16, high << 16), flags=3,
    )  # fmt: skip
    mdhd = _full(b"mdhd", struct.pack(">4I2H", 0, 0, _SCALE, length, 0x55C4, 0))
    hdlr = _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"video\0")
    dinf = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    minf = _box(b"minf", _full(b"vmhd", bytes(8), flags=1), dinf, _table(sizes, begins))
    trak = _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, minf))
    return _box(b"moov", mvhd, trak)


def _table(sizes: Sequence[int], begins: int) -> bytes:
    """What the samples are, how long each stands, and where they lie."""
    sequence, frame = _parameters()
    avcc = _box(
        b"avcC", bytes([1, 66, 0xC0, 30, 0xFF, 0xE1]), struct.pack(">H", len(sequence)), sequence,
        b"\x01", struct.pack(">H", len(frame)), frame,
    )  # fmt: skip
    avc1 = _box(
        b"avc1", bytes(6), struct.pack(">H16x2H", 1, _WIDE * 16, _HIGH * 16),
        struct.pack(">2I4xH32xHh", 0x480000, 0x480000, 1, 24, -1), avcc,
    )  # fmt: skip
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), avc1),
        _full(b"stts", struct.pack(">3I", 1, len(sizes), _SECONDS * _SCALE)),
        _full(b"stsc", struct.pack(">4I", 1, 1, len(sizes), 1)),
        _full(b"stsz", struct.pack(">2I", 0, len(sizes)), struct.pack(f">{len(sizes)}I", *sizes)),
        _full(b"stco", struct.pack(">2I", 1, begins)),
    )
