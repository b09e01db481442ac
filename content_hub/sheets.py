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
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import reduce
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
_BOUND_BY = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FIRST, _BONDS = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"
_BROKEN = (
    ValueError, csv.Error, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
    LookupError, ParseError, DefusedXmlException,
)  # fmt: skip
"""What a reader stumbles over in a file that is not what its name says; a zip that is locked or
packed otherwise is a `RuntimeError`."""
_COLUMN = re.compile(r"[A-Z]{1,3}")
_DIMENSION = re.compile(rb'<dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"')
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BEYOND = "…"
"""The column of what stands to the right of the last column that has a name."""
_JSON = re.compile(r"""[\[{]$|\[\s*\{|\{\s*["']""")
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


def check_columns(told: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises `Invalid` for a row that says more than its heading, or under a name of no column."""
    if _BEYOND in told:
        raise Invalid("row", "more_values_than_columns")
    if unknown := sorted(told.keys() - known):
        raise Invalid("row", "unknown_column", column=unknown[0][:60])


def check_heading(names: Iterable[str]) -> None:
    """Raises `Invalid` where two columns bear one name: only one of them would be read; and for
    JSON under another name, whose first line would be taken for a heading."""
    told = Counter(name.strip() for name in names)
    if _JSON.match(next(iter(told), "")):
        raise Invalid("file", "json_in_a_table")
    if twice := next((name for name, count in told.items() if name and count > 1), None):
        raise Invalid("file", "column_is_there_twice", column=twice[:60])


def last_line(path: Path) -> int | None:
    """The number of a file's last line, for whoever shows how far it is; None if it does not say
    so before it is read."""
    if path.suffix.lower() != ".xlsx":
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_LONGEST_LINE), b""))
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_first(archive)) as sheet:
            said = _DIMENSION.search(sheet.read(4_096))
    except _BROKEN:
        return None
    return int(said[1]) if said else None


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_LINE)
    with path.open(encoding=encoding(path), newline="") as file:
        reader = csv.DictReader(file, restkey=_BEYOND, strict=True)
        check_heading(reader.fieldnames or ())
        for row in reader:
            row[_BEYOND] = "".join(row.get(_BEYOND) or ())  # a row that ends in commas is none
            told = {key: _unquoted(value) for key, value in row.items() if value}
            yield reader.line_num, told


def _unquoted(value: str) -> str:
    """Without the apostrophe that `harmless` put before it."""
    return value[1:] if value.startswith("'") and harmless(value[1:]) == value else value


def encoding(path: Path) -> str:
    """UTF-8 if all of it is; otherwise what Excel writes on a Chinese Windows, or as Unicode."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        file.seek(0)
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
        with archive.open(_first(archive)) as sheet:
            yield from _told(_lines(sheet, shared))


def _first(archive: zipfile.ZipFile) -> str:
    """Where the sheet lies that stands first in the book: its number says only when it was made."""
    try:
        with archive.open("xl/workbook.xml") as book, archive.open(_BONDS) as bonds:
            first = next(parse(book).getroot().iter(f"{_NS}sheet")).get(_BOUND_BY)
            targets = {each.get("Id"): each.get("Target") for each in parse(bonds).getroot()}
    except (KeyError, StopIteration):
        return _FIRST
    target = str(targets[first])
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    with archive.open("xl/sharedStrings.xml") as file:
        return [_text(each) for each in _each(file, "si")]


def _each(file: IO[bytes], tag: str) -> Iterator[Element]:
    """The elements of a name, one after the other; what was in it is not kept."""
    for _, element in iterparse(file, events=("end",)):
        if element.tag == f"{_NS}{tag}":
            yield element
            element.clear()


def _text(element: Element) -> str:
    """What is read in a cell, without how it is pronounced (拼音指南)."""
    parts = (each for each in element if each.tag != f"{_NS}rPh")
    return "".join(text.text or "" for part in parts for text in part.iter(f"{_NS}t"))


def _lines(sheet: IO[bytes], shared: list[str]) -> Iterator[tuple[int, dict[int, str]]]:
    """By number; a row or a cell that does not say where it stands is the next."""
    number = 0
    for row in _each(sheet, "row"):
        number = int(row.get("r") or number + 1)
        column, cells = 0, dict[int, str]()
        for cell in row.iter(f"{_NS}c"):
            column = _column(cell.get("r", "")) or column + 1
            if value := _value(cell, shared):
                cells[column] = value
        yield number, cells


def _column(place: str) -> int:
    """28 for AB7; 0 if it does not say."""
    letters = _COLUMN.match(place)
    return reduce(lambda left, sign: 26 * left + ord(sign) - 64, letters[0] if letters else "", 0)


def _value(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    told = cell.findtext(f"{_NS}v") or ""
    return shared[int(told)] if cell.get("t") == "s" and told else told


def _told(lines: Iterator[tuple[int, dict[int, str]]]) -> Iterator[Row]:
    """The first line names the columns."""
    _, names = next(lines, (0, {}))
    check_heading(names.values())
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
    """A text that begins like a formula gets an apostrophe before it, and so does one that would
    read as if it had got one."""
    if isinstance(value, str) and value.lstrip("'").lstrip(_UNSEEN).startswith(_FORMULA):
        return f"'{value}"
    return value
