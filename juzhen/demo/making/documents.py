"""Documents (文件): small PDFs in Chinese, written by hand.

The font is one of the standard CJK ones that every PDF reader brings or substitutes, so nothing is
embedded and a document weighs a few KB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_WIDTH, _HEIGHT = 595, 842
_LEFT, _TOP, _LEADING = 64, 700, 24
_LINE = 29
"""Characters a line at 16 points between the margins."""
_LINES = 24


_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
    b" /DescendantFonts [4 0 R] >>"
)
_GLYPHS = (
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo"
    b" << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000"
    b" /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6"
    b" /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120"
    b" /CapHeight 880 /StemV 93 >> >>"
)


def document(title: str, paragraphs: Sequence[str], foot: str) -> bytes:
    """A document of A4 pages: a coloured head with the title, then the paragraphs."""
    lines = [line for paragraph in paragraphs for line in (*_wrapped(paragraph), "")]
    pages = [lines[n : n + _LINES] for n in range(0, len(lines), _LINES)] or [[]]
    contents = [
        _page(title, page, f"{foot}    {number} / {len(pages)}")
        for number, page in enumerate(pages, 1)
    ]
    return _assembled(contents)


def _wrapped(paragraph: str) -> list[str]:
    return [paragraph[n : n + _LINE] for n in range(0, len(paragraph), _LINE)] or [""]


def _page(title: str, lines: Iterable[str], foot: str) -> bytes:
    parts = [
        "0.69 0.31 0.20 rg 0 752 595 90 re f",
        "0.96 0.72 0.41 rg 0 746 595 6 re f",
        _text(title, _LEFT, 786, 22, "1 1 1"),
    ]
    for number, line in enumerate(lines):
        heading = line.startswith("■")
        colour = "0.69 0.31 0.20" if heading else "0.15 0.15 0.15"
        parts.append(_text(line, _LEFT, _TOP - number * _LEADING, 16, colour))
    parts.append("0.85 0.85 0.85 rg 64 60 467 1 re f")
    parts.append(_text(foot, _LEFT, 40, 10, "0.45 0.45 0.45"))
    return "\n".join(parts).encode("ascii")


def _text(words: str, x: int, y: int, size: int, colour: str) -> str:
    spelled = words.encode("utf-16-be").hex()
    return f"BT {colour} rg /F1 {size} Tf {x} {y} Td <{spelled}> Tj ET"


def _assembled(contents: Sequence[bytes]) -> bytes:
    """The objects one after the other, and the table that says where each begins."""
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        _FONT,
        _GLYPHS,
    ]
    for number, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}]"
            f" /Resources << /Font << /F1 3 0 R >> >> /Contents {6 + 2 * number} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out, begins = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        begins.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % begin for begin in begins)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return bytes(out)
