"""What was asked of us (个人信息请求): erasures and exports, who did them and how they stand.

Reads our own acts, in which nobody is named: a mark stands for whoever it was. Erases nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from data_hub.emptying import Emptying
from kernel.values import dataclass
from stores.changes import Change
from stores.records import Records

_KIND = "customer"
_ACTS = ("erasure_begun", "erased", "erased_bytes", "exported")


class Stands(StrEnum):
    """How far a request is answered."""

    DONE = "done"
    BYTES_LEFT = "bytes_left"
    """No row holds her; a log that somebody reads by holds bytes: they go by themselves."""
    BROKEN_OFF = "broken_off"
    """It was begun and not ended: whoever asked has to ask again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as its proof tells it."""

    act: str
    """``erased`` or ``exported``."""
    at: datetime
    by: str
    mark: str
    """Stands for whoever it was; only `Privacy.mark_of` works it out again."""
    proof: str
    stands: Stands
    events: int = 0
    rows: int = 0
    reason: str = ""
    emptied: datetime | None = None
    """When the last bytes were gone, if they were left for later."""


class Requests:
    """What was asked about personal data."""

    def __init__(self, records: Records, emptying: Emptying) -> None:
        self._records = records
        self._emptying = emptying

    def latest(self, limit: int = 200) -> list[Request]:
        """The latest first, of so many acts each request once."""
        wanted = select(Change).where(Change.kind == _KIND, Change.act.in_(_ACTS))
        with self._records.read() as session:
            acts = list(session.scalars(wanted.order_by(Change.seq.desc()).limit(8 * limit)))
        waiting = set(self._emptying.waiting())
        emptied = {
            str(each.detail.get("proof")): each.at for each in acts if each.act == "erased_bytes"
        }
        found = [_told(each, waiting, emptied) for each in acts if _leads(each)]
        return [*_broken(acts), *found][:limit]


def _leads(act: Change) -> bool:
    """Does it speak for the request, and not for another of her handles?"""
    return act.act == "exported" or (act.act == "erased" and "proof" not in act.detail)


def _told(act: Change, waiting: set[str], emptied: dict[str, datetime]) -> Request:
    return Request(
        act.act, act.at, act.by, act.subject, act.id,
        Stands.BYTES_LEFT if act.id in waiting else Stands.DONE,
        int(act.detail.get("events", 0)), int(act.detail.get("rows", 0)),
        str(act.detail.get("reason", "")), emptied.get(act.id),
    )  # fmt: skip


def _broken(acts: Sequence[Change]) -> list[Request]:
    """Erasures that were begun, and of whose marks nothing was erased since."""
    ended: set[str] = set()
    told: dict[str, Request] = {}
    for act in acts:  # the latest first
        if act.act == "erased":
            ended.add(act.subject)
        marks = act.detail.get("marks", [act.subject])
        if act.act == "erasure_begun" and act.subject == marks[0] and act.subject not in ended:
            told.setdefault(
                marks[0],
                Request("erased", act.at, act.by, act.subject, act.id, Stands.BROKEN_OFF),
            )
    return list(told.values())
