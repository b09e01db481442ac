"""Bounds (界限): what one material's own facts leave of every window it is placed for.

An approval is valid for a time, something is embargoed until a day. A placement stays as it was
promised; what the showcase tells of it is its window clipped by these, written in the transaction
of the fact, because one material has few placements. Knows none of the facts.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BigInteger, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content_hub import showcase
from content_hub.placements import Placement
from stores.records import Record, upsert
from stores.told import micros

ALWAYS, NEVER_ENDS = 0, 1 << 62
UNBOUND = ALWAYS, NEVER_ENDS


class Bound(Record, kw_only=True):
    """One fact's bounds for one material, in microseconds since 1970."""

    __tablename__ = "bounds"

    material: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str] = mapped_column(primary_key=True)
    """``approval``, ``embargo``, ``review``…"""
    opens: Mapped[int] = mapped_column(BigInteger)
    closes: Mapped[int] = mapped_column(BigInteger)


def of(session: Session, material: str) -> tuple[int, int]:
    """What all facts together leave: from when, until when."""
    opens, closes = ALWAYS, NEVER_ENDS
    for bound in session.scalars(select(Bound).where(Bound.material == material)):
        opens, closes = max(opens, bound.opens), min(closes, bound.closes)
    return opens, closes


def of_many(
    session: Session, materials: Collection[str] | None = None
) -> dict[str, tuple[int, int]]:
    """The same for many materials, or for all; those without any are left out."""
    wanted = select(Bound)
    if materials is not None:
        wanted = wanted.where(Bound.material.in_(materials))
    found: dict[str, tuple[int, int]] = {}
    for bound in session.scalars(wanted):
        opens, closes = found.get(bound.material, (ALWAYS, NEVER_ENDS))
        found[bound.material] = max(opens, bound.opens), min(closes, bound.closes)
    return found


def held_by(session: Session, material: str, now: datetime) -> list[str]:
    """Which facts keep it from being shown at this moment."""
    at = micros(now)
    wanted = select(Bound.why).where(
        Bound.material == material, (Bound.opens > at) | (Bound.closes <= at)
    )
    return sorted(session.scalars(wanted))


def put(
    session: Session, material: str, why: str, opens: datetime | None, closes: datetime | None
) -> None:
    """A fact bounds the material from now on, or otherwise than before."""
    session.merge(
        Bound(
            material=material, why=why,
            opens=micros(opens) if opens else ALWAYS,
            closes=micros(closes) if closes else NEVER_ENDS,
        )
    )  # fmt: skip
    _clip(session, [material])


def bar(session: Session, materials: Collection[str], why: str) -> None:
    """A fact keeps them from being shown at all."""
    upsert(session, Bound, [
        {"material": each, "why": why, "opens": NEVER_ENDS, "closes": NEVER_ENDS}
        for each in materials
    ])  # fmt: skip
    _clip(session, materials)


def lift(session: Session, material: str, why: str) -> None:
    """The fact bounds it no more."""
    session.execute(delete(Bound).where(Bound.material == material, Bound.why == why))
    _clip(session, [material])


def clipped(session: Session, placement: Placement) -> tuple[int, int]:
    """The stretch for which a placement may really be shown; empty if it ends where it begins."""
    return within(placement, of(session, placement.material))


def within(placement: Placement, left: tuple[int, int]) -> tuple[int, int]:
    opens, closes = left
    shown = max(opens, micros(placement.opens)), min(closes, micros(placement.closes))
    return shown if shown[0] < shown[1] else (micros(placement.opens),) * 2


def _clip(session: Session, materials: Collection[str]) -> None:
    session.flush()
    left = of_many(session, materials)
    placed = select(Placement).where(Placement.material.in_(materials), Placement.retired.is_(None))
    windows = {
        each.id: within(each, left.get(each.material, UNBOUND)) for each in session.scalars(placed)
    }
    showcase.move_all(session, windows)
