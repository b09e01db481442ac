"""Allowances (订阅额度): how many messages somebody has allowed, template by template.

One "allow" is one message; allows add up and each send uses one up. A row an allow, under the id of
the callback that told of it, so that a repeat adds nothing. Talks to no platform.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Allowed, Refused
from kernel.clock import Clock
from kernel.events import Handle
from stores.records import Record, Records, insert


class Allowance(Record, kw_only=True):
    """One message that she allowed."""

    __tablename__ = "message_allowances"
    __table_args__ = (Index("ix_message_allowances_hers", "handle", "template", "used"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    template: Mapped[str]
    at: Mapped[datetime]
    used: Mapped[datetime | None] = mapped_column(default=None)
    key: Mapped[str] = mapped_column(default="")
    """The delivery that used it up."""


class Allowances:
    """What everybody has allowed."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def hear(self, allowed: Iterable[Allowed]) -> int:
        """What a callback told. How many are new; hearing it again adds nothing."""
        rows = [
            {"id": each.id, "handle": str(each.handle), "template": each.template, "at": each.at,
             "used": None, "key": ""}
            for each in allowed
        ]  # fmt: skip
        if not rows:
            return 0
        with self._records.write() as session:
            put = insert(session, Allowance).on_conflict_do_nothing().returning(Allowance.id)
            return len(session.execute(put, rows).all())

    def left(self, handle: Handle | str, template: str) -> int:
        """How many messages may still go to her."""
        open_ = select(func.count()).select_from(Allowance).where(
            Allowance.handle == str(handle), Allowance.template == template,
            Allowance.used.is_(None),
        )  # fmt: skip
        with self._records.read() as session:
            return session.scalar(open_) or 0

    def use(self, handle: Handle, template: str, *, key: str) -> None:
        """Take one for this delivery; the same delivery takes one only. Raises `Refused` if she
        allows no more."""
        with self._records.write(f"allowance:{handle}") as session:
            hers = Allowance.handle == str(handle), Allowance.template == template
            if session.scalar(select(Allowance.id).where(*hers, Allowance.key == key).limit(1)):
                return
            row = session.scalar(
                select(Allowance).where(*hers, Allowance.used.is_(None))
                .order_by(Allowance.at, Allowance.id).limit(1)
            )  # fmt: skip
            if row is None:
                raise Refused("no_message_allowed", template=template)
            row.used, row.key = self._clock(), key

    def forget(self, handle: Handle, template: str) -> None:
        """The platform says that there is none: believe it."""
        hers = Allowance.handle == str(handle), Allowance.template == template
        with self._records.write(f"allowance:{handle}") as session:
            session.execute(
                update(Allowance).where(*hers, Allowance.used.is_(None)).values(used=self._clock())
            )
