"""Blocks of sealed events (封存块): a stretch of arrivals in a sixth of its room.

An event is a line; lines are compressed together, and ids that are random apart, because nothing
would make them shorter. What is erased leaves an empty line. Bytes come back as they were.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from sqlite3 import Connection

EVENTS = 256
"""Events of a block: more would be smaller, and slower to read one of."""
_LEVEL = 9
_ID = re.compile(
    rb'\{"id":"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})(?=")'
)
_HOLDING = "select first, last, body from sealed where first <= ? order by first desc limit 1"
_AFTER = "select first, body from sealed where last > ? order by first"
_KEEP = "insert or replace into sealed values (?, ?, ?, ?)"


def squeezed(lines: Sequence[bytes]) -> bytes:
    """Lines without line breaks, empty ones for what is not there, as one block."""
    ids, rest = bytearray(), []
    for line in lines:
        found = _ID.match(line)
        if found:
            ids += bytes.fromhex(b"".join(found.groups()).decode())
        rest.append(line[found.end() :] if found else line)
    return len(ids).to_bytes(4, "big") + ids + zlib.compress(b"\n".join(rest), _LEVEL)


def lines_in(block: bytes) -> list[bytes]:
    """The lines that `squeezed` was given."""
    end = 4 + int.from_bytes(block[:4], "big")
    lines, begin = zlib.decompress(block[end:]).split(b"\n"), 4
    for place, line in enumerate(lines):
        if line.startswith(b'"'):  # a whole event begins with a brace
            lines[place] = b'{"id":"' + _dashed(block[begin : begin + 16]) + line
            begin += 16
    return lines


def _dashed(id_: bytes) -> bytes:
    told = id_.hex().encode()
    return b"-".join((told[:8], told[8:12], told[12:16], told[16:20], told[20:]))


def keep(file: Connection, first: int, lines: Sequence[bytes], body: bytes = b"") -> None:
    """Write a block, or what is left of one; without any event there is none."""
    held = sum(map(bool, lines))
    if held:
        row = (first, first + len(lines) - 1, held, body or squeezed(lines))
        file.execute(_KEEP, row)
    else:
        file.execute("delete from sealed where first = ?", (first,))


def lines_of(file: Connection, seqs: Collection[int]) -> dict[int, bytes]:
    """Those of the events that are sealed, by their numbers."""
    return {
        seq: line
        for first, lines, asked in _holding(file, seqs)
        for seq in asked
        if (line := lines[seq - first])
    }


def take_out(file: Connection, seqs: Collection[int]) -> dict[int, bytes]:
    """Blank those of the events that are sealed; what they were, by their numbers."""
    gone: dict[int, bytes] = {}
    for first, lines, asked in list(_holding(file, seqs)):
        gone |= {seq: lines[seq - first] for seq in asked if lines[seq - first]}
        for seq in asked:
            lines[seq - first] = b""
        keep(file, first, lines)
    return gone


def put_anew(file: Connection, told: Mapping[int, bytes]) -> None:
    """Write those of the events that are sealed anew."""
    for first, lines, asked in list(_holding(file, told)):
        for seq in asked:
            lines[seq - first] = lines[seq - first] and told[seq]
        keep(file, first, lines)


def _holding(
    file: Connection, seqs: Collection[int]
) -> Iterator[tuple[int, list[bytes], list[int]]]:
    """Every block that holds any of them: its first number, its lines, which of them it holds."""
    ahead = sorted(seqs, reverse=True)
    while ahead:
        row = file.execute(_HOLDING, (ahead[-1],)).fetchone()
        if row is None or row[1] < ahead[-1]:
            ahead.pop()
            continue
        asked = []
        while ahead and ahead[-1] <= row[1]:
            asked.append(ahead.pop())
        yield row[0], lines_in(row[2]), asked


def after(file: Connection, seq: int, limit: int) -> list[tuple[int, bytes]]:
    """So many sealed events that arrived after one."""
    found: list[tuple[int, bytes]] = []
    for first, body in file.execute(_AFTER, (seq,)):
        lines = enumerate(lines_in(body), first)
        found += [(number, line) for number, line in lines if line and number > seq]
        if len(found) >= limit:
            break
    return found[:limit]
