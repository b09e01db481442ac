"""Blocks of sealed events (封存块): a stretch of arrivals in a sixth of its room.

An event is a line; lines are compressed together, and what nothing would make shorter stands apart:
ids that are random, and whose act it is, as the number of her handle. What is erased leaves an
empty line. Bytes come back as they were.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from sqlite3 import Connection
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple

from stores.sqlite.history.tables import known_numbers, names_by

EVENTS = 256
"""Events of a block at most: more would be smaller, and slower to read one of."""
_LEVEL = 8
_PAGE, _BESIDE, _SPARE = 4_092, 460, 150
"""Bytes of a page that a long row goes on in, and how many of it lie beside other rows: what is
over a whole number of pages takes one that is half empty. A few are spared, for who guesses."""
_ID = re.compile(
    rb'\{"id":"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})(?=")'
)
_HANDLE = re.compile(rb',"handle":"([^"\\]+)"(?=,)')
_NAMELESS = b',"handle":,'
"""Where her handle was taken out of a line: no event reads so."""
_HEAD = Struct(">BBHH")
"""1, then bytes of a handle's number, how many ids and how many handles stand apart. What is older
begins with the length of its ids, so with a 0."""
_HOLDING = "select first, last, body from sealed where first <= ? order by first desc limit 1"
_AFTER = "select first, body from sealed where last > ? order by first"
_KEEP = "insert or replace into sealed values (?, ?, ?, ?)"

Names = Callable[[Collection[int]], Mapping[int, str]]


def squeezed(lines: Sequence[bytes], numbers: Mapping[str, int] = MappingProxyType({})) -> bytes:
    """Lines without line breaks, empty ones for what is not there, as one block; ``numbers``: of
    handles, as `owners` names them."""
    ids, hers, rest = bytearray(), list[int](), list[bytes]()
    for line in lines:
        if found := _ID.match(line):
            ids += bytes.fromhex(b"".join(found.groups()).decode())
            line = line[found.end() :]
        if (named := _HANDLE.search(line)) and (number := numbers.get(named[1].decode())):
            hers.append(number)
            line = line[: named.start()] + _NAMELESS[:-1] + line[named.end() :]
        rest.append(line)
    width = (max(hers, default=0).bit_length() + 7) // 8
    apart = b"".join(number.to_bytes(width, "big") for number in hers)
    head = _HEAD.pack(1, width, len(ids) // 16, len(hers))
    return head + ids + apart + zlib.compress(b"\n".join(rest), _LEVEL)


def owners(lines: Sequence[bytes]) -> set[str]:
    """The handles that these events are told of."""
    return {named[1].decode() for line in lines if (named := _HANDLE.search(line))}


def filled(lines: Sequence[bytes], numbers: Mapping[str, int]) -> tuple[int, bytes]:
    """As many of these lines as leave no page half empty, and their block."""
    count, body = len(lines), squeezed(lines, numbers)
    pages = (len(body) - _BESIDE) // _PAGE
    most = _BESIDE + pages * _PAGE
    while pages and len(body) > most:
        count = min(count - 1, count * (most - _SPARE) // len(body))
        body = squeezed(lines[:count], numbers)
    return count, body


class Opened(NamedTuple):
    """A block as it lies."""

    lines: list[bytes]
    ids: bytes
    hers: bytes
    width: int

    @classmethod
    def of(cls, block: bytes) -> Opened:
        width, ids, many, begin = 0, int.from_bytes(block[:4], "big"), 0, 4
        if block[0]:
            _, width, ids, many = _HEAD.unpack_from(block)
            ids, begin = 16 * ids, _HEAD.size
        apart = begin + ids
        end = apart + width * many
        lines = zlib.decompress(block[end:]).split(b"\n")
        return cls(lines, block[begin:apart], block[apart:end], width)

    def her(self, place: int) -> int:
        """The number of the handle that stands at a place."""
        return int.from_bytes(self.hers[place * self.width : (place + 1) * self.width], "big")

    def whole(self, places: Collection[int], named: Names) -> dict[int, bytes]:
        """These lines as they were; what lies apart of one is found by how many come before it."""
        cut, last, ids, hers = list[tuple[int, bytes, int]](), 0, 0, 0
        for place in sorted(places):
            before = b"\n".join((b"", *self.lines[last:place]))
            ids, hers, last = ids + before.count(b'\n"'), hers + before.count(_NAMELESS), place
            line = self.lines[place]
            if line.startswith(b'"'):  # a whole event begins with a brace
                line = b'{"id":"' + _dashed(self.ids[16 * ids : 16 * ids + 16]) + line
            cut.append((place, line, self.her(hers) if _NAMELESS in line else 0))
        if names := {number for _, _, number in cut if number}:
            told = named(names)
            return {place: _named(line, told.get(number, "")) for place, line, number in cut}
        return {place: line for place, line, _ in cut}


def _named(line: bytes, name: str) -> bytes:
    return line.replace(_NAMELESS, b',"handle":"%s",' % name.encode(), 1) if name else line


def lines_in(block: bytes, named: Names = lambda _: {}) -> list[bytes]:
    """The lines that `squeezed` was given; ``named``: what the numbers of handles stand for."""
    opened = Opened.of(block)
    return list(opened.whole(range(len(opened.lines)), named).values())


def _dashed(id_: bytes) -> bytes:
    told = id_.hex().encode()
    return b"-".join((told[:8], told[8:12], told[12:16], told[16:20], told[20:]))


def _handles(file: Connection) -> Names:
    """What the numbers of handles stand for; each is asked once."""
    known: dict[int, str] = {}

    def named(numbers: Collection[int]) -> Mapping[int, str]:
        if fresh := [number for number in numbers if number not in known]:
            known.update(names_by(file, "handles", fresh))
        return known

    return named


def keep(file: Connection, first: int, lines: Sequence[bytes], body: bytes = b"") -> None:
    """Write a block, or what is left of one; without any event there is none."""
    held = sum(map(bool, lines))
    if held:
        body = body or squeezed(lines, known_numbers(file, owners(lines)))
        file.execute(_KEEP, (first, first + len(lines) - 1, held, body))
    else:
        file.execute("delete from sealed where first = ?", (first,))


def lines_of(file: Connection, seqs: Collection[int]) -> dict[int, bytes]:
    """Those of the events that are sealed, by their numbers."""
    found, named = dict[int, bytes](), _handles(file)
    for first, opened, asked in _holding(file, seqs):
        lines = opened.whole([seq - first for seq in asked], named)
        found |= {first + place: line for place, line in lines.items() if line}
    return found


def take_out(file: Connection, seqs: Collection[int]) -> dict[int, bytes]:
    """Blank those of the events that are sealed; what they were, by their numbers."""
    gone, named = dict[int, bytes](), _handles(file)
    for first, opened, asked in list(_holding(file, seqs)):
        lines = opened.whole(range(len(opened.lines)), named)
        gone |= {seq: lines[seq - first] for seq in asked if lines[seq - first]}
        lines |= dict.fromkeys([seq - first for seq in asked], b"")
        keep(file, first, list(lines.values()))
    return gone


def put_anew(file: Connection, told: Mapping[int, bytes]) -> None:
    """Write those of the events that are sealed anew."""
    for first, opened, asked in list(_holding(file, told)):
        lines = opened.whole(range(len(opened.lines)), _handles(file))
        lines |= {seq - first: lines[seq - first] and told[seq] for seq in asked}
        keep(file, first, list(lines.values()))


def _holding(file: Connection, seqs: Collection[int]) -> Iterator[tuple[int, Opened, list[int]]]:
    """Every block that holds any of them: its first number, itself, which of them it holds."""
    ahead = sorted(seqs, reverse=True)
    while ahead:
        row = file.execute(_HOLDING, (ahead[-1],)).fetchone()
        if row is None or row[1] < ahead[-1]:
            ahead.pop()
            continue
        asked = []
        while ahead and ahead[-1] <= row[1]:
            asked.append(ahead.pop())
        yield row[0], Opened.of(row[2]), asked


def after(file: Connection, seq: int, limit: int) -> list[tuple[int, bytes]]:
    """So many sealed events that arrived after one."""
    found, named = list[tuple[int, bytes]](), _handles(file)
    for first, body in file.execute(_AFTER, (seq,)):
        lines = enumerate(lines_in(body, named), first)
        found += [(number, line) for number, line in lines if line and number > seq]
        if len(found) >= limit:
            break
    return found[:limit]


def all_of(file: Connection, body: bytes) -> list[bytes]:
    """Every line of a block."""
    return lines_in(body, _handles(file))
