"""Feedback (不合适): a rep says in one tap that a content does not fit a customer, and why.

A signal twice over: it is not offered for that customer again while the word is young, and the
editor sees how often a content was refused and why. Says nothing about the rep.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.customers import Customer
from kernel.clock import Clock
from kernel.errors import Invalid
from stores.changes import Changes
from stores.records import Record, Records, upsert
from stores.spelling import marks, spelled

WHY = ("not_interested", "wrong_moment", "out_of_date", "wrong_words")
HELD = timedelta(days=90)
"""So long a content that did not fit is not offered for the same customer."""


_REFUSED = "SELECT material FROM refused_contents WHERE handle IN ({}) AND at > ?"


class Refused(Record, kw_only=True):
    """What a rep found unfit for a customer."""

    __tablename__ = "refused_contents"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    material: Mapped[str] = mapped_column(primary_key=True, index=True)
    rep: Mapped[str]
    why: Mapped[str]
    at: Mapped[datetime]


class Feedback:
    """What reps say about what they were offered."""

    def __init__(self, records: Records, changes: Changes, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._clock = clock

    def refuse(self, customer: Customer, material: str, why: str, *, rep: str, by: str) -> None:
        """It does not fit her. Saying it again changes the reason. Raises `Invalid`."""
        if why not in WHY:
            raise Invalid("why", "not_a_choice", choices=[*WHY])
        handle = str(customer.handles[0])
        row = {
            "handle": handle, "material": material, "rep": rep, "why": why, "at": self._clock(),
        }  # fmt: skip
        with self._records.write() as session:
            upsert(session, Refused, [row])
            self._changes.note(
                "refused_content", "feedback", material, by=by, handle=handle, rep=rep,
                material=material, reason=why,
            )  # fmt: skip

    def refused(self, handles: Collection[str]) -> frozenset[str]:
        """What does not fit her, as far as the word is young."""
        values = [*handles, spelled(self._records, self._clock() - HELD)]
        rows = self._records.rows(_REFUSED.format(marks(handles)), values)
        return frozenset(row[0] for row in rows)

    def said(self, handles: Collection[str], material: str) -> Refused | None:
        """What was last said of this content for her, as far as the word is young."""
        wanted = select(Refused).where(
            Refused.handle.in_(handles), Refused.material == material,
            Refused.at > self._clock() - HELD,
        )  # fmt: skip
        with self._records.read() as session:
            return session.scalar(wanted.order_by(Refused.at.desc()).limit(1))

    def about(self, materials: Collection[str]) -> dict[str, dict[str, int]]:
        """For the editor: by material and reason, for how many customers it did not fit."""
        counted = select(Refused.material, Refused.why, func.count()).where(
            Refused.material.in_(materials)
        )
        found: dict[str, dict[str, int]] = {}
        with self._records.read() as session:
            rows = session.execute(counted.group_by(Refused.material, Refused.why))
            for material, why, count in rows:
                found.setdefault(material, {})[why] = count
        return found
