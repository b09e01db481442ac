"""Letting a company come to rest (收尾): whatever follows something has read all of it.

Only then may its stores be carried elsewhere, where events and acts are numbered anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from juzhen.worker import lanes
from kernel.errors import Conflict
from stores.changes import Change
from stores.watermarks import FoldedWatermark, RecordsWatermark

if TYPE_CHECKING:
    from juzhen.wiring import Platform

HISTORY = frozenset({"digest", "digest.rebuilt", "counters", "acquaintances"})
"""Whose marks are numbers of the history."""
ACT = re.compile(r"\d+:\d+")
"""How a mark among acts is spelled; any other with a colon is a moment, or a place in a list."""
_DUTIES = frozenset({
    "copy_acts", "fold", "freshen", "digest", "count", "moods", "blocks", "effects", "refer",
    "own_links", "trigger", "index", "seal_audit", "acquaint", "rep_cards", "tell_acts",
})  # fmt: skip
_ROUNDS = 10_000


def drain(platform: Platform) -> None:
    """Do what followers have to do until nothing is left. Raises `Conflict` while a worker works,
    or if somebody does not stop acting."""
    if any(lease.name.startswith("lane:") for lease in platform.leases.live()):
        raise Conflict("company_is_at_work")
    duties = [each for lane in lanes(platform).values() for each in lane if each.name in _DUTIES]
    for _ in range(_ROUNDS):
        if not sum([duty.run() for duty in duties]):
            break
    if late := sorted(behind(platform)):
        raise Conflict("followers_are_behind", names=[*late])


def behind(platform: Platform) -> Iterator[str]:
    """Followers that have something to read."""
    if platform.fold.behind():
        yield "journal"
    newest, last = str(platform.history.newest()), tip(platform)
    for name, mark in marks(platform):
        if name in HISTORY - {"digest.rebuilt"} and mark != newest:
            yield name
        if ACT.fullmatch(mark) and mark != last:
            yield name


def marks(platform: Platform) -> Iterator[tuple[str, str]]:
    for records, kind in (
        (platform.records, RecordsWatermark), (platform.people, FoldedWatermark)
    ):  # fmt: skip
        with records.read() as session:
            for row in session.execute(select(kind.follower, kind.mark)):
                yield str(row.follower), str(row.mark)


def tip(platform: Platform) -> str:
    """The mark behind the last act."""
    wanted = select(Change.turn, Change.seq).order_by(Change.turn.desc(), Change.seq.desc())
    with platform.records.read() as session:
        row = session.execute(wanted.limit(1)).first()
    return f"{row.turn}:{row.seq}" if row else ""


def last_act(platform: Platform) -> int:
    """The number of the last act; 0 before the first."""
    with platform.records.read() as session:
        return session.scalar(select(func.max(Change.seq))) or 0
