"""Terms (期限): things that many materials depend on, and since when or until when they are good.

A product is sold, a picture is licensed, for a time. A material is bound to every such thing it
speaks of or shows; whether one of them is over is asked at every read of the shelf, so that an end
costs one row however many materials hang on it. Knows neither products nor licences.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Index,
    String,
    TextualSelect,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from stores.records import Record
from stores.told import micros

ALWAYS, NEVER_ENDS = 0, 1 << 62


class Term(Record, kw_only=True):
    """Something is good from one moment to another, in microseconds since 1970."""

    __tablename__ = "terms"

    subject: Mapped[str] = mapped_column(primary_key=True)
    """``product:<code>`` or ``media:<id>``."""
    opens: Mapped[int] = mapped_column(BigInteger, index=True)
    closes: Mapped[int] = mapped_column(BigInteger, index=True)


class Bond(Record, kw_only=True):
    """This material depends on that thing: always, or as long as it shows it."""

    __tablename__ = "bonds"
    __table_args__ = (Index("ix_bonds_subject", "subject", "material"),)

    material: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    opens: Mapped[int] = mapped_column(BigInteger, default=ALWAYS)
    closes: Mapped[int] = mapped_column(BigInteger, default=NEVER_ENDS)


BARRED = (
    "SELECT x.placement FROM terms t CROSS JOIN bonds b CROSS JOIN shelf_rows x"
    " WHERE (t.closes <= ? OR t.opens > ?) AND b.subject = t.subject"
    " AND b.opens <= ? AND b.closes > ?"
    " AND x.material = b.material AND x.tag = '' AND x.closes > ?"
)
"""Placements that would stand but for a thing that is over; wants the moment five times.

Read in this order, from the few things that are over: a planner without figures begins with the
whole shelf instead, which made a page forty times as dear.
"""


def barred(now: datetime) -> TextualSelect:
    """The same, as a select of placements' ids."""
    told = text(BARRED.replace("?", ":at")).bindparams(at=micros(now))
    return told.columns(column("placement", String))


def bind(session: Session, subjects: Mapping[str, Mapping[str, tuple[int, int]]]) -> None:
    """Say of some materials what they depend on, and from when to when."""
    wanted = {
        (material, subject, *window)
        for material, own in subjects.items() for subject, window in own.items()
    }  # fmt: skip
    there = select(Bond.material, Bond.subject, Bond.opens, Bond.closes)
    known = {tuple(row) for row in session.execute(there.where(Bond.material.in_(subjects)))}
    for material, subject, *_ in sorted(known - wanted):
        session.execute(delete(Bond).where(Bond.material == material, Bond.subject == subject))
    if new := sorted(wanted - known):
        names = ("material", "subject", "opens", "closes")
        session.execute(insert(Bond), [dict(zip(names, each, strict=True)) for each in new])


def limit(session: Session, subject: str, opens: datetime | None, closes: datetime | None) -> None:
    """Say how long a thing is good; without either moment, always."""
    if opens is None and closes is None:
        session.execute(delete(Term).where(Term.subject == subject))
        return
    session.merge(
        Term(
            subject=subject,
            opens=micros(opens) if opens else ALWAYS,
            closes=micros(closes) if closes else NEVER_ENDS,
        )
    )


def over(session: Session, material: str, now: datetime) -> list[str]:
    """Which of the things it depends on are not good at this moment."""
    at = micros(now)
    ended = (
        select(Bond.subject)
        .join(Term, Term.subject == Bond.subject)
        .where(Bond.material == material, or_(Term.closes <= at, Term.opens > at))
        .where(Bond.opens <= at, Bond.closes > at)
    )
    return sorted(session.scalars(ended))


def bound(session: Session, subject: str, limit: int = 100) -> list[str]:
    """The materials that depend on a thing, at most so many."""
    wanted = select(Bond.material).where(Bond.subject == subject).order_by(Bond.material)
    return list(session.scalars(wanted.limit(limit)))


def uses(session: Session, subject: str) -> int:
    """How many materials depend on a thing."""
    counted = select(func.count()).select_from(Bond).where(Bond.subject == subject)
    return session.scalar(counted) or 0
