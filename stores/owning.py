"""Whose a store elsewhere is (归属): one mark for the life of a company, whatever keys it changes.

Indices and schemas on servers carry it, so that no other company's are written to by accident. It
is kept with the records, and moves with them. Until it is kept, it is worked out from a key.
"""

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from kernel.errors import Overloaded
from stores.records import Record, Records


class Ownership(Record, kw_only=True):
    """The company's mark. There is one row."""

    __tablename__ = "ownership"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    mark: Mapped[str]


class Owner:
    """Answers the mark when it is called."""

    def __init__(self, records: Records, *, otherwise: str) -> None:
        """``otherwise`` is the mark of a company that has kept none yet."""
        self._records = records
        self._otherwise = otherwise
        self._kept = ""

    def __call__(self) -> str:
        if not self._kept:
            try:
                with self._records.read() as session:
                    self._kept = session.scalar(select(Ownership.mark)) or ""
            except (SQLAlchemyError, Overloaded):  # not migrated yet, or the records do not answer
                return self._otherwise
        return self._kept or self._otherwise

    def keep(self) -> None:
        """From now on, whatever its keys will be. Repeating it does no harm."""
        with self._records.write("ownership") as session:
            if session.get(Ownership, 1) is None:
                session.add(Ownership(mark=self._otherwise))
