"""Sheets (表格): rows out of CSV, XLSX and JSON lines; CSV that no spreadsheet runs.

Read row by row, so that a hundred thousand of them take no more memory than one. An XLSX is a zip:
what unpacks to far more than it holds is refused before it is unpacked. Knows no column's meaning.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse, parse

from kernel.errors import Invalid

_RATIO, _LARGEST = 100, 512 << 20
_LONGEST_LINE = 1 << 20
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BROKEN = (
    ValueError, csv.Error, zipfile.BadZipFile, LookupError, ParseError, DefusedXmlException
)  # fmt: skip
"""What a reader stumbles over in a file that is not what its name says."""
_COLUMN = re.compile(r"[A-Z]{1,3}")
_DIMENSION = re.compile(rb'<dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"')
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNSEEN = " \u00a0\u3000\u200b\ufeff"

MATERIAL = ("code", "type", "title", "summary", "body", "cover", "tags")
"""The columns of a sheet of materials, besides ``fields.<name>``."""

Row = tuple[int, dict[str, Any]]
"""The number of the line it stands on, and its values by column."""


def rows(path: Path) -> Iterator[Row]:
    """Every row of a file, by what its name ends in. Raises `Invalid` naming ``file``."""
    reader = {".csv": _csv, ".jsonl": _jsonl, ".xlsx": _xlsx}.get(path.suffix.lower())
    if reader is None:
        raise Invalid("file", "sheet_of_no_known_kind")
    try:
        yield from reader(path)
    except _BROKEN as broken:
        raise Invalid("file", "file_is_broken") from broken


def last_line(path: Path) -> int | None:
    """The number of a file's last line, for whoever shows how far it is; None if it does not say
    so before it is read."""
    if path.suffix.lower() != ".xlsx":
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_LONGEST_LINE), b""))
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as sheet:
            said = _DIMENSION.search(sheet.read(4_096))
    except _BROKEN:
        return None
    return int(said[1]) if said else None


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_LINE)
    with path.open(encoding=_encoding(path), newline="") as file:
        reader = csv.DictReader(file, strict=True)
        for row in reader:
            told = {key: value for key, value in row.items() if key is not None and value}
            yield reader.line_num, told


def _encoding(path: Path) -> str:
    """UTF-8 if all of it is; otherwise what Excel writes on a Chinese Windows."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_LONGEST_LINE):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8-sig"


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
            if line.strip():
                yield number, _object(line)


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        told = None
    return told if isinstance(told, dict) else {"": "not an object"}


def _xlsx(path: Path) -> Iterator[Row]:
    with zipfile.ZipFile(path) as archive:
        packed = sum(each.compress_size for each in archive.infolist())
        unpacked = sum(each.file_size for each in archive.infolist())
        if unpacked > _LARGEST or unpacked > _RATIO * max(packed, 1):
            raise Invalid("file", "archive_unpacks_to_too_much")
        shared = _shared(archive)
        with archive.open("xl/worksheets/sheet1.xml") as sheet:
            yield from _told(_lines(sheet, shared))


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    with archive.open("xl/sharedStrings.xml") as file:
        return [_text(each) for each in parse(file).getroot().iter(f"{_NS}si")]


def _text(element: Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_NS}t"))


def _lines(sheet: IO[bytes], shared: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for _, element in iterparse(sheet, events=("end",)):
        if element.tag == f"{_NS}row":
            cells = {
                column[0]: value
                for cell in element.iter(f"{_NS}c")
                if (column := _COLUMN.match(cell.get("r", ""))) and (value := _value(cell, shared))
            }
            yield int(element.get("r", "0")), cells
            element.clear()


def _value(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    told = cell.findtext(f"{_NS}v") or ""
    return shared[int(told)] if cell.get("t") == "s" and told else told


def _told(lines: Iterator[tuple[int, dict[str, str]]]) -> Iterator[Row]:
    """The first line names the columns."""
    _, names = next(lines, (0, {}))
    for number, cells in lines:
        if cells:
            yield number, {names[column]: cell for column, cell in cells.items() if column in names}


def written(columns: Iterable[str], told: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """CSV, line by line. What a spreadsheet would run as a formula is told as text."""
    names = list(columns)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in told:
        yield _flushed(out)
        writer.writerow([harmless(row.get(name)) for name in names])
    yield _flushed(out)


def _flushed(out: io.StringIO) -> str:
    line = out.getvalue()
    out.seek(0)
    out.truncate()
    return line


def harmless(value: Any) -> Any:
    """A text that begins like a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.lstrip(_UNSEEN).startswith(_FORMULA):
        return f"'{value}"
    return value
