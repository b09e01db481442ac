"""What is kept of standings (客户现状数据表): one row a customer, and every move she made."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from stores.records import Folded

_Number = BigInteger().with_variant(Integer, "sqlite")


class StandingRow(Folded, kw_only=True):
    """Where one customer stands."""

    __tablename__ = "standings"

    customer: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    node: Mapped[str] = mapped_column(index=True)
    node_since: Mapped[datetime]
    stage: Mapped[str] = mapped_column(index=True)
    """Empty for who never bought."""
    stage_since: Mapped[datetime | None]
    grade: Mapped[str] = mapped_column(index=True)
    grade_reason: Mapped[str]
    desire: Mapped[str]
    began: Mapped[datetime]
    """When we first heard of her."""
    occasions: Mapped[int] = mapped_column(index=True)
    """How often she bought, a day's purchases once; with the next six what a prediction needs."""
    first_bought: Mapped[float]
    last_bought: Mapped[float]
    spent: Mapped[float]
    gaps: Mapped[int]
    gap_sum: Mapped[float]
    gap_squares: Mapped[float]
    expected: Mapped[datetime | None] = mapped_column(index=True, default=None)
    """When she is likely to buy next, told from her last purchase on; none while that cannot be
    said, nor once she was expected and did not come."""
    expected_from: Mapped[datetime | None] = mapped_column(default=None)
    expected_until: Mapped[datetime | None] = mapped_column(default=None)
    due: Mapped[datetime | None] = mapped_column(index=True, default=None)
    """When time alone is a reason to look again."""


class Transition(Folded, kw_only=True):
    """A customer went from one stage, node, grade or desire to another."""

    __tablename__ = "transitions"

    seq: Mapped[int] = mapped_column(_Number, primary_key=True, init=False)
    key: Mapped[str] = mapped_column(unique=True)
    customer: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    what: Mapped[str] = mapped_column(index=True)
    before: Mapped[str]
    after: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


Rows = list[dict[str, Any]]


def parted(rows: Rows, were: Mapping[str, Any]) -> tuple[Rows, Collection[Rows]]:
    """Rows of standings that are new, and those that are there, by customer in ``were``: of these
    each without what indices find it by, where that stays, for it would cost pages all over; those
    together that name the same."""
    indexed = [each.name for each in StandingRow.__table__.columns if each.index]
    fresh, moved = Rows(), dict[frozenset[str], Rows]()
    for row in rows:
        if (was := were.get(row["customer"])) is None:
            fresh.append(row)
            continue
        same = frozenset(name for name in indexed if getattr(was, name) == row[name])
        told = {name: value for name, value in row.items() if name not in same}
        moved.setdefault(same, []).append(told)
    return fresh, moved.values()
